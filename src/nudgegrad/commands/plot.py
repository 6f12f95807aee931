"""`nudgegrad plot PROGRAM -o graph.svg`: the graph as a picture, with its values if they are given."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import Place, UsageError
from ..views.digits import DIGITS
from ..views.plot import svg
from ..views.screen import Screen
from .arguments import Options
from .outcome import Outcome, graph_or_run_of


def run(options: Options, screen: Screen) -> Outcome:  # noqa: ARG001 - a picture looks the same on any screen
    """The outcome of `nudgegrad plot`."""
    path = None if options.output in (None, "-") else writable(str(options.output))
    text = svg(graph_or_run_of(options), fixed=options.fixed, digits=options.digits or DIGITS)
    if path is None:
        return Outcome(text)
    write_whole(path, text + "\n")
    return Outcome("")


def writable(name: str) -> Path:
    """The file of that name, whose folder exists.

    Raises
    ------
    UsageError
        If it does not, or the name is that of a folder.
    """
    given = Path(name)
    place = Place(f"-o {name}", 3, 3 + len(name), "argument")
    if not name.strip() or given.is_dir():
        raise UsageError(f"'{name}' is no name for a file", place, f"-o {given / 'graph.svg'}")
    folder = given.parent
    if not folder.is_dir():
        if folder.exists():
            raise UsageError(f"'{folder}' is a file, not a directory", place, f"-o {given.name}")
        raise UsageError(f"there is no directory '{folder}'", place, f"mkdir -p '{folder}'")
    return given


def write_whole(path: Path, text: str) -> None:
    """Write a file all at once: whatever happens, it is as it was or as it should be.

    Raises
    ------
    UsageError
        If it cannot be written.
    """
    target = Path(os.path.realpath(path))  # a link stays one
    if target.exists() and not target.is_file():  # such as /dev/null, which nothing may replace
        beside = target
    else:
        beside = target.with_name(f".nudgegrad-{os.getpid()}.part")
    try:
        try:
            beside.write_text(text, encoding="ascii", newline="\n")
            if beside is not target:
                beside.replace(target)
        finally:
            if beside is not target:
                beside.unlink(missing_ok=True)
    except OSError as error:
        place = Place(f"-o {path}", 3, 3 + len(str(path)), "argument")
        raise UsageError(
            f"'{path}' cannot be written: {error.strerror}", place, "name a file in a folder of yours"
        ) from None
