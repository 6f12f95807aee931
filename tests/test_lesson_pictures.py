"""The pictures of the lesson are what their commands draw, and nothing in them is cut off or overlaps."""

import re
import runpy
import shlex
from pathlib import Path
from xml.etree import ElementTree

import pytest

from .views.pictures import check_apart

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "images" / "lesson"
SCRIPT = "docs/lesson_pictures.py"
PAGES = sorted((ROOT / "docs" / "lesson").glob("*.md"))
COMMENTED = re.compile(r"^<!-- picture: (.+) -->\n!\[(.+)\]\(\.\./images/lesson/(\S+)\.svg\)$", re.M)
SHOWN = [found for page in PAGES for found in COMMENTED.findall(page.read_text(encoding="utf-8"))]
DRAWN = runpy.run_path(str(ROOT / SCRIPT))["PICTURES"]
COMMANDS = {name: command for command, _, name in SHOWN if command != f"python {SCRIPT}"}
TEXT = "{http://www.w3.org/2000/svg}text"
TALL = 10.0  # pixels of a line that no other may touch: the letters, without the air around them


def compare(name, text, request):
    path = FOLDER / f"{name}.svg"
    if request.config.getoption("--update-golden"):
        path.write_text(text, encoding="ascii", newline="\n")
    assert path.read_bytes() == text.encode("ascii")


def texts(name):
    """Each text's left, top, right and bottom."""
    root = ElementTree.parse(FOLDER / f"{name}.svg").getroot()
    turned = {text for group in root.iter() if group.get("transform") for text in group.iter(TEXT)}
    boxes = {}
    for text in root.iter(TEXT):
        if text not in turned:
            x, y, wide = (float(text.attrib[key]) for key in ("x", "y", "textLength"))
            boxes["".join(text.itertext()), x, y] = x, y - TALL, x + wide, y
    return root, boxes


def test_each_picture_is_shown_once_and_has_its_origin():
    names = [name for _, _, name in SHOWN]
    images = sum(page.read_text(encoding="utf-8").count("![") for page in PAGES)
    assert len(names) == len(set(names)) == images
    assert sorted(names) == sorted([*DRAWN, *COMMANDS]) == sorted(p.stem for p in FOLDER.iterdir())


@pytest.mark.parametrize("name", DRAWN)
def test_the_picture_is_what_the_script_draws(name, request):
    compare(name, DRAWN[name]() + "\n", request)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_picture_is_what_the_command_draws(name, nudgegrad, tmp_path, request):
    path = tmp_path / "picture.svg"
    program, *arguments = shlex.split(COMMANDS[name])
    assert program == "nudgegrad"
    called = nudgegrad(*arguments, "-o", str(path))
    assert (called.code, called.out, called.err) == (0, "", "")
    compare(name, path.read_text(encoding="ascii"), request)


@pytest.mark.parametrize("name", [*DRAWN, *COMMANDS])
def test_no_text_is_cut_off_or_stands_on_another(name):
    root, boxes = texts(name)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    check_apart(boxes.items(), width, height)
