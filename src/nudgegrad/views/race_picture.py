"""A race as a picture: times over the size of the net, on log-log axes."""

from __future__ import annotations

import math

import numpy as np

from ..races.race import Race
from .axes import Axis, tens
from .chart import APART, ASIDE, BELOW, EDGE, LINE, SIZE, WIDTH, Chart, paragraph
from .racing import chosen, counted, duration, most_sampled
from .svg import length

HEIGHT = 250.0  # pixels between the axes
RIGHT = 18.0
TICKS = 8  # at most
WHISKER = 4.0  # half the width of a bar's end
TITLE = "Backprop, and nudging each parameter"
LINES = (
    ("sweep", "nudging each parameter"),
    ("nudges", "best nudges of all nodes"),
    ("backprop", "backprop"),
)
STYLE = (
    ".nudgegrad-plot .backprop{stroke-width:2.4}"
    ".nudgegrad-plot .nudges{stroke-width:2.2;stroke-dasharray:9 5}"
    ".nudgegrad-plot .sweep{stroke-width:2.6;stroke-dasharray:2 4}.nudgegrad-plot .bar{stroke-width:1.4}"
    ".nudgegrad-plot .course{stroke-width:1.5;stroke-dasharray:6 3 1 3}"
)
PAINTED = (
    ("path.backprop", "stroke", "backward"),
    ("path.nudges", "stroke", "forward"),
    ("path.sweep", "stroke", "node"),
    ("path.bar", "stroke", "ink"),
    ("path.course", "stroke", "muted"),
    ("path.dot", "fill", "ink"),
)


def race_svg(race: Race) -> str:
    """The times of a race as an SVG document.

    Parameters
    ----------
    race : Race
        With one row at least.
    """
    entries = np.log10([row.entries for row in race.rows])
    times = {kind: np.array([getattr(row, kind) for row in race.rows]) for kind, _ in LINES}
    told = chosen(race)
    key = [*LINES, ("course", f"{told.neurons:,} neurons, {told.parameters:,} parameters")]
    top = EDGE + LINE / 2 + LINE * (1 + Chart.rows(key))
    chart = Chart(*_axes(entries, np.concatenate(list(times.values())), top))
    chart.write([(TITLE, 0)], EDGE, EDGE + LINE / 2, kind="strong")
    chart.key(key, EDGE + LINE * 1.5)
    chart.grid(tens(chart.x.low, chart.x.high, TICKS), tens(chart.y.low, chart.y.high, TICKS))
    chart.titles([("entries of the graph", 0)], [("seconds", 0)])
    at = chart.x.one(math.log10(told.entries))
    chart.line(at, chart.y.end, at, chart.y.start, "course")
    for kind, _ in LINES:
        heights = np.log10(times[kind])
        chart.trace(entries, heights, kind)
        chart.marks(entries, chart.y.at(heights), "dot")
    for x, row in zip(chart.x.at(entries).tolist(), race.rows, strict=True):
        if row.sweep > row.sweep_bar > 0:
            ends = np.array([row.sweep - row.sweep_bar, row.sweep + row.sweep_bar])
            foot, head = chart.y.at(np.log10(ends)).tolist()
            for y0, y1, wide in ((foot, head, 0.0), (foot, foot, WHISKER), (head, head, WHISKER)):
                chart.line(x - wide, y0, x + wide, y1, "bar")
    y = chart.area[3] + BELOW + 2 * LINE + APART
    for line in paragraph(" ".join([counted(told), *_sampled(race), f"{race.machine}, {race.date}."])):
        chart.write([(line, 0)], EDGE, y, kind="quiet")
        y += LINE
    return chart.document(y - LINE / 2 + EDGE, TITLE, _described(race), STYLE, PAINTED)


def _axes(x: np.ndarray, y: np.ndarray, top: float) -> tuple[Axis, Axis]:
    low, high = math.floor(float(np.log10(y.min()))), math.ceil(float(np.log10(y.max())) + 0.1)
    room = 0.05 * (float(x.max()) - float(x.min())) or 0.5
    wide = max(length(pieces, SIZE) for _, pieces in tens(low, high, TICKS))
    across = Axis(float(x.min()) - room, float(x.max()) + room, EDGE + ASIDE + APART + wide, WIDTH - RIGHT)
    return across, Axis(low, high, top + HEIGHT, top)


def _sampled(race: Race) -> list[str]:
    """What was not measured, in a sentence if there is something."""
    most = most_sampled(race)
    if not most:
        return []
    return [f"Nudging each is extrapolated from {most:,} parameters; the error of that is drawn as bars."]


def _described(race: Race) -> str:
    """The picture in words."""
    found = ["Both axes are logarithmic: seconds over the entries of the graph."]
    for row in race.rows:
        found.append(
            f"{row.entries:,} entries: backprop {duration(row.backprop)}, best nudges of all nodes"
            f" {duration(row.nudges)}, nudging each parameter {duration(row.sweep)}."
        )
    return " ".join(found)
