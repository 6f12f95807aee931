"""A program of one's own: mistakes are shown where they are, and whatever is typed stays text."""

import json
import re

from nudgegrad.labs.exercise import exercise
from nudgegrad.labs.export import export_html

from .learner import Learner
from .programs import HOSTILE


def typed(me, text):
    me.page.locator("input.program").fill(text)


def test_a_mistake_is_shown_and_one_click_corrects_it(learner):
    me = learner().go()
    typed(me, "c = 3w; J = c | w=2")
    correct = me.page.locator("[data-act=correct]")
    correct.wait_for()
    assert me.page.locator(".caret").text_content() == "c = 3w; J = c | w=2"
    assert me.page.locator(".caret mark").text_content() == "3w"
    assert me.page.locator("input.program").get_attribute("aria-invalid") in ("", "true")
    correct.click()
    me.page.locator("[data-act=open]").wait_for()
    assert me.page.locator("input.program").input_value() == "c = 3*w; J = c | w=2"
    assert me.page.locator(".preview .node").count() == 2
    me.press("open")
    me.arrive("forward")
    assert me.answer("v:c", "6") == "right"


def test_enter_opens_it_and_a_reload_finds_it_again(learner):
    me = learner().go()
    typed(me, "a = w*x; J = a + 1 | w=2 x=3")
    me.page.keyboard.press("Enter")
    me.arrive("forward")
    me.answer("v:a", "6")
    me.page.wait_for_timeout(500)
    me.reload()
    assert me.state("v:a") == "right"


def test_what_looks_like_html_is_text(learner):
    me = learner().go()
    typed(me, HOSTILE)
    me.page.locator(".preview .say").wait_for()
    assert me.page.locator(".caret").text_content() == HOSTILE
    assert me.page.locator(".preview script").count() == 0


def test_a_name_in_the_address_is_text(learner):
    me = learner().go()
    me.page.evaluate("() => { location.hash = '#/<img src=x onerror=alert(1)>/forward'; }")
    me.page.get_by_text("cannot be opened").wait_for()
    assert me.page.locator("#nudgegrad img").count() == 0


def test_a_title_in_a_file_is_text(browser_page, tmp_path):
    title = "</script><img src=x onerror=\"document.title='taken'\">"
    path = tmp_path / "lab.html"
    path.write_text(export_html([exercise("J = w**2 | w=3", title=title)]), encoding="utf-8")
    page = browser_page(own=(path.as_uri(),))
    page.goto(path.as_uri())
    page.locator("#nudgegrad[data-screen]").wait_for()
    assert page.locator("h1").inner_text() == title
    assert page.locator("img").count() == 0
    assert page.title() != "taken"


def test_values_from_a_kept_state_are_text(browser_page, lab):
    hostile = "<img src=x onerror=alert(1)>"
    box = {
        "typed": hostile,
        "state": "wrong",
        "say": hostile,
        "first": hostile,
        "attempts": hostile,
        "hints": hostile,
    }
    kept = {
        "text": "",
        "title": hostile,
        "boxes": {"v:c": box, "a:w": box},
        "nudges": {"a:w": box},
        "events": [],
    }
    lab.keep({"schema": 1, "exercises": {"nw1": kept}, "settings": {}})
    me = Learner(browser_page(), lab.url)
    for screen in ("backward", "results"):
        me.open("nw1", screen)
        assert me.page.locator("#nudgegrad img").count() == 0
    assert hostile in me.page.locator("table").inner_text()
    assert json.dumps(lab.state()).count(hostile) >= 4


def test_the_address_says_what_is_open(learner):
    me = learner().go()
    me.page.locator("[data-exercise=nw1]").click()
    me.arrive("forward")
    me.screen("backward")
    assert re.search(r"#/nw1/backward$", me.page.url)
