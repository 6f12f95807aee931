"""Losses by hand: squared, logistic, softmax cross-entropy; and L2 on the weights.

A loss takes what the net gave for m examples, and what it should have given. It returns J, the mean over
the examples, and a cache. Its backward takes the cache and gives dJ/d(what the net gave): where all of
backpropagation begins.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..formats import Array
from .layers import Cache, sigmoid

Weights = Mapping[str, Array]


def squared(a: Array, y: np.ndarray) -> tuple[float, Cache]:
    """J = sum (a - y)^2 / (2 m), for a and y of shape (m, n).

    Examples
    --------
    >>> J, cache = squared(np.array([[4.0]]), np.array([[1.0]]))
    >>> print(J, squared_backward(cache))
    4.5 [[3.]]
    """
    d = a - y  # (m, n)
    return (d * d).sum() / (2 * len(d)), d


def squared_backward(cache: Cache) -> Array:
    """dJ/da of `squared`."""
    d: Array = cache
    return d / len(d)  # (m, n): (a - y) / m


def logistic(z: Array, y: np.ndarray) -> tuple[float, Cache]:
    """J = -sum (y log s + (1 - y) log(1 - s)) / m with s = sigmoid(z), for z and y of shape (m, 1).

    Taken together with the sigmoid it is log(1 + exp(z)) - y z, which no z makes overflow.
    """
    J = (np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))) - y * z).sum() / len(z)
    return J, (z, y)


def logistic_backward(cache: Cache) -> Array:
    """dJ/dz of `logistic`."""
    z, y = cache
    s, _ = sigmoid(z)
    d: Array = (s - y) / len(z)  # (m, 1): the log's 1/s cancels the sigmoid's slope
    return d


def softmax_cross_entropy(z: Array, y: np.ndarray) -> tuple[float, Cache]:
    """J = -sum log p[y] / m with p = softmax(z), for z of shape (m, k) and labels y of shape (m,).

    The largest z of each example is taken off first: p stays the same and exp cannot overflow.
    """
    shifted = z - z.max(axis=1, keepdims=True)  # (m, k)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))  # (m, k)
    J = -log_p[np.arange(len(y)), y].sum() / len(y)
    return J, (log_p, y)


def softmax_cross_entropy_backward(cache: Cache) -> Array:
    """dJ/dz of `softmax_cross_entropy`."""
    log_p, y = cache
    dz: Array = np.exp(log_p)  # (m, k): p
    dz[np.arange(len(y)), y] -= 1  # p - 1 for the right answer, p for the others
    return dz / len(y)


def l2(weights: Weights, strength: float) -> float:
    """strength / 2 times the sum of the squares of all matrices; biases, of one axis, are left out."""
    return 0.5 * strength * sum(float((W * W).sum()) for W in weights.values() if W.ndim > 1)


def l2_backward(weights: Weights, strength: float) -> dict[str, Array]:
    """d/dW of `l2`, for the matrices."""
    return {name: strength * W for name, W in weights.items() if W.ndim > 1}
