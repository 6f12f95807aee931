"""A function, where to take its gradient, and a hand-written gradient that is right or wrong there.

A block is one array of x. Its name is its path: `W1` in a dict, `layers[0].b` in a list of dicts, `x` where
x is one array, `x[1]` in a tuple or list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

Structure = Any  # an array, or dicts, lists and tuples of structures
Where = tuple[str, tuple[int, ...]]  # a block and an index in it

# What a trap may be answered with.
SURE, UNSURE = ("pass",), ("pass", "inconclusive")  # right; right, and hard to say
FALSE, DOUBTFUL = ("fail",), ("fail", "inconclusive")  # wrong; wrong, and hard to say
UNKNOWN = ("inconclusive",)
REFUSED = ("UsageError", "fail", "inconclusive")  # malformed


@dataclass(frozen=True, eq=False)
class Case:
    """A gradient and what is known of it.

    Parameters
    ----------
    name : str
    f : callable
        `f(x, *args)`, a number in the format of x.
    x : array, or dicts, lists and tuples of arrays
    grad : callable
        `grad(x, *args)`, of the structure of x.
    args : tuple
        What is not differentiated: arrays, numbers, labels, masks.
    wrong : str
        The kind of mistake in `grad`; empty for a right gradient.
    blocks : frozenset of str
        The blocks that are wrong.
    diagnosis : str
        What an ideal diagnosis says of them; empty where none is asked for.
    trap : str
        The property that fools a naive checker.
    entries : tuple
        The wrong entries, where they are few: (block, index).
    expected : tuple of str
        Verdicts that are right in float64, for a trap: "pass", "fail", "inconclusive" or an error's name.
    says : str
        What the reason must speak of, for a trap.
    meant : callable, optional
        The function that f stands for, where f is rounded, noisy or has a state: what has the gradient.
    """

    name: str
    f: Callable[..., Any]
    x: Structure
    grad: Callable[..., Structure]
    args: tuple[Any, ...] = ()
    wrong: str = ""
    blocks: frozenset[str] = frozenset()
    diagnosis: str = ""
    trap: str = ""
    entries: tuple[Where, ...] = ()
    expected: tuple[str, ...] = ()
    says: str = ""
    meant: Callable[..., Any] | None = None

    def value(self) -> Any:
        """f at x."""
        return self.f(self.x, *self.args)

    def gradient(self) -> Structure:
        """The claim at x."""
        return self.grad(self.x, *self.args)


def _name(path: str) -> str:
    return "x" + path if path.startswith("[") or not path else path.removeprefix(".")


def _walk(structure: Structure, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(structure, dict):
        for key, inner in structure.items():
            yield from _walk(inner, f"{path}.{key}")
    elif isinstance(structure, list | tuple):
        for k, inner in enumerate(structure):
            yield from _walk(inner, f"{path}[{k}]")
    else:
        yield _name(path), structure


def leaves(structure: Structure) -> dict[str, Any]:
    """The blocks of a structure by name, in order."""
    return dict(_walk(structure, ""))


def mapped(structure: Structure, change: Callable[[str, Any], Any], path: str = "") -> Structure:
    """The structure with `change(name, block)` for every block."""
    if isinstance(structure, dict):
        return {key: mapped(inner, change, f"{path}.{key}") for key, inner in structure.items()}
    if isinstance(structure, list | tuple):
        inner = [mapped(each, change, f"{path}[{k}]") for k, each in enumerate(structure)]
        return type(structure)(inner)
    return change(_name(path), structure)


def cast(structure: Structure, dtype: Any) -> Structure:
    """The structure with its arrays of floats in a format; labels, masks and Python numbers as they are."""

    def to_format(_: str, leaf: Any) -> Any:
        if isinstance(leaf, np.ndarray | np.generic) and np.issubdtype(leaf.dtype, np.floating):
            return leaf.astype(dtype)
        return leaf

    return mapped(structure, to_format)


def in_format(case: Case, format: str) -> Case:
    """The case with x and args in "float32", "float16" or "float64"; its code computes in that."""
    with np.errstate(over="ignore", under="ignore"):  # scales that a format does not have
        return replace(case, x=cast(case.x, format), args=cast(case.args, format))


def by_name(cases: Iterable[Case]) -> dict[str, Case]:
    """The cases by name, in order.

    Raises
    ------
    ValueError
        If two have one name.
    """
    found: dict[str, Case] = {}
    for case in cases:
        if case.name in found:
            raise ValueError(f"two cases are named {case.name}")
        found[case.name] = case
    return found


def parameters(case: Case) -> int:
    """P, the number of entries of x."""
    return sum(np.size(block) for block in leaves(case.x).values())
