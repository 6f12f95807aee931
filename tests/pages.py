"""A page of the docs as a session: what is typed on it, in order, and what it says comes out of it.

What a page holds, besides prose:

- ```` ```console ````: commands after ``$ ``, each with its whole output;
- ```` ```sh ````: commands that must succeed;
- ```` ```python ````: code, all of a page in one namespace; a ```` ```text ```` right after it is what it
  prints, and without one it prints nothing.

Comments, which readers do not see:

- ``<!-- file: net.py -->`` right before a block: it is a file of that name, and is not run by itself;
- ``<!-- python`` … ``-->``, ``<!-- sh`` … ``-->``: what is run there;
- ``<!-- exit: 1 -->`` right before a block of commands: the code with which the last one ends;
- ``<!-- picture: command -->`` right before an image: what draws it.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
SLOW = 300  # seconds after which something hangs
FENCE = re.compile(r"^(?P<indent> *)```(?P<kind>\w+)\n(?P<text>.*?)^(?P=indent)```$", re.M | re.S)
COMMENT = re.compile(
    r"^<!-- *(?P<word>\w+)(?:: *(?P<argument>[^\n]*?))? *(?:\n(?P<text>.*?))?-->$", re.M | re.S
)
IMAGE = re.compile(r"!\[(?P<alt>[^\]]*)\]\((?P<path>[^)\s]+)\)")
LAST_DIGIT = r"(± |Resolution )\d(e-\d+)"  # of bars, which differs between machines
SERVER = re.compile(r"nudgegrad lab(?! export)")
INTERPRETER = """
import contextlib, io, json, linecache, sys
space = {"__name__": "__main__"}
for number, line in enumerate(sys.stdin):
    source, said, name = json.loads(line), io.StringIO(), f"<block {number}>"
    linecache.cache[name] = len(source), None, source.splitlines(keepends=True), name
    with contextlib.redirect_stdout(said):
        exec(compile(source, name, "exec"), space)
    print(json.dumps(said.getvalue()), flush=True)
"""


@dataclass(frozen=True)
class Block:
    """A block of a page.

    Parameters
    ----------
    kind : str
        The language of a fence; ``"file"``, ``"python"`` or ``"picture"`` of a comment.
    text : str
    line : int
        Where on the page it begins.
    argument : str
        The name of a file, the command of a picture.
    exit : int
    output : str
        What a block of Python prints.
    """

    kind: str
    text: str
    line: int
    argument: str = ""
    exit: int = 0
    output: str = ""


def pages() -> dict[str, Path]:
    """All pages by their path in docs."""
    found = sorted(p for p in DOCS.rglob("*.md") if "_build" not in p.parts)
    return {p.relative_to(DOCS).as_posix(): p for p in found}


def blocks(page: str) -> list[Block]:
    """The blocks of a page, from its text."""
    fences = {m.start(): m for m in FENCE.finditer(page)}
    inside = [(m.start(), m.end()) for m in fences.values()]
    comments = [m for m in COMMENT.finditer(page) if not any(a < m.start() < b for a, b in inside)]
    found: list[Block] = []
    before: dict[int, re.Match[str]] = {}  # what a comment says of the block right after it
    taken: set[int] = set()
    for m in sorted([*fences.values(), *comments], key=re.Match.start):
        start, line = m.start(), page.count("\n", 0, m.start()) + 1
        after = m.end() + len(page[m.end() :]) - len(page[m.end() :].lstrip("\n"))
        if start in taken:
            continue
        if m.re is COMMENT:
            word, argument, text = m["word"], m["argument"] or "", m["text"]
            if word in ("python", "sh") or (word == "file" and text is not None):
                found.append(Block(word, text, line, argument))
            elif word == "picture":
                image = IMAGE.match(page, after)
                assert image, f"line {line}: no image after the comment"
                found.append(Block("picture", image["path"], line, argument))
            elif word in ("file", "exit"):
                assert after in fences, f"line {line}: no block after the comment"
                before[after] = m
            continue
        indent = len(m["indent"])
        text = "".join(row[indent:] or "\n" for row in m["text"].splitlines(keepends=True))
        note = before.get(start)
        if note and note["word"] == "file":
            found.append(Block("file", text, line, note["argument"]))
        elif m["kind"] == "python":
            shown = fences.get(after)
            is_output = shown is not None and shown["kind"] == "text"
            found.append(Block("python", text, line, output=shown["text"] if shown and is_output else ""))
            if is_output:
                taken.add(after)
        else:
            found.append(Block(m["kind"], text, line, exit=int(note["argument"]) if note else 0))
    return found


class Session:
    """Someone who types what a page shows, in a folder of their own that has the examples in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "examples").symlink_to(ROOT / "examples")
        bin = folder / ".bin"
        bin.mkdir()
        shim = bin / "nudgegrad"
        shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -X utf8 -m nudgegrad "$@"\n', encoding="utf-8")
        shim.chmod(0o755)
        unknown = {"COLUMNS", "NO_COLOR", "NUDGEGRAD_TRACEBACK", "PYTEST_ADDOPTS"}
        self.environment = {k: v for k, v in os.environ.items() if k not in unknown} | {
            "PATH": os.pathsep.join([str(bin), str(Path(sys.executable).parent), os.environ["PATH"]]),
            "BROWSER": "true",
            "MPLBACKEND": "agg",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "XDG_STATE_HOME": str(folder / ".state"),
        }
        self.errors = (folder / ".errors").open("w+", encoding="utf-8")
        self.python = subprocess.Popen(
            [sys.executable, "-X", "utf8", "-u", "-c", INTERPRETER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            cwd=folder,
            env=self.environment,
            encoding="utf-8",
        )

    def run(self, block: Block, page: Path) -> None:
        """Do what a block says.

        Raises
        ------
        AssertionError
            If something else comes out.
        """
        if block.kind == "file":
            path = self.folder / block.argument
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        elif block.kind == "python":
            self._python(block)
        elif block.kind == "picture":
            if block.argument.startswith("nudgegrad "):  # the scripts of docs have tests of their own
                target = (page.parent / block.text).resolve().relative_to(ROOT)
                self._shell(f"{block.argument} -o {target}", 0, target)
        elif block.kind == "sh":
            self._script(block)
        elif block.kind == "console":
            self._transcript(block)

    def close(self) -> None:
        """End the interpreter."""
        self.python.kill()
        self.python.communicate()
        self.errors.close()

    def _python(self, block: Block) -> None:
        stdin, stdout = self.python.stdin, self.python.stdout
        assert stdin
        assert stdout
        stdin.write(json.dumps(block.text) + "\n")
        stdin.flush()
        line = stdout.readline()
        self.errors.seek(0)
        errors = self.errors.read()
        assert line, errors
        assert "Warning" not in errors, errors
        assert same(json.loads(line), block.output), f"it prints\n{json.loads(line)}"

    def _shell(self, command: str, code: int, *made: Path) -> str:
        for path in made:
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        said = subprocess.run(
            ["bash", "-c", command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.folder,
            env=self.environment,
            encoding="utf-8",
            timeout=SLOW,
            check=False,
        )
        assert said.returncode == code, f"$ {command}\n{said.stdout}[exit {said.returncode}]"
        return said.stdout

    def _script(self, block: Block) -> None:
        for command in filter(None, map(str.strip, block.text.replace("\\\n", " ").splitlines())):
            if SERVER.match(command):
                self._served(command)
            else:
                made = [Path(found) for found in re.findall(r"-o (\S+/\S+)", command)]
                self._shell(command, block.exit, *made)

    def _served(self, command: str) -> None:
        """Start a server, see that it says where it is, and stop it as Ctrl-C does."""
        process = subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            env=self.environment | {"PYTHONUNBUFFERED": "1"},
            encoding="utf-8",
        )
        assert process.stdout
        try:
            line = process.stdout.readline()
            process.send_signal(signal.SIGINT)
            errors = process.communicate(timeout=SLOW)[1]
        finally:
            process.kill()
        assert line.startswith("http://127.0.0.1:"), line + errors
        assert process.returncode == 0, errors

    def _transcript(self, block: Block) -> None:
        parts = re.split(r"^\$ (.+)\n", block.text, flags=re.M)
        assert not parts[0], "a block of commands begins with one"
        turns = list(zip(parts[1::2], parts[2::2], strict=True))
        for k, (command, expected) in enumerate(turns, 1):
            said = self._shell(command, block.exit if k == len(turns) else 0)
            assert same(said, expected), f"$ {command}\n{said}"


def same(said: str, shown: str) -> bool:
    """Whether two outputs are equal, but for the last digit of a bar, which differs between machines."""
    one, other = (re.sub(LAST_DIGIT, r"\1…\2", text) for text in (said, shown))
    return one == other


def play(page: Path, folder: Path) -> Session:
    """Everything on a page, in order; the session is closed, its folder is left.

    Raises
    ------
    AssertionError
        If something else comes out than the page shows; it names the line.
    """
    session = Session(folder)
    try:
        for block in blocks(page.read_text(encoding="utf-8")):
            try:
                session.run(block, page)
            except AssertionError as error:
                raise AssertionError(f"{page.name}, line {block.line}: {error}") from error
    finally:
        session.close()
    return session
