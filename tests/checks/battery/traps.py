"""Functions that fool checkers: right gradients that look wrong, wrong ones that look right, and no answer.

Some of them keep a state or spoil their x, so they are made anew for every use. `expected` holds the
verdicts that are acceptable in float64; where an error may be raised instead, the name of its class.
"""

from __future__ import annotations

from tests.checks.battery import kinks, shapes, values
from tests.checks.battery.case import Case, by_name


def all_traps() -> dict[str, Case]:
    """Every trap by name, made anew."""
    made = [
        kinks.at_the_point(),
        kinks.near_the_point(),
        values.scales(),
        values.zeros(),
        values.noise(),
        shapes.cases(),
    ]
    return by_name(case for group in made for case in group)
