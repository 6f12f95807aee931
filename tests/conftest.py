"""Golden files, and the command line called within the process."""

import io
import shlex
import signal
import sys
from pathlib import Path

import pytest

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # pytest runs in the background of a shell
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what the tests start hears Ctrl-C

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser):
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write what is printed to tests/golden instead of comparing",
    )


@pytest.fixture
def golden(request):
    """Compare a text with a file of tests/golden, whole; with --update-golden write it first."""

    def compare(name, text):
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.write_text(text, encoding="utf-8", newline="\n")
        assert text == path.read_text(encoding="utf-8")

    return compare


class Called:
    """What one call printed and returned."""

    def __init__(self, arguments, code, out, err):
        self.arguments, self.code, self.out, self.err = arguments, code, out, err

    def __str__(self):
        return f"$ nudgegrad {shlex.join(self.arguments)}\n{self.out}{self.err}[exit {self.code}]\n"


@pytest.fixture
def nudgegrad(monkeypatch):
    """Call the command line: `nudgegrad("J = w", "w=1", columns=80, stdin=b"...", encoding="ascii")`."""
    from nudgegrad.cli import main

    def call(*arguments, columns=120, stdin=b"", encoding="utf-8", terminal=False, **variables):
        streams = {name: io.BytesIO() for name in ("stdout", "stderr")}
        for name in ("NO_COLOR", "NUDGEGRAD_TRACEBACK"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", str(columns))
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        for name, stream in streams.items():
            wrapper = io.TextIOWrapper(stream, encoding, "strict", newline="\n", write_through=True)
            monkeypatch.setattr(wrapper, "isatty", lambda: terminal, raising=False)
            monkeypatch.setattr(sys, name, wrapper)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), "utf-8"))
        code = main(list(arguments))
        out, err = (stream.getvalue().decode(encoding) for stream in streams.values())
        return Called(arguments, code, out, err)

    return call
