"""A race as text and as a picture: every number where it belongs, nothing over anything else."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from nudgegrad.races.race import Race
from nudgegrad.views.chart import MARK
from nudgegrad.views.race_picture import LINES, race_svg
from nudgegrad.views.racing import chosen, counted, duration, extrapolation, times
from tests.views.pictures import PLACE, check_chart, read, said, starts
from tests.views.races import RACE

ALONE = replace(RACE, rows=RACE.rows[2:3])
MEASURED = replace(RACE, rows=RACE.rows[:1])
ODD = replace(RACE, rows=tuple(replace(row, sweep_bar=2 * row.sweep) for row in RACE.rows))
BLUR = 0.011  # of what is written to a hundredth of a pixel


@pytest.mark.parametrize(
    ("seconds", "bar", "text"),
    [
        (4.2e-7, 0.0, "0.42 µs"),
        (1.234e-5, 0.0, "12.3 µs"),
        (0.001, 0.0, "1 ms"),
        (0.99996, 0.0, "1 s"),
        (59.0, 0.0, "59 s"),
        (65.3, 0.42, "1.088 ± 0.007 min"),
        (30.04, 0.42, "30 ± 0.5 s"),
        (7200.0, 1800.0, "2 ± 0.5 h"),
        (2e6, 0.0, "23.1 days"),
        (float("nan"), 0.0, "—"),
    ],
)
def test_a_time_is_told_in_its_unit(seconds: float, bar: float, text: str) -> None:
    assert duration(seconds, bar) == text


def test_the_course_is_told() -> None:
    assert chosen(RACE).neurons == 10_000
    assert chosen(MEASURED).neurons == 34
    told = counted(chosen(RACE))
    assert told.startswith("The course's net, 10,000 neurons and 100,000 parameters: 110,000 steps against")
    assert " 1,000,000,000, 9,091 times as many. Measured it takes 68,000 times as long" in told
    assert told.endswith("190,249 operations, and in operations it is 50,000 times.")
    assert times(chosen(RACE)) == "68,000"
    assert counted(chosen(MEASURED)).startswith("A net of 34 neurons")


def test_what_was_not_measured_is_said() -> None:
    assert "Measured on 500 parameters drawn at random and extrapolated" in extrapolation(RACE)
    assert "Where no ± stands, all were nudged." in extrapolation(RACE)
    assert "Where no" not in extrapolation(ALONE)
    assert extrapolation(MEASURED) == ""


@pytest.mark.parametrize("race", [RACE, ALONE, MEASURED, ODD], ids=["all", "one", "measured", "odd"])
def test_nothing_overlaps_and_nothing_is_clipped(race: Race) -> None:
    root, found = check_chart(race_svg(race))
    words = " ".join(said(root))
    assert all(name in words for _, name in LINES)
    assert ("extrapolated from 500 parameters" in words) == (race is not MEASURED)
    assert len(found["dot"]) == len(LINES)
    assert f"numba 0.61.0, {race.date}." in words


def exponents(pixels: list[str], first: int, last: int, step: int, of: np.ndarray) -> np.ndarray:
    """The powers of ten at some pixels, by the lines of the grid, which stand at known ones."""
    rules, powers = np.array(pixels, dtype=float), np.arange(first, last + 1, step)
    assert len(rules) == len(powers)
    found: np.ndarray = first + (of - rules[0]) * (last - first) / (rules[-1] - rules[0])
    return found


def test_marks_and_lines_stand_where_the_times_are() -> None:
    root, found = read(race_svg(RACE))
    grid = found["grid"][0].get("d") or ""
    down, across = re.findall(r"M\S+? (\S+?)H", grid), re.findall(r"M(\S+?) \S+?V", grid)
    assert {"10\N{MINUS SIGN}4", "10\N{MINUS SIGN}2", "1", "102", "104", "103", "105", "106"} <= set(
        said(root)
    )
    times = np.log10([[getattr(row, kind) for row in RACE.rows] for kind, _ in LINES])
    entries = np.log10([row.entries for row in RACE.rows])
    blur = 2 * BLUR * 8 / np.ptp(np.array(down, dtype=float))  # in powers of ten
    marks = np.array([starts(drawn) for drawn in found["dot"]])  # line, row, x and y
    marks[..., 0] += MARK  # a circle begins at its left
    for kind, y, places in zip([kind for kind, _ in LINES], times, marks, strict=True):
        drawn = max((e.get("d") or "" for e in found[kind]), key=len)
        corners = np.array(PLACE.findall(drawn), dtype=float)
        for points in (places, corners):
            assert np.abs(exponents(down, -4, 4, 2, points[:, 1]) - y).max() <= blur
            assert np.abs(exponents(across, 3, 6, 1, points[:, 0]) - entries).max() <= blur


def test_bars_are_drawn_where_something_was_extrapolated() -> None:
    _, found = read(race_svg(RACE))
    assert len(found["bar"]) == 3 * 3
    _, found = read(race_svg(MEASURED))
    assert "bar" not in found
    _, found = read(race_svg(ODD))
    assert "bar" not in found  # down to 0 there is no place on the axis


def test_the_picture_is_told_to_those_who_do_not_see_it() -> None:
    (described,) = re.findall(r"<desc[^>]*>(.+?)</desc>", race_svg(RACE))
    assert described.startswith("Both axes are logarithmic: seconds over the entries of the graph.")
    assert "290,499 entries: backprop 4 ms, best nudges of all nodes 210 ms, nudging each" in described
