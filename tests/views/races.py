"""Races whose numbers are known, for tests of what is said and drawn of them."""

from __future__ import annotations

from nudgegrad.races.programs import COURSE
from nudgegrad.races.race import Race, Row


def _row(
    counts: tuple[int, int, int, int],
    backprop: tuple[float, float, float],
    sweep: tuple[float, float, int],
    nudges: float,
) -> Row:
    entries, neurons, parameters, operations = counts
    return Row(entries, neurons, parameters, "sparse", operations, operations, *backprop, *sweep, nudges)


RACE = Race(
    "2 cores, Linux x86_64, Python 3.11, numba 0.61.0",
    "2026-11",
    (
        _row((1_019, 34, 340, 662), (1.2e-5, 1.1e-5, 1.3e-5), (0.0021, 0.0, 340), 4.5e-4),
        _row((99_680, 3_427, 34_270, 65_261), (1.4e-3, 1.3e-3, 1.9e-3), (31.4, 0.72, 500), 0.05),
        _row((COURSE, 10_000, 100_000, 190_249), (4e-3, 3.9e-3, 4.4e-3), (272.3, 4.0, 500), 0.21),
        _row((1_000_967, 34_484, 344_840, 655_661), (0.0142, 0.013, 0.02), (3600.0, 95.0, 500), 0.7),
    ),
)
ALL = (  # what a row of the document has; labs/static/lab.js reads it
    "entries", "neurons", "parameters", "family", "forward", "backward", "backprop", "fastest", "slowest",
    "sweep", "sweep_bar", "sampled", "nudges", "sum", "product",
)  # fmt: skip
