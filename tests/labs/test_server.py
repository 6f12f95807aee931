"""The lab as a local page: what it serves, everything that it refuses, and how it begins and ends."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from urllib.parse import urlsplit

import pytest

from nudgegrad import errors
from nudgegrad.labs import asking, server
from nudgegrad.labs.exercise import exercise
from nudgegrad.labs.saved import StateFile
from nudgegrad.labs.server import Site, application, listen

from .asgi import call

PORT = 8123
HOST = ("Host", f"127.0.0.1:{PORT}")
OWN = "a = 2*w + b; J = a**2 | w=3 b=1"


@pytest.fixture
def said():
    return []


@pytest.fixture
def site(tmp_path, said):
    own = exercise(OWN, title="</script><script>alert(1)</script>")
    return Site(PORT, StateFile(tmp_path / "lab.json"), (own,), own.id, said.append)


@pytest.fixture
def get(site):
    """Call a route of the site: `get("state")`, `get("ask/bench", "POST", {...})`."""
    app = application(site)

    def called(route="", method="GET", body=None, *headers, path=None, host=HOST, pieces=1):
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        where = f"{site.base}{route}" if path is None else path
        return call(app, method, where, [host, *headers] if host else headers, data, pieces)

    return called


def state_of(**exercises):
    return {"schema": 1, "exercises": exercises, "settings": {}}


def filled(typed, **more):
    return {"text": OWN, "boxes": {"v:a": {"typed": typed, "state": "right", "attempts": 1}}, **more}


def data_of(reply):
    (found,) = re.findall(r'<script type="application/json" id="nudgegrad-data">(.*?)</script>', reply.text)
    return json.loads(found)


# What is served


def test_the_page_and_its_parts(get, site):
    page = get()
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    sources = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert {s for s in sources if "?" not in s} == {"data:,", f"{site.base}lab.js", f"{site.base}lab.css"}
    assert get("lab.js").headers["content-type"].startswith("text/javascript")
    assert get("lab.css").headers["content-type"].startswith("text/css")
    data = data_of(page)
    assert (data["schema"], data["kind"], data["base"]) == (1, "page", site.base)
    assert data["open"] == site.open
    assert list(data["payloads"]) == [site.open]
    assert [entry["id"] for entry in data["index"]][:3] == [site.open, "nw0", "nw1"]
    assert [entry["boxes"] for entry in data["index"]][1:3] == [5, 13]


def test_names_titles_and_values_are_text(get, site):
    page = get()
    title = site.exercises[0].title
    assert data_of(page)["payloads"][site.open]["title"] == title
    assert "<script>alert" not in page.text
    assert page.text.count("</script>") == page.text.count("<script ") == 2
    assert page.text.count("&lt;/script&gt;&lt;script&gt;alert(1)") == 2  # title and heading


def test_another_exercise_may_be_opened(get):
    assert data_of(get("?open=nw1"))["open"] == "nw1"
    assert data_of(get("?open=nowhere"))["open"] is None
    assert data_of(get("?open=%3Cscript%3E"))["open"] is None


def test_without_scripts_there_is_a_sheet_without_answers(get):
    page = get("?open=nw2").text
    (sheets,) = re.findall(r"<noscript>(.*?)</noscript>", page)
    for part in ("x0=1 x1=2 w0=-2 w1=3 b=-4 y=1", "d = x0*w0", "value of d"):
        assert part in sheets
    for answer in ("0.5", "-0.25", "0.25"):
        assert answer not in sheets
    assert "?open=nw1" in sheets


def test_exercises_benches_and_derivatives_are_answered(get, site):
    assert get("ask/exercise", "POST", {"id": "nw0"}).json["text"] == "a = 2 + 3*w; J = a**2 | w=3"
    assert get("ask/exercise", "POST", {"id": site.open}).json["text"] == OWN
    assert get("ask/exercise", "POST", {"text": OWN}).json["title"] == site.exercises[0].title
    assert len(get("ask/exercise", "POST", {"text": "J = w**2 | w=3"}).json["boxes"]) == 2
    assert get("ask/bench", "POST", {"text": OWN, "node": "a"}).json["node"] == "a"
    assert set(get("ask/derivatives", "POST", {"id": "nw0"}).json) == {"w"}


@pytest.mark.parametrize(
    "body",
    [
        [],
        "text",
        b"null",
        {},
        {"id": "nowhere"},
        {"id": 3},
        {"text": None},
        {"text": ""},
        {"text": "J = 3w | w=1"},
    ],
)
def test_a_question_that_cannot_be_answered_is_told_why(body, get):
    for kind in asking.KINDS:
        reply = get(f"ask/{kind}", "POST", body)
        assert reply.status == 200
        assert reply.json["error"]["message"]


def test_what_goes_wrong_inside_is_a_sentence(get, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("by accident")

    monkeypatch.setattr(asking, "KINDS", {**asking.KINDS, "exercise": broken})
    reply = get("ask/exercise", "POST", {"id": "nw0"})
    assert reply.json["error"]["message"] == "nudgegrad itself failed: ZeroDivisionError: by accident"


# What is refused: each check is also seen to fail


def check_token(get, site):
    token = site.token
    near = [f"/{token[:-1]}/", f"/{token}x/", f"/{token.swapcase()}/", f"//{token}/", f"/x/{token}/"]
    for path in ["/", "//", "", "/lab.js", "/state", "/\ud7ff/", *near]:
        assert get(path=path).status == 404


def check_host(get):
    hosts = [
        "evil.example",
        f"evil.example:{PORT}",
        "127.0.0.1",
        "localhost",
        "127.0.0.1:1",
        f"127.0.0.2:{PORT}",
    ]
    for host in hosts:
        assert get(host=("Host", host)).status == 400
        assert get("state", "PUT", state_of(), host=("Host", host)).status == 400
    assert get(host=None).status == 400
    assert get("", "GET", None, ("Host", "evil.example")).status == 400
    assert get(host=("Host", f"LOCALHOST:{PORT}")).status == 200


def check_origin(get):
    foreign = [
        "http://evil.example",
        "null",
        "",
        f"https://127.0.0.1:{PORT}",
        "http://127.0.0.1:1",
        "http://localhost",
    ]
    for origin in foreign:
        assert get("state", "PUT", state_of(), ("Origin", origin)).status == 403
        assert get("ask/exercise", "POST", {"id": "nw0"}, ("Origin", origin)).status == 403
        assert get("", "GET", None, ("Origin", origin)).status == 403
    assert get("state", "PUT", state_of(), ("Origin", f"http://127.0.0.1:{PORT}")).status == 204
    assert get("state", "PUT", state_of(), ("Origin", f"http://localhost:{PORT}")).status == 204


def check_paths(get, site):
    up = [
        "../server.py",
        "..%2fserver.py",
        "static/lab.js",
        "lab.js/..",
        "./lab.js",
        "lab.js%00",
        "x",
        "ask/",
        "ask/x",
    ]
    for path in up:
        assert get(path=f"{site.base}{path}").status in (404, 405)
        assert get(path=f"{site.base}{path}", method="POST", body={}).status in (404, 405)
    assert get(path=f"/{site.token}/../{site.token}/").status == 404
    assert get("ask/x", "POST", {}).status == 404
    assert get("state", "DELETE").status == get("", "POST").status == 405


def check_size(get):
    for pieces in (1, 7):
        assert get("ask/exercise", "POST", b" " * (server.MOST_ASKED + 1), pieces=pieces).status == 413
        assert get("state", "PUT", b" " * (server.MOST_KEPT + 1), pieces=pieces).status == 413
    assert get("ask/exercise", "POST", b'{"id":"nw0"}'.ljust(server.MOST_ASKED)).status == 200


def check_headers(get):
    replies = [
        get(),
        get("lab.js"),
        get("state"),
        get("nowhere"),
        get(path="/"),
        get(host=("Host", "evil.example")),
    ]
    for reply in replies:
        policy = reply.headers["content-security-policy"]
        assert policy.startswith(
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'"
        )
        assert "unsafe" not in policy
        for part in ("base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"):
            assert part in policy
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["referrer-policy"] == "no-referrer"
        assert reply.headers["cache-control"] == "no-store"


def test_a_wrong_token(get, site):
    check_token(get, site)


def test_a_foreign_host(get):
    check_host(get)


def test_a_foreign_origin(get):
    check_origin(get)


def test_a_path_out_of_the_page(get, site):
    check_paths(get, site)


def test_a_body_that_is_too_large(get):
    check_size(get)


def test_every_answer_says_what_the_page_may_do(get):
    check_headers(get)


def test_a_guard_that_is_gone_is_noticed(get, site, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(server.Guard, "refused", lambda *_: None)
        for check in (check_host, check_origin):
            with pytest.raises(AssertionError):
                check(get)
    open_to_all = application(Site(PORT, site.saved, token=""))
    with pytest.raises(AssertionError):
        check_token(lambda path: call(open_to_all, "GET", path, [HOST]), site)
    with monkeypatch.context() as patched:
        patched.setattr(server, "body_of", lambda request, _: request.body())
        with pytest.raises(AssertionError):
            check_size(get)
    with monkeypatch.context() as patched:
        patched.setattr(server, "HEADERS", {**server.HEADERS, "Content-Security-Policy": "default-src *"})
        with pytest.raises(AssertionError):
            check_headers(get)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 200_000, b"NaN" * 9])
def test_what_is_no_json(body, get):
    assert get("ask/exercise", "POST", body).status == 400
    assert get("state", "PUT", body).status == 400


# Answers are kept


def test_what_is_put_is_there_again_after_a_restart(get, site):
    state = state_of(**{site.open: filled("7")})
    assert get("state", "PUT", state).status == 204
    assert get("state").json == data_of(get())["state"] == state
    again = Site(PORT, StateFile(site.saved.path))
    assert call(application(again), "GET", f"{again.base}state", [HOST]).json == state


def test_a_state_that_could_not_be_written_again_is_refused(get, site):
    nested = b'{"schema": 1, "x": %s%s}'
    for depth in (400, 900, 990, 5000):
        assert get("state", "PUT", nested % (b"[" * depth, b"]" * depth)).status in (204, 400)
        assert get("state").status == 200
    assert get("state", "PUT", b'{"schema": 1, "x": 1e999}').status == 400
    assert get("state", "PUT", b'{"schema": 1, "x": 1%s}' % (b"0" * 9999)).status == 400
    assert [path.name for path in site.saved.path.parent.iterdir() if "bad" in path.name] == []


def test_the_port_of_http_goes_without_saying(tmp_path):
    site = Site(80, StateFile(tmp_path / "lab.json"))
    for host in ("127.0.0.1", "localhost:80"):
        assert call(application(site), "GET", f"{site.base}lab.css", [("Host", host)]).status == 200


def test_answers_that_cannot_be_kept_are_told(get, site, said, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(StateFile, "_write", full)
    reply = get("state", "PUT", state_of(nw0=filled("1")))
    assert (reply.status, "No space left on device" in reply.text) == (507, True)
    assert said == [f"the answers cannot be kept in '{site.saved.path}': No space left on device"]


# Ports


def test_a_port_that_is_taken_is_told():
    with listen() as first, pytest.raises(errors.UsageError) as error:
        listen(first.getsockname()[1])
    assert "is taken by another program" in str(error.value)
    assert "leave out --port" in str(error.value)


# As a process


def started(*arguments, code="", **variables):
    """A lab as a process of its own, and its address."""
    run = f"import sys; {code}; from nudgegrad.cli import main; sys.exit(main(sys.argv[1:]))"
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", run.replace("; ;", ";"), "lab", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, "PYTHONUTF8": "1", **variables},
    )
    assert process.stdout is not None
    return process, urlsplit(process.stdout.readline().strip())


def fetched(url, method="GET", route="", body=None):
    with contextlib.closing(http.client.HTTPConnection(url.hostname, url.port, timeout=60)) as connection:
        connection.request(method, f"{url.path}{route}", body)
        found = connection.getresponse()
        return found.status, found.read()


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGINT to send")
def test_a_lab_starts_keeps_answers_and_stops_at_ctrl_c(tmp_path):
    state = state_of(nw1=filled("-4"))
    for _ in range(2):
        process, url = started("nw1", "--no-browser", "--save", str(tmp_path / "lab.json"))
        assert (url.scheme, url.hostname) == ("http", "127.0.0.1")
        assert len(url.path) > 40
        status, page = fetched(url)
        assert (status, b'"open":"nw1"' in page) == (200, True)
        assert fetched(url, "PUT", "state", json.dumps(state).encode()) == (204, b"")
        assert json.loads(fetched(url, route="state")[1]) == state
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out) == (0, "")
        assert err.splitlines()[-1] == "the lab is stopped"
        assert "Ctrl-C" in err
        assert "Traceback" not in err
        with socket.socket() as free, pytest.raises(ConnectionRefusedError):
            free.connect((url.hostname, url.port))


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGINT to send")
def test_ctrl_c_does_not_wait_for_a_long_computation(tmp_path):
    code = (
        "import threading; from nudgegrad.labs import asking; "
        "asking.KINDS = {**asking.KINDS, 'bench': lambda *_: threading.Event().wait()}"
    )
    process, url = started("nw0", "--no-browser", "--save", str(tmp_path / "lab.json"), code=code)
    asked = http.client.HTTPConnection(url.hostname, url.port, timeout=60)
    asked.request("POST", f"{url.path}ask/bench", b'{"id": "nw0", "node": "w"}')
    assert fetched(url)[0] == 200  # while the bench is computed
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in err) == (0, False)
    asked.close()


@pytest.mark.skipif(os.name == "nt", reason="a browser is a shell script here")
def test_the_browser_is_opened_unless_not_wanted(tmp_path):
    seen = tmp_path / "seen"
    browser = tmp_path / "browser"
    os.mkfifo(seen)
    browser.write_text(f'#!/bin/sh\necho "$1" > "{seen}"\n', encoding="utf-8")
    browser.chmod(0o755)
    lines = []
    reader = threading.Thread(target=lambda: lines.append(seen.read_text(encoding="utf-8")), daemon=True)
    reader.start()
    process, url = started("--save", str(tmp_path / "lab.json"), BROWSER=f"{browser} %s")
    reader.join(60)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert lines == [f"{url.geturl()}\n"]
