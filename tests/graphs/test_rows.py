"""The battery over every row of the op table."""

import numpy as np
import pytest

from nudgegrad.graphs.ops import OPS
from tests.graphs.battery import CHECKS


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
@pytest.mark.parametrize("row", OPS.values(), ids=OPS)
def test_row(row, check):
    with np.errstate(all="ignore"):  # nan and inf are looked at, not printed
        check(row)
