"""`nudgegrad answer`: the card as text, as JSON and as a picture; of the question's graph or the user's."""

import json
from fractions import Fraction
from pathlib import Path

import pytest

import nudgegrad as ng
from nudgegrad import cli
from nudgegrad.commands import answer
from nudgegrad.commands.arguments import Options
from nudgegrad.nudging.table import nudges
from nudgegrad.sweeps import run as runs
from nudgegrad.sweeps.backprop import adjoints
from nudgegrad.views import card as cards
from nudgegrad.views.card_picture import card_svg
from nudgegrad.views.digits import number

ROOT = Path(__file__).parents[1]
NEURON = ("z = w*x + b; a = 1/(1 + z**2); J = (a - y)**2/2", "w=2", "x=-2", "b=8", "y=1/3")
DOUBTFUL = ("r = relu(w); s = sqrt(p); J = r + s + q*0 + b", "w=0", "p=0", "q=3", "b=1")
UNIT = ("c = w*x; a = c + b; d = a - y; J = d**2/2", "x=-2", "w=2", "b=8", "y=2")


@pytest.mark.parametrize(
    ("name", "arguments", "options"),
    [
        ("answer", (), {}),
        ("answer-80", (), {"columns": 80}),
        ("answer-50-ascii", (), {"columns": 50, "encoding": "ascii"}),
        ("answer-bfloat16", ("--format", "bfloat16"), {}),
        ("answer-json", ("--json",), {}),
        ("answer-own", (*NEURON, "--fixed", "x", "y"), {}),
        ("answer-doubtful", DOUBTFUL, {}),
        (
            "answer-one-node",
            (*UNIT, "--node", "d", "--digits", "3", "--format", "float32"),
            {"columns": 80},
        ),
    ],
)
def test_the_whole_card(name, arguments, options, nudgegrad, golden):
    called = nudgegrad("answer", *arguments, **options)
    assert called.err == ""
    golden(f"{name}.txt", str(called))


def test_colours_are_for_terminals_that_want_them(nudgegrad):
    plain = nudgegrad("answer").out
    assert "\x1b" not in plain
    colored = nudgegrad("answer", terminal=True).out
    assert colored.startswith(f"\x1b[1m{cards.QUESTION}\x1b[0m\n")
    assert nudgegrad("answer", terminal=True, NO_COLOR="1").out == plain
    assert nudgegrad("answer", "--color", "always").out == colored


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 120])
def test_no_line_is_wider_than_the_screen(columns, nudgegrad):
    out = nudgegrad("answer", columns=columns).out
    assert max(map(len, out.splitlines())) <= columns


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), cli.PASSED),
        (NEURON, cli.PASSED),
        (DOUBTFUL, cli.UNCLEAR),
        ((*DOUBTFUL, "--allow-inconclusive"), cli.PASSED),
        ((*DOUBTFUL, "--json"), cli.UNCLEAR),
        ((*DOUBTFUL, "--node", "b"), cli.PASSED),
        ((*DOUBTFUL, "-o", "-"), cli.UNCLEAR),
    ],
)
def test_the_exit_code_is_the_verdict_s(arguments, code, nudgegrad):
    assert nudgegrad("answer", *arguments).code == code


@pytest.mark.parametrize("arguments", [(), NEURON])
def test_a_wrong_derivative_fails_and_the_card_says_so(arguments, nudgegrad, monkeypatch):
    right = nudgegrad("answer", *arguments)
    monkeypatch.setattr(runs, "adjoints", lambda *values: -2 * adjoints(*values))
    wrong = nudgegrad("answer", *arguments)
    assert wrong.code == cli.FAILED
    assert "backprop says" not in right.out
    assert "✗" in wrong.out
    assert "backprop says" in wrong.out


def test_a_program_comes_from_the_argument_stdin_or_a_file(nudgegrad, tmp_path):
    path = tmp_path / "net.txt"
    path.write_text("# a unit\nc = w*x\nJ = c**2\n")
    expected = nudgegrad("answer", "c = w*x; J = c**2", "w=1/3", "x=-2").out
    assert "Your graph: c = w*x; J = c**2 at w=0.333333 x=-2" in expected
    assert nudgegrad("answer", "-", "w=1/3", "x=-2", stdin=path.read_bytes()).out == expected
    assert nudgegrad("answer", "-f", str(path), "w=1/3", "x=-2").out == expected


def test_json_says_what_the_library_says(nudgegrad):
    called = nudgegrad("answer", *NEURON, "--json")
    found = json.loads(called.out)
    assert (found["schema"], found["command"], found["verdict"]) == (1, "answer", "pass")
    (graph,) = found["graphs"]
    run = ng.graph(NEURON[0]).at(w=2, x=-2, b=8, y=Fraction(1, 3))
    short = ng.graph(NEURON[0]).at(w=2, x=-2, b=8, y=Fraction(1, 3), format="float32")
    names = list(run.graph.names.values())
    for rows, table in (
        (graph["nodes"], nudges(run, names)),
        (graph["one_sided"], nudges(run, names, stencil="one-sided")),
        (graph["other_format"]["nodes"], nudges(short, names)),
    ):
        assert [(r["name"], r["nudge"], r["bar"]) for r in rows] == [
            (n.node, n.h, n.bar) for n in table.values()
        ]
    assert graph["other_format"]["format"] == "float32"
    assert graph["guesses"]["node"] == "w"


def test_the_step_is_that_of_the_quiz(nudgegrad):
    moved = cards.step(ng.graph(UNIT[0]).at(x=-2, w=2, b=8, y=2), ["x", "y"])
    assert moved is not None
    assert moved.moved == {"w": Fraction(2) + cards.RATE * 4, "b": Fraction(8) - cards.RATE * 2}
    assert moved.moved == {"w": Fraction(51, 25), "b": Fraction(399, 50)}
    assert number(moved.after) == "1.805" == number(361 / 200)
    document = json.loads(nudgegrad("answer", "--json").out)["step"]
    assert document["moved"] == {"w": 51 / 25, "b": 399 / 50}
    assert (document["output_before"], document["output_after"]) == (2.0, moved.after)
    out = nudgegrad("answer").out
    assert "2 - 0.01 × (-4) = 2.04" in out
    assert "2 before, 1.805 after" in out


def test_a_step_that_does_not_help_is_called_so(nudgegrad):
    out = nudgegrad("answer", "J = 1000*w**2", "w=1").out
    assert "J does not fall: this learning rate is too large here." in out
    assert "gradient-descent" not in nudgegrad("answer", "J = 2*3").out
    assert "gradient-descent" not in nudgegrad("answer", "J = w**2", "w=3", "--fixed", "w").out
    beyond = nudgegrad("answer", "J = log(w)", "w=0.05").out
    assert "J does not fall" in beyond  # log of a negative number after the step
    assert "before, — after" in beyond


def test_what_another_format_lacks_is_said(nudgegrad):
    called = nudgegrad("answer", "J = 1e60*w**2", "w=1")
    assert called.code == cli.PASSED
    assert "In float32 there is nothing to nudge: 1e60 is beyond the range of float32" in called.out


def test_the_picture_goes_where_it_is_asked_to(nudgegrad, tmp_path):
    path = tmp_path / "card.svg"
    called = nudgegrad("answer", "-o", str(path))
    assert (called.code, called.out, called.err) == (0, "", "")
    assert nudgegrad("answer", "--output", "-").out.encode() == path.read_bytes()
    assert [file.name for file in tmp_path.iterdir()] == ["card.svg"]
    assert nudgegrad("answer", *DOUBTFUL, "-o", str(path)).code == cli.UNCLEAR
    assert nudgegrad("answer", *DOUBTFUL, "-o", "-").out.encode() == path.read_bytes()
    own = nudgegrad("answer", *NEURON, "-o", "-").out
    assert own == card_svg(answer.own_card(Options("answer", NEURON))) + "\n"


def test_the_picture_of_the_docs_is_the_drawn_one(nudgegrad, request):
    shown = ROOT / "docs/images/card.svg"
    drawn = nudgegrad("answer", "-o", "-").out
    if request.config.getoption("--update-golden"):
        shown.write_text(drawn, encoding="ascii", newline="\n")
    assert shown.read_text(encoding="ascii") == drawn


def test_mistakes_say_what_to_type(nudgegrad, golden, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    calls = [
        nudgegrad("answer", *arguments)
        for arguments in (
            ("J = w",),
            ("J = 3w", "w=1"),
            ("J = log(w)", "w=-1"),
            ("nowhere",),
            ("--node", "u"),
            ("--fixed", "x", "--json"),
            ("J = w", "w=1", "--node", "q"),
            ("J = w", "w=1", "--fixed", "q"),
            ("--stencil", "one-sided"),
            ("--steps",),
            ("--format", "float8"),
            ("-o", "card.png"),
            ("-o", "nowhere/card.svg"),
            ("--json", "-o", "card.svg"),
            ("--digits", "3", "-o", "card.svg"),
        )
    ]
    assert all(call.code == cli.WRONG and call.out == "" for call in calls)
    golden("mistakes-of-answer.txt", "".join(map(str, calls)))
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_ends_it_silently(nudgegrad, monkeypatch):
    def interrupted(_, names, progress, **others):
        assert others == {"stencil": None}
        progress(1, len(names))
        raise KeyboardInterrupt

    monkeypatch.setattr(answer, "nudges", interrupted)
    called = nudgegrad("answer", terminal=True)
    assert (called.code, called.out) == (cli.INTERRUPTED, "")
    assert called.err.endswith("\r")
