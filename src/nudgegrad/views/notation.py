"""How a derivative is spelled: its name, its formula, and a statement with numbers in it."""

from __future__ import annotations

import re

from ..graphs.graph import Graph
from ..graphs.ops import ATOM, Op, Spelled, Term
from ..sweeps.run import Run
from .digits import DIGITS, number

HELD = re.compile(r"([+-] )?(-)?\ue000(\d+)\ue001( \*\*)?")  # a named node, with what decides brackets
TIGHT = re.compile(r" (\*\*|\*|/) ")


def derivative(of: str, by: str, style: str = "text", several: bool = False) -> str:
    """``dJ/dw``; with `several` inputs ``∂J/∂w``.

    Parameters
    ----------
    of, by : str
        Names of nodes.
    style : str
        ``"text"`` or ``"latex"``.
    several : bool
        Whether the partial sign is meant.
    """
    if style == "latex":
        sign = r"\partial " if several else r"\mathrm{d}"
        return rf"\frac{{{sign}{of}}}{{{sign}{by}}}"
    sign = "∂" if several else "d"
    return "/".join(sign + (name if name.isidentifier() else f"({name})") for name in (of, by))


def formula(term: Term, style: str = "text") -> str:
    """A partial of the op table, written out."""
    return _spelled(term, style)[0]


def _spelled(term: Term, style: str) -> Spelled:
    if term.op is None:
        text = term.symbol if isinstance(term.symbol, str) else number(term.symbol)
        return text, ATOM
    if term.op.shown is not None:
        return _spelled(term.op.shown(*term.args), style)
    return term.op.spell([_spelled(a, style) for a in term.args], style)  # a row's formula: a few deep


def applied(row: Op, style: str = "text") -> str:
    """An op with its own symbols: ``x * z``, ``tanh(x)``."""
    return row.spell([(symbol, ATOM) for symbol in row.symbols], style)[0]


def with_names(graph: Graph, i: int) -> str:
    """Node `i` as a program would have it: ``w*x + b``."""
    return TIGHT.sub(r"\1", graph.spelled(i)[0])


def with_numbers(run: Run, i: int, digits: int = DIGITS) -> str:
    """Node `i` with the values of its names: ``2 × -2 + 8``; negative ones in brackets where a sign or a
    power is next to them."""
    return filled(run, run.graph.spelled(i, name=lambda name: held(run.graph, name))[0], digits)


def held(graph: Graph, name: str) -> str:
    """What stands for a name until `filled` puts its value there."""
    return f"\ue000{graph.index(name)}\ue001"


def filled(run: Run, marked: str, digits: int = DIGITS) -> str:
    """A text, spelled by the op table, with values in place of what is `held`."""

    def value(match: re.Match[str]) -> str:
        before, minus, k, power = match.groups(default="")
        text = number(float(run.value_array[int(k)]), digits)
        if text.startswith("-") and (before or minus or power):
            text = f"({text})"
        return f"{before}{minus}{text}{power}"

    return HELD.sub(value, marked).replace(" ** ", "**").replace(" * ", " × ")
