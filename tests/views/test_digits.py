"""Numbers as people read them."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nudgegrad.views.digits import nudge, number, plain, rough, size, within

positive = st.floats(min_value=1e-300, max_value=1e300)
finite = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (66.0, "66"),
        (123456789.0, "123456789"),
        (1e20, "1e20"),
        (0.25, "0.25"),
        (1 / 3, "0.333333"),
        (1.234567e-7, "1.23457e-7"),
        (999999.6, "1e6"),
        (math.inf, "inf"),
        (math.nan, "nan"),
    ],
)
def test_a_number_has_no_needless_characters(x, text):
    assert number(x) == text


@given(finite)
def test_all_digits_are_the_number_itself(x):
    assert float(number(x, 17)) == x


@given(finite, st.integers(1, 16))
def test_a_number_is_the_nearest_of_so_many_digits(x, digits):
    if not (x.is_integer() and abs(x) < 1e9):
        assert float(number(x, digits)) == float(f"{x:.{digits}g}")


@given(st.floats(1e-9, 1e12, exclude_min=True, exclude_max=True), st.integers(1, 17))
def test_plain_numbers_have_no_exponent(x, digits):
    assert "e" not in plain(x, digits)
    assert "e" not in plain(-x, digits)


@given(positive)
def test_the_bound_of_an_error_is_rounded_up_to_one_digit(bar):
    assert float(size(bar)) >= bar
    assert float(rough(bar)) == float(f"{bar:.0e}")
    assert len(size(bar).partition("e")[0].replace(".", "").strip("0")) == 1


@given(finite, positive)
def test_an_estimate_has_the_digits_that_its_bar_allows(x, bar):
    unit = Fraction(10) ** math.floor(math.log10(float(size(bar))))
    shown = Fraction(within(x, bar))
    assert 2 * abs(shown - Fraction(x)) <= unit or float(shown) == x
    assert shown % unit == 0 or float(shown) == x


@pytest.mark.parametrize(
    ("x", "bar", "text"),
    [
        (66.0, 5.7e-14, "66"),
        (0.035960782719484996, 3.64e-11, "0.03596078272"),
        (1234567.0, 210.0, "1.2346e6"),
        (1e-20, 1e-17, "0"),
        (12.0, 9.4, "10"),
        (3.0, 0.0, "3"),
        (math.nan, math.inf, "—"),
    ],
)
def test_estimates(x, bar, text):
    assert within(x, bar) == text


@pytest.mark.parametrize(
    ("h", "text"),
    [
        (2.0, "2"),
        (0.125, "0.125"),
        (0.0625, "2^-4"),
        (1024.0, "1024"),
        (2048.0, "2^11"),
        (2.0**-17, "2^-17"),
        (0.001, "0.001"),
        (-(2.0**-30), "-2^-30"),
        (math.nan, "—"),
    ],
)
def test_nudges(h, text):
    assert nudge(h) == text
