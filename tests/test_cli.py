"""What the command line prints, whole; its manners; its exit codes."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nudgegrad import cli
from nudgegrad.commands import explain, terminal
from nudgegrad.graphs.ops import OPS
from nudgegrad.nudging.table import nudges
from nudgegrad.sweeps import run as runs
from nudgegrad.sweeps.backprop import adjoints

QUADRATIC = ("J = (2 + 3*w)**2", "w=3")
LECTURE = ("c = w*x; a = c + b; d = a - y; J = d**2/2", "x=-2", "w=2", "b=8", "y=2")
NEURON = ("z = w*x + b; a = sigmoid(z); J = (a - y)**2/2", "w=2", "x=-2", "b=8", "y=2")
FORUM = ("u = b*c; v = a + u; J = 3*v", "a=5", "b=3", "c=2")
WAVE = ("J = 1e-8*sin(x)", "x=1")
SHARED = ("a = 2*w; b = a*a; c = relu(z); z2 = -b; J = a*w - b*c + z2 + w/4", "w=3", "z=0")
DOUBTFUL = ("r = relu(w); s = sqrt(p); J = r + s + q*0 + b", "w=0", "p=0", "q=3", "b=1")


# Whole outputs


@pytest.mark.parametrize(
    ("name", "arguments", "columns"),
    [
        ("table-quadratic", QUADRATIC, 120),
        ("table-lecture-steps", (*LECTURE, "--steps"), 120),
        ("table-neuron", NEURON, 120),
        ("table-neuron-80", NEURON, 80),
        ("table-neuron-50", NEURON, 50),
        ("table-wave", WAVE, 120),
        ("table-all", (*LECTURE, "--all"), 120),
        ("table-one-sided", (*LECTURE, "--stencil", "one-sided"), 120),
        ("table-float32", (*LECTURE, "--format", "float32"), 120),
        ("table-bfloat16", ("J = 1/w + w", "w=3", "--format", "bfloat16"), 120),
        ("table-digits", ("J = 1/w", "w=7", "--digits", "3"), 120),
        ("table-one-node", (*LECTURE, "--node", "d"), 120),
        ("table-doubtful", DOUBTFUL, 120),
        ("table-doubtful-50", DOUBTFUL, 50),
        ("table-constant", ("J = 2*3",), 120),
        ("lesson-shared", (*SHARED, "--steps", "--node", "w"), 120),
        ("lesson-shared-50", (*SHARED, "--steps", "--node", "w"), 50),
        ("nudge-forum", ("nudge", *FORUM, "--node", "u"), 120),
        ("nudge-forum-50", ("nudge", *FORUM, "--node", "u"), 50),
        ("nudge-quadratic", ("nudge", *QUADRATIC), 80),
        ("nudge-own", ("nudge", "J = 1/w", "w=3", "--h", "1/7"), 80),
        ("nudge-float32", ("nudge", "J = 1/w", "w=3", "--format", "float32", "--h", "1e-2"), 80),
        ("nudge-one-sided", ("nudge", "J = 1/w", "w=3", "--stencil", "one-sided"), 80),
        ("nudge-kink", ("nudge", "J = relu(w)", "w=0"), 80),
        ("nudge-independent", ("nudge", "a = w*2; J = q*3", "w=1", "q=1"), 80),
        ("ops", ("ops",), 120),
        ("ops-80", ("ops",), 80),
        ("ops-50", ("ops",), 50),
        ("json-table", (*FORUM, "--json", "--node", "u", "--steps"), 120),
        ("json-nudge", ("nudge", *FORUM, "--node", "u", "--json"), 120),
        ("json-ops", ("ops", "--json"), 120),
        ("help", ("--help",), 120),
        ("color", (*DOUBTFUL, "--color", "always"), 120),
    ],
)
def test_the_whole_output_of(name, arguments, columns, nudgegrad, golden):
    called = nudgegrad(*arguments, columns=columns)
    assert called.err == ""
    golden(f"{name}.txt", str(called))


@pytest.mark.parametrize("ulps", [-2, -1, 1, 2])
@pytest.mark.parametrize(("name", "arguments"), [("table-neuron", NEURON), ("table-wave", WAVE)])
def test_the_printed_digits_do_not_depend_on_the_c_library(
    ulps, name, arguments, nudgegrad, golden, monkeypatch
):
    def off(function):
        def shifted(x):
            y = function(x)
            return y + ulps * np.spacing(y)

        return shifted

    monkeypatch.setattr(np, "exp", off(np.exp))
    object.__setattr__(OPS["sin"], "value", off(np.sin))
    try:
        golden(f"{name}.txt", str(nudgegrad(*arguments)))
    finally:
        object.__setattr__(OPS["sin"], "value", np.sin)


MISTAKES = [
    (),
    ("",),
    ("w",),
    ("nugde", "J = w", "w=1"),
    ("chek", "J = w"),
    ("J", "=", "w", "w=1"),
    ("J = w",),
    ("J = w", "w"),
    ("J = w", "w", "=", "3"),
    ("J = w", "w=abc"),
    ("J = w", "w="),
    ("J = w", "=3"),
    ("J = w", "w=1", "w=2"),
    ("J = w", "w=1", "q=2"),
    ("J = w", "w=nan"),
    ("J = w", "w=1e400"),
    ("J = w", "w=1e5000"),
    ("J = w", "w=1/0"),
    ("J = w", "w=0x10"),
    ("J = w", "w=70000", "--format", "float16"),
    ("w=1", "J = w"),
    ("J = w", "w=1", "--stpes"),
    ("J = w", "w=1", "--zzz"),
    ("J = w", "w=1", "--digits", "0"),
    ("J = w", "w=1", "--digits"),
    ("J = w", "w=1", "--json=3"),
    ("J = w", "w=1", "--format", "floot32"),
    ("J = w", "w=1", "--stencil", "twosided"),
    ("J = w", "w=1", "--color", "sometimes"),
    ("J = w", "w=1", "--h", "1"),
    ("J = w", "w=1", "--node", "q"),
    ("nudge", "J = w", "w=1", "--steps"),
    ("nudge", "J = w", "w=1", "--h", "0"),
    ("nudge", "J = w", "w=1", "--h", "abc"),
    ("nudge", "J = w", "w=1", "--h", "1e400"),
    ("nudge", "J = w", "w=1", "--node", "w", "--node", "J"),
    ("ops", "J = w"),
    ("J = sgmoid(w)", "w=1"),
    ("J = log(w)", "w=-1"),
    ("J = 1/w", "w=0"),
    ("J = exp(w)", "w=1000"),
    ("J = (w", "w=1"),
    ("J = 3w", "w=1"),
    ("-f", "nowhere.txt"),
    ("-f", "."),
    ("-w",),
]


def test_mistakes_are_told_with_the_next_thing_to_type(nudgegrad, golden, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    calls = [nudgegrad(*arguments) for arguments in MISTAKES]
    assert all(call.code == cli.WRONG and call.out == "" for call in calls)
    golden("mistakes-of-arguments.txt", "".join(map(str, calls)))


# Exit codes


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (QUADRATIC, 0),
        (DOUBTFUL, 3),
        ((*DOUBTFUL, "--allow-inconclusive"), 0),
        ((*DOUBTFUL, "--json"), 3),
        ((*DOUBTFUL, "--node", "b"), 0),
        (("nudge", "J = relu(w)", "w=0"), 3),
        (("nudge", "J = relu(w)", "w=0", "--allow-inconclusive"), 0),
        (("ops",), 0),
        (("--version",), 0),
        (("-h",), 0),
        (("J = w",), 2),
    ],
)
def test_the_exit_code_is(arguments, code, nudgegrad):
    assert nudgegrad(*arguments).code == code


@pytest.fixture
def wrong_backprop(monkeypatch):
    monkeypatch.setattr(runs, "adjoints", lambda *arguments: -2 * adjoints(*arguments))


@pytest.mark.usefixtures("wrong_backprop")
def test_a_wrong_derivative_fails(nudgegrad, golden):
    called = nudgegrad(*LECTURE, "--allow-inconclusive")
    golden("table-wrong.txt", str(called))
    assert called.code == cli.FAILED
    assert nudgegrad("nudge", *FORUM).code == cli.FAILED


# Where programs and values come from


@pytest.mark.parametrize(
    "data",
    [
        b"c = w*x\nJ = c**2  # squared\n",
        b"c = w*x\r\nJ = c**2\r\n",
        b"\xef\xbb\xbfc = w*x; J = c**2",
        "c = w×x; J = c²".encode(),
    ],
)
def test_a_program_comes_from_the_argument_stdin_or_a_file(data, nudgegrad, tmp_path):
    path = tmp_path / "net.txt"
    path.write_bytes(data)
    expected = nudgegrad("c = w*x; J = c**2", "w=1/3", "x=-2").out
    assert nudgegrad("-", "w=1/3", "x=-2", stdin=data).out == expected
    assert nudgegrad("-f", str(path), "w=1/3", "x=-2").out == expected
    assert nudgegrad("w=1/3", "--file", str(path), "x=-2").out == expected
    assert nudgegrad("explain", "-f", "-", "w=1/3", "x=-2", stdin=data).out == expected


def test_an_error_in_a_file_names_the_file(nudgegrad, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.txt").write_bytes(b"a = 2\r\nJ = 3w\r\n")
    assert "--> net.txt:2:5\n" in nudgegrad("-f", "net.txt", "w=1").err
    assert "--> stdin:2:5\n" in nudgegrad("-", "w=1", stdin=b"a = 2\r\nJ = 3w").err
    assert nudgegrad("-f", "ent.txt").err.endswith("= help: did you mean 'net.txt'?\n")
    assert nudgegrad("net.txt", "w=1").err.endswith("= help: to read it: -f net.txt\n")
    (tmp_path / "latin.txt").write_bytes(b"J = w # \xe9")
    assert "latin.txt is no UTF-8 text: byte 0xe9 at 8" in nudgegrad("-f", "latin.txt").err


@pytest.mark.parametrize(
    "arguments",
    [
        ("--digits", "3", "J = w*x", "w=-2", "x=0.5"),
        ("J = w*x", "--digits", "3", "w=-2", "x=0.5"),
        ("J = w*x", "w=-2", "--digits=3", "x=½"),
        ("J = w*x", "w=-2", "x=1/2", "--digits", "3"),
        ("J = w*x", "w = -2", "x=2**-1", "--digits", "3"),
        ("--", "J = w*x", "w=-2", "x=5e-1"),
    ],
)
def test_values_stand_anywhere_after_the_program(arguments, nudgegrad):
    assert nudgegrad(*arguments).out == nudgegrad("J = w*x", "w=-2", "x=0.5").out


# Screens


def test_nothing_but_ascii_where_there_is_nothing_else(nudgegrad, golden):
    calls = [
        nudgegrad(*arguments, encoding=encoding)
        for encoding in ("ascii", "cp1252")
        for arguments in (
            (*DOUBTFUL, "--steps"),
            ("ψ = 2*β; J = ψ²", "β=3"),
            ("nudge", "J = β/3", "β=3"),
            ("J = ψ×2 + β²·−½ +", "ψ=3"),
            ("J = ψ(β)", "β=3"),
        )
    ]
    assert all((c.out + c.err).isascii() for c in calls)
    golden("ascii.txt", "".join(map(str, calls)))


@pytest.mark.parametrize("width", [50, 72, 80, 120])
@pytest.mark.parametrize(
    "arguments", [QUADRATIC, (*LECTURE, "--steps"), NEURON, DOUBTFUL, ("nudge", *QUADRATIC), ("ops",), WAVE]
)
def test_no_line_is_wider_than_the_screen(width, arguments, nudgegrad):
    for encoding in ("utf-8", "ascii"):
        out = nudgegrad(*arguments, columns=width, encoding=encoding).out
        assert max(map(len, out.splitlines())) <= width


def test_colour_is_for_terminals_that_want_it(nudgegrad):
    plain = nudgegrad(*QUADRATIC).out
    colored = nudgegrad(*QUADRATIC, terminal=True).out
    assert "\x1b[32m✓\x1b[0m" in colored
    assert re.sub(r"\x1b\[\d+m", "", colored) == plain
    assert nudgegrad(*QUADRATIC, "--color", "always").out == colored
    assert nudgegrad(*QUADRATIC, "--no-color", terminal=True).out == plain
    assert nudgegrad(*QUADRATIC, "--color", "never", terminal=True).out == plain
    assert nudgegrad(*QUADRATIC, terminal=True, NO_COLOR="1").out == plain
    assert nudgegrad(*QUADRATIC, terminal=True, TERM="dumb").out == plain
    assert nudgegrad("J = w", terminal=True).err.startswith("\x1b[31merror:\x1b[0m ")


def test_json_is_one_valid_document(nudgegrad):
    def no_constant(name):
        raise AssertionError(f"{name} is no JSON")

    document = json.loads(nudgegrad(*DOUBTFUL, "--json").out, parse_constant=no_constant)
    assert document["schema"] == 1
    assert document["inputs"] == {"w": 0.0, "p": 0.0, "q": 3.0, "b": 1.0}
    nodes = {node["name"]: node for node in document["nodes"]}
    assert nodes["w"]["slopes"] == [0.0, 1.0]
    assert nodes["w"]["estimate"] is nodes["w"]["bar"] is nodes["w"]["nudge"] is None
    assert nodes["b"]["estimate"] == 1.0
    assert document["verdict"] == nodes["w"]["verdict"] == "inconclusive"
    assert json.loads(nudgegrad("nudge", *QUADRATIC, "--json").out)["guesses"][-1]["one_sided"] is None


# Interruptions and accidents


def test_ctrl_c_prints_what_is_clear(nudgegrad, monkeypatch):
    done: list[object] = []

    def interrupted(run, nodes, **options):
        if done:
            raise KeyboardInterrupt
        done.append(nodes)
        return nudges(run, nodes, **options)

    monkeypatch.setattr(explain, "nudges", interrupted)
    monkeypatch.setattr(explain, "batches", lambda _, nodes: [nodes[:2], nodes[2:]])
    called = nudgegrad(*LECTURE)
    assert called.code == cli.INTERRUPTED
    assert [line.split()[0] for line in called.out.splitlines()[:3]] == ["node", "w", "x"]
    assert called.err == "interrupted: 2 of 8 nodes are done\n"
    called = nudgegrad(*LECTURE)  # at once
    assert (called.code, called.out, called.err) == (
        cli.INTERRUPTED,
        "",
        "interrupted: 0 of 8 nodes are done\n",
    )


def test_progress_is_for_those_who_watch(nudgegrad, monkeypatch):
    monkeypatch.setattr(explain, "batches", lambda _, nodes: [[i] for i in nodes])
    assert nudgegrad(*QUADRATIC).err == ""
    assert nudgegrad(*QUADRATIC, terminal=True).err == "\r\r1 of 2 nodes\r            \r"


def test_no_traceback_reaches_the_user(nudgegrad, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("by accident")

    monkeypatch.setattr(explain, "run_of", broken)
    called = nudgegrad(*QUADRATIC)
    assert called.code == cli.WRONG
    assert called.err.startswith(
        "error: nudgegrad itself failed: ZeroDivisionError: by accident\n  = help:"
    )
    assert "Traceback (most recent call last)" in nudgegrad(*QUADRATIC, NUDGEGRAD_TRACEBACK="1").err
    assert "Traceback (most recent call last)" in nudgegrad("J = w", NUDGEGRAD_TRACEBACK="1").err


def test_the_help_names_every_command_and_option():
    from nudgegrad.commands.arguments import OPTIONS_OF, _parser

    options = [option for option in _parser()._option_string_actions if option != "-f"]
    assert [option for option in options if option not in cli.HELP] == []
    assert set(cli.COMMANDS) == set(OPTIONS_OF)
    assert max(map(len, cli.HELP.splitlines())) <= 84
    assert cli.HELP.isascii()


# As a process


COMMAND = [sys.executable, "-m", "nudgegrad"]


def process(*arguments, **options):
    environment = {**os.environ, "COLUMNS": "120", "PYTHONUTF8": "1", **options.pop("env", {})}
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        encoding="utf-8",
        env=environment,
        check=False,
        **options,
    )


def test_the_process_prints_what_the_function_prints(nudgegrad):
    found = process(*QUADRATIC)
    assert (found.stdout, found.stderr, found.returncode) == (nudgegrad(*QUADRATIC).out, "", 0)


@pytest.mark.parametrize(
    "variables",
    [{"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "cp1252"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}],
)
def test_no_encoding_is_an_error(variables):
    found = process(*NEURON, "--steps", env=variables)
    assert (found.stderr, found.returncode) == ("", 0)
    assert process("J = β×", "β=1", env=variables).returncode == cli.WRONG


@pytest.mark.parametrize("arguments", [(*LECTURE, "--json"), ("--help",), ("ops",)])
def test_a_closed_pipe_ends_it_silently(arguments):
    reader, writer = os.pipe()
    os.close(reader)
    found = subprocess.run([*COMMAND, *arguments], stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (found.returncode, found.stderr) == (0, b"")


@pytest.mark.skipif(os.name == "nt", reason="there is no head")
def test_head_takes_what_it_wants():
    line = f"{' '.join(COMMAND)} ops --json | head -1"
    found = subprocess.run(line, shell=True, capture_output=True, check=False)
    assert (found.stdout, found.stderr) == (b"{\n", b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device")
def test_a_full_disk_is_told():
    with Path("/dev/full").open("w") as full:
        found = subprocess.run([*COMMAND, *QUADRATIC], stdout=full, stderr=subprocess.PIPE, check=False)
    assert found.returncode == cli.WRONG
    assert found.stderr.startswith(b"error: the result cannot be written: ")


def test_streams_may_be_closed(monkeypatch):
    for name in ("stdout", "stderr", "stdin"):
        with monkeypatch.context() as patched:
            patched.setattr(sys, name, None)
            assert cli.main([*QUADRATIC, "--no-color"]) == 0
    monkeypatch.setattr(sys, "stdin", None)
    assert cli.main(["-"]) == cli.WRONG


def test_without_a_terminal_the_width_is_that_of_a_file(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    assert terminal.width_of(None) == terminal.COLUMNS
    monkeypatch.setenv("COLUMNS", "wide")
    assert terminal.width_of(None) == terminal.COLUMNS
    monkeypatch.setenv("COLUMNS", "50")
    assert terminal.width_of(None) == 50
