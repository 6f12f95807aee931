"""The lab as one offline file: what is in it, what is not, and that nothing else can run in it."""

import base64
import hashlib
import html
import json
import re
import zlib

import pytest

from nudgegrad import UsageError
from nudgegrad.labs import export, page
from nudgegrad.labs.course import COURSE
from nudgegrad.labs.exercise import Exercise, course_exercise, exercise
from nudgegrad.labs.export import export_html, frame_html, write_html
from tests.figures import FILE_BYTES

RELU2 = COURSE["relu2"][2].partition("|")[0]
DISTINCT = f"{RELU2} | x=1.37 y=5.11 w1=2.03 b1=0.59 w2=3.07 b2=1.13 | fixed x y"
NAMESPACES = {"http://www.w3.org/2000/svg", "http://www.w3.org/1998/Math/MathML"}


@pytest.fixture(scope="module")
def whole():
    return export_html([course_exercise("nw1")])


@pytest.fixture(scope="module")
def blank():
    return export_html([exercise(DISTINCT)], answers=False)


def data_of(document):
    (found,) = re.findall(r'<script type="application/json" id="nudgegrad-data">(.*?)</script>', document)
    data = json.loads(found)
    if "packed" in data:
        data |= json.loads(zlib.decompress(base64.b64decode(data["packed"])))
    return data


def policy_of(document):
    (found,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', document)
    return dict(part.strip().split(" ", 1) for part in html.unescape(found).split(";"))


def check_hashes(document):
    (script,) = re.findall(r'<script type="module">(.*?)</script>', document, re.S)
    (style,) = re.findall(r"<style>(.*?)</style>", document, re.S)
    policy = policy_of(document)
    for text, kind in ((script, "script-src"), (style, "style-src")):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert policy[kind] == f"'sha256-{digest}'"


def test_only_the_script_and_the_style_can_run(whole, blank):
    for document in (whole, blank):
        check_hashes(document)
        policy = policy_of(document)
        assert (policy["default-src"], policy["img-src"]) == ("'none'", "data:")
        assert "connect-src" not in policy
        assert document.index("Content-Security-Policy") < document.index("<style>")
        assert not re.search(r"\son\w+=|style=", document.partition("<style>")[0])


def test_script_and_style_stand_in_html_as_they_are():
    script, style = page.asset("lab.js"), page.asset("lab.css")
    assert not re.search(r"</script|<!--|\r|\x00", script, re.I)
    assert not re.search(r"</style|<!--|\r|\x00", style, re.I)
    assert not re.search(r"^\s*import\b|\bimport\s*\(|\beval\s*\(|new Function", script, re.M)
    assert not re.search(r"@import|url\((?!#)", style)


def check_no_network(document):
    addresses = set(re.findall(r"""https?://[^\s"'`<>)\\]+""", document))
    assert addresses <= NAMESPACES
    assert not re.search(r'<(?:script|link|img|iframe)[^>]*(?:src|href)="(?!data:)', document)


def test_nothing_comes_from_the_network(whole, blank):
    check_no_network(whole)
    check_no_network(blank)


def test_the_data_are_inside(whole):
    data = data_of(whole)
    assert (data["kind"], data["open"], data["base"], data["answers"]) == ("file", "nw1", "", True)
    assert data["payloads"]["nw1"]["boxes"][-1]["truth"] == "6"
    assert set(data["derivatives"]["nw1"]) == {"w", "x", "b", "y"}
    assert [entry["id"] for entry in data["index"]] == ["nw1"]


def test_benches_are_there_as_long_as_there_is_room(monkeypatch):
    nw1 = course_exercise("nw1")
    monkeypatch.setattr(export, "MOST", 10**6)
    large = export_html([nw1])
    assert set(data_of(large)["benches"]["nw1"]) == set(nw1.graph.names.values())
    less = len(large.encode()) - 10
    monkeypatch.setattr(export, "MOST", less)
    smaller = export_html([nw1])
    assert len(smaller.encode()) <= less
    assert len(data_of(smaller)["benches"]["nw1"]) == len(nw1.graph.names) - 1
    monkeypatch.setattr(export, "MOST", 0)
    assert data_of(export_html([nw1]))["benches"] == {}
    monkeypatch.setattr(export, "MOST", 10**6)
    monkeypatch.setattr(export, "LARGE", 3)
    assert data_of(export_html([nw1]))["benches"] == {}


@pytest.mark.parametrize("id", COURSE)
def test_the_file_of_an_exercise_is_small(id):
    size = len(export_html([course_exercise(id)]).encode())
    assert size <= FILE_BYTES


def test_large_parts_are_packed_where_the_script_can_unpack_them(monkeypatch):
    nw1 = course_exercise("nw1")
    monkeypatch.setattr(export, "MOST", 10**6)
    monkeypatch.setattr(export, "asset", lambda name: f"/* no packing in {name} */")
    plain = export_html([nw1])
    monkeypatch.setattr(export, "asset", lambda name: f"unpack(data.packed) /* {name} */")
    packed = export_html([nw1])
    assert {k: v for k, v in data_of(packed).items() if k != "packed"} == data_of(plain)
    assert len(packed) < len(plain) / 2
    assert "packed" not in data_of(export_html([nw1], answers=False))


def test_all_exercises_go_into_one_file():
    data = data_of(export_html([course_exercise(id) for id in COURSE], answers=False))
    assert [entry["id"] for entry in data["index"]] == list(data["payloads"]) == list(COURSE)
    assert data["open"] is None


# Without answers


def answers_of(asked):
    """Every right or wrong number of an exercise, as the payload, a float and a learner would write it."""
    found = set()
    given = {str(value) for value in asked.values.values()}
    for box in asked.payload()["boxes"]:
        numbers = [box["truth"], *(w[0] for w in box["wrong"] if isinstance(w, list))]
        for number in numbers:
            if isinstance(number, str) and number not in given:
                top, _, bottom = number.partition("/")
                found |= {number, repr(int(top) / int(bottom or 1)), f"{int(top) / int(bottom or 1):.6g}"}
    return {text for text in found if len(text.strip("-")) >= 4}


def check_no_answers(document, asked):
    data = data_of(document)
    assert (data["benches"], data["derivatives"], data["answers"]) == ({}, {}, False)
    (payload,) = data["payloads"].values()
    assert not {"tape", "closing"} & set(payload)
    for box in payload["boxes"]:
        assert not {"truth", "wrong", "otherwise", "quotients", "nudge", "lines"} & set(box)
    for node in payload["nodes"]:
        assert node["kind"] == "input" or not {"value", "truth", "numbers"} & set(node)
    text = (
        document.partition("<style>")[0]
        + document.partition("</style>")[2].partition('<script type="module">')[0]
    )
    assert [number for number in answers_of(asked) if number in text] == []


def test_without_answers_there_are_none(blank):
    assert len(answers_of(exercise(DISTINCT))) > 40
    check_no_answers(blank, exercise(DISTINCT))


def test_answers_that_slip_in_are_noticed(monkeypatch):
    asked = exercise(DISTINCT)
    with pytest.raises(AssertionError):
        check_no_answers(export_html([asked]), asked)
    payload = Exercise.payload

    def leaky(self, answers=True):
        found = payload(self, answers)
        found["boxes"][0]["label"] += f" {self.boxes[0].truth}"
        return found

    monkeypatch.setattr(Exercise, "payload", leaky)
    with pytest.raises(AssertionError):
        check_no_answers(export_html([exercise(DISTINCT)], answers=False), asked)


def test_faults_are_noticed(monkeypatch, whole):
    with pytest.raises(AssertionError):
        check_no_network(whole.replace("</body>", '<img src="https://example.org/x.png"></body>'))
    monkeypatch.setattr(export, "digest", lambda text: base64.b64encode(text[:32].encode()).decode())
    with pytest.raises(AssertionError):
        check_hashes(export_html([course_exercise("nw0")], answers=False))


# Text stays text


EVIL = "</script><script>alert(1)</script><!-- \u2028 \ud800 & \"'"


def check_text(document):
    assert data_of(document)["index"][0]["title"] == EVIL
    assert "<script>alert" not in document
    assert "<!--" not in document.partition("<style>")[0]
    assert "\u2028" not in document.partition('id="nudgegrad-data">')[2].partition("</script>")[0]
    document.encode()


def test_titles_and_states_are_text():
    evil = exercise("J = w**2 | w=3", title=EVIL)
    state = {"schema": 1, "exercises": {EVIL: {"boxes": {}}}, "settings": {}}
    document = export_html([evil], answers=False, state=state)
    check_text(document)
    assert data_of(document)["state"] == state


def test_an_escape_that_is_gone_is_noticed(monkeypatch):
    monkeypatch.setattr(page, "as_json", json.dumps)
    with pytest.raises((AssertionError, ValueError)):
        check_text(export_html([exercise("J = w**2 | w=3", title=EVIL)], answers=False))


def test_the_sheet_to_print_has_a_cell_for_each_box(blank):
    (sheets,) = re.findall(r"<noscript>(.*?)</noscript>", blank)
    boxes = data_of(blank)["payloads"].popitem()[1]["boxes"]
    labels = [
        html.unescape(label) for label in re.findall(r'<th scope="row">(.*?)</th><td>&nbsp;</td>', sheets)
    ]
    assert labels == [box["label"] for box in boxes]
    assert "x=1.37 y=5.11" in sheets


# Frames and files


def test_a_frame_holds_the_page_and_may_do_little():
    frame = frame_html([course_exercise("nw0")], height=300, title='a "b"')
    ((tag, page),) = re.findall(r'^<iframe ([^>]*?)srcdoc="([^"]*)"[^>]*></iframe>$', frame)
    assert 'sandbox="allow-scripts allow-downloads"' in tag
    assert 'title="a &quot;b&quot;"' in tag
    document = html.unescape(page)
    assert data_of(document)["kind"] == "frame"
    check_hashes(document)


def test_a_file_that_cannot_be_written_is_told(tmp_path):
    assert write_html(tmp_path / "a.html", "½").read_bytes() == "½".encode()
    with pytest.raises(UsageError, match="cannot be written") as error:
        write_html(tmp_path / "no" / "a.html", "")
    assert "= help: name a file" in str(error.value)
