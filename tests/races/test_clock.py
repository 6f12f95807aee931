"""What a sample of times says of all, and how far off it is."""

from __future__ import annotations

import numpy as np

from nudgegrad.blackbox.fits import student
from nudgegrad.races.clock import SHORT, extrapolated, now, seconds

DRAWS = 2000
MISSES = 8  # of 2000 draws at 1 in 1000; Poisson's chance of more is 2e-4


def test_the_formula() -> None:
    assert extrapolated([2.0, 4.0], [1, 1], 8) == (24.0, float(student(1)) * 8 * 0.75**0.5)
    assert extrapolated([2.0, 12.0], [1, 3], 8) == (28.0, float(student(1)) * 8 * 0.5**0.5)
    assert extrapolated([1.0, 3.0, 5.0], [2, 2, 2], 6) == (9.0, 0.0)  # all were measured


def test_it_scales() -> None:
    times, counts = [1.0, 2.0, 1.5], [4, 4, 4]
    one, bar = extrapolated(times, counts, 100)
    assert extrapolated([8 * t for t in times], counts, 100) == (8 * one, 8 * bar)


def test_the_bar_holds_and_is_not_idle() -> None:
    random = np.random.default_rng(0)
    missed = below_a_quarter = 0
    for _ in range(DRAWS):
        calls = random.exponential(1.0, 1000)  # as skewed as times are
        blocks = random.choice(calls, (10, 20), replace=False).sum(axis=1)
        found, bar = extrapolated(blocks.tolist(), [20] * 10, 1000)
        error = abs(found - calls.sum())
        missed += error > bar
        below_a_quarter += error < bar / 4
    assert missed <= MISSES
    assert below_a_quarter < 0.9 * DRAWS


def test_a_short_call_is_repeated() -> None:
    called: list[float] = []
    took = seconds(lambda: called.append(now()))
    assert len(called) > 1
    assert 0 < took < SHORT
