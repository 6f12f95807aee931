"""What can make a difference between f and its claimed gradient one of the steps, not of the gradient.

Kinks at x and near it, oscillations that large steps do not see, values that are rounded: the whole ladder
of steps shows them, before a gradient is called wrong.
"""

from __future__ import annotations

import numpy as np

from ..blackbox.breaks import beneath
from ..blackbox.result import Code as Shown
from ..formats import Array
from .examined import Bools, Examined
from .result import Code

SURELY = 6.0  # times the rounding of a step's slope,
SHARP = 4.0  # and by how much that is below the difference of two slopes that it can tell
MOVED = 0.5  # of S: what the whole ladder must leave of it


def worst(examined: Examined, count: int, among: Bools | None = None) -> Bools:
    """The directions along which the claim is furthest off, over its bar; the unknown first."""
    ratios = np.abs(examined.discrepancies) / np.maximum(examined.bars, 1e-300)
    ratios = np.where(np.isnan(ratios), np.inf, ratios)
    if among is not None:
        ratios = np.where(among, ratios, -1.0)
    found = np.zeros(len(ratios), dtype=bool)
    found[np.argsort(-ratios)[:count]] = True
    return found if among is None else found & among


def wide(examined: Examined, coarse: float) -> Bools:
    """The directions along which too little is known, beside how fast f changes along all of them."""
    found = examined.found
    if not examined.most() or examined.is_random():
        return np.zeros(len(found.bar), dtype=bool)  # further steps would say no more
    known = found.value[np.isfinite(found.value)]
    size = float(np.sqrt(np.mean(known**2))) if known.size else 0.0
    return np.asarray(~(found.bar <= coarse * max(size, examined.changing()))) & ~is_kinked(examined)


def moved(examined: Examined, before: Array, bars: Array) -> bool:
    """Whether slopes that the first steps showed are not those of the whole ladder."""
    off = np.abs(examined.discrepancies - before) > np.maximum(MOVED * np.abs(before), bars + examined.bars)
    return bool((off & ~is_kinked(examined)).any())


def contradicting(examined: Examined) -> Bools:
    """Along which directions steps contradict each other, or f's values are too coarse for a slope.

    A slope that is small beside its bar can be what large steps see of waves: no smaller step may differ.
    """
    found = examined.found
    unclear = examined.codes(Shown.SCALES, Shown.GRID) | examined.lines.coarse()
    for j in np.flatnonzero(examined.codes(Shown.WIDE)).tolist():
        value, bar, bottom = float(found.value[j]), float(found.bar[j]), float(found.bottom[j])
        unclear[j] = beneath(examined.lines.rungs(j), value, bar, bottom, sure=True) is not None
    return unclear


def supported(examined: Examined, j: int) -> bool:
    """Whether the smallest step that can tell f's slope from the claimed one shows the claimed one."""
    r, track = examined.lines.rungs(j), examined.tracks[j]
    apart, own = abs(float(examined.found.value[j]) - track.claimed), examined.own(track)
    off = SURELY * r.noise + own
    sharp = np.flatnonzero((r.h < examined.step(j)) & (off < apart / SHARP))
    return bool(len(sharp) and abs(r.slope[sharp[-1]] - track.claimed) <= off[sharp[-1]])


def unseen(examined: Examined) -> Code:
    """Why a slope of f is none."""
    bends = examined.lines.is_finite() or examined.codes(Shown.JUMP, Shown.STEEP).any()
    return Code.NEAR_KINK if bends else Code.NOT_FINITE


def is_kinked(examined: Examined) -> Bools:
    """Along which directions f has a kink at x."""
    return examined.codes(Shown.KINK)


def is_subgradient(examined: Examined) -> bool:
    """Whether the claim lies between the one-sided slopes along every direction, some more than so far."""
    if not _inside(examined):
        return False
    examined.more()
    return _inside(examined)


def jumps(examined: Examined) -> Array:
    """How far the one-sided slopes are apart: what a valid subgradient leaves open; shape (directions,)."""
    sides, _ = examined.lines.sides()
    return np.asarray(np.abs(sides[:, 1] - sides[:, 0]))


def _inside(examined: Examined) -> bool:
    """Whether the claim lies between the one-sided slopes, within their bars."""
    sides, bars = examined.lines.sides()
    claimed = np.array([track.claimed for track in examined.tracks])
    own = np.array([examined.own(track) for track in examined.tracks])
    low, high = sides.min(1) - bars.max(1) - own, sides.max(1) + bars.max(1) + own
    return bool(((low <= claimed) & (claimed <= high)).all())
