"""Large graphs: forward and backward beside other engines, and what the nudges of all nodes cost.

    python -m benchmarks.scale [ROUNDS]

writes `benchmarks/results/scale.txt`. Engines are interleaved in one process on one thread; ratios are
medians over the rounds, with the least and the largest. Engines that are not installed are left out, and
named.
"""

from __future__ import annotations

import gc
import math
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402 - after the number of threads

import nudgegrad as ng  # noqa: E402
from benchmarks.engines import ENGINES, Step  # noqa: E402
from nudgegrad import compiled  # noqa: E402
from nudgegrad.nudging.many import NEAR, Many  # noqa: E402
from nudgegrad.nudging.stencils import STENCILS  # noqa: E402
from nudgegrad.nudging.windows import exact, structure, windowed  # noqa: E402
from nudgegrad.races.programs import COURSE, FAMILIES, program  # noqa: E402
from nudgegrad.sweeps import tape  # noqa: E402
from nudgegrad.sweeps.run import Run  # noqa: E402

RESULTS = Path(__file__).parent / "results"
SIZES = (10_000, 100_000, 1_000_000)
MOST = {
    "MyGrad": 10_000,
    "torch eager": 10_000,
    "xad": 100_000,
    "CasADi": 100_000,
    "micrograd style": 100_000,
}
WANTED = {
    "C++ -O2": 1.5,
    "micrograd style": 100,
    "torch eager": 500,
    "MyGrad": 1000,
    "xad": 150,
    "CasADi": 15,
}
ROUNDS = 7
SHORT, REPEATS = 0.05, 5  # seconds; calls
(TWO,) = STENCILS["two-sided"]


def seconds(call: Callable[[], object]) -> float:
    """Processor time of a call; of a short one the mean of some, after one that does not count."""
    begun = time.process_time()
    call()
    took = time.process_time() - begun
    if took > SHORT:
        return took
    begun = time.process_time()
    for _ in range(REPEATS):
        call()
    return (time.process_time() - begun) / REPEATS


def spread(values: Sequence[float]) -> str:
    """Median, least and largest."""
    return f"{statistics.median(values):,.3g} [{min(values):,.3g} to {max(values):,.3g}]"


def run_of(family: str, size: int) -> tuple[Run, float]:
    """A run, and the seconds that reading its program took, the second time."""
    made = program(family, size)
    ng.graph(made.text)
    began = time.perf_counter()
    graph = ng.graph(made.text)
    took = time.perf_counter() - began
    return graph.at(made.values), took


def step_of(run: Run) -> Step:
    """Our forward and backward."""
    values, room = run.value_array.copy(), np.zeros(len(run.graph))

    def step() -> object:
        tape.compute(run.graph, values)
        return tape.adjoints(run.graph, values, room=room)

    return step


def interleaved(steps: dict[str, Step], rounds: int) -> dict[str, list[float]]:
    """Seconds of each, one after the other, round by round."""
    for step in steps.values():
        step()
    found: dict[str, list[float]] = {name: [] for name in steps}
    gc.disable()
    for _ in range(rounds):
        for name, step in steps.items():
            found[name].append(seconds(step))
    gc.enable()
    return found


def sweeps(rounds: int) -> list[str]:
    """Forward and backward beside the others."""
    lines = [
        "Forward and backward, nanoseconds of processor time an entry; ratios to ours. Reading the",
        "program is not in it; an engine that builds its graph in each step does so here.",
        "",
    ]
    ours: dict[int, float] = {}
    for size in SIZES:
        run, parsing = run_of("mlp", size)
        count = len(run.graph)
        steps: dict[str, Step] = {"ours": step_of(run)}
        missing = []
        for name, make in ENGINES.items():
            if size > MOST.get(name, size):
                continue
            try:
                made = make(run)
            except ImportError:
                made = None
            if made is None:
                missing.append(name)
            else:
                steps[name] = made
        plain = plainly(run)
        steps["ours without numba"] = plain
        found = interleaved(steps, rounds)
        ours[count] = statistics.median(found["ours"])
        lines.append(f"MLP, {count:,} entries")
        for name, times in found.items():
            each = [1e9 * t / count for t in times]
            ratios = [t / o for t, o in zip(times, found["ours"], strict=True)]
            line = f"  {name:20} {spread(each):>34} ns"
            if name in WANTED:
                goal = (
                    f"at least {WANTED[name]:g}" if name != "C++ -O2" else f"ours within {WANTED[name]:g} x"
                )
                line += f"   x {spread(ratios)}   ({goal})"
                if name == "C++ -O2":
                    line += f"; ours is {spread([1 / r for r in ratios])} times as long"
            lines.append(line)
        if "micrograd style" in found:
            for name, with_parsing in (("micrograd style", 1.5), ("torch eager", 8)):
                if name in found:
                    all_of_it = [t / (o + parsing) for t, o in zip(found[name], found["ours"], strict=True)]
                    lines.append(
                        f"  with reading the text ({1e6 * parsing / count:.2f} us an entry): {name}"
                        f" takes {spread(all_of_it)} times as long (at least {with_parsing:g})"
                    )
            slower = found["ours without numba"]
            ratio = [t / o for t, o in zip(found["micrograd style"], slower, strict=True)]
            lines.append(f"  micrograd style over ours without numba: {spread(ratio)} (at least 4)")
        lines += [f"  not installed: {', '.join(missing)}"] * bool(missing)
    first, last = min(ours), max(ours)
    exponent = math.log(ours[last] / ours[first]) / math.log(last / first)
    return [
        *lines,
        f"growth exponent of ours, {first:,} to {last:,} entries: {exponent:.2f} (at most 1.1)",
        "",
    ]


def plainly(run: Run) -> Step:
    """Our step as if numba were not installed."""
    step = step_of(ng.graph(run.graph.source).at({n: run.value(n) for n in run.graph.inputs}))

    def without() -> object:
        before = os.environ.get(compiled.SWITCH)
        os.environ[compiled.SWITCH] = "0"
        try:
            return step()
        finally:
            os.environ.pop(compiled.SWITCH)
            if before is not None:
                os.environ[compiled.SWITCH] = before

    return without


def nudging(rounds: int) -> list[str]:
    """All nudges, in forward and backward passes of the same graph."""
    lines = ["The nudges of all nodes, in sweeps (one forward and backward) and seconds", ""]
    for family, size in (*(("mlp", size) for size in SIZES), ("sparse", COURSE)):
        run, _ = run_of(family, size)
        nodes = np.flatnonzero(run.graph.nudged)
        all_of_it = Many(run, nodes, TWO)
        steps: dict[str, Step] = {
            "sweep": step_of(run),
            "h": lambda run=run, many=all_of_it: many.nudges_of(windowed(run), many.wanted),  # type: ignore[misc]  # bound now
            "all": lambda run=run, nodes=nodes: Many(run, nodes, TWO),  # type: ignore[misc]
        }
        found = interleaved(steps, rounds)
        count = len(run.graph)
        lines.append(
            f"{family}, {count:,} entries: a sweep takes"
            f" {spread([1e9 * t / count for t in found['sweep']])} ns an entry"
        )
        for name, title, most in (
            ("h", "h of all nodes, windowed", 20),
            ("all", "with estimates and bars", 40),
        ):
            ratio = [t / s for t, s in zip(found[name], found["sweep"], strict=True)]
            lines.append(f"  {title}: {spread(ratio)} sweeps (at most {most}), {spread(found[name])} s")
        table = ng.nudges(run)
        certificate = table.certificate
        assert certificate is not None
        lines.append(
            f"  certificate: {100 * certificate.near:.0f} % of {len(certificate.nodes)} nodes within a"
            f" factor {NEAR:g}"
        )
        live = structure(run.graph).moves[all_of_it.wanted] != 0
        apart = np.abs(run.adjoint_array - all_of_it.found.estimate)[all_of_it.wanted][live]
        room = (all_of_it.found.bar + all_of_it.found.adjoint_bar)[all_of_it.wanted][live]
        lines.append(
            f"  adjoint within the bar and that of backprop: {100 * (apart <= room).mean():.3f} %"
            f" of {live.sum():,}"
        )
        if size < SIZES[-1]:
            took = seconds(lambda run=run: exact(run))  # type: ignore[misc]
            goal = {"mlp": "at most 1 at 1e5", "sparse": "at most 30"}[family]
            lines.append(f"  exact jets of all nodes: {took:.2f} s ({goal})")
    return [*lines, ""]


def nearness(size: int = 6000) -> list[str]:
    """Windowed h beside h from exact jets, in each family."""
    lines = ["h from windowed jets within a factor 3 of h from exact ones (at least 95 %, sparse 90 %)", ""]
    for family in FAMILIES:
        run, _ = run_of(family, size)
        nodes = np.flatnonzero(structure(run.graph).moves)
        many = Many(run, nodes, TWO)
        right = many.nudges_of(exact(run), nodes)
        ratio = (many.h / right)[np.isfinite(many.h) & np.isfinite(right)]
        near = ((ratio >= 1 / NEAR) & (ratio <= NEAR)).mean()
        lines.append(
            f"  {family:10} {len(run.graph):7,} entries: {100 * near:6.2f} %, from"
            f" {ratio.min():.3g} to {ratio.max():.3g}; {100 * many.jets.exact[nodes].mean():.0f} % exact"
        )
    return lines


def main() -> int:
    """Measure and write."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    lines = [*sweeps(rounds), *nudging(rounds), *nearness()]
    text = "\n".join(lines)
    (RESULTS / "scale.txt").write_text(text + "\n")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
