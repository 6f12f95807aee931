"""Contrast, and states and directions that do not need colour."""

import re
from itertools import combinations
from pathlib import Path

import pytest

import nudgegrad

from . import colours
from .geometry import settled

CSS = Path(nudgegrad.__file__).parent / "labs" / "static" / "lab.css"
SHAPE = """(box) => {
    const style = getComputedStyle(box);
    const drawn = (where) => getComputedStyle(box, where).content.match(/^"(.*?)"/)[1];
    const line = [style.borderTopStyle, style.borderTopWidth].join(" ");
    return [line, drawn("::after"), style.borderTopLeftRadius, drawn("::before")];
}"""


@pytest.fixture(params=["light", "dark"])
def scheme(request):
    return request.param


@pytest.mark.parametrize(
    "screen", ["start", "forward", "backward", "show", "slope", "bench", "why", "results"]
)
def test_everything_on_the_screen_can_be_read(learner, moment, screen, scheme):  # noqa: ARG001 - nw1 is left as it says
    me = learner(color_scheme=scheme)
    me.go() if screen == "start" else me.open("nw1", screen)
    if screen == "bench":
        me.page.locator(".plot path").first.wait_for(state="attached")
    settled(me.page)
    assert colours.faults(me.page) == []


def test_every_pair_of_tokens(learner, scheme):
    assert colours.token_faults(learner(color_scheme=scheme).go().page) == []


def test_no_token_is_left_out():
    tokens = set(re.findall(r"(--[\w-]+)\s*:", CSS.read_text(encoding="utf-8")))
    grounds = {
        ground for pairs in (colours.WRITTEN, colours.DRAWN) for found in pairs.values() for ground in found
    }
    assert tokens == colours.WRITTEN.keys() | colours.DRAWN.keys() | grounds | colours.ORNAMENT


def test_the_five_states_differ_by_shape_as_well(learner, lab, states):
    lab.keep(states["mixed"])
    me = learner().open("nw1", "backward")
    shapes = {}
    for id, state in me.states().items():
        if not id.startswith("v:"):
            shapes[state] = me.box(id).evaluate(SHAPE)
    assert shapes.keys() == {"empty", "right", "close", "wrong", "revealed"} - {"right"}
    me.answer("l:a/b", "1")
    shapes["right"] = me.box("l:a/b").evaluate(SHAPE)
    for one, other in combinations(shapes, 2):
        (line, mark, *_), (other_line, other_mark, *_) = shapes[one], shapes[other]
        assert mark != other_mark, (one, other)
        assert line != other_line, (one, other)


def test_forward_and_backward_differ_by_shape_and_arrow(learner):
    me = learner().open("nw1", "backward")
    forward, backward = me.box("v:c").evaluate(SHAPE), me.box("a:w").evaluate(SHAPE)
    assert (forward[-1], backward[-1]) == ("→", "←")
    assert forward[2] == "0px" != backward[2]
