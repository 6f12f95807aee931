"""What is the best nudge for a node? The usual guesses beside it, and why they are worse."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ..formats import Format
from ..nudging.quotient import quotients
from ..nudging.table import Nudge, nudges
from ..sweeps.run import Run
from .digits import number, size
from .digits import nudge as spelled
from .screen import Screen
from .sheet import Cell, Column, Sheet
from .table import SIGNS, by_nudging, output_name
from .vcurve import WIDTH, drawn, vcurve

USUAL = ("1e-1", "1e-3", "1e-5", "1e-8", "1e-12", "1e-15", "1e-100", "1e-100000")
DIGITS = 10  # of the estimates, unless asked otherwise
BAD = 0.1  # share of the derivative beyond which an error is called by its cause


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
        ``"best two-sided"``, ``"best one-sided"``, ``"yours"``.
    trouble : str
        What is wrong with it, in a few words; empty if nothing is.
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
    """All that `nudgegrad nudge` says of one node."""

    run: Run
    best: Nudge
    others: Nudge
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
    other = "one-sided" if best.stencil == "two-sided" else "two-sided"
    others = nudges(run, name, stencil=other)[name]
    sizes = {text: run.format.nearest(Fraction(text)) for text in USUAL}
    marks: dict[str, list[str]] = {text: [] for text in sizes}
    for n in (best, others):
        if np.isfinite(n.h):
            sizes[spelled(n.h)] = n.h
            marks.setdefault(spelled(n.h), []).append(f"best {n.stencil}")
    if own is not None:
        same = [text for text, h in sizes.items() if h == own[1] and h]
        sizes.setdefault(same[0] if same else own[0], own[1])
        marks.setdefault(same[0] if same else own[0], []).append("yours")
    ranked = sorted(sizes, key=lambda text: -abs(sizes[text]))
    found = (_guess(run, (best, others), text, sizes[text], tuple(marks[text])) for text in ranked)
    return Report(run, best, others, tuple(found))


def _guess(run: Run, both: tuple[Nudge, Nudge], text: str, h: float, marks: tuple[str, ...]) -> Guess:
    i = run.graph.index(both[0].node)
    truth = both[0].adjoint
    found = {
        "one-sided": float(quotients(run, [i], h)[0]) if h else np.nan,
        "two-sided": float(quotients(run, [i], h, two_sided=True)[0]) if h else np.nan,
    }
    for n in both:
        if n.h == h:
            found[n.stencil] = n.estimate  # by the points that were really taken
    errors = {stencil: abs(estimate - truth) for stencil, estimate in found.items()}
    one, two = found["one-sided"], found["two-sided"]
    trouble = _trouble(run, both, h, one, two, errors["two-sided"])
    return Guess(text, h, one, errors["one-sided"], two, errors["two-sided"], marks, trouble)


def _trouble(run: Run, both: tuple[Nudge, Nudge], h: float, one: float, two: float, error: float) -> str:
    n = both[0]
    v = run.value_array[run.graph.index(n.node)]
    if h == 0:
        return "underflows to 0"
    if run.format.round(v + h) == v and run.format.round(v - h) == v:
        return f"{n.node} + h is {n.node}"
    if np.isnan(one) and np.isnan(two):
        return "J does not exist there"
    if one == 0 and two == 0 and n.adjoint != 0:
        return "J does not change"
    if not error > BAD * abs(n.adjoint) or not np.isfinite(n.h):
        return ""
    return "rounding swamps it" if abs(h) < n.h else "too far on the curve"


def sheet(found: Report, digits: int = DIGITS) -> Sheet:
    """The guesses as a table."""
    columns = [
        Column("nudge h"),
        Column("one-sided", "<"),
        Column("error", "<"),
        Column("two-sided", "<"),
        Column("error", "<"),
        Column("", "<", "remark"),
    ]
    rows = []
    for g in found.guesses:
        cells = [Cell(g.text, "strong" if g.marks else "")]
        pairs = ((g.one_sided, g.one_sided_error), (g.two_sided, g.two_sided_error))
        for estimate, error in pairs:
            cells.append(Cell(number(estimate, digits) if np.isfinite(estimate) else "—"))
            cells.append(Cell(size(error)))
        remarks = ", ".join(filter(None, [_marked(g.marks), g.trouble]))
        rows.append([*cells, Cell(remarks, "good" if _marked(g.marks).startswith("best") else "dim")])
    return Sheet(f"Nudges of {found.best.node}", columns, rows)


def _marked(marks: tuple[str, ...]) -> str:
    bests = [m for m in marks if m.startswith("best")]
    yours = [m for m in marks if m == "yours"]
    return ", ".join((["best of both kinds"] if len(bests) == 2 else bests) + yours)


def as_text(found: Report, screen: Screen, digits: int = DIGITS) -> str:
    """The report as it is printed, without a final newline."""
    n, fmt, output = found.best, found.run.format, output_name(found.run.graph)
    d, value = f"d{output}/d{n.node}", number(n.value, digits)
    paragraphs = [screen.paint(screen.wrap(f"What is the best nudge for {n.node}?"), "strong")]
    paragraphs.append("\n".join(map(screen.wrap, _answer(n, d, value, fmt, digits))))
    truth = f"error: distance from backprop's {d} = {number(n.adjoint, digits)}"
    if n.adjoint_bar:
        truth += f", itself rounded: good to {size(n.adjoint_bar)}"
    paragraphs.append(sheet(found, digits).as_text(screen) + "\n" + screen.wrap(f"{truth}."))
    paragraphs.append("\n".join(screen.wrap(line, "  ", "    ") for line in _factors(n, output, value)))
    paragraphs.append("\n".join(screen.wrap(line) for line in _impossible(found, value)))
    width = min(WIDTH, screen.width - 12)
    if found.run.graph.reaches[found.run.graph.index(n.node)] and width > 20:
        curve = drawn(vcurve(found.run, n, width), width)
        legend = (
            f"o measured, {n.stencil}; predicted: \\ rounding, / the curve of {output}; * the best nudge"
        )
        paragraphs.append("\n".join([*curve, screen.wrap(legend)]) if curve else "")
    return "\n\n".join(filter(None, paragraphs))


def _answer(n: Nudge, d: str, value: str, fmt: Format, digits: int) -> list[str]:
    sign = SIGNS[n.verdict]
    verdict = f"backprop says {number(n.adjoint, digits)} {sign.text} {sign.spoken}"
    if not np.isfinite(n.h):
        lines = [f"{n.node} = {value} in {fmt.name}: there is none that can be trusted; {verdict}."]
        if n.slopes is not None:
            lines.append(f"By nudging: {by_nudging(n, digits).text}.")
        return [*lines, f"{n.reason}."]
    found = f"By nudging {d} = {by_nudging(n, digits).text}; {verdict}."
    return [f"{spelled(n.h)}, {n.stencil}, at {n.node} = {value} in {fmt.name}. {found}", f"{n.reason}."]


def _factors(n: Nudge, output: str, value: str) -> list[str]:
    f = n.factors
    shape = f"{output}'' = {f.second:.3g}, {output}''' = {f.third:.3g}"
    if np.isfinite(f.degree):
        shape = f"degree {f.degree:g}, {shape}"
    lines = [
        f"the curve of {output} over {n.node}: {shape}",
        f"rounding of {output} after {n.node}: {f.rounding:.2g}",
        f"spacing of {f.format} at {value}: {f.spacing:.2g}",
    ]
    if np.isfinite(f.cap):
        lines.append(f"no further than {spelled(f.cap)}: {f.capped_by}")
    if np.isfinite(n.h):
        parts = f"rounding {size(n.rounding)} + curve {size(n.truncation)}"
        lines.append(f"error left at {spelled(n.h)}, at most: {parts} = {size(n.bar)}")
    return ["It depends on", *lines]


def _impossible(found: Report, value: str) -> list[str]:
    """Why tiny nudges cannot work, for those of the guesses that cannot."""
    n, fmt = found.best, found.run.format
    lines = []
    for g in found.guesses:
        if g.h == 0:
            lines.append(
                f"{g.text} is no {fmt.name}: the smallest is {number(fmt.smallest, 2)}, so it underflows to 0."
            )
        elif g.trouble == f"{n.node} + h is {n.node}":
            lines.append(
                f"{g.text} is below the spacing {n.factors.spacing:.2g} of the numbers near {value}:"
                f" {value} + {g.text} is {value}, and J does not change."
            )
    return lines


def document(found: Report) -> dict[str, Any]:
    """The guesses for JSON."""
    return {
        "guesses": [
            {
                "nudge": g.text,
                "h": g.h,
                "one_sided": g.one_sided,
                "one_sided_error": g.one_sided_error,
                "two_sided": g.two_sided,
                "two_sided_error": g.two_sided_error,
                "marks": list(g.marks),
                "trouble": g.trouble,
            }
            for g in found.guesses
        ]
    }
