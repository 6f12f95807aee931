"""Pictures of the lab's screens for docs/lab.md: light, dark, and on a phone.

    scripts/browser && python docs/screenshots.py

writes `docs/images/lab-*.png`, each of at most 150 kB.
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.browser import chromium
from tests.browser.geometry import settled
from tests.browser.learner import Learner, mix, solve
from tests.browser.served import Lab

IMAGES = Path(__file__).parent / "images"
MOST = 150_000  # bytes
TALL = 1300  # pixels: what is below is cut off
CUT = {"why": 1062}  # the same of one screen: its note is long
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
WIDE = {"viewport": {"width": 1120, "height": 800}}


def _start(me):
    me.go()
    me.page.locator("input.program").fill("a = w*x + b; J = relu(a)**2 | w=2 x=3 b=-1 | fixed x")
    me.page.locator(".preview .node", has_text="relu").wait_for()


def _forward(me):
    me.open("nw1", "forward")
    for box, text in {"v:c": "-4", "v:a": "4", "v:d": "4"}.items():
        me.answer(box, text)


def _backward(me):
    me.open("nw1", "backward")
    mix(me)


def _nudged(me):
    me.open("nw1", "backward")
    me.nudge("a:w")


def _solved(me):
    me.open("nw1", "backward")
    solve(me)


def _compact(me):
    me.open("relu2", "backward")
    me.switch("one box per node", True)


def _show(me):
    me.open("nw1", "show")
    for _ in range(9):
        me.press("step")


def _slope(me):
    me.open("d-sq-3", "slope")
    me.page.locator(".plot path").first.wait_for(state="attached")


def _bench(me):
    me.open("nw2", "bench")
    me.page.locator(".plot path").first.wait_for(state="attached")


def _why(me):
    me.open("nw1", "why")
    for _ in range(9):
        me.press("step")


def _results(me):
    me.open("nw1", "backward")
    mix(me)
    me.screen("results")


SCREENS = {
    "start": _start, "forward": _forward, "backward": _backward, "nudged": _nudged, "solved": _solved,
    "compact": _compact, "show": _show, "slope": _slope, "bench": _bench, "why": _why,
    "results": _results,
}  # fmt: skip
KINDS = {
    "light": {**WIDE, "color_scheme": "light"},
    "dark": {**WIDE, "color_scheme": "dark"},
    "phone": {**PHONE, "color_scheme": "light"},
}


def main():
    """Visit each screen in each kind of browser and keep what is seen."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        lab = Lab(Path(folder) / "answers.json")
        with chromium.launch(playwright) as browser:
            for name, visit in SCREENS.items():
                for kind, options in KINDS.items():
                    lab.keep()
                    context = browser.new_context(**options, reduced_motion="reduce")
                    page = context.new_page()
                    visit(Learner(page, lab.url))
                    settled(page)
                    path = IMAGES / f"lab-{name}-{kind}.png"
                    size = page.viewport_size
                    high = min(
                        CUT.get(name, TALL), int(page.locator("#nudgegrad").bounding_box()["height"])
                    )
                    clip = {"x": 0, "y": 0, "width": size["width"], "height": high}
                    page.screenshot(path=path, full_page=True, clip=clip)
                    context.close()
                    print(f"{path.name:28}{path.stat().st_size:8d}")
                    assert path.stat().st_size <= MOST, f"{path.name} is larger than {MOST} bytes"
        lab.stop()


if __name__ == "__main__":
    main()
