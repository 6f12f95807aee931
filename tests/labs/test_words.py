"""What the page is sent: all of the course's exercises, and no answers where none are wanted."""

import json
import re
from fractions import Fraction

import pytest

from nudgegrad.labs.exercise import course_exercise, exercise
from nudgegrad.labs.marking import mark
from tests.sweeps.programs import EXERCISES


def payload(name, **options):
    return json.loads(json.dumps(course_exercise(name).payload(**options)))


def orders(closing):
    """The rows of the table of the two orders."""
    rows = re.findall("<tr>(.*?)</tr>", closing)[1:]
    return [re.findall("<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]


def test_the_payload_of_the_smallest_exercise(golden):
    golden("lab-nw0.json", json.dumps(payload("nw0"), indent=1, ensure_ascii=False) + "\n")


@pytest.mark.parametrize("name", EXERCISES)
def test_the_boxes_of_a_payload_mark_every_answer(name):
    sent = payload(name)
    for box, told in zip(sent["boxes"], EXERCISES[name]["boxes"], strict=True):
        assert mark(box, told["exact"]).state == "right"
        for number, sentence in box["wrong"]:
            found = mark(box, number)
            assert found.state == "close" or found.say == sentence


@pytest.mark.parametrize("name", EXERCISES)
def test_without_answers_none_is_sent(name):
    sent = payload(name, answers=False)
    assert not {"tape", "closing"} & set(sent)
    for box in [*sent["boxes"], sent["own"]]:
        assert not {"truth", "wrong", "otherwise", "quotients", "nudge", "way", "lines"} & set(box)
        assert len(box.get("hints", [])) <= 1
    assert not any("value" in node for node in sent["nodes"])


def test_the_double_check_is_the_lectures():
    (check, *_) = re.findall("<p>(.*?)</p>", payload("lecture")["closing"])
    for part in ("w = 2.001", "c = -4.002", "a = 3.998", "d = 1.998", "J goes down by 0.003998", "-0.004"):
        assert part in check


def test_forward_order_computes_more_than_backward_order():
    closing = payload("lecture")["closing"]
    rows = orders(closing)
    assert [row[0] for row in rows] == ["forward, for w", "forward, for b", "backward, for all at once"]
    assert "∂J/∂w = -4" in rows[0][1]
    assert "∂J/∂b = 2" in rows[1][1]
    assert "∂J/∂w = -4" in rows[2][1]
    assert "N × P = 8" in closing


def test_forward_order_ends_where_backward_order_does():
    made = exercise("a = w*v + w; b = a*w; J = a*b - v | w=2 v=3")
    sent = made.payload()
    for name, row in zip(("w", "v"), orders(sent["closing"]), strict=False):
        truth = next(Fraction(str(box.truth)) for box in made.boxes if box.id == f"a:{name}")
        assert row[1].endswith(f"∂J/∂{name} = {truth}")


def test_the_way_of_a_nudge_grows_to_the_derivative():
    boxes = {box["id"]: box for box in payload("nw0")["boxes"]}
    assert [step[1:] for step in boxes["a:w"]["way"]] == [
        ["", "w ↑ 1 nudge"],
        ["× 3", "a ↑ 3 nudges"],
        ["× 22", "J ↑ 66 nudges"],
    ]
    forked = exercise("a = w*v; b = w + a; J = a*b | w=2 v=3").payload()
    assert next(box for box in forked["boxes"] if box["id"] == "a:w")["way"] == []


def test_what_is_computed_once_and_used_twice_is_said():
    boxes = {box["id"]: box for box in payload("nw1")["boxes"]}
    assert boxes["a:c"]["once"] == "∂J/∂a is computed once and used twice: for ∂J/∂c and ∂J/∂b."
    assert "once" not in boxes["a:w"]


def test_every_box_is_spoken_without_signs():
    for box in payload("relu2")["boxes"]:
        assert "∂" not in box["spoken"]
        assert "/" not in box["spoken"]
