"""Jets of J along every node of a large graph at once, by what they share.

Right to left, the jet along a node is put together from those that are known: what the node does to its
consumers is composed with what these do to J. Where it has one consumer, nothing is lost. Where it has
several, a forward jet goes through what depends on them. Two ways:

- `windowed`: through `WINDOW` nodes at most. Often these lead to one node only, a post-dominator; then the
  result is exact. Else what they lead to is joined as if independent: J' is still exact, J'' and J''' are
  not.
- `exact`: as far as the immediate post-dominator, always. At most O(N^2), and far less on most graphs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..compiled import call
from ..formats import Array
from ..graphs.graph import MOST, Graph
from ..graphs.ops import Op
from ..loops.kinds import ENDLESS, GENERAL, LANES, QUOTIENT, SCALED, UNARY, WEIGHTED
from ..sweeps import tape
from ..sweeps.jets import jet_along
from ..sweeps.run import Run
from ..sweeps.schedule import VALUES, Ints, Schedule, of_codes, schedule
from .caps import MARGIN
from .rounding import FLAT, lost

ORDER = 5  # J''''' bounds the truncation where J''' is about 0
WINDOW = 16  # nodes that a forward jet goes through
WIDEST = 64  # consumers of a node that it goes through
HALVINGS = 60  # in search of how far an argument may move
EXPONENT = np.int64(0x7FF0 << 48)  # the bits of a float64's exponent
PHASE = Op.__dataclass_fields__["phase"].default


@dataclass(frozen=True, eq=False)
class Structure:
    """What jets need of a graph besides its values.

    Parameters
    ----------
    moves : uint8 array, shape (N,)
        Nodes that can be nudged and that J depends on.
    first, consumers : int arrays
        The consumers of i that move are consumers[first[i]:first[i + 1]].
    ways : int8 array, shape (N,)
        What each node's jet needs: `loops.kinds`.
    of : int32 array, shape (N,)
        The place of each node whose jet its row gives among all of these; -1 for other nodes.
    groups : list of Group
        The nodes whose jets their rows give.
    plan : Schedule
        What it was made from.
    """

    moves: Ints
    first: Ints
    consumers: Ints
    ways: Ints
    of: Ints
    groups: list[Group]
    plan: Schedule


@dataclass(frozen=True, eq=False)
class Group:
    """Nodes of one row of which the same operands move."""

    row: Op
    moved: tuple[bool, ...]
    way: int
    places: Ints  # among all nodes whose jets rows give
    nodes: Ints
    operands: list[Ints]


@dataclass(frozen=True, eq=False)
class Local:
    """What jets need of the values: the jets of every op, in units of its operands' scales.

    Parameters
    ----------
    scales : array, shape (N,)
    held : tuple
        Numbers, where those of a node begin, the operand that moves, reach, degree, and `Structure.of`.
    along : int
        How many coefficients there are for a node of which one operand moves.
    """

    scales: Array
    held: tuple[Any, ...]
    along: int


@dataclass(frozen=True, eq=False)
class AllJets:
    """The jets of J along all nodes.

    Parameters
    ----------
    coefficients : array, shape (N, order)
        c_k scales^k, k from 1; 0 where J does not depend on the node.
    scales : array, shape (N,)
        The power of two of each value, 1 where it is 0.
    degrees : int array, shape (N,)
        Structural degree of J in each node, or more; `ENDLESS` where J is no polynomial.
    caps : array, shape (N,)
        How far the node may be nudged, to first and second order, before something on the way to J leaves
        what its series says.
    blames : int array, shape (N,)
        The node that is then in the way; -1 if none is.
    exact : bool array, shape (N,)
        Whether nothing was joined as if independent.
    """

    coefficients: Array
    scales: Array
    degrees: Ints
    caps: Array
    blames: Ints
    exact: Ints


def structure(graph: Graph) -> Structure:
    """What jets need of a graph; made at its first use."""
    plan = schedule(graph)
    found: Structure | None = graph.kept.get("structure")
    if found is None or found.plan is not plan:
        n, flat = len(graph), graph.operands.reshape(-1)
        moves = (graph.nudged & (plan.live != 0)).astype(np.uint8)
        moves[graph.output] = 1
        first = np.zeros(n + 1, dtype=np.int32)
        call("count_consumers", n, graph.codes, flat, moves, first)
        np.cumsum(first, out=first)
        consumers = np.zeros(int(first[-1]), dtype=np.int32)
        call("list_consumers", n, graph.codes, flat, moves, first[:-1].copy(), consumers)
        ways = np.append(plan.rules.slopes, (0, 0)).astype(np.int8)[graph.codes]  # the last two: no row's
        of = np.full(n, -1, dtype=np.int32)
        groups = _grouped(graph, plan.sloped.nodes[moves[plan.sloped.nodes] != 0], moves)
        for group in groups:
            ways[group.nodes], of[group.nodes] = group.way, group.places
        for array in (moves, first, consumers, ways, of):
            array.flags.writeable = False
        found = Structure(moves, first, consumers, ways, of, groups, plan)
        graph.kept["structure"] = found
    return found


def _grouped(graph: Graph, nodes: Ints, moves: Ints) -> list[Group]:
    found = []
    for row, at in of_codes(graph.codes[nodes]):
        operands = graph.operands[nodes[at]][:, : row.arity]
        pattern = (moves[operands] != 0) @ (1 << np.arange(row.arity))
        for which in np.unique(pattern).tolist():
            moved = tuple(bool(which >> k & 1) for k in range(row.arity))
            mine = pattern == which
            taken = [np.ascontiguousarray(o) for o in operands[mine].T]
            places = at[mine].astype(np.int32)
            found.append(Group(row, moved, _way(row, moved), places, nodes[places], taken))
    return found


def _way(row: Op, moved: Sequence[bool]) -> int:
    """How a row's jet is given where these operands move."""
    if row.kink is not None:  # straight on either side of its corners
        return WEIGHTED
    if sum(moved) == 1:
        return UNARY
    return SCALED if VALUES.get(row.value, (0,))[0] == QUOTIENT else GENERAL


def windowed(
    run: Run,
    order: int = ORDER,
    window: int = WINDOW,
    widest: int = WIDEST,
    local: Local | None = None,
) -> AllJets:
    """Jets along all nodes, in a time that grows with their number; `local` may be known."""
    graph = run.graph
    s, n, local = structure(graph), len(graph), local or local_jets(run, order)
    found = _empty(local.scales, order)
    scratch = (
        np.zeros((window + 2) * order),
        np.zeros(window + 2, dtype=np.int32),
        np.zeros(widest * window + 2, dtype=np.int32),
        _room(order),
    )
    stamp, place = np.full(n, -1, dtype=np.int32), np.zeros(n, dtype=np.int16)
    call(
        "windowed_jets", n, graph.output, window, widest, order, s.moves, s.ways, graph.codes,
        s.plan.rules.partials, graph.operands.reshape(-1), tape.still(run.value_array), local.scales,
        local.held, s.first, s.consumers, stamp, place, found.coefficients.reshape(-1), found.degrees,
        found.caps, found.blames, found.exact, *scratch,
    )  # fmt: skip
    return found


def exact(run: Run, nodes: Sequence[int] | None = None, order: int = ORDER) -> AllJets:
    """Jets along some nodes and what they need, or along all; exact."""
    graph = run.graph
    s, n, local = structure(graph), len(graph), local_jets(run, order)
    found = _empty(local.scales, order)
    joins = np.zeros(n, dtype=np.int32)
    call("find_joins", n, graph.output, s.moves, s.first, s.consumers, joins)
    if nodes is None:
        wanted = np.flatnonzero(s.moves)[::-1].astype(np.int32)
    else:
        needed: set[int] = set()
        for node in nodes:
            i = int(node)
            while i not in needed:
                needed.add(i)
                i = int(joins[i])
        wanted = np.array(sorted(needed, reverse=True), dtype=np.int32)
    computed = np.flatnonzero((s.moves != 0) & (graph.codes >= 0)).astype(np.int32)
    slots = len(computed) + LANES + 3
    call(
        "exact_jets", n, graph.output, order, wanted, computed, s.ways, graph.codes,
        s.plan.rules.partials, graph.operands.reshape(-1), tape.still(run.value_array), local.scales,
        local.held, s.first, s.consumers, joins, np.full(n, -1, dtype=np.int32),
        np.zeros(n, dtype=np.int32), found.coefficients.reshape(-1), found.degrees, found.caps,
        found.blames, np.zeros(slots * LANES * order), np.zeros(slots * LANES, dtype=np.int32),
        np.zeros(slots, dtype=np.int32), _room(order), np.zeros(n, dtype=np.uint8),
        np.zeros(LANES, dtype=np.int32), np.zeros(LANES), np.zeros(LANES, dtype=np.int32),
    )  # fmt: skip
    found.exact[wanted] = 1
    return found


def _empty(scales: Array, order: int) -> AllJets:
    n = len(scales)
    return AllJets(
        np.zeros((n, order)),
        scales,
        np.zeros(n, dtype=np.int16),
        np.full(n, np.inf),
        np.full(n, -1, dtype=np.int32),
        np.zeros(n, dtype=np.int8),
    )


def _room(order: int) -> Array:
    return np.zeros((order + 2) + (order + 1) * (order + 2) + 2)


def scales_of(values: Array) -> Array:
    """The power of two of each value, 1 for 0."""
    found: Array = (values.view(np.int64) & EXPONENT).view(np.float64)
    small = np.flatnonzero(found == 0)  # 0, or below the normal range
    found[small] = np.where(values[small] == 0, 1.0, np.ldexp(0.5, np.frexp(values[small])[1]))
    return found


def local_jets(run: Run, order: int, along: int = 0) -> Local:
    """The jets of every op along its own operands; where only one of these moves, of order `along` if that
    is higher."""
    values, s = run.value_array, structure(run.graph)
    along = max(order, along)
    scales = scales_of(values)
    count = sum(len(group.nodes) for group in s.groups)
    numbers: list[Array] = [np.zeros(0)]
    begins, axes = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int8)
    reaches, growths = np.zeros(count), np.zeros(count, dtype=np.int16)
    used = 0
    with np.errstate(all="ignore"):
        for group in s.groups:
            args, y = [values[o] for o in group.operands], values[group.nodes]
            table = _series(run, group, args, y, scales, along if group.way == UNARY else order)
            places = group.places
            begins[places] = np.arange(used, used + table.size, table.shape[1])
            used += table.size
            numbers.append(table.reshape(-1))
            axes[places] = group.moved.index(True)
            reaches[places] = reach(group.row, args, y, group.moved, run)
            growths[places] = np.minimum(group.row.degree_of(group.moved, args), ENDLESS)
    return Local(scales, (np.concatenate(numbers), begins, axes, reaches, growths, s.of), along)


def _series(run: Run, group: Group, args: list[Array], y: Array, scales: Array, order: int) -> Array:
    """The numbers of a group's jets, a line for each node."""
    row, moved, count, size = group.row, group.moved, len(y), len(run.graph)
    if group.way == WEIGHTED:
        table = np.zeros((count, MOST))
        for k, p in enumerate(row.partials(*args, y)):
            if p is not None:
                table[:, k] = p
        return table
    units = [scales[o] for o in group.operands]
    if group.way == UNARY:
        along = [line(x, unit, order) if m else x for x, unit, m in zip(args, units, moved, strict=True)]
        return jet_along(row, along, moved, order, size)[1:].T
    if group.way == SCALED:
        ones = np.ones(count)
        return jet_along(row, [ones, line(args[1], units[1], order)], [False, True], order, size).T
    return _both(row, args, units, order, size)


def line(x: Array, unit: Array, order: int) -> Array:
    """The series of an argument that moves by t units."""
    line = np.zeros((order + 1, len(x)))
    line[0], line[1] = x, unit
    return line


def _both(row: Op, args: list[Array], units: list[Array], order: int, size: int) -> Array:
    """Coefficients of x^i z^j from jets along order + 1 directions (x, z) = (cos, sin) t."""
    angles = np.pi * (np.arange(order + 1) + 0.5) / (order + 1)
    jets = [
        jet_along(
            row,
            [line(args[0], np.cos(a) * units[0], order), line(args[1], np.sin(a) * units[1], order)],
            [True, True],
            order,
            size,
        )
        for a in angles
    ]
    columns: dict[tuple[int, int], Array] = {}
    for k in range(1, order + 1):
        i = np.arange(k + 1)
        basis = np.cos(angles)[:, None] ** i * np.sin(angles)[:, None] ** (k - i)
        solved = np.linalg.lstsq(basis, np.array([jet[k] for jet in jets]), rcond=None)[0]
        columns |= {(int(n), k - int(n)): solved[n] for n in i}
    names = [(i, j) for i in range(order + 1) for j in range(order + 1 - i) if i + j]
    return np.stack([columns[name] for name in names], axis=1)


def reach(row: Op, args: list[Array], y: Array, moved: Sequence[bool], run: Run) -> Array:
    """How far the arguments of a row may move in all before its series misleads."""
    found = np.full(len(y), np.inf)
    if row.reach is not None:
        if row.phase is PHASE:
            found = np.full(len(y), float(row.reach))
        else:
            found = np.min([_phase_reach(row, args, k) for k, m in enumerate(moved) if m], axis=0) / sum(
                moved
            )
        if row.saturates:
            (slope,) = row.partials(*args, y)
            found = np.fmax(found, FLAT * lost(row, run.format, args, y) / np.abs(slope))
    if row.domain is not None and any(moved[k] for k in row.edges):
        found = np.fmin(found, MARGIN * row.domain(*args))
    if row.kink is not None:
        found = np.fmin(found, np.abs(row.kink(*args)))
    return np.where(np.isnan(found), 0.0, np.fmax(found, 0.0))


def _phase_reach(row: Op, args: list[Array], k: int) -> Array:
    """How far one argument may move until the row's phase has moved by its reach, within a factor 2."""
    start = row.phase(*args)
    step = 4 * np.fmax(np.abs(args[k]), 1.0)
    found = np.full(len(step), np.inf)
    assert row.reach is not None
    for _ in range(HALVINGS):
        ends = [
            row.phase(*[x + side * step if n == k else x for n, x in enumerate(args)]) for side in (1, -1)
        ]
        far = ~(np.maximum(np.abs(ends[0] - start), np.abs(ends[1] - start)) <= row.reach)
        if not far.any():
            break
        step = np.where(far, step / 2, step)
        found = np.where(far, step, found)
    return found
