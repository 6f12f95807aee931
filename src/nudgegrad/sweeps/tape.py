"""Sweeps over large graphs, in float64: as the plain ones compute them, bit for bit, in compiled loops.

Compiled loops compute all rows that have `instructions`; plain ones sums, products and quotients. Every
other row is computed by its own `value` and `partials`, for all nodes at once that stand at the same level.
So each number is the one that the plain sweep finds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..compiled import call, is_compiled, machine_code
from ..formats import Array
from ..graphs.graph import MOST, Graph
from ..loops.values import run_forward
from . import groups
from .evaluate import WIDE
from .schedule import Sloped, schedule

ABOVE = 2_000  # nodes from which on these sweeps are taken
NO_MACHINE = (None,) * 11  # instructions, where loops are not compiled


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
    plan = schedule(graph, compiled=True)
    order, start, loop = plan.order, 0, machine_code("run_forward")
    told = (graph.codes, plan.values, plan.rules.weights, graph.operands.reshape(-1), values, *plan.machine)
    for batch, stop in zip(order.batches, order.stops, strict=True):
        if batch:
            with np.errstate(all="ignore"):
                for row, nodes, taken in batch:
                    values[nodes] = row.value(*(values[o] for o in taken))
        if stop > start:
            loop(order.nodes, start, stop, *told)
        start = stop


def _compute_plainly(graph: Graph, values: Array) -> None:
    """The same on lists: an array's elements are slow one by one."""
    plan = schedule(graph)
    order, table = plan.order, plan.rules
    operands, found, start = graph.operands.reshape(-1).tolist(), values.tolist(), 0
    codes, kinds, weights = graph.codes.tolist(), plan.values.tolist(), table.weights.tolist()
    shared = (codes, kinds, weights, operands)
    in_order = order.nodes.tolist()
    with np.errstate(all="ignore"):
        for batch, stop in zip(order.batches, order.stops, strict=True):
            for row, nodes, _ in batch:
                mine = nodes.tolist()
                args = [np.array([found[operands[MOST * i + k]] for i in mine]) for k in range(row.arity)]
                for i, y in zip(mine, row.value(*args).tolist(), strict=True):
                    found[i] = y
            try:
                run_forward(in_order, start, stop, *shared, found, *NO_MACHINE)
            except ZeroDivisionError:  # which arrays have no word for
                values[:] = found
                run_forward(order.nodes, start, stop, *shared, values, *NO_MACHINE)
                found = values.tolist()
            start = stop
    values[:] = found


def adjoints(graph: Graph, values: Array, scale: float = 1.0, room: Array | None = None) -> Array:
    """dJ/dnode of every node times `scale`, shape (N,); 0 where J does not depend on the node. Compiled
    loops find them in `room`, if there is one."""
    fast = is_compiled("run_backward", len(graph))
    if not fast and groups.groups(graph).wide:
        return groups.adjoints(graph, values, scale)
    plan = schedule(graph, fast)
    found = np.empty(len(graph)) if room is None else room
    found.fill(-0.0)
    found[graph.output] = scale
    if graph.output + 1 < len(graph):
        found[graph.output + 1 :] = 0.0
    arguments = (
        graph.output, graph.codes, plan.slopes, plan.rules.partials, graph.operands.reshape(-1),
        still(values), plan.live, partials(plan.rest, values), found,
    )  # fmt: skip
    if fast:
        machine_code("run_backward")(*arguments, *plan.machine)
    else:
        call("run_backward", len(graph), *arguments, *NO_MACHINE)
    return found


def partials(sloped: Sloped, values: Array) -> Array:
    """Partials of some nodes, three for each; flat."""
    if not sloped.groups:
        return np.zeros(0)
    found = np.zeros((len(sloped.nodes), MOST))
    with np.errstate(all="ignore"):
        for row, places, nodes, taken in sloped.groups:
            for k, p in enumerate(row.partials(*(values[o] for o in taken), values[nodes])):
                if p is not None:
                    found[places, k] = p
    return found.reshape(-1)


def still(array: Array) -> Array:
    """The array so that it cannot be written: one compiled loop for all callers."""
    if not array.flags.writeable:
        return array
    view = array.view()
    view.flags.writeable = False
    return view
