"""The tokens of a program text: one regular expression, the characters people paste, exact numbers."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction

from ..errors import WINDOW, Place, ProgramError

LIMIT = 4000  # decimal digits, and decimal exponents, beyond which a number is refused

SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
VULGAR = "¼-¾⅐-⅞↉"  # fractions of one character
COMPARED = "≤≥≠"

# What is read as another character, one for one, so that offsets stay those of the source.
READ_AS = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}  # full-width forms
READ_AS |= dict.fromkeys(map(ord, "\u00a0\u202f\u205f\u3000\ufeff"), ord(" "))
READ_AS |= dict.fromkeys(range(0x2000, 0x200B), ord(" "))
READ_AS |= dict.fromkeys(map(ord, "×·⋅∗∙"), ord("*"))
READ_AS |= dict.fromkeys(map(ord, "÷∕⁄"), ord("/"))
READ_AS |= dict.fromkeys(map(ord, "−–‐‑‒"), ord("-"))

# The leading group is possessive, and some token matches at every place: no backtracking, linear time.
TOKEN = re.compile(
    rf"""
    (?: [ \t]++ | \\[ \t]*+(?:\r*\n|\Z) | \#[^\n]*+ )*+
    (?: (?P<name>  [A-Za-z_] [A-Za-z0-9_]*+ (?![^\x00-\x7f])
                 | (?:[A-Za-z_]|[^\x00-\x7f{SUPERSCRIPTS}⁺⁻{VULGAR}{COMPARED}])
                   (?:[A-Za-z0-9_]|[^\x00-\x7f{SUPERSCRIPTS}⁺⁻{VULGAR}{COMPARED}])*+ )
      | (?P<number> [0-9]*+[{VULGAR}]
                  | (?: [0-9](?:_?[0-9])*+ (?:\.(?:[0-9](?:_?[0-9])*+)?)?+ | \.[0-9](?:_?[0-9])*+ )
                    (?: [eE][-+]?[0-9](?:_?[0-9])*+ )?+ )
      | (?P<open>  \( )
      | (?P<close> \) )
      | (?P<wrong> \*\*= | //=? | [-+*/%@^:]= | <> | [%@] )
      | (?P<sign>  \*\* | [<>=!]= | [-+*/^=,<>{COMPARED}] )
      | (?P<end>   \r*\n | ; | \Z )
      | (?P<power> [⁺⁻]?[{SUPERSCRIPTS}]++ )
      | (?P<odd>   . ) )
    """,
    re.VERBOSE | re.DOTALL,
)


def shortened(text: str) -> str:
    """A text on one line, cut to what a message can hold."""
    text = " ".join(text.split())
    return text if len(text) <= WINDOW // 2 else text[: WINDOW // 2 - 1] + "…"


class Correction(str):
    """A corrected source line, as a help shows it, and the edit: `source[start:end]` becomes `new`."""

    __slots__ = ("end", "new", "source", "start")
    source: str
    start: int
    end: int
    new: str


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a program text, as parallel lists; the last one is an empty ``end``.

    Parameters
    ----------
    source, origin : str
        The text, and what it is, for errors.
    kinds : list of str
        The group of `TOKEN` that each belongs to. ``wrong`` are operators that programs do not have,
        ``odd`` characters that no token has. Newlines within brackets are no tokens.
    texts : list of str
        Each token with pasted characters replaced; names and superscripts in Unicode's form NFKC,
        where w₁ is w1 and ⁻² is -2.
    starts, ends : list of int
        Where each stands in `source`.
    """

    source: str
    origin: str
    kinds: list[str]
    texts: list[str]
    starts: list[int]
    ends: list[int]

    def written(self, first: int, last: int | None = None) -> str:
        """Tokens `first` to `last` as the source has them, shortened for a message."""
        return shortened(self.source[self.starts[first] : self.ends[first if last is None else last]])

    def error(self, message: str, first: int, last: int | None = None, help: str = "") -> ProgramError:
        """An error about tokens `first` to `last`."""
        start, end = self.starts[first], self.ends[first if last is None else last]
        return ProgramError(message, Place(self.source, start, end, self.origin), help or None)

    def corrected(self, start: int, end: int, new: str) -> str:
        """The source line with the span replaced, a `Correction`; its neighbourhood, if it is long."""
        shown = Correction(self._line_with(start, end, new))
        shown.source, shown.start, shown.end, shown.new = self.source, start, end, new
        return shown

    def _line_with(self, start: int, end: int, new: str) -> str:
        left = self.source.rfind("\n", 0, start) + 1
        right = self.source.find("\n", end)
        right = len(self.source) if right < 0 else right
        line = self.source[left:start] + new + self.source[end:right]
        if len(line) <= WINDOW:
            return line.strip()
        near = self.source[max(left, start - 20) : start] + new[:WINDOW] + self.source[end : end + 20]
        return f"… {near.strip()} …"


def read_tokens(source: str, origin: str) -> Tokens:
    """The tokens of a text, in one pass of `TOKEN`."""
    text = source if source.isascii() else source.translate(READ_AS)
    kinds: list[str] = []
    texts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    depth = 0
    for match in TOKEN.finditer(text):
        kind = match.lastgroup or "odd"
        start, end = match.span(kind)
        token = match[kind]
        if kind == "open":
            depth += 1
        elif kind == "close":
            depth -= depth > 0
        elif kind == "end":
            if depth and token not in (";", ""):
                continue
            depth = 0
        kinds.append(kind)
        texts.append(token)
        starts.append(start)
        ends.append(end)
    tokens = Tokens(source, origin, kinds, texts, starts, ends)
    if not source.isascii():
        _normalise(tokens)
    return tokens


def _normalise(tokens: Tokens) -> None:
    """Bring names and superscripts into form NFKC; what is no name then becomes an odd token."""
    for k, text in enumerate(tokens.texts):
        if text.isascii():
            continue
        plain = unicodedata.normalize("NFKC", text)
        if tokens.kinds[k] == "power":
            tokens.texts[k] = plain.translate(READ_AS)
        elif tokens.kinds[k] == "name":
            at = next((i for i, char in enumerate(text) if not _in_names(char)), None)
            if at is None and plain.isidentifier():
                tokens.texts[k] = plain
            else:
                tokens.kinds[k] = "odd"
                tokens.starts[k] += at or 0
                tokens.ends[k] = tokens.starts[k] + 1


def _in_names(char: str) -> bool:
    """Whether a name may hold the character: as in Python, but no superscripts, which are powers."""
    raised = unicodedata.decomposition(char).startswith("<super>")
    return not raised and f"a{unicodedata.normalize('NFKC', char)}".isidentifier()


def exact_number(text: str) -> Fraction:
    """The exact value of a ``number`` token.

    Raises
    ------
    ValueError
        If it is too large, too small or too long for any format; nothing large is computed first.
    """
    if len(text) > LIMIT:
        raise ValueError(f"has {len(text)} characters, more than any number format can use")
    if not text.isascii():
        whole, vulgar = text[:-1], unicodedata.normalize("NFKC", text[-1])
        return Fraction(whole or 0) + Fraction(vulgar.replace("⁄", "/"))
    if text.isdecimal():
        return Fraction(int(text))
    mantissa, _, exponent = text.lower().replace("_", "").partition("e")
    whole, _, decimals = mantissa.partition(".")
    digits = (whole + decimals).lstrip("0")
    if not digits:
        return Fraction(0)
    magnitude = int(exponent or 0) + len(digits) - len(decimals)  # value < 10 ** magnitude
    if abs(magnitude) > LIMIT:
        raise ValueError(f"is too {'large' if magnitude > 0 else 'small'} for any number format")
    return Fraction(int(digits)) * Fraction(10) ** (int(exponent or 0) - len(decimals))
