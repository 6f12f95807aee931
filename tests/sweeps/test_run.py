"""Runs: the exercises' derivatives, the quotients that the course prints, and how a run is made."""

from __future__ import annotations

import operator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from nudgegrad.errors import BindingError, NodeError
from nudgegrad.formats import FORMATS
from nudgegrad.graphs.program import parse
from nudgegrad.nudging.quotient import quotients
from nudgegrad.sweeps import backprop
from tests.sweeps.programs import DATA, EXERCISES, exercise_run

every_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
FLOAT64 = FORMATS["float64"]


@every_exercise
def test_every_box_of_the_exercises(exercise):
    run = exercise_run(exercise)
    assert len(exercise["boxes"]) == exercise["box_count"]
    for box in exercise["boxes"]:
        if box["kind"] == "forward":
            found = run.value(box["node"])
        elif box["kind"] == "adjoint":
            assert box["num"] == run.graph.name(run.graph.output)
            found = run.adjoint(box["den"])
        else:
            found = run.partial(box["num"], box["den"])
        assert isinstance(found, float)
        assert Fraction(found) == Fraction(box["exact"]), box["id"]


@every_exercise
def test_the_quotients_of_the_exercises_bit_for_bit(exercise):
    run = exercise_run(exercise)
    for nudge in exercise["nudges"]:
        node = run.graph.index(nudge["node"])
        assert quotients(run, [node], float(nudge["eps"])) == [nudge["k_float64"]], nudge
        if nudge["node"] in run.graph.inputs:
            nudged = exercise_run(
                exercise, **{nudge["node"]: run.value(nudge["node"]) + float(nudge["eps"])}
            )
            assert nudged.value(exercise["output"]) == nudge["J_eps_float64"]


# What the lab prints, as graphs: program, values, node, nudge.
PRINTED = {
    "nw0 dJ/da eps .001": ("J = a**2", {"a": 11}, "a", 0.001),
    "nw0 da/dw local": ("a = 2 + 3*w", {"w": 3}, "w", 0.001),
    "nw0 dJ/dw": ("a = 2 + 3*w; J = a**2", {"w": 3}, "w", 0.001),
    "nw1 dJ/dd": ("J = d**2/2", {"d": 3}, "d", 0.001),
    "nw1 dd/da local": ("d = a - y", {"a": 4, "y": 1}, "a", 0.001),
    "nw1 dJ/da": ("d = a - y; J = d**2/2", {"a": 4, "y": 1}, "a", 0.001),
    "nw1 dJ/dw": ("a = w*x + b; J = (a - y)**2/2", {"w": -2, "x": 2, "b": 8, "y": 1}, "w", 0.001),
    "w^2 at 3 eps 1e-9": ("J = w**2", {"w": 3}, "w", 0.000000001),
    "2w at 3": ("J = 2*w", {"w": 3}, "w", 0.001),
    "w^3 at 2": ("J = w**3", {"w": 2}, "w", 0.001),
    "1/w at 2": ("J = 1/w", {"w": 2}, "w", 0.001),
    "1/w^2 at 4": ("J = 1/w**2", {"w": 4}, "w", 0.001),
}


def test_the_twelve_printed_quotients_bit_for_bit():
    printed = {p["id"]: float(p["printed"]) for p in DATA["printed_nudges"] if p["bitwise"]}
    assert printed.keys() == PRINTED.keys()
    for name, (text, values, node, h) in PRINTED.items():
        graph = parse(text)
        run = graph.at(values)
        output = graph.names[graph.output]
        nudged = graph.at({**values, node: values[node] + h})
        assert (nudged.value(output) - run.value(output)) / h == printed[name], name
        assert quotients(run, [graph.index(node)], h) == [printed[name]], name


RATIONAL: dict[str, Any] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "neg": operator.neg,
    "copy": operator.pos,
    "**": lambda x, c: x ** int(c),
    "relu": lambda x: max(x, Fraction(0)),
}


def in_rationals(graph, inputs, held):
    """Exact values of all nodes; `held` are given."""
    found = []
    for i in range(len(graph)):
        row = graph.op(i)
        if i in held:
            found.append(held[i])
        elif row is not None:
            found.append(RATIONAL[row.name](*(found[j] for j in graph.args(i))))
        else:
            found.append(graph.constants[i][0] if i in graph.constants else inputs[graph.names[i]])
    return found


def exact_quotient(exercise, node, eps):
    graph = parse(exercise["program"])
    inputs = {name: Fraction(text) for name, text in exercise["inputs"].items()}
    base = in_rationals(graph, inputs, {})
    i = graph.index(node)
    nudged = in_rationals(graph, inputs, {i: base[i] + eps})
    return (nudged[graph.output] - base[graph.output]) / eps


@pytest.mark.parametrize("name", [n for n, e in EXERCISES.items() if "exp" not in e["program"]])
def test_the_exact_quotients_of_the_exercises(name):
    for nudge in EXERCISES[name]["nudges"]:
        if Fraction(nudge["k_exact"]):  # at 1e-9 the data say 0: no exact quotient is given there
            found = exact_quotient(EXERCISES[name], nudge["node"], Fraction(nudge["eps"]))
            assert found == Fraction(nudge["k_exact"])


@pytest.mark.parametrize(
    ("exercise", "eps", "noted"),
    [("d-sq-3", "0.001", "6.001"), ("d-sq-3", "0.002", "6.002"), ("d-sq--3", "0.001", "-5.999")],
)
def test_the_three_quotients_of_the_notes(exercise, eps, noted):
    """The notes calculate exactly: what floats give differs by five roundings and by nothing else."""
    assert exact_quotient(EXERCISES[exercise], "w", Fraction(eps)) == Fraction(noted)
    run = exercise_run(EXERCISES[exercise])
    w, h = Fraction(run.value("w")), float(eps)
    nudged = Fraction(FLOAT64.nearest(w + Fraction(h)))  # one: h is not eps; two: w + h is rounded
    square = Fraction(FLOAT64.nearest(nudged * nudged))  # three
    rise = Fraction(FLOAT64.nearest(square - w * w))  # four
    quotient = FLOAT64.nearest(rise / Fraction(h))  # five
    assert quotients(run, [run.graph.index("w")], h) == [quotient]
    assert Fraction(quotient) != Fraction(noted)


def test_the_nudges_of_the_forum_question():
    (question,) = [q for q in DATA["quizzes"] if q["id"] == "which-nudge"]
    run = exercise_run(EXERCISES["jabc"])
    u = run.graph.index("u")
    for row in question["float64"]:
        h = float(row["eps_float64"])
        assert (run.value("u") + h != run.value("u")) == row["moves"]
        (found,) = quotients(run, [u], h)
        if row["quotient"] is None:
            assert np.isnan(found)
        else:
            assert found == float(row["quotient"]), row["eps"]


# How a run is made


def test_values_come_as_mapping_or_keywords():
    graph = parse("J = w*x")
    assert graph.at({"w": 2}, x=3).values == graph.at(w=2, x=3).values == {"w": 2.0, "x": 3.0, "J": 6.0}
    assert dict(graph.at(w=2, x=3).adjoints) == {"w": 3.0, "x": 2.0, "J": 1.0}


@pytest.mark.parametrize("value", [2, 2.0, Fraction(2), np.float32(2), np.int64(2), np.array(2.0)])
def test_numbers_of_every_kind(value):
    assert parse("J = w*w").at(w=value).value("J") == 4


def test_the_format_is_that_of_the_scalars_given():
    graph = parse("J = w*x")
    assert graph.at(w=np.float32(0.1), x=2).format is FORMATS["float32"]
    assert graph.at(w=np.float32(0.1), x=np.float64(2)).format is FORMATS["float64"]
    assert graph.at(w=np.float16(0.1), x=2, format="float64").value("w") == float(np.float16(0.1))
    assert graph.at(w=0.1, x=2).format is FORMATS["float64"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"w": 1}, "'x' has no value"),
        ({"w": 1, "x": 1, "v": 1}, "'v' is given a value, but the program does not use it"),
        ({"w": 1, "x": 1, "J": 1}, "'J' is computed by the program"),
        ({"w": 1, "x": "1"}, "is not a number"),
        ({"w": 1, "x": True}, "is not a number"),
        ({"w": 1, "x": float("nan")}, "is not a finite number"),
        ({"w": 1, "x": 10**400}, "beyond the range of float64"),
    ],
)
def test_a_wrong_binding_is_an_error(values, message):
    with pytest.raises(BindingError) as error:
        parse("J = w*x").at(values)
    assert message in str(error.value)


def test_values_and_adjoints_cannot_be_written():
    run = parse("J = w*w").at(w=2)
    for array in (run.value_array, run.adjoint_array):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0


def test_partials_of_statements_go_through_the_unnamed_nodes():
    run = parse("a = (w*x + w)**2; J = a*w").at(w=2, x=3)
    assert run.partial("a", "w") == 2 * 8 * 4
    assert run.partial("J", "w") == 64
    assert run.adjoint("w") == 64 + 2 * 64
    with pytest.raises(NodeError, match="'x' does not stand in 'J'"):
        run.partial("J", "x")
    with pytest.raises(NodeError):
        run.partial("J", "nobody")


# Mutants of the stage


def test_a_partial_through_named_nodes_is_noticed(monkeypatch):
    def through_all(graph, values, fmt, top, _opens):
        return sweep(graph, values, fmt, top, lambda _: True)

    sweep: Any = backprop._sweep
    monkeypatch.setattr(backprop, "_sweep", through_all)
    with pytest.raises(AssertionError):
        test_partials_of_statements_go_through_the_unnamed_nodes()


def test_a_quotient_of_another_nudge_is_noticed(monkeypatch):
    right = quotients
    monkeypatch.setitem(globals(), "quotients", lambda run, nodes, h: right(run, nodes, 2 * h))
    with pytest.raises(AssertionError):
        test_the_quotients_of_the_exercises_bit_for_bit(EXERCISES["nw1"])
