"""Directions through all parameters at once, and the scale of every entry."""

from __future__ import annotations

import numpy as np

from ..formats import Array
from .blocks import Blocks

COUNT = 4  # orthogonal sign patterns; random ones come out nearly parallel where entries are few
SPREAD = (0.6, 1.4)  # of the sizes of a direction's entries: equal ones can cancel in symmetric functions


def scales(x: Array, blocks: Blocks) -> Array:
    """How far each entry moves for a step of 1: abs(x), for zeros the block's median, or 1; shape (P,)."""
    found = np.abs(x)
    for block in blocks.items:
        part = found[block.span]
        there = part[part > 0]
        typical = float(np.median(there)) if there.size else 1.0
        part[part == 0] = typical
    return found


def hadamard(order: int) -> Array:
    """Sylvester's matrix of signs, shape (order, order); `order` is a power of two."""
    signs = np.ones((1, 1))
    while len(signs) < order:
        signs = np.block([[signs, signs], [signs, -signs]])
    return signs


def directions(size: int, count: int, seed: int) -> Array:
    """Orthogonal sign patterns times sizes in `SPREAD`, shape (count, size).

    Notes
    -----
    Row j takes the signs of row j of a Hadamard matrix at a random column for each entry, times a random
    sign that all rows share for the entry. A wrong single entry k shifts the slope along every row by
    |err_k v_k|, which never cancels.
    """
    rng = np.random.default_rng(seed)
    order = 8
    while order < count:
        order *= 2
    columns = rng.permutation(size) % order
    signs = hadamard(order)[:count, columns] * rng.choice((-1.0, 1.0), size)
    found: Array = signs * rng.uniform(*SPREAD, (count, size))
    return found
