"""The core with one rule broken at a time: each time some check must go wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import nudgegrad as ng
from nudgegrad.blackbox import judging, settling, study
from nudgegrad.blackbox.candidates import Candidates, pooled
from nudgegrad.checks import gradient
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


def _pooled(noise: float, truncation: float) -> Any:
    """What the steps of all lines show together, with wrong bars."""

    def broken(c: Candidates, least: Any) -> Candidates:
        c = pooled(c, least)
        c = replace(c, noise=noise * c.noise, truncation=truncation * c.truncation)
        return replace(c, score=np.where(np.isfinite(c.score), c.noise + c.truncation, np.inf))

    return broken


NONE = {"corner": lambda _: None, "hinges": lambda h, *_: np.zeros(len(h))}
NOWHERE = (judging, "beside", lambda *_: (np.inf, np.inf))
MUTANTS: dict[str, list[tuple[Any, str, Any]]] = {
    "no limit": [(gradient, "LIMIT", dict.fromkeys(gradient.LIMIT, 1e300))],
    "a limit of nothing": [(gradient, "LIMIT", dict.fromkeys(gradient.LIMIT, 1e-3))],
    "no noise": [(study, "pooled", _pooled(0.0, 1.0))],
    "a tenth of the bars": [(study, "pooled", _pooled(0.1, 0.1))],
    "no kinks": [
        NOWHERE,
        (judging, "corner", NONE["corner"]),
        *((settling, n, f) for n, f in NONE.items()),
    ],
    "no kinks in the check": [(gradient, "is_kinked", lambda e: e.codes())],
    "every claim a subgradient": [(gradient, "is_subgradient", lambda *_: True)],
    "nothing too coarse": [(gradient, "COARSE", np.inf)],
    "everything too coarse": [(gradient, "COARSE", 0.0)],
    "everything contradicts": [(gradient, "contradicting", lambda e: ~e.codes())],
    "no difference is on the way": [(gradient, "on_the_way", lambda *_: False)],
    "every difference is on the way": [(gradient, "on_the_way", lambda *_: True)],
}


def test_the_core_as_it_is_gives_no_wrong_answer():
    assert list(wrong_answers()) == []


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_broken_rule_is_seen(mutant, monkeypatch):
    for module, name, broken in MUTANTS[mutant]:
        monkeypatch.setattr(module, name, broken)
    assert next(wrong_answers(), None) is not None
