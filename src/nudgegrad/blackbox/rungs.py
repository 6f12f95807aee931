"""What one function shows at its steps, the largest first, without gaps."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..formats import Array
from .candidates import Shown


@dataclass(frozen=True)
class Rungs:
    """What one function shows, the largest step first; no gaps.

    Parameters
    ----------
    h, slope, noise : array, shape (K,)
        noise: of the slope.
    even, sigma : array
        Half the sum of f at both points minus f(x), and the rounding of f.
    right, left : array
        f(x + h) - f(x) and f(x - h) - f(x).
    side : int
        The only side that counts, or 0.
    """

    h: Array
    slope: Array
    noise: Array
    even: Array
    sigma: Array
    right: Array
    left: Array
    side: int = 0

    def under(self, h: float) -> Rungs:
        """The rungs of smaller steps."""
        names = ("h", "slope", "noise", "even", "sigma", "right", "left")
        return replace(self, **{name: getattr(self, name)[self.h < h] for name in names})


def rungs_of(s: Shown, p: int, side: int) -> Rungs:
    """The rungs of one lane where it is finite on the sides that count."""
    if side:
        values = s.right[p] if side > 0 else s.left[p]
        k = np.isfinite(values)
        h, sigma, values = s.h[p, k], s.sigma[p, k], values[k]
        return Rungs(h, side * values / h, 2 * sigma / h, 0 * h, sigma, values, values, side)
    k = np.isfinite(s.odd[p])
    h, sigma = s.h[p, k], s.sigma[p, k]
    return Rungs(h, s.odd[p, k], sigma / h, s.even[p, k], sigma, s.right[p, k], s.left[p, k])


def quotients(r: Rungs, order: int) -> tuple[Array, Array]:
    """What each rung shows of the first or second derivative, for odd or even orders; its noise.

    Notes
    -----
    On one side (f(x + h) - f(x))/h = f' + f'' h/2 + ..., so that two rungs show f''; the last has no other.
    """
    if order % 2:
        return r.slope, r.noise
    if not r.side:
        return 2 * r.even / r.h**2, 4 * r.sigma / r.h**2
    width = r.side * (r.h[:-1] - r.h[1:])
    q = 2 * (r.slope[:-1] - r.slope[1:]) / width
    noise = 2 * (r.noise[:-1] + r.noise[1:]) / abs(width)
    return np.append(q, q[-1:]), np.append(noise, noise[-1:])
