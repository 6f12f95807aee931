"""A dense net learns the digits: every step by hand, and then what torch does for you.

python examples/dense.py
"""

import numpy as np
import torch
from torch import nn

import nudgegrad as ng
from nudgegrad.nets.descent import adam, minibatches, no_moments
from nudgegrad.nets.digits import digits
from nudgegrad.nets.layers import dense, dense_backward, relu, relu_backward
from nudgegrad.nets.losses import softmax_cross_entropy, softmax_cross_entropy_backward
from nudgegrad.nets.starts import he

EPOCHS, BATCH, RATE = 12, 32, 3e-3


def batches():
    for epoch in range(EPOCHS):
        yield from minibatches(np.random.default_rng(epoch), len(data.y), BATCH)


# By hand


def start():
    random = np.random.default_rng(0)
    return {"W1": he(random, (64, 32)), "b1": np.zeros(32), "W2": he(random, (32, 10)), "b2": np.zeros(10)}


def forward(w, x):
    z1, c1 = dense(x.reshape(-1, 64), w["W1"], w["b1"])
    a1, c2 = relu(z1)
    z2, c3 = dense(a1, w["W2"], w["b2"])
    return z2, (c1, c2, c3)


def backward(dz2, caches):
    c1, c2, c3 = caches
    da1, dW2, db2 = dense_backward(dz2, c3)
    (dz1,) = relu_backward(da1, c2)
    _, dW1, db1 = dense_backward(dz1, c1)
    return {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


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


def by_torch():
    w = {name: torch.from_numpy(array) for name, array in start().items()}
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)).double()
    net.load_state_dict(
        {"1.weight": w["W1"].T, "1.bias": w["b1"], "3.weight": w["W2"].T, "3.bias": w["b2"]}
    )
    optimiser = torch.optim.Adam(net.parameters(), lr=RATE)
    x, y = torch.from_numpy(data.x), torch.from_numpy(data.y)
    for batch in batches():
        optimiser.zero_grad()
        nn.functional.cross_entropy(net(x[batch]), y[batch]).backward()
        optimiser.step()
    return net(torch.from_numpy(data.test_x)).detach().numpy()


if __name__ == "__main__":
    data = digits()
    scores, other = by_hand(), by_torch()
    for name, found in (("by hand", scores), ("by torch", other)):
        print(f"{name}: {(found.argmax(axis=1) == data.test_y).sum()} of {len(data.test_y)} are right")
    print("the same scores to 1e-9:", np.abs(scores - other).max() < 1e-9)
