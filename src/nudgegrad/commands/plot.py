"""`nudgegrad plot PROGRAM -o graph.svg`: the graph as a picture, with its values if they are given.

With `--node w` the V-curve of a node, with `--curve` J as a function of it.
"""

from __future__ import annotations

import os
import re
from fractions import Fraction
from pathlib import Path

from ..errors import Place, UsageError
from ..formats import Format
from ..graphs.program import parse_number
from ..views.digits import DIGITS
from ..views.plot import svg
from ..views.screen import Screen
from .arguments import Options
from .outcome import Outcome, graph_or_run_of, run_of

SUFFIX = ".svg"


def run(options: Options, screen: Screen) -> Outcome:  # noqa: ARG001 - a picture looks the same on any screen
    """The outcome of `nudgegrad plot`."""
    path = None if options.output in (None, "-") else writable(str(options.output))
    text = picture(options)
    if path is None:
        return Outcome(text)
    write_whole(path, text + "\n")
    return Outcome("")


def picture(options: Options) -> str:
    """The picture that the options ask for.

    Raises
    ------
    NudgegradError
        If there is none.
    """
    owner = {"fixed": "the graph", "at": "--curve", "stencil": "--node without --curve"}
    of_node = options.curve or bool(options.nodes)
    for name, given, fits in (
        ("fixed", options.fixed, not of_node),
        ("at", options.at is not None, options.curve),
        ("stencil", options.stencil is not None, of_node and not options.curve),
    ):
        if given and not fits:
            raise UsageError(f"this picture has no option --{name}", help=f"it belongs to {owner[name]}")
    if not of_node:
        return svg(graph_or_run_of(options), fixed=options.fixed, digits=options.digits or DIGITS)
    if options.digits is not None:
        raise UsageError("this picture has no option --digits", help="it belongs to the graph")
    if len(options.nodes) > 1:
        raise UsageError("a curve is of one node", help="leave out all but one --node")
    run = run_of(options)
    (node,) = options.nodes or (next(iter(run.graph.inputs), run.graph.name(run.graph.output)),)
    if options.curve:
        from ..views.slope_picture import slope_svg

        return slope_svg(run, node, places(options.at, run.format))
    from ..nudging.table import nudges
    from ..views.error_picture import error_svg

    (n,) = nudges(run, [node], stencil=options.stencil).values()
    return error_svg(run, n)


def places(text: str | None, fmt: Format) -> list[float]:
    """The numbers of a list such as ``-1,0,1/2``.

    Raises
    ------
    BindingError
        If one is no number.
    UsageError
        If one is beyond the range of the format.
    """
    words = re.split("[, ]+", text.strip(", ")) if text is not None else []
    found = []
    for word in words:
        exact = parse_number(word, "--at ", "argument")
        if abs(exact) > Fraction(fmt.maximum):
            place = Place(f"--at {word}", 5, 5 + len(word), "argument")
            raise UsageError(f"{word} is beyond the range of {fmt.name}", place, "for example --at 1,2")
        found.append(fmt.nearest(exact))
    return found


def writable(name: str) -> Path:
    """The file of that name, whose folder exists.

    Raises
    ------
    UsageError
        If it does not, or the name is that of a folder or of another kind of picture.
    """
    given = Path(name)
    place = Place(f"-o {name}", 3, 3 + len(name), "argument")
    if not name.strip() or given.is_dir():
        raise UsageError(f"'{name}' is no name for a file", place, f"-o {given / 'graph.svg'}")
    if given.suffix.lower() not in ("", SUFFIX):
        help = f"-o {given.with_suffix(SUFFIX)}; browsers and editors make other kinds of it"
        raise UsageError(f"pictures are SVG, so '{given.suffix}' would be a wrong name", place, help)
    folder = given.parent
    if not folder.is_dir():
        if folder.exists():
            raise UsageError(f"'{folder}' is a file, not a directory", place, f"-o {given.name}")
        raise UsageError(f"there is no directory '{folder}'", place, f"mkdir -p '{folder}'")
    return given


def write_whole(path: Path, contents: str | bytes) -> None:
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
            if isinstance(contents, str):
                beside.write_text(contents, encoding="ascii", newline="\n")
            else:
                beside.write_bytes(contents)
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
