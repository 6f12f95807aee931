"""What Python answers a page: mistakes with their place in the typed text, and the text corrected."""

import pytest

from nudgegrad import ProgramError
from nudgegrad.labs import asking
from nudgegrad.labs.asking import answer, told
from nudgegrad.labs.exercise import exercise

LONG = "; ".join(f"name_{k} = 2*w + {k}" for k in range(20))


def error_of(text):
    return answer("exercise", {"text": text})["error"]


def span(text):
    """What the error points at, cut out as a browser does: by UTF-16 units."""
    found = error_of(text)
    units = text.encode("utf-16-le", "surrogatepass")
    return units[2 * found["start"] : 2 * found["end"]].decode("utf-16-le", "surrogatepass")


@pytest.mark.parametrize(
    ("text", "pointed", "fixed"),
    [
        ("c = 3w; J = c**2 | w=3", "3w", "c = 3*w; J = c**2 | w=3"),
        ("J = w**2; a = 3 | w = 3w", "3w", None),
        (f"{LONG}; J = 3w | w=3", "3w", f"{LONG}; J = 3*w | w=3"),
        ("a = 2\nb = 3 w\nJ = a*b | w=3", "3 w", "a = 2\nb = 3*w\nJ = a*b | w=3"),
        ("J = (w + 1 | w=3", "(", "J = (w + 1) | w=3"),
        ("J == w | w=3", "==", "J = w | w=3"),
        ("J = sgmoid(w) | w=3", "sgmoid", "J = sigmoid(w) | w=3"),
        ("J = sgmoid(w) + 3w | w=3", "sgmoid", "J = sigmoid(w) + 3w | w=3"),
        ("J = w +  | w=3", "+", None),
        ("J = w*x | w=3", "x", "J = w*x | w=3 x=1"),
        ("J = w*x", "w", "J = w*x | w=1"),
        ("J = w | w=3,5", "3,5", "J = w | w=3.5"),
        ("J = max(3,w) + 3.5 + x | w=3 x=3,5", "3,5", "J = max(3,w) + 3.5 + x | w=3 x=3.5"),
        ("J = w | w=3 q=2", "q=2", None),
        ("J = w | w=3 | fixed q", "q", None),
        ("J = \U0001d464*3w | \U0001d464=2", "3w", "J = \U0001d464*3*w | \U0001d464=2"),
        ("J = 1/w | w=0", "1/w", None),
        ("", "", None),
    ],
)
def test_a_mistake_has_its_place_and_its_correction(text, pointed, fixed):
    assert error_of(text)["message"]
    assert span(text) == pointed
    assert error_of(text)["fixed"] == fixed


def test_a_correction_that_corrects_nothing_is_none():
    found = error_of("J = sgmoid(w) | w=3 | fixed sgmoid")
    assert found["fixed"] == "J = sigmoid(w) | w=3 | fixed sgmoid"
    wrong = ProgramError("no", exercise("J = w | w=1").graph.place(0), "did you mean '3w'?")
    assert told(wrong, "J = w | w=1")["fixed"] is None


def test_an_error_without_a_place_is_about_the_whole_text():
    found = told(ProgramError("no"), "J = w")
    assert found == {"message": "no", "start": 0, "end": 5, "help": None, "fixed": None}
    elsewhere = ProgramError("no", exercise("J = q*q | q=1").graph.place(1))
    assert (told(elsewhere, "J = w")["start"], told(elsewhere, "J = w")["end"]) == (0, 5)


def test_an_error_is_data_and_no_markup():
    assert error_of("J = <script>alert(1)</script> | w=1")["message"]
    assert "<" in span("J = <script> | w=1")


def test_a_graph_with_ten_thousand_nodes_is_answered():
    text = "; ".join(["a0 = w", *(f"a{k} = a{k - 1} + w" for k in range(1, 5000))]) + " | w=1"
    found = answer("exercise", {"text": text})
    assert (found["large"], found["boxes"]) == (True, [])


def test_a_text_is_read_once(monkeypatch):
    text = "J = w**2 + 0.125 | w=3"
    first = asking._own(text)
    answer("bench", {"text": text, "node": "w"})
    assert asking._own(text) is first
    monkeypatch.setattr(asking, "COURSE", {})
    assert answer("exercise", {"id": "nw1"})["error"]["message"] == "there is no exercise 'nw1'"
