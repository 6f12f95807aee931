"""A check on its way: its directions, what each shows so far, and how that compares with their bars."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from ..formats import Array
from .slopes import Direction, Rung
from .subject import Subject

VISIBLE = 10.0  # times the noise: a change of f that is one
FLAT = 100.0  # times u and how fast f changes: a claim below it is 0 but for rounding


@dataclass
class Examined:
    """A check on its way.

    Parameters
    ----------
    subject : Subject
    claim : array, shape (P,)
    own_entries : array, shape (P,)
        How far the claim moves for a change of x by 2 u.
    centre : float
        f(x).
    noise : float
        eps: standard deviation of f's rounding.
    s : array, shape (P,)
        Scales.
    """

    subject: Subject
    claim: Array
    own_entries: Array
    centre: float
    noise: float
    s: Array
    tracks: list[Direction] = field(default_factory=list)
    rung: int = 0
    rungs: dict[int, int] = field(
        default_factory=dict
    )  # of directions that are read at a rung of their own

    def along(self, v: Array) -> Direction:
        """The direction that moves each entry by v times its scale."""
        first = self.tracks[0]
        return Direction(self.subject, self.s * v, self.claim, self.centre, first.grid)

    def own(self, direction: Direction) -> float:
        """The claim's own rounding along a direction."""
        u = self.subject.format.u
        return 6 * u * direction.size + 2 * abs(float(self.own_entries @ direction.v))

    def estimates(self) -> tuple[Array, Array]:
        """S and E of every direction."""
        found = [d.pair(self.rung_of(d), self.noise, self.own(d)) for d in self.tracks]
        return np.array([s for s, _ in found]), np.array([e for _, e in found])

    def rung_of(self, direction: Direction) -> int:
        """The rung at which a direction is read."""
        return self.rungs.get(id(direction), self.rung)

    def step_of(self, direction: Direction) -> float:
        """The smaller step of the pair at which a direction is read."""
        return direction.grid.h(self.rung_of(direction) + 1)

    def change(self, rung: Rung) -> float:
        """How far a step moves f."""
        return max(abs(rung.right - self.centre), abs(rung.left - self.centre))

    def most(self) -> float:
        """How far any step moves f."""
        changes = [self.change(r) for track in self.tracks for r in track.rungs.values()]
        return max(filter(math.isfinite, changes), default=0.0)

    def changing(self) -> float:
        """How fast f changes over the steps taken, where that is more than noise; 0 where it is nowhere."""
        known = [r for track in self.tracks for r in track.rungs.values()]
        fast = [self.change(r) / r.h for r in known if self.change(r) > VISIBLE * self.noise]
        return max(filter(math.isfinite, fast), default=0.0)

    def is_zero(self, bars: Array) -> bool:
        """Whether the claim is 0 but for rounding.

        It is where it is tiny beside what f does over a step, and another one a rounding of x away; or tiny
        beside f, where f does nothing that can be seen and the claim is far below what could be.
        """
        claimed, tiny = self._claimed(), FLAT * self.subject.format.u
        changing = self.changing()
        if changing:
            own = float(np.linalg.norm(self.own_entries * self.tracks[0].v))
            return claimed <= min(tiny * changing, VISIBLE * own)
        return claimed <= min(tiny * abs(self.centre), _rms(bars) / VISIBLE)

    def rho(self, bars: Array) -> float:
        """rms bar over ||g * s||; for a gradient of 0 over how fast f changes, or over abs(f)."""
        size = self._claimed()
        if self.is_zero(bars):
            size = self.changing() or abs(self.centre)
        whole = _rms(bars)
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
