"""The second oracle: mpmath's rows against closed forms and against Arb."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flint
import mpmath
import pytest
from mpmath import mp

from nudgegrad.graphs.graph import ROWS
from tests.oracles import rows
from tests.oracles.rows import row_taylor, row_value
from tests.oracles.truth import SERIES, precision

ORDER = 9
POINTS = (0.7, -0.7, 1e-5, 30.0, -30.0, 0.0)


def floats(series: list[Any] | None) -> list[float]:
    assert series is not None
    return [float(c) for c in series]


def test_every_row_is_there() -> None:
    assert set(rows.ROWS) == {row.name for row in ROWS}


@pytest.mark.parametrize(
    "name", ["neg", "copy", "abs", "relu", "exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid"]
)
@pytest.mark.parametrize("x", POINTS)
def test_unary_rows_agree_with_arb(name: str, x: float) -> None:
    if (x == 0 and name in ("abs", "relu")) or (x <= 0 and name in ("log", "sqrt")):
        with pytest.raises(ValueError, match=r"corner|real"):
            row_taylor(name, [x], ORDER)
        return
    (found,) = row_taylor(name, [x], ORDER)
    with precision(2000, ORDER + 1):
        series = SERIES[name](flint.arb_series([flint.arb(x), 1]), True)
        exact = [float(series[k]) for k in range(ORDER + 1)]
    assert floats(found) == exact


@pytest.mark.parametrize(
    ("name", "args"),
    [("+", (0.1, 1e-9)), ("-", (0.1, 0.3)), ("*", (3.0, -0.7)), ("/", (0.1, 1e-9)), ("min", (1.0, 1.25)),
     ("max", (1.0, 1 + 1e-12)), ("**", (0.1, 2.5)), ("**", (-3.0, -2.0)), ("**z", (2.5, 0.3)),
     ("**", (1e-30, 0.5))],
)  # fmt: skip
def test_binary_rows_agree_with_arb(name: str, args: tuple[float, float]) -> None:
    for k, found in enumerate(row_taylor(name, args, ORDER)):
        if found is None:
            assert (name, k) == ("**", 1)
            continue
        with precision(2000, ORDER + 1):
            balls: list[Any] = [flint.arb(a) for a in args]
            balls[k] = flint.arb_series([balls[k], 1])
            series = SERIES[name](balls[0], balls[1], True)
            if not isinstance(series, flint.arb_series):
                series = flint.arb_series([series])
            exact = [float(series[n]) for n in range(ORDER + 1)]
        assert floats(found) == exact


@pytest.mark.parametrize(
    ("name", "args", "exact"),
    [
        ("tanh_slope", (300.0,), lambda x: 4 / (mpmath.exp(x) + mpmath.exp(-x)) ** 2),
        ("sigmoid_slope", (-700.0,), lambda x: mpmath.exp(x) / (1 + mpmath.exp(x)) ** 2),
        ("reciprocal", (-3.0,), lambda x: 1 / x),
        ("falling_power", (1.3, 2.5, 2.0), lambda x, z, _: z * (z - 1) * mpmath.sqrt(x)),
        ("falling_power", (-2.0, 2.0, 5.0), lambda *_: mpmath.mpf(0)),
        ("step", (0.0,), lambda _: mpmath.mpf(0)),
        ("step", (1e-300,), lambda _: mpmath.mpf(1)),
    ],
)
def test_internal_rows(name: str, args: tuple[float, ...], exact: Callable[..., Any]) -> None:
    with mp.workdps(60):
        assert float(row_value(name, args)) == float(exact(*map(mpmath.mpf, args)))


def test_slopes_are_the_slopes() -> None:
    """Each slope row's series is that of its function, shifted by one."""
    for function, slope in (("tanh", "tanh_slope"), ("sigmoid", "sigmoid_slope")):
        for x in (0.3, -12.0, 300.0):
            (of,), (by,) = row_taylor(function, [x], ORDER), row_taylor(slope, [x], ORDER - 1)
            assert [float(k * c) for k, c in enumerate(of or [])][1:] == floats(by)


def test_fixed_numbers_have_no_series() -> None:
    assert row_taylor("falling_power", (1.5, 2.5, 1), 2)[1:] == [None, None]
    assert row_taylor("**", (-1.5, 3.0), 2)[1] is None
