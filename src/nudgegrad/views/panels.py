"""Panels one above the other, each with lines on a logarithmic axis: how things shrink and grow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..formats import Array
from .axes import Axis, Pieces, rounds, tens
from .chart import APART, ASIDE, BELOW, EDGE, LINE, SIZE, WIDTH, Chart, paragraph
from .svg import length

HEIGHT = 190.0  # pixels between the axes
RIGHT = 16.0
TICKS = 7  # at most
KINDS = ("curve", "second", "third", "fourth")  # of the lines of a panel, in their order
STYLE = (
    ".nudgegrad-plot .curve{stroke-width:2.4}.nudgegrad-plot .second{stroke-width:2.2;stroke-dasharray:9 5}"
    ".nudgegrad-plot .third{stroke-width:2.6;stroke-dasharray:2 4}"
    ".nudgegrad-plot .fourth{stroke-width:2;stroke-dasharray:9 4 2 4}"
)
PAINTED = (
    ("path.curve", "stroke", "ink"),
    ("path.second", "stroke", "backward"),
    ("path.third", "stroke", "node"),
    ("path.fourth", "stroke", "forward"),
    ("path.dot", "fill", "ink"),
)


@dataclass(frozen=True)
class Line:
    """A line of a panel.

    Parameters
    ----------
    name : str
    x, y : array
        Points; y above 0, what is 0 is a gap.
    marked : bool
        Whether there is a mark at each point.
    """

    name: str
    x: Array
    y: Array
    marked: bool = False


@dataclass(frozen=True)
class Panel:
    """Lines on common axes.

    Parameters
    ----------
    title, x_title, y_title : str
    lines : sequence of Line
        Four at most.
    ticks : sequence of (float, str), optional
        Names on the x axis, instead of round numbers.
    """

    title: str
    x_title: str
    y_title: str
    lines: Sequence[Line]
    ticks: Sequence[tuple[float, str]] = ()

    def axes(self, top: float) -> tuple[Axis, Axis]:
        """The scales, if the panel's frame begins at this height."""
        with np.errstate(divide="ignore"):
            y = np.concatenate([np.log10(line.y) for line in self.lines])
        x = np.concatenate([line.x for line in self.lines])
        y = y[np.isfinite(y)]
        low, high = (float(y.min()), float(y.max())) if y.size else (-1.0, 0.0)
        bottom, ceiling = math.floor(low), max(math.ceil(high), math.floor(low) + 1)
        room = 0.03 * (float(x.max()) - float(x.min()) or 1.0)
        if self.ticks:  # names need room on both sides
            room = 0.5
        wide = max(length(pieces, SIZE) for _, pieces in tens(bottom, ceiling, TICKS))
        across = Axis(
            float(x.min()) - room, float(x.max()) + room, EDGE + ASIDE + APART + wide, WIDTH - RIGHT
        )
        return across, Axis(bottom, ceiling, top + HEIGHT, top)

    @property
    def key(self) -> list[tuple[str, str]]:
        """What its lines mean."""
        return [(kind, line.name) for kind, line in zip(KINDS, self.lines, strict=False)]


def panels_svg(panels: Sequence[Panel], sentences: Sequence[str]) -> str:
    """Panels as one SVG document.

    Parameters
    ----------
    panels : sequence of Panel
    sentences : sequence of str
        What is to be seen; under the panels, and for those who do not see them.
    """
    chart: Chart | None = None
    y = EDGE + LINE / 2
    for panel in panels:
        top = y + LINE * (1 + Chart.rows(panel.key))
        x_axis, y_axis = panel.axes(top)
        if chart is None:
            chart = Chart(x_axis, y_axis)
        else:
            chart = Chart(x_axis, y_axis, chart.parts, chart.texts, chart.boxes, chart.points)
        _draw(chart, panel, y)
        y = top + HEIGHT + BELOW + 2.75 * LINE
    assert chart is not None
    y -= LINE / 4
    for line in paragraph(" ".join(sentences)):
        chart.write([(line, 0)], EDGE, y, kind="quiet")
        y += LINE
    heading = "; ".join(panel.title for panel in panels)
    described = [f"{panel.title}: {_described(panel)}." for panel in panels]
    return chart.document(y - LINE / 2 + EDGE, heading, " ".join([*described, *sentences]), STYLE, PAINTED)


def _draw(chart: Chart, panel: Panel, y: float) -> None:
    chart.write([(panel.title, 0)], EDGE, y, kind="strong")
    chart.key(panel.key, y + LINE)
    xs: list[tuple[float, Pieces]] = [(at, [(name, 0)]) for at, name in panel.ticks]
    chart.grid(xs or rounds(chart.x.low, chart.x.high, TICKS), tens(chart.y.low, chart.y.high, TICKS))
    chart.titles([(panel.x_title, 0)], [(panel.y_title, 0)])
    for kind, line in zip(KINDS, panel.lines, strict=False):
        with np.errstate(divide="ignore"):
            heights = np.log10(line.y)
        chart.trace(line.x, heights, kind)
        if line.marked:
            chart.marks(line.x, chart.y.at(heights), "dot")


def _described(panel: Panel) -> str:
    """The lines in words: where each begins and ends."""
    return "; ".join(
        f"{line.name} from {line.y[0]:.2g} to {line.y[-1]:.2g}" for line in panel.lines if len(line.y)
    )
