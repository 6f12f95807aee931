"""Slopes along several lines through one point: few steps, one noise, and points on the lines exactly."""

from __future__ import annotations

import numpy as np
import pytest

from nudgegrad.blackbox import lines as line_module
from nudgegrad.blackbox import study
from nudgegrad.blackbox.lines import Lines, few_digits
from nudgegrad.blackbox.result import Code
from nudgegrad.formats import FORMATS

X = np.array([0.7, -1.3, 2.1, 0.4])
V = few_digits(np.abs(X) * [[1, 1, -1, 0.7], [1, -1, 1, 0.8], [-1, 1, 1, 1.2], [1, 1, 1, 0.9]])
DOUBLE = FORMATS["float64"]


def lines(f, count=4, floor=0.0):
    made = Lines(lambda p, t: float(f(X + t * V[p])), count, DOUBLE, float(f(X)), floor)
    made.begin(0, count)
    made.sharpen()
    return made


def noisy(x):
    return np.sum(np.sin(x)) + 1e-9 * np.sin(1e17 * np.sum(x * x))


@pytest.mark.parametrize("name", ["float64", "float32", "float16"])
def test_points_lie_on_their_lines(name):
    fmt = FORMATS[name]
    x, seen = fmt.round(X), []

    def value(p, t):
        seen.append((p, t))
        return t

    made = Lines(value, 4, fmt, 0.0, 0.0)
    made.begin(0, 4)
    assert len(seen) >= 4 * 6
    for p, t in seen:
        point = x + t * V[p]
        near = np.frexp(point)[1] <= np.frexp(x)[1]  # beyond, the numbers of the format are coarser
        assert (fmt.round(point) == point)[near].all()


@pytest.mark.parametrize("name", ["float64", "float32", "float16"])
def test_no_step_changes_the_sign_of_an_entry(name, monkeypatch):
    fmt = FORMATS[name]
    x = fmt.round(X)
    along = few_digits(1.4 * x)  # the largest of a check's sizes

    def steps():
        seen = []

        def value(_, t):
            seen.append(t)
            return float(fmt.round(np.sum(x + t * along)))

        made = Lines(value, 2, fmt, value(0, 0.0), 0.0)
        made.begin(0, 2)
        made.sharpen()
        made.deepen(made.there, made.there)
        return np.array(seen)

    assert (np.sign(x + steps()[:, None] * along) == np.sign(x)).all()
    monkeypatch.setattr(line_module, "REACH", np.inf)
    assert (np.sign(x + steps()[:, None] * along) != np.sign(x)).any()  # straight lines ask for more


def test_slopes_lie_within_bars_that_few_steps_give():
    made = lines(lambda x: np.sum(np.sin(x)))
    true = V @ np.cos(X)
    assert (np.abs(made.found.value - true) <= made.found.bar).all()
    assert made.study.samples.used.max() <= 9
    assert (made.found.bar <= made.goal * np.sqrt(np.mean(true**2))).all()


def test_what_lines_show_of_the_noise_they_show_together(monkeypatch):
    made = lines(noisy)
    together = made.found
    assert (np.abs(together.value - V @ np.cos(X)) <= together.bar).all()
    monkeypatch.setattr(study, "pooled", lambda c, _: c)
    alone = made.study.estimates(made.there)
    assert (together.bar <= alone.bar).all()
    assert (together.rounding < alone.rounding).any()


def test_noise_that_is_known_counts_in_every_bar():
    quiet, told = lines(lambda x: np.sum(np.sin(x))), lines(lambda x: np.sum(np.sin(x)), floor=1e-6)
    assert told.noise == 1e-6
    assert (told.found.bar > quiet.found.bar).all()


def test_the_whole_ladder_shows_a_kink_and_both_slopes():
    made = lines(lambda x: abs(x[0] - X[0]) + np.sum(np.sin(x)))
    assert Code.KINK not in made.found.code
    every = np.ones(4, dtype=bool)
    made.deepen(every, ~every)
    assert made.found.code == [Code.KINK] * 4
    sides, bars = made.sides()
    smooth, jump = V @ np.cos(X), np.abs(V[:, 0])
    true = np.stack([smooth - jump, smooth + jump], 1)
    assert (np.abs(sides - true) <= bars).all()


def test_a_line_is_read_again_from_small_steps():
    made = lines(lambda x: np.sum(np.sin(1e6 * x)))
    every = np.ones(4, dtype=bool)
    made.confine(every, 2.0**-27)
    assert (made.found.h <= 2.0**-27).all()
    assert (np.abs(made.found.value - 1e6 * (V @ np.cos(1e6 * X))) <= made.found.bar).all()
