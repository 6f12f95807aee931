"""Sweeps over wide graphs in array operations alone: all nodes of a level and a row at once.

For graphs whose levels hold many nodes, where the loops are not compiled. The sum of an adjoint has its
terms in the order of the plain sweep, so each number is the one that it finds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..compiled import call
from ..formats import Array
from ..graphs.graph import MOST, ROWS, Graph
from ..graphs.ops import Op
from ..loops.kinds import OTHER
from .schedule import Ints, of_codes, schedule

ENOUGH = 20  # nodes of a row in a level, on average, for which an array operation is worth its time


@dataclass(frozen=True, eq=False)
class Groups:
    """A graph in groups.

    Parameters
    ----------
    forward : list of (row, nodes, operands)
        In order of computation.
    targets, consumers, places : int arrays, shape (E,)
        The edges that derivatives take, those of one height together, from the output down; for each
        target by descending consumer.
    stops : list of int
        Where the edges of each height end.
    """

    forward: list[tuple[Op, Ints, list[Ints]]]
    targets: Ints
    consumers: Ints
    places: Ints
    stops: list[int]

    @property
    def wide(self) -> bool:
        """Whether groups are large enough."""
        steps = len(self.forward) + len(self.stops)
        return sum(len(nodes) for _, nodes, _ in self.forward) >= ENOUGH * steps


def groups(graph: Graph) -> Groups:
    """The groups of a graph; made at their first use."""
    if "groups" not in graph.kept:
        graph.kept["groups"] = _grouped(graph)
    found: Groups = graph.kept["groups"]
    return found


def _grouped(graph: Graph) -> Groups:
    n, codes, flat = len(graph), graph.codes, graph.operands.reshape(-1)
    plan = schedule(graph)
    levels, heights = np.zeros(n, dtype=np.int32), np.zeros(n, dtype=np.int32)
    call("find_levels", n, codes, flat, np.full(len(ROWS), OTHER, dtype=np.uint8), levels)
    call("find_heights", n, graph.output, codes, flat, plan.live, heights)
    computed = np.flatnonzero(codes >= 0)
    computed = computed[np.lexsort((computed, codes[computed], levels[computed]))]
    change = np.flatnonzero(np.diff(levels[computed]) | np.diff(codes[computed])) + 1
    forward = []
    for nodes in np.split(computed, change) if computed.size else []:
        row = ROWS[codes[nodes[0]]]
        forward.append((row, nodes, [graph.operands[nodes, k] for k in range(row.arity)]))
    consumer, place = np.nonzero((graph.operands >= 0) & ((plan.live != 0) & (codes >= 0))[:, None])
    passes = plan.rules.passes[MOST * codes[consumer] + place] != 0
    consumer, place = consumer[passes], place[passes]
    target = graph.operands[consumer, place]
    order = np.lexsort((place, -consumer, target, heights[target]))
    ends = np.flatnonzero(np.diff(heights[target[order]])) + 1
    return Groups(forward, target[order], consumer[order], place[order], [*ends.tolist(), len(order)])


def compute(graph: Graph, values: Array) -> None:
    """Compute all nodes from those that are given: inputs and constants."""
    with np.errstate(all="ignore"):
        for row, nodes, operands in groups(graph).forward:
            values[nodes] = row.value(*(values[o] for o in operands))


def adjoints(graph: Graph, values: Array, scale: float = 1.0) -> Array:
    """dJ/dnode of every node times `scale`, shape (N,); 0 where J does not depend on the node."""
    made, live = groups(graph), schedule(graph).live
    slopes = np.zeros((len(graph), MOST))
    found = np.full(len(graph), -0.0)
    found[graph.output] = scale
    with np.errstate(all="ignore"):
        for row, nodes in of_codes(np.where(live != 0, graph.codes, -1)):
            args = [values[graph.operands[nodes, k]] for k in range(row.arity)]
            for k, p in enumerate(row.partials(*args, values[nodes])):
                if p is not None:
                    slopes[nodes, k] = p
        terms = slopes[made.consumers, made.places]
        start = 0
        for stop in made.stops:
            some = slice(start, stop)
            np.add.at(found, made.targets[some], found[made.consumers[some]] * terms[some])
            start = stop
    found[live == 0] = 0.0
    return found
