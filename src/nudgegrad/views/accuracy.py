"""How accurate J and its derivatives are: shares of the rounding error, enclosures of a derivative."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..accuracy.enclosure import Enclosure
from ..accuracy.roundoff import Roundoff
from ..graphs.tokens import shortened
from .digits import DIGITS, number, rough, size
from .digits import nudge as power
from .sheet import Cell, Column, Sheet
from .why import listed

ROWS = 30  # operations that are listed, unless all are asked for
NAMED = 3  # nodes that a sentence names
FINE = 4  # digits of an error of J
COARSE = 3  # of its parts
APART = 0.01  # shares and truth that differ by more than this part of the bound do so for a reason


def sheet(shown: Roundoff | Enclosure, digits: int = DIGITS) -> Sheet:
    """The result as a table."""
    return roundoff_sheet(shown, digits) if isinstance(shown, Roundoff) else enclosure_sheet(shown)


def roundoff_sheet(found: Roundoff, digits: int = DIGITS, limit: int | None = ROWS) -> Sheet:
    """The operations that add to J's error, the largest share first, and what it comes to."""
    run, output = found.run, output_of(found)
    columns = [
        Column("node", "<"),
        Column("value"),
        Column("rounding error", short="rounding"),
        Column(f"d{output}/dnode"),
        Column(f"share of {output}'s error", short="share"),
        Column("of all"),
    ]
    adding = [name for name, part in found.items() if part.share != 0]
    values = {run.graph.name(i): run.value_array[i] for i in range(len(run.graph))}
    rows = [
        [
            Cell(shortened(name)),
            Cell(number(float(values[name]), digits)),
            Cell(number(found[name].error, COARSE)),
            Cell(number(found[name].adjoint, digits)),
            Cell(number(found[name].share, COARSE)),
            Cell(_part(found[name].share, found.bound)),
        ]
        for name in adding[:limit]
    ]
    return Sheet(
        f"Shares of the rounding error of {output} in {run.format.name}",
        columns,
        rows,
        [
            *_left_out(found, adding, limit),
            *_represented(found),
            _underflow(found),
            closing(found, digits),
        ],
    )


def output_of(found: Roundoff) -> str:
    """The name of the output."""
    graph = found.run.graph
    return graph.name(graph.output)


def _part(share: float, bound: float) -> str:
    """A share in per cent of all shares' sizes."""
    if not math.isfinite(share) or not math.isfinite(bound):
        return "?"
    per_cent = 100 * abs(share) / bound
    return f"{per_cent:.0f} %" if per_cent >= 1 else "< 1 %"


def _left_out(found: Roundoff, adding: Sequence[str], limit: int | None) -> list[str]:
    notes = []
    if limit is not None and len(adding) > limit:
        rest = math.fsum(found[name].share for name in adding[limit:])
        notes.append(f"… and {len(adding) - limit:,} smaller ones, {number(rest, COARSE)} together.")
    silent = len(found) - len(adding)
    if silent and adding:
        notes.append(f"{silent:,} of {len(found):,} operations {'adds' if silent == 1 else 'add'} nothing.")
    return notes


def _represented(found: Roundoff) -> list[str]:
    """What rounding the inputs and constants to the format does."""
    parts = found.represented
    if not parts:
        return []
    moved = "" if math.isnan(parts.true) else f" by {number(parts.true, FINE)}"
    names = listed([shortened(name) for name in parts], NAMED + 1)
    return [
        f"Rounding {names} to {found.run.format.name} moves {output_of(found)}{moved} besides;"
        f" by the derivatives {number(parts.predicted, FINE)}."
    ]


def _underflow(found: Roundoff) -> str:
    """Which derivatives underflow and what helps."""
    fmt = found.run.format.name
    scale, largest = found.loss_scale, power(found.largest_scale)
    if not found.flushed:
        if scale == 1:
            return f"No derivative underflows in {fmt}: no loss scale is needed."
        if math.isnan(scale):
            return f"Derivatives overflow in {fmt}: no loss scale helps."
        return f"Derivatives overflow in {fmt}: the loss scale {largest} keeps them finite."
    examples = [
        f"{shortened(name)} ({rough(f.adjoint)} {'is subnormal' if f.computed else 'becomes 0'})"
        for name, f in found.flushed.items()
    ]
    count, left = len(found.flushed), len(found.left)
    said = (
        f"{count:,} of {found.adjoints:,} derivatives underflow in {fmt} ({_part(count, found.adjoints)}):"
        f" {listed(examples, NAMED + 1)}"
    )
    if math.isnan(found.largest_scale):
        return f"{said}. No loss scale helps: derivatives overflow whatever it is."
    if math.isnan(scale):
        return f"{said}. No loss scale saves them: {largest}, the largest that fits, leaves {left:,}."
    return f"{said}. The loss scale {largest} saves {f'all but {left:,}' if left else 'all'} of them."


def closing(found: Roundoff, digits: int = DIGITS) -> str:
    """How far J is off, in a sentence."""
    run, output = found.run, output_of(found)
    value = f"{output} = {number(run.value(output), digits)} in {run.format.name}"
    if found.bound == 0 and found.true == 0:
        return f"{value} is exact: no operation loses anything."
    shares = f"the shares add up to {number(found.predicted, FINE)}, at most {size(found.bound)}"
    if math.isnan(found.true):
        return f"{value} would be off by the shares, but without rounding {output} has no value; {shares}."
    if not abs(found.predicted - found.true) <= APART * found.bound:
        shares += "; a corner or an edge lies between the computed and the exact values"
    return f"{value} is off by {number(found.true, FINE)}; {shares}."


def enclosure_sheet(found: Enclosure) -> Sheet:
    """One enclosure with all that is known of it."""
    if found.finite:
        between = f"{number(found.lower, 17)} to {number(found.upper, 17)}"
        middle = f"{number(found.centre, 17)} ± {size(found.radius)}"
    else:
        between, middle = "nothing is known", "—"
    facts = [
        ("value", number(found.value)),
        ("derivative", between),
        ("middle", middle),
        ("by backprop", f"{number(found.adjoint, 17)}{_inside(found)}"),
        ("bits", str(found.bits)),
    ]
    notes = [f"{found.reason}."] if found.reason else []
    columns = [Column("node", "<"), Column(found.node, "<")]
    rows = [[Cell(what), Cell(text)] for what, text in facts]
    return Sheet(f"Where the derivative by {found.node} lies for certain", columns, rows, notes)


def _inside(found: Enclosure) -> str:
    """How far the claim can be from the derivative."""
    if not found.finite or found.corners or not math.isfinite(found.adjoint):
        return ""
    return f", off by at most {size(abs(found.adjoint - found.centre) + found.radius)}"
