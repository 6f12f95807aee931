"""Every error that nudgegrad raises, and the one form in which they are printed.

NudgegradError
├── ProgramError      the text is no program            (also a ValueError)
├── BindingError      a value is missing, unused or no number (also a ValueError)
├── FormatError       an unknown number format          (also a ValueError)
├── EvaluationError   a value does not exist: log of -6, 1/0, overflow (also an ArithmeticError)
├── NodeError         a name that is no node            (also a KeyError)
└── UsageError        an option or argument that cannot be (also a ValueError)
"""

from __future__ import annotations

from dataclasses import dataclass

WINDOW = 72  # columns of a source line that are shown around the caret
CARETS = 40  # carets that are drawn under a long span


@dataclass(frozen=True)
class Place:
    """A span of a text: what a caret points at.

    Parameters
    ----------
    text : str
        The whole text.
    start, end : int
        The span, as half-open character offsets into `text`.
    origin : str
        What the text is: ``"program"``, a file's name, ``"argument"``.
    """

    text: str
    start: int
    end: int
    origin: str = "program"

    def render(self) -> str:
        """The place, its source line and the carets, as the lines between message and help."""
        before = self.text[: self.start]
        line_number = before.count("\n") + 1
        line_start = before.rfind("\n") + 1
        line_end = self.text.find("\n", self.start)
        line = self.text[line_start : len(self.text) if line_end < 0 else line_end].rstrip("\r")
        column = self.start - line_start
        width = max(1, min(self.end, line_start + len(line)) - self.start)
        left = max(0, column - WINDOW // 2) if len(line) > WINDOW else 0
        shown = line[left : left + WINDOW].replace("\t", " ")
        shown = "".join(c if c.isprintable() else "\ufffd" for c in shown)  # a terminal would obey it
        head = "…" if left else ""
        tail = "…" if left + WINDOW < len(line) else ""
        carets = "^" * min(width, CARETS, max(1, len(shown) - (column - left)))
        gutter = " " * len(str(line_number))
        return (
            f" {gutter}--> {self.origin}:{line_number}:{column + 1}\n"
            f" {gutter} |\n"
            f" {line_number} | {head}{shown}{tail}\n"
            f" {gutter} | {' ' * (column - left + len(head))}{carets}"
        )


class NudgegradError(Exception):
    """Root of the tree; `str` of it is the whole report.

    Parameters
    ----------
    message : str
        What is wrong with the value that was met.
    place : Place, optional
        Where.
    help : str, optional
        The next thing to type.
    """

    def __init__(self, message: str, place: Place | None = None, help: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.help = help

    def __str__(self) -> str:
        parts = [f"error: {self.message}"]
        if self.place is not None:
            parts.append(self.place.render())
        if self.help is not None:
            parts.append(f"  = help: {self.help}")
        return "\n".join(parts)


class ProgramError(NudgegradError, ValueError):
    """The text is no program: raised by `nudgegrad.graph`."""


class BindingError(NudgegradError, ValueError):
    """An input has no value, a value has no input, or a value is no number."""


class FormatError(NudgegradError, ValueError):
    """A number format that does not exist."""


class EvaluationError(NudgegradError, ArithmeticError):
    """A node has no finite value: outside the op's domain, division by zero, overflow."""


class NodeError(NudgegradError, KeyError):
    """A name that is no node of the graph."""

    __str__ = NudgegradError.__str__  # KeyError would print the repr


class UsageError(NudgegradError, ValueError):
    """An option or argument that cannot be: an unknown stencil, a nudge of zero."""
