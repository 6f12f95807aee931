"""The report of a gradient check: verdict and reason, the blocks, what is wrong and what it may be."""

from __future__ import annotations

import math

from ..checks.localise import Wrong
from ..checks.result import Check
from .digits import DIGITS, number, rough, size, within
from .sheet import Cell, Column, Sheet
from .signs import SIGNS

BLOCKS = 30  # that are listed; wrong ones first
ENTRIES = 12  # of them


def check_sheet(check: Check, digits: int = DIGITS) -> Sheet:
    """The blocks of a check, wrong ones first, and the sentences that go with them."""
    columns = [
        Column("block", "<"),
        Column("", "<", spoken="verdict"),
        Column("claimed slope"),
        Column("measured slope"),
    ]
    order = sorted(check.blocks.items(), key=lambda item: item[1].verdict.value == "pass")
    rows = []
    for name, block in order[:BLOCKS]:
        claimed = "" if math.isnan(block.claimed) else number(block.claimed, digits)
        measured = ""
        if not math.isnan(block.measured):
            measured = f"{within(block.measured, block.bar)} ± {size(block.bar)}"
        rows.append([Cell(name), SIGNS[block.verdict], Cell(claimed), Cell(measured)])
    return Sheet(f"Gradient check: {check.verdict.value}", columns, rows, notes_of(check, digits))


def notes_of(check: Check, digits: int = DIGITS) -> list[str]:
    """The sentences of a check."""
    notes = [f"{check.verdict.value.upper()}: {check.reason}."]
    notes += [f"{what}." for what in check.diagnosis]
    notes += [entry_text(w, digits) for w in check.wrong[:ENTRIES]]
    if len(check.wrong) > ENTRIES:
        notes.append(f"and {len(check.wrong) - ENTRIES} more")
    notes += [f"{note}." for note in check.notes]
    counts = check.evaluations
    told = f"{int(counts)} evaluations of f and {counts.gradients} of the gradient, {check.format}"
    if math.isfinite(check.resolution):
        told = f"resolution {rough(check.resolution)}, {told}"
    notes.append(told[0].upper() + told[1:] + ".")
    if math.isfinite(check.accuracy):
        notes.append(f"In its own format the gradient is within {rough(check.accuracy)} of it.")
    return notes


def entry_text(wrong: Wrong, digits: int = DIGITS) -> str:
    """A wrong entry or slice in a sentence."""
    place = ", ".join(":" if isinstance(k, slice) else str(k) for k in wrong.index)
    name = f"{wrong.block}[{place}]" if wrong.index else wrong.block
    said = f"{within(wrong.measured, wrong.bar)} ± {size(wrong.bar)}"
    return f"{name}: claimed {number(wrong.claimed, digits)}, measured {said}"
