"""Sweeps over large graphs by loops, compiled or not, against the plain ones: the same bits."""

from __future__ import annotations

import numpy as np
import pytest

from nudgegrad import compiled
from nudgegrad.graphs.ops import OPS
from nudgegrad.graphs.program import parse
from nudgegrad.races.programs import FAMILIES, program
from nudgegrad.sweeps import backprop, evaluate, groups, tape
from nudgegrad.sweeps.evaluate import WIDE
from tests.sweeps.programs import random_runs

SIZE = 1500  # nodes, about


@pytest.fixture(params=["compiled", "lists", "groups"])
def loops(request, monkeypatch):
    """The ways to sweep."""
    monkeypatch.setenv(compiled.SWITCH, "1" if request.param == "compiled" else "0")
    monkeypatch.setattr(compiled, "ABOVE", 0)
    monkeypatch.setattr(groups, "ENOUGH", 0 if request.param == "groups" else 10**9)


def compare(run):
    """The same values and adjoints, bit for bit."""
    graph = run.graph
    inputs = {i: float(run.value_array[i]) for i, name in graph.names.items() if graph.op(i) is None}
    values = tape.forward(graph, inputs)
    plain = evaluate.forward(graph, inputs, WIDE)
    assert np.array_equal(values, plain)
    with np.errstate(all="ignore"):
        expected = backprop.adjoints(graph, plain, WIDE)
    assert tape.adjoints(graph, values).tobytes() == expected.tobytes()


@pytest.mark.usefixtures("loops")
@pytest.mark.parametrize("family", FAMILIES)
def test_large_families_have_the_same_bits(family):
    made = program(family, SIZE)
    compare(parse(made.text).at(made.values))


@pytest.mark.usefixtures("loops")
def test_every_op_has_the_same_bits():
    for run in random_runs("float64", 3, 700):
        compare(run)


@pytest.mark.usefixtures("loops")
def test_what_stands_after_the_output_has_no_derivative():
    run = parse("a = x * x\nJ = tanh(a)\nk = a + x\nl = tanh(k)").at(x=0.3)
    compare(run)
    after = tape.adjoints(run.graph, run.value_array)[run.graph.output + 1 :]
    assert after.size
    assert after.tobytes() == bytes(after.nbytes)


@pytest.mark.usefixtures("loops")
@pytest.mark.parametrize(("name", "wrong"), [("*", (2.0, 1.0)), ("+", (1, 2)), ("tanh", (0.5,))])
def test_a_wrong_partial_of_the_table_is_the_one_that_is_used(name, wrong, monkeypatch):
    """The loops have no derivative of their own."""
    made = program("mlp", 300)
    graph = parse(made.text)
    right = tape.adjoints(graph, graph.at(made.values).value_array)
    assert OPS[name].formulas  # which stay the right ones
    monkeypatch.setitem(OPS[name].__dict__, "partials", lambda *_: wrong)
    values = graph.at(made.values).value_array
    found = tape.adjoints(graph, values)
    assert found.tobytes() == backprop.adjoints(graph, values, WIDE).tobytes()
    assert not np.array_equal(found, right)


def test_a_large_run_is_swept_by_the_tape(monkeypatch):
    made = program("mlp", 2 * tape.ABOVE)
    graph = parse(made.text)
    for plain in (evaluate.forward, backprop.adjoints):
        monkeypatch.setattr(f"nudgegrad.sweeps.run.{plain.__name__}", None)
    run = graph.at(made.values)
    assert run.adjoint("J") == 1.0


def test_an_error_names_the_first_node_without_a_value():
    text = "\n".join(f"a{k} = {f'a{k - 1}' if k else 'x'} + 1" for k in range(tape.ABOVE))
    graph = parse(f"{text}\nb = log(a5 - 100)\nJ = b * 2")
    with pytest.raises(ArithmeticError, match=r"log is defined for x > 0; here a5 - 100 = -93"):
        graph.at(x=1)


def test_a_node_that_divides_by_zero_has_no_value():
    text = "\n".join(f"a{k} = {f'a{k - 1}' if k else 'x'} + 1" for k in range(tape.ABOVE))
    with pytest.raises(ArithmeticError, match="division by zero"):
        parse(f"{text}\nJ = x / (a2 - 4)").at(x=1)


def test_adjoints_are_found_in_the_room_that_is_given():
    made = program("mlp", 6000)
    run = parse(made.text).at(made.values)
    room = np.full(len(run.graph), np.nan)
    found = tape.adjoints(run.graph, run.value_array, room=room)
    assert found is room
    assert np.array_equal(room, run.adjoint_array)
