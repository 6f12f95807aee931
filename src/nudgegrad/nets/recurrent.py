"""Recurrent layers by hand: the tanh RNN, the LSTM, and the last state of either.

Sequences are (m, T, n): m examples, T steps in time, n numbers at each step. The state before the first
step is 0. In the arrays of states, (m, T + 1, k), entry t is the state before step t, t + 1 the one after.
"""

from __future__ import annotations

import numpy as np

from ..formats import Array
from .layers import Cache, sigmoid


def rnn(x: Array, W: Array, U: Array, b: Array) -> tuple[Array, Cache]:
    """The states of k units, (m, T, k): h_t = tanh(x_t W + h_(t-1) U + b).

    W is (n, k), U is (k, k), b is (k,).
    """
    a = x @ W + b  # (m, T, k): what comes from outside, for all steps at once
    h = np.zeros((a.shape[0], a.shape[1] + 1, a.shape[2]), a.dtype)  # (m, T + 1, k)
    for t in range(a.shape[1]):
        h[:, t + 1] = np.tanh(a[:, t] + h[:, t] @ U)  # (m, k) = (m, k) + (m, k) (k, k)
    return h[:, 1:], (x, W, U, h)


def rnn_through_time(dh: Array, cache: Cache) -> tuple[Array, Array]:
    """From dJ/dh_t as it comes from outside: all of dJ/dh_t, and dJ/da_t of what tanh was taken of."""
    _, _, U, h = cache
    dh, da = dh.copy(), np.empty_like(dh)  # (m, T, k) both
    for t in reversed(range(dh.shape[1])):
        da[:, t] = dh[:, t] * (1 - h[:, t + 1] ** 2)  # tanh' = 1 - h^2
        if t > 0:
            dh[:, t - 1] += da[:, t] @ U.T  # (m, k) = (m, k) (k, k): on top of what comes from outside
    return dh, da


def rnn_backward(dh: Array, cache: Cache) -> tuple[Array, Array, Array, Array]:
    """dJ/dx, dJ/dW, dJ/dU and dJ/db of `rnn`: backpropagation through time."""
    x, W, _, h = cache
    _, da = rnn_through_time(dh, cache)  # (m, T, k)
    dx = da @ W.T  # (m, T, n) = (m, T, k) (k, n)
    dW = np.tensordot(x, da, axes=((0, 1), (0, 1)))  # (n, k): W is the same at every step, so a sum
    dU = np.tensordot(h[:, :-1], da, axes=((0, 1), (0, 1)))  # (k, k): with the state before
    db = da.sum(axis=(0, 1))  # (k,)
    return dx, dW, dU, db


def lstm(x: Array, W: Array, U: Array, b: Array) -> tuple[Array, Cache]:
    """The states of k units that also carry a memory c, (m, T, k).

    Four gates stand side by side, in this order: i how much is written, f how much is kept, g what is
    written, o how much is shown. W is (n, 4k), U is (k, 4k), b is (4k,).
    """
    k = len(U)
    gates = x @ W + b  # (m, T, 4k): what comes from outside, for all steps at once
    h = np.zeros((gates.shape[0], gates.shape[1] + 1, k), gates.dtype)  # (m, T + 1, k)
    c = np.zeros_like(h)  # (m, T + 1, k)
    for t in range(gates.shape[1]):
        z = gates[:, t] + h[:, t] @ U  # (m, 4k) = (m, 4k) + (m, k) (k, 4k)
        s, _ = sigmoid(z)
        i, f, g, o = s[:, :k], s[:, k : 2 * k], np.tanh(z[:, 2 * k : 3 * k]), s[:, 3 * k :]  # (m, k) each
        gates[:, t] = np.concatenate((i, f, g, o), axis=1)
        c[:, t + 1] = f * c[:, t] + i * g  # keep some, write some
        h[:, t + 1] = o * np.tanh(c[:, t + 1])
    return h[:, 1:], (x, W, U, h, c, gates)


def lstm_through_time(dh: Array, cache: Cache) -> tuple[Array, Array]:
    """From dJ/dh_t as it comes from outside: all of dJ/dh_t, and dJ/dz_t of what makes the gates."""
    _, _, U, _, c, gates = cache
    dh, dz, dc = dh.copy(), np.empty_like(gates), np.zeros_like(dh[:, 0])  # (m, T, k), (m, T, 4k), (m, k)
    for t in reversed(range(dh.shape[1])):
        i, f, g, o = np.split(gates[:, t], 4, axis=1)  # (m, k) each
        tanh_c = np.tanh(c[:, t + 1])
        dc = dc + dh[:, t] * o * (1 - tanh_c**2)  # the memory after step t: by the next step, and by h_t
        di, df, dg, do = dc * g, dc * c[:, t], dc * i, dh[:, t] * tanh_c
        dz[:, t] = np.concatenate(  # sigmoid' = s (1 - s), tanh' = 1 - g^2
            (di * i * (1 - i), df * f * (1 - f), dg * (1 - g**2), do * o * (1 - o)), axis=1
        )
        dc = dc * f  # the memory before step t: no weight in between, which is why it does not fade
        if t > 0:
            dh[:, t - 1] += dz[:, t] @ U.T  # (m, k) = (m, 4k) (4k, k)
    return dh, dz


def lstm_backward(dh: Array, cache: Cache) -> tuple[Array, Array, Array, Array]:
    """dJ/dx, dJ/dW, dJ/dU and dJ/db of `lstm`."""
    x, W, _, h, _, _ = cache
    _, dz = lstm_through_time(dh, cache)  # (m, T, 4k)
    dx = dz @ W.T  # (m, T, n) = (m, T, 4k) (4k, n)
    dW = np.tensordot(x, dz, axes=((0, 1), (0, 1)))  # (n, 4k): summed over m and T
    dU = np.tensordot(h[:, :-1], dz, axes=((0, 1), (0, 1)))  # (k, 4k)
    db = dz.sum(axis=(0, 1))  # (4k,)
    return dx, dW, dU, db


def last(h: Array) -> tuple[Array, Cache]:
    """The state after the last step: (m, T, k) -> (m, k)."""
    return h[:, -1], h.shape


def last_backward(dy: Array, cache: Cache) -> tuple[Array]:
    """dJ/dh of `last`: nothing comes from outside at the steps before."""
    shape = cache
    dh = np.zeros(shape, dy.dtype)  # (m, T, k)
    dh[:, -1] = dy
    return (dh,)
