"""`nudgegrad derivative`: a function from its file, what it prints, its errors and exit codes."""

import json
from pathlib import Path

import pytest

from nudgegrad import cli

OWN = """\
import math


def wave(x):
    return math.sin(x) * x


def corner(x):
    return abs(x - 1) + x


def logarithm(x):
    return math.log(x)


def misspelled(x):
    return math.cosinus(x)


def text(x):
    return "one"


def two(x, y):
    return x + y
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    (tmp_path / "own.py").write_text(OWN, encoding="utf-8")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("name", "arguments", "columns"),
    [
        ("derivative", ("own.py:wave", "--at", "0.7"), 120),
        ("derivative-50", ("own.py:wave", "--at", "0.7"), 50),
        ("derivative-second", ("own.py:wave", "--at", "-1/3", "--order", "2"), 120),
        ("derivative-float32", ("own.py:wave", "--at", "0.7", "--format", "float32"), 120),
        ("derivative-bfloat16", ("own.py:wave", "--at", "0.7", "--format", "bfloat16"), 120),
        ("derivative-kink", ("own.py:corner", "--at", "1"), 120),
    ],
)
def test_the_whole_output_of(name, arguments, columns, nudgegrad, golden):
    called = nudgegrad("derivative", *arguments, columns=columns)
    assert called.err == ""
    golden(f"{name}.txt", str(called))


MISTAKES = [
    ("derivative",),
    ("derivative", "own.py:wave"),
    ("derivative", "own.py:wave", "0.7"),
    ("derivative", "own.py:wave", "--at", "x"),
    ("derivative", "own.py:wave", "--at", "1e400"),
    ("derivative", "own.py:wave", "--at", "1", "--order", "5"),
    ("derivative", "own.py:wave", "--at", "1", "--args", "own.py:wave"),
    ("derivative", "own.py:wave", "--at", "1", "-o", "v.png"),
    ("derivative", "own.py:corner", "--at", "1", "-o", "v.svg"),
    ("derivative", "own.py:wvae", "--at", "1"),
    ("derivative", "onw.py:wave", "--at", "1"),
    ("derivative", "own.py:two", "--at", "1"),
    ("derivative", "own.py:logarithm", "--at", "-1"),
    ("derivative", "own.py:misspelled", "--at", "1"),
    ("derivative", "own.py:text", "--at", "1"),
]


def test_mistakes_are_told_with_the_next_thing_to_type(nudgegrad, golden):
    calls = [nudgegrad(*arguments) for arguments in MISTAKES]
    assert all(call.code == cli.WRONG and call.out == "" for call in calls)
    assert not any("Traceback" in call.err or "itself failed" in call.err for call in calls)
    golden("mistakes-of-derivative.txt", "".join(map(str, calls)))


def test_exit_codes(nudgegrad):
    assert nudgegrad("derivative", "own.py:wave", "--at", "0.7").code == cli.PASSED
    assert nudgegrad("derivative", "own.py:corner", "--at", "1").code == cli.UNCLEAR
    assert nudgegrad("derivative", "own.py:corner", "--at", "1", "--allow-inconclusive").code == cli.PASSED


def test_one_document(nudgegrad):
    found = json.loads(nudgegrad("derivative", "own.py:wave", "--at", "0.7", "--json").out)
    assert (found["schema"], found["command"], found["verdict"]) == (1, "derivative", "pass")
    found = json.loads(nudgegrad("derivative", "own.py:corner", "--at", "1", "--json").out)
    assert (found["value"], found["slopes"], found["code"]) == (None, [0.0, 2.0], "kink")


def test_the_picture_goes_to_the_file_and_the_number_to_stdout(nudgegrad):
    called = nudgegrad("derivative", "own.py:wave", "--at", "0.7", "-o", "v.svg")
    assert called.out == nudgegrad("derivative", "own.py:wave", "--at", "0.7").out
    assert Path("v.svg").read_text(encoding="ascii").startswith("<svg")
    assert nudgegrad("derivative", "own.py:wave", "--at", "0.7", "-o", "-").out.startswith("<svg")
