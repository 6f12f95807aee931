"""`nudgegrad PROGRAM`: the table of nudges, after the lesson if asked."""

from __future__ import annotations

import numpy as np

from ..nudging.optimal import batches
from ..nudging.stencils import stencils_named
from ..nudging.table import MANY_ABOVE, Nudge, NudgeTable, nudges
from ..sweeps.run import Run
from ..views.digits import DIGITS
from ..views.screen import Screen
from ..views.table import as_text
from .arguments import Options
from .outcome import Outcome, run_of
from .terminal import Progress


def run(options: Options, screen: Screen) -> Outcome:
    """The outcome of `nudgegrad explain`."""
    stencils_named(options.stencil)
    run = run_of(options)
    digits = options.digits or DIGITS
    table, missing = nudged(run, wanted(run, options), options.stencil)
    if missing and not table:
        return Outcome("", interrupted=missing)
    lesson = None
    if options.steps:
        from ..views.explain import explain

        lesson = explain(run, digits)
    if options.json:
        from ..views.document import of_table

        return Outcome(of_table(table, lesson), table.verdict, missing)
    parts = [as_text(table, screen, digits)]
    if lesson is not None:
        parts.insert(0, as_text(lesson, screen))
    return Outcome("\n\n".join(parts), table.verdict, missing)


def wanted(run: Run, options: Options) -> list[int]:
    """Indices of the nodes to show: those asked for, else the named ones, or all."""
    graph = run.graph
    if options.nodes:
        return [graph.index(name) for name in options.nodes]
    return [int(i) for i in np.flatnonzero(graph.nudged)] if options.all else list(graph.names)


def nudged(run: Run, nodes: list[int], stencil: str | None) -> tuple[NudgeTable, str]:
    """The nudges of some nodes, and what Ctrl-C left out of them."""
    if len(run.graph) > MANY_ABOVE:
        return nudges(run, map(run.graph.name, set(nodes)), how="local", stencil=stencil), ""
    progress = Progress(len(set(nodes)))
    rows: dict[str, Nudge] = {}
    missing = ""
    try:
        for group in batches(run, sorted(set(nodes))):
            rows.update(nudges(run, map(run.graph.name, group), stencil=stencil))
            progress.say(len(rows))
    except KeyboardInterrupt:
        progress.show("")
        missing = f"interrupted: {len(rows)} of {progress.total} nodes are done"
    return NudgeTable(run, stencils_named(stencil)[0].name, rows), missing
