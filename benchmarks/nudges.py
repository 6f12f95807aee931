"""Our nudge beside the usual ones: error over the best that any nudge reaches.

    python -m benchmarks.nudges --programs 1400

on random programs of every family; writes `benchmarks/results/nudges.txt`.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks.bars import chunk
from tests.families import FAMILIES
from tests.oracles.study import RULES, Record, summary

RESULTS = Path(__file__).parent / "results"


def rows(records: list[Record], fmt: str) -> list[str]:
    """One line per rule: median, 90 % and 99 % of error over the best possible."""
    found = summary(r for r in records if r.format == fmt)
    lines = [f"{fmt}, {found['resolvable']:.0f} nodes where some nudge is good to 10 %"]
    lines.append(f"{'nudge':28}{'50 %':>12}{'90 %':>12}{'99 %':>12}")
    for title, key in [("h* of nudgegrad", "ratio"), *((r, r) for r in RULES)]:
        marks = "".join(f"{found[f'{key}_{m}']:12.3g}" for m in (50, 90, 99))
        lines.append(f"{title:28}{marks}")
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
        (family, start, min(start + 10, options.first + each), formats)
        for start in range(options.first, options.first + each, 10)
        for family in FAMILIES
    ]
    with ProcessPoolExecutor(options.workers) as pool:
        records = [r for found in pool.map(chunk, tasks) for r in found]
    text = "\n\n".join("\n".join(rows(records, fmt)) for fmt in formats)
    head = f"{each * len(FAMILIES)} programs of {len(FAMILIES)} families, seeds from {options.first}\n\n"
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "nudges.txt").write_text(head + text + "\n")
    print(head + text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
