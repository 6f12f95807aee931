"""`nudgegrad train digits --net rnn`: a net made by hand learns scikit-learn's digits."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

from ..errors import EvaluationError, Place, UsageError
from ..formats import Array
from ..nets.digits import EPOCHS, NETS, RATES, Data, digits
from ..nets.flow import gradient_norms
from ..nets.train import OPTIMISERS, Settings, State, beginning, loaded, saved, train
from ..nudging.table import Verdict
from ..views.document import of_training
from ..views.screen import Screen
from ..views.training import as_text, document, training_svg
from .arguments import Options, near
from .outcome import Outcome
from .plot import writable, write_whole
from .terminal import Progress

EXAMPLE = "nudgegrad train digits --net dense"
BAR = 24  # signs of the progress bar
MEASURED = 256  # examples from which the norms of the gradient are taken
WORST = (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS)


def run(options: Options, screen: Screen) -> Outcome:
    """The outcome of `nudgegrad train`."""
    _data_named(options)
    state = begun = _start(options)
    epochs = _whole(options.epochs, "--epochs", EPOCHS)
    check_every = _whole(options.check_every, "--check-every", 0)
    if epochs < state.epoch or (epochs == state.epoch and options.resume):
        raise UsageError(
            f"the training has {state.epoch} {'epoch' if state.epoch == 1 else 'epochs'} already",
            help=f"--epochs {state.epoch + EPOCHS}",
        )
    picture = None if options.output in (None, "-") else writable(str(options.output))
    target = options.save or options.resume
    save, kept = None if target is None else _to_save(target), options.resume
    data = digits()
    began, progress, interrupted = time.perf_counter(), Progress(epochs), ""
    try:
        for state in train(begun, data, check_every):
            if save:
                write_whole(save, saved(state))
                kept = target
            progress.show(_bar(state, epochs))
            if state.epoch == epochs:
                break
    except KeyboardInterrupt:
        goes_on = f"; nudgegrad train digits --resume {kept} --epochs {epochs} goes on" if kept else ""
        interrupted = f"interrupted after {state.epoch} of {epochs} epochs{goes_on}"
    except EvaluationError as error:
        if kept:
            error.help = f"{error.help}; {kept} has the weights after epoch {state.epoch}"
        raise
    finally:
        progress.show("")
    seconds = time.perf_counter() - began
    drawn = ""
    if options.output and state.epoch:
        drawn = training_svg(state, _norms(beginning(state.settings), data), _norms(state, data))
    if picture is not None and drawn:
        write_whole(picture, drawn + "\n")
    verdicts = [found.verdict for _, found in state.checks]
    verdict = next((v for v in WORST if v in verdicts), None)
    if options.json:
        text = of_training(document(state, _norms(state, data), seconds))
    elif options.output == "-":
        text = drawn
    else:
        text = as_text(state, screen)
    return Outcome(text, verdict, interrupted)


def _norms(state: State, data: Data) -> dict[str, Array]:
    return gradient_norms(state.settings.task, state.weights, data.x[:MEASURED], data.y[:MEASURED])


def _bar(state: State, epochs: int) -> str:
    done = BAR * state.epoch // epochs
    return (
        f"epoch {state.epoch} of {epochs} [{'#' * done}{'.' * (BAR - done)}]"
        f" J {state.losses[-1]:.4f}, right {100 * state.accuracies[-1]:.1f} %"
    )


# What is asked for


def _data_named(options: Options) -> None:
    words = options.words
    if words != ("digits",):
        place = Place(words[0], 0, len(words[0]), "argument") if words and words[0] != "digits" else None
        what = f"there is no data '{words[0]}'" if place else "one word says what is learned: digits"
        raise UsageError(what, place, EXAMPLE)
    if options.json and options.output == "-":
        raise UsageError("stdout cannot hold both the picture and the document", help="-o curve.svg --json")


def _start(options: Options) -> State:
    """Where the training begins, or goes on."""
    if options.resume is not None:
        for field in fields(Settings):
            if getattr(options, field.name) is not None:
                raise UsageError(
                    f"--{field.name} is in the file that is resumed",
                    help=f"leave --{field.name} out, or start anew without --resume",
                )
        return loaded(_contents(options.resume))
    if options.net is None:
        raise UsageError("which net?", help=f"{EXAMPLE}; there are {', '.join(NETS)}")
    net = _one_of(options.net, "--net", tuple(NETS))
    optimiser = _one_of(options.optimiser or OPTIMISERS[0], "--optimiser", OPTIMISERS)
    return beginning(
        Settings(
            net=net,
            optimiser=optimiser,
            rate=_number(options.rate, "--rate", RATES[optimiser][net], lambda r: r > 0, "above 0"),
            batch=_whole(options.batch, "--batch", 32),
            l2=_number(options.l2, "--l2", 0.0, lambda r: r >= 0, "0 or above"),
            dropout=_number(options.dropout, "--dropout", 0.0, lambda r: 0 <= r < 1, "from 0 to below 1"),
            clip=_number(options.clip, "--clip", math.inf, lambda r: r > 0, "above 0"),
            seed=_whole(options.seed, "--seed", 0, least=0),
        )
    )


def _one_of(word: str, option: str, names: tuple[str, ...]) -> str:
    if word in names:
        return word
    raise UsageError(f"{option} {word} is unknown", help=f"there are {', '.join(names)}")


def _whole(word: str | None, option: str, default: int, least: int = 1) -> int:
    if word is None:
        return default
    if word.isdecimal() and int(word) >= least:
        return int(word)
    raise UsageError(f"{option} takes a whole number from {least} up, not '{word}'", help=f"{option} 50")


def _number(
    word: str | None, option: str, default: float, fits: Callable[[float], Any], range: str
) -> float:
    if word is None:
        return default
    try:
        found = float(word)
    except ValueError:
        found = math.nan
    if math.isfinite(found) and fits(found):
        return found
    raise UsageError(f"{option} takes a number {range}, not '{word}'", help=f"for example {option} 0.01")


def _to_save(name: str) -> Path:
    """The file that is written, whose folder exists."""
    path = Path(name)
    place = Place(f"--save {name}", 7, 7 + len(name), "argument")
    if path.suffix != ".npz":
        raise UsageError("a training is kept as NumPy's .npz", place, f"--save {path.with_suffix('.npz')}")
    if path.is_dir() or not path.parent.is_dir():
        raise UsageError(f"'{name}' is no place for a file", place, f"--save {path.name}")
    return path


def _contents(name: str) -> bytes:
    path = Path(name)
    try:
        return path.read_bytes()
    except OSError as error:
        place = Place(f"--resume {name}", 9, 9 + len(name), "argument")
        raise UsageError(f"'{name}' cannot be read: {error.strerror}", place, near(path)) from None
