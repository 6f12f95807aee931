"""Errors of known size planted in right gradients, and what a check's pass promises of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from unittest.mock import patch

import numpy as np

from nudgegrad.checks import gradient
from nudgegrad.checks.blocks import flatten
from nudgegrad.checks.directions import scales
from nudgegrad.checks.result import Check
from nudgegrad.checks.subject import subject
from tests.checks.battery.case import Case

SMALLEST, LARGEST = 0.1, 30.0  # sizes of what is planted, in resolutions
GROUP = 12  # entries of the largest group
KINDS = ("entry", "group", "slice")


def native(case: Case, seed: int = 0, ready: bool = False) -> Check:
    """The check in the format of x, never in float64 instead; of the gradient as ready arrays if asked."""
    claim = case.gradient() if ready else case.grad
    return gradient._tried(subject(case.f, case.x, claim, case.args), seed)


def judged(case: Case, seed: int = 0) -> Check:
    """The same without a look for where and what."""
    with patch.object(gradient, "_explained", lambda _, found, *__: found):
        return native(case, seed)


class Plantings:
    """Errors in the gradient of one case.

    Parameters
    ----------
    case : Case
        A right gradient.
    """

    def __init__(self, case: Case) -> None:
        self.x, self.blocks = flatten(case.x)
        self.right, _ = flatten(case.gradient())
        self.s = scales(self.x, self.blocks)
        self.size = float(np.linalg.norm(self.right * self.s))
        self.case = case
        self.resolution = native(case).resolution

    def error(self, random: np.random.Generator, kind: str) -> Any:
        """An error of 0.1 to 30 resolutions: of one entry, a few of them, or a row or column of a block."""
        found = np.zeros_like(self.x)
        block = self.blocks.items[random.integers(len(self.blocks.items))]
        entries = np.arange(block.start, block.start + block.size)
        if kind == "entry":
            chosen = random.choice(entries, 1)
        elif kind == "group":
            chosen = random.choice(len(found), min(len(found), int(random.integers(2, GROUP))), False)
        else:
            grid = entries.reshape(block.shape or (1,))
            axis = int(random.integers(grid.ndim))
            chosen = np.take(grid, random.integers(grid.shape[axis]), axis).ravel()
        found[chosen] = random.normal(size=len(chosen)) / self.s[chosen]
        size = np.exp(random.uniform(np.log(SMALLEST), np.log(LARGEST))) * self.resolution * self.size
        return found * (size / np.linalg.norm(found * self.s))

    def planted(self, error: Any) -> Case:
        """The case with that error, rounded to the blocks' formats."""
        wrong = self.blocks.structure(self.right + error)
        return replace(self.case, grad=wrong)

    def hidden(self, planted: Case, found: Check) -> float:
        """How large the error is that a claim has, in resolutions of the check."""
        claim, _ = flatten(planted.grad)
        whole = float(np.linalg.norm(claim * self.s))
        return float(np.linalg.norm((claim - self.right) * self.s)) / (found.resolution * whole)


def hidden_by_passes(cases: list[Case], count: int, seed: int) -> tuple[dict[str, list[float]], int]:
    """The sizes of the errors that passes hid, in resolutions they printed, by kind; and how many failed.

    Parameters
    ----------
    cases : list of Case
    count : int
        Errors in all.
    seed : int
    """
    random = np.random.default_rng(seed)
    known = [made for made in map(Plantings, cases) if np.isfinite(made.resolution) and made.resolution]
    hidden: dict[str, list[float]] = {kind: [] for kind in KINDS}
    failed = 0
    for k in range(count):
        made, kind = known[k % len(known)], KINDS[k // len(known) % len(KINDS)]
        case = made.planted(made.error(random, kind))
        found = judged(case, k)
        failed += found.verdict.value == "fail"
        if found:
            hidden[kind].append(made.hidden(case, found))
    return hidden, failed
