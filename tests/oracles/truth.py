"""Exact derivatives of J along nodes, by Arb's ball arithmetic on power series.

No derivative rule of nudgegrad is used: a node's descendants are recomputed as power series in that
node with FLINT's own series arithmetic, every other node held at its computed value. Precision is raised
until the enclosure settles the result.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import flint
import numpy as np
import numpy.typing as npt
from flint import arb, arb_series

from nudgegrad.graphs.graph import ROWS, Graph

PRECISION = 200  # bits of the first attempt
MOST = 6400  # bits of the last
RELATIVE = 80  # bits to which every coefficient must be known,
SURE = 400  # with so many, a coefficient may lie too close to the middle of two floats to be told from it
TINY = 2.0**-1074  # or it is known to lie within a smaller distance of 0 than any float64

Value = Any  # arb_series where a node depends on the nudged one, arb where it is held


@dataclass(frozen=True)
class Truth:
    """The exact derivative of J along one node.

    Parameters
    ----------
    value : float or None
        dJ/dnode, correctly rounded; inf beyond the range of float64; None where it does not exist.
    series : tuple of float
        Taylor coefficients c_0, c_1, ... of J along the node, correctly rounded; empty with `value` None.
    ball : arb or None
        The enclosure of dJ/dnode.
    kink : bool
        Whether a node stands exactly on a corner, so that there is no derivative.
    reason : str
        Why there is none.
    """

    value: float | None
    series: tuple[float, ...] = ()
    ball: arb | None = None
    kink: bool = False
    reason: str = ""

    def error(self, estimate: float) -> float:
        """abs(estimate - truth), rounded once; nan where there is no truth or no estimate."""
        if self.ball is None or math.isnan(estimate):
            return math.nan
        if math.isinf(estimate):
            return math.inf
        with precision(PRECISION):
            return abs(float(arb(float(estimate)) - self.ball))


def true_derivatives(
    graph: Graph,
    values: npt.NDArray[np.float64],
    nodes: Iterable[int] | None = None,
    prec: int = PRECISION,
    order: int = 1,
) -> dict[int, Truth]:
    """Exact derivatives of J along nodes, by node index.

    Parameters
    ----------
    values : array, shape (N,)
        Computed values of all nodes, in whatever format, as float64.
    nodes : iterable of int, optional
        Indices; all nodes that can be nudged if left out.
    prec : int
        Bits of the first attempt; raised as needed up to `MOST`.
    order : int
        Highest Taylor coefficient of `Truth.series`.

    Notes
    -----
    The value of a node is the derivative with respect to it at its computed value, its descendants
    recomputed exactly, all other nodes held at their computed values. Each node costs some 30
    microseconds and 2 to 4 per descendant. What cannot be told from 0 with `MOST` bits is taken as 0.
    """
    chosen = np.flatnonzero(graph.nudged).tolist() if nodes is None else [int(i) for i in nodes]
    operands, floats = graph.operands.tolist(), values.tolist()
    rows = [SERIES[ROWS[code].name] if code >= 0 else None for code in graph.codes.tolist()]
    held = [arb(v) for v in floats]
    found: dict[int, Truth] = {}
    for i in chosen:
        if not graph.reaches[i]:
            found[i] = Truth(0.0, (floats[graph.output], *[0.0] * order), arb(0))
            continue
        below = graph.descendants(i)[1:]
        bits = prec
        while True:
            with precision(bits, order + 1):
                truth, vanishes = _attempt(graph, i, below, rows, operands, held, order, bits >= MOST)
            if truth is not None:
                found[i] = truth
                break
            bits = min(MOST, bits * (8 if vanishes else 2))  # an exact 0 needs 1100 bits and more
    return found


def _attempt(
    graph: Graph,
    i: int,
    below: Sequence[int],
    rows: Sequence[Any],
    operands: Sequence[Sequence[int]],
    held: Sequence[arb],
    order: int,
    last: bool,
) -> tuple[Truth | None, bool]:
    """The truth at the present precision, None if it does not suffice; whether a 0 could be the cause."""
    nodes: list[Value] = list(held)
    nodes[i] = arb_series([held[i], 1])
    j = i
    try:
        for j in below:
            nodes[j] = rows[j](*(nodes[k] for k in operands[j] if k >= 0), last)
    except _NoDerivative as problem:
        reason = f"{graph.name(j)}: {problem}"
        return Truth(None, kink=problem.kink, reason=reason), False
    except _Undecided:
        return None, True
    output = nodes[graph.output]
    if not isinstance(output, arb_series):  # min or max took the other argument
        output = arb_series([output])
    balls = [output[k] for k in range(order + 1)]
    rounded = [_rounded(ball, last) for ball in balls]
    known = [c for c in rounded if c is not None]
    if len(known) == len(rounded):
        return Truth(known[1], tuple(known), balls[1]), False
    if last:
        return Truth(None, reason=f"not known after {MOST} bits"), False
    return None, any(c is None and ball.contains(0) for c, ball in zip(rounded, balls, strict=True))


def _rounded(ball: arb, last: bool) -> float | None:
    """The float nearest to all of a ball, None if the ball is too wide for one."""
    bits = ball.rel_accuracy_bits()
    if bits >= RELATIVE:
        middle = float(ball)
        if bits >= SURE or last or float(ball.lower()) == middle == float(ball.upper()):
            return middle
        return None
    if ball.contains(0) and ball.abs_upper() < TINY:
        return 0.0
    return None


@contextmanager
def precision(bits: int, length: int = 2) -> Iterator[None]:
    """FLINT's global precision and series length, set for a while."""
    before = flint.ctx.prec, flint.ctx.cap
    flint.ctx.prec, flint.ctx.cap = bits, length
    try:
        yield
    finally:
        flint.ctx.prec, flint.ctx.cap = before


class _NoDerivative(Exception):  # not an error: an answer
    """J has no derivative along the node: a corner, or the edge of a domain."""

    def __init__(self, reason: str, kink: bool = False) -> None:
        super().__init__(reason)
        self.kink = kink


class _Undecided(Exception):  # not an error: a request for more bits
    """A sign is not known at this precision."""


# Rows as series. Arguments: the operands (series or balls), and whether this is the last attempt.


def _head(x: Value) -> arb:
    return x[0] if isinstance(x, arb_series) else x


def _sign(x: Value, last: bool) -> int:
    """The sign of a value at the node's own value: -1, 0 or 1."""
    ball = _head(x)
    if ball > 0:
        return 1
    if ball < 0:
        return -1
    if ball.is_zero() or (last and ball.is_finite()):
        return 0
    raise _Undecided


def _side(x: Value, last: bool) -> int:
    """The side of a corner at 0 on which a value lies: -1 or 1; either if it stays on the corner."""
    sign = _sign(x, last)
    if sign == 0:
        if not isinstance(x, arb_series):
            return 1
        raise _NoDerivative("exactly on its corner", kink=True)
    return sign


def _divide(x: Value, z: Value, last: bool) -> Value:
    if _sign(z, last) == 0:
        raise _NoDerivative("division by 0")
    return x / z


def _inside(method: str, x: Value, last: bool) -> Value:
    """Log or sqrt, which have derivatives above 0 only."""
    if _sign(x, last) <= 0:
        raise _NoDerivative(f"{method} at or below 0")
    return getattr(x, method)()


def _power(x: Value, z: Value, last: bool) -> Value:
    """x**z: a whole power where z is held and whole, else exp(z log x) for x > 0."""
    if isinstance(z, arb_series) or not z.is_integer():
        if _sign(x, last) <= 0:
            raise _NoDerivative("a power that is not a fixed whole number, of a base at or below 0")
        return (x.log() * z).exp()
    exponent = int(z.unique_fmpz())
    if exponent < 0 and _sign(x, last) == 0:
        raise _NoDerivative("a negative power of 0")
    if abs(exponent) < 1000:
        power = x ** abs(exponent)
        return power if exponent >= 0 else 1 / power
    side = _sign(x, last)
    if side == 0:
        return x**1000  # every coefficient that is asked for is 0, as those of x**exponent
    power = ((x if side > 0 else -x).log() * z).exp()
    return power if side > 0 or exponent % 2 == 0 else -power


def _sigmoid(x: Value, last: bool) -> Value:
    if _sign(x, last) >= 0:
        return 1 / (1 + (-x).exp())
    e = x.exp()
    return e / (1 + e)


def _tanh(x: Value, last: bool) -> Value:
    if _sign(x, last) >= 0:
        e = (-2 * x).exp()
        return (1 - e) / (1 + e)
    e = (2 * x).exp()
    return (e - 1) / (e + 1)


def _within(method: str, x: Value, last: bool) -> Value:
    """asin or acos, which have derivatives between -1 and 1 only."""
    if _sign(1 - x, last) <= 0 or _sign(1 + x, last) <= 0:
        raise _NoDerivative(f"{method} at or beyond 1")
    return getattr(x, method)()


def _atan2(x: Value, z: Value, last: bool) -> Value:
    """By the quarter in which (z, x) lies; across the cut the angle jumps."""
    up, right = _sign(x, last), _sign(z, last)
    if up:
        return up * arb.pi() / 2 - (z / x).atan()
    if right > 0:
        return (x / z).atan()
    if right == 0 or isinstance(x, arb_series):
        raise _NoDerivative("atan2 at 0 or on its cut")
    return arb.pi()


def _hypot(x: Value, z: Value, last: bool) -> Value:
    if _sign(x, last) == 0 and _sign(z, last) == 0:
        raise _NoDerivative("hypot at 0")
    return (x * x + z * z).sqrt()


def _cbrt(x: Value, last: bool) -> Value:
    side = _sign(x, last)
    if side == 0:
        raise _NoDerivative("cbrt at 0")
    return side * ((side * x).log() / 3).exp()


def _level(x: Value, last: bool) -> int:
    """The sign of a value that can only jump where it is 0."""
    sign = _sign(x, last)
    if sign == 0 and isinstance(x, arb_series):
        raise _NoDerivative("exactly on its corner", kink=True)
    return sign


def _comparison(holds: Callable[[int, int], bool]) -> Callable[..., Value]:
    return lambda x, z, last: arb(int(holds(_level(x - z, last), 0)))


def _whole(x: Value, last: bool) -> int:
    """The whole number below a value that may move."""
    below = _head(x).floor()
    if not below.is_exact():
        if not last:
            raise _Undecided
        raise _NoDerivative("exactly on its corner", kink=True)
    _level(x - below, last)
    return int(below.unique_fmpz() or 0)


def _round(x: Value, last: bool) -> Value:
    if isinstance(x, arb_series):
        return arb(_whole(x + arb(0.5), last))
    return arb(round(float(x)))  # a tie goes to the even one


def _clip(x: Value, z: Value, t: Value, last: bool) -> Value:
    if _side(x - z, last) < 0:
        return z
    return t if _side(x - t, last) > 0 else x


SERIES: dict[str, Callable[..., Value]] = {
    "+": lambda x, z, _: x + z,
    "-": lambda x, z, _: x - z,
    "*": lambda x, z, _: x * z,
    "/": _divide,
    "neg": lambda x, _: -x,
    "copy": lambda x, _: x,
    "**": _power,
    "**z": _power,
    "abs": lambda x, last: x if _side(x, last) > 0 else -x,
    "min": lambda x, z, last: z if _side(x - z, last) > 0 else x,
    "max": lambda x, z, last: x if _side(x - z, last) > 0 else z,
    "relu": lambda x, last: x if _side(x, last) > 0 else 0 * x,
    "exp": lambda x, _: x.exp(),
    "log": partial(_inside, "log"),
    "sqrt": partial(_inside, "sqrt"),
    "sin": lambda x, _: x.sin(),
    "cos": lambda x, _: x.cos(),
    "tanh": _tanh,
    "sigmoid": _sigmoid,
    "expm1": lambda x, _: x.exp() - 1,
    "log1p": lambda x, last: _inside("log", 1 + x, last),
    "log2": lambda x, last: _inside("log", x, last) / arb(2).log(),
    "log10": lambda x, last: _inside("log", x, last) / arb(10).log(),
    "tan": lambda x, _: x.tan(),
    "asin": partial(_within, "asin"),
    "acos": partial(_within, "acos"),
    "atan": lambda x, _: x.atan(),
    "atan2": _atan2,
    "sinh": lambda x, _: (x.exp() - (-x).exp()) / 2,
    "cosh": lambda x, _: (x.exp() + (-x).exp()) / 2,
    "softplus": lambda x, _: (1 + x.exp()).log(),
    "leaky_relu": lambda x, last: x if _side(x, last) > 0 else x / 100,
    "gelu": lambda x, _: x * (-x / arb(2).sqrt()).erfc() / 2,
    "silu": lambda x, last: x * _sigmoid(x, last),
    "erf": lambda x, _: x.erf(),
    "square": lambda x, _: x * x,
    "reciprocal": lambda x, last: _divide(arb(1), x, last),
    "hypot": _hypot,
    "cbrt": _cbrt,
    "<": _comparison(operator.lt),
    "<=": _comparison(operator.le),
    ">": _comparison(operator.gt),
    ">=": _comparison(operator.ge),
    "==": _comparison(operator.eq),
    "!=": _comparison(operator.ne),
    "where": lambda x, z, t, last: z if _level(2 * x - 1, last) > 0 else t,
    "sign": lambda x, last: arb(_level(x, last)),
    "floor": lambda x, last: arb(_whole(x, last)),
    "round": _round,
    "clip": _clip,
}
