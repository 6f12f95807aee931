"""Derivatives of P functions of one number each, all advancing through the same rounds of evaluations.

A coarse ladder of steps shows on which scale f bends; a fine one below that scale gives the estimates; a few
further steps are taken where the best of them was found, or where large and small steps contradict each other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ..formats import Array
from .breaks import Corner, Leaving, Rungs, Way, beneath, corner, follows, hinge, isolated, leaving, wander
from .candidates import Candidates, Shown, candidates, polished, shown
from .grain import grid_of, middle, noise_floor, repeats, unit_of
from .ladders import Ladder
from .result import Code
from .sampling import Samples

ROUNDS = 5  # calls of a function that takes all points at once
SEARCHES = 3  # of them: after so many the ladder is as long as it gets
FINE = 6  # rungs of the fine ladder
CLOSE = 3, 4  # rungs that refine the best window, the first and the second time
BOTH = 1.5  # times the even part's scale: a longer one of the odd part is taken for luck
GAP = 3  # rungs that are put between the last step that shows a slope and the first that does not
WIDEST = 6.0  # times the noise: a difference between rungs up to it is none
ALIKE = 0.3  # of the slope: neighbouring rungs that agree so far see the same curve
GOOD = 1800.0, 9e4  # units of f: bars below it are not refined, the first and the second time
RIVAL = 0.25  # of the slope: an estimate with a bar below it can speak against another
CORNERS, ROUGH = 0.7, 0.4  # powers of the step: above the one f has corners, below the other it is rough
NEAR = 2.0**-7  # of the scale of x: a plateau of rounding ends below it
BEYOND = 0.999  # times a step that is too small: only windows above it count
EQUAL = 3.0  # times the best score: up to it estimates are as good, and must lie within the bar
STILL = 1e-8  # of how fast f changes: a bar below it says that the derivative is 0
BLIND = 0.02  # a bar above this share of the estimate says too little
COARSE_GRID = 0.02  # of how far f moves: a grid above it leaves no slope to speak of
Bools = npt.NDArray[np.bool_]


@dataclass
class Lane:
    """What is decided of one function on the way."""

    stage: int = 0  # 0 searching, 1 to be judged, 2 done
    side: int = 0
    scale: float = 1.0
    grid: bool = False  # f's values are rounded to a grid
    refined: int = 0
    probed: bool = False
    decided: bool = False
    rival: bool = False
    torn: bool = False  # small and large steps contradict each other, and nothing says which is right
    small: tuple[float, float, float, float] | None = None  # the smaller scale: slope, bar, step, spread
    below: float = np.inf  # only windows of steps below count
    over: float = 0.0  # only windows of steps above count
    corner: Corner | None = None


@dataclass(frozen=True)
class Estimates:
    """Derivatives of one order, shape (P,) each.

    Parameters
    ----------
    value, bar : array
        nan and inf where there is none.
    noise, truncation : array
        The two parts of the bar.
    h, bottom : array
        The largest and the smallest step that count.
    unit : array
        Standard deviation of f's noise, as seen by the fit.
    code : list of Code
    slopes : array, shape (P, 2)
        Left and right, at a kink; else nan.
    side : array
        0, or the only side on which f is defined.
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
    side: npt.NDArray[np.int64]


@dataclass
class Study:
    """An estimate on its way.

    Parameters
    ----------
    samples : Samples
    order : int
        Of the derivative, 1 to 4.
    """

    samples: Samples
    order: int
    ladder: Ladder
    shared: bool = False
    lanes: list[Lane] = field(init=False)
    last: Shown = field(init=False)  # when all is done
    unit: Array = field(init=False)
    grid: Array = field(init=False)

    def __post_init__(self) -> None:
        self.lanes = [Lane() for _ in self.samples.x]

    def run(self) -> Estimates:
        """All rounds."""
        samples, everyone = self.samples, np.ones(len(self.lanes), dtype=bool)
        samples.take(samples.scale[:, None] * 2.0 ** np.array(self.ladder.coarse, dtype=float), centre=everyone)
        self._learn()
        for lane, side in zip(self.lanes, sides(samples), strict=True):
            lane.side = int(side)
        while samples.rounds < ROUNDS:
            wanted, again = self._wanted()
            if not np.isfinite(wanted).any() and not again.any():
                break
            before = samples.rounds
            samples.take(wanted, np.array([lane.side for lane in self.lanes]), again)
            if samples.rounds == before:
                if all(lane.stage == 2 for lane in self.lanes):
                    break
                for lane in self.lanes:
                    lane.stage = min(lane.stage + 1, 2)
                continue
            self._learn()
        return self._settled()

    def _learn(self) -> None:
        self.unit = unit_of(self.samples)
        self.grid = grid_of(self.samples, self.unit)
        for lane, grid, scale in zip(self.lanes, self.grid, self.samples.scale, strict=True):
            lane.grid, lane.scale = bool(grid), float(scale)

    def _shown(self, lanes: Bools) -> Shown:
        part = self.samples.subset(lanes)
        floor = noise_floor(part, self.unit[lanes], self.grid[lanes])
        return shown(part, self.unit[lanes], floor)

    def _wanted(self) -> tuple[Array, Bools]:
        """The next steps of every lane, and whose f(x) is wanted again."""
        count = len(self.lanes)
        wanted, again = np.full((count, 10), np.nan), np.zeros(count, dtype=bool)
        searching = np.array([lane.stage == 0 for lane in self.lanes])
        judged = np.array([lane.stage == 1 for lane in self.lanes])
        if searching.any():
            s = self._shown(searching)
            for k, p in enumerate(np.flatnonzero(searching)):
                lane, r = self.lanes[p], rungs_of(s, k, self.lanes[p].side)
                more = further(r, self.order, self.ladder, float(self.samples.scale[p])) if self.samples.rounds < SEARCHES else []
                if not len(more):
                    more = fine(r, self.order, self.ladder, lane.side)
                    lane.stage, again[p] = 1, True
                wanted[p, : len(more)] = more
        if judged.any():
            s = self._shown(judged)
            c, choice = self._best(s, judged)
            for k, p in enumerate(np.flatnonzero(judged)):
                more = self._judge(self.lanes[p], rungs_of(s, k, 0), c, k, int(choice[k]), float(self.unit[p]))
                wanted[p, : len(more)] = more
                if not len(more):
                    self.lanes[p].stage = 2
        return (self._on_grid(wanted) if self.shared else wanted), again

    def _on_grid(self, wanted: Array) -> Array:
        """The steps on a grid that all lanes have in common, so that they share evaluations."""
        scale, octaves = self.samples.scale[:, None], self.ladder.fine / 2
        found: Array = scale * 2.0 ** (np.rint(np.log2(wanted / scale) / octaves) * octaves)
        return found

    def steps(self, p: int) -> tuple[tuple[float, float, float], ...]:
        """Every step of a lane with points on both sides, or on its only one: what it alone shows, its rounding."""
        if self.order > 2:
            return ()
        with np.errstate(all="ignore"):
            r = rungs_of(self.last, p, self.lanes[p].side)
            q, noise = quotients(r, self.order)
        return tuple(zip(r.h.tolist(), q.tolist(), noise.tolist(), strict=True))

    def _best(self, s: Shown, which: Bools) -> tuple[Candidates, npt.NDArray[np.int64]]:
        """All candidates of some lanes, and the best of each by its score."""
        lanes = [lane for lane, asked in zip(self.lanes, which, strict=True) if asked]
        c = self._candidates(s, lanes)
        return c, self._choice(c, lanes)

    def _candidates(self, s: Shown, lanes: list[Lane]) -> Candidates:
        side = np.array([lane.side for lane in lanes])
        found = candidates(s, self.order, 0) if (side == 0).any() else None
        for one in (1, -1):
            if (side == one).any():
                other = candidates(s, self.order, one)
                found = other if found is None else merged(found, other, side == one)
        assert found is not None
        return found

    @staticmethod
    def _choice(c: Candidates, lanes: list[Lane]) -> npt.NDArray[np.int64]:
        below = np.array([lane.below for lane in lanes])[:, None]
        over = np.array([lane.over for lane in lanes])[:, None]
        allowed = np.where((c.top < below) & (c.bottom > over), c.score, np.inf)
        return np.argmin(allowed, 1)

    def _judge(self, lane: Lane, r: Rungs, c: Candidates, k: int, best: int, unit: float) -> Any:
        """Further steps for one lane; none if it is done."""
        score = float(c.score[k, best])
        if lane.side == 0:
            lane.corner = corner(r) if self.order == 1 else None
            if lane.corner is not None:
                return []
            if self.order == 1 and np.isfinite(score):
                more = self._doubt(lane, r, c, k, best)
                if len(more):
                    return more
                allowed = np.where((c.top[k] < lane.below) & (c.bottom[k] > lane.over), c.score[k], np.inf)
                best = int(np.argmin(allowed))
                score = float(allowed[best])
        if not np.isfinite(score):
            return self._under(r, lane)
        value, top = abs(float(c.value[k, best])), float(c.top[k, best])
        if lane.refined >= len(GOOD) or score <= GOOD[lane.refined] * unit * value:
            return []
        curved = float(c.truncation[k, best]) >= float(c.noise[k, best])
        start = 0.3 * top if curved or lane.refined else 1.6 * top
        lane.refined += 1
        return start * 2.0 ** (-self.ladder.close * np.arange(CLOSE[lane.refined - 1]))

    def _under(self, r: Rungs, lane: Lane) -> Any:
        """Steps below all that were taken, where none gave an estimate."""
        if lane.refined or not len(r.h):
            return []
        lane.refined = 1
        return r.h[0] * 0.7 * 2.0 ** (-self.ladder.fine * np.arange(FINE))

    def _doubt(self, lane: Lane, r: Rungs, c: Candidates, k: int, best: int) -> Any:
        """Steps that decide between two scales that contradict each other; none if they do not.

        Small steps are right where slopes leave theirs step by step (a wave), or on one side only (a corner
        beside x); large ones where they leave it at once: then the error of f is smooth on a plateau.
        """
        if lane.decided:
            return []
        value, score = float(c.value[k, best]), float(c.score[k, best])
        if lane.small is None:
            under = beneath(r, value, score, float(c.bottom[k, best]), lane.grid)
            lane.rival = under is not None
            lane.small = (value, score, float(c.bottom[k, best]), max(1.0, float(c.spread[k, best]))) if under is None else (
                float(r.slope[under]), WIDEST * float(r.noise[under]), float(r.h[under]), 1.0
            )  # fmt: skip
        small = lane.small
        found = leaving(r, *small)
        if found.way is Way.STAYS or (found.way is Way.GROWS and not lane.rival):
            lane.small = None  # the best may yet change
            return []
        if not lane.rival and not contradicted(c, k, small, found.bad):
            lane.decided = not follows(r, small[0], found.bad)
            if not lane.decided:
                lane.small = None
                return []
            lane.over = found.bad * BEYOND
            return self._above(r, found.bad)
        if found.way is not Way.GROWS and not lane.probed and 0 < 6 * found.good < found.bad:
            lane.probed = lane.rival = True
            lane.over = found.good
            octaves = np.log2(found.bad / found.good) * np.arange(GAP, 0, -1) / (GAP + 1)
            return found.good * 2.0**octaves
        lane.decided = True
        allowed = np.where(c.bottom[k] >= found.bad, c.score[k], np.inf)
        big = int(np.argmin(allowed))
        power = wander(r, float(c.value[k, big]), float(c.top[k, big]) / 4, found.bad) if np.isfinite(allowed[big]) else None
        isolate = isolated(r, small[0], found.bad, float(c.value[k, big])) or found.bad > NEAR * lane.scale or (power is not None and power > CORNERS)
        if found.way is Way.GROWS or isolate:
            lane.over, lane.below = 0.0, found.bad
            return 0.7 * found.bad * 2.0 ** (-self.ladder.fine * np.arange(FINE))
        lane.over = found.bad * BEYOND
        lane.torn = power is None or power > ROUGH
        return []

    def _above(self, r: Rungs, bad: float) -> Any:
        """Large steps, for a function whose values are rough on small ones."""
        top = float(r.h[0])
        return top * 2.0 ** np.array([8.0, 6.0, 4.0, 2.0, 1.0]) if top > bad else []

    def _settled(self) -> Estimates:
        samples, everyone = self.samples, np.ones(len(self.lanes), dtype=bool)
        s = self.last = self._shown(everyone)
        c, choice = self._best(s, everyone)
        score = c.pick("score", choice)
        value = self._polished(s, c, choice)
        below = np.array([lane.below for lane in self.lanes])
        over = np.array([lane.over for lane in self.lanes])
        found = np.isfinite(score) & np.isfinite(value) & (c.pick("top", choice) < below) & (c.pick("bottom", choice) > over)
        equals = (c.score <= EQUAL * score[:, None]) & (c.top < below[:, None]) & (c.bottom > over[:, None])
        apart = np.max(np.where(equals, np.abs(c.value - value[:, None]), 0.0), 1)
        bar = np.where(found, np.maximum(score, apart) + 2.0**-53 * np.abs(value), np.inf)
        top = c.pick("top", choice)
        codes = []
        slopes = np.full((len(choice), 2), np.nan)
        same = repeats(samples, self.unit)
        for p, lane in enumerate(self.lanes):
            r = rungs_of(s, p, 0)
            if lane.side == 0 and self.order == 1 and lane.corner is None:
                lane.corner = corner(r)
            if lane.side == 0 and self.order == 1 and lane.corner is None and hinge(r, float(top[p])) > bar[p]:
                lane.corner = Corner.KINK
            codes.append(self._code(p, lane, rungs_of(s, p, lane.side), bool(found[p]), float(value[p]), float(bar[p]), float(c.top[p, choice[p]]), bool(same[p])))
        kinks = np.array([code is Code.KINK for code in codes])
        if kinks.any():
            part = self._shown(kinks)
            for column, side in enumerate((-1, 1)):
                one = candidates(part, 1, side)
                slopes[kinks, column] = one.pick("value", np.argmin(one.score, 1))
        claimed = np.array([code in (Code.CLEAR, Code.ROUNDED, Code.WIDE, Code.SCALES, Code.GRID, Code.CHANGES) for code in codes])
        value, bar = np.where(claimed & found, value, np.nan), np.where(claimed & found, bar, np.inf)
        spread = c.pick("spread", choice)
        sigma = middle(np.where(np.isfinite(s.right) | np.isfinite(s.left), s.sigma, np.nan))
        return Estimates(
            value, bar, c.pick("noise", choice), c.pick("truncation", choice), c.pick("top", choice), c.pick("bottom", choice),
            np.maximum(spread, 1) * sigma, codes, slopes, np.array([lane.side for lane in self.lanes]),
        )  # fmt: skip

    def _polished(self, s: Shown, c: Candidates, choice: npt.NDArray[np.int64]) -> Array:
        """The values of the chosen candidates, free of the rounding of their fits."""
        value = c.pick("value", choice)
        if self.order > 1:
            return value
        side = np.array([lane.side for lane in self.lanes])
        for one in (0, 1, -1):
            if (side == one).any():
                value = np.where(side == one, polished(s, one, c, choice, value), value)
        return value

    def _code(self, p: int, lane: Lane, r: Rungs, found: bool, value: float, bar: float, top: float, same: bool) -> Code:
        samples = self.samples
        if not np.isfinite(samples.centre[p]):
            return Code.NOT_FINITE
        if not same:
            return Code.CHANGES
        if lane.corner is not None:
            return Code(lane.corner.value)
        if lane.torn or (lane.rival and not lane.decided):
            return Code.SCALES
        if not found:
            return Code.SCALES if lane.decided else Code.NOWHERE
        moved = np.fmax(np.abs(r.right), np.abs(r.left))
        near = float(np.max(np.where(r.h <= 2 * samples.scale[p], moved, 0.0), initial=0.0))
        if self.grid[p] > COARSE_GRID * near:
            return Code.GRID
        if bar > BLIND * abs(value):
            fast = float(np.max(moved / r.h, initial=0.0)) or abs(samples.centre[p]) / samples.scale[p]
            still = bar <= STILL * fast
            if self.order > 1 or not still:
                return Code.WIDE
        return Code.ROUNDED if self.grid[p] else Code.CLEAR


def merged(a: Candidates, b: Candidates, lanes: Bools) -> Candidates:
    """Some lanes from another table of candidates."""
    parts = (np.where(lanes[:, None], getattr(b, n), getattr(a, n)) for n in ("value", "noise", "truncation", "spread", "score", "top", "bottom"))
    return Candidates(*parts, a.window, a.degree)


def sides(samples: Samples) -> npt.NDArray[np.int64]:
    """The side on which f is defined, where the smallest steps find it on one side only; else 0."""
    right, left = np.isfinite(samples.right), np.isfinite(samples.left)
    both = (right & left).any(1)
    only = np.where(right.any(1), 1, np.where(left.any(1), -1, 0))
    return np.where(both, 0, only)


def rungs_of(s: Shown, p: int, side: int) -> Rungs:
    """The rungs of one lane where it is finite on the sides that count."""
    if side:
        values = s.right[p] if side > 0 else s.left[p]
        k = np.isfinite(values)
        h, sigma, values = s.h[p, k], s.sigma[p, k], values[k]
        return Rungs(h, side * values / h, 2 * sigma / h, 0 * h, sigma, values, values)
    k = np.isfinite(s.odd[p])
    h, sigma = s.h[p, k], s.sigma[p, k]
    return Rungs(h, s.odd[p, k], sigma / h, s.even[p, k], sigma, s.right[p, k], s.left[p, k])


def contradicted(c: Candidates, k: int, small: tuple[float, float, float, float], bad: float) -> bool:
    """Whether an estimate from larger steps alone speaks against the one of small steps."""
    known = (c.bottom[k] >= bad) & (c.score[k] < RIVAL * np.abs(c.value[k]))
    return bool((known & (np.abs(c.value[k] - small[0]) > 3 * (c.score[k] + small[1]))).any())


def further(r: Rungs, order: int, ladder: Ladder, scale: float) -> Any:
    """Larger steps where the largest still see no curve, smaller ones where the smallest still disagree."""
    if len(r.h) < 2:
        least = float(r.h[0]) if len(r.h) else scale * 2.0 ** ladder.coarse[-1]
        return least * 2.0 ** np.array(ladder.down)
    q, noise = quotients(r, order)
    if abs(q[0] - q[1]) <= WIDEST * noise[1]:
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
    found: npt.NDArray[np.bool_] = (np.abs(r.even) > 0.1 * moved) & (np.abs(r.even) > WIDEST * r.sigma) & still
    found[:-1] |= False
    return found


def quotients(r: Rungs, order: int) -> tuple[Array, Array]:
    """What each rung alone shows of the first or second derivative, for odd or even orders; its noise."""
    if order % 2:
        return r.slope, r.noise
    return 2 * r.even / r.h**2, 4 * r.sigma / r.h**2


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
    agree = np.flatnonzero((change <= np.maximum(ALIKE * larger, WIDEST * noise[1:])) & ~(apart(r)[1:] & apart(r)[:-1]))
    if not len(agree):
        return r.h[-1] * 2.0 ** (-ladder.fine * np.arange(FINE))
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
    return top * 2.0 ** (-ladder.fine * np.arange(FINE))


def even_bend(r: Rungs, k: int) -> float:
    """The same scale from the even part: where the odd one happens to hide it, as near an inflection of f''."""
    q, noise = 2 * r.even[k : k + 2] / r.h[k : k + 2] ** 2, 4 * r.sigma[k : k + 2] / r.h[k : k + 2] ** 2
    change = abs(q[0] - q[1])
    if change <= WIDEST * noise[1] or change > abs(q[1]):
        return np.inf
    return float(r.h[k] * np.sqrt(abs(q[1]) / change))
