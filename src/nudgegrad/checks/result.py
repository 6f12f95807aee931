"""What a check returns: verdict, reason, resolution, blocks, and how it shows itself."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ..nudging.table import Verdict
from ..show import Shown


class Code(StrEnum):
    """Why the verdict is what it is."""

    AGREES = "agrees"
    DIFFERS = "differs"
    SUBGRADIENT = "subgradient"
    BELOW_KINK = "below_kink"
    KINK = "kink"
    NEAR_KINK = "near_kink"
    RUNGS_DISAGREE = "rungs_disagree"
    COARSE = "coarse"
    STILL = "still"
    RANDOM = "random"
    NOT_FINITE = "not_finite"
    CLAIM_NOT_FINITE = "claim_not_finite"
    CHANGES_ARGUMENT = "changes_argument"
    MISSING_BLOCK = "missing_block"
    WRONG_SHAPE = "wrong_shape"
    NOT_SCALAR = "not_scalar"
    NEEDS_COTANGENT = "needs_cotangent"
    BACKWARD_RAISES = "backward_raises"


SENTENCES = {
    Code.AGREES: "the gradient agrees with f along every direction",
    Code.DIFFERS: "the gradient differs from f by more than its bar",
    Code.SUBGRADIENT: "f has a kink at x, and the claim lies between its slopes: a valid subgradient",
    Code.BELOW_KINK: "larger steps cross a kink or waves; below them the gradient agrees with f",
    Code.KINK: "f has a kink at x",
    Code.NEAR_KINK: "f or the claim bends or oscillates within the steps that rounding allows",
    Code.RUNGS_DISAGREE: "neighbouring steps disagree about the difference",
    Code.COARSE: "rounding leaves too little: the bar is above 5 % of the gradient",
    Code.STILL: "f does not change at any step: its rounding may swallow what the claim promises",
    Code.RANDOM: "f gives other values each time",
    Code.NOT_FINITE: "f is not finite at x or near it",
    Code.CLAIM_NOT_FINITE: "the claimed gradient is not finite",
    Code.CHANGES_ARGUMENT: "f changes its argument in place",
    Code.MISSING_BLOCK: "the claimed gradient lacks a block",
    Code.WRONG_SHAPE: "the claimed gradient has another shape than x",
    Code.NOT_SCALAR: "f gives no numbers",
    Code.NEEDS_COTANGENT: "f gives several arrays: grad(x, *args, cotangent) is needed",
    Code.BACKWARD_RAISES: "the backward cannot be computed",
}


class Reason(str):
    """A reason as a sentence, with its code.

    Parameters
    ----------
    code : Code
    """

    code: Code

    @classmethod
    def of(cls, code: Code, detail: str = "") -> Reason:
        """The reason of a code, with what it is about."""
        made = cls(SENTENCES[code] + (f": {detail}" if detail else ""))
        made.code = code
        return made


class Evaluations(int):
    """How often f was evaluated; `gradients`: how often the gradient.

    Parameters
    ----------
    values, gradients : int
    """

    gradients: int

    def __new__(cls, values: int, gradients: int) -> Evaluations:
        """An int with a second count."""
        made = super().__new__(cls, values)
        made.gradients = gradients
        return made


@dataclass(frozen=True)
class BlockResult:
    """One block: the slope along a direction of its own, as claimed and as measured.

    Parameters
    ----------
    verdict : Verdict
    claimed, measured, bar : float
        nan where the block was not looked at by itself.
    """

    verdict: Verdict
    claimed: float = math.nan
    measured: float = math.nan
    bar: float = math.nan

    @property
    def ratio(self) -> float:
        """measured / claimed."""
        return self.measured / self.claimed if self.claimed else math.nan


@dataclass(frozen=True, eq=False)
class Check(Shown):
    """What `nudgegrad.check` returns; true only where the verdict is pass.

    Parameters
    ----------
    verdict : Verdict
    reason : Reason
        A sentence; ``reason.code`` is its code.
    resolution : float
        A pass promises that ``||error * s|| < resolution * ||gradient * s||``.
    evaluations : Evaluations
    format : str
        In which f was computed.
    blocks : mapping of str to BlockResult
    wrong : tuple
        Entries and slices that are wrong, with claimed, measured and bar.
    diagnosis : tuple of str
        What the mistake may be.
    accuracy : float
        Of a gradient in a lower format: its distance from float64's, relative to it.
    q : float
        4 times the mean square of discrepancy over bar.
    notes : tuple of str
        What else was met: a missing gradient taken as zeros, a reduced precision.
    """

    verdict: Verdict
    reason: Reason
    resolution: float
    evaluations: Evaluations
    format: str
    blocks: Mapping[str, BlockResult] = field(default_factory=dict)
    wrong: tuple[Any, ...] = ()
    diagnosis: tuple[str, ...] = ()
    accuracy: float = math.nan
    q: float = math.nan
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.verdict is Verdict.PASS
