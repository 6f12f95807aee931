"""Rounding: what the arithmetic of a number format can do to values, adjoints and estimates.

Running error analysis (Higham 2002, section 3.3): the error of every computed number is followed through
the operations, with the half-spacings that the numbers really have. All sizes are float64.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..formats import Array, Format
from ..graphs.graph import ROWS, Graph
from ..graphs.ops import Op, Term
from ..sweeps.backprop import backward, linearize
from ..sweeps.evaluate import Plan, operands_of
from ..sweeps.schedule import schedule

FLAT = 1 / 8  # a saturated op is flat if it moves by less than this share of its own rounding
THIRD = 1 / np.sqrt(3.0)  # root mean square of an error that is uniform within one half-ulp


def claims(graph: Graph, fmt: Format) -> Array:
    """The rounding claim of each code of the op table that the graph has."""
    found = np.zeros(len(ROWS))
    for code, *_ in schedule(graph).used:
        found[code] = ROWS[code].claim(fmt)
    return found


def lost(row: Op, fmt: Format, args: Sequence[Any], y: Any) -> Array:
    """The most that one op can lose to rounding: its claim times half the spacing at its result, 0
    where the result is sure to be exact."""
    claim = row.claim(fmt)
    if claim == 0:
        return np.zeros(np.shape(y))
    size = np.maximum((0.5 * claim) * fmt.spacing(y), np.finfo(np.float64).smallest_subnormal)
    return size if row.exact is None else np.where(row.exact(fmt, *args, y), 0.0, size)


@dataclass(frozen=True, eq=False)
class Sweep:
    """A plan at points: values, partials, adjoints and losses of every step, shape (P, M) each."""

    plan: Plan
    values: list[Array]
    partials: list[tuple[Any, ...]]
    adjoints: list[Array]
    losses: list[Array]


def sweep(plan: Plan, held: Array, found: list[Array], fmt: Format) -> Sweep:
    """Linearise a plan at values that were `found` by a replay, and size what each step loses."""
    partials = linearize(plan, held, found)
    adjoints = backward(plan, partials, found[-1].shape)
    losses = []
    with np.errstate(all="ignore"):
        for step, y in zip(plan.steps, found, strict=True):
            if step.row is None:
                losses.append(np.zeros(y.shape))
                continue
            size = lost(step.row, fmt, operands_of(step, found, held), y)
            losses.append(np.where(step.depends & ~step.starts, size, 0.0))
    return Sweep(plan, found, partials, adjoints, losses)


def flat(s: Sweep, held: Array, position: int, fmt: Format) -> tuple[Any, Array]:
    """Where a saturated op moves by less than `FLAT` of its rounding from column 0, and a bound of how far
    it moves: its slope falls monotonically there, so the larger one of the two ends bounds the movement."""
    step, y = s.plan.steps[position], s.values[position]
    assert step.row is not None
    x = np.broadcast_to(operands_of(step, s.values, held)[0], y.shape)
    size = FLAT * lost(step.row, fmt, [x], y[:, :1])
    (slope,) = s.partials[position]
    moved = np.abs(x - x[:, :1]) * np.maximum(np.abs(slope), np.abs(slope[:, :1]))
    return (np.abs(y - y[:, :1]) <= size) & (moved <= size), moved


def apart_from_base(
    s: Sweep, held: Array, computed: list[Array], fmt: Format, partner: npt.NDArray[np.int64]
) -> Sweep:
    """The sweep with what each step loses beyond what it loses in column 0: an error that all points share
    cancels in every stencil.

    Known residuals are shared where they are equal (a held term added to multiples of the sum's spacing),
    unless the value did not move at all: a nudge that was swallowed shows nothing.
    A flat op whose computed value is still the same loses another amount only by as much as its exact
    value moves. Column 0 itself keeps its losses.

    Parameters
    ----------
    partner : int array, shape (M,)
        For a column that is the run itself, the column that it is subtracted from: what these two share
        cancels in both. Any other column's own index.
    """
    losses = []
    with np.errstate(all="ignore"):
        for position, step in enumerate(s.plan.steps):
            row, loss = step.row, s.losses[position]
            if row is None or not loss.any():
                losses.append(loss)
                continue
            less = loss
            y = computed[position]
            if row.residual is not None:
                residual = np.broadcast_to(row.residual(*operands_of(step, computed, held), y), y.shape)
                shared = (residual == residual[:, :1]) & (y != y[:, :1])
                less = np.where(shared[:, partner], 0.0, loss)
            elif row.saturates:
                is_flat, moved = flat(s, held, position, fmt)
                less = np.where(is_flat & (y == y[:, :1]), np.fmin(loss, moved), loss)
            losses.append(np.concatenate([loss[:, :1], less[:, 1:]], axis=1))
    return replace(s, losses=losses)


def independent(s: Sweep) -> tuple[Array, Array]:
    """Rounding of J at every point: root of the sum of squares if the steps' errors are independent and
    uniform, and the sum of their largest values; shapes (P, M)."""
    rms = np.zeros(s.values[-1].shape)
    worst = np.zeros(s.values[-1].shape)
    with np.errstate(all="ignore"):
        for adjoint, loss in zip(s.adjoints, s.losses, strict=True):
            t = np.where(loss == 0, 0.0, np.abs(adjoint) * loss)
            rms = np.hypot(rms, t)  # squares would underflow below 1e-154
            worst += t
    return THIRD * rms, worst


def known(plan: Plan, held: Array, computed: list[Array], s: Sweep) -> tuple[Array, Array]:
    """Rounding of J that is known exactly: the sum of adjoint times residual over the ops whose lost part
    can be computed, and the root of the sum of squares over the others; shapes (P, M).

    Parameters
    ----------
    computed : list of arrays
        The replay in the run's format, as float64: residuals are those of these numbers.
    s : Sweep
        Where adjoints and losses are taken.
    """
    total = np.zeros(s.values[-1].shape)
    others = np.zeros(s.values[-1].shape)
    with np.errstate(all="ignore"):
        for position, step, row in plan.computed:
            loss, adjoint = s.losses[position], s.adjoints[position]
            if row.half_ulps == 0:
                continue
            seen: Any = False
            if row.residual is not None:
                residual = row.residual(*operands_of(step, computed, held), computed[position])
                seen = np.isfinite(residual)
                counts = seen & (residual != 0) & step.depends & ~step.starts
                total += np.where(counts, adjoint * residual, 0.0)
            t = np.where(seen | (loss == 0), 0.0, adjoint * loss)
            others = np.hypot(others, t)
    return total, THIRD * others


def forward_error(s: Sweep) -> tuple[list[Array], list[Array]]:
    """How far each step's value can be from the exact one, starting exactly at the nudged node: worst
    case, and as a standard deviation."""
    worst: list[Array] = []
    sigma: list[Array] = []
    with np.errstate(all="ignore"):
        for position, step in enumerate(s.plan.steps):
            carried_worst = np.zeros(s.values[position].shape)
            carried_sigma = np.zeros(s.values[position].shape)
            for w, p in zip(step.where, s.partials[position], strict=False):
                if w >= 0 and p is not None:
                    carried_worst += _times(np.abs(p), worst[w])
                    carried_sigma += _times(np.abs(p), sigma[w])
            loss = s.losses[position]
            worst.append(np.where(step.starts, 0.0, carried_worst + loss))
            sigma.append(np.where(step.starts, 0.0, np.hypot(carried_sigma, THIRD * loss)))
    return worst, sigma


def _times(p: Any, error: Array) -> Array:
    return np.where(error == 0, 0.0, p * error)


@dataclass(frozen=True)
class Erring:
    """A number with the size of its error: worst case and standard deviation."""

    value: Any
    worst: Any
    sigma: Any


def erring(term: Term, named: dict[str, Erring], fmt: Format, spread: bool = True) -> Erring:
    """A formula evaluated with running errors: what its operands' errors and its own rounding do to it; the
    standard deviation only if `spread`."""
    if term.op is None:
        return named[term.symbol] if isinstance(term.symbol, str) else Erring(term.symbol, 0.0, 0.0)
    args = [erring(a, named, fmt, spread) for a in term.args]
    values = [a.value for a in args]
    y = term.op.value(*values)
    loss = lost(term.op, fmt, values, y)
    worst, sigma = loss, np.zeros(np.shape(y)) if spread else 0.0
    for a, p in zip(args, term.op.partials(*values, y), strict=True):
        if p is not None:
            size = np.abs(p)
            worst = worst + _times(size, a.worst)
            if spread:
                sigma = sigma + _times(size, a.sigma)
    return Erring(y, worst, np.hypot(sigma, THIRD * loss) if spread else 0.0)


def adjoint_bar(s: Sweep, held: Array, fmt: Format) -> Array:
    """a: how far the adjoint of each nudged node, computed by backprop in `fmt`, can be from the exact one.

    Parameters
    ----------
    s : Sweep
        At the run's own values, shape (P, 1).

    Returns
    -------
    array, shape (P,)
        The larger of the worst case and 4 standard deviations, to first order in the errors.
    """
    worst, sigma = adjoint_errors(s, held, fmt)
    count = s.values[-1].shape[0]
    rows = [int(np.argmax([step.starts[p, 0] for step in s.plan.steps])) for p in range(count)]
    found = np.array([max(worst[r][p, 0], 4 * sigma[r][p, 0]) for p, r in enumerate(rows)])
    return np.where(np.isnan(found), np.inf, found)


def adjoint_errors(s: Sweep, held: Array, fmt: Format) -> tuple[list[Any], list[Any]]:
    """How far the adjoint of every step, computed by backprop in `fmt`, can be from the exact one: worst
    case, and as a standard deviation; shape (P, M) each."""
    value_worst, value_sigma = forward_error(s)
    shape = s.values[-1].shape
    worst: list[Any] = [np.zeros(shape) for _ in s.plan.steps]
    sigma: list[Any] = [np.zeros(shape) for _ in s.plan.steps]
    sums: list[Any] = [np.zeros(shape) for _ in s.plan.steps]
    with np.errstate(all="ignore"):
        for position in range(len(s.plan.steps) - 1, -1, -1):
            step = s.plan.steps[position]
            if step.row is None:
                continue
            numbers = [
                Erring(held[j], 0.0, 0.0) if w < 0 else Erring(s.values[w], value_worst[w], value_sigma[w])
                for j, w in zip(step.args, step.where, strict=True)
            ]
            numbers.append(Erring(s.values[position], value_worst[position], value_sigma[position]))
            named = dict(zip((*step.row.symbols, "y"), numbers, strict=True))
            adjoint = s.adjoints[position]
            for w, formula in zip(step.where, step.row.formulas, strict=True):
                if w < 0 or formula is None:
                    continue
                p = erring(formula, named, fmt)
                term = adjoint * p.value
                exact = (np.abs(p.value) == 1) | (p.value == 0) | (np.abs(adjoint) == 1)
                product = np.where(exact, 0.0, 0.5 * fmt.spacing(term))
                before = sums[w]
                sums[w] = before + term
                addition = np.where((before == 0) | (term == 0), 0.0, 0.5 * fmt.spacing(sums[w]))
                size = np.abs(p.value)
                worst[w] = worst[w] + (
                    _times(size, worst[position])
                    + _times(np.abs(adjoint), p.worst)
                    + _times(p.worst, worst[position])
                    + product
                    + addition
                )
                sigma[w] = np.hypot(
                    sigma[w] + _times(size, sigma[position]) + _times(np.abs(adjoint), p.sigma),
                    THIRD * np.hypot(product, addition),
                )
    return worst, sigma
