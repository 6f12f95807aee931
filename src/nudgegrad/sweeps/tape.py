"""Sweeps over large graphs, in float64: as the plain ones compute them, bit for bit, in compiled loops.

Sums, products and quotients are computed by the loops, every other row by its own `value` and `partials`,
for all nodes at once that stand at the same level. So each number is the one that the plain sweep finds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import loops
from ..compiled import call, is_compiled
from ..formats import Array
from ..graphs.graph import MOST, Graph
from . import groups
from .evaluate import WIDE
from .schedule import Schedule, schedule

ABOVE = 2_000  # nodes from which on these sweeps are taken


def forward(graph: Graph, inputs: Mapping[int, float]) -> Array:
    """Values of all nodes, shape (N,), nan or inf where they do not exist."""
    values = np.empty(len(graph))
    values[np.fromiter(inputs, np.int64, len(inputs))] = np.fromiter(inputs.values(), float, len(inputs))
    known: dict[Any, float] = {}
    for i, (exact, text) in graph.constants.items():
        if text not in known:
            known[text] = WIDE.nearest(exact)
        values[i] = known[text]
    compute(graph, values)
    return values


def compute(graph: Graph, values: Array) -> None:
    """Compute all nodes from those that are given: inputs and constants."""
    if not is_compiled("run_forward", len(graph)):
        (groups.compute if groups.groups(graph).wide else _compute_plainly)(graph, values)
        return
    plan = schedule(graph)
    table, flat, start = plan.rules, graph.operands.reshape(-1), 0
    with np.errstate(all="ignore"):
        for batch, stop in zip(plan.batches, plan.stops, strict=True):
            for row, nodes, taken in batch:
                values[nodes] = row.value(*(values[o] for o in taken))
            if stop > start:
                call(
                    "run_forward", len(graph), plan.order, start, stop, graph.codes, table.values,
                    table.weights, flat, values,
                )  # fmt: skip
            start = stop


def _compute_plainly(graph: Graph, values: Array) -> None:
    """The same on lists: an array's elements are slow one by one."""
    plan = schedule(graph)
    table = plan.rules
    operands, found, start = graph.operands.reshape(-1).tolist(), values.tolist(), 0
    order, codes = plan.order.tolist(), graph.codes.tolist()
    kinds, weights = table.values.tolist(), table.weights.tolist()
    with np.errstate(all="ignore"):
        for batch, stop in zip(plan.batches, plan.stops, strict=True):
            for row, nodes, _ in batch:
                mine = nodes.tolist()
                args = [np.array([found[operands[MOST * i + k]] for i in mine]) for k in range(row.arity)]
                for i, y in zip(mine, row.value(*args).tolist(), strict=True):
                    found[i] = y
            try:
                loops.run_forward(order, start, stop, codes, kinds, weights, operands, found)
            except ZeroDivisionError:  # which arrays have no word for
                values[:] = found
                loops.run_forward(plan.order, start, stop, codes, kinds, weights, operands, values)
                found = values.tolist()
            start = stop
    values[:] = found


def adjoints(graph: Graph, values: Array, scale: float = 1.0) -> Array:
    """dJ/dnode of every node times `scale`, shape (N,); 0 where J does not depend on the node."""
    if not is_compiled("run_backward", len(graph)) and groups.groups(graph).wide:
        return groups.adjoints(graph, values, scale)
    plan = schedule(graph)
    table = plan.rules
    found = np.full(len(graph), -0.0)
    found[graph.output] = scale
    call(
        "run_backward", len(graph), graph.output, graph.codes, table.slopes, table.partials,
        graph.operands.reshape(-1), still(values), plan.live, partials(plan, values), found,
    )  # fmt: skip
    found[plan.live == 0] = 0.0
    return found


def partials(plan: Schedule, values: Array) -> Array:
    """Partials of the nodes in `plan.by_rows`, three for each; flat."""
    found = np.zeros((len(plan.by_rows), MOST))
    with np.errstate(all="ignore"):
        for row, places, nodes, taken in plan.sloped:
            for k, p in enumerate(row.partials(*(values[o] for o in taken), values[nodes])):
                if p is not None:
                    found[places, k] = p
    return found.reshape(-1)


def still(array: Array) -> Array:
    """A view that cannot be written: one compiled loop for all callers."""
    view = array.view()
    view.flags.writeable = False
    return view
