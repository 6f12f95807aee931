"""The battery: what every row of the op table must keep, each check a function of one row.

The checks know no op by name. Points are drawn from what the row says of itself (arity, domain), truth
comes from `tests.oracles.rows`, and the errors that are allowed from the row's own claim, followed through
its formulas: a new row is tested by being in the table.
"""

from collections.abc import Callable

from nudgegrad.graphs.ops import Op
from tests.graphs.battery.derivatives import check_degree, check_jets, check_partials, check_products
from tests.graphs.battery.limits import check_domain, check_kink, check_reach
from tests.graphs.battery.notation import check_notation
from tests.graphs.battery.values import check_exact, check_residual, check_value_and_claim

__all__ = [
    "CHECKS",
    "check_degree",
    "check_domain",
    "check_exact",
    "check_jets",
    "check_kink",
    "check_notation",
    "check_partials",
    "check_products",
    "check_reach",
    "check_residual",
    "check_value_and_claim",
]

CHECKS: tuple[Callable[[Op], None], ...] = (
    check_notation,
    check_products,
    check_degree,
    check_kink,
    check_domain,
    check_exact,
    check_residual,
    check_partials,
    check_jets,
    check_reach,
    check_value_and_claim,
)
