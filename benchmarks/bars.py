"""Bars and verdicts over random programs: do the bars hold, how loose are they, what is lost.

    python -m benchmarks.bars --programs 10000 [--how local] [--stencil auto]

draws programs of every family, compares every node's estimate with its exact derivative, prints the
counts by family and format, and writes them to `benchmarks/results/bars.json` and `bars.txt`. Ctrl-C
keeps what is finished. `bars_short` is of

    python -m benchmarks.bars --formats float32,float16,bfloat16 --programs 600 --output bars_short
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

import nudgegrad
from tests.families import FAMILIES, draw
from tests.oracles.study import Record, study, summary

RESULTS = Path(__file__).parent / "results"
CHUNK = 20  # programs a task
LONG_PROGRAM = 600  # statements; of the programs that are longer, one in LONG is studied
LONG = 10


def chunk(task: tuple[str, int, int, tuple[str, ...], str, str | None]) -> list[Record]:
    """All records of some seeds of one family."""
    family, start, stop, formats, how, stencil = task
    found: list[Record] = []
    for first in range(start, stop):
        seed = first
        program = draw(family, seed)
        while first % LONG and program.text.count("\n") > LONG_PROGRAM:  # a sum of 1e4 terms takes a minute
            seed += 10_000_000
            program = draw(family, seed)
        for fmt in formats:
            found += study(program, fmt, most=8, ladder=3, seed=seed, stencil=stencil, how=how)
    return found


def table(results: dict[str, dict[str, float]]) -> str:
    """The counts as text, one line per family and format."""
    lines = [
        f"{'family':28}{'nodes':>7}{'misses':>7}{'bar/err':>8}{'lost %':>7}{'right ✗':>8}{'wrong':>7}"
        f"{'not ✗ %':>8}{'50 %':>7}{'90 %':>7}{'99 %':>8}"
    ]
    for name, r in results.items():
        lost = 100 * r["lost"] / max(1, r["resolvable"])
        missed = 100 * r["wrong_not_failed"] / max(1, r["wrong"])
        lines.append(
            f"{name:28}{r['nodes']:7.0f}{r['misses']:7.0f}{r['looseness']:8.1f}{lost:7.2f}"
            f"{r['right_failed']:8.0f}{r['wrong']:7.0f}{missed:8.2f}"
            f"{r['ratio_50']:7.2f}{r['ratio_90']:7.2f}{r['ratio_99']:8.2f}"
        )
    return "\n".join(lines)


def main() -> int:
    """Run the study and write its result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--programs", type=int, default=10_000, help="programs in all")
    parser.add_argument("--first", type=int, default=100_000, help="the first seed")
    parser.add_argument("--formats", default="float64")
    parser.add_argument("--families", default=",".join(FAMILIES))
    parser.add_argument("--how", default="global")
    parser.add_argument("--stencil")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--output", default="bars")
    options = parser.parse_args()
    families, formats = options.families.split(","), tuple(options.formats.split(","))
    each = -(-options.programs // len(families))
    tasks = [
        (family, start, min(start + CHUNK, options.first + each), formats, options.how, options.stencil)
        for start in range(options.first, options.first + each, CHUNK)
        for family in families
    ]
    records: list[Record] = []
    began = time.perf_counter()
    done = 0
    with ProcessPoolExecutor(options.workers) as pool:
        try:
            for done, found in enumerate(pool.map(chunk, tasks), start=1):
                records += found
                if sys.stderr.isatty() or done % 20 == 0:
                    spent = time.perf_counter() - began
                    print(f"\r{done}/{len(tasks)} tasks, {spent:.0f} s", end="", file=sys.stderr)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
    print(file=sys.stderr)
    results: dict[str, dict[str, float]] = {}
    for fmt in formats:
        for family in families:
            rows = [r for r in records if r.family == family and r.format == fmt]
            results[f"{family} {fmt}"] = summary(rows)
        results[f"all {fmt}"] = summary([r for r in records if r.format == fmt])
    text = table(results)
    programs = each * len(families) if done == len(tasks) else done * CHUNK
    head = (
        f"{programs} programs, seeds from {options.first}; nudgegrad {nudgegrad.__version__},"
        f" numpy {np.__version__}, {platform.machine()}\n"
        "misses: error above the bar; lost: inconclusive though some nudge is good to 10 %;\n"
        "right ✗: right adjoints that failed; wrong: off by a factor or a sign, beyond 4 (bar + a);\n"
        "50, 90, 99 %: error at h* over the best possible.\n\n"
    )
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{options.output}.txt").write_text(head + text + "\n")
    (RESULTS / f"{options.output}.json").write_text(json.dumps(results, indent=1) + "\n")
    print(head + text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
