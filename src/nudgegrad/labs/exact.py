"""Exact values: what a box of the lab should hold, as a rational, or enclosed to some 60 digits.

Rational arithmetic stays rational. What is not (exp, log, sqrt, sin, …) is an interval of mpmath's, and
an interval narrower than 1e-50 of its size that holds a fraction with a denominator up to 10^6 is taken
for that fraction: exp(0) is 1, sin(t)**2 + cos(t)**2 is 1. (A number that is no such fraction comes that
near to one by chance with a probability of some 1e-38.)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from mpmath.ctx_iv import MPIntervalContext
from mpmath.ctx_mp import MPContext

from ..graphs.graph import CONSTANT, INPUT, Graph
from ..graphs.ops import Op, Term

Truth = str | tuple[str, str]  # "9/2", or the two ends of an enclosure

PRECISION = 240  # bits of an interval's ends
GUARD = 20  # bits beyond these, of a function that mpmath has for numbers only
NARROW = Fraction(1, 10**50)
MOST = 10**9  # beyond which a float has too few digits to tell fractions apart
SIMPLE = 10**6  # largest denominator of a fraction that an interval is taken for
LONG = 400  # bits of a numerator or denominator beyond which a rational becomes an interval
DIGITS = 50  # of an enclosure's ends as they are written


class Undefined(ArithmeticError):
    """The value does not exist here, or is not known at all."""


class Interval:
    """The functions of `Op.exactly` on rationals and on mpmath's intervals."""

    def __init__(self) -> None:
        self.context = MPIntervalContext()
        self.context.prec = PRECISION
        self.numbers = MPContext()
        self.numbers.prec = PRECISION + GUARD

    def interval(self, x: Any) -> Any:
        """`x` as an interval."""
        if isinstance(x, Fraction):
            return self.context.mpf(x.numerator) / self.context.mpf(x.denominator)
        return x

    def alike(self, args: Sequence[Any]) -> Sequence[Any]:
        """The arguments, so that they compute with each other: beside an interval a whole number is an
        int (an exponent stays one), any other rational an interval."""
        if all(isinstance(x, Fraction) for x in args):
            return args
        whole = [isinstance(x, Fraction) and x.denominator == 1 for x in args]
        return [int(x) if w else self.interval(x) for x, w in zip(args, whole, strict=True)]

    def times(self, x: Any, y: Any) -> Any:
        """x y, of any kinds."""
        x, y = self.alike([x, y])
        return x * y

    def power(self, x: Any, n: int) -> Any:
        """x**n for whole n."""
        if isinstance(x, Fraction) and bits(x) * abs(n) > LONG:
            x = self.interval(x)
        if n == 0:
            return 0 * x + 1
        return x**n if n > 0 else 1 / x**-n

    def exp(self, x: Any) -> Any:
        """e**x."""
        return self.context.exp(self.interval(x))

    def log(self, x: Any) -> Any:
        """The natural logarithm."""
        if not x > 0:
            raise Undefined("log of a number that is not positive")
        return self.context.log(self.interval(x))

    def sqrt(self, x: Any) -> Any:
        """The square root."""
        if x < 0:
            raise Undefined("the root of a negative number")
        return self.context.sqrt(self.interval(x))

    def sin(self, x: Any) -> Any:
        """The sine."""
        return self.context.sin(self.interval(x))

    def cos(self, x: Any) -> Any:
        """The cosine."""
        return self.context.cos(self.interval(x))

    def atan(self, x: Any) -> Any:
        """The arc tangent."""
        return self.atan2(x, 1)

    def atan2(self, x: Any, z: Any) -> Any:
        """The angle of the point (z, x)."""
        return self.context.atan2(self.interval(x), self.interval(z))

    def expm1(self, x: Any) -> Any:
        """e**x - 1."""
        return self.between_ends(self.numbers.expm1, x)

    def log1p(self, x: Any) -> Any:
        """The natural logarithm of 1 + x."""
        if not x > -1:
            raise Undefined("log of a number that is not positive")
        return self.between_ends(self.numbers.log1p, x)

    def sinh(self, x: Any) -> Any:
        """The hyperbolic sine."""
        return self.between_ends(self.numbers.sinh, x)

    def erf(self, x: Any) -> Any:
        """The error function."""
        return self.between_ends(self.numbers.erf, x)

    def erfc(self, x: Any) -> Any:
        """1 minus the error function."""
        return self.between_ends(self.numbers.erfc, x)

    def between_ends(self, f: Callable[[Any], Any], x: Any) -> Any:
        """A monotonic function that mpmath has for numbers: between its values at the ends of x."""
        given = self.context.convert(self.interval(x))._mpi_
        low, high = (end._mpf_ for end in sorted(f(self.numbers.make_mpf(end)) for end in given))
        slack = self.context.mpf(2) ** -PRECISION
        return self.context.make_mpf((low, high)) * self.context.mpf([1 - slack, 1 + slack])

    def floor(self, x: Any) -> int:
        """The next whole number below."""
        return self.alike_at_ends(math.floor, x)

    def nint(self, x: Any) -> int:
        """The nearest whole number, the even one half-way."""
        return self.alike_at_ends(round, x)

    def alike_at_ends(self, f: Callable[[Any], int], x: Any) -> int:
        """A rising step function, where it is the same on all of an interval."""
        low, high = (x, x) if isinstance(x, int | Fraction) else ends(x)
        if f(low) != f(high):
            raise Undefined("the interval holds a step")
        return f(low)

    def settled(self, x: Any) -> Any:
        """A rational where `x` is one or must be one; a long rational as an interval."""
        if isinstance(x, int | Fraction):
            x = Fraction(x)
            return x if bits(x) <= LONG else self.interval(x)
        low, high = ends(x)
        if high - low > NARROW * max(1, abs(low.numerator // low.denominator)) or abs(low) > MOST:
            return x
        simple = Fraction(float(low)).limit_denominator(SIMPLE)
        return simple if low <= simple <= high else x

    def apply(self, row: Op, args: Sequence[Any]) -> Any:
        """One op.

        Raises
        ------
        Undefined
            If it has no value there, or the row no exact one.
        """
        if row.exactly is None:
            raise Undefined(f"{row.name} has no exact value")
        try:
            return self.settled(row.exactly(self, *self.alike(args)))
        except (ZeroDivisionError, ValueError, OverflowError) as error:
            raise Undefined(str(error)) from None

    def formula(self, term: Term, named: Mapping[str, Any]) -> Any:
        """A row's formula; as deep as a row writes it."""
        if term.op is None:
            return named[term.symbol] if isinstance(term.symbol, str) else Fraction(term.symbol)
        return self.apply(term.op, [self.formula(a, named) for a in term.args])


EXACT = Interval()


def bits(x: Fraction) -> int:
    """The length of a rational."""
    return max(abs(x.numerator), x.denominator).bit_length()


def ends(x: Any) -> tuple[Fraction, Fraction]:
    """The two ends of an interval, exactly.

    Raises
    ------
    Undefined
        If they are not finite.
    """
    found = []
    for sign, mantissa, exponent, _ in x._mpi_:  # mpmath's own form: (-1)^sign mantissa 2^exponent
        if mantissa == 0 and exponent != 0:
            raise Undefined("not a finite number")
        number = int(-mantissa if sign else mantissa)
        found.append(Fraction(number << exponent) if exponent > 0 else Fraction(number, 1 << -exponent))
    return found[0], found[1]


def values(graph: Graph, inputs: Mapping[int, Fraction]) -> list[Any]:
    """Exact value of every node, None where it has none.

    Parameters
    ----------
    inputs : mapping of node index to Fraction
    """
    found: list[Any] = []
    for i in range(len(graph)):
        code = graph.codes[i]
        if code == INPUT:
            found.append(inputs[i])
        elif code == CONSTANT:
            found.append(graph.constants[i][0])
        else:
            found.append(_value(graph, i, found))
    return found


def _value(graph: Graph, i: int, known: Any) -> Any:
    row = graph.op(i)
    assert row is not None
    args = [known[j] for j in graph.args(i)]
    if any(a is None for a in args):
        return None
    try:
        return EXACT.apply(row, args)
    except Undefined:
        return None


def nudged(graph: Graph, known: Sequence[Any], i: int, value: Any, order: Iterable[int]) -> dict[int, Any]:
    """Values of the nodes in `order` with node `i` set to `value`, everything else held at `known`."""
    changed = {i: value}
    for k in order:
        if k != i and any(j in changed for j in graph.args(k)):
            changed[k] = _value(graph, k, {j: changed.get(j, known[j]) for j in graph.args(k)})
    return changed


def slopes(graph: Graph, known: Sequence[Any], i: int) -> list[tuple[int, Any]]:
    """(operand, partial) of node `i`, once per place where an operand stands; None where there is none."""
    row = graph.op(i)
    if row is None:
        return []
    args = graph.args(i)
    named = dict(zip((*row.symbols, "y"), [*(known[j] for j in args), known[i]], strict=True))
    found = []
    for j, term in zip(args, row.formulas, strict=True):
        if term is None:
            continue
        try:
            found.append((j, None if None in named.values() else EXACT.formula(term, named)))
        except Undefined:
            found.append((j, None))
    return found


def sweep(graph: Graph, known: Sequence[Any], top: int, through: Iterable[int]) -> dict[int, Any]:
    """d(top)/dnode by the chain rule through the nodes `through` (descending, `top` first)."""
    adjoint: dict[int, Any] = {top: Fraction(1)}
    for i in through:
        if i not in adjoint:
            continue
        for j, p in slopes(graph, known, i):
            old, new = adjoint.get(j, Fraction(0)), adjoint[i]
            if p is None or new is None or old is None:
                adjoint[j] = None
                continue
            product = multiplied(new, p)
            adjoint[j] = added(old, product)
    return adjoint


def added(x: Any, y: Any) -> Any:
    """x + y, settled; None where one is missing."""
    if x is None or y is None:
        return None
    x, y = EXACT.alike([x, y])
    return EXACT.settled(x + y)


def multiplied(x: Any, y: Any) -> Any:
    """x y, settled; None where one is missing."""
    if x is None or y is None:
        return None
    return EXACT.settled(EXACT.times(x, y))


def quotient(after: Any, before: Any, h: Fraction) -> Any:
    """(after - before) / h; None where one is missing."""
    if after is None or before is None:
        return None
    return multiplied(added(after, multiplied(Fraction(-1), before)), 1 / h)


def truth(x: Any, digits: int = DIGITS) -> Truth | None:
    """A value as it is sent: a rational, or the ends of an enclosure of so many digits; None for none."""
    if x is None:
        return None
    if isinstance(x, Fraction):
        return str(x)
    try:
        low, high = ends(x)
    except Undefined:
        return None
    size = max(abs(low), abs(high))
    places = digits - (len(str(size.numerator)) - len(str(size.denominator))) if size else digits
    scale = Fraction(10) ** places
    return str((low * scale).__floor__() / scale), str((high * scale).__ceil__() / scale)
