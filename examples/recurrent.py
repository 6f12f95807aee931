"""A recurrent net foretells sunspots: by hand, by torch, and beside two simple rules.

python examples/recurrent.py

The yearly numbers of sunspots from 1700 to 2008 come with statsmodels. From 22 years the net says the next
one; what it is asked from 1940 on it has never seen.
"""

import numpy as np
import torch
from statsmodels.datasets import sunspots
from torch import nn

import nudgegrad as ng
from nudgegrad.nets.descent import adam, minibatches, no_moments
from nudgegrad.nets.layers import dense, dense_backward
from nudgegrad.nets.losses import squared, squared_backward
from nudgegrad.nets.recurrent import last, last_backward, rnn, rnn_backward
from nudgegrad.nets.starts import glorot

YEARS, HELD_OUT, UNITS = 22, 69, 24
EPOCHS, BATCH, RATE = 60, 32, 3e-3


def windows():
    """Windows (m, 22, 1) and the years after them (m, 1), in units of the learned years' spread."""
    numbers = sunspots.load_pandas().data["SUNACTIVITY"].to_numpy()
    scaled = (numbers - numbers[:-HELD_OUT].mean()) / numbers[:-HELD_OUT].std()
    x = np.lib.stride_tricks.sliding_window_view(scaled[:-1], YEARS)[..., None]
    y = scaled[YEARS:, None]
    return x[:-HELD_OUT], y[:-HELD_OUT], x[-HELD_OUT:], y[-HELD_OUT:], numbers[:-HELD_OUT].std()


def batches():
    for epoch in range(EPOCHS):
        yield from minibatches(np.random.default_rng(epoch), len(y), BATCH)


# By hand


def start():
    random = np.random.default_rng(0)
    return {
        "W": glorot(random, (1, UNITS)),
        "U": glorot(random, (UNITS, UNITS)),
        "b": np.zeros(UNITS),
        "V": glorot(random, (UNITS, 1)),
        "c": np.zeros(1),
    }


def forward(w, x):
    h, c1 = rnn(x, w["W"], w["U"], w["b"])  # (m, 22, 24)
    h22, c2 = last(h)  # (m, 24)
    a, c3 = dense(h22, w["V"], w["c"])  # (m, 1)
    return a, (c1, c2, c3)


def backward(da, caches):
    c1, c2, c3 = caches
    dh22, dV, dc = dense_backward(da, c3)
    (dh,) = last_backward(dh22, c2)
    _, dW, dU, db = rnn_backward(dh, c1)
    return {"W": dW, "U": dU, "b": db, "V": dV, "c": dc}


def loss(w, x, y):
    return squared(forward(w, x)[0], y)[0]


def gradients(w, x, y):
    a, caches = forward(w, x)
    _, cache = squared(a, y)
    return backward(squared_backward(cache), caches)


def by_hand():
    w = start()
    moments = no_moments(w)
    for batch in batches():
        w, moments = adam(w, gradients(w, x[batch], y[batch]), moments, RATE)
    checked = ng.check(loss, w, gradients, args=(x[:BATCH], y[:BATCH]))
    print("the gradient by hand:", checked.verdict)
    return forward(w, test_x)[0]


# The framework does this for you


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn, self.dense = nn.RNN(1, UNITS, batch_first=True), nn.Linear(UNITS, 1)

    def forward(self, x):
        return self.dense(self.rnn(x)[0][:, -1])


def by_torch():
    w = {name: torch.from_numpy(array) for name, array in start().items()}
    net = Recurrent().double()
    net.load_state_dict(
        {
            "rnn.weight_ih_l0": w["W"].T,
            "rnn.weight_hh_l0": w["U"].T,
            "rnn.bias_ih_l0": w["b"],
            "rnn.bias_hh_l0": w["b"],  # a second bias of zeros, which stays as it is
            "dense.weight": w["V"].T,
            "dense.bias": w["c"],
        }
    )
    net.rnn.bias_hh_l0.requires_grad_(False)
    optimiser = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr=RATE)
    inputs, targets = torch.from_numpy(x.copy()), torch.from_numpy(y.copy())
    for batch in batches():
        optimiser.zero_grad()
        (nn.functional.mse_loss(net(inputs[batch]), targets[batch]) / 2).backward()
        optimiser.step()
    return net(torch.from_numpy(test_x.copy())).detach().numpy()


# Two simple rules


def persistence():
    """Next year is like this year."""
    return test_x[:, -1]


def autoregression():
    """Next year is a weighted sum of the 22 years before it, fitted by least squares."""

    def with_ones(windows):
        return np.column_stack([windows[..., 0], np.ones(len(windows))])

    weights, *_ = np.linalg.lstsq(with_ones(x), y)
    return with_ones(test_x) @ weights


if __name__ == "__main__":
    x, y, test_x, test_y, spread = windows()
    for name, rule in (
        ("by hand", by_hand),
        ("by torch", by_torch),
        ("as last year", persistence),
        ("autoregression", autoregression),
    ):
        error = spread * np.sqrt(((rule() - test_y) ** 2).mean())
        print(f"{name}: off by {error:.1f} sunspots")
