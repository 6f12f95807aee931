"""Wrong gradients made from right ones: by a word that its code knows, or by changing its result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from tests.checks.battery.case import Case, Where, leaves, mapped

Change = Callable[[Any], Any]  # of one block's gradient


def planted(case: Case, bug: str, blocks: str, diagnosis: str = "") -> Case:
    """The case with a mistake that its own backward pass names; `blocks` separated by spaces."""
    return replace(
        case, name=f"{case.name}: {bug}", grad=partial(case.grad, bug=bug), wrong=bug,
        blocks=frozenset(blocks.split()), diagnosis=diagnosis,
    )  # fmt: skip


def _gradient(x: Any, *args: Any, right: Callable[..., Any], changes: Mapping[str, Change]) -> Any:
    return mapped(right(x, *args), lambda name, g: changes[name](g) if name in changes else g)


def changed(
    case: Case,
    wrong: str,
    changes: Mapping[str, Change],
    diagnosis: str = "",
    entries: tuple[Where, ...] = (),
) -> Case:
    """The case with the gradient of some blocks put through functions."""
    return replace(
        case, name=f"{case.name}: {wrong} in {', '.join(changes)}", wrong=wrong,
        grad=partial(_gradient, right=case.grad, changes=changes), blocks=frozenset(changes),
        diagnosis=diagnosis, entries=entries,
    )  # fmt: skip


def _exchanged(x: Any, *args: Any, right: Callable[..., Any], one: str, other: str) -> Any:
    found = right(x, *args)
    blocks = leaves(found)
    swap = {one: blocks[other], other: blocks[one]}
    return mapped(found, swap.get)


def exchanged(case: Case, one: str, other: str) -> Case:
    """The case with the gradients of two blocks of one shape in each other's place."""
    return replace(
        case, name=f"{case.name}: {one} and {other} exchanged", wrong="blocks exchanged",
        grad=partial(_exchanged, right=case.grad, one=one, other=other), blocks=frozenset({one, other}),
    )  # fmt: skip


# Changes of one block.


def times(factor: float) -> Change:
    return lambda g: factor * g


def transposed(g: Any) -> Any:
    return g.T


def flipped(g: Any) -> Any:
    """A kernel read from its end."""
    return g[..., ::-1, ::-1]


def rolled(axis: int) -> Change:
    """Rows or columns each in the place of the next."""
    return lambda g: np.roll(g, 1, axis=axis)


def _at(g: Any, index: Any, factor: float) -> Any:
    g = g.copy()
    g[index] = g[index] * g.dtype.type(factor)
    return g


def part_times(index: Any, factor: float) -> Change:
    """An entry, a row, a column or a slice times a factor, the rest untouched."""
    return lambda g: _at(g, index, factor)


def entries_times(indices: tuple[tuple[int, ...], ...], factor: float) -> Change:
    """A few entries times a factor."""
    return lambda g: _at(g, tuple(np.array(indices).T), factor)


def with_added(number: float) -> Change:
    return lambda g: g + g.dtype.type(number)


def of_format(format: str) -> Change:
    """Computed with the rounding of a smaller format."""
    return lambda g: g.astype(format).astype(g.dtype)


def clipped(limit: float) -> Change:
    """Gradient clipping left on."""
    return lambda g: np.clip(g, -limit, limit)


def without_mean(g: Any) -> Any:
    return g - np.mean(g)
