"""A training as text, as a picture and as a document."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..formats import Array
from ..nets.digits import HELD_OUT
from ..nets.train import State, smaller_rate
from .digits import number, rough
from .panels import Line, Panel, panels_svg
from .screen import Screen
from .sheet import Cell, Column, Sheet
from .signs import SIGNS

GUESSING = math.log(10)  # J of a net that gives every digit the same chance
ROWS = 10  # of the learning curve
MOST_NAMES = 12  # on an axis


def parameters(state: State) -> int:
    """How many numbers are learned."""
    return sum(w.size for w in state.weights.values())


def as_text(state: State, screen: Screen) -> str:
    """The learning curve, and the checks of the gradient."""
    settings, count = state.settings, len(state.losses)
    shown = sorted({1 + round(k * (count - 1) / (ROWS - 1)) for k in range(ROWS)}) if count else []
    columns = [Column("epoch"), Column("J"), Column("held out, right")]
    rows = [
        [
            Cell(str(epoch)),
            Cell(loss_text(state.losses[epoch - 1])),
            Cell(f"{100 * state.accuracies[epoch - 1]:.1f} %"),
        ]
        for epoch in shown
    ]
    optimiser = "Adam" if settings.optimiser == "adam" else "gradient descent"
    heading = (
        f"{settings.net}: {parameters(state)} weights, {optimiser}, rate {number(settings.rate)},"
        f" batches of {settings.batch}"
    )
    parts = [screen.wrap(heading), Sheet("Learning curve", columns, rows, []).as_text(screen)]
    if state.checks:
        parts.append(checks_sheet(state).as_text(screen))
    if count:
        parts.append(screen.wrap(result(state)))
        if state.losses[-1] > GUESSING:
            parts.append(
                screen.wrap(
                    f"J is above {GUESSING:.4f}, that of guessing: nothing is learned at this rate."
                    f" Try --rate {smaller_rate(settings):g}."
                )
            )
    return "\n".join(filter(None, parts))


def result(state: State) -> str:
    """How good the net is, in a sentence."""
    right = round(state.accuracies[-1] * HELD_OUT)
    epochs = "1 epoch" if state.epoch == 1 else f"{state.epoch} epochs"
    return f"{right} of {HELD_OUT} held-out digits are right after {epochs}."


def loss_text(J: float) -> str:
    """J to four places, or as a power of ten where it is large."""
    return f"{J:.4f}" if J < 1e4 else f"{J:.1e}"


def checks_sheet(state: State) -> Sheet:
    """The checks of the live weights."""
    columns = [
        Column("step"),
        Column("", "<", spoken="verdict"),
        Column("reason", "<"),
    ]
    rows = [
        [
            Cell(str(step)),
            SIGNS[found.verdict],
            Cell(f"{found.verdict.value}: {found.reason}. Resolution {rough(found.resolution)}"),
        ]
        for step, found in state.checks
    ]
    return Sheet("Checks of the gradient", columns, rows, [])


def document(state: State, norms: Mapping[str, Array], seconds: float) -> dict[str, Any]:
    """What `--json` prints."""
    settings = state.settings
    return {
        "data": "digits",
        "net": settings.net,
        "optimiser": settings.optimiser,
        "rate": settings.rate,
        "batch": settings.batch,
        "l2": settings.l2,
        "dropout": settings.dropout,
        "clip": settings.clip,
        "seed": settings.seed,
        "parameters": parameters(state),
        "epochs": state.epoch,
        "seconds": seconds,
        "test_accuracy": state.accuracies[-1] if state.accuracies else math.nan,
        "losses": list(state.losses),
        "test_accuracies": list(state.accuracies),
        "gradient_norms": {name: norm.tolist() for name, norm in norms.items()},
        "checks": [
            {
                "step": step,
                "verdict": found.verdict.value,
                "resolution": found.resolution,
                "reason": str.__str__(found.reason),
            }
            for step, found in state.checks
        ],
    }


def training_svg(state: State, before: Mapping[str, Array], after: Mapping[str, Array]) -> str:
    """J and the share of wrong answers over the epochs, and the gradient's size through the net.

    Parameters
    ----------
    state : State
        After one epoch at least.
    before, after : mapping of str to array
        What `gradient_norms` gave at the start and at the end.
    """
    epochs = np.arange(1.0, state.epoch + 1)
    wrong = 1 - np.array(state.accuracies)
    learning = Panel(
        f"Training the {state.settings.net} net",
        "epoch",
        "J, share wrong",
        [Line("J", epochs, np.array(state.losses)), Line("held-out digits, wrong", epochs, wrong)],
    )
    learns = [layer.name for layer in state.settings.task.net if layer.shapes]
    names, first = positions(before, learns)
    _, last = positions(after, learns)
    places = np.arange(float(len(names)))
    every = 1 + (len(names) - 1) // MOST_NAMES
    steps = [name for name, norm in before.items() if norm.ndim]
    title = f"steps of '{steps[0]}', then layers" if steps else "layers, in order"
    flow = Panel(
        "The gradient on its way back",
        title,
        "length of dJ/d(output)",
        [Line("at the start", places, first, True), Line("at the end", places, last, True)],
        [(float(k), name) for k, name in enumerate(names) if k % every == 0 or k == len(names) - 1],
    )
    return panels_svg([learning, flow], [result(state)])


def positions(norms: Mapping[str, Array], learns: Sequence[str]) -> tuple[list[str], Array]:
    """The places along a net with their names and norms: layers that learn, recurrent ones step by step."""
    names: list[str] = []
    found: list[float] = []
    for name in learns:
        norm = norms[name]
        if norm.ndim:
            names += [str(t) for t in range(1, len(norm) + 1)]
            found += norm.tolist()
        else:
            names.append(name)
            found.append(float(norm))
    return names, np.array(found)
