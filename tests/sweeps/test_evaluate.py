"""Forward values in every format, and replays from nudged nodes."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from nudgegrad.errors import EvaluationError
from nudgegrad.formats import FORMATS, Format
from nudgegrad.graphs.graph import CONSTANT
from nudgegrad.graphs.ops import OPS
from nudgegrad.graphs.program import parse
from nudgegrad.sweeps import evaluate
from nudgegrad.sweeps.evaluate import forward, plan, replay
from tests.sweeps.programs import EXERCISES, FEW_ROWS, exercise_run, long_chain, random_runs

A_FAMILY = 4  # random programs of each

TYPES = {
    "float64": np.float64,
    "float32": np.float32,
    "float16": np.float16,
    "bfloat16": ml_dtypes.bfloat16,
}


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_forward_values_of_the_exercises(exercise):
    run = exercise_run(exercise)
    for box in exercise["boxes"]:
        if box["kind"] == "forward":
            assert Fraction(run.value(box["node"])) == Fraction(box["exact"])


def through(function):
    """An operation by NumPy in the type of its operands; bfloat16 through float32."""

    def one(*args):
        kind = args[0].dtype
        if kind == ml_dtypes.bfloat16:
            return function(*(a.astype(np.float32) for a in args)).astype(kind)
        return function(*args)

    return one


def logistic(x):
    e = np.exp(-np.abs(x))
    return (x.dtype.type(1) if x >= 0 else e) / (x.dtype.type(1) + e)


def power(x, z):
    """Squares by multiplication, the others rounded once from double precision."""
    return x * x if z == 2 else np.float64(np.float_power(x, z)).astype(x.dtype)


STEP_BY_STEP = {
    "+": lambda x, z: x + z,
    "-": lambda x, z: x - z,
    "*": lambda x, z: x * z,
    "/": lambda x, z: x / z,
    "neg": lambda x: -x,
    "copy": lambda x: x,
    "abs": abs,
    "min": min,
    "max": max,
    "relu": lambda x: max(x, x.dtype.type(0)),
    "**": through(power),
    "**z": through(power),
    "sigmoid": through(logistic),
    **{name: through(getattr(np, name)) for name in ("exp", "log", "sqrt", "sin", "cos", "tanh")},
}


def by_hand(run):
    """All values of a run, one operation after the other in NumPy's or ml_dtypes' own type."""
    graph, kind = run.graph, np.dtype(TYPES[run.format.name]).type
    values: list[Any] = []
    for i in range(len(graph)):
        row = graph.op(i)
        if row is not None:
            values.append(STEP_BY_STEP[row.name](*(values[j] for j in graph.args(i))))
        elif graph.codes[i] == CONSTANT:
            values.append(kind(run.format.nearest(graph.constants[i][0])))
        else:
            values.append(kind(run.value_array[i]))
    return np.array(values).astype(np.float64)


@pytest.mark.parametrize("fmt", FORMATS)
def test_forward_is_the_formats_own_arithmetic(fmt):
    for run in random_runs(fmt, A_FAMILY, 1000, families=FEW_ROWS):
        assert np.array_equal(run.value_array, by_hand(run)), run.graph.source


@pytest.mark.parametrize("fmt", FORMATS)
def test_inputs_and_constants_are_rounded_once(fmt):
    third = Fraction(1, 3)
    tie = Fraction(FORMATS[fmt].u) + 1 + Fraction(1, 2**80)  # through float64 it would round to 1
    run = parse("J = x * 0.1 + w").at(x=third, w=tie, format=fmt)
    assert run.value("x") == FORMATS[fmt].nearest(third)
    assert run.value("w") == 1 + 2 * FORMATS[fmt].u
    assert FORMATS[fmt].nearest(Fraction(1, 10)) in run.value_array


@pytest.mark.parametrize(
    ("text", "value", "fmt", "message"),
    [
        ("J = log(x - 6)", 0.0, "float64", "log is defined for x > 0; here x - 6 = -6"),
        ("J = 1 / (x - 2)", 2.0, "float64", "division by zero: x - 2 = 0"),
        ("J = exp(x)", 1000.0, "float64", "overflow: exp(x)"),
        ("J = x * x", 300.0, "float16", "overflow: x * x"),
        ("J = x * 1e6", 1.0, "float16", "1e6 is beyond the range of float16"),
        ("J = x ** -1", 0.0, "float64", "division by zero"),
        ("J = x ** 0.5", -1.0, "float64", "a power is defined for"),
        ("J = sqrt(x)", -1.0, "float64", "sqrt is defined for"),
    ],
)
def test_a_value_that_does_not_exist_is_an_error_at_its_node(text, value, fmt, message):
    with pytest.raises(EvaluationError) as error:
        parse(text).at(x=value, format=fmt)
    assert message in str(error.value)
    assert "^" in str(error.value)


# Replays


@pytest.mark.parametrize("fmt", FORMATS)
def test_replay_from_a_nudged_input_is_a_fresh_run_bit_for_bit(fmt):
    for run in random_runs(fmt, A_FAMILY, 2000):
        graph = run.graph
        inputs = {name: run.value(name) for name in graph.inputs}
        for name in graph.inputs[:3]:
            i = graph.index(name)
            if not graph.reaches[i]:
                continue
            nudged = run.format.round(run.value(name) * (1 + 2.0 ** -np.arange(1.0, 5.0)))[None]
            found = replay(plan(graph, [i]), run.value_array, nudged, run.format)[-1]
            for x, j in zip(nudged[0].tolist(), found[0].tolist(), strict=True):
                try:
                    fresh = graph.at({**inputs, name: x}, format=fmt).value_array[graph.output]
                except EvaluationError:
                    continue  # a fresh run needs every node, a replay J alone
                assert j == fresh, (graph.source, name)


def test_a_replay_at_the_values_themselves_changes_nothing():
    for run in random_runs("float64", A_FAMILY, 3000):
        nodes = [i for i in range(len(run.graph)) if run.graph.nudged[i] and run.graph.reaches[i]][:12]
        p = plan(run.graph, nodes)
        for step, z in zip(
            p.steps, replay(p, run.value_array, run.value_array[nodes][:, None]), strict=True
        ):
            assert (z == run.value_array[step.node]).all()


def test_many_nodes_are_replayed_at_once_as_one_by_one():
    for run in random_runs("float32", 2, 4000):
        nodes = [i for i in range(len(run.graph)) if run.graph.nudged[i] and run.graph.reaches[i]][-8:]
        points = run.format.round(run.value_array[nodes][:, None] * np.array([1.5, 0.75, 1.0]))
        together = replay(plan(run.graph, nodes), run.value_array, points, run.format)[-1]
        for k, i in enumerate(nodes):
            alone = replay(plan(run.graph, [i]), run.value_array, points[k : k + 1], run.format)[-1]
            assert np.array_equal(together[k], alone[0], equal_nan=True)


def test_a_plan_recomputes_descendants_only():
    graph = parse("a = x*w; b = y*2; unused = x*3; J = a*b + b")
    for name, below in {"x": {"a", "J"}, "b": {"J"}, "J": set()}.items():
        steps = plan(graph, [graph.index(name)]).steps
        assert steps[0].node == graph.index(name)
        assert {graph.names[s.node] for s in steps[1:] if s.node in graph.names} == below


def test_a_nudged_node_is_set_and_not_recomputed():
    run = parse("a = x*x; J = a*3 + x").at(x=2.0)
    a = run.graph.index("a")
    found = replay(plan(run.graph, [a]), run.value_array, np.array([[10.0]]))[-1]
    assert found == [[10 * 3 + 2]]


def test_a_chain_of_a_million_nodes_needs_no_recursion():
    graph = long_chain(1_000_000)
    run = graph.at(x=3.0)
    assert (run.value("J"), run.adjoint("x")) == (-3.5, -1.0)
    assert len(graph.descendants(0)) == len(graph) - 1  # all but the constant


# Mutants of the stage: the checks above must see them.


def failing(test, *args):
    with pytest.raises(AssertionError):
        test(*args)


def test_forward_without_rounding_is_noticed(monkeypatch):
    monkeypatch.setattr(Format, "finish", lambda _self, x: x)
    failing(test_forward_is_the_formats_own_arithmetic, "bfloat16")


def test_swapped_operands_are_noticed(monkeypatch):
    def swapped(graph, inputs, fmt):
        turned = graph.operands.copy()
        both = turned[:, 1] >= 0
        turned[both, :2] = turned[both][:, 1::-1]
        other = type(graph)(graph.codes, turned, graph.names, graph.constants, graph.spans, graph.output)
        return forward(other, inputs, fmt)

    monkeypatch.setattr("nudgegrad.sweeps.run.forward", swapped)
    failing(test_forward_values_of_the_exercises, EXERCISES["nw1"])


def test_a_stale_operand_in_a_replay_is_noticed(monkeypatch):
    def stale(step, found, held):
        fresh = operands_of(step, found, held)
        return [np.full_like(a, held[j]) for a, j in zip(fresh, step.args, strict=True)]

    operands_of = evaluate.operands_of
    monkeypatch.setattr(evaluate, "operands_of", stale)
    failing(test_replay_from_a_nudged_input_is_a_fresh_run_bit_for_bit, "float64")


def test_a_node_that_is_not_recomputed_is_noticed(monkeypatch):
    def forgetful(graph, nodes):
        whole = evaluate.plan(graph, nodes)
        steps = [replace(s, row=None) if s.row is OPS["*"] else s for s in whole.steps]
        return replace(whole, steps=tuple(steps))

    monkeypatch.setitem(globals(), "plan", forgetful)
    failing(test_replay_from_a_nudged_input_is_a_fresh_run_bit_for_bit, "float64")
