"""The picture of a V-curve: its points are the errors of nudges, and nothing is said by colour alone."""

from itertools import pairwise

import numpy as np
import pytest

import nudgegrad as ng
from nudgegrad.nudging.optimal import measure, problem
from nudgegrad.nudging.quotient import COURSE
from nudgegrad.nudging.stencils import stencils_named
from nudgegrad.views import chart, error_picture
from nudgegrad.views.axes import rounds, tens
from nudgegrad.views.error_picture import error_svg
from nudgegrad.views.measured import PAIR, errors
from nudgegrad.views.svg import COLORS
from nudgegrad.views.vcurve import vcurve
from tests.views.pictures import check_chart, dashes, read, said, starts
from tests.views.test_plot import luminance

LECTURE = ng.graph("c = w*x; a = c + b; d = a - y; J = d**2/2").at(w=2, x=-2, b=8, y=2)
CASES = {
    "lecture": LECTURE,
    "pole": ng.graph("J = 1/w").at(w=3),
    "wave": ng.graph("J = sin(w)*exp(w)").at(w=1),
    "corner": ng.graph("J = relu(w)").at(w=1e-3),
    "on a corner": ng.graph("J = relu(w)").at(w=0),
    "float32": ng.graph("J = w**2").at(w=3, format="float32"),
    "float16": ng.graph("J = log(w)").at(w=0.5, format="float16"),
    "linear": ng.graph("J = 3*w").at(w=2),
    "steep": ng.graph("J = sigmoid(1000*w)").at(w=0.01),
    "power": ng.graph("J = exp(w)").at(w=50),
    "tiny": ng.graph("J = 1e-200*w**3").at(w=1e-30),
    "long": ng.graph("loss_of_it_all = (w*3)**3/weight_of_the_first_layer").at(
        w=1, weight_of_the_first_layer=123456.789
    ),
}


def picture(run, node="w", **options):
    return error_svg(run, ng.nudges(run, node, **options)[node])


@pytest.mark.parametrize("name", CASES)
def test_nothing_overlaps_and_nothing_is_clipped(name):
    check_chart(picture(CASES[name]))


def test_the_picture_of_the_lecture_s_weight(golden):
    text = picture(LECTURE)
    check_chart(text)
    golden("plot-errors.svg", text + "\n")
    assert picture(LECTURE) == text


@pytest.mark.parametrize("stencil", ["two-sided", "one-sided", "4"])
@pytest.mark.parametrize("name", ["lecture", "pole", "wave", "corner", "float32"])
def test_the_data_are_those_of_the_nudges(name, stencil):
    run = CASES[name]
    n = ng.nudges(run, "w", stencil=stencil)["w"]
    found = errors(run, n)
    assert set(found.measured) == {*PAIR, stencil}
    (k,) = np.flatnonzero(found.h == n.h)
    assert found.measured[stencil][k] == abs(n.estimate - n.adjoint)
    for kind in set(PAIR) - {stencil}:
        m = measure(problem(run, [run.graph.index("w")], stencils_named(kind)[0]), found.h[None, :])
        assert np.array_equal(found.measured[kind], np.abs(m.estimate[0] - n.adjoint), equal_nan=True)
    if stencil == "two-sided":
        curve = vcurve(run, n, 2 * 72)
        at = np.searchsorted(curve.h, found.h)
        assert np.array_equal(curve.h[at], found.h)
        assert np.array_equal(curve.error[at], found.measured[stencil], equal_nan=True)
        free = np.isfinite(found.rounding)
        assert np.array_equal(curve.rounding[at][free], found.rounding[free])
        assert np.array_equal(curve.truncation[at][free], found.truncation[free])


@pytest.mark.parametrize("name", ["lecture", "pole", "corner"])
def test_each_mark_stands_at_its_nudge_and_error(name):
    run = CASES[name]
    n = ng.nudges(run, "w")["w"]
    assert_marks_are_right(error_svg(run, n), errors(run, n))


def assert_marks_are_right(text, found):
    _, drawn = read(text)
    made = error_picture._Picture(found)
    for name, shape, dx, dy in (
        ("two-sided", "dot", chart.MARK, 0),
        ("one-sided", "triangle", 0, 1.2 * chart.MARK),
    ):
        error = found.measured[name]
        there = np.isfinite(error)
        x = made.chart.x.at(np.log10(found.h[there]))
        y = made.heights(error)[there]
        bottom = made.chart.area[3]
        assert ((y > bottom) == (error[there] == 0)).all()
        seen = np.array(starts(drawn[shape][-2 if len(drawn[shape]) > 1 else 0]))
        expected = np.stack([x - dx, y - dy], axis=1)
        assert np.array_equal(np.round(expected, 2), seen) or np.abs(expected - seen).max() <= 0.0051


def test_wrong_data_are_seen(monkeypatch):
    run = CASES["pole"]
    n = ng.nudges(run, "w")["w"]
    found = errors(run, n)
    right = error_picture._Picture.heights
    monkeypatch.setattr(error_picture._Picture, "heights", lambda self, error: right(self, 2 * error))
    text = error_svg(run, n)
    monkeypatch.undo()
    with pytest.raises(AssertionError):
        assert_marks_are_right(text, found)


@pytest.mark.parametrize(
    ("name", "why", "low"),
    [
        ("corner", "beyond the corner of relu(w)", 1e-3),
        ("float16", "too near the edge of log(w)", 0.25),
        ("steep", "too far for sigmoid(1000*w)", 1e-3),
    ],
)
def test_forbidden_nudges_are_hatched_and_named(name, why, low):
    run = CASES[name]
    text = picture(run)
    root, found = read(text)
    assert why in said(root)
    assert len(found["hatch"]) >= 2
    (piece,) = [f for f in errors(run, ng.nudges(run, "w")["w"]).forbidden if f.why == why]
    assert low <= piece.low < 1.01 * low
    assert why in root[1].text


def test_a_node_on_a_corner_has_no_best_nudge():
    root, found = read(picture(CASES["on a corner"]))
    assert "best" not in found
    assert "w is on the corner of relu(w)" in said(root)


def test_the_best_nudge_is_a_power_of_two_with_its_bar():
    root, _ = read(picture(CASES["pole"]))
    n = ng.nudges(CASES["pole"], "w")["w"]
    assert n.h == 2.0**-17
    assert "best nudge 2−17, error at most 5e-12" in said(root)  # raised
    assert f"{COURSE:g}" in said(root)
    assert "10−14" in said(root)


def test_errors_of_exactly_0_have_a_row_that_says_so():
    assert {"exact", "exact: the error is 0"} <= set(said(read(picture(LECTURE))[0]))
    assert "exact" not in said(read(picture(CASES["wave"]))[0])


def test_without_truncation_there_is_no_such_branch():
    root, found = read(picture(CASES["linear"]))
    assert "truncation" not in found
    assert any(words.startswith("J is of degree 1 in w: two-sided") for words in said(root))
    assert {"rounding", "curve of J", "predicted"} <= set(said(read(picture(CASES["pole"]))[0]))


def test_nothing_is_said_by_colour_alone():
    root, found = read(picture(CASES["pole"]))
    lines = dashes(root)
    kinds = [tuple(lines[kind]) for kind in ("rounding", "truncation", "best", "course")]
    assert len(set(kinds)) == len(kinds)
    shapes = [e.get("d").split("M")[1] for e in (found["dot"][-1], found["triangle"][-1])]
    assert "a" in shapes[0]
    assert "a" not in shapes[1]


@pytest.mark.parametrize("side", [0, 1])
def test_its_text_can_be_read(side):
    inks = {
        ink
        for where, what, ink in (*chart.PAINTED, *error_picture.PAINTED)
        if "text" in where or where == ".quiet"
    }
    for ink in inks:
        one, other = sorted(luminance(COLORS[key][side]) for key in (ink, "ground"))
        assert (other + 0.05) / (one + 0.05) >= 4.5  # WCAG 2.2, 1.4.3


def test_names_are_text_whatever_they_are():
    run = ng.graph("ψ = 2*β; J = ψ**3").at(β=3)
    root, _ = check_chart(picture(run, "β"))
    assert "Error of dJ/dβ by nudging β = 3" in said(root)


def test_local_nudges_are_found_again():
    run = CASES["wave"]
    local = ng.nudges(run, how="local")["w"]
    assert local.how == "local"
    assert errors(run, local).best == ng.nudges(run, "w", stencil=local.stencil)["w"]


def test_what_cannot_be_drawn():
    run = ng.graph("u = b; J = sqrt(w)").at(w=0, b=2)
    table = ng.nudges(run)
    with pytest.raises(ng.UsageError, match="J does not depend on b"):
        error_svg(run, table["b"])
    with pytest.raises(ng.UsageError, match="there is no dJ/dw at w = 0"):
        error_svg(run, table["w"])


@pytest.mark.parametrize(
    ("low", "high", "most"), [(-17.3, 1.2, 7), (-3.0, 0.0, 7), (-0.3, 0.2, 7), (-300, 20, 7)]
)
def test_ticks_are_powers_of_ten(low, high, most):
    found = tens(low, high, most)
    places = [k for k, _ in found]
    assert all(low <= k <= high and k == int(k) for k in places)
    assert len(found) <= most + 1
    assert len({b - a for a, b in pairwise(places)}) <= 1


@pytest.mark.parametrize(("low", "high"), [(-1, 5), (0.9985, 1.0001), (-3e5, 7e20), (1e-9, 3e-9)])
def test_ticks_are_round(low, high):
    found = [x for x, _ in rounds(low, high, 6)]
    assert 2 <= len(found) <= 7
    assert low <= found[0] <= found[-1] <= high


def test_the_checks_see_a_line_beyond_the_axes(monkeypatch):
    monkeypatch.setattr(chart.Chart, "_cut", lambda _, x0, y0, *__: (x0, y0 - 40))
    with pytest.raises(AssertionError):
        check_chart(picture(CASES["pole"]))


def test_the_checks_see_overlapping_labels(monkeypatch):
    monkeypatch.setattr(error_picture, "LINE", 5.0)
    with pytest.raises(AssertionError):
        check_chart(picture(CASES["pole"]))


def test_the_checks_see_what_is_clipped(monkeypatch):
    monkeypatch.setattr(error_picture, "EDGE", -20.0)
    with pytest.raises(AssertionError):
        check_chart(picture(CASES["pole"]))
