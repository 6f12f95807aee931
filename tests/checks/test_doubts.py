"""What is not the gradient's fault: kinks near x, waves between the steps, rounding, gradients of 0."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest

import nudgegrad as ng
from nudgegrad.checks import gradient
from nudgegrad.checks.examined import Examined
from nudgegrad.checks.gradient import ZERO
from nudgegrad.checks.subject import subject
from tests.checks.battery.case import Case, in_format
from tests.checks.battery.mistakes import WRONG
from tests.checks.battery.traps import all_traps
from tests.checks.planting import native

POINT = (1.0, 0.7, -0.3, 2.1)
SEEDS = range(6)
FORMATS = ("float64", "float32")


def waves(k: float, format: str, factor: float = 1.0) -> Case:
    k = np.dtype(format).type(k)
    return Case(
        "waves",
        lambda x: np.sum(np.sin(k * x)),
        np.array(POINT, format),
        lambda x: k * np.cos(k * x) * x.dtype.type(factor),
    )


def corner(distance: float, slope: float, format: str) -> Case:
    """A corner at 1, with x[0] a little above it."""

    def f(x: Any) -> Any:
        return np.sum(np.abs(x - 1)) * x.dtype.type(0.7) + np.sum(np.sin(x)) * x.dtype.type(slope)

    def grad(x: Any) -> Any:
        return np.sign(x - 1) * x.dtype.type(0.7) + np.cos(x) * x.dtype.type(slope)

    return Case("corner", f, np.array((1 + distance, *POINT[1:]), format), grad)


RIGHT = [
    *(waves(k, "float64") for k in (1e3, 1e5, 4.8e6, 1e7, 1e8, 1e10, 1e12, 1e14)),
    *(waves(k, "float32") for k in (1e2, 1e3, 1e4, 5e4, 1e5, 1e6)),
    *(corner(0.1**n, slope, "float64") for n in range(1, 15) for slope in (0, 1)),
    *(corner(0.1**n, slope, "float32") for n in range(1, 8) for slope in (0, 1)),
]


def alarms() -> Iterator[tuple[Case, int, bool]]:
    """Right gradients that are called wrong, as functions or as ready arrays."""
    for case, seed, ready in product(RIGHT, SEEDS, (False, True)):
        if native(case, seed, ready).verdict == "fail":
            yield case, seed, ready


def test_steps_that_miss_what_f_does_raise_no_alarm():
    assert next(alarms(), None) is None


def test_without_a_rule_they_do(monkeypatch):
    monkeypatch.setattr(gradient, "contradicting", lambda examined: examined.codes())
    assert next(alarms(), None) is not None


def test_what_was_taken_for_noise_can_be_f(monkeypatch):
    case = waves(1e14, "float64")
    assert {native(case, seed, True).verdict for seed in SEEDS} == {"inconclusive"}
    monkeypatch.setattr(gradient, "SEEN", np.inf)
    monkeypatch.setattr(gradient, "contradicting", lambda examined: examined.codes())
    assert "fail" in {native(case, seed, True).verdict for seed in SEEDS}


@pytest.mark.parametrize(("k", "format"), [(1e3, "float64"), (1e6, "float64"), (1e2, "float32")])
def test_waves_that_the_steps_see_are_judged(k, format):
    for seed in SEEDS:
        assert native(waves(k, format), seed).verdict == "pass"
        assert native(waves(k, format, 1.3), seed).verdict == "fail"


def test_smaller_steps_decide_where_larger_ones_miss_the_waves():
    found = native(waves(1e7, "float64"))
    assert (found.verdict, found.reason.code) == ("pass", "below_kink")
    assert native(waves(1e7, "float64", 1.3)).verdict == "fail"


def test_waves_that_no_step_resolves_are_no_lack_of_numbers():
    for k in (1e5, 1e6):
        found = native(waves(k, "float32"))
        assert (found.verdict, found.reason.code) == ("inconclusive", "near_kink")


def test_one_known_line_is_enough_to_fail():
    (case,) = [c for c in WRONG.values() if c.name.startswith("two-layer relu net: no slope")]
    found = native(in_format(case, "float16"))
    assert found.verdict == "fail"


def test_f_that_stands_still_in_a_low_format():
    def f(x: Any) -> Any:
        return np.sum((x + np.float32(1e8)) - np.float32(1e8))

    assert native(Case("swallowed", f, np.array(POINT, "f4"), np.ones_like)).reason.code == "still"
    flat = Case("constant", lambda _: np.float64(3), np.array(POINT), np.ones_like)
    assert native(flat).verdict == "fail"


def test_the_claim_has_no_part_in_slopes_and_bars():
    x = np.array(POINT)
    seen = []
    for claim in (np.cos(x), 0 * x, 1e9 * np.cos(x)):
        made = subject(lambda x: np.sum(np.sin(x)), x, claim)
        examined = Examined(made, claim, 0 * x, made.value(x), 0.0, np.abs(x), 0)
        seen.append((examined.found.value.tolist(), examined.found.bar.tolist(), made.values))
    assert seen[0] == seen[1] == seen[2]


# Gradients of 0


def test_a_gradient_that_is_zero_but_for_rounding_passes():
    x = np.array([0.1, 0.2, 0.3])

    def softmax(x: Any) -> Any:
        return np.exp(x) / np.exp(x).sum()

    flat = ng.check(lambda x: softmax(x).sum(), x, lambda x: softmax(x) * (1 - softmax(x).sum()) + 1e-17)
    lowest = ng.check(lambda v: ((v - x) ** 2).sum() + 0.7, x, lambda v: 2 * (v - x) + 1e-18)
    for found in (flat, lowest):
        assert found.verdict == "pass"
        assert found.notes == (ZERO,)
        assert ZERO in str(found)


def test_a_small_gradient_is_not_zero():
    x = np.array(POINT)
    for size in (1e-12, 1e-20):
        right = ng.check(lambda x, c=size: c * np.sin(x).sum(), x, lambda x, c=size: c * np.cos(x))
        wrong = ng.check(lambda x, c=size: c * np.sin(x).sum(), x, lambda x, c=size: 2 * c * np.cos(x))
        assert (right.verdict, right.notes, wrong.verdict) == ("pass", (), "fail")
    hidden = ng.check(lambda x: 1e15 + x.sum(), x, lambda x: 2 * np.ones_like(x))
    assert hidden.verdict != "pass"


def test_what_is_random_is_said_to_be():
    random = np.random.default_rng(0)
    found = ng.check(lambda x: x.sum() + random.normal(), np.array(POINT), np.ones_like)
    assert (found.verdict, found.reason.code) == ("inconclusive", "random")


def short(name: str) -> Case:
    """A trap in float16."""
    return in_format(all_traps()[name], "float16")


@pytest.mark.parametrize("name", ["relu net with zeros", "relu net with zeros, slope 1 at 0"])
def test_a_kink_that_float64_sees_is_said_where_float16_passes(name):
    case = short(name)
    assert native(case).verdict == "pass"
    found = ng.check(case.f, case.x, case.grad, case.args)
    assert (found.verdict, found.reason.code, found.format) == ("inconclusive", "kink", "float64")


@pytest.mark.parametrize(
    ("name", "code"), [("sin(1e5 x)", "not_finite"), ("a narrow bump", "claim_not_finite")]
)
def test_what_is_no_number_in_its_own_format_does_not_pass_in_float64(name, code):
    case = short(name)
    found = ng.check(case.f, case.x, case.grad, case.args)
    assert (found.verdict, found.reason.code, found.format) == ("inconclusive", code, "float16")
    wide = in_format(case, "float64")
    assert ng.check(wide.f, wide.x, wide.grad, wide.args).verdict == "pass"


def test_a_claim_that_is_wrong_on_a_corner_alone_fails(monkeypatch):
    case = Case(
        "relu", lambda x: np.sum(np.maximum(x, 0)), np.zeros(1), lambda x: (x > 0) - 1.0 * (x == 0)
    )  # -1 at 0, and right beside it
    for format in FORMATS:
        assert native(in_format(case, format)).verdict == "fail"
    monkeypatch.setattr(gradient, "alone", lambda *_: False)
    for format in FORMATS:
        assert native(in_format(case, format)).verdict == "inconclusive"
