"""What a PyTorch call depends on besides its arguments, so that each call starts alike and leaves nothing.

Random generators, the buffers and attributes of modules, and the numbers inside parameters. Numbers are put
in by giving a parameter other data and taken out by giving it its own back: the same memory, untouched.
"""

from __future__ import annotations

import functools
import random
import types
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from ..checks.blocks import leaves
from ..formats import FORMATS

LOWER = (torch.float32, torch.float16, torch.bfloat16)  # what promotion casts to float64
DEPTH = 3  # of functions within closures of functions, in which modules are looked for


def modules_of(*given: Any) -> list[torch.nn.Module]:
    """The modules that callables are, hold or refer to, without their children."""
    found: list[torch.nn.Module] = []
    seen: set[int] = set()

    def look(thing: Any, depth: int) -> None:
        if id(thing) in seen or depth > DEPTH:
            return
        seen.add(id(thing))
        if isinstance(thing, torch.nn.Module):
            found.append(thing)
        elif isinstance(thing, functools.partial):
            for part in (thing.func, *thing.args, *thing.keywords.values()):
                look(part, depth + 1)
        elif isinstance(thing, types.MethodType):
            look(thing.__self__, depth + 1)
            look(thing.__func__, depth + 1)
        elif isinstance(thing, types.FunctionType):
            for part in _referred(thing):
                look(part, depth + 1)
        elif isinstance(thing, list | tuple | dict):
            for _, leaf in leaves(thing):
                look(leaf, depth + 1)

    for thing in given:
        look(thing, 0)
    return found


def _referred(function: types.FunctionType) -> Iterator[Any]:
    """What a function has in its closure and defaults, and the modules and lists among its globals."""
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # a name that has no value yet
            continue
    yield from function.__defaults__ or ()
    codes = [function.__code__]
    for code in codes:
        codes += [part for part in code.co_consts if isinstance(part, types.CodeType)]
        for name in code.co_names:
            value = function.__globals__.get(name)
            if isinstance(value, torch.nn.Module | types.FunctionType | functools.partial):
                yield value


class State:
    """The state around a call: taken once, put back after every call.

    Parameters
    ----------
    modules : list of Module
    generators : list of Generator
        Those among the arguments.
    """

    def __init__(self, modules: list[torch.nn.Module], generators: list[torch.Generator]) -> None:
        self.modules = list({id(part): part for m in modules for part in m.modules()}.values())
        self.attributes = [dict(m.__dict__) for m in self.modules]
        self.buffers = [dict(m._buffers) for m in self.modules]
        self.parameters = [dict(m._parameters) for m in self.modules]
        own = [p for held in self.parameters for p in held.values() if p is not None]
        self.data = [(p, p.data) for p in {id(p): p for p in own}.values()]
        self.grads = [(p, p.grad) for p, _ in self.data]
        self.generators = generators
        self.random = self._random()
        self.promoted: dict[int, torch.Tensor] = {}

    def _random(self) -> list[tuple[Callable[[Any], Any], Any]]:
        """Every random generator's setter, with its state."""
        numpy_state = np.random.get_state()  # noqa: NPY002 - the user's program may draw from it
        found: list[tuple[Callable[[Any], Any], Any]] = [
            (random.setstate, random.getstate()),
            (np.random.set_state, numpy_state),
            (torch.set_rng_state, torch.get_rng_state()),
        ]
        found += [(g.set_state, g.get_state()) for g in self.generators]
        if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]  # torch has no type for it
            found.append((torch.cuda.set_rng_state_all, torch.cuda.get_rng_state_all()))
        if torch.backends.mps.is_available():
            found.append((torch.mps.set_rng_state, torch.mps.get_rng_state()))
        return found

    def draws(self) -> bool:
        """Whether PyTorch's generators have moved since the state was taken."""
        if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]  # torch has no type for it
            now = torch.cuda.get_rng_state_all()
            before = next(state for put, state in self.random if put is torch.cuda.set_rng_state_all)
            if not all(map(torch.equal, now, before)):
                return True
        return not torch.equal(torch.get_rng_state(), self.random[2][1])

    @contextmanager
    def call(self, values: Mapping[int, torch.Tensor], wide: bool) -> Iterator[None]:
        """One call: parameters with other values, buffers that may be written to; all as before after it.

        Parameters
        ----------
        values : mapping of int to Tensor
            id of a parameter -> the data that it has within the call.
        wide : bool
            Whether other parameters and all buffers are in float64.
        """
        torch.clear_autocast_cache()  # it would give the weights of the call before
        try:
            for p, data in self.data:
                p.grad = None
                if id(p) in values:
                    p.data = values[id(p)]
                elif wide and data.dtype in LOWER:
                    if id(p) not in self.promoted:
                        self.promoted[id(p)] = data.double()
                    p.data = self.promoted[id(p)]
            copies: dict[int, torch.Tensor] = {}
            for module, buffers in zip(self.modules, self.buffers, strict=True):
                for name, buffer in buffers.items():
                    if buffer is not None:
                        module._buffers[name] = copies.setdefault(id(buffer), passed(buffer, wide))
            with torch.inference_mode(False), torch.enable_grad(), self._quiet():
                yield
        finally:
            self._restore()

    @contextmanager
    def _quiet(self) -> Iterator[None]:
        """No warning that the weights of a cuDNN network lie apart: within a call they do."""
        if not any(isinstance(m, torch.nn.RNNBase) for m in self.modules):
            yield
            return
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "RNN module weights are not part of single contiguous")
            yield

    def _restore(self) -> None:
        for p, data in self.data:
            p.data = data
        for p, grad in self.grads:
            p.grad = grad
        for k, module in enumerate(self.modules):
            _put_back(module._buffers, self.buffers[k])
            _put_back(module._parameters, self.parameters[k])
            _put_back(module.__dict__, self.attributes[k])
        for put, state in self.random:
            put(state)
        torch.clear_autocast_cache()


def passed(leaf: Any, wide: bool) -> Any:
    """What a call gets of something that is passed through: a copy if it is a tensor."""
    if not isinstance(leaf, torch.Tensor):
        return leaf
    copy = leaf.detach().clone()
    return copy.double() if wide and copy.dtype in LOWER else copy


def _put_back(held: dict[str, Any], known: dict[str, Any]) -> None:
    for name in [name for name in held if name not in known]:
        del held[name]
    held.update(known)


def reduced(tensors: Sequence[torch.Tensor]) -> tuple[str, int] | None:
    """How float32 is computed here if not in float32: what it is called, and the bits that are left."""
    kinds = {t.device.type for t in tensors}
    for kind in sorted(kinds):
        if torch.is_autocast_enabled(kind):
            name = str(torch.get_autocast_dtype(kind)).removeprefix("torch.")
            return f"autocast to {name}", FORMATS[name].precision if name in FORMATS else 8
    precision = torch.get_float32_matmul_precision()
    if precision == "highest":
        return None
    if precision == "medium" and kinds == {"cpu"}:
        return "bfloat16 matrix products", FORMATS["bfloat16"].precision
    return "TF32 matrix products", FORMATS["float16"].precision  # as many bits


def precision_notes(tensors: Sequence[torch.Tensor]) -> tuple[str, ...]:
    """What is to be said of the settings for float32."""
    if not any(t.dtype == torch.float32 for t in tensors):
        return ()
    notes = []
    less = reduced(tensors)
    if less is not None:
        notes.append(f"PyTorch is set to compute float32 with {less[0]}")
    if any(t.is_cuda for t in tensors) and torch.backends.cudnn.allow_tf32:
        notes.append("cuDNN's convolutions may use TF32 (torch.backends.cudnn.allow_tf32)")
    return tuple(notes)
