"""An exercise as HTML: every box in its place and order, whatever a program holds as text."""

import re

import pytest

from nudgegrad.labs.exercise import course_exercise, exercise
from nudgegrad.labs.stage import Stage
from tests.sweeps.programs import EXERCISES

FIELD = re.compile(r'<input data-(box|nudge)="([^"]+)" aria-label="([^"]+)">')


def html(name, **options):
    return course_exercise(name).payload(**options)["html"]


def boxes(text):
    return [id for kind, id, _ in FIELD.findall(text) if kind == "box"]


@pytest.mark.parametrize("name", EXERCISES)
def test_every_box_stands_once_in_the_official_order(name):
    found = html(name)
    assert boxes(found["stage"] + found["columns"]) == [box["id"] for box in EXERCISES[name]["boxes"]]


@pytest.mark.parametrize("name", EXERCISES)
def test_a_nudge_question_stands_before_the_boxes_of_its_derivative(name):
    fields = [(kind, id) for kind, id, _ in FIELD.findall(html(name)["columns"])]
    asked = [id for kind, id in fields if kind == "nudge"]
    assert asked == [id for kind, id in fields if kind == "box" and id.startswith("a:")]
    for id in asked:
        assert fields.index(("nudge", id)) < fields.index(("box", id))


def test_one_box_per_node_starts_at_the_output():
    assert boxes(html("nw1")["compact"]) == ["a:J", "a:d", "a:a", "a:c"]
    assert "chain" not in html("nw1")["compact"]


def test_every_field_has_a_name_of_its_own():
    found = html("relu2")
    names = [label for *_, label in FIELD.findall(found["stage"] + found["columns"])]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", EXERCISES)
def test_without_answers_nothing_is_asked_of_nudges(name):
    found = "".join(html(name, answers=False).values())
    assert boxes(found)
    assert not re.search("data-nudge|data-act|question", found)


def test_an_input_that_several_statements_take_has_its_derivative_once():
    found = exercise("a = w*v; b = w + a; J = a*b | w=2 v=3").payload()["html"]["stage"]
    assert found.count('class="chip at" data-node="w"') == 1
    assert found.count('class="chip again at" data-node="w"') == 1
    assert found.count('class="slope"') == 5  # one for each of w, v, a, b, J


def test_a_long_equation_is_text_which_wraps():
    terms = " + ".join(f"w{k}*w{k}" for k in range(7))
    found = exercise(f"J = {terms} | {' '.join(f'w{k}=1' for k in range(7))}").payload()["html"]
    assert f"<code>J = {terms}</code>" in found["stage"]


def test_a_long_chain_is_cut():
    uses = "; ".join(f"a{k} = w*{k + 2}" for k in range(8))
    found = exercise(f"{uses}; J = {' + '.join(f'a{k}' for k in range(8))} | w=1").payload()["html"][
        "columns"
    ]
    (last,) = re.findall(r'<div class="row adjoint">(?:(?!<div).)*data-box="a:w".*?</div>', found)
    assert last.count('class="math chain"') == 7
    assert "<mo>+</mo><mo>…</mo><mo>=</mo>" in last


def test_what_looks_like_html_is_text():
    hostile = "<img src=x>"
    node = {
        "name": hostile,
        "kind": "statement",
        "at": [0, 0.0],
        "args": [],
        "formula": hostile * 4,
        "ml": "",
    }
    box = {"id": f"v:{hostile}", "kind": "forward", "node": hostile, "spoken": hostile}
    own = {"id": f"a:{hostile}", "kind": "adjoint", "node": hostile, "at": hostile, "spoken": hostile}
    made = {"nodes": [node], "boxes": [box, own], "own": own, "output": hostile, "d": "d", "answers": True}
    found = "".join(Stage(made).html().values())
    assert hostile not in found
    assert found.count("&lt;img") > 8


def test_given_values_say_what_is_fixed():
    assert (
        '<span class="value">w = −2</span><span class="value">x = 2<small> fixed</small></span>'
        in html("nw1")["given"]
    )


def test_the_courses_networks_are_drawn():
    assert (
        'aria-label="network: x into wx + b, g(z) = z, a, against y"'
        in course_exercise("nw1").payload()["network"]
    )
    assert course_exercise("relu2").payload()["network"].count('class="neuron"') == 2
    assert "network" not in course_exercise("nw0").payload()


def test_the_compact_boxes_are_those_of_its_columns():
    sent = course_exercise("nw1").payload()
    assert sent["compact"] == boxes(sent["html"]["stage"] + sent["html"]["compact"])
