"""The lab in Chromium: how soon something is seen, and how soon the boxes stand there.

    scripts/browser && python -m benchmarks.lab

writes `benchmarks/results/lab.txt`. First paint counts from the request of the page; mounting from the
arrival of lab.js until all boxes are in the page and laid out, so compiling the script is in it. Each page
is a new context of one browser, with nothing cached, and its lab the one that `nudgegrad lab` starts.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from tests.browser import chromium
from tests.browser.programs import chain
from tests.browser.served import Lab

RESULTS = Path(__file__).parent / "results"
ROUNDS = 9
PAINT, MOUNT_30, MOUNT_300 = 300, 120, 1000  # milliseconds to be reached
PLACES = {  # name: program of its own, address, milliseconds to mount in
    "nw2, 30 boxes": (None, "?open=nw2#/nw2/backward", MOUNT_30),
    "300 nodes, forward": (chain(292), "", MOUNT_300),  # and 8 inputs that are no boxes of this screen
    "300 nodes, backward": (chain(292), "#/{own}/backward", MOUNT_300),
}
WATCH = """
new MutationObserver((_, watch) => {
    const boxes = document.querySelectorAll("input[data-box]").length;
    if (!boxes) return;
    document.body.getBoundingClientRect();  // laid out
    window.mounted = [performance.now(), boxes];
    watch.disconnect();
}).observe(document, { childList: true, subtree: true });
"""
SEEN = """async () => {
    const paint = await new Promise((done) => {
        const name = "first-contentful-paint";
        const find = (list) => list.getEntriesByName(name).forEach((e) => done(e.startTime));
        new PerformanceObserver(find).observe({ type: "paint", buffered: true });
    });
    const script = performance.getEntriesByType("resource").find((e) => e.name.endsWith("lab.js"));
    const boxes = document.querySelectorAll("input[data-box]").length;
    return [paint, window.mounted[0] - script.responseEnd, boxes];
}"""


def visit(browser: Browser, address: str) -> Any:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.add_init_script(WATCH)
    page.goto(address)
    page.locator("input[data-box]").first.wait_for()
    found = page.evaluate(SEEN)
    context.close()
    return found


def measured(browser: Browser, folder: Path, name: str) -> str:
    program, address, most = PLACES[name]
    arguments: list[str | Path] = []
    if program:
        (folder / "program.txt").write_text(program)
        arguments = ["--file", folder / "program.txt"]
    lab = Lab(folder / f"{name}.json", *arguments)
    if "{own}" in address:
        page = browser.new_page()
        page.goto(lab.url)
        page.locator("input[data-box]").first.wait_for()
        own = page.evaluate("() => JSON.parse(document.getElementById('nudgegrad-data').textContent).open")
        page.close()
        address = address.format(own=own)
    visit(browser, lab.url + address)  # warms the server
    paints, mounts, boxes = zip(*(visit(browser, lab.url + address) for _ in range(ROUNDS)), strict=True)
    lab.stop()
    return f"{name:22}{boxes[0]:7d}{spread(paints, PAINT)}{spread(mounts, most)}"


def spread(times: tuple[float, ...], most: int) -> str:
    middle = f"{statistics.median(times):.0f} ({min(times):.0f}-{max(times):.0f})"
    return f"{middle:>18}{most:8d}"


def main() -> int:
    """Open each page many times over, and print the medians with their spread."""
    with sync_playwright() as playwright, chromium.launch(playwright) as browser:
        with tempfile.TemporaryDirectory() as folder:
            lines = [measured(browser, Path(folder), name) for name in PLACES]
        version = browser.version
    head = f"{'page':22}{'boxes':>7}{'first paint, ms':>18}{'goal':>8}{'mount, ms':>18}{'goal':>8}"
    about = f"Chromium {version}, {ROUNDS} visits; median (least-most)"
    text = "\n".join([about, "", head, *lines])
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "lab.txt").write_text(text + "\n")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
