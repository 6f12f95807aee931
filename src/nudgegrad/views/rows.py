"""The op table as users read it: how each op is written, its derivatives, its rounding, where it exists."""

from __future__ import annotations

from typing import Any

from ..formats import FORMATS
from ..graphs.ops import OPS, Op, Term
from .digits import number
from .notation import applied, formula
from .sheet import Cell, Column, Sheet

SHOWN = ("float64", "float32")
NOTES = (
    "Derivatives are by x, then by z and t; y is the result, and step(x) is 1 for x > 0, else 0.",
    "Rounding is the most that the op can be off, in half-units of the last place, in"
    f" {' / '.join(SHOWN)}: 0 is exact, 1 correctly rounded.",
)


def rows() -> list[Op]:
    """The rows that programs can use; a renaming is none."""
    return [row for row in OPS.values() if not row.internal and applied(row) != row.symbols[0]]


def written(row: Op) -> str:
    """How programs write the op."""
    fixed = [s for s, partial in zip(row.symbols, row.formulas, strict=True) if partial is None]
    return applied(row) + (f" ({', '.join(fixed)} fixed)" if fixed else "")


def derivatives(row: Op, style: str = "text") -> list[str]:
    """The row's partials, spelled; none by a fixed argument."""
    return [formula(partial, style) for partial in row.formulas if partial is not None]


def corner(row: Op) -> str:
    """Where the op has a corner: ``x - z = 0``; empty if nowhere."""
    if row.kink is None or row.kink_text:
        return row.kink_text
    return f"{formula(Term.of(row.kink(*(Term(None, (), s) for s in row.symbols))))} = 0"


def sheet() -> Sheet:
    """The op table."""
    columns = [
        Column("op", "<"),
        Column("derivative", "<"),
        Column("rounding", "<"),
        Column("defined for", "<"),
    ]
    lines = []
    for row in rows():
        claims = " / ".join(number(row.claim(FORMATS[name])) for name in SHOWN)
        where = row.domain_text or "all values"
        if row.kink is not None:
            where += f", {row.corner} at {corner(row)}"
        lines.append([Cell(written(row)), Cell(", ".join(derivatives(row))), Cell(claims), Cell(where)])
    return Sheet("The op table", columns, lines, NOTES)


def document() -> list[dict[str, Any]]:
    """The op table for JSON."""
    return [
        {
            "name": row.name,
            "written": written(row),
            "latex": applied(row, "latex"),
            "derivatives": derivatives(row),
            "derivatives_latex": derivatives(row, "latex"),
            "rounding": {name: row.claim(fmt) for name, fmt in FORMATS.items()},
            "domain": row.domain_text,
            "corner": corner(row),
            "jumps": row.jumps,
        }
        for row in rows()
    ]
