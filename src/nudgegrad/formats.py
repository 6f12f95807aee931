"""Number formats: unit roundoff, range, rounding, neighbours.

One row per format. Values of every format are held as the float64 numbers that they are; `Format.cast`
gives the array in which an operation is carried out, `Format.finish` rounds what came out of it.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import FormatError

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Format:
    """A binary floating-point format with gradual underflow and round-to-nearest-even.

    Parameters
    ----------
    name : str
    dtype : type
        The NumPy type in which operations are carried out (float32 for bfloat16).
    precision : int
        Significant bits, the hidden one included.
    low : int
        `math.frexp` exponent of the smallest normal number.
    high : int
        `math.frexp` exponent of the largest number.
    """

    name: str
    dtype: Any
    precision: int
    low: int
    high: int

    @property
    def u(self) -> float:
        """Unit roundoff: half the spacing at 1 (Higham 2002, section 2.1)."""
        return math.ldexp(1.0, -self.precision)

    @property
    def maximum(self) -> float:
        """The largest finite number."""
        return math.ldexp(1.0 - math.ldexp(1.0, -self.precision), self.high)

    @property
    def smallest_normal(self) -> float:
        """The smallest positive number with full precision."""
        return math.ldexp(0.5, self.low)

    @property
    def smallest(self) -> float:
        """The smallest positive number."""
        return math.ldexp(1.0, self.low - self.precision)

    @property
    def native(self) -> bool:
        """Whether every operation of `dtype` already rounds to this format."""
        return bool(np.finfo(self.dtype).nmant + 1 == self.precision)

    def spacing(self, x: npt.ArrayLike) -> Array:
        """Distance from abs(x) to the next larger number of the format; nan where x is not finite."""
        x = np.abs(np.asarray(x, dtype=np.float64))
        with np.errstate(invalid="ignore"):
            fine = np.spacing(np.minimum(x, 2.0**1023)) + 0 * x  # NumPy has inf in place of the last one
            gap: Array = np.maximum(fine * 2.0 ** (53 - self.precision), self.smallest)  # exactly scaled
        return gap

    def round(self, x: npt.ArrayLike) -> Array:
        """The nearest numbers of the format, ties to even, as float64."""
        x = np.asarray(x, dtype=np.float64)
        if self.precision == 53:
            return x
        gap = self.spacing(x)
        with np.errstate(invalid="ignore", over="ignore"):
            nearest: Array = np.rint(x / gap) * gap
            overflowed = np.abs(nearest) > self.maximum
        return np.where(np.isfinite(x), np.where(overflowed, np.copysign(np.inf, x), nearest), x)

    def cast(self, x: npt.ArrayLike) -> Any:
        """`x`, already numbers of the format, in the type in which operations are carried out."""
        return np.asarray(x).astype(self.dtype)

    def finish(self, x: Any) -> Any:
        """The result of one operation in `dtype`, rounded to the format."""
        return x if self.native else self.round(x).astype(self.dtype)

    def nearest(self, x: Fraction) -> float:
        """The number of the format nearest to a rational (ties to even), inf beyond the range."""
        if x == 0:
            return 0.0
        magnitude = abs(x)
        exponent = magnitude.numerator.bit_length() - magnitude.denominator.bit_length()
        if magnitude >= Fraction(2) ** exponent:
            exponent += 1  # now 2^(exponent-1) <= magnitude < 2^exponent
        quantum = max(exponent, self.low) - self.precision
        digits = round(magnitude / Fraction(2) ** quantum)  # Fraction rounds ties to even
        sign = 1.0 if x > 0 else -1.0
        if Fraction(digits) * Fraction(2) ** quantum > Fraction(self.maximum):
            return sign * math.inf
        return sign * math.ldexp(digits, quantum)


FORMATS: Mapping[str, Format] = {
    row.name: row
    for row in (
        Format("float64", np.float64, 53, -1021, 1024),
        Format("float32", np.float32, 24, -125, 128),
        Format("float16", np.float16, 11, -13, 16),
        Format("bfloat16", np.float32, 8, -125, 128),
    )
}


def format_named(name: object) -> Format:
    """The format of that name.

    Raises
    ------
    FormatError
        If there is none.
    """
    if isinstance(name, Format):
        return name
    key = getattr(name, "__name__", None) or str(name)
    if key in FORMATS:
        return FORMATS[key]
    close = difflib.get_close_matches(key, FORMATS, 1, 0.5)
    hint = f"did you mean '{close[0]}'? " if close else ""
    raise FormatError(f"unknown format '{key}'", help=f"{hint}there are {', '.join(FORMATS)}")


# Error-free transformations: what one float64 operation lost, as a second float64.


def two_sum(a: Any, b: Any) -> tuple[Any, Any]:
    """s and e with s = fl(a + b) and s + e = a + b exactly (Knuth; Higham 2002, 4.3)."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


def _split(a: Any) -> tuple[Any, Any]:
    scaled = 134217729.0 * a  # 2^27 + 1: Veltkamp's splitting
    high = scaled - (scaled - a)
    return high, a - high


def two_product(a: Any, b: Any) -> tuple[Any, Any]:
    """p and e with p = fl(a b) and p + e = a b exactly (Dekker 1971); nan or wrong e where the
    splitting overflows (beyond 2^996) or e is subnormal (p below 2^-969): `product_is_safe`."""
    p = a * b
    a_high, a_low = _split(a)
    b_high, b_low = _split(b)
    return p, a_low * b_low - (((p - a_high * b_high) - a_low * b_high) - a_high * b_low)


def product_is_safe(a: Any, b: Any) -> Any:
    """Where `two_product` is exact: no overflow in the splitting, no underflow of the error."""
    big, small = 2.0**990, 2.0**-960
    p = np.abs(a * b)
    zero = (a == 0) | (b == 0)  # not p == 0: a product can underflow to that
    return (np.abs(a) < big) & (np.abs(b) < big) & (zero | (p > small)) & (p < big)
