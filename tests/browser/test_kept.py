"""What was filled in is kept: over a reload, and over a lab that was stopped."""

import pytest

from .conftest import SAVED
from .learner import Learner
from .served import Lab


def test_over_a_reload(learner):
    me = learner().open("nw1", "backward")
    me.answer("v:c", "-4")
    me.answer("v:a", "12")
    me.switch("chain rule", False)
    me.page.wait_for_timeout(SAVED)
    said = me.said("v:a")
    me.reload()
    assert (me.state("v:c"), me.state("v:a"), me.said("v:a")) == ("right", "wrong", said)
    assert me.input("v:a").input_value() == "12"
    assert not me.page.get_by_label("chain rule").is_checked()
    assert me.page.url.endswith("#/nw1/backward")


@pytest.fixture
def start_lab(tmp_path):
    started = []

    def start():
        started.append(Lab(tmp_path / "answers.json"))
        return started[-1]

    yield start
    for lab in started:
        if lab.process.poll() is None:
            lab.stop()


def test_over_a_restarted_lab(browser_page, start_lab):
    first = start_lab()
    me = Learner(browser_page(own=(first.url,)), first.url).open("nw1", "backward")
    me.answer("v:c", "-4")
    me.page.wait_for_timeout(SAVED)
    me.page.close()
    assert "stopped" in first.stop()
    second = start_lab()
    again = Learner(browser_page(own=(second.url,)), second.url).open("nw1", "backward")
    assert (again.state("v:c"), again.progress) == ("right", "1 of 13")


def test_the_start_screen_says_how_far_each_is(learner):
    me = learner().open("nw1", "backward")
    me.answer("v:c", "-4")
    me.press("start")
    me.arrive("start")
    card = me.page.locator("[data-exercise=nw1]")
    assert "1 of 13" in card.inner_text()
    assert me.page.locator(".card").count() == 15
    me.page.go_back()
    me.arrive("backward")
    assert me.state("v:c") == "right"
