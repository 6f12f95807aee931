"""Where a derivative is for certain: an interval that contains it."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ..graphs.graph import Graph
from ..show import Shown
from ..sweeps.run import Run

if TYPE_CHECKING:
    from .balls import Ball, Balls

FIRST, LAST = 64, 4096  # bits of the attempts, doubled in between
ENOUGH = 60  # bits to which the derivative is known: float64 has 53
NAMED = 3  # corners that a sentence names


@dataclass(frozen=True)
class Enclosure(Shown):
    """An interval that contains the true derivative of J with respect to a node.

    Parameters
    ----------
    node : str
    value : float
        The node's computed value.
    lower, upper : float
        The ends of the interval, rounded outward; -inf and inf where nothing is known.
    centre : float
        The float nearest to the middle; nan where nothing is known.
    radius : float
        abs(derivative - centre) is at most this.
    bits : int
        Precision of the arithmetic that found it.
    adjoint : float
        dJ/dnode by backprop.
    corners : tuple of str
        Nodes that are on their corners, so that J has a slope on either side: the interval contains both.
    reason : str
        Why it is as wide as it is, in a sentence; empty where it is narrow.
    """

    node: str
    value: float
    lower: float
    upper: float
    centre: float
    radius: float
    bits: int
    adjoint: float
    corners: tuple[str, ...] = ()
    reason: str = ""

    def contains(self, x: Any) -> bool:
        """Whether a number (a float, a Fraction, an mpf) lies in the interval; compared exactly."""
        return bool(self.lower <= x <= self.upper)

    @property
    def finite(self) -> bool:
        """Whether anything is known."""
        return math.isfinite(self.radius)


class NoDerivative(ArithmeticError):
    """A node at which nothing is known of the derivative."""

    def __init__(self, node: int) -> None:
        super().__init__(node)
        self.node = node


def enclose(run: Run | Graph, node: str) -> Enclosure:
    """An interval that contains the true derivative of J with respect to a node, for certain.

    Parameters
    ----------
    run : Run or Graph
        A run in any format; a graph without inputs stands for its run.
    node : str
        The name of the node.

    Returns
    -------
    Enclosure

    Raises
    ------
    UsageError
        If python-flint is not installed: ``pip install 'nudgegrad[certified]'``; if it is no run; if an
        operation between the node and J does not say how it is computed exactly.
    NodeError
        If there is no node of that name.

    Notes
    -----
    The true derivative is that of exact arithmetic at the node's computed value, with every node that does
    not depend on it held at its computed value. Values and tangents of all others are computed in ball
    arithmetic (Johansson 2017) with 64 bits, then twice as many, up to 4096, until the derivative is known
    to 60. The proof rests on FLINT and on the op table.

    On a corner, or nearer to one than 4096 bits can tell, the interval contains the slopes of both sides
    and everything between, and says so; several corners at once may widen it beyond that. At the edge of a
    domain or at a jump there is no derivative, and the interval is (-inf, inf).

    References
    ----------
    Johansson, F. (2017). Arb: efficient arbitrary-precision midpoint-radius interval arithmetic. IEEE
    Transactions on Computers 66(8), 1281-1292.

    Examples
    --------
    >>> import nudgegrad as ng
    >>> run = ng.graph("a = tanh(w*x); J = a**2").at(w=0.3, x=0.7)
    >>> found = ng.enclose(run, "w")
    >>> found.contains(run.adjoint("w")), found.upper - found.lower < 1e-15
    (True, True)
    >>> corner = ng.enclose(ng.graph("J = relu(w) + w").at(w=0), "w")
    >>> corner.lower, corner.upper, corner.corners
    (1.0, 2.0, ('relu(w)',))
    """
    if isinstance(run, Graph):
        run = run.at()
    if not isinstance(run, Run):
        raise UsageError(
            f"enclose takes a run, not {type(run).__name__}",
            help='for example nudgegrad.graph("J = w*w").at(w=3)',
        )
    if importlib.util.find_spec("flint") is None:
        raise UsageError(
            "ball arithmetic needs python-flint, which is not installed",
            help="pip install 'nudgegrad[certified]'",
        )
    from . import balls as arithmetic  # python-flint, which nothing else needs

    graph = run.graph
    i = graph.index(node)
    steps = graph.descendants(i)[1:] if graph.reaches[i] else []
    _refuse_unknown(graph, steps)
    bits = FIRST
    while True:
        with arithmetic.precision(bits):
            try:
                found, corners = _tangent(run, i, steps, arithmetic.Balls())
            except NoDerivative as problem:
                if bits == LAST:
                    return _unknown(run, i, bits, problem.node)
            else:
                if bits == LAST or arithmetic.known(found.arb, ENOUGH):
                    return _enclosure(run, i, bits, _parted(run, i, steps, found, corners), corners)
        bits *= 2


def _refuse_unknown(graph: Graph, steps: Sequence[int]) -> None:
    for k in steps:
        row = graph.op(k)
        assert row is not None
        if row.exactly is None:
            raise UsageError(
                f"'{row.name}' has no exact value, so no derivative through it can be enclosed",
                graph.place(k),
                "nudgegrad.nudges gives its derivatives with a bar",
            )


def _tangent(run: Run, i: int, steps: Sequence[int], balls: Balls) -> tuple[Ball, list[int]]:
    """dJ/d(node i) in ball arithmetic, and the nodes that are on a corner.

    Raises
    ------
    NoDerivative
        Where a value or a tangent is not finite.
    """
    graph, held = run.graph, run.value_array
    if not graph.reaches[i]:
        return balls.ball(0.0), []
    values: dict[int, Ball] = {i: balls.ball(float(held[i]))}
    tangents: dict[int, Ball] = {i: balls.ball(1.0)}
    corners: list[int] = []
    for k in steps:
        row, operands = graph.op(k), graph.args(k)
        assert row is not None
        args = [values[j] if j in values else balls.ball(float(held[j])) for j in operands]
        try:
            values[k] = balls.value(row, args)
            tangents[k], cornered = balls.slope(row, args, values[k], [tangents.get(j) for j in operands])
        except (ArithmeticError, ValueError):
            raise NoDerivative(k) from None
        if not (values[k].arb.is_finite() and tangents[k].arb.is_finite()):
            raise NoDerivative(k)
        if cornered:
            corners.append(k)
    return tangents[graph.output], corners


def _parted(run: Run, i: int, steps: Sequence[int], found: Ball, corners: Sequence[int]) -> list[Ball]:
    """The derivative on each side of the corners, if these are few; else all of them in one ball."""
    if not corners:
        return [found]
    apart = found.balls.__class__(joins=False)
    try:
        return apart.sides(lambda: _tangent(run, i, steps, apart)[0])
    except ArithmeticError:
        return [found]


def _enclosure(run: Run, i: int, bits: int, found: Sequence[Ball], corners: Sequence[int]) -> Enclosure:
    from .balls import above, at_least, below, middle, reach

    graph = run.graph
    names = tuple(graph.name(k) for k in corners)
    lower, upper = min(below(b.arb) for b in found), max(above(b.arb) for b in found)
    if len(found) == 1:
        centre = middle(found[0].arb)
        radius = reach(found[0].arb, centre)
    else:
        centre = lower / 2 + upper / 2
        middle_of_them = Fraction(centre)
        radius = at_least(max(Fraction(upper) - middle_of_them, middle_of_them - Fraction(lower)))
    reason = ""
    if names:
        several = "are on their corners" if len(names) > 1 else "is on its corner"
        reason = f"{_few(names)} {several}: the slopes of both sides lie in the interval"
    elif not math.isfinite(radius):
        reason = "the derivative is beyond the range of float64"
    return Enclosure(
        graph.name(i), float(run.value_array[i]), lower, upper, centre, radius, bits,
        float(run.adjoint_array[i]), names, reason,
    )  # fmt: skip


def _few(names: Sequence[str]) -> str:
    """The first names."""
    more = [f"{len(names) - NAMED} more"] if len(names) > NAMED else []
    return " and ".join([*names[:NAMED], *more])


def _unknown(run: Run, i: int, bits: int, where: int) -> Enclosure:
    graph = run.graph
    row, name = graph.op(where), graph.name(where)
    assert row is not None
    if row.domain is not None:
        reason = f"{name} is at the edge of its domain ({row.domain_text})"
    else:
        reason = f"{name} jumps, or {bits} bits do not suffice"
    return Enclosure(
        graph.name(i), float(run.value_array[i]), -math.inf, math.inf, math.nan, math.inf, bits,
        float(run.adjoint_array[i]), (), f"{reason}: no finite interval is certain to hold the derivative",
    )  # fmt: skip
