"""Local nudges, and stencils of higher order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

import nudgegrad as ng
from nudgegrad.formats import FORMATS
from nudgegrad.graphs.ops import OPS
from nudgegrad.nudging import local, rounding
from nudgegrad.nudging.stencils import ROWS, STENCILS
from nudgegrad.nudging.table import LOCAL_ABOVE, nudges
from tests.families import FAMILIES, draw
from tests.oracles.study import Record, study

LECTURE = "c = w*x; a = c + b; d = a - y; J = d**2/2"
LECTURE_AT = {"w": -2, "x": 2, "b": 8, "y": 1}
CURVED = "z = exp(w)*sin(w) + 1/w; J = log(z) + tanh(z*b)"
CURVED_AT = {"w": 1.3, "b": 0.4}


def studied(how: str, stencil: str | None, format: str, seeds: range) -> Iterator[Record]:
    """Nodes of programs of all families that have an estimate."""
    for family in FAMILIES:
        for seed in seeds:
            program = draw(family, seed)
            records = study(program, format, most=6, ladder=0, seed=seed, how=how, stencil=stencil)
            yield from (record for record in records if np.isfinite(record.error))


def misses(how: str, stencil: str | None, format: str, seeds: range) -> tuple[int, int, list[float]]:
    """Bars that did not hold, nodes, and relative errors, over all families."""
    records = list(studied(how, stencil, format, seeds))
    missed = sum(record.error > record.bar for record in records)
    return missed, len(records), [r.error / abs(r.truth) for r in records if r.truth]


@pytest.mark.parametrize("format", FORMATS)
def test_the_bars_of_local_nudges_hold(format):
    missed, nodes, errors = misses("local", None, format, range(2))
    assert missed == 0
    assert nodes > 100
    if format == "float64":
        assert np.median(errors) <= 1e-13


@pytest.mark.parametrize("format", ["float64", "float32"])
def test_the_bars_of_the_best_order_hold(format):
    missed, _, errors = misses("global", "auto", format, range(2))
    assert missed == 0
    if format == "float64":
        assert np.median(errors) <= 1e-13


def test_a_bar_without_the_running_error_does_not_hold(monkeypatch):
    monkeypatch.setattr(local, "_running", lambda run: (np.zeros(len(run.graph)),) * 2)
    assert any(record.error > record.bar for record in studied("local", None, "bfloat16", range(2)))


def test_the_lecture_by_local_nudges():
    run = ng.graph(LECTURE).at(LECTURE_AT)
    table = ng.nudges(run, how="local")
    assert {name: n.estimate for name, n in table.items()} == dict(run.adjoints)
    assert {n.how for n in table.values()} == {"local"}
    assert table.verdict == "pass"
    assert table["w"].h == ng.nudges(run, "w")["w"].h
    assert "nudged by itself" in table["w"].reason


def test_local_is_the_default_for_all_nodes_of_a_large_graph():
    def run(count):
        return ng.graph("".join(f"v{k} = {f'v{k - 1}' if k else 'x'} + 1;" for k in range(count))).at(x=1)

    large, small = run(LOCAL_ABOVE), run(LOCAL_ABOVE // 2 - 5)
    assert {n.how for n in ng.nudges(large).values()} == {"local"}
    assert ng.nudges(large, "x")["x"].how == "global"
    assert {n.how for n in ng.nudges(small).values()} == {"global"}


def test_a_wrong_partial_is_seen_at_its_own_op(monkeypatch):
    """A local nudge sees the wrong op; a global one a wrong chain."""
    sine = OPS["sin"]
    monkeypatch.setitem(sine.__dict__, "partials", lambda x, _y: (1.01 * OPS["cos"](x),))
    run = ng.graph("a = sin(w); J = a*3").at(w=0.7)
    table = ng.nudges(run, how="local")
    assert table["w"].verdict == "fail"
    assert table["a"].verdict == "pass"


def test_a_kink_has_no_local_slope():
    run = ng.graph("a = relu(w); b = w*2; J = a + b").at(w=0)
    table = ng.nudges(run, how="local")
    assert table["w"].verdict == "inconclusive"
    assert table["w"].slopes == (2.0, 3.0)
    assert table["b"].verdict == "pass"


def test_values_that_rounding_moved_count(monkeypatch):
    run = ng.graph("s = a + b; d = s - a; J = d**2").at(a=1e8, b=1.0, format="float32")
    n = ng.nudges(run, how="local")["b"]
    assert abs(n.estimate - 2.0) <= n.bar
    monkeypatch.setattr(rounding, "lost", lambda *a: np.zeros(np.shape(a[-1])))
    assert ng.nudges(run, how="local")["b"].bar < n.bar


def test_a_statement_has_a_slope_by_nudging():
    lines = [line for step in ng.explain(ng.graph(CURVED).at(CURVED_AT)) for line in step.lines]
    nudged = [line for line in lines if line.startswith("local derivative by nudging: ")]
    assert len(nudged) == 1  # dz/dw
    run = ng.graph(CURVED).at(CURVED_AT)
    value, _, bar = nudged[0].partition(": ")[2].split()
    assert abs(float(value) - run.partial("z", "w")) <= float(bar)


def test_how_has_a_list():
    run = ng.graph(LECTURE).at(LECTURE_AT)
    with pytest.raises(ng.UsageError, match="unknown way to nudge 'loca'"):
        ng.nudges(run, how="loca")


# Stencils


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.title)
def test_a_stencil_is_exact_to_its_degree_and_no_further(row):
    offsets, weights = np.array(row.offsets), np.array(row.weights)
    assert (weights[::2] == -weights[1::2]).all()
    width = weights @ offsets
    degrees = range(row.exact_degree + 2)
    moments = [weights @ offsets**k / width for k in degrees]
    rounding = [
        (len(row.weights) + k + 4) * 2.0**-53 * (abs(weights) @ abs(offsets) ** k) / width for k in degrees
    ]
    exact = [0.0, 1.0] + [0.0] * (row.exact_degree - 1)
    assert all(abs(m - e) <= r for m, e, r in zip(moments, exact, rounding, strict=False))
    assert abs(moments[-1]) > 0.1


@pytest.mark.parametrize(("order", "bar"), [("4", 1e-11), ("6", 1e-12), ("8", 6e-13)])
def test_orders(order, bar):
    run = ng.graph("J = exp(w)*sin(w) + 1/w").at(w=1.3)
    n = nudges(run, "w", stencil=order)["w"]
    assert n.stencil == order
    assert abs(n.estimate - n.adjoint) <= n.bar <= bar
    assert n.verdict == "pass"


def test_the_order_is_chosen_for_each_node():
    run = ng.graph(CURVED).at(CURVED_AT)
    table = ng.nudges(run, stencil="auto")
    two = ng.nudges(run)
    assert {n.stencil for n in table.values()} >= {"two-sided", "8"}
    assert all(table[name].bar <= two[name].bar for name in two)


def test_a_stencil_with_a_wrong_weight_has_an_honest_bar(monkeypatch):
    (four,) = STENCILS["4"]
    right = nudges(ng.graph("J = w**4").at(w=1.5), "w", stencil="4")["w"]
    wrong = replace(four, weights=(2 / 3, -2 / 3, -1 / 11, 1 / 11), exact_degree=4)
    monkeypatch.setitem(STENCILS, "4", (wrong,))
    run = ng.graph("J = w**4").at(w=1.5)
    n = nudges(run, "w", stencil="4")["w"]
    assert abs(n.estimate - n.adjoint) <= n.bar  # the bar is made from the moments that it really has
    assert n.bar > 10 * right.bar
