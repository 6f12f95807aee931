"""The fixed random cotangent that makes one number of several outputs: <cotangent, f(x)>."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..formats import Array

SEED = 20
GRAINS = (40, 90)  # entries are ± k/64 with k in this range: numbers of every format


def cotangents(sizes: Iterator[int] | list[int]) -> list[Array]:
    """The cotangent of each output, shape (size,), for outputs with these numbers of entries.

    One output of one entry has the cotangent 1: then f itself is what is checked.
    """
    wanted = list(sizes)
    if wanted == [1]:
        return [np.ones(1)]
    rng = np.random.default_rng(SEED)
    return [rng.integers(*GRAINS, n, endpoint=True) * rng.choice((-1, 1), n) / 64 for n in wanted]
