"""`nudgegrad.lab`: what it takes, which host it picks, what it tells of the answers."""

import json
import re
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest

import nudgegrad as ng
from nudgegrad.labs import entry
from nudgegrad.labs.course import COURSE
from nudgegrad.labs.entry import Result

NET = "c = w*x; a = c + b; d = a - y; J = d**2/2"
VALUES = {"w": -2, "x": 2, "b": 8, "y": 1}
TEXT = f"{NET} | w=-2 x=2 b=8 y=1"


def text_of(*arguments, **options):
    (exercise,) = ng.lab(*arguments, host="frame", **options).exercises
    return exercise.text


@pytest.mark.parametrize(
    ("arguments", "options", "text"),
    [
        ((f"{TEXT} | fixed x y",), {}, f"{TEXT} | fixed x y"),
        ((NET, VALUES), {"fixed": ["x", "y"]}, f"{TEXT} | fixed x y"),
        ((NET, VALUES), {"fixed": "x y"}, f"{TEXT} | fixed x y"),
        ((f"{NET} | fixed x y", VALUES), {}, f"{NET} | fixed x y | w=-2 x=2 b=8 y=1"),
        ((ng.graph(NET), VALUES), {}, TEXT),
        ((ng.graph(NET).at(VALUES),), {}, f"{NET} | w=-2.0 x=2.0 b=8.0 y=1.0"),
        ((ng.graph("J = w*x").at(w=0.1, x=1e-30, format="float32"),), {}, "J = w*x | w=0.1 x=1e-30"),
        ((ng.graph("J = w*x").at(w=0.1, x=1), {"w": 2}), {}, "J = w*x | w=2 x=1.0"),
        (("J = w*x", {"w": "1 / 3", "x": Fraction(2, 7)}), {}, "J = w*x | w=1/3 x=2/7"),
        (("J = w*x", {"w": np.float32(0.1), "x": np.array(3)}), {}, "J = w*x | w=0.1 x=3"),
        (("nw0",), {}, COURSE["nw0"][2]),
        (("a = w  # a | comment\nJ = a",), {}, None),
    ],
)
def test_an_exercise_comes_from(arguments, options, text):
    if text is None:
        with pytest.raises(ng.NudgegradError):
            text_of(*arguments, **options)
    else:
        assert text_of(*arguments, **options) == text


def test_without_a_source_there_is_the_course():
    assert [found.id for found in ng.lab(host="frame").exercises] == list(COURSE)


@pytest.mark.parametrize(
    ("arguments", "options", "said"),
    [
        (("nw11",), {}, "did you mean 'nw1'?"),
        ((None, {"w": 1}), {}, "values are given without a program"),
        (("nw1", {"w": 1}), {}, "values are given without a program"),
        ((3,), {}, "not from int"),
        (("J = w", {"w": None}), {}, "w=None is not a number"),
        (("J = w", {"w": True}), {}, "w=True is not a number"),
        (("J = w", {"w": float("nan")}), {}, "not a finite number"),
        (("J = w",), {}, "'w' has no value"),
        (("J = 3w", {"w": 1}), {}, "3*w"),
        (("J = w | w=1",), {"host": "phone"}, "there is no host 'phone'"),
        (("J = w | w=1",), {"fixed": ["q"]}, "'q' cannot be fixed"),
    ],
)
def test_what_is_no_exercise_is_told(arguments, options, said):
    with pytest.raises(ng.NudgegradError) as error:
        ng.lab(*arguments, **options)
    assert said in str(error.value)


# Hosts


@pytest.fixture
def plain(monkeypatch):
    for name in entry.EDITORS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delitem(sys.modules, "google.colab", raising=False)


@pytest.mark.usefixtures("plain")
def test_the_host_is_a_widget_where_one_is_sure_to_work(monkeypatch):
    assert ng.lab("nw0").host == "widget"
    for name in entry.EDITORS:
        with monkeypatch.context() as patched:
            patched.setenv(name, "1")
            assert ng.lab("nw0").host == "frame"
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, "google.colab", sys)
        assert ng.lab("nw0").host == "frame"
    with monkeypatch.context() as patched:
        patched.setattr("importlib.util.find_spec", lambda _: None)
        assert ng.lab("nw0").host == "frame"
        assert ng.lab("nw0", host="frame").host == "frame"


def test_a_widget_and_a_frame_show_themselves():
    bundle = ng.lab("nw0", host="widget")._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle[0]
    assert bundle[0]["text/html"].startswith("<iframe ")  # for pages without a kernel
    assert "text/html" not in ng.lab(host="widget")._repr_mimebundle_()[0]  # all of the course is too much
    bundle = ng.lab("nw0", host="frame", height=345)._repr_mimebundle_()
    assert bundle["text/html"].startswith("<iframe ")
    assert "height: 345px" in bundle["text/html"]
    assert bundle["text/plain"] == "<lab: nw0, Two nodes: J = (2 + 3w)²: 0 of 5 boxes right>"


# Answers


@pytest.fixture
def answers(tmp_path):
    """A file in which nw0 is half done."""
    boxes = {
        "v:a": {"typed": "11", "first": "12", "state": "right", "attempts": 2, "hints": 1, "seconds": 4.5},
        "v:J": {"typed": "121", "first": None, "state": "revealed", "revealed": True},
        "a:a": {"typed": "21", "first": "21", "state": "wrong", "attempts": 1, "say": "…"},
    }
    state = {"schema": 1, "exercises": {"nw0": {"text": "", "boxes": boxes}}, "settings": {}}
    path = tmp_path / "answers.json"
    path.write_text(json.dumps(state), encoding="utf-8")
    return path


@pytest.mark.parametrize("host", ["widget", "frame"])
def test_state_and_results_are_readable(host, answers):
    lab = ng.lab("nw0", save=answers, host=host)
    assert lab.state == json.loads(answers.read_text(encoding="utf-8"))
    assert lab.results["nw0"] == {
        "v:a": Result("12", "11", "right", 2, 1, False, 4.5),
        "v:J": Result(None, "121", "revealed", 0, 0, True, 0.0),
        "a:a": Result("21", "21", "wrong", 1),
    }
    assert str(lab) == "lab: nw0, Two nodes: J = (2 + 3w)²: 1 of 5 boxes right, 1 revealed"
    assert str(ng.lab(save=answers, host=host)).startswith("lab: 15 exercises: 1 of ")
    assert ng.lab("nw1", host=host).results == {}


def test_a_frame_starts_with_what_the_file_holds(answers):
    assert "&quot;first&quot;:&quot;12&quot;" in ng.lab("nw0", save=answers, host="frame")._repr_html_()


def test_answers_survive_a_restarted_kernel(tmp_path):
    path = tmp_path / "answers.json"
    code = (
        "import sys, nudgegrad as ng; lab = ng.lab('nw0', host='widget', save=sys.argv[1]);"
        "print(lab.results);"
        "lab._widget.set_state({'state': {'schema': 1, 'exercises':"
        " {'nw0': {'text': '', 'boxes': {'v:a': {'typed': '11', 'state': 'right'}}}}, 'settings': {}}})"
    )
    outs = [
        subprocess.run(
            [sys.executable, "-c", code, path], capture_output=True, encoding="utf-8", check=True
        ).stdout
        for _ in range(2)
    ]
    assert outs[0] == "{}\n"
    assert "typed='11', state='right'" in outs[1]


def test_a_file_of_something_else_is_refused(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("my notes", encoding="utf-8")
    with pytest.raises(ng.UsageError, match="holds no answers of the lab"):
        ng.lab("nw0", save=path)
    assert path.read_text(encoding="utf-8") == "my notes"


def test_it_is_exported_to_a_file(tmp_path):
    lab = ng.lab(TEXT, host="frame", title="a net")
    path = lab.export(tmp_path / "net.html")
    assert re.search("<title>a net - nudgegrad lab</title>", path.read_text(encoding="utf-8"))
    assert '"answers":false' in lab.export(str(path), answers=False).read_text(encoding="utf-8")
