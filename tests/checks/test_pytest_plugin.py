"""The pytest plugin, in sessions of its own: the fixture, the ini option, the report, what it imports."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

PLUGIN = "nudgegrad.checks.pytest_plugin"
SOURCE = Path(__file__).parents[2] / "src"

TESTS = """
import numpy as np
import pytest

x = {"W": np.array([[0.5, 1.0], [2.0, -1.5]]), "b": np.array([0.25, 3.0])}


def loss(p):
    return (p["W"] ** 2).sum() + (p["b"] ** 2).sum()


def right(p):
    return {"W": 2 * p["W"], "b": 2 * p["b"]}


def wrong(p):
    return {"W": 2 * p["W"], "b": 8 * p["b"]}


def spoils(x):
    x -= 0.5
    return (x**2).sum()


def test_right(gradcheck):
    gradcheck(loss, x, grad=right)


def test_wrong(gradcheck):
    gradcheck(loss, x, wrong)


def test_result(gradcheck):
    assert not gradcheck.result(loss, x, wrong)
    assert gradcheck.result(loss, x, right, seed=3)


def test_unclear(gradcheck):
    gradcheck(spoils, np.array([1.0, 2.0]), grad=lambda x: 2 * x - 1)
"""


@pytest.fixture
def session(pytester, monkeypatch):
    """Run the tests above in a session that has this plugin and no other but those named."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", str(SOURCE))
    pytester.makepyfile(test_net=TESTS)

    def run(*arguments, ini=""):
        pytester.makeini(f"[pytest]\n{ini}")
        return pytester.runpytest_subprocess("-p", PLUGIN, "-W", "error", *arguments)

    return run


@pytest.mark.parametrize(
    ("ini", "unclear"),
    [
        ("", {"failed": 2}),
        ("nudgegrad_inconclusive = fail", {"failed": 2}),
        ("nudgegrad_inconclusive = skip", {"failed": 1, "skipped": 1}),
        ("nudgegrad_inconclusive = pass", {"failed": 1, "passed": 3}),
    ],
)
def test_an_inconclusive_check_is_what_the_ini_option_says(ini, unclear, session):
    found = session("-rs", ini=ini)
    found.assert_outcomes(**{"passed": 2, **unclear})
    if "skipped" in unclear:
        found.stdout.fnmatch_lines(["SKIPPED*gradient check inconclusive: f changes its argument*"])


def test_an_unknown_ini_value_is_refused(session):
    found = session(ini="nudgegrad_inconclusive = maybe")
    assert found.ret == pytest.ExitCode.USAGE_ERROR
    found.stderr.fnmatch_lines(["*nudgegrad_inconclusive = maybe is unknown: one of fail, skip, pass"])


def test_a_failure_shows_what_differs_and_none_of_our_code(session):
    found = session("-k", "test_wrong")
    found.stdout.fnmatch_lines(
        [
            ">       gradcheck(loss, x, wrong)",
            "E       AssertionError: the gradient of b differs from f",
            "E*Mismatched blocks: 1 / 2 (b)",
            "E*Largest difference: * at *",
            "E*FAIL: the gradient differs from f by more than its bar.",
            "test_net.py:*: AssertionError",
            "FAILED test_net.py::test_wrong - AssertionError: the gradient of b*",
        ]
    )
    found.stdout.no_fnmatch_line("*pytest_plugin.py*")


@pytest.mark.parametrize("workers", [(), ("-p", "xdist", "-n", "2")])
def test_one_report_has_all_checks_of_all_workers(workers, session, pytester):
    session(*workers, "--nudgegrad-report=report.json")
    document = json.loads((pytester.path / "report.json").read_text(encoding="ascii"))
    assert (document["schema"], document["command"], document["verdict"]) == (1, "pytest", "fail")
    verdicts = sorted((check["test"].partition("::")[2], check["verdict"]) for check in document["checks"])
    assert verdicts == [
        ("test_result", "fail"),
        ("test_result", "pass"),
        ("test_right", "pass"),
        ("test_unclear", "inconclusive"),
        ("test_wrong", "fail"),
    ]
    bad = next(check for check in document["checks"] if check["test"].endswith("test_wrong"))
    assert {block["name"]: block["verdict"] for block in bad["blocks"]} == {"W": "pass", "b": "fail"}


def test_a_session_without_checks_leaves_an_empty_report(session, pytester):
    session("-k", "none_of_them", "--nudgegrad-report=report.json")
    document = json.loads((pytester.path / "report.json").read_text())
    assert (document["checks"], document["verdict"]) == ([], None)


def test_loading_it_imports_nothing_but_pytest():
    code = (
        f"import sys, pytest; before = set(sys.modules); import {PLUGIN}; new = set(sys.modules) - before;"
        "print(*sorted(new))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        encoding="utf-8",
        check=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )
    assert set(found.stdout.split()) == {"nudgegrad", "nudgegrad.checks", PLUGIN}
