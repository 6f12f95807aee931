"""Every estimate that some rungs allow, each with its noise and its truncation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..formats import Array
from .fits import DEGREES, Fit, fit, student, windows
from .sampling import Samples

SAFETY = 6.0  # of noise and of truncation; 3 leaves 4 % of the true errors above the bar, 10 buys nothing
COARSE = 2.0**-12  # a unit roundoff above it is nearly all of the noise, and a bound of it
FAR = 30.0  # times the rounding of f: residuals beyond it are looked at
STRAY = 0.1  # of what a window moves f: residuals beyond it are not noise, f(x) is not of this curve
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Shown:
    """What the rungs of P functions show, shape (P, K) each, nan where there is nothing.

    Parameters
    ----------
    h : array
        Steps, the largest first.
    odd : array
        The slope between the two points of a rung.
    even : array
        Half the sum of f at the two points, minus f(x).
    sigma : array
        The rounding that f has there at least.
    right, left : array
        f(x + h) - f(x) and f(x - h) - f(x).
    least : array, shape (P,)
        Times the rounding: what noise counts at least.
    """

    h: Array
    odd: Array
    even: Array
    sigma: Array
    right: Array
    left: Array
    least: Array


def shown(samples: Samples, unit: Array, floor: Array) -> Shown:
    """What the rungs show, where the two points lie unevenly corrected for it.

    Parameters
    ----------
    unit : array, shape (P,)
        Unit roundoff of f's values.
    floor : array, shape (P,)
        Rounding that f has everywhere, such as a change from one call to the next.
    """
    x, f0 = samples.x[:, None], samples.centre[:, None]
    above, below = samples.above - x, x - samples.below
    with np.errstate(all="ignore"):
        span = samples.above - samples.below
        odd = (samples.right - samples.left) / span
        half = np.where(np.isfinite(odd), samples.right / 2 + samples.left / 2 - f0, np.nan)
        uneven = (above - below) / 2  # x is not quite in the middle
        h = samples.h
        even = half - odd * uneven
        odd = odd - np.where(uneven == 0, 0.0, 2 * half / (h * h) * uneven)
        size = np.fmax(np.fmax(np.abs(samples.right), np.abs(samples.left)), np.abs(f0))
        sigma = np.maximum(unit[:, None] * size, floor[:, None])
        sigma = np.maximum(sigma, np.finfo(float).smallest_subnormal)
        right, left = samples.right - f0, samples.left - f0
    bad = ~np.isfinite(odd) | ~np.isfinite(even)
    return Shown(
        h, np.where(bad, np.nan, odd), np.where(bad, np.nan, even), sigma,
        np.where(np.isfinite(right), right, np.nan), np.where(np.isfinite(left), left, np.nan),
        np.where(unit > COARSE, SAFETY / 2, SAFETY),
    )  # fmt: skip


@dataclass(frozen=True)
class Candidates:
    """Estimates of one derivative, shape (P, C) each; nan where there is none.

    Parameters
    ----------
    value, noise, truncation : array
        The last two with their safety factors.
    spread : array
        Residuals over the rounding of f.
    score : array
        noise + truncation; inf where the estimate is none.
    top, bottom : array
        Largest and smallest step.
    window, degree : array, shape (C,)
    """

    value: Array
    noise: Array
    truncation: Array
    spread: Array
    score: Array
    top: Array
    bottom: Array
    window: npt.NDArray[np.int64]
    degree: npt.NDArray[np.int64]

    def pick(self, name: str, choice: npt.NDArray[np.int64]) -> Array:
        """One field of the chosen candidates, shape (P,)."""
        field: Array = getattr(self, name)
        return np.take_along_axis(field, choice[:, None], 1)[:, 0]


def candidates(s: Shown, order: int, side: int, reference: Array) -> Candidates:
    """Every window of rungs with every degree.

    Parameters
    ----------
    order : int
        Of the derivative.
    side : int
        0 for both sides, 1 or -1 for one.
    reference : array, shape (P,)
        A first guess; what is fitted is the distance from it, so that rounding of the fit is of that.
    """
    rungs = s.h.shape[1]
    w = windows(rungs)
    h, sigma = s.h[:, w.index], s.sigma[:, w.index]
    usable = np.isfinite(s.even if side == 0 else s.right if side > 0 else s.left)[:, w.index] & w.member
    whole = (usable == w.member).all(2)
    unit_h, unit_sigma = h[:, :, :1], sigma[:, :, :1]
    with np.errstate(all="ignore"):
        ratio, relative = h / unit_h, unit_sigma / sigma
        offset = 0.0 if side or order != 1 else reference[:, None, None]
        if side == 0:
            fits, freedom = _two_sided(s, w.index, usable, ratio, relative, unit_h, unit_sigma, order, offset)
        else:
            fits, freedom = _one_sided(s, w.index, usable, ratio, relative, unit_h, unit_sigma, order, side, reference)
        main, chi2 = fits
        unit = (unit_sigma / unit_h**order)[:, :, 0] * math.factorial(order)
        value = main.coefficient * unit[..., None] * (side**order if side else 1)
        noise_one = main.noise * unit[..., None]
        value = value + (reference if order == 1 else 0 * reference)[:, None, None]
        spread = np.sqrt(chi2 / np.maximum(freedom, 1))
        noise = noise_one * np.maximum(s.least[:, None, None], student(freedom) * spread)
        further = np.abs(np.diff(main.coefficient, axis=2)) * np.abs(unit)[..., None]
        further = np.concatenate([further, np.full((*further.shape[:2], 1), np.nan)], 2)
        shorter = np.abs(value - value[:, w.shorter])
        shorter = np.where((w.shorter >= 0)[:, None], shorter, np.nan)
        truncation = SAFETY * np.maximum(further, shorter / 2)
        moved = np.nanmax(np.where(usable, np.fmax(np.abs(s.right), np.abs(s.left))[:, w.index], 0), 2, initial=0)
        stray = (spread > FAR) & (spread * np.nanmedian(np.where(usable, sigma, np.nan), 2, keepdims=True)
                                  > STRAY * moved[..., None]) if rungs else spread > np.inf
        score = noise + truncation
    good = whole[..., None] & np.isfinite(score) & np.isfinite(value) & (freedom > 0) & ~stray
    lanes = len(s.h)
    last = (w.first + w.width - 1)
    top = np.broadcast_to(h[:, :, :1], value.shape)
    bottom = np.broadcast_to(s.h[:, last][..., None], value.shape)
    window, degree = np.divmod(np.arange(len(w.first) * DEGREES), DEGREES)
    flat = (part.reshape(lanes, -1) for part in (value, noise, truncation, spread, np.where(good, score, np.inf), top, bottom))
    return Candidates(*flat, window, degree)


def _two_sided(s, index, usable, ratio, relative, unit_h, unit_sigma, order, offset):
    z = ratio**2
    weight = np.where(usable, 2 * relative**2, 0.0)
    odd = fit(z, (s.odd[:, index] - offset) * unit_h / unit_sigma, weight * z, (order - 1) // 2 if order % 2 else 0)
    with_centre = np.zeros((*z.shape[:2], 1))
    even = fit(
        np.concatenate([z, with_centre], 2),
        np.concatenate([s.even[:, index] / unit_sigma, with_centre], 2),
        np.concatenate([weight, with_centre + 1], 2),
        order // 2 if order % 2 == 0 else 0,
    )
    count = usable.sum(2)[..., None]
    degree = np.arange(DEGREES)
    if order % 2:
        chi2 = odd.chi2 + np.concatenate([even.chi2[..., 1:], even.chi2[..., -1:]], 2)
        return (odd, chi2), 2 * (count - degree - 1)
    chi2 = even.chi2 + np.concatenate([odd.chi2[..., :1], odd.chi2[..., :-1]], 2)
    return (even, chi2), 2 * (count - degree)


def _one_sided(s, index, usable, ratio, relative, unit_h, unit_sigma, order, side, reference):
    side_values = s.right if side > 0 else s.left
    y = side_values[:, index]
    if order == 1:
        y = y - side * s.h[:, index] * reference[:, None, None]
    zero = np.zeros((*ratio.shape[:2], 1))
    found = fit(
        np.concatenate([ratio, zero], 2),
        np.concatenate([y / unit_sigma, zero], 2),
        np.concatenate([np.where(usable, relative**2, 0.0), zero + 1], 2),
        order,
    )
    count = usable.sum(2)[..., None]
    return (found, found.chi2), count - np.arange(DEGREES)
