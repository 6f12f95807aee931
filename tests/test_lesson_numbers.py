"""The numbers in the lesson's tables, which no block computes, are right to the last digit."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

from nudgegrad.labs.course import COURSE

from .pages import pages

PAGES = pages()
NUMBER = r"(-?[\d.]+)"
CHANGE = re.compile(rf"^\| ([\w =²/]+) \| {NUMBER} \| {NUMBER} \| (up|down) by {NUMBER} \|$", re.M)
SLOPE = re.compile(rf"^\| ([\w²³/]+) \| {NUMBER} \| {NUMBER}(…?) \| {NUMBER}…? \| {NUMBER} \|$", re.M)
FOUR = rf" {NUMBER} \|" * 4
WALK = re.compile(rf"^\| (none|w by|b by) ?([\d.]*) \|{FOUR}([^|\n]*)\|([^|\n]*)\|$", re.M)
FUNCTIONS = {
    "w²": lambda w: w**2,
    "w³": lambda w: w**3,
    "w": lambda w: w,
    "1/w": lambda w: 1 / w,
}


def text(name: str) -> str:
    return PAGES[f"lesson/{name}.md"].read_text(encoding="utf-8")


def test_each_change_is_the_difference() -> None:
    rows = [row for name in ("1_derivative", "4_backward") for row in CHANGE.findall(text(name))]
    assert len(rows) == 8
    argument = Fraction(0), Fraction(0)
    for name, before, after, way, by in rows:
        assert Fraction(after) - Fraction(before) == (1 if way == "up" else -1) * Fraction(by), name
        if name.startswith("J"):
            halves = 1 if "w²" in name else 2
            assert [x**2 / halves for x in argument] == [Fraction(before), Fraction(after)], name
        argument = Fraction(before), Fraction(after)


def test_the_four_functions_at_2() -> None:
    rows = SLOPE.findall(text("2_slope"))
    assert [name for name, *_ in rows] == ["w²", "w³", "w", "1/w"]
    for name, at, beside, cut, k, _ in rows:
        J, w, h = FUNCTIONS[name], Fraction(2), Fraction(1, 1000)
        said = [Fraction(x) for x in (at, beside, k)]
        exact = [J(w), J(w + h), (J(w + h) - J(w)) / h]
        last = [Fraction(1, 10 ** len(x.partition(".")[2])) if cut else 0 for x in (at, beside, k)]
        assert all(
            abs(s - e) <= u and abs(s) <= abs(e) for s, e, u in zip(said, exact, last, strict=True)
        ), name


def test_the_double_check() -> None:
    (start, *walks) = WALK.findall(text("4_backward"))
    assert len(walks) == 2
    J = Fraction(start[5])
    for which, by, c, a, d, end, change, k in (start, *walks):
        h = Fraction(by or 0)
        w, x, b, y = Fraction(2) + h * (which == "w by"), -2, Fraction(8) + h * (which == "b by"), 2
        assert [Fraction(n) for n in (c, a, d, end)] == [
            w * x,
            w * x + b,
            w * x + b - y,
            (w * x + b - y) ** 2 / 2,
        ]
        if by:
            way, _, size = change.split()
            assert Fraction(end) - J == (1 if way == "up" else -1) * Fraction(size)
            assert Fraction(k) == (Fraction(end) - J) / h


@pytest.mark.parametrize("id", COURSE)
def test_the_list_names_each_exercise_of_the_course(id: str) -> None:
    assert f"`{id}`" in PAGES["course.md"].read_text(encoding="utf-8")
