"""Tapes: a run as the browser computes it, every rule of the op table written down in primitives.

The machine that reads a tape has values of the primitives and no rule: it does not know what a derivative
is. So a new row, or a corrected one, needs nothing in the browser.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..formats import FORMATS
from ..graphs.graph import CONSTANT, Graph
from ..graphs.ops import Op, Term
from ..sweeps.run import Run

WIDE, NARROW = FORMATS["float64"], FORMATS["float32"]

Formula = Any  # a number, the name of an argument or result, or a list: the name of a primitive, formulas


def tape(run: Run) -> dict[str, Any]:
    """A run as plain data for the browser's machine.

    Parameters
    ----------
    run : Run
        Its inputs are taken as they are, its constants are rounded to each format once.

    Returns
    -------
    dict
        ``nodes``: one list per node, ``["in", value]``, ``["const", value]`` (and the number of float32,
        where rounding twice gives another) or ``[row, operand, ...]``; ``rows``: for each row in use its
        ``value`` and its ``partials``, None for a fixed argument, as
        formulas in ``x``, ``z`` and the result ``y``; ``output``: the index of J; ``names``: name ->
        index.

    Notes
    -----
    O(N). In float64 and float32 the operations are those of the run in the same order, so results agree
    bit for bit as far as the primitives do: + - * / sqrt, signs and corners always, functions within
    the rounding claims of their rows.

    Examples
    --------
    >>> import nudgegrad as ng
    >>> t = tape(ng.graph("J = relu(w) / 3").at(w=2))
    >>> t["nodes"]
    [['in', 2], ['relu', 0], ['const', 3], ['/', 1, 2]]
    >>> t["rows"]["relu"]
    {'value': ['max', 'x', 0], 'partials': [['step', 'x']]}
    """
    graph = run.graph
    rows = {row.name: row for row in map(graph.op, range(len(graph))) if row is not None}
    return {
        "nodes": [_node(graph, i, float(v)) for i, v in enumerate(run.value_array)],
        "rows": {name: rules(row) for name, row in rows.items()},
        "output": graph.output,
        "names": {name: i for i, name in graph.names.items()},
    }


def rules(row: Op) -> dict[str, Any]:
    """A row's value and partials in primitives."""
    symbols = [Term(None, (), s) for s in row.symbols]
    return {
        "value": [row.name, *row.symbols] if row.tape is None else formula(row.tape(*symbols)),
        "partials": [None if f is None else formula(f) for f in row.formulas],
    }


def formula(term: Term) -> Formula:
    """A term in primitives, as nested lists."""
    if term.op is None:
        return term.symbol if isinstance(term.symbol, str) else _number(term.symbol)
    if term.op.tape is not None:
        return formula(Term.of(term.op.tape(*term.args)))  # rows are made of rows: a few deep
    return [term.op.name, *map(formula, term.args)]


def _node(graph: Graph, i: int, value: float) -> list[Any]:
    row = graph.op(i)
    if row is not None:
        return [row.name, *graph.args(i)]
    if graph.codes[i] != CONSTANT:
        return ["in", _number(value)]
    exact = graph.constants[i][0]
    wide, narrow = WIDE.nearest(exact), NARROW.nearest(exact)
    with np.errstate(over="ignore"):
        same = float(np.float32(wide)) == narrow
    return ["const", _number(wide), *([] if same else [narrow])]


def _number(x: float) -> float:
    """A whole number as one: 3 is shorter than 3.0, and the same number there."""
    return int(x) if x == int(x) and abs(x) < 2**53 and (x or not np.signbit(x)) else float(x)
