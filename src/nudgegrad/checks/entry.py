"""`nudgegrad.check`: finds out what kind of thing is checked, and has it checked.

Framework tensors are made into what the core checks by an adapter in the room `frameworks`, above this one.
`ADAPTERS` is the one place that looks up there: by name, at run time, and only where the user's program has
imported that framework already.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np

from ..errors import UsageError
from ..sweeps.run import Run
from .gradient import of_run, settled
from .result import Check
from .subject import subject

ADAPTERS = {  # framework, as sys.modules calls it -> the module with `takes(f, x)` and `check(f, x, ...)`
    "torch": "nudgegrad.frameworks.torch",
    "tensorflow": "nudgegrad.frameworks.tensorflow",
    "jax": "nudgegrad.frameworks.jax",
}


def check(
    f: Any,
    x: Any = None,
    grad: Any = None,
    args: Sequence[Any] = (),
    *,
    seed: int = 0,
    loss: Any = None,
    params: Sequence[str] | None = None,
) -> Check:
    """Whether a claimed gradient is that of f at x: pass, fail or inconclusive, without a tolerance.

    Parameters
    ----------
    f : callable, Run, torch.nn.Module, tf.Module or Keras model
        ``f(x, *args)`` -> a number. A run is checked node by node, with its own adjoints as the claim.
    x : array, or dicts, lists and tuples of arrays
        In any number format; what holds no floats is passed through. A tuple with tensors of PyTorch, JAX
        or TensorFlow in it is ``f(*x)``; with JAX's, x is any pytree.
    grad : callable or structure
        ``grad(x, *args)`` -> a structure like x, or that structure. With framework tensors it may be
        left out: the claim is the framework's own backward.
    args : sequence
        What f and grad take besides.
    seed : int
        Of the directions.
    loss : callable, optional
        With framework tensors: what is checked is ``loss(f(...))``.
    params : sequence of str, optional
        With a module or model: patterns of the parameters to check, such as ``["fc.*"]``; all that
        require a gradient if left out.

    Returns
    -------
    Check

    Raises
    ------
    UsageError
        If x or grad is missing, or an option is given that the kind of f does not have.

    Notes
    -----
    Some 30 evaluations of f decide for a right gradient, whatever the number of parameters P. A pass
    promises that ||error * s|| is below ``resolution * ||gradient * s||``, s being the entries' sizes.
    What is in a lower format is checked in float64 first, where f and grad can be computed in it.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([0.5, -1.0, 2.0])
    >>> check(lambda x: np.sin(x).sum(), x, np.cos).verdict.value
    'pass'
    >>> wrong = check(lambda x: 1e-8 * np.sin(x).sum(), x, lambda x: 68e-8 * np.cos(x))
    >>> wrong.verdict.value, wrong.diagnosis
    ('fail', ('x: true = 1/68 x claimed',))
    """
    for framework, home in ADAPTERS.items():
        if sys.modules.get(framework) is not None:
            adapter = import_module(home)
            if adapter.takes(f, x):
                found: Check = adapter.check(f, x, grad, args, seed=seed, loss=loss, params=params)
                return found
    for name, given in (("loss", loss), ("params", params)):
        if given is not None:
            raise UsageError(
                f"{name}= goes with the tensors of a framework",
                help=f"leave {name} out, or pass tensors as x",
            )
    if isinstance(f, Run):
        return of_run(f)
    if x is None or grad is None:
        what = "x" if x is None else "grad"
        raise UsageError(f"the check needs {what}", help="for example nudgegrad.check(f, x, grad=backprop)")
    own = subject(f, x, grad, args)
    return settled(own, lambda: subject(f, x, grad, args, cast=np.float64), seed)
