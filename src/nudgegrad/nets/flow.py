"""How dJ/dvalue goes back through a net: its size at each layer and time step, and where nan was born."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np

from ..formats import Array
from .net import BACKWARD, Task, backward, forward
from .recurrent import lstm, lstm_through_time, rnn, rnn_through_time

THROUGH_TIME = {rnn: rnn_through_time, lstm: lstm_through_time}


def gradient_norms(task: Task, weights: Mapping[str, Array], x: Array, y: np.ndarray) -> dict[str, Array]:
    """The length of dJ/d(output) for each layer, from left to right; for recurrent ones at each step, (T,).

    Where it shrinks from right to left the layers on the left hardly learn; where it grows they leap.
    """
    out, caches = forward(task.net, weights, x)
    _, cache = task.loss(out, y)
    _, flow = backward(task.net, BACKWARD[task.loss](cache), caches)
    found = {}
    for layer, cache in zip(task.net, caches, strict=True):
        d = flow[layer.name]
        if layer.forward in THROUGH_TIME:
            d, _ = THROUGH_TIME[layer.forward](d, cache)
            found[layer.name] = np.sqrt((d * d).sum(axis=(0, 2)))
        else:
            found[layer.name] = np.sqrt((d * d).sum())
    return found


def birthplace(
    task: Task,
    weights: Mapping[str, Array],
    x: Array,
    y: np.ndarray,
    random: np.random.Generator | None = None,
) -> str | None:
    """Where the first number that is not finite was born, in words; None if all are finite.

    Parameters
    ----------
    task : Task
    weights : mapping of str to array
        Finite ones.
    x, y : array
        The batch.
    random : numpy.random.Generator, optional
        As it was at that step.
    """
    caches = []
    for layer in task.net:
        x, (cache,) = forward([layer], weights, x, random)
        caches.append(cache)
        if not finite([x]):
            return f"layer '{layer.name}', forward"
    J, cache = task.loss(x, y)
    d = BACKWARD[task.loss](cache)
    if not (math.isfinite(J) and finite([d])):
        return "the loss"
    for layer, cache in zip(reversed(task.net), reversed(caches), strict=True):
        d, *own = BACKWARD[layer.forward](d, cache)
        if not finite([d, *own]):
            return f"layer '{layer.name}', backward"
    return None


def finite(arrays: Iterable[Array]) -> bool:
    """Whether no entry is nan or infinite."""
    return all(bool(np.isfinite(array).all()) for array in arrays)
