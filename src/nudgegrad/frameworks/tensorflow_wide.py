"""A function, layer, model or module in float64: a copy, because a variable cannot change its format.

Nobody promises that a copy computes what its original does: whoever uses one compares its value and its
gradient with the original's.
"""

from __future__ import annotations

import copy
import functools
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from .tensorflow_state import is_layer, keras, variable_of

LOWER = ("float32", "float16", "bfloat16")  # what promotion casts to float64


@dataclass(frozen=True)
class Copy:
    """A callable in float64.

    Parameters
    ----------
    f : callable
    twins : mapping of int to Variable
        id of a variable -> the one in its place.
    """

    f: Callable[..., Any]
    twins: dict[int, Any]


class NoCopyError(Exception):
    """There is no copy in float64."""


def in_float64(f: Any) -> Copy:
    """A copy of a layer, model or module, of a partial of one, or of a function with the tensors it names.

    Raises
    ------
    NoCopyError
        If it cannot be built again from its configuration.
    """
    if isinstance(f, functools.partial):
        made = in_float64(f.func)
        named = {name: _longer(value) for name, value in f.keywords.items()}
        return Copy(functools.partial(made.f, *map(_longer, f.args), **named), made.twins)
    if is_layer(f):
        return _layer(f)
    if isinstance(f, tf.Module):
        twins = {id(v): tf.Variable(wider(v), trainable=v.trainable, name=_name(v)) for v in f.variables}
        return Copy(copy.deepcopy(f, dict(twins)), twins)
    if isinstance(f, types.FunctionType):
        return Copy(_function(f), {})
    return Copy(f, {})


def _function(function: types.FunctionType) -> Callable[..., Any]:
    """The function with tensors and arrays of float64 in its closure, its defaults and its globals."""
    held = [_content(cell) for cell in function.__closure__ or ()]
    named = {name: function.__globals__.get(name) for name in function.__code__.co_names}
    short = {name: wider(value) for name, value in named.items() if _is_short(value)}
    defaults = function.__defaults__ or ()
    if not short and not any(map(_is_short, (*held, *defaults))):
        return function
    cells = [
        types.CellType(wider(value)) if _is_short(value) else cell
        for value, cell in zip(held, function.__closure__ or (), strict=True)
    ]
    made = types.FunctionType(
        function.__code__,
        function.__globals__ | short,
        function.__name__,
        tuple(map(_longer, defaults)),
        tuple(cells),
    )
    made.__kwdefaults__ = function.__kwdefaults__
    return made


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # a name that has no value yet
        return None


def _is_short(value: Any) -> bool:
    return isinstance(value, tf.Tensor | np.ndarray) and tf.as_dtype(value.dtype).name in LOWER


def _longer(value: Any) -> Any:
    return wider(value) if _is_short(value) else value


def _name(variable: Any) -> str:
    return str(variable.name).removesuffix(":0")


def wider(tensor: Any) -> Any:
    """A tensor, an array or a variable's tensor, in float64 if it holds floats of a lower format."""
    if isinstance(tensor, np.ndarray):
        return tensor.astype(np.float64) if tensor.dtype.name in LOWER else tensor.copy()
    return tf.cast(tensor, tf.float64) if tensor.dtype.name in LOWER else tf.convert_to_tensor(tensor)


def _layer(layer: Any) -> Copy:
    if isinstance(layer, keras().Model):
        made = keras().models.clone_model(layer, clone_function=_again, recursive=True)
    else:
        made = _again(layer)
        shapes = layer.get_build_config()
        if shapes:
            made.build_from_config(shapes)
    ours, theirs = ([variable_of(v) for v in one.variables] for one in (made, layer))
    if [v.shape for v in ours] != [v.shape for v in theirs]:
        raise NoCopyError
    for new, old in zip(ours, theirs, strict=True):
        if new.dtype.name in LOWER:
            raise NoCopyError
        new.assign(wider(old))
    return Copy(made, {id(old): new for new, old in zip(ours, theirs, strict=True)})


def _again(layer: Any) -> Any:
    return type(layer).from_config(_widened(layer.get_config()))


def _widened(config: Any) -> Any:
    """A configuration of Keras with float64 wherever it says how a layer computes."""
    if isinstance(config, list | tuple):
        return type(config)(_widened(part) for part in config)
    if not isinstance(config, dict):
        return config
    return {key: _policy(value) if key == "dtype" else _widened(value) for key, value in config.items()}


def _policy(value: Any) -> Any:
    name = value.get("config", {}).get("name") if isinstance(value, dict) else value
    floats = (*LOWER, "mixed_float16", "mixed_bfloat16")
    return "float64" if name in floats else value
