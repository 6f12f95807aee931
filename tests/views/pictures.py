"""What every chart must be: well-formed, named, nothing over anything else, nothing clipped."""

import re
from itertools import combinations
from xml.etree import ElementTree

from nudgegrad.views.chart import SIZE, WIDTH

SPACE = "{http://www.w3.org/2000/svg}"
TURNED = re.compile(r"translate\((\S+) (\S+)\) rotate\(-90\)")
START = re.compile(r"M(-?[\d.]+) (-?[\d.]+)")
PLACE = re.compile(r"[ML](-?[\d.]+) (-?[\d.]+)")
HAIR = 0.02  # of what is written to a hundredth of a pixel
CAP = 0.7  # of a letter, above its line; and what hangs below
TAIL = 0.2


def read(text):
    """The picture's root, and its elements by class."""
    assert text.isascii()
    root = ElementTree.fromstring(text)
    found: dict[str, list[ElementTree.Element]] = {}
    for element in root.iter():
        for kind in element.get("class", "").split():
            found.setdefault(kind, []).append(element)
    return root, found


def said(root):
    """Every text, as it is read."""
    return ["".join(e.itertext()) for e in root.iter(f"{SPACE}text")]


def starts(path):
    """Where each mark of a path begins."""
    return [(float(x), float(y)) for x, y in START.findall(path.get("d"))]


def boxes(root):
    """Where each text is: left, top, right, bottom; that of the turned one turned."""
    found = []
    turned = {e[0]: e.get("transform") for e in root.iter(f"{SPACE}g")}
    for e in root.iter(f"{SPACE}text"):
        x, y, long = (float(e.get(key)) for key in ("x", "y", "textLength"))
        box = (x, y - CAP * SIZE, x + long, y + TAIL * SIZE)
        if e in turned:
            ((dx, dy),) = (map(float, place) for place in TURNED.findall(turned[e]))
            box = (dx + box[1], dy - box[2], dx + box[3], dy - box[0])
        found.append(("".join(e.itertext()), box))
    return found


def check_apart(boxes, width, height):
    """Raise an AssertionError if a text is cut off or stands on another; boxes as `boxes` gives them."""
    for words, (left, top, right, bottom) in boxes:
        assert left >= 0, words
        assert top >= 0, words
        assert right <= width, words
        assert bottom <= height, words
    for (one, a), (other, b) in combinations(boxes, 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1], (one, other)


def check_picture(text):
    """Raise an AssertionError if it is not well-formed, named, and legible; its root and its elements."""
    root, found = read(text)
    title, description, style = root[0], root[1], root[2].text
    assert (title.tag, description.tag, root.get("role")) == (f"{SPACE}title", f"{SPACE}desc", "img")
    assert root.get("aria-labelledby") == title.get("id")
    assert root.get("aria-describedby") == description.get("id")
    assert title.text
    assert description.text.endswith(".")
    width, height = (float(root.get(key)) for key in ("width", "height"))
    assert width == WIDTH
    check_apart(boxes(root), width, height)
    assert "prefers-color-scheme:dark" in style
    assert "url(" not in text
    assert text.count("http") == 1
    return root, found


def check_chart(text):
    """Raise an AssertionError if it is not."""
    root, found = check_picture(text)
    width, height = (float(root.get(key)) for key in ("width", "height"))
    frame = [(float(a), float(b)) for a, b in PLACE.findall(found["frame"][-1].get("d"))]
    for kind in ("curve", "tangent", "rounding", "truncation", "hatch"):
        for e in found.get(kind, []):
            for x, y in PLACE.findall(e.get("d") or ""):
                in_key = float(y) < frame[0][1]
                assert in_key or frame[0][0] - HAIR <= float(x) <= float(width), kind
                assert 0 <= float(y) <= height, kind
            drawn = [float(y) for _, y in PLACE.findall(e.get("d") or "")]
            assert max(drawn, default=0) < frame[0][1] or min(drawn, default=height) >= frame[0][1] - HAIR
    return root, found


def dashes(root):
    """The dash pattern and width of each class of line."""
    style = root[2].text
    return {
        kind: re.findall(r"stroke-[wd]\w+:[\d. ]+", body)
        for kind, body in re.findall(r"\.nudgegrad-plot \.([\w-]+)\{([^}]*stroke-width[^}]*)\}", style)
    }
