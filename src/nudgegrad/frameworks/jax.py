"""JAX functions and pytrees as subjects of the check; `jax.test_util.check_grads`'s drop-in.

The claim is what `jax.vjp` gives for <cotangent, outputs>. Leaves are found and named as JAX finds them, so
any registered pytree will do; what holds no floats is passed through.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import tree_flatten, tree_leaves, tree_unflatten

from ..checks.blocks import Block, Blocks
from ..checks.directions import COUNT, directions, scales
from ..checks.gradient import settled
from ..checks.result import Check
from ..checks.subject import Subject
from ..errors import UsageError
from ..formats import FORMATS
from ..nudging.table import Verdict
from .jax_arrays import dtype_of, format_of, is_inexact, like, named, numbers, reals
from .jax_steps import precision_notes
from .jax_subject import Arrays, Target, weights

CHOICES = ("fail", "pass")
MODES = ("fwd", "rev", "lin")
ENTRIES = 64  # up to so many parameters the forward mode is asked for each
FLOAT32 = FORMATS["float32"]
Pushed = tuple[Sequence[Any], Callable[[list[Any]], Sequence[Any]]]
_told: set[str] = set()  # what has been warned about in this process


def takes(f: Any, x: Any) -> bool:  # noqa: ARG001 - the signature of every adapter
    """Whether this adapter is the one for f at x."""
    return any(isinstance(leaf, jax.Array) for leaf in tree_leaves(x))


def subject_of(
    f: Callable[..., Any],
    x: Any,
    grad: Any = None,
    args: Sequence[Any] = (),
    *,
    loss: Callable[..., Any] | None = None,
    mode: str = "rev",
) -> Arrays:
    """What is checked of a JAX function.

    Parameters
    ----------
    f : callable
    x : pytree
        A tuple is ``f(*x, *args)``, anything else ``f(x, *args)``. Floats are checked: arrays of JAX and
        NumPy, and Python's, in the formats that JAX gives them.
    grad : callable or structure, optional
        A gradient that is claimed instead of JAX's.
    loss : callable, optional
        ``loss(f(...))`` is checked.
    mode : str
        What the claim is: ``"rev"``, the vector-Jacobian product; ``"fwd"``, Jacobian-vector products;
        ``"lin"``, those of `jax.linearize`.

    Raises
    ------
    UsageError
        If there is no float in x, or one is traced, complex or in a format that the check does not take.
    """
    known, tree = named(x)
    if any(isinstance(leaf, jax.core.Tracer) for _, leaf in known):
        raise UsageError("x is traced, so it has no numbers", help="check outside of jit, grad and vmap")
    targets = [Target(name, leaf, k) for k, (name, leaf) in enumerate(known) if is_inexact(leaf)]
    items, parts, start = [], [], 0
    for target in targets:
        fmt = format_of(target.name, target.leaf)
        entries = fmt.round(numbers(target.leaf))
        items.append(Block(target.name, np.shape(target.leaf), fmt, start))
        parts.append(entries)
        start += entries.size
    if not start:
        raise UsageError("there is no float to check in x", help="for example x = jax.numpy.ones(3)")
    kinds = {item.format.name for item in items}
    subject = {"rev": Arrays, "fwd": Forward, "lin": Linearized}[mode]
    return subject(
        f=f if loss is None else lambda *arguments: loss(f(*arguments)),
        grad=None,
        args=tuple(args),
        blocks=Blocks(tuple(items), list),
        x=np.concatenate(parts),
        leaves=tuple(leaf for _, leaf in known),
        tree=tree,
        targets=tuple(targets),
        given=grad,
        spread=type(x) is tuple,
        notes=precision_notes([t.leaf for t in targets]) if "float32" in kinds else (),
    )


class Forward(Arrays):
    """The gradient whose entries are Jacobian-vector products, one for each parameter."""

    def _derivative(self, f: Callable[..., list[jax.Array]], floats: Sequence[Any]) -> Sequence[Any]:
        outputs, push = self._pushed(f, floats)
        if any(isinstance(own, jax.core.Tracer) for own in floats):  # one will do to see the steps
            return push([jnp.ones_like(own) for own in floats])
        made = [numbers(weight) for weight in weights(outputs)]
        found = []
        for place, own in enumerate(floats):
            slopes = []
            for k in range(own.size):
                unit = np.zeros(own.size)
                unit[k] = 1
                tangents = [jnp.zeros_like(part) for part in floats]
                tangents[place] = like(own, unit, own.dtype)
                slopes.append(sum(float(numbers(t) @ w) for t, w in zip(push(tangents), made, strict=True)))
            found.append(np.reshape(slopes, own.shape))
        return found

    def _pushed(self, f: Callable[..., list[jax.Array]], floats: Sequence[Any]) -> Pushed:
        """The outputs, and what gives their tangents for those of the targets."""
        return f(*floats), lambda tangents: jax.jvp(f, floats, tangents)[1]


class Linearized(Forward):
    """`Forward` by `jax.linearize`."""

    def _pushed(self, f: Callable[..., list[jax.Array]], floats: Sequence[Any]) -> Pushed:
        outputs, linear = jax.linearize(f, *floats)
        return outputs, lambda tangents: linear(*tangents)


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
    """What `nudgegrad.check` gives for JAX arrays.

    Raises
    ------
    UsageError
        If there is nothing to check, or `params` is given.
    """
    if params is not None:
        raise UsageError(
            "params= goes with a torch.nn.Module", help="pass what is to be checked as x, the rest as args"
        )
    return _settled(subject_of(f, x, grad, args, loss=loss), seed)


def _settled(own: Arrays, seed: int = 0) -> Check:
    """The check in float64 where that can be; what is in 16 bits and has float32 inside, in float32."""
    wider: list[Arrays] = []

    def widened() -> Subject:
        wider.append(replace(own, cast=np.float64))
        if own.format.precision < FLOAT32.precision and not wider[-1].is_wide():
            wider.append(replace(own, cast=np.float32))
        return wider[-1]

    found = settled(own, widened, seed)
    name = found.format
    if wider and name == f"{own.format.name} as float64":
        name = f"{own.format.name} as {wider[-1].format.name}"
    return replace(found, format=name, notes=tuple(dict.fromkeys((*found.notes, *own.notes))))


def check_grads(
    f: Callable[..., Any],
    args: Sequence[Any],
    order: int,
    modes: Sequence[str] = ("fwd", "rev"),
    atol: Any = None,
    rtol: Any = None,
    eps: Any = None,
    *,
    on_inconclusive: str = "fail",
) -> None:
    """Nothing where the derivatives of f are right; the arguments are those of `jax.test_util.check_grads`.

    Parameters
    ----------
    f : callable
        ``f(*args)``.
    args : sequence of pytrees
        Their floats are checked, the rest is passed through.
    order : int
        Derivatives up to this order. A derivative is checked as a function of the args and of the fixed
        cotangents or tangents that it is taken along.
    modes : sequence of str
        ``"rev"``: `jax.vjp`. ``"fwd"``: `jax.jvp`. ``"lin"``: `jax.linearize`. Each is compared with what
        nudges of f show; above order 1 each mode is applied to the derivative by each.
    atol, rtol, eps : optional
        Accepted and ignored, with one warning in a process: there are no tolerances.
    on_inconclusive : str
        Not one of JAX's: what an inconclusive check is, ``"fail"`` or ``"pass"``.

    Raises
    ------
    AssertionError
        If one is wrong, cannot be computed, or the check is inconclusive; the message is the report.
    UsageError
        If there is nothing to check, or no such mode or order.

    Notes
    -----
    Forward modes cost one product for each entry, so above 64 entries f is seen as a function of steps
    along a few random directions of each array, and the products along these are checked: which array is
    wrong is found, which entry is not.
    """
    __tracebackhide__ = True
    asked = (modes,) if isinstance(modes, str) else tuple(modes)
    _settings(order, asked, on_inconclusive)
    given = [name for name, value in (("atol", atol), ("rtol", rtol), ("eps", eps)) if value is not None]
    if given and "tolerances" not in _told:
        _told.add("tolerances")
        text = f"nudgegrad's check_grads has no tolerances: {', '.join(given)} ignored"
        warnings.warn(text, UserWarning, stacklevel=2)
    for label, derivative, at, mode in _derivatives(f, tuple(args), order, asked):
        found = _of_mode(derivative, at, mode)
        if not found and not (found.verdict is Verdict.INCONCLUSIVE and on_inconclusive == "pass"):
            raise AssertionError(f"{label}:\n{found}")


def _settings(order: int, modes: Sequence[str], on_inconclusive: str) -> None:
    if on_inconclusive not in CHOICES:
        raise UsageError(
            f"on_inconclusive={on_inconclusive!r} is unknown", help=f"one of {', '.join(CHOICES)}"
        )
    for mode in modes:
        if mode not in MODES:
            raise UsageError(f"mode {mode!r} is unknown", help=f"some of {', '.join(MODES)}")
    if order < 1 or not modes:
        raise UsageError(
            f"order={order}, modes={tuple(modes)} leaves nothing to check", help='order=1, modes=("rev",)'
        )


def _derivatives(
    f: Callable[..., Any], args: tuple[Any, ...], order: int, modes: Sequence[str], of: str = ""
) -> Iterator[tuple[str, Callable[..., Any], tuple[Any, ...], str]]:
    """What is to be checked: what it is called, a function, its arguments, and the mode."""
    for mode in modes:
        label = f"{mode} of {of}" if of else mode
        yield label, f, args, mode
        if order > 1:
            yield from _derivatives(*_derivative(f, args, mode), order - 1, modes, label)


def _derivative(
    f: Callable[..., Any], args: tuple[Any, ...], mode: str
) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """A derivative of f as a function of its arguments and of what it is taken along, and both."""
    own = subject_of(f, args)
    with own.setting():
        floats = own.floats(own.x)
        along = weights(own.outputs(*floats) if mode == "rev" else floats)

    def derivative(*given: Any) -> Sequence[Any]:
        known, tree = tree_flatten(given[: len(args)])
        places = [k for k, leaf in enumerate(known) if is_inexact(leaf)]

        def outputs(*new: Any) -> list[jax.Array]:
            held = dict(zip(places, new, strict=True))
            return reals(f(*tree_unflatten(tree, [held.get(k, leaf) for k, leaf in enumerate(known)])))

        floats, along = [known[k] for k in places], given[len(args) :]
        found: Sequence[Any]
        if mode == "fwd":
            _, found = jax.jvp(outputs, floats, _typed(along, floats))
            return found
        values, back = jax.vjp(outputs, *floats) if mode == "rev" else jax.linearize(outputs, *floats)
        found = back(_typed(along, values)) if mode == "rev" else back(*_typed(along, floats))
        return found

    return derivative, (*args, *along)


def _typed(arrays: Sequence[Any], others: Sequence[Any]) -> list[Any]:
    return [array.astype(dtype_of(other)) for array, other in zip(arrays, others, strict=True)]


def _of_mode(f: Callable[..., Any], args: tuple[Any, ...], mode: str) -> Check:
    own = subject_of(f, args, mode=mode)
    if mode == "rev" or own.x.size <= ENTRIES:
        return _settled(own)
    sizes = scales(own.x, own.blocks)
    lines: dict[int, tuple[Target, Any]] = {}
    for target, block in zip(own.targets, own.blocks.items, strict=True):
        count = min(COUNT, block.size)
        signs = directions(block.size, count, seed=0) if block.size > COUNT else np.eye(count)
        lines[target.place] = target, (sizes[block.span] * signs).reshape(count, *block.shape)

    def moved(steps: dict[str, Any], *given: Any) -> Any:
        known, tree = tree_flatten(given)
        for place, (target, line) in lines.items():
            step = steps[target.name]
            for k, direction in enumerate(line):
                known[place] = known[place] + step[k] * jnp.asarray(direction, step.dtype)
        return f(*tree_unflatten(tree, known))

    steps = {target.name: jnp.zeros(len(line), dtype_of(target.leaf)) for target, line in lines.values()}
    found = _settled(subject_of(moved, steps, args=args, mode=mode))
    note = f"{mode} along {COUNT} directions of each array: wrong entries are not looked for"
    return replace(found, wrong=(), notes=(*found.notes, note))
