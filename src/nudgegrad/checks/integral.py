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
from .slopes import NOISE, Direction

LONG, SHORT, CONFIRMING = 0.25, 0.125, 0.0625  # steps
NODES = (0.5 - math.sqrt(0.15), 0.5, 0.5 + math.sqrt(0.15))  # Gauss-Legendre on [0, 1], exact to degree 5
WEIGHTS = (5 / 18, 8 / 18, 5 / 18)


@dataclass
class Segment(Direction):
    """A direction along which the claimed gradient is integrated."""

    def promised(self, above: Array, below: Array) -> float:
        """How much f rises from one point to the other, as the gradient claims on the way."""
        along = above - below
        claims = [self.subject.claim(self.subject.round(below + t * along)) for t in NODES]
        return float(sum(w * (claim @ along) for w, claim in zip(WEIGHTS, claims, strict=True)))


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


def integrated(examined: Examined, count: int) -> Integrated | None:
    """What line integrals show along the first directions; None where they meet no numbers.

    Parameters
    ----------
    count : int
        Of directions.
    """
    segments = [Segment(d.subject, d.v, d.claim, d.centre, d.grid) for d in examined.tracks[:count]]
    found = np.array([[segment.at(h).d for h in (LONG, SHORT)] for segment in segments])
    if not np.isfinite(found).all():
        return None
    apart = np.abs(found[:, 0] - found[:, 1])
    own = np.array([examined.own(segment) for segment in segments])
    read = []
    for k, (step, share) in enumerate(((LONG, 1.5), (SHORT, 0.5))):
        bars = NOISE * examined.noise / step + share * apart + own
        read.append(Integrated(segments, step, found[:, k], bars, apart))
    return min(read, key=lambda r: float(np.sum(r.bars**2)))


def confirmed(examined: Examined, found: Integrated) -> bool:
    """Whether a discrepancy that line integrals show is there beyond doubt.

    Both steps show it, the quotients do not speak against it, and a third step agrees along every
    direction. A kink within the segments fails at least one of these.
    """
    if float(np.sum(found.apart**2)) > 0.25 * float(np.sum(found.s**2)):
        return False
    quotients, bars = examined.estimates()
    n = len(found.s)
    if not (np.abs(found.s - quotients[:n]) <= 3 * bars[:n]).all():
        return False
    third = np.array([segment.at(CONFIRMING).d for segment in found.segments])
    allowed = NOISE * examined.noise / CONFIRMING + 0.2 * np.abs(found.s)
    return bool((np.abs(third - found.s) <= allowed).all())
