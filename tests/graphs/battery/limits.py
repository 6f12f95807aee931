"""Checks of what bounds a nudge: where a row exists, where it has a corner, how far its series reaches."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import mpmath
import numpy as np

from nudgegrad.graphs.ops import Op, Term
from nudgegrad.nudging.caps import MARGIN
from nudgegrad.nudging.optimal import truncation
from nudgegrad.nudging.stencils import ROWS as STENCILS
from nudgegrad.sweeps.evaluate import WIDE
from nudgegrad.sweeps.jets import ORDER
from tests.graphs.battery.derivatives import exactly, partial_bars
from tests.graphs.battery.points import (
    DIGITS,
    FEW,
    SOME,
    Array,
    draw,
    each,
    exact_value,
    magnitudes,
    off_corners,
    points,
    take,
    value_in,
    whole_order,
)
from tests.oracles.jet_bounds import jet_bound
from tests.oracles.rows import row_taylor


def check_domain(row: Op) -> None:
    """Inside the domain the value and its argument's partial exist, outside not."""
    random = np.random.default_rng(12)
    everywhere = [draw(row, WIDE, random, SOME, octaves) for octaves in (3.0, 6.0, 64.0)]
    near = draw(row, WIDE, random, SOME, 6.0)
    edge = row.edges[0]
    near[edge] = magnitudes(WIDE, random, SOME, 2000.0)
    for args in (whole_order(row, drawn, random) for drawn in (*everywhere, near)):
        y = value_in(row, WIDE, args)
        found = row.partials(*args, y)[edge]
        assert found is not None, (row.name, "the domain is about an argument that cannot move")
        partial = np.broadcast_to(np.asarray(found, dtype=np.float64), y.shape)
        margin = np.broadcast_to(math.inf if row.domain is None else row.domain(*args), y.shape)
        for i, point in enumerate(each(args)):
            there = np.isfinite(y[i]) and np.isfinite(partial[i])
            if not margin[i] > 0:
                assert not there or ends_here(row, point), (row.name, point, "exists outside the domain")
            elif not there:
                assert too_large(row, point), (row.name, point, "does not exist inside the domain")


def ends_here(row: Op, point: Sequence[float]) -> bool:
    """Whether the row is defined on one side of the point only, or jumps there."""
    edge = row.edges[0]
    beside = [float(np.nextafter(point[edge], far)) for far in (-np.inf, np.inf)]
    left, right = (exact_value(row, [*point[:edge], x, *point[edge + 1 :]]) for x in beside)
    return bool(mpmath.isnan(left + right) or abs(right - left) > abs(exact_value(row, point)))


def too_large(row: Op, point: Sequence[float]) -> bool:
    """Whether the value, or the partial that the domain is about, is beyond the range of float64."""
    exact = exact_value(row, point)
    if abs(exact) > WIDE.maximum:
        return True
    if mpmath.isnan(exact):
        return False
    series = row_taylor(row.name, point, 1)[row.edges[0]]
    return series is not None and abs(series[1]) > WIDE.maximum


def check_kink(row: Op) -> None:
    """Value and partials jump where the row says that it has a corner, and nowhere else."""
    met = False
    for k in [k for k, f in enumerate(row.formulas) if f is not None]:
        left, right = segments(row, k)
        for _ in range(1100):  # bisection for whichever half changes more, down to neighbours
            middle = [
                (a + b) / 2 if i == k else a for i, (a, b) in enumerate(zip(left, right, strict=True))
            ]
            done = (middle[k] == left[k]) | (middle[k] == right[k])
            if done.all():
                break
            first = change(row, left, middle) >= change(row, middle, right)
            if row.kink is not None:
                corner = np.sign(row.kink(*left)) != np.sign(row.kink(*right))
                first = np.where(corner, np.sign(row.kink(*left)) != np.sign(row.kink(*middle)), first)
            left[k] = np.where(done | first, left[k], middle[k])
            right[k] = np.where(done | ~first, right[k], middle[k])
        pairs = [(left, right)]
        if row.kink is not None:  # a point on the corner belongs to either side, or to itself alone
            on = list(left)
            on[k] = np.where(row.kink(*left) == 0, left[k], right[k])
            pairs += [(left, on), (on, right)]
            outward = np.where(right[k] > left[k], np.inf, -np.inf)
            left[k] = np.where(row.kink(*left) == 0, np.nextafter(left[k], -outward), left[k])
            right[k] = np.where(row.kink(*right) == 0, np.nextafter(right[k], outward), right[k])
        jumps = np.logical_or.reduce([change(row, a, b) > smooth(row, a, b, k) for a, b in pairs])
        says = np.zeros(jumps.shape, dtype=bool)
        if row.kink is not None:
            says = np.sign(row.kink(*left)) != np.sign(row.kink(*right))
            met |= bool(says.any())
        assert np.array_equal(jumps, says), (row.name, k, take(left, np.flatnonzero(jumps != says)[:3]))
    assert met or row.kink is None, (row.name, "the corner is never met")


def segments(row: Op, k: int) -> tuple[list[Any], list[Any]]:
    """Pairs of points that differ in argument `k` only and have no edge of the domain between them."""
    left = points(row, WIDE, SOME, 13, octaves=3.0)
    right = list(left)
    random = np.random.default_rng(14)
    right[k] = left[k] + random.uniform(-8, 8, left[k].shape)
    inside = np.isfinite(value_in(row, WIDE, right))
    if row.domain is not None and k in row.edges:
        inside &= np.abs(right[k] - left[k]) < row.domain(*left)
    return take(left, inside), take(right, inside)


def change(row: Op, left: Sequence[Any], right: Sequence[Any]) -> Array:
    """The largest change of the partials between two points; of the value where the partials are fixed."""
    pairs = zip(all_of(row, left), all_of(row, right), strict=True)
    return np.asarray(np.max([np.abs(a - b) for a, b in pairs], axis=0))


def all_of(row: Op, args: Sequence[Any]) -> list[Any]:
    """Partials, then the value if it cannot move by them: a step."""
    y = value_in(row, WIDE, args)
    partials = [np.broadcast_to(p, y.shape) for p in row.partials(*args, y) if p is not None]
    return [np.nan_to_num(p) for p in partials] + ([y] if not any(p.any() for p in partials) else [])


def smooth(row: Op, left: Sequence[Any], right: Sequence[Any], k: int) -> Array:
    """How much the partials may change between neighbours: their slopes, and their rounding."""
    width = np.abs(right[k] - left[k])
    allowed = np.zeros(width.shape)
    for args in (left, right):
        y = value_in(row, WIDE, args)
        for f, bar in zip(row.formulas, partial_bars(row, WIDE, args, y), strict=True):
            if f is not None:
                slope = np.abs(slope_of(f, row, args, y, k))
                allowed = np.fmax(allowed, 2 * (np.nan_to_num(bar) + slope * width))  # twice: two ends
    return allowed


def slope_of(f: Term, row: Op, args: Sequence[Any], y: Array, k: int) -> Any:
    """The derivative of a formula by argument `k`, by the chain rule through its terms."""
    named = dict(zip((*row.symbols, "y"), (*args, y), strict=True))
    by_k = row.partials(*args, y)[k]
    moves: dict[Any, Any] = {row.symbols[k]: 1.0, "y": by_k}

    def walk(t: Term) -> tuple[Any, Any]:
        if t.op is None:
            if isinstance(t.symbol, str):
                return named[t.symbol], moves.get(t.symbol, 0.0)
            return t.symbol, 0.0
        parts = [walk(a) for a in t.args]
        value = t.op.value(*(v for v, _ in parts))
        partials = t.op.partials(*(v for v, _ in parts), value)
        slopes = zip(partials, (d for _, d in parts), strict=True)
        return value, sum(p * d for p, d in slopes if p is not None and np.any(d))

    return walk(f)[1]


def check_reach(row: Op) -> None:
    """Moved as far as the caps allow, a difference is off by the claimed truncation at most."""
    if row.internal:
        return  # only program nodes are nudged
    args = off_corners(row, points(row, WIDE, FEW, 15, octaves=6.0))
    count = max(np.size(a) for a in args)
    for k in [k for k, f in enumerate(row.formulas) if f is not None]:
        moving = [i == k for i in range(row.arity)]
        v = args[k]
        scale = np.where(v == 0, 1.0, np.ldexp(0.5, np.frexp(v)[1]))
        series = [exactly(a, m) for a, m in zip(args, moving, strict=True)]
        series[k][0][1] = scale
        c, errors = jet_bound(row, series, moving, ORDER)
        degree = np.broadcast_to(row.degree_of([np.float64(m) for m in moving], args), (count,))
        widest = farthest(row, args, k)
        for stencil in STENCILS:
            h = widest / np.max(np.abs(stencil.offsets))
            x = np.stack([v + o * h for o in stencil.offsets], axis=-1)[:, None, :]
            claimed = truncation(
                stand_in(
                    stencil=stencil,
                    v=v[:, None],
                    scale=scale,
                    coefficients=np.abs(c) + errors,
                    degree=degree,
                ),
                x,
            )[:, 0]
            for i, point in enumerate(each(args)):
                if not np.isfinite(claimed[i]) or not h[i] > 0:
                    continue
                error = difference_error(row, point, k, x[i, 0], stencil.weights)
                slack = (2 * ORDER) * WIDE.u * claimed[i] + WIDE.smallest  # of the sum that is T
                assert error <= claimed[i] + slack, (
                    row.name,
                    stencil.title,
                    point,
                    float(error),
                    claimed[i],
                )


def stand_in(**fields: Any) -> Any:
    """The fields of a `Problem` that its truncation reads."""
    return type("Row", (), fields)


def farthest(row: Op, args: Sequence[Any], k: int) -> Array:
    """The largest nudge of argument `k` that reach, domain and kink allow on both sides."""
    sizes = np.where(args[k] == 0, 1.0, np.abs(args[k]))
    best = np.zeros(np.shape(args[k]))
    for fraction in np.exp2(np.arange(-160, 41) / 8):
        h = sizes * fraction
        allowed = np.ones(h.shape, dtype=bool)
        for side in (-1.0, 1.0):
            moved = [a + side * h if i == k else a for i, a in enumerate(args)]
            allowed &= np.isfinite(value_in(row, WIDE, moved))
            if row.reach is not None:
                allowed &= np.abs(row.phase(*moved) - row.phase(*args)) <= row.reach
            if row.domain is not None and k in row.edges:
                allowed &= h <= MARGIN * row.domain(*args)
            if row.kink is not None:
                allowed &= np.sign(row.kink(*moved)) == np.sign(row.kink(*args))
        best = np.where(allowed, np.fmax(best, h), best)
    return best


def difference_error(row: Op, point: Sequence[float], k: int, x: Array, weights: Sequence[float]) -> Any:
    """How far the exact difference quotient is from the exact derivative."""
    series = row_taylor(row.name, point, 1)[k]
    if series is None:
        return 0
    with mpmath.workdps(DIGITS):  # values are good to so many digits
        j = [exact_value(row, [*point[:k], float(a), *point[k + 1 :]]) for a in x]
        width = sum(w * mpmath.mpf(float(a)) for w, a in zip(weights, x, strict=True))
        terms = [w * y / width for w, y in zip(weights, j, strict=True)]
        doubt = sum(map(abs, terms)) * mpmath.mpf(10) ** (1 - DIGITS)
        pairs = [a + b for a, b in zip(terms[::2], terms[1::2], strict=True)]
        doubt += 4 * (len(pairs) - 1) * WIDE.u * sum(map(abs, pairs))  # the weights are floats
        return abs(sum(terms) - series[1]) - doubt
