"""`nudgegrad.check_grad`: the arguments of `scipy.optimize.check_grad`, the answer of `nudgegrad.check`."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from .entry import check
from .result import Check


def check_grad(
    func: Callable[..., Any],
    grad: Callable[..., Any],
    x0: Any,
    *args: Any,
    epsilon: Any = None,
    seed: int = 0,
) -> Check:
    """Whether a gradient is right, with the arguments in the order of `scipy.optimize.check_grad`.

    Parameters
    ----------
    func : callable
        ``func(x0, *args)`` -> a number.
    grad : callable
        ``grad(x0, *args)`` -> its gradient, of the shape of x0.
    x0 : array-like
        Where. A list is an array here, as in scipy; whole numbers count as float64.
    args
        What both take besides.
    epsilon : optional
        Accepted and ignored, with a warning: nudges are chosen by themselves.
    seed : int
        Of the directions.

    Returns
    -------
    Check
        Not the length of the difference that scipy returns: what was ``check_grad(f, g, x) < 1e-6`` is
        ``bool(check_grad(f, g, x))`` here. Compared with a number it raises a TypeError.

    Examples
    --------
    >>> found = check_grad(lambda x: x[0] ** 2 + x[1] ** 3, lambda x: [2 * x[0], 3 * x[1] ** 2], [1, 2])
    >>> found.verdict.value
    'pass'
    """
    if epsilon is not None:
        warnings.warn("nudgegrad chooses its nudges itself: epsilon is ignored", stacklevel=2)
    x = np.asarray(x0)
    if x.dtype.kind in "iub":
        x = x.astype(np.float64)
    found: Check = check(func, x, lambda x, *rest: np.asarray(grad(x, *rest)), args, seed=seed)
    return found
