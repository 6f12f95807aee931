"""Adjoints that underflow in a number format, and the power of two that J can be scaled by to save them.

Multiplying J by a power of two multiplies every adjoint by it and changes no digit of any, as long as none
leaves the range: it is what mixed-precision training calls the loss scale.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ..formats import FORMATS, Array, Format
from ..sweeps.backprop import adjoints
from ..sweeps.run import Run

QUANTILE = 0.01  # one adjoint in a hundred may stay below the normal range
NONE_NEEDED = 1.0  # the loss scale where nothing leaves the range


@dataclass(frozen=True)
class Underflow:
    """What the range of a format does to the adjoints of a run.

    Parameters
    ----------
    nodes : list of int
        Indices of the adjoints that are 0 or subnormal in the format, and neither without its lower limit.
    counted : int
        Adjoints that are not 0 without that limit.
    loss_scale : float
        The largest power of two that keeps the largest adjoint finite, if it brings all but `QUANTILE` of
        the adjoints into the normal range; nan if it does not, 1 if no adjoint leaves the range.
    largest : float
        The largest power of two that keeps the largest adjoint finite, whatever it saves; nan if none does,
        because a partial is beyond the range itself.
    left : list of int
        Those of `nodes` that underflow with `largest` as well.
    """

    nodes: list[int]
    counted: int
    loss_scale: float
    largest: float
    left: list[int]


def underflow(run: Run) -> Underflow:
    """Which adjoints of a run leave its format's range, and the loss scale that brings them back.

    Notes
    -----
    The adjoints are compared with those of a format of the same precision and the range of float64, so
    that what is 0 for another reason (a flat piece of relu, two terms that cancel) is not counted. Float64
    itself has nothing to be compared with: nothing underflows there.
    """
    graph, fmt = run.graph, run.format
    limits = FORMATS["float64"]
    ranged = replace(fmt, name=f"wide {fmt.name}", dtype=np.float64, low=limits.low, high=limits.high)
    sizes = np.abs(adjoints(graph, run.value_array, ranged))
    asked = graph.nudged & graph.reaches & (sizes > 0) & np.isfinite(sizes)
    flushed = np.flatnonzero(asked & _below(run.adjoint_array, fmt) & ~_below(sizes, limits)).tolist()
    overflowed = bool((asked & ~np.isfinite(run.adjoint_array)).any())
    counted = int(asked.sum())
    if not flushed and not overflowed:
        return Underflow([], counted, NONE_NEEDED, NONE_NEEDED, [])
    largest = _largest(run, asked, sizes[asked].max())
    if math.isnan(largest):
        return Underflow(flushed, counted, math.nan, math.nan, flushed)
    scaled = adjoints(graph, run.value_array, fmt, largest)
    left = [i for i in flushed if _below(scaled[i], fmt)]
    small = np.sort(sizes[asked])[int(QUANTILE * counted)]
    saves = small * largest >= fmt.smallest_normal
    return Underflow(flushed, counted, largest if saves else math.nan, largest, left)


def _below(x: Array | float, fmt: Format) -> npt.NDArray[np.bool_]:
    """Where a number is 0 or subnormal in a format."""
    return np.asarray(np.abs(x) < fmt.smallest_normal)


def _largest(run: Run, asked: npt.NDArray[np.bool_], size: float) -> float:
    """The largest power of two by which J can be multiplied so that the adjoints, of which the largest has
    this size, are finite; nan if there is none."""
    fmt = run.format
    largest = 2.0 ** math.floor(math.log2(fmt.maximum / size))
    while largest >= fmt.smallest:  # a product can overflow whose sum does not
        if np.isfinite(adjoints(run.graph, run.value_array, fmt, largest)[asked]).all():
            return largest
        largest /= 2
    return math.nan
