"""What is shipped, what it says of itself, and what importing it costs."""

import os
import re
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import nudgegrad
from nudgegrad.labs.page import SCRIPTS

from . import pages
from .pages import same

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMAND = "import sys; from nudgegrad.cli import main; sys.exit(main())"


def python(*arguments, **options):
    width = {k: v for k, v in os.environ.items() if k != "COLUMNS"}  # as where no terminal says one
    run = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        encoding="utf-8",
        check=False,
        env=width,
        **options,
    )
    assert run.returncode == 0, run.stderr
    return run


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    python("-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


DEPENDENCIES = ["mpmath", "numpy", "starlette", "uvicorn"]
SHIPPED = (*(f"{part}.js" for part in SCRIPTS), "lab.css", "race.json")
STATIC = {f"nudgegrad/labs/static/{name}" for name in SHIPPED}


def test_the_wheel_holds_the_sources_the_page_and_the_type_marker_and_nothing_else(wheel):
    source = ROOT / "src"
    expected = (
        {p.relative_to(source).as_posix() for p in source.rglob("*.py")} | {"nudgegrad/py.typed"} | STATIC
    )
    shipped = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert shipped == expected


def test_the_wheel_carries_licence_and_command(wheel):
    info = f"nudgegrad-{nudgegrad.__version__}.dist-info"
    assert wheel.read(f"{info}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
    entries = wheel.read(f"{info}/entry_points.txt")
    assert b"nudgegrad = nudgegrad.cli:main" in entries
    assert b"[pytest11]\nnudgegrad = nudgegrad.checks.pytest_plugin" in entries
    metadata = wheel.read(f"{info}/METADATA").decode()
    assert "License-Expression: Apache-2.0" in metadata
    assert re.findall(r"^Requires-Dist: ([\w-]+)(?!.*extra)", metadata, re.M) == DEPENDENCIES


def test_one_version():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^version: (.+)$", citation, re.M) == [nudgegrad.__version__]
    assert re.findall(r"^## \[(.+?)\]", changelog, re.M)[0] == nudgegrad.__version__


def test_the_gate_runs_the_two_commands_of_the_readme():
    marked = re.findall(r"^<!-- set-up: (\w+) -->\n```sh\n(.+)\n```$", README, re.M)
    assert [name for name, _ in marked] == ["run", "test"]
    listed = subprocess.run([ROOT / ".ci/run", "--list"], capture_output=True, encoding="utf-8", check=True)
    assert listed.stdout.splitlines() == [command for _, command in marked]
    assert "pip install" not in (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert README.count("pip install") == len(re.findall("pip install", listed.stdout))


TRANSCRIPTS = re.findall(r"^```console\n\$ nudgegrad (.+)\n((?:.*\n)+?)```$", README, re.M)


@pytest.mark.parametrize(("arguments", "output"), TRANSCRIPTS)
def test_the_readme_prints_what_the_command_prints(arguments, output):
    assert python("-X", "utf8", "-c", COMMAND, *shlex.split(arguments)).stdout == output


def test_the_other_commands_of_the_readme_run(tmp_path):
    shown = [b for b in pages.blocks(README) if b.kind == "sh" and "pip install" not in b.text]
    assert len(shown) == README.count("```sh") - 2
    checks = pages.pages()["checks.md"]
    (net,) = (b for b in pages.blocks(checks.read_text(encoding="utf-8")) if b.argument == "net.py")
    session = pages.Session(tmp_path)
    try:
        for block in (net, pages.Block("python", "import net", 0), *shown):
            session.run(block, checks)
    finally:
        session.close()


def test_the_python_of_the_readme_runs():
    (code,) = re.findall(r"^```python\n(import nudgegrad.+?)```$", README, re.M | re.S)
    (said,) = re.findall(r"  # (.+)$", code, re.M)
    assert python("-X", "utf8", "-c", code).stdout.startswith(f"{said}\n")


CHECKS = re.findall(r"^```python\n(import numpy.+?)```\n\n```text\n(.+?)```$", README, re.M | re.S)


@pytest.mark.parametrize(("code", "output"), CHECKS)
def test_the_checks_of_the_readme_print_what_it_says(code, output):
    printed = python("-X", "utf8", "-W", "error", "-c", code).stdout
    assert same(printed, output)


def test_the_readme_quotes_the_example_and_the_example_is_true():
    example = ROOT / "examples/why_torch.py"
    quoted = re.findall(
        r"^```python\n((?:class Wave|from nudgegrad.frameworks).+?)```$", README, re.M | re.S
    )
    assert len(quoted) == 2
    assert all(part in example.read_text(encoding="utf-8") for part in quoted)
    assert python("-W", "error", example).stdout == "True\nFalse\nFalse\nTrue\n"


def imported_by(code):
    """Names of the heavy packages that are imported once `code` has run."""
    heavy = {"numpy", "rich", "mpmath", "starlette", "uvicorn", "anywidget"}
    seen = f"{code}\nimport sys; print(*sorted({heavy} & set(sys.modules)), file=sys.stderr)"
    return python("-c", seen).stderr.split()


def test_a_bare_import_imports_neither_numpy_nor_rich():
    assert imported_by("import nudgegrad") == []
    assert imported_by("import nudgegrad; nudgegrad.graph") == ["numpy"]


def test_help_imports_neither_numpy_nor_rich():
    help_only = "import sys; sys.argv[1:] = ['--help']\ntry: main()\nexcept SystemExit: pass"
    assert imported_by(f"from nudgegrad.cli import main; {help_only}") == []


@pytest.mark.parametrize("first", ["pass", "import nudgegrad.cli", "import nudgegrad.nudging.table"])
def test_no_import_hides_a_public_name(first):
    names = (
        f"{first}; import nudgegrad; print(*(callable(getattr(nudgegrad, n)) for n in nudgegrad.__all__))"
    )
    assert set(python("-c", names).stdout.split()) == {"True"}


def test_public_names_are_the_documented_ones():
    documented = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/api.md").read_text(encoding="utf-8"), re.M)
    assert sorted(documented) == nudgegrad.__all__ == sorted(set(dir(nudgegrad)))
    assert all(getattr(nudgegrad, name) is not None for name in documented)
