"""PyTorch functions, modules and tensors as subjects of the check; `torch.autograd.gradcheck`'s drop-in.

The claim is what `torch.autograd.grad` gives for <cotangent, outputs>. Values are computed as the claim is,
with gradients enabled: some modules take another path without. Every call starts from the same random state
and buffers, and leaves none of the user's tensors changed (`torch_state`).
"""

from __future__ import annotations

import fnmatch
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch.autograd.gradcheck import GradcheckError

from ..checks.blocks import Block, Blocks, leaves
from ..checks.cotangent import cotangents
from ..checks.gradient import settled
from ..checks.result import Check
from ..checks.subject import Subject
from ..errors import UsageError
from ..formats import FORMATS, Format
from ..nudging.table import Verdict
from .torch_state import State, modules_of, precision_notes
from .torch_subject import Target, Tensors, listed, numbers

CHOICES = ("fail", "pass")
_EPS, _ATOL, _RTOL, _NONDET_TOL = 1e-6, 1e-5, 1e-3, 0.0
_DEFAULTS = {"eps": _EPS, "atol": _ATOL, "rtol": _RTOL, "nondet_tol": _NONDET_TOL}  # known as objects
_told: set[str] = set()  # what has been warned about in this process


def takes(f: Any, x: Any) -> bool:
    """Whether this adapter is the one for f at x."""
    return isinstance(f, torch.nn.Module) or any(isinstance(leaf, torch.Tensor) for _, leaf in leaves(x))


def _format(name: str, tensor: torch.Tensor) -> Format:
    kind = str(tensor.dtype).removeprefix("torch.")
    if tensor.is_complex():
        raise UsageError(
            f"{name} is complex, which the check does not take",
            help="pass its real and imaginary parts (torch.view_as_real) and join them in f",
        )
    if tensor.layout != torch.strided:
        raise UsageError(
            f"{name} is sparse, which the check does not take",
            help="pass its values as a dense tensor and make the sparse one in f",
        )
    if kind not in FORMATS:
        raise UsageError(f"{name} is in {kind}", help=f"the check takes {', '.join(FORMATS)}")
    return FORMATS[kind]


def _is_float(leaf: Any) -> bool:
    return isinstance(leaf, torch.Tensor) and (leaf.is_floating_point() or leaf.is_complex())


def _parameters(module: torch.nn.Module, patterns: Sequence[str] | None) -> list[tuple[str, torch.Tensor]]:
    """The module's parameters that require a gradient and match a pattern."""
    known = dict(module.named_parameters())
    if patterns is None:
        return [(name, p) for name, p in known.items() if p.requires_grad]
    if isinstance(patterns, str):
        patterns = (patterns,)
    found: dict[str, torch.Tensor] = {}
    for pattern in patterns:
        matched = {name: p for name, p in known.items() if fnmatch.fnmatchcase(name, pattern)}
        free = {name: p for name, p in matched.items() if p.requires_grad}
        if not free:
            why = (
                f"{listed(list(matched))} requires no gradient" if matched else "no parameter has that name"
            )
            raise UsageError(
                f"params={pattern!r}: {why}", help=f"the parameters are {', '.join(known) or 'none'}"
            )
        found |= free
    return [(name, p) for name, p in known.items() if name in found]


def subject_of(
    fn: Callable[..., Any],
    inputs: Any,
    grad: Any = None,
    args: Sequence[Any] = (),
    *,
    loss: Callable[..., Any] | None = None,
    params: Sequence[str] | None = None,
    wide: bool = False,
    inputs_only: bool = False,
) -> Tensors:
    """What is checked of a PyTorch function or module.

    Parameters
    ----------
    fn : callable or Module
    inputs : tuple or structure
        A tuple is ``fn(*inputs)``. Tensors that require a gradient are checked; where nothing does, all
        float tensors are. Everything else is passed through.
    grad : callable or structure, optional
        A gradient that is claimed instead of autograd's: ``grad(*inputs)``, or a structure.
    args : sequence
        Passed after the inputs.
    loss : callable, optional
        ``loss(fn(...))`` is checked.
    params : sequence of str, optional
        Patterns of parameter names.
    wide : bool
        Whether in float64.
    inputs_only : bool
        Whether a module's parameters are left alone.

    Raises
    ------
    UsageError
        If there is nothing to check, a pattern matches nothing, or a tensor is complex or sparse.
    """
    is_module = isinstance(fn, torch.nn.Module)
    if params is not None and not is_module:
        raise UsageError("params= goes with a torch.nn.Module", help="leave params out")
    spread = type(inputs) is tuple
    arguments = (*(inputs if spread else (inputs,)), *args) if inputs is not None else tuple(args)
    named = [name for name, _ in leaves(arguments if spread else inputs)] if inputs is not None else []
    known = [leaf for _, leaf in leaves(arguments)]
    named += [f"args{k}" for k in range(len(known) - len(named))]
    targets = []
    if is_module and not inputs_only:
        targets = [Target(name, p) for name, p in _parameters(fn, params)]  # type: ignore[arg-type]  # a Module
    floats = [(k, leaf) for k, leaf in enumerate(known) if _is_float(leaf)]
    free = [(k, leaf) for k, leaf in floats if leaf.requires_grad]
    if not free and not targets:
        free = floats
    targets += [Target(named[k], leaf, k) for k, leaf in free]
    if not sum(t.tensor.numel() for t in targets):
        raise UsageError(
            "there is no float tensor to check", help="for example x = torch.ones(3, requires_grad=True)"
        )
    items, parts, start = [], [], 0
    for target in targets:
        fmt = _format(target.name, target.tensor)
        items.append(Block(target.name, tuple(target.tensor.shape), fmt, start))
        parts.append(numbers(target.tensor).ravel())
        start += target.tensor.numel()
    generators = [leaf for leaf in known if isinstance(leaf, torch.Generator)]
    state = State(modules_of(fn, loss, grad, *known), generators)
    f = fn if loss is None else _Composed(fn, loss)
    return Tensors(
        f=f,
        grad=None,
        args=tuple(arguments),
        blocks=Blocks(tuple(items), list),
        x=np.concatenate(parts),
        cast=np.float64 if wide else None,
        arguments=arguments,
        targets=tuple(targets),
        state=state,
        given=grad,
        spread=spread,
        notes=precision_notes([t.tensor for t in targets]),
    )


@dataclass(frozen=True)
class _Composed:
    """loss(fn(...))."""

    fn: Callable[..., Any]
    loss: Callable[..., Any]

    def __call__(self, *arguments: Any) -> Any:
        return self.loss(self.fn(*arguments))


def check(
    f: Any,
    x: Any,
    grad: Any = None,
    args: Sequence[Any] = (),
    *,
    seed: int = 0,
    loss: Any = None,
    params: Sequence[str] | None = None,
    inputs_only: bool = False,
) -> Check:
    """What `nudgegrad.check` gives for PyTorch tensors and modules; `inputs_only` as in `subject_of`."""
    own = subject_of(f, x, grad, args, loss=loss, params=params, inputs_only=inputs_only)
    made = [own]

    def widened() -> Subject:
        made.append(replace(own, cast=np.float64))
        return made[-1]

    found = settled(own, widened, seed)
    notes = dict.fromkeys((*found.notes, *(note for subject in made for note in subject.notes)))
    return replace(found, notes=tuple(notes))


def gradcheck(
    func: Callable[..., Any],
    inputs: torch.Tensor | Sequence[Any],
    *,
    eps: float = _EPS,
    atol: float = _ATOL,
    rtol: float = _RTOL,
    raise_exception: bool = True,
    nondet_tol: float = _NONDET_TOL,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
    on_inconclusive: str = "fail",
) -> bool:
    """True where the backward of func is right; the arguments are those of `torch.autograd.gradcheck`.

    Parameters
    ----------
    func : callable or Module
        Of a module only the inputs are checked; `nudgegrad.check` checks its parameters too.
    inputs : Tensor or sequence
        ``func(*inputs)``. Those that require a gradient are checked, in their own formats.
    eps, atol, rtol, nondet_tol : float
        Accepted and ignored, with one warning in a process: there are no tolerances.
    raise_exception : bool
        Whether to raise where the check does not pass, or to return False.
    check_undefined_grad, check_grad_dtypes, check_batched_grad : bool
    check_batched_forward_grad, fast_mode : bool
        Accepted and ignored: the first four ask other questions than whether the gradient is right, the
        last has no counterpart. The three that are off by default warn once where they are asked for.
    check_forward_ad, check_backward_ad : bool
        Forward mode is not checked: asked for besides the backward it warns once, alone it is refused.
    masked : bool, optional
        Accepted and ignored: sparse inputs are refused.
    on_inconclusive : str
        Not one of torch's: what an inconclusive check is, ``"fail"`` or ``"pass"``.

    Returns
    -------
    bool

    Raises
    ------
    torch.autograd.gradcheck.GradcheckError
        If the backward is wrong, or the check inconclusive; the message is the report.
    UsageError
        If there is nothing to check.
    """
    if not check_backward_ad:
        raise UsageError(
            "check_backward_ad=False leaves nothing to check: forward mode is not checked",
            help="use torch.autograd.gradcheck for forward mode",
        )
    del check_undefined_grad, fast_mode, masked
    passed = {"eps": eps, "atol": atol, "rtol": rtol, "nondet_tol": nondet_tol}
    asked = {
        "check_grad_dtypes": check_grad_dtypes,
        "check_batched_grad": check_batched_grad,
        "check_batched_forward_grad": check_batched_forward_grad,
        "check_forward_ad": check_forward_ad,
    }
    _tell(passed, asked)
    return _answer(func, _items(inputs), raise_exception, on_inconclusive)


def _items(inputs: torch.Tensor | Sequence[Any]) -> tuple[Any, ...]:
    return (inputs,) if isinstance(inputs, torch.Tensor) else tuple(inputs)


def _answer(
    func: Callable[..., Any], inputs: tuple[Any, ...], raise_exception: bool, on_inconclusive: str
) -> bool:
    if on_inconclusive not in CHOICES:
        raise UsageError(
            f"on_inconclusive={on_inconclusive!r} is unknown", help=f"one of {', '.join(CHOICES)}"
        )
    found = check(func, inputs, inputs_only=True)
    if found or (found.verdict is Verdict.INCONCLUSIVE and on_inconclusive == "pass"):
        return True
    if raise_exception:
        raise GradcheckError(f"\n{found}")
    return False


def _tell(passed: dict[str, float], asked: dict[str, bool]) -> None:
    """Warn of what is ignored, each kind once in a process, at the caller of gradcheck."""
    given = [name for name, value in passed.items() if value is not _DEFAULTS[name]]
    others = [name for name, is_asked in asked.items() if is_asked]
    for names, why in ((given, "has no tolerances"), (others, "looks at the backward's values only")):
        if names and why not in _told:
            _told.add(why)
            text = f"nudgegrad's gradcheck {why}: {', '.join(names)} ignored"
            warnings.warn(text, UserWarning, stacklevel=3)


def gradgradcheck(
    func: Callable[..., Any],
    inputs: torch.Tensor | Sequence[Any],
    grad_outputs: torch.Tensor | Sequence[torch.Tensor] | None = None,
    *,
    eps: float = _EPS,
    atol: float = _ATOL,
    rtol: float = _RTOL,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = _NONDET_TOL,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
    on_inconclusive: str = "fail",
) -> bool:
    """True where the backward of func's backward is right: `gradcheck` of the gradient as a function.

    Parameters
    ----------
    func, inputs
        As in `gradcheck`.
    grad_outputs : Tensor or sequence, optional
        The cotangents, one for each output that requires a gradient; fixed random ones if left out.
    gen_non_contig_grad_outputs : bool
        Whether those random ones have strides with gaps.
    check_fwd_over_rev, check_rev_over_rev : bool
        Forward over reverse warns once and is ignored; without reverse over reverse there is nothing to do.

    Returns
    -------
    bool

    Raises
    ------
    torch.autograd.gradcheck.GradcheckError
        As `gradcheck`. The blocks are the inputs, then the cotangents, which the gradient depends on too.
    """
    if not check_rev_over_rev:
        raise UsageError(
            "check_rev_over_rev=False leaves nothing to check: forward mode is not checked",
            help="use torch.autograd.gradgradcheck for forward over reverse",
        )
    given = _items(inputs)
    count = len(given)
    free = [k for k, leaf in enumerate(given) if _is_float(leaf) and leaf.requires_grad]
    if not free:
        raise UsageError(
            "no input requires a gradient", help="for example x = torch.ones(3, requires_grad=True)"
        )

    def attached(*arguments: Any) -> list[torch.Tensor]:
        known = [leaf for _, leaf in leaves(func(*arguments))]
        return [leaf for leaf in known if _is_float(leaf) and leaf.requires_grad]

    def gradient(*arguments: Any) -> tuple[torch.Tensor, ...]:
        items = arguments[:count]
        wanted = [items[k] for k in free]
        outputs = attached(*items)
        found = torch.autograd.grad(
            outputs, wanted, arguments[count:], create_graph=True, allow_unused=True
        )
        return tuple(leaf for leaf in found if leaf is not None)

    if grad_outputs is None:
        state = State(modules_of(func), [])
        with state.call({}, wide=False):
            cotangents = _cotangents(attached(*given), gen_non_contig_grad_outputs)
    else:
        cotangents = _items(grad_outputs)
    del check_undefined_grad, fast_mode, masked
    passed = {"eps": eps, "atol": atol, "rtol": rtol, "nondet_tol": nondet_tol}
    asked = {
        "check_grad_dtypes": check_grad_dtypes,
        "check_batched_grad": check_batched_grad,
        "check_fwd_over_rev": check_fwd_over_rev,
    }
    _tell(passed, asked)
    return _answer(gradient, (*given, *cotangents), raise_exception, on_inconclusive)


def _cotangents(outputs: Sequence[torch.Tensor], with_gaps: bool) -> tuple[torch.Tensor, ...]:
    """A fixed random cotangent for each output."""
    if not outputs:
        raise UsageError(
            "no output requires a gradient", help="what func returns is detached from its inputs"
        )
    made = []
    for output, grains in zip(outputs, cotangents(o.numel() for o in outputs), strict=True):
        entries = torch.from_numpy(grains.reshape(tuple(output.shape)))
        cotangent = entries.to(output.dtype).to(output.device)
        if with_gaps and cotangent.ndim:
            cotangent = torch.stack([cotangent, cotangent], -1)[..., 0]
        made.append(cotangent.requires_grad_())
    return tuple(made)
