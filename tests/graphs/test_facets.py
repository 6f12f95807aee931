"""What rows are made of."""

from __future__ import annotations

import numpy as np
import pytest

from nudgegrad.graphs.facets import falling_power

X = np.array([0.3, 1.7, -2.0, 0.0, 1e-200])


@pytest.mark.parametrize("c", [2.0, 5.0, 0.5, -3.0, 1 / 3, 7.25, 0.0])
@pytest.mark.parametrize("k", [1, 2, 3, 6])
def test_one_exponent_for_all_gives_what_each_of_its_own_gives(c, k):
    every = np.full(len(X), c)
    others = np.append(every[:-1], c + 1)
    with np.errstate(all="ignore"):
        alike, apart = falling_power(X, every, k), falling_power(X, others, k)
    assert np.array_equal(alike[:-1], apart[:-1], equal_nan=True)
    assert alike.dtype == apart.dtype == np.float64


@pytest.mark.parametrize("k", [1, 3, 6])
def test_an_exponent_without_a_shape_is_that_of_all(k):
    with np.errstate(all="ignore"):
        one, every = falling_power(X, 5.0, k), falling_power(X, np.full(len(X), 5.0), k)
    assert np.array_equal(one, every, equal_nan=True)
    assert not np.isnan(one[3])  # beyond the degree it is 0, at 0 as well
