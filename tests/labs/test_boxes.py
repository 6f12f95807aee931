"""Boxes: their order, what each misconception is, hints, quotients and what a nudge does."""

from fractions import Fraction

import pytest

from nudgegrad.labs.boxes import NUDGES, STEP
from nudgegrad.labs.exercise import course_exercise, exercise
from nudgegrad.labs.marking import mark, mark_nudge, nudge_asked
from tests.sweeps.programs import DATA, EXERCISES


def boxes_of(text):
    return {box.id: box for box in exercise(text).boxes}


def rational(truth):
    """A truth that is a rational."""
    assert isinstance(truth, str)
    return Fraction(truth)


def said_of(box, text):
    return mark({"truth": box.truth, "wrong": box.wrong, "otherwise": box.otherwise}, text).say


@pytest.mark.parametrize("name", EXERCISES)
def test_the_boxes_are_the_courses_in_the_official_order(name):
    assert [box.id for box in course_exercise(name).boxes] == [
        box["id"] for box in EXERCISES[name]["boxes"]
    ]


def test_they_are_120():
    assert sum(len(course_exercise(name).boxes) for name in EXERCISES) == 120
    assert DATA["box_rule"]


def test_the_course_is_the_course():
    for name, told in EXERCISES.items():
        made = course_exercise(name)
        assert made.graph.source.strip() == told["program"]
        assert made.values == {k: Fraction(v) for k, v in told["inputs"].items()}
        assert list(made.fixed) == told["fixed"]


@pytest.mark.parametrize("name", EXERCISES)
def test_no_misconception_is_right_and_none_stands_twice(name):
    for box in course_exercise(name).boxes:
        numbers = [Fraction(number) for number, _ in box.wrong]
        assert rational(box.truth) not in numbers
        assert len(set(numbers)) == len(numbers)
        assert numbers or box.truth == "0"


@pytest.mark.parametrize(
    ("text", "id", "typed", "word"),
    [
        ("a = 2 + 3*w; J = a**2 | w=3", "a:w", "-66", "sign"),
        ("a = 2 + 3*w; J = a**2 | w=3", "a:w", "22", "dJ/da alone"),
        ("a = 2 + 3*w; J = a**2 | w=3", "a:w", "3", "da/dw alone"),
        ("a = 2 + 3*w; J = a**2 | w=3", "a:w", "121", "value of J"),
        ("a = 2 + 3*w; J = a**2 | w=3", "a:a", "11", "value of a"),
        ("a = 2 + 3*w; J = a**2 | w=3", "a:w", "132", "twice"),
        ("a = 2 + 3*w; J = a**2 | w=3", "a:w", "33", "half"),
        ("a = 2 + 3*w; J = a**2 | w=3", "l:a/w", "66", "already dJ/dw"),
        ("a = 2 + 3*w; J = a**2 | w=3", "l:a/w", "22", "That is dJ/da"),
        ("a = 2 + 3*w; J = a**2 | w=3", "v:a", "8", "3*w for 3 + w"),
        ("a = 2 + 3*w; J = a**2 | w=3", "v:J", "22", "a**2 for a*2"),
        ("a = 2 + 3*w; J = a**2 | w=3", "a:w", "7", "Nudge w"),
        ("c = w*x; J = c + b | w=5 x=7 b=1", "l:c/w", "5", "value of w"),
        ("c = w*x; J = 3*c + b | w=5 x=7 b=1", "a:b", "3", "∂J/∂c; here b is nudged"),
    ],
)
def test_a_wrong_answer_is_named(text, id, typed, word):
    assert word in said_of(boxes_of(text)[id], typed)


def test_each_way_of_a_sum_is_known_by_its_number():
    box = boxes_of("a = 3*w; b = 4*w; J = a*b + w | w=2")["a:w"]  # 3*8 + 4*6 + 1
    assert box.truth == "49"
    ways = {number: say for number, say in box.wrong if "the way through" in say}
    assert {"24", "1"} <= set(ways)
    assert "w goes to a, b and J directly" in ways["1"]


def test_hints_go_from_a_question_to_names_to_numbers():
    box = boxes_of("a = 2 + 3*w; J = a**2 | w=3")["a:w"]
    question, names, numbers = box.hints
    assert question.endswith("?")
    assert names == "dJ/dw = da/dw × dJ/da"
    assert numbers == "dJ/dw = 3 × 22"
    for hint in box.hints[:2]:
        assert not any(digit in hint for digit in "0123456789")


@pytest.mark.parametrize("name", EXERCISES)
def test_quotients_are_exact_and_head_for_the_derivative(name):
    for told in EXERCISES[name]["nudges"]:
        if told["eps"] != "0.001":
            continue
        box = next(b for b in course_exercise(name).boxes if b.id == f"a:{told['node']}")
        found = {rational(h): [rational(q) for q in qs] for h, *qs in box.quotients}
        exact = Fraction(told["k_exact"])
        if exact == rational(box.truth):
            assert not found  # J is straight
            continue
        assert set(found) == set(NUDGES)
        at, half, quarter = found[STEP]
        truth = rational(box.truth)
        assert abs(at - exact) <= abs(exact) / 10**14  # long ones are sent rounded to 15 digits
        assert abs(quarter - truth) < abs(half - truth) < abs(at - truth)


@pytest.mark.parametrize("name", EXERCISES)
def test_a_nudge_moves_the_output_to_first_order_and_exactly(name):
    made = course_exercise(name)
    for box in made.boxes:
        if box.kind != "adjoint":
            continue
        assert box.nudge is not None
        first, whole = box.nudge
        assert rational(first) == rational(box.truth) * STEP
        assert first is not None
        assert whole is not None
        question = nudge_asked(box.node, "J", str(STEP), first, whole)
        count = rational(box.truth)
        if count.denominator == 1:
            assert mark_nudge(question, f"{count} nudges").state == "right"
        assert mark_nudge(question, str(rational(first))).state == "right"
        if isinstance(whole, str):
            assert mark_nudge(question, whole).state == "right"


def test_a_corner_is_said_to_be_one():
    box = boxes_of("a = relu(w); J = 3*a | w=0")["a:w"]
    assert "bends exactly here" in box.hints[0]


def test_fixed_inputs_have_no_boxes_and_are_not_counted_as_uses():
    made = exercise("c = w*x; a = c + b; d = a - y; J = d**2/2 | x=-2 w=2 b=8 y=2 | fixed x y")
    assert not [box for box in made.boxes if box.node in "xy" and box.kind != "local"]
    lines = " ".join(line for box in made.boxes for line in box.lines)
    assert "∂J/∂y" not in lines
    assert "computed once, used twice: for ∂J/∂c and ∂J/∂b" in lines


def test_one_variable_is_written_with_d_and_several_with_the_curled_one():
    assert boxes_of("J = w**2 | w=3")["a:w"].label == "dJ/dw"
    assert boxes_of("J = w*x | w=3 x=1")["a:w"].label == "∂J/∂w"


def test_300_statements_have_their_boxes_and_10000_are_an_overview():
    lines = ["a0 = w*x", *(f"a{k} = tanh(a{k - 1}*0.9 + b)" for k in range(1, 300))]
    assert len(exercise("; ".join(lines) + " | w=1 x=2 b=1/8").boxes) > 1000
    lines = ["a0 = w*x", *(f"a{k} = a{k - 1} + b" for k in range(1, 10_000))]
    payload = exercise("; ".join(lines) + " | w=1 x=2 b=1/8").payload()
    assert payload["large"]
    assert payload["boxes"] == []
    assert len(payload["overview"]["rows"]) == 10_003
