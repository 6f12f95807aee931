"""Layers for images by hand: convolution, the largest of a window, the mean of a window.

Images are (m, height, width, channels). A window of f x f pixels moves over them by `stride` pixels, so
that it has H = (height + 2 padding - f) // stride + 1 places down and, in the same way, V across.
"""

from __future__ import annotations

import numpy as np

from ..formats import Array
from .layers import Cache


def windows(x: Array, f: int, stride: int) -> Array:
    """The window at every place, a view: (m, height, width, c) -> (m, H, V, c, f, f)."""
    view: Array = np.lib.stride_tricks.sliding_window_view(x, (f, f), axis=(1, 2))
    return view[:, ::stride, ::stride]


def under(x: Array, i: int, j: int, stride: int, places: tuple[int, int]) -> Array:
    """The pixel (i, j) of the window at every place, a view: (m, height, width, c) -> (m, H, V, c)."""
    H, V = places
    return x[:, i : i + stride * (H - 1) + 1 : stride, j : j + stride * (V - 1) + 1 : stride]


def convolution(x: Array, W: Array, b: Array, padding: int = 0, stride: int = 1) -> tuple[Array, Cache]:
    """k filters: each output is the weighted sum of one window, with the same weights at every place.

    W is (f, f, c, k), b is (k,). As in every framework the filter is not flipped.
    """
    p = padding
    padded = np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))  # (m, height + 2p, width + 2p, c)
    seen = windows(padded, len(W), stride)  # (m, H, V, c, f, f)
    z = np.tensordot(seen, W, axes=((4, 5, 3), (0, 1, 2))) + b  # (m, H, V, k): summed over f, f, c
    return z, (padded, W, padding, stride)


def convolution_backward(dz: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """dJ/dx, dJ/dW and dJ/db of `convolution`."""
    padded, W, padding, stride = cache
    places = dz.shape[1:3]
    dpadded = np.zeros_like(padded, dtype=dz.dtype)  # (m, height + 2p, width + 2p, c)
    dW = np.empty_like(W)  # (f, f, c, k)
    for i, j in np.ndindex(W.shape[:2]):
        pixel = under(padded, i, j, stride, places)  # (m, H, V, c): what W[i, j] was multiplied with
        dW[i, j] = np.tensordot(pixel, dz, axes=((0, 1, 2), (0, 1, 2)))  # (c, k): summed over m, H, V
        under(dpadded, i, j, stride, places)[...] += dz @ W[i, j].T  # (m, H, V, c) = (m, H, V, k) (k, c)
    db = dz.sum(axis=(0, 1, 2))  # (k,): b was added at every place of every example
    height, width = padded.shape[1:3]
    dx = dpadded[:, padding : height - padding, padding : width - padding]  # (m, height, width, c)
    return dx, dW, db


def max_pool(x: Array, size: int, stride: int) -> tuple[Array, Cache]:
    """The largest pixel of each window, in each channel by itself."""
    seen = windows(x, size, stride)  # (m, H, V, c, f, f)
    flat = seen.reshape(*seen.shape[:4], size * size)  # (m, H, V, c, f * f)
    winner = flat.argmax(axis=-1)  # (m, H, V, c): the first of equal ones
    y = np.take_along_axis(flat, winner[..., None], axis=-1)[..., 0]  # (m, H, V, c)
    return y, (x, winner, size, stride)


def max_pool_backward(dy: Array, cache: Cache) -> tuple[Array]:
    """dJ/dx of `max_pool`: all to the winner, nothing to the others."""
    x, winner, size, stride = cache
    dx = np.zeros_like(x, dtype=dy.dtype)  # (m, height, width, c)
    for i, j in np.ndindex(size, size):
        won = winner == i * size + j  # (m, H, V, c)
        under(dx, i, j, stride, dy.shape[1:3])[...] += dy * won  # windows may share a pixel: a sum
    return (dx,)


def average_pool(x: Array, size: int, stride: int) -> tuple[Array, Cache]:
    """The mean of each window, in each channel by itself."""
    y = windows(x, size, stride).mean(axis=(4, 5))  # (m, H, V, c)
    return y, (x, size, stride)


def average_pool_backward(dy: Array, cache: Cache) -> tuple[Array]:
    """dJ/dx of `average_pool`: an equal share to every pixel of the window."""
    x, size, stride = cache
    dx = np.zeros_like(x, dtype=dy.dtype)  # (m, height, width, c)
    for i, j in np.ndindex(size, size):
        under(dx, i, j, stride, dy.shape[1:3])[...] += dy / (size * size)
    return (dx,)
