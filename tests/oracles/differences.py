"""Derivatives of J along nodes by mpmath's numerical differences: no derivative rule at all.

An oracle beside `truth`, slower and good to the digits that it is asked for.
"""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import numpy.typing as npt
from mpmath import mp

from nudgegrad.graphs.graph import Graph
from tests.oracles import rows


def derivative(graph: Graph, values: npt.NDArray[np.float64], i: int, digits: int) -> Any:
    """dJ/d(node i) as an mpf, every node that does not depend on it held at its computed value.

    Notes
    -----
    Two-sided differences with twice the digits and a step of 10^-digits, relative to the node's value: what
    is cut off is some 10^-(2 digits) of J's third derivative.
    """
    held = [mpmath.mpf(v) for v in values.tolist()]
    below = graph.descendants(i)[1:]

    def j_of(v: Any) -> Any:
        now = [*held]
        now[i] = v
        for k in below:
            row = graph.op(k)
            assert row is not None
            now[k] = rows.ROWS[row.name](*(now[j] for j in graph.args(k)))
        return now[graph.output]

    with mp.workdps(digits):
        size = abs(held[i]) or mpmath.mpf(1)
        return mpmath.diff(lambda t: j_of(held[i] + size * t), 0) / size


def known_derivative(graph: Graph, values: npt.NDArray[np.float64], i: int, digits: int) -> Any:
    """The same, good to so many digits: twice as many are taken until two results agree to them; 0 where
    the last is nearer to it than any float."""
    before = derivative(graph, values, i, digits)
    for factor in (2, 4, 8, 16):
        now = derivative(graph, values, i, factor * digits)
        with mp.workdps(factor * digits):
            if now != 0 and abs(now - before) <= abs(now) * mpmath.mpf(10) ** -digits:
                return now
        before = now
    assert abs(now) < mpmath.mpf(2) ** -1080, graph.name(i)
    return mpmath.mpf(0)
