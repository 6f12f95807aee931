"""The lesson of a run: forward and then backward, one box after the other, in learners' words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Set
from functools import cached_property

from ..graphs.graph import Graph
from ..graphs.tokens import shortened
from ..nudging.local import Partials, partials, slope
from ..nudging.quotient import COURSE
from ..sweeps.run import Run
from .digits import DIGITS, number, plain, rough, within
from .lesson import Lesson, LessonStep
from .notation import derivative, with_names, with_numbers
from .why import listed

__all__ = ["Lesson", "LessonStep", "explain"]

ROUGH = 2  # digits of a change that is only about right


def explain(run: Run, digits: int = DIGITS) -> Lesson:
    """The lesson of a run: forward values, then local derivatives and dJ/dnode, in a learner's order.

    Parameters
    ----------
    run : Run
    digits : int
        Significant digits of the numbers that the steps say.

    Returns
    -------
    Lesson

    Notes
    -----
    Forward, the statements in their order. Backward, the statements in reverse; for each name in a
    statement, in the order of the text, its local derivative (not for the output) and then, once all
    its users are known, the derivative of the output by it.

    Examples
    --------
    >>> import nudgegrad as ng
    >>> lesson = ng.explain(ng.graph("a = 2 + 3*w; J = a**2").at(w=3))
    >>> [(step.kind, step.node, step.value) for step in lesson[1:4]]
    [('forward', 'J', 121.0), ('adjoint', 'a', 22.0), ('local', 'a', 3.0)]
    >>> print(*lesson[-1].lines, sep="; ")
    if w goes up by 0.001, a goes up by 0.003 and J by about 0.066; dJ/dw = da/dw × dJ/da = 3 × 22 = 66
    """
    graph = run.graph
    teacher = Teacher(run, digits)
    given = tuple((name, run.value(name)) for name in graph.inputs)
    steps = (*teacher.forward(), *teacher.backward())
    return Lesson(graph.name(graph.output), given, steps, digits)


class Teacher:
    """A run, and what each statement of it is made of.

    Parameters
    ----------
    run : Run
    digits : int
        Significant digits of the numbers that are said.
    several : bool
        Whether derivatives are written with ∂.
    fixed : set of str
        Inputs whose derivatives are not asked.
    """

    def __init__(
        self, run: Run, digits: int = DIGITS, several: bool = False, fixed: Set[str] = frozenset()
    ) -> None:
        self.fixed = fixed
        self.run, self.graph, self.digits, self.several = run, run.graph, digits, several
        graph = run.graph
        self.output = graph.name(graph.output)
        self.statements = [i for i in graph.names if graph.op(i) is not None]
        self.members = {i: standing_in(graph, i) for i in self.statements}
        self.users: dict[int, list[int]] = {i: [] for i in graph.names}
        for i in self.statements:
            for j in self.names_in(i) if graph.reaches[i] else ():
                self.users[j].append(i)
        self.said_once = False
        self.partials: dict[tuple[int, int], float] = {}
        self.corners_after: dict[int, str] = {}
        self.straight_after = {graph.output: True}
        for j in reversed(list(graph.names)):
            self._look_ahead(j)

    def _look_ahead(self, j: int) -> None:
        """What lies between named node `j` and the output, from what lies after its users."""
        users = self.users[j]
        for i in users:
            name, by = self.graph.names[i], self.graph.names[j]
            self.partials[i, j] = self.run.partial(name, by)
        corners = (self.corner(i, j) or self.corners_after[i] for i in users)
        self.corners_after[j] = next(filter(None, corners), "")
        if len(users) == 1:  # one after the other: only so is straight of straight straight
            self.straight_after[j] = self.straight_after[users[0]] and self.is_straight(users[0], j)
        self.straight_after.setdefault(j, False)

    def names_in(self, i: int) -> list[int]:
        """The named nodes that stand in statement `i`, in the order of the text."""
        return [k for k in self.members[i] if k in self.graph.names and k != i]

    # Forward

    def forward(self) -> Iterator[LessonStep]:
        """One step per statement."""
        for i in self.statements:
            name, value = self.graph.names[i], float(self.run.value_array[i])
            written = [with_names(self.graph, i), with_numbers(self.run, i, self.digits), self.say(value)]
            parts = [name, *dict.fromkeys(shortened(text) for text in written)]
            yield LessonStep("forward", name, (" = ".join(parts),), value)

    # Backward

    def backward(self) -> Iterator[LessonStep]:
        """The local derivatives and derivatives of the output, each in its place."""
        known = {self.graph.output}
        left = {j: set(users) for j, users in self.users.items()}
        for i in reversed(self.statements):
            for j in self.names_in(i) if self.graph.reaches[i] else ():
                if i != self.graph.output:
                    yield self.local(i, j)
                left[j].discard(i)
                if not left[j] and j not in known:
                    known.add(j)
                    yield self.adjoint(j)
        for j, name in self.graph.names.items():
            if not self.graph.reaches[j]:
                lines = (f"{self.output} does not depend on {name}", f"{self.d(self.output, j)} = 0")
                yield LessonStep("adjoint", name, lines, 0.0)

    def local(self, i: int, j: int) -> LessonStep:
        """The local derivative of statement `i` by the name `j` in it."""
        name, by = self.graph.names[i], self.graph.names[j]
        p = self.partials[i, j]
        corner = self.corner(i, j)
        if not math.isfinite(p):
            line = f"{name} has no slope at {by} = {self.say(self.run.value(by))}"
        elif corner:
            line = f"{name} bends exactly here, at the corner of {corner}: backprop takes {self.say(p)}"
        else:
            change = self.change(name, p, self.is_straight(i, j))
            line = f"if {by} goes up by {COURSE:g}, {change}: {self.say(p)} times as much"
        lines = (line, f"{self.d(name, j)} = {self.say(p)}", *self.by_nudging(i, j))
        return LessonStep("local", name, lines, p, by)

    @cached_property
    def slopes(self) -> Partials:
        """Every op's slopes by nudges of its own inputs."""
        return partials(self.run)

    def by_nudging(self, i: int, j: int) -> tuple[str, ...]:
        """The local derivative as optimal nudges of the statement's own ops measure it, if they can."""
        inside = {k for k in self.members[i] if k == i or k not in self.graph.names}
        estimate, bar = slope(self.run, self.slopes, i, j, inside)
        if not math.isfinite(bar):
            return ()
        return (f"local derivative by nudging: {within(estimate, bar)} ± {rough(bar)}",)

    def adjoint(self, j: int) -> LessonStep:
        """The derivative of the output by node `j`, all of whose users are known."""
        value = float(self.run.adjoint_array[j])
        lines = [self.argument(j, value), self.chain(j, value)]
        used_for = self.names_in(j) if j in self.members else []
        used_for = [k for k in used_for if self.graph.names[k] not in self.fixed]
        if len(used_for) > 1 and not self.said_once:
            self.said_once = True
            times = "twice" if len(used_for) == 2 else f"{len(used_for)} times"
            uses = listed([self.d(self.output, k) for k in used_for])
            lines.append(f"computed once, used {times}: for {uses}")
        return LessonStep("adjoint", self.graph.names[j], tuple(lines), value)

    def argument(self, j: int, value: float) -> str:
        """What a nudge of `j` does, in a sentence."""
        name, output = self.graph.names[j], self.output
        corner = self.corners_after[j]
        if not math.isfinite(value):
            return f"{output} has no slope at {name} = {self.say(self.run.value(name))}"
        if corner:
            return f"{output} bends exactly here, at the corner of {corner}"
        nudged = f"if {name} goes up by {COURSE:g}"
        users = self.users[j]
        effect = self.change(output, value, self.straight_after[j])
        if users == [self.graph.output]:
            return f"{nudged}, {effect}: {self.say(value)} times as much"
        partials = {i: self.partials[i, j] for i in users}
        changes = [self.change(self.named(i), p, self.is_straight(i, j)) for i, p in partials.items()]
        if len(users) == 1:
            (p,) = partials.values()
            if p * value > 0:
                effect = effect.replace(" goes up", "").replace(" goes down", "")
            return f"{nudged}, {changes[0]} and {effect}"
        return f"{nudged}, {listed(changes)}, so that in all {effect}"

    def chain(self, j: int, value: float) -> str:
        """The chain rule, with names and then with numbers."""
        d = self.d(self.output, j)
        if self.users[j] == [self.graph.output]:
            return f"{d} = {self.say(value)}"
        return f"{d} = {' = '.join(self.products(j))} = {self.say(value)}"

    def products(self, j: int) -> tuple[str, str]:
        """The sum of products that the derivative by node `j` is: with names, with numbers."""
        d, users, output = self.d(self.output, j), self.users[j], self.graph.output
        names: list[str] = []
        numbers: list[str] = []
        for i in users:
            p = self.say(self.partials[i, j])
            if i == output:
                moving = set(self.graph.descendants(j))
                others = [self.graph.names[k] for k in self.names_in(i) if k != j and k in moving]
                names.append(f"({d} with {listed(others)} held)")
                numbers.append(f"({p})" if p.startswith("-") and numbers else p)
                continue
            names.append(f"{self.d(self.graph.names[i], j)} × {self.d(self.output, i)}")
            first = f"({p})" if p.startswith("-") and numbers else p
            numbers.append(f"{first} × {self.say(float(self.run.adjoint_array[i]))}")
        return " + ".join(names), " + ".join(numbers)

    # Words

    def named(self, i: int) -> str:
        """A user of a node in a sentence; the output is one if the node stands in it directly."""
        return f"{self.output} directly" if i == self.graph.output else self.graph.names[i]

    def say(self, x: float) -> str:
        """A number."""
        return number(x, self.digits)

    def d(self, of: str, j: int) -> str:
        """The name of a derivative by node `j`."""
        return derivative(of, self.graph.names[j], several=self.several)

    def change(self, name: str, slope: float, exact: bool) -> str:
        """What becomes of a node whose operand goes up by 0.001."""
        if slope == 0:
            return f"{name} {'does not change' if exact else 'hardly changes'}"
        amount = abs(slope) * COURSE
        text = plain(amount, self.digits) if exact else f"about {plain(amount, ROUGH)}"
        return f"{name} goes {'up' if slope > 0 else 'down'} by {text}"

    # Shapes

    def is_straight(self, i: int, j: int) -> bool:
        """Whether statement `i` is of degree 1 at most in the name `j`."""
        degree = {k: float(k == j) for k in self.names_in(i)}
        for k in sorted(set(self.members[i]) - set(degree)):
            row, args = self.graph.op(k), self.graph.args(k)
            inner = [degree[m] for m in args]
            values = [self.run.value_array[m] for m in args]
            degree[k] = 0.0 if row is None else float(row.degree_of(inner, values))
        return degree[i] <= 1

    def corner(self, i: int, j: int) -> str:
        """The op of statement `i` that is exactly on its corner and takes `j`; empty if none is."""
        for k in self.members[i]:
            row = self.graph.op(k) if k == i or k not in self.graph.names else None
            if row is None or row.kink is None or j not in standing_in(self.graph, k):
                continue
            if row.kink(*(self.run.value_array[m] for m in self.graph.args(k))) == 0:
                return row.name
        return ""


def standing_in(graph: Graph, i: int) -> list[int]:
    """The nodes of which node `i` is written, itself first, in the order of the text, to the next names."""
    found: dict[int, None] = {}
    todo = [i]
    while todo:
        k = todo.pop()
        if k in found:
            continue
        found[k] = None
        if k == i or k not in graph.names:
            todo.extend(reversed(graph.args(k)))
    return list(found)
