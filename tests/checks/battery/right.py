"""All right gradients, by name."""

from __future__ import annotations

from tests.checks.battery import algebra, layers, losses, nets, normalising, recurrent, regression
from tests.checks.battery.case import Case, by_name

MODULES = (regression, nets, layers, recurrent, normalising, losses, algebra)

RIGHT: dict[str, Case] = by_name(case for module in MODULES for case in module.cases())
