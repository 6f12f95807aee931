"""All wrong gradients: the mistakes that people make, planted by name in the right ones."""

from __future__ import annotations

import numpy as np

from tests.checks.battery.case import Case, by_name
from tests.checks.battery.changed import (
    Change,
    changed,
    clipped,
    entries_times,
    exchanged,
    flipped,
    of_format,
    part_times,
    planted,
    rolled,
    times,
    transposed,
    with_added,
    without_mean,
)
from tests.checks.battery.right import RIGHT

Planted = tuple[str, str] | tuple[str, str, str]  # the bug's word, the wrong blocks, the diagnosis

_FOUR_LAYERS = " ".join(f"layers[{k}].{p}" for k in range(4) for p in "Wb")
_HIDDEN = " ".join(f"layers[{k}].{p}" for k in range(3) for p in "Wb")
_FOUR_BIASES = " ".join(f"layers[{k}].b" for k in range(4))
_GRU = " ".join(f"{p}{gate}" for gate in "zrg" for p in "WUb")

PLANTED: dict[str, list[Planted]] = {
    "lab chain": [("no inner derivative", "w", "true = 3 x claimed")],
    "lab unit": [("swapped", "w", "true = -1 x claimed")],
    "lab relu": [("weight forgotten", "w1 b1", "true = 3 x claimed")],
    "lab logistic": [("df/de = 2", "w1", "true = 0.5 x claimed")],
    "linear regression": [
        ("target sign", "w b"), ("bias forgotten", "w b"), ("last example dropped", "w b"),
        ("mean of absolute", "w"),
    ],
    "logistic regression": [("squared loss", "w b"), ("bias sum dropped", "b")],
    "logistic regression with L2": [("squared loss", "w b")],
    "softmax regression": [
        ("wrong axis", "W b"), ("no target", "W b"), ("no off-diagonal", "W b"),
        ("bias over the wrong axis", "b"),
    ],
    "two-layer relu net": [
        ("no slope", "W1 b1"), ("1/m lost", "W1 b1 W2 b2", "1/m lost"), ("pre-activation", "W2"),
        ("slope of sigmoid", "W1 b1"), ("slope of the next layer", "W1 b1"), ("bias sum dropped", "b1 b2"),
    ],
    "two-layer tanh net": [
        ("no slope", "W1 b1"), ("1/m lost", "W1 b1 W2 b2", "1/m lost"), ("pre-activation", "W2"),
        ("slope of the pre-activation", "W1 b1"), ("hard labels", "W1 b1 W2 b2"),
        ("squared loss", "W1 b1 W2 b2"),
        ("bias mean", "b1 b2", "true = 7 x claimed"), ("slope of sigmoid", "W1 b1"),
        ("bias over the wrong axis", "b1 b2"),
    ],
    "two-layer sigmoid net": [
        ("slope of tanh", "W1 b1"), ("pre-activation", "W2"), ("slope of the pre-activation", "W1 b1"),
        ("no slope", "W1 b1"),
    ],
    "two-layer gelu net": [("no slope", "W1 b1"), ("slope of tanh", "W1 b1")],
    "two-layer swish net": [("slope of sigmoid", "W1 b1"), ("pre-activation", "W2")],
    "four-layer relu net": [
        ("no slope in the first layer", "layers[0].W layers[0].b"),
        ("weight not transposed", "layers[0].W layers[0].b layers[1].W layers[1].b"),
        ("1/m lost", _FOUR_LAYERS, "1/m lost"),
    ],
    "four-layer tanh net": [
        ("no slope in the first layer", "layers[0].W layers[0].b"),
        ("weight not transposed", "layers[0].W layers[0].b layers[1].W layers[1].b"),
        ("inputs of the layer below", "layers[3].W"), ("stale weights", _HIDDEN),
        ("bias mean", _FOUR_BIASES, "true = 7 x claimed"), ("slope of the pre-activation", _HIDDEN),
        ("no slope", _HIDDEN),
    ],
    "four-layer sigmoid net": [
        ("bias sum dropped", _FOUR_BIASES), ("slope of tanh", _HIDDEN), ("stale weights", _HIDDEN),
    ],
    "net with L2": [
        ("L2 forgotten", "W1 W2 W3", "missing 0.1 x parameter"),
        ("L2 forgotten in the first layer", "W1", "missing 0.1 x parameter"),
        ("L2 doubled", "W1 W2 W3", "missing -0.1 x parameter"),
        ("L2 on the bias", "b1 b2 b3", "missing -0.1 x parameter"),
    ],
    "net with dropout": [
        ("mask forgotten", "W1 b1 W2 b2"), ("keep forgotten", "W1 b1 W2 b2"), ("keep twice", "W1 b1 W2 b2"),
        ("no slope", "W1 b1 W2 b2"),
    ],
    "net with dropout and L2": [
        ("mask forgotten", "W1 b1 W2 b2"), ("keep forgotten", "W1 b1 W2 b2"),
        ("L2 forgotten", "W1 W2 W3", "missing 0.05 x parameter"),
    ],
    "course net": [
        ("dW2 * 2", "W2", "true = 0.5 x claimed"), ("db1 4/m", "b1", "true = 0.25 x claimed"),
        ("W2 not transposed", "W1 b1"), ("relu of the wrong layer", "W1 b1"),
    ],
    "classifier": [("wrong axis", "W1 b1 W2 b2"), ("labels off by one", "W1 b1 W2 b2")],
    "residual net": [("residual forgotten", "W1 W2")],
    "tied autoencoder": [("decoder only", "W"), ("encoder only", "W")],
    "convolution with padding": [
        ("kernel flipped", "X"), ("channels swapped", "X"), ("overlaps overwritten", "X"),
        ("kernel gradient flipped", "K", "kernel flipped"), ("kernel axes swapped", "K"),
        ("padding not cut", "X"), ("bias over the batch only", "b"), ("bias of one image", "b"),
    ],
    "convolution with stride": [
        ("stride off by one", "K"), ("kernel flipped", "X"),
        ("kernel gradient flipped", "K", "kernel flipped"),
        ("bias of one image", "b"),
    ],
    "convolution with stride and padding": [
        ("stride off by one", "K"), ("padding not cut", "X"), ("kernel axes swapped", "K"),
        ("overlaps overwritten", "X"), ("kernel gradient flipped", "K", "kernel flipped"),
    ],
    "max pooling": [("smallest", "x"), ("to all", "x"), ("to positive", "x"), ("first", "x")],
    "average pooling": [
        ("not divided", "x", "true = 0.25 x claimed"), ("divided by the side", "x", "true = 0.5 x claimed"),
        ("to one pixel", "x"),
    ],
    "convolutional net": [
        ("no slope", "K b"), ("flattened in another order", "K b"),
        ("kernel gradient flipped", "K", "kernel flipped"), ("to all", "K b"),
        ("bias over the batch only", "b"),
    ],
    "embedding with repeats": [
        ("repeats overwritten", "E"), ("repeats counted once", "E"), ("index off by one", "E"),
        ("mean forgotten", "E", "true = 0.333333 x claimed"),
    ],
    "tanh RNN": [
        ("last step dropped", "Wx Wh b Wy by"), ("targets off by one", "Wx Wh b Wy"),
        ("only through the output", "Wx Wh b"), ("slope of the step before", "Wx Wh b"),
        ("no slope", "Wx Wh b"),
        ("state off by one", "Wh"), ("last step only", "Wx Wh b"), ("bias of one step", "b"),
        ("weight not transposed", "Wx Wh b"),
    ],
    "LSTM": [
        ("no tanh of the cell", "W b"), ("no slope of the cell", "W b"), ("cell not carried", "W b"),
        ("cell off by one", "W b"), ("gates swapped", "W b"), ("sigmoid for the candidate", "W b"),
        ("forget gate ignored", "W b"), ("first step dropped", "W b"), ("forget gate not applied", "W b"),
    ],
    "GRU": [
        ("update sign", _GRU), ("reset forgotten", "Ug"), ("no leak", _GRU),
        ("reset forgotten on the way back", _GRU),
    ],
    "linear recurrence": [("state off by one", "x"), ("truncated", "x")],
    "batch norm": [
        ("gain forgotten", "X"), ("stale variance", "X"), ("mean product without the mean", "X"),
        ("variance of n - 1", "X"), ("epsilon forgotten", "X"), ("root squared", "X"), ("stale mean", "X"),
        ("wrong axis", "X"), ("gain of the unscaled", "gain"), ("gain sum missing", "gain"),
        ("shift mean", "shift", "true = 5 x claimed"),
    ],
    "layer norm": [
        ("stale mean", "X"), ("stale variance", "X"), ("wrong axis", "X"), ("gain forgotten", "X"),
        ("variance of n - 1", "X"),
    ],
    "RMS norm": [
        ("stale variance", "X"), ("gain forgotten", "X"), ("root squared", "X"),
        ("mean product without the mean", "X"),
    ],
    "attention": [
        ("Wo not transposed", "Wq Wk Wv"), ("no off-diagonal", "Wq Wk"),
        ("softmax over the wrong axis", "Wq Wk"),
        ("softmax forgotten", "Wq Wk"), ("scale forgotten", "Wq Wk", "true = 0.5 x claimed"),
        ("scale twice", "Wq Wk", "true = 2 x claimed"), ("scores not transposed", "Wk"),
        ("queries and keys swapped", "Wq Wk"), ("weights not transposed", "Wv"),
    ],
    "causal attention": [
        ("no off-diagonal", "Wq Wk"), ("scale forgotten", "Wq Wk", "true = 0.5 x claimed"),
        ("weights not transposed", "Wv"), ("scores not transposed", "Wk"),
    ],
    "self-attention": [
        ("forgotten as values", "x"), ("forgotten as queries", "x"), ("forgotten as keys", "x"),
    ],
    "squared loss": [("swapped", "x", "true = -1 x claimed"), ("2 forgotten", "x", "true = 2 x claimed")],
    "absolute loss": [("no sign", "x")],
    "Huber loss": [("not clipped", "x"), ("clipped on one side", "x"), ("clipped elsewhere", "x")],
    "cross-entropy": [("no off-diagonal", "x")],
    "smoothed cross-entropy": [("smoothing forgotten", "x")],
    "cross-entropy of probabilities": [("as of logits", "x"), ("one term", "x")],
    "focal loss": [("weight held fixed", "x")],
    "hinge loss": [
        ("margin at 0", "w b"), ("all active", "w b"), ("label forgotten", "w b"),
        ("2 forgotten", "w", "missing 0.05 x parameter"),
    ],
    "KL divergence": [("the other divergence", "x"), ("not centred", "x")],
    "cosine similarity": [
        ("norms held fixed", "x[0] x[1]"), ("norm not squared", "x[0] x[1]"), ("swapped", "x[0] x[1]"),
    ],
    "log-sum-exp": [("of the maximum", "x"), ("not divided", "x")],
    "triplet loss": [("anchor to one only", "a")],
    "quadratic form": [("as if symmetric", "x"), ("one side", "x")],
    "bilinear form": [("transposed", "A", "transposed"), ("A transposed", "v")],
    "matrix inverse": [
        ("not transposed", "x", "transposed"), ("as of numbers", "x"), ("sign", "x", "true = -1 x claimed"),
    ],
    "determinant": [("not transposed", "x", "transposed"), ("as of the logarithm", "x")],
    "log-determinant": [("not transposed", "x", "transposed")],
    "linear solve": [("A not transposed", "A b"), ("sign", "A", "true = -1 x claimed")],
    "matrix product": [("factor not transposed", "x[1]")],
    "matrix factorisation": [
        ("unknown counted", "U V"), ("L2 of V forgotten", "V", "missing 0.1 x parameter"),
    ],
    "Rosenbrock": [("chain not summed", "x")],
    "Euclidean length": [("root forgotten", "x")],
    "cumulative product": [("from the wrong end", "x")],
}  # fmt: skip

Changed = tuple[str, str, str, Change, str]  # the case, the word, the blocks, the change, the diagnosis

CHANGED: list[Changed] = [
    ("linear regression", "1/m lost", "w b", times(6), "1/m lost"),
    ("linear regression", "factor 1/2", "w b", times(2), "true = 0.5 x claimed"),
    ("softmax regression", "1/m lost", "W b", times(6), "1/m lost"),
    ("logistic regression with L2", "halved", "w", times(0.5), "true = 2 x claimed"),
    ("course net", "sign", "W3 b3", times(-1), "true = -1 x claimed"),
    ("course net", "zeros", "W1", times(0), ""),
    ("course net", "transposed", "W2", transposed, "transposed"),
    ("course net", "ascent", "W1 b1 W2 b2 W3 b3", times(-1), "true = -1 x claimed"),
    ("course net", "a row doubled", "W2", part_times(np.s_[2, :], 2), ""),
    ("course net", "a column lost", "W2", part_times(np.s_[:, 3], 0), ""),
    ("four-layer tanh net", "transposed", "layers[1].W", transposed, "transposed"),
    ("four-layer tanh net", "1 % too large", "layers[2].W", times(1.01), ""),
    ("four-layer sigmoid net", "a quarter", "layers[0].b", times(0.25), "true = 4 x claimed"),
    ("four-layer sigmoid net", "rows out of place", "layers[1].W", rolled(0), ""),
    ("two-layer tanh net", "a factor of 1.001", "W2", times(1.001), ""),
    ("two-layer tanh net", "rounded to float16", "W1", of_format("float16"), ""),
    ("two-layer relu net", "columns out of place", "W1", rolled(1), ""),
    ("two-layer swish net", "clipped", "W1", clipped(0.05), ""),
    ("two-layer gelu net", "centred", "W1", without_mean, ""),
    ("classifier", "constant added", "b2", with_added(0.01), ""),
    ("attention", "transposed", "Wq", transposed, "transposed"),
    ("attention", "transposed", "Wv Wo", transposed, "transposed"),
    ("causal attention", "rows out of place", "Wo", rolled(0), ""),
    ("tanh RNN", "transposed", "Wh", transposed, "transposed"),
    ("tanh RNN", "mean over time", "b", times(0.25), "true = 4 x claimed"),
    ("LSTM", "gate out of place", "b", lambda g: np.roll(g, 3, axis=0), ""),
    ("LSTM", "sign", "V", times(-1), "true = -1 x claimed"),
    ("GRU", "transposed", "Ug", transposed, "transposed"),
    ("convolution with padding", "kernel flipped", "K", flipped, "kernel flipped"),
    ("convolution with padding", "one channel lost", "K", part_times(np.s_[:, 1], 0), ""),
    ("convolution with stride", "one image lost", "X", part_times(np.s_[1], 0), ""),
    ("embedding with repeats", "a row lost", "E", part_times(np.s_[2], 0), ""),
    ("batch norm", "one example doubled", "X", part_times(np.s_[0], 2), ""),
    ("layer norm", "one feature of the wrong sign", "X", part_times(np.s_[:, 2], -1), ""),
    ("squared loss", "10 x", "x", times(10), "true = 0.1 x claimed"),
    ("cross-entropy", "1/m", "x", times(0.25), "true = 4 x claimed"),
    ("linear solve", "transposed", "A", transposed, "transposed"),
    ("matrix product", "transposed", "x[2]", transposed, "transposed"),
]

ENTRIES: list[tuple[str, str, tuple[tuple[int, ...], ...], float]] = [
    ("course net", "W2", ((1, 4),), 2),
    ("course net", "b1", ((2, 0),), 0),
    ("four-layer tanh net", "layers[2].W", ((3, 0),), 1.1),
    ("four-layer tanh net", "layers[0].b", ((0, 0),), -1),
    ("tanh RNN", "Wh", ((0, 2),), 1.01),
    ("LSTM", "W", ((7, 3),), 1.001),
    ("GRU", "Ur", ((1, 1),), 1.0001),
    ("attention", "Wk", ((0, 3),), 1.00001),
    ("attention", "Wo", ((0, 0), (3, 3)), 2),
    ("convolution with padding", "K", ((1, 0, 2, 2),), 2),
    ("convolution with padding", "X", ((0, 1, 0, 4), (1, 1, 2, 2)), -1),
    ("batch norm", "X", ((4, 0),), 1.1),
    ("LSTM", "W", ((0, 0), (2, 4), (5, 1), (8, 2), (11, 3)), 2),
    ("matrix inverse", "x", ((0, 1), (1, 2), (2, 3), (3, 0), (3, 3)), 1.5),
]

EXCHANGED = [
    ("attention", "Wq", "Wk"),
    ("attention", "Wv", "Wo"),
    ("GRU", "Uz", "Ur"),
    ("triplet loss", "p", "n"),
]


def _all() -> list[Case]:
    found = [planted(RIGHT[name], *bug) for name, bugs in PLANTED.items() for bug in bugs]
    for name, wrong, blocks, change, diagnosis in CHANGED:
        found.append(changed(RIGHT[name], wrong, dict.fromkeys(blocks.split(), change), diagnosis))
    for name, block, indices, factor in ENTRIES:
        noun = "one entry" if len(indices) == 1 else f"{len(indices)} entries"
        entries = tuple((block, index) for index in indices)
        changes = {block: entries_times(indices, factor)}
        found.append(changed(RIGHT[name], f"{noun} times {factor:g}", changes, entries=entries))
    return found + [exchanged(RIGHT[name], one, other) for name, one, other in EXCHANGED]


WRONG: dict[str, Case] = by_name(_all())
