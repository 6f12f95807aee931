"""Right gradients of the two labs' nets and of linear, logistic and softmax regression.

Every gradient here and in the modules beside it takes `bug`: the empty word for the right gradient, or the
word of one mistake, which stands beside the line it spoils. `mistakes` plants them.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from tests.checks.battery.case import Case
from tests.checks.battery.units import one_hot, sigmoid, softmax

# The labs' nets, scalars throughout.


def lab_chain(x: Any) -> Any:
    return (2 + 3 * x["w"]) ** 2


def lab_chain_gradient(x: Any, bug: str = "") -> Any:
    a = 2 + 3 * x["w"]
    inner = 1 if bug == "no inner derivative" else 3
    return {"w": 2 * a * inner}


def lab_unit(x: Any, x_in: Any, y: Any) -> Any:
    d = x["w"] * x_in + x["b"] - y
    return d**2 / 2


def lab_unit_gradient(x: Any, x_in: Any, y: Any, bug: str = "") -> Any:
    d = x["w"] * x_in + x["b"] - y
    if bug == "swapped":
        return {"w": d * x["w"], "b": d}
    return {"w": d * x_in, "b": d}


def lab_relu(x: Any, x_in: Any, y: Any) -> Any:
    a1 = np.maximum(x["w1"] * x_in + x["b1"], 0)
    a2 = np.maximum(x["w2"] * a1 + x["b2"], 0)
    return (a2 - y) ** 2 / 2


def lab_relu_gradient(x: Any, x_in: Any, y: Any, bug: str = "") -> Any:
    z1 = x["w1"] * x_in + x["b1"]
    a1 = np.maximum(z1, 0)
    z2 = x["w2"] * a1 + x["b2"]
    d = np.maximum(z2, 0) - y
    dz2 = d * (z2 > 0)
    da1 = dz2 if bug == "weight forgotten" else dz2 * x["w2"]
    dz1 = da1 * (z1 > 0)
    return {"w1": dz1 * x_in, "b1": dz1, "w2": dz2 * a1, "b2": dz2}


def lab_logistic(x: Any, x0: Any, x1: Any, y: Any) -> Any:
    f = x0 * x["w0"] + x1 * x["w1"] + x["b"]
    return (y - 1 / (1 + np.exp(-f))) ** 2


def lab_logistic_gradient(x: Any, x0: Any, x1: Any, y: Any, bug: str = "") -> Any:
    a = 1 / (1 + np.exp(-(x0 * x["w0"] + x1 * x["w1"] + x["b"])))
    df = -2 * (y - a) * a * (1 - a)
    de = 2 * df if bug == "df/de = 2" else df  # as the lab's unused network was once published
    return {"w0": df * x0, "w1": de * x1, "b": df}


# Regressions: examples are rows.


def linear(x: Any, X: Any, y: Any, ridge: float = 0.0) -> Any:
    r = X @ x["w"] + x["b"] - y
    return np.sum(r * r) / (2 * len(y)) + ridge / 2 * np.sum(x["w"] * x["w"])


def linear_gradient(x: Any, X: Any, y: Any, ridge: float = 0.0, bug: str = "") -> Any:
    m = len(y)
    r = X @ x["w"] + x["b"] - y
    if bug == "target sign":
        r = X @ x["w"] + x["b"] + y
    if bug == "bias forgotten":
        r = X @ x["w"] - y
    dw, db = X.T @ r / m, np.sum(r) / m
    if bug == "last example dropped":
        dw, db = X[:-1].T @ r[:-1] / m, np.sum(r[:-1]) / m
    if bug == "mean of absolute":
        dw = X.T @ np.sign(r) / m
    return {"w": dw + ridge * x["w"], "b": db}


def logistic(x: Any, X: Any, y: Any, ridge: float = 0.0) -> Any:
    z = X @ x["w"] + x["b"]
    return np.mean(np.logaddexp(0, z) - y * z) + ridge / 2 * np.sum(x["w"] * x["w"])


def logistic_gradient(x: Any, X: Any, y: Any, ridge: float = 0.0, bug: str = "") -> Any:
    a = sigmoid(X @ x["w"] + x["b"])
    dz = (a - y) / len(y)
    if bug == "squared loss":
        dz = (a - y) * a * (1 - a) / len(y)
    db = dz[0] if bug == "bias sum dropped" else np.sum(dz)
    return {"w": X.T @ dz + ridge * x["w"], "b": db}


def softmax_regression(x: Any, X: Any, labels: Any) -> Any:
    z = X @ x["W"] + x["b"]
    shifted = z - np.max(z, axis=1, keepdims=True)
    return np.mean(np.log(np.sum(np.exp(shifted), axis=1)) - shifted[np.arange(len(labels)), labels])


def softmax_regression_gradient(x: Any, X: Any, labels: Any, bug: str = "") -> Any:
    z = X @ x["W"] + x["b"]
    p = softmax(z, axis=0 if bug == "wrong axis" else 1)
    m, target = len(labels), one_hot(labels, p.shape[1], z.dtype)
    dz = (p - target) / m
    if bug == "no target":
        dz = p / m
    if bug == "no off-diagonal":  # the chain through p with only the diagonal of softmax's Jacobian
        dz = -target / p * p * (1 - p) / m
    db = np.sum(dz, axis=1)[: p.shape[1]] if bug == "bias over the wrong axis" else np.sum(dz, axis=0)
    return {"W": X.T @ dz, "b": db}


def cases() -> list[Case]:
    """The right gradients of this module."""
    random = np.random.default_rng(11)
    X = random.normal(size=(6, 3))
    y = random.normal(size=6)
    yes = np.array([1.0, 0, 0, 1, 1, 0])
    w = {"w": random.normal(size=3), "b": np.array(0.3)}
    classes = {"W": random.normal(size=(3, 4)), "b": random.normal(size=4)}

    def scalars(**values: float) -> dict[str, Any]:
        return {name: np.array(v) for name, v in values.items()}

    number = np.float64
    with_ridge = partial(linear, ridge=0.1), partial(linear_gradient, ridge=0.1)
    logistic_ridge = partial(logistic, ridge=0.25), partial(logistic_gradient, ridge=0.25)
    return [
        Case("lab chain", lab_chain, scalars(w=3.0), lab_chain_gradient),
        Case("lab unit", lab_unit, scalars(w=-2.0, b=8.0), lab_unit_gradient, (number(2), number(1))),
        Case(
            "lab relu", lab_relu, scalars(w1=2.0, b1=0.0, w2=3.0, b2=1.0), lab_relu_gradient,
            (number(1), number(5)),
        ),
        Case(
            "lab logistic", lab_logistic, scalars(w0=-2.0, w1=3.0, b=-4.0), lab_logistic_gradient,
            (number(1), number(2), number(1)),
        ),
        Case("linear regression", linear, w, linear_gradient, (X, y)),
        Case("ridge regression", with_ridge[0], w, with_ridge[1], (X, y)),
        Case("logistic regression", logistic, w, logistic_gradient, (X, yes)),
        Case("logistic regression with L2", logistic_ridge[0], w, logistic_ridge[1], (X, yes)),
        Case(
            "softmax regression", softmax_regression, classes, softmax_regression_gradient,
            (X, np.array([0, 2, 1, 3, 3, 0])),
        ),
    ]  # fmt: skip
