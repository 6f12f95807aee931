"""The V-curve on matplotlib axes, for notebooks: matplotlib is imported here and nowhere else."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import UsageError
from ..nudging.quotient import COURSE
from ..nudging.table import Nudge
from ..sweeps.run import Run
from .digits import nudge, size
from .measured import Errors, errors
from .svg import COLORS

MARKERS = {"two-sided": "o", "one-sided": "^"}  # others are squares
SPARE = "s"
LINES: dict[str, dict[str, Any]] = {
    "rounding": {"color": COLORS["forward"][0], "linestyle": (0, (5, 3))},
    "truncation": {"color": COLORS["node"][0], "linestyle": (0, (1, 1.5)), "linewidth": 2.2},
}
FLOOR = 0.1  # times the least error that is not 0: where errors of exactly 0 are shown


def plot(run: Run, n: Nudge, ax: Any = None) -> Any:
    """The axes on which the V-curve of a node is drawn, logarithmic both.

    Parameters
    ----------
    run : Run
    n : Nudge
        One of this run's.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new ones by default.

    Raises
    ------
    UsageError
        If matplotlib is not installed, J does not depend on the node, or has no derivative by it.
    """
    axes = axes_of(ax)
    found = errors(run, n)
    axes.set_xscale("log")
    axes.set_yscale("log")
    floor = _floor(found)
    for name, error in found.measured.items():
        exact = error == 0
        axes.plot(
            found.h,
            np.where(exact, floor, error),
            MARKERS.get(name, SPARE),
            label=name,
            color=COLORS["muted" if name == "one-sided" else "ink"][0],
            fillstyle="none" if name == "one-sided" else "full",
            markersize=4,
        )
    if any((error == 0).any() for error in found.measured.values()):
        axes.axhline(floor, color=COLORS["faint"][0], linewidth=0.8, label="error exactly 0", zorder=0)
    for kind, part in (("rounding", found.rounding), ("truncation", found.truncation)):
        counts = part != 0
        if np.isfinite(part[counts]).any():
            axes.plot(found.h[counts], part[counts], label=f"predicted {kind}", **LINES[kind])
    for why in dict.fromkeys(piece.why for piece in found.forbidden):
        spans = [(p.low, p.high) for p in found.forbidden if p.why == why]
        for k, (low, high) in enumerate(spans):
            axes.axvspan(
                low, high, fill=False, hatch="///", color=COLORS["muted"][0], label=why if not k else None
            )
    if np.isfinite(found.best.h):
        _best(axes, found.best)
    axes.axvline(COURSE, color=COLORS["muted"][0], linestyle="-.", label=f"{COURSE:g}, as in the course")
    axes.set_xlabel("nudge h")
    axes.set_ylabel(f"error of {found.derivative}")
    axes.set_ylim(bottom=floor / 10)
    axes.legend(fontsize="small")
    return axes


def axes_of(ax: Any = None) -> Any:
    """The axes given, else new ones.

    Raises
    ------
    UsageError
        If matplotlib is not installed.
    """
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot
    except ImportError:
        raise UsageError(
            "this picture needs matplotlib, which is not installed",
            help="pip install 'nudgegrad[plot]'; nudgegrad plot --node draws without it",
        ) from None
    return pyplot.subplots()[1]


def _floor(found: Errors) -> float:
    """Where errors of exactly 0 stand: below all others, the bar, and what is predicted at best."""
    with np.errstate(all="ignore"):
        seen = np.concatenate(
            [*found.measured.values(), np.fmax(found.rounding, found.truncation), [found.best.bar]]
        )
    seen = seen[np.isfinite(seen) & (seen > 0)]
    return FLOOR * float(seen.min(initial=1.0))


def _best(axes: Any, n: Nudge) -> None:
    green = COLORS["backward"][0]
    axes.axvline(n.h, color=green, label=f"best nudge {nudge(n.h)}")
    axes.plot([n.h], [n.bar], marker="_", markersize=14, markeredgewidth=2, color=green, linestyle="none",
              label=f"error at most {size(n.bar)}")  # fmt: skip
