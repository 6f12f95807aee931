"""How a claimed gradient differs from f along one direction: at the points of one step, and as numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..formats import Array
from .subject import Subject


@dataclass
class Direction:
    """One direction through x.

    Parameters
    ----------
    subject : Subject
    v : array, shape (P,)
    claim : array, shape (P,)
        The claimed gradient.
    """

    subject: Subject
    v: Array
    claim: Array

    def value(self, t: float) -> float:
        """f at x + t v."""
        return self.subject.value(self.subject.round(self.subject.x + t * self.v))

    def points(self, h: float) -> tuple[Array, Array]:
        """The numbers taken for x + h v and x - h v: away from 0 rounded first, then reflected, because the
        grid is never coarser on the inner side."""
        x, s = self.subject.x, self.subject
        outward = np.where(x >= 0, 1.0, -1.0)
        far = s.round(x + outward * np.abs(h * self.v))
        near = s.round(x - (far - x))
        up = outward * self.v > 0
        return np.where(up, far, near), np.where(up, near, far)

    def rise(self, h: float) -> float:
        """How much more f rises between the points of a step than the gradient claims, over 2 h."""
        above, below = self.points(h)
        rises = self.subject.value(above) - self.subject.value(below)
        return (rises - self.promised(above, below)) / (2 * h)

    def promised(self, above: Array, below: Array) -> float:
        """How much f rises from one point to the other, as the gradient claims."""
        return float(self.claim @ (above - below))

    @property
    def claimed(self) -> float:
        """The slope that the gradient claims."""
        return float(self.claim @ self.v)

    @property
    def size(self) -> float:
        """||g * v||: what the errors of a gradient are measured by."""
        return float(np.linalg.norm(self.claim * self.v))
