"""Derivatives of P functions of one number each, all advancing through the same rounds of evaluations.

A coarse ladder of steps shows on which scale f bends; a fine one below that scale gives the estimates; a
few further steps are taken where the best of them was found, or where large and small steps contradict each
other.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ..formats import Array
from .candidates import Candidates, Shown, candidates, merged, pooled, shown
from .grain import grid_of, noise_floor, unit_of
from .judging import DONE, Lane, concluded, judged
from .ladders import Ladder
from .rungs import quotients, rungs_of
from .sampling import Samples
from .searching import fine, further
from .settling import Estimates, settled

ROUNDS = 5  # calls of a function that takes all points at once
SEARCHES = 3  # of them: after so many the ladder is as long as it gets
MOST = 8  # steps that a function asks for in one round, at most
Bools = npt.NDArray[np.bool_]


@dataclass
class Study:
    """An estimate on its way.

    Parameters
    ----------
    samples : Samples
    order : int
        Of the derivative, 1 to 4.
    ladder : Ladder
    shared : bool
        Whether steps are put on a grid, so that functions of the same x share evaluations.
    together : bool
        Whether all are of one f at one x, so that they share its noise.
    floor : float
        Rounding that f is known to have, besides that of its format.
    reach : float
        No step is larger.
    """

    samples: Samples
    order: int
    ladder: Ladder
    shared: bool = False
    together: bool = False
    floor: float = 0.0
    reach: float = np.inf
    lanes: list[Lane] = field(init=False)
    last: Shown = field(init=False)  # those looked at last
    unit: Array = field(init=False)
    grid: Array = field(init=False)

    def __post_init__(self) -> None:
        self.lanes = [Lane(scale=scale) for scale in self.samples.scale.tolist()]
        self.grid = np.zeros(len(self.lanes))

    def run(self) -> Estimates:
        """All rounds."""
        everyone = np.ones(len(self.lanes), dtype=bool)
        self.begin(self.ladder.coarse, everyone)
        self.advance()
        return self.estimates(everyone)

    def begin(self, exponents: tuple[float, ...], which: Bools) -> None:
        """Some lanes at given steps: powers of two times their scale."""
        samples = self.samples
        h = samples.scale[:, None] * 2.0 ** np.array(exponents, dtype=float)
        self.take(np.where(which[:, None], h, np.nan))
        side = sides(samples)
        for p in np.flatnonzero(which):
            self.lanes[p].side = int(side[p])

    def take(self, h: Array) -> None:
        """Further steps, shape (P, K), nan where a lane takes none; with f(x) where it is not known."""
        samples = self.samples
        h = np.where(h > self.reach, np.nan, h)
        samples.take(h, centre=np.isfinite(h).any(1) & np.isnan(samples.centre) & (samples.used == 0))
        self._learn()

    def advance(self) -> None:
        """All rounds after the first of the lanes that are not done."""
        samples = self.samples
        first = samples.rounds - 1
        stuck = 0  # times that all steps asked for were known already, or beyond the budget
        while (
            samples.rounds < first + ROUNDS and stuck < 2 and any(lane.stage < DONE for lane in self.lanes)
        ):
            before = samples.rounds
            wanted, again = self._wanted(searching=before < first + SEARCHES and not stuck)
            wanted = np.where(wanted > self.reach, np.nan, wanted)
            samples.take(wanted, np.array([lane.side for lane in self.lanes]), again)
            stuck = stuck + 1 if samples.rounds == before else 0
            self._learn()
        for lane in self.lanes:
            lane.stage = max(lane.stage, DONE)

    def estimates(self, which: Bools) -> Estimates:
        """What the steps so far show of some lanes."""
        self.last = self._shown(which)
        c = self._candidates(self.last, which)
        if self.together:
            c = pooled(c, self.last.least)
        lanes = [lane for lane, one in zip(self.lanes, which, strict=True) if one]
        for k, lane in enumerate(lanes):
            if lane.stage == DONE:
                concluded(lane, rungs_of(self.last, k, lane.side), c.lane(k), self.order, self.ladder)
        part = self.samples.subset(which)
        unit, grid = self.unit[which], self.grid[which]
        return settled(part, lanes, self.last, c, self.order, unit, grid, self.together)

    def steps(self, p: int) -> tuple[tuple[float, float, float], ...]:
        """Every step of a lane: its size, what it alone shows of the derivative, its rounding."""
        if self.order > 2:
            return ()
        with np.errstate(all="ignore"):
            r = rungs_of(self.last, p, self.lanes[p].side)
            q, noise = quotients(r, self.order)
        return tuple(zip(r.h.tolist(), q.tolist(), noise.tolist(), strict=True))

    def _learn(self) -> None:
        """What the values seen so far say of f's own precision."""
        self.unit = unit_of(self.samples)
        self.grid = np.maximum(self.grid, grid_of(self.samples, self.unit))  # more values can hide one
        if self.together:
            self.grid[:] = np.max(self.grid, initial=0.0)  # steps along one line may all be below it
        for lane, grid in zip(self.lanes, self.grid, strict=True):
            lane.grid = bool(grid)

    def _shown(self, which: Bools) -> Shown:
        part = self.samples.subset(which)
        floor = np.maximum(noise_floor(part, self.unit[which], self.grid[which]), self.floor)
        return shown(part, self.unit[which], floor)

    def _candidates(self, s: Shown, which: Bools) -> Candidates:
        side = np.array([lane.side for lane in self.lanes])[which]
        found = candidates(s, self.order, 0)
        for one in (1, -1):
            if (side == one).any():
                found = merged(found, candidates(s, self.order, one), side == one)
        return found

    def _wanted(self, searching: bool) -> tuple[Array, Bools]:
        """The next steps of every lane, and whose f(x) is wanted again."""
        count = len(self.lanes)
        wanted, again = np.full((count, MOST), np.nan), np.zeros(count, dtype=bool)
        stage = np.array([lane.stage for lane in self.lanes])
        if (stage == 0).any():
            s = self._shown(stage == 0)
            for k, p in enumerate(np.flatnonzero(stage == 0)):
                lane, r = self.lanes[p], rungs_of(s, k, self.lanes[p].side)
                more = further(r, self.order, self.ladder, lane.scale) if searching else ()
                if not len(more):
                    more = fine(r, self.order, self.ladder, lane.side)
                    lane.stage, again[p] = 1, True
                wanted[p, : len(more)] = more
        if (stage == 1).any():
            s = self._shown(stage == 1)
            c = self._candidates(s, stage == 1)
            for k, p in enumerate(np.flatnonzero(stage == 1)):
                lane, r = self.lanes[p], rungs_of(s, k, self.lanes[p].side)
                lane.outside = outside(self.samples, int(p), lane.side)
                more = judged(lane, r, c.lane(k), float(self.unit[p]), self.order, self.ladder)
                wanted[p, : len(more)] = more
                if not len(more):
                    lane.stage = DONE
        return (self._on_grid(wanted) if self.shared else wanted), again

    def _on_grid(self, wanted: Array) -> Array:
        scale, octaves = self.samples.scale[:, None], self.ladder.fine / 2
        found: Array = scale * 2.0 ** (np.rint(np.log2(wanted / scale) / octaves) * octaves)
        return found


def outside(samples: Samples, p: int, side: int) -> float:
    """The smallest step of a lane at which f was not finite, on the sides that count; inf if none."""
    right = np.isfinite(samples.above[p]) & ~np.isfinite(samples.right[p]) & (side >= 0)
    left = np.isfinite(samples.below[p]) & ~np.isfinite(samples.left[p]) & (side <= 0)
    return float(np.min(samples.h[p, right | left], initial=np.inf))


def sides(samples: Samples) -> npt.NDArray[np.int64]:
    """The side on which f is defined, where steps find it on one side only; else 0."""
    right, left = np.isfinite(samples.right).any(1), np.isfinite(samples.left).any(1)
    both = (np.isfinite(samples.right) & np.isfinite(samples.left)).any(1)
    return np.where(both, 0, np.where(right, 1, np.where(left, -1, 0)))
