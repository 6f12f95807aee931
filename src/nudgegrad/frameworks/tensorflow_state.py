"""What a TensorFlow call depends on besides its arguments: each call starts alike and leaves nothing.

Variables (weights, moving statistics, the seeds of Keras's dropout, `tf.random.Generator`), the attributes
of layers and modules, and the random numbers that TensorFlow, NumPy and Python draw.
"""

from __future__ import annotations

import functools
import random
import re
import sys
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.eager import context  # where the state behind tf.random.set_seed is
from tensorflow.python.framework import op_callbacks
from tensorflow.python.ops import stateful_random_ops

from ..checks.blocks import leaves
from ..formats import FORMATS

DEPTH = 3  # of functions within closures of functions, in which variables are looked for
SEED = 20  # of calls that draw random numbers, where the user has set none
DRAWS = re.compile("Random|Rng|Truncated|Multinomial|Shuffle|Stateful(Uniform|Standard)")  # operations
LIBRARIES = ("tensorflow", "keras")  # whose own functions are not looked into
_KERAS_STATE = "keras.src.backend.common.global_state"
_KERAS_SEEDS = "global_seed_generator"
_ABSENT: Any = object()


def keras() -> Any:
    """Keras, where the user's program has loaded it and it computes with TensorFlow; else None."""
    module = sys.modules.get("keras")
    loaded = hasattr(module, "Layer") and hasattr(module, "Variable")
    return module if loaded and module.backend.backend() == "tensorflow" else None  # type: ignore[union-attr]  # loaded: no None


def is_layer(thing: Any) -> bool:
    """Whether it is a layer or model of Keras."""
    return keras() is not None and isinstance(thing, keras().Layer)


def is_variable(thing: Any) -> bool:
    """Whether it is a variable of TensorFlow or Keras."""
    return isinstance(thing, tf.Variable) or (keras() is not None and isinstance(thing, keras().Variable))


def variable_of(thing: Any) -> Any:
    """The tf.Variable that holds a variable's numbers."""
    return thing if isinstance(thing, tf.Variable) else thing.value


def _own(thing: Any) -> bool:
    """Whether it comes from a library that is not looked into."""
    return str(getattr(thing, "__module__", "")).split(".")[0] in LIBRARIES


class Found:
    """The variables and their owners that callables and structures are, hold or refer to.

    Parameters
    ----------
    given
        Functions, layers, modules, variables, generators; lists, tuples and dicts of them.
    """

    def __init__(self, *given: Any) -> None:
        self.variables: dict[int, Any] = {}
        self.owners: dict[int, Any] = {}
        self._seen: set[int] = set()
        self._kept: list[Any] = []  # what was made on the way: its id must not be given again
        for thing in given:
            self._look(thing, 0)

    def _look(self, thing: Any, depth: int) -> None:
        if id(thing) in self._seen or depth > DEPTH:
            return
        self._seen.add(id(thing))
        self._kept.append(thing)
        if is_variable(thing):
            variable = variable_of(thing)
            self.variables[id(variable)] = variable
        elif isinstance(thing, tf.random.Generator):
            self._look(thing.state, depth)
        elif isinstance(thing, tf.Module) or is_layer(thing):
            self._owner(thing, depth)
        elif isinstance(thing, list | tuple | Mapping):
            for _, leaf in leaves(thing):
                self._look(leaf, depth + 1)
        else:
            for part in _parts(thing):
                self._look(part, depth + 1)

    def _owner(self, owner: Any, depth: int) -> None:
        self.owners[id(owner)] = owner
        for variable in owner.variables:
            self._look(variable, depth)
        for part in owner.submodules if isinstance(owner, tf.Module) else _layers(owner):
            self._look(part, depth)
        for name, part in list(vars(owner).items()):
            if not name.startswith("_"):
                self._look(part, depth + 1)


def _layers(layer: Any) -> list[Any]:
    """A layer's own layers."""
    return list(layer._flatten_layers(include_self=False, recursive=False))


def _parts(thing: Any) -> Iterator[Any]:
    """What a callable is made of."""
    if isinstance(thing, functools.partial):
        yield from (thing.func, *thing.args, *thing.keywords.values())
    elif isinstance(thing, types.MethodType):
        yield from (thing.__self__, thing.__func__)
    elif isinstance(thing, types.FunctionType):
        if not _own(thing):
            yield from _referred(thing)
        if hasattr(thing, "__wrapped__"):
            yield thing.__wrapped__
    elif hasattr(thing, "python_function"):  # a tf.function
        yield thing.python_function
    elif hasattr(thing, "__wrapped__"):  # a tf.custom_gradient
        yield thing.__wrapped__
    elif _own(thing) and hasattr(thing, "variables"):  # a metric of Keras
        yield from thing.variables
    elif callable(thing) and hasattr(thing, "__dict__") and not isinstance(thing, type) and not _own(thing):
        yield from list(vars(thing).values())
        yield type(thing).__call__


def _referred(function: types.FunctionType) -> Iterator[Any]:
    """What a function has in its closure and defaults, and what it names among its globals."""
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # a name that has no value yet
            continue
    yield from function.__defaults__ or ()
    yield from (function.__kwdefaults__ or {}).values()
    codes = [function.__code__]
    for code in codes:
        codes += [part for part in code.co_consts if isinstance(part, types.CodeType)]
        for name in code.co_names:
            value = function.__globals__.get(name)
            if not isinstance(value, types.ModuleType | type):
                yield value


class State:
    """The state around a call: taken once, put back after every call.

    Parameters
    ----------
    found : Found

    Attributes
    ----------
    is_random : bool
        Whether calls draw random numbers by operations that count how often they ran. Then each call
        starts from one seed, and tf.functions run eagerly: their counts cannot be put back, and a function
        that is traced under a seed keeps it. What stays changed is the count of operations with a seed of
        their own.
    """

    def __init__(self, found: Found) -> None:
        self.is_random = False
        self.owners = list(found.owners.values())
        self.attributes = [(dict(vars(o)), _contents(vars(o))) for o in self.owners]
        known = dict(found.variables)
        for generator in (stateful_random_ops.global_generator, _keras_seeds()):
            if generator is not None:
                variable = variable_of(generator.state)
                known[id(variable)] = variable
        self.variables = [(v, v.read_value()) for v in known.values()]
        self.generator = stateful_random_ops.global_generator
        self.keras_seeds = _keras_seeds()
        self.is_eager = tf.config.functions_run_eagerly()
        self.random: list[tuple[Callable[[Any], Any], Any]] = [
            (random.setstate, random.getstate()),
            (np.random.set_state, np.random.get_state()),  # noqa: NPY002 - the user's program may draw from it
        ]
        ctx = context.context()
        self.seed = ctx._seed
        self.rng = ctx.__dict__.get("_rng", _ABSENT)
        self.rng_state = None if self.rng in (_ABSENT, None) else self.rng.getstate()

    @contextmanager
    def call(self, values: Sequence[tuple[Any, Any]], is_eager: bool = False) -> Iterator[None]:
        """One call: variables with other values; all as before after it.

        Parameters
        ----------
        values : sequence of (Variable, Tensor)
        is_eager : bool
            Whether tf.functions run eagerly.
        """
        try:
            if self.is_random:
                tf.random.set_seed(SEED if self.seed is None else self.seed)  # and all counts start again
                if self.rng_state is not None:
                    context.context()._rng.setstate(self.rng_state)
            if self.is_random or is_eager:
                tf.config.run_functions_eagerly(True)
            for variable, value in values:
                variable.assign(value)
            yield
        finally:
            self._restore()

    def _restore(self) -> None:
        if tf.config.functions_run_eagerly() != self.is_eager:
            tf.config.run_functions_eagerly(self.is_eager)
        for variable, value in self.variables:
            variable.assign(value)
        for owner, (known, contents) in zip(self.owners, self.attributes, strict=True):
            _put_back(vars(owner), known, contents)
        for put, state in self.random:
            put(state)
        ctx = context.context()
        ctx._seed = self.seed
        if self.rng is _ABSENT:
            ctx.__dict__.pop("_rng", None)
        else:
            ctx._rng = self.rng
            if self.rng is not None:
                self.rng.setstate(self.rng_state)
        if _keras_seeds() is not self.keras_seeds:
            sys.modules[_KERAS_STATE].set_global_attribute(_KERAS_SEEDS, self.keras_seeds)
        made = stateful_random_ops.global_generator
        if made is not self.generator:  # made in this call, from no seed: all others start where it is now
            self.generator = made
            self.variables.append((made.state, made.state.read_value()))


def _keras_seeds() -> Any:
    """The generator of Keras's random functions without a seed, if there is one yet."""
    module = sys.modules.get(_KERAS_STATE)
    return None if module is None else module.get_global_attribute(_KERAS_SEEDS)


def _contents(held: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    """Lists, dicts and sets with what is in them; TensorFlow's own keep a second record."""
    plain = [v for v in held.values() if isinstance(v, list | dict | set)]
    return [(v, _base(v)(v)) for v in plain if type(v).__module__.split(".")[0] != "tensorflow"]


def _base(thing: Any) -> Any:
    return next(kind for kind in (list, dict, set) if isinstance(thing, kind))


def _put_back(held: dict[str, Any], known: dict[str, Any], contents: list[tuple[Any, Any]]) -> None:
    """Attributes as they were; variables and layers that were made in the call stay, as after any call."""
    for name in list(held):
        if held[name] is known.get(name):
            continue
        built = is_variable(held[name]) or isinstance(held[name], tf.Module) or is_layer(held[name])
        if built and known.get(name) is None:
            known[name] = held[name]
        elif name not in known:
            del held[name]
    held.update(known)
    for thing, inside in contents:
        base = _base(thing)
        base.clear(thing)
        (base.extend if base is list else base.update)(thing, inside)


@contextmanager
def operations() -> Iterator[set[tuple[str, bool]]]:
    """The types of the operations that run within, each with whether it counts its runs for its numbers."""
    seen: set[tuple[str, bool]] = set()

    def note(kind: Any, _inputs: Any, attributes: Any, _outputs: Any, *_: Any, **__: Any) -> None:
        name = kind.decode() if isinstance(kind, bytes) else str(kind)
        seen.add((name, "seed2" in (attributes or ())))

    op_callbacks.add_op_callback(note)
    try:
        yield seen
    finally:
        op_callbacks.remove_op_callback(note)


def reduced(owners: Sequence[Any], devices: Sequence[str]) -> tuple[str, int] | None:
    """How float32 is computed here if not in float32: what it is called, and the bits that are left."""
    for owner in owners:
        policy = getattr(owner, "dtype_policy", None)
        if policy is not None and policy.compute_dtype != policy.variable_dtype == "float32":
            name = policy.compute_dtype
            return policy.name, FORMATS[name].precision if name in FORMATS else 8
    on_gpu = any("GPU" in device for device in devices)
    if on_gpu and tf.config.experimental.tensor_float_32_execution_enabled():
        return "TF32 matrix products", FORMATS["float16"].precision  # as many bits
    return None
