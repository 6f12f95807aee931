"""Results as text and as HTML: graphs, runs, nudges and tables of nudges."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..checks.result import Check
from ..graphs.graph import Graph
from ..graphs.tokens import shortened
from ..nudging.optimal import CELLS
from ..nudging.quotient import COURSE, quotients
from ..nudging.table import Nudge, NudgeTable, Verdict
from ..sweeps.run import Run
from .digits import DIGITS, nudge, number, size, within
from .report import check_sheet
from .screen import Screen
from .sheet import Cell, Column, Sheet
from .signs import SIGNS
from .why import DOUBTFUL, sentences, summary

LIMIT = 200  # rows that print and a notebook show
WHOLE = 20_000  # rows from which on only so many are made
COSTLY = 20_000_000  # nodes times nodes that the quotients with 0.001 may cost


def as_text(shown: Any, screen: Screen | None = None, digits: int = DIGITS) -> str:
    """The report of a result (a Graph, Run, Nudge, NudgeTable, Check, …), as `print` shows it.

    Parameters
    ----------
    shown : object
    screen : Screen, optional
        A screen of 120 columns with all signs and no colours by default.
    digits : int
        Significant digits of values and derivatives; estimates have those that their bar allows.
    """
    sheet = _sheet(shown, digits, None if screen else LIMIT)
    screen = screen or Screen()
    return sheet.as_text(screen) if sheet is not None else str(shown.as_text(screen))


def as_html(shown: Any, digits: int = DIGITS) -> str:
    """The same as HTML, for notebooks."""
    sheet = _sheet(shown, digits, LIMIT)
    return sheet.as_html() if sheet is not None else str(shown.as_html())


def _sheet(shown: Any, digits: int, limit: int | None) -> Sheet | None:
    if type(shown).__name__ in ("Roundoff", "Enclosure"):
        from . import accuracy  # which no other command needs

        return accuracy.sheet(shown, digits)
    if type(shown).__name__ in ("Derivative", "Derivatives"):
        from . import uncertain  # the same

        if type(shown).__name__ == "Derivative":
            return uncertain.derivative_sheet(shown, digits)
        return uncertain.derivatives_sheet(shown, digits, limit)
    if isinstance(shown, Check):
        return check_sheet(shown, digits)
    if isinstance(shown, NudgeTable):
        return nudge_sheet(shown, digits, limit)
    if isinstance(shown, Run):
        return run_sheet(shown, digits)
    if isinstance(shown, Graph):
        return graph_sheet(shown)
    return one_nudge_sheet(shown, digits) if isinstance(shown, Nudge) else None


def output_name(graph: Graph) -> str:
    """The name of the output."""
    return graph.name(graph.output)


def graph_sheet(graph: Graph) -> Sheet:
    """The named nodes and how they are written."""
    columns = [Column("node", "<"), Column("written as", "<")]
    rows = []
    for i, name in list(graph.names.items())[:LIMIT]:
        written = shortened(graph.spelled(i)[0]) if graph.op(i) is not None else "(given)"
        rows.append([Cell(name), Cell(written)])
    notes = [f"{output_name(graph)} is the output, of {len(graph)} nodes with constants and unnamed ones."]
    return Sheet(f"Graph of {output_name(graph)}", columns, rows, _cut(len(graph.names), LIMIT) + notes)


def run_sheet(run: Run, digits: int = DIGITS) -> Sheet:
    """Values and derivatives of the named nodes."""
    graph, output = run.graph, output_name(run.graph)
    columns = [Column("node", "<"), Column("value"), Column(f"d{output}/dnode")]
    rows = [
        [
            Cell(name),
            Cell(number(float(run.value_array[i]), digits)),
            Cell(number(float(run.adjoint_array[i]), digits)),
        ]
        for i, name in list(graph.names.items())[:LIMIT]
    ]
    return Sheet(
        f"Values and derivatives of {output} in {run.format.name}",
        columns,
        rows,
        _cut(len(graph.names), LIMIT),
    )


def nudge_sheet(table: NudgeTable, digits: int = DIGITS, limit: int | None = None) -> Sheet:
    """Every node's best nudge, beside the derivative by backprop and what 0.001 would have said."""
    graph, output = table.run.graph, output_name(table.run.graph)
    total = len(table)
    if total > WHOLE:
        limit = LIMIT
        nudges = [*table.some(LIMIT), *table.some(DOUBTFUL, doubtful=True)]
    else:
        nudges = list(table.values())
    shown = nudges[:limit]
    course = quotients_of(table.run, [graph.index(n.node) for n in shown])
    columns = [
        Column("node", "<"),
        Column("value"),
        Column(f"d{output}/dnode"),
        Column("best nudge", short="nudge"),
        Column("by nudging", "<"),
        Column("", "<", "verdict"),
        Column(f"with {COURSE:g}"),
    ]
    rows = []
    for n, quotient in zip(shown, course, strict=True):
        row = [Cell(n.node), Cell(number(n.value, digits)), Cell(number(n.adjoint, digits))]
        if n.node == output and len(nudges) > 1:  # nudging the output changes it as much: nothing to see
            row += [Cell("")] * 4
        else:
            with_course = number(float(quotient), digits) if np.isfinite(quotient) else "—"
            row += [Cell(nudge(n.h)), by_nudging(n), SIGNS[n.verdict], Cell(with_course)]
        rows.append(row)
    others = [n for n in nudges if n.node != output or len(nudges) == 1]
    notes = [*_cut(total, limit), *sentences(others, output)]
    notes += [summary(others)] if total == len(nudges) else many_notes(table)
    caption = f"The best nudge of each node of {output}, in {table.run.format.name}"
    return Sheet(caption, columns, rows, notes)


def many_notes(table: NudgeTable) -> list[str]:
    """How many derivatives of a large table agree, and what its nudges are worth."""
    verdicts = table.array("verdict")
    counts = {v: int((verdicts == v).sum()) for v in Verdict}
    agree = f"Of {len(table):,} derivatives {counts[Verdict.PASS]:,} agree with their nudges"
    notes = [f"{agree}, {counts[Verdict.FAIL]:,} fail, {counts[Verdict.INCONCLUSIVE]:,} are inconclusive."]
    certificate = table.certificate
    if certificate is not None and certificate.nodes:
        exact = 100 * float(table.array("exact").mean())
        drawn = f"at {len(certificate.nodes)} nodes drawn at random {100 * certificate.near:.0f} %"
        notes.append(
            f"{exact:.0f} % of the nudges are from exact jets; {drawn} are within a factor 3 of those."
        )
    return notes


def by_nudging(n: Nudge, digits: int = DIGITS) -> Cell:
    """The estimate with its bar; at a kink both slopes."""
    if n.slopes is not None:
        left, right = (number(s, digits) if np.isfinite(s) else "—" for s in n.slopes)
        return Cell(f"left {left}, right {right}")
    if not np.isfinite(n.estimate):
        return Cell("—")
    return Cell(f"{within(n.estimate, n.bar)} ± {size(n.bar)}", at="±")


def one_nudge_sheet(n: Nudge, digits: int = DIGITS) -> Sheet:
    """One nudge with all that is known of it."""
    verdict = SIGNS[n.verdict]
    facts = [
        ("value", number(n.value, digits)),
        ("by backprop", number(n.adjoint, digits)),
        ("best nudge", f"{nudge(n.h)} ({n.stencil})"),
        ("by nudging", by_nudging(n, digits).text),
        ("rounding, truncation", f"{size(n.rounding)}, {size(n.truncation)}"),
        ("verdict", f"{verdict.text} {verdict.spoken}"),
        ("why", n.reason),
    ]
    columns = [Column("node", "<"), Column(n.node, "<")]
    return Sheet(f"The best nudge of {n.node}", columns, [[Cell(what), Cell(text)] for what, text in facts])


def quotients_of(run: Run, nodes: Iterable[int]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The course's quotients of some nodes, in groups that fit the memory."""
    wanted = list(nodes)
    if len(wanted) * len(run.graph) > COSTLY:
        return np.full(len(wanted), np.nan)
    group = max(1, CELLS // (2 * len(run.graph)))
    found = [quotients(run, wanted[k : k + group]) for k in range(0, len(wanted), group)]
    return np.concatenate([np.zeros(0), *found])


def _cut(length: int, limit: int | None) -> list[str]:
    return [f"… and {length - limit:,} more"] if limit is not None and length > limit else []
