"""What all ops of a large graph are nudged by, against what one problem after the other says."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import nudgegrad as ng
from nudgegrad.compiled import LOOPS
from nudgegrad.graphs.ops import OPS
from nudgegrad.nudging.large import SIX
from nudgegrad.nudging.optimal import NOISE, Problem, points, truncation
from nudgegrad.nudging.windows import structure
from nudgegrad.sweeps.evaluate import WIDE
from nudgegrad.sweeps.jets import ORDER
from nudgegrad.sweeps.schedule import schedule

U = WIDE.u


def test_truncations_are_those_of_a_problem_bit_for_bit():
    random, count = np.random.default_rng(5), 60
    x = random.standard_normal(count) * 2.0 ** random.integers(-30, 30, count)
    scale = 2.0 ** np.floor(np.log2(np.abs(x)))
    jets = random.standard_normal((ORDER + 1, count)) * (random.random((ORDER + 1, count)) < 0.8)
    degree = random.choice([1.0, 2.0, 7.0, 8.0, 9.0, 10000.0], count)
    h = scale * 2.0 ** random.integers(-50, 30, count)  # of a large one the differences are rounded
    at = points(x[:, None], np.stack([h, h / 2], axis=1), SIX, WIDE)
    q = Problem(None, None, SIX, x[:, None], scale, jets, degree, x, x, None)  # type: ignore[arg-type]  # these do not enter
    found = np.zeros(2 * count)
    LOOPS["bound_truncations"](
        ORDER, SIX.weights, SIX.tail, NOISE * U, x, scale, jets.reshape(-1), degree, at.reshape(-1), found
    )
    expected = truncation(q, at)
    assert np.array_equal(found.reshape(count, 2), expected)
    assert (expected[degree > SIX.exact_degree] > 0).all()


def compared(values, cuts, degree=10000.0, good=True):
    """Estimate, second estimate, truncation and bar of an op nudged from 0 by 1 and by 1/2."""
    found = [0.0] * 4
    at = [1.0, -1.0, 0.5, -0.5]
    LOOPS["compare_nudges"]([0.5, -0.5], 2, U, 0.0, U, [1.0], [degree], at, values, cuts, [good], found)
    return found


def test_two_nudges_that_agree_have_a_bar():
    one, second, cut, bar = compared([3.0, -3.0, 1.5, -1.5], [0.25, 0.125])
    assert (one, second, cut) == (3.0, 3.0, 0.25)
    assert bar == 0.25 + U * 3.0 + 4 * U * 3.0


@pytest.mark.parametrize("wrong", [{"good": False}, {"cuts": [0.25, np.nan]}, {"cuts": [np.inf, 0.25]}])
def test_what_is_not_allowed_or_not_bounded_has_none(wrong):
    assert compared(**{"values": [3.0, -3.0, 1.5, -1.5], "cuts": [0.25, 0.125], **wrong})[3] == np.inf


def test_two_nudges_that_disagree_have_none():
    values = [3.0, -3.0, 2.0, -2.0]  # slopes 3 and 4
    assert compared(values, [0.5, 0.25])[3] == np.inf
    assert compared(values, [0.25, 1.0])[3] < np.inf
    assert compared(values, [1.0, 0.25])[3] < np.inf
    assert compared([3.0, -3.0, np.inf, -2.0], [0.5, 0.25])[3] == np.inf


def test_a_series_that_came_out_as_0_proves_nothing():
    values = [3.0, -3.0, 2.0, -2.0]
    assert compared(values, [0.0, 0.0])[2] == 1.0
    assert compared(values, [0.0, 0.0], degree=2.0)[3] == np.inf


def test_what_is_kept_of_a_graph_follows_its_rows_and_is_no_data(monkeypatch):
    graph = ng.graph("a = sin(w); J = a * w")
    before, plan = structure(graph), schedule(graph)
    assert structure(graph) is before
    monkeypatch.setitem(OPS["sin"].__dict__, "partials", lambda x, _y: (OPS["cos"](x),))
    assert schedule(graph) is not plan
    assert structure(graph).plan is schedule(graph)
    again = pickle.loads(pickle.dumps(graph))
    assert not again.kept
    assert again.at(w=0.5).adjoint("w") == graph.at(w=0.5).adjoint("w")
