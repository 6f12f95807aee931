"""What the page says of an exercise's boxes: labels, formulas, the way of a nudge, and what closes it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from ..views.notation import derivative
from ..views.why import listed
from . import exact
from .boxes import STEP, Box, Exact
from .marking import decimal_text, nudge_asked, quotient_asked
from .stage import heads_html, minus
from .visits import visits

BY_HAND = 200  # numbers in the table of the two orders
LONGEST = 40  # steps of a nudge's way that are shown
SAVED = "With 10,000 nodes and 100,000 values: 1,000,000,000 against 110,000."


def said(truth: exact.Truth | None) -> str:
    """A truth as a decimal."""
    if truth is None:
        return "—"
    low, high = (truth, truth) if isinstance(truth, str) else truth
    return decimal_text((Fraction(low), Fraction(high)))


def unsigned(text: str) -> str:
    """A number in a sentence that says up or down."""
    return text.removeprefix("-")


class Words:
    """An exercise's boxes, and what is said of them."""

    def __init__(self, numbers: Exact, fixed: Sequence[str], boxes: Sequence[Box]) -> None:
        self.exact, self.graph, self.boxes, self.fixed = numbers, numbers.graph, boxes, fixed
        graph = self.graph
        self.output = graph.name(graph.output)
        self.several = len(graph.inputs) > 1
        self.members = {i: set(inside) - {i} for i, inside in numbers.inside.items()}
        self.by_id = {box.id: box for box in boxes}
        self.users: dict[str, list[str]] = {name: [] for name in graph.names.values()}
        for i, inside in self.members.items():
            for j in sorted(inside & set(graph.names)) if graph.reaches[i] else ():
                self.users[graph.names[j]].append(graph.names[i])
        self.uses: dict[str, list[str]] = {}
        for box in boxes:
            for user in self.users[box.node] if box.chain else ():
                self.uses.setdefault(user, []).append(box.label)

    def d(self, of: str, by: str) -> str:
        """A derivative as text."""
        return derivative(of, by, several=self.several)

    def own(self) -> Box:
        """The derivative of the output by itself, where the backward pass starts."""
        name = self.output
        d = self.d(name, name)
        hints = (
            f"If {name} goes up by a nudge, how many nudges does {name} go up?",
            f"{name} moves as much as itself",
            f"{d} = 1",
        )
        wrong = (("-1", f"Check the sign: if {name} goes up, does {name} go up or down?"),)
        otherwise = f"If {name} goes up by a nudge, {name} goes up by that nudge."
        return Box("adjoint", name, "", name, "1", d, wrong, otherwise, hints, (f"{d} = 1",))

    def box(self, box: Box, answers: bool) -> dict[str, Any]:
        """A box as the page is sent it; without `answers` nothing that gives one away."""
        of, by = (box.node, box.by) if box.kind == "local" else (self.output, box.node)
        spoken = f"derivative of {of} by {by}"
        found: dict[str, Any] = {"id": box.id, "kind": box.kind, "node": box.node, "label": box.label}
        found["spoken"] = {"forward": box.label, "local": f"local {spoken}"}.get(box.kind, spoken)
        found["hints"] = [box.hints[1 if box.kind == "forward" else 0]]
        if box.kind != "forward":
            found["at"] = box.at
        if box.kind == "local":
            found["by"] = box.by
        if box.chain:
            users = self.users[box.node]
            found |= {"users": users, **self.shared(users)}
        if not answers:
            return found
        found |= {
            "truth": box.truth,
            "shown": minus(said(box.truth)),
            "wrong": [list(w) for w in box.wrong],
            "otherwise": box.otherwise,
            "hints": list(box.hints),
            "lines": [
                line[:1].upper() + line[1:] if line.startswith("if ") else line for line in box.lines
            ],
        }
        if box.quotients:
            found["quotients"] = [quotient_asked(*q) for q in box.quotients]
        if box.kind != "forward":
            found |= self.heads(box, of, by)
        if box.nudge is not None and None not in box.nudge:
            found["nudge"] = self.nudge(box)
        if box.kind == "adjoint" and box.node != self.output:
            found["way"] = self.way(box.node)
        return found

    def heads(self, box: Box, of: str, by: str) -> dict[str, str]:
        """How many times as much changes, for a nudge of 0.001, half of it, and half of that."""
        bent = [qs for h, *qs in box.quotients if h == str(STEP)]
        steps = [minus(said(q)) for q in (bent[0] if bent else [box.truth] * 3)]
        sizes = [said(str(STEP / halves)) for halves in (1, 2, 4)]
        html = heads_html(of, by, list(zip(sizes, steps, strict=True)), bool(bent))
        return {"times": steps[0], "heads": html}

    def shared(self, users: Sequence[str]) -> dict[str, str]:
        """What is computed once and used more than once, in a sentence."""
        sentences = []
        for user in users:
            uses = self.uses[user]
            if len(uses) > 1 and user != self.output:
                times = "twice" if len(uses) == 2 else f"{len(uses)} times"
                d = self.d(self.output, user)
                sentences.append(f"{d} is computed once and used {times}: for {listed(uses)}.")
        return {"once": " ".join(sentences)} if sentences else {}

    def nudge(self, box: Box) -> dict[str, Any]:
        """The question that comes before a derivative: what a nudge of 0.001 does."""
        assert box.nudge is not None
        first, whole = box.nudge
        assert first is not None
        assert whole is not None
        size, of, by = said(str(STEP)), self.output, box.node
        return {
            **nudge_asked(by, of, str(STEP), first, whole),
            "words": f"if {by} goes up by {size}, {of} goes up by",
            "spoken": f"If {by} goes up by {size}, by how much does {of} go up?",
            "hints": [
                f"A nudge is {size}. How many nudges does {of} go up if {by} goes up by one?"
                ' "Nudge it" shows it.'
            ],
        }

    def way(self, name: str) -> list[list[str]]:
        """How a nudge grows on its way to the output: the box that says it, its factor, where it is then.

        Empty where the way forks, is long, or has a number that is no short rational.
        """
        total = Fraction(1)
        steps = [["", "", f"{name} ↑ 1 nudge"]]
        while name != self.output and len(steps) < LONGEST:
            users = self.users[name]
            if len(users) != 1:
                return []
            (user,) = users
            id = f"a:{name}" if user == self.output else f"l:{user}/{name}"
            truth = self.by_id[id].truth if id in self.by_id else None
            if not isinstance(truth, str):
                return []
            total *= Fraction(truth)
            text = said(str(total))
            arrow = "↓" if total < 0 else "↑"
            times = "nudge" if abs(total) == 1 else "nudges"
            steps.append([id, f"× {said(truth)}", f"{user} {arrow} {unsigned(text)} {times}"])
            name = user
        return steps

    # After the last box

    def closing(self) -> dict[str, Any]:
        """The double check by one nudge, and the table of the two orders."""
        asked = [box for box in self.boxes if box.kind == "adjoint"]
        return {**(self.check(asked[-1]) if asked else {}), **self.orders(asked)}

    def check(self, box: Box) -> dict[str, str]:
        """One nudge of the last box's node: every value after it, and the change foretold."""
        graph, values, output = self.graph, self.exact.values, self.output
        j = graph.index(box.node)
        start = exact.added(values[j], STEP)
        after = exact.nudged(graph, values, j, start, graph.descendants(j))
        first, *rest = [
            f"{graph.names[i]} = {said(exact.truth(x))}" for i, x in after.items() if i in graph.names
        ]
        change = exact.truth(exact.quotient(after.get(graph.output), values[graph.output], Fraction(1)))
        if change is None or box.nudge is None or None in box.nudge or not rest:
            return {}
        text = said(change)
        direction = "down" if text.startswith("-") else "up"
        follow = f"With {first} the others follow: {', '.join(rest)}. {output} goes {direction} by"
        foretold = f"{box.label} = {said(box.truth)} foretells {said(box.nudge[0])}."
        return {"check": f"{follow} {unsigned(text)}; {foretold}"}

    def orders(self, asked: Sequence[Box]) -> dict[str, Any]:
        """Forward order, once for each value that is nudged, against backward order, once for all."""
        graph = self.graph
        found = visits(graph, self.fixed)
        names, statements = found.parameters, [graph.index(name) for name in found.nodes]
        if not 0 < found.nudging <= BY_HAND:
            return {}
        rows = []
        for name in names:
            steps = [
                f"{self.d(of, name)} = {said(exact.truth(x))}" for of, x in self.tangents(name, statements)
            ]
            rows.append([f"forward, for {name}", ", ".join(steps), str(len(steps))])
        back = [f"{box.label} = {said(box.truth)}" for box in asked]
        rows.append(["backward, for all at once", ", ".join(back), str(len(back))])
        says = (
            f"Forward order starts anew for each of the P = {len(names)} values to change and goes through"
            f" the N = {len(statements)} nodes: up to N × P = {found.nudging} steps. Backward order takes"
            f" each node once and each value once: N + P = {found.backprop}. {SAVED}"
        )
        return {"orders": {"rows": rows, "says": says}}

    def tangents(self, name: str, statements: Sequence[int]) -> list[tuple[str, Any]]:
        """Forward order: the derivative of each statement by one input, from those before it."""
        tangent: dict[int, Any] = {self.graph.index(name): Fraction(1)}
        found = []
        for i in statements:
            parts = [
                exact.multiplied(self.exact.partial(i, k), tangent[k])
                for k in self.members[i]
                if k in tangent
            ]
            if parts:
                total = parts[0]
                for part in parts[1:]:
                    total = exact.added(total, part)
                tangent[i] = total
                found.append((self.graph.names[i], total))
        return found
