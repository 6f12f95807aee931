# mypy: disable-error-code="misc, operator"
# a lambda of NumPy and one of mpmath have no type in common
"""Functions of one number with their exact derivatives: named problems and random instances, by category.

A problem holds the function as a user would write it, in floating point, and the same in mpmath, whose
numerical derivative at 60 digits is the truth. Where a problem has no derivative, `exact` is None.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import mpmath
import numpy as np

DIGITS = 60
Function = Callable[[Any], Any]
REGULAR = (
    "smooth", "polynomial", "scales", "steep", "oscillating", "edge", "noisy", "low output",
    "near kink", "near nan", "net", "float32", "short",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Problem:
    """One function at one point.

    Parameters
    ----------
    name, category : str
    f : callable
        In floating point.
    exact : callable, optional
        In mpmath; None where there is no derivative.
    x : float
    format : str
        Of x.
    apart : float
        How far the slopes on the two sides of x differ, where there is no derivative.
    """

    name: str
    category: str
    f: Function
    exact: Function | None
    x: float
    format: str = "float64"
    apart: float = math.inf

    @cached_property
    def truth(self) -> float:
        """The derivative, rounded once."""
        return self.derivative(1)

    def derivative(self, order: int) -> float:
        """The derivative of some order."""
        assert self.exact is not None
        with mpmath.workdps(DIGITS):
            x = mpmath.mpf(self.x)
            size = abs(x) if x else mpmath.mpf(1)
            step = size * mpmath.mpf(10) ** -25  # an odd function of it: what is left out is of its square
            return float(_slope(self.exact, x, step, order))


def _slope(f: Function, x: Any, step: Any, order: int) -> Any:
    """Central differences with so many digits that neither error reaches a float."""
    with mpmath.workdps(40 + 45 * order + DIGITS):
        count = order
        total = mpmath.mpf(0)
        for k in range(count + 1):
            total += (-1) ** k * mpmath.binomial(count, k) * f(x + (mpmath.mpf(count) / 2 - k) * step)
        return total / step**order


m = mpmath


def _named() -> Iterator[tuple[str, str, Function, Function | None, float, str]]:
    e = "float64"
    # smooth
    for name, f, g in (
        ("exp", np.exp, m.exp), ("sin", np.sin, m.sin), ("cos", np.cos, m.cos), ("tanh", np.tanh, m.tanh),
        ("atan", np.arctan, m.atan), ("sinh", np.sinh, m.sinh), ("cosh", np.cosh, m.cosh),
        ("log1p", np.log1p, m.log1p), ("expm1", np.expm1, m.expm1), ("asinh", np.arcsinh, m.asinh),
        ("erf", math.erf, m.erf), ("sqrt(1+x2)", lambda x: np.sqrt(1 + x * x), lambda x: m.sqrt(1 + x * x)),
        ("1/(1+x2)", lambda x: 1 / (1 + x * x), lambda x: 1 / (1 + x * x)),
        ("exp(-x2)", lambda x: np.exp(-x * x), lambda x: m.exp(-x * x)),
        ("x exp x", lambda x: x * np.exp(x), lambda x: x * m.exp(x)),
        ("sin exp", lambda x: np.sin(np.exp(x)), lambda x: m.sin(m.exp(x))),
        ("log cosh", lambda x: np.log(np.cosh(x)), lambda x: m.log(m.cosh(x))),
        ("x**x", lambda x: x**x, lambda x: x**x),
        ("gamma", math.gamma, m.gamma), ("lgamma", math.lgamma, m.loggamma),
        ("sin3/x3", lambda x: np.exp(x) / (np.sin(x) ** 3 + np.cos(x) ** 3), lambda x: m.exp(x) / (m.sin(x) ** 3 + m.cos(x) ** 3)),
        ("bessel sum", lambda x: sum((-1) ** k * (x / 2) ** (2 * k) / math.factorial(k) ** 2 for k in range(20)),
         lambda x: sum((-1) ** k * (x / 2) ** (2 * k) / m.factorial(k) ** 2 for k in range(20))),
    ):  # fmt: skip
        for x in (0.7, 1.3) if name not in ("x**x", "gamma", "lgamma") else (0.7, 2.3):
            yield name, "smooth", f, g, x, e
    for name, f, g, x in (
        ("exp", np.exp, m.exp, 0.0), ("sin", np.sin, m.sin, 0.0), ("cos", np.cos, m.cos, 0.0),
        ("tanh", np.tanh, m.tanh, 0.0), ("1/(1+x)", lambda x: 1 / (1 + x), lambda x: 1 / (1 + x), 0.0),
        ("log", np.log, m.log, 1.0), ("sigmoid", lambda x: 1 / (1 + np.exp(-x)), lambda x: 1 / (1 + m.exp(-x)), 0.0),
        ("cos", np.cos, m.cos, math.pi), ("sin", np.sin, m.sin, math.pi / 2),
        ("tanh' max", lambda x: np.tanh(x), m.tanh, 0.6585), ("x3+x at 0", lambda x: x**3 + x, lambda x: x**3 + x, 0.0),
        ("softplus", lambda x: np.logaddexp(0, x), lambda x: m.log(1 + m.exp(x)), -5.0),
        ("normal tail", lambda x: 0.5 * math.erfc(x / math.sqrt(2)), lambda x: m.erfc(x / m.sqrt(2)) / 2, 4.0),
    ):  # fmt: skip
        yield name, "smooth", f, g, x, e
    # polynomials
    for name, f, x in (
        ("3x+7", lambda x: 3 * x + 7, 0.7), ("x", lambda x: x, 1e-3), ("-2x", lambda x: -2 * x, 5.0),
        ("x/3", lambda x: x / 3, 100.0), ("5", lambda x: 5 + 0 * x, 1.0), ("x-1e6", lambda x: x - 1e6, 0.3),
        ("x2", lambda x: x * x, 3.0), ("3x2-x+7", lambda x: 3 * x * x - x + 7, 0.7),
        ("(2+3x)2", lambda x: (2 + 3 * x) ** 2, 3.0), ("x2 at 0", lambda x: x * x, 0.0),
        ("1e-8x2", lambda x: 1e-8 * x * x, 17.0), ("(x-1)2", lambda x: (x - 1) ** 2, 1.0),
        ("x2+1e3x", lambda x: x * x + 1000 * x, 0.1), ("x3", lambda x: x**3, 2.0), ("x3-x", lambda x: x**3 - x, 0.5),
        ("x4", lambda x: x**4, 1.7), ("x5", lambda x: x**5 - 3 * x**4, 1.1), ("x9", lambda x: x**9, 0.9),
        ("x20", lambda x: x**20, 1.1), ("legendre5", lambda x: (63 * x**5 - 70 * x**3 + 15 * x) / 8, 0.4),
    ):  # fmt: skip
        yield name, "polynomial", f, f, x, e
    # scales
    for k in (-300, -100, -20, -12, -8, 8, 20, 100, 250):
        c = 10.0**k
        yield (
            f"exp(x/1e{k})",
            "scales",
            (lambda x, c=c: np.exp(x / c)),
            (lambda x, c=c: m.exp(x / c)),
            0.7 * c,
            e,
        )
        yield f"1e{k}sin x", "scales", (lambda x, c=c: c * np.sin(x)), (lambda x, c=c: c * m.sin(x)), 0.9, e
    for x in (1e-12, 1e-5, 1e5, 1e8, 1e150):
        yield "log", "scales", np.log, m.log, x, e
        yield "sqrt", "scales", np.sqrt, m.sqrt, x, e
        yield "1/x", "scales", lambda x: 1 / x, lambda x: 1 / x, x, e
    yield "sin at 1e8", "scales", np.sin, m.sin, 1e8, e
    yield "sin at 1e4", "scales", np.sin, m.sin, 1e4, e
    yield "exp at 1e-12", "scales", np.exp, m.exp, 1e-12, e
    yield "sin at 1e-12", "scales", np.sin, m.sin, 1e-12, e
    yield "tanh at 1e-8", "scales", np.tanh, m.tanh, 1e-8, e
    yield "1e6+x2", "scales", lambda x: 1e6 + x * x, lambda x: 1e6 + x * x, 1e-3, e
    yield "sin(x/1e6) at 0", "scales", lambda x: np.sin(x / 1e6), lambda x: m.sin(x / 10**6), 0.0, e
    yield "exp(1e6 x) at 0", "scales", lambda x: np.exp(1e6 * x), lambda x: m.exp(10**6 * x), 0.0, e
    # steep
    for k in (3, 5, 7):
        c = 10.0**k
        yield (
            f"exp(1e{k}(x-1))",
            "steep",
            (lambda x, c=c: np.exp(c * (x - 1))),
            (lambda x, c=c: m.exp(c * (x - 1))),
            1.0 + 0.3 / c,
            e,
        )
        yield (
            f"tanh(1e{k}(x-1))",
            "steep",
            (lambda x, c=c: np.tanh(c * (x - 1))),
            (lambda x, c=c: m.tanh(c * (x - 1))),
            1.0 + 0.3 / c,
            e,
        )
        yield f"1/(x-1) off 1e-{k}", "steep", lambda x: 1 / (x - 1), lambda x: 1 / (x - 1), 1.0 + 1 / c, e
        yield (
            f"lorentz 1e-{k}",
            "steep",
            (lambda x, c=c: 1 / (1 + (c * (x - 1)) ** 2)),
            (lambda x, c=c: 1 / (1 + (m.mpf(c) * (x - 1)) ** 2)),
            1.0 + 0.7 / c,
            e,
        )
    yield "1/(1-x) at 1-1e-8", "steep", lambda x: 1 / (1 - x), lambda x: 1 / (1 - x), 1 - 1e-8, e
    yield "exp(exp(x))", "steep", lambda x: np.exp(np.exp(x)), lambda x: m.exp(m.exp(x)), 4.0, e
    yield "x**50", "steep", lambda x: x**50, lambda x: x**50, 1.5, e
    yield (
        "1e5 logistic",
        "steep",
        lambda x: 1 / (1 + np.exp(-1e5 * (x - 2))),
        lambda x: 1 / (1 + m.exp(-(10**5) * (x - 2))),
        2.00001,
        e,
    )
    # oscillating
    for c in (10.0, 100.0, 1e3, 1e4, 1e6):
        yield (
            f"sin({c:g}x)",
            "oscillating",
            (lambda x, c=c: np.sin(c * x)),
            (lambda x, c=c: m.sin(c * x)),
            0.7,
            e,
        )
        yield (
            f"cos({c:g}x)+x",
            "oscillating",
            (lambda x, c=c: np.cos(c * x) + x),
            (lambda x, c=c: m.cos(c * x) + x),
            1.1,
            e,
        )
    yield "sin(1/x)", "oscillating", lambda x: np.sin(1 / x), lambda x: m.sin(1 / x), 0.01, e
    yield "sin(x2)", "oscillating", lambda x: np.sin(x * x), lambda x: m.sin(x * x), 30.0, e
    yield (
        "x+1e-3sin(1e3x)",
        "oscillating",
        lambda x: x + 1e-3 * np.sin(1e3 * x),
        lambda x: x + m.mpf(1e-3) * m.sin(1e3 * x),
        0.4,
        e,
    )
    yield (
        "x+1e-6sin(1e4x)",
        "oscillating",
        lambda x: x + 1e-6 * np.sin(1e4 * x),
        lambda x: x + m.mpf(1e-6) * m.sin(1e4 * x),
        0.4,
        e,
    )
    yield (
        "chirp",
        "oscillating",
        lambda x: np.exp(-x) * np.sin(40 * x * x),
        lambda x: m.exp(-x) * m.sin(40 * x * x),
        1.9,
        e,
    )
    # edges
    for x in (1e-10, 1e-6, 1e-3, 0.1):
        yield f"log edge {x:g}", "edge", lambda x: np.log(x), m.log, x, e
        yield f"sqrt(1-x) {x:g}", "edge", lambda x: np.sqrt(1 - x), lambda x: m.sqrt(1 - x), 1 - x, e
        yield f"asin {x:g}", "edge", np.arcsin, m.asin, 1 - x, e
        yield f"atanh {x:g}", "edge", np.arctanh, m.atanh, 1 - x, e
    yield "exp 709.7", "edge", np.exp, m.exp, 709.7, e
    yield "exp 709", "edge", np.exp, m.exp, 709.0, e
    yield "x1.5 at 0", "edge", lambda x: np.sqrt(x) ** 3 + x, lambda x: m.sqrt(x) ** 3 + x, 1e-9, e
    yield "one side", "edge", lambda x: np.exp(x) if x >= 0 else math.nan, m.exp, 0.0, e
    yield "one side left", "edge", lambda x: np.sin(x) if x <= 2 else math.nan, m.sin, 2.0, e
    yield (
        "one side raises",
        "edge",
        lambda x: math.sqrt(x) ** 5 + 2 * x + math.cos(x),
        lambda x: m.sqrt(abs(x)) ** 5 + 2 * x + m.cos(x),
        0.0,
        e,
    )
    # noisy
    yield "newton to 1e-6", "solver", _newton(1e-6), lambda x: m.findroot(lambda y: y**3 + y - x, 1), 2.3, e
    yield "simpson", "noisy", _simpson, _simpson_exactly, 1.2, e
    yield (
        "long sum",
        "noisy",
        _long_sum,
        lambda x: m.nsum(lambda k: 0, [1, 1]) + sum(m.sin(x * k) / k for k in range(1, 301)),
        0.7,
        e,
    )
    yield "1e8 cancels", "noisy", lambda x: (np.sin(x) + 1e8) - 1e8, m.sin, 0.7, e
    yield "1e4 cancels", "noisy", lambda x: (np.exp(x) + 1e4) - 1e4, m.exp, 0.7, e
    yield "1e12+sin", "noisy", lambda x: 1e12 + np.sin(x), m.sin, 0.7, e
    yield "1+1e-9sin", "noisy", lambda x: 1 + 1e-9 * np.sin(x), lambda x: m.mpf(1e-9) * m.sin(x), 0.7, e
    yield (
        "horner (x-1)7",
        "noisy",
        lambda x: ((((((x - 7) * x + 21) * x - 35) * x + 35) * x - 21) * x + 7) * x - 1,
        lambda x: (x - 1) ** 7,
        1.3,
        e,
    )
    yield "hash noise 1e-8", "noisy", _hashed(1e-8), m.sin, 0.7, e
    yield "hash noise 1e-5", "noisy", _hashed(1e-5), m.exp, 0.3, e
    yield "hash noise 1e-3", "noisy", _hashed(1e-3), m.sin, 0.7, e
    yield "float32 inside", "noisy", lambda x: float(np.sin(np.float32(x))), m.sin, 0.7, e
    yield (
        "float32 inside, float64 outside",
        "noisy",
        lambda x: float(np.exp(np.float32(x))) * x,
        lambda x: m.exp(x) * x,
        0.7,
        e,
    )
    yield (
        "float32 middle",
        "noisy",
        lambda x: float(np.float32(np.sin(x))) + x,
        lambda x: m.sin(x) + x,
        1.7,
        e,
    )
    yield (
        "float32 middle product",
        "noisy",
        lambda x: math.cos(x) * float(np.float32(1 + x * x)),
        lambda x: m.cos(x) * (1 + x * x),
        1.7,
        e,
    )
    yield (
        "tanh float32 weights",
        "noisy",
        lambda x: math.tanh(float(np.float32(0.3) * np.float32(x)) + x),
        lambda x: m.tanh(m.mpf(float(np.float32(0.3))) * x + x),
        0.4,
        e,
    )
    # outputs of a lower precision
    yield "float32 out", "low output", lambda x: np.float32(np.sin(x)), m.sin, 0.7, e
    yield "float32 out exp", "low output", lambda x: np.float32(np.exp(x)), m.exp, 2.7, e
    yield "float32 out log", "low output", lambda x: np.float32(np.log(x)), m.log, 27.0, e
    yield "float16 out", "low output", lambda x: np.float16(np.exp(x)), m.exp, 0.7, e
    yield "round 6 sin", "low output", lambda x: round(math.sin(x), 6), m.sin, 0.7, e
    yield "round 6 exp", "low output", lambda x: round(math.exp(x), 6), m.exp, 1.7, e
    yield "round 3 x2", "low output", lambda x: round(x * x, 3), lambda x: x * x, 1.3, e
    # near kinks
    for d in (1e-1, 1e-2, 1e-3, 1e-5, 1e-7):
        c = 0.7 + d
        yield (
            f"exp+|x-c| {d:g}",
            "near kink",
            (lambda x, c=c: np.exp(x) + abs(x - c)),
            (lambda x, c=c: m.exp(x) + abs(x - c)),
            0.7,
            e,
        )
        yield (
            f"sin+relu {d:g}",
            "near kink",
            (lambda x, c=c: np.sin(3 * x) + 5 * max(0.0, x - c)),
            (lambda x, c=c: m.sin(3 * x) + 5 * max(m.mpf(0), x - c)),
            0.7,
            e,
        )
    yield "max(x2,.3)", "near kink", lambda x: max(x * x, 0.3), lambda x: max(x * x, m.mpf("0.3")), 0.56, e
    yield "|sin|", "near kink", lambda x: abs(np.sin(x)), lambda x: abs(m.sin(x)), 3.1, e
    yield (
        "clip",
        "near kink",
        lambda x: np.clip(np.exp(x), 0.5, 2.0),
        lambda x: min(max(m.exp(x), m.mpf("0.5")), m.mpf(2)),
        0.69,
        e,
    )
    yield (
        "huber",
        "near kink",
        lambda x: 0.5 * x * x if abs(x) < 1 else abs(x) - 0.5,
        lambda x: x * x / 2 if abs(x) < 1 else abs(x) - m.mpf("0.5"),
        0.999,
        e,
    )
    yield (
        "two kinks",
        "near kink",
        lambda x: np.cos(x) + abs(x - 0.701) + abs(x - 0.6985),
        lambda x: m.cos(x) + abs(x - m.mpf(0.701)) + abs(x - m.mpf(0.6985)),
        0.7,
        e,
    )
    yield "jump off", "near kink", lambda x: np.exp(x) + (x > 0.71), lambda x: m.exp(x), 0.7, e
    yield "floor", "near kink", lambda x: np.sin(x) + np.floor(10 * x), lambda x: m.sin(x), 0.75, e
    # near nan
    for d in (1e-2, 1e-4, 1e-7):
        yield (
            f"nan beyond {d:g}",
            "near nan",
            (lambda x, d=d: np.sin(x) if x < 0.7 + d else math.nan),
            m.sin,
            0.7,
            e,
        )
        yield (
            f"nan both {d:g}",
            "near nan",
            (lambda x, d=d: np.exp(x) if abs(x - 0.7) < d else math.nan),
            m.exp,
            0.7,
            e,
        )
        yield f"raises beyond {d:g}", "near nan", _raising(0.7 + d), m.sin, 0.7, e
    yield "1/x nan at 0", "near nan", lambda x: np.sin(x) / x, lambda x: m.sin(x) / x, 0.02, e
    # nets
    rng = np.random.default_rng(5)
    for k in range(8):
        for kind in ("tanh", "relu", "softmax", "sigmoid"):
            f, g, x = net(rng, kind)
            yield f"net {kind} {k}", "net", f, g, x, e
    # formats
    for name, f, g, x in (
        ("sin", np.sin, m.sin, 0.7), ("exp", np.exp, m.exp, 0.7), ("tanh", np.tanh, m.tanh, 0.4), ("x2", lambda x: x * x, lambda x: x * x, 1.3),
        ("log", np.log, m.log, 2.7), ("sqrt", np.sqrt, m.sqrt, 3.3), ("x3-x", lambda x: x * x * x - x, lambda x: x**3 - x, 0.9),
        ("1/x", lambda x: 1 / x, lambda x: 1 / x, 1.7), ("3x+7", lambda x: 3 * x + 7, lambda x: 3 * x + 7, 0.7),
        ("sigmoid", lambda x: 1 / (1 + np.exp(-x)), lambda x: 1 / (1 + m.exp(-x)), 0.6),
    ):  # fmt: skip
        yield name, "float32", f, g, float(np.float32(x)), "float32"
        yield name, "short", f, g, float(np.float16(x)), "float16"
        yield name, "short", f, g, _bfloat(x), "bfloat16"
    for x in (1e-4, 1e3):
        yield "sin", "float32", np.sin, m.sin, float(np.float32(x)), "float32"
        yield "log", "float32", np.log, m.log, float(np.float32(x)), "float32"
    yield (
        "sin(100x)",
        "float32",
        lambda x: np.sin(np.float32(100) * x),
        lambda x: m.sin(100 * x),
        float(np.float32(0.7)),
        "float32",
    )
    # structured rounding
    for x in (1e-5, 1e-4, 1e-3, 1e-2):
        yield (
            f"(1-cos)/x2 {x:g}",
            "structured",
            lambda x: (1 - math.cos(x)) / (x * x),
            lambda x: (1 - m.cos(x)) / (x * x),
            x,
            e,
        )
        yield (
            f"(exp-1)/x {x:g}",
            "structured",
            lambda x: (math.exp(x) - 1) / x,
            lambda x: m.expm1(x) / x,
            x,
            e,
        )
        yield (
            f"log(1+x)/x {x:g}",
            "structured",
            lambda x: math.log(1 + x) / x,
            lambda x: m.log1p(x) / x,
            x,
            e,
        )
        yield (
            f"(sqrt(1+x)-1)/x {x:g}",
            "structured",
            lambda x: (math.sqrt(1 + x) - 1) / x,
            lambda x: (m.sqrt(1 + x) - 1) / x,
            x,
            e,
        )
    # no derivative
    for name, f, x in (
        ("|x| at 0", abs, 0.0), ("|x-c|+exp", lambda x: abs(x - 0.7) + math.exp(x), 0.7),
        ("relu at 0", lambda x: max(x, 0.0), 0.0), ("max(x,x2)", lambda x: max(x, x * x), 1.0),
        ("exp+.1|x-2|", lambda x: math.exp(x) + 0.1 * abs(x - 2), 2.0), ("exp+1e-4|x-2|", lambda x: math.exp(x) + 1e-4 * abs(x - 2), 2.0),
        ("sign", lambda x: np.sign(x), 0.0), ("step+x", lambda x: x + (x >= 1), 1.0), ("cbrt", np.cbrt, 0.0),
        ("sqrt|x|", lambda x: math.sqrt(abs(x)), 0.0), ("sqrt|x-c|+x", lambda x: math.sqrt(abs(x - 0.3)) + x, 0.3),
        ("sqrt|x-1|+x", lambda x: math.sqrt(abs(x - 1)) + x, 1.0), ("floor at 2", lambda x: math.floor(x), 2.0),
        ("log|x|", lambda x: math.log(abs(x)) if x else math.nan, 0.0), ("1/x at 0", lambda x: 1 / x if x else math.inf, 0.0),
        ("x sin 1/x", lambda x: x * math.sin(1 / x) if x else 0.0, 0.0),         ("floor 10x", lambda x: math.floor(10 * x) + x, 0.5), ("random", _random(), 1.0), ("clip at edge", lambda x: min(max(x, 0.0), 1.0), 1.0),
        ("|sin| at pi", lambda x: abs(math.sin(x)), math.pi), ("x|x|^.1", lambda x: math.copysign(abs(x) ** 0.5, x), 0.0),
        ("weierstrass", lambda x: sum(0.5**k * math.cos(3**k * math.pi * x) for k in range(30)), 0.7),
        ("kink beyond noise", lambda x: 1e6 + 1e-3 * abs(x - 1) + x, 1.0), ("hinge", lambda x: max(0.0, 1 - 2 * x), 0.5),
        ("|x|^.9", lambda x: abs(x) ** 0.9 + x, 0.0), ("|x-1|^.75", lambda x: abs(x - 1) ** 0.75 + 3 * x, 1.0),
    ):  # fmt: skip
        yield name, "undefined", f, None, x, e


def _bfloat(x: float) -> float:
    from nudgegrad.formats import FORMATS

    return float(FORMATS["bfloat16"].round(x))


def _newton(tolerance: float) -> Function:
    def f(x: float) -> float:
        y = 1.0
        for _ in range(60):
            step = (y**3 + y - x) / (3 * y * y + 1)
            y -= step
            if abs(step) < tolerance:
                break
        return y

    return f


def _simpson(x: float) -> float:
    t = np.linspace(0, 1, 201)
    w = np.ones(201)
    w[1:-1:2], w[2:-1:2] = 4, 2
    return float((w * np.exp(-x * t * t)).sum() / 600)


def _simpson_exactly(x: Any) -> Any:
    def weight(k: int) -> int:
        return 1 if k in (0, 200) else 4 if k % 2 else 2

    points = np.linspace(0, 1, 201)
    return sum(weight(k) * m.exp(-x * m.mpf(float(t)) ** 2) for k, t in enumerate(points)) / 600


def _long_sum(x: float) -> float:
    total = 0.0
    for k in range(1, 301):
        total += math.sin(x * k) / k
    return total


def _hashed(size: float) -> Function:
    """sin or exp with an error that depends on every bit of x: repeatable noise."""
    base = math.exp if size == 1e-5 else math.sin

    def f(x: float) -> float:
        mixed = (int(np.float64(x).view(np.int64)) * 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
        mixed ^= mixed >> 29
        mixed = (mixed * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
        return base(x) + size * (mixed / 2**63 - 1)

    return f


def _raising(edge: float) -> Function:
    def f(x: float) -> float:
        if x >= edge:
            raise ValueError("math domain error")
        return math.sin(x)

    return f


def _random() -> Function:
    rng = np.random.default_rng(0)
    return lambda x: x + 1e-3 * float(rng.normal())


def net(rng: np.random.Generator, kind: str) -> tuple[Function, Function, float]:
    """A two-layer net along one of its weights."""
    a, b, c = rng.normal(size=(5, 3)), rng.normal(size=(4, 5)) / 2, rng.normal(size=4)
    inputs = rng.normal(size=3)
    i, j = int(rng.integers(5)), int(rng.integers(3))
    acts = {
        "tanh": (np.tanh, m.tanh), "relu": (lambda z: np.maximum(z, 0), lambda z: max(z, m.mpf(0))),
        "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z: 1 / (1 + m.exp(-z))),
        "softmax": (np.tanh, m.tanh),
    }[kind]  # fmt: skip

    def f(x: float) -> float:
        first = a.copy()
        first[i, j] = x
        z = b @ acts[0](first @ inputs)
        if kind == "softmax":
            z = z - z.max()
            return float(np.log(np.exp(z).sum()) - z[1])
        return float(((acts[0](z) - c) ** 2).sum() / 2)

    def g(x: Any) -> Any:
        first = [[m.mpf(v) for v in row] for row in a]
        first[i][j] = x
        hidden = [acts[1](sum(w * m.mpf(v) for w, v in zip(row, inputs, strict=True))) for row in first]
        z = [sum(m.mpf(w) * h for w, h in zip(row, hidden, strict=True)) for row in b]
        if kind == "softmax":
            return m.log(sum(m.exp(v) for v in z)) - z[1]
        return sum((acts[1](v) - m.mpf(t)) ** 2 for v, t in zip(z, c, strict=True)) / 2

    return f, g, float(a[i, j])


class Draw:
    """Random numbers of one instance."""

    def __init__(self, seed: int, template: str) -> None:
        self.rng = np.random.default_rng([seed, *map(ord, template)])

    def __call__(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def log(self, low: float, high: float) -> float:
        """Uniform in the logarithm."""
        return float(np.exp(self.rng.uniform(math.log(low), math.log(high))))

    def sign(self) -> float:
        return float(self.rng.choice([-1.0, 1.0]))


Made = tuple[str, Function, Function | None, float, str] | tuple[str, Function, None, float, str, float]
Template = Callable[[Draw], Made]


def _composed(d: Draw) -> Made:
    pairs = [(np.sin, m.sin), (np.exp, m.exp), (np.tanh, m.tanh), (np.cos, m.cos), (np.arctan, m.atan)]
    (f, f_), (g, g_) = (pairs[int(d.rng.integers(len(pairs)))] for _ in range(2))
    a, b, c = d(-2, 2), d(-1.5, 1.5), d(-1, 1)
    return "smooth", lambda x: f(a * g(b * x) + c), lambda x: f_(a * g_(b * x) + c), d(-2, 2), "float64"


def _rational(d: Draw) -> Made:
    a, b, c = d(-3, 3), d(0.2, 3), d(-2, 2)
    return (
        "smooth",
        lambda x: (a * x + c) / (x * x + b),
        lambda x: (a * x + c) / (x * x + b),
        d(-3, 3),
        "float64",
    )


def _polynomial(d: Draw) -> Made:
    c = [d(-2, 2) for _ in range(int(d.rng.integers(2, 7)))]

    def f(x: Any) -> Any:
        total = 0 * x
        for a in c:
            total = total * x + a
        return total

    return "polynomial", f, f, d.sign() * d.log(1e-3, 1e3), "float64"


def _scaled(d: Draw) -> Made:
    k, c = d.log(1e-20, 1e20), d.log(1e-12, 1e12)
    f, f_ = [(np.sin, m.sin), (np.exp, m.exp), (np.tanh, m.tanh)][int(d.rng.integers(3))]
    return "scales", lambda x: c * f(x / k), lambda x: c * f_(x / k), k * d(0.1, 2) * d.sign(), "float64"


def _power(d: Draw) -> Made:
    a = d(-3, 3)
    return "scales", lambda x: x**a, lambda x: x**a, d.log(1e-10, 1e10), "float64"


def _steep(d: Draw) -> Made:
    k, c = d.log(10, 1e8), d(0.5, 3)
    x = c + d(-2, 2) / k
    kind = int(d.rng.integers(3))
    f, f_ = [(np.exp, m.exp), (np.tanh, m.tanh), (lambda t: 1 / (1 + t * t), lambda t: 1 / (1 + t * t))][
        kind
    ]
    return "steep", lambda x: f(k * (x - c)), lambda x: f_(m.mpf(k) * (x - c)), x, "float64"


def _pole(d: Draw) -> Made:
    c, p = d(-2, 2), int(d.rng.integers(1, 4))
    return (
        "steep",
        lambda x: 1 / (x - c) ** p,
        lambda x: 1 / (x - c) ** p,
        c + d.sign() * d.log(1e-9, 1),
        "float64",
    )


def _wave(d: Draw) -> Made:
    k, a, b = d.log(3, 1e7), d(-1, 1), d(-2, 2)
    return (
        "oscillating",
        lambda x: np.sin(k * x) + a * x + b,
        lambda x: m.sin(k * x) + a * x + b,
        d(0.2, 3),
        "float64",
    )


def _small_wave(d: Draw) -> Made:
    k, e = d.log(10, 1e5), d.log(1e-6, 1)
    return (
        "oscillating",
        lambda x: x + e * np.sin(k * x),
        lambda x: x + e * m.sin(k * x),
        d(0.2, 3),
        "float64",
    )


def _edge(d: Draw) -> Made:
    c, p = d(-1, 1), d(0.3, 2.7)
    x = c + d.log(1e-9, 1)
    log = d.rng.random() < 0.5
    if log:
        return "edge", lambda x: np.log(x - c) + x, lambda x: m.log(x - c) + x, x, "float64"
    return "edge", lambda x: (x - c) ** p + x, lambda x: (x - c) ** p + x, x, "float64"


def _one_side(d: Draw) -> Made:
    c, a = d(-1, 1), d(0.3, 3)
    if d.rng.random() < 0.5:
        return "edge", lambda x: np.exp(a * x) if x >= c else math.nan, lambda x: m.exp(a * x), c, "float64"
    return "edge", lambda x: np.sin(a * x) if x <= c else math.nan, lambda x: m.sin(a * x), c, "float64"


def _noise(d: Draw) -> Made:
    size, k = d.log(1e-13, 1e-4), d(0.5, 2)
    noise = _hashed(size)
    return (
        "noisy",
        lambda x: noise(x) - math.sin(x) + math.sin(k * x),
        lambda x: m.sin(k * x),
        d(0.1, 3),
        "float64",
    )


def _offset(d: Draw) -> Made:
    c, k = d.log(10, 1e9), d(0.5, 2)
    return "noisy", lambda x: c + np.cos(k * x), lambda x: c + m.cos(k * x), d(0.1, 3), "float64"


def _single_inside(d: Draw) -> Made:
    a, b, k = d(-1, 1), d(-1, 1), d(0.3, 2)
    return ("noisy", lambda x: float(np.exp(np.float32(x))) * a + b * math.sin(k * x),
            lambda x: m.exp(x) * a + b * m.sin(k * x), d(0.1, 2), "float64")  # fmt: skip


def _single_product(d: Draw) -> Made:
    a, k = d(0.3, 2), d(0.3, 2)
    return ("noisy", lambda x: float(np.float32(math.sin(k * x) + 2)) * math.exp(a * x),
            lambda x: (m.sin(k * x) + 2) * m.exp(a * x), d(0.1, 2), "float64")  # fmt: skip


def _rounded(d: Draw) -> Made:
    digits, k = int(d.rng.integers(3, 11)), d(0.5, 3)
    return (
        "low output",
        lambda x: round(math.sin(k * x) + x, digits),
        lambda x: m.sin(k * x) + x,
        d(0.1, 3),
        "float64",
    )


def _single_out(d: Draw) -> Made:
    k = d(0.5, 3)
    return "low output", lambda x: np.float32(np.exp(k * x)), lambda x: m.exp(k * x), d(0.1, 2), "float64"


def _kink(d: Draw) -> Made:
    x, a, k = d(0.2, 2), d.log(1e-3, 10), d(0.5, 3)
    c = x + d.sign() * d.log(1e-8, 0.3)
    return (
        "near kink",
        lambda x: np.exp(k * x) + a * abs(x - c),
        lambda x: m.exp(k * x) + a * abs(x - c),
        x,
        "float64",
    )


def _relu_sum(d: Draw) -> Made:
    n = 12
    a, b, w = d.rng.normal(size=n), d.rng.normal(size=n), d.rng.normal(size=n)
    return ("near kink", lambda x: float(np.maximum(a * x + b, 0) @ w) + 0.1 * x * x,
            lambda x: sum(max(m.mpf(p) * x + m.mpf(q), m.mpf(0)) * m.mpf(r) for p, q, r in zip(a, b, w, strict=True)) + m.mpf(0.1) * x * x,
            d(-2, 2), "float64")  # fmt: skip


def _nan_near(d: Draw) -> Made:
    x, k = d(0.2, 2), d(0.5, 3)
    gap = d.log(1e-7, 0.3)
    return (
        "near nan",
        lambda t: np.sin(k * t) if t < x + gap else math.nan,
        lambda t: m.sin(k * t),
        x,
        "float64",
    )


def _net(d: Draw) -> Made:
    f, g, x = net(d.rng, ("tanh", "relu", "softmax", "sigmoid")[int(d.rng.integers(4))])
    return "net", f, g, x, "float64"


def _in_format(name: str, category: str) -> Template:
    def made(d: Draw) -> Made:
        from nudgegrad.formats import FORMATS

        pairs = [(np.sin, m.sin), (np.exp, m.exp), (np.tanh, m.tanh), (np.sqrt, m.sqrt), (np.log, m.log)]
        f, g = pairs[int(d.rng.integers(len(pairs)))]
        x = float(FORMATS[name].round(d(0.2, 3)))
        return category, lambda x: f(x) * x, lambda x: g(x) * x, x, name

    return made


def _structured(d: Draw) -> Made:
    x = d.log(1e-6, 1e-1)
    k = int(d.rng.integers(5))
    pairs: list[tuple[Function, Function]] = [
        (lambda x: (1 - math.cos(x)) / (x * x), lambda x: (1 - m.cos(x)) / (x * x)),
        (lambda x: (math.exp(x) - 1) / x, lambda x: m.expm1(x) / x),
        (lambda x: math.log(1 + x) / x, lambda x: m.log1p(x) / x),
        (lambda x: (math.sqrt(1 + x) - 1) / x, lambda x: (m.sqrt(1 + x) - 1) / x),
        (lambda x: (x - math.sin(x)) / x**3, lambda x: (x - m.sin(x)) / x**3),
    ]
    return "structured", *pairs[k], x, "float64"


def _corner(d: Draw) -> Made:
    c, a, k = d.sign() * d.log(0.1, 10), d.log(1e-3, 10), d(0.3, 2)
    return "undefined", lambda x: math.exp(k * x) + a * abs(x - c), None, c, "float64", 2 * a


def _cusp(d: Draw) -> Made:
    c, p = d(-2, 2), d(0.2, 0.9)
    return "undefined", lambda x: abs(x - c) ** p + x, None, c, "float64"


def _step(d: Draw) -> Made:
    c, a = d(-2, 2), d.log(1e-3, 10)
    return "undefined", lambda x: math.sin(x) + a * (x >= c), None, c, "float64"


def _root(d: Draw) -> Made:
    c, p = d(-2, 2), d(0.2, 0.8)
    return "undefined", lambda x: math.copysign(abs(x - c) ** p, x - c) + x, None, c, "float64"


TEMPLATES: dict[str, Template] = {
    name.lstrip("_"): made
    for name, made in (
        *((f.__name__, f) for f in (
            _composed, _rational, _polynomial, _scaled, _power, _steep, _pole, _wave, _small_wave, _edge, _one_side,
            _noise, _offset, _single_inside, _single_product, _rounded, _single_out, _kink, _relu_sum, _nan_near, _net,
            _structured, _corner, _cusp, _step, _root,
        )),
        ("float32", _in_format("float32", "float32")),
        ("float16", _in_format("float16", "short")),
        ("bfloat16", _in_format("bfloat16", "short")),
    )
}  # fmt: skip


def instance(template: str, seed: int, templates: dict[str, Template] = TEMPLATES) -> Problem:
    """One random problem."""
    return Problem(f"{template} {seed}", *templates[template](Draw(seed, template)))


def named() -> list[Problem]:
    """The named problems."""
    return [Problem(n, c, f, g, float(x), e) for n, c, f, g, x, e in _named()]
