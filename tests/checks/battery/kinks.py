"""Traps with corners: at the point itself, near it, or smoothed away.

At a corner a claim within the one-sided slopes of every direction is a subgradient; nothing else is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.checks.battery.case import DOUBTFUL, UNSURE, Case
from tests.checks.battery.layers import max_pool, max_pool_backward

Function = Callable[..., Any]

AT = "corner at the point"
OUTSIDE = "not a subgradient"


def constant(*numbers: float) -> Callable[..., Any]:
    """A gradient that is these numbers, whatever x is."""
    return lambda x, *_: np.array(numbers, x.dtype).reshape(x.shape)


def relu_sum(x: Any) -> Any:
    return np.sum(np.maximum(x, 0))


def absolute_sum(x: Any) -> Any:
    return np.sum(np.abs(x))


def largest(x: Any) -> Any:
    return np.max(x)


def relu_net(x: Any, X: Any, T: Any) -> Any:
    return np.sum((np.maximum(X @ x["W"] + x["b"], 0) @ x["v"] - T) ** 2) / 2


def relu_net_gradient(x: Any, X: Any, T: Any) -> Any:
    Z = X @ x["W"] + x["b"]
    A = np.maximum(Z, 0)
    d = A @ x["v"] - T
    dZ = np.outer(d, x["v"]) * (Z > 0)
    return {"W": X.T @ dZ, "b": np.sum(dZ, axis=0), "v": A.T @ d}


def relu_net_gradient_other(x: Any, X: Any, T: Any) -> Any:
    """The slope 1 at 0."""
    Z = X @ x["W"] + x["b"]
    d = np.maximum(Z, 0) @ x["v"] - T
    dZ = np.outer(d, x["v"]) * (Z >= 0)
    return {"W": X.T @ dZ, "b": np.sum(dZ, axis=0), "v": np.maximum(Z, 0).T @ d}


def max_pool_shared(X: Any, T: Any) -> Any:
    """Every pixel that is as large as the largest gets its share of the gradient."""
    ties = max_pool_backward(X, np.ones_like(T), "to all ties").reshape(1, 1, 2, 2, 2, 2)
    shares = ties / np.sum(ties, axis=(3, 5), keepdims=True)
    top = X.reshape(1, 1, 2, 2, 2, 2).max(axis=(3, 5), keepdims=True)
    return (shares * (top - T.reshape(1, 1, 2, 1, 2, 1))).reshape(X.shape)


def max_pool_to_all(X: Any, T: Any) -> Any:
    """Every pixel that is as large as the largest gets the whole gradient."""
    top = X.reshape(1, 1, 2, 2, 2, 2).max(axis=(3, 5))
    return max_pool_backward(X, top - T, "to all ties")


def max_pool_to_first(X: Any, T: Any) -> Any:
    top = X.reshape(1, 1, 2, 2, 2, 2).max(axis=(3, 5))
    return max_pool_backward(X, top - T)


def huber(x: Any) -> Any:
    d = np.abs(x)
    return np.sum(np.where(d <= 1, d * d / 2, d - 0.5))


def _at(
    name: str, f: Function, x: Any, grad: Function, args: tuple[Any, ...] = (), wrong: str = ""
) -> Case:
    return Case(
        name, f, x, grad, args, wrong, frozenset("x") if wrong else frozenset(), trap=AT,
        expected=DOUBTFUL if wrong else UNSURE, says="" if wrong else "subgradient",
    )  # fmt: skip


def at_the_point() -> list[Case]:
    """Corners exactly at x."""
    random = np.random.default_rng(21)
    zero, zeros = np.array([0.0]), np.array([0.0, 0.7, -0.4])
    dead = {"W": random.normal(size=(3, 4)), "b": np.zeros(4), "v": random.normal(size=4)}
    X = np.vstack([np.zeros(3), random.normal(size=(2, 3))])  # of zeros: every unit is at 0
    T = random.normal(size=3)
    tied = np.array([[1.0, 1, 3, 2], [0, 1, 3, 3], [5, 4, 2, 2], [4, 4, 2, 2]]).reshape(1, 1, 4, 4)
    targets = np.array([0.0, 1, 3, 1]).reshape(1, 1, 2, 2)  # so that all kinks are convex

    return [
        _at("relu at 0, claim 0", relu_sum, zero, constant(0)),
        _at("relu at 0, claim 1", relu_sum, zero, constant(1)),
        _at("relu at 0, claim 1/2", relu_sum, zero, constant(0.5)),
        _at("relu at 0, claim 3/2", relu_sum, zero, constant(1.5), wrong=OUTSIDE),
        _at("relu at 0 among others, claim -1", relu_sum, zeros, constant(-1, 1, 0), wrong=OUTSIDE),
        _at("relu at 0 among others", relu_sum, zeros, constant(0, 1, 0)),
        _at("abs at 0, claim 0", absolute_sum, zeros, constant(0, 1, -1)),
        _at("abs at 0, claim 2", absolute_sum, zeros, constant(2, 1, -1), wrong=OUTSIDE),
        _at("largest of two equals, shared", largest, np.array([1.0, 2, 2]), constant(0, 0.5, 0.5)),
        _at(
            "largest of two equals, both", largest, np.array([1.0, 2, 2]), constant(0, 1, 1), wrong=OUTSIDE
        ),
        _at("largest of three equals, to one", largest, np.full(3, 1.5), constant(0, 1, 0)),
        _at("max pooling of ties, to the first", max_pool, tied, max_pool_to_first, (targets,)),
        _at("max pooling of ties, shared", max_pool, tied, max_pool_shared, (targets,)),
        _at("max pooling of ties, to all", max_pool, tied, max_pool_to_all, (targets,), wrong=OUTSIDE),
        _at("relu net with zeros", relu_net, dead, relu_net_gradient, (X, T)),
        _at("relu net with zeros, slope 1 at 0", relu_net, dead, relu_net_gradient_other, (X, T)),
    ]


def _near(
    name: str, f: Function, x: Any, grad: Function, args: tuple[Any, ...] = (), wrong: str = ""
) -> Case:
    return Case(
        name, f, x, grad, args, wrong, frozenset("x") if wrong else frozenset(), trap="corner nearby",
        expected=DOUBTFUL if wrong else UNSURE,
    )  # fmt: skip


def near_the_point() -> list[Case]:
    """Corners near x, and corners of the second derivative."""
    random = np.random.default_rng(22)
    X = random.normal(size=(4, 3))
    T = random.normal(size=4)
    near = {"W": random.normal(size=(3, 4)), "b": np.zeros(4), "v": random.normal(size=4)}
    near["b"] = 1e-6 - (X[0] @ near["W"])  # the first example's sums are 1e-6
    close = np.array([1e-6, -1e-6, 0.5])

    def relu_waves(x: Any) -> Any:
        return np.sum(np.maximum(x - 1e-6, 0) + np.sin(x))

    def relu_waves_gradient(x: Any) -> Any:
        return (x > 1e-6) + np.cos(x)

    def twice(x: Any) -> Any:
        return 2 * relu_waves_gradient(x)

    from_corner = np.array([1.3e-6, 0.9, -0.4])
    return [
        _near("near a corner", relu_waves, from_corner, relu_waves_gradient),
        _near("near a corner, twice", relu_waves, from_corner, twice, wrong="factor 2"),
        _near("relu net near its corners", relu_net, near, relu_net_gradient, (X, T)),
        _near(
            "across a near corner", absolute_sum, close, constant(0, 0, 1), wrong="slope across the corner"
        ),
        _near("largest of near equals", largest, np.array([1.0, 2, 2 + 1e-6]), constant(0, 0, 1)),
        _near("Huber at its threshold", huber, np.array([1.0, -1.0, 0.3]), lambda x: np.clip(x, -1, 1)),
        _near("x |x| at 0", lambda x: np.sum(x * np.abs(x)), np.array([0.0, 0.5]), lambda x: 2 * np.abs(x)),
        _near("dead relu net", relu_net, near | {"b": np.full(4, -50.0)}, relu_net_gradient, (X, T)),
    ]
