"""The values of some functions of one number each, at x and at steps on both sides of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ..formats import Array, Format
from .ladders import steps

Evaluate = Callable[[Array, Array], Array]  # lanes and points, shape (Q,) each -> values


@dataclass
class Samples:
    """P functions, each at x and at up to K rungs, the largest step first.

    Parameters
    ----------
    evaluate : callable
        Gives the values of some lanes at some points, in one call.
    x, scale : array, shape (P,)
    format : Format
        Of the points.
    budget : int
        Evaluations that each lane has in all.
    """

    evaluate: Evaluate
    x: Array
    scale: Array
    format: Format
    budget: int
    centre: Array = field(init=False)
    again: Array = field(init=False)  # f(x) a second time, nan before that
    above: Array = field(init=False)  # x + h as it is in the format, shape (P, K)
    below: Array = field(init=False)
    right: Array = field(init=False)  # f there
    left: Array = field(init=False)
    used: Array = field(init=False)
    rounds: int = 0

    def __post_init__(self) -> None:
        p = len(self.x)
        self.centre, self.again = np.full(p, np.nan), np.full(p, np.nan)
        self.above = self.below = self.right = self.left = np.full((p, 0), np.nan)
        self.used = np.zeros(p)

    @property
    def h(self) -> Array:
        """Half the distance of the two points of each rung; of one side where the other was not taken."""
        with np.errstate(all="ignore"):
            both = (self.above - self.below) / 2
            right, left = self.above - self.x[:, None], self.x[:, None] - self.below
        return np.where(np.isnan(both), np.where(np.isnan(right), left, right), both)

    def take(
        self, h: Array, sides: Array | None = None, centre: npt.NDArray[np.bool_] | None = None
    ) -> None:
        """Evaluate at further rungs, in one call.

        Parameters
        ----------
        h : array, shape (P, K)
            nan where a lane asks for fewer; what exceeds the budget is left out.
        sides : array, shape (P,), optional
            1 or -1 where only x + h or only x - h is wanted; 0 for both.
        centre : array of bool, shape (P,), optional
            Lanes whose f(x) is wanted as well.
        """
        sides = np.zeros(len(self.x)) if sides is None else sides
        none = np.zeros(len(self.x), dtype=bool)
        asked = none if centre is None else centre & (self.used < self.budget)
        above, below = steps(self.x[:, None], h, self.format)
        if self.above.size:  # a point that is known already is not taken again
            known = (above[:, :, None] == self.above[:, None, :]).any(2) | (
                below[:, :, None] == self.below[:, None, :]
            ).any(2)
            above, below = np.where(known, np.nan, above), np.where(known, np.nan, below)
        twice = np.zeros_like(above, dtype=bool)
        for k in range(1, above.shape[1]):
            same = (above[:, :k] == above[:, k : k + 1]) | (below[:, :k] == below[:, k : k + 1])
            twice[:, k] = same.any(1)
        above = np.where(twice | (sides < 0)[:, None], np.nan, above)
        below = np.where(twice | (sides > 0)[:, None], np.nan, below)
        cost = np.isfinite(above).astype(int) + np.isfinite(below)
        within = np.cumsum(cost, 1) + (self.used + asked)[:, None] <= self.budget
        above, below = np.where(within, above, np.nan), np.where(within, below, np.nan)
        lanes = np.broadcast_to(np.arange(len(self.x))[:, None], above.shape)
        up, down = np.isfinite(above), np.isfinite(below)
        points = np.concatenate([self.x[asked], above[up], below[down]])
        owners = np.concatenate([np.flatnonzero(asked), lanes[up], lanes[down]])
        if not len(points):
            return
        values = self.evaluate(owners, points)
        self.rounds += 1
        first, second = asked.sum(), asked.sum() + up.sum()
        new = np.isnan(self.centre) & asked & (self.used == 0)
        fresh = np.full(len(self.x), np.nan)
        fresh[asked] = values[:first]
        self.centre = np.where(new, fresh, self.centre)
        self.again = np.where(asked & ~new, fresh, self.again)
        right, left = np.full(above.shape, np.nan), np.full(below.shape, np.nan)
        right[up], left[down] = values[first:second], values[second:]
        self.used = self.used + asked + up.sum(1) + down.sum(1)
        self._merge(above, below, right, left)

    def _merge(self, above: Array, below: Array, right: Array, left: Array) -> None:
        self.above = np.concatenate([self.above, above], 1)
        self.below = np.concatenate([self.below, below], 1)
        self.right = np.concatenate([self.right, right], 1)
        self.left = np.concatenate([self.left, left], 1)
        order = np.argsort(np.where(np.isnan(self.h), np.inf, -self.h), 1, kind="stable")
        most = max(int(np.isfinite(self.h).sum(1).max(initial=0)), 1)
        order = order[:, :most]
        for name in ("above", "below", "right", "left"):
            setattr(self, name, np.take_along_axis(getattr(self, name), order, 1))

    def subset(self, lanes: npt.NDArray[np.bool_]) -> Samples:
        """The same of some lanes; what it evaluates counts for itself."""
        part = Samples(self.evaluate, self.x[lanes], self.scale[lanes], self.format, self.budget)
        for name in ("centre", "again", "above", "below", "right", "left", "used"):
            setattr(part, name, getattr(self, name)[lanes])
        return part
