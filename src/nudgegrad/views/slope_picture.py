"""J over one node as a picture: the curve, its tangents, and the slope triangle of a nudge."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..formats import Array
from ..sweeps.run import Run
from .axes import Axis, Pieces, rounds, said, stride
from .chart import APART, ASIDE, BELOW, EDGE, LINE, SIZE, WIDTH, Chart, paragraph
from .notation import derivative
from .svg import cut, length
from .tangents import Slope, Tangent, slope

HEIGHT = 250.0  # pixels between the axes
RIGHT = 16.0
TICKS = 6  # at most
GAP = 3.5  # pixels that the curve stays away from a corner
STEPS = 5  # nudges as wide as the triangle that fit into the picture
TALL = 0.4  # of the picture: the triangle is no higher
DIGITS = 4
COLUMNS = 24  # of the title of an axis
STYLE = (
    ".nudgegrad-plot .curve{stroke-width:2.4}.nudgegrad-plot .tangent{stroke-width:1.8;"
    "stroke-dasharray:8 4}.nudgegrad-plot .nudge{stroke-width:2}.nudgegrad-plot .zero{stroke-width:1}"
)
PAINTED = (
    ("path.zero", "stroke", "muted"),
    ("path.curve", "stroke", "ink"),
    ("path.tangent", "stroke", "backward"),
    ("text.tangent", "fill", "backward"),
    ("path.nudge", "stroke", "forward"),
    ("text.nudge", "fill", "forward"),
    ("path.dot", "fill", "ink"),
)


def slope_svg(run: Run, node: str | int, at: Sequence[float] = ()) -> str:
    """J as a function of one node, with its tangents, as an SVG document.

    Parameters
    ----------
    run : Run
    node : str or int
    at : sequence of float
        Further values of the node at which there are tangents.

    Raises
    ------
    NodeError
        If there is no such node.
    UsageError
        If the node is a constant, J does not depend on it, or does not exist at one of `at`.

    Examples
    --------
    >>> import nudgegrad as ng
    >>> run = ng.graph("J = w**2").at(w=3)
    >>> "6 times as much" in slope_svg(run, "w")
    True
    """
    return _Picture(slope(run, node, at)).document()


class _Picture:
    """A picture on its way."""

    def __init__(self, found: Slope) -> None:
        self.found, self.here = found, found.tangents[0]
        self.derivative = derivative(found.output, found.node)
        self.notes = paragraph(self.sentence())
        self.entries = [("curve", cut([(found.output, 0)], COLUMNS)[0][0]), ("tangent", "tangent")]
        if math.isfinite(self.here.slope):
            self.entries.append(("nudge", "a nudge and its rise"))
        if found.corners:
            self.entries.append(("", "gap: a corner"))
        top = EDGE + LINE / 2 + LINE * (1 + Chart.rows(self.entries))
        self.ys = rounds(found.low, found.high, TICKS)
        left = EDGE + ASIDE + APART + max(length(pieces, SIZE) for _, pieces in self.ys)
        x = Axis(float(found.x[0]), float(found.x[-1]), left, WIDTH - RIGHT)
        self.chart = Chart(x, Axis(found.low, found.high, top + HEIGHT, top))

    def document(self) -> str:
        """All of it."""
        found, chart = self.found, self.chart
        left, top, right, bottom = chart.area
        heading = f"{found.output} over {found.node}, at {found.node} = {said(self.here.at)}"
        y = EDGE + LINE / 2
        columns = int((WIDTH - 2 * EDGE) / length([("m", 0)], SIZE))
        chart.write(cut([(heading, 0)], columns), EDGE, y, kind="strong")
        chart.key(self.entries, y + LINE)
        chart.grid(rounds(chart.x.low, chart.x.high, self.ticks()), self.ys)
        chart.titles(cut([(found.node, 0)], COLUMNS), cut([(found.output, 0)], COLUMNS))
        if chart.x.low < 0 < chart.x.high:
            chart.line(chart.x.one(0), top, chart.x.one(0), bottom, "zero")
        if chart.y.low < 0 < chart.y.high:
            chart.line(left, chart.y.one(0), right, chart.y.one(0), "zero")
        chart.trace(found.x, self.with_gaps(), "curve")
        tangents = [self.tangent(t) for t in found.tangents]
        legs = self.triangle()
        places = np.array([[t.at, t.value] for t in found.tangents])
        heights = chart.y.at(places[:, 1])
        chart.marks(places[1:, 0], heights[1:], "square")
        chart.marks(places[:1, 0], heights[:1], "dot")
        for pieces, near in legs:
            chart.label(pieces, near, "nudge")
        for t, near in zip(found.tangents, tangents, strict=True):
            if math.isfinite(t.slope):
                where = f" at {said(t.at, DIGITS)}" if len(tangents) > 1 else ""
                chart.label([(f"slope {said(t.slope, DIGITS)}{where}", 0)], near, "tangent")
        y = bottom + BELOW + 2 * LINE + APART
        for line in self.notes:
            chart.write([(line, 0)], EDGE, y, kind="quiet")
            y += LINE
        return chart.document(y - LINE / 2 + EDGE, heading, self.description(), STYLE, PAINTED)

    def ticks(self) -> int:
        """As many as have room for their numbers."""
        x = self.chart.x
        for most in range(TICKS, 2, -1):
            found = rounds(x.low, x.high, most)
            wide = max(length(pieces, SIZE) for _, pieces in found) + SIZE
            if (x.end - x.start) * (found[1][0] - found[0][0]) / (x.high - x.low) >= wide:
                return most
        return 2

    def with_gaps(self) -> Array:
        """J without what is near a corner."""
        y = self.found.y.copy()
        across = self.chart.x.at(self.found.x)
        for corner in self.found.corners:
            y[np.abs(across - self.chart.x.one(corner)) < GAP] = np.nan
        return y

    def tangent(self, t: Tangent) -> Array:
        """Draw a tangent, or one to each side of a corner; its points in pixels."""
        x, chart = self.found.x, self.chart
        left, right = t.sides or (t.slope, t.slope)
        near = [np.zeros((0, 2))]
        for k, side in ((left, x <= t.at), (right, x >= t.at)):
            if math.isfinite(k):
                part = np.union1d(x[side], [t.at])
                line = t.value + k * (part - t.at)
                near += [np.array(ends) for ends in chart.segments(part, line)]
                chart.trace(part, line, "tangent")
        return np.concatenate(near)

    def triangle(self) -> list[tuple[Pieces, Array]]:
        """Draw the slope triangle; what is written at its legs."""
        t, chart = self.here, self.chart
        if not math.isfinite(t.slope):
            return []
        h, rise = self.nudge()
        x0, x1 = chart.x.one(t.at), chart.x.one(t.at + h)
        y0, y1 = chart.y.one(t.value), chart.y.one(t.value + rise)
        chart.line(x0, y0, x1, y0, "nudge")
        across = np.linspace([x0, y0], [x1, y0], 9)
        found: list[tuple[Pieces, Array]] = [([(said(h, DIGITS), 0)], across[3:6])]
        if rise:
            chart.line(x1, y0, x1, y1, "nudge")
            found.append(([(said(rise, DIGITS), 0)], np.linspace([x1, y0], [x1, y1], 9)[3:6]))
        return found

    def nudge(self) -> tuple[float, float]:
        """A nudge that can be seen, up if there is room, and by how much the tangent rises over it."""
        found, t = self.found, self.here
        size = stride(float(found.x[-1] - found.x[0]), STEPS)
        room = TALL * (found.high - found.low)
        while True:
            for h in (size, size / 2, -size, -size / 2):
                x, rise = t.at + h, t.slope * h
                inside = found.x[0] < x < found.x[-1] and found.low < t.value + rise < found.high
                if inside and abs(rise) <= room:
                    return h, rise
            size /= 4

    def sentence(self) -> str:
        """What the slope means."""
        found, t = self.found, self.here
        start = f"At {found.node} = {said(t.at)}"
        if t.sides:
            left, right = (said(k, DIGITS) if math.isfinite(k) else "none" for k in t.sides)
            return f"{start} {found.output} has a corner: slope {left} to the left, {right} to the right."
        if not math.isfinite(t.slope):
            return f"{start} {found.output} has no slope."
        if t.slope == 0:
            return f"{start} {self.derivative} = 0: a small nudge leaves {found.output} as it is."
        up, size = ("up" if t.slope > 0 else "down"), said(abs(t.slope), DIGITS)
        return (
            f"{start} {self.derivative} = {said(t.slope)}: nudge {found.node} up a little,"
            f" and {found.output} goes {up}, {size} times as much."
        )

    def description(self) -> str:
        """The picture in sentences."""
        found = self.found
        low, high = (said(x, 3) for x in (self.chart.x.low, self.chart.x.high))
        lines = [f"{found.output} for {found.node} from {low} to {high}."]
        for t in found.tangents:
            if math.isfinite(t.slope):
                point = f"{found.node} = {said(t.at)}, {found.output} = {said(t.value)}"
                lines.append(f"A tangent touches it at {point}, with slope {said(t.slope)}.")
        if found.corners:
            lines.append(
                f"Corners at {', '.join(said(c, 3) for c in found.corners[:12])} are left as gaps."
            )
        if not np.isfinite(found.y).all():
            lines.append(f"Where {found.output} does not exist there is a gap.")
        return " ".join([*lines, self.sentence()])
