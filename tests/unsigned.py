"""Lists for loops that are told that no index is negative."""

from __future__ import annotations


class Unsigned(list[float]):
    """A list that is never read from its end."""

    def __getitem__(self, k):
        assert isinstance(k, slice) or k >= 0
        return super().__getitem__(k)

    def __setitem__(self, k, x):
        assert isinstance(k, slice) or k >= 0
        super().__setitem__(k, x)
