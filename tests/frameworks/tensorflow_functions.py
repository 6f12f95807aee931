"""Functions with gradients written by hand: the right one, and wrong ones as people get them wrong."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf


def function(forward, backward):
    """A tf.custom_gradient; `backward` takes the cotangent, the inputs and the output."""

    @tf.custom_gradient
    def written(*inputs):
        output = forward(*inputs)
        return output, lambda adjoint: backward(adjoint, *inputs, output)

    return written


@dataclass(frozen=True)
class Case:
    name: str
    forward: Any
    right: Any
    wrong: dict[str, Any]
    shapes: tuple[tuple[int, ...], ...]

    def inputs(self, dtype=tf.float64, seed=0):
        rng = np.random.default_rng(seed)
        return tuple(tf.cast(rng.standard_normal(shape), dtype) for shape in self.shapes)


def mean(x):
    return tf.reduce_mean(x, -1, keepdims=True)


def total(x, axis):
    return tf.reduce_sum(x, axis)


def rms_norm(x):
    return x / tf.sqrt(mean(x * x))


def rms_norm_backward(g, x, y):
    return (g - y * mean(g * y)) / tf.sqrt(mean(x * x))


def cross_entropy(z):
    return tf.reduce_mean(tf.reduce_logsumexp(z, -1) - z[:, 0])


def cross_entropy_backward(g, z, j):
    label = tf.one_hot(tf.zeros(len(z), tf.int32), z.shape[1], dtype=z.dtype)
    return g * (tf.nn.softmax(z) - label) / len(z)


def conv(x, w):
    return tf.nn.conv1d(x, w, 1, "VALID")


def conv_backward(g, x, w, y):
    k = w.shape[0]
    padded = tf.pad(g, [(0, 0), (k - 1, k - 1), (0, 0)])
    windows = tf.stack([x[:, i : i + g.shape[1]] for i in range(k)])  # k, batch, place, channel
    turned = tf.transpose(w[::-1], (0, 2, 1))
    return tf.nn.conv1d(padded, turned, 1, "VALID"), tf.einsum("kbpc,bpo->kco", windows, g)


def conv_not_flipped(g, x, w, y):
    return conv_backward(g, x, w[::-1], y)[0], conv_backward(g, x, w, y)[1]


def take(x):
    return tf.gather(x, [0, 2, 2])


def take_backward(g, x, y):
    return tf.IndexedSlices(g, tf.constant([0, 2, 2]), tf.constant(x.shape))


CASES = [
    Case(
        "square",
        lambda x: x * x,
        lambda g, x, y: 2 * g * x,
        {"scale": lambda g, x, y: g * x, "no chain rule": lambda g, x, y: 2 * x},
        ((3, 4),),
    ),
    Case(
        "exp",
        tf.exp,
        lambda g, x, y: g * y,
        {"saved input": lambda g, x, y: g * x, "a little": lambda g, x, y: g * y * 1.001},
        ((5,),),
    ),
    Case(
        "tanh",
        tf.tanh,
        lambda g, x, y: g * (1 - y * y),
        {"sign": lambda g, x, y: g * (y * y - 1), "not squared": lambda g, x, y: g * (1 - y)},
        ((7,),),
    ),
    Case(
        "matmul",
        tf.matmul,
        lambda g, a, b, y: (g @ tf.transpose(b), tf.transpose(a) @ g),
        {
            "transposed": lambda g, a, b, y: (g @ b, tf.transpose(a) @ g),
            "None": lambda g, a, b, y: (g @ tf.transpose(b), None),
        },
        ((4, 4), (4, 4)),
    ),
    Case(
        "linear",
        lambda x, w, b: x @ w + b,
        lambda g, x, w, b, y: (g @ tf.transpose(w), tf.transpose(x) @ g, total(g, 0)),
        {
            "mean for sum": lambda g, x, w, b, y: (
                g @ tf.transpose(w),
                tf.transpose(x) @ g,
                tf.reduce_mean(g, 0),
            ),
            "not summed": lambda g, x, w, b, y: (g @ tf.transpose(w), tf.transpose(x) @ g, g),
            "swapped": lambda g, x, w, b, y: (tf.transpose(x) @ g, g @ tf.transpose(w), total(g, 0)),
        },
        ((6, 3), (3, 4), (4,)),
    ),
    Case(
        "relu",
        tf.nn.relu,
        lambda g, x, y: g * tf.cast(x > 0, x.dtype),
        {"straight through": lambda g, x, y: g},
        ((4, 5),),
    ),
    Case(
        "logsumexp",
        lambda x: tf.reduce_logsumexp(x, -1),
        lambda g, x, y: g[:, None] * tf.exp(x - y[:, None]),
        {"not normalised": lambda g, x, y: g[:, None] * tf.exp(x)},
        ((3, 6),),
    ),
    Case(
        "RMS norm",
        rms_norm,
        rms_norm_backward,
        {"missing term": lambda g, x, y: g / tf.sqrt(mean(x * x))},
        ((3, 8),),
    ),
    Case(
        "cross entropy",
        cross_entropy,
        cross_entropy_backward,
        {"1/m lost": lambda g, z, j: cross_entropy_backward(g, z, j) * len(z)},
        ((6, 4),),
    ),
    Case("conv", conv, conv_backward, {"kernel not flipped": conv_not_flipped}, ((2, 9, 3), (3, 3, 4))),
    Case(
        "cumsum",
        tf.cumsum,
        lambda g, x, y: tf.cumsum(g, reverse=True),
        {"not reversed": lambda g, x, y: tf.cumsum(g)},
        ((8,),),
    ),
    Case(
        "take",
        take,
        take_backward,
        {"repeats lost": lambda g, x, y: tf.tensor_scatter_nd_update(tf.zeros_like(x), [[0], [2], [2]], g)},
        ((4, 3),),
    ),
]
WRONG = [(case, name) for case in CASES for name in case.wrong]
