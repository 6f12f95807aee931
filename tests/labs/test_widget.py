"""The notebook widget, as its page sees it: synced data and state, questions and answers."""

import sys

import pytest

from nudgegrad import UsageError
from nudgegrad.labs import page
from nudgegrad.labs.exercise import exercise
from nudgegrad.labs.page import page_data
from nudgegrad.labs.saved import StateFile, empty
from nudgegrad.labs.widget import widget_class

OWN = "a = 2*w + b; J = a**2 | w=3 b=1"


def state_of(**exercises):
    return {"schema": 1, "exercises": exercises, "settings": {}}


@pytest.fixture
def widget():
    made = []

    def make(saved=None):
        own = exercise(OWN)
        made.append(widget_class()(page_data("frame", [own], open=own.id), {own.id: own}, saved))
        return made[-1]

    yield make
    for one in made:
        one.close()


def asked(widget, monkeypatch, content):
    """What the page is sent when it sends `content`."""
    sent = []
    monkeypatch.setattr(type(widget), "send", lambda _, content, **__: sent.append(content))
    widget._handle_custom_msg(content, [])
    return sent


def test_script_style_data_and_state_are_sent(widget):
    made = widget()
    sent = made.get_state()
    assert sent["_esm"] == page.asset("lab.js")
    assert sent["_css"] == page.asset("lab.css")
    assert sent["data"]["kind"] == "frame"
    assert sent["data"]["payloads"][sent["data"]["open"]]["text"] == OWN
    assert sent["state"] == empty()


def test_questions_are_answered_with_their_id(widget, monkeypatch):
    made = widget()
    own = made.data["open"]
    (reply,) = asked(
        made, monkeypatch, {"id": "bench7", "kind": "bench", "body": {"text": OWN, "node": "a"}}
    )
    assert (reply["id"], reply["answer"]["node"]) == ("bench7", "a")
    (reply,) = asked(made, monkeypatch, {"id": 1, "kind": "exercise", "body": {"id": own}})
    assert reply["answer"]["text"] == OWN
    (reply,) = asked(made, monkeypatch, {"id": 2, "kind": "exercise", "body": {"text": "J = 3w | w=1"}})
    assert reply["answer"]["error"]["fixed"] == "J = 3*w | w=1"
    for body in (None, 3, "text"):
        (reply,) = asked(made, monkeypatch, {"id": 3, "kind": "no such", "body": body})
        assert reply["answer"]["error"]["message"]
    assert asked(made, monkeypatch, "noise") == asked(made, monkeypatch, {"other": 1}) == []


def test_what_the_page_fills_in_is_kept_and_loaded_again(widget, tmp_path):
    path = tmp_path / "answers.json"
    state = state_of(nw1={"text": "", "boxes": {"v:c": {"typed": "-4"}}, "changed": 5})
    first = widget(StateFile(path))
    first.set_state({"state": state})
    assert first.state == state
    assert widget(StateFile(path)).state == state
    widget().set_state({"state": state_of()})  # keeps nothing
    assert StateFile(path).load() == state


def test_a_file_that_cannot_be_written_says_so(widget, tmp_path, monkeypatch):
    said: list[str] = []
    made = widget(StateFile(tmp_path / "answers.json", said.append))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(StateFile, "_write", full)
    made.set_state({"state": state_of(nw1={"boxes": {}})})
    assert made.state == state_of(nw1={"boxes": {}})
    assert said == [f"the answers cannot be kept in '{tmp_path / 'answers.json'}': No space left on device"]


def test_without_anywidget_there_is_the_next_thing_to_type(monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    widget_class.cache_clear()
    with pytest.raises(UsageError, match="needs anywidget") as error:
        widget_class()
    assert "pip install 'nudgegrad[notebook]'" in str(error.value)
