"""Right gradients of losses by the predictions, and of similarities."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.checks.battery.case import Case
from tests.checks.battery.units import one_hot, sigmoid, softmax


def squared(p: Any, t: Any) -> Any:
    return np.mean((p - t) ** 2)


def squared_gradient(p: Any, t: Any, bug: str = "") -> Any:
    d = t - p if bug == "swapped" else p - t
    return d / p.size if bug == "2 forgotten" else 2 * d / p.size


def absolute(p: Any, t: Any) -> Any:
    return np.mean(np.abs(p - t))


def absolute_gradient(p: Any, t: Any, bug: str = "") -> Any:
    return (p - t if bug == "no sign" else np.sign(p - t)) / p.size


def huber(p: Any, t: Any) -> Any:
    d = np.abs(p - t)
    return np.sum(np.where(d < 1, d * d / 2, d - 0.5))


def huber_gradient(p: Any, t: Any, bug: str = "") -> Any:
    d = p - t
    if bug == "not clipped":
        return d
    if bug == "clipped on one side":
        return np.minimum(d, 1)
    return np.clip(d, -2, 2) if bug == "clipped elsewhere" else np.clip(d, -1, 1)


def cross_entropy(z: Any, labels: Any) -> Any:
    shifted = z - np.max(z, axis=1, keepdims=True)
    return np.sum(np.log(np.sum(np.exp(shifted), axis=1)) - shifted[np.arange(len(z)), labels])


def cross_entropy_gradient(z: Any, labels: Any, bug: str = "") -> Any:
    p, target = softmax(z), one_hot(labels, z.shape[1], z.dtype)
    if bug == "no off-diagonal":
        return (p - 1) * target
    return p - target


def smoothed(z: Any, labels: Any) -> Any:
    shifted = z - np.max(z, axis=1, keepdims=True)
    logs = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    target = 0.9 * one_hot(labels, z.shape[1], z.dtype) + 0.1 / z.shape[1]
    return -np.mean(np.sum(target * logs, axis=1))


def smoothed_gradient(z: Any, labels: Any, bug: str = "") -> Any:
    target = one_hot(labels, z.shape[1], z.dtype)
    if bug != "smoothing forgotten":
        target = 0.9 * target + 0.1 / z.shape[1]
    return (softmax(z) - target) / len(z)


def binary_from_probabilities(p: Any, t: Any) -> Any:
    return -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))


def binary_from_probabilities_gradient(p: Any, t: Any, bug: str = "") -> Any:
    if bug == "as of logits":
        return (p - t) / p.size
    return -(t / p if bug == "one term" else t / p - (1 - t) / (1 - p)) / p.size


def focal(z: Any, t: Any) -> Any:
    a = sigmoid(z)
    return -np.sum(t * (1 - a) ** 2 * np.log(a))


def focal_gradient(z: Any, t: Any, bug: str = "") -> Any:
    a = sigmoid(z)
    by_log = -t * (1 - a) ** 3
    return by_log if bug == "weight held fixed" else by_log + 2 * t * a * (1 - a) ** 2 * np.log(a)


def hinge(x: Any, X: Any, y: Any) -> Any:
    return np.mean(np.maximum(1 - y * (X @ x["w"] + x["b"]), 0)) + 0.05 * np.sum(x["w"] * x["w"])


def hinge_gradient(x: Any, X: Any, y: Any, bug: str = "") -> Any:
    margin = y * (X @ x["w"] + x["b"])
    active = margin < (0 if bug == "margin at 0" else 1)
    if bug == "all active":
        active = np.ones_like(active)
    dz = -(active * (np.ones_like(y) if bug == "label forgotten" else y)) / len(y)
    decay = 0.05 if bug == "2 forgotten" else 0.1
    return {"w": X.T @ dz + decay * x["w"], "b": np.sum(dz)}


def divergence(z: Any, q: Any) -> Any:
    """KL(p || q) of p = softmax(z)."""
    p = softmax(z)
    return np.sum(p * np.log(p / q))


def divergence_gradient(z: Any, q: Any, bug: str = "") -> Any:
    p = softmax(z)
    if bug == "the other divergence":
        return p - q
    if bug == "not centred":
        return p * np.log(p / q)
    return p * (np.log(p / q) - np.sum(p * np.log(p / q)))


def cosine(x: Any) -> Any:
    u, v = x
    return u @ v / np.sqrt(u @ u * (v @ v))


def cosine_gradient(x: Any, bug: str = "") -> Any:
    u, v = x
    size = np.sqrt(u @ u * (v @ v))
    c = u @ v / size
    if bug == "norms held fixed":
        return v / size, u / size
    if bug == "norm not squared":
        return v / size - c * u / np.sqrt(u @ u), u / size - c * v / np.sqrt(v @ v)
    found = v / size - c * u / (u @ u), u / size - c * v / (v @ v)
    return found[::-1] if bug == "swapped" else found


def log_sum_exp(z: Any) -> Any:
    top = np.max(z)
    return top + np.log(np.sum(np.exp(z - top)))


def log_sum_exp_gradient(z: Any, bug: str = "") -> Any:
    if bug == "of the maximum":
        return (z == np.max(z)).astype(z.dtype)
    e = np.exp(z - np.max(z))
    return e if bug == "not divided" else e / np.sum(e)


def triplet(x: Any) -> Any:
    near, far = x["a"] - x["p"], x["a"] - x["n"]
    return np.maximum(near @ near - far @ far + 4, 0)


def triplet_gradient(x: Any, bug: str = "") -> Any:
    near, far = x["a"] - x["p"], x["a"] - x["n"]
    active = near @ near - far @ far + 4 > 0
    anchor = near if bug == "anchor to one only" else near - far
    return {"a": 2 * (active * anchor), "p": -2 * (active * near), "n": 2 * (active * far)}


def cases() -> list[Case]:
    """The right gradients of this module."""
    random = np.random.default_rng(16)
    p, t = random.normal(size=(4, 3)), random.normal(size=(4, 3))
    z, labels = random.normal(size=(4, 3)), np.array([0, 2, 1, 2])
    X, y = random.normal(size=(6, 3)), np.array([1.0, -1, 1, 1, -1, -1])
    q = np.array([0.1, 0.2, 0.3, 0.4])
    separator = {"w": 2 * random.normal(size=3), "b": np.array(0.1)}
    chances, yes = random.uniform(0.2, 0.8, 6), np.array([1.0, 0, 0, 1, 1, 0])
    return [
        Case("squared loss", squared, p, squared_gradient, (t,)),
        Case("absolute loss", absolute, p, absolute_gradient, (t,)),
        Case("Huber loss", huber, 2 * p, huber_gradient, (t,)),
        Case("cross-entropy", cross_entropy, z, cross_entropy_gradient, (labels,)),
        Case("smoothed cross-entropy", smoothed, z, smoothed_gradient, (labels,)),
        Case(
            "cross-entropy of probabilities", binary_from_probabilities, chances,
            binary_from_probabilities_gradient, (yes,),
        ),
        Case("focal loss", focal, z[:, 0], focal_gradient, (yes[:4] + 0.5,)),
        Case("hinge loss", hinge, separator, hinge_gradient, (X, y)),
        Case("KL divergence", divergence, random.normal(size=4), divergence_gradient, (q,)),
        Case("cosine similarity", cosine, (random.normal(size=4), random.normal(size=4)), cosine_gradient),
        Case("log-sum-exp", log_sum_exp, random.normal(size=6), log_sum_exp_gradient),
        Case("triplet loss", triplet, {k: random.normal(size=3) for k in "apn"}, triplet_gradient),
    ]  # fmt: skip
