"""Local nudges of large graphs: estimates, bars and verdicts of all nodes, a row when it is asked for."""

from __future__ import annotations

import gc
import tracemalloc
from typing import Any

import numpy as np
import pytest

import nudgegrad as ng
from nudgegrad import memory
from nudgegrad.formats import FORMATS
from nudgegrad.graphs.graph import ROWS
from nudgegrad.graphs.ops import OPS
from nudgegrad.nudging import large, table
from nudgegrad.nudging.many import NEAR, SAMPLE
from nudgegrad.nudging.windows import structure
from nudgegrad.races.programs import program
from tests import figures
from tests.families import FAMILIES, draw
from tests.oracles.study import study
from tests.sweeps.programs import random_runs

LECTURE = "c = w*x; a = c + b; d = a - y; J = d**2/2"
LECTURE_AT = {"w": -2, "x": 2, "b": 8, "y": 1}


@pytest.fixture
def many(monkeypatch):
    """Small graphs as if they were large."""
    monkeypatch.setattr(table, "MANY_ABOVE", 0)


def rows_of(found: ng.NudgeTable) -> Any:
    """What is behind a table of a large graph."""
    return found._rows


def misses(format, seeds):
    """Nodes whose bar did not hold, of how many, and those whose right adjoint fails, over all families."""
    records = [
        record
        for family in FAMILIES
        for seed in seeds
        for record in study(draw(family, seed), format, most=6, ladder=0, seed=seed, how="local")
    ]
    known = [r for r in records if np.isfinite(r.error)]
    return sum(r.error > r.bar for r in known), len(known), sum(r.verdict == "fail" for r in records)


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("format", FORMATS)
def test_the_bars_hold(format):
    missed, nodes, failed = misses(format, range(4))
    assert missed == 0
    assert failed == 0
    assert nodes > 150


@pytest.mark.usefixtures("many")
def test_bars_without_the_rounding_of_values_do_not_hold(monkeypatch):
    run = ng.graph("s = a + b; d = s - a; J = d**2").at(a=1e8, b=1.0, format="float32")
    n = ng.nudges(run, how="local")["b"]
    assert abs(n.estimate - 2.0) <= n.bar
    monkeypatch.setattr(large, "running", lambda run: (np.zeros(len(run.graph)),) * 2)
    n = ng.nudges(run, how="local")["b"]
    assert abs(n.estimate - 2.0) > n.bar


@pytest.mark.usefixtures("many")
def test_the_lecture():
    run = ng.graph(LECTURE).at(LECTURE_AT)
    found = ng.nudges(run, how="local")
    assert {name: n.estimate for name, n in found.items()} == dict(run.adjoints)
    assert {n.how for n in found.values()} == {"local"}
    assert found.verdict == "pass"
    assert found["w"].factors.decided == "degree"
    assert found["w"].factors.second == 4.0
    assert "of degree 2 in w" in found["w"].reason


@pytest.mark.usefixtures("many")
def test_a_table_of_arrays_is_the_same_table():
    for run in random_runs("float64", 1, 40, families=["tanh_net", "functions", "near_kinks"]):
        found = ng.nudges(run, how="local")
        assert len(found) == len(list(found)) == int(run.graph.nudged.sum())
        for field in ("h", "value", "adjoint", "estimate", "second", "bar", "truncation", "adjoint_bar"):
            rows = [getattr(n, field) for n in found.values()]
            live = [run.graph.reaches[run.graph.index(name)] for name in found]
            assert np.array_equal(found.array(field)[live], np.array(rows)[live], equal_nan=True)
        assert [n.verdict for n in found.values()] == list(found.array("verdict"))
        assert dict(found.verdicts) == {name: n.verdict for name, n in found.items()}


@pytest.mark.usefixtures("many")
def test_a_wrong_partial_is_seen_at_its_own_op(monkeypatch):
    assert OPS["sin"].formulas
    run = ng.graph("a = sin(w); J = a*3").at(w=0.7)
    right = ng.nudges(run, how="local")["w"]
    monkeypatch.setitem(OPS["sin"].__dict__, "partials", lambda x, _y: (1.01 * OPS["cos"](x),))
    run = ng.graph("a = sin(w); J = a*3").at(w=0.7)
    found = ng.nudges(run, how="local")
    assert found["w"].verdict == "fail"
    assert found["a"].verdict == "pass"
    assert found["w"].estimate == pytest.approx(right.estimate, abs=right.bar)  # from values only


@pytest.mark.usefixtures("many")
def test_a_kink_has_no_slope():
    run = ng.graph("a = relu(w); b = w*2; J = a + b").at(w=0)
    found = ng.nudges(run, how="local")
    assert found["w"].verdict == "inconclusive"
    assert np.isnan(found["w"].h)
    assert found["w"].slopes == (2.0, 3.0)
    assert found["b"].verdict == "pass"


@pytest.mark.usefixtures("many")
def test_a_node_that_j_does_not_depend_on():
    found = ng.nudges(ng.graph("a = w*3; b = v*2; J = a").at(w=1, v=5), how="local")
    assert found["v"].factors.decided == "independent"
    assert found["v"].verdict == found.verdict == "pass"


@pytest.mark.usefixtures("many")
def test_a_sum_that_leaves_the_range_has_no_slope_and_what_stands_before_it_has_one():
    run = ng.graph("e = p*2; a = x + y; J = a*c + e").at(p=3, x=1.7e308, y=1, c=1e-300)
    found = ng.nudges(run, how="local")
    assert {name: n.estimate for name, n in found.items() if np.isfinite(n.bar)} == {
        "p": 2.0,
        "e": 1.0,
        "a * c": 1.0,
        "J": 1.0,
    }
    assert {found[name].verdict for name in "axyc"} == {"inconclusive"}


def test_names_that_are_not_there():
    made = program("mlp", 3000)
    run = ng.graph(made.text).at(made.values)
    with pytest.raises(ng.NodeError):
        ng.nudges(run)["nobody"]
    some = ng.nudges(run, ["x1", "J"], how="local")
    assert set(some) == {"x1", "J"}
    assert len(some) == 2
    assert "x2" not in some


def test_windowed_nudges_have_a_certificate():
    made = program("swish", 3000)
    run = ng.graph(made.text).at(made.values)
    found = ng.nudges(run)
    certificate = found.certificate
    assert certificate is not None
    assert len(certificate.nodes) == SAMPLE
    assert certificate.near >= 0.9
    sure = [r for r, exact in zip(certificate.ratios, certificate.exact, strict=True) if exact]
    assert sure
    assert set(sure) == {1.0}
    assert not found[run.graph.name(certificate.nodes[0])].factors.exact or certificate.exact[0]
    assert ng.nudges(ng.graph(LECTURE).at(LECTURE_AT)).certificate is None


def test_a_certificate_of_wrong_jets_says_so():
    made = program("swish", 3000)
    run = ng.graph(made.text).at(made.values)
    found = ng.nudges(run)
    rows_of(found).h *= 2 * NEAR
    assert found.certificate is not None
    assert found.certificate.near < 0.1


def test_the_sketch_is_near_the_rounding_below():
    made = program("sparse", 3000)
    run = ng.graph(made.text).at(made.values)
    rows = rows_of(ng.nudges(run))
    claims = np.array([row.claim(run.format) for row in ROWS])
    ratios = []
    for i in np.random.default_rng(0).choice(np.flatnonzero(structure(run.graph).moves), 40).tolist():
        below = [k for k in run.graph.descendants(i) if k != i]
        lost = [rows.found.estimate[k] * claims[run.graph.codes[k]] * run.value_array[k] for k in below]
        exact = run.format.u * np.sqrt(np.sum(np.square(lost)) / 3)
        if exact:
            ratios.append(rows.below[i] / exact)
    assert 0.7 < np.median(ratios) < 1.4
    assert max(ratios) < 2.5
    assert min(ratios) > 0.4


@pytest.mark.parametrize("format", ["float32", "bfloat16"])
def test_large_graphs_in_short_formats(format):
    made = program("rnn", 2500)
    run = ng.graph(made.text).at(made.values, format=format)
    wide = ng.graph(made.text).at({name: run.value(name) for name in made.values})
    found = ng.nudges(run)
    apart = np.abs(found.array("estimate") - wide.adjoint_array[rows_of(found).wanted])
    known = np.isfinite(found.array("bar"))
    assert (apart <= found.array("bar"))[known].all()
    assert found.verdict != "fail"


def test_a_node_takes_so_many_bytes():
    made = program("mlp", 100_000)
    graph = ng.graph(made.text)
    run = graph.at(made.values)
    assert ng.nudges(run)["J"].adjoint == run.adjoint("J")  # what is loaded once
    graph = ng.graph(made.text)
    graph.index("J")
    tracemalloc.start()
    try:
        run = graph.at(made.values)
        assert run.adjoint("J") == 1.0
        gc.collect()  # what is kept is meant
        swept = tracemalloc.get_traced_memory()[0]
        found = ng.nudges(run)
        gc.collect()
        nudged = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    there = graph.codes.nbytes + graph.operands.nbytes
    assert (there + swept) / len(graph) <= figures.NODE_BYTES
    assert (there + nudged) / len(graph) <= figures.NUDGE_BYTES
    assert len(found) == int(graph.nudged.sum())


def test_what_is_too_large_is_refused_with_the_number_of_bytes(monkeypatch):
    made = program("mlp", 3000)
    graph = ng.graph(made.text)
    run = graph.at(made.values)
    monkeypatch.setattr(memory, "available", lambda: 100_000)
    with pytest.raises(
        ng.UsageError, match=rf"values and adjoints of 3,154 nodes would take {3154 * 40:,} bytes"
    ):
        graph.at(made.values)
    with pytest.raises(ng.UsageError, match=rf"the nudges of 3,154 nodes would take {3154 * 160:,} bytes"):
        ng.nudges(run)
    monkeypatch.setattr("nudgegrad.graphs.program.LONG", 1000)
    with pytest.raises(
        ng.UsageError, match=rf"would take {100 * len(made.text):,} bytes of memory; 100,000 are"
    ):
        ng.graph(made.text)


def test_nothing_is_collected_while_a_graph_is_built(monkeypatch):
    seen = []
    monkeypatch.setattr("nudgegrad.graphs.graph.validate", lambda _graph: seen.append(gc.isenabled()))
    assert gc.isenabled()
    ng.graph("J = w")
    with pytest.raises(ng.ProgramError):
        ng.graph("J = = w")
    assert seen == [False]
    assert gc.isenabled()


def test_a_large_table_prints_some_rows_and_what_all_are_worth(monkeypatch):
    made = program("sparse", 3000)
    run = ng.graph(made.text).at(made.values)
    found = ng.nudges(run)
    monkeypatch.setattr("nudgegrad.views.table.WHOLE", 1000)
    monkeypatch.setattr(type(rows_of(found)), "values", None)  # which would make every row
    text = str(found)
    total = len(found)
    agree = f"Of {total:,} derivatives {total:,} agree with their nudges"
    assert f"{agree}, 0 fail, 0 are inconclusive." in text
    assert f"and {total - 200:,} more" in text
    assert "at 32 nodes drawn at random" in text
    assert text.count("best nudge") <= 201
    run.adjoint_array.flags.writeable = True
    run.adjoint_array[run.graph.index("w70")] *= 2
    wrong = ng.nudges(run)
    assert wrong.verdict == "fail"
    assert "w70: each op below" in str(wrong)
    assert "1 fail" in str(wrong)


def test_one_node_is_nudged_globally_unless_the_graph_is_too_large_for_that(monkeypatch):
    made = program("rnn", 2500)
    run = ng.graph(made.text).at(made.values)
    name = run.graph.inputs[-1]
    assert ng.nudges(run, name)[name].how == "global"
    monkeypatch.setattr(table, "ALWAYS_LOCAL_ABOVE", 2000)
    assert ng.nudges(run, name)[name].how == "local"
    assert ng.nudges(run, name, how="global")[name].how == "global"
