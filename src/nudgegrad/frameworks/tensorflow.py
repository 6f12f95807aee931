"""TensorFlow functions, tensors and variables, and Keras layers and models, as subjects of the check.

The claim is what `tf.GradientTape` gives for <cotangent, outputs>. Every call starts from the same random
state and the same variables, and leaves none of the user's changed (`tensorflow_state`).
"""

from __future__ import annotations

import fnmatch
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf

from ..checks.blocks import Block, Blocks, leaves
from ..checks.gradient import settled
from ..checks.result import Check
from ..errors import UsageError
from ..formats import FORMATS, Format
from .tensorflow_state import Found, State, is_layer, is_variable, variable_of
from .tensorflow_subject import Target, Tensors, listed, numbers, reductions
from .tensorflow_wide import in_float64

TENSORS = (tf.Tensor, tf.SparseTensor, tf.RaggedTensor, tf.IndexedSlices)


def takes(f: Any, x: Any) -> bool:
    """Whether this adapter is the one for f at x."""
    known = leaves(x)
    return _owner(f) is not None or any(isinstance(leaf, TENSORS) or is_variable(leaf) for _, leaf in known)


def _format(name: str, held: Any) -> Format:
    if not isinstance(held, tf.Tensor | tf.Variable):
        raise UsageError(
            f"{name} is a {type(held).__name__}, which the check does not take",
            help="pass its values as a dense tensor and make the other one in f",
        )
    if held.dtype.is_complex:
        raise UsageError(
            f"{name} is complex, which the check does not take",
            help="pass its real and imaginary parts and join them in f (tf.complex)",
        )
    if held.dtype.name not in FORMATS:
        raise UsageError(f"{name} is in {held.dtype.name}", help=f"the check takes {', '.join(FORMATS)}")
    return FORMATS[held.dtype.name]


def _is_float(leaf: Any) -> bool:
    if not (isinstance(leaf, TENSORS) or is_variable(leaf)):
        return False
    dtype = tf.as_dtype(leaf.dtype)
    is_state = is_variable(leaf) and not leaf.trainable
    return bool(dtype.is_floating or dtype.is_complex) and not is_state


def _owner(f: Any) -> Any:
    """The layer, model or module whose variables are checked; None for a function."""
    if isinstance(f, functools.partial):
        return _owner(f.func)
    return f if is_layer(f) or isinstance(f, tf.Module) else None


def _named(owner: Any, only: str) -> dict[str, Any]:
    """The variables of a layer or module by name, those of one name numbered."""
    found: dict[str, Any] = {}
    times: dict[str, int] = {}
    for variable in getattr(owner, only):
        name = str(variable.path if is_layer(owner) else variable.name.removesuffix(":0"))
        times[name] = times.get(name, 0) + 1
        found[name if times[name] == 1 else f"{name}#{times[name]}"] = variable_of(variable)
    return found


def _parameters(owner: Any, patterns: Sequence[str] | None) -> Mapping[str, Any]:
    """The trainable variables of a layer or module whose names match a pattern."""
    known = _named(owner, "trainable_variables")
    if patterns is None:
        return known
    found: dict[str, Any] = {}
    for pattern in (patterns,) if isinstance(patterns, str) else patterns:
        matched = {name: v for name, v in known.items() if fnmatch.fnmatchcase(name, pattern)}
        if not matched:
            fixed = [n for n in _named(owner, "variables") if fnmatch.fnmatchcase(n, pattern)]
            why = f"{listed(fixed)} is not trainable" if fixed else "no variable has that name"
            raise UsageError(
                f"params={pattern!r}: {why}",
                help=f"the trainable variables are {', '.join(known) or 'none'}",
            )
        found |= matched
    return {name: v for name, v in known.items() if name in found}


def subject_of(
    fn: Callable[..., Any],
    inputs: Any,
    grad: Any = None,
    args: Sequence[Any] = (),
    *,
    loss: Callable[..., Any] | None = None,
    params: Sequence[str] | None = None,
) -> Tensors:
    """What is checked of a TensorFlow function, a Keras layer or model, or a tf.Module.

    Parameters
    ----------
    fn : callable
        Of a layer, model or module, or of a functools.partial of one, the trainable variables are checked.
    inputs : tuple or structure
        A tuple is ``fn(*inputs)``. Of a function all float tensors and trainable variables are checked; of
        a model the variables among the inputs are, and all floats where there are none anywhere.
        Everything else is passed through.
    grad : callable or structure, optional
        A gradient that is claimed instead of the tape's: ``grad(*inputs)``, or a structure.
    args : sequence
        Passed after the inputs, never checked.
    loss : callable, optional
        ``loss(fn(...))`` is checked.
    params : sequence of str, optional
        Patterns of the names of variables.

    Raises
    ------
    UsageError
        If there is nothing to check, a pattern matches nothing, a model has not been built, a tensor is
        complex or sparse, or TensorFlow does not run eagerly.
    """
    if not tf.executing_eagerly():
        raise UsageError(
            "the check needs eager execution", help="call it outside of tf.function and of tf.Graph"
        )
    owner = _owner(fn)
    if params is not None and owner is None:
        raise UsageError("params= goes with a Keras model or a tf.Module", help="leave params out")
    spread = type(inputs) is tuple
    arguments = (*(inputs if spread else (inputs,)), *args) if inputs is not None else tuple(args)
    found = Found(fn, loss, grad, arguments)
    _built(found)
    named = list(leaves(arguments[: len(inputs)] if spread else inputs)) if inputs is not None else []
    floats = [Target(name, _plain(leaf), k) for k, (name, leaf) in enumerate(named) if _is_float(leaf)]
    targets = floats
    if owner is not None:
        parameters = [Target(name, v) for name, v in _parameters(owner, params).items()]
        targets = parameters + [t for t in floats if isinstance(t.held, tf.Variable)] or floats
    seen = [id(t.held) for t in targets]
    targets = [t for k, t in enumerate(targets) if not (is_variable(t.held) and id(t.held) in seen[:k])]
    formats = [_format(t.name, t.held) for t in targets]
    if not sum(t.held.shape.num_elements() for t in targets):
        raise UsageError("there is no float tensor to check", help="for example x = tf.ones(3)")
    items, parts, start = [], [], 0
    for target, fmt in zip(targets, formats, strict=True):
        items.append(Block(target.name, tuple(target.held.shape), fmt, start))
        parts.append(numbers(target.held).ravel())
        start += parts[-1].size
    less = reductions(list(found.owners.values()), targets)
    made = Tensors(
        f=fn if loss is None else _Composed(fn, loss),
        grad=None,
        args=tuple(arguments),
        blocks=Blocks(tuple(items), list),
        x=np.concatenate(parts),
        arguments=arguments,
        targets=tuple(targets),
        state=State(found),
        given=grad,
        spread=spread,
        less=less,
        notes=() if less is None else (f"TensorFlow is set to compute float32 with {less[0]}",),
    )
    made.probe()
    return made


def _plain(leaf: Any) -> Any:
    return variable_of(leaf) if is_variable(leaf) else leaf


def _built(found: Found) -> None:
    for owner in found.owners.values():
        if is_layer(owner) and not owner.built:
            raise UsageError(
                f"{owner.name} is not built yet: it has no variables", help="call it once, then check it"
            )


@dataclass(frozen=True)
class _Composed:
    """loss(fn(...))."""

    fn: Callable[..., Any]
    loss: Callable[..., Any]

    def __call__(self, *arguments: Any) -> Any:
        return self.loss(self.fn(*arguments))


def _wide(own: Tensors) -> Tensors:
    """The same in float64; with `own` left out where there is no way to it."""
    made = replace(own, cast=np.float64, own=own)
    composed = own.f if isinstance(own.f, _Composed) else None
    fn = own.f if composed is None else composed.fn
    if is_layer(_owner(fn)) and any(t.place is not None for t in own.targets):
        return replace(made, own=None)  # a Keras model casts its inputs as it likes
    try:
        with own.state.call([]):
            copied = in_float64(fn)
            loss = None if composed is None else in_float64(composed.loss)
    except Exception:  # what a layer of the user's raises when it is built again is not ours to know
        return replace(made, own=None)
    held = [t.held for t in own.targets if isinstance(t.held, tf.Variable)]
    twins = {id(v): tf.Variable(tf.cast(v, tf.float64)) for v in held} | copied.twins
    f = own.f if copied.f is fn else copied.f
    if composed is not None and loss is not None and (copied.f is not fn or loss.f is not composed.loss):
        f = _Composed(copied.f, loss.f)
    state = State(Found(own.f, own.given, own.arguments, f, list(twins.values())))
    state.is_random = own.state.is_random
    return replace(made, f=f, twins=twins, state=state)


def check(
    f: Any,
    x: Any,
    grad: Any = None,
    args: Sequence[Any] = (),
    *,
    seed: int = 0,
    loss: Any = None,
    params: Sequence[str] | None = None,
) -> Check:
    """What `nudgegrad.check` gives for TensorFlow's tensors and variables, Keras models and tf.Modules."""
    own = subject_of(f, x, grad, args, loss=loss, params=params)
    made = [own]

    def widened() -> Tensors:
        made.append(_wide(own))
        return made[-1]

    found = settled(own, widened, seed)
    notes = tuple(dict.fromkeys(note for subject in made for note in subject.notes))
    return replace(found, notes=notes)
