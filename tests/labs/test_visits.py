"""What "Why backprop" counts: nodes, parameters and visits of a graph, and the measured table."""

import json
import re
from html import unescape
from importlib.resources import files

import pytest

from nudgegrad.graphs.program import parse
from nudgegrad.labs import visits as module
from nudgegrad.labs.exercise import course_exercise, exercise
from nudgegrad.labs.visits import lasting, measured, race, visits
from tests.sweeps.programs import EXERCISES

DATA = json.loads(files("nudgegrad.labs").joinpath("static", "race.json").read_bytes())
SECONDS = {"µs": 1e-6, "ms": 1e-3, "s": 1, "min": 60, "h": 3600, "days": 86400}


def statements(program: str) -> dict[str, set[str]]:
    """The statements of a program and the names in each, read off its text."""
    pairs = (part.split("=", 1) for part in program.split(";"))
    return {name.strip(): set(re.findall(r"[A-Za-z_]\w*", right)) for name, right in pairs}


@pytest.mark.parametrize("name", EXERCISES)
def test_nodes_and_parameters_are_those_of_the_text(name):
    told = EXERCISES[name]
    said = statements(told["program"])
    free = set(told["inputs"]) - set(told["fixed"])
    made = course_exercise(name)
    found = visits(made.graph, made.fixed)
    assert list(found.nodes) == list(said)
    assert set(found.parameters) == free
    assert len(found.parameters) == len(free)
    assert (found.backprop, found.nudging) == (len(said) + len(free), len(said) * len(free))


@pytest.mark.parametrize("name", EXERCISES)
def test_the_pass_back_visits_each_once_after_all_that_take_it(name):
    said = statements(EXERCISES[name]["program"])
    made = course_exercise(name)
    found = visits(made.graph, made.fixed)
    assert sorted(found.back) == sorted([*found.nodes, *found.parameters])
    for k, visited in enumerate(found.back):
        users = {user for user, names in said.items() if visited in names}
        assert users <= set(found.back[:k])


def test_what_the_output_does_not_depend_on_is_not_visited():
    found = visits(parse("a = w*x; z = v*a; J = a**2"), fixed=("x",))
    assert (found.nodes, found.parameters, found.back) == (("a", "J"), ("w",), ("J", "a", "w"))


def test_an_input_of_such_a_statement_alone_can_be_shown():
    sent = exercise("a = w*x; z = v*a; J = a**2 | w=1 x=2 v=3 | fixed x").payload()
    assert 'data-node="v"' in sent["html"]["columns"]
    assert sent["why"] == {"nodes": ("a", "J"), "parameters": ("w",), "back": ("J", "a", "w")}


def test_the_lectures_counts_are_on_the_page_without_answers_too():
    for answers in (True, False):
        html = course_exercise("lecture").payload(answers=answers)["html"]["why"]
        text = unescape(re.sub("<[^>]*>", "", html))
        assert "N = 4 nodes" in text
        assert "P = 2 parameters" in text
        assert "of 6 visits: backprop, N + P = 4 + 2" in text
        assert "of 8 visits: nudging, N × P = 4 × 2" in text


def test_without_a_parameter_there_is_nothing_to_nudge():
    sent = exercise("J = x*3 | x=2 | fixed x").payload()
    assert "why" not in sent
    assert "why" not in sent["html"]


# The measured table


def cells(html: str) -> list[list[str]]:
    rows = re.findall("<tr>(.*?)</tr>", html)[1:]
    return [[unescape(cell) for cell in re.findall("<t[hd][^>]*>(.*?)</t[hd]>", row)] for row in rows]


def says(text: str, seconds: float) -> bool:
    """Whether a text is that time, to three digits in its own unit."""
    number, unit = text.split(" ")
    return f"{float(number.replace(',', '')):.2e}" == f"{seconds / SECONDS[unit]:.2e}"


def test_what_was_measured_fits_together():
    assert race() == DATA
    assert set(DATA) >= {"machine", "date", "rows"}
    for row in DATA["rows"]:
        assert row["sum"] == row["neurons"] + row["parameters"]
        assert row["product"] == row["neurons"] * row["parameters"]
        assert 0 < row["sampled"] <= row["parameters"]
        assert min(row["backprop"], row["sweep"], row["nudges"]) > 0


def test_the_rows_of_the_table_are_the_data():
    found = cells(measured()["html"])
    assert len(found) == len(DATA["rows"]) > 1
    for shown, row in zip(found, DATA["rows"], strict=True):
        counts = [int(text.replace(",", "")) for text in shown[:4]]
        assert counts == [row[key] for key in ("neurons", "parameters", "sum", "product")]
        sweep = re.fullmatch(r"≈ (.*), from ([\d,]+) of them", shown[5])
        if row["sampled"] == row["parameters"]:
            assert not sweep
            times = [shown[4], shown[5], shown[7]]
        else:
            assert sweep
            assert int(sweep[2].replace(",", "")) == row["sampled"]
            times = [shown[4], sweep[1], shown[7]]
        for text, key in zip(times, ("backprop", "sweep", "nudges"), strict=True):
            assert says(text, row[key])
        assert shown[6] == f"{row['sweep'] / row['backprop']:,.0f}"


def test_the_page_says_on_what_it_was_measured_and_that_it_was_extrapolated():
    text = unescape(re.sub("<[^>]*>", " ", measured()["html"]))
    assert DATA["machine"] in text
    assert DATA["date"] in text
    assert "extrapolated" in text


def test_the_speed_is_that_of_the_row_of_the_courses_size(monkeypatch):
    rows = [
        {**DATA["rows"][0], "parameters": p, "neurons": n} for p, n in ((1000, 100), (9e4, 9e3), (1e6, 1e5))
    ]
    for k, row in enumerate(rows, start=1):
        row |= {"sum": k, "product": 10 * k, "backprop": 3.0 * k * k, "sweep": 50.0 * k * k}
    monkeypatch.setattr(module, "race", lambda: {**DATA, "rows": rows})
    found = measured()
    assert found["neurons"] == 9e3
    assert found["visit"] == [6.0, 10.0]


def test_times_are_said_in_a_unit_that_fits():
    assert [lasting(s) for s in (1.234e-7, 1e-3, 0.9994, 59.0, 61.0, 86400.0 * 1000)] == [
        "0.123 µs", "1 ms", "999 ms", "59 s", "1.02 min", "1,000 days",
    ]  # fmt: skip


def test_the_machines_name_is_text(monkeypatch):
    monkeypatch.setattr(module, "race", lambda: {**DATA, "machine": "<script>"})
    assert "<script>" not in measured()["html"]
    assert "&lt;script&gt;" in measured()["html"]
