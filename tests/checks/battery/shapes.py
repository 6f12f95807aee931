"""Traps in what is handed over: missing numbers, odd structures, wrong shapes."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.checks.battery.case import DOUBTFUL, REFUSED, SURE, UNKNOWN, Case
from tests.checks.battery.values import waves

NAN = "not a number"
STRUCTURE = "structure"


def pair(x: Any) -> Any:
    return np.sum(np.sin(x["a"])) + np.sum(x["b"] * x["b"])


def pair_gradient(x: Any) -> Any:
    return {"a": np.cos(x["a"]), "b": 2 * x["b"]}


def chosen(x: Any, rows: Any, keep: Any, power: int, name: str) -> Any:
    """Integers, booleans and a text beside the numbers."""
    assert name == "sum"
    return np.sum((x[rows] * keep) ** power)


def chosen_gradient(x: Any, rows: Any, keep: Any, power: int, name: str) -> Any:
    assert name == "sum"
    found = np.zeros_like(x)
    np.add.at(found, rows, power * (x[rows] * keep) ** (power - 1) * keep)
    return found


def _with(g: Any, index: int, value: float) -> Any:
    g = g.copy()
    g[index] = value
    return g


def _invalid() -> list[Case]:
    x = np.array([0.3, -0.8, 1.1])
    f, g = waves()

    def roots(x: Any) -> Any:
        with np.errstate(invalid="ignore"):
            return np.sum(np.sqrt(x))

    def roots_gradient(x: Any) -> Any:
        with np.errstate(invalid="ignore", divide="ignore"):
            return 0.5 / np.sqrt(x)

    def unlimited(x: Any) -> Any:
        return f(x) + np.inf

    def nan(name: str, function: Any, at: Any, grad: Any, expected: tuple[str, ...] = UNKNOWN) -> Case:
        return Case(name, function, at, grad, trap=NAN, expected=expected, says="nan")

    return [
        nan("value nan", lambda x: f(x) * np.nan, x, g),
        nan("value inf", unlimited, x, g),
        nan("root of a negative number", roots, np.array([0.5, -1.0]), roots_gradient),
        nan("root at 0", roots, np.array([0.5, 0.0]), roots_gradient),
        nan("one entry nan", f, x, lambda x: _with(g(x), 1, np.nan)),
        nan("one entry inf", f, x, lambda x: _with(g(x), 2, np.inf), DOUBTFUL),
        nan("parameter nan", f, _with(x, 1, np.nan), g),
    ]


def cases() -> list[Case]:
    """The traps of this module."""
    f, g = waves()
    x = {"a": np.array([[0.3, -0.8]]), "b": np.array([0.5, 2.0])}
    read_only = np.arange(1.0, 7).reshape(2, 3)
    read_only.flags.writeable = False
    one = np.array([0.4, 1.7])
    chosen_args = (np.array([0, 2, 2]), np.array([True, False, True]), 3, "sum")

    def in_turn(x: Any) -> Any:
        return [g(x[0]) * f(x[1]), g(x[1]) * f(x[0])]

    def nested(x: Any) -> Any:
        first, (second,) = x["layers"]
        return f(first["W"]) * f(second)

    def nested_gradient(x: Any) -> Any:
        first, (second,) = x["layers"]
        return {"layers": [{"W": g(first["W"]) * f(second)}, (g(second) * f(first["W"]),)]}

    def fine(name: str, function: Any, at: Any, grad: Any, args: tuple[Any, ...] = ()) -> Case:
        return Case(name, function, at, grad, args, trap=STRUCTURE, expected=SURE)

    def refused(name: str, grad: Any, at: Any = x, function: Any = pair) -> Case:
        return Case(name, function, at, grad, trap="malformed", expected=REFUSED)

    return [
        *_invalid(),
        fine("integers and booleans", chosen, np.array([0.3, 9, 1.2]), chosen_gradient, chosen_args),
        fine("an empty block", pair, x | {"a": np.zeros((0, 2))}, pair_gradient),
        fine("an array without axes", np.sin, np.array(0.7), np.cos),
        fine("the value is an array of one", lambda x: np.sum(x * x, keepdims=True), one, lambda x: 2 * x),
        fine("the value is a Python number", lambda x: float(f(x)), one, g),
        fine("a tuple answered by a list", lambda x: f(x[0]) * f(x[1]), (one, one + 1), in_turn),
        fine("one array as two blocks", pair, {"a": one, "b": one}, pair_gradient),
        fine("read-only and transposed", f, read_only.T, g),
        fine("every second entry", f, np.arange(1.0, 13)[::2] / 4, g),
        fine("nested", nested, {"layers": [{"W": one}, (one / 3,)]}, nested_gradient),
        refused("a row for a column", lambda x: {"a": np.cos(x["a"]).T, "b": 2 * x["b"]}),
        refused("a sum for an array", lambda x: {"a": np.cos(x["a"]), "b": np.sum(2 * x["b"])}),
        refused("flattened", lambda x: {"a": np.cos(x["a"]).ravel(), "b": 2 * x["b"]}),
        refused("None for a block", lambda x: {"a": None, "b": 2 * x["b"]}),
        refused("None for everything", lambda _: None),
        refused("a block missing", lambda x: {"b": 2 * x["b"]}),
        refused("a block too many", lambda x: pair_gradient(x) | {"c": np.zeros(2)}),
        refused("an array for a dict", lambda x: 2 * x["b"]),
        refused("text", lambda x: {"a": np.cos(x["a"]), "b": "2 b"}),
    ]  # fmt: skip
