"""Single wrong entries and wrong slices among 1e2 to 1e6 parameters, made when they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from tests.checks.battery.case import Case
from tests.checks.battery.changed import changed, entries_times, part_times, transposed

SIDES = {100: 10, 1_024: 32, 10_000: 100, 99_856: 316, 1_000_000: 1000}  # P: rows and columns of W
SIZES = (1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5)


def dense(x: Any, u: Any, c: Any) -> Any:
    return np.sum(c * np.tanh(x["W"] @ u + x["b"]))


def dense_gradient(x: Any, u: Any, c: Any) -> Any:
    db = c * (1 - np.tanh(x["W"] @ u + x["b"]) ** 2)
    return {"W": np.outer(db, u), "b": db}


def waves(x: Any, C: Any) -> Any:
    return np.sum(C * np.sin(x["W"])) + np.sum(x["b"] * x["b"]) / 2


def waves_gradient(x: Any, C: Any) -> Any:
    return {"W": C * np.cos(x["W"]), "b": x["b"] + 0}


def right(kind: str, size: int) -> Case:
    """A right gradient of `size` parameters and a bias; kind "dense" (rank one) or "waves" (separable)."""
    side = SIDES[size]
    random = np.random.default_rng(size)
    x = {"W": random.normal(size=(side, side)), "b": random.normal(size=side)}
    if kind == "dense":
        x["W"] /= np.sqrt(side)
        return Case(
            f"dense, {size}", dense, x, dense_gradient, (random.normal(size=side), random.normal(size=side))
        )
    return Case(f"waves, {size}", waves, x, waves_gradient, (random.normal(size=(side, side)),))


def _ordinary(case: Case, count: int, seed: int) -> tuple[tuple[int, ...], ...]:
    """Indices of entries that are neither of the smaller half nor far above it: their share is typical."""
    g, x = case.gradient()["W"], case.x["W"]
    share = np.abs(g * x)
    low, high = np.quantile(share, (0.5, 0.95))
    chosen = np.random.default_rng(seed).permutation(np.flatnonzero((share >= low) & (share <= high)))[
        :count
    ]
    return tuple(tuple(int(i) for i in np.unravel_index(k, share.shape)) for k in np.sort(chosen))


def wrong_entries(kind: str, size: int, relative: float, count: int = 1, seed: int = 0) -> Case:
    """`count` entries of W too large by the relative size."""
    case = right(kind, size)
    indices = _ordinary(case, count, seed)
    noun = "one wrong entry" if count == 1 else f"{count} wrong entries"
    return changed(
        case, f"{noun} by {relative:g}", {"W": entries_times(indices, 1 + relative)},
        entries=tuple(("W", index) for index in indices),
    )  # fmt: skip


def wrong_slice(kind: str, size: int, what: str) -> Case:
    """A row, a column or half a row of W doubled, or W transposed."""
    case = right(kind, size)
    side = SIDES[size]
    k = 3 * side // 7
    changes = {
        "a row": part_times(np.s_[k, :], 2),
        "a column": part_times(np.s_[:, k], 2),
        "half a row": part_times(np.s_[k, : side // 2], 2),
        "transposed": transposed,
    }
    return changed(case, what, {"W": changes[what]}, "transposed" if what == "transposed" else "")


def _builders() -> dict[str, Callable[[], Case]]:
    found: dict[str, Callable[[], Case]] = {}
    for size in SIDES:
        for kind in ("dense", "waves"):
            for relative in SIZES:
                found[f"{kind}, {size}: one entry by {relative:g}"] = partial(
                    wrong_entries, kind, size, relative
                )
            for count in (2, 5, 50):
                found[f"{kind}, {size}: {count} entries"] = partial(wrong_entries, kind, size, 1.0, count)
            for what in ("a row", "a column", "half a row", "transposed"):
                found[f"{kind}, {size}: {what}"] = partial(wrong_slice, kind, size, what)
    return found


LARGE = _builders()
