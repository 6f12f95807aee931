"""Time to parse a program, by size, beside Python's own `ast.parse` on the same text, interleaved.

    python -m benchmarks.parsing

writes `benchmarks/results/parsing.txt`.
"""

from __future__ import annotations

import ast
import math
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from nudgegrad.graphs.program import parse

RESULTS = Path(__file__).parent / "results"
SIZES = (1_000, 10_000, 100_000)
ROUNDS = 5


def program(statements: int) -> str:
    """A long program: every statement uses the one before it and an input."""
    lines = [f"a{k} = a{k - 1}*w{k % 10} + tanh(a{k - 1})/3" for k in range(1, statements)]
    return "\n".join(["a0 = w0 + 1", *lines])


def timed(call: Callable[[str], object], text: str) -> float:
    """Seconds of one call."""
    began = time.perf_counter()
    call(text)
    return time.perf_counter() - began


def main() -> int:
    """Parse each size several times with both, and print medians and the growth exponent."""
    lines = [f"{'statements':>10}{'nodes':>10}{'us a node':>11}{'us a statement':>16}{'x ast.parse':>13}"]
    ours: dict[int, float] = {}
    for size in SIZES:
        text = program(size)
        nodes = len(parse(text))
        pairs = [(timed(parse, text), timed(ast.parse, text)) for _ in range(ROUNDS)]
        ours[size] = statistics.median(a for a, _ in pairs)
        ratio = statistics.median(a / b for a, b in pairs)
        lines.append(
            f"{size:>10,}{nodes:>10,}{1e6 * ours[size] / nodes:11.2f}{1e6 * ours[size] / size:16.1f}"
            f"{ratio:13.2f}"
        )
    exponent = math.log(ours[SIZES[-1]] / ours[SIZES[0]]) / math.log(SIZES[-1] / SIZES[0])
    text = "\n".join([*lines, f"growth exponent {exponent:.2f}"])
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "parsing.txt").write_text(text + "\n")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
