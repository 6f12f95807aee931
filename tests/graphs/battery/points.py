"""Where rows are tried: arguments drawn from what a row says of itself, and truth by mpmath."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import mpmath
import numpy as np
import numpy.typing as npt

from nudgegrad.formats import Format
from nudgegrad.graphs.ops import Op
from nudgegrad.sweeps.jets import ORDER
from tests.oracles.rows import row_value

Array = npt.NDArray[np.float64]

SOME = 200  # points at which a check asks for no more than arithmetic,
ONCE = 80  # at which mpmath differentiates once,
FEW = 16  # or takes nine coefficients
DIGITS = 60  # of mpmath's values, to which it is asked for more
EXACT_DIGITS = 1400  # enough for the sum of any two float64


def magnitudes(fmt: Format, random: np.random.Generator, count: int, octaves: float) -> Array:
    """Numbers of a format: log-uniform over these octaves, whole or half ones, and some beside 1."""
    kind = random.integers(0, 8, count)
    lowest, highest = max(-octaves, fmt.low - fmt.precision), min(octaves, fmt.high - 0.01)
    x = np.exp2(random.uniform(lowest, highest, count))
    x = np.where(kind == 0, random.integers(0, 17, count) / 2, x)
    x = np.where(kind == 1, 1 + np.exp2(random.uniform(-fmt.precision, 0, count)), x)
    x = np.where(kind == 2, 1 - np.exp2(random.uniform(-fmt.precision, -1, count)), x)
    return fmt.round(x * random.choice([-1.0, 1.0], count))


def draw(row: Op, fmt: Format, random: np.random.Generator, count: int, octaves: float) -> list[Any]:
    """Arguments of a row, wherever they are."""
    return [magnitudes(fmt, random, count, octaves) for _ in row.symbols]


def whole_order(row: Op, args: list[Any], random: np.random.Generator) -> list[Any]:
    """The arguments with one number for the order `k` of a derivative, which cannot differ by point."""
    order = float(random.integers(1, ORDER + 1))
    return [order if s == "k" else a for s, a in zip(row.symbols, args, strict=True)]


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
        args = draw(row, fmt, random, count, (min(6.0, octaves), octaves)[attempt % 2])
        args = whole_order(row, args, np.random.default_rng(seed))
        inside = np.isfinite(value_in(row, fmt, args))
        if row.domain is not None:
            inside &= row.domain(*args) > 0
        kept.append(take(args, np.flatnonzero(inside)[: max(1, count // 2)]))
        found += len(kept[-1][0])
        if found >= count:
            break
    assert found, f"{row.name} has no value anywhere"
    return [
        np.concatenate([part[i] for part in kept])[:count] if np.ndim(kept[0][i]) else kept[0][i]
        for i in range(row.arity)
    ]


def special(row: Op, fmt: Format, seed: int) -> list[Any]:
    """Arguments at which results are often exact: powers of two, small whole numbers, subnormals."""
    random = np.random.default_rng(seed)

    def some() -> Array:
        powers = np.exp2(random.integers(fmt.low - fmt.precision, fmt.high, SOME))
        whole = random.integers(-9, 10, SOME) * 1.0
        tiny = random.integers(-9, 10, SOME) * fmt.smallest
        kind = random.integers(0, 4, SOME)
        return fmt.round(np.choose(kind, [powers, whole, tiny, magnitudes(fmt, random, SOME, 20.0)]))

    return [some() for _ in range(row.arity)]


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


def off_corners(row: Op, args: list[Any]) -> list[Any]:
    """The points that do not stand on a corner."""
    return args if row.kink is None else take(args, np.flatnonzero(row.kink(*args) != 0))


def moving_sets(row: Op) -> list[tuple[bool, ...]]:
    """Which arguments can move together: every choice of those that have a partial."""
    can = [f is not None for f in row.formulas]
    sets = itertools.product(*((False, True) if c else (False,) for c in can))
    return [s for s in sets if any(s)]


def each(args: Sequence[Any]) -> list[tuple[float, ...]]:
    """The points one by one, as floats."""
    return [tuple(float(a) for a in point) for point in zip(*np.broadcast_arrays(*args), strict=True)]


def value_in(row: Op, fmt: Format, args: Sequence[Any]) -> Array:
    """The value as the row computes it in a format, as float64."""
    y = row.value(*(fmt.cast(a) if np.ndim(a) else a for a in args))
    return np.asarray(fmt.finish(y), dtype=np.float64)


def cast(fmt: Format, a: Any) -> Any:
    """An argument in the type in which the format computes; a fixed number stays one."""
    return fmt.cast(a) if np.ndim(a) else a


def exact_value(row: Op, args: Sequence[float], digits: int = DIGITS) -> Any:
    """The value by mpmath; nan outside the domain, inf at a pole."""
    if len(args) > 1:  # 1e40 - 1 is not 1e40
        digits += max(0, *(math.frexp(a)[1] // 3 for a in args))
    try:
        found = row_value(row.name, args, digits)
    except ValueError:
        return mpmath.nan
    except ZeroDivisionError:
        return mpmath.inf
    return mpmath.nan if isinstance(found, mpmath.mpc) else found


def off(found: float, exact: Any) -> float:
    """abs(found - exact), rounded once."""
    with mpmath.workdps(EXACT_DIGITS):
        return float(abs(mpmath.mpf(found) - exact))
