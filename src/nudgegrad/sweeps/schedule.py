"""What sweeps over a large graph need to know of it besides its values: computed once for each graph.

Rows come to the loops as numbers. A row whose partials are all numbers is a weighted sum, one whose
partials are each other's operand is a product, one that divides is a quotient: these the loops compute
themselves, and where they are compiled, what has `instructions` too. Every other row is computed by its own
`value` and `partials`, for all nodes at once that can be.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from operator import attrgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from ..compiled import call
from ..formats import Array
from ..graphs.graph import MOST, ROWS, Graph
from ..graphs.ops import Op, Term
from ..loops.kinds import INSTRUCTED, LINEAR, OTHER, PRODUCT, QUOTIENT, SUM, TAKEN
from .instructions import ROOM, Machine, machine

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

    @cached_property
    def machine(self) -> Machine:
        """The table as instructions, for compiled loops."""
        return machine()

    @cached_property
    def compiled_values(self) -> Ints:
        """What computes the value where loops are compiled."""
        return self._compiled(self.values, self.weights)

    @cached_property
    def compiled_slopes(self) -> Ints:
        """What computes the partials where loops are compiled."""
        return self._compiled(self.slopes, self.partials)

    def _compiled(self, kinds: Ints, weights: Array) -> Ints:
        ones = (weights.reshape(-1, MOST)[:, :2] == 1.0).all(axis=1)
        found = np.where(ones & (kinds == LINEAR), np.uint8(SUM), kinds)
        return np.where(self.machine.lowered & (kinds == OTHER), np.uint8(INSTRUCTED), found)


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
class Order:
    """An order of computation.

    Parameters
    ----------
    nodes : int array
        Those that the loops compute, level by level.
    stops : list of int
        Where in `nodes` each level ends.
    batches : list of list of (row, nodes, operands)
        The nodes of each level that rows compute, before the loops go over that level.
    """

    nodes: Ints
    stops: list[int]
    batches: list[list[tuple[Op, Ints, list[Ints]]]]


@dataclass(frozen=True, eq=False)
class Sloped:
    """Nodes whose partials are computed by their rows.

    Parameters
    ----------
    nodes : int array
        Ascending.
    groups : list of (row, places, nodes, operands)
        The same by rows; `places` are those among `nodes`.
    """

    nodes: Ints
    groups: list[tuple[Op, Ints, Ints, list[Ints]]]


@dataclass(frozen=True, eq=False)
class Schedule:
    """A graph's order of computation.

    Parameters
    ----------
    order : Order
        Where the loops are compiled or not, whichever it was made for.
    values, slopes : uint8 array
        What computes a code's value and its partials there.
    live : uint8 array, shape (N,)
        Which nodes J's derivative flows through.
    sloped : Sloped
        The live nodes whose partials neither are numbers nor operands.
    rest : Sloped
        Those that the loops cannot compute.
    rules : Rules
        What the op table was.
    used : list of (code, value, partials)
        The rows of the graph, and what they said.
    """

    order: Order
    values: Ints
    slopes: Ints
    live: Ints
    sloped: Sloped
    rest: Sloped
    rules: Rules
    used: list[tuple[int, Any, Any]]

    @cached_property
    def machine(self) -> tuple[Any, ...]:
        """Instructions for compiled loops, and room to work them out in."""
        return self.rules.machine.parts(np.zeros(TAKEN + ROOM), np.zeros(MOST, dtype=np.intp))

    @property
    def current(self) -> bool:
        """Whether the graph's rows still say what they said."""
        for code, value, partials in self.used:
            row = ROWS[code]
            if row.value is not value or row.partials is not partials:
                return False
        return True


NAMES = ("schedule", "compiled schedule")


def schedule(graph: Graph, compiled: bool = False) -> Schedule:
    """The order in which a graph is computed; made at its first use."""
    found: Schedule | None = graph.kept.get(NAMES[compiled])
    if found is None or not found.current:
        other = graph.kept.get(NAMES[not compiled])
        found = _schedule(graph, compiled, other if other and other.current else None)
        graph.kept[NAMES[compiled]] = found
    return found


def _schedule(graph: Graph, compiled: bool, other: Schedule | None) -> Schedule:
    table = rules()
    values = table.compiled_values if compiled else table.values
    slopes = table.compiled_slopes if compiled else table.slopes
    order = _ordered(graph, values)
    if other is not None:
        live, sloped = other.live, other.sloped
    else:
        live = np.zeros(len(graph), dtype=np.uint8)
        flat = graph.operands.reshape(-1)
        call("mark_reached", len(graph), graph.codes, flat, table.passes, graph.output, live)
        live.flags.writeable = False
        sloped = _sloped(graph, live, table.slopes)
    rest = _sloped(graph, live, slopes) if compiled else sloped
    codes = np.unique(graph.codes[graph.codes >= 0]).tolist()
    used = [(code, ROWS[code].value, ROWS[code].partials) for code in codes]
    return Schedule(order, values, slopes, live, sloped, rest, table, used)


def _ordered(graph: Graph, values: Ints) -> Order:
    levels = np.zeros(len(graph), dtype=np.int32)
    call("find_levels", len(graph), graph.codes, graph.operands.reshape(-1), values, levels)
    computed = np.flatnonzero(graph.codes >= 0).astype(np.int32)
    by_row = values[graph.codes[computed]] == OTHER
    inner, outer = computed[~by_row], computed[by_row]
    depth = int(levels.max(initial=0)) + 1
    nodes = inner[np.argsort(levels[inner], kind="stable")] if depth > 1 else inner
    nodes.flags.writeable = False
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
    return Order(nodes, stops, batches)


def _sloped(graph: Graph, live: Ints, slopes: Ints) -> Sloped:
    mine = (live != 0) & (graph.codes >= 0)
    mine[mine] = slopes[graph.codes[mine]] == OTHER
    found = np.flatnonzero(mine).astype(np.int32)
    found.flags.writeable = False
    groups = []
    for row, places in of_codes(graph.codes[found]):
        nodes = found[places]
        groups.append((row, places, nodes, [graph.operands[nodes, k] for k in range(row.arity)]))
    return Sloped(found, groups)


def of_codes(codes: Ints) -> Iterator[tuple[Op, Ints]]:
    """(row, the places of its code) for each row among some codes."""
    for code in np.unique(codes).tolist():
        if code >= 0:
            yield ROWS[code], np.flatnonzero(codes == code)
