"""A PyTorch function over the entries of some tensors: values and the claim, each in a call of its own."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from ..checks.blocks import leaves, mapped
from ..checks.cotangent import cotangents
from ..checks.subject import Refused, Subject
from ..formats import Array, Format
from .torch_state import State, passed, reduced


@dataclass(frozen=True)
class Target:
    """A tensor whose gradient is checked.

    Parameters
    ----------
    name : str
    tensor : Tensor
        The user's own: never written to.
    place : int, optional
        Its place among the leaves of the arguments; None for a parameter.
    """

    name: str
    tensor: torch.Tensor
    place: int | None = None


@dataclass
class Tensors(Subject):
    """A PyTorch function over the entries of its targets: the core's subject.

    Parameters
    ----------
    arguments : tuple
        What f is called with.
    targets : tuple of Target
    state : State
    given : callable or structure, optional
        A gradient that is claimed instead of autograd's.
    spread : bool
        Whether `arguments` are x's own items.
    """

    arguments: tuple[Any, ...] = ()
    targets: tuple[Target, ...] = ()
    state: State = None  # type: ignore[assignment]  # always given: a dataclass field after ones with defaults
    given: Any = None
    spread: bool = True
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._args = self.args
        self.grad = self.claim if self.given is None or callable(self.given) else self.given

    @property
    def format(self) -> Format:
        """The shortest format of the blocks, or what autocast and TF32 make of it."""
        own = super().format
        less = (
            None
            if self.cast is not None or own.precision != 24
            else reduced([t.tensor for t in self.targets])
        )
        if less is None:
            return own
        name, precision = less
        return replace(own, name=f"float32 with {name}", precision=precision)

    def value(self, flat: Array) -> float:
        """<cotangent, f> at some entries; f itself where it is one number.

        Raises
        ------
        Refused
            If f changes its argument, or gives no number.
        """
        self.values += 1
        taken = self._tensors(flat)
        with self._call(taken) as arguments:
            total = sum(
                float(numbers(output).ravel() @ weight) for output, weight in self._forward(arguments, flat)
            )
            self._unchanged(taken, flat)
        return total

    def claim(self, flat: Array) -> Array:
        """The claimed gradient at some entries, shape (P,).

        Raises
        ------
        Refused
            If the backward raises, or what was given has not the structure of x.
        """
        if self.given is not None:
            return self._claimed(flat)
        self.gradients += 1
        taken = self._tensors(flat)
        with self._call(taken) as arguments:
            wanted = [
                new if t.place is not None else t.tensor for new, t in zip(taken, self.targets, strict=True)
            ]
            outputs = self._forward(arguments, flat)
            found = self._backward(outputs, wanted)
            missing = [t.name for t, g in zip(self.targets, found, strict=True) if g is None]
            parts = [
                np.zeros(t.tensor.numel()) if g is None else numbers(g).ravel()
                for t, g in zip(self.targets, found, strict=True)
            ]
        if missing:
            self.note(f"PyTorch gives no gradient for {listed(missing)} (None): taken as zeros")
        return np.concatenate(parts)

    def _claimed(self, flat: Array) -> Array:
        found = self.given
        if callable(found):
            self.gradients += 1
            with self._call(self._tensors(flat)) as arguments:
                found = found(*arguments)
        if isinstance(found, torch.Tensor) and len(self.blocks.items) == 1:
            return self._entries(numbers(found))
        known = {t.name for t in self.targets}
        given = {
            name: numbers(leaf) if isinstance(leaf, torch.Tensor) else leaf for name, leaf in leaves(found)
        }
        if not known & set(given) and self.spread:  # one argument's gradient, given by itself
            given = {f"x[{k}]": leaf for k, leaf in enumerate(given.values())}
        names = {name for name, _ in leaves(self.arguments)} - known  # what is passed through
        return self._entries({name: leaf for name, leaf in given.items() if name not in names})

    def is_wide(self) -> bool:
        """Whether f and its gradient can be computed in float64, and are; with the same random numbers."""
        if self.given is not None and not callable(self.given):
            return False  # its own rounding would be an error there
        try:
            with self._call(self._tensors(self.x)) as arguments:
                outputs = self._outputs(arguments)
                wide = all(output.dtype in (torch.float64, torch.complex128) for output, _ in outputs)
                drawn = self.state.draws()
            value = self.value(self.x)
            if not wide or not math.isfinite(value) or not np.isfinite(self.claim(self.x)).all():
                return False
            return not drawn or self._drawn_alike(value)
        except Exception:  # what a kernel raises on other types is not ours to know
            return False

    def _drawn_alike(self, value: float) -> bool:
        """Whether random numbers are those of the own format: float64 can draw others."""
        own = replace(self, cast=None)
        allowed = math.sqrt(own.format.u) * max(1.0, abs(value))
        return abs(own.value(self.x) - value) <= allowed

    def note(self, text: str) -> None:
        """Something to be said in the report, once."""
        if text not in self.notes:
            self.notes = (*self.notes, text)

    def _tensors(self, flat: Array) -> list[torch.Tensor]:
        """New tensors with these entries, on the devices and with the strides of the user's."""
        made = []
        for target, block in zip(self.targets, self.blocks.items, strict=True):
            dtype = torch.float64 if self.cast is not None else target.tensor.dtype
            entries = flat[block.span].reshape(block.shape).copy()
            with torch.inference_mode(False), torch.no_grad():
                new = like(target.tensor, dtype)
                new.copy_(torch.from_numpy(entries).to(dtype))
                made.append(new.requires_grad_(target.place is not None))
        return made

    @contextmanager
    def _call(self, taken: list[torch.Tensor]) -> Iterator[tuple[Any, ...]]:
        """The arguments of one call, within the state that every call starts from."""
        wide = self.cast is not None
        pairs = list(zip(self.targets, taken, strict=True))
        places = {t.place: new for t, new in pairs if t.place is not None}
        values = {id(t.tensor): new for t, new in pairs if t.place is None}
        with self.state.call(values, wide):
            known = enumerate(leaves(self.arguments))
            new = (places[k] if k in places else passed(leaf, wide) for k, (_, leaf) in known)
            yield mapped(self.arguments, new)

    def _outputs(self, arguments: tuple[Any, ...]) -> list[tuple[torch.Tensor, Array]]:
        """The outputs that count, each with its cotangent as real numbers, flat."""
        known = [leaf for _, leaf in leaves(self.f(*arguments))]
        found = [torch.as_tensor(leaf) for leaf in known if isinstance(leaf, torch.Tensor | float)]
        found = [leaf for leaf in found if leaf.is_floating_point() or leaf.is_complex()]
        attached = [leaf for leaf in found if leaf.requires_grad]
        if attached and len(attached) < len(found):
            self.note("outputs that require no gradient are left out")
        found = attached or found
        if not found:
            raise Refused("not_scalar", "it gives no floats")
        counts = (leaf.numel() * (2 if leaf.is_complex() else 1) for leaf in found)
        return list(zip(found, cotangents(counts), strict=True))

    def _backward(
        self, outputs: list[tuple[torch.Tensor, Array]], wanted: list[torch.Tensor]
    ) -> Sequence[torch.Tensor | None]:
        attached = [(output, weight) for output, weight in outputs if output.requires_grad]
        if not attached:
            return [None] * len(wanted)
        cotangents = []
        for output, weight in attached:
            real = torch.view_as_real(output) if output.is_complex() else output
            cotangent = torch.from_numpy(weight.reshape(real.shape)).to(real.dtype).to(real.device)
            cotangents.append(torch.view_as_complex(cotangent) if output.is_complex() else cotangent)
        try:
            return torch.autograd.grad([o for o, _ in attached], wanted, cotangents, allow_unused=True)
        except torch.OutOfMemoryError:
            raise
        except Exception as error:
            first = (str(error).splitlines() or [""])[0]
            raise Refused("backward_raises", f"{type(error).__name__}: {first}") from error

    def _unchanged(self, taken: list[torch.Tensor], flat: Array) -> None:
        for new, target, block in zip(taken, self.targets, self.blocks.items, strict=True):
            if new.shape != target.tensor.shape or not np.array_equal(
                numbers(new).ravel(), flat[block.span]
            ):
                raise Refused("changes_argument", target.name)

    def _forward(self, arguments: tuple[Any, ...], flat: Array) -> list[tuple[torch.Tensor, Array]]:
        """`_outputs`, with a look at what f raised: autograd does not let it change its arguments."""
        try:
            return self._outputs(arguments)
        except RuntimeError:
            self._changing(flat)
            raise

    def _changing(self, flat: Array) -> None:
        """Refuse f if it changes its argument where autograd does not watch."""
        taken = self._tensors(flat)
        try:
            with self._call(taken) as arguments, torch.no_grad():
                self.f(*arguments)
                self._unchanged(taken, flat)
        except RuntimeError:
            return  # something else is wrong, and what f raised first says it


def numbers(tensor: torch.Tensor) -> Array:
    """A tensor's numbers as float64, real and imaginary parts along a last axis."""
    tensor = tensor.detach()
    if tensor.layout != torch.strided:
        tensor = tensor.to_dense()
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor.resolve_conj())
    return np.asarray(tensor.cpu().to(torch.float64).numpy(), np.float64)


def like(tensor: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """An empty tensor with the strides of another; contiguous where entries share memory."""
    span = 1
    pairs = sorted((stride, n) for n, stride in zip(tensor.shape, tensor.stride(), strict=True) if n > 1)
    for stride, n in pairs:
        if stride < span:
            return torch.empty(tensor.shape, dtype=dtype, device=tensor.device)
        span = stride * (n - 1) + span
    return torch.empty_strided(tensor.shape, tensor.stride(), dtype=dtype, device=tensor.device)


def listed(names: Sequence[str]) -> str:
    """Some names in a sentence."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
