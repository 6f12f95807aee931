"""What axe-core finds wrong with a page. It is fetched by scripts/browser and never shipped."""

from functools import cache
from pathlib import Path

PATH = Path(__file__).parent / ".axe" / "axe.min.js"
RUN = """async (only) => {
    const rules = only.length ? { runOnly: { type: "rule", values: only } } : {};
    const found = await axe.run(document, { resultTypes: ["violations"], ...rules });
    return found.violations.map((v) => `${v.id}: ${v.help}: ` +
        v.nodes.map((n) => n.html).slice(0, 4).join("  "));
}"""


@cache
def script():
    if not PATH.exists():
        raise RuntimeError(f"the browser tests need {PATH.name}: run scripts/browser")
    return PATH.read_text(encoding="utf-8")


def violations(page, *only):
    """One line for each rule that is broken, of these or of all, with the first elements that break it."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(script())
    return page.evaluate(RUN, list(only))
