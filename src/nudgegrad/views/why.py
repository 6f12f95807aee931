"""Why each node got its nudge: one sentence per distinct reason, for the nodes that share it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..nudging.table import Nudge, Verdict

AGREEING = 8  # reasons of nodes that pass that are printed
DOUBTFUL = 12  # reasons of nodes that do not
NAMES = 8  # names that one sentence lists


def listed(names: Sequence[str], most: int = NAMES) -> str:
    """``w``, ``w and x``, ``w, x, b and 4 more``."""
    if len(names) > most:
        return f"{', '.join(names[: most - 1])} and {len(names) - most + 1} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _key(n: Nudge) -> str:
    """What nodes of one sentence have in common."""
    if n.verdict is not Verdict.PASS:
        return f"{n.verdict} {n.node}"
    if n.factors.decided == "degree":
        return f"degree {n.factors.degree:g} {n.stencil}"
    return n.factors.decided if n.factors.decided == "independent" else n.reason


def _sentence(group: Sequence[Nudge], output: str) -> str:
    first, names = group[0], listed([n.node for n in group])
    if first.verdict is Verdict.PASS and first.factors.decided == "degree":
        return (
            f"{output} is of degree {first.factors.degree:g} in {names}: {first.stencil} nudges are exact"
            " at any size, large ones lose the least to rounding."
        )
    if first.verdict is Verdict.PASS and first.factors.decided == "independent":
        return f"{output} does not depend on {names}: every nudge gives exactly 0."
    return f"{names}: {first.reason}."


def sentences(nudges: Iterable[Nudge], output: str) -> list[str]:
    """One line per distinct reason: nodes that fail first, then inconclusive ones, then the others."""
    groups: dict[str, list[Nudge]] = {}
    for n in nudges:
        groups.setdefault(_key(n), []).append(n)
    order = [Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS]
    ranked = sorted(groups.values(), key=lambda group: order.index(group[0].verdict))
    doubtful = [g for g in ranked if g[0].verdict is not Verdict.PASS]
    agreeing = ranked[len(doubtful) :]
    lines = []
    for kind, most in ((doubtful, DOUBTFUL), (agreeing, AGREEING)):
        shown = kind if len(kind) <= most else kind[: most - 1]
        lines += [_sentence(group, output) for group in shown]
        left = [n.node for group in kind[len(shown) :] for n in group]
        if left:
            lines.append(f"{listed(left, 3)}: for reasons of their own (--json has them).")
    return lines


def summary(nudges: Sequence[Nudge]) -> str:
    """How many derivatives agree, fail or remain open, in one line."""
    if not nudges:
        return "There is nothing to nudge."
    by_verdict = {v: [n.node for n in nudges if n.verdict is v] for v in Verdict}
    agree, total = len(by_verdict[Verdict.PASS]), len(nudges)
    if agree == total:
        several = "Both" if total == 2 else f"All {total}"
        agreed = f"{several} derivatives agree with their nudges."
        return agreed if total > 1 else "The derivative agrees with its nudge."
    if total == 1:
        return "The derivative fails." if by_verdict[Verdict.FAIL] else "The derivative is inconclusive."
    parts = [f"{agree} agree{'s' * (agree == 1)} with {'its nudge' if agree == 1 else 'their nudges'}"]
    for verdict, one, several in (
        (Verdict.FAIL, "fails", "fail"),
        (Verdict.INCONCLUSIVE, "is inconclusive", "are inconclusive"),
    ):
        names = by_verdict[verdict]
        if names:
            parts.append(f"{len(names)} {one if len(names) == 1 else several} ({listed(names, 5)})")
    return f"Of {total} derivatives {', '.join(parts[agree == 0 :])}."
