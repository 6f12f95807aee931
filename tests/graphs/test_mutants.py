"""The battery itself: a check that was never seen to fail is not a check."""

import numpy as np
import pytest

from nudgegrad.graphs.ops import OPS
from tests.graphs.battery import CHECKS
from tests.graphs.mutants import MUTANTS


def test_every_row_has_a_mutant():
    assert list(MUTANTS) == list(OPS)


@pytest.mark.parametrize("name", MUTANTS)
def test_the_battery_catches(name):
    mutant = MUTANTS[name]
    with np.errstate(all="ignore"), pytest.raises(AssertionError):
        mutant.caught_by(mutant.of(OPS[name]))


def test_every_check_catches_a_mutant():
    assert {mutant.caught_by for mutant in MUTANTS.values()} == set(CHECKS)
