"""The answer card as text: the nudges, what decided each, the formula, and what a nudge is not."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from ..nudging.table import Nudge
from ..sweeps.run import Run
from .answer import sheet as guesses_sheet
from .card import QUESTION, RATE, Card, Part, Step, by_formula, decider
from .digits import nudge as spelled
from .digits import number, size
from .notation import derivative
from .screen import Screen
from .sheet import Cell, Column, Sheet
from .signs import SIGNS
from .table import by_nudging
from .why import listed

DIGITS = 7
LONGEST = 300  # characters of a program that are shown
SIDES = "One-sided against two-sided"


def as_text(card: Card, screen: Screen, digits: int = DIGITS) -> str:
    """The card as it is printed, without a final newline."""

    def title(text: str) -> str:
        return screen.paint(screen.wrap(text), "strong")

    blocks = [[title(QUESTION), *map(screen.wrap, lead(card))]]
    for part in card.parts:
        n = part.guesses.best
        nudged = screen.wrap(f"Nudges of {n.node} = {number(n.value, digits)}:")
        guessed = guesses_sheet(part.guesses, digits).as_text(screen)
        blocks.append([title(heading(part)), nudged, guessed, *map(screen.wrap, too_small(part))])
        each = screen.wrap("The best nudge of each node:")
        blocks.append([each, nodes_sheet(part, digits).as_text(screen)])
    blocks.append([title("The formula"), *formula(card, screen)])
    blocks.append([title(formats_title(card)), formats_sheet(card).as_text(screen)])
    blocks.append([title(SIDES), sides_sheet(card).as_text(screen)])
    if card.step is not None:
        heads = [title("A nudge is no gradient-descent step"), screen.wrap(step_heading(card.step))]
        blocks.append([*heads, step_sheet(card.step).as_text(screen)])
    return "\n\n".join("\n".join(block) for block in blocks)


def lead(card: Card) -> list[str]:
    """The answer in a few sentences."""
    sizes = sorted(n.h for part in card.parts for n in part.shown if math.isfinite(n.h))
    if not sizes:
        return ["No node has one that can be trusted here."]
    span = f"from {spelled(sizes[0])} to {spelled(sizes[-1])}"
    if sizes[0] == sizes[-1]:
        span = f"{spelled(sizes[0])} wherever there is one"
    j = card.output
    return [
        f"Each node has its own, and it can be computed: below, in {card.format.name}, {span}.",
        f"Two errors decide. {j} is rounded, and dividing by a small nudge makes much of that: rounding."
        f" {j} bends, and a large nudge sees it: the curve. The best nudge has the least of both together."
        " So it depends on the precision of the floats and on the functions in the graph, at each node.",
    ]


def heading(part: Part) -> str:
    """A graph with its values."""
    at = f" at {said_values(part.run)}" if part.run.graph.inputs else ""
    return f"{part.title}: {source(part.run)}{at}"


def source(run: Run) -> str:
    """A program in one line."""
    lines = (line.partition("#")[0].strip() for line in run.graph.source.splitlines())
    text = "; ".join(filter(None, lines))
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def said_values(run: Run) -> str:
    """The inputs with their values."""
    return " ".join(f"{name}={number(run.value(name))}" for name in run.graph.inputs)


def too_small(part: Part) -> Iterator[str]:
    """Which nudges can do nothing, because the number format has no room for them."""
    n, fmt = part.guesses.best, part.run.format
    near, gap = number(n.value, DIGITS), number(n.factors.spacing, 2)
    yield (
        f"{fmt.name} numbers near {near} are {gap} apart: a nudge of less than half of that leaves {n.node}"
        " as it is."
    )
    gone = [g.text for g in part.guesses.guesses if g.trouble == "underflow"]
    if gone:
        yield f"The smallest {fmt.name} above 0 is {number(fmt.smallest, 2)}: {listed(gone)} counts as 0."


def nodes_sheet(part: Part, digits: int = DIGITS) -> Sheet:
    """Each node with its best nudge and what decided it."""
    columns = [
        Column("node", "<"),
        Column(f"d{part.output}/dnode"),
        Column("best nudge", short="nudge"),
        Column("by nudging", "<"),
        Column("", "<", "verdict"),
        Column("what decides", "<"),
    ]
    rows = [
        [
            Cell(n.node, "strong"),
            Cell(number(n.adjoint, digits)),
            Cell(spelled(n.h)),
            by_nudging(n),
            SIGNS[n.verdict],
            Cell(decider(n, part.output)),
        ]
        for n in part.shown
    ]
    return Sheet("Best nudges", columns, rows)


def formula(card: Card, screen: Screen) -> Iterator[str]:
    """The formula in words, in symbols and, where there is a node to show it, in numbers."""
    j = card.output
    yield screen.wrap(
        f"In words: the more {j} bends, the smaller the nudge; the more {j} is rounded, the larger. Only"
        " the operations after the node count: what others round is the same on both sides, and cancels."
    )
    yield screen.wrap(
        f"In symbols: {j}'' says how {j} bends and {j}''' how that changes; r is the rounding error of"
        f" ({j}(v+h) - {j}(v-h))/2, for one side of {j}(v+h) - {j}(v)."
    )
    yield screen.wrap(f"two-sided: |{j}'''| h²/6 + r/h is least at h = cbrt(3 r/|{j}'''|)", "  ", "    ")
    yield screen.wrap(f"one-sided: |{j}''| h/2 + r/h is least at h = sqrt(2 r/|{j}''|)", "  ", "    ")
    rows = [n for part in card.parts for n in part.shown if math.isfinite(by_formula(n))]
    for n in rows[:1]:
        f = n.factors
        h = f"cbrt(3 × {number(f.rounding, 2)}/{number(abs(f.third), 3)}) = {number(by_formula(n), 2)}"
        best = spelled(n.h) if "^" not in spelled(n.h) else f"{spelled(n.h)} = {number(n.h, 2)}"
        yield screen.wrap(f"for {n.node}: h = {h}; the best power of two is {best}", "  ", "    ")
    yield screen.wrap(
        f"Where {j} is straight, for two sides also where it is a parabola, only r/h is left: a large nudge"
        f" is best. Further terms of the curve count as well, and {j} must not meet a corner, a pole or the"
        " end of the number format on the way. Powers of two, because v + h and v - h are then exact"
        " wherever they can be."
    )


def formats_title(card: Card) -> str:
    """The two formats."""
    return f"{card.format.name} against {card.against.name}"


Pairs = Sequence[tuple[Part, Mapping[str, Nudge], Mapping[str, Nudge]]]


def formats_sheet(card: Card) -> Sheet:
    """The best nudges in both formats."""
    notes = [
        f"In {card.against.name} there is nothing to nudge: {part.lacking}."
        for part in card.parts
        if part.other is None
    ]
    fine, coarse = sorted((card.format, card.against), key=lambda fmt: -fmt.precision)
    bits = fine.precision - coarse.precision
    notes.append(
        f"{coarse.name} rounds 2^{bits} times as much. Where {card.output} bends, the best nudge grows by"
        f" the cube root of that, some 2^{round(bits / 3)}; where it is straight, it need not grow."
    )
    pairs: Pairs = [(part, part.best, part.other or {}) for part in card.parts]
    return _side_by_side(formats_title(card), (card.format.name, card.against.name), pairs, notes)


def sides_sheet(card: Card) -> Sheet:
    """The best one-sided and two-sided nudges."""
    j = card.output
    notes = [
        f"One-sided, ({j}(v+h) - {j}(v))/h sees how {j} bends. Two-sided, ({j}(v+h) - {j}(v-h))/(2h) does"
        " not: what the bend does on one side it takes back on the other. So where there is a bend the"
        " nudge can be larger, and less rounding is left."
    ]
    pairs: Pairs = [(part, part.one_sided, part.best) for part in card.parts]
    return _side_by_side(SIDES, ("one-sided", "two-sided"), pairs, notes)


def _side_by_side(caption: str, titles: tuple[str, str], pairs: Pairs, notes: list[str]) -> Sheet:
    """Nudges and errors of the same nodes in two ways."""
    columns = [Column("node", "<")]
    for title in titles:
        columns += [Column(title), Column("error at most", "<")]
    rows = []
    for part, *tables in pairs:
        for n in part.shown:
            found = [table.get(n.node) for table in tables]
            cells = [(spelled(m.h), size(m.bar)) if m is not None else ("—", "—") for m in found]
            rows.append([Cell(n.node, "strong"), *(Cell(text) for pair in cells for text in pair)])
    return Sheet(caption, columns, rows, notes)


def step_heading(step: Step) -> str:
    """What is stepped."""
    return f"{source(step.run)} at {said_values(step.run)}, with the learning rate {number(float(RATE))}:"


def step_sheet(step: Step) -> Sheet:
    """A nudge and a step, side by side."""
    n, run = step.nudge, step.run
    output, name = run.graph.name(run.graph.output), n.node
    d = derivative(output, name)

    def say(x: float) -> str:
        return number(x) if math.isfinite(x) else "—"

    v, h, up, down = say(n.value), spelled(n.h), *map(say, step.nudged)
    slope = f"({say(n.adjoint)})" if n.adjoint < 0 else say(n.adjoint)
    lines = [
        ("what for", f"to measure {d}", f"to make {output} smaller"),
        (
            "how large",
            f"{h}, where the error of {d} is least",
            f"the learning rate decides: {number(float(RATE))} × {d}",
        ),
        ("what moves", "any node, one at a time", f"all parameters at once: {listed(list(step.moved))}"),
        (
            name,
            f"{v} ± {h}, then {v} again",
            f"{v} - {number(float(RATE))} × {slope} = {say(float(step.moved[name]))}",
        ),
        (
            output,
            f"{up} and {down}, then {say(step.before)} again",
            f"{say(step.before)} before, {say(step.after)} after",
        ),
    ]
    columns = [Column("", "<", "question"), Column("a nudge: a probe", "<"), Column("a step: a move", "<")]
    notes = []
    if not step.after < step.before:
        notes.append(f"{output} does not fall: this learning rate is too large here.")
    return Sheet("A nudge and a step", columns, [[Cell(text) for text in line] for line in lines], notes)
