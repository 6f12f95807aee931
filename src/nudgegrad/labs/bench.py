"""The data of the nudge bench: a node's best nudge in two formats and two stencils, with predicted curves.

Measured errors are not here: the browser takes them from the tape.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from html import escape
from typing import Any

import numpy as np

from ..errors import EvaluationError
from ..formats import Array
from ..nudging.table import Nudge, nudges
from ..sweeps.run import Run
from ..views.digits import nudge as nudge_text
from ..views.vcurve import vcurve
from ..views.why import sentences
from .course import COURSE
from .marking import decimal_text
from .sentences import say
from .stage import minus, table_html

SHOWN = ("float64", "float32")
STENCILS = ("two-sided", "one-sided")
POINTS = 40  # of a curve, before those on a straight line are left out
DIGITS = 3  # of a point of a curve: it is drawn
VERDICTS = {"fail": say("verdict-fail"), "inconclusive": say("verdict-inconclusive")}
STRAIGHT = 0.1  # powers of ten by which a point may miss the line between its neighbours


def bench(run: Run, node: str) -> dict[str, Any]:
    """What the bench shows of one node.

    Parameters
    ----------
    run : Run
        Its inputs count; they are rounded to each format anew.
    node : str
        A named node, or an unnamed one by its text.

    Returns
    -------
    dict
        ``node``, and under each format's name, for each stencil: the best nudge ``h`` (and ``h_text``),
        ``estimate``, ``bar``, ``verdict``, ``reason``, what the page ``says`` of it, and the
        ``curve``: log2 of nudges, log10 of the two predicted parts of the error there. None stands for
        what does not exist: an error of exactly 0, a nudge that nothing allows, a curve of a node that
        J does not depend on, and a whole format in which J has no value.

    Raises
    ------
    NodeError
        If there is no such node.
    UsageError
        If the node is a constant.

    Notes
    -----
    Some hundreds of vectorised replays of what depends on the node: O(N).
    """
    name = run.graph.name(run.graph.index(node))
    return {"node": name, **{fmt: _in_format(run, name, fmt) for fmt in SHOWN}}


def _in_format(run: Run, node: str, fmt: str) -> dict[str, Any] | None:
    try:
        there = run.graph.at({name: run.value(name) for name in run.graph.inputs}, format=fmt)
    except (EvaluationError, ValueError):  # an input or a value beyond the range of the format
        return None
    return {stencil: _best(there, nudges(there, [node], stencil=stencil)[node]) for stencil in STENCILS}


def _best(run: Run, n: Nudge) -> dict[str, Any]:
    (sentence,) = sentences([n], run.graph.name(run.graph.output))
    return {
        "h": _finite(n.h),
        "h_text": nudge_text(n.h),
        "estimate": _finite(n.estimate),
        "bar": _finite(n.bar),
        "verdict": n.verdict.value,
        "reason": n.reason,
        "says": VERDICTS.get(n.verdict.value, "")
        + ("" if math.isfinite(n.h) else say("no-best"))
        + sentence,
        "curve": None if n.factors.decided == "independent" else _curve(run, n),
    }


def _curve(run: Run, n: Nudge) -> dict[str, list[float | None]]:
    found = vcurve(run, n, POINTS)
    off = found.h != n.h  # the power of two itself: much is exact there by luck
    with np.errstate(divide="ignore"):
        x, *parts = np.log2(found.h[off]), np.log10(found.rounding[off]), np.log10(found.truncation[off])
    known = np.where(np.isfinite(parts[1]), parts[1], np.inf)
    parts[1] = np.minimum.accumulate(known[::-1])[::-1]  # it rises: what sticks out is rounding
    kept = corners(x, np.array(parts))
    return {
        "h": _short(x[kept].tolist(), DIGITS + 1),
        "rounding": _short(parts[0][kept].tolist()),
        "truncation": _short(parts[1][kept].tolist()),
    }


def corners(x: Array, curves: Array) -> list[int]:
    """The points that polylines through x need, shape (K,), to stay as near as `STRAIGHT` to curves.

    Parameters
    ----------
    curves : array, shape (C, K)
        Not finite where a curve has no point: there it keeps its gaps.
    """
    y = np.where(np.isfinite(curves), curves, 1e9)  # a gap is far from every line
    kept, todo = {0, len(x) - 1}, [(0, len(x) - 1)]
    while todo:
        first, last = todo.pop()
        if last - first < 2:
            continue
        inner = slice(first + 1, last)
        share = (x[inner] - x[first]) / (x[last] - x[first])
        line = y[:, first, None] + share * (y[:, last] - y[:, first])[:, None]
        off = np.abs(y[:, inner] - line).max(axis=0)
        if off.max() > STRAIGHT:
            k = first + 1 + int(np.argmax(off))
            kept.add(k)
            todo += [(first, k), (k, last)]
    return sorted(kept)


def _finite(x: float) -> float | None:
    return x if math.isfinite(x) else None


def _short(values: Sequence[float], digits: int = DIGITS) -> list[float | None]:
    return [float(f"{x:.{digits}g}") if math.isfinite(x) else None for x in values]


# What the course prints: quotients at its own nudges, and what exact arithmetic gives for them.
# Exercise, of, by, nudge, as printed, exact quotient. The lab's are float64's, the notes' exact.
PRINTED_BY_THE_LAB = (
    ("nw0", "J", "a", "0.001", "22.000999999988835", "22001/1000"),
    ("nw0", "a", "w", "0.001", "3.0000000000001137", "3"),
    ("nw0", "J", "w", "0.001", "66.0090000000082", "66009/1000"),
    ("nw1", "J", "d", "0.001", "3.0004999999997395", "6001/2000"),
    ("nw1", "d", "a", "0.001", "1.000000000000334", "1"),
    ("nw1", "J", "a", "0.001", "3.0005000000006277", "6001/2000"),
    ("nw1", "J", "w", "0.001", "6.001999999999619", "3001/500"),
    ("d-sq-3", "J", "w", "0.000000001", "6.000000496442226", "6000000001/1000000000"),
    ("d-lin2-3", "J", "w", "0.001", "1.9999999999997797", "2"),
    ("d-cube-2", "J", "w", "0.001", "12.006000999997823", "12006001/1000000"),
    ("d-inv-2", "J", "w", "0.001", "-0.2498750624687629", "-500/2001"),
    ("d-inv2-4", "J", "w", "0.001", "-0.031238285155041345", "-1000125/32016002"),
)
PRINTED_IN_THE_NOTES = (
    ("d-sq-3", "J", "w", "0.001", "6.001", "6001/1000"),
    ("d-sq-3", "J", "w", "0.002", "6.002", "3001/500"),
    ("d-sq--3", "J", "w", "0.001", "-5.999", "-5999/1000"),
)

FIGURES_DIFFER = (
    "They differ by the rounding error of floats: 0.001 is no binary number, so the nudge is another, and"
    " J at the nudged value is rounded before J is taken away. Exact arithmetic, as in the notes,"
    " rounds nothing."
)


def printed_figures() -> list[dict[str, Any]]:
    """The quotients that the course prints, the lab's twelve and the notes' three.

    Returns
    -------
    list of dict
        ``exercise`` (its id), ``of`` and ``by`` (nodes), ``nudge``, ``printed``, ``exact`` (the quotient
        in exact arithmetic, a rational) as texts, and ``where``: ``"lab"`` (float64) or ``"notes"``.
    """
    keys = ("exercise", "of", "by", "nudge", "printed", "exact")
    return [
        {**dict(zip(keys, row, strict=True)), "where": where}
        for where, rows in (("lab", PRINTED_BY_THE_LAB), ("notes", PRINTED_IN_THE_NOTES))
        for row in rows
    ]


def figures_html(figures: Sequence[Mapping[str, Any]]) -> str:
    """The table of printed quotients; what floats give is left to the browser, to be computed there."""
    rows = []
    for figure in figures:
        of, by, printed = figure["of"], figure["by"], figure["printed"]
        exact = decimal_text((Fraction(figure["exact"]),) * 2)
        name = escape(COURSE[figure["exercise"]][0])
        title = f"{say('quotient-of', of, by, figure['nudge'])}<small>{name}</small>"
        same = f"<b>{say('exactly')}</b>" if exact == printed else ""
        rows.append([title, f"{printed} ({figure['where']})", "", minus(exact) + same])
    if not rows:
        return ""
    table = table_html(say("printed").split("|"), rows, written=str)
    return f"<h2>{say('course-prints')}</h2>{table}<p>{FIGURES_DIFFER}</p>"
