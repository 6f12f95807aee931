"""The line integral of the claim: finer than quotients where f is coarse, and no alarm of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nudgegrad.checks import gradient, integral
from tests.checks.battery.case import Case, in_format
from tests.checks.planting import native

POINT = np.array([0.9, -0.7, 1.3, 0.4, 2.1])


def noise(x: Any, size: float) -> Any:
    """What no two neighbouring numbers have in common, and each has every time."""
    return size * np.sin(1e17 * np.sum(x * x))


def noisy(factor: float = 1.0) -> Case:
    """A function with errors, as an inner solver has them."""
    return Case(
        "noisy",
        lambda x: np.sum(np.tanh(x)) + noise(x, 1e-5),
        POINT,
        lambda x: factor / np.cosh(x) ** 2,
    )


def tanh(factor: float, format: str) -> Case:
    return in_format(
        Case(
            "sum",
            lambda x: np.sum(np.tanh(x)),
            POINT,
            lambda x: x.dtype.type(factor) / np.cosh(x) ** 2,
        ),
        format,
    )


def cornered(distance: float) -> Case:
    """In float32, with a corner near x[0]."""
    at, slope = np.float32(POINT[0] * (1 + distance)), np.float32(0.1)

    def f(x: Any) -> Any:
        return slope * np.abs(x[0] - at) + np.sum(np.sin(x))

    def grad(x: Any) -> Any:
        g = np.cos(x)
        g[0] += slope * np.sign(x[0] - at)
        return g

    return in_format(Case("cornered", f, POINT, grad), "float32")


def test_a_pass_promises_more_with_it(monkeypatch):
    found = native(noisy())
    assert found.verdict == "pass"
    monkeypatch.setattr(gradient, "integrated", lambda _: None)
    without = native(noisy())
    assert found.resolution < 0.4 * without.resolution


def test_it_sees_what_slopes_do_not(monkeypatch):
    assert native(tanh(1.05, "float16")).verdict == "fail"
    monkeypatch.setattr(gradient, "integrated", lambda _: None)
    assert native(tanh(1.05, "float16")).verdict == "pass"


@pytest.mark.parametrize("is_confirmed", [True, False])
def test_a_corner_between_its_points_is_no_fault_of_the_gradient(is_confirmed, monkeypatch):
    if not is_confirmed:
        monkeypatch.setattr(gradient, "confirmed", lambda *_: True)
    verdicts = [native(cornered(d), seed).verdict for d in (0.1, 0.02, -0.02) for seed in range(12)]
    assert ("fail" in verdicts) is not is_confirmed


def test_the_quadrature_is_exact_to_the_fifth_degree():
    nodes, weights = np.array(integral.NODES), np.array(integral.WEIGHTS)
    for k in range(6):
        rounding = (2 * k + 5) * 2.0**-53 / (k + 1)  # of nodes, powers, weights, products and sums
        assert abs(weights @ nodes**k - 1 / (k + 1)) <= rounding
    assert abs(weights @ nodes**6 - 1 / 7) > 1e-4


@pytest.mark.parametrize("format", ["float32", "float16"])
def test_low_formats_have_it(format, monkeypatch):
    case = tanh(1.0, format)
    found = native(case)
    monkeypatch.setattr(gradient, "integrated", lambda _: None)
    assert found.resolution <= native(case).resolution
    assert found.verdict == "pass"
