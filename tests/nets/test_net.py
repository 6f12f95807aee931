"""Whole nets: their gradients pass the check; with one layer's backward broken they fail, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

import nudgegrad as ng
from nudgegrad.nets import course, descent, digits, layers, losses, net, starts
from nudgegrad.nets.digits import NETS
from nudgegrad.nets.flow import birthplace, gradient_norms
from nudgegrad.nets.net import Layer, Task, loss, loss_and_gradients
from tests.nets.mutants import MUTANTS, broken
from tests.nets.rounding import assert_equal_within_rounding

EXAMPLES = 6
TASKS: dict[str, Task] = {
    **{kind: digits.task(kind) for kind in NETS},
    "dense, L2": digits.task("dense", l2=0.01),
    "conv, dropout": digits.task("conv", drop=0.3),
}


@pytest.fixture(scope="module")
def batch() -> tuple[Any, Any]:
    data = digits.digits()
    return data.x[:EXAMPLES], data.y[:EXAMPLES]


def live(task: Task) -> dict[str, Any]:
    """Weights at which every bias is away from 0."""
    random = np.random.default_rng(11)
    return {name: w + 0.1 * random.normal(size=w.shape) for name, w in net.start(task.net, random).items()}


def gradient(
    task: Task, weights: Mapping[str, Any], batch: tuple[Any, Any], random: Any = None
) -> dict[str, Any]:
    return loss_and_gradients(task, weights, *batch, random)[1]


@pytest.mark.parametrize("name", TASKS)
def test_the_gradient_of_a_net_passes(name: str, batch: tuple[Any, Any]) -> None:
    task = TASKS[name]

    def random() -> np.random.Generator:
        return np.random.default_rng(4)

    found = ng.check(
        lambda w: loss(task, w, *batch, random()),
        live(task),
        lambda w: gradient(task, w, batch, random()),
    )
    assert found, str(found)


BROKEN = [
    (kind, layer.name, old, new)
    for kind, layers_ in NETS.items()
    for layer in layers_
    for old, new in MUTANTS[net.BACKWARD[layer.forward]]
    if layer.forward is not layers.reshape
]


@pytest.mark.parametrize(("kind", "layer", "old", "new"), BROKEN)
def test_a_net_with_a_broken_layer_fails_and_its_weights_are_named(
    kind: str, layer: str, old: str, new: str, batch: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    task, weights = TASKS[kind], live(TASKS[kind])
    right = gradient(task, weights, batch)
    (forward,) = [each.forward for each in task.net if each.name == layer]
    monkeypatch.setitem(net.BACKWARD, forward, broken(net.BACKWARD[forward], old, new))
    try:
        wrong = gradient(task, weights, batch)
    except ValueError:
        return  # matrices that are not square do not fit: no check is needed
    expected = {name for name in weights if not np.array_equal(right[name], wrong[name])}
    if any(wrong[name].shape != weights[name].shape for name in weights):
        return
    found = ng.check(lambda w: loss(task, w, *batch), weights, lambda w: gradient(task, w, batch))
    named = {block for block, result in found.blocks.items() if result.verdict == "fail"}
    if expected:
        assert found.verdict == "fail"
    assert named == expected


def test_l2_left_out_of_the_gradient_is_found(batch: tuple[Any, Any]) -> None:
    with_l2, without = digits.task("dense", l2=0.01), digits.task("dense")
    found = ng.check(
        lambda w: loss(with_l2, w, *batch), live(without), lambda w: gradient(without, w, batch)
    )
    named = {block for block, result in found.blocks.items() if result.verdict == "fail"}
    assert named == {"hidden1.W", "hidden2.W", "output.W"}


# The course's check


def test_the_course_agrees_about_right_and_wrong(batch: tuple[Any, Any]) -> None:
    small = (
        Layer("row", layers.reshape, options={"shape": (64,)}),
        Layer("hidden", layers.dense, {"W": (64, 3), "b": (3,)}),
        Layer("tanh", layers.tanh),
        Layer("output", layers.dense, {"W": (3, 10), "b": (10,)}),
    )
    task = Task(small, losses.softmax_cross_entropy)
    weights = live(task)

    def J(w: Any) -> float:
        return loss(task, w, *batch)

    right = course.distance(J, weights, lambda w: gradient(task, w, batch))
    doubled = course.distance(J, weights, lambda w: {k: 2 * d for k, d in gradient(task, w, batch).items()})
    assert right < course.LIMIT < doubled
    assert doubled == pytest.approx(1 / 3, rel=course.LIMIT)


def test_the_course_misses_what_is_small_beside_the_rest() -> None:
    x = {"large": np.array([1.0, 2.0]), "small": np.array([0.5])}

    def f(x: Any) -> Any:
        return (x["large"] ** 2).sum() + 1e-9 * np.sin(x["small"]).sum()

    def wrong(x: Any) -> Any:
        return {"large": 2 * x["large"], "small": -1e-9 * np.cos(x["small"])}

    assert course.distance(f, x, wrong) < course.LIMIT
    found = ng.check(f, x, wrong)
    assert found.verdict == "fail"
    assert found.blocks["small"].verdict == "fail"


def test_the_course_rejects_what_is_right_in_float32() -> None:
    x = np.array([0.5, -1.0, 2.0], np.float32)
    assert course.distance(lambda x: np.sin(x).sum(), x, np.cos) > course.LIMIT
    assert ng.check(lambda x: np.sin(x).sum(), x, np.cos)


def test_a_gradient_of_zeros_has_no_distance_from_itself() -> None:
    assert course.distance(lambda x: 0 * x.sum(), np.ones(2), lambda x: 0 * x) == 0


# Starts and steps


@pytest.mark.parametrize(
    ("start", "variance"),
    [(starts.he, 2 / (3 * 3 * 40)), (starts.glorot, 2 / (3 * 3 * (40 + 60)))],
)
def test_starts_have_the_variance_that_they_say(start: Callable[..., Any], variance: float) -> None:
    w = start(np.random.default_rng(0), (3, 3, 40, 60))
    spread = 4 * np.sqrt(2 / w.size)  # of the variance of so many normal numbers
    assert abs(w.var() / variance - 1) < spread
    assert abs(w.mean()) < 4 * np.sqrt(variance / w.size)


def test_a_net_starts_with_biases_of_zero_and_the_same_seed_with_the_same_weights() -> None:
    one, other = (net.start(NETS["lstm"], np.random.default_rng(3)) for _ in range(2))
    assert all(np.array_equal(one[name], other[name]) for name in one)
    assert all(not w.any() for name, w in one.items() if name.endswith(".b"))
    assert sum(w.size for w in one.values()) == 5578


def test_clipping_keeps_the_direction() -> None:
    gradients = {"a": np.array([3.0, 0.0]), "b": np.array([[4.0]])}
    assert descent.norm(gradients) == 5
    short = descent.clipped(gradients, 2.5)
    assert short["a"].tolist() == [1.5, 0]
    assert short["b"].tolist() == [[2]]
    assert descent.clipped(gradients, 5.0)["b"] is gradients["b"]


def test_minibatches_hold_every_example_once() -> None:
    found = list(descent.minibatches(np.random.default_rng(0), 10, 4))
    assert [len(batch) for batch in found] == [4, 4, 2]
    assert sorted(np.concatenate(found)) == list(range(10))
    assert np.concatenate(found).tolist() != list(range(10))


def test_a_step_changes_nothing_in_place() -> None:
    weights = {"w": np.ones(3)}
    moments = descent.no_moments(weights)
    found, after = descent.adam(weights, {"w": np.ones(3)}, moments, 0.1)
    assert weights["w"].tolist() == [1, 1, 1]
    assert moments.first["w"].tolist() == [0, 0, 0]
    assert after.t == 1
    assert np.all(found["w"] < 1)


# Flow


def test_norms_are_of_every_layer_and_step(batch: tuple[Any, Any]) -> None:
    task = TASKS["rnn"]
    weights = live(task)
    found = gradient_norms(task, weights, *batch)
    assert list(found) == ["rows", "last", "output"]
    assert found["rows"].shape == (8,)
    ends = found["rows"][-1:], found["last"][None]  # nothing comes from after the last step
    assert_equal_within_rounding(*ends, terms=EXAMPLES * 48)
    out, _ = net.forward(task.net, weights, batch[0])
    _, cache = task.loss(out, batch[1])
    dz = losses.softmax_cross_entropy_backward(cache)
    assert found["output"] == np.sqrt((dz * dz).sum())
    assert np.all(np.diff(found["rows"]) != 0)


NAN = {"hidden2.W": "layer 'hidden2', forward", "output.W": "layer 'output', forward"}


@pytest.mark.parametrize("name", NAN)
def test_where_a_number_is_lost_forward(name: str, batch: tuple[Any, Any]) -> None:
    weights = live(TASKS["dense"])
    assert birthplace(TASKS["dense"], weights, *batch) is None
    weights[name] = weights[name] * 1e308
    with np.errstate(all="ignore"):
        assert birthplace(TASKS["dense"], weights, *batch) == NAN[name]


def test_where_a_number_is_lost_backward_or_in_the_loss() -> None:
    net_ = [
        Layer("one", layers.dense, {"W": (1, 1), "b": (1,)}),
        Layer("two", layers.dense, {"W": (1, 1), "b": (1,)}),
    ]
    weights = {
        k: np.full(shape, w)
        for k, shape, w in (
            ("one.W", (1, 1), 1e-200),
            ("one.b", (1,), 0.0),
            ("two.W", (1, 1), 1e200),
            ("two.b", (1,), 0.0),
        )
    }
    task, y = Task(net_, losses.squared), np.array([[0.0]])
    with np.errstate(all="ignore"):
        assert birthplace(task, weights, np.array([[1e150]]), y) == "layer 'two', backward"
        assert birthplace(task, weights, np.array([[1e155]]), y) == "the loss"
