"""Pytrees and arrays of JAX: the paths and formats of leaves, new arrays like old ones, and float64."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import jax
import jax.experimental
import jax.numpy as jnp
import numpy as np
from jax.tree_util import DictKey, FlattenedIndexKey, SequenceKey

from ..checks.blocks import WHOLE
from ..errors import UsageError
from ..formats import FORMATS, Array, Format


def x64(enabled: bool) -> AbstractContextManager[Any]:
    """JAX with float64, or without it, within this thread."""
    home = jax if hasattr(jax, "enable_x64") else jax.experimental  # the latter before JAX 0.8
    found: AbstractContextManager[Any] = home.enable_x64(enabled)
    return found


def named(structure: Any) -> tuple[list[tuple[str, Any]], Any]:
    """(path, leaf) of every leaf of a pytree, and what puts leaves together to it."""
    found, tree = jax.tree_util.tree_flatten_with_path(structure)
    return [(_path(keys), leaf) for keys, leaf in found], tree


def _path(keys: Sequence[Any]) -> str:
    path = ""
    for key in keys:
        if isinstance(key, SequenceKey):
            path += f"[{key.idx}]"
        elif isinstance(key, FlattenedIndexKey):
            path += f"[{key.key}]"
        else:
            name = key.key if isinstance(key, DictKey) else getattr(key, "name", key)
            path = f"{path}.{name}" if path else str(name)
    return f"{WHOLE}{path}" if path[:1] in ("", "[") else path


def dtype_of(leaf: Any) -> Any:
    """The type of what JAX makes of a leaf; None for what is no number."""
    if isinstance(leaf, bool | int | float | complex):
        return jax.dtypes.canonicalize_dtype(type(leaf))
    if isinstance(leaf, jax.Array):
        return leaf.dtype
    if isinstance(leaf, np.ndarray | np.generic):
        return jax.dtypes.canonicalize_dtype(leaf.dtype) if leaf.dtype.kind in "fc" else leaf.dtype
    return None


def is_inexact(leaf: Any) -> bool:
    """Whether a leaf holds floats or complex numbers."""
    dtype = dtype_of(leaf)
    return dtype is not None and bool(jnp.issubdtype(dtype, jnp.inexact))


def format_of(name: str, leaf: Any) -> Format:
    """The number format of a float leaf.

    Raises
    ------
    UsageError
        If it is complex, or in a format that the check does not take.
    """
    kind = str(dtype_of(leaf))
    if kind.startswith("complex"):
        raise UsageError(
            f"{name} is complex, which the check does not take",
            help="pass its real and imaginary parts and join them in f (jax.lax.complex)",
        )
    if kind not in FORMATS:
        raise UsageError(f"{name} is in {kind}", help=f"the check takes {', '.join(FORMATS)}")
    return FORMATS[kind]


def numbers(leaf: Any) -> Array:
    """The entries of an array as float64, shape (size,)."""
    found: Array = np.asarray(leaf).astype(np.float64).ravel()
    return found


def reals(structure: Any) -> list[jax.Array]:
    """The floats of what a function returned; real and imaginary parts along a last axis."""
    found = [jnp.asarray(leaf) for leaf in jax.tree_util.tree_leaves(structure) if is_inexact(leaf)]
    return [jnp.stack((a.real, a.imag), -1) if jnp.iscomplexobj(a) else a for a in found]


def like(leaf: Any, entries: Array, dtype: Any) -> jax.Array:
    """A new array of a leaf's shape, with these entries, on its devices and as weakly typed."""
    made: Any = entries.reshape(np.shape(leaf)).astype(dtype)
    weak = type(leaf) is float or getattr(leaf, "weak_type", False)
    if weak and dtype == jnp.result_type(float):
        made = jnp.full(made.shape, 0.0).at[...].set(made)
    concrete = isinstance(leaf, jax.Array) and not isinstance(leaf, jax.core.Tracer)
    if concrete and getattr(leaf, "committed", True):
        made = jax.device_put(made, leaf.sharding)
    return jnp.asarray(made)


def passed(leaf: Any, cast: Any) -> Any:
    """What a call gets of something that is passed through: of an array a copy, cast if it is shorter."""
    if not isinstance(leaf, jax.Array | np.ndarray) or isinstance(leaf, jax.core.Tracer):
        return leaf
    kind, wanted = str(leaf.dtype), np.dtype(cast).name
    if cast is None:
        return leaf.copy()
    if kind == "complex64" and wanted == "float64":
        return leaf.astype(np.complex128)
    shorter = kind in FORMATS and FORMATS[kind].precision < FORMATS[wanted].precision
    return leaf.astype(cast) if shorter else leaf.copy()
