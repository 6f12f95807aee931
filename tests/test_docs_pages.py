"""What the pages of the docs show is what happens."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from nudgegrad.accuracy.enclosure import Enclosure
from nudgegrad.accuracy.roundoff import Roundoff

from . import pages

ROOT, PAGES = pages.ROOT, pages.pages()
ELSEWHERE = {
    "from_scratch.md": "test_from_scratch.py"
}  # pieces of a file, which that test compares with it
RUN = {"python", "console", "sh", "file", "picture"}
SHOWN = {"toml": "settings", "text": "what is typed into the lab, or a file of results"}
DRAWN = {"lab-": "docs/screenshots.py"}  # a photograph of a screen is not drawn twice in the same way


@pytest.mark.parametrize("name", sorted(PAGES.keys() - ELSEWHERE))
def test_the_page_does_what_it_shows(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    pages.play(PAGES[name], tmp_path)
    for picture in (tmp_path / "docs").rglob("*.svg"):
        kept = ROOT / picture.relative_to(tmp_path)
        if request.config.getoption("--update-golden"):
            kept.write_bytes(picture.read_bytes())
        assert picture.read_bytes() == kept.read_bytes(), picture.name


@pytest.mark.parametrize("name", PAGES)
def test_no_block_is_left_out(name: str) -> None:
    text = PAGES[name].read_text(encoding="utf-8")
    kinds = [block.kind for block in pages.blocks(text)]
    assert set(kinds) <= RUN | SHOWN.keys()
    fences = re.findall(r"^ *```\w+$", text, re.M)
    assert len(re.findall(r"^ *```+$", text, re.M)) == len(fences) + text.count("```{")
    assert name not in ELSEWHERE or (ROOT / "tests" / ELSEWHERE[name]).exists()


@pytest.mark.parametrize("name", PAGES)
def test_every_picture_says_what_draws_it_and_what_it_shows(name: str) -> None:
    text = PAGES[name].read_text(encoding="utf-8")
    by_command = {b.text: b.argument for b in pages.blocks(text) if b.kind == "picture"}
    in_script = set(re.findall(r"-o docs/(\S+)", text))
    for image in pages.IMAGE.finditer(text):
        path = image["path"]
        file = PAGES[name].parent / path
        assert file.exists()
        assert len(image["alt"].split()) >= 3, path
        made = by_command.get(path) or next((d for p, d in DRAWN.items() if file.name.startswith(p)), "")
        assert made or path in in_script, path
        for script in re.findall(r"docs/\w+\.py", made):
            assert (ROOT / script).exists()
        if file.suffix == ".svg":
            drawn = file.read_text(encoding="utf-8")
            assert re.search(r"<title[^>]*>[^<]+</title>\s*<desc[^>]*>[^<]+\.</desc>", drawn), path


def test_every_field_is_named() -> None:
    page = PAGES["accuracy.md"].read_text(encoding="utf-8")
    for result in (Roundoff, Enclosure):
        fields = {name for name in result.__dataclass_fields__ if name[0] != "_"}
        assert {name for name in fields if f"`{name}" not in page} <= {"run", "adjoints", "node", "value"}


GOOD = """\
    # A page

    <!-- python
    two = 2
    -->

    ```python
    print(two + 1)
    ```

    ```text
    3
    ```

    <!-- file: net.py -->

    ```python
    print("from the file")
    ```

    <!-- exit: 1 -->

    ```console
    $ python net.py
    from the file
    $ nudgegrad "J = 2*w" w=3 --json > out.json; test -s net.txt
    ```

    1. In a list:

       ```sh
       nudgegrad plot "J = w" -o docs/images/made.svg
       ```
    """


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("", "", ""),
        ("3\n    ```", "4\n    ```", "line 7: it prints\n3"),
        ("    ```text\n    3\n    ```\n", "", "line 7: it prints\n3"),
        ("two + 1", "three", "NameError"),
        ("from the file\n    $", "from a file\n    $", r"line 23: \$ python net.py\nfrom the file"),
        ("<!-- exit: 1 -->", "<!-- exit: 0 -->", r"line 23: .*\n\[exit 1\]"),
        ('"J = w" -o', '"J = " -o', r"line 31: .*\nerror: "),
        ("two = 2", "import warnings; two = 2; warnings.warn('old')", "Warning"),
        ("<!-- file: net.py -->", "<!-- file: net.py -->\n\n    words", "no block after"),
    ],
)
def test_a_page_that_says_something_else_is_found(
    right: str, wrong: str, said: str, tmp_path: Path
) -> None:
    page, folder = tmp_path / "page.md", tmp_path / "folder"
    folder.mkdir()
    assert right in GOOD
    page.write_text(textwrap.dedent(GOOD.replace(right, wrong)), encoding="utf-8")
    if not said:
        pages.play(page, folder)
        assert (folder / "docs/images/made.svg").exists()
    else:
        with pytest.raises(AssertionError, match=said):
            pages.play(page, folder)
