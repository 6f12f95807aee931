"""Programs that several tests of the sweeps use: the course's exercises, and random ones as graphs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from nudgegrad.errors import BindingError, EvaluationError
from nudgegrad.graphs.graph import Graph, GraphBuilder
from nudgegrad.graphs.ops import OPS
from nudgegrad.graphs.program import parse
from nudgegrad.sweeps.run import Run
from tests.families import FAMILIES, draw

DATA: dict[str, Any] = json.loads((Path(__file__).parents[1] / "data/exercises.json").read_text("utf-8"))
FEW_ROWS = [name for name in FAMILIES if name != "functions"]  # whose ops other libraries have alike
EXERCISES: dict[str, dict[str, Any]] = {e["id"]: e for e in DATA["exercises"]}


def exercise_run(exercise: dict[str, Any], **changed: float) -> Run:
    """The run of an exercise, at its own inputs unless changed."""
    inputs = {name: Fraction(text) for name, text in exercise["inputs"].items()}
    run: Run = parse(exercise["program"]).at({**inputs, **changed})
    return run


def random_runs(
    fmt: str, a_family: int, first_seed: int, most_nodes: int = 600, families: Iterable[str] = FAMILIES
) -> Iterator[Run]:
    """Runs of random programs of families, small ones, those that overflow in the format left out."""
    for family in families:
        seed, found = first_seed, 0
        while found < a_family:
            program = draw(family, seed)
            seed += 1
            if program.text.count("\n") > most_nodes / 2 or len(graph := parse(program.text)) > most_nodes:
                continue
            try:
                run = graph.at(program.inputs, format=fmt)
            except (EvaluationError, BindingError):
                continue
            found += 1
            yield run


def long_chain(nodes: int) -> Graph:
    """A chain of so many nodes: x, x + 0.5, -(x + 0.5), -x, x and again."""
    builder = GraphBuilder()
    i = builder.input("x")
    half = builder.constant(Fraction(1, 2), "0.5")
    while len(builder.codes) < nodes:
        i = (
            builder.apply(OPS["neg"], (i,))
            if len(builder.codes) % 2
            else builder.apply(OPS["+"], (i, half))
        )
    builder.assign("J", i)
    return builder.build(i)
