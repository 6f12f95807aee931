"""Functions with vector-Jacobian products written by hand: the right one, and wrong ones."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def rule(forward, backward):
    """A `jax.custom_vjp`; `backward` takes the cotangent and the inputs."""

    @jax.custom_vjp
    def written(*inputs):
        return forward(*inputs)

    written.defvjp(
        lambda *inputs: (forward(*inputs), inputs), lambda inputs, g: tuple(backward(g, *inputs))
    )
    return written


def with_x64(enabled):
    """JAX with float64 or without it, whatever its version calls that."""
    return (jax if hasattr(jax, "enable_x64") else jax.experimental).enable_x64(enabled)


def made(shapes, dtype="float64", seed=0):
    """Arrays of these shapes, in their structure."""
    rng = np.random.default_rng(seed)
    with with_x64(True):
        is_shape = lambda leaf: isinstance(leaf, tuple) and all(isinstance(n, int) for n in leaf)  # noqa: E731 - short
        return jax.tree_util.tree_map(
            lambda shape: jnp.asarray(rng.standard_normal(shape), dtype), shapes, is_leaf=is_shape
        )


@dataclass(frozen=True)
class Case:
    name: str
    forward: Any
    right: Any
    wrong: dict[str, tuple[Any, tuple[str, ...]]]  # mistake -> backward, and the blocks that are wrong
    shapes: Any

    def inputs(self, dtype="float64", seed=0):
        return tuple(made(list(self.shapes), dtype, seed))


def logistic(x):
    return 1 / (1 + jnp.exp(-x))


def dense(p, x):
    return jnp.tanh(x @ p["W"] + p["b"])


def dense_backward(g, p, x):
    d = g * (1 - dense(p, x) ** 2)
    return {"W": x.T @ d, "b": d.sum(0)}, d @ p["W"].T


def dense_bias_averaged(g, p, x):
    found, dx = dense_backward(g, p, x)
    return {**found, "b": found["b"] / len(x)}, dx


def dense_without_tanh(g, p, x):
    found, _ = dense_backward(g, p, x)
    return found, g @ p["W"].T


def layer_norm(x):
    d = x - x.mean(-1, keepdims=True)
    return d / jnp.sqrt((d * d).mean(-1, keepdims=True))


def layer_norm_backward(g, x):
    y = layer_norm(x)
    spread = x.std(-1, keepdims=True)
    return ((g - g.mean(-1, keepdims=True) - y * (g * y).mean(-1, keepdims=True)) / spread,)


def cross_entropy(z):
    return (jax.nn.logsumexp(z, -1) - z[:, 0]).mean()


def cross_entropy_backward(g, z):
    return (g * (jax.nn.softmax(z) - jnp.eye(z.shape[-1], dtype=z.dtype)[0]) / len(z),)


def smooth(x, k):
    return jnp.convolve(x, k, "valid")


def smooth_backward(g, x, k):
    return jnp.convolve(g, k[::-1], "full"), jnp.convolve(x, g[::-1], "valid")[::-1]


# Few shapes, because JAX compiles every step for each shape and format.
CASES = [
    Case(
        "square",
        lambda x: x * x,
        lambda g, x: (2 * g * x,),
        {
            "scale": (lambda g, x: (g * x,), ("x[0]",)),
            "no chain rule": (lambda _, x: (2 * x,), ("x[0]",)),
        },
        ((8,),),
    ),
    Case(
        "exp",
        jnp.exp,
        lambda g, x: (g * jnp.exp(x),),
        {
            "saved input": (lambda g, x: (g * x,), ("x[0]",)),
            "a little": (lambda g, x: (g * jnp.exp(x) * 1.01,), ("x[0]",)),
        },
        ((8,),),
    ),
    Case(
        "logistic",
        logistic,
        lambda g, x: (g * logistic(x) * (1 - logistic(x)),),
        {"pre-activation": (lambda g, x: (g * x * (1 - x),), ("x[0]",))},
        ((8,),),
    ),
    Case(
        "matmul",
        jnp.matmul,
        lambda g, a, b: (g @ b.T, a.T @ g),
        {
            "transposed": (lambda g, a, b: (g @ b, a.T @ g), ("x[0]",)),
            "None": (lambda g, _, b: (g @ b.T, None), ("x[1]",)),
        },
        ((4, 4), (4, 4)),
    ),
    Case(
        "dense",
        dense,
        dense_backward,
        {
            "bias averaged": (dense_bias_averaged, ("x[0].b",)),
            "no tanh": (dense_without_tanh, ("x[1]",)),
        },
        ({"W": (4, 4), "b": (4,)}, (4, 4)),
    ),
    Case(
        "layer norm",
        layer_norm,
        layer_norm_backward,
        {
            "missing term": (
                lambda g, x: ((g - g.mean(-1, keepdims=True)) / x.std(-1, keepdims=True),),
                ("x[0]",),
            ),
        },
        ((4, 4),),
    ),
    Case(
        "cross entropy",
        cross_entropy,
        cross_entropy_backward,
        {
            "1/m lost": (lambda g, z: (cross_entropy_backward(g, z)[0] * len(z),), ("x[0]",)),
            "no label": (lambda g, z: (g * jax.nn.softmax(z) / len(z),), ("x[0]",)),
        },
        ((4, 4),),
    ),
    Case(
        "convolution",
        smooth,
        smooth_backward,
        {
            "kernel flipped": (
                lambda g, x, k: (jnp.convolve(g, k, "full"), smooth_backward(g, x, k)[1]),
                ("x[0]",),
            )
        },
        ((8,), (3,)),
    ),
    Case(
        "cumsum",
        jnp.cumsum,
        lambda g, _: (jnp.cumsum(g[::-1])[::-1],),
        {"not reversed": (lambda g, _: (jnp.cumsum(g),), ("x[0]",))},
        ((8,),),
    ),
    Case(
        "norm",
        lambda x: jnp.sqrt((x * x).sum()),
        lambda g, x: (g * x / jnp.sqrt((x * x).sum()),),
        {"not divided": (lambda g, x: (g * x,), ("x[0]",))},
        ((8,),),
    ),
]
WRONG = [(case, name) for case in CASES for name in case.wrong]
