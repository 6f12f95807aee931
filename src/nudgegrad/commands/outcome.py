"""What a command leaves: the text for stdout, and the verdict that decides the exit code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ..errors import BindingError, Place
from ..formats import FORMATS, format_named
from ..graphs.graph import Graph
from ..graphs.program import parse
from ..nudging.table import Verdict
from ..sweeps.run import Run
from .arguments import Options, bindings, program_text


@dataclass(frozen=True)
class Outcome:
    """The result of a command.

    Parameters
    ----------
    text : str
        Without the final newline.
    verdict : Verdict, optional
        The worst; None if nothing was judged.
    interrupted : str
        What is missing because the user pressed Ctrl-C; empty otherwise.
    """

    text: str
    verdict: Verdict | None = None
    interrupted: str = ""


def run_of(options: Options) -> Run:
    """The run that the arguments ask for.

    Raises
    ------
    NudgegradError
        If there is none.
    """
    text, origin, words = program_text(options)
    return _run_at(options, parse(text, origin), text, words)


def graph_or_run_of(options: Options) -> Graph | Run:
    """The run that the arguments ask for; the graph alone where they give no input a value.

    Raises
    ------
    NudgegradError
        If there is none.
    """
    text, origin, words = program_text(options)
    graph = parse(text, origin)
    return _run_at(options, graph, text, words) if words or not graph.inputs else graph


def _run_at(options: Options, graph: Graph, text: str, words: Sequence[str]) -> Run:
    fmt = FORMATS["float64"] if options.format is None else format_named(options.format)
    try:
        values = bindings(words)
    except BindingError as error:
        if words and _is_binding(text):
            error.help = f'the program comes first: nudgegrad "{words[0]}" {text}'
        raise
    try:
        run: Run = graph.at(values, format=fmt)
    except BindingError as error:
        if error.place is None:
            error.place = _blamed(graph, values, words, fmt.maximum)
        raise
    return run


def _is_binding(text: str) -> bool:
    try:
        bindings([text])
    except BindingError:
        return False
    return True


def _blamed(
    graph: Graph, values: Mapping[str, Fraction], words: Sequence[str], maximum: float
) -> Place | None:
    """The argument that has a value which the program does not use or the format does not have."""
    for name, word in zip(values, words, strict=True):
        if name not in graph.inputs:
            return Place(word, 0, len(word.partition("=")[0]), "argument")
    for name, word in zip(values, words, strict=True):
        if abs(values[name]) > maximum:
            return Place(word, word.index("=") + 1, len(word), "argument")
    return None
