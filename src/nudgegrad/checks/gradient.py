"""Is a claimed gradient right? A verdict without tolerances, with its reason and its resolution.

Along a few directions through all parameters at once, S is the measured discrepancy and E its bar
(`slopes`). Q = 4 mean (S / E)^2 over the directions; the gradient fails only if Q is large, a neighbouring
rung agrees, no smaller step contradicts, and the claim is not between the slopes of a kink. Blocks are
looked at only after that.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..formats import Array
from ..nudging.table import Verdict, nudges
from ..sweeps.run import Run
from .diagnose import diagnosis
from .directions import COUNT, directions, scales
from .doubts import (
    contradicting,
    is_kink,
    is_subgradient,
    jumps,
    learn_noise,
    neighbour_agrees,
    quantum,
)
from .examined import Examined, q_of
from .integral import alone, confirmed, integrated, on_the_way
from .localise import Measured, Probe, Wrong, locate, measured
from .result import BlockResult, Check, Code, Evaluations, Reason
from .slopes import Direction, Rung, grid_of, noise_of, search
from .subject import WIDE, Refused, Subject

LIMIT = {53: 9.0, 24: 16.0, 11: 16.0, 8: 16.0}  # of Q, by the format's precision
SURE = 1.0  # of Q: up to it four directions are enough
AGAIN = 8  # more of them where it is above: groups of errors can nearly cancel in four
FINE = 1e-4  # rho up to which no line integral is taken
SEEN = 0.01  # of what steps move f: beyond it, what was taken for noise can be f itself
COARSE = 0.05  # rho beyond which nothing is claimed
RESOLUTION = 4.0  # times rho: what a pass promises
CLEARLY = 100.0  # times the limit: then one direction is looked at closely, not two
LOCATED = 4  # wrong blocks that are looked into
ZERO = "the gradient is 0 but for rounding: its resolution is relative to how fast f changes, or to f"
APART = 1e-2  # of the gradient: beyond it the low format is checked by itself


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
    if found.verdict is Verdict.FAIL:
        return found
    if found.verdict is Verdict.INCONCLUSIVE:
        itself = _tried(own, seed)  # f may be made for its own format; where it bends, float64 sees better
        bent = found.reason.code in (Code.KINK, Code.NEAR_KINK)
        return found if bent and itself.verdict is Verdict.FAIL else itself
    accuracy = _accuracy(own, wide)
    if not accuracy <= APART:
        itself = _tried(own, seed)
        if itself.verdict is Verdict.FAIL or itself.reason.code in (Code.NOT_FINITE, Code.CLAIM_NOT_FINITE):
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
    values = [made.value(made.x), made.value(made.x)]
    claim = made.claim(made.x)
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
    estimated = noise_of(tracks[0])
    u = made.format.u
    noise = max(2 * estimated, 2 * u * abs(centre), 3.5 * repeat)
    own = claim - claim
    if callable(made.grad):
        shifted = made.claim(made.round(made.x * (1 + 2 * u)))
        own = np.where(np.isfinite(shifted), shifted - claim, 0.0)
    examined = Examined(made, claim, own, centre, noise, s, tracks)
    examined.rung = search(tracks[0], noise, examined.own(tracks[0]))
    found = _judged(examined, seed)
    if found and examined.is_zero(examined.estimates()[1]):
        found = replace(found, notes=(ZERO,))
    gross = repeat > math.sqrt(u) * max(abs(centre), examined.most())
    if gross and found.verdict is Verdict.INCONCLUSIVE:
        return replace(found, reason=Reason.of(Code.RANDOM))
    return found


def _judged(examined: Examined, seed: int = 0) -> Check:
    made = examined.subject
    limit = LIMIT[made.format.precision]
    discrepancies, bars = _read(examined)
    if SURE < q_of(discrepancies, bars) <= limit and len(examined.s) > 1:
        examined.tracks += [examined.along(v) for v in directions(len(examined.s), AGAIN, seed + 101)]
        discrepancies, bars = _read(examined)
    if not np.isfinite(discrepancies).all():
        return _result(made, Verdict.INCONCLUSIVE, Code.NOT_FINITE, math.inf)
    rho, q = examined.rho(bars), q_of(discrepancies, bars)
    if q <= limit / 2 and rho > FINE and callable(made.grad):
        finer = _finer(examined, rho)
        if finer is not None:
            return finer
    if q <= limit / 2 and rho <= COARSE:
        return _result(made, Verdict.PASS, Code.AGREES, rho, q=q)
    return _doubted(examined, discrepancies, bars)


def _read(examined: Examined) -> tuple[Array, Array]:
    """S and E of every direction, each with a search of its own where its bar is far above the first's."""
    _, bars = examined.estimates()
    for d, bar in zip(examined.tracks[1:], bars[1:], strict=True):
        if bar > 8 * bars[0] and id(d) not in examined.rungs:
            examined.rungs[id(d)] = search(d, examined.noise, examined.own(d))
    return examined.estimates()


def _finer(examined: Examined, rho: float) -> Check | None:
    """What line integrals add to quotients that rounding leaves coarse; None if nothing that is sure."""
    made = examined.subject
    limit = LIMIT[made.format.precision]
    found = integrated(examined, COUNT)
    if found is None:
        return None
    finer, q = examined.rho(found.bars), q_of(found.s, found.bars)
    if finer >= rho or finer > COARSE:
        return None
    if q <= limit:
        return _result(made, Verdict.PASS, Code.AGREES, finer, q=q)
    if not confirmed(examined, found):
        return None
    wrong = _result(made, Verdict.FAIL, Code.DIFFERS, finer, q=q)
    curved = float(max(found.apart))
    probe = Probe(made, examined.claim, examined.s, found.step, examined.noise, found.segments[0], curved)
    return _explained(probe, wrong)


def _doubted(examined: Examined, discrepancies: Array, bars: Array) -> Check:
    """The full ladder in the two worst directions, and what it shows."""
    made, noise, grid = examined.subject, examined.noise, examined.tracks[0].grid
    limit = LIMIT[made.format.precision]
    q = q_of(discrepancies, bars)
    worst = np.argsort(-np.abs(discrepancies) / np.maximum(bars, 1e-300))[:2]
    for j in worst[: 1 if q > CLEARLY * limit else 2]:
        track = examined.tracks[j]
        for i in range(examined.rung_of(track), grid.levels, 2 if made.format.precision >= 53 else 1):
            track.rung(i)
    examined.noise = max(noise, quantum(examined))
    smaller = contradicting(examined, discrepancies, bars) if q > limit else []
    if smaller:
        return _below(examined, smaller)
    if learn_noise(examined, worst) or examined.noise > noise:
        discrepancies, bars = examined.estimates()
    q, rho = q_of(discrepancies, bars), examined.rho(bars)

    def result(verdict: Verdict, code: Code) -> Check:
        return _result(made, verdict, code, rho, q=q)

    if rho > COARSE or 0 < SEEN * examined.most() < noise:
        return result(Verdict.INCONCLUSIVE, Code.COARSE)
    if q <= limit:
        return result(Verdict.PASS, Code.AGREES)
    if made.format.precision < WIDE.precision and not examined.most():
        return result(Verdict.INCONCLUSIVE, Code.STILL)
    every = range(len(examined.tracks))
    kinked = any(is_kink(examined, j) for j in worst)
    for j in every if kinked else ():
        for i in range(grid.levels - 3, grid.levels, 2):
            examined.tracks[j].rung(i)
    if kinked:
        straight = [j for j in every if not is_kink(examined, j)]
        if is_subgradient(examined):
            open_ = examined.rho(bars + jumps(examined))  # any slope between them is as good
            return _result(made, Verdict.PASS, Code.SUBGRADIENT, open_, q=q)
        kept = straight or ([0] if len(examined.s) == 1 else [])  # one parameter has one direction
        if not kept or q_of(discrepancies[kept], bars[kept]) <= limit:
            return result(Verdict.INCONCLUSIVE, Code.KINK)
    for j in worst:
        track, mine = examined.tracks[j], float(discrepancies[j])
        rung = track.rung(examined.rung_of(track) + 1)
        within = callable(made.grad) and on_the_way(track, rung, mine)
        if callable(made.grad) and not within and not (kinked and alone(track, mine)):
            return result(Verdict.INCONCLUSIVE, Code.KINK if kinked else Code.NEAR_KINK)
        if not within and not neighbour_agrees(examined, j, mine, noise):
            return result(Verdict.INCONCLUSIVE, Code.RUNGS_DISAGREE)
    track = examined.tracks[0]
    shown = [d.rung(examined.rung_of(d) + 1).d for d in examined.tracks]
    curved = float(np.max(np.abs(discrepancies - shown)))
    h = examined.step_of(track)
    probe = Probe(made, examined.claim, examined.s, h, examined.noise, track, curved)
    return _explained(probe, result(Verdict.FAIL, Code.DIFFERS))


def _below(examined: Examined, smaller: list[Rung]) -> Check:
    """Smaller steps contradict the difference: then they decide, where the ladder has two of them."""
    made, grid = examined.subject, examined.tracks[0].grid
    examined.rungs.clear()
    within = (i for i in range(grid.levels - 2) if grid.h(i) <= smaller[-1].h)
    examined.rung = next(within, grid.levels - 2)
    again, bars = examined.estimates()
    q, rho = q_of(again, bars), examined.rho(bars)
    if q < LIMIT[made.format.precision] and rho <= COARSE:
        return _result(made, Verdict.PASS, Code.BELOW_KINK, rho, q=q)
    return _result(made, Verdict.INCONCLUSIVE, Code.NEAR_KINK, rho, q=q)


def _explained(probe: Probe, found: Check) -> Check:
    """A fail with its blocks, the wrong entries or slices, and what the mistake may be."""
    made = probe.subject
    known = [measured(probe, block) for block in made.blocks.items if block.size]
    bad = [m for m in known if m.wrong]
    if not bad:  # each alone is below its bar: the one that stands out most
        bad = [max(known, key=lambda m: abs(m.slopes[0][1]) / m.bar)]
    blocks = {m.block.name: _block(probe, m, m in bad) for m in known}
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


def _block(probe: Probe, m: Measured, is_bad: bool) -> BlockResult:
    _, discrepancy, claimed = m.slopes[0]
    whole = float(np.linalg.norm(probe.claim * probe.scale))
    verdict = Verdict.PASS if m.bar <= COARSE * whole else Verdict.INCONCLUSIVE
    return BlockResult(Verdict.FAIL if is_bad else verdict, claimed, claimed + discrepancy, m.bar)
