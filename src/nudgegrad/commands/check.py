"""`nudgegrad check net.py:loss net.py:grad --at params.npz`: whether a hand-written gradient is right."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..checks.entry import check
from ..errors import Place, UsageError
from ..views.digits import DIGITS
from ..views.document import of_check
from ..views.screen import Screen
from ..views.table import as_text
from .arguments import Options, near
from .outcome import Outcome, run_of
from .usercode import NAMED, UserCode, guarded, raise_as_own, takes

EXAMPLE = "nudgegrad check net.py:loss net.py:grad --at params.npz"


def run(options: Options, screen: Screen) -> Outcome:
    """The outcome of `nudgegrad check`."""
    try:
        found, about = _of_program(options) if _is_program(options) else _of_code(options)
    except KeyboardInterrupt:
        return Outcome("", interrupted="interrupted: the check is not done")
    if options.json:
        return Outcome(of_check(found, about), found.verdict)
    return Outcome(as_text(found, screen, options.digits or DIGITS), found.verdict)


def _is_program(options: Options) -> bool:
    first = options.words[0] if options.words else ""
    return options.file is not None or first == "-" or ("=" in first and not NAMED.fullmatch(first))


def _of_program(options: Options) -> tuple[Any, dict[str, Any]]:
    for name in ("at", "args", "seed"):
        if getattr(options, name) is not None:
            raise UsageError(f"--{name} belongs to the check of functions", help=EXAMPLE)
    made = run_of(options)
    inputs = {name: made.value(name) for name in made.graph.inputs}
    return check(made), {"program": made.graph.source, "inputs": inputs}


def _of_code(options: Options) -> tuple[Any, dict[str, Any]]:
    if options.format is not None:
        raise UsageError(
            "--format belongs to the check of a program", help="functions are checked in the format of x"
        )
    words = options.words
    if len(words) > 2:
        place = Place(words[2], 0, len(words[2]), "argument")
        raise UsageError(f"there is one word too many: '{words[2]}'", place, EXAMPLE)
    if not words:
        raise UsageError("there is nothing to check", help=EXAMPLE)
    seed = _seed(options.seed)
    code = UserCode()
    with code.running():
        f = code.named(words[0])
        if len(words) < 2:
            raise UsageError(
                "there is no gradient to check: it is the second word",
                help=f"nudgegrad check {words[0]} {words[0].rpartition(':')[0]}:grad --at params.npz",
            )
        grad = code.named(words[1])
        if options.at is None:
            raise UsageError(
                "where is the gradient to be checked?",
                help=f"nudgegrad check {words[0]} {words[1]} --at params.npz",
            )
        x = _given(code, options.at, "--at")
        args = () if options.args is None else _arguments(_given(code, options.args, "--args"))
        for function, word in ((f, words[0]), (grad, words[1])):
            takes(function, word, 1 + len(args))
        found = check(guarded(f, words[0]), x, guarded(grad, words[1]), args, seed=seed)
    about = {"f": words[0], "grad": words[1], "at": options.at, "args": options.args, "seed": seed}
    return found, about


def _seed(text: str | None) -> int:
    if text is None:
        return 0
    if text.isdecimal():
        return int(text)
    raise UsageError(f"--seed takes a whole number, not '{text}'", help="for example --seed 1")


def _arguments(given: Any) -> tuple[Any, ...]:
    """What comes after x: the arrays of a file in their order, the items of a tuple, or one thing."""
    if isinstance(given, _File):
        return tuple(given.values())
    return tuple(given) if isinstance(given, tuple | list) else (given,)


class _File(dict[str, Any]):
    """The arrays of an .npz by name."""


def _given(code: UserCode, word: str, option: str) -> Any:
    """What ``file.npz``, ``file.npy`` or ``file.py:name`` holds; a function without arguments is called."""
    if NAMED.fullmatch(word):
        value = code.named(word, option)
        if not callable(value):
            return value
        file = Path(word.rpartition(":")[0])
        try:
            return value()
        except (Exception, SystemExit) as error:
            raise_as_own(error, file)
    given = f"{option} {word}"
    place = Place(given, len(option) + 1, len(given), "argument")
    path = Path(word)
    if path.suffix == ".py":
        raise UsageError(f"'{word}' is a whole file of Python", place, f"name what is meant: {word}:params")
    if not path.is_file():
        what = "is a directory, not a file" if path.is_dir() else ""
        message = f"'{word}' {what}" if what else f"there is no file '{word}'"
        raise UsageError(message, place, near(path) or f"{option} takes an .npz, an .npy or file.py:name")
    try:
        loaded = np.load(path, allow_pickle=False)
        if not isinstance(loaded, np.ndarray):
            loaded = {name: loaded[name] for name in loaded.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        reason = "it holds no plain ones" if "pickle" in str(error) else str(error)
        raise UsageError(
            f"'{word}' cannot be read as NumPy's arrays: {reason}",
            place,
            f"np.savez writes them; or {option} file.py:name",
        ) from None
    if isinstance(loaded, np.ndarray):
        return loaded[()] if option == "--args" and not loaded.ndim else loaded
    return _structure(loaded, option)


def _structure(loaded: Mapping[str, Any], option: str) -> Any:
    """The arrays of an .npz: for x a dict, or the array itself if `x` is the only one."""
    if option == "--args":
        return _File({name: array if array.ndim else array[()] for name, array in loaded.items()})
    if list(loaded) in (["x"], ["arr_0"]):
        return next(iter(loaded.values()))
    if list(loaded) == [f"arr_{k}" for k in range(len(loaded))]:  # saved without names
        return tuple(loaded.values())
    return dict(loaded)
