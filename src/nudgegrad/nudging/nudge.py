"""One node's nudge: its numbers, the verdict, and what decided it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from ..show import Plotted
from ..sweeps.run import Run

FAIL = 3.0  # an adjoint this many (bar + a) away from two estimates is wrong
BLIND = 0.5  # a bar above this share of the estimate says too little


class Verdict(StrEnum):
    """What the nudge says about the adjoint."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class Factors:
    """What the optimal nudge of a node depends on, and which of it decided.

    Parameters
    ----------
    second, third : float
        J'' and J''' in the node's value.
    degree : float
        Structural polynomial degree of J in the node; inf if it is no polynomial.
    rounding : float
        Root mean square of the rounding that the nudged J picks up below the node, in units of J.
    spacing : float
        Distance from the node's value to the next number of the format.
    format : str
        Number format.
    cap : float
        The smallest nudge that was seen to be forbidden; inf if none was.
    capped_by : str
        What forbids it, in words; empty if nothing.
    decided : str
        ``"balance"`` (truncation against rounding), ``"degree"``, ``"cap"``, ``"spacing"``, ``"kink"``,
        ``"edge"``, ``"independent"`` or ``"none"``.
    exact : bool
        Whether the derivatives are those of J, and not of J with some of the ways to it taken as
        independent.
    """

    second: float
    third: float
    degree: float
    rounding: float
    spacing: float
    format: str
    cap: float
    capped_by: str
    decided: str
    exact: bool = True


@dataclass(frozen=True)
class Nudge(Plotted):
    """One node's optimal nudge.

    Parameters
    ----------
    node : str
    value : float
        The node's computed value.
    h : float
        The optimal nudge, a power of two; nan where there is none.
    stencil : str
        ``"two-sided"``, ``"one-sided"``, or an order: ``"4"``, ``"6"``, ``"8"``.
    estimate : float
        The derivative from values of J at nudged points only; nan where none can be trusted.
    bar : float
        abs(estimate - true derivative) is at most this: truncation + rounding; inf beside nan.
    rounding, truncation : float
        The two parts of the bar, safety included.
    adjoint : float
        dJ/dnode by backprop: the claim.
    adjoint_bar : float
        How far the claim can be off by its own rounding.
    verdict : Verdict
        ``"pass"``, ``"fail"`` or ``"inconclusive"``.
    reason : str
        Why this nudge, or why none, in a sentence.
    factors : Factors
    second : float
        The estimate at the second nudge, h/2, that confirmed the first.
    how : str
        ``"global"``: J was replayed. ``"local"``: each op was nudged by itself; `h` is the global one.
    slopes : tuple of float or None
        (left, right) at a kink.
    run : Run or None
        What was nudged; `plot` measures it again.
    """

    node: str
    value: float
    h: float
    stencil: str
    estimate: float
    bar: float
    rounding: float
    truncation: float
    adjoint: float
    adjoint_bar: float
    verdict: Verdict
    reason: str
    factors: Factors
    second: float = float("nan")
    how: str = "global"
    slopes: tuple[float, float] | None = None
    run: Run | None = field(default=None, repr=False, compare=False)


def judge(adjoint: float, estimate: float, bar: float, a: float, second: float) -> Verdict:
    """The verdict on an adjoint with rounding bar `a`, from an estimate with its bar and a second estimate.

    Notes
    -----
    Fail takes two estimates that both lie beyond 3 (bar + a): a right adjoint lies within bar + a of the
    first and, as halving h at most doubles the rounding, within 2 bar + a of the second.
    """
    room = bar + a
    if not np.isfinite(adjoint) or not np.isfinite(room):
        return Verdict.INCONCLUSIVE
    if abs(adjoint - estimate) > FAIL * room and abs(adjoint - second) > FAIL * room:
        return Verdict.FAIL
    if abs(adjoint) <= a and abs(estimate) <= room:
        return Verdict.PASS  # both are 0 as far as anyone can tell: the bar is an absolute one
    if abs(adjoint - estimate) <= room and bar <= BLIND * abs(estimate):
        return Verdict.PASS
    return Verdict.INCONCLUSIVE


def power_of_two(h: float) -> str:
    """``2^-17``."""
    return f"2^{int(np.frexp(h)[1]) - 1}"


def primes(output: str, order: int) -> str:
    """``J'''``: the derivative of that order."""
    return output + "'" * order
