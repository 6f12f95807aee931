"""A JAX function over the float entries of a pytree: values and the claim, each in a call of its own.

Arrays of JAX cannot be changed, so a call gets new ones for the entries that move and copies of the rest.
What else a call may depend on is put back after it: the random states of Python and NumPy. The switch to
float64 holds for the thread and the call, and the user's configuration stays as it is.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..checks.blocks import WHOLE
from ..checks.cotangent import cotangents
from ..checks.subject import Refused, Subject, _takes_one_more
from ..formats import FORMATS, Array, Format
from .jax_arrays import dtype_of, is_inexact, like, named, numbers, passed, reals, x64
from .jax_steps import Steps, precision_notes, reduced


@dataclass(frozen=True)
class Target:
    """A leaf whose gradient is checked.

    Parameters
    ----------
    name : str
    leaf : array or float
        The user's own.
    place : int
        Its place among the leaves of x.
    """

    name: str
    leaf: Any
    place: int


@dataclass
class Arrays(Subject):
    """A JAX function over the entries of its targets: the core's subject.

    Parameters
    ----------
    leaves : tuple
        Of x, in JAX's order.
    tree : PyTreeDef
        What puts leaves together to x.
    targets : tuple of Target
    given : callable or structure, optional
        A gradient that is claimed instead of JAX's.
    spread : bool
        Whether f takes the items of x.
    """

    leaves: tuple[Any, ...] = ()
    tree: Any = None
    targets: tuple[Target, ...] = ()
    given: Any = None
    spread: bool = True
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._args = self.args
        self.grad = self.claim if self.given is None or callable(self.given) else self.given
        self._chosen: Callable[..., list[jax.Array]] | None = None  # `outputs`, perhaps compiled
        self._steps: Steps | None = None

    @property
    def format(self) -> Format:
        """The shortest format of the blocks, or of what f makes of them on its way."""
        own = super().format
        found = [(f"{fmt.name} inside", fmt.precision) for fmt in self.steps().forward]
        if self.cast is None and own.precision == 24:
            products = reduced([t.leaf for t in self.targets])
            found += [] if products is None else [products]
        name, bits = min(found, key=lambda item: item[1], default=("", own.precision))
        return (
            own if bits >= own.precision else replace(own, name=f"{own.name} with {name}", precision=bits)
        )

    @contextmanager
    def setting(self) -> Iterator[None]:
        """What a call is made in; afterwards everything is as it was."""
        states = random.getstate(), np.random.get_state()  # noqa: NPY002 - the user's program may draw from it
        held = any(block.format.name == "float64" for block in self.blocks.items)
        try:
            with ExitStack() as stack, np.errstate(all="ignore"):
                if self.cast is np.float64 or held:  # JAX may be set to make no float64, and meet one
                    stack.enter_context(x64(True))
                if self.cast is not None and precision_notes([t.leaf for t in self.targets]):
                    stack.enter_context(jax.default_matmul_precision("highest"))
                yield
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])  # noqa: NPY002 - as above

    def value(self, flat: Array) -> float:
        """<cotangent, f> at some entries; f itself where it is one number.

        Raises
        ------
        Refused
            If f changes its argument, or gives no number.
        """
        self.values += 1
        with self.setting():
            return _weighed(self._function(flat)(*self.floats(flat)))

    def claim(self, flat: Array) -> Array:
        """The claimed gradient at some entries, shape (P,).

        Raises
        ------
        Refused
            If the backward raises, or what was given has not the structure of x.
        """
        self.gradients += callable(self.grad)
        with self.setting():
            if self.given is not None:
                found, contracted = self._given(flat)
                return self._entries(found, contracted)
            return np.concatenate([numbers(g) for g in self._differentiated(flat)])

    def is_wide(self) -> bool:
        """Whether f and its gradient are computed in what x was cast to, with the same random numbers."""
        if self.given is not None and not callable(self.given):
            return False  # its own rounding would be an error there
        wanted = FORMATS[np.dtype(self.cast).name].precision
        try:
            with self.setting():
                if self.given is None:
                    slopes = self._differentiated(self.x)
                else:
                    slopes = [leaf for leaf in self._given(self.x)[0].values() if is_inexact(leaf)]
                parts = [*self.outputs(*self.floats(self.x)), *slopes]
                wide = all(dtype_of(part) == self.cast for part in parts)
            value = self.value(self.x)
            finite = math.isfinite(value) and all(np.isfinite(numbers(part)).all() for part in slopes)
            wide = wide and all(fmt.precision >= wanted for fmt in self.steps().formats)
            return wide and finite and (not self.steps().draws or self._drawn_alike(value))
        except Exception:  # what a kernel raises on other types is not ours to know
            return False

    def floats(self, flat: Array) -> list[jax.Array]:
        """New arrays with these entries, one for each target; for one call: f may have them donated."""
        pairs = zip(self.targets, self.blocks.items, strict=True)
        return [
            like(t.leaf, flat[block.span], self.cast or jnp.dtype(block.format.name)) for t, block in pairs
        ]

    def outputs(self, *floats: Any) -> list[jax.Array]:
        """The floats that f gives for these arrays in place of the targets.

        Raises
        ------
        Refused
            If there are none, or f changes its argument.
        """
        returned, x, leaves = self._called(self.f, floats)
        after, tree = named(x)
        if tree != self.tree:
            raise Refused("changes_argument", WHOLE)
        for (name, leaf), before in zip(after, leaves, strict=True):
            if leaf is not before and not _same(leaf, before):
                raise Refused("changes_argument", name)
        return _some(reals(returned))

    def steps(self) -> Steps:
        """What f and its gradient are made of, as far as JAX can trace them."""
        if self._steps is None:
            with self.setting():
                floats = self.floats(self.x)
                try:
                    forward = jax.make_jaxpr(self.outputs)(*floats)
                except Exception:  # f looks at its values, or raises: that is for a call to say
                    self._steps = Steps(draws=True)
                    return self._steps
                if self.given is not None:
                    self._steps = Steps.of(forward, forward)
                    return self._steps
                try:
                    whole = jax.make_jaxpr(lambda *new: self._derivative(self.outputs, new))(*floats)
                except Exception:  # likewise
                    whole = forward
            self._steps = Steps.of(forward, whole)
        return self._steps

    def _derivative(self, f: Callable[..., list[jax.Array]], floats: Sequence[Any]) -> Sequence[Any]:
        """The gradient of <cotangent, f> with respect to each target."""
        outputs, backward = jax.vjp(f, *floats)
        found: Sequence[Any] = backward(weights(outputs))
        return found

    def _differentiated(self, flat: Array) -> Sequence[Any]:
        """`_derivative` at some entries; what f itself raises is raised, else that the backward does."""
        f = self._function(flat)
        try:
            return self._derivative(f, self.floats(flat))
        except (Refused, MemoryError):
            raise
        except Exception as error:
            raised = error
        f(*self.floats(flat))
        first = (str(raised).splitlines() or [""])[0]
        if first.startswith("RESOURCE_EXHAUSTED"):
            raise raised
        raise Refused("backward_raises", f"{type(raised).__name__}: {first.rstrip('.')}") from raised

    def _function(self, flat: Array) -> Callable[..., list[jax.Array]]:
        """`outputs`, compiled as a whole where that saves compiling at each call.

        Notes
        -----
        Outside a compiled function JAX compiles loops and branches anew whenever they are called, which
        takes a thousand times longer than to run them. f is compiled for that reason only, and only if it
        gives the same number then; f that looks at its values or has a state is called as it is.
        """
        if self._chosen is None:
            self._chosen = self.outputs
            if self.steps().loops:
                value = _weighed(self.outputs(*self.floats(flat)))
                compiled = jax.jit(self.outputs)
                try:
                    if self._alike(value, _weighed(compiled(*self.floats(flat)))):
                        self._chosen = compiled
                except Exception:  # f itself was just computed: it cannot be compiled
                    return self.outputs
        return self._chosen

    def _alike(self, value: float, other: float) -> bool:
        """Whether two values differ by rounding only."""
        return abs(value - other) <= math.sqrt(self.format.u) * max(1.0, abs(value))

    def _drawn_alike(self, value: float) -> bool:
        """Whether random numbers are those of the own format: JAX draws others in float64."""
        own = replace(self, cast=None)
        return own._alike(own.value(own.x), value)

    def _arguments(self, floats: Sequence[Any]) -> tuple[Any, tuple[Any, ...], list[Any]]:
        """x with these arrays in place of the targets, the other arguments, and the leaves of x."""
        leaves = [passed(leaf, None) for leaf in self.leaves]
        for target, new in zip(self.targets, floats, strict=True):
            leaves[target.place] = new
        args = jax.tree_util.tree_map(lambda leaf: passed(leaf, self.cast), self.args)
        return self.tree.unflatten(leaves), args, leaves

    def _called(self, f: Callable[..., Any], floats: Sequence[Any]) -> tuple[Any, Any, list[Any]]:
        """What f returns for these arrays; x as it is then, and its leaves before."""
        x, args, leaves = self._arguments(floats)
        return f(*x, *args) if self.spread else f(x, *args), x, leaves

    def _given(self, flat: Array) -> tuple[dict[str, Any], bool]:
        """The gradient that was given, by path, and whether it took the cotangent.

        Notes
        -----
        As the core takes them: where f gives arrays, ``grad(..., cotangent)``, Jacobians, or slopes.
        """
        returned = self._called(self.f, self.floats(flat))[0]
        self._output = _some(reals(returned))
        made = cotangents(output.size for output in self._output)
        self._cotangent = None if len(made) == made[0].size == 1 else made
        found, contracted = self.given, False
        if callable(found):
            x, args = self._arguments(self.floats(flat))[:2]
            arguments = (*x, *args) if self.spread else (x, *args)
            contracted = self._cotangent is not None and _takes_one_more(found, arguments)
            found = found(*arguments, *([weighing(returned)] if contracted else []))
        known = {target.name for target in self.targets}
        given = named(found)[0]
        if self.spread and not known & {name for name, _ in given}:  # of the first argument, by itself
            given = named((found,))[0]
        others = {name for name, _ in named(self.tree.unflatten(self.leaves))[0]} - known
        return {name: leaf for name, leaf in given if name not in others}, contracted


def weighing(returned: Any) -> Any:
    """The cotangent in the structure of what f returned, as `jax.vjp` takes it."""
    made = iter(weights(reals(returned)))

    def cotangent(leaf: Any) -> Any:
        if not is_inexact(leaf):
            return leaf
        weight = next(made)
        return jax.lax.complex(weight[..., 0], -weight[..., 1]) if jnp.iscomplexobj(leaf) else weight

    return jax.tree_util.tree_map(cotangent, returned)


def weights(outputs: Sequence[jax.Array]) -> list[jax.Array]:
    """The cotangent of each output, as arrays like these."""
    made = cotangents(output.size for output in outputs)
    return [like(output, weight, output.dtype) for output, weight in zip(outputs, made, strict=True)]


def _weighed(outputs: Sequence[jax.Array]) -> float:
    """<cotangent, outputs>, summed in float64."""
    made = cotangents(output.size for output in outputs)
    return sum(float(numbers(output) @ weight) for output, weight in zip(outputs, made, strict=True))


def _some(outputs: list[jax.Array]) -> list[jax.Array]:
    if not outputs:
        raise Refused("not_scalar", "it gives no floats")
    return outputs


def _same(one: Any, other: Any) -> bool:
    """Whether two leaves are equal; what JAX traces is taken for equal."""
    if isinstance(one, jax.core.Tracer) or isinstance(other, jax.core.Tracer):
        return True
    return bool(np.shape(one) == np.shape(other) and np.array_equal(one, other))
