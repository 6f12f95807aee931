"""A convolutional net learns the digits: every step by hand, and then what torch does for you.

python examples/conv.py
"""

import numpy as np
import torch
from torch import nn

import nudgegrad as ng
from nudgegrad.nets.descent import adam, minibatches, no_moments
from nudgegrad.nets.digits import digits
from nudgegrad.nets.images import convolution, convolution_backward, max_pool, max_pool_backward
from nudgegrad.nets.layers import dense, dense_backward, relu, relu_backward
from nudgegrad.nets.losses import softmax_cross_entropy, softmax_cross_entropy_backward
from nudgegrad.nets.starts import he

EPOCHS, BATCH, RATE = 8, 32, 1e-2


def batches():
    for epoch in range(EPOCHS):
        yield from minibatches(np.random.default_rng(epoch), len(data.y), BATCH)


# By hand


def start():
    random = np.random.default_rng(0)
    return {
        "F": he(random, (3, 3, 1, 8)),
        "c": np.zeros(8),
        "W": he(random, (3 * 3 * 8, 10)),
        "b": np.zeros(10),
    }


def forward(w, x):
    z1, c1 = convolution(x[..., None], w["F"], w["c"])  # (m, 6, 6, 8)
    a1, c2 = relu(z1)
    p1, c3 = max_pool(a1, size=2, stride=2)  # (m, 3, 3, 8)
    z2, c4 = dense(p1.reshape(len(x), -1), w["W"], w["b"])  # (m, 10)
    return z2, (c1, c2, c3, c4)


def backward(dz2, caches):
    c1, c2, c3, c4 = caches
    dp1, dW, db = dense_backward(dz2, c4)
    (da1,) = max_pool_backward(dp1.reshape(-1, 3, 3, 8), c3)
    (dz1,) = relu_backward(da1, c2)
    _, dF, dc = convolution_backward(dz1, c1)
    return {"F": dF, "c": dc, "W": dW, "b": db}


def loss(w, x, y):
    return softmax_cross_entropy(forward(w, x)[0], y)[0]


def gradients(w, x, y):
    z2, caches = forward(w, x)
    _, cache = softmax_cross_entropy(z2, y)
    return backward(softmax_cross_entropy_backward(cache), caches)


def by_hand():
    w = start()
    moments = no_moments(w)
    for batch in batches():
        w, moments = adam(w, gradients(w, data.x[batch], data.y[batch]), moments, RATE)
    checked = ng.check(loss, w, gradients, args=(data.x[:BATCH], data.y[:BATCH]))
    print("the gradient by hand:", checked.verdict)
    return forward(w, data.test_x)[0]


# The framework does this for you


class ChannelsLast(nn.Module):
    """Torch's images have their channels first; ours have them last."""

    def forward(self, x):
        return x.permute(0, 2, 3, 1).flatten(1)


def by_torch():
    w = {name: torch.from_numpy(array) for name, array in start().items()}
    net = nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), ChannelsLast(), nn.Linear(72, 10)
    ).double()
    net.load_state_dict(
        {"0.weight": w["F"].permute(3, 2, 0, 1), "0.bias": w["c"], "4.weight": w["W"].T, "4.bias": w["b"]}
    )
    optimiser = torch.optim.Adam(net.parameters(), lr=RATE)
    x, y = torch.from_numpy(data.x[:, None]), torch.from_numpy(data.y)
    for batch in batches():
        optimiser.zero_grad()
        nn.functional.cross_entropy(net(x[batch]), y[batch]).backward()
        optimiser.step()
    return net(torch.from_numpy(data.test_x[:, None])).detach().numpy()


if __name__ == "__main__":
    data = digits()
    scores, other = by_hand(), by_torch()
    for name, found in (("by hand", scores), ("by torch", other)):
        print(f"{name}: {(found.argmax(axis=1) == data.test_y).sum()} of {len(data.test_y)} are right")
    print("the same scores to 1e-9:", np.abs(scores - other).max() < 1e-9)
