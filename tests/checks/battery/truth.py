"""Derivatives from values of f alone, in extended precision: no author's formula is used.

f is evaluated in longdouble (64 bits of significand on x86, so that u = 2^-64) where it computes in the
format it is given. Where it does not, or where longdouble is no wider than float64, it is evaluated in
float64, and the truth says so. Central differences of sixth order at steps from 2^-4 down by factors of 4
give values D_0, D_1, ...; the one of least estimated error is taken. Its error is the changes between
neighbours plus the noise of f, which higher differences of the same values show: rounding, but also a
corner between them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.checks.battery.case import Case, Where, cast, leaves, mapped

WEIGHTS = (45 / 60, -9 / 60, 1 / 60)  # Fornberg 1988, table 1: f' from f(x + kh) - f(x - kh), order 6
SIXTH = (15, -6, 1)  # the sixth difference, beside -20 f(x), and the odd one that has no cubes:
FIFTH = (5, -4, 1)  # where the step is small, noise is all that is left of them; Hamming 1973, section 10.6
STEPS = tuple(2.0**-k for k in range(4, 35, 2))
ENOUGH = 1e-12  # relative; a ladder that shows less goes on
SAFETY = 8.0
WIDE = bool(np.finfo(np.longdouble).eps < np.finfo(np.float64).eps)
KNOWN = 1e-9 if WIDE else 1e-5
CLOSE = 2.0**-24  # the step to either side of a corner
ENTRIES = 6  # of a block that are looked at one by one


@dataclass(frozen=True)
class Slope:
    """A derivative along a direction.

    Parameters
    ----------
    value : longdouble
    error : float
        Estimated bound of abs(value - truth).
    """

    value: Any
    error: float


def _meant(case: Case) -> Callable[..., Any]:
    return case.meant or case.f


def precision(case: Case) -> str:
    """The format in which the truth of a case is computed: "longdouble" or "float64"."""
    with np.errstate(all="ignore"):
        try:
            value = _meant(case)(cast(case.x, np.longdouble), *cast(case.args, np.longdouble))
        except TypeError:
            return "float64"
    return "longdouble" if WIDE and getattr(value, "dtype", None) == np.longdouble else "float64"


def _size(weights: tuple[int, ...], middle: int = 0) -> float:
    """How many times the noise of one value the noise of a symmetric difference is."""
    return math.sqrt(2 * sum(w * w for w in weights) + middle * middle)


def slope(f: Callable[[Any], Any], unit: float) -> Slope:
    """The derivative of f at 0, f being a function of one number with unit roundoff `unit`."""
    middle = f(0.0)
    found: list[tuple[Any, float]] = []
    best = Slope(np.nan, np.inf)
    for h in STEPS:
        values = [(f(k * h), f(-k * h)) for k in (1, 2, 3)]
        value = sum(w * (up - down) for w, (up, down) in zip(WEIGHTS, values, strict=True)) / h
        even = sum(w * (up + down) for w, (up, down) in zip(SIXTH, values, strict=True)) - 20 * middle
        odd = sum(w * (up - down) for w, (up, down) in zip(FIFTH, values, strict=True))
        seen = max(abs(float(even)) / _size(SIXTH, 20), abs(float(odd)) / _size(FIFTH))
        noise = 3 * seen + 4 * unit * float(max(abs(v) for pair in values for v in pair))
        found.append((value, noise))
        if len(found) < 3:
            continue
        (a, noise_a), (b, noise_b), (c, noise_c) = found[-3:]
        changes = max(
            abs(float(a - b)) / 64, abs(float(b - c))
        )  # the first is the larger step's truncation
        rounding = max(noise_a / 64, noise_b, noise_c) / h
        error = SAFETY * (changes + rounding)
        if error < best.error:
            best = Slope(c, error)
        if changes < rounding <= ENOUGH * abs(float(c)):
            break
    return best


def _moved(x: Any, v: Mapping[str, Any], t: Any) -> Any:
    return mapped(x, lambda name, block: block + t * v[name] if name in v else block)


class Truth:
    """Slopes of a case's f at its x, kept for all cases that share f, x and args."""

    def __init__(self, case: Case) -> None:
        self.precision = precision(case)
        self.dtype: Any = np.longdouble if self.precision == "longdouble" else np.float64
        self.unit = float(np.finfo(self.dtype).eps) / 2
        self.case, self.f = case, _meant(case)
        self.x, self.args = cast(case.x, self.dtype), cast(case.args, self.dtype)
        self.known: dict[Where, Slope] = {}

    def along(self, v: Mapping[str, Any]) -> Slope:
        """The derivative along v, given by block; blocks that it does not name stand still."""

        def f(t: float) -> Any:
            return np.sum(self.f(_moved(self.x, v, self.dtype(t)), *self.args))  # of one number at most

        return slope(f, self.unit)

    def direction(self, block: str) -> Any:
        """A direction of the whole block: random signs, random sizes, the scale of each entry."""
        random = np.random.default_rng(sum(map(ord, block)))
        scale = self.scales(block)
        signs = random.choice([-1.0, 1.0], np.shape(scale))
        return (signs * random.uniform(0.6, 1.4, np.shape(scale)) * scale).astype(self.dtype)

    def scales(self, block: str) -> Any:
        """The size of each entry; for zeros that of the typical entry, 1 in a block of zeros."""
        size = np.abs(leaves(self.x)[block])
        typical = np.median(size[size > 0]) if np.any(size > 0) else self.dtype(1)
        return np.where(size > 0, size, typical)

    def whole(self, block: str) -> Slope:
        """The derivative along `direction(block)`."""
        return self._kept((block, (-1,)), {block: self.direction(block)})

    def entry(self, block: str, index: tuple[int, ...]) -> Slope:
        """The derivative by one entry, times the entry's scale: the step is relative."""
        v = np.zeros_like(leaves(self.x)[block])
        v[index] = self.scales(block)[index]
        return self._kept((block, index), {block: v})

    def _kept(self, where: Where, v: Mapping[str, Any]) -> Slope:
        if where not in self.known:
            self.known[where] = self.along(v)
        return self.known[where]


_TRUTHS: dict[tuple[int, int, int], Truth] = {}


def truth_of(case: Case) -> Truth:
    """The truth of a case, shared with the wrong variants of the same function at the same place."""
    key = id(_meant(case)), id(case.x), id(case.args)
    if key not in _TRUTHS:  # which keeps its case, so that no other object takes these identities
        _TRUTHS[key] = Truth(case)
    return _TRUTHS[key]


def sampled(case: Case, block: str, count: int = ENTRIES) -> list[tuple[int, ...]]:
    """Indices of a block: those known to be wrong, and some at random."""
    shape = np.shape(leaves(case.x)[block])
    size = int(np.prod(shape))
    flat = np.random.default_rng(size).permutation(size)[:count] if size < 10**7 else np.arange(count)
    known = [index for name, index in case.entries if name == block][:count]
    return known + [
        i for i in (tuple(map(int, np.unravel_index(k, shape))) for k in flat) if i not in known
    ]


@dataclass(frozen=True)
class Comparison:
    """A claimed slope beside the true one; `error` is the bound of the truth and the claim's rounding."""

    block: str
    index: tuple[int, ...] | None
    claimed: float
    true: float
    error: float

    @property
    def differs(self) -> bool:
        return not abs(self.claimed - self.true) <= self.error


def compared(case: Case, count: int = ENTRIES, whole: bool = True) -> list[Comparison]:
    """The claim beside the truth: along one direction in each block, and at a sample of its entries."""
    truth = truth_of(case)
    claims = leaves(case.grad(mapped(truth.x, lambda _, block: block.copy()), *truth.args))
    rounding = 256 * truth.unit  # of the claim, which is computed in the same precision
    found = []
    for block in leaves(case.x):
        claim = np.asarray(claims[block])
        if not claim.size:
            continue
        scales = truth.scales(block)
        if whole:
            products = claim * truth.direction(block)
            s = truth.whole(block)
            error = s.error + rounding * float(np.sum(np.abs(products)))
            found.append(Comparison(block, None, np.sum(products), s.value, error))
        for index in sampled(case, block, count):
            s = truth.entry(block, index)
            error = s.error + rounding * float(np.max(np.abs(claim) * scales))
            found.append(Comparison(block, index, claim[index] * scales[index], s.value, error))
    return found


def check_case(case: Case, count: int = ENTRIES, whole: bool = True, known: float = KNOWN) -> None:
    """Assert that the claim agrees with the truth except in the blocks named, and differs from it there.

    `known` is the share of a block's slopes to which the truth must be known: one known too badly would let
    anything agree.
    """
    comparisons = compared(case, count, whole)
    wrong = {c.block for c in comparisons if c.differs}
    assert wrong == case.blocks, (
        case.name,
        [c for c in comparisons if c.differs != (c.block in case.blocks)],
    )
    assert bool(wrong) == bool(case.wrong), case.name
    sizes: dict[str, float] = {}
    for c in comparisons:
        sizes[c.block] = max(sizes.get(c.block, 0.0), float(abs(c.true)), float(abs(c.claimed)))
    for c in comparisons:
        assert c.error <= known * (sizes[c.block] or max(sizes.values()) or 1), (case.name, c)
    for block, index in case.entries:
        assert all(c.differs for c in comparisons if (c.block, c.index) == (block, index)), (
            case.name,
            index,
        )


def sides(case: Case, v: Mapping[str, Any]) -> tuple[Slope, Slope]:
    """The one-sided derivatives to the left and to the right, for f with a corner at x."""
    truth = truth_of(case)

    def side(sign: int) -> Slope:
        def quotient(h: float) -> Any:
            ends = [case.f(_moved(truth.x, v, truth.dtype(t)), *truth.args) for t in (0.0, sign * h)]
            return (ends[1] - ends[0]) / (sign * h), float(max(map(abs, ends))) * truth.unit / h

        (one, _), (two, rounding) = quotient(CLOSE), quotient(CLOSE / 2)
        return Slope(2 * two - one, SAFETY * (float(abs(two - one)) + 4 * rounding))

    return side(-1), side(1)
