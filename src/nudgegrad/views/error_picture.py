"""The V-curve as a picture: errors of nudges on both sides and on one, on log-log axes."""

from __future__ import annotations

import math

import numpy as np

from ..formats import Array
from ..nudging.quotient import COURSE
from ..nudging.table import Nudge
from ..sweeps.run import Run
from .axes import Axis, Pieces, power, said, tens
from .chart import APART, ASIDE, BELOW, EDGE, LINE, SIZE, WIDTH, Chart, paragraph
from .digits import nudge, number, rough, size
from .measured import Errors, errors
from .svg import cut, length
from .why import listed, sentences

HEIGHT = 232.0  # pixels between the axes
EXACT = 20.0  # of the row for errors of exactly 0
RIGHT = 12.0
TICKS = 7  # at most
MARKS = {"two-sided": "dot", "one-sided": "triangle"}  # others are squares
SPARE = "square"
STYLE = (
    ".nudgegrad-plot .rounding{stroke-width:2.2;stroke-dasharray:9 5}"
    ".nudgegrad-plot .truncation{stroke-width:2.6;stroke-dasharray:2 4}"
    ".nudgegrad-plot .best{stroke-width:2}.nudgegrad-plot .course{stroke-width:1.5;"
    "stroke-dasharray:6 3 1 3}.nudgegrad-plot .bar{stroke-width:5}"
)
PAINTED = (
    ("path.rounding", "stroke", "forward"),
    ("text.rounding", "fill", "forward"),
    ("path.truncation", "stroke", "node"),
    ("text.truncation", "fill", "node"),
    ("path.best,.nudgegrad-plot .bar", "stroke", "backward"),
    ("text.best", "fill", "backward"),
    ("path.course", "stroke", "muted"),
    ("text.course", "fill", "muted"),
    ("path.dot", "fill", "ink"),
)


def error_svg(run: Run, n: Nudge) -> str:
    """The V-curve of a node as an SVG document.

    Parameters
    ----------
    run : Run
    n : Nudge
        One of this run's.

    Raises
    ------
    UsageError
        If J does not depend on the node, or has no derivative by it to compare with.

    Examples
    --------
    >>> import nudgegrad as ng
    >>> run = ng.graph("J = w**2").at(w=3)
    >>> "best nudge 4" in error_svg(run, ng.nudges(run)["w"])
    True
    """
    return _Picture(errors(run, n)).document()


class _Picture:
    """A picture on its way."""

    def __init__(self, found: Errors) -> None:
        self.found, self.best = found, found.best
        self.exact = any((error == 0).any() for error in found.measured.values())
        self.notes = paragraph(sentences([self.best], found.output)[0])
        entries = [(MARKS.get(name, SPARE), self.named(name)) for name in found.measured]
        if np.isfinite(found.rounding).any():
            entries.append(("rounding", "predicted"))
        self.entries = [
            *entries,
            *(("hatch", why) for why in dict.fromkeys(f.why for f in found.forbidden)),
        ]
        self.entries.append(("course", f"{COURSE:g}, as in the course"))
        if self.exact:
            self.entries.append(("", "exact: the error is 0"))
        top = EDGE + LINE / 2 + LINE * (1 + self.rows(self.entries)) + 2 * LINE
        self.chart = Chart(*self.axes(top))
        self.strip = top - 2 * LINE

    @staticmethod
    def named(stencil: str) -> str:
        """A stencil in words."""
        return stencil if stencil in MARKS else f"order {stencil}"

    @staticmethod
    def rows(entries: list[tuple[str, str]]) -> int:
        """How many rows a key takes."""
        return Chart.rows(entries)

    def axes(self, top: float) -> tuple[Axis, Axis]:
        """Exponents of ten."""
        found = self.found
        low, high = (math.log10(h) for h in (found.h[0], found.h[-1]))
        with np.errstate(all="ignore"):
            seen = [np.log10(error) for error in found.measured.values()]
            seen.append(np.log10(np.fmax(found.rounding, found.truncation)))
            seen.append(np.log10(np.array([self.best.bar])))
        there = np.concatenate([part[np.isfinite(part)] for part in seen] or [np.zeros(1)])
        bottom, ceiling = (math.floor(there.min()), math.ceil(there.max())) if there.size else (-1, 0)
        ceiling = max(ceiling, bottom + 2)
        room = (high - low) * 0.02
        numbers = [length(pieces, SIZE) for _, pieces in tens(bottom, ceiling, TICKS)]
        left = EDGE + ASIDE + APART + max(*numbers, length([("exact", 0)], SIZE))
        return Axis(low - room, high + room, left, WIDTH - RIGHT), Axis(
            bottom, ceiling, top + HEIGHT, top + 6
        )

    def document(self) -> str:
        """All of it."""
        found, chart = self.found, self.chart
        bottom = chart.area[3]
        heading = f"Error of {found.derivative} by nudging {self.best.node} = {said(self.best.value)}"
        y = EDGE + LINE / 2
        chart.write(
            cut([(heading, 0)], int((WIDTH - 2 * EDGE) / length([("m", 0)], SIZE))), EDGE, y, kind="strong"
        )
        chart.key(self.entries, y + LINE)
        for piece in found.forbidden:
            low = chart.x.low if piece.low <= found.h[0] else math.log10(piece.low)
            high = chart.x.high if piece.high >= found.h[-1] else math.log10(piece.high)
            chart.hatched(low, high)
        chart.grid(
            tens(chart.x.low, chart.x.high, TICKS),
            tens(chart.y.low, chart.y.high, TICKS),
            EXACT if self.exact else 0.0,
        )
        chart.titles([("nudge h", 0)], cut([(f"error of {found.derivative}", 0)], 24))
        h = np.log10(found.h)
        with np.errstate(all="ignore"):
            rounding, truncation = np.log10(found.rounding), np.log10(found.truncation)
        branches: dict[str, Array] = {}
        for part, kind in ((rounding, "rounding"), (truncation, "truncation")):
            counts = ~np.isneginf(part)  # where it is exactly 0 the line goes on to the next nudge
            chart.trace(h[counts], part[counts], kind)
            branches[kind] = self.along(h[counts], part[counts])
        self.verticals()
        for name, error in found.measured.items():
            chart.marks(h, self.heights(error), MARKS.get(name, SPARE))
        chart.label([("rounding", 0)], branches["rounding"], "rounding")
        chart.label(cut([(f"curve of {found.output}", 0)], 24), branches["truncation"], "truncation")
        y = bottom + (EXACT if self.exact else 0.0) + BELOW + 2 * LINE + APART
        for line in self.notes:
            chart.write([(line, 0)], EDGE, y, kind="quiet")
            y += LINE
        return chart.document(y - LINE / 2 + EDGE, heading, self.description(), STYLE, PAINTED)

    def heights(self, error: Array) -> Array:
        """Pixels; those of errors of exactly 0 in their row."""
        with np.errstate(all="ignore"):
            y = self.chart.y.at(np.log10(error))
        return np.where(error == 0, self.chart.y.start + EXACT / 2, y)

    def along(self, h: Array, part: Array) -> Array:
        """Points along a branch within the axes, in pixels."""
        found = [np.linspace(*ends, 8) for ends in self.chart.segments(h, part)]
        return np.concatenate([np.zeros((0, 2)), *found])

    def verticals(self) -> None:
        """The best nudge with its bar, and the course's, with what they are above the curves."""
        chart, n = self.chart, self.best
        foot = chart.y.start + (EXACT if self.exact else 0.0)
        course = chart.x.one(math.log10(COURSE))
        upper, lower = self.strip + LINE / 2 + 2, self.strip + 1.5 * LINE
        best = chart.x.one(math.log10(n.h)) if math.isfinite(n.h) else math.inf
        text: Pieces = [(f"{COURSE:g}", 0)]
        if abs(best - course) > length(text, SIZE) / 2 + 4:
            anchor, start = "middle", course
        else:
            anchor, start = ("end", course + 3) if best > course else ("start", course - 3)
        chart.write(text, start, lower, anchor, "course")
        chart.line(course, lower + LINE / 2, course, foot, "course")
        if math.isfinite(best):
            bar = chart.y.one(math.log10(n.bar)) if n.bar > 0 else foot
            chart.write(self.title(), best, upper, "middle", "best")
            chart.line(best, upper + LINE / 2, best, foot, "best")
            chart.line(best, bar, best, foot, "bar")
            chart.line(best - 6, bar, best + 6, bar, "best")

    def title(self) -> Pieces:
        """The best nudge as a power of two, with its bar."""
        n = self.best
        mantissa, exponent = math.frexp(n.h)
        h = power(2, exponent - 1) if mantissa == 0.5 and "^" in nudge(n.h) else [(nudge(n.h), 0)]
        return [("best nudge ", 0), *h, (f", error at most {size(n.bar)}", 0)]

    def description(self) -> str:
        """The picture in sentences."""
        found, n = self.found, self.best
        at = [f"{len(found.h)} nudges from {rough(float(found.h[0]))} to {rough(float(found.h[-1]))}"]
        lines = [f"Both axes are logarithmic. {at[0]}: errors {listed(list(found.measured))}."]
        if math.isfinite(n.h):
            k = int(np.flatnonzero(found.h == n.h)[0])
            error = float(found.measured[n.stencil][k])
            lines.append(
                f"The best nudge is {nudge(n.h)}, {n.stencil}: error {rough(error)}, at most {size(n.bar)}."
            )
        k = int(np.argmin(np.abs(np.log(found.h / COURSE))))
        one = float(found.measured["one-sided"][k])
        lines.append(f"Near {COURSE:g}, one-sided, the error is {rough(one)}.")
        if (found.truncation > 0).any():
            lines.append(f"Small nudges drown in rounding, large ones see the curve of {found.output}.")
        else:
            lines.append("Small nudges drown in rounding.")
        for piece in found.forbidden:
            lines.append(
                f"Nudges from {number(piece.low, 3)} to {number(piece.high, 3)} are hatched: {piece.why}."
            )
        if self.exact:
            lines.append("Errors of exactly 0 are in the bottom row.")
        return " ".join([*lines, sentences([n], found.output)[0]])
