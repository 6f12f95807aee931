"""The pictures of the docs are what their commands draw."""

import re
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/pictures.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^nudgegrad (plot .+) -o (docs/images/\S+)$", PAGE, re.M)


def test_each_picture_has_its_command():
    shown = re.findall(r"\]\((images/\S+)\)", PAGE)
    assert [f"docs/{name}" for name in shown] == [name for _, name in COMMANDS]
    assert len(shown) == 3


@pytest.mark.parametrize(("command", "name"), COMMANDS)
def test_the_picture_is_what_the_command_draws(command, name, nudgegrad, tmp_path, request):
    path = tmp_path / "picture.svg"
    called = nudgegrad(*shlex.split(command), "-o", str(path))
    assert (called.code, called.out, called.err) == (0, "", "")
    if request.config.getoption("--update-golden"):
        (ROOT / name).write_bytes(path.read_bytes())
    assert path.read_bytes() == (ROOT / name).read_bytes()
