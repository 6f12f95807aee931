"""Is a claimed gradient right? A verdict without tolerances, with its reason and its resolution.

Along a few directions through all parameters at once, S is the measured discrepancy and E its bar
(`slopes`). Q = 4 mean (S / E)^2 over the directions; the gradient fails only if Q is large, a neighbouring
rung agrees, no smaller step contradicts, and the claim is not between the slopes of a kink. Blocks are
looked at only after that.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np

from ..formats import Array
from ..nudging.table import Verdict, nudges
from ..sweeps.run import Run
from .diagnose import diagnosis
from .directions import COUNT, directions, scales
from .localise import Measured, Probe, Wrong, locate, measured
from .result import BlockResult, Check, Code, Evaluations, Reason
from .slopes import NOISE, Direction, grid_of, noise_of, search
from .subject import WIDE, Refused, Subject

LIMIT = {53: 9.0, 24: 16.0, 11: 16.0, 8: 16.0}  # of Q, by the format's precision
COARSE = 0.05  # rho beyond which nothing is claimed
RESOLUTION = 4.0  # times rho: what a pass promises
CLEARLY = 100.0  # times the limit: then one direction is looked at closely, not two
MORE = 12  # directions along which a subgradient must lie between the slopes
LOCATED = 4  # wrong blocks that are looked into
APART = 1e-2  # of the gradient: beyond it the low format is checked by itself


@dataclass
class Examined:
    """A check on its way: directions, their S and E."""

    subject: Subject
    claim: Array
    own_entries: Array
    centre: float
    noise: float
    s: Array
    tracks: list[Direction] = field(default_factory=list)
    rung: int = 0
    rungs: dict[int, int] = field(
        default_factory=dict
    )  # of directions that are read at a rung of their own

    def own(self, direction: Direction) -> float:
        """The claim's own rounding along a direction."""
        u = self.subject.format.u
        return 6 * u * direction.size + 2 * abs(float(self.own_entries @ direction.v))

    def estimates(self) -> tuple[Array, Array]:
        """S and E of every direction."""
        found = [d.pair(self.rung_of(d), self.noise, self.own(d)) for d in self.tracks]
        return np.array([s for s, _ in found]), np.array([e for _, e in found])

    def rung_of(self, direction: Direction) -> int:
        """The rung at which a direction is read."""
        return self.rungs.get(id(direction), self.rung)

    def reference(self) -> float:
        """What a claim of 0 is measured by: how fast f changes over large steps, or f itself."""
        steps = [r for track in self.tracks for r in track.rungs.values()]
        moved = [max(abs(r.right - self.centre), abs(r.left - self.centre)) / r.h for r in steps]
        return max([abs(self.centre), *filter(math.isfinite, moved)])

    def rho(self, bars: Array) -> float:
        """rms bar over ||g * s||."""
        sizes = np.array([d.size for d in self.tracks])
        size = float(np.sqrt(np.mean(sizes**2))) or self.reference()
        whole = float(np.sqrt(np.mean(bars**2)))
        return whole / size if size else (0.0 if whole == 0 else math.inf)


def settled(own: Subject, widened: Callable[[], Subject], seed: int) -> Check:
    """The check of a subject: in float64 first, where it can be computed there.

    Parameters
    ----------
    own : Subject
    widened : callable
        Gives the same subject in float64; called only if `own` is in a lower format.
    seed : int
        Of the directions.
    """
    if own.format is WIDE:
        return _tried(own, seed)
    wide = widened()
    if not wide.is_wide():
        return _tried(own, seed)
    found = _tried(wide, seed)
    if found.verdict is not Verdict.PASS:
        return found if found.verdict is Verdict.FAIL else _tried(own, seed)
    accuracy = _accuracy(own, wide)
    if not accuracy <= APART:
        itself = _tried(own, seed)
        if itself.verdict is Verdict.FAIL:
            return itself
    return replace(found, format=f"{own.format.name} as float64", accuracy=accuracy)


def _accuracy(own: Subject, wide: Subject) -> float:
    """How far the gradient in its own format is from the one in float64, relative to it."""
    try:
        low, high = own.claim(own.x), wide.claim(wide.x)
    except Refused:
        return math.inf
    s = scales(wide.x, wide.blocks)
    size = float(np.linalg.norm(high * s))
    with np.errstate(all="ignore"):
        apart = float(np.linalg.norm((low - high) * s))
    return apart / size if size else (0.0 if apart == 0 else math.inf)


def _tried(made: Subject, seed: int) -> Check:
    try:
        return _checked(made, seed)
    except Refused as refused:
        code, detail = refused.args
        wrong = code in (Code.MISSING_BLOCK, Code.WRONG_SHAPE, Code.BACKWARD_RAISES)
        verdict = Verdict.FAIL if wrong else Verdict.INCONCLUSIVE
        return _result(made, verdict, Code(code), math.inf, detail)


def of_run(run: Run) -> Check:
    """A run's own adjoints, each with its own nudge and bar."""
    table = nudges(run)
    blocks, worst = {}, 0.0
    for name, n in table.items():
        blocks[name] = BlockResult(n.verdict, n.adjoint, n.estimate, n.bar)
        if n.estimate:
            worst = max(worst, n.bar / abs(n.estimate))
    wrong = tuple(
        Wrong(name, (), b.claimed, b.measured, b.bar)
        for name, b in blocks.items()
        if b.verdict is Verdict.FAIL
    )
    verdict = table.verdict
    code = {Verdict.PASS: Code.AGREES, Verdict.FAIL: Code.DIFFERS}.get(verdict, Code.COARSE)
    unsure = next((n.reason for n in table.values() if n.verdict is verdict), "")
    detail = unsure if verdict is Verdict.INCONCLUSIVE else ""
    count = Evaluations(4 * len(table), 1)
    return Check(verdict, Reason.of(code, detail), worst, count, run.format.name, blocks, wrong)


def _result(
    made: Subject, verdict: Verdict, code: Code, rho: float, detail: str = "", q: float = math.nan
) -> Check:
    counts = Evaluations(made.values, made.gradients)
    blocks = {}
    if verdict is Verdict.PASS:
        blocks = {b.name: BlockResult(Verdict.PASS) for b in made.blocks.items}
    return Check(verdict, Reason.of(code, detail), RESOLUTION * rho, counts, made.format.name, blocks, q=q)


def _checked(made: Subject, seed: int) -> Check:
    claim = made.claim(made.x)
    values = [made.value(made.x), made.value(made.x)]
    if not all(map(math.isfinite, values)):
        return _result(made, Verdict.INCONCLUSIVE, Code.NOT_FINITE, math.inf)
    if not np.isfinite(claim).all():
        k = int(np.argmin(np.isfinite(claim)))
        block = made.blocks.of(k)
        return _result(
            made,
            Verdict.INCONCLUSIVE,
            Code.CLAIM_NOT_FINITE,
            math.inf,
            f"{block.name}{list(block.index(k))}",
        )
    if values[0] != values[1]:
        values += [made.value(made.x) for _ in range(8)]
    repeat = float(np.std(values))
    centre = float(np.mean(values)) if repeat else values[0]
    s = scales(made.x, made.blocks)
    grid = grid_of(made.format)
    vs = s * directions(len(s), COUNT, seed)
    tracks = [Direction(made, v, claim, centre, grid) for v in vs]
    measured, _ = noise_of(tracks[0])
    u = made.format.u
    noise = max(2 * measured, 2 * u * abs(centre), 3.5 * repeat)
    own = claim - claim
    if callable(made.grad):
        shifted = made.claim(made.round(made.x * (1 + 2 * u)))
        own = np.where(np.isfinite(shifted), shifted - claim, 0.0)
    examined = Examined(made, claim, own, centre, noise, s, tracks)
    examined.rung = search(tracks[0], noise, examined.own(tracks[0]))
    return _judged(examined)


def _judged(examined: Examined) -> Check:
    made = examined.subject
    discrepancies, bars = examined.estimates()
    typical = bars[0]
    for d, bar in zip(examined.tracks[1:], bars[1:], strict=True):
        if bar > 8 * typical:
            examined.rungs[id(d)] = search(d, examined.noise, examined.own(d))
    discrepancies, bars = examined.estimates()
    if not np.isfinite(discrepancies).all():
        return _result(made, Verdict.INCONCLUSIVE, Code.NOT_FINITE, math.inf)
    rho = examined.rho(bars)
    q = _q(discrepancies, bars)
    limit = LIMIT[made.format.precision]
    if q <= limit / 2 and rho <= COARSE:
        return _result(made, Verdict.PASS, Code.AGREES, rho, q=q)
    return _doubted(examined, discrepancies, bars, q, rho, limit)


def _q(discrepancies: Array, bars: Array) -> float:
    with np.errstate(all="ignore"):
        ratios = np.where(discrepancies == 0, 0.0, discrepancies / bars)
    return 4 * float(np.mean(ratios**2))


def _doubted(
    examined: Examined, discrepancies: Array, bars: Array, q: float, rho: float, limit: float
) -> Check:
    """The full ladder in the two worst directions, and what it shows."""
    made, noise = examined.subject, examined.noise
    worst = np.argsort(-np.abs(discrepancies) / np.maximum(bars, 1e-300))[:2]
    grid = examined.tracks[0].grid
    for j in worst[: 1 if q > CLEARLY * limit else 2]:
        for i in range(0, grid.levels, 2 if made.format.precision >= 53 else 1):
            examined.tracks[j].rung(i)
    examined.noise = max(examined.noise, _quantum(examined, worst))
    # changes on the small side that noise does not explain are noise
    for j in worst:
        track = examined.tracks[j]
        ladder = [track.rungs[i] for i in sorted(track.rungs)]
        best = track.grid.h(examined.rung_of(track) + 1)
        small = [abs(a.d - b.d) * b.h for a, b in pairwise(ladder) if b.h < best / 2]
        if small and max(small) > 3 * examined.noise:
            examined.noise = max(small)
    if examined.noise > noise:
        for track in examined.tracks:
            pairs = [i for i in track.rungs if i + 1 in track.rungs]
            own = examined.own(track)
            spans = {i: track.pair(i, examined.noise, own)[1] for i in pairs}
            examined.rungs[id(track)] = min(spans, key=lambda i: spans[i]) if spans else examined.rung
        discrepancies, bars = examined.estimates()
        q, rho = _q(discrepancies, bars), examined.rho(bars)
    if rho > COARSE:
        return _result(made, Verdict.INCONCLUSIVE, Code.COARSE, rho, q=q)
    if q <= limit:
        return _result(made, Verdict.PASS, Code.AGREES, rho, q=q)
    below = _below(examined, worst, discrepancies)
    if below is not None:
        return below
    every = range(len(examined.tracks))
    kinked = any(_kink(examined, j) for j in worst)
    for j in every if kinked else ():
        for i in range(grid.levels - 3, grid.levels, 2):
            examined.tracks[j].rung(i)
    if kinked:
        straight = [j for j in every if not _kink(examined, j)]
        if _subgradient(examined):
            return _result(made, Verdict.PASS, Code.SUBGRADIENT, rho, q=q)
        kept = straight or ([0] if len(examined.s) == 1 else [])  # one parameter has one direction
        if not kept or _q(discrepancies[kept], bars[kept]) <= limit:
            return _result(made, Verdict.INCONCLUSIVE, Code.KINK, rho, q=q)
    for j in worst:
        track = examined.tracks[j]
        i = examined.rung_of(track)
        mine = discrepancies[j]
        if not any(
            _agrees(track.rungs[k], mine, noise)
            for k in (i - 1, i, i + 1, i + 2)
            if k in track.rungs and k != i + 1
        ):
            return _result(made, Verdict.INCONCLUSIVE, Code.RUNGS_DISAGREE, rho, q=q)
    return _explained(examined, _result(made, Verdict.FAIL, Code.DIFFERS, rho, q=q))


def _explained(examined: Examined, found: Check) -> Check:
    """A fail with its blocks, the wrong entries or slices, and what the mistake may be."""
    made, track = examined.subject, examined.tracks[0]
    h = track.grid.h(examined.rung_of(track) + 1)
    probe = Probe(made, examined.claim, examined.s, h, examined.noise, track)
    known = [measured(probe, block) for block in made.blocks.items if block.size]
    bad = [m for m in known if m.wrong]
    if not bad:  # each alone is below its bar: the one that stands out most
        bad = [max(known, key=lambda m: abs(m.slopes[0][1]) / m.bar)]
    blocks = {m.block.name: _block(m, m in bad) for m in known}
    wrong: list[Wrong] = []
    said: list[str] = []
    for m in bad[:LOCATED]:
        what = diagnosis(probe, m, made)
        if what:
            said.append(f"{m.block.name}: {what}")
        if m.block.size == 1 or not what:
            wrong += locate(probe, m.block).wrong
    counts = Evaluations(made.values, made.gradients)
    return replace(found, blocks=blocks, wrong=tuple(wrong), diagnosis=tuple(said), evaluations=counts)


def _block(m: Measured, is_bad: bool) -> BlockResult:
    _, discrepancy, claimed = m.slopes[0]
    return BlockResult(Verdict.FAIL if is_bad else Verdict.PASS, claimed, claimed + discrepancy, m.bar)


def _quantum(examined: Examined, worst: Any) -> float:
    """The least change of f, where smaller steps change nothing at all: f is rounded; else 0."""
    rungs = [r for j in worst for r in examined.tracks[j].rungs.values()]
    changes = [max(abs(r.right - examined.centre), abs(r.left - examined.centre)) for r in rungs]
    there = [c for c in changes if c > 0]
    return min(there) if there and len(there) < len(changes) else 0.0


def _agrees(rung: Any, mine: float, noise: float) -> bool:
    return bool(abs(rung.d - mine) <= 0.5 * abs(mine) and abs(rung.d) > 2 * noise / rung.h)


def _below(examined: Examined, worst: Any, discrepancies: Array) -> Check | None:
    """A smaller step that contradicts the difference and supports the claim: then that step decides."""
    made = examined.subject
    contradicted = False
    for j in worst:
        track, mine = examined.tracks[j], discrepancies[j]
        h = track.grid.h(examined.rung_of(track) + 1)
        own = examined.own(track)
        for i, rung in track.rungs.items():
            if rung.h >= h:
                continue
            allowed = min(3 * examined.noise / rung.h + own + 1e-3 * abs(track.slope), 0.3 * abs(mine))
            if abs(rung.d) <= allowed and abs(rung.d - mine) > 3 * examined.noise / rung.h + own:
                contradicted = True
                examined.rungs[id(track)] = min(i, track.grid.levels - 2)
    if not contradicted:
        return None
    lowest = max(examined.rung_of(examined.tracks[j]) for j in worst)
    for track in examined.tracks:
        examined.rungs[id(track)] = lowest
    again, bars = examined.estimates()
    q, rho = _q(again, bars), examined.rho(bars)
    if q < LIMIT[made.format.precision] and rho <= COARSE:
        return _result(made, Verdict.PASS, Code.BELOW_KINK, rho, q=q)
    return _result(made, Verdict.INCONCLUSIVE, Code.NEAR_KINK, rho, q=q)


def _kink(examined: Examined, j: int) -> bool:
    """Whether the right and left slopes stay apart as the step shrinks."""
    track = examined.tracks[j]
    best = track.grid.h(examined.rung_of(track) + 1)
    jump = abs(track.rung(examined.rung_of(track) + 1).jump)
    small = [
        r
        for r in track.rungs.values()
        if r.h <= best / 4 and abs(r.jump) > 6 * NOISE * examined.noise / r.h
    ]
    if not small:
        return False
    least = min(small, key=lambda r: r.h)
    return bool(abs(least.jump) > math.sqrt(least.h / best) * jump)


def _subgradient(examined: Examined) -> bool:
    """Whether the claim lies between the one-sided slopes along every direction, some more than so far."""
    first = examined.tracks[0]
    if not all(_inside(examined, track) for track in examined.tracks):
        return False
    more: Array | list[Array] = directions(len(examined.s), MORE, seed=7) if len(examined.s) > 1 else []
    return all(
        _inside(examined, Direction(first.subject, examined.s * v, first.claim, first.centre, first.grid))
        for v in more
    )


def _inside(examined: Examined, track: Direction) -> bool:
    """Whether the claim lies between the one-sided slopes, within their bars."""
    rung = track.rung(examined.rung_of(track) + 1)
    half = abs(rung.jump) / 2
    return bool(abs(rung.d) <= half + 3 * examined.noise / rung.h + examined.own(track))
