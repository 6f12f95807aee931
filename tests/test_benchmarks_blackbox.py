"""The comparison with other packages and published rules compares what it says."""

from __future__ import annotations

import math

import pytest

from benchmarks import blackbox
from tests.oracles.black_box_study import limit
from tests.oracles.black_boxes import Problem, named

EXP = next(p for p in named() if p.name == "exp" and p.x == 0.7)
CORNER = next(p for p in named() if p.name == "|x| at 0")


@pytest.fixture(scope="module")
def given():
    return blackbox.answers(EXP, everybody=True)


def test_everybody_finds_an_easy_derivative_and_is_counted(given):
    assert set(given) == {blackbox.OURS, *blackbox.RULES, *blackbox.PACKAGES, "complex step"}
    for name, found in given.items():
        assert not found.silent, name
        assert found.claimed, name
        assert found.evaluations > 0, name
    assert given["0.001, one-sided"].evaluations == 2
    assert given["complex step"].error == 0


def test_the_limit_is_below_what_fixed_steps_reach(given):
    least = limit(EXP)
    assert 0 < least < given["1e-7, two-sided"].error < given["0.001, one-sided"].error
    assert given["1e-7, two-sided"].ratio == given["1e-7, two-sided"].error / least


def test_a_corner_has_no_truth_and_its_answers_are_counted():
    found = blackbox.answers(CORNER, everybody=True)
    assert math.isnan(found[blackbox.OURS].truth)
    (ours, *others) = blackbox.undefined([found])
    assert ours.split() == ["nudgegrad", "0", "of", "1"]
    assert any(line.split()[-3:] == ["1", "of", "1"] for line in others)


def test_a_row_says_what_was_counted(given):
    worse = Problem("off", "smooth", EXP.f, EXP.exact, EXP.x)
    lying = blackbox.judged(worse, limit(EXP), 2 * EXP.truth, 1e-9, 7)
    text = blackbox.row("both", [given[blackbox.OURS], lying]).split()
    assert text[:2] == ["both", "2"]
    assert (lying.silent, lying.covered, text[9:12]) == (True, False, ["50.0", "1", "1"])
