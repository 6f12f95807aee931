"""The battery: what every row of the op table must keep, each check a function of one row.

The checks know no op by name. Points are drawn from what the row says of itself (arity, domain), truth
comes from `tests.oracles.rows`, and the errors that are allowed from the row's own claim, followed through
its formulas: a new row is tested by being in the table.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy as np
import numpy.typing as npt

from nudgegrad.formats import FORMATS, Format
from nudgegrad.graphs.graph import GraphBuilder
from nudgegrad.graphs.ops import ATOM, FUNCTIONS, OPS, Op, Term
from nudgegrad.graphs.program import parse
from nudgegrad.nudging.caps import MARGIN
from nudgegrad.nudging.optimal import truncation
from nudgegrad.nudging.rounding import Erring, erring, lost
from nudgegrad.nudging.stencils import ROWS as STENCILS
from nudgegrad.sweeps.backprop import backward, linearize, partials_in
from nudgegrad.sweeps.evaluate import WIDE, Plan, Step
from nudgegrad.sweeps.jets import ORDER, jet_of
from tests import figures
from tests.oracles.jet_bounds import jet_bound
from tests.oracles.rows import row_taylor, row_value

Array = npt.NDArray[np.float64]

CLAIM_POINTS = 10_000  # points per row and format at which the rounding claim is tried
SOME = 200  # points at which a check asks for no more than arithmetic,
ONCE = 80  # at which mpmath differentiates once,
FEW = 16  # or takes nine coefficients
DIGITS = 60  # of mpmath's values, to which it is asked for more
EXACT_DIGITS = 1400  # enough for the sum of any two float64


# Points


def magnitudes(fmt: Format, random: np.random.Generator, count: int, octaves: float) -> Array:
    """Numbers of a format: log-uniform over these octaves, whole or half ones, and some beside 1."""
    kind = random.integers(0, 8, count)
    lowest, highest = max(-octaves, fmt.low - fmt.precision), min(octaves, fmt.high - 0.01)
    x = np.exp2(random.uniform(lowest, highest, count))
    x = np.where(kind == 0, random.integers(0, 17, count) / 2, x)
    x = np.where(kind == 1, 1 + np.exp2(random.uniform(-fmt.precision, 0, count)), x)
    x = np.where(kind == 2, 1 - np.exp2(random.uniform(-fmt.precision, -1, count)), x)
    return fmt.round(x * random.choice([-1.0, 1.0], count))


def draw(row: Op, fmt: Format, random: np.random.Generator, count: int, octaves: float) -> list[Any]:
    """Arguments of a row, wherever they are."""
    return [magnitudes(fmt, random, count, octaves) for _ in row.symbols]


def whole_order(row: Op, args: list[Any], random: np.random.Generator) -> list[Any]:
    """The arguments with one number for the order `k` of a derivative, which cannot differ by point."""
    order = float(random.integers(1, ORDER + 1))
    return [order if s == "k" else a for s, a in zip(row.symbols, args, strict=True)]


def take(args: Sequence[Any], index: Any) -> list[Any]:
    """Some of the points."""
    return [a[index] if np.ndim(a) else a for a in args]


def points(row: Op, fmt: Format, count: int, seed: int, octaves: float = 2000.0) -> list[Any]:
    """Arguments inside the domain at which the row has a finite value: small ones and those all over the
    range, half and half; fewer than `count` only where the format has no more."""
    random = np.random.default_rng(seed)
    kept: list[list[Any]] = []
    found = 0
    for attempt in range(200):
        args = draw(row, fmt, random, count, (min(6.0, octaves), octaves)[attempt % 2])
        args = whole_order(row, args, np.random.default_rng(seed))
        inside = np.isfinite(value_in(row, fmt, args))
        if row.domain is not None:
            inside &= row.domain(*args) > 0
        kept.append(take(args, np.flatnonzero(inside)[: max(1, count // 2)]))
        found += len(kept[-1][0])
        if found >= count:
            break
    assert found, f"{row.name} has no value anywhere"
    return [
        np.concatenate([part[i] for part in kept])[:count] if np.ndim(kept[0][i]) else kept[0][i]
        for i in range(row.arity)
    ]


def value_in(row: Op, fmt: Format, args: Sequence[Any]) -> Array:
    """The value as the row computes it in a format, as float64."""
    y = row.value(*(fmt.cast(a) if np.ndim(a) else a for a in args))
    return np.asarray(fmt.finish(y), dtype=np.float64)


def each(args: Sequence[Any]) -> list[tuple[float, ...]]:
    """The points one by one, as floats."""
    return [tuple(float(a) for a in point) for point in zip(*np.broadcast_arrays(*args), strict=True)]


def moving_sets(row: Op) -> list[tuple[bool, ...]]:
    """Which arguments can move together: every choice of those that have a partial."""
    can = [f is not None for f in row.formulas]
    sets = itertools.product(*((False, True) if c else (False,) for c in can))
    return [s for s in sets if any(s)]


def exact_value(row: Op, args: Sequence[float], digits: int = DIGITS) -> Any:
    """The value by mpmath; nan outside the domain, inf at a pole."""
    if len(args) > 1:  # 1e40 - 1 is not 1e40
        digits += max(0, *(math.frexp(a)[1] // 3 for a in args))
    try:
        found = row_value(row.name, args, digits)
    except ValueError:
        return mpmath.nan
    except ZeroDivisionError:
        return mpmath.inf
    return mpmath.nan if isinstance(found, mpmath.mpc) else found


def off(found: float, exact: Any) -> float:
    """abs(found - exact), rounded once."""
    with mpmath.workdps(EXACT_DIGITS):
        return float(abs(mpmath.mpf(found) - exact))


# Checks


def check_value_and_claim(row: Op) -> None:
    """The value is right, and off by at most the rounding claim, in every format."""
    batches = ORDER if "k" in row.symbols else 1
    for batch in range(batches):
        for fmt in FORMATS.values():
            args = points(row, fmt, CLAIM_POINTS // batches, 100 + batch)
            if fmt is WIDE:
                check_claim(row, args)
            else:
                check_narrow_claim(row, fmt, args)
    for fmt in FORMATS.values():
        if row.arity == 1 and fmt.precision < 24:
            check_narrow_claim(row, fmt, [every_number(fmt)])


def check_claim(row: Op, args: list[Any]) -> None:
    """The claim in float64, against mpmath."""
    y, claim = value_in(row, WIDE, args), row.claim(WIDE)
    for point, found, gap in zip(each(args), y.tolist(), WIDE.spacing(y).tolist(), strict=True):
        exact = exact_value(row, point)
        assert 2 * abs(found - exact) <= claim * mpmath.mpf(gap), (row.name, point, found)


def check_narrow_claim(row: Op, fmt: Format, args: list[Any]) -> None:
    """The claim in a narrow format, against float64, whose own claim is known to hold."""
    y, wide = value_in(row, fmt, args), value_in(row, WIDE, args)
    there = np.isfinite(y) & np.isfinite(wide)
    doubt = 0.5 * row.claim(WIDE) * WIDE.spacing(wide)
    error = np.abs(y - wide) - doubt
    bad = there & ~(error <= 0.5 * row.claim(fmt) * fmt.spacing(y))
    assert not bad.any(), (row.name, fmt.name, take(args, np.flatnonzero(bad)[:3]))


def every_number(fmt: Format) -> Array:
    """All numbers of a format of 16 bits."""
    positive = np.ldexp(1.0, fmt.low - fmt.precision) * np.arange(2 ** (fmt.precision - 1))
    binades = [
        np.ldexp(np.arange(2 ** (fmt.precision - 1), 2**fmt.precision, dtype=float), e - fmt.precision)
        for e in range(fmt.low, fmt.high + 1)
    ]
    positive = np.concatenate([positive, *binades])
    assert np.array_equal(fmt.round(positive), positive)
    return np.concatenate([positive, -positive])


def check_partials(row: Op) -> None:
    """Each partial, computed in each format, is the derivative up to the running error of its formula."""
    for fmt in FORMATS.values():
        octaves = fmt.precision / 2  # running errors are first-order: x**z with rounded z must be tame
        args = off_corners(row, points(row, fmt, ONCE, 3, octaves))
        y = value_in(row, fmt, args)
        computed = partials_in(fmt, row, [cast(fmt, a) for a in args], cast(fmt, y))
        bars = partial_bars(row, fmt, args, y)
        for bar in bars:
            assert bar is None or np.isfinite(bar).mean() > 0.5, (row.name, fmt.name, "hardly ever a bar")
        for i, point in enumerate(each(args)):
            exact = row_taylor(row.name, point, 1)
            for p, bar, series in zip(computed, bars, exact, strict=True):
                if p is None:
                    assert bar is None
                    continue
                found, allowed = (
                    float(np.broadcast_to(p, y.shape)[i]),
                    float(np.broadcast_to(bar, y.shape)[i]),
                )
                if series is None:
                    assert not np.isfinite(found), (row.name, fmt.name, point, found)
                elif np.isfinite(found):
                    assert not off(found, series[1]) > allowed, (row.name, fmt.name, point, found, allowed)
                elif not subnormal(fmt, point):  # whose reciprocal is beyond the range
                    assert abs(series[1]) >= fmt.maximum, (row.name, fmt.name, point)


def subnormal(fmt: Format, point: Sequence[float]) -> bool:
    """Whether one of the arguments has less than full precision."""
    return any(0 < abs(a) < fmt.smallest_normal for a in point)


def cast(fmt: Format, a: Any) -> Any:
    """An argument in the type in which the format computes; a fixed number stays one."""
    return fmt.cast(a) if np.ndim(a) else a


def partial_bars(row: Op, fmt: Format, args: Sequence[Any], y: Array) -> list[Any]:
    """How far each partial can be off: the running error of its formula, y being rounded already."""
    numbers = [Erring(a, 0.0, 0.0) for a in args] + [Erring(y, lost(row, fmt, args, y), 0.0)]
    named = dict(zip((*row.symbols, "y"), numbers, strict=True))
    return [None if f is None else erring(f, named, fmt).worst for f in row.formulas]


def off_corners(row: Op, args: list[Any]) -> list[Any]:
    """The points that do not stand on a corner."""
    return args if row.kink is None else take(args, np.flatnonzero(row.kink(*args) != 0))


def check_jets(row: Op) -> None:
    """Nine coefficients along each argument are right up to the running error of the recursion, and the
    first six as exact as the prototype's."""
    args = off_corners(row, points(row, WIDE, FEW, 4, octaves=3.0))
    count = max(np.size(a) for a in args)
    for k in [k for k, f in enumerate(row.formulas) if f is not None]:
        moving = [i == k for i in range(row.arity)]
        found = jet_of(row, [line(a, m, count) for a, m in zip(args, moving, strict=True)], moving, ORDER)
        _, bounds = jet_bound(
            row, [exactly(a, m) for a, m in zip(args, moving, strict=True)], moving, ORDER
        )
        for i, point in enumerate(each(args)):
            exact = row_taylor(row.name, point, ORDER)[k]
            if exact is None:
                continue
            errors = [off(c, e) for c, e in zip(found[:, i].tolist(), exact, strict=True)]
            allowed = bounds[:, i].tolist()
            assert all(e <= a for e, a in zip(errors, allowed, strict=True)), (
                row.name,
                k,
                point,
                errors,
                allowed,
            )
            scale = max(abs(c) for c in exact[: figures.JET_COEFFICIENTS])
            assert max(errors[: figures.JET_COEFFICIENTS]) <= figures.JET_ERROR * scale, (
                row.name,
                k,
                point,
            )


def line(a: Any, moves: bool, count: int) -> Any:
    """The series a + t of an argument that moves, else its value."""
    if not moves:
        return a
    series = np.zeros((ORDER + 1, count))
    series[0], series[1] = a, 1.0
    return series


def exactly(a: Any, moves: bool) -> Any:
    """The same with error bounds, which are 0."""
    series = np.zeros((ORDER + 1, *np.shape(a)))
    series[0], series[1] = a, float(moves)
    return series, np.zeros_like(series)


def check_products(row: Op) -> None:
    """<g, J d> = <J' g, d> bit for bit: forward through the jets, backward through the sweep."""
    args = points(row, WIDE, SOME, 5, octaves=40.0)
    count = max(np.size(a) for a in args)
    random = np.random.default_rng(6)
    directions = random.uniform(-2, 2, (row.arity, count))
    for moving in moving_sets(row):
        series = [line(a, m, count) for a, m in zip(args, moving, strict=True)]
        for s, d, m in zip(series, directions, moving, strict=True):
            if m:
                s[1] = d
        forward = jet_of(row, series, moving, 1)[1]
        plan, found = alone(row, args, moving)
        shape = found[-1].shape
        adjoints = backward(plan, linearize(plan, args, found), shape)  # type: ignore[arg-type]  # a list of rows
        total = np.zeros(shape)
        for step, adjoint in zip(plan.steps[:-1], adjoints, strict=False):
            total = total + adjoint * directions[step.node]
        assert np.array_equal(total[0], forward, equal_nan=True), (row.name, moving)


def alone(row: Op, args: Sequence[Any], moving: Sequence[bool]) -> tuple[Plan, list[Array]]:
    """A plan of one row, whose moving arguments are nudged, and its values, shape (1, M)."""
    yes, no = np.ones((1, 1), dtype=bool), np.zeros((1, 1), dtype=bool)
    nodes = tuple(i for i, m in enumerate(moving) if m)
    steps = [Step(i, None, (), (), yes, yes) for i in nodes]
    where = tuple(nodes.index(i) if m else -1 for i, m in enumerate(moving))
    steps.append(Step(row.arity, row, tuple(range(row.arity)), where, yes, no))
    found = [np.asarray(args[i], dtype=np.float64)[None] for i in nodes]
    found.append(np.atleast_2d(value_in(row, WIDE, args)))
    return Plan(GraphBuilder(), nodes, tuple(steps)), found  # type: ignore[arg-type]  # of no graph


def special(row: Op, fmt: Format, seed: int) -> list[Any]:
    """Arguments at which results are often exact: powers of two, small whole numbers, subnormals."""
    random = np.random.default_rng(seed)

    def some() -> Array:
        powers = np.exp2(random.integers(fmt.low - fmt.precision, fmt.high, SOME))
        whole = random.integers(-9, 10, SOME) * 1.0
        tiny = random.integers(-9, 10, SOME) * fmt.smallest
        kind = random.integers(0, 4, SOME)
        return fmt.round(np.choose(kind, [powers, whole, tiny, magnitudes(fmt, random, SOME, 20.0)]))

    return [some() for _ in range(row.arity)]


def check_exact(row: Op) -> None:
    """Where the row says that a result needs no rounding, it is the exact one."""
    if row.exact is None:
        return
    for fmt in FORMATS.values():
        for args in (special(row, fmt, 7), points(row, fmt, SOME, 8)):
            y = value_in(row, fmt, args)
            says = row.exact(fmt, *args, y) & np.isfinite(y)
            for i in np.flatnonzero(says):
                point, exact = each(take(args, [i]))[0], None
                exact = exact_value(row, point, EXACT_DIGITS)
                slack = abs(exact) * mpmath.mpf(10) ** -EXACT_DIGITS  # quotients are no finite decimals
                assert off(float(y[i]), exact) <= slack, (row.name, fmt.name, point)


def check_residual(row: Op) -> None:
    """What the row says an op lost is computed minus exact, to first order; it knows at ordinary sizes."""
    if row.residual is None:
        return
    for fmt in FORMATS.values():
        known = 0
        for args in (
            points(row, fmt, SOME, 9, octaves=40.0),
            points(row, fmt, SOME, 10),
            special(row, fmt, 11),
        ):
            y = value_in(row, fmt, args)
            residual = np.where(np.isfinite(y), row.residual(*args, y), np.nan)
            for i in np.flatnonzero(np.isfinite(residual)):
                point, computed = each(take(args, [i]))[0], float(y[i])
                exact = exact_value(row, point, EXACT_DIGITS)
                with mpmath.workdps(EXACT_DIGITS):
                    true = mpmath.mpf(computed) - exact
                    second_order = true * true / abs(exact) if exact else 0
                    doubled = WIDE.u * (abs(true) + WIDE.u * abs(computed))  # in twice the precision
                    allowed = figures.RESIDUAL_OPERATIONS * doubled + second_order
                    allowed += figures.RESIDUAL_OPERATIONS * WIDE.smallest
                    assert abs(float(residual[i]) - true) <= allowed, (row.name, fmt.name, point)
                known += bool(true)
        assert known, (row.name, fmt.name, "no residual is ever known")


def check_domain(row: Op) -> None:
    """Inside the domain the value and its argument's partial exist, outside not."""
    random = np.random.default_rng(12)
    everywhere = [draw(row, WIDE, random, SOME, octaves) for octaves in (3.0, 6.0, 64.0)]
    near = draw(row, WIDE, random, SOME, 6.0)
    near[row.edge] = magnitudes(WIDE, random, SOME, 2000.0)
    for args in (whole_order(row, drawn, random) for drawn in (*everywhere, near)):
        y = value_in(row, WIDE, args)
        found = row.partials(*args, y)[row.edge]
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
    """Whether the row is defined on one side of the point only."""
    beside = [[*point[: row.edge], x, *point[row.edge + 1 :]] for x in (WIDE.smallest, -WIDE.smallest)]
    return point[row.edge] == 0 and any(mpmath.isnan(exact_value(row, p)) for p in beside)


def too_large(row: Op, point: Sequence[float]) -> bool:
    """Whether the value, or the partial that the domain is about, is beyond the range of float64."""
    exact = exact_value(row, point)
    if abs(exact) > WIDE.maximum:
        return True
    if mpmath.isnan(exact):
        return False
    series = row_taylor(row.name, point, 1)[row.edge]
    return series is not None and abs(series[1]) > WIDE.maximum


def check_kink(row: Op) -> None:
    """Value and partials jump where the row says that it has a corner, and nowhere else."""
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
        if row.kink is not None:  # a point on the corner belongs to either side
            outward = np.where(right[k] > left[k], np.inf, -np.inf)
            left[k] = np.where(row.kink(*left) == 0, np.nextafter(left[k], -outward), left[k])
            right[k] = np.where(row.kink(*right) == 0, np.nextafter(right[k], outward), right[k])
        jumps = change(row, left, right) > smooth(row, left, right, k)
        says = np.zeros(jumps.shape, dtype=bool)
        if row.kink is not None:
            says = np.sign(row.kink(*left)) != np.sign(row.kink(*right))
            assert says.any(), (row.name, "the corner is never met")
        assert np.array_equal(jumps, says), (row.name, k, take(left, np.flatnonzero(jumps != says)[:3]))


def segments(row: Op, k: int) -> tuple[list[Any], list[Any]]:
    """Pairs of points that differ in argument `k` only and have no edge of the domain between them."""
    left = points(row, WIDE, SOME, 13, octaves=3.0)
    right = list(left)
    random = np.random.default_rng(14)
    right[k] = left[k] + random.uniform(-8, 8, left[k].shape)
    inside = np.isfinite(value_in(row, WIDE, right))
    if row.domain is not None:
        inside &= row.domain(*right) > 0
        inside &= np.sign(left[row.edge]) == np.sign(right[row.edge])
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
    allowed = np.zeros(np.shape(left[k]))
    for args in (left, right):
        y = value_in(row, WIDE, args)
        for f, bar in zip(row.formulas, partial_bars(row, WIDE, args, y), strict=True):
            if f is None:
                continue
            steps = np.zeros((2, *y.shape))
            steps[0], steps[1] = args[k], np.abs(right[k] - left[k])
            slope = slope_of(f, row, args, y, k)
            allowed = np.fmax(allowed, np.nan_to_num(bar) * 2 + np.abs(slope * steps[1]) * 2)
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
        h = farthest(row, args, k)
        for stencil in STENCILS:
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
                slack = (2 * ORDER) * WIDE.u * claimed[i]  # of the sum that is T
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
            if row.domain is not None and row.edge == k:
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
        return abs(sum(terms) - series[1]) - doubt


def check_degree(row: Op) -> None:
    """A polynomial degree is claimed only where all higher coefficients are exactly 0."""
    if row.degree is None:
        return
    args = off_corners(row, points(row, WIDE, SOME, 16, octaves=3.0))
    count = max(np.size(a) for a in args)
    random = np.random.default_rng(17)
    for moving in moving_sets(row):
        for inner in (1, 2):
            series = [line(a, m, count) for a, m in zip(args, moving, strict=True)]
            for s, m in zip(series, moving, strict=True):
                if m:
                    s[1 : inner + 1] = random.uniform(-2, 2, (inner, count))
            degrees = [np.full(count, float(inner if m else 0)) for m in moving]
            degree = np.broadcast_to(row.degree_of(degrees, args), (count,))
            assert (degree >= 0).all()
            jet = jet_of(row, series, moving, ORDER)
            for d in np.unique(degree[degree < ORDER]):
                higher = jet[int(d) + 1 :, degree == d]
                assert not higher.any(), (row.name, moving, inner, d)


def check_notation(row: Op) -> None:
    """The row's text is program text for the same op, its LaTeX is balanced, and so are its formulas'."""
    names = [(s if f is not None else "3", ATOM) for s, f in zip(row.symbols, row.formulas, strict=True)]
    assert_latex(row.spell(names, "latex")[0])
    for f in row.formulas:
        if f is not None:
            assert_latex(spelled(f, "latex"))
            assert spelled(f, "text").strip()
    assert row.domain is None or row.domain_text
    if row.internal:
        return
    operands = [names]
    if row.parsed or row.arity > 1:  # the op behind J = x says nothing
        inner = [
            ("x + z", "+"),
            ("x - z", "-"),
            ("x * z", "*"),
            ("-z", "neg"),
            ("x ** z", "**z"),
            ("x / z", "/"),
        ]
        for k, (text, name) in itertools.product(range(row.arity), inner):
            if row.formulas[k] is not None:
                operands.append([*names[:k], (text, OPS[name].binds), *names[k + 1 :]])
    for spelling in operands:
        text, _ = row.spell(spelling)
        graph = parse(f"J = {text}")
        assert graph.spelled(graph.output)[0] == text, (row.name, text)
        top = graph.op(graph.output)
        assert top is not None
        assert top.name == row.name, (row.name, text)
    if row.name in FUNCTIONS:
        assert FUNCTIONS[row.name] is OPS[row.name]


def assert_latex(text: str) -> None:
    """Braces and brackets of a formula are balanced, and no argument is missing."""
    assert text.strip()
    depth = 0
    for sign in text:
        depth += (sign == "{") - (sign == "}")
        assert depth >= 0, text
    assert depth == 0, text
    assert text.count(r"\left") == text.count(r"\right"), text


def spelled(term: Term, style: str) -> str:
    """A formula written out by its rows."""
    return _spelled(term, style)[0]


def _spelled(term: Term, style: str) -> tuple[str, int]:
    if term.op is None:
        return (term.symbol if isinstance(term.symbol, str) else f"{term.symbol:g}"), ATOM
    return term.op.spell([_spelled(a, style) for a in term.args], style)


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
