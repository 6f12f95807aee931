"""One browser and one running lab for each worker; each test has a page of its own that must stay clean."""

import pytest
from playwright.sync_api import sync_playwright

from . import chromium
from .learner import MOMENTS, Learner
from .served import Lab

OWN = ("data:", "blob:", "about:")
SAVED = 500  # milliseconds after which the lab has saved what was last done


@pytest.fixture(scope="package")
def browser():
    with sync_playwright() as playwright, chromium.launch(playwright) as found:
        yield found


@pytest.fixture(scope="package")
def lab_process(tmp_path_factory):
    found = Lab(tmp_path_factory.mktemp("lab") / "answers.json")
    yield found
    found.stop()


@pytest.fixture
def lab(lab_process):
    """The lab, nothing filled in."""
    lab_process.keep()
    return lab_process


class Watch:
    """What a page must not do: report errors, and ask anyone but the lab for anything."""

    def __init__(self, page, own):
        self.own = (*OWN, *own)
        self.faults: list[str] = []
        self.requests: list[str] = []
        page.on("console", self.console)
        page.on("pageerror", lambda error: self.faults.append(f"{error}\n{error.stack}"))
        page.on("request", self.request)

    def console(self, message):
        if message.type in ("error", "warning"):
            self.faults.append(f"{message.type}: {message.text}")

    def request(self, request):
        self.requests.append(request.url)
        if not request.url.startswith(self.own):
            self.faults.append(f"asks for {request.url}")


@pytest.fixture
def browser_page(browser, lab):
    """Open a page: `browser_page(390, 844, has_touch=True)`. The test fails if anything was not clean."""
    opened = []

    def open_page(width=1280, height=900, own=(), **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.watch = Watch(page, (lab.url, *own))
        opened.append((context, page))
        return page

    yield open_page
    for context, _ in opened:
        context.close()
    assert [fault for _, page in opened for fault in page.watch.faults] == []


@pytest.fixture
def learner(browser_page, lab):
    """Someone at the lab: `learner(390, 844).open("nw1")`."""

    def come(*size, **options):
        return Learner(browser_page(*size, **options), lab.url)

    return come


@pytest.fixture(scope="package")
def states(browser, lab_process):
    """What the lab keeps of nw1 at three moments, each reached as a learner reaches it."""
    found = {}
    for name, live in MOMENTS.items():
        lab_process.keep()
        page = browser.new_page()
        live(Learner(page, lab_process.url).open("nw1", "backward"))
        page.wait_for_timeout(SAVED)
        page.close()
        found[name] = lab_process.state()
    return found


@pytest.fixture(params=MOMENTS)
def moment(request, lab, states):
    """The lab, in which nw1 is empty, mixed or solved."""
    lab.keep(states[request.param])
    return request.param
