"""scikit-learn's digits: 1797 images of 8 x 8 pixels, written by hand; and a net of each kind for them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..errors import UsageError
from ..formats import Array
from .images import convolution, max_pool
from .layers import dense, dropout, relu, reshape
from .losses import softmax_cross_entropy
from .net import Layer, Task
from .recurrent import last, lstm, rnn
from .starts import glorot

HELD_OUT = 449  # a quarter, as in the usual split
SPLIT = 0  # seed of who is held out: the same for every training
BLACK = 16.0  # the largest value of a pixel
NETS = {
    "dense": (
        Layer("row", reshape, options={"shape": (64,)}),
        Layer("hidden1", dense, {"W": (64, 64), "b": (64,)}),
        Layer("relu1", relu),
        Layer("hidden2", dense, {"W": (64, 32), "b": (32,)}),
        Layer("relu2", relu),
        Layer("output", dense, {"W": (32, 10), "b": (10,)}),
    ),
    "conv": (
        Layer("image", reshape, options={"shape": (8, 8, 1)}),
        Layer("filters", convolution, {"W": (3, 3, 1, 12), "b": (12,)}),
        Layer("relu", relu),
        Layer("pool", max_pool, options={"size": 2, "stride": 2}),
        Layer("row", reshape, options={"shape": (108,)}),
        Layer("output", dense, {"W": (108, 10), "b": (10,)}),
    ),
    "rnn": (
        Layer("rows", rnn, {"W": (8, 48), "U": (48, 48), "b": (48,)}, start=glorot),
        Layer("last", last),
        Layer("output", dense, {"W": (48, 10), "b": (10,)}, start=glorot),
    ),
    "lstm": (
        Layer("rows", lstm, {"W": (8, 128), "U": (32, 128), "b": (128,)}, start=glorot),
        Layer("last", last),
        Layer("output", dense, {"W": (32, 10), "b": (10,)}, start=glorot),
    ),
}

EPOCHS = 30
RATES = {  # at which the nets learn well
    "adam": {"dense": 1e-3, "conv": 1e-2, "rnn": 3e-3, "lstm": 1e-2},
    "gd": {"dense": 0.1, "conv": 0.2, "rnn": 0.1, "lstm": 1.0},
}


class Data(NamedTuple):
    """Images as (m, 8, 8) from 0 to 1, and which digit each is, as (m,)."""

    x: Array
    y: np.ndarray
    test_x: Array
    test_y: np.ndarray


def digits() -> Data:
    """The images, 1348 to learn from and 449 held out.

    Raises
    ------
    UsageError
        If scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError:
        raise UsageError(
            "the digits come with scikit-learn, which is not installed",
            help='pip install "nudgegrad[datasets]"',
        ) from None
    pixels, labels = load_digits(return_X_y=True)
    images = pixels.reshape(-1, 8, 8) / BLACK
    order = np.random.default_rng(SPLIT).permutation(len(labels))
    learn, held = order[:-HELD_OUT], order[-HELD_OUT:]
    return Data(images[learn], labels[learn], images[held], labels[held])


def task(kind: str, l2: float = 0.0, drop: float = 0.0) -> Task:
    """A net for the digits and its loss.

    Parameters
    ----------
    kind : str
        Of `NETS`. The recurrent ones read an image row by row, from top to bottom.
    l2 : float
        Strength of L2 on the matrices.
    drop : float
        Share of the output layer's inputs that are dropped while training.
    """
    *before, output = NETS[kind]
    dropped = [Layer("dropout", dropout, options={"rate": drop})] if drop else []
    return Task((*before, *dropped, output), softmax_cross_entropy, l2)
