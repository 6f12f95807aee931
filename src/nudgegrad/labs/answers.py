"""What learners type, read as exact rationals, or why it cannot be read.

`static/marking.js` does the same in the browser, sentence for sentence; the tests compare the two.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from fractions import Fraction

from ..graphs import tokens
from .sentences import say

LENGTH = 200  # characters of an answer
DEPTH = 50  # brackets inside one another
SIZE = 300  # digits of a numerator or a denominator; also the largest exponent of ten
POWER = 1000  # the largest exponent after ^

# One character for one, so that offsets stay those of the typed text.
READ_AS = tokens.READ_AS | {ord("—"): ord("-"), ord("≈"): ord("=")}
READ_AS |= {ord(c): ord(" ") for c in "\t\n\v\f\r\u200b\u200c\u200d\u200e\u200f\u2060"}

_LETTER = rf"[A-Za-z_]|[^\x00-\x7f{tokens.SUPERSCRIPTS}⁺⁻{tokens.VULGAR}]"
_WORD = rf"(?:{_LETTER})(?:{_LETTER}|[0-9])*"
PREFIX = re.compile(rf" *(?:{_WORD}(?: */ *{_WORD})?)? *=")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
DECIMAL = re.compile(r"([0-9.,]+)(?:[eE]([-+]?[0-9]+))?")
VULGAR = re.compile(rf"([0-9]*)([{tokens.VULGAR}])")  # 3½ is 3 + 1/2
SUPERSCRIPT = re.compile(rf"[⁺⁻]?[{tokens.SUPERSCRIPTS}]+")
UNSHOWN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
BINDING = {"(": 0, "+": 1, "-": 1, "*": 2, "/": 2, "negative": 3, "^": 4}


@dataclass(frozen=True)
class Answer:
    """The exact value of a typed text.

    Parameters
    ----------
    value : Fraction
    places : int or None
        Decimal places typed (12.50 has 2, 1.2e3 has -2); None where the text is no plain decimal number.
    digits : int or None
        Significant digits typed, with trailing zeros; None as for `places`.
    """

    value: Fraction
    places: int | None = None
    digits: int | None = None


@dataclass(frozen=True)
class Unreadable:
    """Why a text is no number, in a sentence, and the offset in characters at which reading stopped."""

    message: str
    at: int


class _Stopped(Exception):
    """Reading cannot go on: a message and the offset."""


def _shortened(text: str) -> str:
    return text if len(text) <= 24 else f"{text[:23]}…"


def _bounded(value: Fraction, at: int) -> Fraction:
    if max(abs(value.numerator), value.denominator) > 10**SIZE:
        raise _Stopped(say("large"), at)
    return value


def _power(base: Fraction, exponent: Fraction, at: int) -> Fraction:
    if exponent.denominator != 1:
        raise _Stopped(say("power"), at)
    if base == 0 and exponent < 0:
        raise _Stopped(say("zero"), at)
    times = abs(exponent.numerator)
    bits = max(abs(base.numerator), base.denominator).bit_length() - 1
    if times > POWER or bits * times > 4 * SIZE:  # surely above 10^SIZE, and slow to compute
        raise _Stopped(say("large"), at)
    return _bounded(base**exponent.numerator, at)


def _apply(sign: str, at: int, values: list[Fraction]) -> None:
    """Replace the operands at the end of `values` by the result."""
    right = values.pop()
    if sign == "negative":
        values.append(-right)
    elif sign == "^":
        values.append(_power(values.pop(), right, at))
    elif sign == "/" and right == 0:
        raise _Stopped(say("zero"), at)
    else:
        left = values.pop()
        if sign in "+-":
            values.append(_bounded(left + right if sign == "+" else left - right, at))
        else:
            values.append(_bounded(left * right if sign == "*" else left / right, at))


def _decimal(written: str, exponent: str | None, at: int) -> Answer:
    """A decimal number; a comma is a decimal comma where it cannot part groups of three digits."""
    points, commas = written.count("."), written.count(",")
    if points + commas == len(written):
        raise _Stopped(say("digitless", _shortened(written)), at)
    if commas > 1 or (commas and (points or written[-1] == ",")):
        raise _Stopped(say("commas", _shortened(written)), at)
    if points > 1:
        raise _Stopped(say("points", _shortened(written)), at)
    whole, _, part = written.replace(",", ".").partition(".")
    if commas and len(part) == 3 and len(whole) <= 3 and whole.strip("0"):
        raise _Stopped(say("ambiguous", written, whole, part), at)
    shift = int(exponent or 0)
    if abs(shift) > SIZE:
        raise _Stopped(say("large"), at)
    places = len(part) - shift
    value = _bounded(int(whole + part) * Fraction(10) ** -places, at)
    return Answer(value, places, len((whole + part).lstrip("0")))


def _stopped(typed: str, text: str, at: int, last: str, ready: bool) -> _Stopped:
    """Why nothing that begins at `at` can follow."""
    here = text[at : at + 1]
    if not here:
        return _Stopped(say("after", last) if last else say("nothing"), at)
    if found := NAME.match(text, at):
        return _Stopped(say("name", _shortened(found[0])), at)
    if here == "=":
        return _Stopped(say("equals"), at)
    if not ready and (here in "*/^)" or SUPERSCRIPT.match(text, at)):
        return _Stopped(say("before", here), at)
    if ready and (here == "(" or DECIMAL.match(text, at) or VULGAR.match(text, at)):
        return _Stopped(say("sign", here), at)
    shown = "\ufffd" if UNSHOWN.match(typed[at]) else typed[at]
    return _Stopped(say("unknown", shown), at)


def _read(typed: str) -> Answer:
    if len(typed) > LENGTH:
        raise _Stopped(say("long"), LENGTH)
    text = typed.translate(READ_AS)
    prefix = PREFIX.match(text)
    at, last = (prefix.end(), "=") if prefix else (0, "")
    values: list[Fraction] = []
    pending: list[tuple[str, int]] = []  # signs and brackets whose right side is not complete
    literal, shape, depth = Answer(Fraction(0)), "", 0
    ready = False  # whether what stands before `at` is a complete operand

    def reduce(binding: int) -> None:
        while pending and BINDING[pending[-1][0]] >= binding:
            _apply(*pending.pop(), values)

    while True:
        while text[at : at + 1] == " ":
            at += 1
        here, start = text[at : at + 1], at
        if ready and not here:
            break
        if ready and (found := SUPERSCRIPT.match(text, at)):
            exponent = int(unicodedata.normalize("NFKC", found[0]).replace("−", "-"))
            values[-1] = _power(values[-1], Fraction(exponent), at)
            at, shape = found.end(), f"{shape}^"
        elif ready and here == ")":
            reduce(1)
            if not pending:
                raise _Stopped(say("unopened"), at)
            pending.pop()
            at, depth = at + 1, depth - 1
        elif ready and here and here in "+-*/^":
            sign = "^" if text.startswith("**", at) else here
            reduce(BINDING[sign] if sign != "^" else 5)  # 2^3^2 is 2^(3^2)
            pending.append((sign, at))
            at, shape, ready = at + (2 if text.startswith("**", at) else 1), shape + sign, False
        elif not ready and here and here in "+-":
            if here == "-":
                pending.append(("negative", at))
            at, shape = at + 1, f"{shape}s"
        elif not ready and here == "(":
            if depth == DEPTH:
                raise _Stopped(say("deep"), at)
            pending.append(("(", at))
            at, shape, depth = at + 1, f"{shape}(", depth + 1
        elif not ready and (found := VULGAR.match(text, at)):
            top, bottom = unicodedata.normalize("NFKC", found[2]).split("⁄")
            values.append(int(found[1] or 0) + Fraction(int(top), int(bottom)))
            at, shape, ready = found.end(), f"{shape}v", True
        elif not ready and (found := DECIMAL.match(text, at)):
            literal = _decimal(found[1], found[2], at)
            values.append(literal.value)
            at, shape, ready = found.end(), f"{shape}n", True
        else:
            raise _stopped(typed, text, at, last, ready)
        last = text[start:at]
    reduce(1)
    if pending:
        raise _Stopped(say("unclosed"), pending[-1][1])
    return replace(literal, value=values[0]) if shape in ("n", "sn") else Answer(values[0])


def read_answer(text: str) -> Answer | Unreadable:
    """The exact value of a typed answer, or why it has none.

    Parameters
    ----------
    text : str
        Decimal numbers (also with a decimal comma), fractions such as ½, ``+ - * / ^ **``, brackets, and
        what people paste for these. A name and ``=`` in front, as in ``dJ/dw = 6``, are dropped.

    Returns
    -------
    Answer or Unreadable
        A text is unreadable also where it is longer than 200 characters, brackets are nested deeper than
        50, an exponent exceeds 1000, or a numerator or denominator on the way exceeds 10^300.

    Examples
    --------
    >>> read_answer("dJ/dw = 3^2/2")
    Answer(value=Fraction(9, 2), places=None, digits=None)
    >>> read_answer("-0,50")
    Answer(value=Fraction(-1, 2), places=2, digits=2)
    >>> read_answer("3,000").message
    "'3,000' is ambiguous: it may mean 3000 or 3.000. Type it without the comma."
    """
    try:
        return _read(text)
    except _Stopped as stopped:
        return Unreadable(*stopped.args)
