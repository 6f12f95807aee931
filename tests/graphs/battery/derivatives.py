"""Checks of a row's derivatives: partials, jets, the two products, the degree of polynomials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nudgegrad.formats import FORMATS, Format
from nudgegrad.graphs.graph import GraphBuilder
from nudgegrad.graphs.ops import Op
from nudgegrad.nudging.rounding import Erring, erring, lost
from nudgegrad.sweeps.backprop import backward, linearize, partials_in
from nudgegrad.sweeps.evaluate import WIDE, Plan, Step
from nudgegrad.sweeps.jets import ORDER, jet_of
from tests import figures
from tests.graphs.battery.points import (
    FEW,
    ONCE,
    SOME,
    Array,
    cast,
    each,
    moving_sets,
    off,
    off_corners,
    points,
    take,
    value_in,
)
from tests.oracles.jet_bounds import jet_bound
from tests.oracles.rows import AGREEMENT, row_taylor


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
                    doubt = abs(found) * 10.0**-AGREEMENT  # of mpmath's differences
                    error = off(found, series[1])
                    assert not error > allowed + doubt, (row.name, fmt.name, point, found, allowed)
                elif not subnormal(fmt, point):  # whose reciprocal is beyond the range
                    assert abs(series[1]) >= fmt.maximum, (row.name, fmt.name, point)


def subnormal(fmt: Format, point: Sequence[float]) -> bool:
    """Whether one of the arguments has less than full precision."""
    return any(0 < abs(a) < fmt.smallest_normal for a in point)


def partial_bars(row: Op, fmt: Format, args: Sequence[Any], y: Array) -> list[Any]:
    """How far each partial can be off: the running error of its formula, y being rounded already."""
    numbers = [Erring(a, 0.0, 0.0) for a in args] + [Erring(y, lost(row, fmt, args, y), 0.0)]
    named = dict(zip((*row.symbols, "y"), numbers, strict=True))
    return [None if f is None else erring(f, named, fmt).worst for f in row.formulas]


def check_jets(row: Op) -> None:
    """Nine coefficients along each argument are right up to the running error of the recursion, and at
    ordinary sizes the first six as exact as the prototype's."""
    for octaves in (3.0, 15.0):
        args = off_corners(row, points(row, WIDE, FEW, 4, octaves))
        count = max(np.size(a) for a in args)
        exact = [row_taylor(row.name, point, ORDER) for point in each(args)]
        for k in [k for k, f in enumerate(row.formulas) if f is not None]:
            moving = [i == k for i in range(row.arity)]
            lines = [line(a, m, count) for a, m in zip(args, moving, strict=True)]
            found = jet_of(row, lines, moving, ORDER)
            lines = [exactly(a, m) for a, m in zip(args, moving, strict=True)]
            bounds = jet_bound(row, lines, moving, ORDER)[1]
            for i, series in enumerate(s[k] for s in exact):
                if series is not None:
                    where = (row.name, k, take(args, i))
                    errors = list(map(off, found[:, i].tolist(), series))
                    compare(errors, bounds[:, i].tolist(), where)
                    if octaves <= 3:
                        scale = max(map(abs, series[: figures.JET_COEFFICIENTS]))
                        most = [figures.JET_ERROR * float(scale)] * figures.JET_COEFFICIENTS
                        compare(errors[: figures.JET_COEFFICIENTS], most, where)


def compare(errors: Sequence[float], allowed: Sequence[float], where: object) -> None:
    """No error is above what is allowed; an error without a number is above everything finite."""
    for k, (error, most) in enumerate(zip(errors, allowed, strict=True)):
        assert error <= most or not most < np.inf, (where, k, error, most)


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
