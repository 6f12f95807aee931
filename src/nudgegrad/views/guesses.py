"""What is the best nudge for a node? It, and beside it the usual guesses with what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ..nudging.optimal import measure, problem
from ..nudging.quotient import quotients
from ..nudging.stencils import stencils_named
from ..nudging.table import Nudge, nudges
from ..sweeps.run import Run
from .digits import nudge as spelled

USUAL = ("1e-1", "1e-3", "1e-5", "1e-8", "1e-12", "1e-15", "1e-100", "1e-100000")
BAD = 0.1  # share of the derivative beyond which an error is called by its cause
YOURS = "yours"  # the mark of the user's own nudge; the best ones are marked by their stencils


@dataclass(frozen=True)
class Guess:
    """One nudge and what it gives.

    Parameters
    ----------
    text : str
        The nudge as it is written.
    h : float
        The nudge in the run's format; 0 if it underflows.
    one_sided, two_sided : float
        The quotients; nan where J or the nudge does not exist.
    one_sided_error, two_sided_error : float
        Their distance from backprop.
    marks : tuple of str
        Stencils that it is the best nudge of, `YOURS`.
    trouble : str
        ``"underflow"``, ``"spacing"``, ``"undefined"``, ``"unchanged"``, ``"rounding"``, ``"curve"``
        or empty.
    """

    text: str
    h: float
    one_sided: float
    one_sided_error: float
    two_sided: float
    two_sided_error: float
    marks: tuple[str, ...]
    trouble: str


@dataclass(frozen=True, eq=False)
class Report:
    """What `nudgegrad nudge` says of one node: the best nudges of both stencils, and the guesses."""

    run: Run
    best: Nudge
    other: Nudge
    guesses: tuple[Guess, ...]


def report(run: Run, node: str, stencil: str | None = None, own: tuple[str, float] | None = None) -> Report:
    """The best nudge of a node and the usual guesses, largest first.

    Parameters
    ----------
    run : Run
    node : str
    stencil : str, optional
        Which best nudge the verdict is about.
    own : (str, float), optional
        The user's own nudge: as written, and in the run's format.
    """
    name = run.graph.name(run.graph.index(node))
    best = nudges(run, name, stencil=stencil)[name]
    other = nudges(run, name, stencil="one-sided" if best.stencil == "two-sided" else "two-sided")[name]
    sizes = {text: run.format.nearest(Fraction(text)) for text in USUAL}
    marks: dict[str, list[str]] = {}

    def enter(text: str, h: float, mark: str) -> None:
        text = next((t for t, size in sizes.items() if size == h and h), text)
        sizes[text] = h
        marks.setdefault(text, []).append(mark)

    for n in (best, other):
        if np.isfinite(n.h):
            enter(spelled(n.h), n.h, n.stencil)
    if own is not None:
        enter(*own, YOURS)
    ranked = sorted(sizes, key=lambda text: -abs(sizes[text]))
    curved = _curved(run, name, [sizes[text] for text in ranked])
    guesses = [
        _guess(run, (best, other), text, sizes[text], tuple(marks.get(text, ())), is_curve)
        for text, is_curve in zip(ranked, curved, strict=True)
    ]
    return Report(run, best, other, tuple(guesses))


def _curved(run: Run, name: str, sizes: Sequence[float]) -> list[bool]:
    """Whether a two-sided nudge of each size errs by the curve of J more than by rounding."""
    i = run.graph.index(name)
    if not run.graph.reaches[i]:
        return [False] * len(sizes)
    m = measure(problem(run, [i], stencils_named("two-sided")[0]), np.abs([sizes]))
    found: list[bool] = (~(m.truncation[0] <= m.rounding[0])).tolist()
    return found


def _guess(
    run: Run, both: tuple[Nudge, Nudge], text: str, h: float, marks: tuple[str, ...], is_curve: bool
) -> Guess:
    i, truth = run.graph.index(both[0].node), both[0].adjoint
    found = {
        "one-sided": float(quotients(run, [i], h)[0]) if h else np.nan,
        "two-sided": float(quotients(run, [i], h, two_sided=True)[0]) if h else np.nan,
    }
    for n in both:
        if n.h == h:
            found[n.stencil] = n.estimate  # from the points that were really taken
    one, two = found["one-sided"], found["two-sided"]
    trouble = _trouble(run, both[0], h, one, two, is_curve)
    return Guess(text, h, one, abs(one - truth), two, abs(two - truth), marks, trouble)


def _trouble(run: Run, n: Nudge, h: float, one: float, two: float, is_curve: bool) -> str:
    if h == 0:
        return "underflow"
    if run.format.round(n.value + h) == n.value and run.format.round(n.value - h) == n.value:
        return "spacing"
    if np.isnan(one) and np.isnan(two):
        return "undefined"
    if one == 0 and two == 0 and n.adjoint != 0:
        return "unchanged"
    if not abs(two - n.adjoint) > BAD * abs(n.adjoint) or not np.isfinite(n.h):
        return ""
    return "curve" if is_curve else "rounding"


def document(found: Report) -> list[dict[str, Any]]:
    """The guesses for JSON."""
    return [
        {
            "nudge": g.text,
            "h": g.h,
            "one_sided": g.one_sided,
            "one_sided_error": g.one_sided_error,
            "two_sided": g.two_sided,
            "two_sided_error": g.two_sided_error,
            "marks": [mark if mark == YOURS else f"best {mark}" for mark in g.marks],
            "trouble": g.trouble,
        }
        for g in found.guesses
    ]
