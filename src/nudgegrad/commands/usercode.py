"""Code of the user's: imported from the file named, its errors told as its own."""

from __future__ import annotations

import contextlib
import difflib
import inspect
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from ..errors import NudgegradError, Place, UsageError
from .arguments import near

NAMED = re.compile(r"(?P<file>.+\.py):(?P<name>[^\W\d][\w.]*)")
PREFIX = "nudgegrad checks "  # no import statement can spell it, so it clashes with no module


class UserCode:
    """Files of the user's, each imported once.

    While they run, their folders are on `sys.path`, and what they print goes to stderr.
    """

    def __init__(self) -> None:
        self._modules: dict[Path, ModuleType] = {}
        self._folders: list[str] = []

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """The time in which the code runs: afterwards the path and the modules are as they were."""
        before = list(sys.path)
        try:
            with contextlib.redirect_stdout(sys.stderr):
                yield
        finally:
            sys.path[:] = before
            for module in self._modules.values():
                sys.modules.pop(module.__name__, None)

    def named(self, word: str, option: str = "") -> Any:
        """What ``file.py:name`` names.

        Raises
        ------
        NudgegradError
            If there is no such file or name, or the file raises an error.
        """
        found = NAMED.fullmatch(word)
        given = f"{option} {word}" if option else word
        if found is None:
            place = Place(given, len(given) - len(word), len(given), "argument")
            raise UsageError(f"'{word}' names nothing in a file", place, _example(word))
        start = len(given) - len(word)
        file = Path(found["file"])
        if not file.is_file():
            place = Place(given, start, start + len(found["file"]), "argument")
            raise UsageError(f"there is no file '{file}'", place, near(file))
        value: Any = self._module(file)
        for part in found["name"].split("."):
            if not hasattr(value, part):
                place = Place(given, start + found.start("name"), len(given), "argument")
                raise UsageError(f"'{file}' has no '{found['name']}'", place, _close(part, value, found))
            value = getattr(value, part)
        return value

    @staticmethod
    def file_of(word: str) -> Path:
        """The file of ``file.py:name``."""
        return Path(word.rpartition(":")[0])

    def _module(self, file: Path) -> ModuleType:
        path = file.resolve()
        if path not in self._modules:
            spec = spec_from_file_location(f"{PREFIX}{len(self._modules)}", path)
            assert spec is not None
            assert spec.loader is not None
            module = module_from_spec(spec)
            self._modules[path] = sys.modules[spec.name] = module
            if str(path.parent) not in sys.path:
                sys.path.insert(0, str(path.parent))
            try:
                spec.loader.exec_module(module)
            except (Exception, SystemExit) as error:
                raise_as_own(error, file)
        return self._modules[path]


def guarded(function: Callable[..., Any], word: str) -> Callable[..., Any]:
    """The function, whose errors are told as the user's own."""
    file = Path(word.rpartition(":")[0])

    def called(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except (Exception, SystemExit) as error:
            raise_as_own(error, file)

    return called


AFTER = "--args data.npz gives its arrays after x, in their order; --args file.py:name a tuple"


def takes(function: Any, word: str, count: int, help: str = AFTER) -> None:
    """Nothing if the function can be called with so many arguments.

    Raises
    ------
    UsageError
        If it cannot.
    """
    if not callable(function):
        raise UsageError(
            f"'{word}' is no function but of type {type(function).__name__}",
            Place(word, word.rindex(":") + 1, len(word), "argument"),
            "name a function of x",
        )
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError as error:
        name = word.rpartition(":")[2]
        given = "x alone" if count == 1 else f"x and {count - 1} more"
        raise UsageError(
            f"{name}{inspect.signature(function)} cannot be called with {given}: {error}",
            Place(word, word.rindex(":") + 1, len(word), "argument"),
            help,
        ) from None
    except ValueError:  # some callables have no signature
        return


def raise_as_own(error: BaseException, file: Path) -> NoReturn:
    """Raise the user's error with its type, message, and the line in the user's file.

    Raises
    ------
    NudgegradError
        Always.
    """
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, SyntaxError) and error.filename:
        said = f"{type(error).__name__}: {error.msg}"
    raise NudgegradError(
        said, _place(error, file), "NUDGEGRAD_TRACEBACK=1 shows the whole traceback"
    ) from error


def _place(error: BaseException, file: Path) -> Place | None:
    """The innermost line of the user's folder that led to the error."""
    folder = file.resolve().parent
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        column = max(0, (error.offset or 1) - 1)
        end = max(column + 1, (error.end_offset or 0) - 1)
        return _at(Path(error.filename), file, error.lineno, column, end)
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        own = path.is_relative_to(folder) and "site-packages" not in path.parts
        if own and frame.lineno is not None:
            one_line = frame.end_lineno == frame.lineno
            return _at(path, file, frame.lineno, frame.colno, frame.end_colno if one_line else None)
    return None


def _at(path: Path, file: Path, line: int, column: int | None, end: int | None) -> Place | None:
    """A place in a file, columns in bytes of UTF-8 as Python counts them."""
    try:
        text = path.read_text(encoding="utf-8-sig").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError):
        return None
    lines = text.split("\n")
    if not 1 <= line <= len(lines):
        return None
    start = sum(len(one) + 1 for one in lines[: line - 1])
    source = lines[line - 1]
    indent = len(source) - len(source.lstrip())
    first = indent if column is None else min(column, len(source))
    last = len(source) if end is None else min(max(end, first + 1), len(source))
    origin = str(file) if path.resolve() == file.resolve() else str(path.name)
    return Place(text, start + first, start + last, origin)


def _close(part: str, owner: Any, found: re.Match[str]) -> str:
    names = [name for name in dir(owner) if not name.startswith("_")]
    close = difflib.get_close_matches(part, names, 1, 0.5)
    if close:
        return f"did you mean '{found['file']}:{close[0]}'?"
    return f"it has {', '.join(names[:8])}" if names else "it defines nothing"


def _example(word: str) -> str:
    if word.endswith(".py"):
        return f"name what is meant in it: {word}:loss"
    return "nudgegrad check net.py:loss net.py:grad --at params.npz"
