"""The exact derivatives against closed forms, against mpmath, and where there are none."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import flint
import mpmath
import numpy as np
import pytest
from mpmath import mp

from nudgegrad.graphs.graph import ROWS, Graph
from nudgegrad.graphs.program import parse
from tests.families import draw
from tests.oracles import rows
from tests.oracles.differences import derivative
from tests.oracles.truth import SERIES, Truth, true_derivatives

DIGITS = 400  # below any float64: what is 0 rounds to 0.0
PROGRAMS = 2  # of each family
NODES = 5  # of each program
FAMILIES = (
    "chain", "dag", "product", "softmax", "tanh_net", "sigmoid_net", "relu_net", "rnn", "scales",
    "near_kinks", "near_poles", "saturated", "self_correcting",
)  # fmt: skip


def truths(text: str, format: str = "float64", order: int = 1, **values: float) -> dict[str, Truth]:
    """The truth of every node, by name."""
    graph = parse(text)
    found = true_derivatives(graph, graph.at(values, format=format).value_array, order=order)
    return {graph.name(i): t for i, t in found.items()}


def nearest(x: Any) -> float:
    """The float nearest to an mpmath number."""
    return float(x)


# Closed forms


def test_a_square() -> None:
    found = truths("J = (2 + 3*w)**2", order=9, w=3)
    assert {name: t.value for name, t in found.items()} == {
        "w": 66.0, "3 * w": 22.0, "2 + 3 * w": 22.0, "J": 1.0,
    }  # fmt: skip
    assert found["w"].series == (121.0, 66.0, 9.0, *[0.0] * 7)
    assert found["w"].error(66.5) == 0.5
    assert found["w"].error(66.0) == 0.0


@pytest.mark.parametrize(
    ("text", "w", "exact"),
    [
        ("J = tanh(w)", 0.7, lambda w: mpmath.sech(w) ** 2),
        ("J = tanh(w)", -300.0, lambda w: mpmath.sech(w) ** 2),
        ("J = sigmoid(w)", 40.0, lambda w: mpmath.sech(w / 2) ** 2 / 4),
        ("J = sigmoid(w)", -700.0, lambda w: mpmath.sech(w / 2) ** 2 / 4),
        ("J = tanh(w)", 1e-30, lambda w: mpmath.sech(w) ** 2),
        ("J = exp(-w)", 710.0, lambda w: -mpmath.exp(-w)),
        ("J = log(w)", 1e-300, lambda w: 1 / w),
        ("J = w**0.5", 2.0, lambda w: 1 / (2 * mpmath.sqrt(w))),
        ("J = w**-3", -2.5, lambda w: -3 / w**4),
        ("J = w**w", 1.7, lambda w: w**w * (mpmath.log(w) + 1)),
        ("J = 1.5**w", -0.3, lambda w: mpmath.mpf(1.5) ** w * mpmath.log(1.5)),
        ("J = w**100001", -1.0001, lambda w: 100001 * w**100000),
        ("J = w**2000", 0.0, lambda _: mpmath.mpf(0)),
        ("J = sin(w)/w", 1e-5, lambda w: (w * mpmath.cos(w) - mpmath.sin(w)) / w**2),
        ("J = min(w, 2)*max(w, 2) + abs(-w) + relu(w) + relu(-w)", 1.5, lambda _: mpmath.mpf(4)),
    ],
)
def test_a_closed_form(text: str, w: float, exact: Callable[[Any], Any]) -> None:
    with mp.workdps(DIGITS):
        assert truths(text, w=w)["w"].value == nearest(exact(mpmath.mpf(w)))


def test_coefficients_of_tanh() -> None:
    with mp.workdps(60):
        exact = mpmath.taylor(mpmath.tanh, mpmath.mpf(0.3), 9)
    assert truths("J = tanh(w)", order=9, w=0.3)["w"].series == tuple(map(nearest, exact))


def test_what_cancels_exactly_is_zero() -> None:
    found = truths("m = max(a, b); t = exp(a - m) + exp(b - m); J = log(t) + m", a=1.3, b=0.2)
    assert found["m"].value == 0.0  # 1 - (e1 + e2)/t
    with mp.workdps(DIGITS):
        exact = 1 / (1 + mpmath.exp(mpmath.mpf(0.2) - mpmath.mpf(1.3)))
    assert found["a"].value == nearest(exact)


def test_a_node_that_j_does_not_use() -> None:
    assert truths("a = 2*w; b = w*w; J = 3*w", w=2)["b"] == Truth(0.0, (6.0, 0.0), flint.arb(0))


# Held values


def test_what_does_not_depend_on_the_node_is_held_at_its_computed_value() -> None:
    graph = parse("a = x/3; J = w*a")
    run = graph.at(x=1, w=1, format="float32")
    found = true_derivatives(graph, run.value_array)
    assert found[graph.index("w")].value == float(np.float32(1) / np.float32(3))
    assert found[graph.index("x")].value == nearest(mpmath.mpf(1) / 3)  # descendants are exact


def test_the_node_stands_at_its_computed_value() -> None:
    graph = parse("a = x*x; J = a*a")
    run = graph.at(x=0.1, format="float16")
    assert true_derivatives(graph, run.value_array)[graph.index("a")].value == 2 * run.value("a")


# Where there is no derivative


@pytest.mark.parametrize("corner", ["relu(w - 1)", "abs(w - 1)", "max(w, x)", "min(x, w)"])
def test_a_corner(corner: str) -> None:
    found = truths(f"a = {corner}; J = a + w + x", w=1, x=1)
    assert found["w"].value is None
    assert found["w"].kink
    assert math.isnan(found["w"].error(1.0))
    assert found["a"].value == 1.0


def test_a_corner_that_only_exact_arithmetic_sees() -> None:
    found = truths("J = abs(sqrt(w*w) - w)", w=1.1)  # the square root is w, but never with radius 0
    assert found["w"].kink


def test_a_margin_that_does_not_move_is_no_corner() -> None:
    found = truths("m = max(a, b); J = relu(m - a) + b", a=2, b=1)
    assert found["b"].value == 1.0


@pytest.mark.parametrize(
    ("text", "w", "reason"),
    [
        ("J = 0*log(w) + w", -1.0, "log at or below 0"),
        ("J = sqrt(w)", 0.0, "sqrt at or below 0"),
        ("J = 1/w", 0.0, "division by 0"),
        ("J = w**-2", 0.0, "a negative power of 0"),
        ("J = w**0.5", 0.0, "a power that is not a fixed whole number, of a base at or below 0"),
        ("J = w**w", -2.0, "a power that is not a fixed whole number, of a base at or below 0"),
    ],
)
def test_an_edge(text: str, w: float, reason: str) -> None:
    graph = parse(text)
    values = np.array([w if i == graph.index("w") else 1.0 for i in range(len(graph))])
    for i, (number, _) in graph.constants.items():
        values[i] = float(number)
    for i, row in enumerate(map(graph.op, range(len(graph)))):
        if row is not None and row.name == "neg":
            values[i] = -values[graph.args(i)[0]]
    found = true_derivatives(graph, values, [graph.index("w")])[graph.index("w")]
    assert found.value is None
    assert not found.kink
    assert found.reason.endswith(reason)


# The oracle itself


def test_flint_is_left_as_it_was() -> None:
    before = flint.ctx.prec, flint.ctx.cap
    truths("J = tanh(w)", order=4, w=1.0)["w"].error(0.5)
    assert (flint.ctx.prec, flint.ctx.cap) == before


def test_every_series_is_of_a_public_row() -> None:
    """The other way round the families decide: what their programs say needs a series."""
    assert set(SERIES) <= {row.name for row in ROWS if not row.internal}


def test_a_wrong_row_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(rows.ROWS, "sin", mpmath.cos)
    graph = parse("a = sin(w); J = a*a")
    values = graph.at(w=0.3).value_array
    assert by_mpmath(graph, values, 0) != true_derivatives(graph, values)[0].value


def by_mpmath(graph: Graph, values: Any, i: int) -> float:
    """The derivative along node i by numerical differences at 400 digits."""
    return nearest(derivative(graph, values, i, DIGITS))


@pytest.mark.parametrize("format", ["float64", "float32"])
@pytest.mark.parametrize("family", FAMILIES)
def test_random_programs_by_mpmath(family: str, format: str) -> None:
    compared = 0
    for seed in range(PROGRAMS):
        program = draw(family, seed)
        graph = parse(program.text)
        values = graph.at(program.inputs, format=format).value_array
        live = np.flatnonzero(graph.nudged & graph.reaches)
        chosen = np.random.default_rng(seed).choice(live, min(NODES, len(live)), replace=False).tolist()
        for i, truth in true_derivatives(graph, values, chosen).items():
            if truth.value is not None:
                assert truth.value == by_mpmath(graph, values, i), (seed, graph.name(i))
                compared += 1
    assert compared
