"""Derivatives of orders 2 to 4: how many bars hold, and what is said where there is none."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

import nudgegrad as ng
from nudgegrad.blackbox import searching, settling
from nudgegrad.blackbox.result import Code
from tests import figures
from tests.oracles.black_boxes import TEMPLATES, instance
from tests.oracles.black_boxes_more import MORE

ORDERS = (2, 3, 4)
SMOOTH = ("composed", "rational", "polynomial", "power", "wave", "edge", "net", "bump", "entropy", "offset")
SEEDS = range(6)


def broken(order, rng):
    """Functions without a derivative of an order at a point of their own, by what they have instead."""
    c, a, k = float(rng.uniform(-2, 2)), 10 ** float(rng.uniform(-2, 1)), float(rng.uniform(0.3, 2))
    lower = order - 1
    return c, {
        "corner": lambda x: math.exp(k * x) + a * abs(x - c),
        "jump": lambda x: math.sin(k * x) + a * (x >= c),
        "cusp": lambda x: math.cos(k * x) + a * abs(x - c) ** 0.5,
        "one order below": lambda x: math.sin(k * x) + a * abs(x - c) * (x - c) ** lower,
        "nan": lambda x: math.exp(x) if x != c else math.nan,
        "nan beside": lambda x: math.exp(x) if x == c else math.nan,
    }


@pytest.mark.parametrize("order", ORDERS)
def test_what_has_no_derivative_of_an_order_is_inconclusive(order):
    rng = np.random.default_rng(order)
    told = []
    for _ in range(12):
        c, functions = broken(order, rng)
        told += [
            (name, c)
            for name, f in functions.items()
            if ng.derivative(f, c, order).verdict != "inconclusive"
        ]
    assert told == []


def test_a_break_in_the_derivative_below_is_named(monkeypatch):
    for order, f in ((2, lambda x: x * abs(x) + x**3), (3, lambda x: abs(x) ** 3 + math.sin(x))):
        assert ng.derivative(f, 0.0, order).reason.code is Code.UNEVEN
        smooth = ng.derivative(f, 0.5, order)
        assert smooth.verdict == "pass"
    monkeypatch.setattr(settling, "hinges", lambda h, *_: np.zeros(len(h)))
    assert ng.derivative(lambda x: abs(x) ** 3 + math.sin(x), 0.0, 3).verdict == "pass"  # the test sees it


def test_second_derivatives_on_one_side_are_those_near_x(monkeypatch):
    problems = [instance("defined_above", seed, MORE) for seed in range(12)]

    def wrong():
        found = [(ng.derivative(p.f, p.x, 2), p.derivative(2)) for p in problems]
        return sum(q.verdict == "pass" and abs(q.value - truth) > q.bar for q, truth in found)

    assert wrong() == 0
    monkeypatch.setattr(searching, "quotients", lambda r, _: (0 * r.h, r.sigma / r.h**2))
    assert wrong() > 0  # the test sees it


@pytest.mark.parametrize("order", ORDERS)
def test_the_bars_of_higher_orders_hold(order):
    claimed, asked = [], 0
    for name in SMOOTH:
        for seed in SEEDS:
            problem = instance(name, seed, {**TEMPLATES, **MORE})
            truth = problem.derivative(order)
            if truth == 0:  # of a polynomial of lower degree: it lies within a bar, but is not claimed
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what the user's function warns of is not the library's
                found = ng.derivative(problem.f, problem.x, order)
            asked += 1
            if found.verdict == "pass":
                claimed.append((problem.name, abs(found.value - truth) / found.bar))
    missed = [miss for miss in claimed if not miss[1] <= 1]
    assert len(missed) <= (1 - figures.BLACKBOX_HELD) * len(claimed) + 1, missed
    assert not any(ratio > figures.BLACKBOX_FAR for _, ratio in missed)
    assert asked - len(claimed) <= figures.BLACKBOX_OPEN_ORDERS[order] * asked
