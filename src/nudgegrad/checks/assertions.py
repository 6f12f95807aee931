"""`nudgegrad.assert_gradient`: a check whose failure is an AssertionError with the whole report."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..errors import UsageError
from ..nudging.table import Verdict
from .entry import check
from .result import Check

CHOICES = ("fail", "pass")


def assert_gradient(
    f: Any,
    x: Any = None,
    grad: Any = None,
    args: Sequence[Any] = (),
    *,
    on_inconclusive: str = "fail",
    **options: Any,
) -> None:
    """Nothing where the gradient is right; the arguments are those of `nudgegrad.check`.

    Parameters
    ----------
    on_inconclusive : str
        What an inconclusive check is: ``"fail"`` or ``"pass"``.

    Raises
    ------
    AssertionError
        If it is not: what differs in the first line, how much and where below, then the report.

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
    found = check(f, x, grad, args, **options)
    if found or (found.verdict is Verdict.INCONCLUSIVE and on_inconclusive == "pass"):
        return
    raise AssertionError(message(found))


def message(found: Check) -> str:
    """What an AssertionError says of a check that did not pass: what differs, how much and where."""
    bad = [name for name, block in found.blocks.items() if block.verdict is Verdict.FAIL]
    lines = [f"gradient check: {found.verdict.value}: {found.reason}"]
    if bad:
        lines[0] = f"the gradient of {_listed(bad)} differs from f"
        lines += ["", f"Mismatched blocks: {len(bad)} / {len(found.blocks)} ({_listed(bad)})"]
        lines += _largest(found)
    return "\n".join([*lines, "", str(found)])


def _listed(names: Sequence[str], most: int = 6) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _largest(found: Check) -> list[str]:
    """The largest difference of an entry; of a slope along a direction where no entry was singled out."""
    entries = [w for w in found.wrong if not any(isinstance(k, slice) for k in w.index)]
    if entries:
        most = max(entries, key=lambda w: abs(w.measured - w.claimed))
        where = f"{most.block}[{', '.join(map(str, most.index))}]" if most.index else most.block
        claimed, measured = most.claimed, most.measured
    else:
        wrong = [(name, b) for name, b in found.blocks.items() if b.verdict is Verdict.FAIL]
        name, block = max(wrong, key=lambda item: abs(item[1].measured - item[1].claimed))
        where, claimed, measured = f"a direction through {name}", block.claimed, block.measured
    if not math.isfinite(measured - claimed):
        return []
    lines = [f"Largest difference: {abs(measured - claimed):.6g} at {where}"]
    if claimed:
        lines.append(f"Measured / claimed there: {measured / claimed:.6g}")
    return lines
