"""Polynomials through what steps show: one coefficient at step 0, its noise, and what the fit leaves over.

Half the difference and half the sum of f(x + h) and f(x - h) are odd and even in h, so that divided by h
and by 1 they are polynomials in z = h^2. A fit is by orthogonal polynomials over the points (Forsythe
1957), so that each degree adds one term to the one before, and its residual and noise need no solve.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from ..formats import Array

DEGREES = 7  # polynomials of degree 0 to 6
WIDTHS = (2, 3, 4, 5, 6, 7, 8, 9, 10, 11)  # rungs of a window
Index = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Fit:
    """Fits of every degree m, shape (..., M) each.

    Parameters
    ----------
    coefficient : array
        Of z^j, at z = 0.
    noise : array
        Its standard deviation where the data have unit weight's.
    chi2 : array
        Weighted sum of squared residuals.
    """

    coefficient: Array
    noise: Array
    chi2: Array


def fit(z: Array, y: Array, weight: Array, power: int, degrees: int = DEGREES) -> Fit:
    """Weighted least squares of y by polynomials in z of each degree below `degrees`.

    Parameters
    ----------
    z, y, weight : array, shape (..., K)
        Points with weight 0 do not count.
    power : int
        The j of the coefficient that is wanted.

    Notes
    -----
    With q_0, q_1, ... orthonormal over the points, the coefficient of z^j at 0 is the sum of p_i c_i over
    i <= m, where p_i = <q_i, y> and c_i is that of q_i; the p_i are independent with unit variance, so that
    its variance is the sum of c_i^2 (Forsythe 1957, section 3).
    """
    there = weight > 0
    y = np.where(there, y, 0.0)
    z = np.where(there, z, 0.0)
    weight = np.where(there, weight, 0.0)
    count = there.sum(-1)
    total = weight.sum(-1)
    with np.errstate(all="ignore"):
        scale = np.where(total > 0, 1 / np.sqrt(total), 0.0)
        last = np.zeros_like(y)
        q = np.broadcast_to(scale[..., None], y.shape)
        c_last = np.zeros((*total.shape, power + 1))
        c = np.zeros((*total.shape, power + 1))
        c[..., 0] = scale
        b = np.zeros_like(total)
        left = y
        d, variance = np.zeros_like(total), np.zeros_like(total)
        found = np.empty((3, *total.shape, degrees))
        for m in range(degrees):
            wq = weight * q
            p = (wq * left).sum(-1)
            left = left - p[..., None] * q
            d = d + p * c[..., power]
            variance = variance + c[..., power] ** 2
            known = count > m
            found[0, ..., m] = np.where(known & (m >= power), d, np.nan)
            found[1, ..., m] = np.sqrt(variance)
            found[2, ..., m] = (weight * left * left).sum(-1)
            if m + 1 == degrees:
                break
            a = (wq * q * z).sum(-1)
            following = (z - a[..., None]) * q - b[..., None] * last
            c_following = -a[..., None] * c - b[..., None] * c_last
            c_following[..., 1:] += c[..., :-1]
            b = np.sqrt((weight * following * following).sum(-1))
            inverse = np.where((b > 0) & (count > m + 1), 1 / b, 0.0)
            last, q = q, following * inverse[..., None]
            c_last, c = c, c_following * inverse[..., None]
    return Fit(found[0], found[1], found[2])


@dataclass(frozen=True)
class Windows:
    """Runs of neighbouring rungs.

    Parameters
    ----------
    index : array, shape (W, K)
        Rungs of each window, from the largest step down.
    member : array of bool, shape (W, K)
        Which of them belong to it.
    shorter : array, shape (W,)
        The window without its largest step; -1 where there is none.
    """

    index: Index
    member: npt.NDArray[np.bool_]
    shorter: Index
    first: Index
    width: Index


@lru_cache(maxsize=64)
def windows(count: int) -> Windows:
    """All windows over so many rungs."""
    found = [(i, w) for w in WIDTHS for i in range(count - w + 1)] or [(0, 1)]  # which no fit is found on
    place = {window: k for k, window in enumerate(found)}
    most = min(WIDTHS[-1], max(count, 1))
    first = np.array([i for i, _ in found], dtype=np.int64)
    width = np.array([w for _, w in found], dtype=np.int64)
    index = first[:, None] + np.arange(most)
    member = np.arange(most) < width[:, None]
    shorter = np.array([place.get((i + 1, w - 1), -1) for i, w in found], dtype=np.int64)
    return Windows(np.minimum(index, count - 1), member, shorter, first, width)


def student(freedom: npt.ArrayLike) -> Any:
    """How many standard deviations, themselves measured with so much freedom, hold in 999 of 1000 cases."""
    table = np.array(
        [np.inf, 637, 31.6, 12.9, 8.61, 6.87, 5.96, 5.41, 5.04, 4.78, 4.59, 4.44, 4.32, 4.22, 4.14]
    )
    return table[np.clip(np.asarray(freedom, dtype=np.int64), 0, len(table) - 1)]
