"""A chart on two axes: ticks, lines, marks, and labels that keep clear of all of them.

Everything that is drawn leaves points behind, every text its box. A label goes where its box meets no other
and covers the fewest points, as near as can be to what it names.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from ..formats import Array
from .axes import Axis, Pieces
from .svg import Painted, document, length, px, styled, text_of

WIDTH = 440.0  # pixels: a page shows it whole at 360, with letters of 11
SIZE = 14.0  # of text
LINE = 19.0  # between lines of text
EDGE = 8.0  # around the picture
ASIDE = 22.0  # left of the numbers, for the title of the axis
APART = 6.0  # between a number and its axis
BELOW = 15.0  # from an axis to the middle of the numbers below it
MARK = 3.0  # half the size of a mark
SWATCH = 30.0  # of a key
GRID = 4.0  # between the places that are tried for a label
COVERED = 6.0  # what a covered point costs, in pixels of distance
LEADER = 16.0  # a label farther away has a line to what it names
HATCH = 9.0  # between the lines of a hatched part

Box = tuple[float, float, float, float]  # left, top, right, bottom

SHAPES = (
    ".nudgegrad-plot .strong{font-weight:bold}.nudgegrad-plot text{font-size:14px}"
    ".nudgegrad-plot .halo{paint-order:stroke;stroke-width:3px;stroke-linejoin:round}"
    ".nudgegrad-plot path{fill:none}.nudgegrad-plot .grid{stroke-width:1}"
    ".nudgegrad-plot .frame,.nudgegrad-plot .leader{stroke-width:1}.nudgegrad-plot .hatch{stroke-width:1}"
    ".nudgegrad-plot .mark{stroke-width:1.4}"
)
PAINTED: tuple[Painted, ...] = (
    ("text", "fill", "ink"),
    (".quiet", "fill", "muted"),
    (".halo", "stroke", "ground"),
    (".grid", "stroke", "faint"),
    (".frame", "stroke", "muted"),
    (".leader", "stroke", "muted"),
    (".hatch", "stroke", "muted"),
    (".mark", "fill", "ground"),
    (".mark", "stroke", "ink"),
)


def paragraph(text: str, width: float = WIDTH - 2 * EDGE) -> list[str]:
    """A text in lines that fit."""
    columns = int(width / length([("m", 0)], SIZE))
    return textwrap.wrap(text, columns, break_on_hyphens=False)


@dataclass
class Chart:
    """A chart on its way.

    Parameters
    ----------
    x, y : Axis
        What lies outside of them is cut off.
    """

    x: Axis
    y: Axis
    parts: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    points: list[Array] = field(default_factory=list)
    row: float = 0.0

    @property
    def area(self) -> Box:
        """Where the curves are, in pixels."""
        return self.x.start, self.y.end, self.x.end, self.y.start

    # Lines and marks

    def grid(
        self, xs: Iterable[tuple[float, Pieces]], ys: Iterable[tuple[float, Pieces]], row: float = 0.0
    ) -> None:
        """The frame, its ticks and their numbers; below the y axis there may be a row for what it lacks."""
        left, top, right, bottom = self.area
        self.row = row
        if row:
            self.write([("exact", 0)], left - APART, bottom + row / 2, "end", "quiet")
            self.parts.append(f'<path class="frame" d="M{px(left)} {px(bottom)}H{px(right)}"/>')
            bottom += row
        rules = []
        for value, pieces in xs:
            at = self.x.one(value)
            rules.append(f"M{px(at)} {px(top)}V{px(bottom)}")
            self.write(pieces, at, bottom + BELOW, "middle", "quiet")
        for value, pieces in ys:
            at = self.y.one(value)
            rules.append(f"M{px(left)} {px(at)}H{px(right)}")
            if not row or at + SIZE + 2 <= self.y.start + row / 2:
                self.write(pieces, left - APART, at, "end", "quiet")
        self.parts.append(f'<path class="grid" d="{"".join(rules)}"/>')
        self.parts.append(
            f'<path class="frame" d="M{px(left)} {px(top)}H{px(right)}V{px(bottom)}H{px(left)}z"/>'
        )

    def titles(self, x: Pieces, y: Pieces) -> None:
        """What the axes are of."""
        left, top, right, bottom = self.area
        bottom += self.row
        self.write(x, (left + right) / 2, bottom + BELOW + LINE, "middle")
        middle, long = (top + bottom) / 2, length(y, SIZE)
        turned = text_of(y, "title", -long / 2, 0.0, SIZE)
        self.texts.append(
            f'<g transform="translate({px(EDGE + SIZE / 2)} {px(middle)}) rotate(-90)">{turned}</g>'
        )
        self.boxes.append((EDGE, middle - long / 2, EDGE + SIZE, middle + long / 2))

    def trace(self, x: Array, y: Array, kind: str) -> None:
        """A line through points; what is not finite is a gap, what is outside of the axes is cut off."""
        pieces: list[str] = []
        last: tuple[float, float] | None = None
        for first, second in self.segments(x, y):
            if first != last:
                pieces.append(f"M{px(first[0])} {px(first[1])}")
            pieces.append(f"L{px(second[0])} {px(second[1])}")
            last = second
            self.occupy(first, second)
        if pieces:
            self.parts.append(f'<path class="{kind}" d="{"".join(pieces)}"/>')

    def segments(self, x: Array, y: Array) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
        """The pieces of a line that lie within the axes, in pixels."""
        low, high = sorted((self.y.start, self.y.end))
        xs, ys = self.x.at(x).tolist(), self.y.at(y).tolist()
        for (x0, y0), (x1, y1) in pairwise(zip(xs, ys, strict=True)):
            if not all(map(math.isfinite, (x0, y0, x1, y1))):
                continue
            if max(x0, x1) < self.x.start or min(x0, x1) > self.x.end:
                continue
            if max(y0, y1) < low or min(y0, y1) > high or (min(y0, y1) < low and max(y0, y1) > high):
                continue  # the last is the jump across a pole, or too steep to be seen
            yield self._cut(x0, y0, x1, y1), self._cut(x1, y1, x0, y0)

    def _cut(self, x0: float, y0: float, x1: float, y1: float) -> tuple[float, float]:
        """The first end, moved along the line into the axes."""
        low, high = sorted((self.y.start, self.y.end))
        inner = min(max(y0, low), high)
        if y0 not in (inner, y1):
            x0, y0 = x0 + (x1 - x0) * (inner - y0) / (y1 - y0), inner
        inner = min(max(x0, self.x.start), self.x.end)
        if x0 not in (inner, x1):
            x0, y0 = inner, y0 + (y1 - y0) * (inner - x0) / (x1 - x0)
        return x0, y0

    def line(self, x0: float, y0: float, x1: float, y1: float, kind: str) -> None:
        """A straight line, in pixels."""
        self.parts.append(f'<path class="{kind}" d="M{px(x0)} {px(y0)}L{px(x1)} {px(y1)}"/>')
        self.occupy((x0, y0), (x1, y1))

    def occupy(self, first: tuple[float, float], second: tuple[float, float]) -> None:
        """Nothing should be written over this line."""
        count = 2 + int(math.dist(first, second) / 3)
        self.points.append(np.linspace(first, second, count))

    def marks(self, x: Array, y: Array, shape: str) -> None:
        """A mark at each point within the axes; y in pixels."""
        found = []
        for at, height in zip(self.x.at(x).tolist(), np.asarray(y).tolist(), strict=True):
            if math.isfinite(height) and self.x.start - 1 <= at <= self.x.end + 1:
                found.append(outline(shape, at, height))
                self.points.append(
                    np.array([[at + i * MARK, height + j * MARK] for i in (-1, 0, 1) for j in (-1, 0, 1)])
                )
        self.parts.append(f'<path class="mark {shape}" d="{"".join(found)}"/>')

    def hatched(self, low: float, high: float) -> None:
        """Diagonal lines over a part of the x axis."""
        left, top, right, bottom = self.area
        first, last = max(left, self.x.one(low)), min(right, self.x.one(high))
        if last > first:
            self.parts.append(f'<path class="hatch" d="{hatching(first, top, last, bottom)}"/>')

    # Text

    def write(self, pieces: Pieces, x: float, y: float, anchor: str = "start", kind: str = "") -> Box:
        """A text whose middle is at height y; where it is."""
        long = length(pieces, SIZE)
        start = x - {"start": 0.0, "middle": long / 2, "end": long}[anchor]
        start = min(max(start, EDGE / 2), WIDTH - EDGE / 2 - long)
        self.texts.append(text_of(pieces, kind or "said", start, y, SIZE))
        box = (start, y - SIZE / 2, start + long, y + SIZE / 2)
        self.boxes.append(box)
        return box

    def label(self, pieces: Pieces, near: Array, kind: str) -> None:
        """A text near one of some points, in pixels, shape (M, 2), clear of all that is drawn."""
        long, (left, top, right, bottom) = length(pieces, SIZE), self.area
        xs = np.arange(left + 4, right - long - 3, GRID)
        ys = np.arange(top + SIZE / 2 + 4, bottom - SIZE / 2 - 3, GRID)
        if not len(xs) or not len(ys) or not len(near):
            return
        starts, middles = (a.ravel() for a in np.meshgrid(xs, ys))
        free = np.ones(starts.shape, dtype=bool)
        for a, b, c, d in self.boxes:
            free &= ~(
                (starts < c + 4)
                & (starts + long > a - 4)
                & (middles - SIZE / 2 < d + 2)
                & (middles + SIZE / 2 > b - 2)
            )
        cost = np.where(free, self.distance(near, starts, middles, long).min(axis=0), np.inf)
        for cloud in self.points:
            away = self.distance(cloud, starts, middles, long)
            cost += COVERED * (away < 3).sum(axis=0)
        best = int(np.argmin(np.round(cost, 3)))
        if not math.isfinite(cost[best]):
            return
        x, y = float(starts[best]), float(middles[best])
        nearest = near[
            int(np.argmin(self.distance(near, starts[best : best + 1], middles[best : best + 1], long)))
        ]
        end = (
            min(max(float(nearest[0]), x), x + long),
            min(max(float(nearest[1]), y - SIZE / 2), y + SIZE / 2),
        )
        if math.dist(end, nearest) > LEADER:
            self.line(*end, float(nearest[0]), float(nearest[1]), "leader")
        self.write(pieces, x, y, kind=f"halo {kind}")

    @staticmethod
    def distance(points: Array, starts: Array, middles: Array, long: float) -> Array:
        """From points to boxes, shape (M, boxes)."""
        x, y = points[:, :1], points[:, 1:]
        across = np.maximum(np.maximum(starts - x, x - starts - long), 0)
        down = np.maximum(np.abs(y - middles) - SIZE / 2, 0)
        found: Array = np.hypot(across, down)
        return found

    @staticmethod
    def places(entries: Sequence[tuple[str, str]]) -> list[tuple[float, int]]:
        """Where the entries of a key stand: pixels from the left, and rows."""
        found, x, row = [], EDGE, 0
        for sign, text in entries:
            long = (SWATCH if sign else 0.0) + length([(text, 0)], SIZE)
            if x > EDGE and x + long > WIDTH - EDGE:
                x, row = EDGE, row + 1
            found.append((x, row))
            x += long + SIZE
        return found

    @classmethod
    def rows(cls, entries: Sequence[tuple[str, str]]) -> int:
        """How many rows a key takes."""
        return 1 + max((row for _, row in cls.places(entries)), default=-1)

    def key(self, entries: Sequence[tuple[str, str]], top: float) -> None:
        """What marks, lines and hatching mean, in rows of which the first is at height `top`."""
        for (sign, text), (x, row) in zip(entries, self.places(entries), strict=True):
            y = top + row * LINE
            if sign == "hatch":
                left, up, right, down = x, y - 6, x + SWATCH - 8, y + 6
                frame = f"M{px(left)} {px(up)}H{px(right)}V{px(down)}H{px(left)}z"
                self.texts.append(f'<path class="hatch" d="{hatching(left, up, right, down)}{frame}"/>')
            elif sign in OUTLINES:
                self.texts.append(f'<path class="mark {sign}" d="{outline(sign, x + SWATCH / 2 - 4, y)}"/>')
            elif sign:
                self.texts.append(f'<path class="{sign}" d="M{px(x)} {px(y)}H{px(x + SWATCH - 7)}"/>')
            self.write([(text, 0)], x + (SWATCH if sign else 0.0), y)

    def document(
        self, height: float, title: str, description: str, shapes: str, painted: Sequence[Painted]
    ) -> str:
        """All of it."""
        style = styled(SHAPES + shapes, (*PAINTED, *painted))
        return document(WIDTH, height, title, description, style, [*self.parts, *self.texts])


OUTLINES = ("dot", "triangle", "square")


def outline(shape: str, x: float, y: float) -> str:
    """The path of a mark around a point."""
    r, d = px(MARK), px(2 * MARK)
    if shape == "dot":
        return f"M{px(x - MARK)} {px(y)}a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0 -{d} 0z"
    if shape == "triangle":
        return f"M{px(x)} {px(y - 1.2 * MARK)}l{px(1.2 * MARK)} {px(2.1 * MARK)}h{px(-2.4 * MARK)}z"
    return f"M{px(x - MARK)} {px(y - MARK)}h{d}v{d}h-{d}z"


def hatching(left: float, top: float, right: float, bottom: float) -> str:
    """Diagonal lines within a box."""
    found = []
    both = math.ceil((left + top) / HATCH) * HATCH
    while both < right + bottom:
        x0, x1 = max(left, both - bottom), min(right, both - top)
        if x1 > x0:
            found.append(f"M{px(x0)} {px(both - x0)}L{px(x1)} {px(both - x1)}")
        both += HATCH
    return "".join(found)
