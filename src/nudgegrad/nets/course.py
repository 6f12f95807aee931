"""The gradient check of the course, beside ours: all parameters in one vector, one relative distance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..checks.blocks import flatten

NUDGE = 1e-7
LIMIT = 1e-7  # below it the course calls a gradient right


def distance(
    f: Callable[..., Any],
    x: Any,
    grad: Callable[..., Any],
    args: Sequence[Any] = (),
    nudge: float = NUDGE,
) -> float:
    """The distance of the claimed gradient from the nudged one: below 1e-7 if right, says the course.

    Parameters
    ----------
    f, x, grad, args
        As for `nudgegrad.check`.
    nudge : float
        The same for every parameter.

    Notes
    -----
    ||claimed - nudged|| / (||claimed|| + ||nudged||), nudged[k] = (f(x + h e_k) - f(x - h e_k)) / 2h.
    It takes 2 P evaluations of f. The limit is a guess: rounding alone may be above it, and what is wrong
    in entries that are small beside the others stays below it.

    Examples
    --------
    >>> x = np.array([0.5, -1.0, 2.0])
    >>> distance(lambda x: np.sin(x).sum(), x, np.cos) < LIMIT
    True
    """
    vector, blocks = flatten(x)
    claimed, _ = flatten(grad(x, *args))
    nudged = np.empty_like(vector)
    for k in range(len(vector)):
        up, down = vector.copy(), vector.copy()
        up[k] += nudge
        down[k] -= nudge
        rise = float(f(blocks.structure(up), *args)) - float(f(blocks.structure(down), *args))
        nudged[k] = rise / (2 * nudge)
    norm = np.linalg.norm
    whole = norm(claimed) + norm(nudged)
    return float(norm(claimed - nudged) / whole) if whole else 0.0
