"""One broken copy of every row of the op table, and the check of the battery that must catch it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nudgegrad.graphs import facets
from nudgegrad.graphs.ops import (
    OPS,
    Op,
    Term,
    cos,
    exp,
    falling_power,
    normal_cdf,
    reciprocal,
    sigmoid,
    sin,
    sinh,
    sqrt,
    step,
    tanh,
    tanh_slope,
)  # fmt: skip
from tests.graphs import battery

Check = Callable[[Op], None]


@dataclass(frozen=True)
class Mutant:
    """Facets that are wrong, and the check that must say so."""

    caught_by: Check
    facets: Mapping[str, Any]

    def of(self, row: Op) -> Op:
        """The row with these facets."""
        return dataclasses.replace(row, **self.facets)


def broken(caught_by: Check, **facets: Any) -> Mutant:
    """A mutant in one line."""
    return Mutant(caught_by, facets)


def negated(facet: Any) -> Any:
    """A facet with the other sign."""
    return lambda *args: -facet(*args)


def twice(x: Any, y: Any) -> tuple[Any]:
    """A derivative that stands in two places: one for formulas, another for arrays."""
    return (tanh_slope(x),) if isinstance(x, Term) else (1 - y,)


MUTANTS: Mapping[str, Mutant] = {
    "+": broken(battery.check_partials, partials=lambda _x, _z, _y: (1, -1)),
    "-": broken(battery.check_value_and_claim, value=lambda x, z: z - x),
    "*": broken(battery.check_exact, exact=lambda _fmt, _x, _z, y: y == np.rint(y)),
    "/": broken(battery.check_jets, partials=lambda _x, z, y: (reciprocal(z), -y)),
    "neg": broken(battery.check_degree, degree=lambda d, _: 0 * d[0]),
    "copy": broken(battery.check_notation, text="+{}"),
    "**": broken(battery.check_residual, residual=negated(OPS["**"].residual)),
    "**z": broken(battery.check_reach, reach=8),
    "abs": broken(battery.check_kink, kink=None),
    "min": broken(battery.check_partials, partials=lambda x, z, _: (1 - step(z - x), step(z - x))),
    "max": broken(battery.check_kink, kink=lambda x, z: x + z),
    "relu": broken(battery.check_partials, partials=lambda x, _: (step(-x),)),
    "exp": broken(battery.check_value_and_claim, half_ulps=1),
    "log": broken(battery.check_domain, domain=lambda x: x + 1),
    "sqrt": broken(battery.check_domain, domain=None),
    "sin": broken(battery.check_partials, partials=lambda x, _: (-cos(x),)),
    "cos": broken(battery.check_jets, partials=lambda x, _: (sin(x),)),
    "tanh": broken(battery.check_products, partials=twice),
    "sigmoid": broken(battery.check_partials, partials=lambda _, y: (y,)),
    "expm1": broken(battery.check_partials, partials=lambda _, y: (y,)),
    "log1p": broken(battery.check_domain, domain=lambda x: x),
    "log2": broken(battery.check_partials, partials=lambda x, _: (reciprocal(x),)),
    "log10": broken(battery.check_value_and_claim, half_ulps=1),
    "tan": broken(battery.check_jets, partials=lambda _, y: (1 - y * y,)),
    "asin": broken(battery.check_jets, partials=lambda x, _: (reciprocal(sqrt(1 + x * x)),)),
    "acos": broken(battery.check_partials, partials=lambda x, _: (reciprocal(sqrt((1 - x) * (1 + x))),)),
    "atan": broken(battery.check_reach, reach=8),
    "atan2": broken(battery.check_partials, partials=lambda x, z, y: OPS["atan2"].partials(z, x, y)),
    "sinh": broken(battery.check_jets, partials=lambda x, _: (sinh(x),)),
    "cosh": broken(battery.check_partials, partials=lambda x, _: (-sinh(x),)),
    "softplus": broken(battery.check_partials, partials=lambda _, y: (y,)),
    "leaky_relu": broken(battery.check_kink, kink=None),
    "gelu": broken(battery.check_jets, partials=lambda x, _: (normal_cdf(x),)),
    "silu": broken(battery.check_partials, partials=lambda x, _: (sigmoid(x),)),
    "erf": broken(battery.check_value_and_claim, half_ulps=1),
    "square": broken(battery.check_degree, degree=lambda d, _: d[0]),
    "reciprocal": broken(battery.check_partials, partials=lambda _, y: (-y,)),
    "hypot": broken(battery.check_residual, residual=negated(OPS["hypot"].residual)),
    "cbrt": broken(battery.check_residual, residual=negated(OPS["cbrt"].residual)),
    "<": broken(battery.check_value_and_claim, value=lambda x, z: np.where(x > z, 1.0, 0.0)),
    "<=": broken(battery.check_value_and_claim, value=OPS["<"].value),
    ">": broken(battery.check_kink, kink=None),
    ">=": broken(battery.check_notation, text="{} > {}"),
    "==": broken(battery.check_kink, kink=lambda x, z: x - z - 1),
    "!=": broken(battery.check_degree, partials=lambda x, z, _: (x, z)),
    "where": broken(battery.check_partials, partials=lambda x, *_: (0, 1 - step(x - 0.5), step(x - 0.5))),
    "sign": broken(battery.check_value_and_claim, value=lambda x: np.where(x >= 0, 1.0, -1.0)),
    "floor": broken(battery.check_kink, kink=facets.beside_half),
    "round": broken(battery.check_value_and_claim, value=lambda x: np.floor(x + 0.5)),
    "clip": broken(battery.check_kink, kink=lambda x, z, _: x - z),
    "falling_power": broken(
        battery.check_jets, partials=lambda x, z, k, _: (falling_power(x, z, k), None, None)
    ),
    "tanh_slope": broken(battery.check_jets, partials=lambda x, y: (-(tanh(x) * y),)),
    "sigmoid_slope": broken(battery.check_value_and_claim, half_ulps=4),
    "log2_slope": broken(battery.check_jets, partials=lambda _, y: (-(y * y),)),
    "log10_slope": broken(battery.check_value_and_claim, value=lambda x: 1 / (x * np.log(2))),
    "atan_slope": broken(battery.check_jets, partials=lambda x, y: (-2 * (x * y),)),
    "erf_slope": broken(
        battery.check_value_and_claim, value=lambda x: exp(-x * x) * OPS["erf_slope"].value(0)
    ),
    "normal_cdf": broken(battery.check_partials, partials=lambda _, y: (y * (1 - y),)),
    "normal_density": broken(battery.check_jets, partials=lambda _, y: (-y,)),
    "step": broken(battery.check_value_and_claim, value=lambda x: np.where(x >= 0, 1.0, 0.0)),
}
