"""Adjoints against torch's, and the two sweeps of backpropagation against each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nudgegrad.formats import FORMATS
from nudgegrad.graphs.ops import OPS
from nudgegrad.graphs.program import parse
from nudgegrad.sweeps import backprop
from nudgegrad.sweeps.backprop import adjoints, backward, linearize
from nudgegrad.sweeps.evaluate import plan, replay
from tests import figures
from tests.oracles.truth import true_derivatives
from tests.sweeps import torch_rows
from tests.sweeps.programs import FEW_ROWS, random_runs

NODES = 8  # of each program


def on_a_corner(run):
    """Whether an op stands exactly on its corner, where there is no derivative."""
    for i in range(len(run.graph)):
        row = run.graph.op(i)
        if row is not None and row.kink is not None:
            args = run.value_array[list(run.graph.args(i))]
            if row.kink(*args) == 0:
                return True
    return False


def live(run, most=NODES):
    """Nodes that J depends on, the inputs first; none on a corner."""
    graph = run.graph
    if on_a_corner(run):
        return []
    nodes = [i for i in range(len(graph)) if graph.nudged[i] and graph.reaches[i]]
    inputs = [i for i in nodes if graph.op(i) is None]
    others = [i for i in nodes if graph.op(i) is not None]
    return inputs[: most // 2] + others[:: max(1, len(others) // (most // 2))][: most // 2]


def compare_with_torch(runs):
    """Programs and nodes compared; every difference lies within both bars."""
    programs = nodes_seen = without = 0
    for run in runs:
        nodes = live(run)
        if not nodes:
            continue
        theirs = torch_rows.adjoints(run, nodes)
        allowed = torch_rows.bars(run, nodes, False) + torch_rows.bars(run, nodes, True)
        programs += 1
        for i, found, bar in zip(nodes, theirs, allowed.tolist(), strict=True):
            nodes_seen += 1
            without += not np.isfinite(bar)
            difference = abs(run.adjoint_array[i] - found)
            assert not difference > bar, (run.graph.source, run.graph.name(i), difference, bar)
    assert without <= figures.ADJOINTS_WITHOUT_BAR * nodes_seen, (without, nodes_seen)
    return programs


@pytest.mark.parametrize("quarter", range(4))
def test_adjoints_are_those_of_torch(quarter):
    runs = random_runs("float64", 19, 10_000 + 1000 * quarter, most_nodes=120, families=FEW_ROWS)
    assert compare_with_torch(runs) >= figures.TORCH_PROGRAMS / 4


def test_adjoints_are_those_of_torch_in_float32():
    assert compare_with_torch(random_runs("float32", 8, 20_000, most_nodes=120, families=FEW_ROWS)) > 0


@pytest.mark.parametrize("fmt", FORMATS)
def test_adjoints_are_right_within_their_bar(fmt):
    for run in random_runs(fmt, 3, 30_000, most_nodes=200):
        nodes = live(run)
        if not nodes:
            continue
        truths = true_derivatives(run.graph, run.value_array, nodes)
        for i, bar in zip(nodes, torch_rows.bars(run, nodes, False).tolist(), strict=True):
            found = float(run.adjoint_array[i])
            if truths[i].value is not None and np.isfinite(found):
                assert not truths[i].error(found) > bar, (run.graph.source, run.graph.name(i))


def test_the_sweep_over_a_plan_gives_the_same_adjoints_bit_for_bit():
    for run in random_runs("float64", 4, 40_000, most_nodes=200):
        nodes = [i for i in range(len(run.graph)) if run.graph.nudged[i] and run.graph.reaches[i]]
        inputs = [i for i in nodes if run.graph.op(i) is None]
        p = plan(run.graph, inputs)
        # every step at the run's own values: one row, nothing nudged
        found = replay(p, run.value_array, run.value_array[inputs][:, None])
        at = {step.node: k for k, step in enumerate(p.steps)}
        swept = backward(p, linearize(p, run.value_array, found), found[-1].shape)
        for i in inputs:
            assert (swept[at[i]] == run.adjoint_array[i]).all() or np.isnan(run.adjoint_array[i])


def test_scaling_J_by_a_power_of_two_scales_adjoints_exactly():
    for size in ("1024", "0.0009765625"):
        text = "a = tanh(w*x + b); J = (a - y)**2 * "
        plain, scaled = (parse(text + s).at(w=0.3, x=1.7, b=-0.2, y=0.9) for s in ("1", size))
        for name in plain.graph.inputs:
            assert scaled.adjoint(name) == float(size) * plain.adjoint(name)


def test_adjoints_of_nodes_that_J_does_not_depend_on_are_0():
    run = parse("a = exp(x); b = x * 2; J = b + 1").at(x=3.0)
    assert (run.adjoint("a"), run.adjoint("b"), run.adjoint("x"), run.adjoint("J")) == (0.0, 1.0, 2.0, 1.0)


def test_an_adjoint_that_does_not_exist_is_not_a_number_that_looks_right():
    assert not np.isfinite(parse("J = sqrt(x)").at(x=0.0).adjoint("x"))
    assert not np.isfinite(parse("J = x ** 0.5").at(x=0.0).adjoint("x"))
    assert not np.isfinite(parse("J = x ** n").at(x=-2.0, n=2.0).adjoint("n"))


def test_every_partial_that_is_used_twice_is_added_up():
    run = parse("J = x*x + x*w + sin(x)*0").at(x=3.0, w=5.0)
    assert run.adjoint("x") == 3 + 3 + 5


# Mutants of the stage


def failing(test, *args):
    with pytest.raises(AssertionError):
        test(*args)


def few():
    """A few programs, so that a mutant is soon seen."""
    return random_runs("float64", 2, 10_000, most_nodes=100, families=FEW_ROWS)


def spoil(monkeypatch, change):
    """Partials of the sweep as `change` makes them."""
    right = backprop.partials_in
    monkeypatch.setattr(
        backprop, "partials_in", lambda fmt, row, args, y: change(row, right(fmt, row, args, y))
    )


def test_a_flipped_sign_is_noticed(monkeypatch):
    spoil(monkeypatch, lambda row, p: [-p[0]] if row is OPS["tanh"] else p)
    failing(compare_with_torch, few())


def test_swapped_partials_are_noticed(monkeypatch):
    spoil(monkeypatch, lambda row, p: p[::-1] if row is OPS["*"] else p)
    failing(compare_with_torch, few())


def test_a_dropped_term_is_noticed(monkeypatch):
    spoil(monkeypatch, lambda row, p: [p[0], 0.0] if row is OPS["*"] else p)
    failing(compare_with_torch, few())


def test_a_stale_adjoint_is_noticed(monkeypatch):
    """The last term overwrites what was there, in place of being added."""

    def overwriting(graph, values, fmt, top, opens, *scale):
        found = right(graph, values, fmt, top, opens, *scale)
        first, users = graph.users
        for i in range(len(graph)):
            consumers = [j for j in users[first[i] : first[i + 1]].tolist() if j <= top]
            if len(consumers) > 1:
                j = consumers[0]
                row = graph.op(j)
                partials = row.partials(*values[list(graph.args(j))], values[j])
                found[i] = found[j] * partials[graph.args(j).index(i)]
        return found

    right: Any = backprop._sweep
    monkeypatch.setattr(backprop, "_sweep", overwriting)
    failing(test_every_partial_that_is_used_twice_is_added_up)
    failing(compare_with_torch, few())


def test_an_error_of_a_few_roundings_is_noticed(monkeypatch):
    """Not only gross mistakes: adjoints that were computed in float32."""
    monkeypatch.setattr(
        "nudgegrad.sweeps.run.adjoints",
        lambda graph, values, _fmt: adjoints(graph, values, FORMATS["float32"]),
    )
    failing(compare_with_torch, few())
