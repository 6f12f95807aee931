"""The table of packages side by side counts what it says it counts."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import nudges
from benchmarks.nudges import NODES, OURS, RIVALS, installed, outcomes, rival_rows
from tests.families import Program

SLOPE = 3.0
LINE = Program(f"J = {SLOPE} * w", {"w": 0.7}, "planted")


def exact(f, v):
    f(v)
    return SLOPE, 0.0


def off_by_a_percent(f, v):
    f(np.array([[v - 1, v + 1]]))
    return 1.01 * SLOPE, np.array([0.01 * SLOPE / 4])


def raising(f, v):
    f(v)
    raise ZeroDivisionError("no nudge")


def nowhere(*_):
    return np.nan, np.inf


PLANTED = {"exact": exact, "off": off_by_a_percent, "raising": raising, "nan": nowhere}


def cells(lines: list[str]) -> dict[str, list[str]]:
    return {line[:28].strip(): line[28:].split() for line in lines}


def test_errors_bars_evaluations_and_failures_are_counted():
    lines = rival_rows(outcomes(LINE, PLANTED))
    found = cells(lines)
    assert found["exact"] == ["0", "0", "100.0", "nan", "1", "0"]
    assert found["off"] == ["0.01", "0.01", "0.0", "0.25", "2", "0"]
    assert found["raising"] == ["inf", "inf", "nan", "nan", "1", "1"]
    assert found["nan"] == ["inf", "inf", "nan", "nan", "0", "1"]
    assert "1 times raising: ZeroDivisionError: no nudge" in lines
    for way in OURS:
        assert (found[way][2], found[way][5]) == ("100.0", "0")


def test_failures_are_infinite_errors_among_the_others():
    found = [o for rival in (exact, raising, raising) for o in outcomes(LINE, {"one": rival})]
    assert cells(rival_rows(found))["one"] == ["inf", "inf", "100.0", "nan", "1", "2"]


def test_every_way_is_asked_at_the_same_nodes():
    program = Program("a = w * x\nb = exp(a)\nc = a + b\nJ = c * w", {"w": 0.3, "x": 2.0}, "planted")
    found = outcomes(program, installed())
    truths = {way: [o.truth for o in found if o.way == way] for way in [*OURS, *installed()]}
    assert all(each == truths["nudgegrad"] and len(each) == NODES for each in truths.values())
    assert not any(o.reason for o in found)
    assert all(np.isfinite(o.error) for o in found)


@pytest.mark.parametrize("missing", ["jacobi", "scipy"])
def test_a_package_that_is_not_there_is_left_out_and_said(missing, monkeypatch):
    monkeypatch.setattr(nudges, "find_spec", lambda name: None if name == missing else name)
    (left_out,) = [way for way in RIVALS if way.startswith(missing)]
    assert set(installed()) == set(RIVALS) - {left_out}
    assert rival_rows(outcomes(LINE, {}))[-1] == f"not installed and left out: {left_out}"
