"""A check on its way: its directions, what f shows along them, and how that compares with the claim."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ..blackbox.lines import Lines, few_digits
from ..blackbox.result import Code as Shown
from ..blackbox.settling import Estimates
from ..formats import Array
from .directions import COUNT, directions
from .slopes import Direction
from .subject import Subject

AGAIN = 8  # more directions where four are not sure: groups of errors can nearly cancel in four
REPEATS = 2.0  # times how f's values spread from call to call: what that adds to its noise
VISIBLE = 20.0  # times the noise: a change of f that is one
FLAT = 100.0  # times u and how fast f changes: a claim below it is 0 but for rounding
Bools = npt.NDArray[np.bool_]


@dataclass
class Examined:
    """A check on its way.

    Parameters
    ----------
    subject : Subject
    claim : array, shape (P,)
    own_entries : array, shape (P,)
        How far the claim moves for a change of x by 2 u.
    centre, repeat : float
        f(x), and the standard deviation from one call to the next.
    s : array, shape (P,)
        Scales.
    seed : int
        Of the directions.
    """

    subject: Subject
    claim: Array
    own_entries: Array
    centre: float
    repeat: float
    s: Array
    seed: int
    tracks: list[Direction] = field(init=False)
    lines: Lines = field(init=False)
    found: Estimates = field(init=False)  # of the slopes of f: the claim has no part in them
    discrepancies: Array = field(init=False)  # S: slopes less what is claimed
    bars: Array = field(init=False)  # E

    def __post_init__(self) -> None:
        self.tracks = [self._along(v) for v in directions(len(self.s), COUNT, self.seed)]
        floor, fmt = REPEATS * self.repeat, self.subject.format
        self.lines = Lines(lambda p, t: self.tracks[p].value(t), COUNT + AGAIN, fmt, self.centre, floor)
        self.lines.begin(0, COUNT)
        self.read()

    def _along(self, v: Array) -> Direction:
        return Direction(self.subject, few_digits(self.s * v), self.claim)

    def more(self) -> None:
        """`AGAIN` more directions, at most once."""
        if len(self.tracks) == COUNT and len(self.s) > 1:
            self.tracks += [self._along(v) for v in directions(len(self.s), AGAIN, self.seed + 101)]
            self.lines.begin(COUNT, COUNT + AGAIN)
            self.sharpen()

    def sharpen(self) -> None:
        """Further steps where the first leave much open."""
        self.lines.sharpen()
        self.read()

    def deepen(self, which: Bools, fully: Bools) -> None:
        """The whole ladder of some directions, and the scale of f where it is not known."""
        self.lines.deepen(which | fully, fully)
        self.read()

    def confine(self, which: Bools) -> None:
        """Some directions anew, from steps no larger than those that the others are read from."""
        self.lines.confine(which, float(np.max(self.found.h[~which])))
        self.read()

    def read(self) -> None:
        """S and E of every direction; at a kink S is how far the claim is outside of the two slopes."""
        self.found = self.lines.found
        claimed = np.array([track.claimed for track in self.tracks])
        value, bar, kinked = self.found.value, self.found.bar, self.codes(Shown.KINK)
        if kinked.any():
            sides, bars = self.lines.sides()
            value = np.where(kinked, np.clip(claimed, sides.min(1), sides.max(1)), value)
            bar = np.where(kinked, bars.max(1), bar)
        self.discrepancies = value - claimed
        self.bars = bar + np.array([self.own(track) for track in self.tracks])

    def codes(self, *codes: Shown) -> Bools:
        """Along which directions f shows one of these."""
        return np.array([code in codes for code in self.found.code], dtype=bool)

    def own(self, direction: Direction) -> float:
        """The claim's own rounding along a direction."""
        u = self.subject.format.u
        return 6 * u * direction.size + 2 * abs(float(self.own_entries @ direction.v))

    def step(self, j: int) -> float:
        """The step along a direction that by itself shows the slope best."""
        r = self.lines.rungs(j)
        off = np.abs(r.slope - self.found.value[j]) + self.lines.rounding(r.h)
        return float(r.h[np.argmin(np.where(r.h <= self.found.h[j], off, np.inf))])

    def is_below(self) -> bool:
        """Whether f's slopes are read from steps below all the first ones."""
        return bool((self.found.h < self.lines.least).any())

    def curved(self, h: float) -> float:
        """How far f's curve moves what a step shows, along the directions that have it."""
        found = [0.0]
        for j in range(len(self.tracks)):
            r = self.lines.rungs(j)
            found += np.abs(r.slope - self.found.value[j])[np.isclose(r.h, h, rtol=1e-3)].tolist()
        return max(filter(math.isfinite, found))

    def is_still(self) -> bool:
        """Whether no step from which a slope is read changes f."""
        for j, top in enumerate(self.found.h):
            r = self.lines.rungs(j)
            if (r.right[r.h <= top].any()) or (r.left[r.h <= top].any()):
                return False
        return True

    def is_random(self) -> bool:
        """Whether f gives other values each time by more than rounding does."""
        size = max(abs(self.centre), self.most())
        return self.repeat > math.sqrt(self.subject.format.u) * size

    def most(self) -> float:
        """How far any step moves f."""
        _, changes = self.lines.changes()
        return float(np.max(changes, initial=0.0))

    def changing(self) -> float:
        """How fast f changes over the steps taken, where that is more than noise; 0 where it is nowhere."""
        h, changes = self.lines.changes()
        return float(np.max((changes / h)[changes > VISIBLE * self.lines.noise], initial=0.0))

    def is_zero(self) -> bool:
        """Whether the claim is 0 but for rounding.

        It is where it is tiny beside what f does over a step, and another one a rounding of x away; or tiny
        beside f, where f does nothing that can be seen and the claim is far below what could be.
        """
        claimed, tiny = self._claimed(), FLAT * self.subject.format.u
        changing = self.changing()
        if changing:
            own = float(np.linalg.norm(self.own_entries * self.tracks[0].v))
            return claimed <= min(tiny * changing, VISIBLE * own)
        return claimed <= min(tiny * abs(self.centre), _rms(self.bars) / VISIBLE)

    def rho(self, bars: Array | None = None) -> float:
        """rms bar over ||g * s||; for a gradient of 0 over how fast f changes, or over abs(f)."""
        size = self._claimed()
        if self.is_zero():
            size = self.changing() or abs(self.centre)
        whole = _rms(self.bars if bars is None else bars)
        return whole / size if size else (0.0 if whole == 0 else math.inf)

    def _claimed(self) -> float:
        return _rms(np.array([d.size for d in self.tracks]))


def _rms(values: Array) -> float:
    return float(np.sqrt(np.mean(values**2)))


def q_of(discrepancies: Array, bars: Array) -> float:
    """Q = 4 mean (S / E)^2."""
    with np.errstate(all="ignore"):
        ratios = np.where(discrepancies == 0, 0.0, discrepancies / bars)
    return 4 * float(np.mean(ratios**2))
