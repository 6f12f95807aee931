"""Each check of the browser tests, seen to fail on a lab that is broken on purpose.

The page gets a mutated `lab.css` or `lab.js`: the text before the arrow must be there, so that a fault that
no longer applies is noticed.
"""

import re

import pytest

from nudgegrad.labs.page import asset

from . import axe, colours, geometry, spoken
from .course import COURSE
from .learner import Learner


@pytest.fixture
def broken(browser_page, lab):
    """A learner at nw1 in a lab with a fault: `broken(css="...", js=(pattern, replacement))`."""

    def come(screen="backward", *, css="", js=(), **options):
        page = browser_page(**options)
        if css:
            style = asset("lab.css") + css
            page.route("**/lab.css", lambda route: route.fulfill(content_type="text/css", body=style))
        if js:
            script, count = re.subn(js[0], js[1], asset("lab.js"))
            assert count, f"{js[0]} is no longer there"
            page.route(
                "**/lab.js", lambda route: route.fulfill(content_type="text/javascript", body=script)
            )
        return Learner(page, lab.url).open("nw1", screen)

    return come


def some(faults, word):
    assert any(word in fault for fault in faults), (word, faults)


@pytest.mark.parametrize(
    ("css", "said"),
    [
        (".nudgegrad .unit { margin-left: -60px; }", "overlap"),
        (".nudgegrad .group { margin-top: -90px; }", "overlap"),
        (".nudgegrad h1 { height: 8px; overflow: hidden; }", "cut below"),
        (".nudgegrad h1 { width: 90px; overflow: hidden; white-space: nowrap; }", "clipped"),
        (".nudgegrad h1 { position: relative; left: -40px; }", "outside"),
        (".nudgegrad .stage { width: 3000px; }", "scrolls sideways"),
    ],
)
def test_geometry(broken, css, said):
    some(geometry.faults(broken(css=css).page), said)


def test_an_answer_that_does_not_fit(broken):
    me = broken(css=".nudgegrad .box input { width: 24px; }")
    me.answer("v:c", "123456789")
    some(geometry.faults(me.page), "does not fit")


@pytest.mark.parametrize(
    ("css", "said"),
    [
        (".nudgegrad { --mute: #a0a8b0 !important; }", "text"),
        (".nudgegrad .tabs button { opacity: .5; }", "faded"),
        (".nudgegrad .box { border-color: #b8d8f0; }", "border"),
        (".nudgegrad h1 { color: #999; }", "text"),
        (".nudgegrad h1 { background: #7d7d7d; }", "text"),
    ],
)
def test_contrast(broken, css, said):
    some(colours.faults(broken(css=css).page), said)


@pytest.mark.parametrize("token", [*colours.WRITTEN, *colours.DRAWN])
def test_tokens(broken, token):
    grey = f".nudgegrad {{ {token}: #9a9a9a !important; }}"
    some(colours.token_faults(broken(css=grey).page), token)


@pytest.mark.parametrize("check", [spoken.faults, axe.violations], ids=["spoken", "axe"])
def test_an_input_without_a_name(broken, check):
    me = broken()
    me.page.locator("input[data-box]").evaluate_all(
        "l => l.forEach(e => [e, e.closest('.box')].forEach(n => ['aria-label', 'title'].forEach(a => "
        "n.removeAttribute(a))))"
    )
    assert check(me.page)


def test_a_name_with_a_sign(broken):
    me = broken()
    me.input("a:w").evaluate("e => e.setAttribute('aria-label', '∂J/∂w')")
    some(spoken.faults(me.page), "∂J/∂w")


def test_axe_sees_contrast_and_roles(broken):
    me = broken(css=".nudgegrad { --mute: #b0b8c0 !important; }")
    some(axe.violations(me.page), "color-contrast")
    me.root.locator("h1").evaluate("e => e.setAttribute('role', 'listitem')")
    some(axe.violations(me.page), "aria")


def test_another_order_of_the_boxes(broken):
    me = broken()
    me.page.evaluate(
        "() => { const [a, b] = document.querySelectorAll('.group'); a.parentElement.insertBefore(b, a); }"
    )
    last = list(COURSE["nw1"].answers)[-1]
    assert [id for id in [*me.tab_to(last), last] if id in COURSE["nw1"].answers] != list(
        COURSE["nw1"].answers
    )


def test_a_marker_that_takes_everything(broken):
    me = broken(js=(r"function mark\(box, text\) \{", r'\g<0> return marked("right", "exact", "Right.");'))
    assert me.answer("v:c", "5") == "right"  # as only the tests of wrong answers would notice


def test_states_of_one_shape(broken, lab, states):
    from .test_colours import SHAPE

    lab.keep(states["mixed"])
    me = broken(css=".nudgegrad .box { border: 2px solid !important; }")
    lines = {me.box(id).evaluate(SHAPE)[0] for id, state in me.states().items() if id != state}
    assert len(lines) == 1


def test_motion_in_spite_of_the_wish(broken):
    from .test_motion_and_print import MOVING

    me = broken(
        css=".nudgegrad path.pulse { animation: nudgegrad-pulse 2s !important; }", reduced_motion="reduce"
    )
    me.nudge("a:w")
    assert me.page.evaluate(MOVING) > 0


@pytest.mark.parametrize("planted", ["error", "exception", "request"])
def test_an_unclean_page(broken, planted):
    me = broken()
    me.page.evaluate(
        {
            "error": "() => console.error('planted')",
            "exception": "() => { setTimeout(() => { throw new Error('planted'); }); }",
            "request": "() => { new Image().src = 'http://127.0.0.1:9/planted'; }",
        }[planted]
    )
    me.page.wait_for_timeout(300)
    watch = me.page.watch
    some(watch.faults, "planted")
    watch.faults.clear()
