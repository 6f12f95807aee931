"""`nudgegrad plot`: where the picture goes, and that a file is written whole or not at all."""

import os
from pathlib import Path
from xml.etree import ElementTree

import pytest

import nudgegrad as ng
from nudgegrad import cli
from nudgegrad.views.error_picture import error_svg
from nudgegrad.views.plot import svg
from nudgegrad.views.slope_picture import slope_svg

PROGRAM = "c = w*x; a = c + b; d = a - y; J = d**2/2"
VALUES = ("x=-2", "w=2", "b=8", "y=2")
GRAPH = ng.graph(PROGRAM)
RUN = GRAPH.at(x=-2, w=2, b=8, y=2)


def names(folder):
    """What is in a folder, hidden files included."""
    return sorted(path.name for path in folder.iterdir())


def test_the_picture_goes_to_stdout(nudgegrad):
    called = nudgegrad("plot", PROGRAM, *VALUES)
    assert (called.code, called.out, called.err) == (0, svg(RUN) + "\n", "")
    assert nudgegrad("plot", PROGRAM, *VALUES, "-o", "-").out == called.out
    assert nudgegrad("plot", "-", *VALUES, stdin=PROGRAM.encode()).out == called.out
    fixed = nudgegrad("plot", PROGRAM, *VALUES, "--fixed", "x", "y")
    assert fixed.out == svg(RUN, fixed=["x", "y"]) + "\n"


def test_values_are_optional_but_only_all_of_them(nudgegrad):
    assert nudgegrad("plot", PROGRAM).out == svg(GRAPH) + "\n"
    called = nudgegrad("plot", PROGRAM, "w=2")
    assert (called.code, called.out) == (cli.WRONG, "")
    assert called.err.startswith("error: 'x' has no value\n  --> program:1:7\n")
    assert nudgegrad("plot", "J = 2*3").out == svg(ng.graph("J = 2*3").at()) + "\n"


def test_digits_and_format_are_those_of_the_numbers(nudgegrad):
    out = nudgegrad("plot", "J = w/3", "w=1", "--digits", "3").out
    assert "= 0.333</text>" in out
    assert "0.333252" in nudgegrad("plot", "J = w/3", "w=1", "--format", "float16").out


def test_a_node_s_errors_are_drawn(nudgegrad, tmp_path):
    path = tmp_path / "v.svg"
    assert str(nudgegrad("plot", PROGRAM, *VALUES, "--node", "a", "-o", str(path))).endswith("[exit 0]\n")
    assert path.read_text() == error_svg(RUN, ng.nudges(RUN, "a")["a"]) + "\n"
    fourth = nudgegrad("plot", "J = 1/w", "w=3", "--node", "w", "--stencil", "4", "--format", "float32")
    run = ng.graph("J = 1/w").at(w=3, format="float32")
    assert fourth.out == error_svg(run, ng.nudges(run, "w", stencil="4")["w"]) + "\n"
    assert "order 4" in fourth.out
    unnamed = nudgegrad("plot", PROGRAM, *VALUES, "--node", "d ** 2")
    assert unnamed.out == error_svg(RUN, ng.nudges(RUN, "d ** 2")["d ** 2"]) + "\n"


@pytest.fixture(scope="module")
def curve():
    return slope_svg(RUN, "a", [-1, 0.5]) + "\n"


@pytest.mark.parametrize("at", [("--at", "-1,1/2"), ("--at=-1,0.5",), ("--at", "-1 .5")])
def test_j_over_a_node_is_drawn(at, nudgegrad, curve):
    called = nudgegrad("plot", PROGRAM, *VALUES, "--node", "a", "--curve", *at)
    assert (called.code, called.out) == (0, curve)


def test_the_first_input_is_the_node_unless_another_is_named(nudgegrad):
    assert nudgegrad("plot", PROGRAM, *VALUES, "--curve").out == slope_svg(RUN, "w") + "\n"
    assert nudgegrad("plot", "J = 2*3", "--curve").out == slope_svg(ng.graph("J = 2*3").at(), "J") + "\n"


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_the_picture_survives_any_encoding(encoding, nudgegrad):
    out = nudgegrad("plot", "ψ = 2*β; J = ψ²", "β=3", encoding=encoding).out
    texts = ["".join(e.itertext()) for e in ElementTree.fromstring(out).iter() if e.tag.endswith("}text")]
    assert texts[0] == "β = 3"


@pytest.mark.parametrize("option", ["-o", "--output"])
def test_a_file_is_written_and_nothing_printed(option, nudgegrad, tmp_path):
    path = tmp_path / "graph.svg"
    for _ in range(2):  # the second time there is one
        called = nudgegrad("plot", PROGRAM, *VALUES, option, str(path))
        assert (called.code, called.out, called.err) == (0, "", "")
        assert path.read_bytes() == (svg(RUN) + "\n").encode()
        assert names(tmp_path) == ["graph.svg"]


def test_mistakes_say_what_to_type(nudgegrad, golden, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "file").touch()
    calls = [
        nudgegrad(*arguments)
        for arguments in (
            ("plot",),
            ("plot", PROGRAM, "-o", "nowhere/graph.svg"),
            ("plot", PROGRAM, "-o", "docs"),
            ("plot", PROGRAM, "-o", ""),
            ("plot", PROGRAM, "-o", "file/graph.svg"),
            ("plot", PROGRAM, "-o"),
            ("plot", PROGRAM, "--fixed", "q"),
            ("plot", PROGRAM, "--json"),
            ("plot", "J = 1/w", "w=0", "-o", "graph.svg"),
            ("plot", "J = 3w", "-o", "graph.svg"),
            (PROGRAM, *VALUES, "-o", "graph.svg"),
            ("plto", PROGRAM),
            ("plot", PROGRAM, *VALUES, "-o", "v.png"),
            ("plot", PROGRAM, *VALUES, "--node", "aa"),
            ("plot", PROGRAM, "--node", "a"),
            ("plot", PROGRAM, *VALUES, "--node", "a", "--node", "b"),
            ("plot", "u = b; J = 2*w", "w=1", "b=2", "--node", "b"),
            ("plot", "u = b; J = 2*w", "w=1", "b=2", "--node", "u", "--curve"),
            ("plot", "J = sqrt(w)", "w=0", "--node", "w"),
            ("plot", "J = sqrt(w)", "w=0", "--curve", "--at", "-1,1"),
            ("plot", PROGRAM, *VALUES, "--curve", "--at", "1,two"),
            ("plot", PROGRAM, *VALUES, "--curve", "--at", "1e999"),
            ("plot", PROGRAM, *VALUES, "--curve", "--at"),
            ("plot", PROGRAM, *VALUES, "--at", "1"),
            ("plot", PROGRAM, *VALUES, "--node", "a", "--fixed", "x"),
            ("plot", PROGRAM, *VALUES, "--curve", "--stencil", "4"),
            ("plot", PROGRAM, *VALUES, "--node", "a", "--stencil", "5"),
            ("plot", PROGRAM, *VALUES, "--node", "a", "--digits", "3"),
            (PROGRAM, *VALUES, "--curve"),
        )
    ]
    assert all(call.code == cli.WRONG and call.out == "" for call in calls)
    assert names(tmp_path) == ["docs", "file"]
    golden("mistakes-of-plot.txt", "".join(map(str, calls)))


@pytest.mark.parametrize("broken", ["write_text", "replace"])
def test_no_half_written_file_is_left(broken, nudgegrad, tmp_path, monkeypatch):
    path = tmp_path / "graph.svg"
    path.write_text("as it was")
    whole = Path.write_text

    def full(self, *_, **options):
        if broken == "write_text":
            whole(self, "<sv", **options)
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, broken, full)
        called = nudgegrad("plot", PROGRAM, "-o", str(path))
    assert called.code == cli.WRONG
    assert called.err.startswith(f"error: '{path}' cannot be written: No space left on device\n")
    assert path.read_text() == "as it was"
    assert names(tmp_path) == ["graph.svg"]


def test_ctrl_c_leaves_the_file_as_it_was(nudgegrad, tmp_path, monkeypatch):
    path = tmp_path / "graph.svg"
    path.write_text("as it was")

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", interrupted)
        assert nudgegrad("plot", PROGRAM, "-o", str(path)).code == cli.INTERRUPTED
    assert path.read_text() == "as it was"
    assert names(tmp_path) == ["graph.svg"]


@pytest.mark.skipif(
    os.name == "nt", reason="links need rights there, and there is no null device to replace"
)
def test_links_and_devices_stay_what_they_are(nudgegrad, tmp_path):
    (tmp_path / "link.svg").symlink_to("graph.svg")
    assert nudgegrad("plot", PROGRAM, "-o", str(tmp_path / "link.svg")).code == 0
    assert (tmp_path / "link.svg").is_symlink()
    assert (tmp_path / "graph.svg").read_text() == svg(GRAPH) + "\n"
    assert nudgegrad("plot", PROGRAM, "-o", os.devnull).code == 0
    assert Path(os.devnull).is_char_device()


def test_a_picture_of_thousands_of_nodes_is_drawn(nudgegrad, tmp_path):
    path = tmp_path / "graph.svg"
    chain = "\n".join(f"a{k} = tanh(a{k - 1})*w + a{k // 2}" for k in range(1, 2_000))
    assert nudgegrad("plot", "-", "-o", str(path), stdin=f"a0 = w\n{chain}".encode()).code == 0
    root = ElementTree.fromstring(path.read_bytes())
    assert sum(e.get("class") == "box" for e in root.iter()) == 2_000
