"""What axe-core and a screen reader find on every screen: nothing wrong, and every control named."""

import pytest

from . import axe, spoken
from .conftest import SAVED
from .geometry import resize, settled
from .learner import Learner
from .programs import chain

FILLED = ("forward", "backward", "show", "slope", "bench", "why", "results")
MODES = {"as table": "as table", "compact": "one box per node"}


def look(page):
    """Everything that is wrong with what is on the screen: wide and narrow, light and dark."""
    found = []
    for width in (1280, 390):
        resize(page, width)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            settled(page)
            found += [f"{width} {scheme} {fault}" for fault in axe.violations(page)]
        found += [f"{width} {fault}" for fault in spoken.faults(page)]
    return found


@pytest.mark.parametrize("screen", ["start", *FILLED])
def test_every_screen_at_every_moment(learner, moment, screen):  # noqa: ARG001 - nw1 is left as it says
    me = learner()
    me.go() if screen == "start" else me.open("nw1", screen)
    if screen == "bench":
        me.page.locator(".plot path").first.wait_for(state="attached")
    assert look(me.page) == []


@pytest.mark.parametrize("mode", MODES)
def test_other_views_of_the_boxes(learner, moment, mode):  # noqa: ARG001 - nw1 is left as it says
    me = learner().open("nw1", "backward")
    me.switch(MODES[mode], True)
    assert look(me.page) == []


def test_what_a_nudge_shows(learner):
    me = learner().open("nw1", "backward")
    me.nudge("a:w")
    assert look(me.page) == []


def test_the_worked_exercise_half_way(learner):
    me = learner().open("nw1", "show")
    for _ in range(7):
        me.press("step")
    assert look(me.page) == []


def test_a_program_with_a_mistake(learner):
    me = learner().go()
    me.page.locator("input.program").fill("c = 3w; J = c | w=2")
    me.page.locator("[data-act=correct]").wait_for()
    assert look(me.page) == []


def test_the_overview_of_a_large_graph(learner):
    me = learner().open_own(chain(500), "overview")
    assert look(me.page) == []


def test_the_colours_of_the_button(learner, moment):  # noqa: ARG001 - nw1 is left as it says
    me = learner(color_scheme="light").open("nw1", "backward")
    seen = {}
    for _ in range(3):
        seen[me.root.get_attribute("data-theme")] = me.root.evaluate(
            "e => getComputedStyle(e).backgroundColor"
        )
        assert axe.violations(me.page) == []
        me.press("theme")
    assert len(seen) == 3
    assert seen["auto"] == seen["light"] != seen["dark"]
    me.page.wait_for_timeout(SAVED)
    dark = learner(color_scheme="dark").open("nw1", "backward")
    assert dark.root.evaluate("e => getComputedStyle(e).backgroundColor") == seen["dark"]


@pytest.mark.parametrize("exercise", ["nw1", "relu2", "nw2"])
def test_every_box_says_what_it_asks(learner, exercise):
    me: Learner = learner().open(exercise, "backward")
    names = [name for role, name in spoken.controls(me.page) if role == "textbox"]
    assert len(names) == len(set(names)) == len(me.asked())
    assert spoken.faults(me.page) == []
