"""The digits' nets in torch: modules with the same weights, and their weights in our layout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn


class Dense(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.hidden1, self.hidden2, self.output = nn.Linear(64, 64), nn.Linear(64, 32), nn.Linear(32, 10)

    def forward(self, x: torch.Tensor) -> Any:
        return self.output(torch.relu(self.hidden2(torch.relu(self.hidden1(x.flatten(1))))))


class Conv(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.filters, self.output = nn.Conv2d(1, 12, 3), nn.Linear(108, 10)

    def forward(self, x: torch.Tensor) -> Any:
        pooled = nn.functional.max_pool2d(torch.relu(self.filters(x[:, None])), 2)
        return self.output(pooled.permute(0, 2, 3, 1).flatten(1))  # channels last, as ours


class Rnn(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rows, self.output = nn.RNN(8, 48, batch_first=True), nn.Linear(48, 10)

    def forward(self, x: torch.Tensor) -> Any:
        return self.output(self.rows(x)[0][:, -1])


class Lstm(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rows, self.output = nn.LSTM(8, 32, batch_first=True), nn.Linear(32, 10)

    def forward(self, x: torch.Tensor) -> Any:
        return self.output(self.rows(x)[0][:, -1])


MODULES = {"dense": Dense, "conv": Conv, "rnn": Rnn, "lstm": Lstm}
PARTS = {"W": ("weight", "weight_ih_l0"), "U": ("weight_hh_l0",), "b": ("bias", "bias_ih_l0")}


def parameters(module: nn.Module) -> dict[str, tuple[nn.Parameter, tuple[int, ...]]]:
    """Torch's parameters by our names, and the order of axes that makes one of the other."""
    found = {}
    for layer, child in module.named_children():
        own = dict(child.named_parameters())
        for part, names in PARTS.items():
            for name in names:
                if name in own:
                    axes = {1: (0,), 2: (1, 0), 4: (2, 3, 1, 0)}[own[name].ndim]
                    found[f"{layer}.{part}"] = own[name], axes
    return found


def module(kind: str, weights: Mapping[str, Any], dtype: torch.dtype = torch.float64) -> nn.Module:
    """The net with these weights; torch's second bias of recurrent layers is 0 and stays so."""
    made: nn.Module = MODULES[kind]().to(dtype)
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            if "bias_hh" in name:
                parameter.zero_()
                parameter.requires_grad_(False)
        for name, (parameter, axes) in parameters(made).items():
            parameter.copy_(torch.from_numpy(weights[name].transpose(np.argsort(axes)).copy()))
    return made


def weights_of(module: nn.Module) -> dict[str, Any]:
    """The weights in our layout."""
    return {name: p.detach().numpy().transpose(axes) for name, (p, axes) in parameters(module).items()}


def gradients_of(module: nn.Module) -> dict[str, Any]:
    """dJ/dw in our layout, after backward."""
    found = {}
    for name, (parameter, axes) in parameters(module).items():
        assert parameter.grad is not None
        found[name] = parameter.grad.numpy().transpose(axes)
    return found
