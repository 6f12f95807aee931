"""Colours as the browser computes them, and whether they can be told apart (WCAG 2.2, 1.4.3, 1.4.11)."""

from pathlib import Path

from ..figures import LAB_CONTRAST as TEXT
from ..figures import LAB_CONTRAST_SHAPES as SHAPE

# Which token is written on which, and which is drawn on which; every token of lab.css is in one of them.
WRITTEN = {
    "--ink": ("--bg", "--soft"),
    "--mute": ("--bg", "--soft"),
    "--fwd": ("--bg", "--fwd-bg"),
    "--bwd": ("--bg", "--bwd-bg"),
    "--bad": ("--bg", "--bad-bg", "--soft"),
    "--close": ("--bg", "--close-bg", "--soft"),
    "--bg": ("--ink",),
}
DRAWN = {"--node": ("--bg",), "--focus": ("--bg", "--fwd-bg", "--bwd-bg")}
ORNAMENT = {"--line"}  # separates what space separates as well

CONTRAST = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")


def faults(page):
    """What on the screen has too little contrast with what is behind it."""
    found, pairs = page.evaluate(CONTRAST, {"texts": TEXT, "shapes": SHAPE})
    assert pairs > 10, "nothing was looked at"
    return found


def token_faults(page):
    """Which tokens have too little contrast with those on which they are written or drawn."""
    wanted = [(c, d, TEXT) for c, grounds in WRITTEN.items() for d in grounds]
    wanted += [(c, d, SHAPE) for c, grounds in DRAWN.items() for d in grounds]
    found = page.evaluate(CONTRAST, {"pairs": [[c, d] for c, d, _ in wanted]})
    return [f"{c} on {d}: {x:.2f}" for (c, d, least), x in zip(wanted, found, strict=True) if x < least]
