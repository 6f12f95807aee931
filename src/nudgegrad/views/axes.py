"""Axes: from numbers to pixels, and where their ticks are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..formats import Array
from .digits import number
from .svg import Piece

Pieces = Sequence[Piece]


@dataclass(frozen=True)
class Axis:
    """A scale: `low` stands at pixel `start`, `high` at pixel `end`; a logarithmic one is of exponents."""

    low: float
    high: float
    start: float
    end: float

    def at(self, x: Array) -> Array:
        """Pixels."""
        found: Array = self.start + (np.asarray(x) - self.low) / (self.high - self.low) * (
            self.end - self.start
        )
        return found

    def one(self, x: float) -> float:
        """The pixel of one value."""
        return float(self.at(np.array(x)))


def stride(span: float, most: int) -> float:
    """The smallest of 1, 2, 5, 10, ... that divides a span into at most so many steps."""
    power = 10.0 ** math.floor(math.log10(span / most))
    return next(step for step in (power, 2 * power, 5 * power, 10 * power) if step * most >= span * 0.999)


def rounds(low: float, high: float, most: int) -> list[tuple[float, Pieces]]:
    """Ticks at round numbers."""
    step = stride(high - low, most)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    ticks = [float(f"{k * step:.12g}") for k in range(first, last + 1)]
    return [(x, [(said(x), 0)]) for x in ticks]


def tens(low: float, high: float, most: int) -> list[tuple[float, Pieces]]:
    """Ticks at powers of ten, on an axis of exponents."""
    step = max(1, math.ceil((math.floor(high) - math.ceil(low)) / most))
    first = math.ceil(math.ceil(low) / step) * step
    return [(float(k), power(10, k)) for k in range(first, math.floor(high) + 1, step)]


def power(base: int, exponent: int) -> Pieces:
    """A power as it is written by hand; small ones as a number."""
    if exponent in (0, 1):
        return [(str(base**exponent), 0)]
    return [(str(base), 0), (said(exponent), 1)]


def said(x: float, digits: int = 6) -> str:
    """A number with a proper minus."""
    return number(x, digits).replace("-", "\N{MINUS SIGN}")
