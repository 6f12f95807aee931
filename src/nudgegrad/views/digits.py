"""Numbers as people read them: as many digits as mean something, nudges as powers of two."""

from __future__ import annotations

import math

NOTHING = "—"  # a number that does not exist
DIGITS = 6
MOST = 17  # digits after which a float64 has no more


def number(x: float, digits: int = DIGITS) -> str:
    """`x` to so many significant digits, without needless zeros: ``0.25``, ``1e-7``, ``nan``."""
    if not math.isfinite(x):
        return str(x)
    if x == int(x) and abs(x) < 1e9:
        return str(int(x))
    return _tidy(f"{x:.{digits}g}" if digits < MOST else repr(x))


def plain(x: float, digits: int = DIGITS) -> str:
    """`x` without an exponent where that stays short: ``0.0000179804``."""
    if x and math.isfinite(x) and 1e-9 < abs(x) < 1e12:
        places = max(0, digits - 1 - math.floor(math.log10(abs(x))))
        text = f"{x:.{places}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return number(x, digits)


def _tidy(text: str) -> str:
    mantissa, e, exponent = text.removesuffix(".0").partition("e")
    if not e:
        return mantissa
    return str(int(float(text))) if 0 <= int(exponent) < 6 else f"{mantissa}e{int(exponent)}"


def rough(x: float) -> str:
    """An error to one digit: ``6e-14``."""
    if x == 0 or not math.isfinite(x):
        return "0" if x == 0 else NOTHING
    return _one_digit(f"{x:.0e}")


def _one_digit(text: str) -> str:
    digit, _, exponent = text.partition("e")
    power = int(exponent)
    if -3 <= power < 3:
        return f"{float(text):g}"
    return f"{digit}e{power}"


def size(x: float) -> str:
    """The bound of an error, rounded up to one digit so that it still is a bound: ``6e-14``."""
    if x == 0 or not math.isfinite(x):
        return "0" if x == 0 else NOTHING
    digit, _, exponent = f"{x:.0e}".partition("e")
    if float(f"{digit}e{exponent}") < x:
        digit = str(int(digit) + 1)
    if digit == "10":
        digit, exponent = "1", str(int(exponent) + 1)
    return _one_digit(f"{digit}e{exponent}")


def within(x: float, bar: float) -> str:
    """`x` to the digits that an error of `bar` leaves it, trailing zeros stripped."""
    if not (math.isfinite(x) and math.isfinite(bar)):
        return NOTHING
    x = float(x)
    if bar == 0 or x == 0:
        return number(x, MOST)
    last = math.floor(math.log10(float(size(bar))))
    first = math.floor(math.log10(abs(x)))
    if last > first:
        return "0" if abs(x) < 0.5 * 10.0**last else _tidy(f"{math.copysign(10.0**last, x):.1g}")
    needed = first - last + 1
    return _tidy(f"{x:.{needed}g}" if needed < MOST else repr(x))


def nudge(h: float) -> str:
    """A nudge: ``2``, ``0.25``, else ``2^-17``; the few that are no power of two as a number."""
    if not math.isfinite(h):
        return NOTHING
    mantissa, exponent = math.frexp(h)
    if abs(mantissa) != 0.5 or 1 / 8 <= abs(h) <= 1024:
        return number(h)
    return f"{'-' if h < 0 else ''}2^{exponent - 1}"
