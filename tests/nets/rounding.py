"""How far two computations of the same gradient may be apart by rounding alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from nudgegrad.nets.digits import NETS


def allowed(one: Any, other: Any, terms: int) -> Any:
    """Twice the rounding of sums of so many terms, each as large as the largest entry.

    Notes
    -----
    A sum of n products is off by at most n u / (1 - n u) times the sum of their sizes (Higham 2002, (3.5)).
    The `terms` are those of all sums on the longest way from a weight to J and back.
    """
    u = np.finfo(one.dtype).eps / 2
    largest = max(np.abs(one).max(), np.abs(other).max())
    return 2 * terms * u * largest


def assert_equal_within_rounding(one: Any, other: Any, terms: int) -> None:
    """Raise an AssertionError if they are farther apart, or have other shapes."""
    assert one.shape == other.shape
    assert np.abs(one - other).max() <= allowed(one, other, terms)


USED = {"conv": 36, "rnn": 8, "lstm": 8}  # how often a weight is used in an example: places, steps


def terms(kind: str, examples: int) -> int:
    """Of all sums on the longest way through a net and back, and over the examples."""
    shapes = [shape for layer in NETS[kind] for shape in layer.shapes.values() if len(shape) > 1]
    steps = USED.get(kind, 1)
    return 2 * sum(steps * int(np.prod(shape[:-1])) + shape[-1] for shape in shapes) + examples * steps
