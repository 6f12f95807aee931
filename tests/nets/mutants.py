"""Every line of every backward broken at least once: what stands there, and what stands there instead."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any

from nudgegrad.nets import images, layers, losses, recurrent

THROUGH_TIME = {
    recurrent.rnn_backward: recurrent.rnn_through_time,
    recurrent.lstm_backward: recurrent.lstm_through_time,
}
MUTANTS: dict[Callable[..., Any], list[tuple[str, str]]] = {
    layers.dense_backward: [
        ("dz @ W.T", "dz @ W"),
        ("x.T @ dz", "x.T @ dz / len(x)"),
        ("x.T @ dz", "dz[:4].T @ x[:4]"),
        ("dz.sum(axis=0)", "dz.mean(axis=0)"),
        ("dz.sum(axis=0)", "dz[0]"),
    ],
    layers.relu_backward: [("a > 0", "a >= 0"), ("da * (a > 0)", "da"), ("da * (a", "1.0 * (a")],
    layers.sigmoid_backward: [("(1 - a)", "(1 + a)"), ("da * a * (1 - a)", "da * a"), ("da * a", "da")],
    layers.tanh_backward: [("1 - a * a", "1 - a"), ("1 - a * a", "1 + a * a"), ("da *", "")],
    layers.dropout_backward: [("dy * mask", "dy"), ("dy * mask", "dy * (mask > 0)")],
    layers.reshape_backward: [
        ("dy.reshape(shape)", "dy.reshape(shape[0], *shape[:0:-1]).transpose(0, 3, 2, 1)"),
    ],
    images.convolution_backward: [
        ("W[i, j].T", "W[-1 - i, -1 - j].T"),
        ("W[i, j].T", "W[i, j]"),
        ("dW[i, j] =", "dW[j, i] ="),
        ("(pixel, dz, axes=((0, 1, 2), (0, 1, 2)))", "(pixel[:1], dz[:1], axes=((0, 1, 2), (0, 1, 2)))"),
        ("(pixel, dz,", "(pixel, dz / len(dz),"),
        ("[...] +=", "[...] ="),
        ("dz.sum(axis=(0, 1, 2))", "dz.mean(axis=(0, 1, 2))"),
        ("dz.sum(axis=(0, 1, 2))", "dz[:, 0].sum(axis=(0, 1))"),
        (
            "dpadded[:, padding : height - padding, padding : width - padding]",
            "dpadded[:, : height - 2 * padding, : width - 2 * padding] * (1 + (padding == 0))",
        ),
    ],
    images.max_pool_backward: [
        ("winner == i * size + j", "winner == j * size + i"),
        ("[...] += dy * won", "[...] += dy"),
        ("[...] += dy * won", "[...] -= dy * won"),
    ],
    images.average_pool_backward: [
        ("dy / (size * size)", "dy / size"),
        ("[...] +=", "[...] = 2 *"),
    ],
    recurrent.rnn_backward: [
        ("h[:, t + 1] ** 2", "h[:, t] ** 2"),
        ("1 - h[:, t + 1] ** 2", "1 - h[:, t + 1]"),
        ("+= da[:, t] @ U.T", "+= da[:, t] @ U"),
        ("+= da[:, t] @ U.T", "= da[:, t] @ U.T"),
        ("+= da[:, t] @ U.T", "+= dh[:, t] @ U.T"),
        ("if t > 0", "if t > 1"),
        ("reversed(range(dh.shape[1]))", "range(dh.shape[1])"),
        ("dx = da @ W.T", "dx = da @ W"),
        ("np.tensordot(x, da,", "np.tensordot(x, dh,"),
        ("np.tensordot(x, da, axes=((0, 1), (0, 1)))", "x[:, -1].T @ da[:, -1]"),
        ("np.tensordot(h[:, :-1],", "np.tensordot(h[:, 1:],"),
        ("da.sum(axis=(0, 1))", "da[:, -1].sum(axis=0)"),
    ],
    recurrent.lstm_backward: [
        ("dc = dc + dh[:, t] * o * (1 - tanh_c**2)", "dc = dh[:, t] * o * (1 - tanh_c**2)"),
        ("o * (1 - tanh_c**2)", "o"),
        ("o * (1 - tanh_c**2)", "(1 - tanh_c**2)"),
        ("np.tanh(c[:, t + 1])", "c[:, t + 1]"),
        ("di, df, dg, do = dc * g", "di, df, dg, do = dc * i"),
        ("dc * c[:, t],", "dc * c[:, t + 1],"),
        ("dh[:, t] * tanh_c", "dh[:, t] * c[:, t + 1]"),
        ("di * i * (1 - i)", "di * i"),
        ("df * f * (1 - f)", "df * (1 - f)"),
        ("dg * (1 - g**2)", "dg * g * (1 - g)"),
        ("do * o * (1 - o)", "do"),
        ("dc = dc * f", "dc = dc * i"),
        ("dc = dc * f", "dc = dc * 1"),
        ("if t > 0", "if t > 1"),
        ("+= dz[:, t] @ U.T", "= dz[:, t] @ U.T"),
        ("dx = dz @ W.T", "dx = dz[:, ::-1] @ W.T"),
        ("np.tensordot(x, dz, axes=((0, 1), (0, 1)))", "x[:, -1].T @ dz[:, -1]"),
        ("np.tensordot(h[:, :-1],", "np.tensordot(h[:, 1:],"),
        ("dz.sum(axis=(0, 1))", "dz.mean(axis=0).sum(axis=0)"),
    ],
    recurrent.last_backward: [
        ("dh[:, -1] = dy", "dh[:, 0] = dy"),
        ("dh[:, -1] = dy", "dh[...] = dy[:, None]"),
    ],
    losses.squared_backward: [
        ("d / len(d)", "d"),
        ("d / len(d)", "2 * d / len(d)"),
        ("d / len(d)", "d / d.size"),
    ],
    losses.logistic_backward: [
        ("(s - y)", "(y - s)"),
        ("(s - y)", "(s - y) * s * (1 - s)"),
        ("/ len(z)", ""),
    ],
    losses.softmax_cross_entropy_backward: [
        ("-= 1", "+= 1"),
        ("-= 1", "-= 0"),
        ("dz / len(y)", "dz"),
        ("np.exp(log_p)", "log_p"),
    ],
}


def parts(backward: Callable[..., Any]) -> list[str]:
    """The source of a backward, and of the way through time that it takes."""
    functions = [*filter(None, [THROUGH_TIME.get(backward)]), backward]
    return [inspect.getsource(function) for function in functions]


def broken(backward: Callable[..., Any], old: str, new: str) -> Callable[..., Any]:
    """The backward with one piece of its source replaced."""
    module = sys.modules[backward.__module__]
    source = inspect.getsource(module)
    (part,) = [part for part in parts(backward) if old in part]
    space: dict[str, Any] = {"__name__": module.__name__, "__package__": module.__package__}
    exec(source.replace(part, part.replace(old, new, 1), 1), space)
    found: Callable[..., Any] = space[backward.__name__]
    return found
