"""Right gradients of batch, layer and RMS norm, and of attention."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from tests.checks.battery.case import Case
from tests.checks.battery.units import softmax

EPSILON = 1e-3  # under the root; float16 has it


def norm(x: Any, C: Any, axis: int, centred: bool = True) -> Any:
    """Batch norm over axis 0, layer norm over axis 1, RMS norm if not centred. Examples are rows."""
    X = x["X"] - np.mean(x["X"], axis=axis, keepdims=True) if centred else x["X"]
    Z = X / np.sqrt(np.mean(X * X, axis=axis, keepdims=True) + EPSILON)
    Y = x["gain"] * Z + x["shift"] if "shift" in x else x["gain"] * Z
    return np.sum(C * np.sin(Y))


def norm_gradient(x: Any, C: Any, axis: int, centred: bool = True, bug: str = "") -> Any:
    def mean(a: Any) -> Any:
        return np.mean(a, axis=axis, keepdims=True)

    X = x["X"] - mean(x["X"]) if centred else x["X"]
    root = np.sqrt(mean(X * X) + EPSILON)
    Z = X / root
    Y = x["gain"] * Z + x["shift"] if "shift" in x else x["gain"] * Z
    dY = C * np.cos(Y)
    dZ = dY if bug == "gain forgotten" else dY * x["gain"]
    dX = dZ / root - Z * mean(dZ * Z) / root  # d of root = mean(X dX)/root
    if bug == "stale variance":
        dX = dZ / root
    if bug == "mean product without the mean":
        dX = dZ / root - Z * np.sum(dZ * Z, axis=axis, keepdims=True) / root
    if bug == "variance of n - 1":
        n = X.shape[axis]
        dX = dZ / root - Z * mean(dZ * Z) / root * (n / (n - 1))
    if bug == "epsilon forgotten":
        Z0 = X / np.sqrt(mean(X * X))
        dX = dZ / root - Z0 * mean(dZ * Z0) / root
    if bug == "root squared":
        dX = dX / root
    if centred and bug != "stale mean":
        dX = dX - mean(dX)
    if bug == "wrong axis":
        dX = dX + mean(dX) - np.mean(dX, axis=1 - axis, keepdims=True)
    found = {"X": dX, "gain": np.sum(dY * (X if bug == "gain of the unscaled" else Z), axis=0)}
    if bug == "gain sum missing":
        found["gain"] = (dY * Z)[0]
    if "shift" in x:
        found["shift"] = np.mean(dY, axis=0) if bug == "shift mean" else np.sum(dY, axis=0)
    return found


# Attention: tokens are rows; `allowed` says which keys each query may see.


def _weights(x: Any, X: Any, allowed: Any) -> tuple[Any, ...]:
    Q, K, V = X @ x["Wq"], X @ x["Wk"], X @ x["Wv"]
    S = np.where(allowed, Q @ K.T / math.sqrt(Q.shape[1]), np.array(-1e4, X.dtype))
    return Q, K, V, softmax(S)


def attention(x: Any, X: Any, allowed: Any, C: Any) -> Any:
    _, _, V, P = _weights(x, X, allowed)
    return np.sum(C * (P @ V @ x["Wo"]))


def attention_gradient(x: Any, X: Any, allowed: Any, C: Any, bug: str = "") -> Any:
    Q, K, V, P = _weights(x, X, allowed)
    A = P @ V
    dA = C @ (x["Wo"] if bug == "Wo not transposed" else x["Wo"].T)
    dP = dA @ V.T
    dS = P * (dP - np.sum(dP * P, axis=1, keepdims=True))
    if bug == "no off-diagonal":
        dS = P * (1 - P) * dP
    if bug == "softmax over the wrong axis":
        dS = P * (dP - np.sum(dP * P, axis=0, keepdims=True))
    if bug == "softmax forgotten":
        dS = dP
    if bug != "scale forgotten":
        dS = dS / math.sqrt(Q.shape[1])
    if bug == "scale twice":
        dS = dS / math.sqrt(Q.shape[1])
    dQ, dK = dS @ K, dS.T @ Q
    if bug == "scores not transposed":
        dK = dS @ Q
    if bug == "queries and keys swapped":
        dQ, dK = dK, dQ
    dV = (P if bug == "weights not transposed" else P.T) @ dA
    return {"Wq": X.T @ dQ, "Wk": X.T @ dK, "Wv": X.T @ dV, "Wo": A.T @ C}


def self_attention(X: Any, C: Any) -> Any:
    """Attention without weights: queries, keys and values are the tokens themselves."""
    return np.sum(C * (softmax(X @ X.T) @ X))


def self_attention_gradient(X: Any, C: Any, bug: str = "") -> Any:
    P = softmax(X @ X.T)
    dP = C @ X.T
    dS = P * (dP - np.sum(dP * P, axis=1, keepdims=True))
    parts = {"as values": P.T @ C, "as queries": dS @ X, "as keys": dS.T @ X}
    return sum(part for use, part in parts.items() if bug != f"forgotten {use}")


def cases() -> list[Case]:
    """The right gradients of this module."""
    random = np.random.default_rng(15)

    def normal(*shape: int) -> Any:
        return random.normal(size=shape)

    found = []
    for name, axis, centred in (("batch norm", 0, True), ("layer norm", 1, True), ("RMS norm", 1, False)):
        x = {"X": normal(5, 4), "gain": 1 + 0.3 * normal(4)}
        if centred:
            x["shift"] = normal(4)
        f, g = partial(norm, axis=axis, centred=centred), partial(norm_gradient, axis=axis, centred=centred)
        found.append(Case(name, f, x, g, (normal(5, 4),)))
    for name, allowed in (
        ("attention", np.ones((5, 5), bool)),
        ("causal attention", np.tri(5, dtype=bool)),
    ):
        x = {w: normal(4, 4) / 2 for w in ("Wq", "Wk", "Wv", "Wo")}
        found.append(Case(name, attention, x, attention_gradient, (normal(5, 4), allowed, normal(5, 4))))
    found.append(
        Case("self-attention", self_attention, normal(4, 3), self_attention_gradient, (normal(4, 3),))
    )
    return found
