"""Answers marked exactly, each with its reason: right, close, wrong, unreadable.

`static/marking.js` does the same in the browser, sentence for sentence; the tests compare the two.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from .answers import READ_AS, Answer, Unreadable, read_answer
from .sentences import say

__all__ = [
    "Answer",
    "Mark",
    "Unreadable",
    "mark",
    "mark_nudge",
    "nudge_asked",
    "quotient_asked",
    "read_answer",
]

ENDS = 6  # significant digits up to which a decimal that ends must be typed in full
ENOUGH = 3  # significant digits from which a rounded decimal is right
PRINTED = 12  # significant digits up to which a sentence prints a decimal that ends in full,
SHOWN = 6  # and to which it rounds others
FLOATS = Fraction(1, 10**9)  # relative distance that the rounding error of floats may explain

NUDGES = re.compile(r" *nudges? *$", re.IGNORECASE | re.ASCII)

Written = str | Sequence[str]  # a truth as it is sent: a rational, or the ends around an irrational
Interval = tuple[Fraction, Fraction]  # a truth: one rational twice, or the ends around an irrational


@dataclass(frozen=True)
class Mark:
    """What an answer is worth.

    Parameters
    ----------
    state : str
        ``right``, ``close``, ``wrong``, ``unreadable``, ``empty``, or ``recorded`` where no truth is given.
        Only ``right`` and ``wrong`` are attempts.
    code : str
        The rule that decided. Right: ``exact``, ``rounded``, ``first``. Close: ``quotient``, ``digits``,
        ``cut``, ``float``, ``unit``. Wrong: ``named``, ``sign``, ``otherwise``. Else as `state`.
    say : str
        The sentence for the learner.
    """

    state: str
    code: str
    say: str


def _interval(truth: Written) -> Interval:
    low, high = (truth, truth) if isinstance(truth, str) else truth
    return Fraction(low), Fraction(high)


def _ended(truth: Interval) -> tuple[int, int] | None:
    """m and e with truth = m 10^e and m no multiple of 10; None where the decimals do not end."""
    value, bottom = truth[0], truth[0].denominator
    if truth[0] != truth[1]:
        return None
    places = 0
    while bottom % 10 == 0:
        bottom, places = bottom // 10, places + 1
    for factor in (2, 5):
        while bottom % factor == 0:
            bottom, places = bottom // factor, places + 1
    if bottom != 1:
        return None
    m = value.numerator * 10**places // value.denominator
    while m and m % 10 == 0:
        m, places = m // 10, places - 1
    return m, -places


def _ends_soon(truth: Interval) -> bool:
    """Whether the truth is a decimal of at most ENDS significant digits, which must be typed in full."""
    ended = _ended(truth)
    return ended is not None and len(str(abs(ended[0]))) <= ENDS


def _magnitude(value: Fraction) -> int:
    """The e with 10^e <= abs(value) < 10^(e + 1)."""
    value = abs(value)
    e = len(str(value.numerator)) - len(str(value.denominator))
    return e if value >= Fraction(10) ** e else e - 1


def decimal_text(truth: Interval) -> str:
    """A decimal in full where it ends, else rounded to 6 significant digits, with "…".

    Examples
    --------
    >>> decimal_text((Fraction(-1, 32), Fraction(-1, 32))), decimal_text((Fraction(2, 3), Fraction(2, 3)))
    ('-0.03125', '0.666667…')
    """
    ended = _ended(truth)
    full = ended is not None and len(str(abs(ended[0]))) <= PRINTED
    if ended is not None and full:
        m, e = ended
    else:
        e = _magnitude(truth[0]) - SHOWN + 1
        m = round(truth[0] / Fraction(10) ** e)  # no tie: its decimals go on
    digits = str(abs(m))
    point = len(digits) + e  # the value is 0.digits times 10^point
    if not -12 < point <= 21:
        text = f"{digits[0]}.{digits[1:] or '0'}e{point - 1}"
    elif point <= 0:
        text = f"0.{'0' * -point}{digits}"
    elif point >= len(digits):
        text = digits + "0" * (point - len(digits))
    else:
        text = f"{digits[:point]}.{digits[point:]}"
    return ("-" if m < 0 else "") + text + ("" if full else "…")


def _rounds(answer: Answer, truth: Interval) -> bool:
    """Whether a plain decimal is the truth rounded to the places typed; of a tie, both neighbours."""
    if answer.places is None:
        return False
    half = Fraction(10) ** -answer.places / 2
    return truth[0] - half <= answer.value <= truth[1] + half


def _is_cut(answer: Answer, truth: Interval) -> bool:
    """Whether a plain decimal is the truth without its later digits."""
    if answer.places is None:
        return False
    missing = (truth[0] - answer.value) * (1 if answer.value > 0 else -1)
    return 0 <= missing < Fraction(10) ** -answer.places


def _equals(answer: Answer, truth: Interval) -> str:
    """``exact`` or ``rounded`` where the answer stands for the truth, else an empty text."""
    if truth[0] == truth[1] == answer.value:
        return "exact"
    enough = answer.digits is not None and answer.digits >= ENOUGH
    return "rounded" if enough and _rounds(answer, truth) and not _ends_soon(truth) else ""


def _near(answer: Answer, truth: Interval) -> Mark | None:
    """The mark of an answer that is not right only in its digits."""
    t = truth[0]
    several = answer.digits is not None and answer.digits >= 2
    floats = abs(answer.value - t) <= FLOATS * (abs(t) or 1)
    rounds, cut = several and _rounds(answer, truth), several and _is_cut(answer, truth)
    if floats and _ended(truth) is not None:
        return Mark("close", "float", say("float"))
    if _ends_soon(truth):
        if (rounds or cut) and (answer.places or 0) > 0:
            return Mark("close", "digits", say("ends"))
        return None
    if rounds:
        return Mark("close", "digits", say("more"))
    if cut:
        return Mark("close", "cut", say("cut"))
    if floats:
        return Mark("close", "float", say("tail"))
    if abs(answer.value - t) <= Fraction(10) ** (_magnitude(t) - 1) / 2:  # half a unit of the second digit
        return Mark("close", "digits", say("decimal" if answer.digits is None else "last"))
    return None


def _quotient(answer: Answer, truth: Interval, box: Mapping[str, Any]) -> Mark | None:
    """The mark of an answer that is one of the box's quotients."""
    for written, sentence in box.get("quotients", ()):
        quotient = _interval(written)
        distance = abs(quotient[0] - truth[0])
        if distance and (_equals(answer, quotient) or 1000 * abs(answer.value - quotient[0]) <= distance):
            return Mark("close", "quotient", sentence)
    return None


def _unread(text: str, unreadable: Unreadable) -> Mark:
    if not text.translate(READ_AS).strip(" "):
        return Mark("empty", "empty", "")
    at, message = unreadable.at, unreadable.message
    return Mark("unreadable", "unreadable", say("place", at + 1, message) if at else message)


RECORDED = Mark("recorded", "recorded", say("recorded"))


def mark(box: Mapping[str, Any], text: str) -> Mark:
    """What a typed answer to a box is worth, and why.

    Parameters
    ----------
    box : mapping
        `truth`, a rational such as ``"9/2"`` or ``["low", "high"]`` around an irrational; `wrong`, pairs
        of a truth and a sentence; `otherwise`, a sentence; `quotients`, what `quotient_asked` returns.
    text : str

    Returns
    -------
    Mark
        Decided by the first that holds: right; a quotient; a wrong answer with a name; right but for its
        digits; wrong.

    Notes
    -----
    Right is the truth itself, or, where its decimals do not end within 6 significant digits, a decimal
    number with at least 3 that is the truth rounded to the places typed. There is no tolerance.

    Examples
    --------
    >>> mark({"truth": "1/3", "wrong": [], "otherwise": "No."}, "0.33").say
    'Right so far. More digits, please: at least 3.'
    """
    answer = read_answer(text)
    if isinstance(answer, Unreadable):
        return _unread(text, answer)
    if "truth" not in box:
        return RECORDED
    truth = _interval(box["truth"])
    if code := _equals(answer, truth):
        return Mark("right", code, say(code))
    if found := _quotient(answer, truth, box):
        return found
    for wrong, reason in box.get("wrong", ()):
        if _equals(answer, _interval(wrong)):
            return Mark("wrong", "named", reason)
    return _near(answer, truth) or Mark("wrong", "otherwise", box["otherwise"])


def quotient_asked(nudge: Written, quotient: Written, *halves: Written) -> list[Any]:
    """A quotient and what is said of it: its nudge, and the quotients at a half and a quarter of that."""
    size, *next_ones = (decimal_text(_interval(each)) for each in (nudge, *halves))
    numbers = ", ".join(next_ones) + ": " if next_ones else ""
    return [quotient, say("quotient", size, numbers)]


def nudge_asked(by: str, of: str, size: str, first: Written, exact: Written) -> dict[str, Any]:
    """The question "if c goes up by 0.001, J goes up by ?", as `mark_nudge` and the browser take it.

    Parameters
    ----------
    by, of : str
    size : rational
    first, exact : rational or enclosure
        The derivative times the size, and the change itself.

    Returns
    -------
    dict
        ``changes``, both, ``counts``, both in nudges, and ``codes``, what each is called; sentences:
        ``right``, ``unit`` where the word nudges is missing, ``turned`` for the sign, ``again`` for all
        else; and ``shown``, the change as a decimal.
    """
    nudge = Fraction(size)
    ends = [_interval(first), _interval(exact)]
    counts = [(low / nudge, high / nudge) for low, high in ends]
    count = decimal_text(counts[0])
    change = of, decimal_text(ends[0]), f"{count} nudge{'' if count == '1' else 's'}"
    straight = ends[0] == ends[1]
    left = decimal_text((ends[1][0] - ends[0][1], ends[1][1] - ends[0][0]))
    right = say("straight", *change) if straight else say("curved", *change, decimal_text(ends[1]), left)
    return {
        "changes": [first, exact],
        "counts": [[str(low), str(high)] for low, high in counts],
        "codes": ["exact" if straight else "first", "exact"],
        "right": right,
        "unit": say("unit", count),
        "turned": say("turned", of),
        "again": say("again", of, by, decimal_text((nudge, nudge))),
        "shown": change[1],
    }


def mark_nudge(nudge: Mapping[str, Any], text: str) -> Mark:
    """What a typed answer to "if c goes up by 0.001, J goes up by ?" is worth.

    Parameters
    ----------
    nudge : mapping
        What `nudge_asked` returns; without ``changes`` nothing is marked.
    text : str
        The change, or a number of nudges: ``3 nudges``.

    Examples
    --------
    >>> question = nudge_asked(by="d", of="J", size="1/1000", first="3/1000", exact="6001/2000000")
    >>> mark_nudge(question, "3 nudges").say
    'Right: J changes by ≈ 0.003 (3 nudges), exactly by 0.0030005: 0.0000005 is left over.'
    """
    counted = NUDGES.search(text.translate(READ_AS))
    answer = read_answer(text[: counted.start()] if counted else text)
    if isinstance(answer, Unreadable):
        if counted and not text[: counted.start()].strip(" "):
            return Mark("unreadable", "unreadable", say("count"))
        return _unread(text, answer)
    if "changes" not in nudge:
        return RECORDED
    counts = [_interval(each) for each in nudge["counts"]]
    sought = counts if counted else [_interval(each) for each in nudge["changes"]]
    for code, each in zip(nudge["codes"], sought, strict=True):
        if _equals(answer, each):
            return Mark("right", code, nudge["right"])
    if not counted and _equals(answer, counts[0]):
        return Mark("close", "unit", nudge["unit"])
    if any(_equals(replace(answer, value=-answer.value), each) for each in sought):
        return Mark("wrong", "sign", nudge["turned"])
    return (
        _near(answer, sought[0]) or _near(answer, sought[1]) or Mark("wrong", "otherwise", nudge["again"])
    )
