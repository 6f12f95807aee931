"""`nudgegrad answer`: what is the optimal nudge for each node? Of the question's graph, or of one's own."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import UsageError
from ..formats import FORMATS, format_named
from ..graphs.program import parse
from ..nudging.table import NudgeTable, nudges
from ..sweeps.run import Run
from ..views import card as cards
from ..views.card import Card, Part
from ..views.card_text import DIGITS, as_text
from ..views.guesses import report
from ..views.screen import Screen
from .arguments import Options
from .explain import wanted
from .outcome import Outcome, run_of
from .plot import writable, write_whole
from .terminal import Progress

OWN = "Your graph"


def run(options: Options, screen: Screen) -> Outcome:
    """The outcome of `nudgegrad answer`."""
    drawn = options.output is not None
    for name, given in (("json", options.json), ("digits", options.digits is not None)):
        if drawn and given:
            raise UsageError(f"a picture has no option --{name}", help=f"leave out -o or --{name}")
    path = None if options.output in (None, "-") else writable(str(options.output))
    card = own_card(options) if options.words or options.file is not None else usual_card(options)
    if options.json:
        return Outcome(cards.document(card), card.verdict)
    if not drawn:
        return Outcome(as_text(card, screen, options.digits or DIGITS), card.verdict)
    from ..views.card_picture import card_svg

    picture = card_svg(card)
    if path is None:
        return Outcome(picture, card.verdict)
    write_whole(path, picture + "\n")
    return Outcome("", card.verdict)


def usual_card(options: Options) -> Card:
    """The card of the question's graph and of a curved one beside it.

    Raises
    ------
    UsageError
        If an option is about a program.
    """
    for name, given in (("node", options.nodes), ("fixed", options.fixed)):
        if given:
            raise UsageError(
                f"--{name} is about a program, and there is none",
                help=f'nudgegrad answer "J = (w*x + b)**2" w=2 x=-2 b=8 --{name} x',
            )
    fmt = FORMATS["float64"] if options.format is None else format_named(options.format)
    runs = [parse(e.program).at(e.values, format=fmt) for e in cards.EXAMPLES]
    parts = [
        part(example.title, run, run.graph.names, example.node)
        for example, run in zip(cards.EXAMPLES, runs, strict=True)
    ]
    unit = parse(cards.UNIT.program).at(cards.UNIT.values, format=fmt)
    return Card(tuple(parts), cards.step(unit, cards.DATA))


def own_card(options: Options) -> Card:
    """The card of the user's program."""
    run = run_of(options)
    for name in options.fixed:
        run.graph.index(name)
    nodes = wanted(run, options)
    asked = nodes if options.nodes else [run.graph.index(name) for name in run.graph.inputs] or nodes
    own = part(OWN, run, nodes, run.graph.name(asked[0]))
    return Card((own,), cards.step(run, options.fixed))


def part(title: str, run: Run, nodes: Iterable[int], node: str) -> Part:
    """What the card says of one graph."""
    names = list(dict.fromkeys(map(run.graph.name, nodes)))
    other, lacking = cards.in_other_format(run)
    best, one_sided = nudged(run, names), nudged(run, names, "one-sided")
    return Part(
        title, best, one_sided, None if other is None else nudged(other, names), lacking, report(run, node)
    )


def nudged(run: Run, names: list[str], stencil: str | None = None) -> NudgeTable:
    """The nudges of some nodes, with a line that says how far it is."""
    progress = Progress(len(names))
    try:
        return nudges(run, names, stencil=stencil, progress=lambda done, _: progress.say(done))
    except KeyboardInterrupt:
        progress.show("")
        raise
