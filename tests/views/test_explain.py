"""The lesson: its order, its numbers, its words."""

import json
import re
from fractions import Fraction
from pathlib import Path

import pytest

import nudgegrad as ng
from nudgegrad.views.lesson import LessonStep

EXERCISES = json.loads((Path(__file__).parents[1] / "data/exercises.json").read_text(encoding="utf-8"))[
    "exercises"
]
NOT_FOR_LEARNERS = re.compile(r"adjoint|jet|truncation|\bbars?\b|tape|gradient", re.I)


def lesson_of(program, **values):
    return ng.explain(ng.graph(program).at(**values))


def box_of(step):
    return {
        "forward": f"v:{step.node}",
        "adjoint": f"a:{step.node}",
        "local": f"l:{step.node}/{step.by}",
    }[step.kind]


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise["id"])
def test_the_steps_are_the_boxes_of_the_exercises(exercise):
    values = {name: Fraction(text) for name, text in exercise["inputs"].items()}
    lesson = lesson_of(exercise["program"], **values)
    fixed = set(exercise["fixed"])
    steps = [step for step in lesson if step.node not in fixed and step.by not in fixed]
    assert [box_of(step) for step in steps] == [box["id"] for box in exercise["boxes"]]
    for step, box in zip(steps, exercise["boxes"], strict=True):
        if box["exact"].replace("/", "").lstrip("-").isdigit():
            assert step.value == float(Fraction(box["exact"]))


def lines(lesson):
    return [line for step in lesson for line in step.lines]


def test_forward_is_spelled_with_names_and_then_with_numbers():
    lesson = lesson_of("c = w*x; k = 3; g = -c; v = g; q = v - x; J = q**2*k", w=2, x=-2)
    assert lines(lesson)[:6] == [
        "c = w*x = 2 × -2 = -4",
        "k = 3",
        "g = -c = -(-4) = 4",
        "v = g = 4",
        "q = v - x = 4 - (-2) = 6",
        "J = q**2*k = 6**2 × 3 = 108",
    ]
    assert "J = q**2 = (-3)**2 = 9" in lines(lesson_of("J = q**2", q=-3))


UP = "if a goes up by 0.001,"


@pytest.mark.parametrize(
    ("program", "values", "said"),
    [
        ("d = a - y; J = d**2/2", (4, 2), f"{UP} d goes up by 0.001 and J by about 0.002"),
        ("d = a - y; J = d**2/2", (4, 2), "dJ/da = dd/da × dJ/dd = 1 × 2 = 2"),
        ("d = -a; J = 3*d", (4,), f"{UP} d goes down by 0.001 and J by 0.003"),
        ("d = -a; J = 0 - 3*d", (4,), f"{UP} d goes down by 0.001 and J goes up by 0.003"),
        ("d = 0*a; J = 3*d", (4,), f"{UP} d does not change and J does not change"),
        ("d = a**2; J = 3*d", (0,), f"{UP} d hardly changes and J hardly changes"),
        ("d = 2*a; J = d**2", (3,), f"{UP} d goes up by 0.002: 2 times as much"),
        ("J = (2 + 3*a)**2", (3,), f"{UP} J goes up by about 0.066: 66 times as much"),
        ("J = (2 + 3*a)**2", (3,), "dJ/da = 66"),
        (
            "b = 2*a; c = -3*a; J = b + 2*c",
            (1,),
            f"{UP} b goes up by 0.002 and c goes down by 0.003, so that in all J goes down by about 0.004",
        ),
        (
            "b = 2*a; c = -3*a; J = b + 2*c",
            (1,),
            "dJ/da = db/da × dJ/db + dc/da × dJ/dc = 2 × 1 + (-3) × 2 = -4",
        ),
        (
            "b = 2*a; J = b*a",
            (3,),
            f"{UP} b goes up by 0.002 and J directly goes up by 0.006,"
            " so that in all J goes up by about 0.012",
        ),
        ("b = 2*a; J = b*a", (3,), "dJ/da = db/da × dJ/db + (dJ/da with b held) = 2 × 3 + 6 = 12"),
        ("z = a + b; J = z**2", (1, 2), "computed once, used twice: for dJ/da and dJ/db"),
        ("r = relu(a); J = 2*r", (0,), "r bends exactly here, at the corner of relu: backprop takes 0"),
        ("r = relu(a); J = 2*r", (0,), "J bends exactly here, at the corner of relu"),
        ("r = sqrt(a); J = 2*r", (0,), "r has no slope at a = 0"),
        ("q = 2*a; J = 3*b", (1, 1), "J does not depend on a"),
        ("b = 2*a; L = b*x", (1, 3), "dL/da = db/da × dL/db = 2 × 3 = 6"),
    ],
)
def test_the_lesson_says(program, values, said):
    graph = ng.graph(program)
    assert said in lines(ng.explain(graph.at(dict(zip(graph.inputs, values, strict=True)))))


def test_once_used_twice_is_said_once():
    lesson = lesson_of("c = w*x; a = c + b; d = a - y; J = d**2/2", x=-2, w=2, b=8, y=2)
    assert sum("computed once" in line for line in lines(lesson)) == 1


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise["id"])
def test_the_lesson_uses_the_words_of_the_course(exercise):
    values = {name: Fraction(text) for name, text in exercise["inputs"].items()}
    lesson = lesson_of(exercise["program"], **values)
    shown = f"{lesson}{re.sub('<[^>]*>', ' ', lesson._repr_html_())}"
    assert NOT_FOR_LEARNERS.findall(shown) == []
    assert str(lesson).startswith("Given: ")


def test_a_lesson_is_a_sequence_of_steps():
    lesson = lesson_of("J = w**2", w=3)
    assert [type(step) for step in lesson] == [LessonStep] * len(lesson)
    assert lesson[-1] == lesson.steps[-1]
    assert lesson[:1] == lesson.steps[:1]
    assert str(lesson[0]) == "  J = w**2 = 3**2 = 9"
    assert lesson[-1].value == 6.0


def test_a_lesson_in_html_has_two_ordered_lists():
    html = lesson_of("J = w**2", w=3)._repr_html_()
    assert html.count("<ol>") == html.count("<h4>") == 2
    assert html.count("<li>") == 2
    assert "<script" not in html


def test_nodes_that_the_output_does_not_need_come_last():
    lesson = lesson_of("q = 2*p; J = w**2; k = J + p", w=3, p=1)
    assert [box_of(step) for step in lesson] == ["v:q", "v:J", "v:k", "a:w", "a:p", "a:q", "a:k"]
    assert [step.value for step in lesson[-3:]] == [0.0, 0.0, 0.0]
