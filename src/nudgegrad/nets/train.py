"""Training: epoch after epoch of minibatches, so that what is saved goes on bit for bit.

Nothing is remembered between epochs but the weights, Adam's moments and the numbers of the epoch: the order
of the examples and what is dropped follow from the seed and that number.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import NamedTuple

import numpy as np

from ..checks.entry import check
from ..checks.result import Check
from ..errors import EvaluationError, UsageError
from ..formats import Array
from .descent import Moments, adam, clipped, gradient_descent, minibatches, no_moments
from .digits import RATES, Data, task
from .flow import birthplace, finite
from .layers import dropout
from .net import Task, forward, loss, loss_and_gradients, start

OPTIMISERS = ("adam", "gd")


@dataclass(frozen=True)
class Settings:
    """What a training depends on.

    Parameters
    ----------
    net : str
        A name of `digits.NETS`.
    rate : float
        The learning rate.
    optimiser : str
        ``"adam"``, or ``"gd"`` for gradient descent.
    batch : int
        Examples in a minibatch.
    l2, dropout : float
        Strength of L2 on the matrices; share of the output layer's inputs that are dropped.
    clip : float
        Longest gradient of a step.
    seed : int
        Of the start, the order of the examples and the dropping.
    """

    net: str
    rate: float
    optimiser: str = "adam"
    batch: int = 32
    l2: float = 0.0
    dropout: float = 0.0
    clip: float = math.inf
    seed: int = 0

    @property
    def task(self) -> Task:
        """The net and its loss."""
        return task(self.net, self.l2, self.dropout)


class Checked(NamedTuple):
    """A check of the live weights, before a step."""

    step: int
    check: Check


@dataclass(frozen=True)
class State:
    """A training after some epochs.

    Parameters
    ----------
    settings : Settings
    weights : mapping of str to array
    moments : Moments
        Of Adam.
    losses : tuple of float
        The mean J of the batches of each epoch.
    accuracies : tuple of float
        Share of the held-out digits that the net has right, after each epoch.
    checks : tuple of Checked
        Those of this run; they are not saved.
    """

    settings: Settings
    weights: Mapping[str, Array]
    moments: Moments
    losses: tuple[float, ...] = ()
    accuracies: tuple[float, ...] = ()
    checks: tuple[Checked, ...] = ()

    @property
    def epoch(self) -> int:
        """How many epochs are done."""
        return len(self.losses)


def beginning(settings: Settings) -> State:
    """The state before the first epoch."""
    weights = start(settings.task.net, np.random.default_rng([settings.seed, 0]))
    return State(settings, weights, no_moments(weights))


def train(state: State, data: Data, check_every: int = 0) -> Iterator[State]:
    """The state after the next epoch, and so on without end.

    Parameters
    ----------
    state : State
    data : Data
    check_every : int
        After so many steps `nudgegrad.check` is run on the live weights; 0 for never.

    Raises
    ------
    EvaluationError
        If J is no finite number any more; it names the layer where that began.
    """
    settings, task = state.settings, state.settings.task
    steps = math.ceil(len(data.y) / settings.batch)  # in an epoch
    while True:
        epoch = state.epoch + 1
        weights, moments, checks = state.weights, state.moments, list(state.checks)
        losses, before = [], None
        order = minibatches(np.random.default_rng([settings.seed, epoch]), len(data.y), settings.batch)
        for k, examples in enumerate(order, 1):
            step = state.epoch * steps + k
            batch = _Batch(
                task, step, weights, data.x[examples], data.y[examples], [settings.seed, epoch, k]
            )
            if check_every and step % check_every == 0:
                checks.append(Checked(step, check(batch.loss, weights, batch.gradients)))
            with np.errstate(all="ignore"):  # what is not finite is looked for and told
                J, gradients = loss_and_gradients(task, weights, batch.x, batch.y, batch.random())
                if not math.isfinite(J):
                    raise _diverged(batch, before, settings)
                losses.append(J)
                if math.isfinite(settings.clip):
                    gradients = clipped(gradients, settings.clip)
                if settings.optimiser == "adam":
                    weights, moments = adam(weights, gradients, moments, settings.rate)
                else:
                    weights = gradient_descent(weights, gradients, settings.rate)
            before = batch
        if before is not None and not finite(weights.values()):
            raise _diverged(replace(before, weights=weights), before, settings)
        with np.errstate(all="ignore"):
            right, mean = accuracy(task, weights, data.test_x, data.test_y), float(np.mean(losses))
        state = replace(
            state,
            weights=weights,
            moments=moments,
            losses=(*state.losses, mean),
            accuracies=(*state.accuracies, right),
            checks=tuple(checks),
        )
        yield state


def accuracy(task: Task, weights: Mapping[str, Array], x: Array, y: np.ndarray) -> float:
    """The share of the examples whose right answer gets the highest score."""
    scores, _ = forward(task.net, weights, x)
    return float((scores.argmax(axis=1) == y).mean())


def smaller_rate(settings: Settings) -> float:
    """What to try next: a tenth, or less where the usual rate is even smaller."""
    return min(settings.rate / 10, RATES[settings.optimiser][settings.net])


@dataclass(frozen=True)
class _Batch:
    """A step that can be computed again."""

    task: Task
    step: int
    weights: Mapping[str, Array]
    x: Array
    y: np.ndarray
    seed: list[int]

    def random(self) -> np.random.Generator | None:
        """What drops the same entries each time; None where nothing is dropped."""
        drops = any(layer.forward is dropout for layer in self.task.net)
        return np.random.default_rng(self.seed) if drops else None

    def loss(self, weights: Mapping[str, Array]) -> float:
        """J of this batch with other weights."""
        return loss(self.task, weights, self.x, self.y, self.random())

    def gradients(self, weights: Mapping[str, Array]) -> dict[str, Array]:
        """dJ/dw of this batch with other weights."""
        return loss_and_gradients(self.task, weights, self.x, self.y, self.random())[1]


def _diverged(batch: _Batch, before: _Batch | None, settings: Settings) -> EvaluationError:
    """What is said when J stops being a number."""
    lost = [name for name, w in batch.weights.items() if not finite([w])]
    begun = before if lost and before is not None else batch
    with np.errstate(all="ignore"):
        place = birthplace(begun.task, begun.weights, begun.x, begun.y, begun.random())
    where = place or (f"the step of {lost[0]}" if lost else "L2")
    return EvaluationError(
        f"J is no finite number at step {begun.step}: that began in {where}",
        help=f"a smaller rate: --rate {smaller_rate(settings):g}",
    )


# Saving


def saved(state: State) -> bytes:
    """The contents of an `.npz` from which the training goes on bit for bit."""
    arrays = {
        "settings": np.array(json.dumps(asdict(state.settings))),
        "losses": np.array(state.losses),
        "accuracies": np.array(state.accuracies),
        "steps": np.array(state.moments.t),
    }
    for kind, found in _kinds(state):
        arrays |= {f"{kind} {name}": array for name, array in found.items()}
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


def loaded(contents: bytes) -> State:
    """The state that was saved.

    Raises
    ------
    UsageError
        If that is no saved training.
    """
    try:
        if not zipfile.is_zipfile(io.BytesIO(contents)):
            raise ValueError("it is no .npz")
        with np.load(io.BytesIO(contents), allow_pickle=False) as file:
            arrays = dict(file)
        settings = Settings(**json.loads(str(arrays["settings"])))
        state = beginning(settings)
        found = {
            kind: {name: _like(arrays[f"{kind} {name}"], array) for name, array in own.items()}
            for kind, own in _kinds(state)
        }
        losses, accuracies = (tuple(arrays[name].tolist()) for name in ("losses", "accuracies"))
        moments = Moments(int(arrays["steps"]), found["first"], found["second"])
    except (KeyError, TypeError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise UsageError(
            f"the file holds no training of nudgegrad: {error}",
            help="nudgegrad train digits --save net.npz",
        ) from None
    return State(settings, found["weight"], moments, losses, accuracies)


def _kinds(state: State) -> list[tuple[str, Mapping[str, Array]]]:
    moments = state.moments
    return [("weight", state.weights), ("first", moments.first), ("second", moments.second)]


def _like(array: Array, other: Array) -> Array:
    if array.shape != other.shape or array.dtype != other.dtype:
        raise ValueError(f"an array of shape {array.shape} where {other.shape} is due")
    return array
