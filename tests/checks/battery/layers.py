"""Right gradients of convolution, pooling and embedding layers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from tests.checks.battery.case import Case


def _patches(size: tuple[int, int], kernel: tuple[int, int], stride: int) -> Iterator[tuple[int, int, Any]]:
    """Offset in the kernel, and the pixels of the padded image that it meets."""
    rows, columns = ((n - k) // stride + 1 for n, k in zip(size, kernel, strict=True))
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            at = np.s_[:, :, i : i + stride * rows : stride, j : j + stride * columns : stride]
            yield i, j, at


def _padded(X: Any, pad: int) -> Any:
    return np.pad(X, ((0, 0), (0, 0), (pad, pad), (pad, pad)))


def convolve(X: Any, K: Any, b: Any, stride: int, pad: int) -> Any:
    """Images (N, C, H, W), kernels (F, C, k, l), biases (F,)."""
    image = _padded(X, pad)
    parts = [
        np.einsum("fc,nchw->nfhw", K[:, :, i, j], image[at])
        for i, j, at in _patches(image.shape[2:], K.shape[2:], stride)
    ]
    return sum(parts) + b[:, None, None]


def convolve_backward(
    X: Any, K: Any, dZ: Any, stride: int, pad: int, bug: str = ""
) -> tuple[Any, Any, Any]:
    image = _padded(X, pad)
    dimage, dK = np.zeros_like(image), np.zeros_like(K)
    for i, j, at in _patches(image.shape[2:], K.shape[2:], stride):
        weights = K[:, :, -1 - i, -1 - j] if bug == "kernel flipped" else K[:, :, i, j]
        if bug == "channels swapped":
            weights = weights.T
        seen = np.roll(image, -1, axis=3)[at] if bug == "stride off by one" else image[at]
        dK[:, :, i, j] = np.einsum("nfhw,nchw->fc", dZ, seen)
        if bug == "overlaps overwritten":
            dimage[at] = np.einsum("fc,nfhw->nchw", weights, dZ)
        else:
            dimage[at] += np.einsum("fc,nfhw->nchw", weights, dZ)
    if bug == "kernel gradient flipped":
        dK = dK[:, :, ::-1, ::-1]
    if bug == "kernel axes swapped":
        dK = dK.swapaxes(2, 3)
    first = 0 if bug == "padding not cut" else pad
    dX = dimage[:, :, first : first + X.shape[2], first : first + X.shape[3]]
    db = np.sum(dZ, axis=(0, 2, 3))
    if bug == "bias over the batch only":
        db = np.sum(dZ, axis=0)[:, 0, 0]
    if bug == "bias of one image":
        db = np.sum(dZ[0], axis=(1, 2))
    return dX, dK, db


def conv(x: Any, T: Any, stride: int, pad: int) -> Any:
    Z = convolve(x["X"], x["K"], x["b"], stride, pad)
    return np.sum((Z - T) ** 2) / 2


def conv_gradient(x: Any, T: Any, stride: int, pad: int, bug: str = "") -> Any:
    dZ = convolve(x["X"], x["K"], x["b"], stride, pad) - T
    dX, dK, db = convolve_backward(x["X"], x["K"], dZ, stride, pad, bug)
    return {"X": dX, "K": dK, "b": db}


# Pooling over windows of 2 by 2: the pixels of each window along the last axis.


def _windows(X: Any) -> Any:
    n, c, h, w = X.shape
    return (
        X.reshape(n, c, h // 2, 2, w // 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(n, c, h // 2, w // 2, 4)
    )


def _unwindowed(windows: Any) -> Any:
    n, c, h, w, _ = windows.shape
    return windows.reshape(n, c, h, w, 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(n, c, 2 * h, 2 * w)


def max_pool_backward(X: Any, dP: Any, bug: str = "") -> Any:
    windows = _windows(X)
    chosen = np.argmin(windows, axis=-1) if bug == "smallest" else np.argmax(windows, axis=-1)
    mask = np.arange(4) == chosen[..., None]
    if bug == "to all ties":
        mask = windows >= np.max(windows, axis=-1, keepdims=True)
    if bug == "to all":
        mask = np.ones_like(mask)
    if bug == "to positive":
        mask = windows > 0
    if bug == "first":
        mask = np.arange(4) == np.zeros_like(chosen)[..., None]
    return _unwindowed(mask * dP[..., None])


def max_pool(X: Any, T: Any) -> Any:
    return np.sum((np.max(_windows(X), axis=-1) - T) ** 2) / 2


def max_pool_gradient(X: Any, T: Any, bug: str = "") -> Any:
    return max_pool_backward(X, np.max(_windows(X), axis=-1) - T, bug)


def average_pool(X: Any, T: Any) -> Any:
    return np.sum((np.mean(_windows(X), axis=-1) - T) ** 2) / 2


def average_pool_gradient(X: Any, T: Any, bug: str = "") -> Any:
    dP = np.mean(_windows(X), axis=-1) - T
    share = {"not divided": 1, "divided by the side": 2}.get(bug, 4)
    spread = dP[..., None] / share * np.ones(4, X.dtype)
    if bug == "to one pixel":
        spread = dP[..., None] * np.array([1, 0, 0, 0], X.dtype)
    return _unwindowed(spread)


def conv_net(x: Any, X: Any, Y: Any) -> Any:
    A = np.maximum(convolve(X, x["K"], x["b"], 1, 1), 0)
    flat = np.max(_windows(A), axis=-1).reshape(len(X), -1)
    Z = flat @ x["W"] + x["c"]
    return np.mean(np.logaddexp(0, Z) - Y * Z)


def conv_net_gradient(x: Any, X: Any, Y: Any, bug: str = "") -> Any:
    Z1 = convolve(X, x["K"], x["b"], 1, 1)
    A = np.maximum(Z1, 0)
    pooled = np.max(_windows(A), axis=-1)
    flat = pooled.reshape(len(X), -1)
    dZ = (1 / (1 + np.exp(-(flat @ x["W"] + x["c"]))) - Y) / len(X)
    dpooled = np.outer(dZ, x["W"]).reshape(pooled.shape)
    if bug == "flattened in another order":
        dpooled = np.outer(dZ, x["W"]).reshape(pooled.transpose(0, 2, 3, 1).shape).transpose(0, 3, 1, 2)
    dZ1 = max_pool_backward(A, dpooled, bug)
    if bug != "no slope":
        dZ1 = dZ1 * (Z1 > 0)
    _, dK, db = convolve_backward(X, x["K"], dZ1, 1, 1, bug)
    return {"K": dK, "b": db, "W": flat.T @ dZ, "c": np.sum(dZ)}


# Embedding: rows of E are looked up, some of them twice, averaged and fed to a linear layer.


def embedding(x: Any, tokens: Any, T: Any) -> Any:
    return np.sum((np.mean(x["E"][tokens], axis=1) @ x["W"] - T) ** 2) / 2


def embedding_gradient(x: Any, tokens: Any, T: Any, bug: str = "") -> Any:
    mean = np.mean(x["E"][tokens], axis=1)
    dZ = mean @ x["W"] - T
    share = np.repeat((dZ @ x["W"].T)[:, None] / tokens.shape[1], tokens.shape[1], axis=1)
    dE = np.zeros_like(x["E"])
    if bug == "repeats overwritten":
        dE[tokens] = share
    elif bug == "repeats counted once":
        dE[tokens] += share
    elif bug == "index off by one":
        np.add.at(dE, (tokens + 1) % len(dE), share)
    else:
        np.add.at(dE, tokens, share * (tokens.shape[1] if bug == "mean forgotten" else 1))
    return {"E": dE, "W": mean.T @ dZ}


def cases() -> list[Case]:
    """The right gradients of this module."""
    random = np.random.default_rng(13)

    def normal(*shape: int) -> Any:
        return random.normal(size=shape)

    found = []
    for name, size, kernel, stride, pad, out in (
        ("convolution with padding", (5, 5), (3, 3), 1, 1, (5, 5)),
        ("convolution with stride", (6, 5), (2, 3), 2, 0, (3, 2)),
        ("convolution with stride and padding", (5, 5), (3, 3), 2, 1, (3, 3)),
    ):
        x = {"X": normal(2, 2, *size), "K": normal(2, 2, *kernel) / 3, "b": normal(2)}
        f, g = partial(conv, stride=stride, pad=pad), partial(conv_gradient, stride=stride, pad=pad)
        found.append(Case(name, f, x, g, (normal(2, 2, *out),)))
    X = random.permutation(32).reshape(2, 1, 4, 4) / 8 - 1.7  # no two pixels of a window are near
    found.append(Case("max pooling", max_pool, X, max_pool_gradient, (normal(2, 1, 2, 2),)))
    found.append(Case("average pooling", average_pool, X, average_pool_gradient, (normal(2, 1, 2, 2),)))
    x = {"K": normal(3, 2, 3, 3) / 3, "b": normal(3) / 2 - 0.5, "W": normal(12) / 3, "c": np.array(0.2)}
    found.append(
        Case(
            "convolutional net", conv_net, x, conv_net_gradient, (normal(3, 2, 4, 4), np.array([1.0, 0, 1]))
        )
    )
    tokens = np.array([[0, 2, 2], [1, 0, 4], [2, 5, 5]])
    x = {"E": normal(6, 3), "W": normal(3, 2)}
    found.append(Case("embedding with repeats", embedding, x, embedding_gradient, (tokens, normal(3, 2))))
    return found
