"""What a nudge table is worth, node by node, against exact derivatives.

For every node of a random program: the true error of the estimate beside its bar, the verdicts on the
right adjoint and on wrong ones, and the error at the chosen nudge beside the best that any nudge reaches.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nudgegrad.errors import BindingError, EvaluationError
from nudgegrad.graphs.program import parse
from nudgegrad.nudging.optimal import points
from nudgegrad.nudging.stencils import STENCILS
from nudgegrad.nudging.table import Nudge, judge, nudges
from nudgegrad.sweeps.evaluate import plan, replay
from nudgegrad.sweeps.run import Run
from tests.families import Program
from tests.oracles.truth import true_derivatives

DECADES = 4  # nudges tried on either side of the chosen one
PER_DECADE = 71
WINDOW = 1.3  # the best nudge is the best of the largest error within this factor up and down
GOOD = 0.1  # a node is resolvable if some nudge is good to this share of the derivative
BUDGET = 6000  # nodes times descendants, roughly, that one program may cost
RULES = ("0.001", "1e-7", "cbrt(eps)*max(1,|v|)")  # what others use, two-sided

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Record:
    """One node: everything that is counted about it."""

    family: str
    format: str
    node: str
    truth: float
    error: float  # abs(estimate - truth); nan where there is no estimate
    bar: float
    adjoint_error: float
    adjoint_bar: float
    verdict: str
    wrong: tuple[tuple[str, bool, str], ...]  # name, whether it must fail, verdict
    best: float  # the best error that a window of nudges reaches; nan if not asked for
    others: tuple[float, ...]  # the errors of RULES
    kink: bool


def rule_steps(v: float) -> tuple[float, ...]:
    """The nudges of RULES at a value."""
    return 0.001, 1e-7, float(np.cbrt(2.0**-52)) * max(1.0, abs(v))


def differences(run: Run, nodes: Sequence[int], h: Array) -> Array:
    """Two-sided estimates at nudges h, shape (P, K), in the run's format; nan where J does not exist."""
    (row,) = STENCILS["two-sided"]
    v = run.value_array[list(nodes)][:, None]
    x = points(v, h, row, run.format)
    flat = x.reshape(len(nodes), -1)
    j = np.asarray(
        replay(plan(run.graph, nodes), run.value_array, flat, run.format)[-1], dtype=np.float64
    ).reshape(x.shape)
    with np.errstate(all="ignore"):
        return np.asarray((j[..., 0] - j[..., 1]) / (x[..., 0] - x[..., 1]))


def best_possible(run: Run, nodes: Sequence[int], h: Array, truth: Array) -> Array:
    """Least over all nudges of the largest error in a window around them, shape (P,)."""
    exponents = np.linspace(-DECADES, DECADES, 2 * DECADES * PER_DECADE + 1)
    tried = h[:, None] * 10.0 ** exponents[None, :]
    error = np.abs(differences(run, nodes, tried) - truth[:, None])
    error = np.where(np.isfinite(error), error, np.inf)
    half = round(np.log10(WINDOW) * PER_DECADE)
    windows = np.lib.stride_tricks.sliding_window_view(error, 2 * half + 1, axis=1)
    return np.asarray(windows.max(axis=-1).min(axis=-1))


def study(
    program: Program,
    fmt: str,
    most: int = 40,
    ladder: int = 8,
    seed: int = 0,
    stencil: str | None = None,
    how: str = "global",
) -> list[Record]:
    """Records of at most `most` nodes of a program, with the best possible error for `ladder` of them."""
    graph = parse(program.text)
    try:
        run = graph.at(program.inputs, format=fmt)
    except (EvaluationError, BindingError):  # beyond the format's range
        return []
    random = np.random.default_rng(seed)
    live = [i for i in np.flatnonzero(graph.nudged).tolist() if graph.reaches[i] and i != graph.output]
    most = max(1, min(most, BUDGET // len(graph)))
    if len(live) > most:
        live = sorted(random.choice(live, most, replace=False).tolist())
    if not live:
        return []
    table = nudges(run, [graph.name(i) for i in live], how, stencil)
    truths = true_derivatives(graph, run.value_array, live)
    known = [i for i in live if np.isfinite(truths[i].value or 0.0) and truths[i].value is not None]
    tried = sorted(random.choice(known, ladder, replace=False).tolist()) if len(known) > ladder else known
    best: Mapping[int, float] = {}
    others: Mapping[int, tuple[float, ...]] = {}
    if tried and ladder:
        truth = np.array([truths[i].value for i in tried], dtype=float)
        rows = [table[graph.name(i)] for i in tried]
        start = np.array(
            [n.h if np.isfinite(n.h) else max(abs(n.value), 1e-30) * run.format.u**0.33 for n in rows]
        )
        best = dict(zip(tried, best_possible(run, tried, start, truth).tolist(), strict=True))
        steps = np.array([rule_steps(n.value) for n in rows])
        with np.errstate(all="ignore"):
            wrong = np.abs(differences(run, tried, steps) - truth[:, None])
        others = {
            i: tuple(w) for i, w in zip(tried, np.where(np.isfinite(wrong), wrong, np.inf), strict=True)
        }
    records = []
    for i in live:
        n, t = table[graph.name(i)], truths[i]
        value = float("nan") if t.value is None else float(t.value)
        there = np.isfinite(n.estimate) and np.isfinite(value)
        error = t.error(n.estimate) if there else float("nan")
        adjoint_there = np.isfinite(value) and np.isfinite(n.adjoint)
        records.append(
            Record(
                program.family,
                fmt,
                n.node,
                value,
                error,
                n.bar,
                t.error(n.adjoint) if adjoint_there else float("nan"),
                n.adjoint_bar,
                str(n.verdict),
                _wrong(n, value),
                best.get(i, float("nan")),
                others.get(i, ()),
                t.kink,
            )
        )
    return records


def _wrong(n: Nudge, truth: float) -> tuple[tuple[str, bool, str], ...]:
    """Verdicts on adjoints that are wrong by a factor 2, 1/2 or a sign."""
    if not np.isfinite(n.estimate) or not np.isfinite(truth):
        return ()
    found = []
    for name, factor in (("twice", 2.0), ("half", 0.5), ("sign", -1.0)):
        claim = factor * n.adjoint
        must = abs(claim - truth) > 4 * (n.bar + n.adjoint_bar)
        verdict = judge(claim, n.estimate, n.bar, n.adjoint_bar, n.second)
        found.append((name, must, str(verdict)))
    return tuple(found)


def summary(records: Iterable[Record]) -> dict[str, float]:
    """The counts over some records: nodes, misses, looseness, lost nodes, error over the best possible."""
    rows = [r for r in records if np.isfinite(r.truth)]
    seen = [r for r in rows if np.isfinite(r.error)]
    u = {"float64": 2.0**-53, "float32": 2.0**-24, "float16": 2.0**-11, "bfloat16": 2.0**-8}
    loose = [r.bar / r.error for r in seen if r.error > 0]
    tried = [r for r in rows if np.isfinite(r.best)]
    resolvable = [r for r in tried if r.truth and r.best <= GOOD * abs(r.truth)]
    lost = [r for r in resolvable if not np.isfinite(r.error) or r.bar > abs(r.truth) / 2]
    ratio, others = [], [[] for _ in RULES]  # type: ignore[var-annotated]  # filled below
    for r in resolvable:
        floor = max(r.best, u[r.format] * abs(r.truth))
        if np.isfinite(r.error):
            ratio.append(r.error / floor)
        for column, e in zip(others, r.others, strict=True):
            column.append(e / floor)
    wrong = [w for r in rows for w in r.wrong if w[1]]

    def quantiles(name: str, values: Sequence[float]) -> dict[str, float]:
        marks = (50, 90, 99)
        with np.errstate(invalid="ignore"):
            found = np.percentile(values, marks, method="lower") if values else [np.nan] * 3
        return {f"{name}_{m}": float(q) for m, q in zip(marks, found, strict=True)}

    return {
        "nodes": len(rows),
        "estimates": len(seen),
        "misses": sum(r.error > r.bar for r in seen),
        "worst_miss": max([r.error / r.bar for r in seen if r.bar > 0], default=0.0),
        "looseness": float(np.median(loose)) if loose else float("nan"),
        "exact": sum(r.error == 0 for r in seen),
        "resolvable": len(resolvable),
        "lost": len(lost),
        "right_failed": sum(r.verdict == "fail" for r in rows),
        "right_inconclusive": sum(r.verdict == "inconclusive" for r in rows),
        "adjoint_misses": sum(r.adjoint_error > r.adjoint_bar for r in rows),
        "wrong": len(wrong),
        "wrong_not_failed": sum(w[2] != "fail" for w in wrong),
        **quantiles("ratio", ratio),
        **{k: v for n, c in zip(RULES, others, strict=True) for k, v in quantiles(n, c).items()},
    }
