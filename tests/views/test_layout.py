"""Where nodes stand: left of their users, each in its own place, the chain straight, few crossings."""

import itertools
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nudgegrad as ng
from nudgegrad.views import layout as module
from nudgegrad.views.explain import standing_in
from nudgegrad.views.layout import BENDS, BENDS_A_NODE, Edge, Layout, crossings, layout

DATA = Path(__file__).parent.parent / "data" / "exercises.json"
EXERCISES = {e["id"]: e for e in json.loads(DATA.read_text(encoding="utf-8"))["exercises"]}
SKIP = "h1 = tanh(w1*x); h2 = tanh(w2*h1) + x; h3 = tanh(w3*h2) + h1; h4 = h3 + h2 + x; J = (h4 - y)**2/2"


@st.composite
def programs(draw, most=25):
    """Statements of earlier ones and inputs, wired at random; the last need not reach all."""
    names: list[str] = []
    lines: list[str] = []
    for k in range(draw(st.integers(1, most))):
        known = [*names, *(f"w{i}" for i in range(draw(st.integers(1, 3)) + k))]
        taken = draw(st.lists(st.sampled_from(known), max_size=4))
        lines.append(f"a{k} = {' + '.join([*taken, '1'])}")
        names.append(f"a{k}")
    return "; ".join(lines)


def pairs(graph):
    """Operand and statement of each edge between named nodes, in the order of the text."""
    for i, name in graph.names.items():
        if graph.op(i) is not None:
            for j in standing_in(graph, i)[1:]:
                if j in graph.names:
                    yield graph.names[j], name


def points(places, edge):
    return [places.at[edge.start], *edge.via, places.at[edge.end]]


def check_layout(graph, places):
    """All that every layout promises."""
    assert list(places.at) == list(graph.names.values())
    assert [(e.start, e.end) for e in places.edges] == list(pairs(graph))
    for edge in places.edges:
        layers = [layer for layer, _ in points(places, edge)]
        assert layers == list(range(layers[0], layers[-1] + 1))
        assert len(layers) > 1
    for name in graph.inputs:
        users = [places.at[e.end][0] for e in places.edges if e.start == name]
        assert places.at[name][0] == min(users) - 1
    assert min(layer for layer, _ in places.at.values()) == 0
    assert places.at[graph.name(graph.output)][1] == 0
    by_layer: dict[int, list[float]] = {}
    for layer, row in places.at.values():
        by_layer.setdefault(layer, []).append(row)
    assert len(by_layer) == places.layers
    for rows in by_layer.values():
        assert all(b - a >= 1 for a, b in itertools.pairwise(sorted(rows)))
    bends = {point: edge.start for edge in places.edges for point in edge.via}
    for edge in places.edges:  # a bend belongs to one operand, and is no node's place
        assert all(bends[point] == edge.start for point in edge.via)
    assert not set(bends) & set(places.at.values())


def naive_crossings(places):
    """Every pair of different pieces of edges between two layers, looked at."""
    pieces = {piece for edge in places.edges for piece in itertools.pairwise(points(places, edge))}
    return sum(
        (a[1] - b[1]) * (c[1] - d[1]) < 0
        for (a, c), (b, d) in itertools.combinations(pieces, 2)
        if a[0] == b[0]
    )


@given(programs())
def test_every_graph_has_a_layout(program):
    graph = ng.graph(program)
    check_layout(graph, layout(graph))


@given(programs())
def test_the_same_graph_has_the_same_layout(program):
    first, second = layout(ng.graph(program)), layout(ng.graph(program))
    assert first == second
    assert list(first.at.items()) == list(second.at.items())


@given(programs())
def test_crossings_are_those_of_a_naive_count(program):
    places = layout(ng.graph(program))
    assert crossings(places) == naive_crossings(places)


@given(programs(), st.data())
def test_nodes_can_be_left_out(program, data):
    graph = ng.graph(program)
    without = data.draw(st.sets(st.sampled_from(list(graph.names.values()))))
    places = layout(graph, without)
    assert list(places.at) == [name for name in graph.names.values() if name not in without]
    kept = [pair for pair in pairs(graph) if not without & set(pair)]
    assert [(e.start, e.end) for e in places.edges] == kept


def test_what_is_left_out_must_be_there():
    with pytest.raises(ng.NodeError, match="no node 'q'"):
        layout(ng.graph("J = w"), without=["q"])


# The course's graphs


def check_chain(graph, places):
    """Where one statement takes one other and nothing else takes that, both stand in one row; and the chain
    that ends in the output is row 0."""
    taken: dict[str, list[str]] = {name: [] for name in graph.statements}
    users = dict.fromkeys(graph.statements, 0)
    for operand, name in pairs(graph):
        if operand in taken:
            taken[name].append(operand)
            users[operand] += 1
    for name, operands in taken.items():
        if len(operands) == 1 and users[operands[0]] == 1:
            assert places.at[operands[0]][1] == places.at[name][1]
    name = graph.name(graph.output)
    while True:
        assert places.at[name][1] == 0
        if len(taken[name]) != 1:
            break
        (name,) = taken[name]


@pytest.mark.parametrize("id", EXERCISES)
@pytest.mark.parametrize("leave_out", [False, True])
def test_the_exercises_have_a_straight_chain_and_no_crossing(id, leave_out):
    graph = ng.graph(EXERCISES[id]["program"])
    places = layout(graph, without=EXERCISES[id]["fixed"] if leave_out else ())
    assert crossings(places) == 0
    check_chain(graph, places)


def test_parameters_hang_below_the_chain():
    places = layout(ng.graph(EXERCISES["nw1"]["program"]))
    assert places.at == {
        "w": (0, 0), "x": (0, 1), "c": (1, 0), "b": (1, 1), "a": (2, 0), "y": (2, 1),
        "d": (3, 0), "J": (4, 0),
    }  # fmt: skip
    assert all(edge.via == () for edge in places.edges)
    for id in ("nw1", "relu2", "jabc"):
        at = layout(ng.graph(EXERCISES[id]["program"])).at
        assert min(row for _, row in at.values()) == 0


def test_skip_connections_do_not_bend_the_chain():
    places = layout(ng.graph(SKIP))
    assert [places.at[name][1] for name in ("h1", "h2", "h3", "h4", "J")] == [0] * 5
    assert crossings(places) == 0
    for edge in places.edges:  # an edge that passes several layers does so in one row
        assert len({row for _, row in edge.via}) <= 1


def test_units_stand_evenly_about_their_sum():
    units = [f"h{k} = tanh(w{k}*x + b{k})" for k in range(4)]
    places = layout(ng.graph("; ".join([*units, "s = h0 + h1 + h2 + h3", "J = s**2"])))
    assert [places.at[f"h{k}"][1] for k in range(4)] == [-1.5, -0.5, 0.5, 1.5]
    assert places.at["s"][1] == 0


def test_an_operand_that_is_needed_late_stands_late():
    chain = [f"a{k} = tanh(a{k - 1})" for k in range(1, 9)]
    places = layout(ng.graph("; ".join(["s = p*q", "a0 = 2*w", *chain, "J = a8*s"])))
    assert places.at["s"][0] == places.at["a8"][0]
    assert places.at["p"][0] == places.at["a7"][0]


# Large graphs


def test_bends_do_not_grow_with_the_square_of_the_chain():
    count = 3000
    chain = [f"a{k} = tanh(a{k - 1} * w)" for k in range(1, count)]
    graph = ng.graph("; ".join(["a0 = w*x", *chain, f"J = {' + '.join(f'a{k}' for k in range(count))}"]))
    places = layout(graph)
    assert [(e.start, e.end) for e in places.edges] == list(pairs(graph))
    assert sum(len(edge.via) for edge in places.edges) <= BENDS + BENDS_A_NODE * len(places.at)
    for edge in places.edges:  # the longest go without, all or none of their bends
        assert len(edge.via) in {0, places.at[edge.end][0] - places.at[edge.start][0] - 1}
    check_chain(ng.graph(chain[0]), layout(ng.graph(chain[0])))


def test_a_program_without_edges_has_a_layout():
    assert layout(ng.graph("J = 2")) == Layout({"J": (0, 0.0)}, ())
    assert layout(ng.graph("J = 2"), without=["J"]).layers == 0
    assert layout(ng.graph("J = w")).edges == (Edge("w", "J"),)


# The checks see what is wrong


@pytest.mark.parametrize(
    ("broken", "how"),
    [
        ("_layers", lambda operands, *_: [0] * len(operands)),
        ("_layers", lambda operands, *_: [v // 2 for v in range(len(operands))]),
        ("_depths", lambda _, layer: [0.0] * len(layer)),
        ("_named_operands", lambda _, nodes: [[] for _ in nodes]),
    ],
)
def test_the_checks_see_a_wrong_layout(broken, how, monkeypatch):
    graph = ng.graph(SKIP)
    check_layout(graph, layout(graph))
    monkeypatch.setattr(module, broken, how)
    with pytest.raises((AssertionError, IndexError)):
        check_layout(graph, layout(graph))


def test_the_checks_see_a_crooked_chain_and_needless_crossings(monkeypatch):
    graph = ng.graph(EXERCISES["relu2"]["program"])
    monkeypatch.setattr(module, "_align", lambda *_: None)
    with pytest.raises(AssertionError):
        check_chain(graph, layout(graph))
    monkeypatch.undo()
    net = ng.graph("a = p1*q2; b = p2*q1; c = a*b; d = b*q3; e = a*q4; f = e + 1; J = d*f*c")
    fewest = crossings(layout(net))
    monkeypatch.setattr(
        module,
        "_ordered",
        lambda net: module._as_read(net)[:1] + [layer[::-1] for layer in module._as_read(net)[1:]],
    )
    assert crossings(layout(net)) > fewest
