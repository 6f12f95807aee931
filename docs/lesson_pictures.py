"""The pictures of docs/lesson that no command draws.

    python docs/lesson_pictures.py

writes them to `docs/images/lesson`. They look like those of `nudgegrad plot`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

import nudgegrad as ng
from nudgegrad.formats import Array
from nudgegrad.sweeps.run import Run
from nudgegrad.views.axes import Axis, Pieces, rounds, said
from nudgegrad.views.chart import APART, BELOW, EDGE, LINE, SIZE, WIDTH, Chart
from nudgegrad.views.digits import number
from nudgegrad.views.layout import layout
from nudgegrad.views.notation import with_names
from nudgegrad.views.slope_picture import PAINTED as CURVES
from nudgegrad.views.slope_picture import STYLE as CURVE_SHAPES
from nudgegrad.views.svg import LABEL, TEXT, document, length, ordinary, px, styled, text_of

FOLDER = Path(__file__).parent / "images" / "lesson"

# Drawings: boxes and lines

MARGIN = 16.0
BOX, TAG = 34.0, 21.0  # heights of boxes and of labels
PAD, TAG_PAD = 12.0, 7.0  # room left and right of their text
NEAR = 5.0  # between a box and its labels
HEAD = 9.0  # length of an arrow's head
GAP = 52.0  # between columns: the factor of a local derivative stands there
PITCH = 88.0  # between a statement and the inputs below it
STRAND = 200.0  # between the rows of a graph that is too wide for one
ROUND = 70.0  # radius of a unit
SHAPES = (
    ".nudgegrad-plot .line{fill:none;stroke-width:1.6}.nudgegrad-plot .box{stroke-width:2}"
    ".nudgegrad-plot .given{stroke-width:1}.nudgegrad-plot .new{stroke-width:2.6}"
    ".nudgegrad-plot .strong{font-weight:bold}"
)
PAINTED = (
    (".line", "stroke", "muted"),
    (".head", "fill", "muted"),
    (".box", "fill", "ground"),
    (".box", "stroke", "node"),
    (".given", "stroke", "muted"),
    (".text", "fill", "ink"),
    (".quiet", "fill", "muted"),
    (".forward", "fill", "forward-ground"),
    (".forward", "stroke", "forward"),
    (".value", "fill", "forward"),
    (".backward", "fill", "backward-ground"),
    (".backward", "stroke", "backward"),
    (".derivative", "fill", "backward"),
)


@dataclass
class Drawing:
    """A drawing on its way: lines first, then what stands on them."""

    lines: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)

    def arrow(self, path: str, x: float, y: float) -> None:
        """A line whose end, an arrow's head to the right, is at x, y."""
        self.lines.append(f'<path class="line" d="{path}"/>')
        self.lines.append(f'<path class="head" d="M{px(x)} {px(y)}l-{px(HEAD)} -4.5v9z"/>')

    def text(self, text: str, x: float, y: float, kind: str = "text", anchor: str = "start") -> float:
        """A text in ordinary notation whose middle is at height y; its width."""
        size = LABEL if "label" in kind else TEXT
        pieces = ordinary(text)
        long = length(pieces, size)
        x -= {"start": 0.0, "middle": long / 2, "end": long}[anchor]
        self.parts.append(text_of(pieces, kind, x, y, size))
        return long

    def tag(self, text: str, kinds: tuple[str, str], middle: float, top: float, new: bool) -> None:
        """A label: text on a coloured ground, square for values and round for derivatives."""
        ground, ink = kinds
        wide = tag_width(text)
        corner = TAG / 2 if ground == "backward" else 0.0
        self.parts.append(
            f'<rect class="{ground}{" new" if new else ""}" x="{px(middle - wide / 2)}" y="{px(top)}"'
            f' width="{px(wide)}" height="{px(TAG)}" rx="{px(corner)}"/>'
        )
        self.text(text, middle, top + TAG / 2, f"label {ink}", "middle")

    def document(self, width: float, height: float, title: str, description: str) -> str:
        """All of it."""
        style = styled(SHAPES, PAINTED)
        return document(width, height, title, description, style, [*self.lines, *self.parts])


def tag_width(text: str) -> float:
    """The width of a label."""
    return length(ordinary(text), LABEL) + 2 * TAG_PAD


# Graphs, filled in by stages

Place = tuple[int, int, int]  # column, row below the statements, strand


@dataclass(frozen=True)
class Net:
    """A computation graph with its values and derivatives, and where its boxes stand.

    Parameters
    ----------
    run : Run
    fixed : frozenset of str
        Inputs whose derivatives are not shown.
    places : mapping of str to Place
    """

    run: Run
    fixed: frozenset[str]
    places: Mapping[str, Place]

    @cached_property
    def statements(self) -> tuple[str, ...]:
        """The nodes that are computed, in their order."""
        graph = self.run.graph
        return tuple(name for i, name in sorted(graph.names.items()) if graph.op(i) is not None)

    @cached_property
    def wires(self) -> list[tuple[str, str]]:
        """From which node to which."""
        return [(edge.start, edge.end) for edge in layout(self.run.graph).edges]

    @cached_property
    def asked(self) -> tuple[str, ...]:
        """The nodes whose derivative is filled in: all but the output and what is fixed."""
        return tuple(name for name in self.places if name != "J" and name not in self.fixed)

    def text(self, name: str) -> str:
        """What is written in a box."""
        graph = self.run.graph
        i = graph.index(name)
        return (
            f"{name} = {with_names(graph, i) if name in self.statements else number(self.run.value(name))}"
        )

    def value(self, name: str) -> str:
        """The value of a node."""
        return number(self.run.value(name))

    def derivative(self, name: str) -> str:
        """``dJ/dw = -4``."""
        return f"dJ/d{name} = {number(self.run.adjoint(name))}"

    def local(self, start: str, end: str) -> str:
        """``×-2``, the local derivative of a wire."""
        return f"×{number(self.run.partial(end, start))}"

    def columns(self) -> list[tuple[float, float]]:
        """The left edge and the width of each column."""
        wide = [0.0] * (1 + max(column for column, _, _ in self.places.values()))
        for name, (column, _, _) in self.places.items():
            tag = tag_width(self.derivative(name)) if name in self.asked else 0.0
            wide[column] = max(wide[column], self.box_width(name), tag)
        found, x = [], MARGIN
        for w in wide:
            found.append((x, w))
            x += w + GAP
        return found

    def box_width(self, name: str) -> float:
        """The width of a box."""
        return length(ordinary(self.text(name))) + 2 * PAD


UNIT = Net(
    ng.graph("c = w*x; a = c + b; d = a - y; J = d**2/2").at(w=2, x=-2, b=8, y=2),
    frozenset("xy"),
    {"w": (0, 0, 0), "x": (0, 1, 0), "c": (1, 0, 0), "b": (1, 1, 0), "a": (2, 0, 0), "y": (2, 1, 0)}
    | {"d": (3, 0, 0), "J": (4, 0, 0)},
)
LARGER = Net(
    ng.graph(
        "t1 = w1*x; z1 = t1 + b1; a1 = relu(z1); t2 = w2*a1; z2 = t2 + b2; a2 = relu(z2); d = a2 - y;"
        " J = d**2/2"
    ).at(w1=2, x=1, b1=0, w2=3, b2=1, y=5),
    frozenset("xy"),
    {"w1": (0, 0, 0), "x": (0, 1, 0), "t1": (1, 0, 0), "b1": (1, 1, 0), "z1": (2, 0, 0), "a1": (3, 0, 0)}
    | {"w2": (0, 1, 1), "t2": (1, 0, 1), "b2": (1, 1, 1), "z2": (2, 0, 1), "a2": (3, 0, 1)}
    | {"y": (0, 1, 2), "d": (1, 0, 2), "J": (2, 0, 2)},
)


def graph(
    net: Net,
    title: str,
    values: Sequence[str] = (),
    derivatives: Sequence[str] = (),
    new: Sequence[str] = (),
    backward: bool = False,
) -> str:
    """A graph as far as it is filled in.

    Parameters
    ----------
    net : Net
    title : str
        Stands above it.
    values, derivatives : sequence of str
        Nodes whose value or derivative is filled in.
    new : sequence of str
        Those of them that are drawn with a thick line, as ``"a"`` or ``"dJ/da"``.
    backward : bool
        Whether derivatives have empty boxes, as values always have.
    """
    drawing, columns = Drawing(), net.columns()
    drawing.text(title, MARGIN, MARGIN + TEXT / 2, "text strong")
    top = MARGIN + TEXT + 14 + TAG + NEAR + BOX / 2

    def middle(name: str) -> float:
        _, row, strand = net.places[name]
        return top + row * PITCH + strand * STRAND

    for start, end in net.wires:
        column, _, strand = net.places[start]
        (left, wide), (to_x, _) = columns[column], columns[net.places[end][0]]
        leaves, y, to_y = left + net.box_width(start), middle(start), middle(end)
        right, turn = left + wide, to_x - HEAD
        if net.places[end][2] != strand:  # down to the next strand, and back to its beginning
            between = to_y - BOX / 2 - NEAR - TAG - 11
            x, back = right + GAP - 12, MARGIN + 4
            drawing.arrow(
                f"M{px(leaves)} {px(y)}H{px(x)}V{px(between)}H{px(back)}V{px(to_y)}H{px(turn)}", to_x, to_y
            )
        elif y == to_y:
            drawing.arrow(f"M{px(leaves)} {px(y)}H{px(turn)}", to_x, to_y)
        else:
            half = (right + 22 + turn) / 2
            drawing.arrow(
                f"M{px(leaves)} {px(y)}H{px(right + 22)}C{px(half)} {px(y)} {px(half)} {px(to_y)}"
                f" {px(turn)} {px(to_y)}",
                to_x,
                to_y,
            )
        if start in derivatives:
            drawing.text(net.local(start, end), leaves + 5, y + 13, "label derivative")
    for name, (column, _, _) in net.places.items():
        x, y, wide = columns[column][0], middle(name), net.box_width(name)
        kind = "box" if name in net.statements else "box given"
        drawing.parts.append(
            f'<rect class="{kind}" x="{px(x)}" y="{px(y - BOX / 2)}" width="{px(wide)}"'
            f' height="{px(BOX)}" rx="7"/>'
        )
        drawing.text(net.text(name), x + PAD, y)
        if name in net.statements:
            text = f"→ {net.value(name) if name in values else '  '}"
            drawing.tag(text, ("forward", "value"), x + wide / 2, y - BOX / 2 - NEAR - TAG, name in new)
        if name in derivatives or (name in net.asked and backward):
            known = net.derivative(name)
            text = known if name in derivatives else f"{known.split('=')[0]}=   "
            middle_x = x + max(wide, tag_width(text)) / 2
            drawing.tag(
                text, ("backward", "derivative"), middle_x, y + BOX / 2 + NEAR, f"dJ/d{name}" in new
            )
    strands = max(strand for _, _, strand in net.places.values())
    width = columns[-1][0] + columns[-1][1] + (GAP if strands else MARGIN)
    height = top + strands * STRAND + PITCH + BOX / 2 + NEAR + TAG + MARGIN
    return drawing.document(width, height, title, described(net, values, derivatives))


def described(net: Net, values: Sequence[str], derivatives: Sequence[str]) -> str:
    """A graph in sentences."""
    sentences = []
    for name in net.places:
        found = [net.text(name)]
        if name in values:
            found.append(f"value {net.value(name)}")
        if name in derivatives:
            found.append(net.derivative(name))
        sentences.append(", ".join(found))
    return ("; ".join(sentences) + ".").replace("-", "−")


# Networks as circles


def network(title: str, units: Sequence[tuple[str, str, str]], first: str, loss: str) -> str:
    """Units as circles: what each computes, what it makes of that, and the name of its result."""
    drawing = Drawing()
    y = MARGIN + TEXT + 18 + ROUND
    drawing.text(title, MARGIN, MARGIN + TEXT / 2, "text strong")
    x = MARGIN + drawing.text(first, MARGIN, y) + 8
    for computes, makes, result in units:
        middle = x + 40 + ROUND
        drawing.arrow(f"M{px(x)} {px(y)}H{px(middle - ROUND - HEAD)}", middle - ROUND, y)
        drawing.parts.append(f'<circle class="box" cx="{px(middle)}" cy="{px(y)}" r="{px(ROUND)}"/>')
        drawing.text(computes, middle, y - (12 if makes else 0), "label text", "middle")
        drawing.text(makes, middle, y + 12, "label text", "middle")
        x = middle + ROUND
        long = length(ordinary(result))
        drawing.text(result, x + 14, y - 14)
        if (computes, makes, result) == units[-1]:
            drawing.arrow(f"M{px(x)} {px(y)}H{px(x + 34 + long)}", x + 43 + long, y)
            x += 51 + long
    x += drawing.text(loss, x, y) + MARGIN
    words = "; ".join(f"a unit computes {one}{', then ' + two if two else ''}" for one, two, _ in units)
    description = f"{first} goes in; {words}; out comes {units[-1][2]}, and {loss}."
    return drawing.document(x, y + ROUND + MARGIN, title, description.replace("-", "−"))


# Squares

SIDE, STRIP = 208.0, 42.0  # pixels: 3, and a nudge, which is far too wide here
HUGE = 400.0  # pixels: the side of N·P squares


def square() -> str:
    """J = w² as the area of a square that grows by two strips and a corner."""
    drawing = Drawing()
    title = "J = w² is a square: nudge its side"
    drawing.text(title, MARGIN, MARGIN + TEXT / 2, "text strong")
    x, y = MARGIN + 84, MARGIN + TEXT + 40
    for kind, left, top, wide, high in (
        ("box given", x, y, SIDE, SIDE),
        ("forward", x + SIDE, y, STRIP, SIDE),
        ("forward", x, y + SIDE, SIDE, STRIP),
        ("backward", x + SIDE, y + SIDE, STRIP, STRIP),
    ):
        drawing.parts.append(
            f'<rect class="{kind}" x="{px(left)}" y="{px(top)}" width="{px(wide)}" height="{px(high)}"/>'
        )
    drawing.text("3", x + SIDE / 2, y - 14, "text", "middle")
    drawing.text("0.001", x + SIDE + STRIP / 2, y - 14, "label value", "middle")
    drawing.text("3", x - 12, y + SIDE / 2, "text", "end")
    drawing.text("0.001", x - 12, y + SIDE + STRIP / 2, "label value", "end")
    drawing.text("3 × 3 = 9", x + SIDE / 2, y + SIDE / 2, "text", "middle")
    drawing.text("3 × 0.001 = 0.003", x + SIDE / 2, y + SIDE + STRIP / 2, "label value", "middle")
    after = x + SIDE + STRIP + 10
    drawing.text("0.003", after, y + SIDE / 2, "label value")
    drawing.text("0.000001", after, y + SIDE + STRIP / 2, "label derivative")
    bottom = y + SIDE + STRIP + 26
    drawing.text("The strips are drawn far too wide.", MARGIN, bottom, "label quiet")
    description = (
        "A square with side 3 and area 9. A strip of width 0.001 on the right and one below add 3 × 0.001 ="
        " 0.003 each; the small corner where they meet adds 0.000001."
    )
    return drawing.document(WIDTH, bottom + MARGIN, title, description)


def orders() -> str:
    """1,000,000,000 steps against 110,000, as areas."""
    drawing = Drawing()
    title = "The work for 100,000 derivatives, as areas"
    drawing.text(title, MARGIN, MARGIN + TEXT / 2, "text strong")
    x, y = MARGIN, MARGIN + TEXT + 14
    small = HUGE * (110_000 / 1_000_000_000) ** 0.5
    drawing.parts.append(
        f'<rect class="forward" x="{px(x)}" y="{px(y)}" width="{px(HUGE)}" height="{px(HUGE)}"/>'
    )
    drawing.text("a nudge for each parameter", x + HUGE / 2, y + HUGE / 2 - 26, "text value", "middle")
    drawing.text("10,000 × 100,000 steps", x + HUGE / 2, y + HUGE / 2, "text value", "middle")
    drawing.text("= 1,000,000,000", x + HUGE / 2, y + HUGE / 2 + 26, "text value", "middle")
    below = y + HUGE + 14
    drawing.parts.append(
        f'<rect class="derivative" x="{px(x)}" y="{px(below)}" width="{px(small)}" height="{px(small)}"/>'
    )
    said_of = "← backpropagation: 10,000 + 100,000 = 110,000"
    drawing.text(said_of, x + small + 10, below + small / 2 + 2, "label derivative")
    description = (
        "A square of 400 by 400 pixels stands for the 1,000,000,000 steps of nudging each parameter by"
        " itself. Below it a dot of 4 by 4 pixels stands for the 110,000 steps of backpropagation."
    )
    return drawing.document(WIDTH, below + small + MARGIN, title, description)


# Charts

HEIGHT = 250.0
RIGHT = 16.0
ARROWS = ".nudgegrad-plot .step{stroke-width:3}"
STEPS = (("path.step", "stroke", "node"), ("text.step", "fill", "node"), ("path.tip", "fill", "node"))


def chart_of(x: tuple[float, float], y: tuple[float, float], rows: int) -> Chart:
    """A chart below a heading and so many rows of a key."""
    top = EDGE + LINE / 2 + LINE * (1 + rows)
    left = EDGE + 22 + APART + max(length(pieces, SIZE) for _, pieces in rounds(*y, 6))
    return Chart(Axis(*x, left, WIDTH - RIGHT), Axis(*y, top + HEIGHT, top))


def framed(chart: Chart, heading: str, key: Sequence[tuple[str, str]], x: str, y: str) -> None:
    """Heading, key, ticks and titles."""
    chart.write([(heading, 0)], EDGE, EDGE + LINE / 2, kind="strong")
    chart.key(key, EDGE + LINE / 2 + LINE)
    chart.grid(rounds(chart.x.low, chart.x.high, 6), rounds(chart.y.low, chart.y.high, 6))
    chart.titles([(x, 0)], [(y, 0)])


def finished(chart: Chart, heading: str, notes: Sequence[str], description: str) -> str:
    """The chart with notes below it."""
    y = chart.y.start + BELOW + 2 * LINE + APART
    for line in notes:
        chart.write([(line, 0)], EDGE, y, kind="quiet")
        y += LINE
    height = y - LINE / 2 + EDGE if notes else y - LINE + EDGE
    return chart.document(height, heading, description, CURVE_SHAPES + ARROWS, (*CURVES, *STEPS))


def quotients() -> str:
    """The quotient k over the nudge: where it heads."""
    heading = "Where does the quotient k head?"
    key = [("dot", "k of a nudge"), ("square", "no nudge: no k")]
    chart = chart_of((-2.4, 2.4), (3.4, 8.6), Chart.rows(key))
    framed(chart, heading, key, "nudge of w = 3", "k")
    nudges = np.array([-2, -1, -0.5, -0.25, -0.125, 0.125, 0.25, 0.5, 1, 2])
    chart.trace(np.array([-2.4, 2.4]), np.array([3.6, 8.4]), "tangent")
    chart.marks(nudges, chart.y.at(6 + nudges), "dot")
    chart.marks(np.array([0.0]), chart.y.at(np.array([6.0])), "square")
    for nudge in (-2, -1, 1, 2):
        at = np.array([[chart.x.one(nudge), chart.y.one(6 + nudge)]])
        chart.label([(f"{said(nudge)}: k = {said(6 + nudge)}", 0)], at, "nudge")
    here = np.array([[chart.x.one(0), chart.y.one(6)]])
    chart.label([("heads to 6", 0)], here, "tangent")
    notes = [
        "Smaller and smaller nudges, up or down: k heads to",
        "6. That is the derivative of J = w² at 3.",
    ]
    description = (
        "Dots on a straight line: nudges of 2, 1, 0.5, 0.25, 0.125 give k = 8, 7, 6.5, 6.25, 6.125; nudges"
        " down by as much give 4, 5, 5.5, 5.75, 5.875. At nudge 0, where there is no quotient, a square"
        " marks 6."
    )
    return finished(chart, heading, notes, description)


def triangle() -> str:
    """J = w² at 3 with its tangent, and both triangles of a nudge of 1."""
    heading = "The slope triangle of J = w² at w = 3"
    key = [("curve", "J"), ("tangent", "tangent"), ("nudge", "run and rise")]
    chart = chart_of((1.4, 5.2), (0.0, 22.0), Chart.rows(key))
    framed(chart, heading, key, "w", "J")
    w = np.linspace(1.4, 5.2, 200)
    chart.trace(w, w * w, "curve")
    chart.trace(w, 6 * w - 9, "tangent")
    (x0, x1), y0, y1 = (chart.x.one(3), chart.x.one(4)), chart.y.one(9), chart.y.one(15)
    chart.line(x0, y0, x1, y0, "nudge")
    chart.line(x1, y0, x1, y1, "nudge")
    chart.marks(np.array([3.0]), chart.y.at(np.array([9.0])), "dot")
    chart.marks(np.array([4.0]), chart.y.at(np.array([16.0])), "square")
    chart.write([("run 1", 0)], (x0 + x1) / 2, y0 + 14, "middle", "nudge")
    chart.write([("rise 6", 0)], x1 + 8, (y0 + y1) / 2, "start", "nudge")
    chart.write([("J itself: 16", 0)], x1 - 12, chart.y.one(16) - 10, "end")
    notes = [
        "Slope: rise / run = 6 / 1 = 6. The tangent rises by",
        "6, J itself by 7, from 9 to 16: J bends up.",
    ]
    description = (
        "The curve J = w² and its tangent at w = 3, J = 9. From there a line goes right by 1, the run, and"
        " one up by 6, the rise, to the tangent at w = 4, J = 15. The curve itself is at 16 there."
    )
    return finished(chart, heading, notes, description)


def steps() -> str:
    """Two steps of gradient descent on J = w²: long where it is steep, short where it is flat."""
    heading = "Large derivative, large step"
    key = [("curve", "J = w²"), ("tangent", "tangent"), ("step", "a step of w")]
    chart = chart_of((-0.6, 3.6), (-1.6, 11.0), Chart.rows(key))
    framed(chart, heading, key, "w", "J")
    w = np.linspace(-0.6, 3.6, 200)
    chart.trace(w, w * w, "curve")
    for at, wide in ((3.0, 0.5), (1.0, 0.6)):
        part = np.array([at - wide, at + wide])
        chart.trace(part, at * at + 2 * at * (part - at), "tangent")
        x, y = chart.x.one(at), chart.y.one(at * at)
        end = chart.x.one(at - 0.1 * 2 * at)
        chart.line(x, y, end + HEAD, y, "step")
        chart.parts.append(f'<path class="tip" d="M{px(end)} {px(y)}l{px(HEAD)} -4.5v9z"/>')
    chart.marks(np.array([3.0, 1.0]), chart.y.at(np.array([9.0, 1.0])), "dot")
    for text, at in (("slope 6: step 0.6", 3.0), ("slope 2: step 0.2", 1.0)):
        end = chart.x.one(at - 0.2 * at)
        where = end - 10 if at == 3 else chart.x.one(at) + 14
        chart.write([(text, 0)], where, chart.y.one(at * at), "end" if at == 3 else "start", "step")
    notes = [
        "w goes down by 0.1 times the derivative: far where",
        "J is steep, a little where J is nearly level.",
    ]
    description = (
        "The curve J = w² with tangents at w = 3, slope 6, and at w = 1, slope 2. With a rate of 0.1 an"
        " arrow leads from 3 to 2.4, and a shorter one from 1 to 0.8."
    )
    return finished(chart, heading, notes, description)


FOUR: Sequence[tuple[Pieces, Callable[[Array], Array], float, tuple[float, float]]] = (
    ([("J = w", 0), ("2", 1)], lambda w: w**2, 4.0, (0.0, 10.0)),
    ([("J = w", 0), ("3", 1)], lambda w: w**3, 12.0, (0.0, 20.0)),
    ([("J = w", 0)], lambda w: w, 1.0, (0.0, 4.0)),
    ([("J = 1/w", 0)], lambda w: 1 / w, -0.25, (0.0, 2.0)),
)


def four() -> str:
    """w², w³, w and 1/w at 2, each with its tangent."""
    heading = "Four functions at w = 2, and their tangents"
    high, across = 150.0, 176.0
    whole = Chart(Axis(0, 1, 0, 1), Axis(0, 1, 0, 1))
    whole.write([(heading, 0)], EDGE, EDGE + LINE / 2, kind="strong")
    for k, (name, f, slope, (low, top)) in enumerate(FOUR):
        left = 36.0 + (k % 2) * (across + 40)
        up = EDGE + 2 * LINE + LINE + (k // 2) * (high + 2 * LINE + 34)
        chart = Chart(Axis(0.25, 3.75, left, left + across), Axis(low, top, up + high, up))
        chart.grid(rounds(0.25, 3.75, 4), rounds(low, top, 4))
        w = np.linspace(0.25, 3.75, 200)
        chart.trace(w, f(w), "curve")
        chart.trace(w, f(np.array(2.0)) + slope * (w - 2), "tangent")
        chart.marks(np.array([2.0]), chart.y.at(np.array([f(np.array(2.0))])), "dot")
        chart.write([*name, (":", 0)], left, up - LINE / 2 - 2)
        long = length([*name, (": ", 0)], SIZE)
        chart.write([(f"slope {said(slope)}", 0)], left + long, up - LINE / 2 - 2, kind="tangent")
        whole.parts += chart.parts
        whole.texts += chart.texts
    bottom = EDGE + 3 * LINE + 2 * high + 2 * LINE + 34
    whole.write([("Lines: the curves. Dashes: their tangents at 2.", 0)], EDGE, bottom + 44, kind="quiet")
    description = (
        "Four small charts, each with w from 0.25 to 3.75 and a tangent at w = 2. J = w²: J = 4, slope 4."
        " J = w³: J = 8, slope 12. J = w: J = 2, slope 1, the tangent is the line itself. J = 1/w: J = 0.5,"
        " slope −0.25, downwards."
    )
    return whole.document(bottom + 44 + LINE / 2 + EDGE, heading, description, CURVE_SHAPES, CURVES)


# All of them

DONE = UNIT.statements
PICTURES: Mapping[str, Callable[[], str]] = {
    "square": square,
    "quotients": quotients,
    "steps": steps,
    "triangle": triangle,
    "four": four,
    "unit": lambda: network("One unit", [("a = w*x + b", "", "a")], "x", "J = (a - y)**2/2"),
    "graph": lambda: graph(UNIT, "The computation graph"),
    "forward-1": lambda: graph(UNIT, "Forward, step 1: c", "c", (), ["c"]),
    "forward-4": lambda: graph(UNIT, "Forward, step 4: done", DONE, (), ["J"]),
    "backward-1": lambda: graph(UNIT, "Backward, step 1: dJ/dd", DONE, "d", ["dJ/dd"], True),
    "backward-2": lambda: graph(UNIT, "Backward, step 2: dJ/da", DONE, "da", ["dJ/da"], True),
    "backward-4": lambda: graph(
        UNIT, "Backward, steps 3 and 4: dJ/dc and dJ/db", DONE, "dacb", ["dJ/dc", "dJ/db"], True
    ),
    "backward-5": lambda: graph(UNIT, "Backward, step 5: dJ/dw", DONE, UNIT.asked, ["dJ/dw"], True),
    "orders": orders,
    "units": lambda: network(
        "Two units",
        [("z1 = w1*x + b1", "a1 = relu(z1)", "a1"), ("z2 = w2*a1 + b2", "a2 = relu(z2)", "a2")],
        "x",
        "J = (a2 - y)**2/2",
    ),
    "larger-forward": lambda: graph(LARGER, "Forward", LARGER.statements),
    "larger-backward": lambda: graph(LARGER, "Backward", LARGER.statements, LARGER.asked, (), True),
}


def main() -> None:
    """Write all pictures."""
    FOLDER.mkdir(exist_ok=True)
    for name, draw in PICTURES.items():
        (FOLDER / f"{name}.svg").write_text(draw() + "\n", encoding="ascii", newline="\n")


if __name__ == "__main__":
    main()
