"""Functions with backwards written by hand: the right one, and wrong ones as people get them wrong."""

from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import grad as gradients


def function(forward, backward):
    """An autograd.Function's apply; `backward` takes the cotangent, the inputs and the output."""

    class Written(torch.autograd.Function):
        @staticmethod
        def forward(ctx, *inputs):
            output = forward(*inputs)
            ctx.save_for_backward(*inputs, output)
            return output

        @staticmethod
        def backward(ctx, adjoint):
            return backward(adjoint, *ctx.saved_tensors)

    return Written.apply


@dataclass(frozen=True)
class Case:
    name: str
    forward: Any
    right: Any
    wrong: dict[str, Any]
    shapes: tuple[tuple[int, ...], ...]

    def inputs(self, dtype=torch.float64, seed=0):
        generator = torch.Generator().manual_seed(seed)
        made = [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in self.shapes]
        return tuple(t.to(dtype).requires_grad_() for t in made)


def layer_norm(x):
    d = x - x.mean(-1, keepdim=True)
    return d / (d * d).mean(-1, keepdim=True).sqrt()


def layer_norm_backward(g, x, y):
    spread = x.var(-1, keepdim=True, unbiased=False).sqrt()
    return (g - g.mean(-1, keepdim=True) - y * (g * y).mean(-1, keepdim=True)) / spread


def cross_entropy(z):
    return (z.logsumexp(-1) - z[:, 0]).mean()


def cross_entropy_backward(g, z, j):
    p = z.softmax(-1)
    p[:, 0] -= 1
    return g * p / len(z)


def conv(x, w):
    return torch.nn.functional.conv1d(x, w)


def conv_backward(g, x, w, y):
    return (
        gradients.conv1d_input(x.shape, w, g),
        gradients.conv1d_weight(x, w.shape, g),
    )


def conv_flipped(g, x, w, y):
    return gradients.conv1d_input(x.shape, w.flip(-1), g), conv_backward(g, x, w, y)[1]


CASES = [
    Case(
        "square",
        lambda x: x * x,
        lambda g, x, y: 2 * g * x,
        {"scale": lambda g, x, y: g * x, "no chain rule": lambda g, x, y: 2 * x},
        ((3, 4),),
    ),
    Case(
        "exp",
        torch.exp,
        lambda g, x, y: g * y,
        {"saved input": lambda g, x, y: g * x, "a little": lambda g, x, y: g * y * 1.001},
        ((5,),),
    ),
    Case(
        "sigmoid",
        torch.sigmoid,
        lambda g, x, y: g * y * (1 - y),
        {"pre-activation": lambda g, x, y: g * x * (1 - x)},
        ((5, 3),),
    ),
    Case(
        "tanh",
        torch.tanh,
        lambda g, x, y: g * (1 - y * y),
        {"sign": lambda g, x, y: g * (y * y - 1), "not squared": lambda g, x, y: g * (1 - y)},
        ((7,),),
    ),
    Case(
        "matmul",
        torch.matmul,
        lambda g, a, b, y: (g @ b.T, a.T @ g),
        {"transposed": lambda g, a, b, y: (g @ b, a.T @ g), "None": lambda g, a, b, y: (g @ b.T, None)},
        ((4, 4), (4, 4)),
    ),
    Case(
        "linear",
        lambda x, w, b: x @ w.T + b,
        lambda g, x, w, b, y: (g @ w, g.T @ x, g.sum(0)),
        {
            "mean for sum": lambda g, x, w, b, y: (g @ w, g.T @ x, g.mean(0)),
            "not summed": lambda g, x, w, b, y: (g @ w, g.T @ x, g[0]),
            "wrong shape": lambda g, x, w, b, y: (g @ w, g.T @ x, g.sum(1)),
        },
        ((6, 3), (4, 3), (4,)),
    ),
    Case(
        "relu",
        torch.relu,
        lambda g, x, y: g * (x > 0),
        {"straight through": lambda g, x, y: g},
        ((4, 5),),
    ),
    Case(
        "logsumexp",
        lambda x: x.logsumexp(-1),
        lambda g, x, y: g[:, None] * (x - y[:, None]).exp(),
        {"not normalised": lambda g, x, y: g[:, None] * x.exp()},
        ((3, 6),),
    ),
    Case(
        "layer norm",
        layer_norm,
        layer_norm_backward,
        {
            "missing term": lambda g, x, y: (
                (g - g.mean(-1, keepdim=True)) / x.var(-1, keepdim=True, unbiased=False).sqrt()
            ),
            "unbiased": lambda g, x, y: (
                layer_norm_backward(g, x, y)
                * x.var(-1, keepdim=True, unbiased=False).sqrt()
                / x.var(-1, keepdim=True).sqrt()
            ),
        },
        ((3, 8),),
    ),
    Case(
        "cross entropy",
        cross_entropy,
        cross_entropy_backward,
        {"1/m lost": lambda g, z, j: cross_entropy_backward(g, z, j) * len(z)},
        ((6, 4),),
    ),
    Case("conv", conv, conv_backward, {"kernel flipped": conv_flipped}, ((2, 3, 9), (4, 3, 3))),
    Case(
        "cumsum",
        lambda x: x.cumsum(0),
        lambda g, x, y: g.flip(0).cumsum(0).flip(0),
        {"not reversed": lambda g, x, y: g.cumsum(0)},
        ((8,),),
    ),
    Case(
        "norm",
        lambda x: (x * x).sum().sqrt(),
        lambda g, x, y: g * x / y,
        {"in place": lambda g, x, y: g * x.mul_(2) / y},
        ((9,),),
    ),
]
WRONG = [(case, name) for case in CASES for name in case.wrong]
