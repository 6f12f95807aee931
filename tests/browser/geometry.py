"""What can be measured wrong on a page: things that overlap, are cut off, or stick out.

axe-core sees none of it.
"""

from pathlib import Path

# Whatever has a place of its own. One that holds another may of course lie under it.
THINGS = """.box, .node, .chip, .say, .slope, .group, .row > .words, .arrow, .mark, .words, .value, .neuron,
    .io, button, h1, h2, h3, p, label, legend, caption, th, td, li, pre, code, progress, select, textarea,
    input, canvas, math, svg text, .network, .coach, .nudged, .tools, .tabs, .switches, .progress, .stage,
    .given"""

MEASURE = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
SETTLED = """() => new Promise((done) => {
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)));
})"""


def settled(page):
    """Wait until what was measured and moved stands still: two frames."""
    page.evaluate(SETTLED)


def resize(page, width, height=900):
    page.set_viewport_size({"width": width, "height": height})
    settled(page)


def faults(page):
    """One line for each pair that overlaps, each text that is cut off, and each thing that sticks out."""
    settled(page)
    return page.evaluate(MEASURE, THINGS)
