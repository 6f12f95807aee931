"""Functions that give arrays: a cotangent, a Jacobian, or slopes entry by entry as the claim."""

from __future__ import annotations

import numpy as np
import pytest

import nudgegrad as ng

W = np.random.default_rng(0).normal(size=(4, 3))
X = np.array([0.5, 1.0, -2.0])


def tanh(x):
    return np.tanh(W @ x)


def slopes(x):
    return 1 - tanh(x) ** 2


def backward(x, cotangent):
    return W.T @ (cotangent * slopes(x))


def jacobian(x):
    return slopes(x)[:, None] * W


def two(p, x):
    return {"y": np.tanh(p["W"] @ x), "sum": p["W"].sum(), "names": "left alone"}


def two_backward(p, x, cotangent):
    y = two(p, x)["y"]
    return {"W": np.outer(cotangent["y"] * (1 - y**2), x) + cotangent["sum"]}


@pytest.mark.parametrize(
    ("f", "x", "grad", "args"),
    [
        (tanh, X, backward, ()),
        (tanh, X, jacobian, ()),
        (tanh, X, jacobian(X), ()),
        (np.sin, X, np.cos, ()),
        (np.sin, X.astype("f4"), np.cos, ()),
        (two, {"W": W}, two_backward, (X,)),
        (lambda x: [x.sum()], X, np.ones_like, ()),
    ],
)
def test_right_ones_pass(f, x, grad, args):
    assert ng.check(f, x, grad, args).verdict == "pass"


@pytest.mark.parametrize(
    ("f", "grad"),
    [
        (tanh, lambda x, cotangent: backward(x, cotangent) * [1, 1, 1.01]),
        (tanh, lambda _, cotangent: W.T @ cotangent),
        (tanh, lambda x: jacobian(x) * 2),
        (np.sin, lambda x: -np.cos(x)),
        (np.cumsum, np.ones_like),  # not entry by entry
    ],
)
def test_wrong_ones_fail(f, grad):
    assert ng.check(f, X, grad).verdict == "fail"


def test_one_wrong_output_is_seen():
    def wrong(p, x, cotangent):
        return two_backward(p, x, cotangent | {"sum": 0.0})

    found = ng.check(two, {"W": W}, wrong, (X,))
    assert found.verdict == "fail"
    assert found.blocks["W"].verdict == "fail"


def test_a_gradient_with_options_is_called_without_a_cotangent():
    assert ng.check(np.sin, X, lambda x, scale=1.0: scale * np.cos(x)).verdict == "pass"


def test_what_it_cannot_be():
    turned = ng.check(tanh, X, lambda x: jacobian(x).T)
    assert (turned.verdict, turned.reason.code) == ("fail", "wrong_shape")
    assert "(4, 3), its Jacobian" in turned.reason
    several = ng.check(two, {"W": W}, lambda p, _: {"W": p["W"]}, (X,))
    assert (several.verdict, several.reason.code) == ("inconclusive", "needs_cotangent")
    assert ng.check(lambda _: "text", X, np.cos).reason.code == "not_scalar"
