"""The table of checks side by side: it counts what it says it counts, and the docs show it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from benchmarks.rivals import (
    CANNOT,
    CHECKS,
    FAIL,
    LARGEST,
    OURS,
    OURS_AS_IT_IS,
    PASS,
    Answer,
    Check,
    Task,
    installed,
    large_tasks,
    report,
    run,
    size_of_mistake,
    table,
)
from tests.checks.battery.mistakes import WRONG
from tests.checks.battery.right import RIGHT
from tests.checks.battery.traps import all_traps

ROOT = Path(__file__).parents[1]
TRAP = "1e-8 sin(x), 68 times"
UNDEFINED = "value nan"


def of(name: str) -> Task:
    return Task(
        "wrong", partial(WRONG.__getitem__, name), partial(RIGHT.__getitem__, name.partition(": ")[0])
    )


def some() -> list[Task]:
    return [
        Task("right", partial(RIGHT.__getitem__, "softmax regression")),
        of("softmax regression: wrong axis"),
        Task("trap", lambda: all_traps()[TRAP]),
        Task("trap", lambda: all_traps()[UNDEFINED]),
    ]


@pytest.mark.parametrize("format", ["float64", "float32", "float16"])
def test_every_check_that_is_installed_judges(format):
    checks = installed(("torch", "scipy"))
    records = run(checks, some(), format)
    rows = [row for check in checks for row in check.rows if format != "float64" or row != OURS_AS_IT_IS]
    assert {"torch", "torch, fast"} <= set(rows)
    assert len(records) == len(rows) * len(some())
    assert {r.row for r in records} == set(rows)
    assert {r.reason for r in records} == {""}
    assert all(r.values and r.gradients for r in records if r.name != UNDEFINED)
    assert len(table(records, checks)) == len(rows) + 2
    mine = {r.name: r.verdict for r in records if r.row == OURS}
    assert mine == dict(
        zip([t.make().name for t in some()], [PASS, FAIL, FAIL, "inconclusive"], strict=True)
    )
    assert not any(r.mistaken for r in records if r.row == OURS)


def test_usual_checks_judge_an_ordinary_gradient_in_float64():
    records = run(installed(("torch", "scipy")), some()[:2], "float64")
    assert {(r.name, r.verdict) for r in records} == {
        ("softmax regression", PASS), ("softmax regression: wrong axis", FAIL),
    }  # fmt: skip
    assert {r.named <= r.wrong for r in records} == {True}
    assert {r.values for r in records if r.row.startswith("course")} == {2 * records[0].parameters}


def saying(verdict: str) -> Check:
    return Check((verdict,), "no", lambda _: [Answer(verdict)])


def cells(lines: list[str]) -> dict[str, list[str]]:
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    return {row: rest for row, *rest in found}


def test_mistakes_are_counted():
    checks = [saying(PASS), saying(FAIL)]
    found = cells(table(run(checks, some(), "float64"), checks))
    assert found[PASS] == ["0 + 0", "1 + 0", "0 + 2", "0", "0", "0 + 0", "-"]
    assert found[FAIL] == ["1 + 0", "0 + 0", "0 + 0", "0", "0", "0 + 0", "no"]


def test_what_a_check_cannot_is_no_mistake():
    def raising(_):
        raise NotImplementedError("no halves")

    checks = [Check(("raising",), "no", raising), Check(("growing",), "no", raising, grows=True)]
    records = run(checks, some(), "float64")
    assert {(r.verdict, r.mistaken, r.reason) for r in records} == {
        (CANNOT, False, "NotImplementedError: no halves")
    }
    assert cells(table(records, checks))["raising"] == ["0 + 0", "0 + 0", "0 + 0", "0", "4", "-", "-"]
    assert "float64, raising: 4 times NotImplementedError: no halves" in report(records, [], checks, "")
    (large, *_) = run(checks[1:], list(large_tasks([10_000]))[:1], "float64")
    assert large.parameters > LARGEST
    assert large.reason.startswith("above")


def test_a_mistake_that_the_format_rounds_away_is_not_counted():
    small = next(of(name) for name in WRONG if "one entry times 1.00001" in name)
    assert 0 < size_of_mistake(small, "float64") < 1e-4
    assert size_of_mistake(small, "float16") == 0
    assert not run([saying(PASS)], [small], "float16")
    assert run([saying(PASS)], [small], "float64")


def test_the_docs_show_the_result():
    """`python -m benchmarks.rivals` wrote what docs/checks.md says."""
    result = (ROOT / "benchmarks/results/rivals.txt").read_text(encoding="utf-8")
    docs = (ROOT / "docs/checks.md").read_text(encoding="utf-8")
    section = docs.partition("## Beside other checks\n")[2].partition("\n## ")[0]
    tables = [line for line in result.splitlines() if line.startswith("|")]
    assert [line for line in section.splitlines() if line.startswith("|")] == tables
    first = {line.split("|")[1].strip(" -") for line in tables}
    assert first - {"", "check"} == {row for check in CHECKS for row in check.rows}
