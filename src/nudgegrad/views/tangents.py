"""What the picture of a slope shows: J as a function of one node, and its tangents."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..errors import UsageError
from ..formats import Array
from ..nudging.kinks import slopes
from ..nudging.optimal import problem
from ..nudging.stencils import STENCILS
from ..sweeps.evaluate import Plan, operands_of, plan, replay
from ..sweeps.run import Run
from .digits import number

POINTS = 481  # at which J is taken; odd, so that the middle is one
ROOM = 1.5  # times the node's value: how far to each side J is shown
LEAST = 2.0  # at least so far, for values from 0.1 to 10
PARTS = (0.1, 0.9)  # quantiles of J that are shown
FAR = 3.0  # times as much as these are apart: the others are shown too if they are not farther
AIR = 0.08  # above and below


@dataclass(frozen=True)
class Tangent:
    """J and its slope where the node is `at`; nan for a slope that does not exist, then left and right."""

    at: float
    value: float
    slope: float
    sides: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False)
class Slope:
    """J over one node.

    Parameters
    ----------
    run : Run
    node : str
    x, y : array, shape (K,)
        The node's value and J; nan where J does not exist.
    corners : tuple of float
        Where J may have a corner.
    tangents : tuple of Tangent
        The first is at the run's own value.
    low, high : float
        Which values of J are shown.
    """

    run: Run
    node: str
    x: Array
    y: Array
    corners: tuple[float, ...]
    tangents: tuple[Tangent, ...]
    low: float
    high: float

    @property
    def output(self) -> str:
        """The name of J."""
        return self.run.graph.name(self.run.graph.output)


def slope(run: Run, node: str | int, at: Sequence[float] = ()) -> Slope:
    """J as a function of one node around its value, everything that does not depend on the node held.

    Parameters
    ----------
    run : Run
    node : str or int
    at : sequence of float
        Further values of the node at which there are tangents.

    Raises
    ------
    NodeError
        If there is no such node.
    UsageError
        If the node is a constant, J does not depend on it, or does not exist at one of `at`.
    """
    graph = run.graph
    i = graph.index(node)
    name, output = graph.name(i), graph.name(graph.output)
    if not graph.nudged[i]:
        raise UsageError(f"'{name}' is a constant: nobody nudges it", graph.place(i))
    if not graph.reaches[i]:
        raise UsageError(
            f"{output} does not depend on {name}: there is no curve to draw",
            graph.place(i),
            f"--node with a node that {output} depends on",
        )
    p, v = plan(graph, [i]), float(run.value_array[i])
    tangents = tuple(_tangent(run, p, x) for x in dict.fromkeys([v, *run.format.round(list(at)).tolist()]))
    places = [t.at for t in tangents]
    reach = max(ROOM * abs(v), LEAST if v == 0 or 0.1 <= abs(v) <= 10 else 0.0)
    low, high = min(v - reach, *places), max(v + reach, *places)
    if len(places) > 1:
        low, high = min(low, min(places) - 0.2 * reach), max(high, max(places) + 0.2 * reach)
    x = run.format.round(np.linspace(low, high, POINTS))
    with np.errstate(all="ignore"):
        found = [np.asarray(z, np.float64) for z in replay(p, run.value_array, x[None, :], run.format)]
    y = np.where(np.isfinite(found[-1][0]), found[-1][0], np.nan)
    bottom, top = _window(y, tangents, high - low)
    return Slope(run, name, x, y, _corners(run, p, x, found), tangents, bottom, top)


def _tangent(run: Run, p: Plan, x: float) -> Tangent:
    """J and its slope with the node set to x."""
    graph, i = run.graph, p.nodes[0]
    values = run.value_array.copy()
    for step, z in zip(p.steps, replay(p, run.value_array, np.array([[x]]), run.format), strict=True):
        values[step.node] = np.asarray(z, np.float64)[0, 0]
    if not np.isfinite(values[graph.output]):
        name, output = graph.name(i), graph.name(graph.output)
        raise UsageError(
            f"{output} does not exist at {name} = {number(x)}", graph.place(graph.output), "another --at"
        )
    moved = replace(run, value_array=values)
    value = float(values[graph.output])
    if problem(moved, [i], STENCILS["two-sided"][0]).base.kinked[0] >= 0:
        return Tangent(x, value, math.nan, slopes(moved, i))
    found = float(moved.adjoint_array[i])
    return Tangent(x, value, found if math.isfinite(found) else math.nan)


def _window(y: Array, tangents: Sequence[Tangent], wide: float) -> tuple[float, float]:
    """Which values of J are shown: all of them, or most where some are far away, and not so many that the
    tangents look level.
    """
    there, values = y[np.isfinite(y)], [t.value for t in tangents]
    low, high = (float(q) for q in np.quantile(there, PARTS))
    if there.max() - there.min() < FAR * (high - low):
        low, high = float(there.min()), float(there.max())
    steepest = max((abs(t.slope) for t in tangents if math.isfinite(t.slope)), default=0.0) * wide
    if steepest > 0:
        low, high = max(low, min(values) - steepest), min(high, max(values) + steepest)
    low, high = min(low, *values, high), max(high, *values, low)
    room = AIR * (high - low) or abs(high) or 1.0
    return low - room, high + room


def _corners(run: Run, p: Plan, x: Array, found: Sequence[Array]) -> tuple[float, ...]:
    """Where an operation's argument crosses its corner, between two neighbours of x."""
    places = []
    held = run.value_array
    for _, step, row in p.computed:
        if row.kink is None:
            continue
        with np.errstate(all="ignore"):
            side = np.broadcast_to(row.kink(*operands_of(step, found, held)), (1, len(x)))[0]
            crossed = np.flatnonzero(
                (np.sign(side[1:]) != np.sign(side[:-1])) & np.isfinite(side[1:] + side[:-1])
            )
        for k in crossed.tolist():
            share = side[k] / (side[k] - side[k + 1])
            places.append(float(x[k] + share * (x[k + 1] - x[k])))
    return tuple(sorted(dict.fromkeys(places)))
