"""The one line of text that an exercise is: ``PROGRAM | name=value … | fixed name …``."""

from __future__ import annotations

import re
from fractions import Fraction

from ..errors import BindingError, Place
from ..graphs.graph import Graph
from ..graphs.program import parse, parse_number

NUMBER = re.compile(r"[^\s;]+")
BINDING = re.compile(r"([^\W\d]\w*)\s*=\s*")
NAME = re.compile(r"[^\W\d]\w*")
SEPARATORS = " \t\r\n,;"


def read(text: str) -> tuple[Graph, dict[str, Fraction], tuple[str, ...]]:
    """The graph, the values of its inputs, and the names that are fixed.

    Raises
    ------
    NudgegradError
        At the first mistake; its place is in `text`.
    """
    program, *sections = text.split("|")
    graph = parse(program, "exercise")
    values: dict[str, Fraction] = {}
    fixed: list[str] = []
    start = len(program) + 1
    for section in sections:
        words = section.split()
        if words and words[0] == "fixed":
            fixed += _names(text, start + section.index("fixed") + 5, start + len(section), graph)
        else:
            values |= _values(text, start, start + len(section), graph)
        start += len(section) + 1
    for name in graph.inputs:
        if name not in values:
            place = graph.place(graph.index(name))
            typed = f"{text.rstrip()}{' ' if sections else ' | '}{name}=1"
            help = f"give it one: {name}=1" if fixed else typed
            raise BindingError(f"'{name}' has no value", place, help)
    return graph, values, tuple(dict.fromkeys(fixed))


def _values(text: str, start: int, end: int, graph: Graph) -> dict[str, Fraction]:
    found: dict[str, Fraction] = {}
    at = start
    while at < end:
        if text[at] in SEPARATORS:
            at += 1
            continue
        matched = BINDING.match(text, at, end)
        if matched is None:
            stop = next((k for k in range(at, end) if text[k] in SEPARATORS), end)
            raise BindingError(
                f"'{text[at:stop]}' gives no value", Place(text, at, stop, "exercise"), "for example w=3"
            )
        name = matched[1]
        number = NUMBER.match(text, matched.end(), end)
        stop = number.end() if number else matched.end()
        if name not in graph.inputs:
            known = ", ".join(graph.inputs) or "there are none"
            raise BindingError(
                f"'{name}' is given a value, but it is no input of the program",
                Place(text, at, stop, "exercise"),
                f"the program's inputs: {known}",
            )
        if name in found:
            raise BindingError(
                f"'{name}' is given two values", Place(text, at, stop, "exercise"), "keep one"
            )
        try:
            found[name] = parse_number(text[matched.end() : stop].rstrip(","))
        except BindingError as error:
            raise BindingError(
                error.message,
                Place(text, matched.end(), max(stop, matched.end() + 1), "exercise"),
                error.help,
            ) from None
        at = stop
    return found


def _names(text: str, start: int, end: int, graph: Graph) -> list[str]:
    found = []
    for matched in NAME.finditer(text, start, end):
        if matched[0] not in graph.inputs:
            known = ", ".join(graph.inputs) or "there are none"
            raise BindingError(
                f"'{matched[0]}' cannot be fixed: it is no input of the program",
                Place(text, *matched.span(), "exercise"),
                f"the program's inputs: {known}",
            )
        found.append(matched[0])
    return found
