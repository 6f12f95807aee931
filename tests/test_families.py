"""The random programs: the same for a seed, evaluable in float64 and float32, of every op."""

from __future__ import annotations

import numpy as np
import pytest

from nudgegrad.graphs.graph import ROWS
from nudgegrad.graphs.program import parse
from tests.families import FAMILIES, Program, draw
from tests.oracles.truth import SERIES
from tests.writer import LEAST, MOST

SEEDS = range(12)


def of(family: str) -> list[Program]:
    return [draw(family, seed) for seed in SEEDS]


def test_there_are_fifteen() -> None:
    assert len(FAMILIES) == 15


@pytest.mark.parametrize("family", FAMILIES)
def test_a_seed_gives_one_program(family: str) -> None:
    first, again = of(family), of(family)
    assert first == again
    assert len({(p.text, tuple(p.inputs.values())) for p in first}) == len(SEEDS)
    assert {p.family for p in first} == {family}


@pytest.mark.parametrize("family", FAMILIES)
def test_programs_have_values_and_slopes(family: str) -> None:
    for program in of(family):
        graph = parse(program.text)
        assert graph.name(graph.output) == "J"
        run = graph.at(program.inputs)
        sizes = np.abs(run.value_array)
        assert ((sizes == 0) | ((sizes > LEAST) & (sizes < MOST))).all()
        assert np.isfinite(graph.at(program.inputs, format="float32").value_array).all()


def test_every_op_that_has_a_series_occurs() -> None:
    graphs = [parse(draw(family, seed).text) for family in FAMILIES for seed in range(2 * len(SEEDS))]
    found = {ROWS[code].name for graph in graphs for code in graph.codes.tolist() if code >= 0}
    assert found == set(SERIES)


def test_sums_differ_in_length_by_decades() -> None:
    counts = [p.text.count("\n") + 1 for p in (draw("sum", seed) for seed in range(30))]
    assert min(counts) < 40
    assert max(counts) > 2000
