"""An exercise: one line of text to a graph with values, its boxes, and what the page is sent."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any

from ..graphs.graph import Graph
from ..sweeps.run import Run
from ..views.explain import standing_in
from ..views.layout import Layout, layout
from ..views.mathml import mathml
from ..views.mathml import name as name_ml
from ..views.notation import derivative, with_names
from .boxes import Box, Exact, boxes
from .course import COURSE, NETWORKS
from .marking import decimal_text
from .stage import Stage, closing_html, network_html
from .tapes import tape
from .text import read
from .visits import visits, why_html
from .words import Words

SCHEMA = 1
DRAWN = frozenset({"at", "shown", "formula_ml"})  # of a node, for its HTML alone
MOST = 400  # statements that can be filled in; more are shown as an overview


@dataclass(frozen=True, eq=False)
class Exercise:
    """A program with values, and which inputs are fixed.

    Parameters
    ----------
    id : str
        The course's, or made from the text.
    title, source : str
    text : str
        ``PROGRAM | name=value … | fixed name …``
    run : Run
        In float64.
    values : mapping of input name to Fraction
    fixed : tuple of str
        Inputs that get no boxes.
    """

    id: str
    title: str
    source: str
    text: str
    run: Run
    values: Mapping[str, Fraction]
    fixed: tuple[str, ...]

    @property
    def graph(self) -> Graph:
        """The program's graph."""
        return self.run.graph

    @property
    def large(self) -> bool:
        """Whether the graph is too large to be filled in."""
        return len(self.graph.statements) > MOST

    @cached_property
    def exact(self) -> Exact:
        """Its exact values and derivatives."""
        return Exact(self.run, self.values)

    @cached_property
    def boxes(self) -> tuple[Box, ...]:
        """The boxes in the official order; none for a graph that is too large, or for a number that does
        not exist."""
        found = () if self.large else boxes(self.exact, self.fixed)
        return tuple(box for box in found if box.truth is not None)

    def payload(self, answers: bool = True) -> dict[str, Any]:
        """What the page is sent, as data for JSON.

        Parameters
        ----------
        answers : bool
            False leaves out every number that the learner is to find, and all that gives it away.
        """
        graph = self.graph
        found: dict[str, Any] = {
            "schema": SCHEMA,
            "id": self.id,
            "title": self.title,
            "source": self.source,
            "text": self.text,
            "program": graph.source.strip(),
            "output": graph.name(graph.output),
            "d": "∂" if len(graph.inputs) > 1 else "d",
            "answers": answers,
            "large": self.large,
        }
        if self.id in NETWORKS:
            found["network"] = network_html(*NETWORKS[self.id])
        if self.large:
            return {**found, "overview": self._overview(), "nodes": [], "boxes": [], "edges": []}
        places = layout(graph, without=self.fixed)
        found["nodes"] = [self._node(i, places) for i in graph.names]
        found["edges"] = [
            {"from": e.start, "to": e.end, "via": [list(bend) for bend in e.via]} for e in places.edges
        ]
        found["free"] = [name for name in graph.inputs if name not in self.fixed] or list(graph.inputs)
        words = Words(self.exact, self.fixed, self.boxes)
        said = [words.box(box, answers) for box in self.boxes]
        found["own"] = words.box(words.own(), answers)
        if answers:
            closing = closing_html(found["output"], **words.closing())
            found |= {"tape": tape(self.run), "closing": closing}
        found["boxes"] = said
        count = visits(graph, self.fixed)
        if count.parameters:
            found["why"] = {"nodes": count.nodes, "parameters": count.parameters, "back": count.back}
        stage = Stage(found)
        found |= {"html": stage.html(), "compact": stage.compact()}
        for box in (*said, found["own"]):
            if answers and box["kind"] == "adjoint":
                box["solved"] = stage.solved(box)
        if count.parameters:
            found["html"]["why"] = why_html(count, found["output"])
        return {**found, "nodes": [_without(node, DRAWN) for node in found["nodes"]]}

    def _node(self, i: int, places: Layout) -> dict[str, Any]:
        graph, name = self.graph, self.graph.names[i]
        at = places.at.get(name)
        found: dict[str, Any] = {"name": name, "i": i, "fixed": name in self.fixed, "ml": name_ml(name)}
        found["d"] = derivative(graph.name(graph.output), name, several=len(graph.inputs) > 1)
        found["at"] = None if at is None else list(at)
        if graph.op(i) is None:
            value = decimal_text((self.values[name],) * 2)
            return {**found, "kind": "input", "truth": str(self.values[name]), "shown": value}
        names = [graph.names[k] for k in standing_in(graph, i) if k in graph.names and k != i]
        ml = f"<mrow>{name_ml(name)}<mo>=</mo>{mathml(graph.spelled(i, 'latex')[0])}</mrow>"
        found |= {"kind": "statement", "formula": with_names(graph, i), "formula_ml": ml, "args": names}
        return found

    def _overview(self) -> dict[str, Any]:
        """Of a large graph: its size, and every named node with value and derivative."""
        run, graph = self.run, self.graph
        rows = [[n, float(run.value_array[i]), float(run.adjoint_array[i])] for i, n in graph.names.items()]
        return {
            "nodes": len(graph),
            "statements": len(graph.statements),
            "inputs": len(graph.inputs),
            "most": MOST,
            "rows": rows,
        }


def _without(node: dict[str, Any], keys: Collection[str]) -> dict[str, Any]:
    return {key: value for key, value in node.items() if key not in keys}


def exercise(text: str, id: str = "", title: str = "", source: str = "") -> Exercise:
    """The exercise that a line of text is.

    Parameters
    ----------
    text : str
        ``PROGRAM | name=value … | fixed name …``; the sections after the program in any order.
    id, title, source : str
        The id is made from the text if there is none.

    Raises
    ------
    NudgegradError
        At the first mistake; its place is in `text`.

    Examples
    --------
    >>> e = exercise("a = 2 + 3*w; J = a**2 | w=3")
    >>> [(box.id, box.truth) for box in e.boxes]
    [('v:a', '11'), ('v:J', '121'), ('a:a', '22'), ('l:a/w', '3'), ('a:w', '66')]
    """
    graph, values, fixed = read(text)
    run = graph.at(values, format="float64")
    own = hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:10]
    return Exercise(id or f"own-{own}", title, source, text.strip(), run, values, fixed)


@lru_cache(maxsize=64)
def course_exercise(id: str) -> Exercise:
    """The course's exercise of that id; KeyError if there is none."""
    title, source, text = COURSE[id]
    return exercise(text, id, title, source)
