"""Functions that several nets share, with their slopes, in the format of what they are given."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def softmax(z: Any, axis: int = -1) -> Any:
    e = np.exp(z - np.max(z, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


def one_hot(labels: Any, classes: int, dtype: Any) -> Any:
    return np.eye(classes, dtype=dtype)[labels]


C = math.sqrt(2 / math.pi)  # Hendrycks & Gimpel 2016, section 2: GELU by tanh


def _gelu(z: Any) -> Any:
    return z * (1 + np.tanh(C * (z + 0.044715 * z * z * z))) / 2


def _gelu_slope(z: Any, _: Any) -> Any:
    t = np.tanh(C * (z + 0.044715 * z * z * z))
    return (1 + t) / 2 + z * (1 - t * t) * C * (1 + 3 * 0.044715 * z * z) / 2


def _swish_slope(z: Any, a: Any) -> Any:
    s = sigmoid(z)
    return s + a * (1 - s)


Unit = tuple[Callable[[Any], Any], Callable[[Any, Any], Any]]

UNITS: dict[str, Unit] = {  # a(z), and da/dz by z and a
    "relu": (lambda z: np.maximum(z, 0), lambda z, _: (z > 0).astype(z.dtype)),
    "tanh": (np.tanh, lambda _, a: 1 - a * a),
    "sigmoid": (sigmoid, lambda _, a: a * (1 - a)),
    "gelu": (_gelu, _gelu_slope),
    "swish": (lambda z: z * sigmoid(z), _swish_slope),
}
