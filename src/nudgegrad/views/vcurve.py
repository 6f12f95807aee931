"""The V-curve: the error of a nudge over its size, falling with the curve of J, rising with rounding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..formats import Array
from ..nudging.optimal import measure, problem
from ..nudging.quotient import COURSE
from ..nudging.stencils import stencils_named
from ..nudging.table import Nudge
from ..sweeps.run import Run
from .digits import nudge

WIDTH, HEIGHT = 60, 12  # characters
OFF = 1.1  # times powers of two: the nudges shown, for at powers of two themselves much is exact by luck
AROUND = 6  # octaves that are shown at least beyond the best nudge and the course's
OCTAVES = 72  # that are shown, unless these two are further apart
MEASURED, ROUNDING, CURVED, BEST = "o", "\\", "/", "*"


@dataclass(frozen=True, eq=False)
class VCurve:
    """Errors at nudges of one node, shape (K,) each; nan where J does not exist.

    Parameters
    ----------
    h : array
        Ascending; the best nudge is one of them.
    error : array
        abs(estimate - backprop).
    rounding, truncation : array
        The two predicted parts.
    best : float
        The best nudge, nan if there is none.
    """

    h: Array
    error: Array
    rounding: Array
    truncation: Array
    best: float


def vcurve(run: Run, n: Nudge, width: int = WIDTH) -> VCurve:
    """The V-curve of a node that J depends on, with one nudge per column of the picture.

    Parameters
    ----------
    run : Run
    n : Nudge
        The node's best nudge.
    width : int
        Columns.
    """
    i = run.graph.index(n.node)
    h = shown(run, n, width)
    q = problem(run, [i], stencils_named(n.stencil)[0])
    m = measure(q, h[None, :])
    with np.errstate(all="ignore"):
        error = np.abs(m.estimate[0] - n.adjoint)
    return VCurve(h, error, m.rounding[0], m.truncation[0], n.h)


def shown(run: Run, n: Nudge, width: int = WIDTH) -> Array:
    """The nudges of a picture of so many columns, ascending; the best nudge is one of them."""
    marked = [np.log2(COURSE), *([np.log2(n.h)] if np.isfinite(n.h) else [])]
    high = min(max(marked) + AROUND, run.format.high - 1.0)
    low = max(float(np.log2(n.factors.spacing)), high - OCTAVES)
    low = max(min(low, min(marked) - AROUND), float(np.log2(run.format.smallest)))
    exponents = np.unique(np.rint(np.linspace(low, high, width)))
    h: Array = OFF * np.ldexp(1.0, exponents.astype(int))
    if np.isfinite(n.h):
        h[np.argmin(np.abs(exponents - np.log2(n.h)))] = n.h
    return h


def drawn(curve: VCurve, width: int = WIDTH, height: int = HEIGHT) -> list[str]:
    """The V-curve in ASCII, log error over log nudge, one line per row."""
    x = np.log2(curve.h)
    column = np.rint((x - x[0]) / max(x[-1] - x[0], 1) * (width - 1)).astype(int)
    with np.errstate(all="ignore"):
        measured = np.log10(curve.error)
        predicted = [np.log10(curve.rounding), np.log10(curve.truncation)]
        floor = np.fmax(*predicted)
    there = np.concatenate([a[np.isfinite(a)] for a in (measured, floor)])
    if there.size == 0:
        return []
    bottom, top = np.floor(there.min()), max(np.ceil(there.max()), np.floor(there.min()) + 1)
    exact = bool((curve.error == 0).any())
    rows = height - 1 - exact
    grid = [[" "] * width for _ in range(height)]

    def put(places: Array, sign: str) -> None:
        for k, y in zip(column, places, strict=True):
            if np.isfinite(y) and bottom - 0.5 <= y <= top + 0.5:
                row = round((top - float(y)) / (top - bottom) * rows)
                grid[min(max(row, 0), rows)][k] = sign

    put(predicted[0], ROUNDING)
    put(predicted[1], CURVED)
    put(measured, MEASURED)
    for k in np.flatnonzero(curve.error == 0):
        grid[-1][column[k]] = MEASURED
    best = np.flatnonzero(curve.h == curve.best)
    for k in best:
        put(np.where(np.arange(len(x)) == k, measured, np.nan), BEST)
        if curve.error[k] == 0:
            grid[-1][column[k]] = BEST
    labels = _row_labels(bottom, top, rows, height)
    edge = max(map(len, labels))
    lines = [f"{label:>{edge}} |{''.join(row).rstrip()}" for label, row in zip(labels, grid, strict=True)]
    lines.append(f"{'':>{edge}} +{'-' * width}")
    ticks = [(int(c), t) for c, t in _ticks(x, width)]
    marks = [(_column(x, np.log2(COURSE), width), f"{COURSE:g}")]
    if best.size:
        marks.append((int(column[best[0]]), f"best {nudge(curve.best)}"))
    lines += [" " * (edge + 2) + line for line in _labels(ticks, width)]
    pointers = [" "] * width
    for c, _ in marks:
        pointers[c] = "^"
    lines.append(" " * (edge + 2) + "".join(pointers).rstrip())
    lines += [" " * (edge + 2) + line for line in _labels(sorted(marks), width)]
    return lines


def _row_labels(bottom: float, top: float, rows: int, height: int) -> list[str]:
    """Some four powers of ten; the last row is for errors of exactly 0 if it is one more than `rows`."""
    labels = [""] * height
    step = max(1, round((top - bottom) / 4))
    for power in np.arange(top, bottom - 1, -step):
        labels[round((top - float(power)) / (top - bottom) * rows)] = f"1e{power:.0f}"
    labels[0] = f"error {labels[0]}"
    if rows < height - 1:
        labels[-1] = "exact"
    return labels


def _column(x: Array, at: float, width: int) -> int:
    return round((at - float(x[0])) / max(float(x[-1] - x[0]), 1) * (width - 1))


def _ticks(x: Array, width: int) -> list[tuple[int, str]]:
    """Powers of ten along the axis, some ten characters apart."""
    low, high = np.ceil(x[0] * np.log10(2)), np.floor(x[-1] * np.log10(2))
    step = max(1, round((high - low) / (width / 10)))
    tens = np.arange(np.ceil(low / step) * step, high + 1, step)
    return [(_column(x, t / np.log10(2), width), f"1e{t:.0f}" if t else "1") for t in tens]


def _labels(labels: list[tuple[int, str]], width: int) -> list[str]:
    """Lines with each label centred on its column; what would overlap goes to the next line."""
    lines: list[str] = []
    left = list(labels)
    while left:
        line, later = "", []
        for c, text in left:
            start = max(0, min(c - len(text) // 2, width - len(text)))
            if start < len(line) + (2 if line else 0):
                later.append((c, text))
            else:
                line = line.ljust(start) + text
        lines.append(line)
        left = later
    return lines
