"""How good an estimate is: its error over the physical limit, its bar over its error, and what it hides."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nudgegrad.formats import FORMATS

from .black_boxes import Problem

STENCILS = {
    2: (1 / 2,),
    4: (2 / 3, -1 / 12),
    6: (3 / 4, -3 / 20, 1 / 60),
    8: (4 / 5, -1 / 5, 4 / 105, -1 / 280),
}
PER_OCTAVE = 3  # steps that are tried
WINDOW = 4  # of them: the largest error of so many neighbours counts, so that luck does not


def limit(problem: Problem) -> float:
    """The least error that any second- to eighth-order difference reaches, luck aside; u of it at least."""
    truth, fmt = problem.truth, FORMATS[problem.format]
    scale = abs(problem.x) or 1.0
    low, high = (-46, 8) if fmt.precision > 24 else (-fmt.precision - 2, 6)
    exponents = np.arange(low, high, 1 / PER_OCTAVE)
    call = typed(problem)
    seen: dict[float, float] = {}

    def at(point: float) -> float:
        if point not in seen:
            seen[point] = call(point)
        return seen[point]

    best = math.inf
    errors: dict[int, list[float]] = {order: [] for order in STENCILS}
    for e in exponents:
        h = scale * 2.0**e
        pairs = []
        for k in range(1, 5):
            a, b = float(fmt.round(problem.x + k * h)), float(fmt.round(problem.x - k * h))
            pairs.append((at(a) - at(b)) / (a - b) if a != b else math.nan)
        for order, weights in STENCILS.items():
            found = sum((2 * (k + 1) * w * pairs[k] for k, w in enumerate(weights)), 0.0)
            errors[order].append(abs(found - truth))
    for off in errors.values():
        best = min(best, _steady(off))
    if math.isfinite(best):
        return max(best, 2.0**-53 * abs(truth))
    for side in (1, -1):  # at the edge of the domain one side is all there is
        sided: list[float] = []
        for e in exponents:
            points = [float(fmt.round(problem.x + side * j * scale * 2.0**e)) for j in range(5)]
            f = [at(t) for t in points]
            step = points[1] - points[0]
            total = -25 * f[0] + 48 * f[1] - 36 * f[2] + 16 * f[3] - 3 * f[4]
            sided.append(abs(total / (12 * step) - truth) if step else math.inf)
        best = min(best, _steady(sided))
    return max(best, 2.0**-53 * abs(truth))


def _steady(off: list[float]) -> float:
    """The least of the largest errors of neighbouring steps."""
    errors = np.where(np.isfinite(off), off, np.inf)
    return float(np.lib.stride_tricks.sliding_window_view(errors, WINDOW).max(1).min())


def typed(problem: Problem) -> Callable[[float], float]:
    """The function on Python floats: x goes in in the problem's format, NaN comes out of errors."""
    import ml_dtypes

    dtype = {"float32": np.float32, "float16": np.float16, "bfloat16": ml_dtypes.bfloat16}.get(
        problem.format
    )

    def value(x: float) -> float:
        with np.errstate(all="ignore"):
            try:
                found = problem.f(x if dtype is None else dtype(x))
                return math.nan if isinstance(found, complex) else float(found)
            except (ArithmeticError, ValueError):
                return math.nan

    return value


@dataclass(frozen=True)
class Judged:
    """One estimate beside the truth."""

    name: str
    category: str
    truth: float
    value: float
    bar: float
    claimed: bool
    limit: float
    evaluations: int
    apart: float = math.inf  # how far the slopes differ, where there is no derivative

    @property
    def error(self) -> float:
        return abs(self.value - self.truth)

    @property
    def ratio(self) -> float:
        """Error over the limit; inf where there is none."""
        found = self.error / self.limit if self.limit else (1.0 if self.error == 0 else math.inf)
        return found if math.isfinite(found) else math.inf

    @property
    def silent(self) -> bool:
        """Claimed, finite, more than 1 % wrong, and the bar, if there is one, does not say so."""
        wrong = math.isfinite(self.value) and self.error > 0.01 * abs(self.truth)
        return self.claimed and wrong and not self.covered

    @property
    def answered(self) -> bool:
        """Claimed where there is no derivative, with a bar below how far the two slopes differ."""
        return self.claimed and math.isfinite(self.value) and not self.bar >= self.apart

    @property
    def loose(self) -> float:
        """The bar over the error, or over what a float can be off by."""
        return self.bar / max(self.error, 2.0**-54 * abs(self.truth), 5e-324)

    @property
    def covered(self) -> bool:
        return self.error <= self.bar
