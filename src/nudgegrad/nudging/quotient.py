"""Plain difference quotients, as a course takes them: one nudge for every node, whatever the node."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..formats import Array
from ..sweeps.evaluate import plan, replay
from ..sweeps.run import Run

COURSE = 0.001  # the nudge that the course gives every node


def quotients(run: Run, nodes: Sequence[int], h: float = COURSE, two_sided: bool = False) -> Array:
    """(J(v+h) - J(v)) / h of some nodes, or (J(v+h) - J(v-h)) / 2h: J in the run's format, difference and
    quotient in float64; nan where J at the nudged value does not exist or h is 0.

    Parameters
    ----------
    nodes : sequence of int
        Node indices; 0 for those that J does not depend on.
    h : float

    Returns
    -------
    array, shape (len(nodes),)
    """
    graph, held = run.graph, run.value_array
    found = np.zeros(len(nodes))
    live = [p for p, i in enumerate(nodes) if graph.reaches[i]]
    if not live:
        return found
    indices = [nodes[p] for p in live]
    v = held[indices][:, None]
    sides = np.concatenate([v + h, v - h if two_sided else v], axis=1)
    j = replay(plan(graph, indices), held, run.format.round(sides), run.format)[-1]
    with np.errstate(all="ignore"):
        high, low = j[:, 0].astype(np.float64), j[:, 1].astype(np.float64)
        found[live] = (high - low) / (2 * h if two_sided else h)
    return np.where(np.isfinite(found), found, np.nan)
