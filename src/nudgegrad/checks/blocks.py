"""Structures of arrays as one vector of numbers, and back: dicts, lists and tuples, by their paths."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import UsageError
from ..formats import FORMATS, Array, Format

WHOLE = "x"  # the name of a block that is the structure itself


@dataclass(frozen=True)
class Block:
    """One array of a structure.

    Parameters
    ----------
    name : str
        Its path: ``W1``, ``layers[0].b``, ``x[0]``; ``x`` if it is the whole structure.
    shape : tuple of int
    format : Format
    start : int
        Where its entries begin in the vector.
    """

    name: str
    shape: tuple[int, ...]
    format: Format
    start: int

    @property
    def size(self) -> int:
        """How many entries it has."""
        return math.prod(self.shape)

    @property
    def span(self) -> slice:
        """Its entries in the vector."""
        return slice(self.start, self.start + self.size)

    def index(self, k: int) -> tuple[int, ...]:
        """The index in the array of entry `k` of the vector."""
        return tuple(int(i) for i in np.unravel_index(k - self.start, self.shape)) if self.shape else ()


@dataclass(frozen=True)
class Blocks:
    """The blocks of a structure, and how to put it together again.

    Parameters
    ----------
    items : tuple of Block
    rebuild : callable
        ``rebuild(arrays)`` -> the structure with these arrays in place of its own.
    """

    items: tuple[Block, ...]
    rebuild: Callable[[Sequence[Any]], Any]

    @property
    def size(self) -> int:
        """Entries of all blocks, P."""
        return sum(block.size for block in self.items)

    def structure(self, flat: Array, cast: Any = None) -> Any:
        """The structure whose entries are `flat`, in each block's own type unless `cast` is given."""
        arrays = []
        for block in self.items:
            array = flat[block.span].reshape(block.shape).astype(cast or _dtype(block.format))
            arrays.append(array if block.shape else array[()])
        return self.rebuild(arrays)

    def of(self, k: int) -> Block:
        """The block that holds entry `k` of the vector."""
        return next(block for block in self.items if block.start <= k < block.start + block.size)


def _dtype(fmt: Format) -> Any:
    if fmt.native:
        return fmt.dtype
    import ml_dtypes

    return ml_dtypes.bfloat16


def leaves(structure: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """(path, leaf) of a structure, as deep as it is nested."""
    if isinstance(structure, Mapping):
        for key, value in structure.items():
            yield from leaves(value, f"{path}.{key}" if path else str(key))
    elif isinstance(structure, list | tuple):
        for k, value in enumerate(structure):
            yield from leaves(value, f"{path}[{k}]")
    else:
        yield (f"{WHOLE}{path}" if path[:1] in ("", "[") else path), structure


def mapped(structure: Any, found: Iterator[Any]) -> Any:
    """The structure with its leaves replaced, in their order."""
    if isinstance(structure, Mapping):
        return type(structure)({key: mapped(value, found) for key, value in structure.items()})  # type: ignore[call-arg]  # dict-like
    if isinstance(structure, list | tuple):
        items = [mapped(value, found) for value in structure]
        return type(structure)(*items) if hasattr(structure, "_fields") else type(structure)(items)
    return next(found)


def format_of(leaf: Any) -> Format | None:
    """The number format of a leaf; None where it holds no floats, and is passed through."""
    if isinstance(leaf, bool | int | str) or leaf is None:
        return None
    if isinstance(leaf, float):
        return FORMATS["float64"]
    return FORMATS.get(str(getattr(leaf, "dtype", "")))


def flatten(structure: Any) -> tuple[Array, Blocks]:
    """The entries of all float leaves as float64, shape (P,), and what they are entries of.

    Raises
    ------
    UsageError
        If there is no float in it.
    """
    known = list(leaves(structure))
    items: list[Block] = []
    parts: list[Array] = []
    start = 0
    for name, leaf in known:
        fmt = format_of(leaf)
        if fmt is None:
            continue
        array = np.asarray(leaf)
        items.append(Block(name, array.shape, fmt, start))
        parts.append(array.astype(np.float64).ravel())
        start += array.size
    if not start:
        raise UsageError("there is no float to check in x", help="for example x = np.array([1.0, 2.0])")
    fixed = [format_of(leaf) is None for _, leaf in known]

    def rebuild(arrays: Sequence[Any]) -> Any:
        given = iter(arrays)
        new = iter([leaf if keep else next(given) for (_, leaf), keep in zip(known, fixed, strict=True)])
        return mapped(structure, new)

    return np.concatenate(parts), Blocks(tuple(items), rebuild)
