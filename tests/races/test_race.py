"""The race: its counts, the whole sweep of a small net beside backprop, what it refuses."""

from __future__ import annotations

import json
import re
import tracemalloc
from typing import Any

import numpy as np
import pytest

import nudgegrad as ng
from nudgegrad import compiled, memory
from nudgegrad.graphs.program import parse
from nudgegrad.nudging.optimal import solve
from nudgegrad.nudging.stencils import STENCILS
from nudgegrad.races import race as room
from nudgegrad.races.programs import program
from nudgegrad.races.race import BLOCKS, FAMILIES, LEAST, Race, measured, prepare, race, replayed, rows
from nudgegrad.sweeps import tape

FORWARD = STENCILS["one-sided"][0]


@pytest.fixture(params=["plain", "compiled"])
def engine(request: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """With and without compiled loops."""
    monkeypatch.setenv(compiled.SWITCH, "1" if request.param == "compiled" else "0")
    monkeypatch.setattr(compiled, "ABOVE", 0)
    return str(request.param)


@pytest.fixture
def forwards(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The operations of every forward that is computed."""
    found = []
    compute = tape.compute

    def counted(graph: Any, values: Any) -> None:
        found.append(int((graph.codes >= 0).sum()))
        compute(graph, values)

    monkeypatch.setattr(tape, "compute", counted)
    return found


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("family", FAMILIES)
def test_the_whole_sweep_is_backprop_within_the_bars(family: str, forwards: list[int]) -> None:
    made = program(family, LEAST)
    run = parse(made.text).at(made.values)
    nodes = np.array([run.graph.index(name) for name in made.parameters if run.adjoint(name)])
    best = solve(run, nodes.tolist(), FORWARD)
    values = run.value_array.copy()
    found = replayed(run, values, nodes, best.first.h[:, 0])
    assert len(nodes) > len(made.parameters) / 2
    assert best.verified.all()
    assert (np.abs(found - run.adjoint_array[nodes]) <= best.first.bar[:, 0] + best.adjoint_bar).all()
    assert forwards == [(run.graph.codes >= 0).sum()] * len(nodes)  # one for each parameter
    inputs = run.graph.codes < 0
    assert np.array_equal(values[inputs], run.value_array[inputs])  # each was put back


def test_each_nudge_is_of_the_net_as_it_was() -> None:
    made = program("sparse", LEAST)
    run = parse(made.text).at(made.values)
    nodes = np.array([run.graph.index(name) for name in made.parameters])
    h = np.full(len(nodes), 0.5)
    whole = replayed(run, run.value_array.copy(), nodes, h)
    alone = [replayed(run, run.value_array.copy(), nodes[[k]], h[[k]]) for k in range(len(nodes))]
    assert whole.tolist() == np.concatenate(alone).tolist()


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("family", FAMILIES)
def test_the_counts_are_exact(family: str) -> None:
    made = program(family, LEAST, 3)
    graph = parse(made.text)
    row = measured(family, LEAST, 10**9, 3)
    depends = [graph.op(i) is not None and graph.reaches[i] for i in range(len(graph))]
    assert (row.entries, row.family) == (len(graph), family)
    assert row.neurons == len(graph.statements) - 1
    assert row.parameters == row.sampled == sum(name[0] in "wb" for name in graph.inputs)
    assert row.sum == row.neurons + row.parameters
    assert row.product == row.neurons * row.parameters
    assert row.forward == sum(graph.op(i) is not None for i in range(len(graph)))
    assert row.backward == sum(depends) <= row.forward
    assert row.sweep_bar == 0.0  # all were nudged
    assert 0 < row.fastest <= row.backprop <= row.slowest
    assert min(row.sweep, row.nudges) > 0


def test_a_sample_is_drawn_once_each_by_the_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []

    def noted(run: Any, values: Any, nodes: Any, h: Any) -> Any:
        drawn.extend(nodes.tolist())
        assert set(h.tolist()) == {0.001}
        return replayed(run, values, nodes, h)

    monkeypatch.setattr(room, "replayed", noted)
    samples = []
    for seed in (0, 0, 1):
        drawn.clear()
        row = measured("sparse", LEAST, 2 * BLOCKS + 3, seed)
        graph = parse(program("sparse", LEAST, seed).text)
        assert row.sampled == len(drawn) == len(set(drawn)) == 2 * BLOCKS + 3
        assert {graph.name(i)[0] for i in drawn} <= {"w", "b"}
        assert row.sweep_bar > 0
        samples.append(list(drawn))
    assert samples[0] == samples[1] != samples[2]


def test_the_sweep_is_extrapolated_from_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(10**6))
    monkeypatch.setattr(room, "now", lambda: float(next(clock)))
    row = measured("sparse", LEAST, 2 * BLOCKS)
    assert (row.sweep, row.sweep_bar) == (row.parameters / 2, 0.0)  # a second for each block of two


def test_what_is_done_is_told_and_only_goes_up() -> None:
    said: list[tuple[float, str]] = []

    def tell(share: float, what: str) -> None:
        said.append((share, what))

    found = list(rows([LEAST, 2 * LEAST], sample=BLOCKS, tell=tell))
    shares = [share for share, _ in said]
    assert [row.entries for row in found] == [179, 599]
    assert shares == sorted(shares)
    assert shares[0] == 0.0
    assert shares[-1] < 1.0
    assert said[0][1] == "300 entries: reading the program"
    assert said[-1][1] == "600 entries: nudging parameter 20 of 20"


def test_a_race_survives_json() -> None:
    found = race([measured("rnn", LEAST, BLOCKS)])
    kept = json.loads(json.dumps(found.to_json()))
    assert Race.from_json(kept) == found
    assert kept["rows"][0]["product"] == found.rows[0].product
    assert re.fullmatch(r"\d{4}-\d\d", kept["date"])


def test_the_machine_has_no_name(engine: str) -> None:
    found = room.machine()
    assert re.fullmatch(r"\d+ cores?, \w+ \w+, Python 3\.\d+, (numba [\w.]+|without numba)", found)
    assert ("without" in found) == (engine == "plain")


def test_what_is_too_large_is_refused_with_the_number_of_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: 10**6)
    with pytest.raises(ng.UsageError, match=r"a net of 12,345 entries would take 12,345,000 bytes"):
        prepare([LEAST, 12_345])


@pytest.mark.parametrize("family", FAMILIES)
def test_reading_takes_no_more_than_is_asked_for(family: str) -> None:
    size = 20_000
    tracemalloc.start()
    try:
        measured(family, size, BLOCKS)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= size * room.ENTRY_BYTES


def test_small_nets_are_swept_by_the_same_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "_ready", {})
    assert not compiled.is_compiled("run_forward", LEAST)
    prepare([LEAST])
    assert compiled.is_compiled("run_forward", LEAST)
    assert compiled.is_compiled("run_backward", LEAST)
    assert compiled.is_compiled("choose_nudges", LEAST)


def test_a_family_that_does_not_exist() -> None:
    with pytest.raises(ng.UsageError, match="no family 'lstm' of nets"):
        measured("lstm", LEAST)
