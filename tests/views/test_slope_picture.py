"""The picture of J over a node: the curve is J, tangents have the slopes of backprop, gaps are gaps."""

import math
import re

import numpy as np
import pytest

import nudgegrad as ng
from nudgegrad.views import slope_picture
from nudgegrad.views.slope_picture import slope_svg
from nudgegrad.views.tangents import slope
from tests.views.pictures import check_chart, dashes, read, said, starts

LECTURE = ng.graph("c = w*x; a = c + b; d = a - y; J = d**2/2").at(w=2, x=-2, b=8, y=2)
CASES = {
    "lecture": (LECTURE, "w", ()),
    "unnamed": (LECTURE, "a", (-1, 7)),
    "pole": (ng.graph("J = 1/w").at(w=3), "w", (-2, 1)),
    "wave": (ng.graph("J = sin(w)*exp(w)").at(w=1), "w", ()),
    "corner": (ng.graph("J = relu(w)").at(w=1e-3), "w", ()),
    "on a corner": (ng.graph("J = relu(w)").at(w=0), "w", ()),
    "float32": (ng.graph("J = w**2").at(w=3, format="float32"), "w", (-2, 0)),
    "linear": (ng.graph("J = 3*w").at(w=2), "w", ()),
    "edge": (ng.graph("J = log(w)").at(w=0.5, format="float16"), "w", ()),
    "steep": (ng.graph("J = sigmoid(1000*w)").at(w=0.01), "w", ()),
    "level": (ng.graph("J = 3 + 0*w").at(w=2), "w", ()),
    "root": (ng.graph("J = sqrt(w)").at(w=0), "w", ()),
    "power": (ng.graph("J = exp(w)").at(w=50), "w", ()),
    "long": (ng.graph("loss_of_it_all = (w*3)**3/1e9").at(w=123456.789), "w", (1,)),
}


@pytest.mark.parametrize("name", CASES)
def test_nothing_overlaps_and_nothing_is_clipped(name):
    check_chart(slope_svg(*CASES[name]))


@pytest.mark.parametrize("name", CASES)
def test_the_curve_is_j_and_the_tangents_are_its_derivatives(name):
    run, node, at = CASES[name]
    found = slope(run, node, at)
    assert [t.at for t in found.tangents] == [run.value(node), *at]
    assert found.tangents[0].value == run.value(found.output)
    if node in run.graph.inputs:
        inputs = {n: run.value(n) for n in run.graph.inputs}
        for k in range(0, len(found.x), 40):
            try:
                there = run.graph.at({**inputs, node: float(found.x[k])}, format=run.format.name)
                assert there.value(found.output) == found.y[k]
            except ng.EvaluationError:
                assert math.isnan(found.y[k])
        for t in found.tangents:
            there = run.graph.at({**inputs, node: t.at}, format=run.format.name)
            assert t.slope == there.adjoint(node) or math.isnan(t.slope)


def test_a_tangent_is_drawn_with_its_slope():
    run, node, at = CASES["wave"]
    made = slope_picture._Picture(slope(run, node, at))
    _, found = read(slope_svg(run, node, at))
    assert_slope(made.chart, found["tangent"], run.adjoint("w"))
    with pytest.raises(AssertionError):
        assert_slope(made.chart, found["tangent"], 1.1 * run.adjoint("w"))


def assert_slope(chart, elements, expected):
    ends = []
    for e in elements:
        if len(re.findall("L", e.get("d") or "")) > 3:  # not the one of the key
            places = [tuple(map(float, p)) for p in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", e.get("d"))]
            ends += [places[0], places[-1]]
    (x0, y0), (x1, y1) = min(ends), max(ends)
    scale = (chart.x.end - chart.x.start) / (chart.x.high - chart.x.low)
    scale /= (chart.y.end - chart.y.start) / (chart.y.high - chart.y.low)
    blur = 0.02 * abs(scale) / (x1 - x0)  # of ends to a hundredth of a pixel
    assert abs((y1 - y0) / (x1 - x0) * scale - expected) <= blur


def test_the_triangle_has_the_slope():
    run, node, at = CASES["float32"]
    root, found = read(slope_svg(run, node, at))
    assert {"2.5", "15"} <= set(said(root))
    across, up = found["nudge"][:2]
    assert starts(across)[0][1] == starts(up)[0][1]


def test_tangents_at_several_points_are_named():
    texts = said(read(slope_svg(*CASES["float32"]))[0])
    assert {"slope 6 at 3", "slope −4 at −2", "slope 0 at 0"} <= set(texts)


def test_where_j_does_not_exist_there_is_a_gap():
    assert np.isnan(slope(*CASES["edge"]).y).any()
    _, found = read(slope_svg(*CASES["pole"]))
    curve = found["curve"][0].get("d")
    assert curve.count("M") == 2  # nothing is drawn across the pole
    root, _ = read(slope_svg(*CASES["edge"]))
    assert "Where J does not exist there is a gap." in root[1].text


def test_a_corner_is_a_gap():
    run, node, at = CASES["corner"]
    assert slope(run, node, at).corners == (0.0,)
    root, found = read(slope_svg(run, node, at))
    assert found["curve"][0].get("d").count("M") == 2
    assert "gap: a corner" in said(root)
    root, _ = read(slope_svg(*CASES["on a corner"]))
    assert "slope 0 to the left, 1 to the right." in root[1].text


def test_a_point_without_a_slope_has_no_tangent():
    root, found = read(slope_svg(*CASES["root"]))
    assert len(found["tangent"]) == 1  # that of the key
    assert "At w = 0 J has no slope." in said(root)


def test_nothing_is_said_by_colour_alone():
    root, _ = read(slope_svg(*CASES["wave"]))
    lines = dashes(root)
    assert len({tuple(lines[kind]) for kind in ("curve", "tangent", "nudge")}) == 3


def test_what_cannot_be_drawn():
    run = ng.graph("u = b; J = log(w)*2").at(w=1, b=2)
    with pytest.raises(ng.UsageError, match="J does not depend on b"):
        slope_svg(run, "b")
    with pytest.raises(ng.NodeError, match="there is no node 'q'"):
        slope_svg(run, "q")
    with pytest.raises(ng.UsageError, match="J does not exist at w = -1"):
        slope_svg(run, "w", [-1])
    constant = next(i for i in range(len(run.graph)) if i in run.graph.constants)
    with pytest.raises(ng.UsageError, match="'2' is a constant"):
        slope_svg(run, constant)
