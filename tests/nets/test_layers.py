"""Every backward passes the library's own check; each of its mutants fails, and what it spoils is named."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nudgegrad as ng
from nudgegrad.nets import images, layers, losses, net, recurrent
from tests.nets.cases import CASES, Case
from tests.nets.mutants import MUTANTS, broken, parts

BROKEN = [(name, old, new) for name, case in CASES.items() for old, new in MUTANTS[case.backward]]
LINES = (8, 20)  # issue 9: of a layer, forward and backward together, each short


def spoilt(case: Case, backward: Callable[..., Any]) -> set[str]:
    """The arrays of which a backward gives another derivative than the right one."""
    arrays = case.arrays()
    right, wrong = case.gradient(arrays), case.gradient(arrays, backward)
    return {name for name in arrays if not np.array_equal(right[name], wrong[name])}


@pytest.mark.parametrize("name", CASES)
def test_a_backward_passes(name: str) -> None:
    case = CASES[name]
    found = ng.check(case.f, case.arrays(), case.gradient)
    assert found, str(found)


@pytest.mark.parametrize(("name", "old", "new"), BROKEN)
def test_a_broken_backward_fails_and_what_it_spoils_is_named(name: str, old: str, new: str) -> None:
    case = CASES[name]
    backward = broken(case.backward, old, new)
    expected = spoilt(case, backward)
    if not expected:
        others = [c for c in CASES.values() if c.backward is case.backward and c is not case]
        assert any(spoilt(other, backward) for other in others)  # such as padding where there is none
        return
    found = ng.check(case.f, case.arrays(), lambda arrays: case.gradient(arrays, backward))
    assert found.verdict == "fail"
    named = {block for block, result in found.blocks.items() if result.verdict == "fail"}
    assert named == expected, str(found)


def arithmetic(source: str) -> list[str]:
    """The lines of a function that compute something."""
    (function,) = ast.parse(source).body
    assert isinstance(function, ast.FunctionDef)
    found = []
    for line in ast.unparse(function).splitlines():
        if (
            re.search(r" [@*/] |sum\(|tensordot\(| -= | == |> 0|reshape\(| = dy", line)
            and '"""' not in line
        ):
            found.append(line.strip())
    return found


@pytest.mark.parametrize("backward", MUTANTS)
def test_every_line_that_computes_is_broken_once(backward: Callable[..., Any]) -> None:
    for part in parts(backward):
        changed = {
            line
            for old, new in MUTANTS[backward]
            if old in part
            for line in set(arithmetic(part)) - set(arithmetic(part.replace(old, new, 1)))
        }
        untouched = [line for line in arithmetic(part) if line not in changed]
        assert untouched == []


def test_every_backward_has_cases_and_mutants() -> None:
    assert {(case.forward, case.backward) for case in CASES.values()} == set(net.BACKWARD.items())
    assert MUTANTS.keys() == set(net.BACKWARD.values())


@pytest.mark.parametrize("function", [*net.BACKWARD, *MUTANTS])
def test_they_are_short(function: Callable[..., Any]) -> None:
    for part in parts(function):
        (tree,) = ast.parse(part).body
        assert isinstance(tree, ast.FunctionDef)
        body = tree.body[1:]  # without the docstring
        assert (body[-1].end_lineno or 0) - body[0].lineno < LINES[1]


def test_pixels_under_a_stride_that_does_not_fit_get_nothing() -> None:
    x = np.ones((1, 8, 8, 1))
    y, cache = images.max_pool(x, 3, 3)
    assert y.shape == (1, 2, 2, 1)
    (dx,) = images.max_pool_backward(np.ones_like(y), cache)
    assert dx.sum() == 4
    assert dx[:, 6:].sum() == dx[:, :, 6:].sum() == 0


def test_equal_pixels_have_one_winner() -> None:
    y, cache = images.max_pool(np.zeros((1, 2, 2, 1)), 2, 2)
    (dx,) = images.max_pool_backward(np.ones_like(y), cache)
    assert dx.ravel().tolist() == [1, 0, 0, 0]


def test_dropout_keeps_the_mean_and_does_nothing_after_training() -> None:
    x = np.ones((1000, 1000))
    y, _ = layers.dropout(x, 0.25, np.random.default_rng(0))
    dropped = (y == 0).mean()
    spread = np.sqrt(0.25 * 0.75 / x.size)  # of the share of a million
    assert abs(dropped - 0.25) < 4 * spread
    assert set(np.unique(y)) == {0, 1 / 0.75}
    assert np.array_equal(layers.dropout(x, 0.25, None)[0], x)


@pytest.mark.parametrize("z", [-1e4, -800.0, 0.0, 800.0, 1e4])
def test_nothing_overflows(z: float) -> None:
    one = np.array([[z]])
    with np.errstate(all="raise", under="ignore"):
        a, cache = layers.sigmoid(one)
        layers.sigmoid_backward(one, cache)
        J, cache = losses.logistic(one, np.array([[1.0]]))
        losses.logistic_backward(cache)
        S, cache = losses.softmax_cross_entropy(np.array([[z, 0.0]]), np.array([0]))
        losses.softmax_cross_entropy_backward(cache)
    assert 0 <= a[0, 0] <= 1
    assert J == S == max(-z, 0) or z == 0


def test_the_state_before_the_first_step_is_zero() -> None:
    x = np.ones((1, 1, 2))
    W, U, b = np.ones((2, 3)), np.full((3, 3), 5.0), np.zeros(3)
    h, _ = recurrent.rnn(x, W, U, b)
    assert np.array_equal(h, np.full((1, 1, 3), np.tanh(2.0)))
