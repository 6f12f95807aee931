"""A person at the lab: reads what is on the screen, clicks, taps, types and presses keys."""

import math
import re
from decimal import Decimal
from fractions import Fraction
from urllib.parse import quote

from .course import COURSE

ASKED = "input[data-box], input[data-nudge]"
FOCUSED = """() => {
    const at = document.activeElement;
    if (!at) return "";
    const { box, nudge, act } = at.dataset;
    return box ?? (nudge ? `nudge ${nudge}` : act ? `button ${act}` : at.id || at.tagName.toLowerCase());
}"""
STALE = "() => document.querySelector('#nudgegrad > .main')?.setAttribute('data-left', '')"


class Learner:
    """Someone who fills in the lab at `url` on a page."""

    def __init__(self, page, url):
        self.page, self.url = page, url

    # Where am I?

    def go(self, route="", screen="start"):
        """Follow an address of the lab, and wait until its screen is there."""
        self.page.evaluate(STALE)
        self.page.goto(f"{self.url}#/{route}")
        self.arrive(screen)
        return self

    def open(self, exercise, screen="forward"):
        return self.go(f"{exercise}/{screen}", screen)

    def open_own(self, text, screen="forward"):
        """Open a program that is not the course's, by its address."""
        return self.go(f"own/{screen}/{quote(text, safe='')}", screen)

    def arrive(self, screen):
        here = self.page.locator(f"#nudgegrad[data-screen={screen}] > .main:not([data-left])")
        here.wait_for(state="attached")

    def reload(self):
        screen = self.root.get_attribute("data-screen")
        self.page.reload()
        self.arrive(screen)

    @property
    def root(self):
        return self.page.locator("#nudgegrad")

    @property
    def focused(self):
        """A box's id, `nudge` and a box's id, `button` and what it does, or else some other element."""
        return self.page.evaluate(FOCUSED)

    @property
    def status(self):
        return self.page.locator("#nudgegrad > [role=status]").inner_text()

    @property
    def progress(self):
        return self.page.locator(".progress > span").inner_text()

    # Boxes

    def box(self, id):
        """The box as it is drawn."""
        return self.page.locator(".box", has=self.input(id))

    def input(self, id):
        kind, name = ("nudge", id.removeprefix("nudge ")) if id.startswith("nudge ") else ("box", id)
        return self.page.locator(f'input[data-{kind}="{name}"]')

    def state(self, id):
        return self.box(id).get_attribute("data-state")

    def states(self):
        """The state of each box, nudge questions aside."""
        pairs = "l => l.map(e => [e.dataset.box, e.closest('.box').dataset.state])"
        return dict(self.page.locator("input[data-box]").evaluate_all(pairs))

    def said(self, id):
        """What stands under a box."""
        says = self.input(id).get_attribute("aria-describedby")
        return self.page.locator(f'[id="{says}"]').text_content()

    def asked(self):
        """All that is asked on this screen, in its order: boxes and nudge questions."""
        named = "l => l.map(e => e.dataset.box ?? `nudge ${e.dataset.nudge}`)"
        return self.page.locator(ASKED).evaluate_all(named)

    # Answers

    def answer(self, id, text, *, tap=False):
        """Click the box, type and press Enter; the state in which it is then."""
        found = self.input(id)
        found.tap() if tap else found.click()
        self.page.keyboard.press("Control+A")
        self.type(text)
        return self.state(id)

    def type(self, text):
        """Type into what is focused, and press Enter."""
        if text:
            self.page.keyboard.type(text)
        else:
            self.page.keyboard.press("Delete")
        self.page.keyboard.press("Enter")

    def tab_to(self, wanted, *, back=False, most=200):
        """Press Tab until something is focused; what was passed on the way."""
        passed: list[str] = []
        for _ in range(most):
            self.page.keyboard.press("Shift+Tab" if back else "Tab")
            if self.focused == wanted:
                return passed
            passed.append(self.focused)
        raise AssertionError(f"Tab does not reach {wanted}: {passed}")

    # Help

    def press(self, act):
        """Click a button by what it does."""
        self.page.locator(f"[data-act={act}]").first.click()

    def switch(self, name, on):
        self.page.get_by_label(name, exact=True).set_checked(on)

    def screen(self, name):
        self.press(f"screen-{name}")
        self.arrive(name)

    def nudge(self, id):
        """Press "nudge it" beside a box; the three quotients that are shown, for ever smaller nudges."""
        row = self.page.locator(".row", has=self.input(id))
        row.locator("[data-act=nudge]").click()
        panel = self.page.locator(f'.nudged[data-for="{id}"]')
        return [number(text) for text in panel.locator("[data-quotient]").all_inner_texts()]


def number(text):
    """A number as the lab prints it."""
    found = re.fullmatch(r"([−-]?)(\d+(?:\.\d+)?(?:e-?\d+)?)…?", text.strip())
    assert found, f"{text!r} is no number"
    return Fraction(found[2]) * (-1 if found[1] else 1)


def headed_for(quotients):
    """Where the quotients of halved nudges head, as a short number.

    Quotients are off by a multiple of the nudge: what the last one still lacks is as much as it gained.
    What is left is far below that gain, or else below the six digits that are printed; so the shortest
    decimal near by is meant.
    """
    *_, before, last = quotients
    gained = last - before
    estimate = last + gained
    unit = 10.0 ** (math.floor(math.log10(abs(last))) - 5) if last else 0.0
    room = max(abs(gained) / 1000, 2 * Fraction(unit))
    for places in range(13):
        short = round(estimate, places)
        if abs(short - estimate) <= room:
            return short
    raise AssertionError(f"{quotients} head for no short number")


def decimal(value):
    """A fraction with a short decimal expansion, written down."""
    text = str((Decimal(value.numerator) / value.denominator).normalize())
    assert Fraction(text) == value
    return text


def nothing(me):
    """Leave everything empty."""


def solve(me):
    """Fill in nw1."""
    for box, answer in COURSE["nw1"].answers.items():
        me.answer(box, answer)


def mix(me):
    """Leave nw1 with boxes in every state, a question answered and a hint shown."""
    me.answer("v:c", "-4")
    me.answer("v:a", "12")
    me.answer("nudge a:d", "3 nudges")
    me.answer("a:d", "3.0005")
    me.input("l:d/a").click()
    me.press("reveal")
    me.answer("a:a", "-3")
    me.answer("a:c", "1/")
    me.input("a:b").click()
    me.page.keyboard.press("?")
    found = me.states()
    assert {found[box] for box in found} == {"right", "wrong", "close", "revealed", "empty"}
    assert me.said("a:b")


MOMENTS = {"empty": nothing, "mixed": mix, "solved": solve}
