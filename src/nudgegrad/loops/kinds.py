"""What the loops are told by numbers, and what stands in their places in the compiled copy.

A node's way says what its jet needs: `LINEAR`, weights by its code; `PRODUCT`, the values of both operands;
`WEIGHTED`, its own weights; `UNARY`, the Taylor coefficients of its row along one operand; `SCALED`, the
first operand times a series along the second; `GENERAL`, coefficients in both.
"""

from __future__ import annotations

import ctypes
from typing import Any

INPUT, CONSTANT = -1, -2  # codes of the nodes that no row computes
LINEAR, PRODUCT, QUOTIENT, OTHER = 1, 2, 3, 4  # what a code does to values
INSTRUCTED, SUM = 9, 10  # or, where compiled: what its instructions say, or a sum without weights
WEIGHTED, UNARY, SCALED, GENERAL = 5, 6, 7, 8  # what a node of another code does to jets
ADD, SUBTRACT, MULTIPLY, DIVIDE, NEGATE, SIZE, STEP, CHOOSE = 1, 2, 3, 4, 5, 6, 7, 8  # instructions
LOAD, SMALLER, LARGER, POWER, CALL = 9, 10, 11, 12, 13
TAKEN = 4  # places of x, z, t and y; an instruction's result has the next one
LANES, AHEAD = 4, 400  # nodes whose exact jets go together, of so many that follow each other
ENDLESS = 10000  # a degree from which on J counts as no polynomial


def loop(function: Any) -> Any:
    """The function itself; in the compiled copy numba's `njit` stands here."""
    return function


def inlined(function: Any) -> Any:
    """The same for what is written into its callers."""
    return function


def call_routine(routine: int, cells: int, sizes: int, strides: int, data: int) -> None:
    """Call the inner loop of one of NumPy's functions by its address; in the compiled copy an intrinsic."""
    ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4)(routine)(cells, sizes, strides, data)
