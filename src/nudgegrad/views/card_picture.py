"""The answer card as one picture: the errors of nudges of a straight and of a curved node side by side,
the usual nudges with what each gives, and each node's best nudge with what decided it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from ..errors import UsageError
from ..nudging.quotient import COURSE
from ..nudging.table import Nudge
from .axes import Axis, Pieces, power, said, tens
from .card import QUESTION, Card, decider
from .card_text import lead
from .chart import APART, BELOW, EDGE, LINE, SIZE, WIDTH, Box, Chart, paragraph
from .digits import nudge as spelled
from .digits import number, rough, size
from .error_picture import MARKS, PAINTED, STYLE
from .guesses import Guess, Report
from .measured import Errors, errors
from .notation import derivative
from .svg import cut, length, text_of

HEIGHT = 150.0  # pixels between the axes
EXACT = 20.0  # of the row for errors of exactly 0
GUTTER = 10.0  # between two charts
POINTS = 26  # nudges of a chart
TICKS = 4  # at most
ROWS = 30  # nodes that are listed
GAP = 14.0  # between columns
NAME, TITLE = 10, 16  # columns of a node's name and of a derivative's
PAIR = 2  # charts
COLUMN = length([("m", 0)], SIZE)
FULL = int((WIDTH - 2 * EDGE) / COLUMN)  # columns of a line


def card_svg(card: Card) -> str:
    """The card as an SVG document.

    Parameters
    ----------
    card : Card
    """
    return _Picture(card).document()


@dataclass
class Panel(Chart):
    """One of several charts: its texts keep within `left` and `right`."""

    left: float = 0.0
    right: float = WIDTH

    def write(self, pieces: Pieces, x: float, y: float, anchor: str = "start", kind: str = "") -> Box:
        """A text whose middle is at height y; where it is."""
        long = length(pieces, SIZE)
        start = x - {"start": 0.0, "middle": long / 2, "end": long}[anchor]
        start = max(self.left, min(start, self.right - long))
        self.texts.append(text_of(pieces, kind or "said", start, y, SIZE))
        box = (start, y - SIZE / 2, start + long, y + SIZE / 2)
        self.boxes.append(box)
        return box


def charted(card: Card) -> list[Errors]:
    """The errors that are drawn: of the nodes of the tables; of one graph also of a node that something
    else decided. A node without a best nudge or a derivative has none."""
    wanted = [(part, part.guesses.best) for part in card.parts]
    if len(card.parts) == 1:
        wanted += [(part, n) for part in card.parts for n in part.shown]
    found: list[Errors] = []
    for part, n in wanted:
        alike = len(card.parts) == 1 and word(n) in [word(drawn.best) for drawn in found]
        if len(found) < PAIR and math.isfinite(n.h) and not alike:
            with suppress(UsageError):  # there is nothing to compare with
                found.append(errors(part.run, n, POINTS))
    return found


class _Picture:
    """A picture on its way: everything is written from the top down."""

    def __init__(self, card: Card) -> None:
        self.card = card
        self.page = Chart(Axis(0.0, 1.0, EDGE, WIDTH - EDGE), Axis(0.0, 1.0, 1.0, 0.0))
        self.charts = charted(card)
        self.y = EDGE + LINE / 2

    def document(self) -> str:
        """All of it."""
        j = self.card.output
        self.line(QUESTION, "strong")
        self.text(lead(self.card)[0])
        if self.charts:
            self.draw()
        for part in self.card.parts:
            self.guesses(part.guesses)
        self.nodes()
        self.space()
        self.line("The formula", "strong")
        self.line(f"two-sided: h = cbrt(3 r/|{j}'''|)")
        self.line(f"one-sided: h = sqrt(2 r/|{j}''|)")
        self.text(
            f"{j}'' and {j}''' say how {j} bends, r what rounding does to the difference of {j} by the"
            " operations after the node."
        )
        return self.page.document(self.y - LINE / 2 + EDGE, QUESTION, self.description(), STYLE, PAINTED)

    # Text

    def line(self, text: str, kind: str = "") -> None:
        """A line of text."""
        self.page.write(cut([(text, 0)], FULL), EDGE, self.y, kind=kind)
        self.y += LINE

    def text(self, text: str, kind: str = "") -> None:
        """A paragraph."""
        for line in paragraph(text):
            self.line(line, kind)

    def space(self) -> None:
        """Room."""
        self.y += LINE / 2

    def table(self, titles: Row, rows: Sequence[Row], align: str, strong: set[int]) -> None:
        """A table; what does not fit is cut in its last column."""
        columns = list(zip(titles, *rows, strict=True))
        widths = [max(length([(text, 0)], SIZE) for text in column) for column in columns]
        starts = [EDGE + sum(widths[:k]) + GAP * k for k in range(len(widths))]
        for k, row in enumerate([titles, *rows]):
            kind = "quiet" if k == 0 else "strong" if k - 1 in strong else ""
            for text, start, width, side in zip(row, starts, widths, align, strict=True):
                room = int((WIDTH - EDGE - start) / COLUMN)
                x, anchor = (start + width, "end") if side == ">" else (start, "start")
                if text and room > 0:
                    self.page.write(cut([(text, 0)], room), x, self.y, anchor, kind)
            self.y += LINE

    def guesses(self, found: Report) -> None:
        """The usual nudges of one node."""
        n, run = found.best, found.run
        d = derivative(run.graph.name(run.graph.output), n.node)
        self.space()
        self.line(f"Nudges of {n.node} on both sides", "strong")
        shown = [g for g in found.guesses if g.marks != ("one-sided",)]
        rows = [
            (
                g.text,
                number(g.two_sided) if math.isfinite(g.two_sided) else "—",
                rough(g.two_sided_error),
                remark(g, n),
            )
            for g in shown
        ]
        best = {k for k, g in enumerate(shown) if "two-sided" in g.marks}
        title = "".join(text for text, _ in cut([(d, 0)], TITLE))
        self.table(("nudge", title, "error", ""), rows, "><<<", best)

    def nodes(self) -> None:
        """Each node with its best nudge in both formats, and what decided it."""
        names = (self.card.format.name, self.card.against.name)
        shown = [(part, n) for part in self.card.parts for n in part.shown]
        rows = []
        for part, n in shown[:ROWS]:
            there = part.other.get(n.node) if part.other is not None else None
            other = spelled(there.h) if there is not None else "—"
            name = "".join(text for text, _ in cut([(n.node, 0)], NAME))
            rows.append((name, spelled(n.h), size(n.bar), other, WORDS[word(n)]))
        self.space()
        self.line("The best nudge of each node", "strong")
        self.table(("node", names[0], "at most", names[1], "decided by"), rows, "<><><", set())
        if len(shown) > ROWS:
            self.line(f"… and {len(shown) - ROWS:,} more", "quiet")
        self.text(f"At most: the error in {names[0]}.", "quiet")

    # Charts

    def draw(self) -> None:
        """The charts, side by side, and what their signs mean."""
        self.space()
        room = (WIDTH - GUTTER * (len(self.charts) - 1)) / len(self.charts)
        top, bottom = self.y, 0.0
        for k, found in enumerate(self.charts):
            left = k * (room + GUTTER)
            panel = self.panel(found, left, left + room, top)
            bottom = max(bottom, panel.area[3])
            self.page.parts += panel.parts
            self.page.texts += panel.texts
        self.y = bottom + EXACT + BELOW + 2 * LINE
        entries = [
            ("dot", "error, two-sided"),
            ("rounding", "rounding"),
            ("truncation", f"curve of {self.card.output}"),
        ]
        entries.append(("course", f"{COURSE:g}"))
        whys = dict.fromkeys(f.why for found in self.charts for f in found.forbidden)
        entries += [("hatch", why) for why in whys]
        self.page.key(entries, self.y)
        self.y += LINE * Chart.rows(entries)

    def panel(self, found: Errors, left: float, right: float, top: float) -> Panel:
        """One chart: measured and predicted errors, the best nudge and the course's."""
        n, error = found.best, found.measured["two-sided"]
        with np.errstate(all="ignore"):
            seen = np.log10(np.append(error, n.bar))
        seen = seen[np.isfinite(seen)]
        floor = math.floor(seen.min()) if seen.size else -1
        ceiling = max(math.ceil(seen.max()) if seen.size else 0, floor + 2)
        low, high = math.log10(found.h[0]), math.log10(found.h[-1])
        ys = tens(floor, ceiling, TICKS)
        edge = max(length(pieces, SIZE) for _, pieces in [*ys, (0.0, [("exact", 0)])])
        start = left + EDGE + edge + APART
        panel = Panel(
            Axis(low, high, start, right - EDGE),
            Axis(floor, ceiling, top + 2 * LINE + HEIGHT, top + 2 * LINE),
            left=left + EDGE / 2,
            right=right - EDGE / 2,
        )
        heading = f"{n.node} = {said(n.value)}: {SHAPES[word(n)]}"
        columns = int((right - left - EDGE) / COLUMN)
        panel.write(cut([(heading, 0)], columns), left + EDGE, top, kind="strong")
        for piece in found.forbidden:
            first = low if piece.low <= found.h[0] else math.log10(piece.low)
            last = high if piece.high >= found.h[-1] else math.log10(piece.high)
            panel.hatched(first, last)
        panel.grid(tens(low, high, TICKS - 1), ys, EXACT)
        h = np.log10(found.h)
        foot = panel.y.start + EXACT
        for part, kind in ((found.rounding, "rounding"), (found.truncation, "truncation")):
            with np.errstate(all="ignore"):
                logs = np.log10(part)
            panel.trace(h, np.where(logs >= floor, logs, np.nan), kind)  # lone points are no line
        course, best = (panel.x.one(math.log10(x)) for x in (COURSE, n.h))
        panel.line(course, panel.y.end, course, foot, "course")
        panel.line(best, top + LINE * 1.5, best, foot, "best")
        mantissa, exponent = math.frexp(n.h)
        size_of = power(2, exponent - 1) if mantissa == 0.5 and "^" in spelled(n.h) else [(spelled(n.h), 0)]
        panel.write([("best ", 0), *size_of], best, top + LINE, "middle", "best")
        with np.errstate(all="ignore"):
            heights = panel.y.at(np.log10(error))
        panel.marks(h, np.where(error == 0, panel.y.start + EXACT / 2, heights), MARKS["two-sided"])
        middle = (panel.x.start + panel.x.end) / 2
        panel.write([("nudge h", 0)], middle, foot + BELOW + LINE, "middle")
        return panel

    def description(self) -> str:
        """The picture in sentences."""
        lines = [*lead(self.card)]
        lines += [
            f"The error of {found.derivative} over the nudge, both logarithmic: the best is"
            f" {spelled(found.best.h)}, with an error of at most {size(found.best.bar)}."
            for found in self.charts
        ]
        lines += [
            f"{n.node}: {spelled(n.h)}, {decider(n, part.output)}."
            for part in self.card.parts
            for n in part.shown[:ROWS]
        ]
        return " ".join(lines)


Row = tuple[str, ...]
WORDS = {  # what decided, in a column's width
    "balance": "the curve",
    "straight": "straight",
    "parabola": "parabola",
    "cap": "a limit",
    "spacing": "the spacing",
    "kink": "a corner",
    "edge": "an edge",
    "independent": "no influence",
    "none": "none is good",
}
SHAPES = {**WORDS, "balance": "curved"}


def word(n: Nudge) -> str:
    """The key of what decided a node's nudge."""
    if n.factors.decided == "degree":
        return "straight" if n.factors.degree <= 1 else "parabola"
    return n.factors.decided


def remark(g: Guess, n: Nudge) -> str:
    """What there is to say of a usual nudge, in a column's width."""
    if "two-sided" in g.marks:
        return "best"
    return {
        "underflow": "is 0",
        "spacing": f"{n.node} stays",
        "undefined": "no value",
        "unchanged": "no change",
        "rounding": "rounding",
        "curve": "curve",
    }.get(g.trouble, "")
