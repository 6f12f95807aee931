"""What sweeps over a large graph need to know of it besides its values: computed once for each graph.

Rows come to the loops as numbers. A row whose partials are all numbers is a weighted sum, one whose
partials are each other's operand is a product, one that divides is a quotient: these the loops compute
themselves. Every other row is computed by its own `value` and `partials`, for all nodes at once that can
be.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from ..compiled import call
from ..formats import Array
from ..graphs.graph import MOST, ROWS, Graph
from ..graphs.ops import Op, Term
from ..loops import LINEAR, OTHER, PRODUCT, QUOTIENT

Ints = npt.NDArray[Any]


WHAT = attrgetter("value", "partials")  # of a row decides
VALUES: dict[Any, tuple[int, tuple[float, ...]]] = {  # what the loops compute, and with which weights
    np.add: (LINEAR, (1.0, 1.0)),
    np.subtract: (LINEAR, (1.0, -1.0)),
    np.negative: (LINEAR, (-1.0,)),
    np.positive: (LINEAR, (1.0,)),
    np.multiply: (PRODUCT, ()),
    np.divide: (QUOTIENT, ()),
}


@dataclass(frozen=True, eq=False)
class Rules:
    """The op table as numbers, an entry for each code; of weights, slopes and passes three."""

    values: Ints  # LINEAR, PRODUCT, QUOTIENT or OTHER: what computes the value
    weights: Array
    slopes: Ints  # LINEAR, PRODUCT or OTHER: what computes the partials
    partials: Array  # where they are numbers
    passes: Ints  # which operands have one


def rules() -> Rules:
    """The op table as it is now."""
    return _rules(tuple(map(WHAT, ROWS)))


@lru_cache(maxsize=4)
def _rules(_table: Any) -> Rules:
    values, slopes, passes = (np.full(k * len(ROWS), OTHER, dtype=np.uint8) for k in (1, 1, MOST))
    weights, partials = np.zeros(MOST * len(ROWS)), np.zeros(MOST * len(ROWS))
    for code, row in enumerate(ROWS):
        try:
            values[code], numbers = VALUES.get(row.value, (OTHER, ()))
        except TypeError:  # a value that cannot be looked up is no array operation of NumPy's
            numbers = ()
        weights[MOST * code : MOST * code + len(numbers)] = numbers
        names = [Term(None, (), s) for s in (*row.symbols, "y")]
        formulas = [None if f is None else Term.of(f) for f in row.partials(*names)]
        passes[MOST * code : MOST * code + MOST] = [f is not None for f in formulas] + [False] * (
            MOST - len(formulas)
        )
        found = [f.symbol if f is not None and f.op is None else None for f in formulas]
        if values[code] == LINEAR and all(isinstance(s, float) for s in found):
            slopes[code] = LINEAR
            partials[MOST * code : MOST * code + len(found)] = found
        elif values[code] == PRODUCT and found == ["z", "x"]:
            slopes[code] = PRODUCT
    for array in (values, slopes, passes, weights, partials):
        array.flags.writeable = False
    return Rules(values, weights, slopes, partials, passes)


@dataclass(frozen=True, eq=False)
class Schedule:
    """A graph's order of computation.

    Parameters
    ----------
    order : int array
        The nodes that the loops compute, level by level.
    stops : list of int
        Where in `order` each level ends.
    batches : list of list of (row, nodes, operands)
        The nodes of each level that rows compute, before the loops go over that level.
    live : uint8 array, shape (N,)
        Which nodes J's derivative flows through.
    by_rows : int array
        The live nodes whose partials their rows compute, ascending.
    sloped : list of (row, places, nodes, operands)
        The same by rows; `places` are those among `by_rows`.
    rules : Rules
        What the op table was.
    """

    order: Ints
    stops: list[int]
    batches: list[list[tuple[Op, Ints, list[Ints]]]]
    live: Ints
    by_rows: Ints
    sloped: list[tuple[Op, Ints, Ints, list[Ints]]]
    rules: Rules


_schedules: WeakKeyDictionary[Graph, Schedule] = WeakKeyDictionary()


def schedule(graph: Graph) -> Schedule:
    """The order in which a graph is computed; made at its first use."""
    found = _schedules.get(graph)
    if found is None or found.rules is not rules():
        found = _schedules[graph] = _schedule(graph)
    return found


def _schedule(graph: Graph) -> Schedule:
    table, n = rules(), len(graph)
    operands = graph.operands.reshape(-1)
    levels = np.zeros(n, dtype=np.int32)
    call("find_levels", n, graph.codes, operands, table.values, levels)
    computed = np.flatnonzero(graph.codes >= 0).astype(np.int32)
    by_row = table.values[graph.codes[computed]] == OTHER
    inner, outer = computed[~by_row], computed[by_row]
    depth = int(levels.max(initial=0)) + 1
    order = inner[np.argsort(levels[inner], kind="stable")] if depth > 1 else inner
    stops = np.cumsum(np.bincount(levels[inner], minlength=depth)).tolist()
    batches: list[list[tuple[Op, Ints, list[Ints]]]] = [[] for _ in range(depth)]
    if outer.size:
        sorted_by = np.lexsort((outer, graph.codes[outer], levels[outer]))
        outer = outer[sorted_by]
        change = np.flatnonzero(np.diff(levels[outer]) | np.diff(graph.codes[outer])) + 1
        for group in np.split(outer, change):
            row = ROWS[graph.codes[group[0]]]
            taken = [graph.operands[group, k] for k in range(row.arity)]
            batches[int(levels[group[0]])].append((row, group, taken))
    live = np.zeros(n, dtype=np.uint8)
    call("mark_reached", n, graph.codes, operands, table.passes, graph.output, live)
    mine = (live != 0) & (graph.codes >= 0)
    mine[mine] = table.slopes[graph.codes[mine]] == OTHER
    by_rows = np.flatnonzero(mine).astype(np.int32)
    for array in (order, live, by_rows):
        array.flags.writeable = False
    sloped = []
    for row, places in of_codes(graph.codes[by_rows]):
        nodes = by_rows[places]
        sloped.append((row, places, nodes, [graph.operands[nodes, k] for k in range(row.arity)]))
    return Schedule(order, stops, batches, live, by_rows, sloped, table)


def of_codes(codes: Ints) -> Iterator[tuple[Op, Ints]]:
    """(row, the places of its code) for each row among some codes."""
    for code in np.unique(codes).tolist():
        if code >= 0:
            yield ROWS[code], np.flatnonzero(codes == code)
