"""Our nudge beside the usual ones, and our estimates beside those of other packages, with their bars.

    python -m benchmarks.nudges --programs 210

on random programs of every family; writes `benchmarks/results/nudges.txt`: the error over the best that
any nudge reaches, and at some nodes the derivatives of numdifftools, scipy.differentiate and jacobi at
their defaults, each with its own error estimate. A package that is not installed is left out.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib import import_module, metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

import nudgegrad
from benchmarks.bars import LONG_PROGRAM, chunk
from nudgegrad.graphs.program import parse
from nudgegrad.nudging import optimal
from nudgegrad.nudging.table import NudgeTable, nudges
from nudgegrad.sweeps.evaluate import Plan, plan, replay
from nudgegrad.sweeps.run import Run
from tests.families import FAMILIES, Program, draw
from tests.oracles.study import RULES, Record, summary
from tests.oracles.truth import Truth, true_derivatives

RESULTS = Path(__file__).parent / "results"
NODES = 3  # of a program, for the packages: they are given one program in EVERY
EVERY = 2


def rows(records: list[Record], fmt: str) -> list[str]:
    """One line per rule: median, 90 % and 99 % of error over the best possible."""
    found = summary(r for r in records if r.format == fmt)
    lines = [f"{fmt}, {found['resolvable']:.0f} nodes where some nudge is good to 10 %"]
    lines.append(f"{'nudge':28}{'50 %':>12}{'90 %':>12}{'99 %':>12}")
    for title, key in [("h* of nudgegrad", "ratio"), *((r, r) for r in RULES)]:
        marks = "".join(f"{found[f'{key}_{m}']:12.3g}" for m in (50, 90, 99))
        lines.append(f"{title:28}{marks}")
    return lines


# Other packages at the same nodes


@dataclass
class Replayed:
    """J as a function of one node's value, all that does not depend on it held; counts its values."""

    run: Run
    plan: Plan
    count: int = 0

    def __call__(self, x: Any) -> Any:
        """J at every entry of x."""
        points = np.asarray(x, np.float64)
        self.count += points.size
        j = replay(self.plan, self.run.value_array, points.reshape(1, -1))[-1]
        return np.asarray(j).reshape(points.shape)


Rival = Callable[[Replayed, float], tuple[Any, Any]]  # J and a value -> the derivative, its error estimate


def numdifftools(f: Replayed, v: float) -> tuple[Any, Any]:
    found = import_module("numdifftools").Derivative(f, full_output=True)(v)
    return found.estimate, found.error_estimate


def scipy(f: Replayed, v: float) -> tuple[Any, Any]:
    found = import_module("scipy.differentiate").derivative(f, v)
    return found.df, found.error


def jacobi(f: Replayed, v: float) -> tuple[Any, Any]:
    value, error = import_module("jacobi").jacobi(f, v)
    return value, error


RIVALS: dict[str, Rival] = {"numdifftools": numdifftools, "scipy.differentiate": scipy, "jacobi": jacobi}
OURS: dict[str, tuple[str, str | None]] = {
    "nudgegrad": ("global", None),
    'nudgegrad, stencil="auto"': ("global", "auto"),
    'nudgegrad, how="local"': ("local", None),
}


def package(way: str) -> str:
    return way.partition(".")[0]


def installed() -> dict[str, Rival]:
    """The rivals whose packages are there."""
    return {way: rival for way, rival in RIVALS.items() if find_spec(package(way))}


@dataclass(frozen=True)
class Outcome:
    """What one way found at one node."""

    way: str
    truth: float
    error: float  # abs(estimate - truth); nan where there is no estimate
    bar: float  # its own
    evaluations: float  # of J; nan where each op was nudged by itself
    reason: str = ""  # the exception


def outcome(
    way: str, truth: Truth, value: float, bar: float, evaluations: float, reason: str = ""
) -> Outcome:
    error = truth.error(value) if np.isfinite(value) else float("nan")
    return Outcome(way, truth.value or 0.0, error, bar, evaluations, reason)


def ours(run: Run, nodes: Sequence[str], how: str, stencil: str | None) -> tuple[NudgeTable, float]:
    """Our nudges of some nodes, and the values of J that each took in the mean."""
    count = 0

    def counted(plan: Plan, values: Any, points: Any, *fmt: Any) -> list[Any]:
        nonlocal count
        count += int(np.isfinite(points).sum())  # ladders of unequal lengths are padded with nan
        return replay(plan, values, points, *fmt)

    with patch.object(optimal, "replay", counted):
        table = nudges(run, nodes, how, stencil)
    return table, float("nan") if how == "local" else count / len(nodes)


def theirs(way: str, rival: Rival, f: Replayed, v: float, truth: Truth) -> Outcome:
    """What a rival finds; an exception is no estimate."""
    value = bar = float("nan")
    reason = ""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            value, bar = (float(np.squeeze(found)) for found in rival(f, v))
        except Exception as error:  # whatever it raises is counted
            reason = f"{type(error).__name__}: {error}"
    return outcome(way, truth, value, bar, f.count, reason)


def outcomes(program: Program, rivals: Mapping[str, Rival], seed: int = 0) -> list[Outcome]:
    """What every way finds at some nodes of a program whose derivatives exist and are not 0."""
    graph = parse(program.text)
    run = graph.at(program.inputs)
    live = [i for i in np.flatnonzero(graph.nudged).tolist() if graph.reaches[i] and i != graph.output]
    some = np.random.default_rng(seed).permutation(live)[:NODES].tolist()
    truths = true_derivatives(graph, run.value_array, some)
    known = {graph.name(i): (i, t) for i, t in truths.items() if t.value and np.isfinite(t.value)}
    found: list[Outcome] = []
    if not known:
        return found
    for way, (how, stencil) in OURS.items():
        table, count = ours(run, list(known), how, stencil)
        found += [
            outcome(way, t, table[name].estimate, table[name].bar, count) for name, (_, t) in known.items()
        ]
    for way, rival in rivals.items():
        for i, truth in known.values():
            f = Replayed(run, plan(graph, [i]))
            found.append(theirs(way, rival, f, float(run.value_array[i]), truth))
    return found


def rival_chunk(task: tuple[str, int, int]) -> list[Outcome]:
    """What is found in some seeds of one family, in programs that are not too long."""
    family, start, stop = task
    programs = {seed: draw(family, seed) for seed in range(start, stop, EVERY)}
    short = {seed: p for seed, p in programs.items() if p.text.count("\n") <= LONG_PROGRAM}
    return [o for seed, p in short.items() for o in outcomes(p, installed(), seed)]


LEGEND = """\
error: over the derivative, inf where there is no estimate; covers: estimates within their own bar
(jacobi's is meant as one standard deviation); bar/error: the median where there is an error; J: values
of J in the median, - where each operation is nudged by itself; none: nan or an exception"""


def rival_rows(found: Iterable[Outcome]) -> list[str]:
    """One line per way: relative errors, whether its own bar covers, evaluations, failures."""
    ways: dict[str, list[Outcome]] = {}
    for o in found:
        ways.setdefault(o.way, []).append(o)
    count = max(map(len, ways.values()), default=0)
    lines = [f"float64, {count} nodes, up to {NODES} a program; other packages at their defaults", LEGEND]
    lines.append(
        f"{'package':28}{'error 50 %':>12}{'90 %':>12}{'covers %':>10}{'bar/error':>11}{'J':>6}{'none':>6}"
    )
    for way, each in ways.items():
        there = [o for o in each if np.isfinite(o.error)]
        relative = [o.error / abs(o.truth) if np.isfinite(o.error) else np.inf for o in each]
        middle, high = np.percentile(relative, (50, 90), method="lower")
        covers = 100 * np.mean([o.error <= o.bar for o in there]) if there else np.nan
        loose = [o.bar / o.error for o in there if o.error > 0]
        looseness = np.median(loose) if loose else np.nan
        taken = np.median([o.evaluations for o in each])
        lines.append(
            f"{way:28}{middle:12.2g}{high:12.2g}{covers:10.1f}{looseness:11.3g}"
            f"{'-' if np.isnan(taken) else f'{taken:.0f}':>6}{len(each) - len(there):6}"
        )
    raised = Counter(f"{o.way}: {o.reason[:80]}" for each in ways.values() for o in each if o.reason)
    lines += [f"{count} times {reason}" for reason, count in raised.items()]
    missing = [way for way in RIVALS if way not in installed()]
    if missing:
        lines.append(f"not installed and left out: {', '.join(missing)}")
    return lines


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--programs", type=int, default=1400)
    parser.add_argument("--first", type=int, default=500_000, help="the first seed")
    parser.add_argument("--formats", default="float64,float32")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    formats = tuple(options.formats.split(","))
    each = -(-options.programs // len(FAMILIES))
    tasks = [
        (family, start, min(start + 10, options.first + each), formats, "global", None)
        for start in range(options.first, options.first + each, 10)
        for family in FAMILIES
    ]
    with ProcessPoolExecutor(options.workers) as pool:
        records = [r for found in pool.map(chunk, tasks) for r in found]
        others = [o for found in pool.map(rival_chunk, [task[:3] for task in tasks]) for o in found]
    text = "\n\n".join(
        "\n".join(lines) for lines in [*(rows(records, f) for f in formats), rival_rows(others)]
    )
    versions = {name: metadata.version(name) for name in ("numpy", *map(package, installed()))}
    head = (
        f"{each * len(FAMILIES)} programs of {len(FAMILIES)} families, seeds from {options.first}; "
        f"nudgegrad {nudgegrad.__version__}, {', '.join(f'{n} {v}' for n, v in versions.items())}\n\n"
    )
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "nudges.txt").write_text(head + text + "\n")
    print(head + text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
