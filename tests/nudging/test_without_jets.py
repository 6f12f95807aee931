"""The ladder that asks no series: what it says where the jets mislead."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import nudgegrad as ng
from nudgegrad.nudging import optimal
from nudgegrad.nudging.optimal import ENOUGH, solve
from nudgegrad.nudging.stencils import STENCILS
from nudgegrad.nudging.table import Verdict
from nudgegrad.sweeps.jets import jets

(TWO_SIDED,) = STENCILS["two-sided"]
PROGRAMS = (
    ("J = exp(w)", 1.3, math.exp(1.3)),
    ("J = sin(w) / w", 2.0, (2 * math.cos(2.0) - math.sin(2.0)) / 4),
    ("J = tanh(w)**3", 0.4, 3 * math.tanh(0.4) ** 2 * (1 - math.tanh(0.4) ** 2)),
)


def misled(monkeypatch):
    """Series whose terms beyond the second are far too small."""
    honest = jets

    def small(*args):
        found = honest(*args).copy()
        found[2:] *= 1e-9
        return found

    monkeypatch.setattr(optimal, "jets", small)
    monkeypatch.setattr(optimal, "unexplained", lambda _q, x, *_: np.zeros(x.shape[:2]))


@pytest.mark.parametrize(("program", "w", "true"), PROGRAMS)
def test_where_the_series_misleads_the_ladder_serves(program, w, true, monkeypatch):
    misled(monkeypatch)
    run = ng.graph(program).at(w=w)
    n = ng.nudges(run, "w", stencil="two-sided", how="global")["w"]
    assert n.verdict is Verdict.PASS
    assert abs(n.estimate - true) <= n.bar <= 1e-6 * abs(true)
    assert "ladder" in n.reason


@pytest.mark.parametrize(("program", "w"), [case[:2] for case in PROGRAMS])
def test_a_wrong_derivative_fails_there_as_well(program, w, monkeypatch):
    misled(monkeypatch)
    run = ng.graph(program).at(w=w)
    vars(run)["adjoint_array"] = run.adjoint_array * 1.001
    assert ng.nudges(run, "w", stencil="two-sided", how="global")["w"].verdict is Verdict.FAIL


def test_without_the_ladder_there_is_no_answer(monkeypatch):
    misled(monkeypatch)
    none = np.zeros(1, dtype=bool)
    monkeypatch.setattr(optimal, "without_jets", lambda _h, m: (m.take(none + 0), m.take(none + 0), none))
    assert not solve(ng.graph("J = exp(w)").at(w=1.3), [0], TWO_SIDED).verified.any()


def ladder_of(estimates, rounding):
    """A measured ladder with these rungs, each twice as long as the last."""
    d, n = np.array([estimates]), np.array([rounding])
    zero, h = np.zeros(d.shape), np.ldexp(1.0, np.arange(d.size) - d.size)[None, :]
    return h, optimal.Measured(h, d, zero, n, n, n, zero == 0, zero.astype(np.int64) - 1)


def test_it_takes_the_rung_at_which_truncation_meets_rounding():
    h, m = ladder_of([1.0] * 12, [2.0**-k for k in range(30, 42)])
    bent = 1 + 1e-4 * h**2
    first, second, seen = optimal.without_jets(h, replace(m, estimate=bent))
    assert seen.all()
    best = h[0, np.argmin(1e-4 * h[0] ** 2 + m.rounding[0])]
    assert best / 4 <= first.h[0, 0] <= best * 4
    assert second.h[0, 0] == first.h[0, 0] / 2
    assert abs(first.estimate[0, 0] - 1) <= first.bar[0, 0]


def test_rungs_that_never_agree_say_nothing():
    h, m = ladder_of([1.0, 2.0, 4.0, 8.0, 16.0, 32.0], [1e-9] * 6)
    assert not optimal.without_jets(h, m)[2].any()
    h, m = ladder_of([1.0] * (ENOUGH - 1) + [9.0], [1e-9] * ENOUGH)
    assert not optimal.without_jets(h, m)[2].any()
    h, m = ladder_of([1.0] * ENOUGH + [9.0], [1e-9] * (ENOUGH + 1))
    assert optimal.without_jets(h, m)[2].all()
