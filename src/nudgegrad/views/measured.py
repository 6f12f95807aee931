"""What the picture of a V-curve shows: errors of nudges on one side and on both, what is predicted of them,
and which nudges are forbidden.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..errors import UsageError
from ..formats import Array
from ..graphs.tokens import shortened
from ..nudging.caps import blamed
from ..nudging.optimal import Problem, measure, problem
from ..nudging.stencils import STENCILS, Stencil
from ..nudging.table import Nudge, nudges
from ..sweeps.run import Run
from .digits import number
from .notation import derivative, with_names
from .vcurve import OCTAVES, shown

POINTS = 60  # nudges
HALVINGS = 12  # of the gap between an allowed nudge and a forbidden one
PAIR = ("two-sided", "one-sided")


@dataclass(frozen=True)
class Forbidden:
    """Nudges between `low` and `high` say nothing about the derivative, and why."""

    low: float
    high: float
    why: str


@dataclass(frozen=True, eq=False)
class Errors:
    """Errors of nudges of one node.

    Parameters
    ----------
    run : Run
    best : Nudge
        Its stencil is the one that the predictions are about.
    h : array, shape (K,)
        Ascending; the best nudge is one of them.
    measured : mapping of str to array, shape (K,)
        By stencil: abs(estimate - backprop); nan where J does not exist.
    rounding, truncation : array, shape (K,)
        The two predicted parts; nan where the nudge is forbidden.
    forbidden : tuple of Forbidden
    """

    run: Run
    best: Nudge
    h: Array
    measured: Mapping[str, Array]
    rounding: Array
    truncation: Array
    forbidden: tuple[Forbidden, ...]

    @property
    def output(self) -> str:
        """The name of J."""
        return self.run.graph.name(self.run.graph.output)

    @property
    def derivative(self) -> str:
        """What is measured: ``dJ/dw``."""
        return derivative(self.output, self.best.node)


def errors(run: Run, n: Nudge, points: int = POINTS) -> Errors:
    """The errors of a node's nudges, with what is predicted and what is forbidden.

    Parameters
    ----------
    run : Run
    n : Nudge
        One of this run's. One that was found by local nudges is found again by replays.
    points : int
        So many nudges at most.

    Raises
    ------
    UsageError
        If J does not depend on the node, or backprop has no derivative to compare with.
    """
    output, i = run.graph.name(run.graph.output), run.graph.index(n.node)
    if not run.graph.reaches[i]:
        raise UsageError(
            f"{output} does not depend on {n.node}: every nudge gives exactly 0",
            run.graph.place(i),
            f"--node with a node that {output} depends on",
        )
    if not np.isfinite(n.adjoint):
        raise UsageError(
            f"there is no {derivative(output, n.node)} at {n.node} = {number(n.value)} to compare with",
            run.graph.place(i),
            "another value, or --curve, which needs no derivative",
        )
    if n.how == "local":
        n = nudges(run, n.node, stencil=n.stencil)[n.node]
    h = _spread(shown(run, n, 2 * OCTAVES), n, points)
    names = dict.fromkeys((*PAIR, n.stencil))
    rows = {name: _row(run, i, n, name) for name in names}
    found = {name: measure(problem(run, [i], row), h[None, :]) for name, row in rows.items()}
    m, q = found[n.stencil], problem(run, [i], rows[n.stencil])
    allowed = m.allowed[0]
    with np.errstate(all="ignore"):
        measured = {name: np.abs(one.estimate[0] - n.adjoint) for name, one in found.items()}
    predicted = [np.where(allowed, part[0], np.nan) for part in (m.rounding, m.truncation)]
    return Errors(run, n, h, measured, predicted[0], predicted[1], _forbidden(q, h))


def _spread(h: Array, n: Nudge, points: int) -> Array:
    """Some of the nudges, as many octaves apart, the best among them."""
    step = -(-len(h) // points)
    best = np.flatnonzero(h == n.h)
    return h[int(best[0]) % step if best.size else 0 :: step]


def _row(run: Run, i: int, n: Nudge, name: str) -> Stencil:
    """The stencil of that name; of several the one that gave the best nudge's estimate."""
    rows = STENCILS[name]
    if name == n.stencil and np.isfinite(n.h):
        for row in rows:
            if measure(problem(run, [i], row), np.array([[n.h]])).estimate[0, 0] == n.estimate:
                return row
    return rows[0]


def _forbidden(q: Problem, h: Array) -> tuple[Forbidden, ...]:
    """The nudges that are not allowed, in pieces with one reason each."""
    m = measure(q, h[None, :])
    name = q.run.graph.name(q.plan.nodes[0])
    reasons = [
        "" if allowed else _why(blame, q, name)
        for allowed, blame in zip(m.allowed[0], m.blame[0].tolist(), strict=True)
    ]
    edges = [float(h[0])]
    for (low, one), (high, other) in pairwise(zip(h.tolist(), reasons, strict=True)):
        if one != other:
            edges.append(_edge(q, low, high) if not (one and other) else float(np.sqrt(low * high)))
    edges.append(float(h[-1]))
    kinds = [reasons[0], *(other for one, other in pairwise(reasons) if one != other)]
    pieces = zip(pairwise(edges), kinds, strict=True)
    return tuple(Forbidden(low, high, why) for (low, high), why in pieces if why)


def _edge(q: Problem, low: float, high: float) -> float:
    """Where allowed nudges end or begin between two."""
    first = bool(measure(q, np.array([[low]])).allowed[0, 0])
    for _ in range(HALVINGS):
        middle = float(np.sqrt(low * high))
        if bool(measure(q, np.array([[middle]])).allowed[0, 0]) == first:
            low = middle
        else:
            high = middle
    return high


def _why(blame: int, q: Problem, name: str) -> str:
    """What is wrong with a nudge, in a few words."""
    if blame < 0:
        return f"{name} + h is {name}"
    position, cause = blamed(blame)
    step = q.plan.steps[position]
    where = shortened(with_names(q.run.graph, step.node))
    if step.row is None or cause == "range":
        return f"{where} leaves {q.format.name}"
    if cause == "kink":
        stands = q.base.kinked[0] >= 0
        return f"{name} is on the corner of {where}" if stands else f"beyond the corner of {where}"
    if cause == "domain":
        return f"too near the {'pole' if '!= 0' in step.row.domain_text else 'edge'} of {where}"
    return f"too far for {where}"
