"""What "Why backprop" counts: visits of nodes by backprop, N + P, and by nudging each parameter, N × P.

N and P are the course's: N counts the nodes, P the parameters. On a learner's graph a node is a statement on
the way to J, a box of the picture, however many operations it has; a parameter is an input on that way that is
not fixed: a value to change. In the measured nets a node is a neuron. A visit is one node, or one parameter,
looked at once: a derivative on the way back, a value in a run of the graph. The one pass forward with which
both ways begin is not counted.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from ..graphs.graph import Graph
from .sentences import say
from .stage import table_html

COURSE = 100_000  # parameters of the course's example, with 10,000 neurons
UNITS = ((1e-6, "µs"), (1e-3, "ms"), (1.0, "s"), (60.0, "min"), (3600.0, "h"), (86400.0, "days"))


@dataclass(frozen=True)
class Visits:
    """Who is visited, and in which order.

    Parameters
    ----------
    nodes : tuple of str, shape (N,)
        In the order of a pass forward.
    parameters : tuple of str, shape (P,)
        In the order in which each is nudged.
    back : tuple of str, shape (N + P,)
        All of them in the order of the pass back: each after everything that takes it.
    """

    nodes: tuple[str, ...]
    parameters: tuple[str, ...]
    back: tuple[str, ...]

    @property
    def backprop(self) -> int:
        """N + P: each node and each parameter gets its derivative once."""
        return len(self.nodes) + len(self.parameters)

    @property
    def nudging(self) -> int:
        """N × P: for each parameter the graph is run again, whether its nudge moves a node or not."""
        return len(self.nodes) * len(self.parameters)


def visits(graph: Graph, fixed: Collection[str] = ()) -> Visits:
    """The visits of both ways on a graph.

    Parameters
    ----------
    graph : Graph
    fixed : collection of str
        Inputs that are no parameters.

    Examples
    --------
    >>> import nudgegrad as ng
    >>> found = visits(ng.graph("c = w*x; a = c + b; d = a - y; J = d**2/2"), fixed=("x", "y"))
    >>> found.nodes, found.parameters, found.back
    (('c', 'a', 'd', 'J'), ('w', 'b'), ('J', 'd', 'a', 'b', 'c', 'w'))
    >>> found.backprop, found.nudging
    (6, 8)
    """
    used = [name for i, name in graph.names.items() if graph.reaches[i] and name not in fixed]
    nodes, parameters = (tuple(n for n in used if n in kind) for kind in (graph.statements, graph.inputs))
    return Visits(nodes, parameters, tuple(reversed(used)))


@cache
def race() -> Mapping[str, Any]:
    """What `nudgegrad race --json` measured, as it comes with the package."""
    found: Mapping[str, Any] = json.loads(files(__package__).joinpath("static", "race.json").read_bytes())
    return found


def lasting(seconds: float) -> str:
    """A time in a unit that fits.

    Examples
    --------
    >>> lasting(0.00133), lasting(131.2), lasting(8.2e5)
    ('1.33 ms', '2.19 min', '9.49 days')
    """
    size, unit = next((u for u in reversed(UNITS) if seconds >= u[0]), UNITS[0])
    return f"{float(f'{seconds / size:.3g}'):,g} {unit}"


def measured() -> dict[str, Any]:
    """The measured table as HTML, and the seconds of a visit in the row that is nearest to the course's size."""
    found = race()
    heads = say("race").split("|")
    rows = []
    for row in found["rows"]:
        sweep = lasting(row["sweep"])
        if row["sampled"] < row["parameters"]:
            sweep = say("extrapolated", sweep, f"{row['sampled']:,}")
        counts = [f"{row[key]:,}" for key in ("neurons", "parameters", "sum", "product")]
        ratio = f"{row['sweep'] / row['backprop']:,.0f}"
        rows.append([*counts, lasting(row["backprop"]), sweep, ratio, lasting(row["nudges"])])
    typical = min(found["rows"], key=lambda row: abs(row["parameters"] - COURSE))
    about = say("race-says", found["machine"], found["date"], f"{max(r['entries'] for r in found['rows']):,}")
    return {
        "html": f"{table_html(heads, rows)}<p>{escape(about)}</p>",
        "units": UNITS,
        "neurons": typical["neurons"],
        "visit": {
            "backprop": typical["backprop"] / typical["sum"],
            "nudging": typical["sweep"] / typical["product"],
        },
    }
