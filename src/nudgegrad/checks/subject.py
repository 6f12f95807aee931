"""What is checked: a function and the gradient that it is claimed to have, on one vector of numbers."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import UsageError
from ..formats import FORMATS, Array, Format
from .blocks import Block, Blocks, flatten, format_of, leaves, mapped
from .cotangent import cotangents

WIDE = FORMATS["float64"]


class Refused(Exception):
    """The check cannot go on: a reason's code and what is put into its sentence."""


@dataclass
class Subject:
    """f and its claimed gradient over the entries of x.

    Parameters
    ----------
    f : callable
        ``f(x, *args)`` -> a number; or arrays, of which <cotangent, f> is checked.
    grad : callable or structure
        ``grad(x, *args)`` -> a structure like x; or that structure itself. Where f gives arrays:
        ``grad(x, *args, cotangent)``, or Jacobians (an output's axes, then the block's), or the slopes of
        an f that works entry by entry.
    args : tuple
    blocks : Blocks
    x : array, shape (P,)
    cast : type, optional
        What all float arguments are cast to; None keeps their own types.
    """

    f: Callable[..., Any]
    grad: Any
    args: tuple[Any, ...]
    blocks: Blocks
    x: Array
    cast: Any = None
    values: int = 0
    gradients: int = 0
    _args: tuple[Any, ...] = field(init=False)
    _cotangent: list[Array] | None = field(init=False, default=None)  # of an f that gives arrays
    _output: Any = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._args = self.args if self.cast is None else tuple(_cast(a, self.cast) for a in self.args)

    @property
    def format(self) -> Format:
        """The shortest format of the blocks; `cast`'s where there is one."""
        if self.cast is not None:
            return FORMATS[np.dtype(self.cast).name]
        return min((block.format for block in self.blocks.items), key=lambda fmt: fmt.precision)

    def round(self, flat: Array) -> Array:
        """The numbers of each block's format nearest to `flat`."""
        if self.cast is not None:
            return FORMATS[np.dtype(self.cast).name].round(flat)
        found = np.empty_like(flat)
        for block in self.blocks.items:
            found[block.span] = block.format.round(flat[block.span])
        return found

    def value(self, flat: Array) -> float:
        """f at some entries.

        Raises
        ------
        Refused
            If f changes its argument, or its value is no finite number.
        """
        self.values += 1
        x = self.blocks.structure(flat, self.cast)
        with np.errstate(all="ignore"):
            found = self.f(x, *self._args)
        for (name, after), block in zip(_floats(x), self.blocks.items, strict=True):
            same = np.asarray(after, np.float64).ravel() == flat[block.span]
            if after.shape != block.shape or not same.all():
                raise Refused("changes_argument", name)
        return self._number(found)

    def _number(self, found: Any) -> float:
        """<cotangent, f>; f itself where it gives one number."""
        outputs = [np.asarray(leaf, np.float64) for _, leaf in leaves(found) if _is_number(leaf)]
        weights = cotangents(output.size for output in outputs)
        if not outputs:
            raise Refused("not_scalar", f"it gives {type(found).__name__}")
        self._output = found
        self._cotangent = None if len(weights) == weights[0].size == 1 else weights
        return float(sum(o.ravel() @ w for o, w in zip(outputs, weights, strict=True)))

    def claim(self, flat: Array) -> Array:
        """The claimed gradient at some entries, shape (P,).

        Raises
        ------
        Refused
            If it has not the structure of x.
        """
        if self._output is None:
            self.value(flat)
        if not callable(self.grad):
            return self._entries(self.grad)
        self.gradients += 1
        arguments = (self.blocks.structure(flat, self.cast), *self._args)
        if self._cotangent is not None and _takes_one_more(self.grad, arguments):
            cotangent = (w.copy() for w in self._cotangent)
            arguments = (*arguments, _shaped(self._output, cotangent))
            with np.errstate(all="ignore"):
                return self._entries(self.grad(*arguments), contracted=True)
        with np.errstate(all="ignore"):
            return self._entries(self.grad(*arguments))

    def is_wide(self) -> bool:
        """Whether f can be computed in float64, and is; a ready gradient must be in float64 by itself."""
        if not callable(self.grad) and any(
            format_of(leaf) not in (None, WIDE) for _, leaf in leaves(self.grad)
        ):
            return False  # its own rounding would be an error there
        try:
            x = self.blocks.structure(self.x, self.cast)
            with np.errstate(all="ignore"):
                found = [np.asarray(leaf) for _, leaf in leaves(self.f(x, *self._args)) if _is_number(leaf)]
            return all(o.dtype == np.float64 and np.isfinite(o).all() for o in found)
        except Exception:  # what a user's function raises on other types is not ours to know
            return False

    def _entries(self, structure: Any, contracted: bool = False) -> Array:
        given = dict(leaves(structure))
        if len(self.blocks.items) == 1 and len(given) == 1:
            given = {self.blocks.items[0].name: next(iter(given.values()))}
        known = {block.name for block in self.blocks.items}
        extra = [name for name, leaf in given.items() if name not in known and format_of(leaf) is not None]
        if extra:
            raise Refused("wrong_shape", f"x has no {extra[0]}")
        parts = []
        for block in self.blocks.items:
            leaf = given.get(block.name)
            if leaf is None:
                raise Refused("missing_block", block.name)
            try:
                array = np.asarray(leaf, dtype=np.float64)
            except (TypeError, ValueError):
                raise Refused("wrong_shape", f"{block.name} holds no numbers") from None
            if self._cotangent is not None and not contracted:
                array = self._contracted(array, block)
            if array.shape != block.shape:
                raise Refused("wrong_shape", f"{block.name}: {array.shape} instead of {block.shape}")
            parts.append(array.ravel())
        return np.concatenate(parts)

    def _contracted(self, array: Array, block: Block) -> Array:
        """<cotangent, Jacobian> of a block, for one output; an array of slopes counts as a diagonal."""
        assert self._cotangent is not None
        outputs = [np.shape(leaf) for _, leaf in leaves(self._output) if _is_number(leaf)]
        if len(outputs) > 1:
            raise Refused("needs_cotangent", f"{len(outputs)} outputs")
        weight = self._cotangent[0]
        if array.shape == (*outputs[0], *block.shape):
            found: Array = (weight @ array.reshape(weight.size, -1)).reshape(block.shape)
            return found
        if array.shape == block.shape == outputs[0]:
            return array * weight.reshape(block.shape)
        wanted = (*outputs[0], *block.shape)
        raise Refused("wrong_shape", f"{block.name}: {array.shape} instead of {wanted}, its Jacobian")


def _is_number(leaf: Any) -> bool:
    return format_of(leaf) is not None or isinstance(leaf, int) or np.asarray(leaf).dtype.kind in "iu"


def _shaped(structure: Any, flat: Iterator[Array]) -> Any:
    """A structure like f's output with the cotangent in it."""
    known = [leaf for _, leaf in leaves(structure)]
    found = (next(flat).reshape(np.shape(leaf)) if _is_number(leaf) else leaf for leaf in known)
    return mapped(structure, found)


def _takes_one_more(grad: Callable[..., Any], arguments: tuple[Any, ...]) -> bool:
    """Whether a gradient cannot be called with these arguments, but with a cotangent after them."""
    try:
        signature = inspect.signature(grad)
    except (TypeError, ValueError):  # built in
        return False
    try:
        signature.bind(*arguments)
    except TypeError:
        return True
    return False


def _floats(structure: Any) -> list[tuple[str, Any]]:
    return [(name, np.asarray(leaf)) for name, leaf in leaves(structure) if format_of(leaf) is not None]


def _cast(argument: Any, dtype: Any) -> Any:
    """An argument with its float arrays cast; anything else as it is."""
    try:
        flat, blocks = flatten(argument)
    except UsageError:
        return argument
    return blocks.structure(flat, dtype)


def subject(
    f: Callable[..., Any], x: Any, grad: Any, args: Sequence[Any] = (), cast: Any = None
) -> Subject:
    """The subject of a check."""
    flat, blocks = flatten(x)
    return Subject(f, grad, tuple(args), blocks, flat, cast)
