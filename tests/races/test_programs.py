"""The nets that race: exactly as many entries, neurons and parameters as they are said to have."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from nudgegrad.graphs.program import parse
from nudgegrad.races.programs import COURSE, FAN, NEURON, Program, program
from nudgegrad.races.race import BLOCKS, FAMILIES, LEAST


def squashed(made: Program) -> int:
    """How many neurons there are, by their tanh."""
    graph = parse(made.text)
    return sum((row := graph.op(i)) is not None and row.name == "tanh" for i in range(len(graph)))


def test_the_course_has_ten_thousand_neurons_and_a_hundred_thousand_parameters() -> None:
    made = program("sparse", COURSE)
    graph = parse(made.text)
    assert (len(graph), len(made.lines) - 1, len(made.parameters)) == (COURSE, 10_000, 100_000)
    assert graph.reaches.all()
    operations, inputs = (graph.codes >= 0).sum(), len(graph.inputs)
    assert inputs == 100_000 + 250
    assert operations == 10_000 * (2 * FAN + 1) + 249
    assert operations + inputs == COURSE


@pytest.mark.parametrize("size", [LEAST, 1000, 4321])
@pytest.mark.parametrize("seed", range(3))
def test_sparse_nets_of_any_size_and_seed_count_alike(size: int, seed: int) -> None:
    made = program("sparse", size, seed)
    graph = parse(made.text)
    neurons, width = len(made.lines) - 1, made.lines[-1].count("+") + 1
    fan = min(FAN, width)
    assert squashed(made) == neurons
    assert len(made.parameters) == neurons * (fan + 1)
    assert len(graph) == neurons * (3 * fan + 2) + 2 * width - 1
    assert abs(len(graph) - size) < size / 2
    assert graph.reaches.all()
    assert set(made.values) == set(graph.inputs)
    assert NEURON == 3 * FAN + 2


@pytest.mark.parametrize("family", FAMILIES)
def test_a_statement_is_a_neuron_and_w_and_b_are_learned(family: str) -> None:
    made = program(family, 2000)
    learned = {"sparse": 10 * 66, "mlp": 3 * (15 + 1) * 15, "rnn": (6 + 1) * 6}[family]
    assert squashed(made) == len(made.lines) - 1
    assert len(made.parameters) == learned
    assert len(program(family, LEAST).parameters) >= BLOCKS


def test_a_seed_is_a_net() -> None:
    one, same, other = (program("sparse", LEAST, seed) for seed in (1, 1, 2))
    assert (one.text, one.values) == (same.text, same.values)
    assert one.text != other.text
    assert np.random.default_rng([zlib.crc32(b"sparse"), 1]).standard_normal() == one.values["x0"]
