"""`nudgegrad lab` and `nudgegrad lab export`, up to the page that they serve or write."""

import subprocess
import sys

import pytest

from nudgegrad import cli
from nudgegrad.labs import saved, server
from nudgegrad.labs.course import COURSE

NET = "c = w*x; a = c + b; J = a**2"


@pytest.fixture
def served(monkeypatch, tmp_path):
    """The sites that were served; each run ends at once, as by Ctrl-C."""
    sites = []

    def serve(site, listening):
        sites.append((site, listening.getsockname()))
        raise KeyboardInterrupt

    monkeypatch.setattr(server, "serve", serve)
    monkeypatch.setattr(saved, "default_path", lambda: tmp_path / "state" / "lab.json")
    return sites


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("nw1",), COURSE["nw1"][2]),
        ((f"{NET} | x=2 w=-2 b=8 | fixed x",), f"{NET} | x=2 w=-2 b=8 | fixed x"),
        ((NET, "x=2", "w=-2", "b=8", "--fixed", "x"), f"{NET} | x=2 w=-2 b=8 | fixed x"),
        ((NET, "--fixed", "x", "b", "x=2", "w=-2", "b=1/3"), f"{NET} | x=2 w=-2 b=1/3 | fixed x b"),
        ((NET, "--fixed", "x,b", "--port", "0x", "x=2"), None),
        (("J = w**2", "w=3"), "J = w**2 | w=3"),
        (("J = w**2", "w = 3 / 4"), "J = w**2 | w=3/4"),
        (("-f", "net.txt", "w=3"), "J = w**2 | w=3"),
        ((), ""),
    ],
)
def test_the_page_opens_on(arguments, text, nudgegrad, served, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.txt").write_text("J = w**2\n", encoding="utf-8")
    called = nudgegrad("lab", *arguments, "--no-browser")
    if text is None:
        assert called.code == cli.WRONG
        return
    ((site, (address, port)),) = served
    assert (called.code, called.out) == (0, f"{site.url}\n")
    assert (address, port) == ("127.0.0.1", site.port)
    assert [found.text for found in site.exercises] == [text][: bool(text)]
    assert site.open == (site.exercises[0].id if text else None)
    kept = tmp_path / "state" / "lab.json"
    assert called.err.splitlines() == [
        f"Ctrl-C stops the lab; answers are kept in {kept}",
        "the lab is stopped",
    ]


def test_addresses_cannot_be_guessed(nudgegrad, served):
    for _ in range(2):
        nudgegrad("lab", "nw0", "--no-browser")
    (first, _), (second, _) = served
    assert first.token != second.token
    assert min(len(first.token), len(second.token)) >= 43  # 256 bits


def test_the_browser_is_opened_unless_not_wanted(nudgegrad, served, monkeypatch):
    class Now:
        def __init__(self, target, args, daemon):
            assert daemon
            self.start = lambda: target(*args)

    opened: list[str] = []
    monkeypatch.setattr("threading.Thread", Now)
    monkeypatch.setattr("webbrowser.open", opened.append)
    nudgegrad("lab", "nw0")
    nudgegrad("lab", "nw0", "--no-browser")
    assert opened == [served[0][0].url]


MISTAKES = [
    ("nw11",),
    ("nw1", "w=3"),
    ("nw1", "nw2"),
    ("J = 3w", "w=1"),
    ("J = w",),
    ("J = w", "w=1", "w=2"),
    ("J = w", "w=1", "q=2"),
    ("J = w", "w=1", "q"),
    ("J = w | w=1", "--fixed", "q"),
    ("--fixed", "x"),
    ("J = w | w=1", "--port", "70000"),
    ("J = w | w=1", "--port", "http"),
    ("J = w | w=1", "--json"),
    ("J = w | w=1", "--steps"),
    ("J = w | w=1", "--html", "a.html"),
    ("J = w | w=1", "--no-answers"),
    ("export", "nw1"),
    ("export", "nw1", "--html", "no/a.html"),
    ("export", "nw1", "--html", "a.html", "--port", "1"),
    ("export", "J = w", "--html", "a.html"),
    ("nw1", "--save", "no/a.json"),
    ("nw1", "--save", "notes.txt"),
    ("-f", "nowhere.txt"),
]


def test_mistakes_are_told_with_the_next_thing_to_type(nudgegrad, golden, served, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("notes", encoding="utf-8")
    calls = [nudgegrad("lab", *arguments, "--no-color") for arguments in MISTAKES]
    assert all(call.code == cli.WRONG and call.out == "" for call in calls)
    assert served == []
    golden("mistakes-of-lab.txt", "".join(map(str, calls)).replace(str(tmp_path), "HERE"))


def test_a_port_that_is_taken_is_told(nudgegrad, served):
    with server.listen() as first:
        port = first.getsockname()[1]
        called = nudgegrad("lab", "nw0", "--port", str(port), "--no-browser")
    assert (called.code, called.out) == (cli.WRONG, "")
    assert f"error: port {port} is taken by another program\n  = help: leave out --port" in called.err
    assert served == []
    assert nudgegrad("lab", "nw0", "--port", str(port), "--no-browser").code == 0
    assert served[0][0].port == port


# Export


def test_one_exercise_is_exported(nudgegrad, tmp_path):
    path = tmp_path / "out.html"
    called = nudgegrad("lab", "export", NET, "x=2", "w=-2", "b=8", "--html", str(path))
    assert (called.code, called.out, called.err) == (0, f"{path}\n", "")
    page = path.read_text(encoding="utf-8")
    assert f'"text":"{NET} | x=2 w=-2 b=8"' in page
    assert '"answers":true' in page


def test_all_exercises_are_exported_without_answers(nudgegrad, tmp_path):
    path = tmp_path / "out.html"
    assert nudgegrad("lab", "export", "--html", str(path), "--no-answers").code == 0
    page = path.read_text(encoding="utf-8")
    assert all(f'"id":"{id}"' in page for id in COURSE)
    assert '"truth":"121"' not in page
    assert '"answers":false' in page


def test_the_server_is_imported_by_the_lab_only():
    heavy = "{'starlette', 'uvicorn', 'mpmath', 'anywidget', 'asyncio'}"
    for arguments in (["J = w", "w=1"], ["lab", "nw11"], ["--help"]):
        code = (
            f"import sys; from nudgegrad.cli import main; main({arguments!r});"
            f"print(*sorted({heavy} & set(sys.modules)), file=sys.stderr)"
        )
        found = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
        )
        assert found.stderr.splitlines()[-1] in ("", "mpmath"[: 6 * (arguments[0] == "lab")])
