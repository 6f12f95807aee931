"""The answer card: each number on it is computed, and nothing on its picture overlaps or is clipped."""

import math
from dataclasses import replace
from fractions import Fraction
from functools import cache

import numpy as np
import pytest

import nudgegrad as ng
from nudgegrad.commands.answer import own_card, usual_card
from nudgegrad.commands.arguments import Options
from nudgegrad.graphs.ops import OPS
from nudgegrad.views import card as cards
from nudgegrad.views.card import Card, by_formula, decider
from nudgegrad.views.card_picture import ROWS, WORDS, card_svg, charted, word
from nudgegrad.views.card_text import as_text
from nudgegrad.views.chart import WIDTH
from nudgegrad.views.digits import nudge as spelled
from nudgegrad.views.digits import size
from nudgegrad.views.screen import Screen
from nudgegrad.views.svg import COLORS
from tests.views.pictures import PLACE, SPACE, check_picture, read, said
from tests.views.test_plot import luminance

OWN = {
    "parabola": ("J = w**2", "w=3"),
    "neuron": ("z = w*x + b; a = sigmoid(z); J = (a - y)**2/2", "w=2", "x=-2", "b=8", "y=1/3"),
    "corners": ("r = relu(w); s = sqrt(p); J = r + s + q*0 + b", "w=0", "p=0", "q=3", "b=1"),
    "corner": ("J = relu(w)", "w=0"),
    "constant": ("J = 2*3",),
    "independent": ("a = w*2; J = q*3", "w=1", "q=1"),
    "long": (
        "loss_of_it_all = (w*3)**3/weight_of_the_first_layer",
        "w=1",
        "weight_of_the_first_layer=123456.789",
    ),
    "unused": ("the_weight_of_nothing = w*2; the_loss_of_all_examples_of_the_course = q*3", "w=1", "q=1"),
    "longest": (
        "the_loss_of_all_examples_of_the_course = the_weight_of_the_very_first_layer_of_the_net**2",
        "the_weight_of_the_very_first_layer_of_the_net=3",
    ),
    "wide": (
        "J = " + " + ".join(f"x{k}**3" for k in range(ROWS + 2)),
        *(f"x{k}={k + 1}" for k in range(ROWS + 2)),
    ),
    "steep": ("J = sigmoid(1000*w)", "w=0.01"),
    "tiny": ("J = 1e-200*w**3", "w=1e-30"),
    "cap": ("J = relu(w)**3", "w=1e-6"),
    "greek": ("ψ = 2*β; J = ψ³", "β=3"),
}


def made(name, format=None):
    return (
        own_card(Options("answer", OWN[name], format=format)) if name else usual_card(Options("answer", ()))
    )


card = cache(made)


def check_card(text):
    """Raise an AssertionError if the picture is not well made."""
    root, found = check_picture(text)
    assert root[0].text == cards.QUESTION
    width, height = (float(root.get(key)) for key in ("width", "height"))
    for path in root.iter(f"{SPACE}path"):
        for x, y in PLACE.findall(path.get("d") or ""):
            assert 0 <= float(x) <= width
            assert 0 <= float(y) <= height
    return root, found


@pytest.mark.parametrize("name", ["", *OWN])
def test_nothing_overlaps_and_nothing_is_clipped(name):
    root, _ = check_card(card_svg(card(name)))
    titles = ("nudge", "error", "at most", "decided by")
    tables = len(card(name).parts)
    assert [said(root).count(title) for title in titles] == [tables, tables, 1, 1]


@pytest.mark.parametrize("format", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("name", ["parabola", "neuron", "greek", "unused"])
def test_so_in_every_format(name, format):
    check_card(card_svg(card(name, format)))


def test_all_text_is_legible_on_both_grounds():
    root, _ = read(card_svg(card("")))
    style = root[2].text
    for ink in ("ink", "muted", "forward", "node", "backward"):
        assert COLORS[ink][0] in style
        for side in (0, 1):
            lights = sorted((luminance(COLORS[ink][side]), luminance(COLORS["ground"][side])))
            assert (lights[1] + 0.05) / (lights[0] + 0.05) >= 4.5  # WCAG 2.2, 1.4.3


def test_a_straight_and_a_curved_node_stand_side_by_side():
    straight, curved = charted(card(""))
    assert (straight.best.node, curved.best.node) == ("u", "w")
    assert (word(straight.best), word(curved.best)) == ("straight", "balance")
    assert not (straight.truncation > 0).any()
    right = curved.h > curved.best.h
    assert (curved.measured["two-sided"][right] > curved.best.bar).any()
    root, found = check_card(card_svg(card("")))
    frames = [PLACE.findall(e.get("d"))[0] for e in found["frame"] if "z" in e.get("d")]
    (x0, y0), (x1, y1) = frames
    assert y0 == y1
    assert float(x0) < WIDTH / 2 < float(x1)
    assert {"best 8", "best 2−37"} <= set(said(root))


def test_one_graph_shows_two_nodes_that_different_things_decided():
    assert [(e.best.node, word(e.best)) for e in charted(card("neuron"))] == [
        ("w", "balance"),
        ("a", "parabola"),
    ]
    assert [e.best.node for e in charted(card("corners"))] == ["r"]
    assert charted(card("corner")) == []


def test_the_lines_of_the_picture_are_those_of_the_library():
    shown = said(read(card_svg(card("")))[0])
    for part in card("").parts:
        for n in part.shown:
            k = max(i for i, text in enumerate(shown) if text == n.node)
            assert shown[k : k + 5] == [
                n.node,
                spelled(n.h),
                size(n.bar),
                spelled(part.other[n.node].h),
                WORDS[word(n)],
            ]


def test_many_nodes_are_cut():
    shown = said(read(card_svg(card("wide")))[0])
    names = [n.node for n in card("wide").parts[0].shown]
    assert [name in shown for name in names] == [True] * ROWS + [False] * (len(names) - ROWS)
    assert f"… and {len(names) - ROWS} more" in shown


def test_the_numbers_follow_the_op_table():
    text, picture = as_text(card(""), Screen()), card_svg(card(""))
    times, right = OPS["*"], OPS["*"].partials
    object.__setattr__(times, "partials", lambda *numbers: tuple(2 * p for p in right(*numbers)))
    try:
        wrong = made("")
        assert as_text(wrong, Screen()) != text
        assert card_svg(wrong) != picture
        assert wrong.verdict == "fail"
    finally:
        object.__setattr__(times, "partials", right)
    assert as_text(made(""), Screen()) == text


def test_the_numbers_follow_the_examples(monkeypatch):
    straight, curved = cards.EXAMPLES
    other = replace(curved, values={**curved.values, "w": Fraction(1)})
    monkeypatch.setattr(cards, "EXAMPLES", (straight, other))
    found = made("")
    assert found.parts[1].run.value("w") == 1.0
    picture = card_svg(found)
    assert picture != card_svg(card(""))
    assert "w = 1: curved" in said(read(picture)[0])


def test_the_formula_is_where_both_errors_together_are_least():
    for n in (row for part in card("").parts for row in part.shown if row.factors.decided == "balance"):
        third, r, h = abs(n.factors.third), n.factors.rounding, by_formula(n)
        near = h * np.linspace(0.5, 2, 301)
        model = third * near**2 / 6 + r / near
        assert model.min() == model[np.argmin(np.abs(near - h))]
        assert n.h / cards.NEAR <= h <= n.h * cards.NEAR


@pytest.mark.parametrize(
    ("program", "value", "format", "said"),
    [
        ("J = 3*w", 2, None, "J is straight in w: exact at any size"),
        ("J = w**2", 3, None, "J is a parabola in w: two sides are exact at any size"),
        ("J = 1/w", 2, None, "J''' = -0.375 against rounding"),
        ("J = tanh(w)", 0.6584789484624083, None, "the curve of J against rounding"),
        ("J = relu(w)", 1e-3, None, "relu at J would change sides of its corner"),
        ("J = relu(w)", 0, None, "left slope 0, right slope 1"),
    ],
)
def test_what_decides_is_said(program, value, format, said):
    (n,) = ng.nudges(ng.graph(program).at(w=value, format=format), "w").values()
    assert said in decider(n, "J")


def test_an_inflection_is_not_put_into_the_formula():
    (n,) = ng.nudges(ng.graph("J = tanh(w)").at(w=0.6584789484624083), "w").values()
    assert n.factors.decided == "balance"
    assert math.isnan(by_formula(n))


def test_the_worst_verdict_counts():
    right, doubtful = card("parabola"), card("corner")
    assert Card((*right.parts, *doubtful.parts), None).verdict == "inconclusive"
    assert right.verdict == "pass"
