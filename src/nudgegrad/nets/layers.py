"""Layers of a net by hand: dense, relu, sigmoid, tanh, dropout, reshape.

The rules that all layers of this room keep, here and in `images` and `recurrent`:

- The first axis of every array is the m examples of a batch.
- A layer takes its input x and its weights, and gives its output and a cache: what backward will need.
- The backward takes dJ/d(output) and the cache. It gives one derivative for each array that the layer took,
  in the same order: dJ/dx first, then one for each weight.
- `dz` is short for dJ/dz, as in the course, and has the shape of z.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..formats import Array

Cache = Any  # a tuple or an array, known to one layer and its backward only


def dense(x: Array, W: Array, b: Array) -> tuple[Array, Cache]:
    """Every output is a weighted sum of all inputs.

    Examples
    --------
    >>> z, cache = dense(np.array([[1.0, 2.0]]), W=np.array([[3.0], [4.0]]), b=np.array([5.0]))
    >>> z
    array([[16.]])
    >>> for d in dense_backward(np.array([[10.0]]), cache):
    ...     print(d.tolist())
    [[30.0, 40.0]]
    [[10.0], [20.0]]
    [10.0]
    """
    z = x @ W + b  # (m, n_out) = (m, n_in) (n_in, n_out) + (n_out,)
    return z, (x, W)


def dense_backward(dz: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """dJ/dx, dJ/dW and dJ/db of `dense`."""
    x, W = cache
    dx = dz @ W.T  # (m, n_in) = (m, n_out) (n_out, n_in): each input by all outputs it went into
    dW = x.T @ dz  # (n_in, n_out) = (n_in, m) (m, n_out): summed over the examples
    db = dz.sum(axis=0)  # (n_out,): b was added to each of the m examples
    return dx, dW, db


def relu(z: Array) -> tuple[Array, Cache]:
    """What is above 0."""
    a = np.maximum(z, 0)  # (m, ...)
    return a, a


def relu_backward(da: Array, cache: Cache) -> tuple[Array]:
    """dJ/dz of `relu`; at its corner 0, as frameworks have it."""
    a = cache
    return (da * (a > 0),)  # relu' = 1 where z > 0, else 0


def sigmoid(z: Array) -> tuple[Array, Cache]:
    """From 0 to 1; exp takes negative numbers only, so it cannot overflow."""
    e = np.exp(-np.abs(z))  # 1 / (1 + exp(-z)) = exp(z) / (1 + exp(z))
    a = np.where(z >= 0, 1, e) / (1 + e)  # (m, ...)
    return a, a


def sigmoid_backward(da: Array, cache: Cache) -> tuple[Array]:
    """dJ/dz of `sigmoid`."""
    a = cache
    return (da * a * (1 - a),)  # sigmoid' = a (1 - a), at most 1/4


def tanh(z: Array) -> tuple[Array, Cache]:
    """From -1 to 1."""
    a = np.tanh(z)  # (m, ...)
    return a, a


def tanh_backward(da: Array, cache: Cache) -> tuple[Array]:
    """dJ/dz of `tanh`."""
    a = cache
    return (da * (1 - a * a),)  # tanh' = 1 - a^2, at most 1


def dropout(x: Array, rate: float, random: np.random.Generator | None) -> tuple[Array, Cache]:
    """A share `rate` of the entries set to 0 at random, the others made larger so that the mean stays.

    Without `random`, as after training, x as it is.
    """
    keep = 1 - rate
    mask = np.ones_like(x) if random is None else (random.random(x.shape) < keep) / keep
    return x * mask, mask  # (m, ...), entry by entry


def dropout_backward(dy: Array, cache: Cache) -> tuple[Array]:
    """dJ/dx of `dropout`: what did not come through gets nothing back."""
    mask = cache
    return (dy * mask,)


def reshape(x: Array, shape: tuple[int, ...]) -> tuple[Array, Cache]:
    """The same numbers of each example in another shape, such as an image in one row."""
    return x.reshape(len(x), *shape), x.shape  # (m, ...) -> (m, *shape)


def reshape_backward(dy: Array, cache: Cache) -> tuple[Array]:
    """dJ/dx of `reshape`: every number goes back to its place."""
    shape = cache
    return (dy.reshape(shape),)
