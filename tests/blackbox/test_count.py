"""Counted over the named problems and some random ones: how close, how honest, at which cost."""

from __future__ import annotations

import math
import warnings
from collections import defaultdict
from fractions import Fraction
from functools import partial

import ml_dtypes
import numpy as np
import pytest

import nudgegrad as ng
from nudgegrad.blackbox import breaks, candidates, judging, settling
from tests import figures
from tests.oracles.black_box_study import Judged, limit
from tests.oracles.black_boxes import TEMPLATES, instance, named
from tests.oracles.black_boxes_more import MORE

DTYPES = {"float32": np.float32, "float16": np.float16, "bfloat16": ml_dtypes.bfloat16}
SEEDS = range(4)
DRAWN = [instance(name, seed) for name in TEMPLATES for seed in SEEDS]
PROBLEMS = [*named(), *DRAWN]
NAMES = sorted({p.category for p in PROBLEMS} - {"undefined"})


def answer(problem, least=math.nan):
    dtype = DTYPES.get(problem.format)
    truth = problem.truth if problem.exact is not None else math.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the user's function warns of is not the library's
        try:
            found = ng.derivative(problem.f, problem.x if dtype is None else dtype(problem.x))
        except ng.EvaluationError:
            return Judged(
                problem.name, problem.category, truth, math.nan, math.inf, False, least, 0, problem.apart
            )
    claimed = found.verdict == "pass"
    return Judged(
        problem.name, problem.category, truth, found.value, found.bar, claimed, least, found.evaluations,
        problem.apart,
    )  # fmt: skip


@pytest.fixture(scope="module")
def counted():
    found = defaultdict(list)
    for problem in PROBLEMS:
        least = limit(problem) if problem.exact is not None else math.nan
        found[problem.category].append(answer(problem, least))
    return found


def broken(some, structured=False):
    """Which of the figures a category does not reach."""
    ratios = np.array([j.ratio for j in some])
    claimed = [j for j in some if j.claimed]
    bars = [j.loose for j in claimed]
    held = 0.98 if structured else figures.BLACKBOX_HELD
    calls = [j.evaluations for j in some]
    checks = {
        "limit": np.median(ratios) <= figures.BLACKBOX_LIMIT,
        **{f"within {k}": np.mean(ratios <= k) >= share for k, share in figures.BLACKBOX_WITHIN.items()},
        "calls": np.median(calls) <= figures.BLACKBOX_CALLS[0] + 1
        and max(calls) <= figures.BLACKBOX_CALLS[1],
        "held": sum(not j.covered for j in claimed) <= (1 - held) * len(claimed),
        "far": all(j.error <= figures.BLACKBOX_FAR * j.bar for j in claimed),
        "loose": np.median(bars) <= figures.BLACKBOX_LOOSE,
        "open": len(some) - len(claimed) <= figures.BLACKBOX_OPEN * len(some),
        "silent": not any(j.silent for j in some),
    }
    return {name for name, reached in checks.items() if not reached}


@pytest.mark.parametrize("category", NAMES)
def test_each_category_reaches_the_figures(category, counted):
    allowed = set(figures.BLACKBOX_NOT_REACHED.get(category, ()))
    assert broken(counted[category], category == "structured") <= allowed


def test_all_regular_problems_together_reach_them(counted):
    some = [j for c, js in counted.items() if c not in ("undefined", "structured", "solver") for j in js]
    assert broken(some) <= {"loose"}
    claimed = [j for j in some if j.claimed]
    assert np.median([j.evaluations for j in some]) <= figures.BLACKBOX_CALLS[0]
    bars = [j.loose for j in claimed]
    assert np.median(bars) <= figures.BLACKBOX_LOOSE


def test_no_point_without_a_derivative_is_answered(counted):
    assert [j.name for j in counted["undefined"] if j.answered] == []


def polynomial(a, b, c, t):
    return a * t * t + b * t + c


def test_linear_functions_are_exact_to_one_unit_in_the_last_place():
    rng = np.random.default_rng(4)
    off = []
    for _ in range(60):
        b, c, x = rng.uniform(-3, 3, 3)
        found = ng.derivative(partial(polynomial, 0.0, b, c), float(x))
        off.append(abs(found.value - b) / math.ulp(b))
        assert abs(found.value - b) <= found.bar
    assert max(off) <= 1


def test_quadratic_functions_are_exact_to_what_their_rounding_allows():
    rng = np.random.default_rng(4)
    off = []
    for _ in range(60):
        a, b, c, x = (float(v) for v in rng.uniform(-3, 3, 4))
        found = ng.derivative(partial(polynomial, a, b, c), x)
        truth = 2 * Fraction(a) * Fraction(x) + Fraction(b)
        error = abs(Fraction(found.value) - truth)
        assert error <= found.bar
        h = 2.0 ** np.arange(-20, 20)
        size = abs(a) * (abs(x) + h) ** 2 + abs(b) * (abs(x) + h) + abs(c)
        rounding = 4 * 2.0**-53 * size / h  # four operations on either side of the best central difference
        assert error <= Fraction(float(rounding.min()))
        off.append(float(error) / math.ulp(2 * abs(a * x) + abs(b)))
    assert np.median(off) <= 1


SOME = [
    p for p in named() if p.category in ("smooth", "oscillating", "near kink", "structured", "undefined")
]


def misses(problems):
    found = [answer(p) for p in problems]
    return sum(j.claimed and (math.isnan(j.truth) or not j.covered) for j in found)


@pytest.mark.parametrize(
    ("module", "name", "fault", "category"),
    [
        (candidates, "TRUNCATION", 0.01, "smooth"),
        (settling, "corner", lambda _: None, "undefined"),
        (judging, "_doubted", lambda *_: (), "structured"),
    ],
)
def test_the_count_sees_each_of_these_faults(module, name, fault, category, monkeypatch):
    problems = [p for p in SOME if p.category == category]
    before = misses(problems)
    if name == "corner":
        monkeypatch.setattr(judging, "corner", fault)
        monkeypatch.setattr(settling, "hinges", lambda h, *_: np.zeros(len(h)))
    monkeypatch.setattr(module, name, fault)
    assert misses(problems) > before


ONCE_WRONG = [
    ("rounded", 1084), ("rounded", 1100), ("rounded", 1066), ("half_precision_layer", 1003),
    ("half_precision_layer", 1086), ("power", 1092), ("cancelled", 1062), ("spike", 1002), ("spike", 1006),
    ("corner", 1043), ("corner", 1052), ("corner", 1055), ("corner", 1086), ("corner", 1115),
    ("corner_next_to_it", 1003), ("corner_next_to_it", 1006), ("corner_next_to_it", 1008),
    ("short_part", 1052), ("short_part", 1102),
]  # fmt: skip


def wrong(asked):
    """Which of some instances are answered wrongly, beyond the bar."""
    found = [answer(instance(name, seed, {**TEMPLATES, **MORE})) for name, seed in asked]
    return [j.name for j in found if (j.answered if math.isnan(j.truth) else j.claimed and not j.covered)]


def test_what_was_silently_wrong_once_is_not_so_now():
    assert wrong(ONCE_WRONG) == []


@pytest.mark.parametrize(
    ("module", "name", "fault"),
    [
        (judging, "peaked", lambda *_: False),
        (judging, "wander", lambda *_: 1.0),
        (judging, "beside", lambda *_: (math.inf, math.inf)),
        (breaks, "_curve", lambda *parts: 0 * parts[-1]),
        (settling, "hinges", lambda h, *_: np.zeros(len(h))),
        (candidates, "GAIN", math.inf),
    ],
)
def test_each_of_the_rules_for_them_is_needed(module, name, fault, monkeypatch):
    monkeypatch.setattr(module, name, fault)
    assert wrong(ONCE_WRONG)
