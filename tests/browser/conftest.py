"""One browser and one running lab for each worker; a test has a page to itself, which must stay clean."""

import pytest
from playwright.sync_api import sync_playwright

from . import chromium
from .learner import MOMENTS, Learner
from .served import Lab

OWN = ("data:", "blob:", "about:")
MEDIA = (("color_scheme", "light"), ("reduced_motion", "no-preference"))  # as Playwright opens a page
PATIENCE = 10_000  # milliseconds after which something hangs
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
        self.page, self.own = page, (*OWN, *own)
        self.faults: list[str] = []
        self.requests: list[str] = []
        self.heard = {"console": self.console, "pageerror": self.error, "request": self.request}
        for event, hear in self.heard.items():
            page.on(event, hear)

    def stop(self):
        for event, hear in self.heard.items():
            self.page.remove_listener(event, hear)

    def console(self, message):
        if message.type in ("error", "warning"):
            self.faults.append(f"{message.type}: {message.text}")

    def error(self, error):
        self.faults.append(f"{error}\n{error.stack}")

    def request(self, request):
        self.requests.append(request.url)
        if not request.url.startswith(self.own):
            self.faults.append(f"asks for {request.url}")


def new_page(browser, width, height, options):
    context = browser.new_context(viewport={"width": width, "height": height}, **options)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    return page


@pytest.fixture
def browser_page(browser, lab):
    """Open a page: `browser_page(390, 844, has_touch=True)`. The test fails if anything was not clean."""
    opened = []

    def open_page(width=1280, height=900, own=(), **options):
        page = new_page(browser, width, height, options)
        page.watch = Watch(page, (lab.url, *own))
        opened.append(page)
        return page

    yield open_page
    for page in opened:
        page.context.close()
    assert [fault for page in opened for fault in page.watch.faults] == []


@pytest.fixture(scope="package")
def idle():
    """Pages that nobody is at, by how they were opened."""
    return {}


@pytest.fixture
def lab_page(browser, lab, idle):
    """The same for the lab alone, on a page that earlier tests have left: a new one costs three times as
    much as the lab on it."""
    taken = []

    def take(width=1280, height=900, **options):
        free = idle.setdefault((width, height, *sorted(options.items())), [])
        page = free.pop() if free else new_page(browser, width, height, options)
        page.watch = Watch(page, (lab.url,))
        taken.append((free, page, {"width": width, "height": height}, options))
        return page

    yield take
    for free, page, size, options in taken:
        page.set_default_timeout(PATIENCE)
        page.goto(f"{lab.url}state")  # no script, no timer and no focus is left
        page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
        page.mouse.move(-1, -1)
        page.set_viewport_size(size)
        page.emulate_media(media="null", **{name: options.get(name, usual) for name, usual in MEDIA})
        page.watch.stop()
        free.append(page)
    assert [fault for _, page, *_ in taken for fault in page.watch.faults] == []


@pytest.fixture
def learner(browser_page, lab_page, lab):
    """Someone at the lab: `learner(390, 844).open("nw1")`; `fresh` on a page that nobody uses again."""

    def come(*size, fresh=False, **options):
        return Learner((browser_page if fresh else lab_page)(*size, **options), lab.url)

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
