"""The check on the battery: right gradients, wrong ones, traps, random programs, planted errors."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

import numpy as np
import pytest

import nudgegrad as ng
from tests.checks.battery.case import Case, in_format
from tests.checks.battery.mistakes import WRONG
from tests.checks.battery.random_programs import program_case, wrong_cases
from tests.checks.battery.right import RIGHT
from tests.checks.battery.traps import all_traps
from tests.checks.planting import hidden_by_passes, native
from tests.figures import (
    CHECK_DIAGNOSED,
    CHECK_EVALUATIONS_RIGHT,
    CHECK_EVALUATIONS_WRONG,
    CHECK_INCONCLUSIVE,
    CHECK_PLANTED,
    CHECK_PROGRAMS,
    CHECK_RESOLUTION,
)

FORMATS = ("float64", "float32", "float16")
PROGRAMS = [program_case(seed) for seed in range(CHECK_PROGRAMS)]


def checked(case: Case, **options: Any) -> ng.Check:
    found: ng.Check = ng.check(case.f, case.x, case.grad, case.args, **options)
    return found


def failing(found: ng.Check) -> set[str]:
    return {name for name, block in found.blocks.items() if block.verdict is ng.Verdict.FAIL}


@cache
def of_wrong(name: str) -> ng.Check:
    return checked(WRONG[name])


# Right gradients


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", RIGHT)
def test_a_right_gradient_passes(name, format):
    found = checked(in_format(RIGHT[name], format))
    assert found.verdict == "pass", found
    assert {block.verdict for block in found.blocks.values()} == {"pass"}


@pytest.mark.parametrize("format", FORMATS)
def test_no_right_gradient_fails_in_its_own_format_and_few_are_inconclusive(format):
    cases = [in_format(case, format) for case in [*RIGHT.values(), *PROGRAMS]]
    found = {case.name: native(case) for case in cases}
    verdicts = Counter(check.verdict.value for check in found.values())
    assert verdicts["fail"] == 0, [name for name, check in found.items() if check.verdict == "fail"]
    assert verdicts["inconclusive"] <= CHECK_INCONCLUSIVE[format] * len(found)
    passed = [check for check in found.values() if check]
    if format in CHECK_RESOLUTION:
        assert np.median([check.resolution for check in passed]) <= CHECK_RESOLUTION[format]
    if format == "float64":
        assert np.median([int(check.evaluations) for check in passed]) <= CHECK_EVALUATIONS_RIGHT


# Wrong gradients


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_gradient_fails_with_the_blocks_that_are_wrong(name):
    case = WRONG[name]
    found = of_wrong(name)
    assert found.verdict == "fail"
    assert failing(found) == case.blocks
    if len(case.entries) == 1:
        assert [(entry.block, entry.index) for entry in found.wrong] == list(case.entries)
    if case.entries:
        assert all((entry.block, entry.index) in case.entries for entry in found.wrong)


def test_many_mistakes_are_diagnosed_in_few_evaluations():
    found = [of_wrong(name) for name in WRONG]
    assert sum(bool(check.diagnosis) for check in found) >= CHECK_DIAGNOSED
    assert np.median([int(check.evaluations) for check in found]) <= CHECK_EVALUATIONS_WRONG


# Traps


@pytest.mark.parametrize("name", all_traps())
def test_a_trap_gives_no_wrong_answer(name):
    case = all_traps()[name]  # some have a state
    try:
        with np.errstate(all="ignore"):
            verdict = str(checked(case).verdict.value)
    except Exception as error:
        verdict = type(error).__name__
    assert verdict in case.expected


# Random programs


@pytest.mark.parametrize("seed", range(CHECK_PROGRAMS))
def test_a_random_program(seed):
    right = PROGRAMS[seed]
    assert checked(right, seed=seed).verdict == "pass"
    assert checked(in_format(right, "float32"), seed=seed).verdict != "fail"
    for case in wrong_cases(seed):
        found = checked(case, seed=seed)
        assert found.verdict == "fail", case.name
        assert failing(found) == case.blocks, case.name


# What a pass promises


@pytest.mark.parametrize("format", ["float64", "float32"])
def test_no_pass_hides_an_error_above_the_resolution_it_printed(format):
    cases = [in_format(case, format) for case in [*PROGRAMS[:60], *RIGHT.values()]]
    hidden, failed = hidden_by_passes(cases, CHECK_PLANTED, seed=1)
    assert max(map(max, hidden.values())) <= 1
    assert min(map(len, hidden.values())) > 0 < failed
