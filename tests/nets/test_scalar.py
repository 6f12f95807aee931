"""The smallest nets are the scalar graph's programs: same values, same derivatives within rounding."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nudgegrad as ng
from nudgegrad.nets import layers, losses, recurrent
from nudgegrad.nets.net import Layer, Task, loss, loss_and_gradients

UNIT = {"W": (1, 1), "b": (1,)}
ONE = "z = w*x + b; a = {}; J = {}"
PROGRAMS = {
    "linear": (ONE.format("z", "(a - y)**2/2"), [], losses.squared),
    "sigmoid": (ONE.format("sigmoid(z)", "(a - y)**2/2"), [layers.sigmoid], losses.squared),
    "tanh": (ONE.format("tanh(z)", "(a - y)**2/2"), [layers.tanh], losses.squared),
    "relu": (ONE.format("relu(z)", "(a - y)**2/2"), [layers.relu], losses.squared),
    "logistic": (ONE.format("z", "softplus(z) - y*a"), [], losses.logistic),
}


def compare(run: ng.Run, gradients: dict[str, Any], names: dict[str, tuple[str, tuple[int, ...]]]) -> None:
    """Derivatives of a net beside those of a run, each within twice the rounding bar of the run's own."""
    for name, n in ng.nudges(run, list(names)).items():
        block, place = names[name]
        assert abs(gradients[block][place] - run.adjoint(name)) <= 2 * n.adjoint_bar, name
        assert n.verdict == "pass"


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("w", [0.4, -0.7])
def test_one_unit_is_the_lectures(name: str, w: float) -> None:
    program, after, lost = PROGRAMS[name]
    given = {"w": w, "x": -2.0, "b": 0.5, "y": 2.0}
    run = ng.graph(program).at(given)
    net = [Layer("unit", layers.dense, UNIT), *(Layer("act", act) for act in after)]
    weights = {"unit.W": np.array([[w]]), "unit.b": np.array([0.5])}
    J, gradients = loss_and_gradients(Task(net, lost), weights, np.array([[-2.0]]), np.array([[2.0]]))
    assert abs(J - run.value("J")) <= 8 * abs(np.spacing(run.value("J")))
    compare(run, gradients, {"w": ("unit.W", (0, 0)), "b": ("unit.b", (0,))})


def test_two_units() -> None:
    program = "z1 = w1*x + b1; a1 = tanh(z1); z2 = w2*a1 + b2; a2 = sigmoid(z2); J = (a2 - y)**2/2"
    run = ng.graph(program).at(w1=0.5, b1=-0.2, w2=1.5, b2=0.3, x=0.8, y=1)
    net = [
        Layer("one", layers.dense, UNIT),
        Layer("tanh", layers.tanh),
        Layer("two", layers.dense, UNIT),
        Layer("sigmoid", layers.sigmoid),
    ]
    weights = {
        "one.W": np.array([[0.5]]),
        "one.b": np.array([-0.2]),
        "two.W": np.array([[1.5]]),
        "two.b": np.array([0.3]),
    }
    task = Task(net, losses.squared)
    _, gradients = loss_and_gradients(task, weights, np.array([[0.8]]), np.array([[1.0]]))
    names = {"w1": ("one.W", (0, 0)), "b1": ("one.b", (0,)), "w2": ("two.W", (0, 0)), "b2": ("two.b", (0,))}
    compare(run, gradients, names)


def test_two_steps_of_one_recurrent_unit() -> None:
    program = "h1 = tanh(w*x1 + b); h2 = tanh(w*x2 + u*h1 + b); J = (h2 - y)**2/2"
    run = ng.graph(program).at(w=0.5, u=-0.8, b=0.1, x1=0.7, x2=-1.2, y=0.25)
    net = [
        Layer("rnn", recurrent.rnn, {"W": (1, 1), "U": (1, 1), "b": (1,)}),
        Layer("last", recurrent.last),
    ]
    weights = {"rnn.W": np.array([[0.5]]), "rnn.U": np.array([[-0.8]]), "rnn.b": np.array([0.1])}
    task, x, y = Task(net, losses.squared), np.array([[[0.7], [-1.2]]]), np.array([[0.25]])
    J, gradients = loss_and_gradients(task, weights, x, y)
    assert loss(task, weights, x, y) == J
    compare(run, gradients, {"w": ("rnn.W", (0, 0)), "u": ("rnn.U", (0, 0)), "b": ("rnn.b", (0,))})


def test_two_steps_of_one_lstm_unit() -> None:
    gates = [
        f"{gate}{t} = {act}(w{gate}*x{t} + {f'u{gate}*h1 + ' if t == 2 else ''}b{gate})"
        for t in (1, 2)
        for gate, act in (("i", "sigmoid"), ("f", "sigmoid"), ("g", "tanh"), ("o", "sigmoid"))
    ]
    first = "c1 = i1*g1; h1 = o1*tanh(c1)"
    second = "c2 = f2*c1 + i2*g2; h2 = o2*tanh(c2); J = (h2 - y)**2/2"
    program = "; ".join([*(g for g in gates[:4] if g[0] != "f"), first, *gates[4:], second])
    numbers = np.random.default_rng(2).normal(size=12).round(3)
    given = {
        f"{kind}{gate}": numbers[4 * k + j] for k, kind in enumerate("wub") for j, gate in enumerate("ifgo")
    }
    run = ng.graph(program).at({**given, "x1": 0.7, "x2": -1.2, "y": 0.25})
    net = [
        Layer("lstm", recurrent.lstm, {"W": (1, 4), "U": (1, 4), "b": (4,)}),
        Layer("last", recurrent.last),
    ]
    weights = {"lstm.W": numbers[None, :4], "lstm.U": numbers[None, 4:8], "lstm.b": numbers[8:]}
    task, x, y = Task(net, losses.squared), np.array([[[0.7], [-1.2]]]), np.array([[0.25]])
    _, gradients = loss_and_gradients(task, weights, x, y)
    names: dict[str, tuple[str, tuple[int, ...]]] = {
        f"{kind}{gate}": (f"lstm.{part}", (0, j) if part != "b" else (j,))
        for kind, part in zip("wub", "WUb", strict=True)
        for j, gate in enumerate("ifgo")
    }
    compare(run, gradients, names)
