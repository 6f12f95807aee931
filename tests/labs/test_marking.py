"""Answers read and marked: each rule by cases, Python and the browser's twin alike, and mutants."""

import json
import random
import sys
from fractions import Fraction
from math import isqrt
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from nudgegrad.labs import answers, marking
from nudgegrad.labs.marking import (
    Answer,
    Unreadable,
    mark,
    mark_nudge,
    nudge_asked,
    quotient_asked,
    read_answer,
)
from tests.labs.javascript import lab_js, run

LAB_JS = lab_js()
COURSE = Path(__file__).parents[1] / "data/exercises.json"
GENERATED = 10_000  # issue 3: the two markers agree on so many generated strings

# What a text is worth, None where it cannot be read.
PARSER_CASES = dict(json.loads(COURSE.read_text(encoding="utf-8"))["parser_cases"])

MORE_VALUES = {
    "6.6e1": "66",
    "∂J/∂w = 6": "6",
    "∂J/∂w₁ = 6": "6",
    "J = 4.5": "9/2",
    "= 6": "6",
    "dJ/dw ≈ 0.5": "1/2",
    "d\uff2a\uff0fd\uff57\uff1d\uff16": "6",
    "0,125": "1/8",
    ",125": "1/8",
    "1234,567": "1234567/1000",
    "3,0000": "3",
    "3½": "7/2",
    "½²": "1/4",
    "⅔÷2": "1/3",
    "3²/2": "9/2",
    "-2²": "-4",
    "2⁻¹": "1/2",
    "2^3²": "512",
    "2^-1^2": "1/2",
    "-2*-3": "6",
    "2*-3*4": "-24",
    "1-2-3": "-4",
    "8/2/2": "2",
    "1+2*3": "7",
    "2^2*3": "12",
    "6/-2^2": "-3/2",
    "((2)(": None,
    "0^0": "1",
    "1e300": str(10**300),
    "1^1000": "1",
    "(" * 50 + "1" + ")" * 50: "1",
    "-" * 198 + "1": "1",
}

# The offset at which reading stops, and the sentence.
UNREADABLE = {
    "1+": (2, "A number is missing after '+'."),
    "dJ/dw =": (7, "A number is missing after '='."),
    "(": (1, "A number is missing after '('."),
    "2**": (3, "A number is missing after '**'."),
    "2*/3": (2, "A number is missing before '/'."),
    "()": (1, "A number is missing before ')'."),
    "²": (0, "A number is missing before '²'."),
    "(1+2": (0, "This bracket is never closed."),
    "1+2)": (3, "This bracket was never opened."),
    "(" * 51 + "1" + ")" * 51: (50, "There are more than 50 brackets inside one another."),
    "1" * 201: (200, "This is too long: at most 200 characters."),
    "3w": (1, "'w' is a name: type the number that it stands for."),
    "a_name_that_is_rather_long": (
        0,
        "'a_name_that_is_rather_l…' is a name: type the number that it stands for.",
    ),
    "2*3 = 6": (4, "'=' may stand after one name only, as in dJ/dw = 10."),
    "dJ/dw = c = 6": (8, "'c' is a name: type the number that it stands for."),
    "6 6": (2, "A sign is missing before '6': type one of + - * / ^."),
    "2(3)": (1, "A sign is missing before '(': type one of + - * / ^."),
    "3 ½": (2, "A sign is missing before '½': type one of + - * / ^."),
    "1+1/0": (3, "This divides by zero."),
    "0^-1": (1, "This divides by zero."),
    "4^0.5": (1, "A power must be a whole number here: type the value as a decimal number."),
    "3,000": (0, "'3,000' is ambiguous: it may mean 3000 or 3.000. Type it without the comma."),
    "-110,000": (1, "'110,000' is ambiguous: it may mean 110000 or 110.000. Type it without the comma."),
    "1,000,000": (
        0,
        "'1,000,000' cannot be read: type all digits without commas, and a point before the decimals.",
    ),
    "3,000.5": (
        0,
        "'3,000.5' cannot be read: type all digits without commas, and a point before the decimals.",
    ),
    "5,": (0, "'5,' cannot be read: type all digits without commas, and a point before the decimals."),
    "4.5.1": (0, "'4.5.1' has more than one decimal point."),
    ".": (0, "'.' has no digit."),
    "50%": (2, "'%' cannot be read: type a number such as 0.7, -12 or 7/8."),
    "🙂 6": (0, "'🙂' cannot be read: type a number such as 0.7, -12 or 7/8."),
    "6\x00": (1, "'\ufffd' cannot be read: type a number such as 0.7, -12 or 7/8."),
    "1e301": (0, "This is too large or too small to be read: at most 300 digits."),
    "0e301": (0, "This is too large or too small to be read: at most 300 digits."),
    "1e-301": (0, "This is too large or too small to be read: at most 300 digits."),
    "1e300*10": (5, "This is too large or too small to be read: at most 300 digits."),
    "2^1000": (1, "This is too large or too small to be read: at most 300 digits."),
    "9^9^9": (1, "This is too large or too small to be read: at most 300 digits."),
    "1^1001": (1, "This is too large or too small to be read: at most 300 digits."),
    "2^-1000": (1, "This is too large or too small to be read: at most 300 digits."),
}


def box(truth, *wrong, quotients=()):
    return {
        "truth": truth,
        "wrong": list(wrong),
        "otherwise": "Otherwise.",
        "quotients": [quotient_asked(*row) for row in quotients],
    }


def root(n, places=50):
    """The ends of an interval around the square root of n."""
    low = isqrt(int(n * 10 ** (2 * places)))
    return [str(Fraction(low, 10**places)), str(Fraction(low + 1, 10**places))]


SLOPE = box(  # dJ/da of a = 2 + 3*w; J = a**2 at w = 3
    "22",
    ["-22", "Mind the sign."],
    ["11", "That is the value of a."],
    ["100000/11", "That one does not end."],
    quotients=[
        ["1/100", "2201/100", "4401/200", "8801/400"],
        ["1/1000", "22001/1000", "44001/2000", "88001/4000"],
    ],
)
THIRD = box("1/3", ["-1/3", "Mind the sign."], ["3/10", "That is another node's."])
TWO_THIRDS = box("2/3", quotients=[["1/2", "7/10"]])
THIRTY_SECOND = box("-1/32")
STEPS = box("100000/11")
ROOT = box(
    root(2),
    [root(3), "That is the other root."],
    quotients=[["1/1000", *(root(2 + Fraction(1, 1000 * k)) for k in (1, 2, 4))]],
)
LONG = box("123456789/100000")
BIG = box("1234567")
ZERO = box("0")
WITHOUT = {"id": "v:c", "kind": "forward"}

AT_A_THOUSANDTH = "That is the quotient at 0.001. Halve the nudge: 22.0005, 22.00025: where does it head?"
FLOAT = "Nearly: that is the number with the rounding error of floats. Which number is meant?"
LAST_DIGITS = "Right but for the last digits, the rounding error of floats: leave them out."
MORE_DIGITS = "Right so far. More digits, please: at least 3."
ALL_DIGITS = "Right so far, but this value ends: type all its digits."
NOT_THE_LAST = "Right to 2 digits, but not to the last one typed."
CUT = "Cut off instead of rounded: the first digit left out is 5 or more, so the last one goes up."

# Box, text, and what must come out: state, code, and the sentence.
MARKS = [
    (SLOPE, "22", "right", "exact", "Right."),
    (SLOPE, "22.0", "right", "exact", "Right."),
    (SLOPE, "dJ/da = 2*11", "right", "exact", "Right."),
    (SLOPE, "", "empty", "empty", ""),
    (SLOPE, " \t\u00a0", "empty", "empty", ""),
    (SLOPE, "3,000", "unreadable", "unreadable", UNREADABLE["3,000"][1]),
    (SLOPE, "22abc", "unreadable", "unreadable", "Character 3: " + UNREADABLE["3w"][1].replace("w", "abc")),
    (SLOPE, "22.001", "close", "quotient", AT_A_THOUSANDTH),
    (SLOPE, "22001/1000", "close", "quotient", AT_A_THOUSANDTH),
    (SLOPE, "22.000999999988835", "close", "quotient", AT_A_THOUSANDTH),  # as Python prints it
    (SLOPE, "22.001001", "close", "quotient", AT_A_THOUSANDTH),  # a thousandth of its distance off
    (SLOPE, "22.0010011", "wrong", "otherwise", "Otherwise."),
    (
        SLOPE,
        "22.01",
        "close",
        "quotient",
        "That is the quotient at 0.01. Halve the nudge: 22.005, 22.0025: where does it head?",
    ),
    (SLOPE, "22.004", "wrong", "otherwise", "Otherwise."),  # the course's lab took it for 22
    (SLOPE, "22.000000000000004", "close", "float", FLOAT),
    (SLOPE, "22+22e-9", "close", "float", FLOAT),
    (SLOPE, "22+23e-9", "wrong", "otherwise", "Otherwise."),
    (SLOPE, "-22", "wrong", "named", "Mind the sign."),
    (SLOPE, "11", "wrong", "named", "That is the value of a."),
    (SLOPE, "9090.9", "wrong", "named", "That one does not end."),
    (SLOPE, "9090.8", "wrong", "otherwise", "Otherwise."),
    (SLOPE, "23", "wrong", "otherwise", "Otherwise."),
    (THIRTY_SECOND, "-1/32", "right", "exact", "Right."),
    (THIRTY_SECOND, "-0.03125", "right", "exact", "Right."),
    (THIRTY_SECOND, "-3.125e-2", "right", "exact", "Right."),
    (THIRTY_SECOND, "-0.0313", "close", "digits", ALL_DIGITS),
    (THIRTY_SECOND, "-0.0312", "close", "digits", ALL_DIGITS),
    (THIRTY_SECOND, "-0.031", "close", "digits", ALL_DIGITS),
    (THIRTY_SECOND, "-0.03", "wrong", "otherwise", "Otherwise."),
    (THIRTY_SECOND, "0.03125", "wrong", "otherwise", "Otherwise."),
    (box("121"), "1.2e2", "wrong", "otherwise", "Otherwise."),  # nobody rounds an integer
    (box("121"), "120", "wrong", "otherwise", "Otherwise."),
    (THIRD, "1/3", "right", "exact", "Right."),
    (THIRD, "0.333", "right", "rounded", "Right: correctly rounded."),
    (THIRD, "0,3333", "right", "rounded", "Right: correctly rounded."),
    (THIRD, "333e-3", "right", "rounded", "Right: correctly rounded."),
    (THIRD, "0.33", "close", "digits", MORE_DIGITS),
    (THIRD, "0.330", "close", "digits", NOT_THE_LAST),
    (THIRD, "0.334", "close", "digits", NOT_THE_LAST),
    (
        THIRD,
        "33/100",
        "close",
        "digits",
        "Right to 2 digits. Type a rounded decimal number with at least 3.",
    ),
    (
        THIRD,
        "0.333*1",
        "close",
        "digits",
        "Right to 2 digits. Type a rounded decimal number with at least 3.",
    ),
    (THIRD, "0.3", "wrong", "named", "That is another node's."),
    (THIRD, "0.34", "wrong", "otherwise", "Otherwise."),
    (THIRD, "-0.333", "wrong", "named", "Mind the sign."),
    (THIRD, "-0.33", "wrong", "otherwise", "Otherwise."),
    (THIRD, "0.33333333333333337", "close", "float", LAST_DIGITS),
    (TWO_THIRDS, "0.667", "right", "rounded", "Right: correctly rounded."),
    (TWO_THIRDS, "0.666", "close", "cut", CUT),
    (TWO_THIRDS, "0.66", "close", "cut", CUT),
    (TWO_THIRDS, "0.6666666666666666", "close", "cut", CUT),  # as Python prints it
    (TWO_THIRDS, "0.67", "close", "digits", MORE_DIGITS),
    (
        TWO_THIRDS,
        "0.7",
        "close",
        "quotient",
        "That is the quotient at 0.5. Halve the nudge: where does it head?",
    ),
    (box("-2/3"), "-0.666", "close", "cut", CUT),
    (box("-2/3"), "-0.668", "close", "digits", NOT_THE_LAST),
    (STEPS, "1e5/11", "right", "exact", "Right."),
    (STEPS, "9090.91", "right", "rounded", "Right: correctly rounded."),
    (STEPS, "9090.9", "right", "rounded", "Right: correctly rounded."),
    (STEPS, "9091", "right", "rounded", "Right: correctly rounded."),
    (STEPS, "9.09e3", "right", "rounded", "Right: correctly rounded."),
    (STEPS, "9090", "close", "cut", CUT),
    (STEPS, "9.1e3", "close", "digits", MORE_DIGITS),
    (STEPS, "9100", "close", "digits", NOT_THE_LAST),
    (STEPS, "9e3", "wrong", "otherwise", "Otherwise."),
    (ROOT, "1.41", "right", "rounded", "Right: correctly rounded."),
    (ROOT, "1.4142135623730950488", "right", "rounded", "Right: correctly rounded."),
    (ROOT, "1.4142135623730951", "close", "float", LAST_DIGITS),
    (ROOT, "1.4", "close", "digits", MORE_DIGITS),
    (ROOT, "1.4143", "close", "digits", NOT_THE_LAST),
    (ROOT, "1.4142135623730949", "close", "float", LAST_DIGITS),
    (ROOT, "1.45", "close", "digits", NOT_THE_LAST),
    (ROOT, "1.47", "wrong", "otherwise", "Otherwise."),
    (ROOT, "1.36", "wrong", "otherwise", "Otherwise."),
    (ROOT, "1.73", "wrong", "named", "That is the other root."),
    (ROOT, "1.732", "wrong", "named", "That is the other root."),
    (ROOT, "1.7", "wrong", "otherwise", "Otherwise."),
    (
        ROOT,
        "1.4146",
        "close",
        "quotient",
        "That is the quotient at 0.001. Halve the nudge: 1.41439…, 1.41430…: where does it head?",
    ),
    (LONG, "1234.56789", "right", "exact", "Right."),
    (LONG, "1234.6", "right", "rounded", "Right: correctly rounded."),
    (LONG, "1234.567891", "close", "float", FLOAT),
    (LONG, "1234.5", "close", "cut", CUT),
    (box("5001234567/10000000000"), "0.500", "right", "rounded", "Right: correctly rounded."),
    (BIG, "1.23e6", "right", "rounded", "Right: correctly rounded."),
    (box("123456"), "1.23e5", "wrong", "otherwise", "Otherwise."),  # six digits are typed in full
    (box("2469/200"), "12.34", "close", "digits", ALL_DIGITS),  # 12.345: a tie has two neighbours
    (box("2469/200"), "12.35", "close", "digits", ALL_DIGITS),
    (box("2469/200"), "12.36", "wrong", "otherwise", "Otherwise."),
    (box("24690001/2000000"), "12.345", "right", "rounded", "Right: correctly rounded."),
    (box("12345675/10000000"), "1.234567", "right", "rounded", "Right: correctly rounded."),
    (box("12345675/10000000"), "1.234568", "right", "rounded", "Right: correctly rounded."),
    (ZERO, "0", "right", "exact", "Right."),
    (ZERO, "-0.000", "right", "exact", "Right."),
    (ZERO, "1.2e-16", "close", "float", FLOAT),
    (ZERO, "0.001", "wrong", "otherwise", "Otherwise."),
    (WITHOUT, "6", "recorded", "recorded", "Written down: the answers are not in this file."),
    (WITHOUT, "", "empty", "empty", ""),
    (WITHOUT, "6 6", "unreadable", "unreadable", "Character 3: " + UNREADABLE["6 6"][1]),
]

UP: Any = ("d", "J", "1/1000", "3/1000", "6001/2000000")
DOWN: Any = ("c", "L", "1/1000", "-1/1000", "-1/1000")
CURVED: Any = ("w", "J", "1/1000", "66/1000", "66009/1000000")
BENT: Any = ("w", "J", "1/10", tuple(root(2)), tuple(root(3)))
LEFT_OVER = "Right: J changes by ≈ 0.003 (3 nudges), exactly by 0.0030005: 0.0000005 is left over."
NOTHING_LEFT = "Right: L changes by -0.001 (-1 nudges), and nothing is left over."

NUDGED = [
    (UP, "0.003", "right", "first", LEFT_OVER),
    (UP, "3 nudges", "right", "first", LEFT_OVER),
    (UP, "3nudge", "right", "first", LEFT_OVER),
    (UP, "3 NUDGES ", "right", "first", LEFT_OVER),
    (UP, "3*0.001", "right", "first", LEFT_OVER),
    (UP, "0.0030005", "right", "exact", LEFT_OVER),
    (UP, "3.0005 nudges", "right", "exact", LEFT_OVER),
    (UP, "3", "close", "unit", "Do you mean 3 nudges? Type the word as well, or the change itself."),
    (UP, "0.0030004999999996684", "close", "float", FLOAT),
    (
        UP,
        "0.0031",
        "wrong",
        "otherwise",
        "Compute J once more with d larger by 0.001: by how much did J change?",
    ),
    (UP, "-0.003", "wrong", "sign", "The size is right, the sign is not: does J go up or down?"),
    (UP, "-3 nudges", "wrong", "sign", "The size is right, the sign is not: does J go up or down?"),
    (UP, "nudges", "unreadable", "unreadable", "Say how many nudges, as in 10 nudges."),
    (
        UP,
        "3 3 nudges",
        "unreadable",
        "unreadable",
        "Character 3: " + UNREADABLE["6 6"][1].replace("6", "3"),
    ),
    (UP, "nudges 3", "unreadable", "unreadable", "'nudges' is a name: type the number that it stands for."),
    (UP, "", "empty", "empty", ""),
    (DOWN, "-0.001", "right", "exact", NOTHING_LEFT),
    (DOWN, "-1 nudge", "right", "exact", NOTHING_LEFT),
    (CURVED, "0.06601", "close", "digits", ALL_DIGITS),
    (
        BENT,
        "1.41",
        "right",
        "first",
        "Right: J changes by ≈ 1.41421… (14.1421… nudges), exactly by 1.73205…: 0.317837… is left over.",
    ),
    (
        BENT,
        "17.3 nudges",
        "right",
        "exact",
        "Right: J changes by ≈ 1.41421… (14.1421… nudges), exactly by 1.73205…: 0.317837… is left over.",
    ),
    (BENT, "1.4", "close", "digits", MORE_DIGITS),
    (BENT, "1.7", "close", "digits", MORE_DIGITS),
    (
        (),
        "6",
        "recorded",
        "recorded",
        "Written down: the answers are not in this file.",
    ),
]


def value_or_offset(read):
    """What was read, in a form that both languages can give."""
    if isinstance(read, Unreadable):
        return {"message": read.message, "at": read.at}
    ratio = [str(read.value.numerator), str(read.value.denominator)]
    return {"value": ratio, "places": read.places, "digits": read.digits}


def outcome(found):
    return {"state": found.state, "code": found.code, "say": found.say}


def failures(module):
    """The cases that a marker gets wrong."""
    wrong = []
    for text, value in (PARSER_CASES | MORE_VALUES).items():
        read = module.read_answer(text)
        if (str(read.value) if hasattr(read, "value") else None) != value:
            wrong.append(text)
    for text, (at, message) in UNREADABLE.items():
        read = module.read_answer(text)
        if (getattr(read, "at", None), getattr(read, "message", None)) != (at, message):
            wrong.append(text)
    questions = {asked: module.nudge_asked(*asked) if asked else {} for asked, *_ in NUDGED}
    for cases, found in (
        (MARKS, [module.mark(asked, text) for asked, text, *_ in MARKS]),
        (NUDGED, [module.mark_nudge(questions[asked], text) for asked, text, *_ in NUDGED]),
    ):
        for (asked, text, *expected), one in zip(cases, found, strict=True):
            if [one.state, one.code, one.say] != expected:
                wrong.append((asked, text, one))
    return wrong


def test_every_case():
    assert len(PARSER_CASES) == 33
    assert failures(marking) == []


def test_places_and_digits():
    typed = {
        "66": (0, 2),
        "66.0": (1, 3),
        "-0,0050": (4, 2),
        "9.10e3": (-1, 3),
        "0.00": (2, 0),
        "1e-3": (3, 1),
        "dJ/dw = +6": (0, 1),
        "(6)": (None, None),
        "--6": (None, None),
        "½": (None, None),
        "6²": (None, None),
        "6*1": (None, None),
    }
    for text, (places, digits) in typed.items():
        read = read_answer(text)
        assert isinstance(read, Answer)
        assert (read.places, read.digits) == (places, digits), text


def test_decimals_in_sentences():
    printed = {
        "0": "0",
        "-1/32": "-0.03125",
        "110000": "110000",
        "2/3": "0.666667…",
        "-100000/11": "-9090.91…",
        "29999999/30000000": "1.000000…",
        "1/1000000000": "0.000000001",
        f"1/{10**13}": "1.0e-13",
        f"1/{3 * 10**13}": "3.33333e-14…",
        f"{10**20}": "1" + "0" * 20,
        f"{10**21}": "1.0e21",
        "123456789012": "123456789012",
        "1234567890123": "1234570000000…",
    }
    for text, expected in printed.items():
        assert marking.decimal_text((Fraction(text), Fraction(text))) == expected


def test_the_browser_on_every_case():
    texts = [*PARSER_CASES, *MORE_VALUES, *UNREADABLE]
    assert run(LAB_JS, "lab.readAnswer(input)", texts) == [value_or_offset(read_answer(t)) for t in texts]
    asked = [[asked, text] for asked, text, *_ in MARKS]
    assert run(LAB_JS, "lab.mark(...input)", asked) == [outcome(mark(*each)) for each in asked]
    asked = [[nudge_asked(*asked) if asked else {}, text] for asked, text, *_ in NUDGED]
    assert run(LAB_JS, "lab.markNudge(...input)", asked) == [outcome(mark_nudge(*each)) for each in asked]


def test_the_browser_reads_every_character_alike():
    characters = [chr(code) for code in (*range(0x10000), 0x10000, 0x1D43D, 0x1F642, 0x10FFFF)]
    texts = [text for c in characters for text in (c, f"1{c}2", f"d{c}/dw = 6")]
    assert run(LAB_JS, "lab.readAnswer(input)", texts) == [value_or_offset(read_answer(t)) for t in texts]


# Generated strings

ODD = "0123456789.,eE+-*/^()= ²⁻½⅔×−÷∂wJdxπ🙂\t\u00a0\ufeff\x00\uff16\uff0b\uff13%[]_'\"<>&\ud800"


def rational(rng):
    kind = rng.randrange(6)
    if kind == 0:
        return Fraction(rng.randint(-30, 30))
    if kind == 1:
        return Fraction(rng.randint(-500, 500), rng.choice((2, 4, 5, 8, 10, 100, 1000)))
    if kind == 2:
        return Fraction(rng.randint(-99, 99), rng.randint(1, 33))
    if kind == 3:
        return Fraction(rng.randint(-(10**9), 10**9), 10 ** rng.randint(0, 12))
    if kind == 4:
        return Fraction(rng.randint(1, 10**6), 3 ** rng.randint(1, 20) * 10 ** rng.randint(0, 8))
    return Fraction(rng.randint(-(10**20), 10**20), rng.randint(1, 10**20))


def truth(rng):
    if rng.random() < 0.25:
        ends = [Fraction(each) for each in root(rng.choice((2, 3, 5, 7, 11, 1234567)))]
        scale = rng.choice((1, 1, Fraction(1, 1000), 10**6))
        if rng.random() < 0.5:
            scale, ends = -scale, ends[::-1]
        return [str(end * scale) for end in ends]
    return str(rational(rng))


def shifted(written, by):
    ends = [written, written] if isinstance(written, str) else written
    moved = [str(Fraction(end) + by) for end in ends]
    return moved[0] if isinstance(written, str) else moved


def generated_box(rng):
    t = truth(rng)
    asked = {
        "otherwise": "Otherwise.",
        "wrong": [[truth(rng), f"Wrong {k}."] for k in range(rng.randrange(4))],
    }
    if rng.random() < 0.97:
        asked["truth"] = t
    if rng.random() < 0.7:
        slope = rational(rng)
        asked["quotients"] = [
            quotient_asked(str(h), *(shifted(t, slope * h / k) for k in (1, 2, 4)[: rng.choice((1, 3, 3))]))
            for h in (Fraction(1, 10**e) for e in range(1, 5))
        ]
    return asked


def generated_nudge(rng):
    first, size = truth(rng), Fraction(1, 10 ** rng.randint(0, 4))
    exact = first if rng.random() < 0.3 else shifted(first, rational(rng) * size)
    return nudge_asked("w", "J", str(size), first, exact) if rng.random() < 0.97 else {}


def near_number(rng, written):
    """A text for a truth: exact, a decimal rounded or cut to some digits, with a small error."""
    value = Fraction(written if isinstance(written, str) else written[0])
    style = rng.randrange(6)
    if style == 0:
        return str(value)
    if style == 1:
        return repr(float(value) * (1 + rng.choice((0, 0, 2e-16, -4e-16, 1e-10, 1e-8))))
    if style == 2:
        return f"{float(value):.{rng.randint(0, 8)}e}"
    places = rng.randint(0, 9)
    scaled = abs(value) * 10**places
    units = int(scaled) if style == 3 else int(scaled + Fraction(1, 2)) + (rng.random() < 0.1)
    digits = str(units).zfill(places + 1)
    point = rng.choice(".....,") if places else ""
    return (
        f"{'-' if value < 0 else ''}{digits[: len(digits) - places]}{point}{digits[len(digits) - places :]}"
    )


def expression(rng):
    text = rng.choice(("", "", "-", "+", "−", "--"))
    opened = 0
    for k in range(rng.randint(1, 6)):
        if k:
            text += rng.choice((" + ", "-", "*", "/", "^", "**", "×", " ÷ ", "²*", "^-"))
        if rng.random() < 0.2:
            text, opened = text + "(", opened + 1
        text += rng.choice(
            ("0", "1", "2", "3", "10", "0.5", ".25", "7", "½", "3½", "1e3", "2e-4", "0,5", "999")
        )
        if opened and rng.random() < 0.4:
            text, opened = text + ")", opened - 1
    return text + ")" * opened


def mutated(rng, text):
    for _ in range(rng.randint(1, 3)):
        at = rng.randint(0, len(text))
        text = text[:at] + rng.choice(("", rng.choice(ODD))) + text[at + rng.randrange(2) :]
    return text


def generated_text(rng, candidates):
    text = near_number(rng, rng.choice(candidates)) if rng.random() < 0.6 else expression(rng)
    kind = rng.random()
    if kind < 0.1:
        text = rng.choice(("dJ/dw = ", "∂J/∂w=", "J=", "= ", " d / d ≈ ")) + text
    elif kind < 0.3:
        text = mutated(rng, text)
    elif kind < 0.4:
        text = "".join(rng.choice(ODD) for _ in range(rng.randrange(9)))
    elif kind < 0.41:
        text = rng.choice("(-1^2 ") * rng.choice((40, 51, 60, 199, 201)) + text
    return text


def generated(rng):
    """Pairs of a box and a text, and pairs of a nudge question and a text."""
    boxes, nudges = [], []
    for _ in range(GENERATED // 2):
        asked = generated_box(rng)
        candidates = [w for w, _ in asked["wrong"]] + [q for q, _ in asked.get("quotients", ())]
        boxes.append([asked, generated_text(rng, [asked.get("truth", "1")] * 5 + candidates)])
        asked = generated_nudge(rng)
        scale = rng.random() < 0.4
        ends = asked.get("counts" if scale else "changes", ["1", "1"])
        if rng.random() < 0.1:
            ends = [str(-Fraction(e if isinstance(e, str) else e[0])) for e in ends]
        word = (
            rng.choice((" nudges", "nudge", " Nudges ", ""))
            if scale
            else rng.choice(("", "", "", " nudges"))
        )
        nudges.append([asked, generated_text(rng, ends) + word])
    return boxes, nudges


def test_the_browser_marks_generated_strings_alike():
    boxes, nudges = generated(random.Random(3))
    codes = set()
    for name, marker, asked in (("mark", mark, boxes), ("markNudge", mark_nudge, nudges)):
        ours = [outcome(marker(*each)) for each in asked]
        theirs = run(LAB_JS, f"lab.{name}(...input)", asked)
        for each, one, other in zip(asked, ours, theirs, strict=True):
            assert one == other, each
        codes |= {(name, one["state"], one["code"]) for one in ours}
    texts = [text for _, text in boxes + nudges]
    assert len(texts) == GENERATED
    reads = [value_or_offset(read_answer(text)) for text in texts]
    assert run(LAB_JS, "lab.readAnswer(input)", texts) == reads
    messages = {read["message"] for read in reads if "message" in read}
    assert sum("value" in read for read in reads) > GENERATED // 2
    assert {code for code in codes if code[0] == "mark"} == {("mark", *m[2:4]) for m in MARKS}
    assert {code for code in codes if code[0] == "markNudge"} >= {("markNudge", *m[2:4]) for m in NUDGED}
    assert messages


# Mutants

READER = [
    ("append(-right)", "append(right)"),
    ('"negative": 3', '"negative": 5'),
    ('BINDING[sign] if sign != "^" else 5', "BINDING[sign]"),
    (">= binding", "> binding"),
    ("len(part) == 3", "len(part) == 2"),
    ("len(whole) <= 3 and", "len(whole) <= 4 and"),
    (' and whole.strip("0")', ""),
    ("shift = int(exponent or 0)", "shift = -int(exponent or 0)"),
    ('lstrip("0")', 'strip("0")'),
    ("int(found[1] or 0) + Fraction", "Fraction"),
    ("left - right, at", "right - left, at"),
    ("abs(shift) > SIZE", "abs(shift) > 2 * SIZE"),
    ("max(abs(value.numerator), value.denominator)", "value.numerator"),
    ("times > POWER", "times > 2 * POWER"),
    ("base == 0 and exponent < 0", "base == 0"),
    ("depth == DEPTH", "depth > DEPTH"),
    ("len(typed) > LENGTH", "len(typed) > LENGTH + 1"),
    ('shape in ("n", "sn")', '"n" in shape'),
    ("prefix.end(), ", "0, "),
    ('ord("≈"): ord("=")', 'ord("≈"): ord("~")'),
    ('.replace("−", "-")', '.replace("−", "")'),
    ("pending[-1][1])", "pending[-1][1] + 1)"),
]
MARKER = [
    ("ENDS = 6", "ENDS = 5"),
    ("ENDS = 6", "ENDS = 7"),
    ("ENOUGH = 3", "ENOUGH = 2"),
    ("ENOUGH = 3", "ENOUGH = 4"),
    ("Fraction(1, 10**9)", "Fraction(1, 10**8)"),
    ("-answer.places / 2", "-answer.places"),
    ("truth[0] - half <= answer.value", "truth[0] - half < answer.value"),
    ("<= truth[1] + half", "< truth[1] + half"),
    ("(1 if answer.value > 0 else -1)", "1"),
    ("0 <= missing", "0 < -missing"),
    (" and not _ends_soon(truth)", ""),
    ("answer.digits >= 2", "answer.digits >= 1"),
    ("(abs(t) or 1)", "abs(t)"),
    ("(answer.places or 0) > 0", "True"),
    ("_magnitude(t) - 1)", "_magnitude(t))"),
    ("1000 * abs", "100 * abs"),
    ("1000 * abs", "10000 * abs"),
    ("_equals(answer, quotient) or ", ""),
    ("_equals(answer, _interval(wrong))", "answer.value == _interval(wrong)[0]"),
    ("if found := _quotient(answer, truth, box)", "if found := None"),
    ('"turned": say("turned", of)', '"turned": say("turned", by)'),
    ('"again", of, by', '"again", by, of'),
    ('Mark("recorded"', 'Mark("wrong"'),
    ("at + 1, message", "at, message"),
    ("counts if counted else", "counts if not counted else"),
    ("value=-answer.value", "value=answer.value"),
    ("not counted and _equals(answer, counts[0])", "False"),
    ("straight = ends[0] == ends[1]", "straight = False"),
    (
        "ends[1][0] - ends[0][1], ends[1][1] - ends[0][0]",
        "ends[0][0] - ends[1][0], ends[0][1] - ends[1][1]",
    ),
    ("or _near(answer, sought[1])", ""),
    ('"exact" if straight else "first"', '"first"'),
]


def loaded(monkeypatch, module, source):
    """A module made of a changed source, which then stands for the module."""
    changed = ModuleType(module.__name__)
    changed.__package__ = module.__package__
    monkeypatch.setitem(sys.modules, module.__name__, changed)
    exec(compile(source, module.__file__, "exec"), changed.__dict__)
    return changed


@pytest.mark.parametrize(
    ("module", "old", "new"), [(answers, *m) for m in READER] + [(marking, *m) for m in MARKER]
)
def test_the_cases_catch(monkeypatch, module, old, new):
    sources = {each: Path(str(each.__file__)).read_text(encoding="utf-8") for each in (answers, marking)}
    assert sources[module].count(old) == 1
    sources[module] = sources[module].replace(old, new)
    loaded(monkeypatch, answers, sources[answers])
    changed = loaded(monkeypatch, marking, sources[marking])
    assert failures(changed)
