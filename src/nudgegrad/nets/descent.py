"""One step downhill: gradient descent and Adam; and what goes before it: minibatches and clipping.

Weights and gradients are dicts with the same names. Nothing is changed in place: a step gives new weights.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from ..formats import Array

Weights = Mapping[str, Array]
BETA1, BETA2, SMALL = 0.9, 0.999, 1e-8  # Kingma and Ba 2015, algorithm 1


def gradient_descent(weights: Weights, gradients: Weights, rate: float) -> dict[str, Array]:
    """Every weight a little against its derivative.

    Examples
    --------
    >>> gradient_descent({"w": np.array([1.0])}, {"w": np.array([4.0])}, rate=0.125)
    {'w': array([0.5])}
    """
    return {name: w - rate * gradients[name] for name, w in weights.items()}


class Moments(NamedTuple):
    """What Adam remembers: how many steps, and the running means of the gradients and of their squares."""

    t: int
    first: dict[str, Array]
    second: dict[str, Array]


def no_moments(weights: Weights) -> Moments:
    """Before the first step."""
    zeros = {name: np.zeros_like(w) for name, w in weights.items()}
    return Moments(0, zeros, dict(zeros))


def adam(
    weights: Weights, gradients: Weights, moments: Moments, rate: float
) -> tuple[dict[str, Array], Moments]:
    """Every weight by about `rate`, less where its derivative changes its sign from step to step.

    The formulas are torch's, operation by operation: the same numbers come out.
    """
    t = moments.t + 1
    first, second, found = {}, {}, {}
    size = rate / (1 - BETA1**t)  # the means start at 0: divided by what they lack
    spread = math.sqrt(1 - BETA2**t)
    for name, w in weights.items():
        d = gradients[name]
        first[name] = moments.first[name] + (1 - BETA1) * (d - moments.first[name])
        second[name] = BETA2 * moments.second[name] + (1 - BETA2) * d * d
        found[name] = w - size * first[name] / (np.sqrt(second[name]) / spread + SMALL)
    return found, Moments(t, first, second)


def norm(gradients: Weights) -> float:
    """The length of all derivatives as one vector."""
    return math.sqrt(sum(float(np.vdot(d, d)) for d in gradients.values()))


def clipped(gradients: Weights, limit: float) -> dict[str, Array]:
    """The same direction, but no longer than `limit`."""
    long = norm(gradients)
    return {name: d * (limit / long) if long > limit else d for name, d in gradients.items()}


def minibatches(random: np.random.Generator, count: int, size: int) -> Iterator[np.ndarray]:
    """The numbers of the examples, shuffled, in batches; the last one holds what is left."""
    order = random.permutation(count)
    for start in range(0, count, size):
        yield order[start : start + size]
