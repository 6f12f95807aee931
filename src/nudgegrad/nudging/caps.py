"""Caps: how far a node may be nudged before the Taylor series of J says nothing about J any more.

Checked on the arguments that the ops really take at the nudged points, never on a linear forecast: beyond
its reach an op's series misleads; near an edge of its domain or a pole the coefficients beyond those that
are known dominate; across a kink there is no series; and every value must exist in the format.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..formats import Array, Format
from ..sweeps.evaluate import WIDE, operands_of
from .rounding import Sweep, flat, forward_error

MARGIN = 1 / 2  # share of the distance to the edge of a domain that may be used
CAUSES = ("range", "reach", "domain", "kink")  # what a step may forbid a point for

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Caps:
    """Which points are allowed, shape (P, M), and what forbids the others: a code for `blamed`, or -1."""

    allowed: Bools
    blame: npt.NDArray[np.int64]
    kinked: npt.NDArray[np.int64]  # shape (P,): the step on whose kink the node itself stands, or -1
    edged: npt.NDArray[np.int64]  # shape (P,): the step at whose domain's edge it stands, or -1


def blamed(code: int) -> tuple[int, str]:
    """The step that forbids a point, by its place in the plan, and its cause, one of `CAUSES`."""
    position, cause = divmod(code, len(CAUSES))
    return position, CAUSES[cause]


def caps(s: Sweep, held: Array, computed: Sequence[Array], fmt: Format, mind_kinks: bool = True) -> Caps:
    """The caps of a sweep whose column 0 is the run itself.

    Parameters
    ----------
    computed : sequence of arrays, shape (P, M)
        The same replay in the run's format: at a kink the exact and the computed arguments must all be on
        one side, and the exact ones so far from the corner that float64 knows their side.
    mind_kinks : bool
        Whether a kink on which the node itself stands forbids all nudges; False for one-sided slopes.
    """
    errors, _ = forward_error(s)
    shape = s.values[-1].shape
    blame = np.full(shape, -1)
    kinked = np.full(shape[0], -1)
    edged = np.full(shape[0], -1)

    def forbid(where: Any, moves: Any, position: int, cause: str) -> None:
        blame[(blame < 0) & where & moves] = position * len(CAUSES) + CAUSES.index(cause)

    with np.errstate(all="ignore"):
        for position, step in enumerate(s.plan.steps):
            y = s.values[position]
            out_of_range = ~np.isfinite(y) | (np.abs(y) > fmt.maximum)
            forbid(out_of_range, step.depends, position, "range")
            row, moves = step.row, step.depends & ~step.starts
            if row is None or not (row.reach or row.domain or row.kink):
                continue
            args = [np.broadcast_to(a, shape) for a in operands_of(step, s.values, held)]
            error = [np.zeros(shape) if w < 0 else errors[w] for w in step.where]
            base = [a[:, :1] for a in args]
            if row.reach is not None:
                moved = np.abs(row.phase(*args) - row.phase(*base))
                too_far = ~(moved <= row.reach)
                if row.saturates:
                    too_far &= ~flat(s, held, position, fmt)[0]
                forbid(too_far, moves, position, "reach")
            if row.domain is not None and max(step.where[k] for k in row.edges) >= 0:
                margin = row.domain(*base)
                moved = sum(np.abs(args[k] - base[k]) + error[k] for k in row.edges)
                forbid(~(moved <= MARGIN * margin), moves, position, "domain")
                at_edge = (edged < 0) & ~(margin[:, 0] > 0) & moves[:, 0]
                edged[at_edge] = position
            if row.kink is not None:
                side, start = row.kink(*args), row.kink(*base)
                seen = np.sign(
                    row.kink(*np.broadcast_arrays(start, *operands_of(step, computed, held))[1:])
                )
                blur = np.add.reduce([error[k] for k in row.sides[: row.arity]]) * (
                    1.0 if fmt is WIDE else 2 * WIDE.u / fmt.u
                )
                on_it = ~(np.abs(start) > blur[:, :1]) | (seen[:, :1] != np.sign(start))
                crossed = (np.sign(side) != np.sign(start)) | ~(np.abs(side) > blur)
                crossed |= seen != np.sign(side)
                if not mind_kinks:
                    crossed &= ~on_it
                forbid(crossed, moves, position, "kink")
                fresh = (kinked < 0) & on_it[:, 0] & moves[:, 0]
                kinked[fresh] = position
    return Caps(blame < 0, blame, kinked, edged)
