"""Jets along all nodes at once, against plain ones along each."""

from __future__ import annotations

import numpy as np
import pytest

from nudgegrad import compiled
from nudgegrad.graphs.program import parse
from nudgegrad.loops import jets as jets_loops
from nudgegrad.loops import series
from nudgegrad.loops.kinds import ENDLESS
from nudgegrad.nudging.many import Many
from nudgegrad.nudging.stencils import STENCILS
from nudgegrad.nudging.windows import exact, structure, windowed
from nudgegrad.races.programs import FAMILIES, program
from nudgegrad.sweeps.evaluate import plan
from nudgegrad.sweeps.jets import jets
from tests import figures

SIZE = 700  # nodes, about
NODES = 40  # of each program
RARE = {  # what the families have not
    "J = x * x": {"x": 1.7},
    "J = x ** x": {"x": 1.7},
    "J = x / (1 + x)": {"x": 1.7},
    "J = y / x + x / y": {"x": 1.7, "y": -0.4},
    "J = hypot(x, x * y) * atan2(y, x)": {"x": 1.7, "y": 0.3},
    "J = x ** y + clip(x, y, 3) * where(x > 1, y, x)": {"x": 1.7, "y": 0.4},
    "a = exp(x); b = a * a; J = b / (a + b)": {"x": 0.3},
    "J = max(x * x, 1) + min(sin(x), x) - abs(-x)": {"x": 1.7},
    "a = exp(x); b = sin(x); c = a + b; J = tanh(c) * 3": {"x": -0.3},
    "J = (x ** 3 - 2 * x) ** 4 + x * 1e-30": {"x": 1e-9},
}


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    """The loops as they are: compiled ones are the same text."""
    monkeypatch.setenv(compiled.SWITCH, "0")


def run_of(family, size=SIZE, seed=0):
    made = program(family, size, seed)
    return parse(made.text).at(made.values)


def some(run, count=NODES):
    """Nodes that J depends on."""
    live = np.flatnonzero(structure(run.graph).moves)
    chosen = np.random.default_rng(3).choice(live, min(count, len(live)), replace=False)
    return sorted({*chosen.tolist(), run.graph.output})


def furthest(run, found, nodes, order=5):
    """The largest difference from plain jets, of a node's largest coefficient."""
    with np.errstate(all="ignore"):
        plain = jets(plan(run.graph, nodes), run.value_array, found.scales[nodes], order)[1:].T
    size = np.abs(plain).max(axis=1, keepdims=True)
    return float((np.abs(found.coefficients[nodes] - plain) / np.where(size == 0, 1.0, size)).max())


@pytest.mark.parametrize("family", FAMILIES)
def test_exact_jets_are_the_plain_ones(family):
    run = run_of(family)
    assert furthest(run, exact(run), some(run)) <= figures.EXACT_JETS


@pytest.mark.parametrize("text", RARE)
def test_exact_jets_of_rare_ops_are_the_plain_ones(text):
    run = parse(text).at(RARE[text])
    nodes = some(run)
    assert furthest(run, exact(run), nodes) <= figures.EXACT_JETS
    assert furthest(run, exact(run, order=9), nodes, 9) <= figures.EXACT_JETS
    assert furthest(run, windowed(run), nodes) <= figures.EXACT_JETS  # these windows all close


def test_jets_of_chosen_nodes_are_those_of_all():
    run = run_of("lstm")
    nodes = some(run)
    few, all_of_them = exact(run, nodes), exact(run)
    assert np.array_equal(few.coefficients[nodes], all_of_them.coefficients[nodes])
    assert np.array_equal(few.degrees[nodes], all_of_them.degrees[nodes])
    assert few.exact[nodes].all()
    assert few.exact.sum() < all_of_them.exact.sum()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_window_that_closed_is_exact_and_every_first_derivative_is(family):
    run = run_of(family)
    found, true = windowed(run, window=6), exact(run)
    closed = found.exact != 0
    size = np.abs(true.coefficients).max(axis=1)
    apart = np.abs(found.coefficients - true.coefficients) / np.where(size == 0, 1.0, size)[:, None]
    assert apart[closed].max() <= figures.EXACT_JETS
    assert apart[:, 0].max() <= figures.EXACT_JETS
    assert (found.degrees >= true.degrees).all()  # more may be feared, less never claimed
    moves = structure(run.graph).moves != 0
    assert 0 < closed.sum() <= moves.sum()
    if family not in ("sum", "product"):
        assert apart[moves & ~closed][:, 2].max() > figures.EXACT_JETS


@pytest.mark.parametrize("family", FAMILIES)
def test_nudges_by_windows_are_near_the_exact_ones(family):
    run = run_of(family, 3 * SIZE)
    nodes = np.flatnonzero(structure(run.graph).moves)
    (two,) = STENCILS["two-sided"]
    many = Many(run, nodes, two)
    true = many.nudges_of(exact(run), nodes)
    assert np.array_equal(np.isfinite(many.h), np.isfinite(true))
    ratio = many.h[np.isfinite(true)] / true[np.isfinite(true)]
    near = ((ratio >= 1 / 3) & (ratio <= 3)).mean()
    assert near >= figures.NUDGES_NEAR.get(family, figures.NUDGES_NEAR_ELSE)


def test_degrees_are_structural():
    run = parse("a = 3 * w; b = a ** 2 + w; c = sin(v); J = b * w + c").at(w=2, v=1)
    found = exact(run)
    names = {name: int(found.degrees[run.graph.index(name)]) for name in ("w", "a", "b", "c", "v", "J")}
    assert names == {"w": 3, "a": 2, "b": 1, "c": 1, "v": ENDLESS, "J": 1}


def test_degrees_of_open_ends_add_up():
    run = parse("a = 3 * w; b = 5 * w; J = a * b").at(w=2)
    w = run.graph.index("w")
    assert exact(run).degrees[w] == windowed(run, window=0).degrees[w] == 2
    assert windowed(run, window=0).exact[w] == 0


def test_a_cap_is_half_the_way_to_an_edge():
    run = parse("J = log(w)").at(w=0.5)
    assert exact(run).caps[run.graph.index("w")] == windowed(run).caps[run.graph.index("w")] == 0.25


def test_caps_are_the_nearest_on_the_way():
    run = parse("a = tanh(4 * w); b = log(w + 1); J = a + b + relu(w - 2)").at(w=1)
    found = exact(run)
    w = run.graph.index("w")
    assert found.caps[w] == 1 / 4  # the argument of tanh may move by 1
    assert run.graph.op(int(found.blames[w])).name == "tanh"


PLANTED = {
    "multiply": lambda x, a, x0, z, b, z0, order, found, to: [
        found.__setitem__(to + k, found[to + k] + x0 * z[b + k] + z0 * x[a + k]) for k in range(order)
    ],
    "compose": lambda outer, first, inner, begin, factor, order, found, to, _room: [
        found.__setitem__(to + k, found[to + k] + outer[first + k] * (inner[begin] * factor) ** (k + 1))
        for k in range(order)
    ],
}


@pytest.mark.parametrize("planted", ["multiply", "compose"])
def test_a_dropped_term_is_seen(planted, monkeypatch):
    for module in (series, jets_loops):
        monkeypatch.setattr(module, planted, PLANTED[planted], raising=False)
    run = run_of("lstm")
    assert furthest(run, exact(run), some(run)) > figures.EXACT_JETS


def test_a_window_that_did_not_close_says_so():
    run = run_of("mlp")
    found, true = windowed(run), exact(run)
    wrong = (np.abs(found.coefficients - true.coefficients).max(axis=1) > 0) & (found.exact == 0)
    assert wrong.any()
