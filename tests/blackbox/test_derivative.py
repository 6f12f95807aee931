"""What `derivative`, `gradient` and `jacobian` return, take and refuse."""

from __future__ import annotations

import itertools
import math
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import nudgegrad as ng
from nudgegrad.blackbox import breaks
from nudgegrad.blackbox.breaks import BEND
from nudgegrad.blackbox.ladders import LADDERS
from nudgegrad.blackbox.result import SENTENCES, Code
from nudgegrad.views.steps import steps_svg
from nudgegrad.views.uncertain import uncertain
from tests import figures
from tests.oracles.black_boxes import Problem, named

SMOOTH = [p for p in named() if p.category == "smooth"]


def test_the_fields_of_the_contract():
    found = ng.derivative(math.exp, 1.0)
    assert abs(found.value - math.e) <= found.bar
    assert found.verdict == "pass"
    assert found.evaluations <= figures.BLACKBOX_CALLS[0]
    assert 0 < found.noise < found.bar
    assert found.window[0] <= found.h == found.window[1]
    assert found.reason == SENTENCES[Code.CLEAR]
    assert (found.x, found.order, found.format, found.slopes) == (1.0, 1, "float64", None)


@pytest.mark.parametrize(
    ("value", "bar", "text"),
    [
        (8.54550847, 1.3e-7, "8.5455085(2)"),
        (-0.5, 1e-3, "-0.500(2)"),
        (2.0, 0.0, "2.0"),
        (1.25e-9, 3e-12, "1.250(4)e-9"),
        (3e15, 2e3, "3.000000000000(2)e15"),
        (0.0, 4e-13, "0(5)e-13"),
        (9.9996, 9.6e-4, "10.000(2)"),
        (math.nan, math.inf, "?"),
    ],
)
def test_a_number_is_printed_with_the_uncertainty_of_its_last_digit(value, bar, text):
    assert uncertain(value, bar) == text


def test_what_is_printed_contains_what_is_meant():
    rng = np.random.default_rng(3)
    for _ in range(300):
        value = float(rng.normal() * 10.0 ** rng.integers(-12, 12))
        bar = abs(value) * 10.0 ** float(rng.uniform(-16, 0.5))
        mantissa, _, rest = uncertain(value, bar).partition("(")
        digit, _, exponent = rest.partition(")")
        last = int(Decimal(mantissa).as_tuple().exponent)
        power = Decimal(10) ** int(exponent.removeprefix("e") or 0)
        centre, spread = Decimal(mantissa) * power, int(digit) * Decimal(10) ** last * power
        assert abs(Decimal(value) - centre) + Decimal(bar) <= spread


def test_a_result_prints_pickles_compares_and_draws():
    found = ng.derivative(math.sin, 0.3)
    assert str(found).startswith("0.955336489125")
    assert pickle.loads(pickle.dumps(found)) == found
    assert pickle.loads(pickle.dumps(found)).reason.code is Code.CLEAR
    kink = ng.derivative(abs, 0.0)
    assert pickle.loads(pickle.dumps(kink)) == kink != found
    assert len({kink, pickle.loads(pickle.dumps(kink)), found}) == 2
    assert found.agrees(math.cos(0.3))
    assert not found.agrees(0.95)
    assert 0.9 < found < ng.derivative(math.exp, 0.3) < 2
    assert not found < pickle.loads(pickle.dumps(found))
    assert "evaluations" in found._repr_html_()
    axes = found.plot()
    shown = {label for _, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    assert "steps that count" in shown
    picture = steps_svg(found, "sin")
    assert picture.startswith("<svg")
    assert picture == steps_svg(found, "sin")


def test_nothing_is_drawn_of_what_has_no_value():
    with pytest.raises(ng.UsageError, match="no value"):
        ng.derivative(abs, 0.0).plot()
    with pytest.raises(ng.UsageError, match="order 3"):
        ng.derivative(math.exp, 0.0, 3).plot()
    with pytest.raises(ng.UsageError, match="one derivative"):
        ng.derivative(np.exp, np.arange(2.0)).plot()


@pytest.mark.parametrize("order", [2, 3, 4])
def test_higher_derivatives_lie_within_their_bars(order):
    found = [(ng.derivative(p.f, p.x, order), p.derivative(order)) for p in SMOOTH]
    claimed = [(d, truth) for d, truth in found if d.verdict == "pass"]
    assert len(claimed) >= (1 - 4 * figures.BLACKBOX_OPEN) * len(found)
    held = sum(d.agrees(truth) for d, truth in claimed)
    assert held >= len(claimed) - 1
    assert all(d.order == order for d, _ in found)


@pytest.mark.parametrize("type_", [np.float64, np.float32, np.float16, ml_dtypes.bfloat16])
def test_the_function_is_called_in_the_format_of_x(type_):
    seen = set()

    def f(x):
        seen.add(type(x))
        return x * x

    found = ng.derivative(f, type_(1.5))
    assert seen == {type_}
    assert found.format == np.dtype(type_).name
    assert found.agrees(3.0)


def test_a_vectorised_function_is_called_a_few_times_with_all_points():
    sizes = []

    def f(x):
        sizes.append(x.shape)
        return np.sin(x)

    at = np.linspace(0.1, 3, 40)
    found = ng.derivative(f, at, vectorized=True)
    assert len(sizes) <= figures.BLACKBOX_BATCHES
    assert found.evaluations == sum(n for (n,) in sizes)
    assert found.agrees(np.cos(at)).all()
    sizes.clear()
    assert ng.derivative(f, 0.7, vectorized=True).agrees(math.cos(0.7))
    assert len(sizes) <= figures.BLACKBOX_BATCHES


def test_numbers_that_advance_together_have_the_bars_they_have_alone():
    def f(t):
        return math.exp(t) if t > 0.01 else math.sin(1e5 * t) if t > 0 else t * t

    x = np.array([1.0, 1e-3, 50.0, 0.3, 2.0, -1e8])  # ladders of unequal lengths
    together = ng.derivative(f, x)
    for found, t in zip(together.each, x.tolist(), strict=True):
        alone = ng.derivative(f, t)
        assert abs(found.value - alone.value) <= alone.bar
        assert found.bar <= 2 * alone.bar


def test_a_gradient_costs_by_entry_what_a_scalar_does():
    x = np.linspace(0.2, 2, 1200)
    found = ng.gradient(lambda t: np.sin(t).sum(-1), x, vectorized=True)
    assert found.evaluations / x.size <= figures.BLACKBOX_ENTRY * figures.BLACKBOX_CALLS[0]
    assert found.agrees(np.cos(x)).mean() >= figures.BLACKBOX_HELD
    assert found.shape == x.shape


def test_a_gradient_leaves_its_argument_and_takes_any_shape():
    x = np.array([[1.0, 2.0], [3.0, 0.5]])
    kept = x.copy()

    def f(t):
        t *= 2  # its own copy
        return float((t**3).sum())

    found = ng.gradient(f, x)
    assert (x == kept).all()
    assert found.agrees(24 * x**2).all()
    assert found[0, 1] == found.each[0, 1]
    assert pickle.loads(pickle.dumps(found)) == found
    assert str(found).endswith(f"4 of 4 derivatives claimed, {found.evaluations} evaluations.")
    with ThreadPoolExecutor(2) as pool:
        assert ng.gradient(f, x, executor=pool) == found


def test_a_jacobian_has_the_axes_of_f_then_those_of_x():
    x = np.array([0.5, 2.0, -1.0])

    def f(t):
        return np.array([[t[0] * t[1], np.sin(t[2])], [t.sum(), np.exp(t[0])]])

    found = ng.jacobian(f, x)
    truth = np.zeros((2, 2, 3))
    truth[0, 0] = [2.0, 0.5, 0.0]
    truth[0, 1, 2] = math.cos(-1.0)
    truth[1, 0] = 1.0
    truth[1, 1, 0] = math.exp(0.5)
    assert found.shape == truth.shape
    assert found.agrees(truth).all()
    batched = ng.jacobian(lambda t: np.stack([f(row) for row in t]), x, vectorized=True)
    assert (batched.value == found.value).all()


@pytest.mark.parametrize("budget", [9, 15, 20, 26, 33, 45])
def test_no_more_evaluations_than_the_budget(budget):
    count = itertools.count()

    def f(x):
        next(count)
        return math.sin(1e6 * x)

    found = ng.derivative(f, 0.7, budget=budget)
    assert next(count) == found.evaluations <= budget
    assert found.verdict != "pass" or found.agrees(1e6 * math.cos(0.7e6))


UNKNOWN: dict[str, tuple[Any, float, Code]] = {
    "kink": (abs, 0.0, Code.KINK),
    "jump": (lambda x: x + (x >= 1), 1.0, Code.JUMP),
    "steep": (np.cbrt, 0.0, Code.STEEP),
    "cusp": (lambda x: math.sqrt(abs(x - 0.3)) + x, 0.3, Code.KINK),
    "staircase": (lambda x: math.floor(20 * x) / 20, 0.56, Code.GRID),
    "nan": (lambda x: x * math.nan, 1.0, Code.NOT_FINITE),
    "infinite": (lambda x: x * math.inf, 1.0, Code.NOT_FINITE),
    "complex": (lambda x: 1j * x, 1.0, Code.COMPLEX),
    "whole": (round, 1.2, Code.WHOLE),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_has_no_derivative_is_inconclusive_with_its_reason(name):
    f, x, code = UNKNOWN[name]
    found = ng.derivative(f, x)
    assert found.verdict == "inconclusive"
    assert found.reason.code is code
    assert str(found).startswith(f"inconclusive: {SENTENCES[code]}")


@pytest.mark.parametrize(("kind", "size", "count"), [(np.float32, 0.09, 200), (np.float16, 0.1, 60)])
def test_a_kink_in_a_short_format_is_not_answered(kind, size, count, monkeypatch):
    def answered():
        rng = np.random.default_rng(3)
        found = 0
        for _ in range(count):
            c, k, a = (kind(rng.uniform(*ends)) for ends in ((0.3, 2), (0.5, 3), (size, 1.2 * size)))

            def f(t, c=c, k=k, a=a):
                return np.sin(k * t) + a * abs(t - c)

            found += ng.derivative(f, c).verdict == "pass"
        return found

    assert answered() == 0
    monkeypatch.setattr(breaks, "FAINT", BEND)
    monkeypatch.setitem(LADDERS, "float16", replace(LADDERS["float16"], hinge=np.inf, sure=(10.0, 10.0)))
    assert answered() > 0  # the test sees it


def test_both_slopes_at_a_kink():
    found = ng.derivative(lambda x: math.exp(x) + 2 * abs(x - 1), 1.0)
    left, right = found.slopes
    assert math.isnan(found.value)
    assert math.isclose(left, math.e - 2)
    assert math.isclose(right, math.e + 2)


def test_a_function_that_changes_from_call_to_call_is_not_believed():
    count = itertools.count()
    found = ng.derivative(lambda x: x + next(count), 1.0)
    assert (found.verdict, found.reason.code) == ("inconclusive", Code.CHANGES)
    random = np.random.default_rng(0)
    assert ng.derivative(lambda x: x + 1e-3 * random.normal(), 1.0).verdict == "inconclusive"


def test_one_side_at_the_edge_of_the_domain():
    for f, x, truth in (
        (lambda x: math.exp(x) if x >= 0 else math.nan, 0.0, 1.0),
        (lambda x: math.sin(x) if x <= 2 else math.nan, 2.0, math.cos(2.0)),
        (lambda x: math.sqrt(x) ** 6 + 2 * x, 0.0, 2.0),  # math.sqrt raises below 0
    ):
        found = ng.derivative(f, x)
        assert (found.verdict, found.agrees(truth)) == ("pass", True)


def test_the_own_error_of_f_is_the_cause():
    with pytest.raises(ng.EvaluationError, match="raised AttributeError") as caught:
        ng.derivative(lambda x: x.nothing, 1.0)
    assert isinstance(caught.value.__cause__, AttributeError)
    with pytest.raises(ng.EvaluationError, match=r"math domain error at x, -1\.0") as caught:
        ng.derivative(math.log, -1.0)
    assert isinstance(caught.value.__cause__, ValueError)
    with pytest.raises(ng.EvaluationError, match="beside x") as caught:
        ng.derivative({1.0: 2.0}.__getitem__, 1.0)
    assert isinstance(caught.value.__cause__, KeyError)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: ng.derivative(str, 1.0), "f gave '1.0' where one number was expected"),
        (lambda: ng.derivative({}.get, 1.0), "f gave None"),
        (lambda: ng.derivative(lambda x: [x, x], 1.0), "an array of shape"),
        (lambda: ng.derivative(math.sin, "1"), "x is of type"),
        (lambda: ng.derivative(math.sin, 1j), "x is of type complex128"),
        (lambda: ng.derivative(math.sin, math.inf), "x is not finite"),
        (lambda: ng.derivative(math.sin, 1.0, 5), "no order 5"),
        (lambda: ng.derivative(math.sin, 1.0, budget=3), "budget=3"),
        (lambda: ng.derivative(math.sin, 1.0, scale=0.0), "scale=0.0"),
        (lambda: ng.derivative(lambda x: x[:1], 1.0, vectorized=True), "for 13 points"),
    ],
)
def test_what_cannot_be_is_told(call, said):
    with pytest.raises(ng.NudgegradError) as caught:
        call()
    assert said in caught.value.message
    assert caught.value.help


def test_whole_numbers_are_taken_as_floats():
    assert ng.derivative(lambda x: x**3, 2).agrees(12.0)


def test_a_scale_helps_where_x_says_nothing_of_it():
    problem = Problem("far", "scales", lambda x: math.sin(x / 1e40), None, 0.0)
    found = ng.derivative(problem.f, 0.0, scale=1e40)
    assert (found.verdict, found.agrees(1e-40)) == ("pass", True)


def stretched(s, x):
    return s * math.sin(x / s)


def test_scaling_by_powers_of_two_changes_no_verdict_and_no_relative_bar():
    for k in (-30, 7, 60):
        s = 2.0**k
        plain, scaled = (ng.derivative(partial(stretched, w), 0.7 * w) for w in (1.0, s))
        assert (scaled.value, scaled.bar, scaled.verdict) == (plain.value, plain.bar, plain.verdict)


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.float16])
def test_x_with_few_digits_or_none_has_steps(kind):
    for x in (np.finfo(kind).smallest_subnormal, 3 * np.finfo(kind).smallest_subnormal):
        found = ng.derivative(lambda t: t / kind(2), kind(x))
        assert found.verdict == "pass"
        assert found.agrees(0.5)
    nothing = ng.derivative(math.sin, 1.0, scale=1e-20)
    assert (nothing.verdict, nothing.reason.code) == ("inconclusive", "nowhere")


@pytest.mark.parametrize(("kind", "x"), [(np.float64, 1e-300), (np.float64, 1e-20), (np.float32, 1e-30)])
def test_f_that_changes_on_another_scale_than_a_small_x(kind, x):
    for f, slope in ((np.exp, 1.0), (np.cos, 0.0), (lambda t: 1 / (1 + t), -1.0)):
        found = ng.derivative(f, kind(x))
        assert found.verdict != "pass" or abs(found.value - slope) <= found.bar < 1  # f itself changes by 1
    assert ng.derivative(np.exp, kind(x)).verdict == "pass"
