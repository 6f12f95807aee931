"""`nudgegrad nudge PROGRAM --node u`: the best nudge for one node."""

from __future__ import annotations

import re
from fractions import Fraction

from ..errors import BindingError, Place, UsageError
from ..formats import Format
from ..graphs.program import parse_number
from ..views.answer import DIGITS, as_text
from ..views.guesses import report
from ..views.screen import Screen
from .arguments import Options
from .outcome import Outcome, run_of

TINY = re.compile(r"[-+]?(?=[\d_.]*[1-9])[\d_]*\.?[\d_]*[eE]-\d+")  # may be smaller than any number format


def run(options: Options, screen: Screen) -> Outcome:
    """The outcome of `nudgegrad nudge`."""
    run = run_of(options)
    graph = run.graph
    if len(options.nodes) > 1:
        raise UsageError("'nudge' answers for one node", help="leave out all but one --node")
    node = options.nodes[0] if options.nodes else next(iter(graph.inputs), graph.name(graph.output))
    own = None if options.h is None else (options.h.strip(), own_nudge(options.h, run.format))
    found = report(run, node, options.stencil, own)
    if options.json:
        from ..views.document import of_report

        return Outcome(of_report(found), found.best.verdict)
    return Outcome(as_text(found, screen, options.digits or DIGITS), found.best.verdict)


def own_nudge(text: str, fmt: Format) -> float:
    """The user's nudge in a number format; 0 if it underflows.

    Raises
    ------
    UsageError
        If it is no number, 0, or too large.
    """
    try:
        exact = parse_number(text, "--h ", "argument")
    except BindingError:
        if not TINY.fullmatch(text.strip()):
            raise
        return 0.0
    place = Place(f"--h {text}", 4, 4 + len(text), "argument")
    if exact == 0:
        raise UsageError("a nudge of 0 changes nothing", place, "for example --h 1e-3")
    if abs(exact) > Fraction(fmt.maximum):
        raise UsageError(f"{text} is beyond the range of {fmt.name}", place, "for example --h 1e-3")
    return fmt.nearest(exact)
