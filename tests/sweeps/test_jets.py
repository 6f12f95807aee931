"""Jets of whole graphs against FLINT's power series, within their own running errors."""

from __future__ import annotations

import itertools
import math

import mpmath
import numpy as np
import pytest

from nudgegrad.compiled import LOOPS
from nudgegrad.graphs.graph import ROWS
from nudgegrad.graphs.ops import OPS
from nudgegrad.graphs.program import parse
from nudgegrad.sweeps import jets as stage
from nudgegrad.sweeps.evaluate import operands_of, plan
from nudgegrad.sweeps.jets import ORDER, closure, jet_along, jet_of, jets
from tests import figures
from tests.oracles.jet_bounds import jets_bound
from tests.oracles.truth import true_derivatives
from tests.sweeps.programs import random_runs

A_FAMILY = 6  # random programs of each
NODES = 6  # of each program


def chosen(run, random, most=NODES):
    """Some nodes that J depends on."""
    graph = run.graph
    live = [i for i in range(len(graph)) if graph.nudged[i] and graph.reaches[i] and i != graph.output]
    return sorted(random.choice(live, min(most, len(live)), replace=False).tolist())


def scales(run, nodes):
    """Powers of two of the nodes' own size."""
    v = run.value_array[nodes]
    return np.where(v == 0, 1.0, np.ldexp(0.5, np.frexp(v)[1]))


def compare(run, nodes):
    """Every coefficient within its bound of FLINT's; how many there were, and how many of the bounds say
    that the coefficient is right to half of the largest."""
    truths = true_derivatives(run.graph, run.value_array, nodes, order=ORDER)
    p, scale = plan(run.graph, nodes), scales(run, nodes)
    found = jets(p, run.value_array, scale)
    with np.errstate(all="ignore"):
        _, bounds = jets_bound(p, run.value_array, scale, ORDER)
    seen = bounded = 0
    for column, i in enumerate(nodes):
        if truths[i].value is None:
            continue
        largest = np.abs(np.array(truths[i].series) * scale[column] ** np.arange(ORDER + 1)).max()
        for k, exact in enumerate(truths[i].series):
            bound = bounds[k, column]
            error = abs(found[k, column] - exact * scale[column] ** k)
            bound += math.ulp(exact) * scale[column] ** k  # the truth is rounded once
            seen += 1
            bounded += bool(bound <= largest / 2)
            assert not error > bound, (run.graph.source, run.graph.name(i), k, error, bound)
    return seen, bounded


def test_jets_of_random_programs():
    random = np.random.default_rng(1)
    counts = [compare(run, chosen(run, random)) for run in random_runs("float64", A_FAMILY, 5000)]
    seen, bounded = np.sum(counts, axis=0)
    assert seen > A_FAMILY * NODES * ORDER
    assert seen - bounded <= figures.JETS_LOOSE * seen


@pytest.mark.parametrize(
    "text",
    [
        "J = x * x",
        "J = x ** x",
        "J = x / (1 + x)",
        "J = tanh(x) * sigmoid(x) - x",
        "J = max(x * x, 1) + min(sin(x), x)",
        "a = exp(x); b = a * a; J = b / (a + b)",
        "J = (x ** 3 - 2 * x) ** 4",
        "J = sqrt(1 + x ** 2) * log(x)",
    ],
)
def test_a_node_that_is_used_twice(text):
    run = parse(text).at(x=1.7)
    seen, bounded = compare(run, [run.graph.index("x")])
    assert seen == bounded == ORDER + 1


def test_six_coefficients_of_an_mlp_are_as_exact_as_the_prototype():
    run = parse("z = w*x + b; a = tanh(z); y = sigmoid(v*a + c); J = (y - 1)**2").at(
        w=0.7, x=-1.3, b=0.4, v=1.1, c=-0.2
    )
    nodes = [run.graph.index(n) for n in ("w", "x", "b", "z", "a", "v", "c", "y")]
    found = jets(plan(run.graph, nodes), run.value_array, np.ones(len(nodes)))
    truths = true_derivatives(run.graph, run.value_array, nodes, order=ORDER)
    for column, i in enumerate(nodes):
        exact = np.array(truths[i].series[: figures.JET_COEFFICIENTS])
        error = np.abs(found[: figures.JET_COEFFICIENTS, column] - exact)
        assert error.max() <= figures.JET_ERROR * np.abs(exact).max()


def test_the_first_coefficient_is_the_adjoint_and_the_zeroth_the_value():
    for run in random_runs("float64", 2, 6000):
        nodes = chosen(run, np.random.default_rng(2))
        p = plan(run.graph, nodes)
        found = jets(p, run.value_array, np.ones(len(nodes)))
        with np.errstate(all="ignore"):
            _, bounds = jets_bound(p, run.value_array, np.ones(len(nodes)), 1)
        assert (found[0] == run.value_array[run.graph.output]).all()
        truths = true_derivatives(run.graph, run.value_array, nodes)
        for column, i in enumerate(nodes):
            if truths[i].value is not None and np.isfinite(bounds[1, column]):
                assert truths[i].error(found[1, column]) <= bounds[1, column]


@pytest.mark.parametrize("size", [2.0**-900, 2.0**-30, 2.0**30, 2.0**900])
def test_a_scale_that_is_a_power_of_two_changes_exponents_only(size):
    run = parse("J = x ** 3 + tanh(x)").at(x=0.75)
    p = plan(run.graph, [run.graph.index("x")])
    plain = jets(p, run.value_array, np.array([1.0]), 1)
    assert np.array_equal(jets(p, run.value_array, np.array([size]), 1)[1], plain[1] * size)


def test_closures_are_short():
    """A closure holds what comes up, not what could: its size must not grow with the order but for
    powers, whose k-th derivative is another row each time."""
    for row in ROWS:
        if row.name not in ("**", "falling_power"):
            moving = tuple(f is not None for f in row.formulas)
            assert len(closure(row, moving, ORDER)) <= len(closure(row, moving, 2 * ORDER)) + 1
    names = {m.op.name for m in closure(OPS["sin"], (True,), ORDER) if m.op is not None}
    assert names == {"sin", "cos", "neg"}


def test_saturated_slopes_do_not_vanish():
    """1 - tanh(x)^2 is 0 in float64 from 19 on, and not before 372 is the derivative."""
    for x in (20.0, 100.0, 300.0):
        series = np.zeros((ORDER + 1, 1))
        series[0], series[1] = x, 1.0
        for name in ("tanh", "sigmoid"):
            assert (jet_of(OPS[name], [series], [True], ORDER)[1:] != 0).all()
    assert mpmath.sech(300) ** 2 > 0


# Mutants of the stage


def failing(test, *args):
    with pytest.raises(AssertionError):
        test(*args)


def mutant_of(found):
    """A stage whose rows' jets are spoilt by `found`."""
    right = stage.jet_of
    return lambda row, args, moving, order: found(right(row, args, moving, order), row, args, moving)


def spoilt(monkeypatch, change):
    monkeypatch.setattr(stage, "jet_of", mutant_of(change))


def test_a_dropped_coefficient_is_noticed(monkeypatch):
    def change(jet, row, _args, _moving):
        if row.name == "*":
            jet[5] = 0.0
        return jet

    spoilt(monkeypatch, change)
    failing(test_a_node_that_is_used_twice, "J = tanh(x) * sigmoid(x) - x")


def test_a_flipped_sign_is_noticed(monkeypatch):
    spoilt(monkeypatch, lambda jet, row, _args, _moving: -jet if row.name == "sigmoid" else jet)
    failing(test_six_coefficients_of_an_mlp_are_as_exact_as_the_prototype)


def test_an_operand_that_is_taken_for_fixed_is_noticed(monkeypatch):
    def jet_of_first(row, args, moving, order):
        if len(args) == 2 and all(moving):
            args, moving = [args[0], args[1][0]], (True, False)
        return right(row, args, moving, order)

    right = stage.jet_of
    monkeypatch.setattr(stage, "jet_of", jet_of_first)
    failing(test_a_node_that_is_used_twice, "J = x * x")


def test_swapped_operands_are_noticed(monkeypatch):
    def swapped(step, found, held):
        return operands_of(step, found, held)[::-1]

    monkeypatch.setattr(stage, "operands_of", swapped)
    failing(test_a_node_that_is_used_twice, "J = x / (x * x)")


def test_the_wrong_scale_is_noticed(monkeypatch):
    monkeypatch.setitem(globals(), "scales", lambda _run, nodes: np.full(len(nodes), 0.5))
    right = stage.jets
    monkeypatch.setitem(globals(), "jets", lambda p, values, scale: right(p, values, 2 * scale))
    failing(test_a_node_that_is_used_twice, "J = x * x")


def test_the_loop_finds_the_jets_of_every_row_bit_for_bit(monkeypatch):
    """At points some of which have no jet, and one that stands still; a few go together."""
    monkeypatch.setattr(stage, "is_compiled", lambda *_: True)
    monkeypatch.setattr(stage, "machine_code", lambda name: LOOPS[name])
    monkeypatch.setattr(stage, "PIECE", 3)
    points = np.array(
        [[0.3, 0.0, -1.7, 2.0, 700.0], [2.0, 0.5, 3.0, 0.5, -2.0], [1.5, 1.0, 0.25, 2.0, 4.0]]
    )
    finite = broken = 0
    for row in ROWS:
        if row.name == "falling_power":  # whose order is a number, not a value
            continue
        for moving in itertools.product((True, False), repeat=row.arity):
            if not any(m and f is not None for m, f in zip(moving, row.formulas, strict=True)):
                continue
            args = list(points[: row.arity])
            for k in np.flatnonzero(moving):
                args[k] = np.zeros((ORDER + 1, points.shape[1]))
                args[k][0], args[k][1] = points[k], [0.5, 0.0, 0.5, 1.0, 0.5]
            with np.errstate(all="ignore"):
                plain = [jet_of(row, [a[..., n : n + 3] for a in args], moving, ORDER) for n in (0, 3)]
                found = jet_along(row, args, moving, ORDER, 0)
            assert np.array_equal(found, np.concatenate(plain, axis=1), equal_nan=True), (row.name, moving)
            finite += int(np.isfinite(found).all(axis=0).sum())
            broken += int((~np.isfinite(found)).any(axis=0).sum())
    assert finite > broken > 0
