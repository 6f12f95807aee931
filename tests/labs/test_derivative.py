"""Derivatives as formulas: short ones as learners write them, right ones everywhere."""

from __future__ import annotations

import re
import sys
from typing import Any

import mpmath
import numpy as np
import pytest

import nudgegrad as ng
from nudgegrad.graphs.ops import OPS
from nudgegrad.graphs.program import parse
from nudgegrad.labs import derivative
from nudgegrad.labs.derivative import derivatives
from nudgegrad.nudging.rounding import adjoint_bar, sweep
from nudgegrad.sweeps.evaluate import WIDE, plan, replay
from tests.oracles.rows import ROWS
from tests.sweeps.programs import EXERCISES, exercise_run, random_runs

SHORT = [
    ("J = w**2", "2*w", "2 × 3", "2*w"),
    ("J = 2*w", "2", "2", "2"),
    ("J = w**3", "3*w**2", "3 × 3**2", "3*w**2"),
    ("J = w", "1", "1", "1"),
    ("J = 1*w", "1", "1", "1"),
    ("J = 1/w", "-1/w**2", "-1 / 3**2", "-1/w**2"),
    ("J = 1/w**2", "-2/w**3", "-2 / 3**3", "-2/w**3"),
    ("J = w**-2", "-2/w**3", "-2 / 3**3", "-2/w**3"),
    ("J = w*w*w + 3*w", "3 + 3*w**2", "3 + 3 × 3**2", "3*w**2 + 3"),
    ("J = w - w", "0", "0", "0"),
    ("J = 5 - (w - 3*w)", "2", "2", "2"),
    ("J = -w", "-1", "-1", "-1"),
    ("J = w**2/2", "w", "3", "w"),
    ("J = (2 + 3*w)**2", "6*(2 + 3*w)", "6 × (2 + 3 × 3)", "18*w + 12"),
    ("a = 2 + 3*w; J = a**2", "6*a", "6 × 11", "18*w + 12"),
    ("a = w - 5; J = -(a**3)", "-3*a**2", "-3 × (-2)**2", "-3*(w - 5)**2"),
    ("J = sqrt(w)", "1/(2*sqrt(w))", "1 / (2 × sqrt(3))", "1/(2*sqrt(w))"),
    ("J = w**0.5 / 3", "1/(6*w**(1/2))", "1 / (6 × 3**(1 / 2))", "1/(6*sqrt(w))"),
    ("J = exp(w)", "exp(w)", "exp(3)", "exp(w)"),
    ("J = exp(-w)", "-exp(-w)", "-exp(-3)", "-exp(-w)"),
    ("J = log(w)", "1/w", "1 / 3", "1/w"),
    ("J = tanh(w)", "1 - tanh(w)**2", "1 - tanh(3)**2", "cosh(w)**(-2)"),
    ("J = 2**w", "log(2)*2**w", "log(2) × 2**3", "2**w*log(2)"),
    ("J = w**w", "w*w**(w - 1) + log(w)*w**w", None, "w**w*(log(w) + 1)"),
    ("J = (w**2)**0.5", "(w**2)**(-1/2)*w", None, "sign(w)"),
    ("J = relu(w)", "step(w)", "step(3)", "Heaviside(w)"),
    ("J = max(w, 2)*w", "max(w, 2) + w*step(w - 2)", "max(3, 2) + 3 × step(3 - 2)", None),
]


@pytest.mark.parametrize(("program", "text", "numbers", "simplified"), SHORT)
def test_formulas_are_as_people_write_them(program, text, numbers, simplified):
    found: Any = derivatives(parse(program).at(w=3))["w"]
    assert found["text"] == text
    assert numbers is None or found["numbers"] == numbers
    assert simplified is None or found["sympy"] == simplified
    assert found["value"] == parse(program).at(w=3).adjoint("w")
    assert found["ml"].startswith("<m")


def test_a_statement_stands_for_its_value():
    run = exercise_run(EXERCISES["nw1"])
    found: Any = derivatives(run)
    assert {name: f["text"] for name, f in found.items()} == {"w": "d*x", "x": "d*w", "b": "d", "y": "-d"}
    assert (found["x"]["numbers"], found["x"]["value"]) == ("3 × -2", -6.0)
    assert found["w"]["sympy"] == "x*(b + w*x - y)"


def test_the_page_is_told_in_lines():
    several: Any = derivatives(parse("J = w*x").at(w=3, x=2))["w"]
    alone: Any = derivatives(parse("J = w**2").at(w=3))["w"]
    lines, others = (re.findall("<li>(.*?)</li>", found["html"]) for found in (alone, several))
    assert "".join(f"<li>{line}</li>" for line in lines) == alone["html"]
    assert others[-1] == lines[-1] == "Programs call it dJ_dw, or dw for short: J is understood."
    assert lines[0].startswith('<span role="img" aria-label="derivative of J by w = 2*w">')
    assert "<mo>=</mo><mn>2</mn><mo>⋅</mo><mi>w</mi></math>" in lines[0]
    assert [line.rpartition("</span> ")[2] for line in lines[1:4]] == [
        "The values put in: 2 × 3 = 6.",
        "Simplified by SymPy: 2*w.",
        "has d, as J depends on w alone; ∂ if there are several.",
    ]


def values_of(text, run):
    """A formula's value by mpmath, at the computed values of its names."""
    named = {name: mpmath.mpf(v) for name, v in run.values.items() if name.isidentifier()}
    return eval(text, {"__builtins__": {}}, {**ROWS, **named})


def test_random_programs_have_the_derivative_that_backprop_has(monkeypatch):
    """Formulas at the computed values, within the bar of the adjoint's own rounding."""
    monkeypatch.setattr(derivative, "simplified", lambda _: {})  # seconds each
    tried = 0
    for run in random_runs("float64", 4, 200, most_nodes=200):
        found = derivatives(run)
        inputs = [i for i in run.graph.names if run.graph.names[i] in found and run.graph.reaches[i]]
        if run.graph.op(run.graph.output) is None or not inputs:
            continue
        steps, v = plan(run.graph, inputs), run.value_array[inputs][:, None]
        s = sweep(steps, run.value_array, replay(steps, run.value_array, v), WIDE)
        allowed = adjoint_bar(s, run.value_array, WIDE)
        for i, bar in zip(inputs, allowed, strict=True):
            shown = found[run.graph.names[i]]
            if shown is not None and np.isfinite(run.adjoint_array[i]):
                with mpmath.workdps(60):
                    off = abs(values_of(shown["text"], run) - mpmath.mpf(run.adjoint_array[i]))
                    assert off <= 2 * bar + mpmath.mpf(2) ** -1022, (run.graph.source, shown["text"])
                tried += 1
    assert tried > 50


def test_a_long_formula_is_given_up():
    steps = "; ".join(f"a{k + 1} = (a{k} + w)*a{k}*w" for k in range(8))
    run = parse(f"a0 = w; {steps}; J = a8").at(w=0.5)
    assert derivatives(run) == {"w": None}
    assert derivatives(parse("J = " + " + ".join(["w*v"] * 500)).at(w=1, v=1))["w"] is not None


def test_a_huge_graph_is_not_tried():
    run = parse("J = " + " + ".join(["w"] * (derivative.MOST_NODES + 1))).at(w=1)
    assert derivatives(run) == {"w": None}


def test_what_does_not_exist_has_no_value():
    found: Any = derivatives(parse("J = sqrt(w)").at(w=0))["w"]
    assert found["value"] is None
    assert found["text"] == "1/(2*sqrt(w))"


def test_unused_inputs():
    found: Any = derivatives(parse("a = v; J = 2*w").at(v=1, w=1))
    assert found["v"]["text"] == "0"


def test_sympy_is_not_asked_what_might_take_long():
    long = "(w + 1)**2" + "*tanh(w + 2)" * 8
    for program in ("J = w**1.000123", f"J = {long}", "J = w" + " + w" * 30):
        found = derivatives(parse(program).at(w=3))["w"]
        assert found is None or found["sympy"] is None


def test_sympy_is_not_required(monkeypatch):
    monkeypatch.setitem(sys.modules, "sympy", None)
    found: Any = derivatives(ng.graph("J = w**2").at(w=3))["w"]
    assert (found["text"], found["sympy"]) == ("2*w", None)


def test_sympy_has_every_function_that_programs_can_say_but_those_of_pieces():
    import sympy

    pieces = {"<", "<=", ">", ">=", "==", "!=", "where", "sign", "floor", "round", "clip", "leaky_relu"}
    said = {name for name, row in OPS.items() if not row.internal}
    assert said - pieces == set(derivative._in_sympy(sympy))
