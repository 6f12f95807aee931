"""The answer card: what is the optimal nudge for each node? For the question's graph and a curved one, or
for the user's own: the nudges, what decided each, the formula, and what a nudge is not.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from ..errors import NudgegradError
from ..formats import FORMATS, Format
from ..nudging.table import Nudge, NudgeTable, Verdict, nudges
from ..sweeps.run import Run
from .digits import number
from .document import SCHEMA, of_report, of_table
from .guesses import Report

QUESTION = "What is the optimal nudge for each node?"
RATE = Fraction(1, 100)  # the learning rate of the step that is shown beside a nudge
NEAR = 4.0  # times the best nudge: so near is the formula's where J''' is what bends


@dataclass(frozen=True)
class Example:
    """A graph that the card shows where the user gives none; the usual nudges are those of `node`."""

    title: str
    program: str
    values: Mapping[str, Fraction]
    node: str


EXAMPLES = (
    Example(
        "The graph of the question",
        "u = b*c; v = a + u; J = 3*v",
        {"a": Fraction(5), "b": Fraction(3), "c": Fraction(2)},
        "u",
    ),
    Example(  # of + - * / and squares only, which every machine rounds alike
        "A curved graph beside it",
        "z = w*x; p = 1/(1 + z**2); J = (p - y)**2/2",
        {"w": Fraction(2, 10**6), "x": Fraction(10**6), "y": Fraction(1)},
        "w",
    ),
)
UNIT = Example(
    "The lecture's unit",
    "c = w*x; a = c + b; d = a - y; J = d**2/2",
    {"w": Fraction(2), "x": Fraction(-2), "b": Fraction(8), "y": Fraction(2)},
    "w",
)
DATA = ("x", "y")  # of the unit: a step leaves them as they are


@dataclass(frozen=True, eq=False)
class Part:
    """One graph of the card.

    Parameters
    ----------
    title : str
    best : NudgeTable
        Two-sided; the verdict is about these.
    one_sided : NudgeTable
    other : NudgeTable or None
        Two-sided, in the other format; None if the program has no value there.
    lacking : str
        Why there is none.
    guesses : Report
        The usual nudges of one node.
    """

    title: str
    best: NudgeTable
    one_sided: NudgeTable
    other: NudgeTable | None
    lacking: str
    guesses: Report

    @property
    def run(self) -> Run:
        """The run."""
        return self.best.run

    @property
    def output(self) -> str:
        """The name of J."""
        return self.run.graph.name(self.run.graph.output)

    @cached_property
    def shown(self) -> list[Nudge]:
        """The nudges that have a line: not that of the output, which changes as much as it is nudged."""
        rows = list(self.best.values())
        return [n for n in rows if n.node != self.output or len(rows) == 1]


@dataclass(frozen=True, eq=False)
class Step:
    """One gradient-descent step beside a nudge of the first value that it moves.

    Parameters
    ----------
    run : Run
        Before the step.
    moved : mapping of str to Fraction
        The values after it, exactly.
    nudge : Nudge
        The best nudge of the first of them.
    nudged : tuple of float
        J at v + h and at v - h; nan where it does not exist.
    after : float
        J after the step; nan if it does not exist there.
    """

    run: Run
    moved: Mapping[str, Fraction]
    nudge: Nudge
    nudged: tuple[float, float]
    after: float

    @property
    def before(self) -> float:
        """J before the step."""
        return float(self.run.value_array[self.run.graph.output])


@dataclass(frozen=True, eq=False)
class Card:
    """The answer: one or more graphs in one format, and a step of gradient descent, if there is one."""

    parts: tuple[Part, ...]
    step: Step | None

    @property
    def verdict(self) -> Verdict:
        """The worst of the parts'."""
        seen = {part.best.verdict for part in self.parts}
        return next(v for v in (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS) if v in seen)

    @property
    def output(self) -> str:
        """The name of J."""
        return self.parts[0].output

    @property
    def format(self) -> Format:
        """The number format that the card is about."""
        found: Format = self.parts[0].run.format
        return found

    @property
    def against(self) -> Format:
        """The format beside it."""
        return other_format(self.format)


def other_format(fmt: Format) -> Format:
    """The format with which a card in `fmt` compares."""
    return FORMATS["float32" if fmt.name == "float64" else "float64"]


def given(run: Run) -> dict[str, Fraction]:
    """The values of the inputs as they were given."""
    return {run.graph.name(i): exact for i, exact in run.given.items()}


def in_other_format(run: Run) -> tuple[Run | None, str]:
    """The same program and values in the other format; None and the reason if it has no value there."""
    try:
        return run.graph.at(given(run), format=other_format(run.format)), ""
    except NudgegradError as error:
        return None, error.message


def step(run: Run, fixed: Collection[str] = ()) -> Step | None:
    """One step of gradient descent with the learning rate `RATE`; None if it moves nothing, or nothing of
    what it moves can be nudged.

    Parameters
    ----------
    run : Run
    fixed : collection of str
        Inputs that the step leaves as they are.
    """
    values, moved = given(run), {}
    for name, value in values.items():
        slope = run.adjoint(name)
        if name not in fixed and slope and math.isfinite(slope):
            moved[name] = value - RATE * Fraction(slope)
    probed = (nudges(run, name)[name] for name in moved)
    n = next((n for n in probed if math.isfinite(n.h)), None)
    if n is None:
        return None

    def output_at(changed: Mapping[str, Fraction]) -> float:
        try:
            found = run.graph.at({**values, **changed}, format=run.format)
        except NudgegradError:
            return math.nan
        return float(found.value_array[run.graph.output])

    h = Fraction(n.h)
    nudged = (output_at({n.node: values[n.node] + h}), output_at({n.node: values[n.node] - h}))
    return Step(run, moved, n, nudged, output_at(moved))


def by_formula(n: Nudge) -> float:
    """cbrt(3 r / |J'''|), where |J'''| h^2 / 6 + r / h is least; nan where other terms decided."""
    f = n.factors
    with np.errstate(all="ignore"):
        found = float(np.cbrt(3 * f.rounding / np.abs(f.third)))
    usable = f.decided == "balance" and found > 0 and n.h / NEAR <= found <= n.h * NEAR
    return found if usable else math.nan


def decider(n: Nudge, output: str) -> str:
    """What decided a node's nudge, in a few words."""
    f = n.factors
    if n.verdict is not Verdict.PASS:
        return n.reason
    if f.decided == "balance":
        bent = f"the curve of {output}"
        if math.isfinite(by_formula(n)):
            bent = f"{output}''' = {number(f.third, 3)}"
        return f"{bent} against rounding {number(f.rounding, 2)}"
    if f.decided == "degree" and f.degree <= 1:
        return f"{output} is straight in {n.node}: exact at any size"
    if f.decided == "degree":
        return f"{output} is a parabola in {n.node}: two sides are exact at any size"
    if f.decided == "cap":
        return f.capped_by
    if f.decided == "spacing":
        return f"{f.format} numbers are {number(f.spacing, 2)} apart there: no nudge is smaller"
    return n.reason


# As JSON


def document(card: Card) -> str:
    """The document of `nudgegrad answer`."""
    made = {
        "schema": SCHEMA,
        "command": "answer",
        "question": QUESTION,
        "graphs": [_graph(card, part) for part in card.parts],
        "step": None if card.step is None else _step(card.step),
        "verdict": card.verdict.value,
    }
    return json.dumps(made, indent=2, allow_nan=False)


def _graph(card: Card, part: Part) -> dict[str, object]:
    found = json.loads(of_table(part.best))
    guessed = json.loads(of_report(part.guesses))["guesses"]
    other = None if part.other is None else json.loads(of_table(part.other))["nodes"]
    return {
        "title": part.title,
        **{key: value for key, value in found.items() if key not in ("schema", "command")},
        "guesses": {"node": part.guesses.best.node, "nudges": guessed},
        "one_sided": json.loads(of_table(part.one_sided))["nodes"],
        "other_format": {"format": card.against.name, "nodes": other, "lacking": part.lacking},
    }


def _step(step: Step) -> dict[str, object]:
    return {
        "program": step.run.graph.source,
        "inputs": {name: step.run.value(name) for name in step.run.graph.inputs},
        "learning_rate": float(RATE),
        "nudged": {"node": step.nudge.node, "nudge": step.nudge.h},
        "moved": {name: float(value) for name, value in step.moved.items()},
        "output_before": step.before,
        "output_after": step.after if math.isfinite(step.after) else None,
    }
