"""The nudge table: every node's optimal nudge, estimate, bar, verdict, and the sentence that says why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np

from ..errors import UsageError
from ..memory import refuse
from ..show import Shown
from ..sweeps.jets import ORDER
from ..sweeps.run import Run
from .caps import blamed
from .kinks import slopes
from .local import Chained, chained
from .many import CHAINED, NO_PARTIAL, Certificate, Many, independent
from .nudge import BLIND, Factors, Nudge, Verdict, judge, power_of_two, primes
from .optimal import Solved, batches, quick, solve
from .stencils import stencils_named

HOWS = ("auto", "global", "local")
LOCAL_ABOVE = 256  # nodes
ALWAYS_LOCAL_ABOVE = 50_000  # nodes from which on one node's replays take seconds and gigabytes
MANY_ABOVE = 2_000  # nodes from which on rows are made when they are asked for
NUDGE_BYTES = 160  # of a node, with its value and adjoint
__all__ = ["LOCAL_ABOVE", "MANY_ABOVE", "Factors", "Nudge", "NudgeTable", "Verdict", "judge", "nudges"]


@dataclass(frozen=True, eq=False)
class NudgeTable(Mapping[str, Nudge], Shown):
    """Read-only: node name -> `Nudge`, in program order, with each field as an array beside it."""

    run: Run
    stencil: str
    _rows: Mapping[str, Nudge] = field(repr=False)

    def __getitem__(self, name: str) -> Nudge:
        if name in self._rows:
            return self._rows[name]
        return self._rows[self.run.graph.name(self.run.graph.index(name))]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def array(self, name: str) -> Any:
        """One field of all nodes, in order: ``table.array("bar")``."""
        if isinstance(self._rows, Many):
            return self._rows.array(name)
        return np.array([getattr(row, name) for row in self._rows.values()])

    def some(self, most: int, doubtful: bool = False) -> list[Nudge]:
        """The first rows; or the first of those that do not pass."""
        if isinstance(self._rows, Many):
            return self._rows.some(most, doubtful)
        rows = (n for n in self._rows.values() if not doubtful or n.verdict is not Verdict.PASS)
        return list(islice(rows, most))

    @property
    def verdicts(self) -> Mapping[str, Verdict]:
        """Node name -> verdict."""
        return {name: row.verdict for name, row in self._rows.items()}

    @property
    def verdict(self) -> Verdict:
        """The worst of the nodes' verdicts: fail before inconclusive before pass."""
        seen = set(np.unique(self.array("verdict")).tolist())
        order = (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS)
        return next((v for v in order if v in seen), Verdict.PASS)

    @cached_property
    def certificate(self) -> Certificate | None:
        """How far windowed jets are to be trusted here: exact ones at some nodes drawn at random, and the
        ratios of the nudges; None where every node has its own jet."""
        return self._rows.certificate() if isinstance(self._rows, Many) else None


def nudges(
    run: Run,
    nodes: str | Iterable[str] | None = None,
    how: str = "auto",
    stencil: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> NudgeTable:
    """The optimal nudge of every node of a run, with estimate, bar and verdict.

    Parameters
    ----------
    run : Run
    nodes : name or names, optional
        Only these nodes; all that can be nudged by default.
    how : str
        ``"global"``: replay J at v ± h. ``"local"``: nudge each op's inputs only, each by its own optimal
        nudge, and chain the partials: all nodes in a few sweeps. ``"auto"``: global, but local for all
        nodes of a graph with more than 256 and for any of one with more than 50,000. Above 2,000 nodes `h`
        comes from windowed jets, and nothing that is made for all nodes takes longer than a few sweeps.
    stencil : str, optional
        ``"two-sided"`` (default), ``"one-sided"``, ``"4"``, ``"6"``, ``"8"`` (orders), or ``"auto"``: of
        all but one-sided the one with the least error at each node. Local nudges take the best order.
    progress : callable, optional
        Called with (nodes done, nodes in all) after each batch.

    Returns
    -------
    NudgeTable

    Raises
    ------
    NodeError
        If a name is no node.
    UsageError
        If the stencil or `how` is unknown, or all nudges would take more memory than there is.

    Notes
    -----
    Each node costs some tens of vectorised sweeps over its descendants: O(N) a node, O(N^2) for all. Local
    nudges of more than 2,000 nodes are O(N) for all of them; a row of that table is made when it is asked
    for. The bar covers the derivative of J in exact arithmetic at the node's computed value, everything
    that does not depend on the node held at its computed value. It assumes that rounding errors of
    different ops are independent wherever they are not known exactly.

    Examples
    --------
    >>> import nudgegrad as ng
    >>> run = ng.graph("J = (2 + 3*w)**2").at(w=3)
    >>> n = ng.nudges(run)["w"]
    >>> n.h, n.estimate, n.verdict.value, abs(n.estimate - 66) <= n.bar
    (4.0, 66.0, 'pass', True)
    """
    if how not in HOWS:
        raise UsageError(f"unknown way to nudge '{how}'", help=f"how= takes {', '.join(HOWS)}")
    rows = stencils_named(stencil)
    graph = run.graph
    if nodes is None:
        chosen = np.flatnonzero(graph.nudged)
    else:
        names = [nodes] if isinstance(nodes, str) else list(nodes)
        chosen = np.array(sorted({graph.index(name) for name in names}), dtype=int)
        for i in chosen.tolist():
            if not graph.nudged[i]:
                raise UsageError(f"'{graph.name(i)}' is a constant: nobody nudges it", graph.place(i))
    large = (nodes is None and len(chosen) > LOCAL_ABOVE) or len(graph) > ALWAYS_LOCAL_ABOVE
    by_op = how == "local" or (how == "auto" and large)
    if by_op and len(graph) > MANY_ABOVE:
        refuse(len(graph) * NUDGE_BYTES, f"the nudges of {len(graph):,} nodes")
        return NudgeTable(run, rows[0].name, Many(run, chosen, rows[0]))
    found: dict[int, Nudge] = {}
    wanted = chosen.tolist()
    live = [i for i in wanted if graph.reaches[i]]
    chain = chained(run) if by_op else None
    for i in wanted:
        if not graph.reaches[i]:
            found[i] = independent(run, i, rows[0])
    for group in batches(run, live):
        if chain is not None:
            near = quick(run, group, rows[0])
            found |= {i: _local(run, i, p, near, chain) for p, i in enumerate(group)}
        else:
            solved = [solve(run, group, row) for row in rows]
            for p, i in enumerate(group):
                found[i] = _nudge(run, i, p, min(solved, key=lambda s: _merit(s, p)))
        if progress is not None:
            progress(len(found), len(wanted))
    return NudgeTable(run, rows[0].name, {graph.name(i): replace(found[i], run=run) for i in wanted})


def _merit(s: Solved, p: int) -> tuple[bool, float]:
    error = float((s.first.truncation + s.first.rounding)[p, 0])
    return (not s.verified[p], error if np.isfinite(error) else np.inf)


def _nudge(run: Run, i: int, p: int, s: Solved) -> Nudge:
    q = s.problem
    name = run.graph.name(i)
    v, adjoint = float(run.value_array[i]), float(run.adjoint_array[i])
    a = float(s.adjoint_bar[p])
    h, estimate = float(s.first.h[p, 0]), float(s.first.estimate[p, 0])
    bar, truncation = float(s.first.bar[p, 0]), float(s.first.truncation[p, 0])
    trusted = bool(s.verified[p]) and np.isfinite(estimate) and np.isfinite(bar)
    sides = slopes(run, i) if q.base.kinked[p] >= 0 else None
    factors = _factors(s, p, trusted)
    if not trusted:
        return Nudge(
            name, v, float("nan"), q.stencil.name, float("nan"), np.inf, np.inf, np.inf, adjoint, a,
            Verdict.INCONCLUSIVE, _why_none(s, p, name, sides), factors, slopes=sides,
        )  # fmt: skip
    second = float(s.second.estimate[p, 0])
    verdict = judge(adjoint, estimate, bar, a, second)
    reason = _why(s, p, name, h, factors)
    if not np.isfinite(adjoint):
        reason = f"backprop gave {adjoint}, so there is no claim to check; {reason}"
    elif verdict is Verdict.INCONCLUSIVE:
        small = bar > BLIND * abs(estimate)
        reason += (
            f"; the bar {bar:.2g} is more than half of the estimate, so it says too little"
            if small
            else "; the adjoint is off by more than the bar, but not by three times as much twice"
        )
    elif verdict is Verdict.FAIL:
        reason += f"; backprop says {adjoint:.6g}, the nudges {estimate:.6g} ± {bar:.1g}"
    return Nudge(
        name, v, h, q.stencil.name, estimate, bar, bar - truncation, truncation, adjoint, a,
        verdict, reason, factors, second,
    )  # fmt: skip


def _local(run: Run, i: int, p: int, s: Solved, chain: Chained) -> Nudge:
    """A node's row from local nudges, beside its global nudge."""
    name, stencil = run.graph.name(i), s.problem.stencil.name
    v, adjoint, a = float(run.value_array[i]), float(run.adjoint_array[i]), float(chain.adjoint_bar[i])
    h = float(s.first.h[p, 0]) if s.found[p] else float("nan")
    estimate, bar = float(chain.estimate[i]), float(chain.bar[i])
    factors = _factors(s, p, bool(s.found[p]))
    if not np.isfinite(bar):
        sides = slopes(run, i) if s.problem.base.kinked[p] >= 0 else None
        why = _why_none(s, p, name, sides) if sides or s.problem.base.edged[p] >= 0 else NO_PARTIAL
        return Nudge(
            name, v, h, stencil, float("nan"), np.inf, np.inf, np.inf, adjoint, a,
            Verdict.INCONCLUSIVE, why, factors, how="local", slopes=sides,
        )  # fmt: skip
    second, truncation = float(chain.second[i]), float(chain.truncation[i])
    verdict = judge(adjoint, estimate, bar, a, second)
    reason = CHAINED
    if s.found[p]:
        reason += f"; for a nudge of {name} itself: {_why(s, p, name, h, factors)}"
    if verdict is Verdict.FAIL:
        reason += f"; backprop says {adjoint:.6g}, the nudges {estimate:.6g} ± {bar:.1g}"
    return Nudge(
        name, v, h, stencil, estimate, bar, bar - truncation, truncation, adjoint, a,
        verdict, reason, factors, second, "local",
    )  # fmt: skip


def _factors(s: Solved, p: int, trusted: bool) -> Factors:
    q = s.problem
    scale = q.scale[p]
    with np.errstate(all="ignore"):
        second = float(2 * q.coefficients[2, p] / scale / scale)
        third = float(6 * q.coefficients[3, p] / scale / scale / scale)
        noise = float(s.first.rounding[p, 0] * s.first.h[p, 0])
    cap, degree, h = float(s.cap[p]), float(q.degree[p]), float(s.first.h[p, 0])
    spacing = float(q.format.spacing(q.v[p, 0]))
    blame = _cap_in_words(s, p)
    if q.base.kinked[p] >= 0:
        decided = "kink"
    elif q.base.edged[p] >= 0:
        decided = "edge"
    elif not trusted:
        decided = "none"
    elif cap <= 2 * h:
        decided = "cap"
    elif degree <= q.stencil.exact_degree:
        decided = "degree"
    elif h <= 2 * spacing:
        decided = "spacing"
    else:
        decided = "balance"
    return Factors(second, third, degree, noise, spacing, q.format.name, cap, blame, decided)


def _cap_in_words(s: Solved, p: int) -> str:
    if s.blame[p] < 0:
        return ""
    position, cause = blamed(int(s.blame[p]))
    step, graph = s.problem.plan.steps[position], s.problem.run.graph
    where = graph.name(step.node)
    if step.row is None or cause == "range":
        return f"{where} would leave the range of {s.problem.format.name}"
    what = step.row.name if step.row.name.isidentifier() else f"'{step.row.name.rstrip('z')}'"
    if cause == "kink":
        return f"{what} at {where} would change sides of its {step.row.corner}"
    if cause == "domain":
        return f"{what} at {where} would come too near the edge of its domain"
    return f"the argument of {what} at {where} may move by {step.row.reach:g} at most"


def _why(s: Solved, p: int, name: str, h: float, f: Factors) -> str:
    q = s.problem
    output = q.run.graph.name(q.run.graph.output)
    if s.measured[p]:
        return (
            f"the series of {output} misleads here: {power_of_two(h)}, where a ladder of nudges levels off"
        )
    if f.decided == "degree":
        return f"{output} is of degree {f.degree:g} in {name}: exact at any size"
    if f.decided == "cap":
        return f"{power_of_two(h)} is as far as it goes: {f.capped_by}"
    order = q.stencil.exact_degree + 1
    terms = [
        (abs(c) * (h / q.scale[p]) ** k, k)
        for k, c in enumerate(q.coefficients[:, p])
        if k >= order and (q.stencil.exact_degree == 1 or k % 2) and k <= min(f.degree, ORDER)
    ]
    _, k = max(terms, default=(0.0, order))
    with np.errstate(all="ignore"):
        derivative = float(np.prod(np.arange(1.0, k + 1)) * q.coefficients[k, p] / q.scale[p] ** k)
    if f.decided == "spacing":
        return f"{f.format} has no smaller nudge at {name}: its numbers are {f.spacing:.2g} apart there"
    if derivative == 0:
        straight = f"{output} is as good as straight in {name}"
        return f"{straight}: rounding {f.rounding:.2g} decides at {power_of_two(h)}"
    return (
        f"{primes(output, k)} = {derivative:.3g} and rounding {f.rounding:.2g} balance at"
        f" {power_of_two(h)}; nothing else limits it"
    )


def _slope(x: float) -> str:
    return "unknown" if np.isnan(x) else f"{x:.6g}"


def _why_none(s: Solved, p: int, name: str, sides: tuple[float, float] | None) -> str:
    q = s.problem
    graph = q.run.graph
    output = graph.name(graph.output)
    if sides is not None:
        step = q.plan.steps[int(q.base.kinked[p])]
        assert step.row is not None
        return (
            f"{step.row.name} at {graph.name(step.node)} is exactly on its {step.row.corner},"
            f" so {output} has no derivative in {name}: left slope {_slope(sides[0])},"
            f" right slope {_slope(sides[1])}"
        )
    if q.base.edged[p] >= 0:
        step = q.plan.steps[int(q.base.edged[p])]
        assert step.row is not None
        where = f"{graph.name(step.node)} is at the edge of its domain ({step.row.domain_text})"
        return f"{where}: {output} has no derivative in {name} there"
    if not s.found[p]:
        blame = _cap_in_words(s, p)
        return f"no nudge of {name} is allowed" + (f": {blame}" if blame else f" in {q.format.name}")
    return f"two nudges of {name} disagree by more than their bars: neither can be trusted"
