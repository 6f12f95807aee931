"""The terminal: what it can show, and how text gets there whole or not at all. Imports nothing heavy."""

from __future__ import annotations

import errno
import os
import sys

TYPE_CHECKING = False  # what type checkers take for True; importing typing for it would be most of --help
if TYPE_CHECKING:
    from typing import Any

    from ..errors import NudgegradError, Place
    from ..views.screen import Screen

COLUMNS = 120  # of a file or pipe, which has none
ONE_FOR_ONE = str.maketrans("×·−–÷²³…", "**--/23.")  # in source lines, where carets must keep their place
CLOSED = (errno.EPIPE, errno.EINVAL)  # what writing into a closed pipe gives; the second on Windows


def width_of(stream: Any) -> int:
    """Columns of the terminal: the variable COLUMNS, else the terminal's own, else `COLUMNS`."""
    asked = os.environ.get("COLUMNS", "")
    if asked.isdecimal() and int(asked):
        return int(asked)
    try:
        return os.get_terminal_size(stream.fileno()).columns or COLUMNS
    except (OSError, ValueError, AttributeError):
        return COLUMNS


def has_color(stream: Any, choice: str) -> bool:
    """Whether to colour: as asked, and otherwise on terminals unless NO_COLOR or TERM=dumb is set."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return bool(stream is not None and stream.isatty())


def shows(stream: Any, signs: str) -> bool:
    """Whether a stream's encoding has these characters."""
    try:
        signs.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def screen_of(stream: Any, choice: str = "auto") -> Screen:
    """The screen behind a stream."""
    from ..views.screen import SIGNS, Screen

    return Screen(width_of(stream), has_color(stream, choice), not shows(stream, SIGNS))


def write(stream: Any, text: str) -> None:
    """Write a text and a newline; characters that the stream lacks are escaped."""
    if stream is None:  # closed before the start
        return
    encoding = getattr(stream, "encoding", None) or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    stream.flush()


def write_result(text: str) -> bool:
    """Write a result to stdout; False if nobody reads it any more.

    Raises
    ------
    OSError
        If it cannot be written for another reason.
    """
    try:
        write(sys.stdout, text)
    except OSError as error:
        nowhere = os.open(os.devnull, os.O_WRONLY)  # or the interpreter complains when it ends
        os.dup2(nowhere, sys.stdout.fileno())
        if error.errno not in CLOSED:
            raise
        return False
    return True


def write_error(error: NudgegradError) -> None:
    """Print an error to stderr in characters that it has, carets in their places."""
    screen = screen_of(sys.stderr)
    lines = [f"{screen.paint('error:', 'bad')} {screen.say(error.message)}"]
    if error.place is not None:
        lines.append(_rendered(error.place, screen.ascii))
    if error.help is not None:
        lines.append(f"  = help: {screen.say(error.help)}")
    write(sys.stderr, "\n".join(lines))


def _rendered(place: Place, ascii: bool) -> str:
    text = place.render()
    if not ascii:
        return text
    return text.translate(ONE_FOR_ONE).encode("ascii", "replace").decode()


class Progress:
    """A line on stderr that says how far a long computation is; silent where nobody watches.

    Parameters
    ----------
    total : int
        Nodes in all.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self.watched = sys.stderr is not None and sys.stderr.isatty()
        self.said = ""

    def say(self, done: int) -> None:
        """So many nodes are done; the line goes when all are."""
        self.show(f"{done} of {self.total} nodes" if done < self.total else "")

    def show(self, text: str) -> None:
        """Replace what the line says."""
        if self.watched and text != self.said:
            sys.stderr.write(f"\r{' ' * len(self.said)}\r{text}")
            sys.stderr.flush()
            self.said = text
