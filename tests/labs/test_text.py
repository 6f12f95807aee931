"""The line of text of an exercise: what it means, and where its mistakes are."""

from fractions import Fraction

import pytest

from nudgegrad.errors import NudgegradError
from nudgegrad.labs.exercise import exercise
from nudgegrad.labs.text import read


def test_program_values_and_fixed_names():
    graph, values, fixed = read("c = w*x; J = c + b | x=2 w = -1/2, b=1e-3; | fixed x, b")
    assert graph.statements == ("c", "J")
    assert values == {"x": 2, "w": Fraction(-1, 2), "b": Fraction(1, 1000)}
    assert fixed == ("x", "b")


def test_sections_come_in_any_order_and_may_be_several():
    _, values, fixed = read("J = w*x | fixed x | w=1 | x=2")
    assert values == {"w": 1, "x": 2}
    assert fixed == ("x",)


def test_lines_and_comments_are_read_as_in_a_program():
    assert read("c = w # a weight\nJ = c**2\n| w=3")[0].statements == ("c", "J")


@pytest.mark.parametrize(
    ("text", "span", "message", "help"),
    [
        ("c = 3w; J = c | w=2", "3w", "an operator is missing", "c = 3*w"),
        ("J = w | w=a", "a", "'a' is not a number", "1/3"),
        ("J = w | w=", "w=", "", ""),
        ("J = w | w=1 w=2", "w=2", "two values", "keep one"),
        ("J = w | v=1", "v=1", "no input of the program", "w"),
        ("J = w | w=1 5", "5", "gives no value", "w=3"),
        ("J = w", "w", "'w' has no value", "J = w | w=1"),
        ("J = w*x | x=1", "w", "'w' has no value", "J = w*x | x=1 w=1"),
        ("J = w | w=1 | fixed q", "q", "cannot be fixed", "w"),
        ("J = log(w) | w=-1", "log(w)", "log is defined for", "change"),
    ],
)
def test_a_mistake_has_its_place_and_the_next_thing_to_type(text, span, message, help):
    with pytest.raises(NudgegradError) as caught:
        exercise(text)
    error = caught.value
    assert message in error.message
    assert help in (error.help or "")
    assert error.place is not None
    if message:
        assert text[error.place.start : error.place.end] == span


def test_an_exercise_of_ones_own_is_known_by_its_text():
    first, second = exercise("J = w | w=1"), exercise("J =  w |  w=1")
    assert first.id == second.id
    assert first.id.startswith("own-")
    assert exercise("J = w | w=2").id != first.id
