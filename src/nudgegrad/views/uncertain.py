"""Derivatives of black boxes in words: a number with the uncertainty of its last digit, and its reason."""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, Decimal

import numpy as np

from ..blackbox.result import Derivative, Derivatives
from ..nudging.table import Verdict
from .digits import DIGITS, number, rough, size
from .sheet import Cell, Column, Sheet
from .signs import SIGNS

PLAIN = (-4, 9)  # powers of ten between which no exponent is written
PRIMES = {1: "'", 2: "''", 3: "'''", 4: "''''"}


def uncertain(value: float, bar: float) -> str:
    """A value with the uncertainty of its last digit in parentheses: ``8.5455085(2)`` for 8.5455085 ± 2e-7.

    The uncertainty has one digit and is rounded up, what rounding the value moves included: the interval
    that is written contains the one that is meant.
    """
    if not (math.isfinite(value) and math.isfinite(bar)):
        return "?"
    exact, spread = Decimal(value), Decimal(bar)
    if not spread:
        return repr(value)
    last = spread.adjusted()
    while True:
        rounded = exact.quantize(Decimal((0, (1,), last)))
        digit = int(((spread + abs(rounded - exact)).scaleb(-last)).to_integral_value(ROUND_CEILING))
        if digit < 10:
            break
        last += 1
    first = max(rounded.adjusted() if rounded else last, last)
    if last <= 0 and PLAIN[0] <= first < PLAIN[1]:
        return f"{rounded:.{-last}f}({digit})"
    return f"{rounded.scaleb(-first):.{first - last}f}({digit})e{first}"


def line(found: Derivative) -> str:
    """A derivative in one line: the number; what is not claimed with its reason."""
    if found.verdict is Verdict.PASS:
        return uncertain(found.value, found.bar)
    known = f" ({uncertain(found.value, found.bar)})" if math.isfinite(found.value) else ""
    return f"inconclusive: {found.reason}{sides(found)}{known}"


def sides(found: Derivative) -> str:
    """The slopes at a kink."""
    if found.slopes is None:
        return ""
    left, right = (number(s, DIGITS) if math.isfinite(s) else "—" for s in found.slopes)
    return f", left {left}, right {right}"


def derivative_sheet(found: Derivative, digits: int = DIGITS) -> Sheet:
    """A derivative with all that is known of it."""
    sign = SIGNS[found.verdict]
    facts = [
        ("x", number(found.x, digits)),
        (f"f{PRIMES[found.order]}(x)", uncertain(found.value, found.bar)),
        ("verdict", f"{sign.text} {sign.spoken}"),
        ("why", f"{found.reason}{sides(found)}"),
        ("rounding, truncation", f"{size(found.rounding)}, {size(found.truncation)}"),
        ("largest step", number(found.h, 3)),
        ("noise of f", rough(found.noise)),
        ("evaluations", str(found.evaluations)),
        ("format of x", found.format),
    ]
    columns = [Column("", "<", "what"), Column("", "<", "value")]
    return Sheet(
        "The derivative of a black box", columns, [[Cell(what), Cell(text)] for what, text in facts]
    )


def derivatives_sheet(found: Derivatives, digits: int = DIGITS, limit: int | None = None) -> Sheet:
    """Each entry's derivative, and how many are claimed."""
    columns = [Column("entry", "<"), Column("x"), Column("derivative", "<"), Column("", "<", "verdict"),
               Column("largest step")]  # fmt: skip
    rows = []
    for index in list(np.ndindex(found.shape))[:limit]:
        d = found.each[index]
        text = uncertain(d.value, d.bar) if d.slopes is None else sides(d).removeprefix(", ")
        rows.append([
            Cell(", ".join(map(str, index))), Cell(number(d.x, digits)), Cell(text), SIGNS[d.verdict],
            Cell(number(d.h, 3) if math.isfinite(d.h) else "—"),
        ])  # fmt: skip
    claimed = sum(v is Verdict.PASS for v in found.verdicts.flat)
    notes = [f"… and {found.value.size - len(rows):,} more"] if len(rows) < found.value.size else []
    notes.append(
        f"{claimed:,} of {found.value.size:,} derivatives claimed, {found.evaluations:,} evaluations."
    )
    if claimed < found.value.size:
        notes.append(f"Inconclusive: {found.reason}.")
    return Sheet("The derivatives of a black box", columns, rows, notes)


def report(found: Derivative, name: str) -> Sheet:
    """What the command line says of a derivative."""
    columns = [Column("x", "<"), Column(f"{name}{PRIMES[found.order]}(x)", "<"), Column("", "<", "verdict"),
               Column("largest step"), Column("noise of f")]  # fmt: skip
    known = math.isfinite(found.value)
    row = [
        Cell(number(found.x, 17)),
        Cell(uncertain(found.value, found.bar)),
        SIGNS[found.verdict],
        Cell(number(found.h, 3) if known else "—"),
        Cell(rough(found.noise) if known else "—"),
    ]
    verdict = "PASS" if found.verdict is Verdict.PASS else "INCONCLUSIVE"
    notes = [
        f"{verdict}: {found.reason}{sides(found)}.",
        f"{found.evaluations} evaluations, {found.format}.",
    ]
    return Sheet(f"The derivative of {name}", columns, [row], notes)
