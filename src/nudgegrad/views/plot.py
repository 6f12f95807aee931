"""A graph as one SVG picture: statements in boxes, values and derivatives on the lines that leave them.

A layer of the layout is a column: its boxes, and right of each box the labels above and below the line that
leaves it. Lines change rows only between columns, where nothing else stands, so nothing can overlap.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..graphs.graph import Graph
from ..sweeps.run import Run
from .digits import DIGITS, NOTHING, number
from .layout import Layout, Point, layout
from .notation import derivative, with_names
from .svg import LABEL, TEXT, Piece, document, length, ordinary, px, styled, text_of, xml

MARGIN = 16.0
BOX, TAG = 34.0, 21.0  # heights of boxes and of labels
PAD, TAG_PAD = 12.0, 7.0  # room left and right of their text
LINE = 5.0  # between a line and its labels
STUB = 10.0  # between a box and its labels, and after them
AIR = 16.0  # between what stands in neighbouring rows
HEAD = 9.0  # length of an arrow's head
GAP, MOST_GAP = 38.0, 150.0  # between columns
SLANT = 0.16  # of a gap, for each pixel that a line rises in it
LONGEST = 500  # columns of a label
DESCRIBED = 200  # nodes that the description for screen readers lists
PAINTED = (  # what is painted how: selector, property, color
    (".line", "stroke", "muted"),
    (".head", "fill", "muted"),
    (".box", "fill", "ground"),
    (".box", "stroke", "node"),
    (".given", "stroke", "muted"),
    (".text", "fill", "ink"),
    (".forward", "fill", "forward-ground"),
    (".forward", "stroke", "forward"),
    (".value", "fill", "forward"),
    (".backward", "fill", "backward-ground"),
    (".backward", "stroke", "backward"),
    (".derivative", "fill", "backward"),
)


def svg(
    shown: Graph | Run, *, fixed: Collection[str] = (), without: Collection[str] = (), digits: int = DIGITS
) -> str:
    """The picture of a graph; of a run with its values and derivatives.

    Parameters
    ----------
    shown : Graph or Run
    fixed : collection of str
        Names of inputs whose derivative is not shown.
    without : collection of str
        Names of nodes that are left out.
    digits : int
        Significant digits of values and derivatives.

    Returns
    -------
    str
        An SVG document in ASCII. It is light or dark as the reader's system is, and needs nothing else.

    Raises
    ------
    NodeError
        If a name is no node.

    Notes
    -----
    Widths are those of the widest common monospace fonts, and each text is told to keep to its width, so
    that nothing overlaps whatever font there is.

    Examples
    --------
    >>> import nudgegrad as ng
    >>> "&#8594; 6</text>" in svg(ng.graph("J = 3*w").at(w=2))
    True
    """
    graph, run = (shown.graph, shown) if isinstance(shown, Run) else (shown, None)
    for name in fixed:
        graph.index(name)
    return _Picture(graph, run, frozenset(fixed), layout(graph, without), digits).document()


@dataclass(frozen=True)
class Card:
    """What is written in and beside a node's box.

    Parameters
    ----------
    name : str
    title : str
        All of it as text.
    pieces : sequence of Piece
        The text in the box.
    given : bool
        Whether the node is an input.
    value, derivative : str
        Empty where there is none.
    """

    name: str
    title: str
    pieces: Sequence[Piece]
    given: bool
    value: str = ""
    derivative: str = ""

    @property
    def width(self) -> float:
        """Of the box."""
        return length(self.pieces) + 2 * PAD

    @property
    def stub(self) -> float:
        """Length of the line under the labels."""
        widths = [_tag_width(text) for text in (self.value, self.derivative) if text]
        return max(widths) + 2 * STUB if widths else 0.0


def _tag_width(text: str) -> float:
    return length(ordinary(text, LONGEST), LABEL) + 2 * TAG_PAD


class _Picture:
    """A picture on its way."""

    def __init__(
        self, graph: Graph, run: Run | None, fixed: frozenset[str], places: Layout, digits: int
    ) -> None:
        self.graph, self.run, self.fixed, self.places, self.digits = graph, run, fixed, places, digits
        self.output = graph.name(graph.output)
        self.several = len(graph.inputs) > 1
        self.cards = {name: self.card(graph.index(name), name) for name in places.at}
        self.left, self.right = self.columns()
        rows = [row for _, row in places.at.values()]
        rows += [row for edge in places.edges for _, row in edge.via]
        reach = max(BOX / 2, LINE + TAG if run else 0.0)
        self.pitch = AIR + 2 * reach
        self.top = MARGIN + reach - self.pitch * min(rows, default=0.0)
        self.width = (self.right[-1] if self.right else 0.0) + MARGIN
        self.height = self.top + self.pitch * max(rows, default=0.0) + reach + MARGIN

    # What is written

    def card(self, i: int, name: str) -> Card:
        """What is written in and beside the box of node `i`."""
        given = self.graph.op(i) is None
        text = name if given else f"{name} = {with_names(self.graph, i)}"
        pieces = ordinary(text)
        if self.run is None:
            return Card(name, text, pieces, given)
        value = self.say(float(self.run.value_array[i]))
        title = f"{text} = {value}"
        slope = ""
        if i != self.graph.output and name not in self.fixed:
            d = derivative(self.output, name, several=self.several)
            slope = f"{d} = {self.say(float(self.run.adjoint_array[i]))}"
            title = f"{title}, {slope}"
            slope = f"← {slope}"
        if given:
            return Card(name, title, [*pieces, (f" = {value}", 0)], given, derivative=slope)
        return Card(name, title, pieces, given, f"→ {value}", slope)

    def say(self, x: float) -> str:
        """A number; a dash if it does not exist."""
        return number(x, self.digits).replace("-", "−") if math.isfinite(x) else NOTHING

    # Where it stands

    def columns(self) -> tuple[list[float], list[float]]:
        """The left and right edges of the columns, one for each layer."""
        widths = [0.0] * self.places.layers
        for name, (layer, _) in self.places.at.items():
            card = self.cards[name]
            widths[layer] = max(widths[layer], card.width + card.stub)
        rises = [0.0] * self.places.layers
        for (layer, row), (_, next_row) in self.pairs():
            rises[layer] = max(rises[layer], abs(next_row - row))
        left, right = [], []
        x = MARGIN
        for width, rise in zip(widths, rises, strict=True):
            left.append(x)
            right.append(x + width)
            pitch = AIR + 2 * (LINE + TAG)
            x += width + min(MOST_GAP, GAP + SLANT * pitch * rise)
        return left, right

    def pairs(self) -> Iterator[tuple[Point, Point]]:
        """Neighbouring points of all edges."""
        for edge in self.places.edges:
            points = [self.places.at[edge.start], *edge.via, self.places.at[edge.end]]
            yield from pairwise(points)

    def y(self, row: float) -> float:
        """The height of a row's line."""
        return self.top + self.pitch * row

    # The document

    def document(self) -> str:
        """All of it."""
        return document(
            self.width,
            self.height,
            self.title(),
            self.description(),
            STYLE,
            [*self.lines(), *(line for name in self.places.at for line in self.node(name))],
        )

    def title(self) -> str:
        """One line."""
        return f"The graph of {self.output}" + (", with values and derivatives" if self.run else "")

    def description(self) -> str:
        """The nodes as sentences."""
        titles = [card.title for card in self.cards.values()]
        more = [f"and {len(titles) - DESCRIBED:,} more"] if len(titles) > DESCRIBED else []
        return "; ".join([*titles[:DESCRIBED], *more]) + "."

    def lines(self) -> Iterator[str]:
        """The edges: what several have in common is drawn once."""
        drawn: dict[str, None] = {}
        far: list[str] = []
        arrows: dict[str, None] = {}
        for edge in self.places.edges:
            points = [self.places.at[edge.start], *edge.via, self.places.at[edge.end]]
            (first, row), (last, end) = points[0], points[-1]
            x, y = self.left[last], self.y(end)
            arrows[edge.end] = None
            if last - first != len(points) - 1:
                far.append(self.curve(self.right[first], self.y(row), x, y))
                continue
            drawn[f"M{px(self.edge_of(edge.start))} {px(self.y(row))}H{px(self.right[first])}"] = None
            for (layer, one), (_, other) in pairwise(points):
                start, turn = self.right[layer], self.left[layer + 1]
                drawn[self.curve(start, self.y(one), turn, self.y(other))] = None
            for layer, one in edge.via:
                drawn[f"M{px(self.left[layer])} {px(self.y(one))}H{px(self.right[layer])}"] = None
        users = {edge.start for edge in self.places.edges}
        for name, card in self.cards.items():
            layer, row = self.places.at[name]
            if name not in users and card.stub:
                end = self.edge_of(name) + card.stub
                drawn[f"M{px(self.edge_of(name))} {px(self.y(row))}H{px(end - HEAD)}"] = None
                yield _head(end, self.y(row))
        if far:
            yield f'<path class="line far" d="{"".join(far)}"/>'
        if drawn:
            yield f'<path class="line" d="{"".join(drawn)}"/>'
        for name in arrows:
            layer, row = self.places.at[name]
            yield _head(self.left[layer], self.y(row))

    def edge_of(self, name: str) -> float:
        """The right edge of a node's box."""
        return self.left[self.places.at[name][0]] + self.cards[name].width

    def curve(self, x: float, y: float, to_x: float, to_y: float) -> str:
        """A line between columns, level at both ends; its last pixels are those of an arrow's head."""
        if y == to_y:
            return f"M{px(x)} {px(y)}H{px(to_x)}"
        turn = to_x - HEAD
        middle = (x + turn) / 2
        return (
            f"M{px(x)} {px(y)}C{px(middle)} {px(y)} {px(middle)} {px(to_y)} {px(turn)} {px(to_y)}"
            f"H{px(to_x)}"
        )

    def node(self, name: str) -> Iterator[str]:
        """A node's box with its text, and its labels."""
        card = self.cards[name]
        layer, row = self.places.at[name]
        x, y = self.left[layer], self.y(row)
        given = " given" if card.given else ""
        yield f"<g><title>{xml(card.title)}</title>"
        yield (
            f'<rect class="box{given}" x="{px(x)}" y="{px(y - BOX / 2)}" '
            f'width="{px(card.width)}" height="{px(BOX)}" rx="7"/>'
        )
        yield text_of(card.pieces, "text", x + PAD, y, TEXT)
        start = x + card.width + STUB
        if card.value:
            yield from _tag(card.value, "forward", "value", start, y - LINE - TAG, 0)
        if card.derivative:
            yield from _tag(card.derivative, "backward", "derivative", start, y + LINE, TAG / 2)
        yield "</g>"


def _tag(text: str, ground: str, ink: str, x: float, top: float, round_by: float) -> Iterator[str]:
    """A label: text on a coloured ground."""
    yield (
        f'<rect class="{ground}" x="{px(x)}" y="{px(top)}" width="{px(_tag_width(text))}" '
        f'height="{px(TAG)}" rx="{px(round_by)}"/>'
    )
    yield text_of(ordinary(text, LONGEST), f"label {ink}", x + TAG_PAD, top + TAG / 2, LABEL)


def _head(x: float, y: float) -> str:
    """The head of an arrow to the right."""
    return f'<path class="head" d="M{px(x)} {px(y)}l-{px(HEAD)} -4.5v9z"/>'


STYLE = styled(
    ".nudgegrad-plot .line{fill:none;stroke-width:1.6}.nudgegrad-plot .far{stroke-dasharray:5 4}"
    ".nudgegrad-plot .box{stroke-width:2}.nudgegrad-plot .given{stroke-width:1}"
    ".nudgegrad-plot .forward,.nudgegrad-plot .backward{stroke-width:1}",
    PAINTED,
)
