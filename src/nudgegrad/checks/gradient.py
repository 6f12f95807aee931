"""Is a claimed gradient right? A verdict without tolerances, with its reason and its resolution.

Along a few directions through all parameters at once, S is the measured discrepancy and E its bar
(`examined`): slopes of f come from `blackbox.lines`, which knows nothing of the claim. Q = 4 mean (S / E)^2
over the directions; the gradient fails only if Q is large, the whole ladder of steps shows it too, and the
claim is not between the slopes of a kink. Blocks are looked at only after that.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..nudging.table import Verdict, nudges
from ..sweeps.run import Run
from .diagnose import diagnosis
from .directions import scales
from .doubts import contradicting, is_kinked, is_subgradient, jumps, moved, supported, unseen, wide, worst
from .examined import Bools, Examined, q_of
from .integral import alone, confirmed, integrated, on_the_way
from .localise import Measured, Probe, Wrong, locate, measured
from .result import BlockResult, Check, Code, Evaluations, Reason
from .subject import WIDE, Refused, Subject

LIMIT = {53: 9.0, 24: 16.0, 11: 16.0, 8: 16.0}  # of Q, by the format's precision
SURE = 1.0  # of Q: up to it four directions are enough
FINE = 1e-4  # rho up to which no line integral is taken,
ROUGH = 1e-3  # and beyond which it is before further steps
SEEN = 0.005  # of what steps move f: beyond it, what was taken for noise can be f itself
BLIND = 0.2  # rho beyond which slopes could not speak against a line integral
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
        if found.reason.code is Code.KINK:  # which a lower format cannot tell from a curve
            return found
        itself = _tried(own, seed)  # f may be made for its own format; where it bends, float64 sees better
        bent = found.reason.code is Code.NEAR_KINK
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
    u = made.format.u
    own = claim - claim
    if callable(made.grad):
        shifted = made.claim(made.round(made.x * (1 + 2 * u)))
        own = np.where(np.isfinite(shifted), shifted - claim, 0.0)
    s = scales(made.x, made.blocks)
    examined = Examined(made, claim, own, centre, repeat, s, seed)
    found = _judged(examined)
    if found and examined.is_zero():
        found = replace(found, notes=(ZERO,))
    if examined.is_random() and found.verdict is Verdict.INCONCLUSIVE:
        return replace(found, reason=Reason.of(Code.RANDOM))
    return found


def _judged(examined: Examined) -> Check:
    made = examined.subject
    limit = LIMIT[made.format.precision]
    coarse = _integrable(examined, ROUGH)
    if coarse is not None:
        return coarse
    examined.sharpen()
    if SURE < q_of(examined.discrepancies, examined.bars) <= limit and not wide(examined, COARSE).any():
        examined.more()
    finer = _integrable(examined, FINE)
    if finer is not None:
        return finer
    rho, q = examined.rho(), q_of(examined.discrepancies, examined.bars)
    if q <= limit / 2 and rho <= COARSE:
        return _result(made, Verdict.PASS, Code.AGREES, rho, q=q)
    return _doubted(examined, q)


def _integrable(examined: Examined, least: float) -> Check | None:
    """What line integrals add to slopes that leave more open than `least`; None if nothing that is sure."""
    made, rho = examined.subject, examined.rho()
    limit = LIMIT[made.format.precision]
    if not callable(made.grad) or not least < rho <= BLIND:
        return None
    if q_of(examined.discrepancies, examined.bars) > limit / 2:
        return None
    found = integrated(examined)
    if found is not None and SURE < q_of(found.s, found.bars) <= limit:
        examined.more()
        found = integrated(examined)
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
    bar = examined.lines.rounding(found.step)
    return _explained(Probe(examined.s, found.step, bar, found.segments[0], float(max(found.apart))), wrong)


def _doubted(examined: Examined, q: float) -> Check:
    """The whole ladder along the worst directions, and what it shows."""
    made = examined.subject
    limit = LIMIT[made.format.precision]
    open_ = wide(examined, COARSE)
    before, bars = examined.discrepancies, np.where(open_, np.inf, examined.bars)
    looked_at = worst(examined, 1 if q > CLEARLY * limit else 2)
    examined.deepen(looked_at, looked_at & open_)
    below, still = moved(examined, before, bars), wide(examined, COARSE)
    noisy = looked_at & still & ~contradicting(examined)
    if (looked_at & ~noisy).any() and (below or open_.any() or is_kinked(examined).any()):
        examined.deepen(~looked_at, ~looked_at & (below | open_.any()))
    unclear = contradicting(examined) | wide(examined, COARSE)
    if unclear.any() and not unclear.all():  # lines of one f at one x: what some show is the scale of all
        examined.confine(unclear)
    discrepancies, rho = examined.discrepancies, examined.rho()
    q, kinked = q_of(discrepancies, examined.bars), is_kinked(examined)

    def result(verdict: Verdict, code: Code) -> Check:
        return _result(made, verdict, code, rho, q=q)

    if not np.isfinite(discrepancies).all():
        return result(Verdict.INCONCLUSIVE, unseen(examined))
    if 0 < SEEN * examined.most() < examined.lines.noise:
        return result(Verdict.INCONCLUSIVE, Code.COARSE)
    clear = ~wide(examined, COARSE)
    if rho > COARSE and not (callable(made.grad) and q > limit and _off(examined, clear)):
        return result(Verdict.INCONCLUSIVE, Code.COARSE)
    if kinked.any() and is_subgradient(examined):
        either = examined.rho(examined.bars + jumps(examined))  # any slope between them is as good
        return _result(made, Verdict.PASS, Code.SUBGRADIENT, either, q=q)
    if q <= limit and not kinked.any():
        return result(Verdict.PASS, Code.BELOW_KINK if below or examined.is_below() else Code.AGREES)
    if made.format.precision < WIDE.precision and examined.is_still():
        return result(Verdict.INCONCLUSIVE, Code.STILL)
    if kinked.any():
        one = len(examined.s) == 1  # direction
        if not _off(examined, kinked if one else ~kinked):
            return result(Verdict.INCONCLUSIVE, Code.KINK)
    elif below:
        return result(Verdict.INCONCLUSIVE, Code.NEAR_KINK)
    sure, discrepancies = ~contradicting(examined), examined.discrepancies
    sure[len(kinked) :] = False  # what was added since has its first steps only
    if not _off(examined, sure):
        return result(Verdict.INCONCLUSIVE, Code.RUNGS_DISAGREE)
    worst_ones = np.flatnonzero(worst(examined, int(looked_at.sum()), sure)).tolist()
    if not callable(made.grad) and any(supported(examined, j) for j in worst_ones):
        return result(Verdict.INCONCLUSIVE, Code.NEAR_KINK)
    for j in worst_ones if callable(made.grad) else ():
        track, mine = examined.tracks[j], float(discrepancies[j])
        within = on_the_way(track, examined.step(j), mine)
        if not within and not (kinked.any() and alone(track, mine)):
            return result(Verdict.INCONCLUSIVE, Code.KINK if kinked.any() else Code.NEAR_KINK)
    j = worst_ones[0]
    h = examined.step(j)
    probe = Probe(examined.s, h, examined.lines.rounding(h), examined.tracks[j], examined.curved(h))
    return _explained(probe, result(Verdict.FAIL, Code.DIFFERS))


def _off(examined: Examined, which: Bools) -> bool:
    """Whether the claim is beyond the limit along some directions."""
    limit = LIMIT[examined.subject.format.precision]
    return bool(which.any()) and q_of(examined.discrepancies[which], examined.bars[which]) > limit


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
