"""The core with one rule broken at a time: each time some check must go wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import nudgegrad as ng
from nudgegrad.checks import gradient
from nudgegrad.checks.slopes import noise_of
from tests.checks.battery.case import Case, in_format
from tests.checks.battery.mistakes import WRONG
from tests.checks.battery.random_programs import program_case
from tests.checks.battery.right import RIGHT
from tests.checks.battery.traps import all_traps
from tests.checks.planting import native


def near_a_kink(x: Any) -> Any:
    return np.sum(np.abs(x - 1)) * x.dtype.type(0.01) + np.sum(np.sin(x))


def near_a_kink_gradient(x: Any) -> Any:
    return np.sign(x - 1) * x.dtype.type(0.01) + np.cos(x)


READY = 3e-4  # so near that ready arrays do not show it
RIGHT_ONES = [
    *(
        Case(f"near a kink, {d}", near_a_kink, np.array([1 + d, 0.5, 2.0]), near_a_kink_gradient)
        for d in (1e-3, READY)
    ),
    *list(RIGHT.values())[::3],
    *(program_case(seed) for seed in range(20)),
]


def wrong_answers() -> Iterator[str]:
    """Cases of a part of the battery that are answered wrongly, one by one."""
    for case in RIGHT_ONES:
        for format in ("float64", "float32"):
            for ready in (False, True)[: 1 if str(READY) in case.name else 2]:
                check = native(in_format(case, format), ready=ready)
                if check.verdict is ng.Verdict.FAIL or (not check and "near a kink" not in case.name):
                    yield f"{case.name} in {format}: {check.verdict.value}"
    for name, case in all_traps().items():
        if "UsageError" not in case.expected:
            with np.errstate(all="ignore"):
                check = ng.check(case.f, case.x, case.grad, case.args)
            if check.verdict.value not in case.expected:
                yield f"{name}: {check.verdict.value} instead of {' or '.join(case.expected)}"
    for name, case in list(WRONG.items())[::12]:
        for claim in (case.grad, case.gradient()):
            check = ng.check(case.f, case.x, claim, case.args)
            if check.verdict is not ng.Verdict.FAIL:
                yield f"{name}: {check.verdict.value}"


def _noiseless(direction: Any) -> Any:
    return 0.0 * noise_of(direction)


MUTANTS: dict[str, tuple[str, Any]] = {
    "no limit": ("LIMIT", dict.fromkeys(gradient.LIMIT, 1e300)),
    "a limit of nothing": ("LIMIT", dict.fromkeys(gradient.LIMIT, 1e-3)),
    "no noise": ("noise_of", _noiseless),
    "no kinks": ("is_kink", lambda *_: False),
    "every claim a subgradient": ("is_subgradient", lambda *_: True),
    "nothing too coarse": ("COARSE", np.inf),
    "everything too coarse": ("COARSE", 0.0),
    "any neighbour agrees": ("neighbour_agrees", lambda *_: True),
    "no neighbour agrees": ("neighbour_agrees", lambda *_: False),
    "no difference is on the way": ("on_the_way", lambda *_: False),
    "every difference is on the way": ("on_the_way", lambda *_: True),
}


def test_the_core_as_it_is_gives_no_wrong_answer():
    assert list(wrong_answers()) == []


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_broken_rule_is_seen(mutant, monkeypatch):
    name, broken = MUTANTS[mutant]
    monkeypatch.setattr(gradient, name, broken)
    assert next(wrong_answers(), None) is not None
