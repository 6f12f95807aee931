"""One-sided slopes at a kink, where there is no derivative but a left and a right one."""

from __future__ import annotations

import numpy as np

from ..sweeps.run import Run
from .optimal import measure, problem
from .stencils import STENCILS


def slopes(run: Run, node: int) -> tuple[float, float]:
    """(left, right) slope of J at the value of `node`; nan on a side where no nudge is allowed or J jumps.

    Notes
    -----
    One-sided nudges over all octaves that other caps allow. On its own side of the kink J is smooth, so the
    nudge taken is the one at which the estimates of two neighbouring octaves differ least, the known
    size of their rounding included; without a Taylor series on either side there is no proven bar.
    """
    found = []
    for row in reversed(STENCILS["one-sided"]):
        q = problem(run, [node], row)
        size = abs(q.v[0, 0]) or 1.0
        lowest = np.log2(run.format.spacing(q.v[0, 0]))
        top = round(np.log2(size))
        octaves = np.arange(int(max(lowest, top - 60)), top + 1)
        m = measure(q, np.ldexp(1.0, octaves)[None, :], mind_kinks=False)
        d, doubt = m.estimate[0], m.part[0]
        with np.errstate(all="ignore"):
            apart, doubts = np.abs(np.diff(d)), doubt[1:] + doubt[:-1]
            settles = apart <= np.abs(d[1:]) / 4 + doubts  # across a jump each octave halves the slope
            step = np.where(settles, apart + doubts, np.inf)
        allowed = m.allowed[0]
        step = np.where(allowed[1:] & allowed[:-1] & np.isfinite(step), step, np.inf)
        best = int(np.argmin(step)) if step.size else 0
        good = step.size > 0 and np.isfinite(step[best])
        found.append(float(d[best + 1]) if good else float("nan"))
    return found[0], found[1]
