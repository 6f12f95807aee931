"""Where to step next: to larger or smaller steps, until a ladder has met the scale on which f bends."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .ladders import OFF, Ladder
from .rungs import Rungs, quotients

FINE = 6  # rungs of the fine ladder
BOTH = 1.5  # times the even part's scale: a longer one of the odd part is taken for luck
WIDEST = 6.0  # times the noise: a difference between rungs up to it is none
FAR, EVEN = 20, 16.0  # octaves of steps over which f moves as far, up to that factor: all of it is noise
ALIKE = 0.3  # of the slope: neighbouring rungs that agree so far see the same curve


def further(r: Rungs, order: int, ladder: Ladder, scale: float) -> Any:
    """Larger steps where the largest still see no curve, smaller ones where the smallest still disagree."""
    if len(r.h) < 2:
        least = float(r.h[0]) if len(r.h) else scale * 2.0 ** ladder.coarse[-1]
        return least * 2.0 ** np.array(ladder.down)
    moved = np.maximum(np.abs(r.right), np.abs(r.left))
    usual = OFF * 2.0 ** np.array(ladder.coarse)  # of an x of about 1
    if not moved.any() and r.h[0] < usual[-1]:  # f need not change on the scale of a small x
        return usual
    q, noise = quotients(r, order)
    if abs(q[0] - q[1]) <= WIDEST * noise[1]:
        return r.h[0] * 2.0 ** np.array(ladder.up, dtype=float)
    if r.h[0] >= r.h[-1] * 2**FAR and moved[-1] >= moved[0] / EVEN:
        return r.h[0] * 2.0 ** np.array(ladder.up, dtype=float)
    last = abs(q[-2] - q[-1])
    if apart(r)[-1]:
        return r.h[-1] * 2.0 ** np.array(ladder.down, dtype=float)
    if last > 100 * noise[-1] and last > 0.02 * abs(q[-1]):
        return r.h[-1] * 2.0 ** np.array(ladder.down, dtype=float)
    return []


def apart(r: Rungs) -> npt.NDArray[np.bool_]:
    """Where f(x) lies off what is around it, as at the foot of a pole: both sides are far from it."""
    moved = np.maximum(np.abs(r.right), np.abs(r.left))
    still = np.abs(r.even) < 4 * np.abs(np.append(r.even[1:], r.even[-1:] * 0.9))
    found: npt.NDArray[np.bool_] = (
        (np.abs(r.even) > 0.1 * moved) & (np.abs(r.even) > WIDEST * r.sigma) & still
    )
    return found


def fine(r: Rungs, order: int, ladder: Ladder, side: int) -> Any:
    """The fine ladder, below the scale on which f bends.

    Notes
    -----
    Where two rungs first agree, their difference is c h^2, so that c R^2 is the slope itself at
    R = h sqrt(slope / difference); one-sided, without the root.
    """
    if len(r.h) < 2:
        return []
    q, noise = quotients(r, order)
    change = np.abs(np.diff(q))
    larger = np.maximum(np.abs(q[:-1]), np.abs(q[1:]))
    agree = np.flatnonzero(
        (change <= np.maximum(ALIKE * larger, WIDEST * noise[1:])) & ~(apart(r)[1:] & apart(r)[:-1])
    )
    if not len(agree):
        return below(float(r.h[-1]), ladder)
    k = int(agree[0])
    above = float(r.h[k - 1]) if k else np.inf
    h = float(r.h[k])
    if change[k] > WIDEST * noise[k + 1]:
        bend = h * (larger[k] / change[k]) ** (1.0 if side else 0.5)
        if order == 1 and not side:
            bend = min(bend, BOTH * even_bend(r, k))
        top = max(min(0.6 * bend, 0.7 * above), 0.9 * h)
    elif k:
        top = float(np.sqrt(h * above))
    else:  # no curve at any step: where rounding is least
        top = float(r.h[np.argmin(noise)]) * 2.0**1.3
    return below(top, ladder)


def even_bend(r: Rungs, k: int) -> float:
    """The same scale from the even part, where the odd one happens to hide it."""
    q, noise = 2 * r.even[k : k + 2] / r.h[k : k + 2] ** 2, 4 * r.sigma[k : k + 2] / r.h[k : k + 2] ** 2
    change = abs(q[0] - q[1])
    if change <= WIDEST * noise[1] or change > abs(q[1]):
        return np.inf
    return float(r.h[k] * np.sqrt(abs(q[1]) / change))


def below(top: float, ladder: Ladder, count: int = FINE) -> Any:
    """A fine ladder from a step down."""
    return top * 2.0 ** (-ladder.fine * np.arange(count))
