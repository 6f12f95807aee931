"""Nets by hand: what they reach on the digits, and how long an epoch takes beside torch eager.

    python -m benchmarks.nets
    python -m benchmarks.nets --quick

trains each of the four nets with several seeds, compares 200 steps of each optimiser with torch's in
float64, foretells sunspots, measures epochs beside torch's in turns, one thread each, and writes
`benchmarks/results/nets.txt`; --quick does little of each and writes nothing. Some minutes on one core.
"""

from __future__ import annotations

import argparse
import os
import runpy
import statistics
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from importlib import metadata
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_limits

from nudgegrad.nets import digits, net, train
from nudgegrad.nets.descent import adam, minibatches, no_moments
from tests.nets.test_torch import RATES, apart, trajectory
from tests.nets.torch_nets import module

RESULTS = Path(__file__).parent / "results" / "nets.txt"
EXAMPLES = Path(__file__).parents[1] / "examples"
SEEDS, REPEATS, BATCHES = 10, 15, (32, 128)
LIMITS = {"dense": 1.5, "conv": 3.0, "rnn": 1.5, "lstm": None}  # issue 9: of the time of torch eager


def learned(data: digits.Data, seeds: int) -> list[str]:
    """The accuracy of each net after 30 epochs, by seed, and the seconds that it takes."""
    found = [
        "",
        "right of the 449 held out after 30 epochs of Adam, batches of 32; seconds on one thread",
        "",
    ]
    found.append("net     weights   median   worst    best   seconds")
    for kind, rate in digits.RATES["adam"].items():
        right, seconds = [], []
        for seed in range(seeds):
            begun = time.perf_counter()
            state = train.beginning(train.Settings(kind, rate, seed=seed))
            *_, state = islice(train.train(state, data), digits.EPOCHS)
            seconds.append(time.perf_counter() - begun)
            right.append(100 * state.accuracies[-1])
        count = sum(w.size for w in state.weights.values())
        found.append(
            f"{kind:<7} {count:>7}  {statistics.median(right):>5.1f} %  {min(right):>4.1f} %  "
            f"{max(right):>4.1f} %   {statistics.median(seconds):>7.1f}"
        )
    return found


def in_order() -> digits.Data:
    """The digits as the file has them, not shuffled: the last quarter is unlike the others."""
    pixels, labels = load_digits(return_X_y=True)
    x, cut = pixels.reshape(-1, 8, 8) / digits.BLACK, -digits.HELD_OUT
    return digits.Data(x[:cut], labels[:cut], x[cut:], labels[cut:])


def trajectories(data: digits.Data) -> list[str]:
    """The largest difference of a weight from torch's."""
    found = ["", "largest difference of a weight from torch's after 200 steps, float64", ""]
    found.append("net     gradient descent      Adam")
    for kind in digits.NETS:
        gd, by_adam = (apart(*trajectory(kind, optimiser, data)) for optimiser in ("gd", "adam"))
        found.append(f"{kind:<7} {gd:>16.1e}  {by_adam:>8.1e}")
    assert set(RATES) == {"adam", "gd"}
    return found


def our_epoch(kind: str, data: digits.Data, batch: int) -> Callable[[], None]:
    """One epoch by hand, ready to go."""
    task = digits.task(kind)
    weights = net.start(task.net, np.random.default_rng(0))

    def epoch() -> None:
        now, moments = weights, no_moments(weights)
        for examples in minibatches(np.random.default_rng(0), len(data.y), batch):
            _, gradients = net.loss_and_gradients(task, now, data.x[examples], data.y[examples])
            now, moments = adam(now, gradients, moments, 1e-3)

    return epoch


def torch_epoch(kind: str, data: digits.Data, batch: int) -> Callable[[], None]:
    """One epoch of torch eager: the same batches, `torch.optim.Adam` as it comes."""
    made = module(kind, net.start(digits.task(kind).net, np.random.default_rng(0)))
    x, y = torch.from_numpy(data.x), torch.from_numpy(data.y)
    optimiser = torch.optim.Adam([p for p in made.parameters() if p.requires_grad], lr=1e-3)

    def epoch() -> None:
        for examples in minibatches(np.random.default_rng(0), len(data.y), batch):
            optimiser.zero_grad()
            loss: Any = torch.nn.functional.cross_entropy(made(x[examples]), y[examples])
            loss.backward()
            optimiser.step()

    return epoch


def speed(data: digits.Data, repeats: int) -> list[str]:
    """Milliseconds of an epoch, ours and torch's in turns, and the ratio of each pair."""
    found = [
        "",
        "an epoch of 1348 digits, one thread, float64: milliseconds, medians of epochs in turns",
        "",
    ]
    found.append("net     batch    ours   torch   ratio (quartiles)    asked")
    for batch in BATCHES:
        for kind, limit in LIMITS.items():
            ours, theirs = our_epoch(kind, data, batch), torch_epoch(kind, data, batch)
            pairs = []
            for _ in range(repeats + 2):
                times = []
                for epoch in (ours, theirs):
                    begun = time.perf_counter()
                    epoch()
                    times.append(1e3 * (time.perf_counter() - begun))
                pairs.append(times)
            pairs = pairs[2:]  # the first ones warm up
            low, middle, high = statistics.quantiles([one / other for one, other in pairs], n=4)
            mine, other = (statistics.median(column) for column in zip(*pairs, strict=True))
            found.append(
                f"{kind:<7} {batch:>5} {mine:>7.1f} {other:>7.1f}    {middle:.2f} ({low:.2f} to {high:.2f})"
                f"    {limit or '':>5}"
            )
    return found


def sunspots() -> list[str]:
    """What the example prints."""
    said = StringIO()
    with redirect_stdout(said):
        runpy.run_path(str(EXAMPLES / "recurrent.py"), run_name="__main__")
    lines = said.getvalue().splitlines()
    return [
        "",
        "sunspots of 1940 to 2008, each year from the 22 before it: examples/recurrent.py",
        "",
        *lines,
    ]


def main() -> None:
    """Print the results and keep them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    threadpool_limits(1)
    torch.set_num_threads(1)
    data = digits.digits()
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("numpy", "torch", "scikit-learn"))
    lines = ["python -m benchmarks.nets", f"{versions}; {os.cpu_count()} cores"]
    lines += learned(data, 1 if quick else SEEDS)
    others = learned(in_order(), 1 if quick else SEEDS)
    others[1] = "the same where the file is not shuffled and its last 449 are held out"
    lines += [*others, *trajectories(data), *sunspots(), *speed(data, 3 if quick else REPEATS)]
    text = "\n".join(lines) + "\n"
    print(text, end="")
    if not quick:
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
