"""Why backprop: the count on a learner's graph, on larger ones, and the measured table."""

import json
import re
from importlib.resources import files

import pytest

from nudgegrad.labs.exercise import course_exercise
from nudgegrad.labs.visits import lasting, visits

from .geometry import faults, resize, settled
from .programs import net
from .test_motion_and_print import MOVING

RACE = json.loads(files("nudgegrad.labs").joinpath("static", "race.json").read_bytes())
SEEN = """() => {
    const number = (e) => Number(e.textContent.replace(/[^0-9]/g, ""));
    const names = (kind) => [...document.querySelectorAll(".is-" + kind)].map((e) => e.dataset.node);
    const count = (part) => Object.fromEntries([...document.querySelectorAll(`.visits ${part}`)].map((e) =>
        [(e.closest(".chip") ?? e.closest(".cell").querySelector(".node")).dataset.node, number(e)]));
    const bars = [...document.querySelectorAll(".ways p")].map((p) => [...p.querySelectorAll("rect")]);
    const kinds = ["forward", "backprop", "nudging", "nudged"];
    return {
        counted: [...document.querySelectorAll(".ways strong")].map(number),
        bars: bars.map(([all, done]) => [all, done].map((r) => Number(r.getAttribute("width")))),
        at: Object.fromEntries(kinds.map((kind) => [kind, names(kind)])),
        own: count(".backprop"), again: count(".nudging"),
        words: document.querySelector(".main > .words").textContent.trim(),
    };
}"""
STEPS = f"""(n) => {{
    const step = document.querySelector("[data-act=step]"), seen = {SEEN};
    return [...Array(n)].map(() => {{ step.click(); return seen(); }});
}}"""
WIDTHS = "all => all.map((e) => e.getBoundingClientRect().width)"
HEARD = """() => {
    window.heard = [];
    const note = () => {
        for (const region of document.querySelectorAll("[aria-live], [role=status]"))
            if (region.ariaLive !== "off" && region.textContent !== region.before)
                window.heard.push(region.before = region.textContent);
    };
    for (const region of document.querySelectorAll("[aria-live], [role=status]"))
        region.before = region.textContent;
    const root = document.getElementById("nudgegrad");
    new MutationObserver(note).observe(root, { subtree: true, childList: true });
}"""


def grouped(n):
    return f"{n:,}"


@pytest.fixture
def why(learner):
    """Someone on this screen: `why("nw2", 390, 844)`."""

    def come(id="nw1", *size, **options):
        return learner(*size, **options).open(id, "why")

    return come


def seen(me):
    return me.page.evaluate(SEEN)


@pytest.mark.parametrize("id", ["nw0", "nw1", "lecture", "relu2", "nw2", "jabc", "d-sq-3"])
def test_every_visit_is_counted_as_python_counts_it(why, id):
    exercise = course_exercise(id)
    found = visits(exercise.graph, exercise.fixed)
    n, most = len(found.nodes), max(found.backprop, found.nudging)
    me = why(id)
    moments = [seen(me), *me.page.evaluate(STEPS, n + most)]
    again = [(name, node) for name in found.parameters for node in found.nodes]
    for at, moment in enumerate(moments):
        past = max(0, at - n)
        done = [min(past, found.backprop), min(past, found.nudging)]
        assert moment["counted"] == done
        assert moment["bars"] == [[found.backprop, done[0]], [found.nudging, done[1]]]
        assert moment["own"] == {name: int(name in found.back[:past]) for name in found.back}
        assert moment["again"] == {
            node: sum(node == visited for _, visited in again[:past]) for node in found.nodes
        }
        forward = [found.nodes[at - 1]] if 0 < at <= n else []
        own = [found.back[past - 1]] if 0 < past <= found.backprop else []
        nudged, visited = again[past - 1] if 0 < past <= found.nudging else (None, None)
        assert moment["at"] == {
            "forward": forward,
            "backprop": own,
            "nudging": [visited] if visited else [],
            "nudged": [nudged] if nudged else [],
        }
        for name in (*forward, *own, *filter(None, (nudged, visited))):
            assert re.search(rf"\b{name}\b", moment["words"])
    more = found.nudging > found.backprop
    assert ("times as many visits" in moments[-1]["words"]) == more
    assert ("no more visits" in moments[-1]["words"]) == (not more)
    assert set(moments[-1]["own"].values()) == {1}
    assert set(moments[-1]["again"].values()) == {len(found.parameters)}


def test_the_buttons_go_back_to_the_end_and_to_the_start(why):
    me = why("nw1")
    for act, counted in (
        ("end", [6, 8]),
        ("back", [6, 7]),
        ("step", [6, 8]),
        ("step", [6, 8]),
        ("restart", [0, 0]),
    ):
        me.press(act)
        assert seen(me)["counted"] == counted, act
    me.press("back")
    assert seen(me)["words"].startswith("Both ways begin")


@pytest.fixture
def played(why):
    """The same with a clock that stands still until it is told to run."""

    def come(id="nw1"):
        me = why(id, fresh=True)  # a clock stays in its page
        me.page.clock.install()
        me.page.clock.pause_at("2030-01-01")
        me.open("d-sq-3", "why")
        me.open(id, "why")
        return me

    return come


def test_it_plays_pauses_and_ends_by_itself(played):
    me = played("nw1")  # N = 4, N + P = 6, N × P = 8, 4 visits a second
    clock, play = me.page.clock, me.page.locator("[data-act=play]")
    play.click()
    assert play.inner_text() == "Pause"
    assert seen(me)["at"]["forward"] == ["c"]
    clock.run_for(250 * 6)
    assert seen(me)["counted"] == [3, 3]
    play.click()
    assert play.inner_text() == "Play"
    clock.run_for(60_000)
    assert seen(me)["counted"] == [3, 3]
    play.click()
    assert seen(me)["counted"] == [4, 4]
    clock.run_for(250 * 4)
    assert seen(me)["counted"] == [6, 8]
    assert play.inner_text() == "Play"
    play.click()  # once more from the start
    assert seen(me)["at"]["forward"] == ["c"]


def test_a_step_stops_what_plays_and_so_does_another_screen(played):
    me = played("nw1")
    me.press("play")
    me.press("step")
    me.page.clock.run_for(60_000)
    assert seen(me)["at"]["forward"] == ["a"]
    assert me.page.locator("[data-act=play]").inner_text() == "Play"
    me.press("play")
    me.screen("results")
    me.page.clock.run_for(60_000)
    assert me.root.get_attribute("data-screen") == "results"


@pytest.mark.parametrize("speed", ["1", "4", "16", "64"])
def test_the_speed_is_visits_a_second_and_is_kept(played, speed):
    me = played("nw2")
    me.page.get_by_label("visits a second").select_option(speed)
    me.press("play")
    me.page.clock.run_for(1000 * 8 // int(speed))
    assert seen(me)["at"]["forward"] == ["L"]  # the ninth of nine
    me.screen("results")
    me.screen("why")
    assert me.page.get_by_label("visits a second").input_value() == speed


def test_a_screen_reader_hears_a_step_and_the_end_but_not_every_visit(played):
    me = played("nw1")
    me.page.evaluate(HEARD)
    me.press("play")
    me.page.clock.run_for(250 * 8)
    assert me.page.evaluate("() => window.heard") == []
    me.page.clock.run_for(60_000)
    heard = me.page.evaluate("() => window.heard")
    assert len(heard) == 1
    assert "Nudging needs 1.3 times as many visits." in heard[0]
    me.press("back")
    assert len(me.page.evaluate("() => window.heard")) == 2


def test_by_keyboard_alone(why):
    me = why("nw1")
    keyboard = me.page.keyboard
    me.tab_to("button step")
    for _ in range(5):
        keyboard.press("Enter")
    assert seen(me)["counted"] == [1, 1]
    assert me.focused == "button step"
    assert me.tab_to("button end") == ["button restart"]
    keyboard.press("Space")
    assert seen(me)["counted"] == [6, 8]
    keyboard.press("Tab")
    keyboard.press("End")
    assert me.page.get_by_label("visits a second").input_value() == "64"
    keyboard.press("Tab")
    assert me.page.get_by_label("nodes N").evaluate("e => e === document.activeElement")
    keyboard.press("ArrowLeft")
    assert me.page.get_by_label("nodes N").get_attribute("aria-valuetext") == "9,000"
    keyboard.press("Tab")
    keyboard.press("ArrowLeft")
    assert me.page.get_by_label("parameters P").get_attribute("aria-valuetext") == "90,000"


@pytest.mark.parametrize("wanted", ["reduce", "no-preference"])
def test_nothing_moves_where_motion_is_unwelcome(why, wanted):
    me = why("nw1", reduced_motion=wanted)
    me.press("play")
    still = wanted == "reduce"
    assert (seen(me)["counted"] == [6, 8]) == still  # all at once
    assert (me.page.locator("[data-act=play]").inner_text() == "Play") == still
    assert me.page.evaluate(MOVING) == 0


# Larger graphs


def sums(me):
    return [me.page.locator(f".figures p.{way}").inner_text() for way in ("backprop", "nudging")]


def slide(me, label, *keys):
    me.page.get_by_label(label).focus()
    for key in keys:
        me.page.keyboard.press(key)


def test_the_sliders_end_at_the_courses_numbers(why):
    me = why("nw1")
    for _ in range(2):
        assert sums(me) == [
            "Backprop: N + P = 10,000 + 100,000 = 110,000 visits",
            "Nudging: N × P = 10,000 × 100,000 = 1,000,000,000 visits",
        ]
        assert "Nudging needs 9,091 times as many visits." in me.page.locator(".figures").inner_text()
        slide(me, "nodes N", "ArrowRight")
        slide(me, "parameters P", "ArrowRight")
    slide(me, "nodes N", "Home")
    slide(me, "parameters P", "Home")
    assert sums(me) == ["Backprop: N + P = 1 + 1 = 2 visits", "Nudging: N × P = 1 × 1 = 1 visits"]
    assert "nudging needs no more visits" in me.page.locator(".figures").inner_text()
    slide(me, "nodes N", "End")
    slide(me, "parameters P", "End")
    assert "= 1,000,000,000 visits" in sums(me)[1]


def test_the_sliders_are_logarithmic(why):
    me = why("nw1")
    said = []
    slide(me, "parameters P", "Home")
    for _ in range(46):
        said.append(me.page.get_by_label("parameters P").get_attribute("aria-valuetext"))
        me.page.keyboard.press("ArrowRight")
    assert said == [*(grouped(k * 10**e) for e in range(5) for k in range(1, 10)), "100,000"]


def test_times_are_those_of_the_measured_speed(why):
    typical = min(RACE["rows"], key=lambda row: abs(row["parameters"] - 100_000))
    me = why("nw1")
    for keys in ((), ("Home",), ("ArrowRight",) * 12):
        slide(me, "nodes N", *keys)
        n, p = (
            int(me.page.get_by_label(label).get_attribute("aria-valuetext").replace(",", ""))
            for label in ("nodes N", "parameters P")
        )
        own = lasting((n + p) * (typical["backprop"] / typical["sum"]))
        again = lasting(n * p * (typical["sweep"] / typical["product"]))
        said = f"At the speed measured with {grouped(typical['neurons'])} neurons: {own} by backprop"
        assert f"{said}, {again} by nudging." in me.page.locator(".figures").inner_text()


def test_the_squares_have_the_visits_as_areas(why):
    me = why("nw1")
    for keys in (("Home", *["ArrowRight"] * 9), ("ArrowRight",)):
        slide(me, "nodes N", *keys)
        slide(me, "parameters P", "Home", *["ArrowRight"] * 4)
        n = int(me.page.get_by_label("nodes N").get_attribute("aria-valuetext"))
        small, large = me.page.locator(".areas rect").evaluate_all(
            "l => l.map((r) => r.getBoundingClientRect().width)"
        )
        assert round(10 * (large / small) ** 2) == round(10 * (n * 5) / (n + 5))


# The table


def test_the_table_on_the_page_has_the_measured_rows(why):
    rows = why("nw1").page.locator("table tbody tr")
    shown = rows.evaluate_all("rows => rows.map((r) => [...r.cells].slice(0, 4).map((c) => c.textContent))")
    keys = ("neurons", "parameters", "sum", "product")
    assert shown == [[grouped(row[key]) for key in keys] for row in RACE["rows"]]


# Sizes


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("id", ["relu2", "nw2", "d-sq-3"])
def test_nothing_overlaps_half_way_and_at_the_end(why, id, scheme):
    me = why(id, color_scheme=scheme)
    found = []
    for act in ("step", "end"):
        for _ in range(12):
            me.press(act)
        for width in (320, 360, 800, 1400):
            resize(me.page, width)
            found += [f"{act} {width}: {fault}" for fault in faults(me.page)]
        resize(me.page, 1280)
    assert found == []


def test_counts_of_two_digits_have_room(learner):
    me = learner(390, 844).open_own(net(2, 3), "why")
    settled(me.page)
    before = me.page.locator(".visits b").evaluate_all(WIDTHS)
    me.press("end")
    found = seen(me)
    n, p = len(found["again"]), len(found["own"]) - len(found["again"])
    assert (n, p) == (13, 15)
    assert found["counted"] == [n + p, n * p]
    assert me.page.locator(".visits b").evaluate_all(WIDTHS) == before
    for width in (360, 390, 800):
        resize(me.page, width)
        assert faults(me.page) == []


def test_there_is_no_such_screen_without_a_parameter(learner):
    me = learner().open_own("J = x*3 | x=2 | fixed x")
    assert me.page.locator("[data-act=screen-show]").count() == 1
    assert me.page.locator("[data-act=screen-why]").count() == 0
