"""The screen: how wide it is, whether it has colours, which characters it has."""

from __future__ import annotations

import textwrap
import unicodedata
from dataclasses import dataclass

SIGNS = "±✓✗×—…∂"  # what a screen must be able to show; else all of them go as ASCII
AS_ASCII = {
    "±": "+-", "✓": "ok", "✗": "FAIL", "×": "*", "—": "-", "…": "...", "∂": "d", "−": "-", "·": "*",
    "²": "^2", "³": "^3", "½": "1/2", "µ": "u",
}  # fmt: skip
STYLES = {"good": "32", "bad": "31", "dim": "2", "strong": "1"}
LEAST, MOST = 20, 120  # columns of a line of text, however narrow or wide the screen is


@dataclass(frozen=True)
class Screen:
    """Where a text will be shown.

    Parameters
    ----------
    width : int
        Columns.
    color : bool
        Whether it shows ANSI colours.
    ascii : bool
        Whether it has ASCII characters only.
    """

    width: int = 120
    color: bool = False
    ascii: bool = False

    def say(self, text: str) -> str:
        """The text in characters that the screen has."""
        if not self.ascii or text.isascii():
            return text
        for sign, plain in AS_ASCII.items():
            text = text.replace(sign, plain)
        return text.encode("ascii", "backslashreplace").decode()

    def paint(self, text: str, style: str) -> str:
        """The text in a style of `STYLES`; as it is where there are no colours."""
        return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if self.color and style and text else text

    def wrap(self, text: str, indent: str = "", hang: str = "") -> str:
        """The text broken at spaces to fit, `indent` before its first line and `hang` before the others."""
        return textwrap.fill(
            self.say(text),
            min(max(LEAST, self.width), MOST),
            initial_indent=indent,
            subsequent_indent=hang,
            break_long_words=False,
            break_on_hyphens=False,
        )


def breadth(text: str) -> int:
    """How many columns a text takes on a screen: two for wide characters, none for accents."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) > 0 for c in text)


def padded(text: str, width: int, align: str) -> str:
    """The text filled with spaces to `width` columns."""
    room = " " * (width - breadth(text))
    return room + text if align == ">" else text + room
