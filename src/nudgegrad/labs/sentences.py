"""What is said of typed answers, in one place for Python and the browser: the page is sent this table."""

from __future__ import annotations

from collections.abc import Mapping

SENTENCES: Mapping[str, str] = {
    # what cannot be read
    "large": "This is too large or too small to be read: at most 300 digits.",
    "zero": "This divides by zero.",
    "power": "A power must be a whole number here: type the value as a decimal number.",
    "digitless": "'{0}' has no digit.",
    "commas": "'{0}' cannot be read: type all digits without commas, and a point before the decimals.",
    "points": "'{0}' has more than one decimal point.",
    "ambiguous": "'{0}' is ambiguous: it may mean {1}{2} or {1}.{2}. Type it without the comma.",
    "long": "This is too long: at most 200 characters.",
    "unopened": "This bracket was never opened.",
    "unclosed": "This bracket is never closed.",
    "deep": "There are more than 50 brackets inside one another.",
    "after": "A number is missing after '{0}'.",
    "nothing": "Type a number.",
    "name": "'{0}' is a name: type the number that it stands for.",
    "equals": "'=' may stand after one name only, as in dJ/dw = 10.",
    "before": "A number is missing before '{0}'.",
    "sign": "A sign is missing before '{0}': type one of + - * / ^.",
    "unknown": "'{0}' cannot be read: type a number such as 0.7, -12 or 7/8.",
    "place": "Character {0}: {1}",
    # what is right but for its digits
    "exact": "Right.",
    "rounded": "Right: correctly rounded.",
    "float": "Nearly: that is the number with the rounding error of floats. Which number is meant?",
    "ends": "Right so far, but this value ends: type all its digits.",
    "more": "Right so far. More digits, please: at least 3.",
    "cut": "Cut off instead of rounded: the first digit left out is 5 or more, so the last one goes up.",
    "tail": "Right but for the last digits, the rounding error of floats: leave them out.",
    "decimal": "Right to 2 digits. Type a rounded decimal number with at least 3.",
    "last": "Right to 2 digits, but not to the last one typed.",
    "quotient": "That is the quotient at {0}. Halve the nudge: {1}where does it head?",
    "recorded": "Written down: the answers are not in this file.",
    # what is said of nudges
    "count": "Say how many nudges, as in 10 nudges.",
    "straight": "Right: {0} changes by {1} ({2}), and nothing is left over.",
    "curved": "Right: {0} changes by ≈ {1} ({2}), exactly by {3}: {4} is left over.",
    "unit": "Do you mean {0} nudges? Type the word as well, or the change itself.",
    "turned": "The size is right, the sign is not: does {0} go up or down?",
    "again": "Compute {0} once more with {1} larger by {2}: by how much did {0} change?",
}


def say(key: str, *values: object) -> str:
    """The sentence of a key with values put in.

    Examples
    --------
    >>> say("before", ")")
    "A number is missing before ')'."
    """
    return SENTENCES[key].format(*values)
