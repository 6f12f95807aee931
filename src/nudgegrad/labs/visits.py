"""What "Why backprop" counts: visits by backprop, N + P, and by nudging each parameter, N × P.

N and P are the course's: N counts the nodes, P the parameters. On a learner's graph a node is a statement
on the way to J, a box of the picture, however many operations it has; a parameter is an input on that way
that is not fixed: a value to change. In the measured nets a node is a neuron. A visit is one node, or one
parameter, looked at once: a derivative on the way back, a value in a run of the graph. The one pass forward
with which both ways begin is not counted.
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
from .stage import HIDDEN, table_html

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


def why_html(found: Visits, output: str) -> str:
    """What stands above the graph: what is counted, and for each way a bar that fills."""
    n, p = len(found.nodes), len(found.parameters)
    most = max(found.backprop, found.nudging)
    ways = "".join(
        f'<p class="{way}"><svg class="track" {HIDDEN} viewBox="0 0 {most} 1" preserveAspectRatio="none">'
        f'<rect width="{count}" height="1"/><rect width="0" height="1"/></svg>'
        f"<strong>0</strong> {escape(say(f'visits-{way}', f'{count:,}', n, p))}</p>"
        for way, count in (("backprop", found.backprop), ("nudging", found.nudging))
    )
    return f'<p>{escape(say("why", n, p, output))}</p><div class="ways">{ways}</div>'


def measured() -> dict[str, Any]:
    """What stands below the graph.

    Returns
    -------
    dict
        ``html``: the place of the sliders, with a square for the visits of each way, and the measured
        table; ``visit``: the seconds of a visit by backprop and by nudging in the row that is nearest to
        the course's size; ``neurons`` of that row; ``units`` of time, in seconds.
    """
    found = race()
    rows = []
    for row in found["rows"]:
        sweep = lasting(row["sweep"])
        if row["sampled"] < row["parameters"]:
            sweep = say("extrapolated", sweep, f"{row['sampled']:,}")
        counts = [f"{row[key]:,}" for key in ("neurons", "parameters", "sum", "product")]
        ratio = f"{row['sweep'] / row['backprop']:,.0f}"
        rows.append([*counts, lasting(row["backprop"]), sweep, ratio, lasting(row["nudges"])])
    typical = min(found["rows"], key=lambda row: abs(row["parameters"] - COURSE))
    largest = max(row["entries"] for row in found["rows"])
    about = escape(say("race-says", found["machine"], found["date"], f"{largest:,}"))
    table = table_html(say("race").split("|"), rows)
    squares = '<rect class="backprop"/><rect class="nudging"/>'
    return {
        "html": f"<h2>{say('larger')}</h2>"
        f'<div class="figures"><svg class="areas" {HIDDEN} viewBox="0 0 210 100">{squares}</svg></div>'
        f"<h2>{say('measured-visits')}</h2>{table}<p>{about}</p>",
        "visit": [typical["backprop"] / typical["sum"], typical["sweep"] / typical["product"]],
        "neurons": typical["neurons"],
        "units": UNITS,
    }
