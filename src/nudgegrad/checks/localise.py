"""Where a gradient is wrong: sign queries that spell an index in binary, slices, and bisection.

The discrepancy along a pattern of signs w, S(w) = sum_k err_k s_k w_k, is linear in w. If all errors share
their index along an axis, then flipping the signs of all entries whose index has bit b set keeps |S|, and
turns its sign exactly if the shared index has that bit: log2 n queries spell it. If that holds along every
axis, one entry is wrong; if along some, a slice. Otherwise halves of the block are tried.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..formats import Array
from .blocks import Block
from .directions import SPREAD
from .slopes import Direction

CLEAR = 3.0  # bars by which a discrepancy must stand out to be followed
DOUBTFUL = 30.0  # bars up to which a discrepancy is looked at with half the step
MOST = 12  # entries that are listed


@dataclass(frozen=True)
class Wrong:
    """One wrong entry, or a slice of them.

    Parameters
    ----------
    block : str
    index : tuple
        Of an entry; ``slice(None)`` stands for a whole axis.
    claimed, measured, bar : float
        Of an entry; for a slice the slope along one direction within it.
    """

    block: str
    index: tuple[int | slice, ...]
    claimed: float
    measured: float
    bar: float


@dataclass(frozen=True)
class Found:
    """What localisation found in one block.

    Parameters
    ----------
    wrong : tuple of Wrong
    complete : bool
        Whether nothing else stands above the bar.
    """

    wrong: tuple[Wrong, ...]
    complete: bool


class Probe:
    """Measures the discrepancy along patterns, at one step.

    Parameters
    ----------
    bar : float
        The rounding of one measurement.
    track : Direction
        Directions are of its kind.
    curved : float
        What the curve of f adds to D at this step, along the directions that are known.
    """

    def __init__(self, scale: Array, h: float, bar: float, track: Direction, curved: float = 0.0) -> None:
        self.subject, self.claim = track.subject, track.claim
        self.scale, self.h, self.bar = scale, h, bar
        self.track, self.curved = track, curved
        self.used = 0

    def __call__(self, pattern: Array, share: float = 1.0) -> float:
        """S along a pattern of weights, shape (P,), at a share of the step; 0 where nothing moves."""
        self.used += 2
        direction = type(self.track)(self.subject, pattern * self.scale, self.claim)
        return direction.rise(self.h * share)


@dataclass(frozen=True)
class Measured:
    """A block by itself.

    Parameters
    ----------
    block : Block
    slopes : list of (pattern, S, claimed slope)
        Along patterns of the block's own entries.
    bar : float
    wrong : bool
        Whether a discrepancy stands out.
    """

    block: Block
    slopes: list[tuple[Array, float, float]]
    bar: float
    wrong: bool


def measured(probe: Probe, block: Block, count: int = 2, seed: int = 1) -> Measured:
    """A block's discrepancy along patterns of its own."""
    rng = np.random.default_rng(seed)
    slopes = []
    for _ in range(count):
        part = rng.choice((-1.0, 1.0), block.size) * rng.uniform(*SPREAD, block.size)
        pattern = spread(probe, block, part)
        slopes.append((pattern, probe(pattern), float(probe.claim @ (pattern * probe.scale))))
    bar = CLEAR * probe.bar + truncation(probe, block)
    found = [abs(s) if math.isfinite(s) else math.inf for _, s, _ in slopes]
    most, (pattern, value, _) = max(found), slopes[int(np.argmax(found))]
    if bar < most < DOUBTFUL * bar:  # the curve within the block can be more than along all of them
        bar += 2 * abs(value - probe(pattern, 0.5))
    return Measured(block, slopes, bar, most > bar)


def truncation(probe: Probe, block: Block) -> float:
    """What the curve of f can add to a measurement within a block.

    As much as along all blocks together; and more, because there the blocks' parts can cancel: a share of
    what is claimed, but not many times what the curve adds altogether.
    """
    part = (probe.claim * probe.scale)[block.span]
    return probe.curved + min(1e-3 * probe.h * float(np.linalg.norm(part)), DOUBTFUL * probe.curved)


def locate(probe: Probe, block: Block, seed: int = 2) -> Found:
    """The wrong entries or slices of a block."""
    rng = np.random.default_rng(seed)
    signs = rng.choice((-1.0, 1.0), block.size)
    base = spread(probe, block, signs)
    whole = probe(base)
    shape = block.shape or (1,)
    shared: list[int | None] = []
    for axis, n in enumerate(shape):
        shared.append(_shared(probe, block, signs, whole, shape, axis, n))
    if all(k is not None for k in shared):
        index = tuple(k for k in shared if k is not None)
        single = np.zeros(len(probe.scale))
        k = block.start + int(np.ravel_multi_index(index, shape))
        single[k] = 1.0
        alone = probe(single)
        if same(alone * signs[k - block.start], whole, probe):
            return Found((entry(probe, block, k, alone),), True)
    elif any(k is not None for k in shared):
        where = tuple(slice(None) if k is None else k for k in shared)
        inside = np.zeros(shape)
        inside[where] = signs.reshape(shape)[where]
        part = spread(probe, block, inside.ravel())
        if same(probe(part), whole, probe) and filled(probe, block, inside, rng):
            slope = float(probe.claim @ (part * probe.scale))
            bar = probe.bar + truncation(probe, block)
            return Found((Wrong(block.name, where, slope, slope + whole, bar),), True)
    return bisected(probe, block, rng)


def _shared(
    probe: Probe, block: Block, signs: Array, whole: float, shape: tuple[int, ...], axis: int, n: int
) -> int | None:
    """The index along an axis that all errors share; None if they do not."""
    if n == 1:
        return 0
    place = np.arange(n).reshape([-1 if a == axis else 1 for a in range(len(shape))])
    found = 0
    for bit in range(max(1, math.ceil(math.log2(n)))):
        flips = np.where((place >> bit) & 1, -1.0, 1.0)
        pattern = (signs.reshape(shape) * flips).ravel()
        value = probe(spread(probe, block, pattern))
        if not (same(value, whole, probe) or same(-value, whole, probe)):
            return None
        if value * whole < 0:
            found |= 1 << bit
    return found if found < n else None


def filled(probe: Probe, block: Block, inside: Array, rng: np.random.Generator) -> bool:
    """Whether errors are all over a slice: each of some random quarters of it has one."""
    entries = np.flatnonzero(inside)
    if len(entries) < 4:
        return False
    for _ in range(3):
        some = rng.choice(entries, len(entries) // 4, replace=False)
        part = np.zeros(block.size)
        part[some] = inside.ravel()[some] * rng.uniform(*SPREAD, len(some))
        if abs(probe(spread(probe, block, part))) <= CLEAR * probe.bar:
            return False
    return True


def spread(probe: Probe, block: Block, part: Array) -> Array:
    """A pattern over all entries from one over a block."""
    pattern = np.zeros(len(probe.scale))
    pattern[block.span] = part
    return pattern


def same(a: float, b: float, probe: Probe) -> bool:
    """Whether two measurements are equal within their bars."""
    return abs(a - b) <= 2 * probe.bar + 0.02 * max(abs(a), abs(b))


def entry(probe: Probe, block: Block, k: int, found: float) -> Wrong:
    """A wrong entry, from the discrepancy along its own scale."""
    s = float(probe.scale[k])
    claimed = float(probe.claim[k])
    bar = (probe.bar + truncation(probe, block)) / s
    return Wrong(block.name, block.index(k), claimed, claimed + found / s, bar)


def bisected(probe: Probe, block: Block, rng: np.random.Generator) -> Found:
    """Wrong entries one by one, from halves that still stand out; many are only said to be many.

    One pattern serves all levels, so the right half is what the whole has and the left half has not: two
    evaluations for both. Its sizes differ, so that errors of a half do not cancel.
    """
    part = rng.choice((-1.0, 1.0), block.size) * rng.uniform(*SPREAD, block.size)

    def measured(low: int, high: int) -> float:
        inside = np.zeros(block.size)
        inside[low:high] = part[low:high]
        return probe(spread(probe, block, inside))

    clear = CLEAR * probe.bar + truncation(probe, block)
    level = [(0, block.size, measured(0, block.size))]
    while any(high - low > 1 for low, high, _ in level):
        following = []
        for low, high, value in level:
            if high - low == 1:
                following.append((low, high, value))
                continue
            middle = (low + high) // 2
            left = measured(low, middle)
            right = value - left
            if probe.bar < abs(right) < 10 * clear:
                right = measured(middle, high)  # a difference of two bars is no clear answer
            following += [(low, middle, left), (middle, high, right)]
        level = [node for node in following if abs(node[2]) > clear]
        if len(level) > MOST:
            return Found((), False)
    wrong = []
    for low, _, _ in level:
        single = np.zeros(len(probe.scale))
        single[block.start + low] = 1.0
        value = probe(single)
        if abs(value) > clear:
            wrong.append(entry(probe, block, block.start + low, value))
    return Found(tuple(wrong), bool(wrong))
