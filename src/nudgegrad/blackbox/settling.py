"""What is claimed in the end: the value, its bar, and why, or why not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..formats import Array
from .breaks import Corner, corner, hinges
from .candidates import Candidates, Shown, candidates, polished
from .grain import middle, repeats
from .judging import Lane
from .ladders import ladder_of
from .result import CLAIMED, Code
from .rungs import Rungs, rungs_of
from .sampling import Samples

NEARLY, MOST = 10.0, 30.0  # times the best score: fits that show f's noise as well; what it may grow by
EQUAL = 3.0  # times the best score: up to it estimates are as good, and must lie within the bar
STILL = 1e-8  # of how fast f changes: a bar below it says that the derivative is 0
BLIND = 0.02  # a bar above this share of the estimate says too little,
UNITS = 8.0  # or above so many unit roundoffs of x's format, where they are more: as in bfloat16
COARSE_GRID = 0.02  # of how far f moves: a grid above it leaves no slope to speak of
SHOWN = (Code.CLEAR, Code.ROUNDED, Code.WIDE, Code.SCALES, Code.GRID, Code.CHANGES)  # with their values


@dataclass(frozen=True)
class Estimates:
    """Derivatives of one order, shape (P,) each.

    Parameters
    ----------
    value, bar : array
        nan and inf where there is none.
    rounding, truncation : array
        The two parts of the bar.
    h, bottom : array
        The largest and the smallest step that count.
    noise : array
        Standard deviation of f's noise, as seen by the fit.
    code : list of Code
    slopes : array, shape (P, 2)
        Left and right, at a kink; else nan.
    """

    value: Array
    bar: Array
    rounding: Array
    truncation: Array
    h: Array
    bottom: Array
    noise: Array
    code: list[Code]
    slopes: Array


def settled(
    samples: Samples,
    lanes: list[Lane],
    s: Shown,
    c: Candidates,
    order: int,
    unit: Array,
    grid: Array,
    together: bool = False,
) -> Estimates:
    """The estimates of all lanes, with their bars and codes; `together` if they share their noise."""
    over, below = (np.array([getattr(lane, name) for lane in lanes])[:, None] for name in ("over", "below"))
    scores = c.within(over, below)
    choice = np.argmin(scores, 1)
    score = np.min(scores, 1)
    value = _value(s, c, choice, lanes, order)
    found = np.isfinite(score) & np.isfinite(value)
    equals = scores <= EQUAL * score[:, None]
    others = np.max(np.where(equals & found[:, None], np.abs(c.value - value[:, None]), 0.0), 1)
    hidden = 0.0 if together else _hidden(c, scores, choice)
    bar = np.maximum(score + hidden, others) + 2.0**-53 * np.abs(value)
    bar = np.where(found, bar, np.inf)
    top, same = c.pick("top", choice), repeats(samples, unit)
    apart = _apart(s, lanes, top, found, order, ladder_of(samples.format).sure)
    codes = []
    for p, lane in enumerate(lanes):
        r = rungs_of(s, p, lane.side)
        if lane.side == 0 and lane.corner is None:
            lane.corner = corner(r) or (Corner.KINK if order == 1 and apart[p] > bar[p] else None)
        code = _unknown(lane, bool(found[p]), float(samples.centre[p]), bool(same[p]))
        if code is None and order > 1 and apart[p] > bar[p]:
            code = Code.UNEVEN
        if code is None:
            blind = max(BLIND, UNITS * samples.format.u)
            centre, edge = float(samples.centre[p]), float(grid[p])
            code = _known(lane, r, float(value[p]), float(bar[p]), centre, edge, order, blind)
        if lane.hinged and code not in CLAIMED:
            code = Code.KINK
        codes.append(code)
    there = np.array([code in SHOWN for code in codes], dtype=bool) & found
    sigma = middle(np.where(np.isfinite(s.right) | np.isfinite(s.left), s.sigma, np.nan))
    return Estimates(
        np.where(there, value, np.nan),
        np.where(there, bar, np.inf),
        c.pick("noise", choice),
        c.pick("truncation", choice),
        top,
        c.pick("bottom", choice),
        np.maximum(c.pick("spread", choice), 1.0) * sigma,
        codes,
        _slopes(s, np.array([code is Code.KINK for code in codes], dtype=bool)),
    )


def _hidden(c: Candidates, scores: Array, choice: npt.NDArray[np.int64]) -> Array:
    """Noise that the chosen fit does not show, and others that are nearly as good do."""
    near = scores <= NEARLY * np.min(scores, 1)[:, None]
    others = middle(np.where(near, c.spread, np.nan))
    seen = np.maximum(c.pick("spread", choice), 1.0)
    return c.pick("noise", choice) * (np.clip(others / seen / 2, 1.0, MOST) - 1.0)


def _value(s: Shown, c: Candidates, choice: npt.NDArray[np.int64], lanes: list[Lane], order: int) -> Array:
    """The values of the chosen candidates, free of the rounding of their fits."""
    value = c.pick("value", choice)
    if order > 1:
        return value
    side = np.array([lane.side for lane in lanes])
    for one in (0, 1, -1):
        if (side == one).any():
            value = np.where(side == one, polished(s, one, c, choice, value), value)
    return value


def _apart(
    s: Shown,
    lanes: list[Lane],
    top: Array,
    found: npt.NDArray[np.bool_],
    order: int,
    sure: tuple[float, float],
) -> Array:
    """How far the derivatives on the two sides of x are apart, of lanes with steps on both; or what a lower
    one that is apart makes of it at the largest step."""
    both = found & np.array([lane.side == 0 for lane in lanes])
    apart = np.zeros(len(lanes))
    if both.any():
        with np.errstate(all="ignore"):
            other = s.even if order % 2 else s.odd * s.h
            for k in range(order, 0, -2):
                half = hinges(s.h[both], other[both], s.sigma[both], top[both], k, sure)
                apart[both] = np.maximum(apart[both], half / top[both] ** (order - k))
    return apart


def _unknown(lane: Lane, found: bool, centre: float, same: bool) -> Code | None:
    """Why nothing is claimed, whatever the bar is; None if nothing speaks against it."""
    if not np.isfinite(centre):
        return Code.NOT_FINITE
    if not same:
        return Code.CHANGES
    if lane.corner is not None:
        return Code(lane.corner.value)
    if lane.torn or (lane.rival and not lane.decided):
        return Code.SCALES
    if not found:
        return Code.SCALES if lane.decided else Code.NOWHERE
    return None


def _known(
    lane: Lane, r: Rungs, value: float, bar: float, centre: float, grid: float, order: int, blind: float
) -> Code:
    """What is claimed of an estimate with its bar."""
    moved = np.fmax(np.abs(r.right), np.abs(r.left))
    if grid > COARSE_GRID * float(np.max(moved[r.h <= 2 * lane.scale], initial=0.0)):
        return Code.GRID
    if bar > blind * abs(value):
        fast = float(np.max((moved / r.h)[r.h > lane.scale / 32], initial=0.0))
        if not moved.any():
            fast = abs(centre) / lane.scale
        if order > 1 or not bar <= STILL * fast:
            return Code.WIDE
    return Code.ROUNDED if grid else Code.CLEAR


def _slopes(s: Shown, kinks: npt.NDArray[np.bool_]) -> Array:
    """The slopes on both sides of x, where there is a kink."""
    found = np.full((len(kinks), 2), np.nan)
    if kinks.any():
        part = Shown(*(getattr(s, name)[kinks] for name in Shown.__dataclass_fields__))
        found[kinks], _ = one_sided(part)
    return found


def one_sided(s: Shown) -> tuple[Array, Array]:
    """The slopes on the left and on the right, and their bars; shape (P, 2) each."""
    found, bars = np.full((2, len(s.h), 2), np.nan)
    for column, side in enumerate((-1, 1)):
        one = candidates(s, 1, side)
        choice = np.argmin(one.score, 1)
        found[:, column], bars[:, column] = one.pick("value", choice), one.pick("score", choice)
    return found, bars
