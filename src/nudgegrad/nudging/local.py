"""Local nudges: each op's partials by nudging its own inputs, chained right to left.

One sweep estimates the derivatives of all nodes, N + P nudges instead of N·P. For an op i with operand j
at their computed values, p_ij is estimated as J is elsewhere: by an optimal nudge of the best order, with
the bar b_ij (`optimal`). Then, from the output down,

    D_j = sum over i of p_ij D_i,   B_j = sum over i of |p_ij| B_i + |D_i| b_ij + b_ij B_i

with the terms' own float64 rounding added. This is the derivative at the *computed* values of everything
below j. The one that a bar covers has them exact: what the values' own rounding can do to the adjoints is
the running error S_j of a backward sweep (`rounding.adjoint_errors`), taken over all nodes at once, which
is never less than over those below j. The bar is B_j + S_j.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..formats import Array, Format
from ..graphs.graph import ROWS
from ..graphs.ops import Op
from ..sweeps.evaluate import WIDE, Plan, Step
from ..sweeps.run import Run
from .optimal import QUIET, RETRIES, closed_form, problem_of, settle
from .rounding import adjoint_errors, sweep
from .stencils import STENCILS


@dataclass(frozen=True, eq=False)
class Many:
    """Many runs of one op: what a problem needs of a run.

    Parameters
    ----------
    format : Format
    value_array : array, shape (arity + 1, P, 1)
        Operands and result.
    """

    format: Format
    value_array: Array


@dataclass(frozen=True, eq=False)
class Partials:
    """Estimates of the partials of every op, one entry per operand that moves, shape (E,) each."""

    ops: npt.NDArray[np.int64]  # the op's node
    operands: npt.NDArray[np.int64]  # the operand's node
    h: Array
    estimate: Array  # nan where no nudge can be trusted
    second: Array  # from the second nudge
    truncation: Array
    bar: Array


def op_plan(row: Op, place: int, count: int) -> Plan:
    """The plan that nudges one operand of an op, at `count` points: nodes 0 to arity - 1 are operands, the
    next is it."""
    yes, no = np.ones((count, 1), dtype=bool), np.zeros((count, 1), dtype=bool)
    where = tuple(0 if k == place else -1 for k in range(row.arity))
    nudged = Step(place, None, (), (), yes, yes)
    computed = Step(row.arity, row, tuple(range(row.arity)), where, yes, no)
    return Plan(None, (place,) * count, (nudged, computed))  # type: ignore[arg-type]  # no graph is behind it


def partials(run: Run) -> Partials:
    """Every op's partials by nudges of its own inputs, a few evaluations of each op."""
    graph = run.graph
    live = graph.nudged & graph.reaches
    columns: list[tuple[Any, ...]] = []
    for code in np.unique(graph.codes[graph.codes >= 0]):
        row = ROWS[code]
        nodes = np.flatnonzero((graph.codes == code) & graph.reaches)
        for place, formula in enumerate(row.formulas):
            if formula is None:
                continue
            moving = nodes[live[graph.operands[nodes, place]]]
            if moving.size:
                operands = graph.operands[moving, place]
                columns.append((moving, operands, *estimated(run, row, place, moving)))
    if not columns:
        empty = np.zeros(0)
        return Partials(empty.astype(int), empty.astype(int), empty, empty, empty, empty, empty)
    return Partials(*(np.concatenate(parts) for parts in zip(*columns, strict=True)))


@QUIET
def estimated(run: Run, row: Op, place: int, nodes: Any) -> tuple[Array, ...]:
    """h, estimate, second estimate, truncation and bar of one partial of some nodes of one row."""
    graph, values = run.graph, run.value_array
    held = np.zeros((row.arity + 1, len(nodes), 1))
    for k in range(row.arity):
        held[k, :, 0] = values[graph.operands[nodes, k]]
    held[row.arity, :, 0] = values[nodes]
    plan, run_of = op_plan(row, place, len(nodes)), Many(run.format, held)
    problems = [problem_of(run_of, plan, held[place], stencil) for stencil in STENCILS["auto"]]
    steps, models = zip(*map(closed_form, problems), strict=True)
    chosen = np.argmin(np.array(models), axis=0)  # of equals the first: fewest points
    found = np.full((5, len(nodes)), np.nan)
    found[3:] = np.inf
    for k in np.unique(chosen).tolist():
        mine = np.flatnonzero(chosen == k)
        some = Many(run.format, held[:, mine])
        q = problem_of(some, op_plan(row, place, len(mine)), held[place, mine], problems[k].stencil)
        first, second, good = settle(q, steps[k][mine], RETRIES)
        fields = (first.h, first.estimate, second.estimate, first.truncation, first.bar)
        for n, values in enumerate(fields):
            found[n, mine[good]] = values[good, 0]
    return tuple(found)


@dataclass(frozen=True, eq=False)
class Chained:
    """The derivatives of all nodes from local nudges, shape (N,) each."""

    partials: Partials
    estimate: Array  # nan where a partial below has none
    second: Array
    truncation: Array
    bar: Array
    adjoint_bar: Array  # how far the adjoint under test can be off by its own rounding


@QUIET
def chained(run: Run) -> Chained:
    """Local nudges of all ops, chained."""
    found = partials(run)
    estimate, second, truncation, bar = _chain(found, len(run.graph), run.graph.output)
    errors, own = _running(run)
    return Chained(found, estimate, second, truncation, bar + errors, own)


def slope(run: Run, found: Partials, top: int, by: int, inside: Collection[int]) -> tuple[float, float]:
    """The derivative of a node by one that it is written with, and its bar.

    Parameters
    ----------
    found : Partials
    top, by : int
    inside : collection of int
        The ops that it is written with, itself included: the chain goes through these only.

    Returns
    -------
    estimate, bar : float
        At the computed values; nan and inf where there is none.
    """
    with np.errstate(all="ignore"):
        estimate, _, _, bar = _chain(found, len(run.graph), top, inside)
    return float(estimate[by]), float(bar[by])


def _chain(found: Partials, n: int, top: int, inside: Collection[int] | None = None) -> tuple[Array, ...]:
    """D, D from second nudges, the truncation in B, and B."""
    estimate, second, truncation, bar = (np.zeros(n) for _ in range(4))
    estimate[top] = second[top] = 1.0
    order = np.lexsort((found.operands, -found.ops))
    for e in order.tolist():
        if inside is not None and found.ops[e] not in inside:
            continue
        i, j, p = found.ops[e], found.operands[e], found.estimate[e]
        term = p * estimate[i]
        estimate[j] += term
        second[j] += found.second[e] * second[i]
        b, size = found.bar[e], abs(p) + found.bar[e]
        t = found.truncation[e]
        truncation[j] += (abs(p) + t) * truncation[i] + abs(estimate[i]) * t
        bar[j] += size * bar[i] + abs(estimate[i]) * b + WIDE.u * (abs(term) + abs(estimate[j]))
    known = np.isfinite(estimate) & np.isfinite(bar)
    estimate[~known], second[~known], bar[~known], truncation[~known] = np.nan, np.nan, np.inf, np.inf
    return estimate, second, truncation, bar


def _running(run: Run) -> tuple[Array, Array]:
    """S and a of all nodes: what the rounding of values does to adjoints, and that of backprop besides."""
    graph, held = run.graph, run.value_array
    yes, no = np.ones((1, 1), dtype=bool), np.zeros((1, 1), dtype=bool)
    place: dict[int, int] = {}
    steps: list[Step] = []
    for i in np.flatnonzero(graph.nudged & graph.reaches).tolist():
        args = graph.args(i)
        where = tuple(place.get(j, -1) for j in args)
        place[i] = len(steps)
        steps.append(Step(i, graph.op(i), args, where, yes, no if args else yes))
    p = Plan(graph, (), tuple(steps))
    values = [np.full((1, 1), held[step.node]) for step in steps]
    s = sweep(p, held, values, run.format)
    found = []
    for fmt in (WIDE, run.format):
        worst, sigma = adjoint_errors(s, held, fmt)
        sizes = np.zeros(len(graph))
        for i, k in place.items():
            sizes[i] = max(worst[k][0, 0], 4 * sigma[k][0, 0])
        found.append(np.where(np.isnan(sizes), np.inf, sizes))
    return found[0], found[1]
