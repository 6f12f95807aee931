"""Single rows by mpmath: values and Taylor coefficients to as many digits as asked for.

A second oracle beside `truth`, for the row battery. Coefficients come from numerical differences at high
precision, never from a formula of a derivative; digits are doubled until two results agree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import mpmath
from mpmath import mp

GUARD = 30  # digits beyond those asked for
DIGITS = (36, 72, 144, 288, 576)  # of the attempts at Taylor coefficients
AGREEMENT = 30  # digits to which two attempts must agree
NOTHING = 860  # a coefficient so many digits below the largest is 0: float64 knows no such range

Number = Any  # mpf: mpmath has no types


def _falling_power(x: Number, z: Number, k: Number) -> Number:
    factor = mpmath.mpf(1)
    for j in range(int(k)):
        factor *= z - j
    return factor * x ** (z - k) if factor else mpmath.mpf(0)


def _sigmoid(x: Number) -> Number:
    return 1 / (1 + mpmath.exp(-x))


def _normal_cdf(x: Number) -> Number:
    if abs(x) > 45:  # 10^-440 away from it, further than any float knows
        return mpmath.mpf(int(x > 0))
    return mpmath.erfc(-x / mpmath.sqrt(2)) / 2


def _clip(x: Number, z: Number, t: Number) -> Number:
    if z > t:
        raise ValueError(f"bounds {mpmath.nstr(z, 10)} and {mpmath.nstr(t, 10)} are not in order")
    return min(max(x, z), t)


def _to_whole(x: Number) -> Number:
    return abs(x - mpmath.nint(x))


def _power(x: Number, z: Number) -> Number:
    if x < 0 and not mpmath.isint(z):
        raise ValueError(f"no real power {mpmath.nstr(z, 10)} of {mpmath.nstr(x, 10)}")
    if mpmath.isint(z) and abs(z) < 1000:
        return mpmath.mpf(x) ** int(z)
    power = mpmath.exp(z * mpmath.log(abs(x))) if x else mpmath.mpf(0) ** z
    return -power if x < 0 and z % 2 == 1 else power


def _real(f: Callable[[Number], Number]) -> Callable[[Number], Number]:
    """Log or sqrt, where mpmath would go on with complex numbers."""

    def g(x: Number) -> Number:
        y = f(x)
        if not mpmath.isfinite(y) or mpmath.im(y) != 0:
            raise ValueError(f"no real value at {mpmath.nstr(x, 10)}")
        return y

    return g


ROWS: dict[str, Callable[..., Number]] = {
    "+": lambda x, z: x + z,
    "-": lambda x, z: x - z,
    "*": lambda x, z: x * z,
    "/": lambda x, z: x / z,
    "neg": lambda x: -x,
    "copy": lambda x: +x,
    "**": _power,
    "**z": _power,
    "abs": abs,
    "min": min,
    "max": max,
    "relu": lambda x: x if x > 0 else mpmath.mpf(0),
    "exp": mpmath.exp,
    "log": _real(mpmath.log),
    "sqrt": _real(mpmath.sqrt),
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "tanh": mpmath.tanh,
    "sigmoid": _sigmoid,
    "expm1": mpmath.expm1,
    "log1p": _real(mpmath.log1p),
    "log2": _real(lambda x: mpmath.log(x) / mpmath.ln2),
    "log10": _real(lambda x: mpmath.log(x) / mpmath.ln10),
    "tan": mpmath.tan,
    "asin": _real(mpmath.asin),
    "acos": _real(mpmath.acos),
    "atan": mpmath.atan,
    "atan2": mpmath.atan2,
    "sinh": mpmath.sinh,
    "cosh": mpmath.cosh,
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "leaky_relu": lambda x: x if x > 0 else x / 100,
    "gelu": lambda x: x * _normal_cdf(x),
    "silu": lambda x: x * _sigmoid(x),
    "erf": lambda x: mpmath.erf(x) if abs(x) < 28 else mpmath.sign(x),  # 10^-340 away from it
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1 / x,
    "hypot": lambda x, z: mpmath.sqrt(x * x + z * z),
    "cbrt": lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)),
    "<": lambda x, z: mpmath.mpf(int(x < z)),
    "<=": lambda x, z: mpmath.mpf(int(x <= z)),
    ">": lambda x, z: mpmath.mpf(int(x > z)),
    ">=": lambda x, z: mpmath.mpf(int(x >= z)),
    "==": lambda x, z: mpmath.mpf(int(x == z)),
    "!=": lambda x, z: mpmath.mpf(int(x != z)),
    "where": lambda x, z, t: z if 2 * x > 1 else t,
    "sign": mpmath.sign,
    "floor": mpmath.floor,
    "round": mpmath.nint,
    "clip": _clip,
    "falling_power": _falling_power,
    "tanh_slope": lambda x: mpmath.sech(x) ** 2,
    "sigmoid_slope": lambda x: mpmath.sech(x / 2) ** 2 / 4,
    "log2_slope": lambda x: 1 / (x * mpmath.ln2),
    "log10_slope": lambda x: 1 / (x * mpmath.ln10),
    "atan_slope": lambda x: 1 / (1 + x * x),
    "erf_slope": lambda x: 2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-x * x),
    "normal_cdf": _normal_cdf,
    "normal_density": lambda x: mpmath.exp(-x * x / 2) / mpmath.sqrt(2 * mpmath.pi),
    "step": lambda x: mpmath.mpf(int(x > 0)),
}

CORNERS: dict[str, Callable[..., Number]] = {  # zero on the corner
    "abs": lambda x: x,
    "relu": lambda x: x,
    "step": lambda x: x,
    "min": lambda x, z: x - z,
    "max": lambda x, z: x - z,
    "leaky_relu": lambda x: x,
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "!="), lambda x, z: x - z),
    "where": lambda x, *_: x - mpmath.mpf(0.5),
    "sign": lambda x: x,
    "floor": _to_whole,
    "round": lambda x: _to_whole(x - mpmath.mpf(0.5)),
    "clip": lambda x, z, t: min(abs(x - z), abs(x - t)),
}
EDGES: dict[str, tuple[int, ...]] = {  # arguments that must not reach 0
    "/": (1,),
    "log": (0,),
    "sqrt": (0,),
    "**": (0,),
    "**z": (0,),
    "reciprocal": (0,),
    "falling_power": (0,),
}
FAR: dict[str, Callable[..., Number]] = {  # how far it is to the nearest singularity
    "log1p": lambda x: 1 + x,
    "log2": lambda x: x,
    "log10": lambda x: x,
    "tan": lambda x: abs(mpmath.cos(x)),
    "asin": lambda x: 1 - abs(x),
    "acos": lambda x: 1 - abs(x),
    "atan": lambda x: mpmath.hypot(x, 1),
    "atan2": mpmath.hypot,
    "hypot": mpmath.hypot,
    "cbrt": abs,
    "log2_slope": abs,
    "log10_slope": abs,
    "atan_slope": lambda x: mpmath.hypot(x, 1),
}
FIXED = {"falling_power": (1, 2)}  # arguments that are numbers of the row, not values


def row_value(name: str, args: Sequence[float], dps: int = 50) -> Number:
    """The value of a row at floats, an mpf good to at least `dps` digits.

    Raises
    ------
    ValueError
        Outside the domain.
    ZeroDivisionError
        At a division by 0.
    """
    with mp.workdps(dps + GUARD):
        return ROWS[name](*(mpmath.mpf(a) for a in args))


def row_taylor(name: str, args: Sequence[float], order: int) -> list[list[Number] | None]:
    """Taylor coefficients c_0..c_order of a row along each of its arguments, to 25 digits and more.

    None for an argument along which there is no series: a fixed number of the row, the exponent of a
    power whose base is not above 0.

    Raises
    ------
    ValueError
        Exactly on a corner, or outside the domain.
    ZeroDivisionError
        At a division by 0.

    Notes
    -----
    A coefficient that is 10^860 times smaller than the largest, in units of the distance to the nearest
    singularity, is taken as 0.
    """
    if name in CORNERS and CORNERS[name](*args) == 0:
        raise ValueError(f"{name} at {args} has a corner")
    return [_along(name, tuple(args), k, order) for k in range(len(args))]


@cache
def _along(name: str, args: tuple[float, ...], k: int, order: int) -> list[Number] | None:
    if k in FIXED.get(name, ()) or (name in ("**", "**z") and k == 1 and args[0] <= 0):
        return None
    with mp.workdps(DIGITS[0]):
        scale = mpmath.mpf(1)  # how far the series reaches, at most
        if name in CORNERS:
            scale = abs(CORNERS[name](*(mpmath.mpf(a) for a in args)))
        elif k in EDGES.get(name, ()) and args[k] != 0:
            scale = abs(mpmath.mpf(args[k]))
        elif name in FAR:
            scale = FAR[name](*(mpmath.mpf(a) for a in args)) or scale
    before: list[Number] = []
    for digits in DIGITS:
        with mp.workdps(digits):
            exact = [mpmath.mpf(a) for a in args]

            def f(t: Number, exact: list[Number] = exact) -> Number:
                return ROWS[name](*exact[:k], exact[k] + scale * t, *exact[k + 1 :])

            now = mpmath.taylor(f, 0, order, chop=False)
            if (
                before
                and any(now[1:])
                and all(  # -1 + e**x at first is -1
                    abs(a - b) <= abs(a) * mpmath.mpf(10) ** -AGREEMENT
                    for a, b in zip(now, before, strict=True)
                )
            ):
                break
            before = now
    else:  # zeros never agree: what is left of them is rounding
        least = max(abs(c) for c in now) * mpmath.mpf(10) ** -NOTHING
        now = [c if abs(c) > least else mpmath.mpf(0) for c in now]
    with mp.workdps(DIGITS[-1]):
        return [c / scale**n for n, c in enumerate(now)]
