"""How finely f can say what it says: its number format, a grid of its values, changes between calls."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..formats import FORMATS, Array
from .sampling import Samples

CALLS = 2.0**10  # units: a change of f(x) from call to call up to it is rounding, as of parallel sums
STEPS = 3  # multiples of one value that make a grid
NEAR = 0.001  # how far a multiple may be from a whole one
SIZES = 10.0  # times f(x): larger changes have lost too many digits
MANY = 1e4  # of the smallest: further multiples would be told from others no more
GRID = 1000.0  # times the rounding of f: a grid below it could be that


def unit_of(samples: Samples) -> Array:
    """Unit roundoff of the shortest format that holds all values of a lane, shape (P,); of x's at least.

    A constant says nothing of its format.
    """
    values = _values(samples)
    found = np.full(len(values), samples.format.u)
    varies = (values != values[:, :1]).any(1)
    mantissa, _ = np.frexp(np.abs(values))
    for fmt in FORMATS.values():
        scaled = np.ldexp(mantissa, fmt.precision)
        fits = varies & (scaled == np.rint(scaled)).all(1)
        found = np.where(fits, np.maximum(found, fmt.u), found)
    return found


def grid_of(samples: Samples, unit: Array) -> Array:
    """The grid to which f's values are rounded, where smallest steps change nothing and all other changes
    are multiples of one; else 0, shape (P,)."""
    found = np.zeros(len(samples.x))
    for p in range(len(found)):
        rungs = np.isfinite(samples.right[p]) & np.isfinite(samples.left[p])
        right = samples.right[p, rungs] - samples.centre[p]
        left = samples.left[p, rungs] - samples.centre[p]
        still = (right == 0) & (left == 0)
        if len(still) < 4 or not still[-2:].all() or still.all():
            continue
        changes = np.unique(np.abs(np.concatenate([right, left])))
        changes = changes[
            (changes > 0) & (changes <= SIZES * max(abs(samples.centre[p]), changes[changes > 0][0]))
        ][::-1]
        changes = changes[changes <= MANY * changes[-1]]
        own = 8 * float(unit[p]) * max(abs(float(samples.centre[p])), float(changes[0]))
        if len(changes) >= STEPS:
            grain = _divisor(changes[::-1], own)
            found[p] = grain if grain > GRID * own else 0.0
    return found


def _divisor(values: Array, least: float) -> float:
    """The number of which all values, ascending, are small multiples (Euclid); 0 if there is none."""
    found = 0.0
    for value in values.tolist():
        a, b = value, found
        lost = max(least * (GRID + 4 * value / float(values[0])), float(values[0]) / MANY)
        while b > lost:
            a, b = b, abs(a - b * round(a / b))
        found = a
    found = values[-1] / round(values[-1] / found)
    times = values / found
    return float(found) if (np.abs(times - np.rint(times)) <= NEAR).all() else 0.0


def noise_floor(samples: Samples, unit: Array, grid: Array) -> Array:
    """The error that f's values have at least, whatever their size, shape (P,)."""
    moved = np.abs(samples.again - samples.centre)
    small = moved <= CALLS * unit * np.abs(samples.centre)
    return np.maximum(grid / 2, np.where(small, moved, 0.0))


def middle(values: Array) -> Array:
    """The median of each row, nan left out; 0 where there is nothing."""
    order = np.sort(values, 1)
    count = np.isfinite(order).sum(1)
    if not order.shape[1]:
        return np.zeros(len(values))
    found = np.take_along_axis(order, np.maximum(count - 1, 0)[:, None] // 2, 1)[:, 0]
    return np.where(count > 0, found, 0.0)


def repeats(samples: Samples, unit: Array) -> npt.NDArray[np.bool_]:
    """Whether f gave the same value at x twice, but for rounding; shape (P,)."""
    moved = np.abs(samples.again - samples.centre)
    return ~(moved > CALLS * unit * np.abs(samples.centre))


def _values(samples: Samples) -> Array:
    values = np.concatenate([samples.centre[:, None], samples.right, samples.left], 1)
    return np.where(
        np.isfinite(values), values, np.where(np.isfinite(samples.centre), samples.centre, 0.0)[:, None]
    )
