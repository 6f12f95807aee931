"""The V-curve of a black box: what each step alone is off by, its rounding, and the bar of all together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..blackbox.result import Derivative, Derivatives
from ..errors import UsageError
from ..formats import Array
from .axes import Axis, tens
from .chart import APART, ASIDE, BELOW, EDGE, LINE, SIZE, WIDTH, Chart, paragraph
from .digits import rough
from .svg import COLORS, length
from .uncertain import PRIMES, uncertain

HEIGHT = 232.0  # pixels between the axes
EXACT = 20.0  # of the row for steps that are off by nothing
RIGHT = 12.0
TICKS = 7  # at most
STYLE = (
    ".nudgegrad-plot .rounding{stroke-width:2.2;stroke-dasharray:9 5}.nudgegrad-plot .bar{stroke-width:2.2}"
)
PAINTED = (
    ("path.rounding", "stroke", "forward"),
    ("path.bar", "stroke", "backward"),
    ("path.dot", "fill", "ink"),
)


@dataclass(frozen=True)
class Curve:
    """What is drawn, shape (K,) each, the smallest step first."""

    h: Array
    off: Array
    rounding: Array
    counts: npt.NDArray[np.bool_]


def curve(found: Derivative) -> Curve:
    """What each step of a derivative is off by.

    Raises
    ------
    UsageError
        If it has no value, or is of an order that no single step shows.
    """
    if not found.steps or not math.isfinite(found.value):
        why = (
            f"it has no value: {found.reason}"
            if found.steps
            else f"no single step shows order {found.order}"
        )
        raise UsageError(f"there is no curve to draw: {why}", help="print it instead")
    h, shown, rounding = (np.array(part)[::-1] for part in zip(*found.steps, strict=True))
    return Curve(h, np.abs(shown - found.value), rounding, (h >= found.window[0]) & (h <= found.window[1]))


def plot(found: Derivative | Derivatives, ax: Any = None) -> Any:
    """The axes on which the V-curve is drawn, logarithmic both.

    Raises
    ------
    UsageError
        If there are many derivatives, none to draw, or no matplotlib.
    """
    if isinstance(found, Derivatives):
        raise UsageError("a curve is of one derivative", help="found[0].plot() draws the first")
    shown = curve(found)
    from .notebook import axes_of

    axes = axes_of(ax)
    axes.set_xscale("log")
    axes.set_yscale("log")
    seen = np.concatenate([shown.off[shown.off > 0], [found.bar or 1.0]])
    floor = float(seen.min()) / 10
    height = np.where(shown.off > 0, shown.off, floor)
    ink = COLORS["ink"][0]
    for part, style, label in (
        (shown.counts, "full", "steps that count"),
        (~shown.counts, "none", "others"),
    ):
        axes.plot(shown.h[part], height[part], "o", fillstyle=style, color=ink, markersize=4, label=label)
    axes.plot(
        shown.h,
        shown.rounding,
        color=COLORS["forward"][0],
        linestyle=(0, (5, 3)),
        label="rounding of one step",
    )
    axes.axhline(found.bar, color=COLORS["backward"][0], label=f"the bar, {rough(found.bar)}")
    axes.set_xlabel("step h")
    axes.set_ylabel(f"one step off f{PRIMES[found.order]}")
    axes.legend(fontsize="small")
    return axes


def steps_svg(found: Derivative, name: str = "f") -> str:
    """The V-curve as an SVG document.

    Examples
    --------
    >>> import math, nudgegrad as ng
    >>> "steps that count" in steps_svg(ng.derivative(math.exp, 1.0))
    True
    """
    shown = curve(found)
    exact = bool((shown.off == 0).any())
    entries = [("dot", "steps that count"), ("square", "others"), ("rounding", "rounding of one step"),
               ("bar", f"the bar, {rough(found.bar)}")]  # fmt: skip
    if exact:
        entries.append(("", "exact: off by 0"))
    with np.errstate(all="ignore"):
        seen = np.log10(np.concatenate([shown.off, shown.rounding, [found.bar]]))
    seen = seen[np.isfinite(seen)]
    bottom, ceiling = math.floor(seen.min()), math.ceil(seen.max())
    ceiling = max(ceiling, bottom + 2)
    low, high = math.log10(shown.h[0]), math.log10(shown.h[-1])
    room = 0.02 * (high - low)
    top = EDGE + 1.5 * LINE + LINE * Chart.rows(entries)
    numbers = [length(pieces, SIZE) for _, pieces in tens(bottom, ceiling, TICKS)]
    left = EDGE + ASIDE + APART + max(*numbers, length([("exact", 0)], SIZE))
    chart = Chart(
        Axis(low - room, high + room, left, WIDTH - RIGHT), Axis(bottom, ceiling, top + HEIGHT, top + 6)
    )
    heading = f"{name}{PRIMES[found.order]}({found.x:.6g}) = {uncertain(found.value, found.bar)}"
    chart.write([(heading, 0)], EDGE, EDGE + LINE / 2, kind="strong")
    chart.key(entries, EDGE + 1.5 * LINE)
    chart.grid(
        tens(chart.x.low, chart.x.high, TICKS), tens(bottom, ceiling, TICKS), EXACT if exact else 0.0
    )
    chart.titles([("step h", 0)], [(f"one step off {name}{PRIMES[found.order]}", 0)])
    h = np.log10(shown.h)
    with np.errstate(all="ignore"):
        chart.trace(h, np.log10(shown.rounding), "rounding")
        if found.bar > 0:
            chart.trace(np.array([chart.x.low, chart.x.high]), np.full(2, math.log10(found.bar)), "bar")
        y = np.where(shown.off == 0, chart.y.start + EXACT / 2, chart.y.at(np.log10(shown.off)))
    chart.marks(h[~shown.counts], y[~shown.counts], "square")
    chart.marks(h[shown.counts], y[shown.counts], "dot")
    said = (
        f"{len(h)} steps from {rough(float(shown.h[0]))} to {rough(float(shown.h[-1]))}; small ones drown "
        f"in rounding, large ones see the curve of {name}. Together they give it to {rough(found.bar)}."
    )
    at = top + HEIGHT + (EXACT if exact else 0.0) + BELOW + 2 * LINE + APART
    for text in paragraph(said):
        chart.write([(text, 0)], EDGE, at, kind="quiet")
        at += LINE
    return chart.document(
        at - LINE / 2 + EDGE, heading, f"Both axes are logarithmic. {said}", STYLE, PAINTED
    )
