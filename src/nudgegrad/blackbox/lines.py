"""Slopes of one function along several lines through a point: as few steps as their bars allow.

Every line is a function of one number, and all share f(x) and its rounding. A line has a few rungs at
first, further ones where those leave much open, and the whole ladder only where it is asked for. What is
read of them is what `study` reads of any function.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ..formats import Array, Format
from .grain import middle
from .judging import ASIDE, GOOD
from .ladders import ladder_of, scale_of
from .rungs import Rungs, rungs_of
from .sampling import Samples
from .searching import FINE, below
from .settling import Estimates, one_sided
from .study import Bools, Study

PLACE = 16.0  # the number on a line where x is: steps beside it have four digits fewer than the format
BUDGET = 100  # evaluations of a line
GOAL = 4 / 7  # power of u: a bar below that share of the slopes is good enough
REACH = 0.7  # of a line: no entry of x changes its sign on it
FEWER = 0.5  # of the bar: what a further rung must leave of it, or there are no more
MORE = 4  # rungs after the first
DIGITS = 3  # of a line's sizes


class Lines:
    """Lines through one point.

    Parameters
    ----------
    value : callable
        ``value(p, t)``: f on line p, at t; x is where t is 0.
    count : int
        Of lines; none has steps at first.
    format : Format
        Of x.
    centre, floor : float
        f(x), and the rounding that it is known to have, besides that of its format.
    """

    def __init__(
        self, value: Callable[[int, float], float], count: int, format: Format, centre: float, floor: float
    ) -> None:
        def evaluate(lanes: Array, points: Array) -> Array:
            steps = (points - PLACE).tolist()
            return np.array(
                [value(p, t) if t else centre for p, t in zip(lanes.tolist(), steps, strict=True)]
            )

        x = np.full(count, PLACE)
        samples = Samples(evaluate, x, scale_of(np.ones(count)), format, BUDGET)
        self.ladder = ladder_of(format)
        self.study = Study(samples, 1, self.ladder, together=True, floor=floor, reach=REACH)
        for lane in self.study.lanes:
            lane.stage = ASIDE
        self.there: Bools = np.zeros(count, dtype=bool)
        self.goal = format.u**GOAL
        self.noise = 0.0  # of one value: its standard deviation
        self.found: Estimates  # of the lines that have steps

    def begin(self, start: int, stop: int) -> None:
        """The first rungs of some lines."""
        which = np.zeros(len(self.there), dtype=bool)
        which[start:stop] = True
        self.there = self.there | which
        with np.errstate(all="ignore"):
            self.study.begin(self.ladder.short, which)
            self._read()

    def sharpen(self) -> None:
        """Further rungs where the first leave much open: below where the curve makes the bar, above where
        rounding does, one by one as long as it helps."""
        places = np.flatnonzero(self.there)
        helps, before = np.isfinite(self.found.bar), np.full(len(places), np.inf)
        octaves = self.ladder.short[0] - self.ladder.short[1]
        for _ in range(MORE):
            found, h = self.found, self.study.last.h
            known = np.isfinite(found.value)
            size = np.sqrt(np.mean(found.value[known] ** 2)) if known.any() else 0.0
            helps &= (found.bar > self.goal * size) & ~(found.bar > FEWER * before)
            if not helps.any():
                return
            before = found.bar
            curved = found.truncation >= found.rounding
            further = np.where(curved, np.nanmin(h, 1) * 2.0**-octaves, np.nanmax(h, 1) * 2.0**octaves)
            wanted = np.full((len(self.there), 1), np.nan)
            wanted[places[helps], 0] = further[helps]
            with np.errstate(all="ignore"):
                self.study.take(wanted)
                self._read()

    def deepen(self, which: Bools, fully: Bools) -> None:
        """The whole ladder of some lines, and what settles it where its rungs contradict each other.

        Parameters
        ----------
        which : array of bool
        fully : array of bool
            Those of them whose scale is not known yet.
        """
        lanes = self.study.lanes
        deep = np.zeros(len(lanes), dtype=bool)
        deep[: len(which)] = which
        with np.errstate(all="ignore"):
            self.study.begin(self.ladder.coarse, deep)
            for p in np.flatnonzero(which):
                stage, refined = (0, 0) if fully[p] else (1, len(GOOD))
                lanes[p] = replace(lanes[p], stage=stage, refined=refined)
            self.study.advance()
            self._read()
            rounded = self._quantum() / 2
            if rounded > self.study.floor:
                self.study.floor = rounded
                self._read()

    def _quantum(self) -> float:
        """The least change of f, where other steps change nothing: f can be rounded to it; else 0."""
        _, changes = self.changes()
        there = changes > 0
        return float(np.min(changes[there])) if there.any() and not there.all() else 0.0

    def confine(self, which: Bools, h: float) -> None:
        """Some lines anew, from steps up to h only."""
        lanes = self.study.lanes
        wanted = np.full((len(lanes), FINE), np.nan)
        wanted[: len(which)][which] = below(h, self.ladder)
        with np.errstate(all="ignore"):
            self.study.take(wanted)
            for p in np.flatnonzero(which):
                lanes[p] = replace(lanes[p], over=0.0, below=2 * h, torn=False, decided=True)
            self._read()

    def _read(self) -> None:
        self.found = self.study.estimates(self.there)
        there = np.isfinite(self.found.bar)
        self.noise = float(middle(np.where(there, self.found.noise, np.nan)[None])[0])

    def coarse(self) -> Bools:
        """The lines read from large steps that smaller ones contradict."""
        over = np.array([lane.decided and lane.over > 0 for lane in self.study.lanes], dtype=bool)
        return over[self.there]

    def sides(self) -> tuple[Array, Array]:
        """The slopes on the left and on the right, and their bars, of the lines last read."""
        with np.errstate(all="ignore"):
            return one_sided(self.study.last)

    @property
    def least(self) -> float:
        """The smallest of the first steps, but for rounding."""
        return float(self.study.samples.scale[0] * 2.0 ** self.ladder.short[-1]) * (1 - 2.0**-4)

    def rungs(self, k: int) -> Rungs:
        """Every step of one of the lines last read."""
        line = int(np.flatnonzero(self.there)[k])
        return rungs_of(self.study.last, k, self.study.lanes[line].side)

    def changes(self) -> tuple[Array, Array]:
        """All steps taken, and how far each moves f."""
        s = self.study.last
        change = np.fmax(np.abs(s.right), np.abs(s.left))
        there = np.isfinite(change)
        return s.h[there], change[there]

    def is_finite(self) -> bool:
        """Whether f is finite at all steps taken."""
        s = self.study.samples
        return bool(
            (np.isfinite(s.right) | np.isnan(s.above)).all()
            and (np.isfinite(s.left) | np.isnan(s.below)).all()
        )

    def rounding(self, h: Any) -> Any:
        """The rounding of what a step shows by itself, with its safety factor."""
        return float(self.study.last.least[0]) * self.noise / (math.sqrt(2) * h)


def few_digits(v: Array) -> Array:
    """The nearest numbers with `DIGITS` digits: with them x + t v is a number of x's format."""
    mantissa, exponent = np.frexp(v)
    found: Any = np.ldexp(np.rint(np.ldexp(mantissa, DIGITS)), exponent - DIGITS)
    return np.asarray(found, dtype=np.float64)
