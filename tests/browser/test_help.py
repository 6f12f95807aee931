"""Hints, revealing and hiding: each is recorded, and can be taken back."""

import json

from .course import COURSE


def test_three_levels_of_hints(learner):
    me = learner().open("nw1", "backward")
    me.input("a:a").click()
    said = []
    for _ in range(3):
        me.page.keyboard.press("?")
        said.append(me.said("a:a"))
    assert len(set(said)) == 3
    assert "goes up" in said[0]
    assert not any(sign in said[0] for sign in "×=3")
    assert "×" in said[1]
    assert "3" in said[2]
    me.press("hint")
    assert me.said("a:a") == said[2]
    assert me.input("a:a").input_value() == ""
    assert me.state("a:a") == "empty"


def test_a_hint_of_a_nudge_question(learner):
    me = learner().open("nw1", "backward")
    me.input("nudge a:d").click()
    me.page.keyboard.press("?")
    assert "nudge" in me.said("nudge a:d").lower()


def test_reveal_this_box(learner):
    me = learner().open("nw1", "backward")
    me.input("a:a").click()
    me.press("reveal")
    assert (me.state("a:a"), me.input("a:a").input_value()) == ("revealed", "3")
    assert set(me.states().values()) == {"revealed", "empty"}
    assert me.focused == "a:a"


def test_reveal_all_and_hide_all_can_be_undone(learner):
    me = learner().open("nw1", "backward")
    me.answer("v:c", "-4")
    me.answer("v:a", "12")
    before = me.states()
    me.press("reveal-all")
    assert me.states() == {**dict.fromkeys(before, "revealed"), "v:c": "right"}
    assert me.progress == "13 of 13"
    me.press("undo")
    assert me.states() == before
    assert me.input("v:a").input_value() == "12"
    me.press("hide-all")
    assert set(me.states().values()) == {"empty"}
    assert all(me.input(box).input_value() == "" for box in before)
    me.press("undo")
    assert me.states() == before


def saved(me, tmp_path):
    with me.page.expect_download() as download:
        me.press("save")
    path = tmp_path / "results.json"
    download.value.save_as(path)
    assert download.value.suggested_filename == "nw1-results.json"
    return json.loads(path.read_text(encoding="utf-8"))


def test_results_say_how_each_box_was_answered(learner, tmp_path):
    me = learner(accept_downloads=True).open("nw1", "backward")
    me.answer("v:c", "4")
    me.answer("v:c", "-4")
    me.input("v:a").click()
    me.page.keyboard.press("?")
    me.press("reveal")
    me.press("hide-all")
    me.press("undo")
    me.screen("results")
    headings = me.page.locator("table").first.locator("thead th").all_inner_texts()
    rows = [row.locator("th, td").all_inner_texts() for row in me.page.locator("tbody tr").all()]
    table = {row[0]: dict(zip(headings[1:], row[1:], strict=True)) for row in rows}
    assert len(table) == 13
    assert table["value of c"] | {"time": ""} == {
        "first answer": "4", "now": "right", "attempts": "2", "hints": "0", "revealed": "", "time": "",
    }  # fmt: skip
    assert (table["value of a"]["hints"], table["value of a"]["revealed"]) == ("1", "yes")
    found = saved(me, tmp_path)
    assert found["text"] == COURSE["nw1"].text
    assert [box["id"] for box in found["boxes"]] == list(COURSE["nw1"].answers)
    c, a, *_ = found["boxes"]
    assert (c["first"], c["typed"], c["state"], c["attempts"]) == ("4", "-4", "right", 2)
    assert (a["hints"], a["revealed"]) == (1, True)
    assert c["seconds"] > 0
    assert [event["what"] for event in found["events"]] == ["hint", "reveal", "hide all", "undo"]


def test_the_worked_exercise(learner):
    me = learner().open("nw1", "show")
    answers = list(COURSE["nw1"].answers)
    assert me.asked() == answers
    for k, box in enumerate(answers, start=1):
        me.press("step")
        assert me.progress == f"{k} of 13"
        assert me.state(box) == "revealed"
        assert me.page.locator(".main > .words").inner_text().strip()
    me.press("back")
    assert me.state(answers[-1]) == "empty"
    me.press("restart")
    assert set(me.states().values()) == {"empty"}
    me.screen("backward")
    assert set(me.states().values()) == {"empty"}  # it is not the learner's work
