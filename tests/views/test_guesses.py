"""The best nudge beside the usual guesses, and the V-curve."""

import numpy as np
import pytest

import nudgegrad as ng
from nudgegrad.views.guesses import USUAL, report
from nudgegrad.views.vcurve import HEIGHT, WIDTH, drawn, vcurve

QUADRATIC = ng.graph("J = (2 + 3*w)**2").at(w=3)


def by_text(found):
    return {g.text: g for g in found.guesses}


def test_the_usual_guesses_are_there_with_the_best_ones():
    found = report(QUADRATIC, "w")
    guesses = by_text(found)
    assert set(USUAL) <= set(guesses)
    assert [g.h for g in found.guesses] == sorted((g.h for g in found.guesses), reverse=True)
    assert guesses["4"].marks == ("two-sided",)
    assert (guesses["4"].two_sided, guesses["4"].two_sided_error) == (66.0, 0.0)
    assert guesses["1e-3"].one_sided == 66.0090000000082  # as the lab prints it
    assert guesses["1e-100"].trouble == "spacing"
    assert (guesses["1e-100"].one_sided, guesses["1e-100"].two_sided) == (0.0, 0.0)
    assert guesses["1e-100000"].trouble == "underflow"
    assert np.isnan(guesses["1e-100000"].two_sided)


def test_the_best_nudge_is_the_best_of_the_table():
    for program, value in (("J = 1/w", 3), ("J = w**3", 2), ("J = exp(w)", 1), ("J = (2 + 3*w)**2", 3)):
        found = report(ng.graph(program).at(w=value), "w")
        best = next(g for g in found.guesses if "two-sided" in g.marks)
        assert best.two_sided_error <= min(g.two_sided_error for g in found.guesses if g.h) + found.best.bar


def test_the_users_own_nudge():
    guesses = by_text(report(QUADRATIC, "w", own=("1/7", 1 / 7)))
    assert guesses["1/7"].marks == ("yours",)
    guesses = by_text(report(QUADRATIC, "w", own=("0.100", 0.1)))
    assert "0.100" not in guesses
    assert guesses["1e-1"].marks == ("yours",)
    assert by_text(report(QUADRATIC, "w", own=("4", 4.0)))["4"].marks == ("two-sided", "yours")


@pytest.mark.parametrize(
    ("program", "values", "format", "text", "trouble"),
    [
        ("J = w**2", {"w": 3}, "float32", "1e-8", "spacing"),
        ("J = w**2", {"w": 3}, "float32", "1e-100", "underflow"),
        ("J = 3*(w + 6)", {"w": 1e-30}, None, "1e-100", "spacing"),
        ("J = 3*(w + 6)", {"w": 0}, None, "1e-100", "unchanged"),
        ("J = log(w)", {"w": 0.01}, None, "1e-1", ""),
        ("J = sin(20*w)", {"w": 1}, None, "1e-1", "curve"),
        ("J = w + 1e8", {"w": 1}, None, "1e-8", "rounding"),
        ("J = w**2", {"w": 1e-30}, None, "1e-1", "rounding"),
    ],
)
def test_what_is_wrong_with_a_guess(program, values, format, text, trouble):
    found = report(ng.graph(program).at(values, format=format), "w")
    assert by_text(found)[text].trouble == trouble


def test_a_nudge_beyond_the_domain_has_no_answer():
    guess = by_text(report(ng.graph("J = log(0 - w)").at(w=-1e-3), "w"))["1e-1"]
    assert guess.trouble == "undefined"
    assert np.isnan(guess.one_sided)
    assert np.isnan(guess.two_sided)


@pytest.mark.parametrize("stencil", ["two-sided", "one-sided"])
@pytest.mark.parametrize(
    ("program", "value", "format"),
    [
        ("J = (2 + 3*w)**2", 3, None),
        ("J = 1/w", 2, "float32"),
        ("J = w**3", 1000, "bfloat16"),
        ("J = 2*w + 1/3", 0, None),
    ],
)
@pytest.mark.parametrize("width", [WIDTH, 30])
def test_the_v_curve_is_a_picture_of_its_size(program, value, format, stencil, width):
    run = ng.graph(program).at(w=value, format=format)
    n = ng.nudges(run, "w", stencil=stencil)["w"]
    curve = vcurve(run, n, width)
    assert n.h in curve.h
    picture = drawn(curve, width)
    rows = [line.partition("|")[2] for line in picture[:HEIGHT]]
    assert all(row.isascii() and len(row) <= width for row in rows)
    assert sum(row.count("*") for row in rows) == 1
    assert set("".join(rows)) <= set("o\\/* ")
    assert any(line.strip().startswith("^") for line in picture)
    assert any("0.001" in line for line in picture)
    assert max(map(len, picture)) <= width + 12


def test_where_no_nudge_errs_there_is_no_curve():
    run = ng.graph("J = 2*w").at(w=0)
    n = ng.nudges(run, "w")["w"]
    assert drawn(vcurve(run, n)) == []


def test_the_branches_of_the_v_are_those_of_the_formulas():
    run = ng.graph("J = 1/w").at(w=2)
    n = ng.nudges(run, "w")["w"]
    curve = vcurve(run, n)
    right = curve.h > n.h
    assert (np.diff(curve.truncation[right]) > 0).all()
    assert (np.diff(curve.rounding[~right]) < 0).all()
    assert (curve.error[np.isfinite(curve.error)] <= n.bar).any()
