"""Gradients equal JAX's."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from tests.frameworks.jax_functions import with_x64
from tests.nets.cases import CASES
from tests.nets.rounding import assert_equal_within_rounding

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
