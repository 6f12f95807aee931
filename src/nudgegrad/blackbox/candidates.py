"""Every estimate that some rungs allow, each with its noise and its truncation."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..formats import Array
from .fits import DEGREES, Fit, Index, fit, student, windows
from .sampling import Samples

NOISE, TRUNCATION = 3.0, 2.0  # safety factors: least bars at which some 99.8 % of the tuning problems hold
SIDED = 2.0  # the same for higher orders on one side
GAIN, GAIN_SIDE = 400.0, 200.0  # one more degree makes no estimate better by more, two- and one-sided
COARSE = 2.0**-12  # a unit roundoff above it is nearly all of the noise, and a bound of it
FAR = 30.0  # times the rounding of f: residuals beyond it are looked at
STRAY = 0.1  # of what a window moves f: residuals beyond it are not noise, f(x) is not of this curve
OF_LANES = ("value", "noise", "truncation", "spread", "freedom", "score", "top", "bottom")
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
        np.where(unit > COARSE, NOISE * 2 / 3, NOISE),
    )  # fmt: skip


@dataclass(frozen=True)
class Candidates:
    """Estimates of one derivative, shape (P, C) each; nan where there is none.

    Parameters
    ----------
    value, noise, truncation : array
        The last two with their safety factors.
    spread, freedom : array
        Residuals over the rounding of f, and how much of them is free.
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
    freedom: Array
    score: Array
    top: Array
    bottom: Array
    window: npt.NDArray[np.int64]
    degree: npt.NDArray[np.int64]

    def lane(self, k: int) -> Candidates:
        """Those of one lane, shape (C,) each."""
        return replace(self, **{name: getattr(self, name)[k] for name in OF_LANES})

    def within(self, over: Any, below: Any) -> Array:
        """The scores, inf where a window has steps up to `over` or from `below` on."""
        return np.where((self.bottom > over) & (self.top < below), self.score, np.inf)

    def pick(self, name: str, choice: npt.NDArray[np.int64]) -> Array:
        """One field of the chosen candidates, shape (P,)."""
        field: Array = getattr(self, name)
        return np.take_along_axis(field, choice[:, None], 1)[:, 0]


@dataclass(frozen=True)
class Runs:
    """What windows of rungs hold, shape (P, W, K) each; of the first rung of each, shape (P, W, 1)."""

    index: Index
    usable: Bools
    ratio: Array  # step over that of the first rung
    weight: Array  # of a value of f: its precision over that of the first rung
    unit_h: Array
    unit_sigma: Array


def _runs(s: Shown, index: Index, member: Bools, side: int) -> Runs:
    usable = np.isfinite(s.even if side == 0 else s.right if side > 0 else s.left)[:, index] & member
    h, sigma = s.h[:, index], s.sigma[:, index]
    weight = np.where(usable, (sigma[:, :, :1] / sigma) ** 2, 0.0)
    return Runs(index, usable, h / h[:, :, :1], weight, h[:, :, :1], sigma[:, :, :1])


def merged(a: Candidates, b: Candidates, lanes: Bools) -> Candidates:
    """Some lanes from another table of candidates."""
    return replace(
        a, **{name: np.where(lanes[:, None], getattr(b, name), getattr(a, name)) for name in OF_LANES}
    )


def candidates(s: Shown, order: int, side: int) -> Candidates:
    """Every window of rungs with every degree.

    Parameters
    ----------
    s : Shown
    order : int
        Of the derivative.
    side : int
        0 for both sides, 1 or -1 for one.
    """
    w = windows(s.h.shape[1])
    with np.errstate(all="ignore"):
        runs = _runs(s, w.index, w.member, side)
        main, chi2, freedom = _fitted(s, runs, order, side, np.zeros(len(s.h)))
        unit = (runs.unit_sigma / runs.unit_h**order) * math.factorial(order)
        value = main.coefficient * unit
        spread = np.sqrt(chi2 / np.maximum(freedom, 1))
        noise = main.noise * unit * np.maximum(s.least[:, None, None], student(freedom) * spread)
        further = np.abs(np.diff(value, axis=2, append=np.nan))
        shorter = np.where((w.shorter >= 0)[:, None], np.abs(value - value[:, w.shorter]), np.nan)
        before = np.nan_to_num(np.insert(further[..., :-1], 0, 0.0, axis=2))
        safety = TRUNCATION * (SIDED if side and order > 1 else 1.0)
        truncation = safety * np.maximum(
            np.maximum(further, shorter / 2), before / (GAIN_SIDE if side else GAIN)
        )
        moved = np.max(np.where(runs.usable, np.fmax(np.abs(s.right), np.abs(s.left))[:, w.index], 0.0), 2)
        stray = (spread > FAR) & (spread * runs.unit_sigma > STRAY * moved[..., None])
        score = noise + truncation
    whole = (runs.usable == w.member).all(2)
    good = whole[..., None] & np.isfinite(score) & np.isfinite(value) & (freedom > 0) & ~stray
    last = w.first + w.width - 1
    top = np.broadcast_to(runs.unit_h, value.shape)
    bottom = np.broadcast_to(s.h[:, last][..., None], value.shape)
    window, degree = np.divmod(np.arange(len(w.first) * value.shape[2]), value.shape[2])
    free = np.broadcast_to(freedom, value.shape)
    given = (value, noise, truncation, spread, free, np.where(good, score, np.inf), top, bottom)
    parts: Any = (*(part.reshape(len(s.h), -1) for part in given), window, degree)
    return Candidates(*parts)


def pooled(c: Candidates, least: Array) -> Candidates:
    """The same for functions that share their rounding, of which all best fits say more than one.

    Parameters
    ----------
    c : Candidates
    least : array, shape (P,)
        As in `Shown`.
    """
    score = np.min(c.score, 1)
    best, known = np.argmin(c.score, 1), np.isfinite(score)
    free = np.where(known, c.pick("freedom", best), 0.0)
    left = np.where(known, c.pick("spread", best), 0.0) ** 2 * free
    others, off = (free.sum() - free)[:, None], (left.sum() - left)[:, None]
    with np.errstate(all="ignore"):
        alone = student(c.freedom) * c.spread
        total = c.freedom + others
        together = student(total) * np.sqrt((c.freedom * c.spread**2 + off) / total)
        smaller = np.maximum(least[:, None], np.fmin(alone, together)) / np.maximum(least[:, None], alone)
        noise = c.noise * np.where(np.isfinite(smaller), smaller, 1.0)
    return replace(c, noise=noise, score=np.where(np.isfinite(c.score), noise + c.truncation, np.inf))


def polished(s: Shown, side: int, c: Candidates, choice: Index, value: Array) -> Array:
    """The chosen first derivatives again, as what is left of them when the first result is taken off f: the
    rounding of the fit is then of that, and not of the derivative."""
    rungs = s.h.shape[1]
    w = windows(rungs)
    window, degree = c.window[choice], c.degree[choice]
    place = np.minimum(w.first[window][:, None] + np.arange(w.index.shape[1]), rungs - 1)
    names = ("h", "odd", "even", "sigma", "right", "left")
    parts: Any = (*(np.take_along_axis(getattr(s, name), place, 1) for name in names), s.least)
    part = Shown(*parts)
    with np.errstate(all="ignore"):
        runs = _runs(part, np.arange(place.shape[1])[None], w.member[window][:, None], side)
        main, _, _ = _fitted(part, runs, 1, side, value)
        found = (
            main.coefficient[np.arange(len(choice)), 0, degree] * (runs.unit_sigma / runs.unit_h)[:, 0, 0]
        )
    return np.where(np.isfinite(found), value + found, value)


def _fitted(s: Shown, runs: Runs, order: int, side: int, off: Array) -> tuple[Fit, Array, Array]:
    """The fits for one order, their residuals with those of the other parity, and how many are free.

    Parameters
    ----------
    off : array, shape (P,)
        A slope that is taken off f first.
    """
    degrees = max(2, min(DEGREES, runs.usable.shape[2]))  # more have no rungs to be known from
    degree, count = np.arange(degrees), runs.usable.sum(2)[..., None]
    zero = np.zeros((*runs.ratio.shape[:2], 1))
    slope = off[:, None, None]

    def with_centre(z: Array, values: Array, weight: Array, power: int) -> Fit:
        """A fit that has f(x) itself among its points."""
        parts = ((z, zero), (values / runs.unit_sigma, zero), (weight, zero + 1))
        at, what, weighed = (np.concatenate(pair, 2) for pair in parts)
        return fit(at, what, weighed, power, degrees)

    if side:
        values = (s.right if side > 0 else s.left)[:, runs.index] - side * s.h[:, runs.index] * slope
        found = with_centre(side * runs.ratio, values, runs.weight, order)
        return found, found.chi2, count - degree
    z = runs.ratio**2
    slopes = (s.odd[:, runs.index] - slope) * runs.unit_h / runs.unit_sigma
    odd = fit(z, slopes, 2 * runs.weight * z, (order - 1) // 2 if order % 2 else 0, degrees)
    even = with_centre(z, s.even[:, runs.index], 2 * runs.weight, order // 2 if order % 2 == 0 else 0)
    if order % 2:  # an odd polynomial of degree m goes with an even one of degree m + 1
        return (
            odd,
            odd.chi2 + np.append(even.chi2[..., 1:], even.chi2[..., -1:], 2),
            2 * (count - degree - 1),
        )
    return even, even.chi2 + np.append(odd.chi2[..., :1], odd.chi2[..., :-1], 2), 2 * (count - degree)
