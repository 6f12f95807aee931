"""The battery: what every row of the op table must keep, each check a function of one row.

The checks know no op by name. Points are drawn from what the row says of itself (arity, domain), truth
comes from `tests.oracles.rows`, and the errors that are allowed from the row's own claim, followed through
its formulas: a new row is tested by being in the table.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import numpy.typing as npt

from nudgegrad.formats import FORMATS, Format
from nudgegrad.graphs.graph import GraphBuilder
from nudgegrad.graphs.ops import ATOM, FUNCTIONS, OPS, Op, Term
from nudgegrad.graphs.program import parse
from nudgegrad.nudging.caps import MARGIN
from nudgegrad.nudging.optimal import Problem, truncation
from nudgegrad.nudging.rounding import Erring, erring, lost
from nudgegrad.nudging.stencils import ROWS as STENCILS
from nudgegrad.sweeps.backprop import backward, linearize, partials_in
from nudgegrad.sweeps.evaluate import WIDE, Plan, Step
from nudgegrad.sweeps.jets import ORDER, jet_of, jets
from tests import figures
from tests.oracles.jet_bounds import jet_bound
from tests.oracles.rows import row_taylor, row_value

Array = npt.NDArray[np.float64]

CLAIM_POINTS = 10_000  # points per row and format at which the rounding claim is tried
SOME = 200  # points at which mpmath differentiates once,
FEW = 24  # or takes nine coefficients
DIGITS = 60  # of mpmath's values
EXACT_DIGITS = 1400  # enough for the sum of any two float64


# Points


def magnitudes(fmt: Format, random: np.random.Generator, count: int, octaves: float) -> Array:
    """Numbers of a format: log-uniform over these octaves, whole or half ones, and some beside 1."""
    kind = random.integers(0, 8, count)
    x = np.exp2(random.uniform(max(-octaves, fmt.low - 2), min(octaves, fmt.high - 0.01), count))
    x = np.where(kind == 0, random.integers(0, 17, count) / 2, x)
    x = np.where(kind == 1, 1 + np.exp2(random.uniform(-fmt.precision, 0, count)), x)
    x = np.where(kind == 2, 1 - np.exp2(random.uniform(-fmt.precision, -1, count)), x)
    return fmt.round(x * random.choice([-1.0, 1.0], count))


def draw(row: Op, fmt: Format, random: np.random.Generator, count: int, octaves: float) -> list[Any]:
    """Arguments of a row, wherever they are; the order `k` of a derivative is one number for all."""
    args: list[Any] = [magnitudes(fmt, random, count, octaves) for _ in row.symbols]
    if "k" in row.symbols:
        args[row.symbols.index("k")] = float(random.integers(1, ORDER + 1))
    return args


def take(args: Sequence[Any], index: Any) -> list[Any]:
    """Some of the points."""
    return [a[index] if np.ndim(a) else a for a in args]


def points(row: Op, fmt: Format, count: int, seed: int, octaves: float = 2000.0) -> list[Any]:
    """Arguments inside the domain at which the row has a finite value: small ones and those all over the
    range, half and half; fewer than `count` only where the format has no more."""
    random = np.random.default_rng(seed)
    kept: list[list[Any]] = []
    found = 0
    for attempt in range(200):
        args = draw(row, fmt, random, count, (6.0, octaves)[attempt % 2] if octaves > 6 else octaves)
        with np.errstate(all="ignore"):
            inside = np.isfinite(value_in(row, fmt, args))
            if row.domain is not None:
                inside &= row.domain(*args) > 0
        kept.append(take(args, np.flatnonzero(inside)[: max(1, count // 2)]))
        found += len(kept[-1][0])
        if found >= count or "k" in row.symbols:
            break
    assert found, f"{row.name} has no value anywhere"
    joined = [
        np.concatenate([part[i] for part in kept])[:count] if np.ndim(kept[0][i]) else kept[0][i]
        for i in range(row.arity)
    ]
    return joined


def value_in(row: Op, fmt: Format, args: Sequence[Any]) -> Array:
    """The value as the row computes it in a format, as float64."""
    with np.errstate(all="ignore"):
        y = row.value(*(fmt.cast(a) if np.ndim(a) else a for a in args))
        return np.asarray(fmt.finish(y), dtype=np.float64)


def each(args: Sequence[Any]) -> list[tuple[float, ...]]:
    """The points one by one, as floats."""
    return [tuple(float(a) for a in point) for point in zip(*np.broadcast_arrays(*args), strict=True)]


def moving_sets(row: Op) -> list[tuple[bool, ...]]:
    """Which arguments can move together: every choice of those that have a partial."""
    can = [f is not None for f in row.formulas]
    sets = itertools.product(*((False, True) if c else (False,) for c in can))
    return [s for s in sets if any(s)]


def exact_value(row: Op, args: Sequence[float], digits: int = DIGITS) -> Any:
    """The value by mpmath; nan outside the domain, inf at a pole."""
    try:
        found = row_value(row.name, args, digits)
    except ValueError:
        return mpmath.nan
    except ZeroDivisionError:
        return mpmath.inf
    return mpmath.nan if isinstance(found, mpmath.mpc) else found


def off(found: float, exact: Any) -> Any:
    """abs(found - exact), exactly enough."""
    with mpmath.workdps(EXACT_DIGITS):
        return abs(mpmath.mpf(found) - exact)


# Checks


def check_value_and_claim(row: Op) -> None:
    """The value is right, and off by at most the rounding claim, in every format."""
    args = points(row, WIDE, CLAIM_POINTS, 1)
    y, claim = value_in(row, WIDE, args), row.claim(WIDE)
    for point, found, gap in zip(each(args), y.tolist(), WIDE.spacing(y).tolist(), strict=True):
        exact = exact_value(row, point)
        assert 2 * abs(found - exact) <= claim * mpmath.mpf(gap), (row.name, point, found)
    for fmt in FORMATS.values():
        if fmt is not WIDE:
            check_narrow_claim(row, fmt, points(row, fmt, CLAIM_POINTS, 2))
            if row.arity == 1 and fmt.precision < 24:
                check_narrow_claim(row, fmt, [every_number(fmt)])


def check_narrow_claim(row: Op, fmt: Format, args: list[Any]) -> None:
    """The claim in a narrow format, against float64, whose own claim is known to hold."""
    y, wide = value_in(row, fmt, args), value_in(row, WIDE, args)
    with np.errstate(all="ignore"):
        there = np.isfinite(y) & np.isfinite(wide)
        doubt = 0.5 * row.claim(WIDE) * WIDE.spacing(wide)
        error = np.abs(y - wide) - doubt
        bad = there & ~(error <= 0.5 * row.claim(fmt) * fmt.spacing(y))
    assert not bad.any(), (row.name, fmt.name, take(args, np.flatnonzero(bad)[:3]))


def every_number(fmt: Format) -> Array:
    """All numbers of a format of 16 bits."""
    positive = np.ldexp(1.0, fmt.low - fmt.precision) * np.arange(2 ** (fmt.precision - 1))
    binades = [
        np.ldexp(np.arange(2 ** (fmt.precision - 1), 2**fmt.precision, dtype=float), e - fmt.precision)
        for e in range(fmt.low, fmt.high + 1)
    ]
    positive = np.concatenate([positive, *binades])
    assert np.array_equal(fmt.round(positive), positive)
    return np.concatenate([positive, -positive])


def check_partials(row: Op) -> None:
    """Each partial, computed in each format, is the derivative up to the running error of its formula."""
    for fmt in FORMATS.values():
        args = off_corners(row, points(row, fmt, SOME, 3, octaves=40.0))
        y = value_in(row, fmt, args)
        with np.errstate(all="ignore"):
            computed = partials_in(fmt, row, [cast(fmt, a) for a in args], cast(fmt, y))
            bars = partial_bars(row, fmt, args, y)
        for i, point in enumerate(each(args)):
            exact = row_taylor(row.name, point, 1)
            for p, bar, series in zip(computed, bars, exact, strict=True):
                if p is None:
                    assert bar is None
                    continue
                found, allowed = float(np.broadcast_to(p, y.shape)[i]), float(np.broadcast_to(bar, y.shape)[i])
                if series is None:
                    assert not np.isfinite(found), (row.name, fmt.name, point, found)
                elif np.isfinite(found):
                    assert off(found, series[1]) <= allowed, (row.name, fmt.name, point, found, allowed)
                else:
                    assert not allowed < np.inf or abs(series[1]) >= fmt.maximum, (row.name, fmt.name, point)


def cast(fmt: Format, a: Any) -> Any:
    """An argument in the type in which the format computes; a fixed number stays one."""
    return fmt.cast(a) if np.ndim(a) else a


def partial_bars(row: Op, fmt: Format, args: Sequence[Any], y: Array) -> list[Any]:
    """How far each partial can be off: the running error of its formula, y being rounded already."""
    numbers = [Erring(a, 0.0, 0.0) for a in args] + [Erring(y, lost(row, fmt, args, y), 0.0)]
    named = dict(zip((*row.symbols, "y"), numbers, strict=True))
    return [None if f is None else erring(f, named, fmt).worst for f in row.formulas]


def off_corners(row: Op, args: list[Any]) -> list[Any]:
    """The points that do not stand on a corner."""
    return args if row.kink is None else take(args, np.flatnonzero(row.kink(*args) != 0))
