"""Nothing overlaps, nothing is cut off, no page scrolls sideways: from a small phone to a wide screen."""

import pytest

from ..figures import LAB_WIDTHS
from .geometry import faults
from .programs import MEASURED

WRONG = "-123456.5"
WRONG_SAYS = """(text) => {
    for (const input of document.querySelectorAll("input[data-box], input[data-nudge]")) {
        input.focus();
        input.value = text;
        input.dispatchEvent(new Event("input", { bubbles: true }));
        input.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
    }
}"""


def at_every_width(page):
    found = []
    for width in LAB_WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        found += [f"{width}: {fault}" for fault in faults(page)]
    return found


@pytest.fixture
def open_measured(learner):
    def come(name, screen):
        return learner().open_own(MEASURED[name], screen)

    return come


@pytest.mark.parametrize("screen", ["forward", "backward"])
@pytest.mark.parametrize("name", MEASURED)
def test_empty(open_measured, name, screen):
    assert at_every_width(open_measured(name, screen).page) == []


@pytest.mark.parametrize("screen", ["forward", "backward"])
@pytest.mark.parametrize("name", MEASURED)
def test_solved(open_measured, name, screen):
    me = open_measured(name, screen)
    me.press("reveal-all")
    assert set(me.states().values()) == {"revealed"}
    assert at_every_width(me.page) == []


@pytest.mark.parametrize("screen", ["forward", "backward"])
@pytest.mark.parametrize("name", MEASURED)
def test_every_box_wrong(open_measured, name, screen):
    me = open_measured(name, screen)
    me.page.evaluate(WRONG_SAYS, WRONG)
    assert set(me.states().values()) == {"wrong"}
    assert all(me.said(id) for id in me.asked())
    assert at_every_width(me.page) == []


@pytest.mark.parametrize("name", MEASURED)
def test_one_box_per_node(open_measured, name):
    me = open_measured(name, "backward")
    me.switch("one box per node", True)
    assert at_every_width(me.page) == []
    me.page.evaluate(WRONG_SAYS, WRONG)
    assert at_every_width(me.page) == []


@pytest.mark.parametrize("screen", ["start", "backward", "show", "slope", "bench", "why", "results"])
def test_every_screen(learner, moment, screen):  # noqa: ARG001 - nw1 is left as it says
    me = learner()
    me.go() if screen == "start" else me.open("nw1", screen)
    if screen == "bench":
        me.page.locator(".plot path").first.wait_for(state="attached")
    if screen == "show":
        for _ in range(9):
            me.press("step")
    assert at_every_width(me.page) == []


@pytest.mark.parametrize("mode", ["as table", "nudged", "mistake"])
def test_other_views(learner, mode):
    me = learner()
    if mode == "mistake":
        me.go().page.locator("input.program").fill("c = 3w; J = c | w=2")
        me.page.locator("[data-act=correct]").wait_for()
    else:
        me.open("nw1", "backward")
        me.nudge("a:w") if mode == "nudged" else me.switch("as table", True)
    assert at_every_width(me.page) == []
