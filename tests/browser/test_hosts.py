"""Other places than the page of `nudgegrad lab`: one file, a notebook's frame, a widget's model."""

import json
import subprocess
import sys

import pytest

import nudgegrad as ng
from nudgegrad.labs.asking import answer
from nudgegrad.labs.exercise import course_exercise
from nudgegrad.labs.page import asset, page_data

from ..figures import LAB_SCRIPT_BYTES, LAB_STYLE_BYTES
from .course import COURSE
from .learner import Learner


def test_script_and_style_are_small():
    assert len(asset("lab.js").encode()) <= LAB_SCRIPT_BYTES
    assert len(asset("lab.css").encode()) <= LAB_STYLE_BYTES


@pytest.fixture
def exported(tmp_path, browser_page):
    """A learner at a file that `nudgegrad lab export` wrote; it may ask for nothing but itself."""

    def come(*arguments, **options):
        path = tmp_path / "lab.html"
        command = [sys.executable, "-m", "nudgegrad", "lab", "export", *arguments, "--html", path]
        subprocess.run(command, check=True, capture_output=True)
        page = browser_page(own=(path.as_uri(),), **options)
        page.goto(path.as_uri())
        return Learner(page, path.as_uri())

    return come


def test_a_file_works_offline_and_keeps_its_answers(exported):
    me = exported("nw1")
    me.open("nw1", "backward")
    for box, found in COURSE["nw1"].answers.items():
        assert me.answer(box, found) == "right"
    me.page.wait_for_timeout(500)
    me.reload()
    assert me.progress == "13 of 13"
    assert {url.partition("#")[0] for url in me.page.watch.requests if not url.startswith("data:")} == {
        me.url
    }


def test_a_file_has_its_screens_and_says_what_it_has_not(exported):
    me = exported("nw1")
    for screen in ("show", "slope", "why", "results"):
        me.open("nw1", screen)
    me.go()
    assert "nudgegrad lab" in me.page.locator(".main").inner_text()


def test_a_file_without_answers_writes_down(exported):
    me = exported("nw1", "--no-answers")
    me.open("nw1", "backward")
    assert me.answer("v:c", "7") == "recorded"
    assert me.answer("v:c", "1/") == "empty"
    assert me.page.locator("[data-act=reveal], [data-act=hint]").count() == 0
    assert me.input("v:a").is_visible()


def test_a_file_of_all_exercises(exported):
    me = exported()
    assert me.page.locator(".card").count() == 15
    me.page.locator("[data-exercise=relu2]").click()
    me.arrive("forward")
    assert me.answer("v:t1", "2") == "right"


def test_the_frame_of_a_notebook(browser_page, tmp_path):
    path = tmp_path / "notebook.html"
    frame = ng.lab("J = (2 + 3*w)**2 | w=3", host="frame")._repr_html_()
    path.write_text(f"<!DOCTYPE html><title>notebook</title><body>{frame}", encoding="utf-8")
    page = browser_page(own=(path.as_uri(),))
    page.goto(path.as_uri())
    inside = page.frame_locator("iframe")
    box = inside.locator("input[data-box='v:J']")
    box.click()
    page.keyboard.type("121")
    page.keyboard.press("Enter")
    inside.locator(".box[data-state=right]").wait_for()
    assert inside.locator("#nudgegrad").get_attribute("data-screen") == "forward"


MODEL = """async ([data, css]) => {
    document.head.append(Object.assign(document.createElement("style"), { textContent: css }));
    const lab = await import("./lab.js");
    const held = { data, state: { schema: 1, exercises: {}, settings: {} } };
    const heard = {};
    window.held = held;
    const model = {
        get: (name) => held[name],
        set: (name, value) => { held[name] = value; },
        save_changes: () => { held.saved = (held.saved ?? 0) + 1; },
        on: (event, call) => { heard[event] = call; },
        off: () => {},
        send: async (message) => {
            const found = await window.python(message.kind, JSON.stringify(message.body));
            heard["msg:custom"]({ id: message.id, answer: JSON.parse(found) });
        },
    };
    lab.default.render({ model, el: document.getElementById("place") });
}"""


def test_the_widget(browser_page, lab):
    page = browser_page()
    cell = '<!DOCTYPE html><title>cell</title><link rel="icon" href="data:,"><div id="place"></div>'
    page.route(f"{lab.url}cell", lambda route: route.fulfill(content_type="text/html", body=cell))
    asked = []

    def python(kind, body):
        asked.append(kind)
        return json.dumps(answer(kind, json.loads(body), {}))

    page.expose_function("python", python)
    page.goto(f"{lab.url}cell")
    data = page_data("frame", [course_exercise("nw1")], open="nw1")
    page.evaluate(MODEL, [data, asset("lab.css")])
    box = page.locator("input[data-box='v:c']")
    box.click()
    page.keyboard.type("-4")
    page.keyboard.press("Enter")
    page.locator(".box[data-state=right]").wait_for()
    page.wait_for_timeout(500)
    held = page.evaluate("() => window.held")
    assert held["saved"] >= 1
    assert held["state"]["exercises"]["nw1"]["boxes"]["v:c"]["state"] == "right"
    page.locator("[data-act=screen-bench]").click()
    page.locator(".nudgegrad[data-screen=bench] .main").wait_for()
    page.locator(".plot path").first.wait_for(state="attached")
    assert "bench" in asked
