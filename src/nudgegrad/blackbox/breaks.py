"""Where steps contradict each other: corners and jumps at x, and breaks on the way to larger steps.

Two smooth functions can look alike on a ladder: one that turns quickly, and one whose values carry an error
that depends on every digit of x. Close to x both have a slope of their own. What tells them apart is how
the slopes leave it: step by step, as a power of the step, or at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from ..formats import Array
from .fits import student
from .rungs import Rungs

VISIBLE = 10.0  # times its noise: a change of a slope that is one
BEND = 20.0  # times the rounding of f: an even part that is one
CORNER = 1.15  # exponent of the even part up to which f has no derivative; 2 where it has two
FAINT, ALSO = 5.0, (0.2, 3.0)  # times the rounding, and shares of what is expected: a step crosses it
STRAIGHT = 0.1  # how far exponents of a corner next to x are from 1
TURN = 0.5  # how far they are from 2 where f turns smoothly instead
STEADY = 0.04  # how far exponents may be apart where they are one
APART = 6.0  # octaves between steps that must show the same
GROWTH = 1.2  # exponent with which the slopes of a smooth f leave its derivative, at least; 2 at first
TERMS = (2, 3, 4, 5, 6)  # of the even part
CUTS = tuple(2.0**k for k in range(3, -5, -1))  # of the largest step that counts
WELL = 30.0  # times the rounding of f: what inner operations add to it
SAME = 1e-8  # of the strongest: terms that cannot be told apart
SUDDEN = 16.0  # exponent that no smooth f has this near its derivative
FAR_APART = 5  # octaves between two steps that show a growth by themselves
WIDE = 7.0  # octaves between steps that show a power
PEAK = 3  # steps at which f(x) is as far off
FINEST = 2.0**-13  # of the scale of x: steps by which rounding has broken both sides of x
QUIET, LOUD = 0.1, 30.0  # of the noise of a fit: none of it; over the rounding: it may be none
STILL = 2  # steps without it: by chance in 1 of 10,000 cases, as each has two values within a tenth
SIDE = 0.02  # of the larger residual: below it the other side is as expected


class Corner(StrEnum):
    """What a function without a derivative has instead."""

    KINK = "kink"
    JUMP = "jump"
    STEEP = "steep"


def corner(r: Rungs) -> Corner | None:
    """What f has at x instead of a derivative; None if nothing is seen.

    Notes
    -----
    The even part is of order h^2 where f has two derivatives. One that shrinks with h or slower on the
    smallest steps that show it, when no smaller step misses it, is a corner's (h^1), a jump's (h^0) or a
    cusp's. A slope that grows as h shrinks, by one power, is that of a vertical tangent or of a jump.
    """
    if len(r.h) < 3:
        return None
    seen = np.abs(r.even) > BEND * r.sigma
    if seen.any():
        last = int(np.flatnonzero(seen)[-1])
        found = _steady(r, last)
        if found is not None:
            return found
    return _vertical(r)


def _steady(r: Rungs, last: int) -> Corner | None:
    """A corner in the even part, from its smallest visible rung up."""
    e, h = np.abs(r.even), r.h
    up = [k for k in range(last) if h[k] >= h[last] * 2**APART]
    if not up:
        return None
    second = up[-1]
    if e[second] <= BEND * r.sigma[second]:
        return None
    same = np.sign(r.even[second]) == np.sign(r.even[last])
    octaves = math.log2(h[second] / h[last])
    exponent = math.log2(e[second] / e[last]) / octaves
    if not same or not -0.05 < exponent < CORNER:
        return None
    expected = e[last] * (h[last + 1 :] / h[last]) ** max(exponent, 0.0)
    if (expected > 2 * BEND * r.sigma[last + 1 :]).any():
        return None  # a smaller step should have shown it
    if exponent < 0.85:  # one law all the way: noise does not follow it
        some = _spaced(h, last, 4)
        local = np.diff(np.log2(e[some])) / np.diff(np.log2(h[some]))
        same_sign = (np.sign(r.even[some]) == np.sign(r.even[last])).all()
        if len(some) < 4 or not same_sign or np.ptp(local) > STEADY:
            return None
        if exponent >= 0.05:
            return Corner.KINK
        level = 0.02 * max(np.abs(r.right[some]).max(), np.abs(r.left[some]).max())
        return Corner.JUMP if max(np.ptp(r.right[some]), np.ptp(r.left[some])) <= level else None
    third = [k for k in up if h[k] >= h[second] * 2**APART]
    if not third:
        return None
    span = slice(third[-1], last + 1)
    local = np.diff(np.log2(e[span])) / np.diff(np.log2(h[span]))
    same_sign = (np.sign(r.even[span]) == np.sign(r.even[last])).all()
    return Corner.KINK if same_sign and (local > 0.8).all() and (local < 1.5).all() else None


def beside(r: Rungs, length: float) -> tuple[float, float]:
    """The step from which on f has the even part of a corner, that is not at x but next to it, and the
    smallest that may cross it; inf if there is none.

    Parameters
    ----------
    r : Rungs
    length : float
        Octaves of steps that must show it.

    Notes
    -----
    A corner at x + d adds a (h - d) to the even part at the steps h > d, which is a h beyond some times d,
    and nothing below. That of a smooth f is of order h^2, and that of noise is no power of h. Where f turns
    smoothly but quickly, its even part becomes of order h^2 below, and smaller steps may be taken.
    """
    seen = np.flatnonzero(np.abs(r.even) > BEND * r.sigma)
    if len(seen) < 3:
        return math.inf, math.inf
    e, h = r.even[seen], r.h[seen]
    exponents = np.diff(np.log2(np.abs(e))) / np.diff(np.log2(h))
    same = np.diff(np.sign(e)) == 0
    along = (np.abs(exponents - 1) <= STRAIGHT) & same
    for last in np.flatnonzero(along)[::-1]:
        first = last
        while first and along[first - 1]:
            first -= 1
        if first < last and h[first] >= h[last + 1] * 2**length:
            edge, bend = h[last + 1], np.abs(e[first]) / h[first] ** 2  # of f itself, at most
            own = np.abs(e) > bend * h**2
            turns = (np.abs(np.diff(np.log2(np.abs(e[own]))) / np.diff(np.log2(h[own])) - 2) <= TURN)[-2:]
            if own[last:].sum() > 3 and turns.all():
                return float(edge), float(edge)
            share = r.even / (r.h * (e[last + 1] / edge))  # of what a corner at x adds
            faint = (np.abs(r.even) > FAINT * r.sigma) & (share > ALSO[0]) & (share < ALSO[1])
            crosses = (faint | (np.abs(r.even) > BEND * r.sigma)) & (np.abs(r.even) > bend * r.h**2)
            return float(edge), float(np.min(r.h[crosses], initial=edge))
    return math.inf, math.inf


def _spaced(h: Array, last: int, count: int) -> list[int]:
    """Some rungs from `last` up, three octaves or more apart."""
    found = [last]
    for k in range(last - 1, -1, -1):
        if h[k] >= h[found[-1]] * 2**3:
            found.append(k)
        if len(found) == count:
            break
    return found


def _vertical(r: Rungs) -> Corner | None:
    """A slope that grows by a power of 1/h over the smallest steps."""
    k = _spaced(r.h, len(r.h) - 1, 4)
    if len(k) < 4:
        return None
    slopes = r.slope[k]
    if (np.sign(slopes) != np.sign(slopes[0])).any() or (np.abs(slopes) < VISIBLE * r.noise[k]).any():
        return None
    grows = -np.diff(np.log2(np.abs(slopes))) / np.diff(np.log2(r.h[k]))
    if grows.min() > 0.1 and np.ptp(grows) < 0.05:
        return Corner.JUMP if grows.mean() > 0.95 else Corner.STEEP
    return None


class Way(StrEnum):
    """How slopes leave the one that small steps show, as steps grow."""

    STAYS = "stays"
    GROWS = "grows"
    ONE_SIDE = "one side"
    BREAKS = "breaks"


@dataclass(frozen=True)
class Leaving:
    """The way, and the steps between which it is not known.

    Parameters
    ----------
    way : Way
    good, bad : float
        The largest step that shows the slope, the smallest beyond it that does not.
    """

    way: Way
    good: float
    bad: float


def leaving(r: Rungs, slope: float, bar: float, known: float, spread: float) -> Leaving:
    """How the slopes of larger and larger steps leave `slope`, which is that of the step `known`.

    Parameters
    ----------
    r : Rungs
    slope, bar, known : float
    spread : float
        f's noise over its rounding.
    """
    off = np.abs(r.slope - slope)
    seen = np.flatnonzero((r.h > known) & (off > np.maximum(10 * bar, 20 * spread * r.noise)))[
        ::-1
    ]  # the smallest step first
    if len(seen) < 2:
        return Leaving(Way.STAYS, math.inf, math.inf)
    exponents = np.diff(np.log2(off[seen])) / np.diff(np.log2(r.h[seen]))
    grows = exponents[0] > GROWTH and r.h[seen[1]] > r.h[seen[0]] * 2**FAR_APART
    if grows or (
        len(seen) > 2 and exponents[0] > 1 and exponents[1] > 0.8 and exponents[:2].max() > GROWTH
    ):
        sudden = np.flatnonzero((exponents > SUDDEN) & (off[seen[1:]] > 100 * off[seen[:-1]]))
        if not len(sudden) or off[seen[sudden[0]]] > 0.5 * abs(slope):
            return Leaving(Way.GROWS, math.inf, float(r.h[seen[1 if grows else 2]]))
        seen = seen[sudden[0] + 1 :]
    first = int(seen[0])
    good = float(r.h[first + 1]) if first + 1 < len(r.h) else 0.0
    a, b = abs(r.right[first] - slope * r.h[first]), abs(r.left[first] + slope * r.h[first])
    way = Way.ONE_SIDE if min(a, b) <= SIDE * max(a, b) + 20 * r.sigma[first] else Way.BREAKS
    return Leaving(way, good, float(r.h[first]))


def structure(r: Rungs, slope: float, spread: float, bottom: float, grid: bool) -> int | None:
    """The smallest rung on which f leaves a line by what a fit took for noise, where it is none; else None.

    Noise is the same at all steps. What keeps f on a line of its own at all small ones is its shape.

    Parameters
    ----------
    r : Rungs
    slope, spread, bottom : float
        Of the fit: its slope, its residuals over the rounding of f, its smallest step.
    grid : bool
        Whether the values are known to be rounded to a grid, so that it says something if f stays the same.
    """
    last = int(np.argmin(np.where(r.h >= bottom, r.h, np.inf)))
    noise = spread * np.maximum(r.sigma, np.where(r.h < bottom, r.sigma[last], 0.0))
    off = np.maximum(np.abs(r.right - slope * r.h), np.abs(r.left + slope * r.h))
    loud = np.flatnonzero(off > QUIET * noise)
    if spread <= LOUD or not len(loud):
        return None
    last = int(loud[-1])
    small = slice(last + 1, None)
    moves = (r.right[small] != 0) | (r.left[small] != 0) | grid
    return last if moves.sum() >= STILL else None


def beneath(r: Rungs, slope: float, bar: float, bottom: float, sure: bool) -> int | None:
    """A rung below `bottom` whose slope contradicts `slope`; None if none does.

    A smaller one must confirm it, unless f's noise is known for `sure`.
    """
    low = np.flatnonzero(r.h < bottom)
    last = int(np.argmin(np.where(r.h >= bottom, r.h, np.inf)))
    curve = 2 * abs(r.slope[last] - slope) * (r.h / r.h[last]) ** 2
    for i in low[::-1] if sure else low:
        off = abs(r.slope[i] - slope)
        if off <= 3 * bar + 20 * r.noise[i] + curve[i]:
            continue
        smaller = np.flatnonzero(r.h <= r.h[i] / 4)
        if sure or (
            len(smaller) and abs(r.slope[i] - r.slope[smaller[0]]) + r.noise[smaller[0]] <= 0.1 * off
        ):
            return int(i)
    return None


def isolated(r: Rungs, slope: float, bad: float, large: float, scale: float) -> bool:
    """Whether what breaks a slope at the step `bad` is a corner or a jump beside x.

    One side stays as it was.

    Parameters
    ----------
    r : Rungs
    slope, bad : float
    large : float
        The slope that larger steps show; between jumps alone f would go on with `slope`.
    scale : float
        Of x: rounding breaks both sides at steps far below it.
    """
    beyond = np.flatnonzero(r.h >= bad)[::-1]
    near = [k for k in beyond if r.h[k] <= max(256 * bad, FINEST * scale)]
    some = near if len(near) > 1 else beyond[:2].tolist()
    right = np.abs(r.right[some] - slope * r.h[some])
    left = np.abs(r.left[some] + slope * r.h[some])
    least, most = np.minimum(right, left), np.maximum(right, left)
    one = (right > left).all() or (right < left).all()
    quiet = least <= 0.2 * most + 20 * r.sigma[some]
    if not (one and quiet.all() and least[0] <= SIDE * most[0] + 20 * r.sigma[some[0]]):
        return False
    reach = float(r.h[some[-1]] / r.h[some[0]])
    if len(some) < 2 or (reach >= 8 and most[-1] > most[0] * reach**0.7):
        return True
    drift = np.abs(large - slope) * r.h
    further = [k for k in beyond if drift[k] > 3 * most[0]]
    if not further:
        return False
    side = r.left if right[0] > left[0] else -r.right
    return bool(abs(side[further[0]] + slope * r.h[further[0]]) < 0.3 * drift[further[0]])


def wander(r: Rungs, slope: float, bottom: float, bad: float) -> float | None:
    """With which power of the step f leaves the line of large steps, from `bad` towards `bottom`.

    The error of a value that depends on every digit of x is the same at all steps; what a corner adds grows
    with the step. The least power over some octaves counts: where a plateau of rounding happens to end
    close to x, what leaves the line grows as well until another ends. None where too few steps show it.
    """
    between = (r.h >= bad) & (r.h < bottom / 2)
    h = r.h[between]
    if len(h) < 2 or h[0] < 4 * h[-1]:
        return None
    whole = np.flatnonzero(r.h >= bottom)
    off = np.hypot(
        (r.slope[between] - slope - _curve(r.slope[whole] - slope, r.h[whole], h)) * h,
        r.even[between] - _curve(r.even[whole], r.h[whole], h),
    )
    off = np.maximum(off, np.finfo(float).tiny)
    near = h <= max(bottom / 8, 4 * h[-1])
    octaves, level = np.log2(h[near]), np.log2(off[near])
    if len(octaves) < 2:
        return None
    span = octaves[:, None] - octaves[None, :]
    some = span >= min(WIDE, span.max())
    return float(np.min((level[:, None] - level[None, :])[some] / span[some]))


def _curve(y: Array, at: Array, h: Array) -> Array:
    """What is of order h^2 and h^4 in y, from its two smallest steps, at other ones."""
    if not len(at):
        return np.zeros(len(h))
    ratio, square = y[-2:] / at[-2:] ** 2, at[-2:] ** 2
    fourth = (ratio[0] - ratio[-1]) / (square[0] - square[-1]) if len(ratio) > 1 else 0.0
    found: Array = (ratio[-1] + fourth * (h**2 - square[-1])) * h**2
    return found


def peaked(r: Rungs, slope: float, bad: float) -> bool:
    """Whether f(x) alone lies off the line of large steps, always as far: x is on a narrow peak.

    The error of rounding is another one at every step.
    """
    beyond = r.h >= bad
    even, odd = r.even[beyond], (r.slope[beyond] - slope) * r.h[beyond]
    if not len(even):
        return False
    level = float(np.median(even))
    far = (np.abs(even - level) <= 0.1 * abs(level)) & (np.abs(odd) <= 0.1 * abs(level))
    return bool(far.sum() >= PEAK)


def follows(r: Rungs, slope: float, bad: float) -> bool:
    """Whether f moves with the steps beyond `bad` at all.

    If it does not, `slope` is that of a plateau on which the error of f happens to be smooth.
    """
    beyond = r.h >= bad
    h = r.h[beyond]
    if len(h) < 2 or h[0] < 8 * h[-1]:
        return True
    moved = np.maximum(np.hypot(r.right[beyond], r.left[beyond]), np.finfo(float).tiny)
    exponent = math.log2(moved[0] / moved[-1]) / math.log2(h[0] / h[-1])
    return bool(exponent >= 0.5 or abs(slope) * h[0] <= 8 * moved[0])


def hinges(
    h: Array,
    even: Array,
    sigma: Array,
    top: Array,
    order: int = 1,
    sure: tuple[float, float] = (VISIBLE, VISIBLE),
) -> Array:
    """Half of how far the derivatives on the two sides of x are apart, where that is beyond doubt; else 0.

    Parameters
    ----------
    h, even, sigma : array, shape (P, K)
        The rungs of P functions; even is nan where there is none, and the odd part of f for even orders.
    top : array, shape (P,)
        The largest step that counts.
    order : int
        Of the derivative.
    sure : tuple of float
        Standard deviations beyond which a fit shows it, and times that beyond which the best one does; by
        Student's factors unless they are few: then the noise is the rounding of a short format, and known.

    Notes
    -----
    The even part is a h + c h^2 + d h^4 + ..., of other orders n with h^n for h: least squares with more
    and more terms, over steps up to some times `top` and over smaller ones only. What such a fit leaves out
    makes an a of its own, but another one with each term and each step: the best fit and another must give
    the same, the best far beyond doubt.
    """
    count, tried = len(h), len(CUTS) * len(TERMS)
    error, slope = np.full((count, tried), np.inf), np.zeros((count, tried))
    before = np.full(count, h.shape[1] + 1)
    sigma = 1.5 * sigma
    for i, cut in enumerate(CUTS):
        near = np.isfinite(even) & (h <= cut * top[:, None])
        rungs = near.sum(1)
        seen = (near & (np.abs(even) > BEND * sigma)).any(1) & (rungs < before)
        before = rungs
        for j, terms in enumerate(TERMS):
            some = np.flatnonzero(seen & (rungs >= terms + 2))
            if not len(some):
                break
            z = np.where(near[some], h[some] / top[some, None], 0.0)
            weight = np.where(near[some], 1 / sigma[some], 0.0)
            y = np.where(near[some], even[some], 0.0) * weight
            a, off, left = _first(z, y, weight, terms, order)
            free = rungs[some] - terms
            left = np.maximum(np.sqrt(left / free), 1.0)
            off = off * (np.maximum(student(free), sure[0]) if sure[0] >= VISIBLE else sure[0]) * left
            known = (left <= WELL) & (np.abs(a) > off)
            k = i * len(TERMS) + j
            error[some, k], slope[some, k] = np.where(known, off, np.inf), a
    best = np.argmin(error, 1)[:, None]
    found, off = (np.take_along_axis(part, best, 1)[:, 0] for part in (slope, error))
    alike = np.isfinite(error) & (np.abs(slope - found[:, None]) <= 0.1 * np.abs(found)[:, None])
    there = (alike.sum(1) > 1) & (np.abs(found) > sure[1] * off)
    return np.where(there, np.abs(found) / top**order * math.factorial(order), 0.0)


def _first(z: Array, y: Array, weight: Array, terms: int, order: int) -> tuple[Array, Array, Array]:
    """The coefficient of z^order, its standard deviation and the sum of squared residuals, shape (P,)."""
    smooth = range(1 + order % 2, 2 * terms, 2)[: terms - 1]
    table = np.stack([z**order, *(z**k for k in smooth)], 2) * weight[..., None]
    size = np.linalg.norm(table, axis=1)
    good = (np.isfinite(size) & (size > 0)).all(1)
    table = np.where(good[:, None, None], table / np.where(size > 0, size, 1.0)[:, None], 0.0)
    u, strength, v = np.linalg.svd(table, full_matrices=False)
    good &= strength[:, -1] >= SAME * strength[:, 0]
    part = v[:, :, 0] / np.where(good[:, None], strength, 1.0)
    along = np.einsum("pkj,pk->pj", u, y)
    left = y - np.einsum("pkj,pj->pk", u, along)
    found, error = (part * along).sum(1), np.sqrt((part * part).sum(1))
    with np.errstate(all="ignore"):
        return found / size[:, 0], np.where(good, error / size[:, 0], np.inf), (left * left).sum(1)
