"""Gradients equal JAX's."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from nudgegrad.nets import digits, net
from tests.frameworks.jax_functions import with_x64
from tests.nets.cases import CASES
from tests.nets.rounding import assert_equal_within_rounding, terms

ORDER = ("NHWC", "HWIO", "NHWC")


def conv(padding: int, stride: int) -> Any:
    pads = [(padding, padding)] * 2
    return lambda x, W, b: (
        lax.conv_general_dilated(x, W, (stride, stride), pads, dimension_numbers=ORDER) + b
    )


def pool(function: Any, first: float, size: int, stride: int) -> Any:
    return lambda x: lax.reduce_window(
        x, first, function, (1, size, size, 1), (1, stride, stride, 1), "VALID"
    )


def rnn(x: Any, W: Any, U: Any, b: Any) -> Any:
    h, found = jnp.zeros((len(x), len(U))), []
    for t in range(x.shape[1]):
        h = jnp.tanh(x[:, t] @ W + h @ U + b)
        found.append(h)
    return jnp.stack(found, axis=1)


def lstm(x: Any, W: Any, U: Any, b: Any) -> Any:
    h = c = jnp.zeros((len(x), len(U)))
    found = []
    for t in range(x.shape[1]):
        i, f, g, o = jnp.split(x[:, t] @ W + h @ U + b, 4, axis=1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        found.append(h)
    return jnp.stack(found, axis=1)


JAX: dict[str, Any] = {
    "dense": lambda x, W, b: x @ W + b,
    "relu": jax.nn.relu,
    "sigmoid": jax.nn.sigmoid,
    "tanh": jnp.tanh,
    "reshape": lambda x: x.reshape(5, 6, 4),
    "convolution": conv(1, 1),
    "convolution, stride 2": conv(0, 2),
    "max pool": pool(lax.max, -np.inf, 2, 2),
    "max pool, overlapping": pool(lax.max, -np.inf, 3, 2),
    "average pool": lambda x: pool(lax.add, 0.0, 2, 2)(x) / 4,
    "average pool, overlapping": lambda x: pool(lax.add, 0.0, 3, 2)(x) / 9,
    "rnn": rnn,
    "lstm": lstm,
    "last": lambda h: h[:, -1],
}
LOSSES: dict[str, Any] = {
    "squared": lambda a, y: ((a - y) ** 2).sum() / (2 * len(a)),
    "logistic": lambda z, y: (jax.nn.softplus(z) - y * z).mean(),
    "softmax cross-entropy": lambda z, y: -jax.nn.log_softmax(z)[jnp.arange(len(y)), y].mean(),
}


def affine(w: Any, layer: str, x: Any) -> Any:
    return x @ w[f"{layer}.W"] + w[f"{layer}.b"]


def dense_net(w: Any, x: Any) -> Any:
    a = jax.nn.relu(affine(w, "hidden1", x.reshape(len(x), 64)))
    return affine(w, "output", jax.nn.relu(affine(w, "hidden2", a)))


def conv_net(w: Any, x: Any) -> Any:
    a = jax.nn.relu(conv(0, 1)(x[..., None], w["filters.W"], w["filters.b"]))
    return affine(w, "output", JAX["max pool"](a).reshape(len(x), 108))


def recurrent_net(layer: Any) -> Any:
    return lambda w, x: affine(w, "output", layer(x, w["rows.W"], w["rows.U"], w["rows.b"])[:, -1])


NETS = {"dense": dense_net, "conv": conv_net, "rnn": recurrent_net(rnn), "lstm": recurrent_net(lstm)}


@pytest.mark.parametrize("kind", NETS)
def test_the_gradients_of_a_net_are_jaxs(kind: str) -> None:
    task, random = digits.task(kind), np.random.default_rng(3)
    weights = {k: w + 0.01 for k, w in net.start(task.net, random).items()}
    data = digits.digits()
    x, y = data.x[:40], data.y[:40]
    _, gradients = net.loss_and_gradients(task, weights, x, y)
    with with_x64(True):
        lost = LOSSES["softmax cross-entropy"]
        theirs = jax.grad(lambda w: lost(NETS[kind](w, x), y))(weights)
        found = {name: np.asarray(d) for name, d in theirs.items()}
    assert found.keys() == gradients.keys()
    for name, ours in gradients.items():
        assert found[name].dtype == np.float64
        assert_equal_within_rounding(ours, found[name], terms(kind, 40))


@pytest.mark.parametrize("name", [*JAX, *LOSSES])
def test_the_gradients_of_a_layer_are_jaxs(name: str) -> None:
    case = CASES[name]
    arrays = case.arrays()
    with with_x64(True):
        if name in JAX:
            c = case.cotangent()
            theirs = jax.grad(lambda a: (c * JAX[name](*a)).sum())(list(arrays.values()))
        else:
            y = case.y  # type: ignore[attr-defined]
            theirs = jax.grad(lambda a: LOSSES[name](*a, y))(list(arrays.values()))
        found = {block: np.asarray(d) for block, d in zip(arrays, theirs, strict=True)}
    for block, ours in case.gradient(arrays).items():
        assert found[block].dtype == np.float64
        assert_equal_within_rounding(ours, found[block], case.terms)


def test_every_case_but_dropout_has_its_counterpart() -> None:
    assert CASES.keys() - JAX.keys() - LOSSES.keys() == {"dropout"}
