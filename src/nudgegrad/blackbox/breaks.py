"""Where steps contradict each other: corners and jumps at x, and breaks on the way to larger steps.

Two smooth functions can look alike on a ladder: one that turns quickly, and one whose values carry an error
that depends on every digit of x. Close to x both have a slope of their own. What tells them apart is how the
slopes leave it: step by step, as a power of the step, or at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from ..formats import Array

VISIBLE = 10.0  # times its noise: a change of a slope that is one
BEND = 20.0  # times the rounding of f: an even part that is one
CORNER = 1.15  # exponent of the even part up to which f has no derivative; 2 where it has two
STEADY = 0.1  # how far exponents may be apart where they are one
APART = 6.0  # octaves between steps that must show the same
SIDE = 0.02  # of the larger residual: below it the other side is as expected


class Corner(StrEnum):
    """What a function without a derivative has instead."""

    KINK = "kink"
    JUMP = "jump"
    STEEP = "steep"


@dataclass(frozen=True)
class Rungs:
    """What one function shows, the largest step first; no gaps.

    Parameters
    ----------
    h, slope, noise : array, shape (K,)
        noise: of the slope.
    even, sigma : array
        Half the sum of f at both points minus f(x), and the rounding of f.
    right, left : array
        f(x + h) - f(x) and f(x - h) - f(x).
    """

    h: Array
    slope: Array
    noise: Array
    even: Array
    sigma: Array
    right: Array
    left: Array


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
    third = [k for k in up if h[k] >= h[second] * 2**APART]
    if not third:
        return None
    span = slice(third[-1], last + 1)
    if (np.sign(r.even[span]) != np.sign(r.even[last])).any():
        return None
    local = np.diff(np.log2(e[span])) / np.diff(np.log2(h[span]))
    if exponent < 0.85:  # one law all the way: noise does not follow it
        return None if len(local) < 3 or np.ptp(local) > STEADY else Corner.JUMP if exponent < 0.05 else Corner.KINK
    return Corner.KINK if (local > 0.8).all() and (local < 2.3).all() else None


def _vertical(r: Rungs) -> Corner | None:
    """A slope that grows by a power of 1/h over the smallest steps."""
    k = [len(r.h) - 1]
    for i in range(len(r.h) - 2, -1, -1):
        if r.h[i] >= r.h[k[-1]] * 2**3:
            k.append(i)
        if len(k) == 4:
            break
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


def leaving(r: Rungs, slope: float, bar: float, good: float) -> Leaving:
    """How slopes leave `slope`, which holds up to the step `good`."""
    off = np.abs(r.slope - slope)
    wrong = (r.h > good) & (off > np.maximum(np.maximum(10 * bar, 0.2 * abs(slope)), 20 * r.noise))
    if not wrong.any():
        return Leaving(Way.STAYS, good, math.inf)
    first = int(np.flatnonzero(wrong)[-1])
    bad = float(r.h[first])
    there = (r.h < bad) & (r.h > bad / 256) & (off > VISIBLE * r.noise) & (off < 0.6 * off[first])
    k = np.flatnonzero(there)
    if len(k) >= 2:
        exponents = -np.diff(np.log2(off[k])) / -np.diff(np.log2(r.h[k]))
        whole = math.log2(off[k[0]] / off[k[-1]]) / math.log2(r.h[k[0]] / r.h[k[-1]])
        if whole > 1.2 and (exponents > 0.3).mean() > 0.5:
            return Leaving(Way.GROWS, good, bad)
    a, b = abs(r.right[first] - slope * r.h[first]), abs(r.left[first] + slope * r.h[first])
    way = Way.ONE_SIDE if min(a, b) <= SIDE * max(a, b) + 20 * r.sigma[first] else Way.BREAKS
    return Leaving(way, good, bad)


def beneath(r: Rungs, slope: float, bar: float, bottom: float) -> int | None:
    """A rung below `bottom` whose slope another one confirms and which contradicts `slope`; None if none is."""
    low = np.flatnonzero(r.h < bottom)
    for j in low[::-1]:
        for i in low[::-1]:
            if i >= j or r.h[i] < 4 * r.h[j]:
                continue
            apart = abs(r.slope[i] - r.slope[j])
            off = abs(r.slope[i] - slope)
            if apart <= 6 * (r.noise[i] + r.noise[j]) and off > 4 * apart and off > 3 * bar + 20 * r.noise[i]:
                return int(i)
        break
    return None


def isolated(r: Rungs, bad: float) -> bool:
    """Whether what breaks a slope at the step `bad` is a corner or a jump beside x, as larger steps see it."""
    beyond = r.h >= 2 * bad
    parts = (getattr(r, name)[beyond] for name in Rungs.__dataclass_fields__)
    return corner(Rungs(*parts)) is not None


def follows(r: Rungs, slope: float, bad: float) -> bool:
    """Whether f moves with the steps beyond `bad` at all. If it does not, `slope` is that of a plateau on which
    the error of f happens to be smooth."""
    beyond = r.h >= bad
    h = r.h[beyond]
    if len(h) < 2 or h[0] < 8 * h[-1]:
        return True
    moved = np.maximum(np.hypot(r.right[beyond], r.left[beyond]), np.finfo(float).tiny)
    exponent = math.log2(moved[0] / moved[-1]) / math.log2(h[0] / h[-1])
    return bool(exponent >= 0.5 or abs(slope) * h[0] <= 8 * moved[0])
