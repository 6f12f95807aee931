"""Start-up of the command line, as ratios to a bare interpreter and to importing NumPy, interleaved.

    python -m benchmarks.startup

writes `benchmarks/results/startup.txt`.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
COMMANDS = {
    "bare interpreter": ["-c", "pass"],
    "import numpy": ["-c", "import numpy"],
    "import nudgegrad": ["-c", "import nudgegrad"],
    "nudgegrad --help": ["-m", "nudgegrad", "--help"],
    "nudgegrad, a table": ["-m", "nudgegrad", "J = (2 + 3*w)**2", "w=3"],
}
ROUNDS = 21


def main() -> int:
    """Time each command in turn, many times over, and print the median ratios with their spread."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}  # as installed
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS):
        for name, arguments in COMMANDS.items():
            began = time.perf_counter()
            subprocess.run([sys.executable, *arguments], check=True, capture_output=True, env=environment)
            times[name].append(time.perf_counter() - began)
    bare, numpy = times["bare interpreter"], times["import numpy"]
    lines = [f"{'command':22}{'ms':>8}{'x bare':>16}{'x import numpy':>18}"]
    for name, seen in times.items():
        row = f"{name:22}{1e3 * statistics.median(seen):8.0f}"
        for base, width in ((bare, 16), (numpy, 18)):
            ratios = sorted(a / b for a, b in zip(seen, base, strict=True))
            low, high = ratios[len(ratios) // 10], ratios[-1 - len(ratios) // 10]
            row += f"{statistics.median(ratios):.2f} ({low:.2f}-{high:.2f})".rjust(width)
        lines.append(row)
    text = f"{ROUNDS} rounds, interleaved; median (10 %-90 %)\n\n" + "\n".join(lines)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "startup.txt").write_text(text + "\n")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
