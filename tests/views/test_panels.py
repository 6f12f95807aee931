"""Panels on logarithmic axes: every line stands where its numbers are, nothing overlaps."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from nudgegrad.nets.flow import gradient_norms
from nudgegrad.nets.train import Settings, State, beginning
from nudgegrad.views.panels import KINDS, Line, Panel, panels_svg
from nudgegrad.views.training import training_svg
from tests.views.pictures import check_chart, dashes, read, said, starts

X = np.arange(1.0, 6)
FALLING = Line("falling", X, 10.0 ** np.array([0, -1, -3, -4, -6]), marked=True)
RISING = Line("rising", X, 10.0 ** np.array([-5.5, -3, -2, -1, 0.5]))
CASES = {
    "two": [Panel("One", "x", "y", [FALLING, RISING]), Panel("Other", "step", "size", [RISING])],
    "four": [Panel("Four", "x", "y", [FALLING, RISING, Line("level", X, 0 * X + 0.1), Line("c", X, X)])],
    "one point": [Panel("Point", "epoch", "J", [Line("J", X[:1], np.array([2.0]), True)])],
    "zeros": [Panel("Zeros", "x", "y", [Line("none", X, 0 * X), Line("some", X, (X > 2) * X)])],
    "names": [
        Panel(
            "Names",
            "layer",
            "y",
            [FALLING],
            list(zip(X, ("in", "hidden", "a", "b", "output"), strict=True)),
        )
    ],
}


@pytest.mark.parametrize("name", CASES)
def test_nothing_overlaps_and_nothing_is_clipped(name: str) -> None:
    root, _ = check_chart(panels_svg(CASES[name], ["A sentence that says what is to be seen."]))
    assert {panel.title for panel in CASES[name]} <= set(said(root))
    assert {line.name for panel in CASES[name] for line in panel.lines} <= set(said(root))


def test_marks_stand_where_the_numbers_are() -> None:
    _, found = read(panels_svg(CASES["two"], ["Said."]))
    (marks,) = found["dot"]
    heights = [y for _, y in starts(marks)]
    exponents = np.log10(FALLING.y)
    slopes = np.diff(heights) / np.diff(exponents)
    blur = 0.02  # of what is written to a hundredth of a pixel
    assert np.ptp(slopes) <= blur
    assert slopes[0] < 0  # up is up
    across = [x for x, _ in starts(marks)]
    assert np.ptp(np.diff(across)) <= blur


def test_zeros_are_gaps() -> None:
    _, found = read(panels_svg(CASES["zeros"], ["Said."]))
    (drawn,) = [e.get("d") or "" for e in found["second"] if "L" in (e.get("d") or "")]
    assert len(re.findall("L", drawn)) == 2  # from 3 to 5
    assert all("L" not in (e.get("d") or "") for e in found["curve"])


def test_nothing_is_said_by_colour_alone() -> None:
    root, _ = read(panels_svg(CASES["four"], ["Said."]))
    lines = dashes(root)
    assert len({tuple(lines[kind]) for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize("net", ["dense", "conv", "rnn", "lstm"])
@pytest.mark.parametrize("epochs", [1, 2, 40])
def test_a_training_is_drawn(net: str, epochs: int) -> None:
    state = beginning(Settings(net, 1e-3))
    state = State(
        state.settings,
        state.weights,
        state.moments,
        tuple(math.exp(-k / 9) for k in range(epochs)),
        tuple(1 - 1 / (k + 2) if k < 30 else 1.0 for k in range(epochs)),
    )
    random = np.random.default_rng(0)
    x, y = random.random((20, 8, 8)), random.integers(10, size=20)
    norms = gradient_norms(state.settings.task, state.weights, x, y)
    root, _ = check_chart(training_svg(state, norms, {k: norm / 7 for k, norm in norms.items()}))
    texts = said(root)
    assert {"output", "epoch", "at the start", "at the end", f"Training the {net} net"} <= set(texts)
    assert root[1].text is not None
    assert ("after 1 epoch." if epochs == 1 else f"after {epochs} epochs.") in root[1].text
    assert ("8" in texts) == (net in ("rnn", "lstm")) or epochs == 40
