"""Gradients and whole trainings equal torch's."""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch

from nudgegrad.nets import descent, digits, net, train
from nudgegrad.nets.digits import NETS
from tests.figures import TRAJECTORY, TRAJECTORY_STEPS
from tests.nets.cases import CASES
from tests.nets.rounding import allowed, assert_equal_within_rounding, terms
from tests.nets.torch_nets import gradients_of, module, weights_of

RATES = {"adam": 1e-2, "gd": 0.1}
F = torch.nn.functional


@pytest.fixture(scope="module")
def data() -> digits.Data:
    return digits.digits()


@pytest.mark.parametrize("kind", NETS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_gradients_of_a_net_are_torchs(kind: str, dtype: str, data: digits.Data) -> None:
    task, random = digits.task(kind), np.random.default_rng(3)
    weights = {k: (w + 0.01).astype(dtype) for k, w in net.start(task.net, random).items()}
    x, y = data.x[:40].astype(dtype), data.y[:40]
    J, gradients = net.loss_and_gradients(task, weights, x, y)
    made = module(kind, weights, getattr(torch, dtype))
    theirs = F.cross_entropy(made(torch.from_numpy(x)), torch.from_numpy(y))
    theirs.backward()
    assert abs(J - theirs.item()) <= allowed(np.array(J, dtype), theirs.detach().numpy(), terms(kind, 40))
    for name, other in gradients_of(made).items():
        assert gradients[name].dtype == dtype
        assert_equal_within_rounding(gradients[name], other, terms(kind, 40))


def trajectory(
    kind: str, optimiser: str, data: digits.Data, slip: float = 0.0
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Our weights and torch's, from the same start, after the same batches."""
    settings = train.Settings(kind, RATES[optimiser], optimiser)
    state = train.beginning(settings)
    weights, moments, task = state.weights, state.moments, settings.task
    made = module(kind, weights)
    own = [p for p in made.parameters() if p.requires_grad]
    kinds = {"adam": torch.optim.Adam, "gd": torch.optim.SGD}
    theirs: Any = kinds[optimiser](own, lr=settings.rate)
    random = np.random.default_rng(5)
    x, y = torch.from_numpy(data.x), torch.from_numpy(data.y)
    for _ in range(TRAJECTORY_STEPS):
        batch = random.integers(len(data.y), size=settings.batch)
        _, gradients = net.loss_and_gradients(task, weights, data.x[batch], data.y[batch])
        if optimiser == "adam":
            weights, moments = descent.adam(weights, gradients, moments, settings.rate * (1 + slip))
        else:
            weights = descent.gradient_descent(weights, gradients, settings.rate * (1 + slip))
        theirs.zero_grad()
        F.cross_entropy(made(x[batch]), y[batch]).backward()
        theirs.step()
    return dict(weights), weights_of(made)


def apart(one: dict[str, Any], other: dict[str, Any]) -> float:
    return max(float(np.abs(one[name] - other[name]).max()) for name in one)


@pytest.mark.parametrize("optimiser", RATES)
@pytest.mark.parametrize("kind", NETS)
def test_a_training_is_torchs(kind: str, optimiser: str, data: digits.Data) -> None:
    assert apart(*trajectory(kind, optimiser, data)) <= TRAJECTORY


def test_another_rate_is_seen(data: digits.Data) -> None:
    assert apart(*trajectory("dense", "gd", data, slip=1e-9)) > TRAJECTORY


def grads(case: Any, function: Any) -> dict[str, Any]:
    """Torch's derivatives of a case's J."""
    tensors = {k: torch.tensor(v, requires_grad=True) for k, v in case.arrays().items()}
    function(*tensors.values()).backward()
    found = {}
    for name, tensor in tensors.items():
        assert tensor.grad is not None
        found[name] = tensor.grad.numpy()
    return found


def summed(case: Any, layer: Any) -> Any:
    """J of a case, from a layer in torch."""
    return lambda *arrays: (torch.from_numpy(case.cotangent()) * layer(*arrays)).sum()


def last_first(z: Any) -> Any:
    return z.permute(0, 3, 1, 2)  # torch's images have their channels first


def first_last(z: Any) -> Any:
    return z.permute(0, 2, 3, 1)


def conv(**options: int) -> Any:
    return lambda x, W, b: first_last(F.conv2d(last_first(x), W.permute(3, 2, 0, 1), b, **options))


def pool(function: Any, size: int, stride: int) -> Any:
    return lambda x: first_last(function(last_first(x), size, stride))


def labels(name: str) -> Any:
    y = CASES[name].y  # type: ignore[attr-defined]
    return torch.from_numpy(y)


TORCH = {
    "dense": lambda x, W, b: F.linear(x, W.T, b),
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "reshape": lambda x: x.reshape(5, 6, 4),
    "convolution": conv(padding=1),
    "convolution, stride 2": conv(stride=2),
    "max pool": pool(F.max_pool2d, 2, 2),
    "max pool, overlapping": pool(F.max_pool2d, 3, 2),
    "average pool": pool(F.avg_pool2d, 2, 2),
    "average pool, overlapping": pool(F.avg_pool2d, 3, 2),
    "rnn": lambda x, W, U, b: torch.rnn_tanh(
        x, x.new_zeros(1, 5, 4), [W.T, U.T, b, b * 0], True, 1, 0.0, False, False, True
    )[0],
    "lstm": lambda x, W, U, b: torch.lstm(
        x, [x.new_zeros(1, 5, 4)] * 2, [W.T, U.T, b, b * 0], True, 1, 0.0, False, False, True
    )[0],
    "last": lambda h: h[:, -1],
}
LOSSES: dict[str, Any] = {
    "squared": lambda a: F.mse_loss(a, labels("squared"), reduction="sum") / 10,
    "logistic": lambda z: F.binary_cross_entropy_with_logits(z, labels("logistic")),
    "softmax cross-entropy": lambda z: F.cross_entropy(z, labels("softmax cross-entropy")),
}


@pytest.mark.parametrize("name", [*TORCH, *LOSSES])
def test_the_gradients_of_a_layer_are_torchs(name: str) -> None:
    case = CASES[name]
    theirs = grads(case, LOSSES.get(name) or summed(case, TORCH[name]))
    for block, ours in case.gradient(case.arrays()).items():
        assert_equal_within_rounding(ours, theirs[block], case.terms)


def test_every_case_but_dropout_has_its_counterpart() -> None:
    assert CASES.keys() - TORCH.keys() - LOSSES.keys() == {"dropout"}


def test_training_begins_where_it_says(data: digits.Data) -> None:
    settings = train.Settings("rnn", 1e-3)
    (state,) = islice(train.train(train.beginning(settings), data), 1)
    assert state.epoch == 1
