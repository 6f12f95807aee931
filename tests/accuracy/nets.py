"""Nets as scalar programs: what rounding errors are predicted on."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

Random = np.random.Generator


class Net:
    """A program on its way: its statements, and the values of its inputs."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.lines: list[str] = []
        self.inputs: dict[str, float] = {}

    def inputs_of(self, stem: str, count: int, scale: float = 1.0) -> list[str]:
        """New inputs with normal values; their names."""
        names = [f"{stem}{k}" for k in range(count)]
        self.inputs.update(zip(names, (scale * self.random.normal(size=count)).tolist(), strict=True))
        return names

    def let(self, name: str, expression: str) -> str:
        """A new statement; its name."""
        self.lines.append(f"{name} = {expression}")
        return name

    def dense(self, stem: str, xs: Sequence[str], width: int, activation: str = "") -> list[str]:
        """A dense layer; the names of its outputs."""
        found = []
        for k in range(width):
            weights = self.inputs_of(f"{stem}w{k}_", len(xs), 1 / math.sqrt(len(xs)))
            (bias,) = self.inputs_of(f"{stem}b{k}_", 1, 0.1)
            found.append(self.let(f"{stem}{k}", f"{activation}({dot(weights, xs)} + {bias})"))
        return found


def dot(xs: Sequence[str], zs: Sequence[str]) -> str:
    """The sum of products."""
    return " + ".join(f"{x}*{z}" for x, z in zip(xs, zs, strict=True))


def squared_loss(net: Net, outputs: Sequence[str]) -> None:
    """Half the sum of squared errors."""
    errors = [f"({a} - {y})**2" for a, y in zip(outputs, net.inputs_of("y", len(outputs)), strict=True)]
    net.let("J", f"({' + '.join(errors)})/2")


def tanh_mlp(net: Net) -> None:
    """Two hidden layers of tanh."""
    hidden = net.dense("b", net.dense("a", net.inputs_of("x", 3), 5, "tanh"), 5, "tanh")
    squared_loss(net, net.dense("o", hidden, 2))


def deep_sigmoid(net: Net) -> None:
    """Eight hidden layers of sigmoids: in float16 the adjoints of the first ones underflow."""
    hidden = net.inputs_of("x", 3)
    for stem in "abcdefgh":
        hidden = net.dense(stem, hidden, 4, "sigmoid")
    squared_loss(net, net.dense("o", hidden, 2))


def softmax_cross_entropy(net: Net) -> None:
    """A hidden layer of tanh, softmax with its maximum taken off, cross-entropy against class 2."""
    logits = net.dense("z", net.dense("a", net.inputs_of("x", 4), 4, "tanh"), 5)
    largest = net.let("m", f"max({', '.join(logits)})")
    powers = [net.let(f"e{k}", f"exp({z} - {largest})") for k, z in enumerate(logits)]
    net.let("J", f"log({' + '.join(powers)}) - ({logits[2]} - {largest})")


def recurrent(net: Net) -> None:
    """Eight steps of a tanh RNN with three units, a squared error at each."""
    width, steps = 3, 8
    state = net.inputs_of("h", width)
    mix = [net.inputs_of(f"W{k}_", width, 1 / math.sqrt(width)) for k in range(width)]
    drive, bias, read = net.inputs_of("U", width), net.inputs_of("c", width, 0.1), net.inputs_of("v", width)
    losses = []
    for t, (x, y) in enumerate(zip(net.inputs_of("x", steps), net.inputs_of("y", steps), strict=True)):
        state = [
            net.let(f"s{t}_{k}", f"tanh({dot(mix[k], state)} + {drive[k]}*{x} + {bias[k]})")
            for k in range(width)
        ]
        losses.append(net.let(f"l{t}", f"({dot(read, state)} - {y})**2"))
    net.let("J", f"({' + '.join(losses)})/{steps}")


def normalised_attention(net: Net) -> None:
    """Attention of one query over four keys, then layer norm with its root and division."""
    size = 3
    query = net.dense("q", net.inputs_of("x", size), size)
    keys = [net.dense(f"k{t}_", net.inputs_of(f"u{t}_", size), size) for t in range(4)]
    powers = [net.let(f"e{t}", f"exp(({dot(query, key)})/{size}**0.5)") for t, key in enumerate(keys)]
    total = net.let("t", " + ".join(powers))
    mixed = [net.let(f"c{k}", f"({dot(powers, [key[k] for key in keys])})/{total}") for k in range(size)]
    mean = net.let("mean", f"({' + '.join(mixed)})/{size}")
    variance = net.let("var", f"({' + '.join(f'({c} - {mean})**2' for c in mixed)})/{size}")
    squared_loss(
        net, [net.let(f"n{k}", f"({c} - {mean})/sqrt({variance} + 1e-3)") for k, c in enumerate(mixed)]
    )


NETS: dict[str, Callable[[Net], None]] = {
    "tanh MLP": tanh_mlp,
    "deep sigmoid": deep_sigmoid,
    "softmax cross-entropy": softmax_cross_entropy,
    "RNN": recurrent,
    "normalised attention": normalised_attention,
}


def draw(name: str, seed: int = 0) -> tuple[str, dict[str, float]]:
    """The program of a net, and values of its inputs."""
    net = Net(seed)
    NETS[name](net)
    return "\n".join(net.lines), net.inputs
