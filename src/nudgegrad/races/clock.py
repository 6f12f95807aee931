"""Times: of a call, and of many calls from a sample of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

from ..blackbox.fits import student

FINE = 1e-6  # seconds; a clock that counts in longer ones says nothing of a single sweep
SHORT = 2e-3  # seconds that a call is repeated for, if it takes less

now: Callable[[], float] = (
    time.process_time  # what other programs take does not count
    if time.get_clock_info("process_time").resolution <= FINE
    else time.perf_counter
)


def seconds(call: Callable[[], object]) -> float:
    """What a call takes; of a short one the mean of several."""
    count, begun = 0, now()
    while True:
        call()
        count += 1
        took = now() - begun
        if took >= SHORT:
            return took / count


def extrapolated(times: Sequence[float], counts: Sequence[int], total: int) -> tuple[float, float]:
    """The time of `total` calls and its bar, in seconds.

    Parameters
    ----------
    times : sequence of float
        What each block of calls took, in seconds; two blocks at least.
    counts : sequence of int
        How many calls each block has; together `total` at most.
    total : int

    Returns
    -------
    (float, float)
        The bar holds in 999 of 1000 cases if the blocks err independently, each alike. It is 0 where all
        calls were measured.

    Notes
    -----
    The mean of a sample without replacement, n of N, has the variance (1 - n/N) s²/B, with s² that of the
    means of its B blocks (Cochran, Sampling Techniques, 1977, chapter 2). A machine that is busier later on
    is not in it.

    Examples
    --------
    >>> extrapolated([1.0, 1.0], [10, 10], 1000)
    (100.0, 0.0)
    >>> extrapolated([1.0, 3.0], [10, 10], 20)
    (4.0, 0.0)
    """
    measured = sum(counts)
    each = np.asarray(times) / np.asarray(counts)
    deviation = float(each.std(ddof=1)) / len(each) ** 0.5
    bar = float(student(len(each) - 1)) * deviation * total * (1 - measured / total) ** 0.5
    return total * sum(times) / measured, bar
