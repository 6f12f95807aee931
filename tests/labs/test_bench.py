"""The bench's data: what `nudges` says in two formats and two stencils, and what the course prints."""

from __future__ import annotations

import json
import math
from fractions import Fraction

import numpy as np
import pytest

import nudgegrad as ng
from nudgegrad.errors import NodeError
from nudgegrad.graphs.graph import CONSTANT
from nudgegrad.graphs.program import EXACTLY, parse
from nudgegrad.labs.bench import POINTS, STENCILS, STRAIGHT, bench, corners, printed_figures
from nudgegrad.labs.course import COURSE
from nudgegrad.labs.tapes import tape
from nudgegrad.views.vcurve import vcurve
from tests import figures
from tests.labs.machine import computed, task
from tests.sweeps.programs import DATA, EXERCISES, exercise_run

CASES = [(name, node) for name in ("nw1", "nw2", "d-cube-2") for node in EXERCISES[name]["nodes"]]


@pytest.mark.parametrize(("name", "node"), CASES)
def test_the_bench_says_what_the_nudges_say(name, node):
    run = exercise_run(EXERCISES[name])
    found = bench(run, node)
    assert found["node"] == node
    for fmt in ("float64", "float32"):
        there = run.graph.at({i: run.value(i) for i in run.graph.inputs}, format=fmt)
        assert set(found[fmt]) == set(STENCILS)
        for stencil, shown in found[fmt].items():
            n = ng.nudges(there, [node], stencil=stencil)[node]
            assert (shown["h"], shown["estimate"], shown["bar"]) == (n.h, n.estimate, n.bar)
            assert (shown["verdict"], shown["reason"]) == (n.verdict, n.reason)
            assert shown["says"].endswith(".")
            assert shown["says"].count(node)


def test_the_truth_lies_within_the_bars():
    for name, exercise in EXERCISES.items():
        run = exercise_run(exercise)
        for box in exercise["boxes"]:
            if box["kind"] != "adjoint" or name not in ("nw0", "relu2", "d-cube-2", "d-inv-2"):
                continue
            found = bench(run, box["den"])
            for fmt in ("float64", "float32"):
                for shown in found[fmt].values():
                    assert abs(Fraction(shown["estimate"]) - Fraction(box["exact"])) <= Fraction(
                        shown["bar"]
                    )


@pytest.mark.parametrize("stencil", STENCILS)
def test_a_curve_keeps_its_shape(stencil):
    run = exercise_run(EXERCISES["nw2"])
    curve = bench(run, "h")["float64"][stencil]["curve"]
    whole = vcurve(run, ng.nudges(run, ["h"], stencil=stencil)["h"], POINTS)
    assert len(curve["h"]) == len(curve["rounding"]) == len(curve["truncation"]) <= POINTS
    x = np.log2(whole.h)
    off = whole.h != whole.best
    for part in ("rounding", "truncation"):
        drawn = np.interp(x, curve["h"], np.array(curve[part], dtype=float))
        predicted = np.log10(getattr(whole, part))
        if part == "truncation":  # it rises with the nudge: what sticks out is rounding
            predicted = np.minimum.accumulate(predicted[::-1])[::-1]
        digits = 10.0 ** (math.ceil(math.log10(np.abs(predicted).max())) - 3)  # three are kept
        assert (np.abs(drawn - predicted)[off] <= STRAIGHT + 2 * digits).all()


def test_corners_are_kept_and_straight_stretches_left_out():
    x = np.arange(9.0)
    assert corners(x, np.array([np.abs(x - 4)])) == [0, 4, 8]
    assert corners(x, np.array([x, 2 - 3 * x])) == [0, 8]
    gap = np.where(x == 3, np.nan, x)
    assert corners(x, np.array([gap])) == [0, 2, 3, 4, 8]


def test_a_curve_of_nothing_is_none():
    found = bench(parse("a = 2*w; b = 3*w; J = a").at(w=1), "b")
    for fmt in ("float64", "float32"):
        for shown in found[fmt].values():
            assert shown["curve"] is None
            assert shown["estimate"] == 0
    flat = bench(parse("J = w**2").at(w=1), "w")["float64"]["two-sided"]
    assert set(flat["curve"]["truncation"]) == {None}  # of degree 2: no truncation at any size


def test_what_does_not_exist_is_none():
    kink = bench(parse("J = relu(w)").at(w=0), "w")["float64"]["two-sided"]
    assert (kink["h"], kink["estimate"], kink["bar"]) == (None, None, None)
    assert kink["verdict"] == "inconclusive"
    assert bench(parse("J = w * 1e30").at(w=1e30), "w")["float32"] is None
    assert bench(parse("J = w / 1e30").at(w=1e300), "w")["float32"] is None


def test_names_are_checked():
    run = parse("J = 2*w + 1").at(w=1)
    assert bench(run, "2  *  w")["node"] == "2 * w"
    with pytest.raises(NodeError):
        bench(run, "v")


@pytest.mark.parametrize("name", ["relu2", "nw2"])  # the largest
def test_the_benches_of_an_exercise_fit_its_file(name):
    run = exercise_run(EXERCISES[name])
    whole = {node: bench(run, node) for node in run.graph.names.values()}  # fixed inputs, too
    assert len(json.dumps(whole, allow_nan=False, separators=(",", ":"))) <= figures.BENCH_BYTES


# What the course prints.


def exact_quotient(name, of, by, h):
    """The quotient in exact arithmetic, everything that does not depend on `by` held."""
    run = exercise_run(EXERCISES[name])
    graph = run.graph
    values = []
    for nudged in (None, graph.index(by)):
        known: list[Fraction] = []
        for i in range(len(graph)):
            row = graph.op(i)
            if row is not None:
                known.append(EXACTLY[row.name](*(known[j] for j in graph.args(i))))
            elif graph.codes[i] == CONSTANT:
                known.append(graph.constants[i][0])
            else:
                known.append(Fraction(EXERCISES[name]["inputs"][graph.names[i]]))
            if i == nudged:
                known[i] += h
        values.append(known[graph.index(of)])
    return (values[1] - values[0]) / h


@pytest.mark.parametrize(
    "shown", printed_figures(), ids=lambda f: "-".join([f["where"], *list(f.values())[:4]])
)
def test_the_courses_printed_quotients(shown):
    name, of, by, h = (shown[key] for key in ("exercise", "of", "by", "nudge"))
    assert Fraction(shown["exact"]) == exact_quotient(name, of, by, Fraction(h))
    run = exercise_run(EXERCISES[name])
    i, top = run.graph.index(by), run.graph.index(of)
    after = run.value_array[i] + float(h)
    (found,) = computed([task(tape(run), replays=[(i, after, [top])])])
    quotient = (float(found["replays"][0][0]) - run.value(of)) / float(h)
    if shown["where"] == "lab":
        assert repr(quotient) == shown["printed"]
    else:
        assert Fraction(shown["printed"]) == Fraction(shown["exact"])
        assert repr(quotient) != shown["printed"]


def test_all_printed_quotients_are_there():
    found = printed_figures()
    assert [f["printed"] for f in found] == [p["printed"] for p in DATA["printed_nudges"]]
    assert [f["where"] == "lab" for f in found] == [p["bitwise"] for p in DATA["printed_nudges"]]
    assert {f["exercise"] for f in found} <= set(COURSE)
