"""Vanishing and exploding gradients in one picture: over the layers of deep nets, and back through time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..formats import Array
from ..nets import losses, recurrent
from ..nets.flow import gradient_norms
from ..nets.layers import dense, relu, sigmoid
from ..nets.net import Layer, Task, start
from ..nets.starts import Shape, glorot, he
from .digits import rough
from .panels import Line, Panel, panels_svg

DEPTH, WIDTH, STEPS, UNITS, EXAMPLES = 20, 32, 40, 32, 64
SMALL, LARGE = 0.8, 1.6  # what the matrix of an RNN does to the length of a state, in each step
KEEP = 3.0  # bias of the LSTM's forget gate: sigmoid(3) = 0.95 of the memory is kept


def deep(act: Callable[..., Any], begin: Callable[..., Array]) -> Array:
    """The length of dJ/da for each layer of a net that has just started, from left to right."""
    net = [
        each
        for k in range(1, DEPTH + 1)
        for each in (
            Layer(f"dense{k}", dense, {"W": (WIDTH, WIDTH), "b": (WIDTH,)}, start=begin),
            Layer(f"act{k}", act),
        )
    ]
    random = np.random.default_rng(0)
    weights = start(net, random)
    x, y = random.normal(size=(2, EXAMPLES, WIDTH))
    found = gradient_norms(Task(net, losses.squared), weights, x, y)
    return np.array([float(found[f"act{k}"]) for k in range(1, DEPTH + 1)])


def through_time(
    layer: Callable[..., Any], gates: int, begin: Callable[..., Array], keep: float = 0
) -> Array:
    """The length of dJ/dh_t at each step of a net that has just started; J is of the last state."""
    shapes = {"W": (1, gates * UNITS), "U": (UNITS, gates * UNITS), "b": (gates * UNITS,)}
    net = [Layer("steps", layer, shapes, start=begin), Layer("last", recurrent.last)]
    random = np.random.default_rng(0)
    weights = start(net, random)
    if keep:
        weights["steps.b"][UNITS : 2 * UNITS] = keep
    x, y = 0.1 * random.normal(size=(EXAMPLES, STEPS, 1)), random.normal(size=(EXAMPLES, UNITS))
    return gradient_norms(Task(net, losses.squared), weights, x, y)["steps"]


def turning(size: float) -> Callable[[np.random.Generator, Shape], Array]:
    """A start whose square matrices turn a vector and make it `size` times as long."""

    def begin(random: np.random.Generator, shape: Shape) -> Array:
        if shape[0] != shape[1]:
            return glorot(random, shape)
        found: Array = size * np.linalg.qr(random.normal(size=shape))[0]
        return found

    return begin


def depth_panels() -> Sequence[Panel]:
    """Sigmoid against relu over depth, the RNN against the LSTM over time."""
    layers, steps = np.arange(1.0, DEPTH + 1), np.arange(1.0, STEPS + 1)
    return [
        Panel(
            f"{DEPTH} layers at the start",
            "layer",
            "length of dJ/da",
            [
                Line("relu, He", layers, deep(relu, he)),
                Line("sigmoid, Glorot", layers, deep(sigmoid, glorot)),
            ],
        ),
        Panel(
            f"{STEPS} steps in time",
            "step",
            "length of dJ/dh",
            [
                Line(f"LSTM, forget bias {KEEP:g}", steps, through_time(recurrent.lstm, 4, glorot, KEEP)),
                Line(
                    f"RNN, U turns and times {SMALL:g}",
                    steps,
                    through_time(recurrent.rnn, 1, turning(SMALL)),
                ),
                Line(f"RNN, times {LARGE:g}", steps, through_time(recurrent.rnn, 1, turning(LARGE))),
            ],
        ),
    ]


def depth_svg() -> str:
    """Both panels as an SVG document."""
    upper, lower = depth_panels()
    relus, sigmoids = map(_kept, upper.lines)
    lstm, small, large = map(_kept, lower.lines)
    sentences = [
        f"At the first layer the gradient is {sigmoids} times as long as at the last with sigmoids,"
        f" {relus} times with relus.",
        f"At the first step it is {small} times as long as at the last in one RNN, {large} times in the"
        f" other, {lstm} times in the LSTM.",
    ]
    return panels_svg([upper, lower], sentences)


def _kept(line: Line) -> str:
    """The first length in lengths of the last."""
    return rough(float(line.y[0] / line.y[-1]))
