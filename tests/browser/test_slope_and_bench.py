"""The slope of J in one value, and the nudge bench: what is drawn, computed, and said."""

import pytest

from nudgegrad.labs.bench import bench, printed_figures
from nudgegrad.labs.exercise import course_exercise

PRINTED = printed_figures()
SIZES = [320, 768, 1280]
INSIDE = """(svg) => {
    const room = svg.getBoundingClientRect();
    const out = (p) => p.left < room.left - 1 || p.right > room.right + 1 ||
        p.top < room.top - 1 || p.bottom > room.bottom + 1;
    const parts = [...svg.querySelectorAll("text, circle")];
    return parts.filter((part) => out(part.getBoundingClientRect())).map((part) => part.outerHTML);
}"""
CLASHES = """(svg) => {
    const words = [...svg.querySelectorAll("text")].filter((t) => t.textContent);
    const places = words.map((t) => t.getBoundingClientRect());
    const met = (p, q, low, high) => Math.min(p[high], q[high]) - Math.max(p[low], q[low]);
    return words.flatMap((a, i) => words.slice(i + 1).filter((_, k) => {
        const [p, q] = [places[i], places[i + 1 + k]];
        return met(p, q, "left", "right") > 1 && met(p, q, "top", "bottom") > 5;
    }).map((b) => `${a.textContent} | ${b.textContent}`));
}"""


def cells(page, inside):
    rows = page.locator(f"{inside} tbody tr")
    rows.first.wait_for()
    return rows.evaluate_all("rows => rows.map(r => [...r.cells].map(c => c.textContent))")


def slide(page, label, *keys):
    slider = page.get_by_label(label, exact=True)
    slider.focus()
    for key in keys:
        page.keyboard.press(key)
    assert slider.evaluate("e => e === document.activeElement")
    return slider


def test_the_printed_figures_are_those_of_this_browser_bit_for_bit(learner):
    page = learner().open("d-sq-3", "slope").page
    found = cells(page, ".printed")
    assert len(found) == len(PRINTED)
    for row, figure in zip(found, PRINTED, strict=True):
        assert row[1] == f"{figure['printed']} ({figure['where']})"
        if figure["where"] == "lab":
            assert row[2] == f"{figure['printed']} ✓ bit for bit"
        else:
            assert row[2] != figure["printed"]
            assert row[3] == f"{figure['printed']} ✓ exactly".replace("-", "−")


def test_the_quotients_are_those_of_python(learner):
    page = learner().open("d-sq-3", "slope").page
    found = cells(page, ".nudges")
    assert [row[0] for row in found] == ["1", *(f"1e-{k}" for k in range(1, 17))]
    for k, (_, before, after, _, quotient, _) in enumerate(found):
        h = float(f"1e-{k}")
        nudged = (3 + h) * (3 + h)
        assert (float(before), float(after), float(quotient)) == (9, nudged, (nudged - 9) / h)


def test_the_nudge_follows_the_keyboard(learner):
    page = learner().open("d-sq-3", "slope").page
    current = page.locator(".nudges [aria-current] th")
    assert current.inner_text() == "1e-3"
    slider = slide(page, "nudge", "ArrowRight")
    assert current.inner_text() == "1e-4"
    assert slider.get_attribute("aria-valuetext") == "1e-4"
    slide(page, "nudge", "End")
    assert current.inner_text() == "1e-16"


def test_w_is_dragged_and_moved_by_keys(learner):
    page = learner().open("d-sq--3", "slope").page
    words = page.locator(".main > p[aria-live]")
    assert "J goes up by −6 nudges, that is: down by 6." in words.inner_text()
    plot = page.locator(".plot")
    room = plot.bounding_box()
    handle = plot.locator(".handle").bounding_box()
    x, y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(room["x"] + room["width"] - 1, y, steps=4)
    page.mouse.up()
    assert words.inner_text().startswith("w = 5, J = 25:")
    slide(page, "move it", "Home")
    assert words.inner_text().startswith("w = −5, J = 25:")
    assert "slope −10" in plot.get_attribute("aria-label")


def test_w_is_dragged_by_touch(learner):
    page = learner(390, 844, has_touch=True).open("d-sq-3", "slope").page
    room = page.locator(".plot").bounding_box()
    page.touchscreen.tap(room["x"] + room["width"] - 2, room["y"] + room["height"] / 2)
    assert page.locator(".main > p[aria-live]").inner_text().startswith("w = 5")


def test_a_function_of_the_course_is_a_click_away(learner):
    here = learner().open("d-sq-3", "slope")
    names = here.page.locator("[data-act=function]").all_inner_texts()
    assert names == ["J = w²", "J = 2w", "J = w³", "J = w", "J = 1/w", "J = 1/w²"]
    here.page.get_by_role("button", name="J = w³").click()
    here.page.get_by_text("w = 2, J = 8:").wait_for()


def test_the_derivative_is_a_formula_with_the_value_put_in(learner):
    page = learner().open("nw1", "slope").page
    page.locator(".formula math").first.wait_for()
    text = page.locator(".formula").inner_text()
    for said in (
        "The values put in: 3 × 2 = 6.",
        "∂, as J depends on several values",
        "dJ_dw, or dw for short",
    ):
        assert said in text


def shown(page, id, node, stencil="one-sided", format="float64"):
    """What the bench of Python says of what is chosen on the screen."""
    for label, choice in (("node", node), ("stencil", stencil), ("format", format)):
        page.get_by_label(label).select_option(choice)
    page.locator(".measures caption", has_text=f"{stencil}, {format}").wait_for()
    page.locator(".measures thead", has_text=f"/∂{node}").wait_for()
    return bench(course_exercise(id).run, node)[format][stencil]


def test_the_v_curve_has_both_branches_and_the_best_nudge(learner):
    page = learner().open("nw1", "bench").page
    found = shown(page, "nw1", "b")
    page.get_by_text(found["says"]).wait_for()
    plot = page.locator(".plot")
    for kind in ("rounding", "truncation", "bar", "best", "course"):
        assert plot.locator(f"path.{kind}").count() == 1
    assert plot.locator("path.rounding").get_attribute("d").count("L") >= 1
    assert plot.locator(".measured").count() > 40
    assert f"best nudge {found['h_text']}" in plot.locator("text.best").text_content()
    room, line = plot.bounding_box(), plot.locator("path.best").bounding_box()
    assert room["x"] < line["x"] < room["x"] + room["width"]


@pytest.mark.parametrize("stencil", ["one-sided", "two-sided"])
@pytest.mark.parametrize("format", ["float64", "float32"])
def test_the_best_nudge_has_the_estimate_of_python(learner, stencil, format):
    page = learner().open("nw1", "bench").page
    found = shown(page, "nw1", "c", stencil, format)
    page.get_by_role("button", name="the best nudge").click()
    yours, best = cells(page, ".measures")
    assert yours[1] == best[1]
    assert float(best[1]) == found["estimate"]
    error = abs(found["estimate"] - course_exercise("nw1").run.adjoint("c"))
    assert error <= found["bar"]


def test_the_nudge_of_the_bench_follows_the_keyboard_and_is_kept(learner):
    here = learner().open("nw0", "bench")
    here.page.locator(".measures caption").wait_for()
    slider = slide(here.page, "nudge", "Home", "ArrowRight")
    said = slider.get_attribute("aria-valuetext")
    assert said.startswith("2^-")
    here.page.wait_for_timeout(500)  # the page saves a little later
    here.reload()
    here.page.locator(".measures tbody th", has_text=f"yours: {said}").wait_for()


def test_changes_along_the_graph(learner):
    page = learner().open("nw0", "bench").page
    page.locator(".chain span").first.wait_for()
    assert page.locator(".chain").inner_text() == "w ↑ 0.001 → a ↑ 0.003 → J ↑ 0.066009"


def test_without_a_useful_nudge_the_reason_is_said(learner):
    page = learner().open_own("J = relu(w) | w=0", "bench").page
    page.get_by_text(
        "Inconclusive. There is no useful nudge. w: relu at J is exactly on its corner"
    ).wait_for()
    assert page.get_by_role("button", name="the best nudge").is_disabled()


@pytest.mark.parametrize("width", SIZES)
@pytest.mark.parametrize(
    ("id", "screen"),
    [("d-sq-3", "slope"), ("d-inv2-4", "slope"), ("nw1", "slope"), ("nw0", "bench"), ("nw2", "bench")],
)
def test_pictures_fit(learner, id, screen, width):
    page = learner(width, 900).open(id, screen).page
    plot = page.locator(".plot")
    plot.locator(".handle").wait_for()
    assert plot.evaluate(INSIDE) == []
    assert plot.evaluate(CLASHES) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_the_screens_ask_python_for_no_more_than_they_show(learner):
    here = learner().open("jabc", "bench")
    here.page.get_by_label("node").select_option("u")
    here.page.locator(".measures thead", has_text="∂J/∂u").wait_for()
    asked = [url for url in here.page.watch.requests if url.endswith("ask/bench")]
    assert 1 <= len(asked) <= 2
