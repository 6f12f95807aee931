"""All right gradients, by name."""

from __future__ import annotations

from tests.checks.battery import algebra, layers, losses, nets, normalising, recurrent, regression
from tests.checks.battery.case import Case

MODULES = (regression, nets, layers, recurrent, normalising, losses, algebra)

RIGHT: dict[str, Case] = {case.name: case for module in MODULES for case in module.cases()}
