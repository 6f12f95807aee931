"""Right gradients of two-layer and L-layer nets. Examples are columns, as in the course."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from tests.checks.battery.case import Case
from tests.checks.battery.units import UNITS, one_hot, sigmoid, softmax

Pairs = list[tuple[Any, Any]]


def _pairs(x: Any) -> Pairs:
    """(W, b) layer by layer, from W1, b1, W2 ... or from a list of layers."""
    if "layers" in x:
        return [(layer["W"], layer["b"]) for layer in x["layers"]]
    return [(x[f"W{k + 1}"], x[f"b{k + 1}"]) for k in range(len(x) // 2)]


def _like(x: Any, pairs: Pairs) -> Any:
    if "layers" in x:
        return {"layers": [{"W": W, "b": b} for W, b in pairs]}
    return {
        name: value
        for k, (W, b) in enumerate(pairs)
        for name, value in ((f"W{k + 1}", W), (f"b{k + 1}", b))
    }


def _forward(
    pairs: Pairs, X: Any, unit: str, masks: tuple[Any, ...], keep: float
) -> tuple[list[Any], list[Any]]:
    """Z of every layer, and what goes into every layer; the last layer is linear."""
    inputs, sums = [X], []
    for k, (W, b) in enumerate(pairs):
        sums.append(W @ inputs[-1] + b)
        if k < len(pairs) - 1:
            A = UNITS[unit][0](sums[-1])
            inputs.append(A * masks[k] / keep if masks else A)
    return sums, inputs


def net(x: Any, X: Any, Y: Any, *masks: Any, unit: str, l2: float = 0.0, keep: float = 1.0) -> Any:
    """The binary cross-entropy of a net with one logistic unit at its end."""
    pairs = _pairs(x)
    Z = _forward(pairs, X, unit, masks, keep)[0][-1]
    decay = sum(np.sum(W * W) for W, _ in pairs) * (l2 / 2) if l2 else 0
    return np.sum(np.logaddexp(0, Z) - Y * Z) / X.shape[1] + decay


def net_gradient(
    x: Any, X: Any, Y: Any, *masks: Any, unit: str, l2: float = 0.0, keep: float = 1.0, bug: str = ""
) -> Any:
    pairs = _pairs(x)
    m = X.shape[1]
    sums, inputs = _forward(pairs, X, unit, masks, keep)
    if bug == "stale weights":  # the weights as the next step would have them
        pairs = [(0.9 * W, b) for W, b in pairs]
    dZ = (sigmoid(sums[-1]) - Y) / m
    if bug == "squared loss":
        A = sigmoid(sums[-1])
        dZ = dZ * A * (1 - A)
    if bug == "hard labels":
        dZ = ((sums[-1] > 0) - Y) / m
    if bug == "1/m lost":
        dZ = dZ * m
    found: Pairs = []
    for k in reversed(range(len(pairs))):
        W = pairs[k][0]
        A = sums[k - 1] if bug == "pre-activation" and k else inputs[k]
        if bug == "inputs of the layer below" and k == len(pairs) - 1:
            A = inputs[k - 1][: inputs[k].shape[0]]
        dW = dZ @ A.T + l2 * W
        if bug == "L2 forgotten" or (bug == "L2 forgotten in the first layer" and k == 0):
            dW = dZ @ A.T
        if bug == "L2 doubled":
            dW = dZ @ A.T + 2 * l2 * W
        db = np.sum(dZ, axis=1, keepdims=True)
        if bug == "bias mean":
            db = db / m
        if bug == "bias sum dropped":
            db = dZ[:, :1]
        if bug == "bias over the wrong axis":
            db = np.resize(np.sum(dZ, axis=0), db.shape)
        if bug == "L2 on the bias":
            db = db + l2 * pairs[k][1]
        found.append((dW, db))
        if k == 0:
            break
        dA = (W.T if bug != "weight not transposed" or W.shape[0] != W.shape[1] else W) @ dZ
        if masks and bug != "mask forgotten":
            dA = dA * masks[k - 1]
        if masks and bug != "keep forgotten":
            dA = dA / keep
        if bug == "keep twice":
            dA = dA / keep
        before = inputs[k] * keep if masks else inputs[k]
        slope = UNITS[unit][1](sums[k - 1], before)
        if bug == "no slope" or (bug == "no slope in the first layer" and k == 1):
            slope = 1
        if bug == "slope of the pre-activation":
            slope = UNITS[unit][1](sums[k - 1], sums[k - 1])
        if bug == "slope of sigmoid":
            slope = before * (1 - before)
        if bug == "slope of tanh":
            slope = 1 - before * before
        if bug == "slope of the next layer":
            slope = (dA > 0).astype(dA.dtype)  # of deconvnets, not of the function
        dZ = dA * slope
    return _like(x, found[::-1])


# The net of the course's gradient-checking assignment, with its names.


def course_net(x: Any, X: Any, Y: Any) -> Any:
    A1 = np.maximum(x["W1"] @ X + x["b1"], 0)
    A2 = np.maximum(x["W2"] @ A1 + x["b2"], 0)
    A3 = sigmoid(x["W3"] @ A2 + x["b3"])
    return np.sum(-np.log(A3) * Y - np.log(1 - A3) * (1 - Y)) / X.shape[1]


def course_net_gradient(x: Any, X: Any, Y: Any, bug: str = "") -> Any:
    m = X.shape[1]
    Z1 = x["W1"] @ X + x["b1"]
    A1 = np.maximum(Z1, 0)
    Z2 = x["W2"] @ A1 + x["b2"]
    A2 = np.maximum(Z2, 0)
    A3 = sigmoid(x["W3"] @ A2 + x["b3"])
    dZ3 = A3 - Y
    dW3 = dZ3 @ A2.T / m
    db3 = np.sum(dZ3, axis=1, keepdims=True) / m
    dZ2 = (x["W3"].T @ dZ3) * (A2 > 0)
    dW2 = dZ2 @ A1.T / m * (2 if bug == "dW2 * 2" else 1)
    db2 = np.sum(dZ2, axis=1, keepdims=True) / m
    dA1 = (x["W2"] if bug == "W2 not transposed" else x["W2"].T) @ dZ2
    dZ1 = dA1 * ((A2 if bug == "relu of the wrong layer" else A1) > 0)
    dW1 = dZ1 @ X.T / m
    db1 = np.sum(dZ1, axis=1, keepdims=True) * (4 if bug == "db1 4/m" else 1) / m
    return {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2, "W3": dW3, "b3": db3}


# A softmax at the end.


def classifier(x: Any, X: Any, labels: Any) -> Any:
    Z = x["W2"] @ np.tanh(x["W1"] @ X + x["b1"]) + x["b2"]
    shifted = Z - np.max(Z, axis=0)
    return np.mean(np.log(np.sum(np.exp(shifted), axis=0)) - shifted[labels, np.arange(X.shape[1])])


def classifier_gradient(x: Any, X: Any, labels: Any, bug: str = "") -> Any:
    A1 = np.tanh(x["W1"] @ X + x["b1"])
    P = softmax(x["W2"] @ A1 + x["b2"], axis=1 if bug == "wrong axis" else 0)
    target = one_hot(labels, P.shape[0], P.dtype).T
    dZ2 = (P - (np.roll(target, 1, axis=0) if bug == "labels off by one" else target)) / X.shape[1]
    dZ1 = (x["W2"].T @ dZ2) * (1 - A1 * A1)
    return {
        "W1": dZ1 @ X.T, "b1": np.sum(dZ1, axis=1, keepdims=True),
        "W2": dZ2 @ A1.T, "b2": np.sum(dZ2, axis=1, keepdims=True),
    }  # fmt: skip


# Nets with an unusual graph: a residual connection, and one weight used twice.


def residual(x: Any, X: Any, T: Any) -> Any:
    H = X + x["W2"] @ np.tanh(x["W1"] @ X)
    return np.sum((H - T) ** 2) / (2 * X.shape[1])


def residual_gradient(x: Any, X: Any, T: Any, bug: str = "") -> Any:
    A = np.tanh(x["W1"] @ X)
    dH = (x["W2"] @ A - T if bug == "residual forgotten" else X + x["W2"] @ A - T) / X.shape[1]
    dZ = (x["W2"].T @ dH) * (1 - A * A)
    return {"W1": dZ @ X.T, "W2": dH @ A.T}


def autoencoder(x: Any, X: Any) -> Any:
    R = x["W"].T @ sigmoid(x["W"] @ X + x["b"]) + x["c"] - X
    return np.sum(R * R) / (2 * X.shape[1])


def autoencoder_gradient(x: Any, X: Any, bug: str = "") -> Any:
    A = sigmoid(x["W"] @ X + x["b"])
    dR = (x["W"].T @ A + x["c"] - X) / X.shape[1]
    dZ = (x["W"] @ dR) * A * (1 - A)
    uses = {"decoder only": A @ dR.T, "encoder only": dZ @ X.T}
    dW = uses[bug] if bug in uses else A @ dR.T + dZ @ X.T
    return {"W": dW, "b": np.sum(dZ, axis=1, keepdims=True), "c": np.sum(dR, axis=1, keepdims=True)}


def _layers(random: np.random.Generator, sizes: tuple[int, ...]) -> Pairs:
    return [
        (random.normal(size=(n, k)) / np.sqrt(k), random.normal(size=(n, 1)) * 0.3)
        for k, n in pairwise(sizes)
    ]


def cases() -> list[Case]:
    """The right gradients of this module."""
    random = np.random.default_rng(12)
    found = []
    X, Y = random.normal(size=(3, 7)), (random.random((1, 7)) < 0.5) * 1.0
    for unit in ("relu", "tanh", "sigmoid", "gelu", "swish"):
        x = _like({}, _layers(random, (3, 4, 1)))
        f, g = partial(net, unit=unit), partial(net_gradient, unit=unit)
        found.append(Case(f"two-layer {unit} net", f, x, g, (X, Y)))
    for unit in ("relu", "tanh", "sigmoid"):
        x = _like({"layers": []}, _layers(random, (3, 4, 4, 4, 1)))
        f, g = partial(net, unit=unit), partial(net_gradient, unit=unit)
        found.append(Case(f"four-layer {unit} net", f, x, g, (X, Y)))
    x = _like({}, _layers(random, (3, 4, 4, 1)))
    f, g = partial(net, unit="tanh", l2=0.1), partial(net_gradient, unit="tanh", l2=0.1)
    found.append(Case("net with L2", f, x, g, (X, Y)))
    masks = tuple(random.random((4, 7)) < 0.7 for _ in range(2))
    f, g = partial(net, unit="tanh", keep=0.7), partial(net_gradient, unit="tanh", keep=0.7)
    found.append(Case("net with dropout", f, x, g, (X, Y, *masks)))
    f, g = (
        partial(net, unit="relu", keep=0.7, l2=0.05),
        partial(net_gradient, unit="relu", keep=0.7, l2=0.05),
    )
    found.append(Case("net with dropout and L2", f, x, g, (X, Y, *masks)))
    found.append(
        Case(
            "course net", course_net, _like({}, _layers(random, (3, 5, 5, 1))), course_net_gradient, (X, Y)
        )
    )
    labels = np.array([0, 2, 1, 1, 2, 0, 0])
    x = _like({}, _layers(random, (3, 4, 3)))
    found.append(Case("classifier", classifier, x, classifier_gradient, (X, labels)))
    x = {"W1": random.normal(size=(4, 3)), "W2": random.normal(size=(3, 4))}
    found.append(Case("residual net", residual, x, residual_gradient, (X, random.normal(size=(3, 7)))))
    x = {"W": random.normal(size=(2, 3)), "b": random.normal(size=(2, 1)), "c": random.normal(size=(3, 1))}
    found.append(Case("tied autoencoder", autoencoder, x, autoencoder_gradient, (X,)))
    return found
