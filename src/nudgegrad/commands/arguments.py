"""The arguments: options, the program's text, and the values of its inputs as exact numbers."""

from __future__ import annotations

import argparse
import difflib
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from ..errors import BindingError, Place, UsageError

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLE = 'nudgegrad "J = (2 + 3*w)**2" w=3'
MOST_DIGITS = 17
COLORS = ("auto", "always", "never")
EVERYWHERE = frozenset({"json", "color"})
OF_PROGRAMS = EVERYWHERE | {"format", "stencil", "digits", "node", "file", "allow_inconclusive"}
OF_TRAINING = frozenset(
    {"net", "epochs", "rate", "optimiser", "batch", "l2", "dropout", "clip", "resume", "check_every"}
)
OF_RACES = frozenset({"sizes", "family", "sample", "shipped"})
OPTIONS_OF = {
    "explain": OF_PROGRAMS | {"steps", "all"},
    "nudge": OF_PROGRAMS | {"h"},
    "answer": OF_PROGRAMS - {"stencil"} | {"output", "fixed"},
    "check": EVERYWHERE | {"at", "args", "seed", "file", "format", "digits", "allow_inconclusive"},
    "derivative": EVERYWHERE | {"at", "order", "format", "output", "allow_inconclusive"},
    "lab": frozenset({"color", "file", "fixed", "port", "no_browser", "save", "html", "no_answers"}),
    "plot": frozenset(
        {"color", "file", "fixed", "format", "digits", "output", "node", "curve", "at", "stencil"}
    ),
    "roundoff": EVERYWHERE | {"format", "digits", "file", "all"},
    "ops": EVERYWHERE,
    "race": EVERYWHERE | OF_RACES | {"seed", "output"},
    "train": EVERYWHERE | OF_TRAINING | {"seed", "save", "output", "allow_inconclusive"},
}


@dataclass(frozen=True)
class Options:
    """What the user asked for.

    Parameters
    ----------
    command : str
    words : tuple of str
        The program, unless a file is given, and the bindings.
    nodes : tuple of str
        Names given with ``--node``.
    fixed : tuple of str
        Names given with ``--fixed``.
    The others are the options of these names; None where not given.
    """

    command: str
    words: tuple[str, ...]
    nodes: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    file: str | None = None
    format: str | None = None
    stencil: str | None = None
    digits: int | None = None
    h: str | None = None
    color: str = "auto"
    json: bool = False
    steps: bool = False
    all: bool = False
    allow_inconclusive: bool = False
    output: str | None = None
    port: str | None = None
    save: str | None = None
    html: str | None = None
    no_browser: bool = False
    no_answers: bool = False
    curve: bool = False
    at: str | None = None
    args: str | None = None
    seed: str | None = None
    order: str | None = None
    net: str | None = None
    epochs: str | None = None
    rate: str | None = None
    optimiser: str | None = None
    batch: str | None = None
    l2: str | None = None
    dropout: str | None = None
    clip: str | None = None
    resume: str | None = None
    check_every: str | None = None
    sizes: str | None = None
    family: str | None = None
    sample: str | None = None
    shipped: bool = False


class _Parser(argparse.ArgumentParser):
    """argparse, but its complaints are ours."""

    def error(self, message: str) -> NoReturn:
        """Raise a `UsageError`."""
        unknown = re.search(r"unrecognized arguments: (\S+)", message)
        if unknown is None:
            raise UsageError(message.removeprefix("argument "), help="nudgegrad --help lists the options")
        option = unknown[1].partition("=")[0]
        close = difflib.get_close_matches(option, self._option_string_actions, 1, 0.6)
        hint = f"did you mean '{close[0]}'?" if close else "nudgegrad --help lists the options"
        raise UsageError(f"unknown option '{option}'", help=hint)


def _parser() -> _Parser:
    narrow = partial(argparse.HelpFormatter, width=80)  # it would import what measures terminals
    parser = _Parser(prog="nudgegrad", add_help=False, allow_abbrev=False, formatter_class=narrow)
    parser.add_argument("words", nargs="*")
    for name in ("--format", "--stencil", "--digits", "--h", "--color", "--port", "--save", "--html"):
        parser.add_argument(name)
    for name in ("--at", "--args", "--seed", "--order"):
        parser.add_argument(name)
    for name in sorted(OF_TRAINING | OF_RACES - {"shipped"}):
        parser.add_argument(f"--{name.replace('_', '-')}")
    parser.add_argument("--node", action="append")
    parser.add_argument("--fixed", action="extend", nargs="+")
    parser.add_argument("-f", "--file")
    parser.add_argument("-o", "--output")
    parser.add_argument("--no-color", dest="color", action="store_const", const="never")
    flags = (
        "--steps",
        "--json",
        "--all",
        "--allow-inconclusive",
        "--no-browser",
        "--no-answers",
        "--curve",
        "--shipped",
    )
    for name in flags:
        parser.add_argument(name, action="store_true", default=None)
    return parser


def parse_arguments(argv: Sequence[str], commands: Sequence[str]) -> Options:
    """The options of a command line.

    Raises
    ------
    UsageError
        If an option or command does not exist, or one does not go with the other.
    """
    given = vars(_parser().parse_intermixed_args(_with_minus(argv)))
    fixed = [str(word) for word in given["fixed"] or ()]
    words = [*map(str, given.pop("words")), *(word for word in fixed if "=" in word)]
    command = _command(words, commands, given["file"] is not None)
    given = {name: value for name, value in given.items() if value is not None}
    for name in given:
        if name not in OPTIONS_OF[command]:
            option = f"--{name.replace('_', '-')}"
            owners = " and ".join(c for c in OPTIONS_OF if name in OPTIONS_OF[c])
            raise UsageError(f"'{command}' has no option {option}", help=f"it belongs to {owners}")
    if "digits" in given:
        given["digits"] = _digits(given["digits"])
    if given.get("color", "auto") not in COLORS:
        raise UsageError(f"--color {given['color']} is unknown", help=f"there are {', '.join(COLORS)}")
    if command == "ops" and words:
        raise UsageError(f"'ops' takes no program: '{words[0]}'", help="nudgegrad ops")
    nodes = tuple(given.pop("node", ()))
    given["fixed"] = tuple(
        name for word in fixed if "=" not in word for name in re.split("[, ]+", word) if name
    )
    return Options(command, tuple(words), nodes, **given)


def _with_minus(argv: Sequence[str]) -> list[str]:
    """The arguments, but ``--at -1,2`` as ``--at=-1,2``: a list may begin with a minus."""
    found: list[str] = []
    for word in argv:
        if found[-1:] == ["--at"] and re.match(r"-[\d.]", word):
            found[-1] = f"--at={word}"
        else:
            found.append(word)
    return found


def _command(words: list[str], commands: Sequence[str], has_file: bool) -> str:
    """The command, taken off the words; `commands[0]` if the first word is none."""
    if words and words[0] in commands:
        return words.pop(0)
    first = words[0] if words else ""
    if not words or has_file or "=" in first or first == "-" or not re.fullmatch(r"\w[\w-]*", first):
        return commands[0]
    close = difflib.get_close_matches(first, commands, 1, 0.5)
    if close:
        hint = f"did you mean '{close[0]}'?"
    elif len(words) > 1 and words[1].startswith("="):
        hint = f"put the program in quotes: {EXAMPLE}"
    else:
        hint = f'the commands are {", ".join(commands)}; a program is a statement such as "J = 3*w"'
    raise UsageError(f"there is no command '{first}'", Place(first, 0, len(first), "argument"), hint)


def _digits(text: str) -> int:
    if text.isdecimal() and 1 <= int(text) <= MOST_DIGITS:
        return int(text)
    raise UsageError(
        f"--digits takes a whole number from 1 to {MOST_DIGITS}, not '{text}'",
        help="for example --digits 4",
    )


def program_text(options: Options) -> tuple[str, str, tuple[str, ...]]:
    """The program's text, what it is for errors, and the words that are bindings.

    Raises
    ------
    UsageError
        If there is no program, or it cannot be read.
    """
    if options.file is not None:
        return *_read(options.file), options.words
    if not options.words:
        raise UsageError("there is no program", help=EXAMPLE)
    first, *others = options.words
    if first == "-":
        return *_read(first), tuple(others)
    if "=" not in first and os.path.isfile(first):  # noqa: PTH113 - pathlib takes longer to import than a table takes
        raise UsageError(f"'{first}' is a file, not a program", help=f"to read it: -f {first}")
    return first, "program", tuple(others)


def _read(name: str) -> tuple[str, str]:
    """The text of a file, or of stdin for ``-``: UTF-8, with or without its mark, any line ends."""
    from pathlib import Path

    origin = "stdin" if name == "-" else name
    if name == "-" and sys.stdin is None:
        raise UsageError("there is no stdin to read a program from", help="-f FILE reads it from a file")
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except IsADirectoryError:
        raise UsageError(f"'{name}' is a directory, not a file", help="-f FILE") from None
    except FileNotFoundError:
        raise UsageError(f"there is no file '{name}'", help=near(Path(name))) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"'{name}' cannot be read: {reason}") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{origin} is no UTF-8 text: byte 0x{data[error.start]:02x} at {error.start}",
            help="save the program as UTF-8",
        ) from None
    return text.replace("\r\n", "\n"), origin


def near(path: Path) -> str | None:
    """Which file of the same folder may have been meant; None if none is near."""
    try:
        names = [entry.name for entry in path.parent.iterdir() if entry.is_file()]
    except OSError:
        return f"there is no directory '{path.parent}'"
    close = difflib.get_close_matches(path.name, names, 1, 0.6)
    return f"did you mean '{path.with_name(close[0])}'?" if close else None


def bindings(words: Sequence[str]) -> dict[str, Fraction]:
    """The values of the inputs, from words ``name=value``, in their order.

    Raises
    ------
    BindingError
        If a word is no ``name=value``, a value no number, or a name has two values.
    """
    from ..graphs.program import parse_number

    found: dict[str, Fraction] = {}
    for word in words:
        name, equals, value = word.partition("=")
        end = len(name)
        if not equals or not name.strip():
            message = f"'{word}' has no '='" if not equals else f"'{word}' has no name before '='"
            example = name.strip() if name.strip().isidentifier() else "w"
            raise BindingError(
                f"{message}, so it gives no input a value",
                Place(word, 0, len(word), "argument"),
                f"a value is one word without spaces: {example}=3; a program goes in quotes",
            )
        if name.strip() in found:
            raise BindingError(
                f"'{name.strip()}' is given two values",
                Place(word, 0, end, "argument"),
                "leave one of them out",
            )
        found[name.strip()] = parse_number(value, f"{name}=", "argument")
    return found
