"""The V-curve on matplotlib axes: the same data, and what is said where matplotlib is missing."""

import sys

import matplotlib as mpl
import numpy as np
import pytest

import nudgegrad as ng
from nudgegrad.views import notebook
from nudgegrad.views.measured import errors

mpl.use("Agg")
from matplotlib import pyplot

RUN = ng.graph("J = 1/w").at(w=3)
BEST = ng.nudges(RUN)["w"]


@pytest.fixture
def ax():
    figure, axes = pyplot.subplots()
    yield axes
    pyplot.close(figure)


def test_the_axes_hold_the_errors(ax):
    assert notebook.plot(RUN, BEST, ax) is ax
    found = errors(RUN, BEST)
    lines = {line.get_label(): line for line in ax.get_lines()}
    for name, error in found.measured.items():
        assert np.array_equal(lines[name].get_xdata(), found.h)
        y = np.asarray(lines[name].get_ydata())
        assert np.array_equal(y[error > 0], error[error > 0])
        assert (y[error == 0] < found.best.bar).all()
    assert lines["best nudge 2^-17"].get_xdata()[0] == BEST.h
    assert lines["error at most 5e-12"].get_ydata()[0] == BEST.bar
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("nudge h", "error of dJ/dw")
    assert lines["two-sided"].get_marker() != lines["one-sided"].get_marker()
    styles = [lines[f"predicted {kind}"]._dash_pattern for kind in ("rounding", "truncation")]
    assert styles[0] != styles[1]


def test_forbidden_nudges_are_hatched(ax):
    run = ng.graph("J = relu(w)").at(w=1e-3)
    notebook.plot(run, ng.nudges(run)["w"], ax)
    assert [p.get_hatch() for p in ax.patches] == ["///"]
    assert "beyond the corner of relu(w)" in [t.get_text() for t in ax.get_legend().get_texts()]


def test_axes_are_made_where_none_are_given():
    made = notebook.plot(RUN, BEST)
    assert made.get_lines()
    pyplot.close(made.figure)


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ng.UsageError, match=r"needs matplotlib.*\n.*nudgegrad\[plot\]"):
        notebook.plot(RUN, BEST)


def test_a_nudge_draws_itself(ax):
    assert BEST.plot(ax=ax) is ax
    assert [line.get_label() for line in ax.get_lines()][:2] == ["two-sided", "one-sided"]
    assert BEST.plot().get_xlabel() == "nudge h"
    pyplot.close("all")
