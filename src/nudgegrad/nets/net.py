"""A net: layers in a row, forward from left to right, backward from right to left.

Weights are one flat dict of arrays by names such as ``hidden.W``: what is trained, saved and checked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..formats import Array
from . import images, layers, losses, recurrent
from .layers import Cache
from .starts import Shape, he

BACKWARD: dict[Callable[..., Any], Callable[..., Any]] = {
    layers.dense: layers.dense_backward,
    layers.relu: layers.relu_backward,
    layers.sigmoid: layers.sigmoid_backward,
    layers.tanh: layers.tanh_backward,
    layers.dropout: layers.dropout_backward,
    layers.reshape: layers.reshape_backward,
    images.convolution: images.convolution_backward,
    images.max_pool: images.max_pool_backward,
    images.average_pool: images.average_pool_backward,
    recurrent.rnn: recurrent.rnn_backward,
    recurrent.lstm: recurrent.lstm_backward,
    recurrent.last: recurrent.last_backward,
    losses.squared: losses.squared_backward,
    losses.logistic: losses.logistic_backward,
    losses.softmax_cross_entropy: losses.softmax_cross_entropy_backward,
}
NONE: Mapping[str, Any] = {}


class Layer(NamedTuple):
    """A layer of a net.

    Parameters
    ----------
    name : str
    forward : callable
        Such as `layers.dense`.
    shapes : mapping of str to tuple of int
        Of its weights, in the order in which `forward` takes them.
    options : mapping
        What `forward` takes besides, such as ``{"stride": 2}``.
    start : callable
        What its matrices start with; biases start with 0.
    """

    name: str
    forward: Callable[..., tuple[Array, Cache]]
    shapes: Mapping[str, Shape] = NONE
    options: Mapping[str, Any] = NONE
    start: Callable[[np.random.Generator, Shape], Array] = he


Net = Sequence[Layer]


def start(net: Net, random: np.random.Generator) -> dict[str, Array]:
    """The weights to start with."""
    return {
        f"{layer.name}.{part}": layer.start(random, shape) if len(shape) > 1 else np.zeros(shape)
        for layer in net
        for part, shape in layer.shapes.items()
    }


def forward(
    net: Net, weights: Mapping[str, Array], x: Array, random: np.random.Generator | None = None
) -> tuple[Array, list[Cache]]:
    """What the net gives for x, and the cache of every layer.

    Parameters
    ----------
    net : sequence of Layer
    weights : mapping of str to array
    x : array
        Examples along the first axis.
    random : numpy.random.Generator, optional
        For dropout while training; without it nothing is dropped.
    """
    caches = []
    for layer in net:
        own = [weights[f"{layer.name}.{part}"] for part in layer.shapes]
        chance = {"random": random} if layer.forward is layers.dropout else {}
        x, cache = layer.forward(x, *own, **layer.options, **chance)
        caches.append(cache)
    return x, caches


def backward(net: Net, d: Array, caches: Sequence[Cache]) -> tuple[dict[str, Array], dict[str, Array]]:
    """dJ/dw for every weight, and dJ/d(output) for every layer, from dJ/d(output of the net)."""
    gradients, flow = {}, {}
    for layer, cache in zip(reversed(net), reversed(caches), strict=True):
        flow[layer.name] = d
        d, *own = BACKWARD[layer.forward](d, cache)
        for part, derivative in zip(layer.shapes, own, strict=True):
            gradients[f"{layer.name}.{part}"] = derivative
    return gradients, flow


class Task(NamedTuple):
    """What a net is to be good at.

    Parameters
    ----------
    net : sequence of Layer
    loss : callable
        Such as `losses.softmax_cross_entropy`.
    l2 : float
        Strength of L2 on the matrices.
    """

    net: Net
    loss: Callable[[Array, Array], tuple[float, Cache]]
    l2: float = 0.0


def loss(
    task: Task,
    weights: Mapping[str, Array],
    x: Array,
    y: np.ndarray,
    random: np.random.Generator | None = None,
) -> float:
    """J of a batch."""
    out, _ = forward(task.net, weights, x, random)
    J, _ = task.loss(out, y)
    return J + losses.l2(weights, task.l2) if task.l2 else J


def loss_and_gradients(
    task: Task,
    weights: Mapping[str, Array],
    x: Array,
    y: np.ndarray,
    random: np.random.Generator | None = None,
) -> tuple[float, dict[str, Array]]:
    """J of a batch and dJ/dw for every weight.

    Examples
    --------
    The lecture's unit, c = w x; a = c + b; J = (a - y)^2 / 2 at w = 2, x = -2, b = 8, y = 2:

    >>> unit = Task([Layer("unit", layers.dense, {"W": (1, 1), "b": (1,)})], losses.squared)
    >>> weights = {"unit.W": np.array([[2.0]]), "unit.b": np.array([8.0])}
    >>> J, gradients = loss_and_gradients(unit, weights, np.array([[-2.0]]), np.array([[2.0]]))
    >>> print(J, gradients["unit.W"], gradients["unit.b"])
    2.0 [[-4.]] [2.]
    """
    out, caches = forward(task.net, weights, x, random)
    J, cache = task.loss(out, y)
    gradients, _ = backward(task.net, BACKWARD[task.loss](cache), caches)
    if task.l2:
        J += losses.l2(weights, task.l2)
        for name, extra in losses.l2_backward(weights, task.l2).items():
            gradients[name] = gradients[name] + extra
    return J, {name: gradients[name] for name in weights}
