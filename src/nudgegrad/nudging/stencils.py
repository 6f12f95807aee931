"""Stencils: at which points J is taken, and with which weights.

A stencil estimates dJ/dv as sum_j w_j J(x_j) / sum_j w_j x_j over points x_j near v + o_j h; dividing by
the stencil's value on the identity makes it exact for linear J wherever the points really lie. With
sum_j w_j = 0 and d_j = x_j - v its error on J = sum_k c_k (x - v)^k is the sum over k > 1 of
c_k sum_j w_j d_j^k / sum_j w_j d_j.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import UsageError
from ..formats import Array


@dataclass(frozen=True)
class Stencil:
    """One row: a way to nudge.

    Parameters
    ----------
    name : str
        What the user asks for; rows of one name are alternatives, the better one is taken.
    offsets : tuple of float
        o_j, in nudges.
    weights : tuple of float
        w_j, in pairs: each is followed by its negative.
    exact_degree : int
        The largest degree of J in v for which the estimate has no truncation.
    tail : float
        The terms beyond the last coefficient c_K are taken as at most tail * |c_K| sum_j |w_j| |d_j|^K / H.
        With nudges of at most half the distance to a pole they sum to 1/3 (on both sides) or 1 (on one) of
        it for 1/x, and to about three times as much if c_k also grows like k^3.
    title : str
        In words.
    """

    name: str
    offsets: tuple[float, ...]
    weights: tuple[float, ...]
    exact_degree: int
    tail: float
    title: str

    def pairs(self, values: Array) -> Array:
        """sum_j w_j values_j over the last axis, as weights times differences: J's size never enters."""
        weights = np.array(self.weights[::2])
        found: Array = (weights * (values[..., ::2] - values[..., 1::2])).sum(axis=-1)
        return found


ROWS = (
    Stencil("two-sided", (1.0, -1.0), (0.5, -0.5), 2, 1.0, "(J(v+h) - J(v-h)) / 2h"),
    Stencil("one-sided", (1.0, 0.0), (1.0, -1.0), 1, 3.0, "(J(v+h) - J(v)) / h"),
    Stencil("one-sided", (0.0, -1.0), (1.0, -1.0), 1, 3.0, "(J(v) - J(v-h)) / h"),
    # of higher order: central differences (Fornberg 1988, table 1), exact up to the degree of their order
    Stencil(
        "4", (1.0, -1.0, 2.0, -2.0), (2 / 3, -2 / 3, -1 / 12, 1 / 12), 4, 1.0, "four points, fourth order"
    ),
    Stencil(
        "6",
        (1.0, -1.0, 2.0, -2.0, 3.0, -3.0),
        (3 / 4, -3 / 4, -3 / 20, 3 / 20, 1 / 60, -1 / 60),
        6,
        1.0,
        "six points, sixth order",
    ),
    Stencil(
        "8",
        (1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 4.0, -4.0),
        (4 / 5, -4 / 5, -1 / 5, 1 / 5, 4 / 105, -4 / 105, -1 / 280, 1 / 280),
        8,
        1.0,
        "eight points, eighth order",
    ),
)

STENCILS: Mapping[str, tuple[Stencil, ...]] = {
    name: tuple(row for row in ROWS if row.name == name) for name in dict.fromkeys(row.name for row in ROWS)
} | {"auto": tuple(row for row in ROWS if row.name != "one-sided")}

DEFAULT = "two-sided"


def stencils_named(name: str | None) -> tuple[Stencil, ...]:
    """The rows of that name; those of the default if it is None.

    Raises
    ------
    UsageError
        If there is none.
    """
    key = DEFAULT if name is None else str(name)
    if key in STENCILS:
        return STENCILS[key]
    close = difflib.get_close_matches(key, STENCILS, 1, 0.4)
    hint = f"did you mean '{close[0]}'? " if close else ""
    raise UsageError(f"unknown stencil '{key}'", help=f"{hint}there are {', '.join(STENCILS)}")
