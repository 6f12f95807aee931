"""The boxes of an exercise: what each should hold, exactly, and what is said of every other answer.

Each misconception is a number: the derivative with its sign turned, only one factor of a product, only one
way of a sum, a value where a derivative is asked. They are computed exactly for the box, those that happen
to equal the right answer are left out, and of two that are equal the first in the list is named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from ..graphs.graph import Graph
from ..graphs.ops import ATOM, OPS, Spelled
from ..nudging.quotient import COURSE
from ..sweeps.run import Run
from ..views.explain import Teacher, standing_in
from ..views.lesson import LessonStep
from ..views.notation import with_names, with_numbers
from ..views.why import listed
from . import exact

STEP = Fraction(str(COURSE))  # the course's nudge
NUDGES = tuple(Fraction(1, 10**k) for k in (2, 3, 4, 5))  # whose quotients are recognized
SHORT = 24  # characters of a rational that is no truth and is sent as it is
ROUNDED = 15  # digits to which a longer one is rounded
NEIGHBOURHOOD = 60  # statements up to which every other node's number is recognized
SLIPS = {"+": "-", "-": "+", "*": "+", "/": "*", "**": "*"}  # an op taken for another

Wrong = tuple[str, str]


@dataclass(frozen=True)
class Box:
    """One box: a value, a local derivative or a derivative of the output.

    Parameters
    ----------
    kind : str
        ``"forward"``, ``"local"`` or ``"adjoint"``.
    node : str
        Whose value, local derivative or derivative it is.
    by : str
        What a local derivative is taken by.
    at : str
        The statement under which a derivative is asked.
    truth : rational, enclosure or None
        None where it does not exist or no exact value is known.
    label : str
        The box as it is spoken.
    wrong : tuple of (truth, str)
        Numbers that are wrong for a reason, and the reason.
    otherwise : str
        What is said of any other wrong answer.
    hints : tuple of str
        A question in nudge words; the rule with names; the rule with numbers.
    lines : tuple of str
        The worked step, as `nudgegrad.explain` says it.
    quotients : tuple
        (nudge, quotient at it, at half of it, at a quarter), where they are not the derivative itself.
    nudge : tuple or None
        Of a derivative of the output: what a nudge of 0.001 does to it, to first order and exactly.
    chain : tuple of str
        The chain rule with names and with numbers; empty where there is nothing to multiply.
    """

    kind: str
    node: str
    by: str
    at: str
    truth: exact.Truth | None
    label: str
    wrong: tuple[Wrong, ...]
    otherwise: str
    hints: tuple[str, str, str]
    lines: tuple[str, ...]
    quotients: tuple[tuple[exact.Truth, ...], ...] = ()
    nudge: tuple[exact.Truth | None, exact.Truth | None] | None = None
    chain: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """``v:c``, ``l:a/c`` or ``a:c``."""
        return {"forward": f"v:{self.node}", "local": f"l:{self.node}/{self.by}"}.get(
            self.kind, f"a:{self.node}"
        )


class Exact:
    """Everything exact about a run: values, derivatives, local derivatives, quotients."""

    def __init__(self, run: Run, inputs: Mapping[str, Fraction]) -> None:
        self.run, self.graph = run, run.graph
        graph = self.graph
        self.values = exact.values(graph, {graph.index(name): x for name, x in inputs.items()})
        self.adjoints = exact.sweep(graph, self.values, graph.output, range(graph.output, -1, -1))
        self.inside = {i: standing_in(graph, i) for i in graph.names if graph.op(i) is not None}

    def adjoint(self, j: int) -> Any:
        """d(output)/d(node j)."""
        return self.adjoints.get(j, Fraction(0))

    @cached_property
    def partials(self) -> dict[int, dict[int, Any]]:
        """Of each statement, its derivative by the names that stand in it."""
        found = {}
        for i, inside in self.inside.items():
            through = sorted((k for k in inside if k == i or k not in self.graph.names), reverse=True)
            found[i] = exact.sweep(self.graph, self.values, i, through)
        return found

    def partial(self, i: int, j: int) -> Any:
        """The local derivative of statement `i` by a name in it."""
        return self.partials[i].get(j, Fraction(0))

    def change(self, top: int, j: int, h: Fraction) -> Any:
        """By how much `top` changes if node `j` is nudged by `h`; None where it does not exist."""
        graph = self.graph
        local = top in self.inside and top != graph.output
        order = sorted(k for k in self.inside[top]) if local else graph.descendants(j)
        if local:
            order = [k for k in order if k == top or k not in graph.names]
        after = exact.nudged(graph, self.values, j, exact.added(self.values[j], h), order)
        return exact.quotient(after.get(top, self.values[top]), self.values[top], Fraction(1))

    def quotients(self, top: int, j: int, slope: Any) -> tuple[tuple[exact.Truth, ...], ...]:
        """(nudge, quotient at it, at half of it, at a quarter) where they differ from the slope."""
        found = []
        for h in NUDGES:
            row = [exact.quotient(self.change(top, j, h / d), Fraction(0), h / d) for d in (1, 2, 4)]
            if None in row or row[0] == slope:
                continue
            found.append((str(h), *(short(q) for q in row)))
        return tuple(found)


def short(x: Any) -> str:
    """A rational as it is, or rounded where it is long or only enclosed."""
    if isinstance(x, Fraction) and len(str(x)) <= SHORT:
        return str(x)
    if not isinstance(x, Fraction):
        low, high = exact.ends(x)
        x = (low + high) / 2
    places = ROUNDED - len(str(abs(x.numerator))) + len(str(x.denominator))
    if places <= 0:
        return str(round(x))
    return str(Fraction(round(x * 10**places), 10**places))


def boxes(numbers: Exact, fixed: Sequence[str]) -> Iterator[Box]:
    """The boxes of an exercise in the official order, `nudgegrad.explain`'s; none for fixed inputs."""
    run = numbers.run
    teacher = Teacher(run, several=len(run.graph.inputs) > 1, fixed=frozenset(fixed))
    maker = _Maker(teacher, numbers)
    for step in teacher.forward():
        yield maker.forward(step)
    at = ""
    for step in teacher.backward():
        if (step.by or step.node) in fixed:
            continue
        if step.kind == "local":
            at = step.node
            yield maker.local(step)
        else:
            users = [run.graph.names[i] for i in teacher.users[run.graph.index(step.node)]]
            yield maker.adjoint(step, at if at in users else (users or [step.node])[0])


class _Maker:
    """Boxes from the steps of the lesson."""

    def __init__(self, teacher: Teacher, numbers: Exact) -> None:
        self.teacher, self.numbers = teacher, numbers
        self.graph: Graph = teacher.graph
        self.values = numbers.values
        self.wide = len(teacher.statements) <= NEIGHBOURHOOD
        self.output = teacher.output

    def others(self, among: Sequence[int], but: int) -> list[int]:
        """The nodes whose numbers may be mistaken for `but`'s: all of a small graph, else neighbours."""
        near = self.graph.names if self.wide else among
        return [k for k in near if k != but and self.graph.names[k] not in self.teacher.fixed]

    def said(self, candidates: Sequence[tuple[Any, str]], truth: Any) -> tuple[Wrong, ...]:
        """The candidates that differ from the truth and from each other, rounded where they are long."""
        seen = {None if truth is None else short(truth)}
        found: list[Wrong] = []
        for number, sentence in candidates:
            key = None if number is None else short(number)
            if key is not None and key not in seen:
                seen.add(key)
                found.append((key, sentence))
        return tuple(found)

    # Forward

    def forward(self, step: LessonStep) -> Box:
        """The value of a statement."""
        i = self.graph.index(step.node)
        name, x, text = step.node, self.values[i], with_names(self.graph, i)
        names = self.teacher.names_in(i)
        candidates = [(minus(x), f"Check the sign of {name}.")]
        candidates += list(self.slips(i))
        candidates += [(self.values[k], f"That is the value of {self.graph.names[k]}.") for k in names]
        candidates += [
            (self.values[k], f"That is the value of {self.graph.names[k]}.") for k in self.others(names, i)
        ]
        candidates += factors(x, name)
        which = listed([self.graph.names[k] for k in names])
        ask = f"Which {'value has' if len(names) == 1 else 'values have'} {which}?" if names else ""
        hints = (
            f"{name} is computed from {which}. {ask}" if names else f"{name} is a number of its own.",
            f"{name} = {text}",
            f"{name} = {with_numbers(self.teacher.run, i)}",
        )
        return Box(
            "forward", name, "", name, exact.truth(x), f"value of {name}", self.said(candidates, x),
            f"Put the {'value' if len(names) == 1 else 'values'} of {which} into {text}." if names
            else f"{name} = {text}.", hints, step.lines,
        )  # fmt: skip

    def slips(self, i: int) -> Iterator[tuple[Any, str]]:
        """What comes out if one op of a statement is taken for another."""
        graph = self.graph
        inside = sorted(k for k in self.numbers.inside[i] if k == i or k not in graph.names)
        for k in inside:
            row = graph.op(k)
            if row is None or row.name not in SLIPS:
                continue
            other = OPS[SLIPS[row.name]]
            args = graph.args(k)
            if any(self.values[j] is None for j in args):
                continue
            try:
                slipped = exact.EXACT.apply(other, [self.values[j] for j in args])
            except exact.Undefined:
                continue
            after = exact.nudged(graph, self.values, k, slipped, inside)
            right = graph.spelled(k)[0]
            taken = other.spell([self.operand(j) for j in args])[0]
            yield after.get(i), f"That takes {tight(right)} for {tight(taken)}."

    def operand(self, j: int) -> Spelled:
        """A node as an operand is written: its name, or what it is made of."""
        return (self.graph.names[j], ATOM) if j in self.graph.names else self.graph.spelled(j)

    # Backward

    def local(self, step: LessonStep) -> Box:
        """The local derivative of a statement by a name in it."""
        i, j = self.graph.index(step.node), self.graph.index(step.by)
        d = self.teacher.d
        name, by, p = step.node, step.by, self.numbers.partial(i, j)
        whole, upstream = self.numbers.adjoint(j), self.numbers.adjoint(i)
        asked = f"here only {d(name, j)} is asked: how many times as much does {name} change as {by}?"
        candidates = [
            (minus(p), f"Check the sign: if {by} goes up, does {name} go up or down?"),
            (upstream, f"That is {d(self.output, i)}; {asked}"),
            (whole, f"That is already {d(self.output, j)}; {asked}"),
            (self.values[i], f"That is the value of {name}, not how much it changes when {by} is nudged."),
            (
                self.values[j],
                f"That is the value of {by}, not how much {name} changes when {by} is nudged.",
            ),
            *factors(p, d(name, j)),
        ]
        for k in self.teacher.names_in(i):
            if k != j:
                candidates.append(
                    (self.numbers.partial(i, k), f"That is {d(name, k)}; here {by} is nudged.")
                )
        question = f"If {by} goes up by a little, how many times as much does {name} go up?"
        held = [self.graph.names[k] for k in self.teacher.names_in(i) if k != j]
        rule = f"{name} = {with_names(self.graph, i)}"
        rule += f", and {listed(held)} {'stays as it is' if len(held) == 1 else 'stay as they are'}" * bool(
            held
        )
        hints = (question, rule, step.lines[0].rpartition(": ")[0] or step.lines[0])
        return Box(
            "local", name, by, name, exact.truth(p), d(name, j),
            self.said(candidates, p),
            f"Nudge {by} by a little: how many times as much does {name} change?",
            hints, step.lines, self.numbers.quotients(i, j, p) if self.wide else (),
        )  # fmt: skip

    def adjoint(self, step: LessonStep, at: str) -> Box:
        """The derivative of the output by a node."""
        teacher, numbers, output = self.teacher, self.numbers, self.output
        j, top = self.graph.index(step.node), self.graph.output
        name, slope = step.node, self.numbers.adjoint(j)
        d = teacher.d(output, j)
        users = teacher.users[j]
        candidates = [(minus(slope), f"Check the sign: if {name} goes up, does {output} go up or down?")]
        for i in users:
            local = teacher.d(self.graph.names[i], j)
            if i != top:
                above = teacher.d(output, i)
                candidates += [
                    (numbers.adjoint(i), f"That is {above} alone: {d} is {local} times as much."),
                    (numbers.partial(i, j), f"That is {local} alone: how far does it go on to {output}?"),
                ]
        if len(users) > 1:
            ways = {i: exact.multiplied(numbers.partial(i, j), numbers.adjoint(i)) for i in users}
            through = listed([teacher.named(i) for i in users])
            for i, way in ways.items():
                sentence = (
                    f"That is the way through {teacher.named(i)} alone: {name} goes to {through}. Add them."
                )
                candidates.append((way, sentence))
        candidates += [
            (
                self.values[j],
                f"That is the value of {name}, not how much {output} changes when it is nudged.",
            ),
            (
                self.values[top],
                f"That is the value of {output}, not how much it changes when {name} is nudged.",
            ),
            *factors(slope, d),
        ]
        for k in self.others([*users, *(teacher.names_in(j) if j in teacher.members else ())], j):
            if k != top:
                candidates.append(
                    (numbers.adjoint(k), f"That is {teacher.d(output, k)}; here {name} is nudged.")
                )
        question = f"If {name} goes up by a little, how many times as much does {output} go up?"
        if teacher.corners_after[j]:
            question = f"{step.lines[0]}: backprop takes one of the two slopes there, or 0."
        direct = not users or users == [top]
        products = () if direct else teacher.products(j)
        rule = f"{d} = {products[0]}" if products else f"{output} = {with_names(self.graph, top)}"
        worked = f"{d} = {products[1]}" if products else step.lines[0].rpartition(": ")[0] or step.lines[0]
        otherwise = f"Nudge {name} and see how many times as much {output} changes"
        otherwise += f", or multiply: {d} = {products[0]}." if products else "."
        return Box(
            "adjoint", name, "", at, exact.truth(slope), d, self.said(candidates, slope), otherwise,
            (question, rule, worked), step.lines,
            numbers.quotients(top, j, slope) if self.wide else (),
            (
                exact.truth(exact.multiplied(slope, STEP)),
                exact.truth(numbers.change(top, j, STEP)) if self.wide else None,
            ),
            products,
        )  # fmt: skip


def minus(x: Any) -> Any:
    """-x."""
    return exact.multiplied(x, Fraction(-1))


def factors(x: Any, name: str) -> list[tuple[Any, str]]:
    """Twice and half of a number."""
    return [
        (exact.multiplied(x, Fraction(2)), f"That is twice {name}: is a factor 2 too much in it?"),
        (exact.multiplied(x, Fraction(1, 2)), f"That is half of {name}: is a factor 2 missing?"),
    ]


def tight(text: str) -> str:
    """``d ** 2`` as ``d**2``."""
    return text.replace(" ** ", "**").replace(" * ", "*").replace(" / ", "/")
