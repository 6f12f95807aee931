"""Rows of the op table as instructions for the compiled loops: values and partials, one node at a time.

A row is lowered to what it is made of: arithmetic, choices, and NumPy's own functions, which the loops
call by their address. So a node has the same bits as the row gives it in an array operation. A row whose
value is neither one of NumPy's functions nor composed of such stays with its array operation.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from ..graphs import facets
from ..graphs.graph import MOST, ROWS
from ..graphs.ops import Op, Term, choose, wide
from ..loops import kinds

Ints = npt.NDArray[Any]

INLINE: dict[Any, int] = {
    np.add: kinds.ADD, np.subtract: kinds.SUBTRACT, np.multiply: kinds.MULTIPLY, np.divide: kinds.DIVIDE,
    np.negative: kinds.NEGATE, np.abs: kinds.SIZE, facets.step: kinds.STEP,
}  # fmt: skip
FAST: dict[Any, int] = {  # where the arguments are not special; else a function of NumPy's is called
    np.minimum: kinds.SMALLER, np.maximum: kinds.LARGER, facets.power: kinds.POWER,
}  # fmt: skip
FUNCTIONS = {facets.power: np.float_power}
PLACES = {"x": 0, "z": 1, "t": 2, "y": 3}  # of arguments and result
ROOM = 128  # results of one row
TRIED = np.array([-700.0, -3.5, -1.0, -0.4, -1e-9, -0.0, 0.0, 1e-300, 1e-9, 0.3, 1.0, 2.0, 7.25, 700.0])


class NotLowered(Exception):
    """A row that has no instructions."""


@dataclass(eq=False)
class Writer:
    """Instructions of one row as they are written; equal terms are computed once."""

    instructions: list[tuple[int, int, int, int]] = field(default_factory=list)
    known: dict[Any, int] = field(default_factory=dict)

    def term(self, term: Term) -> int:
        """The place of a term's value."""
        row = term.op
        if row is None:
            if isinstance(term.symbol, str):
                return PLACES[term.symbol]
            return self.enter(kinds.LOAD, constant(term.symbol))
        if row is wide:
            return self.term(term.args[0])
        if row is choose:
            return self.enter(kinds.CHOOSE, *map(self.term, term.args))
        try:
            inline, fast = INLINE.get(row.value), FAST.get(row.value, kinds.CALL)
            function = FUNCTIONS.get(row.value, row.value)
        except TypeError:  # a value that cannot be looked up is none of NumPy's
            inline, fast, function = None, kinds.CALL, None
        if inline is not None:
            return self.enter(inline, *map(self.term, term.args))
        if row.value is np.positive:
            return self.term(term.args[0])
        if isinstance(function, np.ufunc):
            args = [self.term(a) for a in term.args]
            return self.enter(fast, *args, *[-1] * (2 - len(args)), routine(function))
        if row.tape is None:
            raise NotLowered
        return self.term(Term.of(row.tape(*term.args)))

    def enter(self, what: int, *args: int) -> int:
        """The place of an instruction's result."""
        line = (what, *args, *(-1,) * (3 - len(args)))
        if line not in self.known:
            if len(self.instructions) == ROOM:
                raise NotLowered
            self.known[line] = kinds.TAKEN + len(self.instructions)
            self.instructions.append(line)  # type: ignore[arg-type]  # four of them
        return self.known[line]


_constants: dict[str, int] = {}


def constant(x: float) -> int:
    """The number of a constant."""
    return _constants.setdefault(float(x).hex(), len(_constants))


class _Ufunc(ctypes.Structure):
    """The beginning of NumPy's PyUFuncObject (numpy/ufuncobject.h)."""

    _fields_ = (
        ("head", ctypes.c_byte * object.__basicsize__),
        ("nin", ctypes.c_int),
        ("nout", ctypes.c_int),
        ("nargs", ctypes.c_int),
        ("identity", ctypes.c_int),
        ("functions", ctypes.POINTER(ctypes.c_void_p)),
        ("data", ctypes.POINTER(ctypes.c_void_p)),
        ("ntypes", ctypes.c_int),
        ("reserved", ctypes.c_int),
        ("name", ctypes.c_char_p),
        ("types", ctypes.POINTER(ctypes.c_byte)),
    )


_routines: list[tuple[int, int]] = []


@cache
def routine(function: np.ufunc) -> int:
    """The number of the inner loop on float64 of one of NumPy's functions.

    Taken only where the object looks as NumPy's header has it and the loop, called for one number at a
    time, has the bits that the function has.
    """
    found = _Ufunc.from_address(id(function))
    seen = (found.nin, found.nout, found.nargs, found.ntypes, found.name)
    said = (function.nin, 1, function.nargs, function.ntypes, function.__name__.encode())
    if seen != said:
        raise NotLowered
    double = [np.dtype(float).num] * function.nargs
    for k in range(function.ntypes):
        if found.types[function.nargs * k : function.nargs * (k + 1)] == double:
            address, data = found.functions[k], found.data[k] if found.data else None
            break
    else:
        raise NotLowered
    if not address or not _has_the_bits(function, address, data):
        raise NotLowered
    _routines.append((address, data or 0))
    return len(_routines) - 1


def _has_the_bits(function: Callable[..., Any], address: int, data: int | None) -> bool:
    """Whether a loop called by its address does what the function does."""
    loop = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4)(address)
    nin = function.nin  # type: ignore[attr-defined]
    args = [a.reshape(-1).copy() for a in np.meshgrid(*[TRIED] * nin)]
    with np.errstate(all="ignore"):
        expected = function(*args)
    cells = np.zeros(nin + 1)
    places = (ctypes.c_void_p * (nin + 1))(*(cells.ctypes.data + 8 * k for k in range(nin + 1)))
    size, strides = (ctypes.c_ssize_t * 1)(1), (ctypes.c_ssize_t * (nin + 1))(*[8] * (nin + 1))
    for k, y in enumerate(expected):
        cells[:nin] = [a[k] for a in args]
        loop(places, size, strides, data)
        if cells[nin].tobytes() != y.tobytes() and not (np.isnan(y) and np.isnan(cells[nin])):
            return False
    return True


@dataclass(frozen=True, eq=False)
class Machine:
    """Instructions for each code of the op table.

    Parameters
    ----------
    lowered : bool array, shape (codes,)
        Which rows have instructions.
    starts : int array, shape (2 codes + 1,)
        Where those of a code's value, then of its partials begin.
    results : int array, shape (4 codes,)
        The places of the value and of the partials; -1 where there is none.
    instructions : int array, shape (4 n,)
        What, and the places of up to three arguments.
    constants : array
    routines : int array
        Address and data of each function.
    """

    lowered: Ints
    starts: Ints
    results: Ints
    instructions: Ints
    constants: npt.NDArray[np.float64]
    routines: Ints

    def parts(self, registers: npt.NDArray[np.float64], cells: Ints) -> tuple[Any, ...]:
        """What the loops take, with room for numbers and for the addresses of arguments."""
        arrays = (self.starts, self.results, self.instructions, self.constants, self.routines)
        addresses = (array.ctypes.data for array in (registers, cells, ONE, EIGHT))
        return *arrays, registers, cells, *addresses


ONE, EIGHT = np.ones(1, dtype=np.intp), np.full(MOST, 8, dtype=np.intp)
for _array in (ONE, EIGHT):
    _array.flags.writeable = False


def machine() -> Machine:
    """The op table as it is now, as instructions."""
    lowered = np.zeros(len(ROWS), dtype=bool)
    starts, results, instructions = [0], [], []
    for code, row in enumerate(ROWS):
        try:
            programs = written(row)
            lowered[code] = True
        except NotLowered:
            programs = (([], [-1]), ([], [-1] * MOST))
        for lines, places in programs:
            instructions += lines
            starts.append(len(instructions))
            results += places
    arrays = (
        np.array(starts, dtype=np.int32),
        np.array(results, dtype=np.int16),
        np.array(instructions, dtype=np.int32).reshape(-1),
        np.array([float.fromhex(x) for x in _constants]),
        np.array(_routines, dtype=np.intp).reshape(-1),
    )
    for array in arrays:
        array.flags.writeable = False
    return Machine(lowered, *arrays)


def written(row: Op) -> tuple[tuple[list[Any], list[int]], ...]:
    """Instructions and places of a row's value, and of its partials."""
    if row.internal:  # stands in no graph
        raise NotLowered
    names = [Term(None, (), s) for s in (*row.symbols, "y")]
    value, partials = Writer(), Writer()
    at = value.term(Term(row, tuple(names[:-1])))
    places = [-1 if p is None else partials.term(Term.of(p)) for p in row.partials(*names)]
    return (value.instructions, [at]), (partials.instructions, places + [-1] * (MOST - len(places)))
