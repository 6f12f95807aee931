"""The discrepancy of a claimed gradient along one direction: a ladder of steps, and what each step shows.

With x+ and x- the numbers really taken for x + h v and x - h v,

    D(h) = (f(x+) - f(x-) - g . (x+ - x-)) / (2h) = (true - claimed slope) + c h^2 + ... + noise / h,

so two rungs h1 > h2 = h1 / q give S = D2 + (D2 - D1) / (q^2 - 1), free of the h^2 term, and what is left is
below |D2 - D1| / q where the changes shrink as they should, and of the size of |D2 - D1| where they do not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from ..formats import Array, Format
from .subject import Subject

NOISE = 1.3  # times eps / h: the rounding of D
ORDERS = (3, 4, 5)  # of differences from which noise is read


@dataclass(frozen=True)
class Grid:
    """The rungs of one number format.

    Parameters
    ----------
    base, ratio : float
        Rung i is base / ratio**i.
    levels : int
    first : int
        The rung at which the search starts.
    tiny : float
        The step at which noise is measured.
    """

    base: float
    ratio: float
    levels: int
    first: int
    tiny: float

    def h(self, i: int) -> float:
        """The step of rung `i`."""
        return self.base / self.ratio**i


def grid_of(fmt: Format) -> Grid:
    """The rungs of a format."""
    if fmt.precision >= 53:
        return Grid(0.25, 4.0, 14, 4, 2.0**-46)
    if fmt.precision >= 24:
        return Grid(0.25, 4.0, 7, 2, 2.0**-17)
    return Grid(0.5, 2.0, 5, 1, 2.0**-5)


@dataclass
class Rung:
    """What one step shows: D, and the jump from the left slope to the right one."""

    h: float
    d: float
    jump: float
    right: float  # f(x+) and f(x-)
    left: float


@dataclass
class Direction:
    """One direction with its rungs.

    Parameters
    ----------
    subject : Subject
    v : array, shape (P,)
    claim : array, shape (P,)
        The claimed gradient.
    centre : float
        f(x).
    """

    subject: Subject
    v: Array
    claim: Array
    centre: float
    grid: Grid
    rungs: dict[int, Rung] = field(default_factory=dict)
    tiny: tuple[Rung, ...] = ()

    def points(self, h: float) -> tuple[Array, Array]:
        """The numbers taken for x + h v and x - h v: away from 0 rounded first, then reflected, because the
        grid is never coarser on the inner side."""
        x, s = self.subject.x, self.subject
        outward = np.where(x >= 0, 1.0, -1.0)
        far = s.round(x + outward * np.abs(h * self.v))
        near = s.round(x - (far - x))
        up = outward * self.v > 0
        return np.where(up, far, near), np.where(up, near, far)

    def rung(self, i: int) -> Rung:
        """Rung `i`, evaluated once."""
        if i not in self.rungs:
            self.rungs[i] = self.at(self.grid.h(i))
        return self.rungs[i]

    def at(self, h: float) -> Rung:
        """What the step h shows."""
        above, below = self.points(h)
        right, left = self.subject.value(above), self.subject.value(below)
        d = (right - left - self.promised(above, below)) / (2 * h)
        return Rung(h, d, (right + left - 2 * self.centre) / h, right, left)

    def smallest(self) -> tuple[Rung, ...]:
        """Three steps so small that f is nearly a line, evaluated once."""
        if not self.tiny:
            self.tiny = tuple(self.at(self.grid.tiny * k) for k in (1, 2, 3))
        return self.tiny

    def middle(self) -> Rung:
        """A step between the last rung and the smallest ones."""
        return self.at(math.sqrt(self.grid.h(self.grid.levels - 1) * self.grid.tiny))

    def promised(self, above: Array, below: Array) -> float:
        """How much f rises from one point to the other, as the gradient claims."""
        return float(self.claim @ (above - below))

    @property
    def size(self) -> float:
        """||g * v||: what the errors of a gradient are measured by."""
        return float(np.linalg.norm(self.claim * self.v))

    def pair(self, i: int, noise: float, own: float) -> tuple[float, float]:
        """S and its bar E from rungs `i` and `i + 1`.

        Parameters
        ----------
        noise : float
            eps: standard deviation of f's rounding.
        own : float
            The claim's own rounding along v.
        """
        first, second, q = self.rung(i), self.rung(i + 1), self.grid.ratio
        change = second.d - first.d
        rounding = NOISE * noise / second.h
        before = self.rungs.get(i - 1)
        shrinks = before is None or abs(change) <= abs(first.d - before.d) / q + 2 * q * rounding
        if shrinks:
            return second.d + change / (q * q - 1), abs(change) / q + rounding + own
        return second.d, abs(change) + rounding + own


def noise_of(direction: Direction) -> float:
    """The standard deviation of f's rounding, from differences of f at x + i t v, i = -3 .. 3.

    Notes
    -----
    A k-th difference of independent errors has variance binom(2k, k) times theirs (Moré & Wild 2011,
    section 3). Steps are so small that f itself adds nothing to the third difference.
    """
    pairs = direction.smallest()
    values = [*(p.left for p in reversed(pairs)), direction.centre, *(p.right for p in pairs)]
    found = 0.0
    for k in ORDERS:
        differences = np.diff(values, k)
        found = max(found, float(np.sqrt(np.mean(differences**2) / math.comb(2 * k, k))))
    return found


def search(direction: Direction, noise: float, own: float, moves: int = 4) -> int:
    """The rung from which the bar is least, found from the first one in a few moves."""
    grid, i = direction.grid, direction.grid.first
    best, least = i, math.inf
    seen: set[int] = set()
    for _ in range(moves + 1):
        i = max(0, min(grid.levels - 2, i))
        if i in seen:
            break
        seen.add(i)
        _, bar = direction.pair(i, noise, own)
        if bar < least:
            best, least = i, bar
        first, second = direction.rung(i), direction.rung(i + 1)
        truncation = abs(second.d - first.d) / grid.ratio
        rounding = NOISE * noise / second.h
        if truncation > 1.5 * rounding:
            ratio = truncation / rounding if rounding else math.inf
            i += max(1, round(min(math.log(ratio, grid.ratio) / 3, 6)) if math.isfinite(ratio) else 4)
        elif truncation < 0.3 * rounding:
            i -= 2
        else:
            break
    return best
