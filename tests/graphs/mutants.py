"""One broken copy of every row of the op table, and the check of the battery that must catch it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nudgegrad.graphs.ops import OPS, Op, Term, cos, falling_power, reciprocal, sin, step, tanh, tanh_slope
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
    "reciprocal": broken(battery.check_partials, partials=lambda _, y: (-y,)),
    "falling_power": broken(
        battery.check_jets, partials=lambda x, z, k, _: (falling_power(x, z, k), None, None)
    ),
    "tanh_slope": broken(battery.check_jets, partials=lambda x, y: (-(tanh(x) * y),)),
    "sigmoid_slope": broken(battery.check_value_and_claim, half_ulps=4),
    "step": broken(battery.check_value_and_claim, value=lambda x: np.where(x >= 0, 1.0, 0.0)),
}
