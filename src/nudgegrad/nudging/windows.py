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
from weakref import WeakKeyDictionary

import numpy as np

from ..compiled import call
from ..formats import Array
from ..graphs.graph import MOST, Graph
from ..graphs.ops import Op
from ..loops.kinds import ENDLESS, GENERAL, LANES, QUOTIENT, SCALED, UNARY, WEIGHTED
from ..sweeps.jets import jet_of
from ..sweeps.run import Run
from ..sweeps.schedule import VALUES, Ints, of_codes, schedule
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
    """

    moves: Ints
    first: Ints
    consumers: Ints


@dataclass(frozen=True, eq=False)
class Local:
    """What jets need of the values: the jets of every op, in units of its operands' scales."""

    scales: Array
    ways: Ints
    held: tuple[Any, ...]


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


_structures: WeakKeyDictionary[Graph, Structure] = WeakKeyDictionary()


def structure(graph: Graph) -> Structure:
    """What jets need of a graph; made at its first use."""
    if graph not in _structures:
        n, flat = len(graph), graph.operands.reshape(-1)
        moves = (graph.nudged & (schedule(graph).live != 0)).astype(np.uint8)
        moves[graph.output] = 1
        first = np.zeros(n + 1, dtype=np.int32)
        call("count_consumers", n, graph.codes, flat, moves, first)
        np.cumsum(first, out=first)
        consumers = np.zeros(int(first[-1]), dtype=np.int32)
        call("list_consumers", n, graph.codes, flat, moves, first[:-1].copy(), consumers)
        for array in (moves, first, consumers):
            array.flags.writeable = False
        _structures[graph] = Structure(moves, first, consumers)
    return _structures[graph]


def windowed(run: Run, order: int = ORDER, window: int = WINDOW, widest: int = WIDEST) -> AllJets:
    """Jets along all nodes, in a time that grows with their number."""
    graph = run.graph
    s, n, local = structure(graph), len(graph), local_jets(run, order)
    found = _empty(local.scales, order)
    scratch = (
        np.zeros((window + 2) * order),
        np.zeros(window + 2, dtype=np.int32),
        np.zeros(widest * window + 2, dtype=np.int32),
        _room(order),
    )
    stamp, place = np.full(n, -1, dtype=np.int32), np.zeros(n, dtype=np.int16)
    call(
        "windowed_jets", n, graph.output, window, widest, order, s.moves, local.ways, graph.codes,
        schedule(graph).rules.partials, graph.operands.reshape(-1), _still(run.value_array), local.scales,
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
        "exact_jets", n, graph.output, order, wanted, computed, local.ways, graph.codes,
        schedule(graph).rules.partials, graph.operands.reshape(-1), _still(run.value_array), local.scales,
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


def _still(array: Array) -> Array:
    view = array.view()
    view.flags.writeable = False
    return view


def scales_of(values: Array) -> Array:
    """The power of two of each value, 1 for 0."""
    found: Array = (values.view(np.int64) & EXPONENT).view(np.float64)
    small = np.flatnonzero(found == 0)  # 0, or below the normal range
    found[small] = np.where(values[small] == 0, 1.0, np.ldexp(0.5, np.frexp(values[small])[1]))
    return found


def local_jets(run: Run, order: int) -> Local:
    """The jets of every op along its own operands."""
    graph, values = run.graph, run.value_array
    plan, s = schedule(graph), structure(graph)
    scales = scales_of(values)
    ways = np.append(plan.rules.slopes, (0, 0)).astype(np.int8)[graph.codes]  # the last two: no row's
    nodes = plan.sloped.nodes[s.moves[plan.sloped.nodes] != 0]
    numbers: list[Array] = []
    begins = np.zeros(len(nodes), dtype=np.int64)
    axes = np.zeros(len(nodes), dtype=np.int8)
    reaches, growths = np.full(len(nodes), np.inf), np.full(len(nodes), ENDLESS, dtype=np.int16)
    of = np.full(len(graph), -1, dtype=np.int32)
    of[nodes] = np.arange(len(nodes), dtype=np.int32)
    used = 0
    with np.errstate(all="ignore"):
        for row, at in of_codes(graph.codes[nodes]):
            operands = graph.operands[nodes[at]][:, : row.arity]
            moving = s.moves[operands] != 0
            pattern = moving @ (1 << np.arange(row.arity))
            for which in np.unique(pattern).tolist():
                places = at[pattern == which]
                mine = nodes[places]
                moved = [bool(which >> k & 1) for k in range(row.arity)]
                args = [values[graph.operands[mine, k]] for k in range(row.arity)]
                units = [scales[graph.operands[mine, k]] for k in range(row.arity)]
                way, table = _series(row, args, values[mine], moved, units, order)
                ways[mine] = way
                begins[places] = used + np.arange(len(mine)) * table.shape[1]
                used += table.size
                numbers.append(table.reshape(-1))
                axes[places] = moved.index(True)
                reaches[places] = reach(row, args, values[mine], moved, run)
                grown = row.degree_of([np.full(len(mine), float(m)) for m in moved], args)
                growths[places] = np.where(grown < ENDLESS, grown, ENDLESS)
    flat = np.concatenate(numbers) if numbers else np.zeros(0)
    return Local(scales, ways, (flat, begins, axes, reaches, growths, of))


def _series(
    row: Op, args: list[Array], y: Array, moved: list[bool], units: list[Array], order: int
) -> tuple[int, Array]:
    """How a row's jet is given, and its numbers, a line for each node."""
    count = len(y)
    if row.kink is not None:  # straight on either side of its corners
        table = np.zeros((count, MOST))
        for k, p in enumerate(row.partials(*args, y)):
            if p is not None:
                table[:, k] = p
        return WEIGHTED, table
    if sum(moved) == 1:
        along = [line(x, unit, order) if m else x for x, unit, m in zip(args, units, moved, strict=True)]
        return UNARY, jet_of(row, along, moved, order)[1:].T
    if VALUES.get(row.value, (0,))[0] == QUOTIENT:
        ones = np.ones(count)
        return SCALED, jet_of(row, [ones, line(args[1], units[1], order)], [False, True], order).T
    return GENERAL, _both(row, args, units, order)


def line(x: Array, unit: Array, order: int) -> Array:
    """The series of an argument that moves by t units."""
    line = np.zeros((order + 1, len(x)))
    line[0], line[1] = x, unit
    return line


def _both(row: Op, args: list[Array], units: list[Array], order: int) -> Array:
    """Coefficients of x^i z^j from jets along order + 1 directions (x, z) = (cos, sin) t."""
    angles = np.pi * (np.arange(order + 1) + 0.5) / (order + 1)
    jets = [
        jet_of(
            row,
            [line(args[0], np.cos(a) * units[0], order), line(args[1], np.sin(a) * units[1], order)],
            [True, True],
            order,
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


def reach(row: Op, args: list[Array], y: Array, moved: list[bool], run: Run) -> Array:
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
