"""Local nudges of a large graph: each op's partials by nudging its own operands, chained right to left.

What `local` does, for many nodes: of every row, all partials by one operand are estimated at once, in a few
evaluations and without a search. An op that is straight in its operand is nudged by the operand's own size;
another with six points, by a nudge that its own Taylor coefficients give. Rounding is bounded by the rows'
claims. Where two nudges disagree, or one is not allowed, the partial is estimated as in `local`.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..compiled import call
from ..formats import Array, Format
from ..graphs.graph import MOST, ROWS
from ..graphs.ops import Op
from ..loops.kinds import ENDLESS, LINEAR, OTHER, PRODUCT, UNARY
from ..sweeps import tape
from ..sweeps.evaluate import WIDE
from ..sweeps.jets import ORDER, jet_along
from ..sweeps.run import Run
from ..sweeps.schedule import Ints, of_codes, schedule
from .local import estimated
from .optimal import NOISE, QUIET, points
from .rounding import Erring, claims, erring
from .stencils import STENCILS
from .windows import Local, line, local_jets, reach, scales_of, structure

CHUNK = 16_384  # nodes whose partials are held at once
(SIX,) = STENCILS["6"]
NOTHING = np.array([0.0, 0.0, 0.0, -1.0])


@dataclass(frozen=True, eq=False)
class Everywhere:
    """The derivatives of all nodes from local nudges, shape (N,) each; nan and inf where there are none."""

    estimate: Array
    second: Array
    truncation: Array
    bar: Array
    adjoint_bar: Array  # how far the adjoint under test can be off by its own rounding


@QUIET
def everywhere(run: Run, local: Local | None = None) -> Everywhere:
    """Local nudges of all ops, chained, in a time that grows with their number; `local` may be known."""
    graph, n = run.graph, len(run.graph)
    local = local or local_jets(run, ORDER)
    moves, table = structure(graph).moves, schedule(graph).rules
    found = tuple(np.zeros(n) for _ in range(4))
    estimate, second, cut, bar = found
    estimate[graph.output] = second[graph.output] = 1.0
    straight = ((table.values == LINEAR) | (table.values == PRODUCT)) & (
        run.format is WIDE
    )  # what the loop computes in
    kinds = np.where(straight, table.values, np.uint8(OTHER))
    others = np.flatnonzero((moves != 0) & np.append(~straight, (False, False))[graph.codes])
    shared = (
        graph.codes, kinds, table.weights, graph.operands.reshape(-1), tape.still(run.value_array),
        local.scales, moves, claims(graph, run.format), WIDE.u, WIDE.smallest,
    )  # fmt: skip
    high, stop = graph.output + 1, len(others)
    while high > 0:
        some = others[max(0, stop - CHUNK) : stop]
        stop -= len(some)
        low, partials, instead = int(some[0]) if stop else 0, partials_of(run, some, local), NOTHING
        edge = MOST * (high - 1)
        while edge >= 0:
            place = MOST * int(np.searchsorted(some, edge // MOST, "right"))
            edge = call("chain", n, edge, low, *shared, place, *partials, instead, *found)
            if edge >= 0:
                node, operand = divmod(edge, MOST)
                row = ROWS[graph.codes[node]]
                instead = np.concatenate(estimated(run, row, operand, np.array([node]))[1:])
        high = low
    values_off, own = running(run)
    bar += values_off
    unknown = np.flatnonzero(~(np.isfinite(estimate) & np.isfinite(bar)))
    estimate[unknown], second[unknown], cut[unknown], bar[unknown] = np.nan, np.nan, np.inf, np.inf
    return Everywhere(estimate, second, cut, bar, own)


def partials_of(run: Run, nodes: Ints, local: Local) -> tuple[Array, Array, Array, Array]:
    """Estimates, second estimates, truncations and bars of the partials of some nodes, three for each; the
    bar is -1 where there is nothing to nudge."""
    graph, moves = run.graph, structure(run.graph).moves
    found = np.zeros((4, len(nodes), MOST))
    found[3] = -1.0
    sides, curved = [], []
    for row, at in of_codes(graph.codes[nodes]):
        operands = graph.operands[nodes[at]]
        for place, formula in enumerate(row.formulas):
            moving = moves[operands[:, place]] != 0 if formula is not None else np.zeros(len(at), bool)
            if moving.any():
                some = at[moving]
                side = Side(row, place, nodes[some], list(run.value_array[operands[moving, : row.arity]].T))
                sides.append((side, some))
                if is_straight(row, place):
                    found[:, some, place] = _straight(side, run.format)
                else:
                    curved.append((side, some))
    if curved:
        estimates = _curved([side for side, _ in curved], run, local)
        stops = np.cumsum([len(some) for _, some in curved])
        for (side, some), part in zip(curved, np.split(estimates, stops, axis=1), strict=False):
            found[:, some, side.place] = part
    if not np.isfinite(found[3]).all():
        for side, some in sides:
            bad = some[~np.isfinite(found[3, some, side.place])]
            if bad.size:
                found[:, bad, side.place] = np.array(estimated(run, side.row, side.place, nodes[bad])[1:])
    return tuple(part.reshape(-1) for part in found)  # type: ignore[return-value]  # four of them


@dataclass(frozen=True, eq=False)
class Side:
    """One operand of some nodes of one row, to be nudged.

    Parameters
    ----------
    row : Op
    place : int
        Of the operand.
    nodes : int array
    args : list of arrays
        The values of all operands.
    """

    row: Op
    place: int
    nodes: Ints
    args: list[Array]

    @property
    def x(self) -> Array:
        """The values that are nudged."""
        return self.args[self.place]

    @property
    def moved(self) -> list[bool]:
        """Which operands are."""
        return [k == self.place for k in range(self.row.arity)]


def is_straight(row: Op, place: int) -> bool:
    """Whether a row is of degree 1 in an operand, by its structure, wherever that is."""
    if row.kink is not None or row.reach is not None or (row.domain is not None and place in row.edges):
        return False
    ones = [np.ones(1)] * row.arity
    return bool(row.degree_of([np.full(1, float(k == place)) for k in range(row.arity)], ones)[0] <= 1)


def _straight(side: Side, fmt: Format) -> Array:
    """Estimates, second estimates, truncations and bars where any nudge is exact but for rounding: one of
    the size of what it is added to."""
    row, x = side.row, side.x
    size = np.abs(x)
    if row.name in ("+", "-"):
        size = np.maximum(size, np.abs(side.args[1 - side.place]))
    h = scales_of(size)
    held = [fmt.cast(a) for a in side.args]
    claim = row.claim(fmt)
    found = np.zeros((4, len(x)))
    bars = []
    for n, step in enumerate((h, 0.5 * h)):
        up, down = fmt.round(x + step), fmt.round(x - step)
        width = up - down
        high, low = (_value(row, held, side.place, p, fmt) for p in (up, down))
        found[n] = (high - low) / width
        lost = claim * (fmt.u * (np.abs(high) + np.abs(low)) + fmt.smallest) / width
        bars.append(lost + 4 * WIDE.u * np.abs(found[n]))
    agree = np.abs(found[0] - found[1]) <= bars[0] + bars[1]
    found[3] = np.where(agree, bars[0], np.inf)
    return found


def _value(row: Op, held: list[Any], place: int, points: Array, fmt: Format) -> Array:
    """A row at nudged values of one operand, in the format, as float64."""
    args = [a if a.ndim == np.ndim(points) else a[:, None, None] for a in held]
    args[place] = fmt.cast(points)
    found: Array = np.asarray(fmt.finish(row.value(*args)), dtype=np.float64)
    return found


def _series(side: Side, run: Run, local: Local, scale: Array) -> tuple[Array, Array, Array]:
    """Coefficients, degrees, and how far each op may be nudged."""
    s, (numbers, begins, _, reaches, growths, of) = structure(run.graph), local.held
    at = of[side.nodes]
    if local.along == ORDER and (s.ways[side.nodes] == UNARY).all():  # no other operand moves
        c = np.zeros((ORDER + 1, len(at)))
        c[1:] = numbers[begins[at] + np.arange(ORDER)[:, None]]
        return c, growths[at].astype(np.float64), reaches[at]
    args, moved, y = side.args, side.moved, run.value_array[side.nodes]
    along = [line(a, scale, ORDER) if m else a for a, m in zip(args, moved, strict=True)]
    degree = np.minimum(side.row.degree_of(moved, args), ENDLESS)
    return (
        jet_along(side.row, along, moved, ORDER, len(run.graph)),
        np.broadcast_to(degree, y.shape),
        reach(side.row, args, y, moved, run),
    )


def _curved(sides: list[Side], run: Run, local: Local) -> Array:
    """The same by six points, at the h where truncation and rounding balance, as far as the rows allow."""
    fmt = run.format
    nodes, x = np.concatenate([side.nodes for side in sides]), np.concatenate([side.x for side in sides])
    starts = np.cumsum([0, *(len(side.nodes) for side in sides)])
    parts = [slice(a, b) for a, b in itertools.pairwise(starts.tolist())]
    scale = scales_of(x)
    series = [_series(side, run, local, scale[part]) for side, part in zip(sides, parts, strict=True)]
    c, degree, room = (np.concatenate(one, axis=-1) for one in zip(*series, strict=True))
    claim = np.repeat([side.row.claim(fmt) for side in sides], np.diff(starts))
    noise = np.maximum(claim, 1.0) * (fmt.u * np.abs(run.value_array[nodes]) + fmt.smallest)
    weights = np.array(SIX.weights)
    t = np.fmin(np.where(degree > SIX.exact_degree, np.inf, 1.0), room / scale / max(SIX.offsets))
    for k in (7, 9):
        size = np.abs(c[k])
        if k < ORDER:  # as in its truncation
            size = size + NOISE * WIDE.u * ((k + 1) * np.abs(c[k + 1]))
        t = np.fmin(t, np.where((degree >= k) & (size > 0), (noise / size) ** (1 / k), np.inf))
    t = np.where(np.isfinite(t), t, 1.0)
    h = np.maximum(scales_of(t) * scale, fmt.spacing(x))
    at = points(x[:, None], np.stack([h, 0.5 * h], axis=1), SIX, fmt)
    cut = np.empty(2 * len(x))
    call(
        "bound_truncations", len(run.graph), ORDER, weights, SIX.tail, NOISE * WIDE.u, x, scale,
        c.reshape(-1), degree, at.reshape(-1), cut,
    )  # fmt: skip
    good = (room > 0) & (max(SIX.offsets) * h <= room) & (at[:, 0, 0] != at[:, 0, 1])
    j = np.empty(at.shape)
    for side, part in zip(sides, parts, strict=True):
        j[part] = _value(side.row, [fmt.cast(a) for a in side.args], side.place, at[part], fmt)
        if side.row.kink is not None:
            others = [a[:, None, None] if k != side.place else at[part] for k, a in enumerate(side.args)]
            here = np.sign(side.row.kink(*side.args))[:, None, None]
            good[part] &= (np.sign(side.row.kink(*others)) == here).all(axis=(1, 2))
    found = np.empty((4, len(x)))
    call(
        "compare_nudges", len(run.graph), weights, SIX.exact_degree, fmt.u, fmt.smallest,
        WIDE.u, claim, degree, at.reshape(-1), j.reshape(-1), cut, good, found.reshape(-1),
    )  # fmt: skip
    return found


@QUIET
def running(run: Run) -> tuple[Array, Array]:
    """What the rounding of values does to adjoints, and that of backprop besides; shape (N,) each."""
    graph, values, fmt, n = run.graph, tape.still(run.value_array), run.format, len(run.graph)
    s = structure(graph)
    table, live, flat = s.plan.rules, s.moves, graph.operands.reshape(-1)
    partials = np.zeros((sum(len(group.nodes) for group in s.groups), MOST))
    for group in s.groups:
        found = group.row.partials(*(values[o] for o in group.operands), values[group.nodes])
        for k, p in enumerate(found):
            if p is not None:
                partials[group.places, k] = p
    errors = np.zeros(n)
    shared = (graph.codes, table.slopes, table.partials, flat, values, live, partials.reshape(-1))
    call("value_errors", n, *shared, claims(graph, fmt), fmt.u, 0.5 * fmt.smallest, errors)
    sizes = []
    for own in dict.fromkeys((WIDE, fmt)):
        partial_errors = _partial_errors(run, errors, own)
        sums, off = np.zeros(n), np.zeros(n)
        call(
            "adjoint_errors", n, graph.output, *shared, partial_errors, errors, own.u, 0.5 * own.smallest,
            sums, off )  # fmt: skip
        off[np.flatnonzero(np.isnan(off))] = np.inf
        sizes.append(off)
    return sizes[0], sizes[-1]


def _partial_errors(run: Run, errors: Array, fmt: Format) -> Array:
    """How far the partials that rows compute can be off, three for each node; flat."""
    groups, values = structure(run.graph).groups, run.value_array
    found = np.zeros((sum(len(group.nodes) for group in groups), MOST))
    for group in groups:
        row = group.row
        numbers = [Erring(values[i], errors[i], 0.0) for i in (*group.operands, group.nodes)]
        named = dict(zip((*row.symbols, "y"), numbers, strict=True))
        for k, formula in enumerate(row.formulas):
            if formula is not None:
                found[group.places, k] = erring(formula, named, fmt, spread=False).worst
    return found.reshape(-1)
