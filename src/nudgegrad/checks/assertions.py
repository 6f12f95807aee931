"""`nudgegrad.assert_gradient`: a check whose failure is an AssertionError with the whole report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import UsageError
from ..nudging.table import Verdict
from .gradient import check

CHOICES = ("fail", "pass")


def assert_gradient(
    f: Any,
    x: Any = None,
    grad: Any = None,
    args: Sequence[Any] = (),
    *,
    on_inconclusive: str = "fail",
    seed: int = 0,
) -> None:
    """Nothing where the gradient is right; the arguments are those of `nudgegrad.check`.

    Parameters
    ----------
    on_inconclusive : str
        What an inconclusive check is: ``"fail"`` or ``"pass"``.

    Raises
    ------
    AssertionError
        If it is not; the message is the report.

    Examples
    --------
    >>> import numpy as np
    >>> assert_gradient(lambda x: (x**2).sum(), np.array([1.0, 2.0]), lambda x: 2 * x)
    """
    __tracebackhide__ = True
    if on_inconclusive not in CHOICES:
        raise UsageError(
            f"on_inconclusive={on_inconclusive!r} is unknown", help=f"one of {', '.join(CHOICES)}"
        )
    found = check(f, x, grad, args, seed=seed)
    if found or (found.verdict is Verdict.INCONCLUSIVE and on_inconclusive == "pass"):
        return
    raise AssertionError(f"\n{found}")
