"""The battery itself: right gradients are right and wrong ones wrong, by values of f alone."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from tests.checks.battery import kinks, shapes
from tests.checks.battery.case import FALSE, SURE, Case, by_name, in_format, leaves, mapped, parameters
from tests.checks.battery.changed import changed, times
from tests.checks.battery.large import LARGE, SIDES, right, wrong_entries, wrong_slice
from tests.checks.battery.mistakes import WRONG
from tests.checks.battery.random_programs import program_case, wrong_cases
from tests.checks.battery.right import RIGHT
from tests.checks.battery.traps import all_traps
from tests.checks.battery.truth import check_case, precision, sides, slope, truth_of

FORMATS = ("float64", "float32", "float16")
PROGRAMS = 400
LOOKED_AT = 40  # programs whose gradient is compared with the truth
UNREPEATABLE = ("run-to-run noise", "random", "state")
SURELY = 1e-6  # to which the truth of a trap must be known that has a sure answer
MALFORMED = "malformed"

TRAPS = all_traps()


# Counts and names


def test_there_are_enough() -> None:
    assert len(RIGHT) >= 40
    assert len(WRONG) >= 130
    assert len(TRAPS) >= 35
    assert sum(bool(case.diagnosis) for case in WRONG.values()) >= 50


def test_no_name_twice() -> None:
    everything = by_name([*RIGHT.values(), *WRONG.values(), *TRAPS.values()])
    assert len(everything) == len(RIGHT) + len(WRONG) + len(TRAPS)
    with pytest.raises(ValueError, match="two cases are named"):
        by_name([*RIGHT.values(), RIGHT["LSTM"]])


def test_blocks_are_named_by_their_path() -> None:
    x = {"layers": [{"W": 1, "b": 2}, {"W": 3, "b": 4}], "c": (5, [6])}
    assert list(leaves(x)) == [
        "layers[0].W", "layers[0].b", "layers[1].W", "layers[1].b", "c[0]", "c[1][0]",
    ]  # fmt: skip
    assert list(leaves(7)) == ["x"]
    assert list(leaves([7, 8])) == ["x[0]", "x[1]"]
    assert leaves(mapped(x, lambda name, leaf: (name, leaf))["layers"][1]["W"]) == {
        "x[0]": "layers[1].W",
        "x[1]": 3,
    }


# Right and wrong


@pytest.mark.parametrize("case", RIGHT.values(), ids=RIGHT.keys())
def test_right_gradients_are_right(case: Case) -> None:
    assert precision(case) == "longdouble"
    assert (case.wrong, case.blocks, case.diagnosis) == ("", frozenset(), "")
    check_case(case)


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG.keys())
def test_wrong_gradients_are_wrong_where_they_say(case: Case) -> None:
    check_case(case, count=3)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("case", RIGHT.values(), ids=RIGHT.keys())
def test_every_format_is_computed_in(case: Case, format: str) -> None:
    cast = in_format(case, format)
    blocks, value, claims = leaves(cast.x), cast.value(), leaves(cast.gradient())
    assert value.dtype == format
    assert np.isfinite(value)
    assert {name: g.dtype == format and np.shape(g) for name, g in claims.items()} == {
        name: block.shape for name, block in blocks.items()
    }
    assert all(np.all(np.isfinite(g)) for g in claims.values())


@pytest.mark.parametrize("format", FORMATS)
def test_every_case_casts(format: str) -> None:
    for case in [*WRONG.values(), *TRAPS.values()]:
        cast = in_format(case, format)
        assert all(block.dtype == format for block in leaves(cast.x).values()), case.name
        kinds = [getattr(arg, "dtype", np.dtype(int)) for arg in leaves(cast.args).values()]
        assert all(kind == format or kind.kind in "bi" for kind in kinds), case.name


def is_true(diagnosis: str, claimed: Any, true: Any, case: Case, block: str) -> bool:
    """Whether what a diagnosis says of a block holds, up to the digits that it prints."""

    def same(one: Any, other: Any) -> bool:
        return bool(np.allclose(one, other))

    words = diagnosis.split()
    if diagnosis.startswith("true = "):
        return same(true, float(words[2]) * claimed)
    if diagnosis.startswith("missing "):
        return same(true - claimed, float(words[1]) * leaves(case.x)[block])
    if diagnosis == "1/m lost":
        lengths = {m for arg in leaves(case.args).values() for m in np.shape(arg)}
        return any(same(claimed, m * true) for m in lengths - {1})
    turned = {"transposed": claimed.T, "kernel flipped": claimed[..., ::-1, ::-1]}
    return same(turned[diagnosis], true)


def test_diagnoses_are_true() -> None:
    for case in WRONG.values():
        right_case = RIGHT[case.name.rpartition(": ")[0]]
        claimed, true = leaves(case.gradient()), leaves(right_case.gradient())
        for block in case.blocks if case.diagnosis else ():
            assert is_true(case.diagnosis, claimed[block], true[block], case, block), (case.name, block)
            assert not is_true(case.diagnosis, 1.37 * claimed[block], true[block], case, block), case.name


# Large ones


def differing(case: Case, other: Case) -> set[tuple[str, tuple[int, ...]]]:
    """Entries in which two claims differ."""
    one, two = leaves(case.gradient()), leaves(other.gradient())
    return {(b, tuple(map(int, i))) for b in one for i in np.argwhere(one[b] != two[b])}


@pytest.mark.parametrize("name", [name for name in LARGE if ", 100:" in name or ", 1024:" in name])
def test_large_cases(name: str) -> None:
    check_case(LARGE[name](), count=1)


@pytest.mark.parametrize("size", SIDES)
@pytest.mark.parametrize("kind", ["dense", "waves"])
def test_wrong_entries_are_those_named(kind: str, size: int) -> None:
    base = right(kind, size)
    assert parameters(base) == size + SIDES[size]
    for count in (1, 2, 5):
        case = wrong_entries(kind, size, 1e-5, count)
        assert len(case.entries) == count
        assert differing(case, base) == set(case.entries)
    rows = {index[0] for _, index in differing(wrong_slice(kind, size, "a row"), base)}
    assert len(rows) == 1


def test_a_small_error_among_many_parameters() -> None:
    check_case(wrong_entries("dense", 99_856, 1e-5), count=1, whole=False)


# Traps


@pytest.mark.parametrize("case", TRAPS.values(), ids=TRAPS.keys())
def test_traps_say_what_is_expected(case: Case) -> None:
    assert case.trap
    assert case.expected
    known = {"pass", "fail", "inconclusive", "UsageError"}
    assert set(case.expected) <= known
    if case.wrong:
        assert "pass" not in case.expected
        assert case.blocks <= set(leaves(case.x))
    elif case.trap not in (shapes.NAN, MALFORMED):
        assert "fail" not in case.expected


PLAIN = [case for case in TRAPS.values() if case.trap not in (kinks.AT, shapes.NAN, MALFORMED)]


@pytest.mark.parametrize("case", PLAIN, ids=[case.name for case in PLAIN])
def test_traps_have_the_gradient_they_claim(case: Case) -> None:
    sure = case.expected in (SURE, FALSE)
    with np.errstate(all="ignore"):
        check_case(case, known=SURELY if sure else 1.0)


CORNERS = [case for case in TRAPS.values() if case.trap == kinks.AT]


@pytest.mark.parametrize("case", CORNERS, ids=[case.name for case in CORNERS])
def test_claims_at_corners_lie_between_the_slopes_or_not(case: Case) -> None:
    truth = truth_of(case)
    blocks, claims = leaves(truth.x), leaves(case.grad(truth.x, *truth.args))
    directions = []
    for name, block in blocks.items():
        for k in range(block.size):
            v = np.zeros_like(block)
            v.flat[k] = 1
            directions.append({name: v})
    if len(blocks) == 1:  # a sum of corners, some of them concave, has such claims along its axes only
        random = np.random.default_rng(3)
        directions += [{"x": random.normal(size=blocks["x"].shape).astype(truth.dtype)} for _ in range(20)]
    outside, corner = 0, 0
    for v in directions:
        left, right_side = sides(case, v)
        low, high = sorted([left, right_side], key=lambda s: s.value)
        claimed = sum(np.sum(claims[name] * v[name]) for name in v)
        outside += not low.value - low.error <= claimed <= high.value + high.error
        corner += high.value - low.value > high.error + low.error
    assert corner
    assert bool(outside) == bool(case.wrong)


def test_what_is_not_a_number() -> None:
    for case in TRAPS.values():
        if case.trap == shapes.NAN:
            with np.errstate(all="ignore"):
                numbers = [case.value(), *leaves(case.gradient()).values()]
            assert not all(np.all(np.isfinite(n)) for n in numbers), case.name


def test_what_is_malformed() -> None:
    for case in TRAPS.values():
        if case.trap == MALFORMED:
            claims = {name: getattr(g, "shape", None) for name, g in leaves(case.gradient()).items()}
            assert claims != {name: block.shape for name, block in leaves(case.x).items()}, case.name


def test_what_does_not_repeat() -> None:
    for case in all_traps().values():
        same = {float(case.value()) for _ in range(3)} if case.trap in UNREPEATABLE else {1.0, 2.0}
        assert len(same) > 1, case.name


def test_what_is_changed_in_place() -> None:
    fresh = all_traps()
    for name, act in (("f changes x", Case.value), ("grad changes x", Case.gradient)):
        before = fresh[name].x.copy()
        act(fresh[name])
        assert not np.array_equal(fresh[name].x, before)


# Random programs


@pytest.fixture(scope="module")
def programs() -> list[Case]:
    return [program_case(seed) for seed in range(PROGRAMS)]


def test_programs_are_the_same_for_the_same_seed(programs: list[Case]) -> None:
    assert len(by_name(programs)) == PROGRAMS
    again = program_case(7)
    assert again.value() == programs[7].value()
    assert not differing(again, programs[7])


def test_programs_run_in_every_format(programs: list[Case]) -> None:
    for case in programs:
        for format in FORMATS:
            cast = in_format(case, format)
            numbers = [cast.value(), *leaves(cast.gradient()).values()]
            assert all(n.dtype == format and np.all(np.isfinite(n)) for n in numbers), (case.name, format)


def test_gradients_of_programs_are_right(programs: list[Case]) -> None:
    for case in programs[:LOOKED_AT]:
        check_case(case, count=2)


def test_wrong_gradients_of_programs_are_wrong(programs: list[Case]) -> None:
    for seed, case in enumerate(programs):
        wrong = wrong_cases(seed)
        assert len(by_name(wrong)) == 6
        for each in wrong:
            assert {block for block, _ in differing(each, case)} == each.blocks != frozenset(), each.name
            if seed < LOOKED_AT // 4:
                check_case(each, count=1)


# The check of the cases can fail


@pytest.mark.parametrize(
    "name", ["LSTM", "course net", "batch norm", "four-layer relu net", "matrix inverse"]
)
def test_a_fault_in_a_right_gradient_is_seen(name: str) -> None:
    case = RIGHT[name]
    block = next(iter(leaves(case.x)))
    spoiled = replace(changed(case, "spoiled", {block: times(1 + 1e-8)}), wrong="", blocks=frozenset())
    with pytest.raises(AssertionError, match=name):
        check_case(spoiled)


def test_a_wrong_gradient_that_is_right_is_seen() -> None:
    case = WRONG["LSTM: gates swapped"]
    with pytest.raises(AssertionError, match="gates swapped"):
        check_case(replace(case, grad=RIGHT["LSTM"].grad))
    with pytest.raises(AssertionError, match="gates swapped"):
        check_case(replace(case, blocks=frozenset({"W"})))
    with pytest.raises(AssertionError, match="gates swapped"):
        check_case(replace(case, blocks=frozenset({"W", "b", "V"})))


def test_a_bug_that_no_backward_knows_is_seen() -> None:
    case = WRONG["LSTM: gates swapped"]
    with pytest.raises(AssertionError):
        check_case(replace(case, grad=partial(RIGHT["LSTM"].grad, bug="gates swopped")))


def test_an_entry_that_is_not_wrong_is_seen() -> None:
    case = wrong_entries("waves", 100, 1e-5)
    other = ("W", (0, 0)) if case.entries[0] != ("W", (0, 0)) else ("W", (1, 1))
    with pytest.raises(AssertionError):
        check_case(replace(case, entries=(*case.entries, other)), count=2)


# The truth


@pytest.mark.parametrize(
    ("f", "exact"),
    [
        (np.sin, 1),
        (np.exp, 1),
        (lambda t: 1e8 + t, 1),
        (lambda t: np.sin(1e5 * t), 1e5),
        (lambda t: 1 / (1e-5 + t), -1e10),
        (lambda t: t + np.maximum(t - 1e-6, 0), 1),
        (lambda t: 3 * t + np.abs(t + 1e-7), 4),
        (np.cos, 0),
        (lambda t: t * 0 + 7, 0),
    ],
)
def test_slopes_lie_within_their_error(f: Any, exact: float) -> None:
    found = slope(lambda t: f(np.longdouble(t)), 2.0**-64)
    assert abs(float(found.value) - exact) <= found.error
    assert found.error <= 1e-4 * (abs(exact) or 1)
