"""The docs as built: no warning, nothing that axe finds, legible pictures, and no network."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from ..figures import LAB_CONTRAST
from ..pages import DOCS, ROOT, pages
from . import axe

CONTRAST = Path(__file__).with_name("contrast.js").read_text(encoding="utf-8")
PICTURES = sorted(DOCS.rglob("images/**/*.svg"))
NAMES = [name.removesuffix(".md") for name in pages()]
# what is wider than the screen and does not scroll by itself
WIDER = """() => {
    const ways = ["auto", "scroll"];
    const scrolls = (e) => e && (ways.includes(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
    const wide = document.documentElement.clientWidth + 1;
    return [...document.querySelectorAll("article *")]
        .filter((e) => e.getBoundingClientRect().right > wide && !scrolls(e))
        .map((e) => `${e.tagName}.${e.className}`);
}"""


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Where the pages are served, built as `scripts/docs` builds them."""
    folder = tmp_path_factory.mktemp("site")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    built = subprocess.run(
        [ROOT / "scripts/docs", folder],
        capture_output=True,
        encoding="utf-8",
        check=False,
        env=os.environ | {"PATH": path},
    )
    assert built.returncode == 0, built.stdout + built.stderr
    handler = partial(Quiet, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("name", NAMES)
def test_the_page_can_be_read_by_everybody(name, site, browser_page):
    page = browser_page(own=(site,), color_scheme="light")
    page.goto(f"{site}{name}.html")
    assert page.locator("article h1").count() == 1
    assert axe.violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert axe.violations(page, "color-contrast") == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate(WIDER) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_picture_is_legible(browser_page, scheme):
    page = browser_page(own=(DOCS.as_uri(),), color_scheme=scheme)
    for picture in PICTURES:
        page.goto(picture.as_uri())
        faults, texts = page.evaluate(CONTRAST, LAB_CONTRAST)
        assert texts, picture.name
        assert faults == [], picture.name


def test_an_illegible_picture_is_found(browser_page, tmp_path):
    path = tmp_path / "faint.svg"
    path.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="60">'
        '<rect width="90" height="30" fill="#fff"/>'
        '<text x="5" y="20" fill="#999">faint</text><text x="5" y="50" fill="#000">bare</text></svg>',
        encoding="utf-8",
    )
    page = browser_page(own=(tmp_path.as_uri(),))
    page.goto(path.as_uri())
    (faint, bare), texts = page.evaluate(CONTRAST, LAB_CONTRAST)
    assert texts == 2
    assert faint == "2.85: faint: rgb(153, 153, 153) on rgb(255, 255, 255)"
    assert bare == "nothing behind: bare"
