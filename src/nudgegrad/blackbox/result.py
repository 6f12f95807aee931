"""What a derivative of a black box is: value, bar, verdict and reason, one of them or arrays of them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

from ..formats import Array
from ..nudging.table import Verdict
from ..show import Shown


class Code(StrEnum):
    """Why the verdict is what it is."""

    CLEAR = "clear"
    ROUNDED = "rounded"
    KINK = "kink"
    UNEVEN = "uneven"
    JUMP = "jump"
    STEEP = "steep"
    SCALES = "scales"
    GRID = "grid"
    WIDE = "wide"
    NOT_FINITE = "not_finite"
    NOWHERE = "nowhere"
    CHANGES = "changes"
    COMPLEX = "complex"
    WHOLE = "whole"


SENTENCES = {
    Code.CLEAR: "the estimates of neighbouring steps agree within the bar",
    Code.ROUNDED: "f's values are rounded to a grid, which counts as its noise",
    Code.KINK: "f has a kink at x, or next to it: its slopes on the two sides differ",
    Code.UNEVEN: "the derivatives of this order on the two sides of x differ",
    Code.JUMP: "f jumps at x",
    Code.STEEP: "f is infinitely steep at x",
    Code.SCALES: "small and large steps contradict each other, and nothing shows which are right",
    Code.GRID: "f moves in steps that are too large for a slope",
    Code.WIDE: "the bar is above 2 % of the derivative, 3 % in bfloat16",
    Code.NOT_FINITE: "f is not finite at x",
    Code.NOWHERE: "no steps were found on which f is finite and smooth",
    Code.CHANGES: "f gives another value when it is called again with the same x",
    Code.COMPLEX: "f is complex at x",
    Code.WHOLE: "f gives whole numbers only, which have no slope",
}
CLAIMED = (Code.CLEAR, Code.ROUNDED)


class Reason(str):
    """A reason as a sentence, with its code.

    Parameters
    ----------
    code : Code
    """

    code: Code

    @classmethod
    def of(cls, code: Code) -> Reason:
        """The reason of a code."""
        made = cls(SENTENCES[code])
        made.code = code
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return Reason.of, (self.code,)


class Drawn(Shown):
    """A result that draws itself."""

    def plot(self, ax: Any = None) -> Any:
        """The V-curve of the steps that were taken, with those that counted: errors over steps.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw, with matplotlib; by default new axes.

        Raises
        ------
        UsageError
            If matplotlib is not installed (extra `plot`), or there is nothing to draw.
        """
        return import_module("nudgegrad.views.steps").plot(self, ax)


@dataclass(frozen=True, eq=False)
class Derivative(Drawn):
    """The derivative of a function at one number.

    `float` of it is the value; ``a < b`` where a is smaller whatever the errors within the bars are, and
    `agrees` where they may be the same.

    Parameters
    ----------
    value : float
        nan where nothing is known.
    bar : float
        abs(value - derivative of the computed function) is at most this; inf beside nan.
    h : float
        The largest step that counts.
    evaluations : int
        Of f.
    noise : float
        Standard deviation of f's values about a smooth curve, as seen within the steps that count.
    verdict : Verdict
        ``"pass"``: the value is claimed, within its bar; or ``"inconclusive"``.
    reason : Reason
        A sentence; ``reason.code`` is its code.
    slopes : tuple of float or None
        (left, right) at a kink.
    x : float
    order : int
    format : str
        Of x.
    rounding, truncation : float
        The two parts of the bar, safety included.
    steps : tuple of tuple
        (h, what this step alone shows, its rounding) of every step with points on both sides, the largest
        first; of orders 1 and 2.
    window : tuple of float
        The smallest and the largest step that count.
    """

    value: float
    bar: float
    h: float
    evaluations: int
    noise: float
    verdict: Verdict
    reason: Reason
    slopes: tuple[float, float] | None = None
    x: float = math.nan
    order: int = 1
    format: str = "float64"
    rounding: float = math.nan
    truncation: float = math.nan
    steps: tuple[tuple[float, float, float], ...] = field(default=(), repr=False)
    window: tuple[float, float] = (math.nan, math.nan)

    def __str__(self) -> str:
        return str(import_module("nudgegrad.views.uncertain").line(self))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Derivative):
            return NotImplemented
        return (repr(self), self.steps) == (repr(other), other.steps)  # nan is nan here

    def __hash__(self) -> int:
        return hash(repr(self))

    def __float__(self) -> float:
        return self.value

    def agrees(self, other: Derivative | float) -> bool:
        """Whether two derivatives, or one and a number, differ by at most their bars."""
        bar = other.bar if isinstance(other, Derivative) else 0.0
        return bool(abs(self.value - float(other)) <= self.bar + bar)

    def __lt__(self, other: Derivative | float) -> bool:
        bar = other.bar if isinstance(other, Derivative) else 0.0
        return bool(self.value + self.bar < float(other) - bar)

    def __gt__(self, other: Derivative | float) -> bool:
        bar = other.bar if isinstance(other, Derivative) else 0.0
        return bool(self.value - self.bar > float(other) + bar)


@dataclass(frozen=True, eq=False)
class Derivatives(Drawn):
    """Derivatives at many numbers or by many: arrays of one shape. ``found[index]`` is one of them.

    Parameters
    ----------
    value, bar, h, noise : array
        As in `Derivative`.
    evaluations : int
        Of f, in all.
    verdicts, reasons : array of object
    slopes : array, with a last axis of left and right
        nan where there is no kink.
    each : array of object
        The single derivatives.
    """

    value: Array
    bar: Array
    h: Array
    evaluations: int
    noise: Array
    verdicts: Any
    reasons: Any
    slopes: Array
    each: Any = field(repr=False)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of every array."""
        return self.value.shape

    @property
    def verdict(self) -> Verdict:
        """The worst of all."""
        unclear = any(v is Verdict.INCONCLUSIVE for v in self.verdicts.flat)
        return Verdict.INCONCLUSIVE if unclear else Verdict.PASS

    @property
    def reason(self) -> Reason:
        """That of the first one that is inconclusive, else of the first."""
        unclear = [
            r for v, r in zip(self.verdicts.flat, self.reasons.flat, strict=True) if v is not Verdict.PASS
        ]
        found: Reason = (unclear or [*self.reasons.flat, Reason.of(Code.CLEAR)])[0]
        return found

    def __getitem__(self, index: Any) -> Any:
        found = self.each[index]
        return found if isinstance(found, Derivative) else gathered(found, self.evaluations)

    def __len__(self) -> int:
        return len(self.value)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self.value, dtype=dtype, copy=copy)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Derivatives):
            return NotImplemented
        return self.shape == other.shape and bool((self.each == other.each).all())

    def __hash__(self) -> int:
        return hash(tuple(self.value.flat))

    def agrees(self, other: Any) -> npt.NDArray[np.bool_]:
        """Where derivatives, or derivatives and numbers, may be the same."""
        bar = other.bar if isinstance(other, Derivatives) else 0.0
        found: npt.NDArray[np.bool_] = np.abs(self.value - np.asarray(other)) <= self.bar + bar
        return found


def gathered(each: Any, evaluations: int) -> Derivatives:
    """Single derivatives as arrays."""

    def numbers(name: str) -> Array:
        return np.array([getattr(d, name) for d in each.flat], dtype=np.float64).reshape(each.shape)

    def objects(name: str) -> Any:
        found = np.empty(each.size, dtype=object)
        found[:] = [getattr(d, name) for d in each.flat]
        return found.reshape(each.shape)

    slopes = np.array([d.slopes or (math.nan, math.nan) for d in each.flat], dtype=np.float64)
    return Derivatives(
        numbers("value"), numbers("bar"), numbers("h"), evaluations, numbers("noise"), objects("verdict"),
        objects("reason"), slopes.reshape(*each.shape, 2), each,
    )  # fmt: skip
