"""What the pages of the docs show is what happens."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from nudgegrad.accuracy.enclosure import Enclosure
from nudgegrad.accuracy.roundoff import Roundoff

FOLDER = Path(__file__).parents[1] / "docs"
PAGES = {
    name: (FOLDER / name).read_text(encoding="utf-8")
    for name in ("accuracy.md", "derivatives.md", "nudges.md")
}
WHOLE = "\n".join(PAGES.values())
TRANSCRIPTS = re.findall(r"^```console\n\$ nudgegrad (.+)\n((?:.*\n)+?)```$", WHOLE, re.M)
PYTHON = re.findall(r"^```python\n(.+?)```\n\n```text\n(.+?)```$", WHOLE, re.M | re.S)


@pytest.mark.parametrize(("arguments", "output"), TRANSCRIPTS)
def test_the_command_prints_what_the_page_shows(arguments: str, output: str, nudgegrad: Any) -> None:
    assert nudgegrad(*shlex.split(arguments)).out == output


@pytest.mark.parametrize(("code", "output"), PYTHON)
def test_the_python_of_the_page_prints_what_it_shows(code: str, output: str) -> None:
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(code, {})
    assert said.getvalue() == output


def test_every_block_is_run_and_every_field_is_named() -> None:
    assert len(TRANSCRIPTS) == WHOLE.count("```console")
    assert len(PYTHON) == WHOLE.count("```python")
    for result in (Roundoff, Enclosure):
        fields = {name for name in result.__dataclass_fields__ if name[0] != "_"}
        assert {name for name in fields if f"`{name}" not in PAGES["accuracy.md"]} <= {
            "run",
            "adjoints",
            "node",
            "value",
        }
