"""A small reverse mode over arrays: the rules of the random programs, and how they are run.

It shares nothing with nudgegrad. Every rule computes in the format of what it is given.
"""

# ruff: noqa: ARG001, ARG005  every rule takes what any rule takes

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.checks.battery.units import sigmoid, softmax

Value = Any  # an array
Backward = Callable[..., tuple[Value, ...]]  # gradient, own value, detail, inputs -> the inputs' gradients


@dataclass(frozen=True)
class Step:
    """An operation on earlier values.

    Parameters
    ----------
    rule : str
    inputs : tuple of int
        Places of the values it takes: blocks first, then constants, then steps.
    detail : int or float
        An axis, a number of rows, a factor.
    """

    rule: str
    inputs: tuple[int, ...]
    detail: Any = None


@dataclass(frozen=True)
class Program:
    """Steps over blocks and constants; the last step's value is the output.

    Parameters
    ----------
    blocks : tuple of str
    constants : int
    steps : tuple of Step
    """

    blocks: tuple[str, ...]
    constants: int
    steps: tuple[Step, ...]


def _fitted(g: Value, to: Value) -> Value:
    """The gradient summed over the axes along which an input was repeated."""
    g = g.sum(axis=tuple(range(g.ndim - to.ndim)))
    repeated = tuple(k for k, n in enumerate(to.shape) if n == 1 and g.shape[k] != 1)
    return g.sum(axis=repeated, keepdims=True) if repeated else g


def _softmax_backward(g: Value, y: Value, axis: int, _: Value) -> tuple[Value]:
    return (y * (g - np.sum(g * y, axis=axis, keepdims=True)),)


def _norm(_: None, x: Value) -> Value:
    d = x - np.mean(x, axis=-1, keepdims=True)
    return d / np.sqrt(np.mean(d * d, axis=-1, keepdims=True) + 0.1)


def _norm_backward(g: Value, y: Value, _: None, x: Value) -> tuple[Value]:
    d = x - np.mean(x, axis=-1, keepdims=True)
    root = np.sqrt(np.mean(d * d, axis=-1, keepdims=True) + 0.1)
    inner = g - y * np.mean(g * y, axis=-1, keepdims=True)
    return ((inner - np.mean(inner, axis=-1, keepdims=True)) / root,)


def _log_sum_exp(axis: int, x: Value) -> Value:
    top = np.max(x, axis=axis, keepdims=True)
    return top + np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True))


def _joined_backward(g: Value, _: Value, axis: int, x: Value, z: Value) -> tuple[Value, Value]:
    one, other = np.split(g, [x.shape[axis]], axis=axis)
    return one, other


def _first_backward(g: Value, _: Value, count: int, x: Value) -> tuple[Value]:
    back = np.zeros_like(x)
    back[:count] = g
    return (back,)


ELEMENTWISE: dict[str, tuple[Callable[[Value], Value], Callable[[Value, Value], Value]]] = {  # y(x), dy/dx
    "tanh": (np.tanh, lambda x, y: 1 - y * y),
    "sin": (np.sin, lambda x, y: np.cos(x)),
    "cos": (np.cos, lambda x, y: -np.sin(x)),
    "exp": (np.exp, lambda x, y: y),
    "sigmoid": (sigmoid, lambda x, y: y * (1 - y)),
    "softplus": (lambda x: np.logaddexp(0, x), lambda x, y: sigmoid(x)),
    "swish": (lambda x: x * sigmoid(x), lambda x, y: sigmoid(x) * (1 + x - y)),
    "square": (lambda x: x * x, lambda x, y: 2 * x),
    "cube": (lambda x: x**3, lambda x, y: 3 * x**2),
    "root": (lambda x: np.sqrt(1 + x * x), lambda x, y: x / y),
    "bump": (lambda x: 1 / (1 + x * x), lambda x, y: -2 * x * y * y),
    "arctan": (np.arctan, lambda x, y: np.cos(y) ** 2),  # without x x, which float16 may not have
    "log": (lambda x: np.log(2 + x * x), lambda x, y: 2 * x / (2 + x * x)),
}

Rule = tuple[Callable[..., Value], Backward]


def _elementwise(value: Callable[[Value], Value], slope: Callable[[Value, Value], Value]) -> Rule:
    return lambda _, x: value(x), lambda g, y, _, x: (g * slope(x, y),)


RULES: dict[str, Rule] = {  # forward(detail, inputs), backward
    "add": (lambda _, x, z: x + z, lambda g, y, _, x, z: (_fitted(g, x), _fitted(g, z))),
    "subtract": (lambda _, x, z: x - z, lambda g, y, _, x, z: (_fitted(g, x), _fitted(-g, z))),
    "multiply": (lambda _, x, z: x * z, lambda g, y, _, x, z: (_fitted(g * z, x), _fitted(g * x, z))),
    "divide": (
        lambda _, x, z: x / (1 + z * z),
        lambda g, y, _, x, z: (_fitted(g / (1 + z * z), x), _fitted(-2 * g * y * z / (1 + z * z), z)),
    ),
    "scale": (lambda c, x: c * x, lambda g, y, c, x: (c * g,)),
    "matmul": (lambda _, x, z: x @ z, lambda g, y, _, x, z: (g @ z.T, x.T @ g)),
    "transpose": (lambda _, x: x.T, lambda g, y, _, x: (g.T,)),
    "softmax": (lambda axis, x: softmax(x, axis), _softmax_backward),
    "norm": (_norm, _norm_backward),
    "sum": (
        lambda axis, x: np.sum(x, axis=axis, keepdims=True),
        lambda g, y, axis, x: (np.broadcast_to(g, x.shape),),
    ),
    "mean": (
        lambda axis, x: np.mean(x, axis=axis, keepdims=True),
        lambda g, y, axis, x: (np.broadcast_to(g, x.shape) / x.shape[axis],),
    ),
    "log-sum-exp": (_log_sum_exp, lambda g, y, axis, x: (g * np.exp(x - y),)),
    "cumulative sum": (
        lambda axis, x: np.cumsum(x, axis=axis),
        lambda g, y, axis, x: (np.flip(np.cumsum(np.flip(g, axis), axis=axis), axis),),
    ),
    "concatenate": (lambda axis, x, z: np.concatenate([x, z], axis=axis), _joined_backward),
    "first": (lambda count, x: x[:count], _first_backward),
    "total": (lambda _, x, c: np.sum(x * c), lambda g, y, _, x, c: (g * c, g * x)),
    **{name: _elementwise(value, slope) for name, (value, slope) in ELEMENTWISE.items()},
}


def values(program: Program, x: dict[str, Value], constants: Sequence[Value]) -> list[Value]:
    """Every value in order: blocks, constants, steps."""
    found = [x[name] for name in program.blocks] + list(constants)
    for step in program.steps:
        found.append(RULES[step.rule][0](step.detail, *(found[k] for k in step.inputs)))
    return found


def output(x: dict[str, Value], constants: Sequence[Value], program: Program) -> Value:
    return values(program, x, constants)[-1]


def gradient(
    x: dict[str, Value],
    constants: Sequence[Value],
    program: Program,
    dropped: tuple[int, int] | None = None,
) -> dict[str, Value]:
    """The gradient by the blocks; `dropped` names a step and one of its inputs whose share is forgotten."""
    found = values(program, x, constants)
    adjoints: list[Value] = [None] * len(found)
    adjoints[-1] = np.ones_like(found[-1])
    first = len(found) - len(program.steps)
    for k in reversed(range(len(program.steps))):
        step, g = program.steps[k], adjoints[first + k]
        if g is None:
            continue
        parts = RULES[step.rule][1](g, found[first + k], step.detail, *(found[j] for j in step.inputs))
        for place, (j, part) in enumerate(zip(step.inputs, parts, strict=True)):
            if (k, place) != dropped:
                adjoints[j] = part if adjoints[j] is None else adjoints[j] + part
    return {
        name: np.zeros_like(x[name]) if adjoints[k] is None else np.asarray(adjoints[k], x[name].dtype)
        for k, name in enumerate(program.blocks)
    }
