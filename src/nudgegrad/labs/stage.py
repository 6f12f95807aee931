"""An exercise as it is drawn: the HTML of its parts, to which the browser gives places and listeners.

Whatever comes from a program is escaped here; what a learner types never becomes HTML.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from html import escape
from typing import Any

from .course import Unit
from .marking import decimal_text
from .sentences import say

LONG = 30  # characters of an equation that is shown as a formula; a longer one is text, which wraps
TITLE = 20  # the same of an equation over a column
TERMS = 6  # terms of a chain rule that are written out

Part = Mapping[str, Any]  # a node or a box as the page is sent it
HIDDEN = 'aria-hidden="true"'
SLOPE = f'<span class="slope" {HIDDEN}></span>'
VISITED = f'<span class="visits" {HIDDEN}><b class="backprop">0</b></span>'  # by backprop; by both
VISITS = VISITED.replace("</span>", '<b class="nudging">0</b></span>')
SAY = '<span class="say"></span>'
EDGES = (
    f'<svg class="edges" {HIDDEN}><defs><marker id="nudgegrad-head" viewBox="0 0 8 8" refX="7" refY="4" '
    'markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto">'
    '<path d="M0,0 L8,4 L0,8 z" class="head"/></marker></defs></svg>'
)


def network_html(inputs: Sequence[str], units: Sequence[Unit], target: str) -> str:
    """The network that a program stands for: inputs, units with their activation, and what they aim at."""
    arrow = '<span class="to">→</span>'
    named = ", ".join(inputs)
    spoken = f"network: {named} into {' into '.join(', '.join(unit) for unit in units)}, against {target}"
    drawn = [f'<span class="io">{escape(named)}</span>']
    for computed, activation, result in units:
        neuron = f"<span>{escape(computed)}</span><span>{escape(activation)}</span>"
        drawn.append(f'<span class="neuron">{neuron}</span>{arrow}<span class="io">{escape(result)}</span>')
    inside = arrow.join(drawn)
    return (
        f'<p class="network" role="img" aria-label="{escape(spoken)}">{inside}'
        f'<span class="io">against {escape(target)}</span></p>'
    )


def math(ml: str, kind: str = "") -> str:
    """A formula for the eye; what is spoken stands elsewhere."""
    return f'<span class="math{kind}" {HIDDEN}><math>{ml}</math></span>'


def drawn(name: str, kind: str, spoken: str, inside: str) -> str:
    """A part of the graph that has a place."""
    there = f'class="{kind} at" data-node="{escape(name)}" role="img" aria-label="{escape(spoken)}"'
    return f"<span {there}>{inside}</span>"


def entry(box: Part, kind: str = "") -> str:
    """Where something is typed: a box, or its nudge question."""
    is_forward = box["kind"] == "forward"
    asks, spoken = ("nudge", box["nudge"]["spoken"]) if kind == "ask" else ("box", box["spoken"])
    field = f'<input data-{asks}="{escape(box["id"])}" aria-label="{escape(spoken)}">'
    shape = kind or ("forward" if is_forward else "backward")
    return f'<span class="box {shape}">{field}</span>'


class Stage:
    """The parts of an exercise.

    Parameters
    ----------
    payload : mapping
        Nodes, boxes, the output, the letter of its derivatives, and whether answers are sent.
    """

    def __init__(self, payload: Part) -> None:
        self.nodes = {node["name"]: node for node in payload["nodes"]}
        self.boxes: Sequence[Part] = payload["boxes"]
        self.own, self.output, self.letter = payload["own"], payload["output"], payload["d"]
        self.answers = payload["answers"]

    def html(self) -> dict[str, str]:
        """Given values; the graph; the columns of derivatives, all of them and one box per node."""
        columns = [(box["node"] if box["kind"] == "local" else box["at"], box) for box in self.backward()]
        return {
            "given": "".join(map(self.given, self.nodes.values())),
            "stage": self.graph(),
            "columns": self.groups(columns, asks=True),
            "compact": self.groups([(box["node"], box) for box in self.one_per_node()], asks=False),
        }

    def one_per_node(self) -> list[Part]:
        """The boxes of derivatives of statements, the output's by itself first."""
        adjoints = (box for box in self.boxes if box["kind"] == "adjoint")
        return [self.own, *(box for box in adjoints if self.computed(box["node"]))]

    def solved(self, box: Part) -> str:
        """What stands at a node once its derivative is found."""
        truth = box["truth"]
        low, high = (truth, truth) if isinstance(truth, str) else truth
        number = minus(decimal_text((Fraction(low), Fraction(high))))
        left = self.derivative(self.output, box["node"])
        return math(f"<mrow>{left}<mo>=</mo><mn>{number}</mn></mrow>")

    def compact(self) -> list[str]:
        """The ids of the boxes that are asked where there is one per node."""
        forward = [box for box in self.boxes if box["kind"] == "forward"]
        return [box["id"] for box in (*forward, *self.one_per_node())]

    def computed(self, name: str) -> bool:
        """Whether a name is a statement's."""
        return bool(self.nodes[name]["kind"] == "statement")

    def backward(self) -> Iterable[Part]:
        """The boxes of derivatives."""
        return (box for box in self.boxes if box["kind"] != "forward")

    def derivative(self, of: str, by: str) -> str:
        """A derivative as MathML."""
        of_ml, by_ml = (f"<mrow><mo>{self.letter}</mo>{self.nodes[n]['ml']}</mrow>" for n in (of, by))
        return f"<mfrac>{of_ml}{by_ml}</mfrac>"

    @staticmethod
    def given(node: Part) -> str:
        """An input's value, nothing for a statement."""
        if node["kind"] == "statement":
            return ""
        fixed = f"<small>{say('fixed')}</small>" if node["fixed"] else ""
        return f'<span class="value">{escape(node["name"])} = {minus(node["shown"])}{fixed}</span>'

    # The graph

    def graph(self) -> str:
        """Every statement: the inputs that it takes, its equation, and its box."""
        seen: set[str] = set()
        cells = []
        for name, node in self.nodes.items():
            if node["kind"] == "input" or not node["at"]:
                continue
            inputs = [a for a in node["args"] if not self.computed(a) and self.nodes[a]["at"]]
            chips = []
            for a in inputs:
                chips.append(self.chip(self.nodes[a], again=a in seen))
                seen.add(a)
            leads = "" if any(map(self.computed, node["args"])) else " data-leads"
            box = next((b for b in self.boxes if b["kind"] == "forward" and b["node"] == name), None)
            unit = f"{entry(box) if box else ''}{SLOPE}{VISITS}{SAY if box else ''}"
            place = 'data-layer="{}" data-row="{}"'.format(*node["at"])
            statement = drawn(name, "node", f"{name} = {node['formula']}", equation(node))
            cells.append(
                f'<div class="cell" {place}{leads}>{"".join(chips)}{statement}'
                f'<span class="unit at">{unit}</span></div>'
            )
        return EDGES + "".join(cells)

    @staticmethod
    def chip(node: Part, again: bool) -> str:
        """An input beside a statement; several statements may take it."""
        name, value = node["name"], node["shown"]
        number = math(f"<mrow>{node['ml']}<mo>=</mo><mn>{minus(value)}</mn></mrow>")
        kind, slope = ("chip again", "") if again else ("chip", SLOPE + VISITED)
        return drawn(name, kind, f"{name} = {value}", number + slope)

    # The columns of derivatives

    def groups(self, placed: Iterable[tuple[str, Part]], asks: bool) -> str:
        """A column for each node at which boxes are placed."""
        groups: dict[str, list[Part]] = {}
        for name, box in placed:
            groups.setdefault(name, []).append(box)
        columns = []
        for at, boxes in groups.items():
            spoken, title = escape(say("group", at)), equation(self.nodes[at], TITLE)
            columns.append(
                f'<div class="group at" data-node="{escape(at)}" role="group" aria-label="{spoken}">'
                f'<p class="title">{title}</p>{"".join(self.rows(boxes, asks))}</div>'
            )
        return "".join(columns)

    def rows(self, boxes: Sequence[Part], asks: bool) -> Iterable[str]:
        """A row for each box; before the first of a name its nudge question."""
        seen: set[str] = set()
        for box in boxes:
            name = box.get("by") or box["node"]
            derivatives = (
                b for b in boxes if b["kind"] == "adjoint" and b["node"] == name and "nudge" in b
            )
            question = next(derivatives, None) if asks and name not in seen else None
            seen.add(name)
            if question:
                words = f"<span {HIDDEN}>{escape(question['nudge']['words'])}</span>"
                yield row("question", words, entry(question, "ask"))
            of = box["node"] if box["kind"] == "local" else self.output
            words = self.sides(of, name, box.get("users", ()) if asks else ())
            yield row(box["kind"], words, entry(box) + self.see(box, name, of))

    def sides(self, of: str, by: str, users: Sequence[str]) -> str:
        """What stands before an answer; the page shows either `.chain` or `.unchained`."""
        left = self.derivative(of, by)
        if not users:
            return math(f"<mrow>{left}<mo>=</mo></mrow>")
        *terms, last = self.chain(by, users)
        chain = "".join(math(f"<mrow>{term}</mrow>", " chain") for term in [*terms, f"{last}<mo>=</mo>"])
        return math(f'<mrow>{left}<mo class="unchained">=</mo></mrow>') + chain

    def chain(self, name: str, users: Sequence[str]) -> list[str]:
        """The chain rule: a term for each statement that takes the name."""
        terms = []
        for k, user in enumerate(users[:TERMS]):
            rest = f"<mo>×</mo>{self.derivative(self.output, user)}"
            if user == self.output:
                rest = f"<mtext>&#xa0;{say('directly')}</mtext>"
            terms.append(f"<mo>{'+' if k else '='}</mo>{self.derivative(user, name)}{rest}")
        return terms if len(users) <= TERMS else [*terms, "<mo>+</mo><mo>…</mo>"]

    def see(self, box: Part, name: str, of: str) -> str:
        """The button that shows a nudge."""
        if not self.answers or box is self.own:
            return ""
        spoken = escape(say("nudge-and-see", name, of))
        does = f'data-act="nudge" value="{escape(box["id"])}" aria-label="{spoken}"'
        return f'<button type="button" class="small" {does}>{say("nudge")}</button>'


def row(kind: str, words: str, answer: str) -> str:
    """What is asked, where it is answered, and what is said of that."""
    return f'<div class="row {kind}">{words}<span class="answer">{answer}</span>{SAY}</div>'


def equation(node: Part, most: int = LONG) -> str:
    """A statement; a long one as text, which wraps. Of an input its name."""
    if node["kind"] == "input":
        return math(node["ml"])
    if len(node["formula"]) > most:
        return f"<code>{escape(node['name'])} = {escape(node['formula'])}</code>"
    return math(node["formula_ml"])


def minus(number: str) -> str:
    """A number with the sign of printed numbers."""
    return number.replace("-", "−", 1)


def heads_html(of: str, by: str, steps: Iterable[tuple[str, str]], bent: bool) -> str:
    """How many times as much `of` changes as `by`, for ever smaller nudges, and where that heads."""
    of, by = escape(of), escape(by)
    rows = "".join(
        f"<li>{say('changes', size, of)}<strong data-quotient>{times}</strong>{say('times')}</li>"
        for size, times in steps
    )
    asked, end = say("how-many-times", by, of), say("heads" if bent else "straight-line", of, by)
    return f"<div><p>{asked}</p><ol>{rows}</ol><p>{end}</p></div>"


def closing_html(output: str, check: str = "", orders: Mapping[str, Any] | None = None) -> str:
    """What stands under a network that is filled in: the double check, and the two orders."""
    found = f'<h2 tabindex="-1">{say("double-check")}</h2><p>{escape(check)}</p>'
    if not orders:
        return found
    table = table_html(say("orders", output).split("|"), orders["rows"])
    return f"{found}<h3>{say('two-orders')}</h3>{table}<p>{escape(orders['says'])}</p>"


def table_html(
    heads: Sequence[str], rows: Iterable[Sequence[str]], written: Callable[[str], str] = escape
) -> str:
    """A table, the caption the first of its heads; each cell knows its head, for where there is no room.

    Parameters
    ----------
    heads : sequence of str
    rows : iterable of sequences of str
    written : callable
        A cell as HTML.
    """
    caption, *heads = (escape(text) for text in heads)
    head = "".join(f'<th scope="col">{text}</th>' for text in heads)
    body = ""
    for first, *rest in rows:
        cells = "".join(
            f'<td data-head="{text}">{written(cell)}</td>'
            for text, cell in zip(heads[1:], rest, strict=True)
        )
        body += f'<tr><th scope="row" data-head="{heads[0]}">{written(first)}</th>{cells}</tr>'
    return (
        f'<div class="wide"><table><caption>{caption}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
