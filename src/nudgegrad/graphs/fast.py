"""Large programs without mistakes, read by compiled loops: the graph that `program` makes of them."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from ..compiled import is_compiled, machine_code
from ..loops.reading import FULL, LAST, NAMES, NUMBERS, OUTPUT, RESERVED
from .graph import CODES, MOST, ROWS, Graph, frozen
from .mistakes import KEYWORDS
from .ops import COMPARES, FUNCTIONS, OPS
from .tokens import exact_number

Ints = npt.NDArray[np.int64]

CHARACTERS = 5  # of a node, about: so many nodes are made room for, and more if there are more
INFIX = {name: name for name in ("+", "-", "*", "/", "**", "<", "<=", ">", ">=", "==", "!=")} | {"^": "**"}


@cache
def _grammar() -> tuple[bytes, Ints, Ints, Ints, Ints, Ints]:
    """The words that are no names, and what each is; operators and signs; arities and folds of all rows."""
    words = sorted(KEYWORDS | set(FUNCTIONS))
    known, start = [], 0
    for word in words:
        row = FUNCTIONS.get(word)
        known.append(
            (start, start + len(word), RESERVED if row is None else RESERVED - 1 - CODES[row.name])
        )
        start += len(word)
    rows = [OPS["neg"], *(OPS[name] for name in INFIX.values())]
    signs = np.full((128, 3), -1)
    for n, spelled in enumerate(INFIX, start=1):
        if len(spelled) == 1:
            signs[ord(spelled), 0] = n
        else:
            signs[ord(spelled[0]), 1:] = ord(spelled[1]), n
    return (
        "".join(words).encode(),
        np.array(known, dtype=np.int64),
        np.array([(CODES[row.name], row.binds, row.loose[0]) for row in rows]).reshape(-1),
        signs.reshape(-1),
        np.array([row.arity for row in ROWS], dtype=np.int64),
        np.array([row.folds for row in ROWS], dtype=np.int64),
    )


def read(source: str, origin: str) -> Graph | None:
    """The graph of a text; None if it has a mistake, or is not for this way."""
    if not is_compiled("read_program", len(source) // CHARACTERS) or not source.isascii():
        return None
    return read_by(machine_code("read_program"), source, origin)


def read_by(loop: Callable[..., Any], source: str, origin: str) -> Graph | None:
    """The same by a given loop."""
    words, known, operators, signs, arities, folds = _grammar()
    text = np.frombuffer(source.encode() + words, dtype=np.uint8)
    size = len(source)
    known = (known + np.array([size, size, 0])).reshape(-1)
    rows = (CODES["neg"], CODES["**"], CODES["**z"])
    room = size // CHARACTERS + 64
    while True:
        codes, varies = np.empty(room, dtype=np.int32), np.zeros(room, dtype=np.uint8)
        operands, spans = np.empty(MOST * room, dtype=np.int32), np.empty(2 * room, dtype=np.int32)
        named, constants = np.empty(3 * room, dtype=np.int32), np.empty(3 * room, dtype=np.int32)
        table = np.full(1 << (4 * room).bit_length(), -1, dtype=np.int32)
        entries = np.empty(3 * len(table), dtype=np.int32)
        stacks = np.empty(4 * room, dtype=np.int64), np.empty(3 * room, dtype=np.int64)
        counts = np.array([0, 0, 0, -1, -1, 0, 0, 0], dtype=np.int64)
        found = loop(
            text, size, known, operators, signs, arities, folds, rows, CODES["copy"], COMPARES,
            (table, entries, *stacks), codes, operands, spans, varies, named, constants, counts,
        )  # fmt: skip
        if found != FULL:
            break
        room *= 2
    if found <= 0:
        return None
    numbers: dict[str, Fraction] = {}
    exactly: dict[int, tuple[Fraction, str]] = {}
    try:
        for i, start, end in constants[: 3 * counts[NUMBERS]].reshape(-1, 3).tolist():
            text_of = source[start:end]
            value = numbers.get(text_of)
            if value is None:
                value = numbers[text_of] = exact_number(text_of)
            exactly[i] = value, text_of
    except ValueError:
        return None
    names = {i: source[a:b] for i, a, b in named[: 3 * counts[NAMES]].reshape(-1, 3).tolist()}
    output = int(counts[OUTPUT] if counts[OUTPUT] >= 0 else counts[LAST])
    return frozen(
        codes[:found].copy(), operands[: MOST * found].reshape(-1, MOST).copy(), names, exactly,
        spans[: 2 * found].reshape(-1, 2).copy(), output, source, origin,
    )  # fmt: skip
