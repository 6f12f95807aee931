"""What rows are made of: values, exactness, residuals and margins that are longer than a line."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from ..formats import Format, product_is_safe, two_product, two_sum


def power_of_two(x: Any) -> Any:
    """Where x is plus or minus a power of two."""
    return np.abs(np.frexp(x)[0]) == 0.5


def is_normal(fmt: Format, y: Any) -> Any:
    """Where y has the full precision of the format."""
    return np.abs(y) >= fmt.smallest_normal


def sum_is_exact(fmt: Format, x: Any, z: Any, y: Any) -> Any:
    """Both operands lie on the grid of the result, so the sum does (Sterbenz's argument)."""
    gap = fmt.spacing(y)
    return on_grid(x, gap) & on_grid(z, gap)


def on_grid(x: Any, gap: Any) -> Any:
    """Where x is a whole multiple of the power of two `gap`."""
    steps = x / gap
    return (steps == np.rint(steps)) & ((steps != 0) | (x == 0))  # a quotient can underflow


def product_is_exact(fmt: Format, x: Any, z: Any, y: Any) -> Any:
    """A factor is a power of two or 0, and nothing underflows."""
    return ((power_of_two(x) | power_of_two(z)) & is_normal(fmt, y)) | (x == 0) | (z == 0)


def quotient_is_exact(fmt: Format, x: Any, z: Any, y: Any) -> Any:
    """The divisor is a power of two, or the quotient is 0, and nothing underflows."""
    return (power_of_two(z) & is_normal(fmt, y)) | (x == 0)


def sum_residual(x: Any, z: Any, y: Any) -> Any:
    """Computed minus exact sum."""
    s, e = two_sum(x, z)
    return (y - s) - e


def product_residual(x: Any, z: Any, y: Any) -> Any:
    """Computed minus exact product; nan where the product of the parts would over- or underflow."""
    p, e = two_product(x, z)
    return np.where(product_is_safe(x, z), (y - p) - e, np.nan)


def quotient_residual(x: Any, z: Any, y: Any) -> Any:
    """Computed minus exact quotient, from the remainder y z - x; nan as for products."""
    p, e = two_product(y, z)
    return np.where(product_is_safe(y, z), ((p - x) + e) / z, np.nan)


def sqrt_residual(x: Any, y: Any) -> Any:
    """Computed minus exact root, from y^2 - x to first order; nan as for products."""
    p, e = two_product(y, y)
    return np.where(product_is_safe(y, y) & (y > 0), ((p - x) + e) / (2 * y), np.nan)


def power_residual(x: Any, c: Any, y: Any) -> Any:
    """Known for the exponents 2, 3 and 4 (in twice the precision) and -1, -2 through them."""
    x, c, y = np.broadcast_arrays(np.asarray(x, np.float64), c, y)
    high, low = x, np.zeros_like(x)
    found = np.full(x.shape, np.nan)
    safe = product_is_safe(x, x)
    for n in (2, 3, 4):
        p, e = two_product(high, x)
        safe = safe & product_is_safe(high, x)
        high, low = p, e + low * x
        found = np.where((c == n) & safe, (y - high) - low, found)
        p, e = two_product(y, high)
        known = (c == -n) & safe & product_is_safe(y, high)
        found = np.where(known, ((p - 1) + e + y * low) / high, found)
    return np.where(c == -1, quotient_residual(np.ones_like(x), x, y), found)


def power(x: Any, c: Any) -> Any:
    """x**c through the C library's double-precision pow, rounded once; a square by multiplication."""
    x = np.asarray(x)
    with_pow = np.float_power(x, c).astype(x.dtype)
    return np.where(np.asarray(c) == 2, x * x, with_pow)


def is_whole(c: Any) -> Any:
    """Where c is a whole number."""
    return np.asarray(c) == np.rint(c)


def power_domain(x: Any, c: Any) -> Any:
    """Whole exponents from 0 up: everywhere; negative whole ones: not at 0; others: x > 0."""
    return np.where(is_whole(c), np.where(np.asarray(c) >= 0, np.inf, np.abs(x)), x)


def power_phase(x: Any, c: Any) -> Any:
    """Up to degree 9 every Taylor coefficient is known; else the slope behaves as exp((c-1) log x)."""
    short = is_whole(c) & (np.asarray(c) >= 0) & (np.asarray(c) <= 9)
    return np.where(short, 0.0, (c - 1) * np.log(np.abs(x)))


def falling_power(x: Any, c: Any, k: Any) -> Any:
    """c (c-1) ... (c-k+1) x^(c-k), k > 0: the k-th derivative of x^c, exactly 0 beyond a whole degree."""
    x = np.asarray(x)
    c = np.asarray(c, dtype=np.float64)
    if c.size and c.shape == x.shape and np.count_nonzero(c != c.flat[0]) == 0:  # as a rule
        factor, exponent, lost = _known_falling(float(c.flat[0]), int(k))
    else:
        factor, exponent, lost = _falling(c, int(k))
    if np.ndim(factor) == 0 and factor == 0:
        return np.zeros_like(x)
    inexact = np.count_nonzero(lost) > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        power = np.float_power(x, exponent)
        if inexact:  # a whole c - k decides the sign, the rounded exponent does not
            turned = np.where(is_whole(c), power * (1 - 2 * np.mod(lost, 2)), np.nan)
            power = np.where((x < 0) & (lost != 0), turned, power)
        product = factor * power
        outside = np.isinf(power) | (np.abs(power) < 2.0**-1022)
        if np.count_nonzero(outside):  # the power alone leaves the range, the product may not
            half = np.float_power(np.abs(x), exponent / 2)
            product = np.where(outside, np.copysign(1.0, power) * (factor * half) * half, product)
        if inexact:
            corrected = product + product * (lost * np.log(np.abs(x)))
            product = np.where((lost == 0) | (x == 0), product, corrected)
    if np.ndim(factor):
        product = np.where(factor == 0, 0.0, product)
    return product.astype(x.dtype)


def _falling(c: Any, k: int) -> tuple[Any, Any, Any]:
    """c (c-1) ... (c-k+1), and c - k with what its rounding lost."""
    factor, low = c, 0.0
    for j in range(1, k):  # in twice the precision: only the result is rounded
        term, lost = two_sum(c, -float(j))
        product, error = two_product(factor, term)
        factor, low = two_sum(product, error + low * term + factor * lost)
    return factor, *two_sum(c, -float(k))


_known_falling = lru_cache(maxsize=1024)(_falling)


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)) without overflow on either side."""
    e = np.exp(-np.abs(x))
    return np.where(np.asarray(x) >= 0, 1, e) / (1 + e)


def sigmoid_slope(x: Any) -> Any:
    """s (1 - s) from exp(-abs(x)), so that it does not cancel."""
    e = np.exp(-np.abs(x))
    return e / ((1 + e) * (1 + e))


def tanh_slope(x: Any) -> Any:
    """1 - tanh(x)^2 as 4 s(2x) (1 - s(2x)), so that it does not cancel."""
    return 4 * sigmoid_slope(2 * x)


def step(x: Any) -> Any:
    """1 where x > 0, else 0."""
    x = np.asarray(x)
    return (x > 0).astype(x.dtype)


def in_float64(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function computed in float64, whatever the dtype of its arguments, and rounded to that once."""

    def value(*args: Any) -> Any:
        kind = np.asarray(args[0]).dtype
        found = np.asarray(f(*(np.asarray(a, np.float64) for a in args)))
        return found.astype(kind if kind.kind == "f" else np.float64)

    return value


def one_or_zero(holds: Callable[..., Any]) -> Callable[..., Any]:
    """A comparison as a number of the dtype that is compared."""

    def value(x: Any, z: Any) -> Any:
        return np.asarray(holds(x, z)).astype(np.asarray(x).dtype)

    return value


ERF, ERFC = np.frompyfunc(math.erf, 1, 1), np.frompyfunc(math.erfc, 1, 1)  # the C library's


@in_float64
def erf(x: Any) -> Any:
    """The error function."""
    return np.asarray(ERF(x), dtype=np.float64)


@in_float64
def normal_cdf(x: Any) -> Any:
    """(1 + erf(x / sqrt(2))) / 2 as erfc(-x / sqrt(2)) / 2, which does not cancel for x < 0; what rounding
    x / sqrt(2) loses is put back by the derivative of erfc."""
    x = np.clip(x, -64, 64)
    high, low = math.sqrt(0.5), -4.833646656726457e-17  # sqrt(1/2) to 106 bits
    t, lost = two_product(x, high)
    slope = np.exp(-t * t) / math.sqrt(math.pi)
    return 0.5 * np.asarray(ERFC(-t), dtype=np.float64) + slope * (lost + x * low)


def bell(x: Any, factor: float, height: float, exp: Any, minimum: Any, absolute: Any) -> Any:
    """height exp(-factor x^2), the square in twice the precision: what its rounding loses is put back to
    first order. On arrays, or on terms."""
    near = minimum(absolute(x), 64)
    squared, lost = two_product(near, near)
    return exp(-factor * squared) * (height - (height * factor) * lost)


@in_float64
def cbrt(x: Any) -> Any:
    """The cube root by the C library, corrected by its residual, at a size where that is known."""
    size = np.abs(x)
    scale = np.where(size < 2.0**-600, 2.0**600, np.where(size > 2.0**600, 2.0**-600, 1.0))
    y = np.cbrt(x * scale)
    y = np.where(x == 0, y, y - cbrt_residual(x * scale, y))
    return y * np.where(scale > 1, 2.0**-200, np.where(scale < 1, 2.0**200, 1.0))


def cbrt_residual(x: Any, y: Any) -> Any:
    """Computed minus exact cube root, from y^3 - x to second order; nan as for products."""
    p, e = two_product(y, y)
    q, f = two_product(p, y)
    safe = product_is_safe(y, y) & product_is_safe(p, y) & (y != 0)
    first = ((q - x) + (f + e * y)) / (3 * p)
    return np.where(safe, first + first * (first / y), np.nan)


def hypot_residual(x: Any, z: Any, y: Any) -> Any:
    """Computed minus exact hypotenuse, from y^2 - x^2 - z^2 to first order; nan as for products."""
    (a, c), (b, d), (p, e) = two_product(x, x), two_product(z, z), two_product(y, y)
    s, lost = two_sum(p, -np.maximum(a, b))
    t, more = two_sum(s, -np.minimum(a, b))
    safe = product_is_safe(x, x) & product_is_safe(z, z) & product_is_safe(y, y) & (y > 0)
    return np.where(safe, (t + ((lost + more) + (e - (c + d)))) / (2 * y), np.nan)


def clip(x: Any, z: Any, t: Any) -> Any:
    """x between z and t; nan if these are not in order."""
    return np.where(z > t, np.nan, np.minimum(np.maximum(x, z), t)).astype(np.asarray(x).dtype)


def angle_domain(x: Any, z: Any) -> Any:
    """The distance from the cut z < 0, x = 0, across which the angle of the point (z, x) jumps."""
    return np.where(np.asarray(z) < 0, np.abs(x), np.hypot(x, z))


def tan_domain(x: Any) -> Any:
    """The distance to the nearest pole of the tangent."""
    return np.arctan2(np.abs(np.cos(x)), np.abs(np.sin(x)))


def beside_whole(x: Any) -> Any:
    """The distance to the nearest whole number, positive and negative by turns between them."""
    nearest = np.rint(x)
    return np.where(nearest % 2 == 0, x - nearest, nearest - x)


def beside_half(x: Any) -> Any:
    """The distance to the nearest half of an odd number, positive and negative by turns between them."""
    below = np.floor(x)
    above = np.where(x == below, -0.5, x - (below + 0.5))
    return np.where(below % 2 == 0, above, -above)


def corners_below(x: Any, z: Any, t: Any) -> Any:
    """How many of the bounds z and t lie below x."""
    return np.add(x > z, x > t, dtype=np.float64)


POWER_CLAIM = {"float64": 1.1, "else": 1.01}


def larger(degrees: Any, _args: Any) -> Any:
    """The larger degree: of sums, minima and maxima."""
    return np.maximum(degrees[0], degrees[1])


def power_degree(degrees: Any, args: Any) -> Any:
    """n times the degree for a whole n >= 0, else infinite."""
    whole = is_whole(args[1]) & (np.asarray(args[1]) >= 0)
    return np.where(whole, degrees[0] * args[1], np.inf)


def no_degree(degrees: Any, _args: Any) -> Any:
    """Degree 0: constant between corners."""
    return np.zeros(np.shape(degrees[0]))


def chosen_degree(degrees: Any, args: Any) -> Any:
    """The degree of what `where` chooses."""
    return np.where(np.asarray(args[0]) > 0.5, degrees[1], degrees[2])


def clip_degree(degrees: Any, args: Any) -> Any:
    """The degree of the bound beyond which x lies, else that of x."""
    x, z, t = map(np.asarray, args)
    return np.where(x < z, degrees[1], np.where(x > t, degrees[2], degrees[0]))


def exact_asin(m: Any, x: Any) -> Any:
    """asin on rationals or intervals, by half the angle: it has no singularity within the domain."""
    return 2 * m.atan(m.times(x, 1 / (1 + m.sqrt(1 - x * x))))


def exact_cbrt(m: Any, x: Any) -> Any:
    """The cube root on rationals or intervals."""
    if x > 0:
        return m.exp(m.log(x) / 3)
    return -m.exp(m.log(-x) / 3) if x < 0 else 0 * x


def exact_normal_cdf(m: Any, x: Any) -> Any:
    """(1 + erf(x / sqrt(2))) / 2 on rationals or intervals, as the value has it."""
    return m.erfc(m.times(x, -1 / m.sqrt(2))) / 2


def exact_clip(_m: Any, x: Any, z: Any, t: Any) -> Any:
    """x between z and t on rationals or intervals."""
    return z if x < z else t if x > t else x


def exact_power(m: Any, x: Any, c: Any) -> Any:
    """x**c on rationals or intervals: by multiplication for whole c, else exp(c log x)."""
    return m.power(x, int(c)) if getattr(c, "denominator", 0) == 1 else m.exp(m.times(c, m.log(x)))


def exact_falling_power(m: Any, x: Any, c: Any, k: Any) -> Any:
    """c (c-1) ... (c-k+1) x^(c-k) on rationals or intervals."""
    factor = c
    for j in range(1, int(k)):
        factor = factor * (c - j)
    return factor if factor == 0 else m.times(factor, exact_power(m, x, c - k))
