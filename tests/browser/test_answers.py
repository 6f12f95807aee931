"""What is said of an answer: close ones, unreadable ones, and wrong ones by their name."""

import pytest

from .course import COURSE


@pytest.fixture
def at_nw0(learner):
    me = learner().open("nw0", "backward")
    for box in ("v:a", "v:J", "a:a", "l:a/w"):
        me.answer(box, COURSE["nw0"].answers[box])
    return me


def attempts(me, exercise, box):
    """How often an answer was wrong or right, as the results say it."""
    me.open(exercise, "results")
    row = me.page.locator("tr", has=me.page.get_by_role("rowheader", name=box, exact=True))
    found = row.get_by_role("cell").all_inner_texts()
    me.open(exercise, "backward")
    return int(found[2])


def test_a_quotient_is_close_and_no_attempt(learner):
    me = learner().open("nw0", "backward")
    assert me.answer("a:a", "22.001") == "close"
    assert "22.0005, 22.00025" in me.said("a:a")
    assert attempts(me, "nw0", "dJ/da") == 0
    assert me.input("a:a").input_value() == "22.001"
    assert me.answer("a:a", "22") == "right"
    assert attempts(me, "nw0", "dJ/da") == 1


@pytest.mark.parametrize("text", ["3,000", "1/", "(2", "w", "2 2", "1/0"])
def test_what_cannot_be_read_is_no_attempt_and_loses_nothing(learner, text):
    me = learner().open("nw0", "backward")
    me.answer("v:a", "11")
    assert me.answer("a:a", text) == "empty"
    assert me.input("a:a").input_value() == text
    assert me.said("a:a")
    assert me.focused == "a:a"
    assert me.state("v:a") == "right"
    assert attempts(me, "nw0", "dJ/da") == 0
    assert me.input("a:a").input_value() == text


def test_an_ambiguous_comma_is_named(at_nw0):
    at_nw0.answer("a:w", "3,000")
    assert "ambiguous" in at_nw0.said("a:w")


@pytest.mark.parametrize(
    "text", ["66", "66.0", "6.6e1", "3*22", "132/2", "−−66", "6×11", "dJ/dw = 66", "66,0"]
)
def test_many_ways_to_write_an_answer(at_nw0, text):
    assert at_nw0.answer("a:w", text) == "right"


def test_wrong_answers_have_names(learner):
    me = learner().open("lecture", "backward")
    answers = COURSE["lecture"].answers
    for box in COURSE["lecture"].forward:
        me.answer(box, answers[box])
    for box in ("a:d", "l:d/a", "a:a", "l:a/c", "a:c", "l:a/b", "a:b", "l:c/w"):
        me.answer(box, answers[box])
    said = {}
    for mistake, text in {"sign": "4", "upstream": "2", "local": "-2"}.items():
        assert me.answer("a:w", text) == "wrong"
        said[mistake] = me.said("a:w").lower()
    assert len(set(said.values())) == 3
    assert "sign" in said["sign"]
    assert "local" in said["local"] or "c" in said["local"]
    assert me.answer("a:w", "-4") == "right"
    assert me.said("a:w") == ""


def test_more_digits(learner):
    me = learner().open_own("a = 1/(1 + w); J = a**2 | w=2", "backward")
    assert me.answer("v:a", "0.33") == "close"
    assert "digits" in me.said("v:a")
    assert me.answer("v:a", "0.333") == "right"
    assert me.answer("v:J", "1/9") == "right"


def test_nudge_questions_take_the_change_in_numbers_or_in_nudges(learner):
    me = learner().open("nw1", "backward")
    assert me.answer("nudge a:d", "0.003") == "right"
    assert "≈" in me.said("nudge a:d")
    assert "left over" in me.said("nudge a:d")
    assert me.answer("nudge a:d", "0.0030005") == "right"
    assert me.answer("nudge a:d", "3 nudges") == "right"
    assert me.answer("nudge a:d", "-0.003") == "wrong"
    assert me.answer("nudge a:d", "3") == "close"


def test_other_orders_are_allowed_and_the_order_is_hinted_at(learner):
    me = learner().open("nw1", "backward")
    assert me.answer("v:d", "3") == "right"
    assert "value of c" in me.said("v:d")
    assert me.answer("v:c", "-4") == "right"
    assert me.said("v:c") == ""
    assert me.focused == "v:a"


def test_derivatives_stand_under_their_edges_and_are_lit_where_they_are_used(learner):
    me = learner().open("nw1", "backward")
    answers = COURSE["nw1"].answers
    slope = me.page.locator(".unit .slope", has_text="a").filter(has_text="3")
    assert slope.count() == 0
    for box in list(answers)[: list(answers).index("a:a") + 1]:
        me.answer(box, answers[box])
    me.input("a:c").click()
    assert "used" in me.box("a:a").get_attribute("class")
    assert "computed once" in me.page.locator(".coach").inner_text()
    me.input("v:c").click()
    assert "used" not in me.box("a:a").get_attribute("class")


def test_the_amplifier(learner):
    me = learner().open("nw0", "backward")
    for box, answer in COURSE["nw0"].answers.items():
        me.answer(box, answer)
    me.input("a:w").click()
    strip = me.page.locator(".amplifier").inner_text().split()
    assert [word for word in strip if word.lstrip("−").isdigit()] == ["1", "3", "3", "22", "66"]


def test_the_double_check(learner):
    me = learner().open("nw1", "backward")
    for box, answer in COURSE["nw1"].answers.items():
        me.answer(box, answer)
    me.page.get_by_role("heading", name="double check").wait_for()
    end = me.page.locator(".end").inner_text().replace("−", "-")
    for number in ("-1.999", "-3.998", "4.002", "3.002", "0.006002", "0.006"):
        assert number in end
    assert me.page.locator(".end tr").count() == 4
