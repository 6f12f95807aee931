"""Errors of 0.1 to 30 resolutions planted in right gradients: how many a pass hides.

`python -m benchmarks.checks` counts 5,000 of them in float64 and in float32, over the battery's right
gradients and random programs that no test looks at. About five minutes on one core.
"""

from __future__ import annotations

import sys

from tests.checks.battery.case import in_format
from tests.checks.battery.random_programs import program_case
from tests.checks.battery.right import RIGHT
from tests.checks.planting import hidden_by_passes

COUNT = 5000
FIRST, PROGRAMS = 10_000, 140  # seeds that the gate does not use


def main(count: int = COUNT) -> None:
    cases = [*RIGHT.values(), *(program_case(FIRST + k) for k in range(PROGRAMS))]
    print(f"{count:,} planted errors in each format, over {len(cases)} right gradients\n")
    print(f"{'':<10}{'planted in':<12}{'passes':>8}{'above the resolution':>22}{'largest hidden':>16}")
    for format in ("float64", "float32"):
        hidden, failed = hidden_by_passes([in_format(case, format) for case in cases], count, seed=11)
        for kind, sizes in hidden.items():
            above = sum(size > 1 for size in sizes)
            largest = f"{max(sizes):.2f}" if sizes else ""
            print(f"{format:<10}{kind:<12}{len(sizes):>8}{above:>22}{largest:>16}")
        unclear = count - failed - sum(map(len, hidden.values()))
        print(f"{format:<10}{'':<12}{failed:>8} fail, {unclear} inconclusive")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
