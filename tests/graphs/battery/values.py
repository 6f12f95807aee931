"""Checks of a row's value: right, rounded as claimed, exact where it says so, its losses known."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np

from nudgegrad.formats import FORMATS, Format
from nudgegrad.graphs.ops import Op
from nudgegrad.sweeps.evaluate import WIDE
from nudgegrad.sweeps.jets import ORDER
from tests import figures
from tests.graphs.battery.points import (
    EXACT_DIGITS,
    SOME,
    each,
    every_number,
    exact_value,
    off,
    points,
    special,
    take,
    value_in,
)

CLAIM_POINTS = 10_000  # points per row and format at which the rounding claim is tried


def check_value_and_claim(row: Op) -> None:
    """The value is right, and off by at most the rounding claim, in every format."""
    batches = ORDER if "k" in row.symbols else 1
    for batch in range(batches):
        for fmt in FORMATS.values():
            args = points(row, fmt, CLAIM_POINTS // batches, 100 + batch)
            if fmt is WIDE:
                check_claim(row, args)
            else:
                check_narrow_claim(row, fmt, args)
    for fmt in FORMATS.values():
        if row.arity == 1 and fmt.precision < 24:
            check_narrow_claim(row, fmt, [every_number(fmt)])


def check_claim(row: Op, args: list[Any]) -> None:
    """The claim in float64, against mpmath."""
    y, claim = value_in(row, WIDE, args), row.claim(WIDE)
    for point, found, gap in zip(each(args), y.tolist(), WIDE.spacing(y).tolist(), strict=True):
        exact = exact_value(row, point)
        assert 2 * abs(found - exact) <= claim * mpmath.mpf(gap), (row.name, point, found)


def check_narrow_claim(row: Op, fmt: Format, args: list[Any]) -> None:
    """The claim in a narrow format, against float64, whose own claim is known to hold."""
    y, wide = value_in(row, fmt, args), value_in(row, WIDE, args)
    there = np.isfinite(y) & np.isfinite(wide)
    doubt = 0.5 * row.claim(WIDE) * WIDE.spacing(wide)
    error = np.abs(y - wide) - doubt
    bad = there & ~(error <= 0.5 * row.claim(fmt) * fmt.spacing(y))
    assert not bad.any(), (row.name, fmt.name, take(args, np.flatnonzero(bad)[:3]))


def check_exact(row: Op) -> None:
    """Where the row says that a result needs no rounding, it is the exact one."""
    if row.exact is None:
        return
    for fmt in FORMATS.values():
        for args in (special(row, fmt, 7), points(row, fmt, SOME, 8)):
            y = value_in(row, fmt, args)
            says = row.exact(fmt, *args, y) & np.isfinite(y)
            for i in np.flatnonzero(says):
                point, exact = each(take(args, [i]))[0], None
                exact = exact_value(row, point, EXACT_DIGITS)
                slack = abs(exact) * mpmath.mpf(10) ** -EXACT_DIGITS  # quotients are no finite decimals
                assert off(float(y[i]), exact) <= slack, (row.name, fmt.name, point)


def check_residual(row: Op) -> None:
    """What the row says an op lost is computed minus exact, to first order; it knows at ordinary sizes."""
    if row.residual is None:
        return
    for fmt in FORMATS.values():
        known = 0
        for args in (
            points(row, fmt, SOME, 9, octaves=40.0),
            points(row, fmt, SOME, 10),
            special(row, fmt, 11),
        ):
            y = value_in(row, fmt, args)
            residual = np.where(np.isfinite(y), row.residual(*args, y), np.nan)
            for i in np.flatnonzero(np.isfinite(residual)):
                point, computed = each(take(args, [i]))[0], float(y[i])
                exact = exact_value(row, point, EXACT_DIGITS)
                with mpmath.workdps(EXACT_DIGITS):
                    true = mpmath.mpf(computed) - exact
                    second_order = true * true / abs(exact) if exact else 0
                    doubled = WIDE.u * (abs(true) + WIDE.u * abs(computed))  # in twice the precision
                    allowed = figures.RESIDUAL_OPERATIONS * doubled + second_order
                    allowed += figures.RESIDUAL_OPERATIONS * WIDE.smallest
                    assert abs(float(residual[i]) - true) <= allowed, (row.name, fmt.name, point)
                known += bool(true)
        assert known, (row.name, fmt.name, "no residual is ever known")
