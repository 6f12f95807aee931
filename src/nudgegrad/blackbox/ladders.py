"""Which steps are taken in each number format, and how they are made exact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..formats import FORMATS, Array, Format


@dataclass(frozen=True)
class Ladder:
    """The steps of one format, as powers of two times the scale of x.

    Parameters
    ----------
    coarse : tuple of float
        Exponents of the first rungs.
    up : tuple of float
        Exponents added to the largest rung where f is still a polynomial of low degree there.
    down : tuple of float
        Exponents added to the smallest rung where slopes still differ there.
    fine : float
        Octaves between the rungs below the scale at which f bends.
    close : float
        Octaves between the rungs that are added where the first ones are best.
    short : tuple of float
        Exponents of the first rungs where only what they show decides whether there are more.
    hinge : float
        Octaves over which the even part of f grows with the step before it is that of a corner next to x.
    sure : tuple of float
        How far beyond noise the slopes of both sides must differ to be said to: in a short format noise is
        the rounding, and few steps show anything else.
    """

    coarse: tuple[float, ...]
    up: tuple[float, ...]
    down: tuple[float, ...]
    fine: float
    close: float
    short: tuple[float, ...]
    hinge: float
    sure: tuple[float, float]


LADDERS: Mapping[str, Ladder] = {
    "float64": Ladder(
        (-2, -9, -16, -23, -30, -37), (6, 12), (-5, -11), 0.7, 0.5, (-11, -12.5, -14), 10.0, (10.0, 10.0)
    ),
    "float32": Ladder((0, -4, -8, -12, -16), (3, 6), (-3, -6), 0.5, 0.4, (-5, -6, -7), 10.0, (10.0, 10.0)),
    "float16": Ladder((1, 0, -1, -2, -3, -4, -5), (1, 2), (-2,), 0.45, 0.4, (-1, -2, -3), 3.0, (3.0, 2.0)),
    "bfloat16": Ladder((1, 0, -1, -2, -3, -4), (1, 2), (-2,), 0.45, 0.4, (-1, -2, -3), 3.0, (3.0, 2.0)),
}


def ladder_of(fmt: Format) -> Ladder:
    """The ladder of the named format that has the same precision."""
    return next(found for name, found in LADDERS.items() if FORMATS[name].precision == fmt.precision)


OFF = 1.3247179572447460  # times powers of two: no multiple of a period, of x, or of a binade


def scale_of(x: Array) -> Array:
    """Some power of two below abs(x), times `OFF`: the scale on which a function is expected to change; 1
    in place of x where x is 0."""
    _, exponent = np.frexp(np.where(x == 0, 1.0, np.abs(x)))
    found: Array = np.ldexp(OFF / 2, exponent)
    return found


def steps(x: Array, h: Array, fmt: Format) -> tuple[Array, Array]:
    """Numbers of the format near x + h and x - h; nan where h is, or where there is none.

    Parameters
    ----------
    x : array, shape (P, 1)
    h : array, shape (P, K)

    Notes
    -----
    The outer point is rounded first and the other is its mirror image, which is a number of the format as
    long as h <= 2 abs(x), because the grid is never coarser towards 0. Beyond that both are rounded.
    """
    away = np.where(x >= 0, 1.0, -1.0)
    with np.errstate(all="ignore"):
        far = fmt.round(x + away * h)
        near = fmt.round(x - (far - x))
        far = np.where((far != x) & (np.abs(far) <= fmt.maximum), far, np.nan)
        near = np.where((near != x) & (np.abs(near) <= fmt.maximum), near, np.nan)
    return np.where(away > 0, far, near), np.where(away > 0, near, far)


def format_of(dtype: np.dtype) -> Format | None:  # any dtype
    """The format of a type; None if it is not one of ours."""
    return FORMATS.get(dtype.name)
