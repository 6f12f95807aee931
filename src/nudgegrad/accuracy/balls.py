"""Ball arithmetic on rows: numbers known to lie within a radius, by FLINT's Arb.

`Op.exactly` and the formulas of partials are written for numbers that can be compared. A ball that lies on
both sides of a corner cannot: then each side is followed, and what comes out is put into one ball.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from itertools import combinations
from typing import Any

import flint
from flint import arb

from ..graphs.ops import Op, Term

SIDES = 64  # of corners that are followed together
SMALLEST, LARGEST = -1074, 1024  # sizes as powers of two between which there are floats
MAXIMUM = Fraction(sys.float_info.max)


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """FLINT's global precision, set for a while."""
    before = flint.ctx.prec
    flint.ctx.prec = bits
    try:
        yield
    finally:
        flint.ctx.prec = before


class Ball:
    """An Arb ball among the arithmetic it belongs to: what rows compute with."""

    __slots__ = ("arb", "balls")

    def __init__(self, balls: Balls, number: arb) -> None:
        self.balls = balls
        self.arb = number

    def _of(self, number: arb) -> Ball:
        return Ball(self.balls, number)

    def __add__(self, other: Any) -> Ball:
        return self._of(self.arb + number(other))

    def __sub__(self, other: Any) -> Ball:
        return self._of(self.arb - number(other))

    def __mul__(self, other: Any) -> Ball:
        return self._of(self.arb * number(other))

    def __truediv__(self, other: Any) -> Ball:
        return self._of(self.arb / number(other))

    def __radd__(self, other: Any) -> Ball:
        return self._of(number(other) + self.arb)

    def __rsub__(self, other: Any) -> Ball:
        return self._of(number(other) - self.arb)

    def __rmul__(self, other: Any) -> Ball:
        return self._of(number(other) * self.arb)

    def __rtruediv__(self, other: Any) -> Ball:
        return self._of(number(other) / self.arb)

    def __pow__(self, n: Any) -> Ball:
        return self.balls.power(self, int(n))

    def __neg__(self) -> Ball:
        return self._of(-self.arb)

    def __abs__(self) -> Ball:
        return self._of(abs(self.arb))

    def __lt__(self, other: Any) -> bool:
        return self.balls.less(self.arb, number(other))

    def __gt__(self, other: Any) -> bool:
        return self.balls.less(number(other), self.arb)

    __le__ = __lt__  # a tie is a corner: both sides are followed
    __ge__ = __gt__

    def __eq__(self, other: object) -> bool:
        return self.balls.equal(self.arb, number(other))

    __hash__ = None  # type: ignore[assignment]  # equality may have two answers

    def __bool__(self) -> bool:
        return self != 0

    def __int__(self) -> int:
        whole = self.arb.unique_fmpz()
        if whole is None:
            raise ArithmeticError("no whole number")
        return int(whole)

    @property
    def denominator(self) -> int:
        """1 for an exact whole number, as of a Fraction; else 0."""
        return int(self.arb.is_integer())


def number(x: Any) -> arb:
    """A ball, float, int or Fraction as an Arb ball."""
    if isinstance(x, Ball):
        return x.arb
    return arb(x.numerator) / x.denominator if isinstance(x, Fraction) else arb(x)


class Balls:
    """The functions of `Op.exactly` on balls, and the sides of corners that are being followed.

    Parameters
    ----------
    joins : bool
        Whether every op's results on its sides are joined; else whoever asks for the `sides` of more than
        one op follows them apart.
    """

    def __init__(self, joins: bool = True) -> None:
        self.joins = joins
        self._sides: list[bool] = []
        self._met = 0

    def ball(self, x: float) -> Ball:
        """`x` itself, with radius 0."""
        return Ball(self, arb(x))

    # Corners

    def less(self, x: arb, y: arb) -> bool:
        """Whether x < y; where the balls do not say, or touch, one answer after the other."""
        if x < y:
            return True
        return False if y < x else self._side()

    def equal(self, x: arb, y: arb) -> bool:
        """Whether x = y; where the balls do not say, one answer after the other."""
        if x == y:
            return True
        return self._side() if x.overlaps(y) else False

    def _side(self) -> bool:
        if self._met == len(self._sides):
            self._sides.append(True)
        self._met += 1
        return self._sides[self._met - 1]

    def sides(self, compute: Callable[[], Any]) -> list[Any]:
        """What `compute` gives on every side of every corner that it meets.

        Raises
        ------
        ArithmeticError
            If there are more than `SIDES`.
        """
        found = []
        self._sides = []
        while True:
            self._met = 0
            found.append(compute())
            while self._sides and not self._sides[-1]:
                self._sides.pop()
            if not self._sides or len(found) == SIDES:
                break
            self._sides[-1] = False
        if self._sides:
            raise ArithmeticError("too many corners")
        return found

    def _of_op(self, compute: Callable[[], arb]) -> list[arb]:
        return self.sides(compute) if self.joins else [compute()]

    # Functions

    def times(self, x: Any, y: Any) -> Any:
        """x y, of any kinds."""
        return x * y

    def power(self, x: Any, n: int) -> Ball:
        """x**n for whole n."""
        return Ball(self, number(x) ** n)

    def floor(self, x: Any) -> Ball:
        """The whole number below; nan where the ball holds a whole number, at which it jumps."""
        return Ball(self, arb("nan") if number(x).contains_integer() else number(x).floor())

    def atan2(self, x: Any, z: Any) -> Ball:
        """The angle of the point (z, x)."""
        return Ball(self, arb.atan2(number(x), number(z)))

    def nint(self, x: Any) -> Ball:
        """The nearest whole number; nan where the ball holds a number half-way, at which it jumps."""
        return self.floor(Ball(self, number(x) + 0.5))

    def __getattr__(self, name: str) -> Any:
        """Functions such as exp: Arb's of the same name."""
        if name.startswith("_") or not hasattr(arb, name):
            raise AttributeError(name)
        return lambda x, *others: Ball(self, getattr(number(x), name)(*map(number, others)))

    # Rows

    def value(self, row: Op, args: Sequence[Ball]) -> Ball:
        """One row: all of its values on all sides, nan where it jumps."""
        assert row.exactly is not None
        exactly = row.exactly
        found = self._of_op(lambda: number(exactly(self, *args)))
        if any(not x.overlaps(y) for x, y in combinations(found, 2)):
            return Ball(self, arb("nan"))
        return Ball(self, joined(found))

    def slope(
        self, row: Op, args: Sequence[Ball], y: Ball, tangents: Sequence[Ball | None]
    ) -> tuple[Ball, bool]:
        """The tangent of one row from those of its arguments (None: it does not move), and whether it has a
        corner there: whether there are sides with different tangents."""
        named = dict(zip((*row.symbols, "y"), (*args, y), strict=True))
        terms = [(f, t) for f, t in zip(row.formulas, tangents, strict=True) if t is not None]

        def tangent() -> arb:
            known: dict[Any, Ball] = {}
            total = arb(0)
            for formula, t in terms:
                if formula is not None:
                    total += self._formula(formula, named, known).arb * t.arb
            return total

        found = self._of_op(tangent)
        kinked = any(not (x.contains(y) and y.contains(x)) for x, y in combinations(found, 2))
        return Ball(self, joined(found)), kinked

    def _formula(self, term: Term, named: dict[str, Ball], known: dict[Any, Ball]) -> Ball:
        """A formula; what is written twice is computed once, so that it is on one side of a corner."""
        key = written(term)
        if key not in known:
            if term.op is None:
                known[key] = named[term.symbol] if isinstance(term.symbol, str) else self.ball(term.symbol)
            else:
                assert term.op.exactly is not None
                args = [self._formula(a, named, known) for a in term.args]
                found = term.op.exactly(self, *args)
                known[key] = found if isinstance(found, Ball) else Ball(self, number(found))
        return known[key]


def written(term: Term) -> tuple[Any, ...]:
    """What a formula is made of, to be compared with another."""
    if term.op is None:
        return (term.symbol,)
    return (term.op.name, *map(written, term.args))


def joined(balls: Sequence[arb]) -> arb:
    """The smallest ball around balls."""
    found = balls[0]
    for ball in balls[1:]:
        found = found.union(ball)
    return found


# Floats and balls


def known(ball: arb, bits: int) -> bool:
    """Whether a ball is known to so many bits, or lies nearer to 0 than any float."""
    return bool(ball.rel_accuracy_bits() >= bits or ball.abs_upper() < math.ulp(0.0))


def middle(ball: arb) -> float:
    """The float nearest to the middle of a ball, as near as the range of floats allows."""
    return min(max(float(ball.mid()), -sys.float_info.max), sys.float_info.max)


def reach(ball: arb, centre: float) -> float:
    """A float that the distance of no number of the ball from `centre` is above."""
    return max(above(ball - centre), above(centre - ball))


def below(ball: arb) -> float:
    """The largest float that is not above any number of the ball; -inf where it has no lower end."""
    return 0.0 - above(-ball)


def above(ball: arb) -> float:
    """The smallest float that is not below any number of the ball; inf where it has no upper end."""
    end = ball.upper()
    if not end.is_finite():
        return math.inf
    mantissa, exponent = (int(part) for part in end.man_exp())
    size = exponent + abs(mantissa).bit_length()  # 2^(size - 1) <= abs(end) < 2^size
    if size < SMALLEST:  # not as a fraction: its denominator may have any length
        return math.ulp(0.0) if mantissa > 0 else 0.0
    if size > LARGEST:
        return math.inf if mantissa > 0 else -sys.float_info.max
    return at_least(Fraction(mantissa) * Fraction(2) ** exponent)


def at_least(x: Fraction) -> float:
    """The smallest float that is not below a rational."""
    if x > MAXIMUM:
        return math.inf
    nearest = float(max(x, -MAXIMUM))
    return nearest if nearest >= x else math.nextafter(nearest, math.inf)
