"""What a screen reader is told: Chromium's own accessibility tree."""

CONTROLS = {
    "button", "checkbox", "combobox", "link", "progressbar", "radio", "searchbox", "slider", "spinbutton",
    "switch", "tab", "textbox",
}  # fmt: skip


def controls(page):
    """Role and name of everything that can be used, and whether it is an answer's input."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    for node in nodes:
        role = node.get("role", {}).get("value")
        if not node.get("ignored") and role in CONTROLS:
            yield role, node.get("name", {}).get("value", "")


def faults(page):
    """Which controls say nothing, or say a sign that is not read out."""
    return [
        f"{role} is called {name!r}"
        for role, name in controls(page)
        if not name.strip() or set(name) & set("∂→←✓✗")
    ]
