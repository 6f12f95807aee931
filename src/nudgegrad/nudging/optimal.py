"""The optimal nudge: the h at which truncation and rounding together are smallest, and what is left.

For a node v, with everything that does not depend on v held at its computed value, the estimate is

    D(h) = sum_j w_j J(x_j) / sum_j w_j x_j,    x_j the numbers of the format nearest to v + o_j h.

Its error has two parts (c_k: Taylor coefficients of J in v; d_j = x_j - v; H = sum_j w_j x_j):

    T(h) = sum_k |c_k| |sum_j w_j d_j^k| / |H|                                      truncation
    N(h) = sqrt(sum_j w_j^2 sum_i (|A_i| halfulp(z_i) c_i)^2 / 3) / |H|             rounding

where i runs over the ops that depend on v, taken at x_j: the others make the same error at every point,
and it cancels. N is the standard deviation of independent errors, uniform within a half-ulp (times the
row's claim). h minimises T + N over the powers of two that the caps allow. The bar is

    T + max(min(4 N, worst case), 1.5 R + 4 N_o) + 4 * 2^-53 |D|

where R is the rounding that is known exactly (it sees what sums of squares cannot: equal terms,
stagnation) and N_o is N over the ops where it is not known; where J is linear in v by structure, the
middle term is R + 4 N_o, because then R is no approximation. In a format shorter than float64 J is replayed
in float64 at the same points, which shows what D(h) lost, E: there the middle term is at most 1.5 E + what
float64 itself can lose, 16 * 2^-53 / u of the format's worst case. N leaves out what an op loses alike at
every point (`apart_from_base`); T holds besides what the series does not explain (`unexplained`). D(h) is
then compared with D(h/2).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ..formats import Array, Format, two_sum
from ..sweeps.evaluate import WIDE, Plan, operands_of, plan, replay
from ..sweeps.jets import ORDER, jets
from ..sweeps.run import Run
from .caps import Bools, Caps, caps
from .rounding import adjoint_bar, apart_from_base, independent, known, sweep
from .stencils import Stencil

SAFETY = 4.0  # times N, and times N_o: four standard deviations
FLOAT64 = 16.0  # times its claims: above any row's in half-ulps
KNOWN = 1.5  # times what is known of rounding: adjoints are first-order, and so is T
LADDER = 3  # octaves between the rungs of the first search
UP, DOWN = 70, 60  # octaves above and below the scale of the problem that are searched
NOISE = 4.0  # unit roundoffs by which the jets' arguments may be off
TIE = 1.02  # nudges this close to the best are as good: the one nearest to |v| is taken
STRAIGHT = 1.5  # linear J: as good are all nudges whose N is within this factor of the best
COLUMNS = 4096  # numbers per step in one batch
ENOUGH = 4  # rungs that must agree where there is no series
RETRIES = 3  # times a nudge that was not searched for is divided by 4
CELLS = 2_000_000  # numbers per batch

QUIET = np.errstate(all="ignore")  # what does not exist is nan or inf here, and is told apart later

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Measured:
    """What is known of nudges h, shape (P, K) each."""

    h: Array
    estimate: Array
    truncation: Array
    rounding: Array  # N
    part: Array  # the rounding part of the bar
    seen: Array  # R + N_o: the rounding that is known exactly, and the rest of it
    allowed: Bools
    blame: Ints

    @property
    def bar(self) -> Array:
        """T + rounding part + the float64 difference and quotient."""
        return self.truncation + self.part + 4 * WIDE.u * np.abs(self.estimate)

    def take(self, column: Any) -> Measured:
        """One column per node."""
        index = np.asarray(column)[:, None]
        return Measured(
            *(np.take_along_axis(getattr(self, name), index, 1) for name in self.__dataclass_fields__)
        )


class Numbers(Protocol):
    """What a problem needs of a run."""

    @property
    def format(self) -> Format:
        """The number format."""

    @property
    def value_array(self) -> Array:
        """Values of all nodes, shape (N,); of many runs at once, shape (N, P, 1)."""


@dataclass(frozen=True, eq=False)
class Problem:
    """P nodes of a run with everything that does not depend on h."""

    run: Any  # a Run; or `Numbers` of many
    plan: Plan
    stencil: Stencil
    v: Array  # shape (P, 1)
    scale: Array  # shape (P,): of t in the jets
    coefficients: Array  # shape (ORDER + 1, P), in t
    degree: Array  # shape (P,): structural degree of J in v
    rounding: Array  # shape (P,): root mean square rounding of J at v
    grain: Array  # shape (P,): half the spacing at J: what J is rounded to where v is no lucky number
    base: Caps

    @property
    def format(self) -> Format:
        """The run's number format."""
        found: Format = self.run.format
        return found


def problem(run: Run, nodes: Sequence[int], stencil: Stencil) -> Problem:
    """Jets, degrees, rounding and caps of some nodes of a run, all of which J depends on."""
    return problem_of(run, plan(run.graph, nodes), run.value_array[list(nodes)][:, None], stencil)


@QUIET
def problem_of(run: Numbers, p: Plan, v: Array, stencil: Stencil) -> Problem:
    """The same for any plan.

    Parameters
    ----------
    run : Numbers
        A run; or many, then its values have a row for each of the P nudged nodes.
    v : array, shape (P, 1)
    """
    held = run.value_array
    _, exponent = np.frexp(v[:, 0])
    scale = np.where(v[:, 0] == 0, 1.0, np.ldexp(0.5, exponent))
    s = sweep(p, held, replay(p, held, v), run.format)
    rms, _ = independent(s)
    return Problem(
        run,
        p,
        stencil,
        v,
        scale,
        jets(p, held if held.ndim == 1 else held[:, :, 0], scale),
        degrees(p, held, s.values),
        rms[:, 0],
        0.5 * run.format.spacing(s.values[-1][:, 0]),
        caps(s, held, _computed(p, held), run.format),
    )


def _computed(p: Plan, held: Array) -> list[Array]:
    """The run's own values of a plan's steps, shape (P, 1) each."""
    return [np.broadcast_to(held[step.node], (len(p.nodes), 1)) for step in p.steps]


def degrees(p: Plan, held: Array, values: Sequence[Array]) -> Array:
    """Structural polynomial degree of J in each nudged node: inf where J is no polynomial."""
    found: list[Array] = []
    zero = np.zeros(len(p.nodes))
    for step in p.steps:
        if step.row is None:
            degree = zero
        else:
            args = [np.asarray(a)[..., 0] if np.ndim(a) else a for a in operands_of(step, values, held)]
            inner = [zero if w < 0 else found[w] for w in step.where]
            degree = np.broadcast_to(step.row.degree_of(inner, args), zero.shape)
        depends, starts = step.depends[:, 0], step.starts[:, 0]
        found.append(np.where(starts, 1.0, np.where(depends, degree, 0.0)))
    return found[-1]


def points(v: Array, h: Array, stencil: Stencil, fmt: Format) -> Array:
    """The numbers of the format at which the stencil takes J, shape (P, K, offsets).

    The step away from 0 is rounded first and then reflected, because the grid is never coarser on the
    inner side: so both steps are equal wherever they can be.
    """
    sizes = sorted({abs(o) for o in stencil.offsets if o})
    places = [sizes.index(abs(o)) if o else 0 for o in stencil.offsets]
    offsets, v = np.array(stencil.offsets), v[:, :, None]
    outward = np.where(v >= 0, 1.0, -1.0)
    far = fmt.round(v + outward * np.array(sizes) * h[:, :, None])
    near = fmt.round(v - (far - v))
    found = np.where(offsets * outward > 0, far[..., places], near[..., places])
    return found if 0 not in stencil.offsets else np.where(offsets == 0, v, found)


@QUIET
def truncation(q: Problem, x: Array) -> Array:
    """T at points x, shape (P, K): every known term of the series, and a tail for the rest.

    A coefficient that cancels is known only to its own rounding: as if v, in units of itself, were off by a
    few unit roundoffs, (k + 1) c_(k+1) u is added to c_k. So none counts as 0 because it came out as 0.
    """
    weights = np.array(q.stencil.weights)
    v = q.v[:, :, None]
    d, lost = two_sum(x, -np.broadcast_to(v, x.shape))
    t = d / q.scale[:, None, None]
    width = np.abs(q.stencil.pairs(d))
    c = np.abs(q.coefficients)
    c[:-1] += NOISE * WIDE.u * np.arange(1, ORDER + 1)[:, None] * c[1:]
    powers = np.multiply.accumulate(np.broadcast_to(t, (ORDER, *t.shape)))
    moments = np.abs((weights * powers[1:]).sum(axis=-1))
    # what the differences themselves lost to rounding
    moments[0] += 4 * np.abs(lost).max(axis=-1) * np.abs(t).max(axis=-1) / q.scale[:, None]
    terms = np.where(moments == 0, 0.0, c[2:, :, None] * moments)
    counts = q.degree[:, None] >= np.arange(2, ORDER + 1)[:, None, None]
    total = np.add.reduce(np.where(counts, terms, 0.0))
    tail = q.stencil.tail * c[ORDER][:, None] * (np.abs(weights) * np.abs(powers[-1])).sum(axis=-1)
    total += np.where(q.degree[:, None] > ORDER, tail, 0.0)
    found: Array = total / width
    return found


@QUIET
def measure(q: Problem, h: Array, mind_kinks: bool = True) -> Measured:
    """Nudge by h, shape (P, K): estimates, truncation, rounding and caps."""
    fmt, stencil, held = q.format, q.stencil, q.run.value_array
    rows, k = h.shape
    x = points(q.v, h, stencil, fmt)
    flat = np.concatenate([q.v, x.reshape(rows, -1)], axis=1)
    s = sweep(q.plan, held, replay(q.plan, held, flat), fmt)
    computed = s
    if fmt is not WIDE:
        found = [np.asarray(a, np.float64) for a in replay(q.plan, held, flat, fmt)]
        computed = sweep(q.plan, held, found, fmt)
    weights = np.array(stencil.weights)

    def apart(a: Any) -> Any:
        return np.asarray(a)[:, 1:].reshape(rows, k, -1)

    width = np.abs(stencil.pairs(x))
    limits = caps(s, held, computed.values, fmt, mind_kinks)
    partner = _partners(stencil, k)
    sized = [apart_from_base(a, held, computed.values, fmt, partner) for a in dict.fromkeys((s, computed))]
    moved = ((x != q.v[:, :, None]) | (np.array(stencil.offsets) == 0)).all(axis=-1)
    base_blame = np.where(moved, limits.blame[:, :1], -1)
    blame = apart(limits.blame).max(axis=-1)
    blame = np.where(blame < 0, base_blame, blame)
    allowed = (blame < 0) & moved & np.isfinite(x).all(axis=-1)

    def combined(rms: Array, worst: Array) -> tuple[Array, Array]:
        return (
            np.hypot.reduce(weights * (apart(rms) / width[..., None]), axis=-1),
            (np.abs(weights) * (apart(worst) / width[..., None])).sum(axis=-1),
        )

    rms, worst = independent(sized[0])
    n, n_worst = combined(rms, worst)
    t = truncation(q, x)
    t = t + unexplained(q, x, apart(s.values[-1]), rms, t * width) / width
    j = apart(computed.values[-1])
    estimate = stencil.pairs(j) / stencil.pairs(x)
    terms = (np.abs(weights[::2]) * np.abs(j[..., ::2] - j[..., 1::2])).sum(axis=-1)
    r, others = _known(q, computed.values, sized[0], weights, apart, width)
    if computed is not s:
        n2, n2_worst = combined(*independent(sized[1]))
        r2, others2 = _known(q, computed.values, sized[1], weights, apart, width)
        n, n_worst = np.fmax(n, n2), np.fmax(n_worst, n2_worst)
        r, others = np.fmax(r, r2), np.fmax(others, others2)
    part = np.maximum(np.minimum(SAFETY * n, np.maximum(n_worst, n)), KNOWN * r + SAFETY * others)
    if computed is not s:  # float64 shows what the shorter format lost; its own rounding is left
        shown = np.abs(stencil.pairs(j - apart(s.values[-1]))) / width
        left = FLOAT64 * WIDE.u / fmt.u * combined(*independent(s))[1]
        part = np.minimum(part, KNOWN * shown + left)
    cancelled = fmt.u * WIDE.u * np.abs(s.values[-1][:, :1]) / width  # where adjoints came out as 0
    part = np.where(part == 0, cancelled, part)
    summed = 2 * (len(q.plan.steps) + 3) * WIDE.u * n_worst  # what adding R up in float64 can lose
    linear = (q.degree <= 1)[:, None]  # then adjoints are constant along the nudge, and R is exact
    part = np.where(linear, np.minimum(part, r + SAFETY * others + summed), part)
    part = part + 4 * (len(weights) // 2 - 1) * WIDE.u * terms / width  # every pair's weight and sum
    return Measured(h, estimate, t, n, part, r + others, allowed & np.isfinite(estimate), blame)


def _partners(stencil: Stencil, count: int) -> Ints:
    """For every column of a sweep the one whose shared losses cancel with it: see `apart_from_base`."""
    places = np.arange(len(stencil.offsets))
    if 0 in stencil.offsets:
        places[stencil.offsets.index(0)] = int(np.argmax(np.abs(stencil.offsets)))
    first = np.arange(count)[:, None] * len(stencil.offsets)
    return np.concatenate([[0], 1 + (first + places).ravel()])


def unexplained(q: Problem, x: Array, j: Array, rms: Array, explained: Array) -> Array:
    """What J does at the points beyond its series, above one standard deviation of rounding; in J's units.

    The even part of J, (J(v+h) + J(v-h)) / 2 - J(v), does not enter a two-sided estimate, so the known
    coefficients can be tested on it: if the terms beyond them matter there, they matter in the odd part too
    (x^16 near its zero has no small coefficient below the fifteenth). A wrong first derivative does not
    show in it, so a wrong gradient does not widen its own bar.
    """
    offsets, weights = np.array(q.stencil.offsets), np.abs(q.stencil.weights)
    if offsets.min() >= 0 or offsets.max() <= 0:
        return np.zeros(x.shape[:2])
    t = (x - q.v[:, :, None]) / q.scale[:, None, None]
    seen = (weights * (j - q.coefficients[0][:, None, None])).sum(axis=-1)
    series, size = np.zeros(seen.shape), np.zeros(seen.shape)
    for k in range(1, ORDER + 1):
        term = q.coefficients[k][:, None, None] * t**k
        term = np.where(np.isfinite(term), term, 0.0)
        series += (weights * term).sum(axis=-1)
        size += (weights * np.abs(term)).sum(axis=-1)
    spread = (weights * rms[:, 1:].reshape(j.shape)).sum(axis=-1) + rms[:, :1]
    room = spread + explained + WIDE.u * size
    excess = np.abs(seen - series) - room
    return np.where(excess > 0, excess, 0.0)


def _known(
    q: Problem, computed: list[Array], s: Any, weights: Array, apart: Any, width: Array
) -> tuple[Array, Array]:
    total, others = known(q.plan, q.run.value_array, computed, s)
    r = np.abs((weights * (apart(total) / width[..., None])).sum(axis=-1))
    return r, np.hypot.reduce(weights * (apart(others) / width[..., None]), axis=-1)


@QUIET
def ladder(q: Problem) -> Array:
    """Candidate nudges for the first search, shape (P, K), padded with nan: powers of two from the spacing
    at v up to where truncation alone is hopeless."""
    rows: list[list[float]] = []
    for p in range(len(q.scale)):
        c, scale, v = np.abs(q.coefficients[:, p]), q.scale[p], abs(q.v[p, 0])
        noise = max(q.rounding[p], q.grain[p])
        known = [k for k in range(2, ORDER + 1) if c[k] > 0 and q.degree[p] >= k and np.isfinite(c[k])]
        if v == 0 and known:  # no scale of its own: J's, the distance at which it is no longer straight
            noise = max(noise, q.format.u * c[1] * min((c[1] / c[k]) ** (1 / (k - 1)) for k in known))
        balances = [scale * (noise / c[k]) ** (1 / k) for k in known if k > q.stencil.exact_degree]
        size = v or 1.0
        centre = min(balances, default=size)
        centre = centre if np.isfinite(centre) and centre > 0 else size
        lowest = np.log2(q.format.spacing(q.v[p, 0]))
        bottom = max(lowest, np.log2(min(centre, size)) - DOWN)
        top = np.log2(max(centre, size)) + UP if q.degree[p] <= ORDER else np.log2(centre) + 15
        middle = round(max(np.log2(centre), lowest))
        down = max(0, int((middle - bottom) // LADDER))
        up = max(0, int((top - middle) // LADDER))
        rungs = [middle + LADDER * i for i in range(-down, up + 1)]
        rungs = [r for r in rungs if -1074 <= r <= 1023]
        rows.append([float(np.ldexp(1.0, r)) for r in rungs] or [float(2.0**lowest)])
    width = max(map(len, rows))
    return np.array([r + [np.nan] * (width - len(r)) for r in rows])


@QUIET
def best(q: Problem, m: Measured) -> Ints:
    """The column of the best allowed nudge of each node, -1 where there is none.

    It has the least T + N. Where J is linear, N is nearly the same over many octaves: there the one whose
    rounding, as far as it is known exactly, cancels best. Of equals, the nearest to |v|.
    """
    objective = np.where(m.allowed, m.truncation + m.rounding, np.inf)
    objective = np.where(np.isfinite(objective), objective, np.inf)
    least = objective.min(axis=1, keepdims=True)
    straight = (q.degree <= 1)[:, None]
    good = objective <= np.where(straight, STRAIGHT, TIE) * least
    seen = np.where(good & straight, np.maximum(m.seen, WIDE.u * np.abs(m.estimate)), np.inf)
    good &= ~straight | (seen <= TIE * seen.min(axis=1, keepdims=True))
    size = np.where(q.v == 0, 1.0, np.abs(q.v))
    distance = np.where(good, np.abs(np.log2(m.h) - np.log2(size)), np.inf)
    found: Ints = np.where(np.isfinite(least[:, 0]), np.argmin(distance, axis=1), -1)
    return found


@dataclass(frozen=True, eq=False)
class Solved:
    """The optimal nudges of the P nodes of a problem, shape (P,) each, and the second nudge beside it."""

    problem: Problem
    found: Bools  # some h is allowed
    verified: Bools  # D(h) and D(h/2) are consistent
    first: Measured  # at h: one column
    second: Measured  # at the nudge that it was compared with
    cap: Array  # the smallest nudge seen to be forbidden, inf if none
    blame: Ints  # what forbids it, see `blamed`
    adjoint_bar: Array
    measured: Bools  # the bar is from estimates alone: `without_jets`


@QUIET
def closed_form(q: Problem) -> tuple[Array, Array]:
    """Nudges near the optimal ones without a search, powers of two, and their T + N; shape (P,) each.

    Rounding is taken as sqrt(2) rms / 2h with the rms at v, so T + N is known without any evaluation: the
    best of seven octaves around min_k (rms / |c_k|)^(1/k) is taken. Where J is straight as far as the
    stencil is exact, rounding alone falls with h until J itself grows: h is the larger of |v| and |J / J'|.
    """
    c = np.abs(q.coefficients)
    noise = np.fmax(q.rounding, q.grain)
    with np.errstate(all="ignore"):
        k = np.arange(q.stencil.exact_degree + 1, ORDER + 1)
        counts = (q.degree >= k[:, None]) & (c[k] > 0)
        balance = np.where(counts, (noise / np.where(counts, c[k], 1.0)) ** (1 / k[:, None]), np.inf).min(
            axis=0
        )
        reach = np.where(c[1] > 0, c[0] / c[1], 0.0)
    size = np.where(q.v[:, 0] == 0, 1.0, np.abs(q.v[:, 0]) / q.scale)
    straight = ~np.isfinite(balance)
    centre = np.where(straight, np.fmax(size, reach), balance) * q.scale
    centre = np.where(
        np.isfinite(centre) & (centre > 0), centre, np.where(q.v[:, 0] == 0, 1.0, np.abs(q.v[:, 0]))
    )
    first = np.exp2(np.ceil(np.log2(centre)))
    lowest = q.format.spacing(q.v[:, 0])
    h = np.fmax(first[:, None] * np.exp2(np.arange(-4, 3)), lowest[:, None])
    model = truncation(q, points(q.v, h, q.stencil, q.format)) + noise[:, None] / (np.sqrt(2.0) * h)
    model = np.where(np.isfinite(model), model, np.inf)
    rows, column = np.arange(len(h)), np.argmin(model, axis=1)
    found = np.where(straight, np.fmax(first, lowest), h[rows, column])
    return found, np.where(straight, 0.0, model[rows, column])


def settle(q: Problem, h: Array, retries: int) -> tuple[Measured, Measured, Bools]:
    """Nudge by h and by h/2; where a cap forbids it or the two disagree, by a quarter, a few times.

    Returns
    -------
    first, second : Measured
        One column each.
    good : array of bool, shape (P,)
    """
    first, second, good = _verify(q, h)
    for _ in range(retries):
        if good.all():
            break
        h = np.where(good, h, h / 4)
        again = _verify(q, h)
        take = ~good & again[2]
        first, second = _merge(take, again[0], first), _merge(take, again[1], second)
        good = good | take
    return first, second, good


def solve(run: Run, nodes: Sequence[int], stencil: Stencil) -> Solved:
    """Choose h for each node, nudge, and verify with a second nudge."""
    q = problem(run, nodes, stencil)
    h = ladder(q)
    m = measure(q, h)
    coarse = best(q, m)
    cap, blame = _first_cap(m, np.full(len(nodes), np.inf), np.full(len(nodes), -1))
    chosen = np.where(coarse >= 0, h[np.arange(len(h)), coarse], np.nan)
    near = chosen[:, None] * 2.0 ** np.arange(1 - LADDER, LADDER)[None, :]
    near = np.where(near >= run.format.spacing(q.v), near, np.nan)
    fine = measure(q, near)
    column = best(q, fine)
    cap, blame = _first_cap(fine, cap, blame)
    found = (coarse >= 0) & (column >= 0)
    chosen = np.where(found, near[np.arange(len(near)), column], np.nan)

    first, second, good = settle(q, chosen, 1)
    good &= found
    shown = ~good & (q.base.kinked < 0) & (q.base.edged < 0)
    if shown.any():
        rung, below, seen = without_jets(h, m)
        shown &= seen
        first, second = _merge(shown, rung, first), _merge(shown, below, second)
        found, good = found | shown, good | shown
    return Solved(q, found, good, first, second, cap, blame, _adjoint_bar(q), shown)


def quick(run: Run, nodes: Sequence[int], stencil: Stencil) -> Solved:
    """The same without a search: near the optimal nudge, for a small part of the evaluations."""
    q = problem(run, nodes, stencil)
    first, second, good = settle(q, closed_form(q)[0], RETRIES)
    cap, blame = _first_cap(first, np.full(len(nodes), np.inf), np.full(len(nodes), -1))
    return Solved(
        q, good, good, first, second, cap, blame, _adjoint_bar(q), np.zeros(len(nodes), dtype=bool)
    )


@QUIET
def without_jets(h: Array, m: Measured) -> tuple[Measured, Measured, Bools]:
    """What a measured ladder says where the series misleads: nudges and bars from estimates alone.

    Up the rungs, as long as every D +- 4 N meets all those below it (Lepski's rule). From the first that
    does not the truncation is read off, c h^2 with c = |D - D_last| / (h^2 - h_last^2), and h minimises
    c h^2 + N below it. Without one the differences among the last rungs stand for it. The bar takes three
    times c h^2.

    Parameters
    ----------
    h : array, shape (P, K)
        Rungs, ascending.
    m : Measured

    Returns
    -------
    first, second : Measured
        At the rung chosen and at the one below it, one column each.
    seen : array of bool, shape (P,)
        Whether enough rungs agreed.
    """
    count = len(h)
    chosen, below = np.zeros(count, dtype=int), np.zeros(count, dtype=int)
    shown, seen = np.zeros(count), np.zeros(count, dtype=bool)
    size = np.maximum(SAFETY * m.rounding, m.part)
    for p in range(count):
        rungs = np.flatnonzero(m.allowed[p] & np.isfinite(m.estimate[p]) & np.isfinite(size[p]))
        low, high, agreeing, stop = -np.inf, np.inf, [], -1
        for k in rungs.tolist():
            d, s = m.estimate[p, k], size[p, k]
            if d - s > high or d + s < low:
                stop = k
                break
            low, high = max(low, d - s), min(high, d + s)
            agreeing.append(k)
        if len(agreeing) < ENOUGH:
            continue
        last, d, steps = agreeing[-1], m.estimate[p], h[p]
        if stop >= 0:
            c = abs(d[stop] - d[last]) / (steps[stop] ** 2 - steps[last] ** 2)
        else:
            c = np.abs(d[agreeing[-ENOUGH:]] - d[last]).max() / steps[agreeing[-2]] ** 2
        model = c * steps[agreeing] ** 2 + m.rounding[p, agreeing]
        at = max(1, int(np.argmin(model)))
        chosen[p], below[p] = agreeing[at], agreeing[at - 1]
        shown[p], seen[p] = 3 * c * steps[chosen[p]] ** 2, True
    first, second = m.take(chosen), m.take(below)
    return replace(first, truncation=shown[:, None]), second, seen


def _adjoint_bar(q: Problem) -> Array:
    held = q.run.value_array
    a = adjoint_bar(sweep(q.plan, held, replay(q.plan, held, q.v), q.format), held, q.format)
    return np.where((q.base.kinked >= 0) | (q.base.edged >= 0), np.inf, a)  # rounding could change sides


def _first_cap(m: Measured, cap: Array, blame: Ints) -> tuple[Array, Ints]:
    forbidden = np.where((m.blame >= 0) & np.isfinite(m.h), m.h, np.inf)
    column = np.argmin(forbidden, axis=1)
    rows = np.arange(len(cap))
    least = forbidden[rows, column]
    return np.minimum(cap, least), np.where(least < cap, m.blame[rows, column], blame)


def _merge(take: Bools, new: Measured, old: Measured) -> Measured:
    pick = take[:, None]
    return Measured(
        *(np.where(pick, getattr(new, name), getattr(old, name)) for name in old.__dataclass_fields__)
    )


@QUIET
def _verify(q: Problem, h: Array) -> tuple[Measured, Measured, Bools]:
    """Nudge by h and by h/2 (by 2h where the format has no h/2) and compare."""
    m = measure(q, np.stack([h, h / 2, 2 * h], axis=1))
    half_is_there = m.allowed[:, 1]
    first = m.take(np.zeros(len(h), dtype=int))
    second = m.take(np.where(half_is_there, 1, 2))
    with np.errstate(all="ignore"):
        apart = np.abs(first.estimate - second.estimate)
        noise = np.maximum(SAFETY * np.hypot(first.rounding, second.rounding), first.part + second.part)
        larger_truncation = np.maximum(first.truncation, second.truncation)
        consistent = apart <= larger_truncation + noise + 2 * WIDE.u * np.abs(first.estimate)
    good = (consistent & first.allowed & second.allowed)[:, 0]
    blind = (q.degree > q.stencil.exact_degree) & (first.truncation[:, 0] == 0)
    if (
        blind.any()
    ):  # coefficients that evaluated to 0 prove nothing: what the nudges show is the truncation
        shown = np.where(blind[:, None], apart, first.truncation)
        first = replace(first, truncation=shown)
    return first, second, good


def batches(run: Run, nodes: Sequence[int]) -> Iterator[list[int]]:
    """The nodes in groups that are nudged together: small enough for memory, large enough for speed."""
    columns = 2 * 45 + 1
    width = max(1, COLUMNS // columns)
    start = 0
    while start < len(nodes):
        group = max(1, min(width, CELLS // (columns * max(1, len(run.graph) - min(nodes[start:])))))
        yield list(nodes[start : start + group])
        start += group
