"""The answer to "what is the best nudge for this node?", in words, as a table and as a V-curve."""

from __future__ import annotations

import numpy as np

from ..nudging.table import Nudge
from .digits import nudge as spelled
from .digits import number, rough, size
from .guesses import YOURS, Report
from .notation import derivative
from .screen import Screen
from .sheet import Cell, Column, Sheet
from .signs import SIGNS
from .table import by_nudging, output_name
from .vcurve import WIDTH, drawn, vcurve
from .why import listed

DIGITS = 10  # of the estimates, unless asked otherwise
EDGE = 12  # columns that the V-curve needs beside itself


def as_text(found: Report, screen: Screen, digits: int = DIGITS) -> str:
    """The report as it is printed, without a final newline."""
    n = found.best
    factors = [screen.wrap(line, "  ", "    ") for line in _factors(found, digits)]
    paragraphs = [
        screen.paint(screen.wrap(f"What is the best nudge for {n.node}?"), "strong"),
        "\n".join(map(screen.wrap, _answer(found, digits))),
        sheet(found, digits).as_text(screen),
        "\n".join(["What it depends on:", *factors]),
        "\n".join(map(screen.wrap, _impossible(found, digits))),
        _picture(found, screen),
    ]
    return "\n\n".join(filter(None, paragraphs))


def sheet(found: Report, digits: int = DIGITS) -> Sheet:
    """The guesses as a table."""
    n = found.best
    columns = [
        Column("nudge h"),
        Column("one-sided", "<"),
        Column("error", "<"),
        Column("two-sided", "<"),
        Column("error", "<"),
        Column("", "<", "remark"),
    ]
    trouble = {
        "underflow": "underflows to 0",
        "spacing": f"{n.node} + h is {n.node}",
        "undefined": f"{_output(found)} does not exist there",
        "unchanged": f"{_output(found)} does not change",
        "rounding": "rounding swamps it",
        "curve": "too far on the curve",
        "": "",
    }
    rows = []
    for g in found.guesses:
        pairs = ((g.one_sided, g.one_sided_error), (g.two_sided, g.two_sided_error))
        cells = [Cell(g.text, "strong" if g.marks else "")]
        for estimate, error in pairs:
            cells.append(Cell(number(estimate, digits) if np.isfinite(estimate) else "—"))
            cells.append(Cell(rough(error)))
        remarks = filter(None, [_marked(g.marks), trouble[g.trouble]])
        rows.append([*cells, Cell(", ".join(remarks), "good" if set(g.marks) - {YOURS} else "dim")])
    note = f"error: distance from backprop's {_d(found)} = {number(n.adjoint, digits)}"
    if 0 < n.adjoint_bar < np.inf:
        note += f", itself rounded: good to {size(n.adjoint_bar)}"
    return Sheet(f"Nudges of {n.node}", columns, rows, [f"{note}."])


def _marked(marks: tuple[str, ...]) -> str:
    best = [mark for mark in marks if mark != YOURS]
    title = "best of both kinds" if len(best) == 2 else f"best {best[0]}" if best else ""
    return ", ".join(filter(None, [title, YOURS if YOURS in marks else ""]))


def _output(found: Report) -> str:
    return output_name(found.run.graph)


def _d(found: Report) -> str:
    return derivative(_output(found), found.best.node)


def _answer(found: Report, digits: int) -> list[str]:
    n, fmt = found.best, found.run.format.name
    at = f"{n.node} = {number(n.value, digits)} in {fmt}"
    sign = SIGNS[n.verdict]
    claim = f"backprop says {number(n.adjoint, digits)} {sign.text} {sign.spoken}."
    if not np.isfinite(n.h):
        slopes = f"By nudging: {by_nudging(n, digits).text}; " if n.slopes else ""
        return [f"None that can be trusted, at {at}. {slopes}{claim}", f"{n.reason}."]
    best = spelled(n.h) if "^" not in spelled(n.h) else f"{spelled(n.h)} = {number(n.h, 3)}"
    estimate = f"By nudging {_d(found)} = {by_nudging(n, digits).text}; {claim}"
    return [f"{best}, {n.stencil}, at {at}. {estimate}", f"{n.reason}."]


def _factors(found: Report, digits: int) -> list[str]:
    n, output = found.best, _output(found)
    f = n.factors
    shape = f"{output}'' = {number(f.second, 3)}, {output}''' = {number(f.third, 3)}"
    if np.isfinite(f.degree):
        shape = f"degree {f.degree:g}, {shape}"
    lines = [f"the curve of {output} over {n.node}: {shape}"]
    if np.isfinite(f.rounding):
        lines.append(f"the rounding of {output} with {n.node} nudged so: {number(f.rounding, 2)}")
    value, gap = number(n.value, digits), number(f.spacing, 2)
    lines.append(f"the precision of {f.format}: numbers near {value} are {gap} apart")
    if np.isfinite(n.h):
        if np.isfinite(f.cap):
            lines.append(f"the limit {spelled(f.cap)}: {f.capped_by}")
        parts = f"{size(n.rounding)} from rounding and {size(n.truncation)} from the curve"
        lines.append(f"so the error at {spelled(n.h)} is at most {size(n.bar)}: {parts}")
    return lines


def _impossible(found: Report, digits: int) -> list[str]:
    """Why tiny nudges cannot work, for those of the guesses that cannot."""
    n, fmt, lines = found.best, found.run.format, []
    value, gap = number(n.value, digits), number(n.factors.spacing, 2)
    below = [g.text for g in found.guesses if g.trouble == "spacing"]
    gone = [g.text for g in found.guesses if g.trouble == "underflow"]
    if below:
        lines.append(
            f"{listed(below)} cannot work: {fmt.name} numbers near {value} are {gap} apart, so {value} +"
            f" {below[0]} is {value}, and {_output(found)} does not change."
        )
    if gone:
        are = "is" if len(gone) == 1 else "are"
        smallest = number(fmt.smallest, 2)
        lines.append(f"{listed(gone)} {are} no {fmt.name}: the smallest is {smallest}, what is below is 0.")
    return lines


def _picture(found: Report, screen: Screen) -> str:
    n: Nudge = found.best
    width = min(WIDTH, screen.width - EDGE)
    live = found.run.graph.reaches[found.run.graph.index(n.node)]
    if not live or not np.isfinite(n.h) or width < 2 * EDGE:
        return ""
    curve = drawn(vcurve(found.run, n, width), width)
    predicted = f"predicted: \\ rounding, / the curve of {_output(found)}"
    legend = screen.wrap(f"o measured, {n.stencil}; {predicted}; * the best nudge")
    return "\n".join([*curve, legend]) if curve else ""
