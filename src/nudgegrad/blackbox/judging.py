"""What one function needs next: finer steps about its best estimate, or those that settle a doubt."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .breaks import (
    BEND,
    Corner,
    Leaving,
    Way,
    beneath,
    beside,
    corner,
    follows,
    isolated,
    leaving,
    peaked,
    structure,
    wander,
)
from .candidates import Candidates
from .ladders import Ladder
from .rungs import Rungs
from .searching import FINE, WIDEST, below, fine

CLOSE = 3, 4  # rungs that refine the best window, the first and the second time
GOOD = 1800.0, 9e4  # units of f: bars below it are not refined, the first and the second time
GAP = 3  # rungs that are put between the last step that shows a slope and the first that does not
RIVAL = 0.25  # of the slope: an estimate with a bar below it can speak against another
CORNERS, ROUGH = 0.7, 0.4  # powers of the step: above the one f has corners, below the other it is rough
NEAR = 2.0**-7  # of the scale of x: a plateau of rounding ends below it
BEYOND = 0.999  # times a step that is too small: only windows above it count
NONE: Any = ()  # no further steps
DONE, ASIDE = 2, 3  # stages of a lane


@dataclass(frozen=True)
class Small:
    """What small steps show, where large ones may show something else.

    Parameters
    ----------
    slope, bar : float
    step : float
        One of which this is known.
    spread : float
        f's noise over its rounding.
    """

    slope: float
    bar: float
    step: float
    spread: float


@dataclass
class Lane:
    """What is known of one function on the way.

    Parameters
    ----------
    stage : int
        0 the ladder is being built, 1 its estimates are judged, `DONE`, or `ASIDE`: it has no ladder.
    side : int
        The only side on which f is defined, or 0.
    scale : float
        On which f is expected to change.
    grid : bool
        Whether f's values are rounded to a grid.
    refined : int
        How often the best window was refined.
    small : Small or None
        What small steps show, while it is in doubt.
    rival, probed, decided, torn : bool
        Whether small and large steps contradict each other; whether steps between them were taken; whether
        it is decided which are right; whether nothing shows it.
    over, below : float
        Only windows of steps between them count.
    outside : float
        The smallest step at which f was not finite.
    hinged : bool
        Whether larger steps cross a corner next to x.
    corner : Corner or None
        What f has at x instead of a derivative.
    """

    stage: int = 0
    side: int = 0
    scale: float = 1.0
    grid: bool = False
    refined: int = 0
    small: Small | None = None
    rival: bool = False
    probed: bool = False
    decided: bool = False
    torn: bool = False
    over: float = 0.0
    below: float = np.inf
    outside: float = np.inf
    hinged: bool = False
    corner: Corner | None = None


def judged(lane: Lane, r: Rungs, c: Candidates, unit: float, order: int, ladder: Ladder) -> Any:
    """Further steps for one function; none if it is done.

    Parameters
    ----------
    lane : Lane
        Learns what is decided.
    r : Rungs
    c : Candidates
        Its own.
    unit : float
        Unit roundoff of f's values.
    order : int
    ladder : Ladder
    """
    line = lane.side == 0 and order == 1
    if line:
        lane.corner = corner(r)
        if lane.corner is not None:
            return NONE
        if _hinged(lane, r, ladder):
            least = float(r.h[-1])
            if abs(r.even[-1]) > BEND * r.sigma[-1]:
                least *= 2.0 ** ladder.down[0]
            return _between(lane.below, least, ladder)
    best = int(np.argmin(c.within(lane.over, lane.below)))
    if line:
        if np.isfinite(c.within(lane.over, lane.below)[best]) and not lane.decided:
            more = _doubted(lane, r, c, best, ladder)
            if len(more):
                return more
            best = int(np.argmin(c.within(lane.over, lane.below)))
    elif not lane.decided:
        more = _shaped(lane, r, c, best, 0.0, order, ladder)
        if len(more):
            return more
    score = float(c.within(lane.over, lane.below)[best])
    if not np.isfinite(score):
        if lane.refined or not len(r.h):
            return NONE
        lane.refined = 1
        return below(0.7 * min(float(r.h[0]), lane.below), ladder)
    value, top = abs(float(c.value[best])), float(c.top[best])
    if lane.refined >= len(GOOD) or score <= GOOD[lane.refined] * unit * value:
        return NONE
    if len(r.h) > 1 and top >= r.h[1] and 4 * r.h[0] < lane.outside < np.inf:  # room for larger steps
        lane.refined += 1
        return _gap(float(r.h[0]), lane.outside)
    curved = c.truncation[best] >= c.noise[best]
    start = 0.3 * top if curved or lane.refined else 1.6 * top
    lane.refined += 1
    return start * 2.0 ** (-ladder.close * np.arange(CLOSE[lane.refined - 1]))


def _doubted(lane: Lane, r: Rungs, c: Candidates, best: int, ladder: Ladder) -> Any:
    """Steps that decide between two scales that contradict each other; none if they do not.

    Small steps are right where slopes leave theirs step by step (a wave), or on one side only (a corner
    beside x); large ones where they leave it at once: then the error of f is smooth on a plateau.
    """
    if not lane.rival:
        more = _shaped(lane, r, c, best, float(c.value[best]), 1, ladder)
        if len(more):
            return more
    between = _flat(lane, r, float(c.value[best]))
    if len(between):
        return between
    if lane.grid:  # its noise is known, so that nothing has to be decided that small steps show
        lane.small, lane.rival, lane.over = None, False, 0.0
    small = lane.small if lane.small is not None else _smaller(lane, r, c, best)
    found = leaving(r, small.slope, small.bar, small.step, small.spread)
    if found.way is Way.STAYS or (found.way is Way.GROWS and not lane.rival):
        return NONE
    if not lane.rival and not _contradicted(lane, r, c, small, found.bad):
        if follows(r, small.slope, found.bad):
            return NONE
        lane.decided, lane.over = True, found.bad * BEYOND
        top = float(r.h[0])
        return top * 2.0 ** np.array([8.0, 6.0, 4.0, 2.0, 1.0]) if top > found.bad else NONE
    lane.rival, lane.small = True, small
    if found.way is not Way.GROWS and not lane.probed and 0 < 6 * found.good < found.bad:
        lane.probed, lane.over = True, found.good
        return _gap(found.good, found.bad)
    return _decided(lane, r, c, small, found, ladder)


def _flat(lane: Lane, r: Rungs, slope: float) -> Any:
    """Steps between those that do not move f at all and those that do: values on a grid show it there."""
    moving = np.flatnonzero((r.right != 0) | (r.left != 0))
    if slope or lane.grid or lane.probed or not len(moving) or moving[-1] + 2 >= len(r.h):
        return NONE
    lane.probed = True
    return _gap(float(r.h[moving[-1] + 1]), float(r.h[moving[-1]]))


def _hinged(lane: Lane, r: Rungs, ladder: Ladder) -> bool:
    """Whether steps are seen for the first time to cross a corner next to x; learns which do."""
    edge, crossing = beside(r, ladder.hinge)
    first = not lane.hinged and edge < lane.below
    if first:
        lane.decided, lane.hinged, lane.over, lane.below = True, True, 0.0, edge
    elif lane.hinged:
        lane.below = min(lane.below, edge, crossing)
    return first


def _between(edge: float, least: float, ladder: Ladder) -> Any:
    """A ladder from a step down to another, a fine one at least."""
    octaves = max(math.log2(edge / least) / FINE, ladder.fine)
    return edge * 2.0 ** (-octaves * (np.arange(FINE) + 0.5))


def _gap(good: float, bad: float) -> Any:
    return good * 2.0 ** (np.log2(bad / good) * np.arange(GAP, 0, -1) / (GAP + 1))


def _smaller(lane: Lane, r: Rungs, c: Candidates, best: int) -> Small:
    """The small steps that may be contradicted: a rung beneath the best window, else the window itself."""
    value, score, bottom = float(c.value[best]), float(c.score[best]), float(c.bottom[best])
    under = beneath(r, value, score, bottom, lane.grid)
    if under is None:
        return Small(value, score, bottom, max(1.0, float(c.spread[best])))
    lane.rival = True
    lane.small = Small(float(r.slope[under]), WIDEST * float(r.noise[under]), float(r.h[under]), 1.0)
    return lane.small


def _decided(lane: Lane, r: Rungs, c: Candidates, small: Small, found: Leaving, ladder: Ladder) -> Any:
    """Which of the two scales counts from now on; the steps for it."""
    lane.decided = True
    larger = np.where(c.bottom >= found.bad, c.score, np.inf)
    big = int(np.argmin(larger))
    slope = float(c.value[big])
    power = wander(r, slope, float(c.top[big]) / 4, found.bad) if np.isfinite(larger[big]) else None
    if (
        found.way is Way.GROWS
        or found.bad > NEAR * lane.scale
        or peaked(r, slope, found.bad)
        or isolated(r, small.slope, found.bad, slope, lane.scale)
        or (power is not None and power > CORNERS)
    ):
        lane.over, lane.below = 0.0, found.bad
        return below(0.7 * found.bad, ladder)
    lane.over = found.bad * BEYOND
    lane.torn = power is None or power > ROUGH
    return NONE


def _contradicted(lane: Lane, r: Rungs, c: Candidates, small: Small, bad: float) -> bool:
    """Whether an estimate from larger steps alone speaks against the one of small steps."""
    known = (c.bottom >= bad) & (c.score < RIVAL * np.abs(c.value))
    against = known & (np.abs(c.value - small.slope) > 3 * (c.score + small.bar))
    if not against.any():
        return False
    big = int(np.argmin(np.where(against, c.score, np.inf)))
    return _shape(lane, r, c, big, float(c.value[big])) is None


def _shaped(
    lane: Lane, r: Rungs, c: Candidates, best: int, slope: float, order: int, ladder: Ladder
) -> Any:
    """Finer steps where the best estimate takes the shape of f for noise; none where it does not."""
    bend = _shape(lane, r, c, best, slope) if np.isfinite(c.score[best]) else None
    if bend is None:
        return NONE
    lane.decided, lane.below = True, float(r.h[bend - 1]) if bend else np.inf
    return fine(r.under(lane.below), order, ladder, lane.side)


def _shape(lane: Lane, r: Rungs, c: Candidates, k: int, slope: float) -> int | None:
    """The rung on which the shape of f begins that an estimate takes for noise; None if it is noise."""
    bend = structure(r, slope, float(c.spread[k]), float(c.bottom[k]), lane.grid)
    return bend if bend is not None and r.h[bend] > NEAR * lane.scale else None


def concluded(lane: Lane, r: Rungs, c: Candidates, order: int, ladder: Ladder) -> None:
    """Decides from the steps that there are what no further ones can decide."""
    if lane.rival and not lane.decided and lane.small is not None:
        small = lane.small
        found = leaving(r, small.slope, small.bar, small.step, small.spread)
        if found.way is Way.STAYS:
            lane.rival, lane.over = False, 0.0
        else:
            _decided(lane, r, c, small, found, ladder)
    if lane.hinged:
        _hinged(lane, r, ladder)
    if not lane.decided and len(r.h) > 1:
        scores = c.within(lane.over, lane.below)
        best = int(np.argmin(scores))
        if np.isfinite(scores[best]):
            line = lane.side == 0 and order == 1
            _shaped(lane, r, c, best, float(c.value[best]) if line else 0.0, order, ladder)
