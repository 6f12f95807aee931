"""The picture: well-formed, nothing overlaps, everything that is shown is text."""

import re
from itertools import count, islice
from xml.etree import ElementTree

import numpy as np
import pytest

import nudgegrad as ng
from nudgegrad.graphs.graph import GraphBuilder
from nudgegrad.graphs.ops import OPS
from nudgegrad.views import plot
from nudgegrad.views.plot import svg
from nudgegrad.views.svg import COLORS, EM, LABEL, SMALL, TEXT, ordinary
from tests import families

LECTURE = ng.graph("c = w*x; a = c + b; d = a - y; J = d**2/2")
RUN = LECTURE.at(w=2, x=-2, b=8, y=2)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
STEP = re.compile(r"([MHC])([^MHC]*)")
SAMPLES = 12  # points of each curve that are looked at
MOST = 40  # statements of a random program
LEAST = 10  # pixels: no box or label is narrower
EDGE = 0.02  # of what is written to a hundredth of a pixel


def read(text):
    """The elements of a picture, by class."""
    assert text.isascii()
    root = ElementTree.fromstring(text)
    found: dict[str, list[ElementTree.Element]] = {}
    for element in root.iter():
        for kind in element.get("class", "").split():
            found.setdefault(kind, []).append(element)
    return root, found


def box(rect):
    x, y, width, height = (float(rect.get(key, 0)) for key in ("x", "y", "width", "height"))
    return x, y, x + width, y + height


def sampled(path):
    """Points along a path of straight and curved pieces."""
    x = y = 0.0
    for command, arguments in STEP.findall(path.get("d")):
        numbers = [float(n) for n in NUMBER.findall(arguments)]
        if command == "M":
            x, y = numbers
        elif command == "H":
            (to,) = numbers
            yield from ((float(at), y) for at in np.linspace(x, to, 2 + int(2 * abs(to - x) / LEAST)))
            x = to
        else:
            ax, ay, bx, by, cx, cy = numbers
            for t in (k / SAMPLES for k in range(SAMPLES + 1)):
                s = 1 - t
                yield (
                    s**3 * x + 3 * s * s * t * ax + 3 * s * t * t * bx + t**3 * cx,
                    s**3 * y + 3 * s * s * t * ay + 3 * s * t * t * by + t**3 * cy,
                )
            x, y = cx, cy


def check_picture(text):
    """Nothing overlaps, nothing is clipped, each text is within its box, no line goes through one."""
    root, found = read(text)
    _, _, width, height = map(float, root.get("viewBox").split())
    assert (root.get("width"), root.get("height")) == tuple(root.get("viewBox").split()[2:])
    rects = [e for kind in ("box", "forward", "backward") for e in found.get(kind, [])]
    boxes = [box(rect) for rect in rects]
    left, top, right, low = np.array(boxes).T
    assert min(left.min(), top.min()) > 0
    assert right.max() < width
    assert low.max() < height
    shared = np.minimum.outer(right, right) - np.maximum.outer(left, left)
    common = np.minimum.outer(low, low) - np.maximum.outer(top, top)
    assert np.argwhere((shared > EDGE) & (common > EDGE)).tolist() == [[k, k] for k in range(len(boxes))]
    texts = found["text"] + found.get("label", [])
    assert len(texts) == len(boxes)
    for element in texts:
        x, base = float(element.get("x")), float(element.get("y"))
        size = TEXT if element in found["text"] else LABEL
        length = float(element.get("textLength"))
        columns = sum(len(e.text or "") * share for e, share in inside(element))
        columns += sum(len(e.tail or "") for e in element)
        assert length >= EM * size * columns - EDGE
        within = (left < x) & (x + length < right) & (top < base - 0.7 * size) & (base + 0.3 * size < low)
        assert within.sum() == 1
    for path in found.get("line", []):
        if "far" not in path.get("class"):
            x, y = np.array(list(sampled(path))).T[:, :, None]
            assert min(x.min(), y.min()) > 0
            assert x.max() < width
            assert y.max() < height
            hits = (left + EDGE < x) & (x < right - EDGE) & (top + EDGE < y) & (y < low - EDGE)
            assert not hits.any()


def inside(element):
    yield element, 1
    for part in element:
        yield part, SMALL if part.get("class") == "small" else 1


@pytest.mark.parametrize("family", families.FAMILIES)
def test_nothing_overlaps_in_pictures_of_random_programs(family):
    drawn = (families.draw(family, seed) for seed in count())
    for program in islice((p for p in drawn if p.text.count("\n") < MOST), 15):
        graph = ng.graph(program.text)
        check_picture(svg(graph))
        check_picture(svg(graph.at(program.inputs), fixed=graph.inputs[:1]))


def test_the_picture_of_the_lecture_s_graph(golden):
    text = svg(RUN, fixed=["x", "y"])
    check_picture(text)
    golden("plot-lecture.svg", text + "\n")


def test_a_run_shows_values_and_derivatives_and_a_graph_none():
    _, found = read(svg(RUN, fixed=["x", "y"]))
    said = {kind: ["".join(e.itertext()) for e in found[kind]] for kind in ("text", "value", "derivative")}
    assert said["text"] == [
        "w = 2", "x = −2", "c = w·x", "b = 8", "a = c + b", "y = 2", "d = a − y", "J = d2/2",
    ]  # fmt: skip
    assert said["value"] == ["→ −4", "→ 4", "→ 2", "→ 2"]
    assert said["derivative"] == [
        "← ∂J/∂w = −4", "← ∂J/∂c = 2", "← ∂J/∂b = 2", "← ∂J/∂a = 2", "← ∂J/∂d = 2",
    ]  # fmt: skip
    _, found = read(svg(LECTURE))
    assert ["".join(e.itertext()) for e in found["text"]][:2] == ["w", "x"]
    assert "value" not in found
    assert "derivative" not in found
    _, found = read(svg(ng.graph("a = 3*w; J = a**2").at(w=1)))
    assert ["".join(e.itertext()) for e in found["derivative"]] == ["← dJ/dw = 18", "← dJ/da = 6"]


def test_a_screen_reader_hears_every_node():
    root, _ = read(svg(RUN))
    space = "{http://www.w3.org/2000/svg}"
    assert root.get("role") == "img"
    assert [child.tag for child in root][:2] == [f"{space}title", f"{space}desc"]
    title, description = root.find(f"{space}title"), root.find(f"{space}desc")
    assert root.get("aria-labelledby") == title.get("id")
    assert root.get("aria-describedby") == description.get("id")
    assert title.text == "The graph of J, with values and derivatives"
    described = root.find(f"{space}desc").text
    assert "c = w*x = −4, ∂J/∂c = 2" in described
    assert "J = d**2/2 = 2." in described


def test_numbers_that_do_not_exist_are_a_dash():
    _, found = read(svg(ng.graph("J = sqrt(p) + w").at(p=0, w=1)))
    assert "".join(found["derivative"][0].itertext()) == "← ∂J/∂p = —"


def test_names_are_text_whatever_they_are():
    builder = GraphBuilder()
    odd = ["<script>alert(1)</script>", "a\"b'&amp;", "\x00\x1b[31m", "β字", "]]>"]
    last = builder.input(odd[0])
    for name in odd[1:]:
        last = builder.apply(OPS["+"], (last, builder.input(name)))
    builder.assign("</svg>", last)
    graph = builder.build(last)
    for shown in (graph, graph.at(dict.fromkeys(odd, 1.0))):
        text = svg(shown)
        check_picture(text)
        root, found = read(text)
        assert {element.tag.partition("}")[2] for element in root.iter()} <= {
            "svg", "title", "desc", "style", "rect", "path", "g", "text", "tspan",
        }  # fmt: skip
        written = ["".join(e.itertext()) for e in found["text"]]
        assert written[0].startswith("<script>alert(1)</script>")
        assert not any(name.startswith(("on", "href", "src")) for e in root.iter() for name in e.attrib)


def test_it_is_light_and_dark_and_needs_nothing_else():
    text = svg(RUN)
    light, dark = text.partition("</style>")[0].split("@media (prefers-color-scheme:dark)")
    for colors, side in ((light, 0), (dark, 1)):
        assert all(COLORS[ink][side] in colors for _, _, ink in plot.PAINTED)
    assert "url(" not in text
    assert text.count("http") == 1  # the name of the language
    assert ".ground{fill:#fff}" in light


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("ground", ["ground", "forward-ground", "backward-ground"])
def test_colors_can_be_read(ground, side):
    inks = {"ground": ("ink", "muted", "node", "forward", "backward")}.get(ground, (ground.split("-")[0],))
    for ink in inks:
        one, other = sorted(luminance(COLORS[key][side]) for key in (ink, ground))
        assert (other + 0.05) / (one + 0.05) >= 4.5  # WCAG 2.2, 1.4.3


def luminance(color):
    digits = color[1:] if len(color) == 7 else "".join(2 * c for c in color[1:])
    parts = [int(digits[k : k + 2], 16) / 255 for k in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("J = d**2/2", [("J = d", 0), ("2", 1), ("/2", 0)]),
        ("a - -b*c", [("a − −b·c", 0)]),
        ("x**-2", [("x", 0), ("−2", 1)]),
        ("x**(a + 1)*y", [("x", 0), ("a + 1", 1), ("·y", 0)]),
        ("x**(a)**(b + 1)", [("x", 0), ("(a)^(b + 1)", 1)]),
        ("x**sin(y*z) + 1", [("x", 0), ("sin(y·z)", 1), (" + 1", 0)]),
        ("(x**2)**y", [("(x", 0), ("2", 1), (")", 0), ("y", 1)]),
        ("1e-8*w_12", [("1e-8·w", 0), ("12", -1)]),
    ],
)
def test_statements_are_in_ordinary_notation(text, pieces):
    assert ordinary(text) == pieces


def test_a_long_statement_is_cut_and_its_title_is_whole():
    program = f"J = {' + '.join(f'w{k}' for k in range(100))}"
    text = svg(ng.graph(program))
    check_picture(text)
    assert f"<title>{program}</title>" in text
    assert "&#8230;</t" in text


def test_a_skip_connection_goes_around_what_it_passes():
    check_picture(
        svg(ng.graph("a = w*x; b = tanh(a); c = tanh(b); d = c*v; J = d + a + x").at(w=1, x=2, v=3))
    )


# The checks see what is wrong


@pytest.mark.parametrize(
    ("constant", "value"),
    [("AIR", -20.0), ("STUB", -30.0), ("PAD", -3.0), ("MARGIN", -5.0), ("LINE", -9.0)],
)
def test_the_checks_see_a_wrong_picture(constant, value, monkeypatch):
    monkeypatch.setattr(plot, constant, value)
    with pytest.raises(AssertionError):
        check_picture(svg(RUN))


def test_the_checks_see_a_line_through_a_box(monkeypatch):
    monkeypatch.setattr(plot._Picture, "edge_of", lambda self, name: self.left[self.places.at[name][0]])
    with pytest.raises(AssertionError):
        check_picture(svg(RUN))
