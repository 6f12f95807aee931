"""Every layer and loss at numbers of its own: what is checked, broken, and compared with frameworks."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nudgegrad.nets import images, layers, losses, recurrent

M = 5  # examples


@dataclass(frozen=True)
class Case:
    """A layer at some arrays.

    Parameters
    ----------
    forward, backward : callable
    shapes : mapping of str to tuple of int
        Of the arrays that `forward` takes, in their order.
    options : mapping
        What it takes besides; made anew for each call, because a generator changes.
    scale : float
        Of the arrays.
    """

    forward: Callable[..., Any]
    backward: Callable[..., Any]
    shapes: dict[str, tuple[int, ...]]
    options: Callable[[], dict[str, Any]] = field(default=dict)
    scale: float = 1.0

    @property
    def terms(self) -> int:
        """No entry is a sum of more: all numbers that there are."""
        return sum(map(math.prod, self.shapes.values()))

    def arrays(self) -> dict[str, Any]:
        random = np.random.default_rng(7)
        return {name: self.scale * random.normal(size=shape) for name, shape in self.shapes.items()}

    def cotangent(self) -> Any:
        """dJ/d(output) of the check's J, the sum of cotangent * output."""
        y, _ = self.forward(*self.arrays().values(), **self.options())
        return np.random.default_rng(8).normal(size=y.shape)

    def f(self, arrays: dict[str, Any]) -> Any:
        y, _ = self.forward(*arrays.values(), **self.options())
        return (self.cotangent() * y).sum()

    def gradient(self, arrays: dict[str, Any], backward: Any = None) -> dict[str, Any]:
        _, cache = self.forward(*arrays.values(), **self.options())
        found = (backward or self.backward)(self.cotangent(), cache)
        return dict(zip(arrays, found, strict=True))


@dataclass(frozen=True)
class LossCase(Case):
    """A loss at what a net gave, and what it should have given."""

    y: Any = None

    def f(self, arrays: dict[str, Any]) -> Any:
        return self.forward(*arrays.values(), self.y)[0]

    def gradient(self, arrays: dict[str, Any], backward: Any = None) -> dict[str, Any]:
        _, cache = self.forward(*arrays.values(), self.y)
        return dict(zip(arrays, [(backward or self.backward)(cache)], strict=True))


def image(side: int = 7, channels: int = 3) -> dict[str, tuple[int, ...]]:
    return {"x": (M, side, side, channels)}


def windows(size: int, stride: int) -> Callable[[], dict[str, Any]]:
    return lambda: {"size": size, "stride": stride}


FILTERS: dict[str, tuple[int, ...]] = {"W": (3, 3, 3, 3), "b": (3,)}
CASES = {
    "dense": Case(layers.dense, layers.dense_backward, {"x": (M, 4), "W": (4, 4), "b": (4,)}),
    "relu": Case(layers.relu, layers.relu_backward, {"z": (M, 4)}),
    "sigmoid": Case(layers.sigmoid, layers.sigmoid_backward, {"z": (M, 4)}),
    "tanh": Case(layers.tanh, layers.tanh_backward, {"z": (M, 4)}),
    "dropout": Case(
        layers.dropout,
        layers.dropout_backward,
        {"x": (M, 8)},
        lambda: {"rate": 0.4, "random": np.random.default_rng(1)},
    ),
    "reshape": Case(
        layers.reshape, layers.reshape_backward, {"x": (M, 2, 3, 4)}, lambda: {"shape": (6, 4)}
    ),
    "convolution": Case(
        images.convolution, images.convolution_backward, image() | FILTERS, lambda: {"padding": 1}
    ),
    "convolution, stride 2": Case(
        images.convolution, images.convolution_backward, image(8) | FILTERS, lambda: {"stride": 2}
    ),
    "max pool": Case(images.max_pool, images.max_pool_backward, image(8), windows(2, 2)),
    "max pool, overlapping": Case(images.max_pool, images.max_pool_backward, image(), windows(3, 2)),
    "average pool": Case(images.average_pool, images.average_pool_backward, image(8), windows(2, 2)),
    "average pool, overlapping": Case(
        images.average_pool, images.average_pool_backward, image(8), windows(3, 2)
    ),
    "rnn": Case(
        recurrent.rnn,
        recurrent.rnn_backward,
        {"x": (M, 6, 4), "W": (4, 4), "U": (4, 4), "b": (4,)},
        scale=0.5,
    ),
    "lstm": Case(
        recurrent.lstm,
        recurrent.lstm_backward,
        {"x": (M, 6, 4), "W": (4, 16), "U": (4, 16), "b": (16,)},
    ),
    "last": Case(recurrent.last, recurrent.last_backward, {"h": (M, 6, 4)}),
    "squared": LossCase(
        losses.squared, losses.squared_backward, {"a": (M, 3)}, y=np.linspace(-1, 1, 3 * M).reshape(M, 3)
    ),
    "logistic": LossCase(
        losses.logistic,
        losses.logistic_backward,
        {"z": (M, 1)},
        y=np.array([[0.0], [1.0], [1.0], [0.0], [0.25]]),
    ),
    "softmax cross-entropy": LossCase(
        losses.softmax_cross_entropy,
        losses.softmax_cross_entropy_backward,
        {"z": (M, 4)},
        y=np.array([0, 3, 3, 1, 2]),
    ),
}
