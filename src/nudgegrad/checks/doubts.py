"""What can make a difference between f and its claimed gradient one of the steps, not of the gradient.

Kinks at x and near it, oscillations that large steps do not see, values that are rounded: each is looked
for before a gradient is called wrong.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import combinations, pairwise
from typing import Any

import numpy as np

from ..formats import Array
from .directions import directions
from .examined import Examined
from .slopes import NOISE, Direction, Rung

MORE = 12  # directions along which a subgradient must lie between the slopes
OPEN = 3.0  # times eps / h: what noise can do to one D


def quantum(examined: Examined) -> float:
    """The least change of f, where smaller steps change nothing at all: f is rounded; else 0."""
    steps = [r for track in examined.tracks for r in (*track.rungs.values(), *track.tiny)]
    changes = [examined.change(r) for r in steps]
    there = [c for c in changes if c > 0]
    return min(there) if there and len(there) < len(changes) else 0.0


def learn_noise(examined: Examined, worst: Iterable[int]) -> bool:
    """Take as noise what noise must be: changes at small steps that it does not explain yet.

    Returns
    -------
    bool
        Whether it is more than was known. Then each direction is read at its best pair anew.
    """
    known = examined.noise
    for track in (examined.tracks[j] for j in worst):
        ladder = [track.rungs[i] for i in sorted(track.rungs)]
        best = examined.step_of(track)
        small = [abs(a.d - b.d) * b.h for a, b in pairwise(ladder) if b.h < best / 2]
        if small and max(small) > OPEN * examined.noise:
            examined.noise = max(small)
    if examined.noise <= known:
        return False
    for track in examined.tracks:
        pairs = [i for i in track.rungs if i + 1 in track.rungs]
        own = examined.own(track)
        spans = {i: track.pair(i, examined.noise, own)[1] for i in pairs}
        examined.rungs[id(track)] = min(spans, key=lambda i: spans[i]) if spans else examined.rung
    return True


def contradicting(examined: Examined, discrepancies: Array, bars: Array) -> list[Rung]:
    """Smaller steps that agree with each other that S is not so; empty if there are none.

    Notes
    -----
    D tends to the true discrepancy as h shrinks, so that every smaller step must show S within its noise.
    Noise alone does not make two of them agree on something else: it is twice as large at half the step.
    A single entry of x shows in every direction, so one direction is enough: the one in which noise was
    measured, if it shows the discrepancy, because its smallest steps are known.

    Parameters
    ----------
    discrepancies, bars : array, shape (directions,)
        S and E.
    """
    ratios = np.abs(discrepancies) / np.maximum(bars, 1e-300)
    most = int(np.argmax(np.abs(discrepancies)))
    shows = ratios[0] > OPEN and abs(discrepancies[0]) > 0.3 * abs(discrepancies[most])
    j = 0 if shows else most
    track, mine = examined.tracks[j], float(discrepancies[j])
    track.rung(track.grid.levels - 1)
    steps = [*track.rungs.values(), *track.smallest(), track.middle()]
    own = examined.own(track)

    def open_at(rung: Rung) -> float:
        return OPEN * examined.noise / rung.h + own

    other = [
        r
        for r in steps
        if r.h < examined.step_of(track)
        and examined.change(r)
        and open_at(r) <= 0.3 * abs(mine)
        and abs(r.d - mine) > 0.5 * abs(mine) + open_at(r)
    ]
    agreeing = [
        pair
        for pair in combinations(other, 2)
        if abs(pair[0].d - pair[1].d) <= 0.2 * abs(mine) + sum(map(open_at, pair))
        and max(r.h for r in pair) >= 2 * min(r.h for r in pair)
    ]
    return sorted({id(r): r for pair in agreeing for r in pair}.values(), key=lambda r: r.h)


def neighbour_agrees(examined: Examined, j: int, mine: float, noise: float) -> bool:
    """Whether another rung than the pair's smaller one shows a discrepancy of the same sign and size.

    The next smaller rung must, where noise lets it; else one of the larger ones.
    """
    track = examined.tracks[j]
    i = examined.rung_of(track)
    if i + 2 < track.grid.levels and OPEN * noise / track.grid.h(i + 2) <= 0.2 * abs(mine):
        return _agrees(track.rung(i + 2), mine, noise)
    near = [track.rungs[k] for k in (i - 1, i, i + 2) if k in track.rungs]
    return any(_agrees(rung, mine, noise) for rung in near)


def _agrees(rung: Rung, mine: float, noise: float) -> bool:
    return bool(abs(rung.d - mine) <= 0.5 * abs(mine) and abs(rung.d) > 2 * noise / rung.h)


def is_kink(examined: Examined, j: int) -> bool:
    """Whether the right and left slopes stay apart as the step shrinks."""
    track = examined.tracks[j]
    best = examined.step_of(track)
    jump = abs(track.rung(examined.rung_of(track) + 1).jump)
    small = [
        r
        for r in track.rungs.values()
        if r.h <= best / 4 and abs(r.jump) > 6 * NOISE * examined.noise / r.h
    ]
    if not small:
        return False
    least = min(small, key=lambda r: r.h)
    return bool(abs(least.jump) > math.sqrt(least.h / best) * jump)


def is_subgradient(examined: Examined) -> bool:
    """Whether the claim lies between the one-sided slopes along every direction, some more than so far."""
    if not all(_inside(examined, track) for track in examined.tracks):
        return False
    more: Any = directions(len(examined.s), MORE, seed=7) if len(examined.s) > 1 else []
    return all(_inside(examined, examined.along(v)) for v in more)


def jumps(examined: Examined) -> Array:
    """How far the one-sided slopes are apart: what a valid subgradient leaves open; shape (directions,)."""
    return np.array([abs(t.rung(examined.rung_of(t) + 1).jump) for t in examined.tracks])


def _inside(examined: Examined, track: Direction) -> bool:
    """Whether the claim lies between the one-sided slopes, within their bars."""
    rung = track.rung(examined.rung_of(track) + 1)
    half = abs(rung.jump) / 2
    return bool(abs(rung.d) <= half + OPEN * examined.noise / rung.h + examined.own(track))
