"""Number formats against NumPy and ml_dtypes, and error-free transformations against rationals."""

import math
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nudgegrad.errors import FormatError
from nudgegrad.formats import FORMATS, format_named, product_is_safe, two_product, two_sum

PEERS = {
    "float64": np.float64,
    "float32": np.float32,
    "float16": np.float16,
    "bfloat16": ml_dtypes.bfloat16,
}
NARROW = [name for name in PEERS if name != "float64"]
POINTS = 20_000

every_format = pytest.mark.parametrize("fmt", FORMATS.values(), ids=FORMATS)
narrow_format = pytest.mark.parametrize("name", NARROW)
finite = st.floats(allow_nan=False, allow_infinity=False)


def peer_info(name):
    return ml_dtypes.finfo(PEERS[name])


def astype(x, name):
    """What NumPy or ml_dtypes makes of float64 numbers, as float64."""
    with np.errstate(over="ignore"):
        return np.asarray(x, dtype=np.float64).astype(PEERS[name]).astype(np.float64)


def every_number(name):
    """All numbers of a format of 16 bits, those that are not finite left out."""
    bits = np.arange(2**16, dtype=np.uint16)
    x = bits.view(np.float16) if name == "float16" else (bits.astype(np.uint32) << 16).view(np.float32)
    return x[np.isfinite(x)].astype(np.float64)


def asked(x, name):
    """The numbers that a peer rounds once: ml_dtypes takes float64 to bfloat16 through float32."""
    return astype(x, "float32") if name == "bfloat16" else x


def spread(name, seed):
    """Numbers of both signs all over the range of a format and beyond: subnormals and overflow included."""
    fmt = FORMATS[name]
    random = np.random.default_rng(seed)
    exponents = random.uniform(fmt.low - fmt.precision - 3, min(fmt.high + 3, 1023), POINTS)
    return random.choice([-1.0, 1.0], POINTS) * np.exp2(exponents)


def halfway(name, seed):
    """Points halfway between two numbers of a format, and the nearest ones beside them."""
    fmt = FORMATS[name]
    x = astype(spread(name, seed), name)
    x = x[np.abs(x) < fmt.maximum]
    middle = x + np.copysign(fmt.spacing(x), x) / 2
    narrow = middle.astype(np.float32 if name == "bfloat16" else np.float64)
    assert np.array_equal(narrow, middle)
    return np.concatenate([np.nextafter(narrow, side) for side in (narrow, np.inf, -np.inf)])


@every_format
def test_constants_are_those_of_the_peer(fmt):
    info = peer_info(fmt.name)
    assert fmt.u == float(info.eps) / 2
    assert fmt.maximum == float(info.max)
    assert fmt.smallest_normal == float(info.smallest_normal)
    assert fmt.smallest == float(info.smallest_subnormal)
    assert fmt.native == (np.dtype(fmt.dtype) == np.dtype(PEERS[fmt.name]))


@narrow_format
def test_round_is_astype(name):
    fmt = FORMATS[name]
    odd = np.array([0.0, -0.0, np.inf, -np.inf, fmt.maximum, fmt.smallest, fmt.smallest_normal])
    edge = fmt.maximum + fmt.spacing(fmt.maximum) / 2  # rounds to even, beyond the range
    odd = np.concatenate([odd, [edge, edge - 1, fmt.smallest / 2, fmt.smallest * 1.5]])
    for given_numbers in (spread(name, 1), halfway(name, 2), odd, -odd):
        x = asked(given_numbers, name)
        rounded = fmt.round(x)
        assert np.array_equal(rounded, astype(x, name))
        assert np.array_equal(np.signbit(rounded), np.signbit(astype(x, name)))
    assert np.isnan(fmt.round(np.nan))


@given(x=finite)
def test_round_in_float64_changes_nothing(x):
    assert FORMATS["float64"].round(x) == x


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_every_number_of_16_bits_is_kept_and_spaced(name):
    fmt = FORMATS[name]
    x = every_number(name)
    assert np.array_equal(fmt.round(x), x)
    positive = np.unique(np.abs(x))
    assert np.array_equal(fmt.spacing(positive[:-1]), np.diff(positive))
    assert np.array_equal(fmt.spacing(-positive), fmt.spacing(positive))


@pytest.mark.parametrize("name", ["float64", "float32", "float16"])
def test_spacing_is_that_of_numpy(name):
    fmt = FORMATS[name]
    x = astype(spread(name, 3), name)
    x = np.append(x[np.isfinite(x)], [0.0, fmt.smallest, fmt.smallest_normal])
    x = x[np.abs(x) < fmt.maximum]  # where NumPy says inf or nan
    expected = np.spacing(np.abs(x).astype(fmt.dtype)).astype(np.float64)
    assert np.array_equal(fmt.spacing(x), expected)
    assert fmt.spacing(fmt.maximum) == 2 * fmt.u * math.ldexp(0.5, fmt.high)
    assert np.isnan(fmt.spacing(-np.inf))
    assert np.isnan(fmt.spacing(np.nan))


@narrow_format
def test_cast_and_finish_carry_out_one_operation(name):
    fmt = FORMATS[name]
    random = np.random.default_rng(4)
    x, z = (fmt.round(random.uniform(-8, 8, POINTS)) for _ in range(2))
    computed = fmt.finish(fmt.cast(x) * fmt.cast(z))
    assert computed.dtype == fmt.dtype
    assert np.array_equal(computed.astype(np.float64), astype(x * z, name))  # x z is exact in float64


@every_format
@given(numerator=st.integers(), denominator=st.integers(min_value=1), exponent=st.integers(-1100, 1050))
def test_nearest_is_nearest(fmt, numerator, denominator, exponent):
    x = Fraction(numerator, denominator) * Fraction(2) ** exponent
    assert_nearest(fmt, x, fmt.nearest(x))


def assert_nearest(fmt, x, found):
    """`found` is a number of the format, no other is nearer to x, and of two as near it is even."""
    step = Fraction(2) ** (fmt.high - fmt.precision)
    if math.isinf(found):
        assert abs(x) >= Fraction(fmt.maximum) + step / 2
        assert (found > 0) == (x > 0)
        return
    assert fmt.round(found) == found
    distance = abs(Fraction(found) - x)
    gap = Fraction(float(fmt.spacing(found)))
    for neighbour in neighbours(fmt, found):
        other = abs(neighbour - x)
        assert distance <= other
        if distance == other:
            assert Fraction(found) / gap % 2 == 0


def neighbours(fmt, found):
    """The numbers beside one of the format, the one beyond the largest included."""
    above = Fraction(found) + Fraction(float(fmt.spacing(found)))
    below = Fraction(found) - Fraction(float(fmt.spacing(found)))
    if abs(found) > fmt.smallest_normal and math.frexp(abs(found))[0] == 0.5:  # a binade's edge
        inner = Fraction(float(fmt.spacing(found))) / 2
        below, above = (Fraction(found) - inner, above) if found > 0 else (below, Fraction(found) + inner)
    return below, above


@narrow_format
def test_nearest_does_not_round_twice(name):
    """Just beside a tie of the format, nearer to it than float64 can say: through float64 it is a tie."""
    fmt = FORMATS[name]
    for digits in (1, 2, 3):
        tie = 1 + digits * Fraction(2 * fmt.u) + Fraction(fmt.u)
        for side in (-1, 1):
            x = tie + side * Fraction(2) ** -80
            expected = 1 + (digits + (side > 0)) * Fraction(2 * fmt.u)
            assert Fraction(fmt.nearest(x)) == expected
            assert_nearest(fmt, x, fmt.nearest(x))
        assert Fraction(fmt.nearest(tie)) / Fraction(2 * fmt.u) % 2 == 0


@every_format
def test_nearest_at_the_ends_of_the_range(fmt):
    smallest, largest = Fraction(fmt.smallest), Fraction(fmt.maximum)
    over = largest + Fraction(2) ** (fmt.high - fmt.precision) / 2
    tiny = Fraction(1, 10**2000)
    assert fmt.nearest(Fraction(0)) == 0
    assert fmt.nearest(smallest / 2) == 0
    assert fmt.nearest(smallest / 2 + tiny) == fmt.smallest
    assert fmt.nearest(smallest * 3 / 2) == 2 * fmt.smallest
    assert fmt.nearest(Fraction(fmt.smallest_normal) - smallest) == fmt.smallest_normal - fmt.smallest
    assert fmt.nearest(over - tiny) == fmt.maximum
    assert fmt.nearest(over) == math.inf
    assert fmt.nearest(-over) == -math.inf
    assert fmt.nearest(Fraction(10) ** 5000) == math.inf
    assert math.copysign(1, fmt.nearest(-tiny)) == -1


@given(x=finite)
def test_nearest_to_a_float_is_astype(x):
    for name, fmt in FORMATS.items():
        assert fmt.nearest(Fraction(x)) == (astype(x, name) if name != "bfloat16" else fmt.round(x))


def test_two_sum_loses_nothing():
    random = np.random.default_rng(5)
    x, z = spread("float32", 6) * random.uniform(1, 2, POINTS), spread("float32", 7) * 1.1
    z[::2] = -x[::2] * random.uniform(0.5, 2, POINTS // 2)  # cancellation
    s, e = two_sum(x, z)
    for a, b, high, low in zip(x.tolist(), z.tolist(), s.tolist(), e.tolist(), strict=True):
        assert high == a + b
        assert Fraction(high) + Fraction(low) == Fraction(a) + Fraction(b)


@given(a=finite, b=finite)
def test_two_sum_of_any_two_numbers(a, b):
    with np.errstate(over="ignore", invalid="ignore"):
        s, e = two_sum(np.float64(a), np.float64(b))
    if np.isfinite(s) and np.isfinite(e):
        assert Fraction(float(s)) + Fraction(float(e)) == Fraction(a) + Fraction(b)


@given(a=finite, b=finite)
def test_two_product_loses_nothing_where_it_says_so(a, b):
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        safe = product_is_safe(np.float64(a), np.float64(b))
        p, e = two_product(np.float64(a), np.float64(b))
    if safe:
        assert p == a * b
        assert Fraction(float(p)) + Fraction(float(e)) == Fraction(a) * Fraction(b)


def test_two_product_is_safe_at_ordinary_sizes():
    random = np.random.default_rng(8)
    x, z = spread("float32", 9) * random.uniform(1, 2, POINTS), spread("float32", 10) * 1.1
    assert product_is_safe(x, z).all()
    p, e = two_product(x, z)
    for a, b, high, low in zip(x.tolist(), z.tolist(), p.tolist(), e.tolist(), strict=True):
        assert Fraction(high) + Fraction(low) == Fraction(a) * Fraction(b)


@pytest.mark.parametrize("name", FORMATS)
def test_formats_are_found_by_name_type_or_themselves(name):
    fmt = FORMATS[name]
    assert format_named(name) is fmt
    assert format_named(fmt) is fmt
    if name != "bfloat16":
        assert format_named(np.dtype(name)) is fmt
        assert format_named(getattr(np, name)) is fmt


def test_an_unknown_format_is_an_error_with_the_nearest_name():
    with pytest.raises(FormatError) as error:
        format_named("float46")
    assert "did you mean 'float64'?" in str(error.value)
