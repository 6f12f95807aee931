"""No motion where none is wanted, and a sheet of paper has no buttons."""

import pytest

MOVING = "() => document.getAnimations().filter((a) => a.playState === 'running').length"


@pytest.mark.parametrize(("wanted", "moves"), [("no-preference", True), ("reduce", False)])
def test_motion(learner, wanted, moves):
    me = learner(reduced_motion=wanted).open("nw1", "backward")
    me.nudge("a:w")
    assert (me.page.evaluate(MOVING) > 0) == moves
    me.screen("show")
    me.press("step")
    assert (me.page.evaluate(MOVING) > 0) == moves


def test_paper_has_boxes_and_no_buttons(learner):
    me = learner().open("nw1", "backward")
    me.answer("v:c", "-4")
    me.page.emulate_media(media="print", color_scheme="dark")
    assert not [b for b in me.page.locator("#nudgegrad button").all() if b.is_visible()]
    assert me.input("v:c").is_visible()
    assert me.input("a:w").is_visible()
    assert me.page.locator("h1").is_visible()
    ground = me.root.evaluate("e => getComputedStyle(e).backgroundColor")
    assert ground == "rgb(255, 255, 255)"


def test_a_page_without_scripts_can_be_filled_in_by_hand(browser_page, lab):
    page = browser_page(java_script_enabled=False)
    page.goto(f"{lab.url}?open=nw1")
    assert page.locator("noscript table").is_visible()
    assert "value of c" in page.locator("noscript table").inner_text()
