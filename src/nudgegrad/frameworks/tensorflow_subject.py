"""A TensorFlow function over the entries of tensors and variables: values and the claim."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf

from ..checks.blocks import leaves, mapped
from ..checks.cotangent import cotangents
from ..checks.subject import Refused, Subject
from ..formats import FORMATS, Array, Format
from .tensorflow_state import DRAWS, State, is_variable, operations, reduced, variable_of
from .tensorflow_wide import LOWER, wider


@dataclass(frozen=True)
class Target:
    """A tensor or variable whose gradient is checked.

    Parameters
    ----------
    name : str
    held : Tensor or Variable
        The user's own. A variable has other numbers within a call, and its own again after it.
    place : int, optional
        Its place among the leaves of the arguments; None for a variable of a model.
    """

    name: str
    held: Any
    place: int | None = None


@dataclass
class Tensors(Subject):
    """A TensorFlow function over the entries of its targets: the core's subject.

    Parameters
    ----------
    arguments : tuple
        What f is called with.
    targets : tuple of Target
    state : State
    given : callable or structure, optional
        A gradient that is claimed instead of TensorFlow's.
    spread : bool
        Whether `arguments` are x's own items.
    twins : mapping of int to Variable
        id of a variable -> the one in float64 that f has in its place.
    own : Tensors, optional
        Of a subject in float64: the one in the formats given; None if f could not be brought to float64.
    less : tuple of str and int, optional
        How float32 is computed if not in float32, and the bits that are left.
    is_drawing : bool
        Whether f draws random numbers.
    attached : tuple of bool, optional
        Which of several outputs TensorFlow has a gradient for.
    """

    arguments: tuple[Any, ...] = ()
    targets: tuple[Target, ...] = ()
    state: State = None  # type: ignore[assignment]  # always given: a dataclass field after ones with defaults
    given: Any = None
    spread: bool = True
    twins: dict[int, Any] | None = None
    own: Tensors | None = None
    less: tuple[str, int] | None = None
    is_drawing: bool = False
    attached: tuple[bool, ...] | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._args = self.args
        self.grad = self.claim if self.given is None or callable(self.given) else self.given

    @property
    def format(self) -> Format:
        """The shortest format of the blocks, or what a mixed policy and TF32 make of it."""
        own = super().format
        if self.cast is not None or own.precision != 24 or self.less is None:
            return own
        name, precision = self.less
        return replace(own, name=f"float32 with {name}", precision=precision)

    def value(self, flat: Array) -> float:
        """<cotangent, f> at some entries; f itself where it is one number.

        Raises
        ------
        Refused
            If f changes a variable that is checked, or gives no number.
        """
        self.values += 1
        with self._call(flat) as (arguments, sources):
            outputs = self._outputs(arguments)
            self._unchanged(sources, flat)
        return sum(float(numbers(o).ravel() @ weight) for o, weight in _weighed(outputs))

    def claim(self, flat: Array) -> Array:
        """The claimed gradient at some entries, shape (P,).

        Raises
        ------
        Refused
            If the backward raises, or the gradient has not the structure of x.
        """
        if self.given is not None:
            return self._claimed(flat)
        self.gradients += 1
        with self._call(flat) as (arguments, sources):
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(sources)
                weighed = _weighed(self._outputs(arguments))
            outputs = [o for o, _ in weighed]
            adjoints = [tf.constant(w.reshape(o.shape), o.dtype) for o, w in weighed]
            found = _backward(tape, outputs, sources, adjoints)
            missing = [t.name for t, g in zip(self.targets, found, strict=True) if g is None]
            known = zip(self.targets, found, strict=True)
            parts = {t.name: np.zeros(t.held.shape) if g is None else numbers(g) for t, g in known}
        if missing:
            self.note(f"TensorFlow gives no gradient for {listed(missing)} (None): taken as zeros")
        return self._entries(parts)

    def _claimed(self, flat: Array) -> Array:
        found = self.given
        if callable(found):
            self.gradients += 1
            with self._call(flat) as (arguments, _):
                found = found(*arguments)
        given = {name: numbers(leaf) if _is_tensor(leaf) else leaf for name, leaf in leaves(found)}
        known = [t.name for t in self.targets]
        if not set(known) & set(given) and len(given) == len(known):  # by order, as a tape gives them
            return self._entries(dict(zip(known, given.values(), strict=True)))
        if not set(known) & set(given) and self.spread:  # one argument's gradient, given by itself
            given = {f"x[{k}]": leaf for k, leaf in enumerate(given.values())}
        names = {name for name, _ in leaves(self.arguments)} - set(known)  # what is passed through
        return self._entries({name: leaf for name, leaf in given.items() if name not in names})

    def probe(self) -> None:
        """Find out what f does in a call: draw random numbers, give outputs that have no gradient."""
        try:
            with self._call(self.x, is_eager=True) as (arguments, sources):
                with operations() as seen, tf.GradientTape(persistent=True) as tape:
                    tape.watch(sources)
                    outputs = self._outputs(arguments)
                attached = tuple(_is_attached(tape, o, sources) for o in outputs)
        except Exception:  # a call that is not for finding out raises it again
            return
        self.state.is_random = any(is_counted for _, is_counted in seen)
        self.is_drawing = self.state.is_random or any(DRAWS.search(name) for name, _ in seen)
        if any(attached) and not all(attached):  # where none is, the claim is zeros
            self.attached = attached
            self.note("outputs that have no gradient are left out")

    def is_wide(self) -> bool:
        """Whether f and its gradient can be computed in float64, and are; with the same random numbers."""
        is_wide = self._is_wide()
        if not is_wide and self.own is not None:
            self.notes = self.own.notes
        return is_wide

    def _is_wide(self) -> bool:
        own = self.own
        if own is None or (self.given is not None and (self.twins or not callable(self.given))):
            return False  # its own rounding would be an error there
        try:
            with self._call(self.x) as (arguments, _):
                results = self._outputs(arguments)
                if callable(self.given):
                    results += [leaf for _, leaf in leaves(self.given(*arguments)) if _is_float(leaf)]
            value, claim = self.value(self.x), self.claim(self.x)
            if any(r.dtype.name != "float64" for r in results) or not np.isfinite([value, *claim]).all():
                return False
            is_copy = bool(self.twins) or self.f is not own.f
            allowed = math.sqrt(own.format.u)
            is_alike = not (self.is_drawing or is_copy) or (
                abs(own.value(own.x) - value) <= allowed * max(1.0, abs(value))
            )
            if is_copy and is_alike:  # f may refer to the variables too, and a copy may lack what is wrong
                apart = float(np.linalg.norm(own.claim(own.x) - claim))
                return apart <= allowed * float(np.linalg.norm(claim))
        except Exception:  # what an operation raises on other types is not ours to know
            return False
        return is_alike

    def note(self, text: str) -> None:
        """Something to be said in the report, once."""
        if text not in self.notes:
            self.notes = (*self.notes, text)

    @contextmanager
    def _call(self, flat: Array, is_eager: bool = False) -> Iterator[tuple[tuple[Any, ...], list[Any]]]:
        """The arguments of one call and the tensors to differentiate by, within the state of every call."""
        wide = self.cast is not None
        places: dict[int | None, Any] = {}
        sources, values = [], []
        for target, block in zip(self.targets, self.blocks.items, strict=True):
            dtype = tf.float64 if wide else target.held.dtype
            entries = flat[block.span].reshape(block.shape)
            with tf.device(target.held.device):
                new = tf.constant(entries.astype(dtype.as_numpy_dtype), dtype)
            if is_variable(target.held):
                variable = (self.twins or {}).get(id(target.held), target.held)
                values.append((variable, new))
                new = variable
            places[target.place] = new
            sources.append(new)
        known = enumerate(leaves(self.arguments))
        made = (places[k] if k in places else self._passed(leaf) for k, (_, leaf) in known)
        arguments = mapped(self.arguments, made)
        with self.state.call(values, is_eager):
            yield arguments, sources

    def _passed(self, leaf: Any) -> Any:
        """What a call gets of something that is passed through."""
        if isinstance(leaf, np.ndarray):
            return leaf.copy() if self.cast is None else wider(leaf)
        if self.cast is None:
            return leaf
        if is_variable(leaf):
            variable = variable_of(leaf)
            return (self.twins or {}).get(id(variable), wider(variable))
        if isinstance(leaf, tf.Tensor):
            return wider(leaf)
        is_short = isinstance(leaf, tf.RaggedTensor | tf.SparseTensor) and leaf.dtype.name in LOWER
        return tf.cast(leaf, tf.float64) if is_short else leaf

    def _outputs(self, arguments: tuple[Any, ...]) -> list[Any]:
        """The outputs that count, as tensors of real numbers."""
        found = []
        for leaf in tf.nest.flatten(self.f(*arguments), expand_composites=True):
            if not _is_float(leaf):
                continue
            output = tf.convert_to_tensor(leaf)
            found += [tf.math.real(output), tf.math.imag(output)] if output.dtype.is_complex else [output]
        if self.attached is not None:
            found = [leaf for leaf, is_attached in zip(found, self.attached, strict=True) if is_attached]
        if not found:
            raise Refused("not_scalar", "it gives no floats")
        return found

    def _unchanged(self, sources: list[Any], flat: Array) -> None:
        for source, target, block in zip(sources, self.targets, self.blocks.items, strict=True):
            if is_variable(source) and not np.array_equal(numbers(source).ravel(), flat[block.span]):
                raise Refused("changes_argument", target.name)


def _weighed(outputs: list[Any]) -> list[tuple[Any, Array]]:
    """Each output with its cotangent, flat."""
    return list(zip(outputs, cotangents(o.shape.num_elements() for o in outputs), strict=True))


def _backward(
    tape: tf.GradientTape, outputs: Sequence[Any], sources: Sequence[Any], adjoints: Sequence[Any]
) -> Sequence[Any]:
    try:
        return list(tape.gradient(outputs, sources, adjoints))
    except tf.errors.ResourceExhaustedError:
        raise
    except Exception as error:
        text = re.sub(r"\{\{.*?\}\} ?", "", str(error))  # where TensorFlow ran it, for its own people
        first = (text.splitlines() or [""])[0]
        raise Refused("backward_raises", f"{type(error).__name__}: {first}") from error


def _is_attached(tape: tf.GradientTape, output: Any, sources: list[Any]) -> bool:
    """Whether TensorFlow has a gradient of one output."""
    try:
        return any(g is not None for g in tape.gradient(output, sources))
    except Exception:  # there is a backward, and it raises
        return True


def _is_tensor(leaf: Any) -> bool:
    return isinstance(leaf, tf.Tensor | tf.IndexedSlices) or is_variable(leaf)


def _is_float(leaf: Any) -> bool:
    if isinstance(leaf, float | complex):
        return True
    if is_variable(leaf) or isinstance(leaf, tf.Tensor):
        return bool(tf.as_dtype(leaf.dtype).is_floating or tf.as_dtype(leaf.dtype).is_complex)
    return isinstance(leaf, np.ndarray | np.generic) and (
        leaf.dtype.kind in "fc" or leaf.dtype.name in FORMATS
    )


def numbers(tensor: Any) -> Array:
    """A tensor's numbers as float64; the rows of IndexedSlices added up where they belong."""
    if isinstance(tensor, tf.IndexedSlices):
        values, rows, shape = numbers(tensor.values), np.asarray(tensor.indices), tensor.dense_shape
        count = int(rows.max(initial=-1)) + 1 if shape is None else int(shape[0])
        dense = np.zeros((count, *values.shape[1:]))
        np.add.at(dense, rows, values)
        return dense
    if is_variable(tensor):
        tensor = variable_of(tensor)
    return np.asarray(tensor.numpy()).astype(np.float64)


def reductions(owners: Sequence[Any], targets: Sequence[Target]) -> tuple[str, int] | None:
    """`reduced` for what is checked, if it is in float32."""
    short = [t.held for t in targets if t.held.dtype == tf.float32]
    return reduced(owners, [str(held.device) for held in short]) if short else None


def listed(names: Sequence[str]) -> str:
    """Some names in a sentence."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
