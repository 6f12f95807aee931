"""Training: the figures on the digits, going on bit for bit, checks of live weights, and nan."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import pytest

import nudgegrad as ng
from nudgegrad.nets import layers, net, train
from nudgegrad.nets.descent import minibatches
from nudgegrad.nets.digits import EPOCHS, HELD_OUT, NETS, RATES, Data, digits
from nudgegrad.nets.train import Settings, State, beginning, loaded, saved
from tests.figures import DIGITS_RIGHT


@pytest.fixture(scope="module")
def data() -> Data:
    return digits()


def after(epochs: int, state: State, data: Data, check_every: int = 0) -> State:
    """The state after so many more epochs."""
    *_, found = islice(train.train(state, data, check_every), epochs)
    return found


def test_the_held_out_are_never_learned_from(data: Data) -> None:
    assert len(data.test_y) == HELD_OUT
    assert len(data.y) + HELD_OUT == 1797
    known = {image.tobytes() for image in data.x}
    assert sum(image.tobytes() in known for image in data.test_x) == 0


@pytest.mark.parametrize("kind", NETS)
def test_a_net_learns_the_digits(kind: str, data: Data) -> None:
    state = after(EPOCHS, beginning(Settings(kind, RATES["adam"][kind])), data)
    assert state.accuracies[-1] >= DIGITS_RIGHT[kind]
    assert state.losses[-1] < state.losses[0] / 10


@pytest.mark.parametrize(
    "settings",
    [
        Settings("dense", 1e-3, dropout=0.2, l2=1e-4, clip=1.0, seed=3),
        Settings("rnn", 0.1, "gd", batch=50),
    ],
)
def test_a_saved_training_goes_on_bit_for_bit(settings: Settings, data: Data) -> None:
    small = Data(data.x[:200], data.y[:200], data.test_x, data.test_y)
    whole = after(4, beginning(settings), small)
    half = after(2, beginning(settings), small)
    resumed = after(2, loaded(saved(half)), small)
    assert saved(resumed) == saved(whole)
    assert saved(loaded(saved(whole))) == saved(whole)
    assert whole.epoch == 4
    other = after(4, beginning(replace(settings, seed=settings.seed + 1)), small)
    assert saved(other) != saved(whole)


def test_every_setting_changes_the_training(data: Data) -> None:
    small = Data(data.x[:100], data.y[:100], data.test_x[:10], data.test_y[:10])
    plain = Settings("dense", 1e-3)
    changed = [
        {"rate": 2e-3}, {"optimiser": "gd"}, {"batch": 16}, {"l2": 0.1}, {"dropout": 0.5}, {"clip": 0.1},
    ]  # fmt: skip
    first = after(1, beginning(plain), small)
    for change in changed:
        other = after(1, beginning(replace(plain, **change)), small)  # type: ignore[arg-type]
        assert any(not np.array_equal(first.weights[k], other.weights[k]) for k in first.weights), change


@pytest.mark.parametrize("contents", [b"", b"PK", b"no file of arrays"])
def test_what_is_no_training_is_told(contents: bytes) -> None:
    with pytest.raises(ng.UsageError, match="the file holds no training of nudgegrad"):
        loaded(contents)


def test_a_training_of_another_net_is_told() -> None:
    state = beginning(Settings("dense", 1e-3))
    mixed = replace(state, settings=Settings("rnn", 1e-3))
    with pytest.raises(ng.UsageError, match=r"rows\.W"):
        loaded(saved(mixed))
    cut = replace(state, weights={**state.weights, "output.b": np.zeros(9)})
    with pytest.raises(ng.UsageError, match="an array of shape"):
        loaded(saved(cut))


@pytest.mark.parametrize("kind", NETS)
def test_live_weights_are_checked(kind: str, data: Data) -> None:
    small = Data(data.x[:96], data.y[:96], data.test_x[:10], data.test_y[:10])
    state = after(2, beginning(Settings(kind, RATES["adam"][kind], dropout=0.25)), small, check_every=2)
    assert [step for step, _ in state.checks] == [2, 4, 6]
    assert all(found.verdict == "pass" for _, found in state.checks)
    assert all(0 < found.resolution < 1 for _, found in state.checks)
    unchecked = after(2, beginning(Settings(kind, RATES["adam"][kind], dropout=0.25)), small)
    assert saved(unchecked) == saved(state)  # looking changes nothing


def test_a_wrong_backward_is_seen_in_training(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    def halved(dz: Any, cache: Any) -> Any:
        dx, dW, db = layers.dense_backward(dz, cache)
        return dx, dW, db / 2

    monkeypatch.setitem(net.BACKWARD, layers.dense, halved)
    small = Data(data.x[:64], data.y[:64], data.test_x[:10], data.test_y[:10])
    ((_, found),) = after(1, beginning(Settings("rnn", 3e-3)), small, check_every=2).checks
    assert found.verdict == "fail"
    assert [name for name, b in found.blocks.items() if b.verdict == "fail"] == ["output.b"]


# nan


def test_a_training_that_diverges_stops_and_says_where(data: Data) -> None:
    with pytest.raises(ng.EvaluationError) as raised:
        after(3, beginning(Settings("conv", 1e160, "gd")), data)
    assert raised.value.message == "J is no finite number at step 2: that began in layer 'output', forward"
    assert raised.value.help == "a smaller rate: --rate 0.2"


def test_numbers_at_the_edge_of_the_format_give_no_warning(data: Data) -> None:
    one = Data(data.x[:32], data.y[:32], data.test_x, data.test_y)
    state = beginning(Settings("dense", 1e307, "gd"))  # finite weights, from which infinity comes next
    assert np.isfinite(after(1, state, one).losses[0])
    with pytest.raises(ng.EvaluationError, match="at step 2"):
        after(2, state, one)


def test_it_stops_at_the_last_step_of_an_epoch_too(data: Data) -> None:
    one = Data(data.x[:32], data.y[:32], data.test_x, data.test_y)
    weights = dict(beginning(Settings("dense", 1e308, "gd")).weights)
    weights["output.W"] = weights["output.W"] * 1e3
    state = replace(beginning(Settings("dense", 1e308, "gd")), weights=weights)
    with pytest.raises(ng.EvaluationError, match=r"at step 1: that began in the step of \w+\.W"):
        after(1, state, one)


@pytest.mark.parametrize(
    ("layer", "where"),
    [("hidden2.W", "layer 'hidden2', forward"), ("output.W", "layer 'output', forward")],
)
def test_the_layer_of_the_first_number_lost_is_named(layer: str, where: str, data: Data) -> None:
    state = beginning(Settings("dense", 1e-3))
    huge = replace(state, weights={**state.weights, layer: np.full_like(state.weights[layer], 1e308)})
    with pytest.raises(ng.EvaluationError, match=f"step 1: that began in {where}"):
        after(1, huge, data)


def test_every_epoch_has_an_order_of_its_own(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    orders: list[Any] = []

    def watched(*arguments: Any) -> Any:
        found = list(minibatches(*arguments))
        orders.append(np.concatenate(found).tolist())
        return found

    monkeypatch.setattr(train, "minibatches", watched)
    after(2, beginning(Settings("dense", 1e-3)), Data(data.x[:99], data.y[:99], data.test_x, data.test_y))
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(99))
