"""The line integral of the claimed gradient: what rounding hides from a quotient at small steps.

If g is the gradient of f, then f(x + h v) - f(x - h v) is the integral of g . v from one point to the
other, for every h: there is no truncation but that of the quadrature, so steps can be large and rounding
small.
With three Gauss points the quadrature's error is of order h^6. A claim whose error varies along the segment
as a + b t + c t^2 shows a + c h^2 / 3; two segments, h and h / 2, differ by c h^2 / 4, which bounds that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..formats import Array
from .examined import Examined
from .slopes import Direction

LONG, SHORT, CONFIRMING = 0.25, 0.125, 0.0625  # steps
BESIDE = 128.0  # times u: a step that passes no kink
ALIKE = 0.5  # of S: by how much the two quadratures may differ
NODES = (0.5 - math.sqrt(0.15), 0.5, 0.5 + math.sqrt(0.15))  # Gauss-Legendre on [0, 1], exact to degree 5
WEIGHTS = (5 / 18, 8 / 18, 5 / 18)
PAIR = (0.5 - math.sqrt(1 / 12), 0.5 + math.sqrt(1 / 12))  # exact to degree 3


@dataclass
class Segment(Direction):
    """A direction along which the claimed gradient is integrated."""

    rule = tuple(zip(NODES, WEIGHTS, strict=True))

    def promised(self, above: Array, below: Array) -> float:
        """How much f rises from one point to the other, as the gradient claims on the way."""
        along = above - below
        claims = [(self.subject.claim(self.subject.round(below + t * along)), w) for t, w in self.rule]
        return float(sum(w * (claim @ along) for claim, w in claims))


class Halves(Segment):
    """The same by two Gauss points on each side of x: never at x, where a kink has many gradients."""

    rule = tuple((start + t / 2, 0.25) for start in (0.0, 0.5) for t in PAIR)


@dataclass
class Integrated:
    """S and its bar E by line integrals, along every direction.

    Parameters
    ----------
    segments : list of Segment
    step : float
        The one that is read.
    s, bars : array, shape (directions,)
    apart : array, shape (directions,)
        How far the two steps are apart.
    """

    segments: list[Segment]
    step: float
    s: Array
    bars: Array
    apart: Array


def integrated(examined: Examined) -> Integrated | None:
    """What line integrals show along the directions; None where they meet no numbers."""
    segments = [Segment(d.subject, d.v, d.claim) for d in examined.tracks]
    found = np.array([[segment.rise(h) for h in (LONG, SHORT)] for segment in segments])
    if not np.isfinite(found).all():
        return None
    apart = np.abs(found[:, 0] - found[:, 1])
    own = np.array([examined.own(segment) for segment in segments])
    read = []
    for k, (step, share) in enumerate(((LONG, 1.5), (SHORT, 0.5))):
        bars = examined.lines.rounding(step) + share * apart + own
        read.append(Integrated(segments, step, found[:, k], bars, apart))
    return min(read, key=lambda r: float(np.sum(r.bars**2)))


def confirmed(examined: Examined, found: Integrated) -> bool:
    """Whether a discrepancy that line integrals show is there beyond doubt.

    Both steps show it, the slopes do not speak against it, a third step agrees along every direction, and
    so do the two sides of x apart. A kink within the segments, or at x, fails at least one of these.
    """
    if float(np.sum(found.apart**2)) > 0.25 * float(np.sum(found.s**2)):
        return False
    n = len(found.s)
    if not (np.abs(found.s - examined.discrepancies[:n]) <= 3 * examined.bars[:n]).all():
        return False
    third = np.array([segment.rise(CONFIRMING) for segment in found.segments])
    allowed = examined.lines.rounding(CONFIRMING) + 0.2 * np.abs(found.s)
    if not (np.abs(third - found.s) <= allowed).all():
        return False
    apart = [halves(segment, found.step) for segment in found.segments]
    return bool(np.sum((apart - found.s) ** 2) <= ALIKE**2 * np.sum(found.s**2))


def halves(track: Direction, h: float) -> float:
    """What a step shows with the claim integrated on the two sides of x."""
    return Halves(track.subject, track.v, track.claim).rise(h)


def on_the_way(track: Direction, h: float, discrepancy: float) -> bool:
    """Whether the claim differs from f on the whole way between a step's points, and not by a kink there.

    A right claim leaps where f has a kink, and its integral is f's rise again; a wrong one is wrong by much
    the same all the way.
    """
    return abs(halves(track, h) - discrepancy) <= ALIKE * abs(discrepancy)


def alone(track: Direction, discrepancy: float) -> bool:
    """Whether the claim at x is apart from those beside it, by as much as it differs from f: at a kink a
    claim can be wrong at x only."""
    beside = [track.subject.claim(point) for point in track.points(BESIDE * track.subject.format.u)]
    return any(abs(float((claim - track.claim) @ track.v)) >= ALIKE * abs(discrepancy) for claim in beside)
