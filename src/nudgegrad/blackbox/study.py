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
from .candidates import Candidates, Shown, candidates, merged, shown
from .grain import grid_of, noise_floor, unit_of
from .judging import Lane, concluded, judged
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
        self.lanes = [Lane(scale=scale) for scale in self.samples.scale.tolist()]
        self.grid = np.zeros(len(self.lanes))

    def run(self) -> Estimates:
        """All rounds."""
        samples, everyone = self.samples, np.ones(len(self.lanes), dtype=bool)
        coarse = samples.scale[:, None] * 2.0 ** np.array(self.ladder.coarse, dtype=float)
        samples.take(coarse, centre=everyone)
        self._learn()
        for lane, side in zip(self.lanes, sides(samples).tolist(), strict=True):
            lane.side = side
        stuck = 0  # times that all steps asked for were known already, or beyond the budget
        while samples.rounds < ROUNDS and stuck < 2 and any(lane.stage < 2 for lane in self.lanes):
            before = samples.rounds
            wanted, again = self._wanted(searching=samples.rounds < SEARCHES and not stuck)
            samples.take(wanted, np.array([lane.side for lane in self.lanes]), again)
            stuck = stuck + 1 if samples.rounds == before else 0
            self._learn()
        self.last = self._shown(everyone)
        c = self._candidates(self.last, everyone)
        for p, lane in enumerate(self.lanes):
            concluded(lane, rungs_of(self.last, p, lane.side), c.lane(p), self.order, self.ladder)
        return settled(samples, self.lanes, self.last, c, self.order, self.unit, self.grid)

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
        for lane, grid in zip(self.lanes, self.grid, strict=True):
            lane.grid = bool(grid)

    def _shown(self, which: Bools) -> Shown:
        part = self.samples.subset(which)
        floor = noise_floor(part, self.unit[which], self.grid[which])
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
                    lane.stage = 2
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
