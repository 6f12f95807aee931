"""The examples in docstrings run as they stand."""

import doctest
import pkgutil
from importlib import import_module

import pytest

import nudgegrad

MODULES = ["nudgegrad", *(m.name for m in pkgutil.walk_packages(nudgegrad.__path__, "nudgegrad."))]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of(name):
    assert doctest.testmod(import_module(name)).failed == 0
