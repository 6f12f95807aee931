"""How finely f can say what it says: its number format, a grid of its values, changes between calls."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..formats import FORMATS, Array
from .sampling import Samples

CALLS = 2.0**10  # units: a change of f(x) from call to call up to it is rounding, as of parallel sums
STEPS = 2  # gaps that are multiples of one value make a grid,
CHANCE = 1e-6  # if other values would be as near to multiples as rarely as this
NEAR = 0.02  # how far a multiple may be from a whole one to say something
SIZES = 4.0  # times f(x): larger values have lost too many digits
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
        values = np.concatenate(
            [samples.right[p, rungs], samples.left[p, rungs], samples.centre[p : p + 1]]
        )
        size = max(
            abs(float(samples.centre[p])), float(np.min(np.abs(values[values != samples.centre[p]])))
        )
        gaps = np.unique(np.diff(np.unique(values[np.abs(values) <= SIZES * size])))
        found[p] = _divisor(gaps, 2 * SIZES * float(unit[p]) * size)
    return found


def _divisor(gaps: Array, own: float) -> float:
    """The number of which all gaps, ascending, are multiples, each with an error up to `own`; 0 if there is
    none (Euclid).

    Notes
    -----
    A multiple k of the grid, once it is known to be one, shows the grid k times better than one of it.
    """
    if not len(gaps):
        return 0.0
    found, error, tested, chance = float(gaps[0]), own, 0, 1.0
    for gap in gaps.tolist():
        times = round(gap / found)
        left, known = abs(gap - times * found), times * error + own
        if left > known:  # a finer grid
            a, b = found, left
            while b > known:
                a, b = b, abs(a - b * round(a / b))
            parts = max(round(found / a), 1)
            found, error, tested, chance = found / parts, error / parts, 0, 1.0
            times, known = round(gap / found), round(gap / found) * error + own
        if found < GRID * own:
            return 0.0
        if times * error > NEAR * found:
            break
        if times > 1:  # gaps of one size are those of mirror images
            tested, chance = tested + 1, chance * 2 * known / found
        found, error = gap / times, own / times
    multiples = gaps / found
    off = np.abs(multiples - np.rint(multiples))[multiples * error <= NEAR * found]
    sure = tested >= STEPS and chance <= CHANCE and (off <= 2 * NEAR).all()
    return found if sure else 0.0


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
