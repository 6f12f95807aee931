"""Backprop, each parameter nudged, the best nudges of all nodes: what they count and how long they take.

One forward and one backward go through a net once: N neurons and P parameters, N + P steps. Nudging goes
through it once for each parameter, N * P steps. Both are done here by the same sweeps.
"""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

import numpy as np

from ..compiled import is_compiled, is_fast
from ..errors import UsageError
from ..formats import Array
from ..graphs.program import parse
from ..memory import no_collection, refuse
from ..nudging.many import Many
from ..nudging.quotient import COURSE as NUDGE
from ..nudging.stencils import STENCILS
from ..sweeps import tape
from ..sweeps.run import Run
from ..sweeps.schedule import schedule
from .clock import extrapolated, now, seconds
from .programs import COURSE, program

FAMILIES = ("sparse", "mlp", "rnn")  # in which every statement but J is a neuron
SIZES = (1_000, 10_000, 100_000, COURSE, 1_000_000)
LEAST = 300  # entries; fewer make no net with `BLOCKS` parameters
SAMPLE = 500  # parameters
BLOCKS = 20  # rounds in which all three take turns
ENOUGH = 2.0  # seconds after which the nudges of all nodes are not measured again
WARM = 6_000  # entries of the net on which the loops are compiled
ENTRY_BYTES = 1_000  # of an entry, while its program is read
(TWO,) = STENCILS["two-sided"]
Tell = Callable[[float, str], None]


@dataclass(frozen=True)
class Row:
    """One net.

    Parameters
    ----------
    entries : int
        Of the graph: inputs, constants and operations.
    neurons, parameters : int
        N and P.
    family : str
    forward, backward : int
        Operations that one forward computes, and those that one backward goes through.
    backprop : float
        Seconds of one forward and one backward, the median of `BLOCKS` rounds.
    fastest, slowest : float
        The same in the fastest and in the slowest round.
    sweep, sweep_bar : float
        Seconds of nudging each parameter and going forward again, and the bar of the extrapolation; 0 if
        all of them were measured.
    sampled : int
        How many were.
    nudges : float
        Seconds of the best nudges of all nodes, with estimates and bars, given the adjoints.
    """

    entries: int
    neurons: int
    parameters: int
    family: str
    forward: int
    backward: int
    backprop: float
    fastest: float
    slowest: float
    sweep: float
    sweep_bar: float
    sampled: int
    nudges: float

    @property
    def sum(self) -> int:
        """N + P: the steps of backprop."""
        return self.neurons + self.parameters

    @property
    def product(self) -> int:
        """N * P: the steps of nudging each parameter."""
        return self.neurons * self.parameters


@dataclass(frozen=True)
class Race:
    """Nets of one family, by size.

    Parameters
    ----------
    machine : str
        On what the times were measured.
    date : str
        Year and month.
    rows : tuple of Row
    """

    machine: str
    date: str
    rows: tuple[Row, ...]

    def to_json(self) -> dict[str, Any]:
        """The race as JSON has it."""
        rows = [asdict(row) | {"sum": row.sum, "product": row.product} for row in self.rows]
        return {"machine": self.machine, "date": self.date, "rows": rows}

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Race:
        """The race that `to_json` gave."""
        rows = [{k: row[k] for k in Row.__dataclass_fields__} for row in found["rows"]]
        return cls(found["machine"], found["date"], tuple(Row(**row) for row in rows))


def machine() -> str:
    """On what this runs, in a few words."""
    numba = f"numba {version('numba')}" if is_fast() else "without numba"
    cores = os.cpu_count() or 1
    python = ".".join(platform.python_version_tuple()[:2])
    where = f"{cores} {'core' if cores == 1 else 'cores'}, {platform.system()} {platform.machine()}"
    return f"{where}, Python {python}, {numba}"


def race(rows: Sequence[Row]) -> Race:
    """Rows measured here and now."""
    return Race(machine(), time.strftime("%Y-%m"), tuple(rows))


def prepare(sizes: Sequence[int], seed: int = 0) -> None:
    """Refuse what is too large, and compile the loops, so that nets of all sizes are swept by the same.

    Raises
    ------
    UsageError
        If the largest net would take more memory than there is.
    """
    largest = max(sizes)
    refuse(largest * ENTRY_BYTES, f"a net of {largest:,} entries")
    if is_fast():
        measured("sparse", WARM, BLOCKS, seed)
    is_compiled("run_forward", largest)  # says what is missing before the progress is shown


def measured(
    family: str, size: int, sample: int = SAMPLE, seed: int = 0, tell: Tell = lambda *_: None
) -> Row:
    """The row of one net.

    Parameters
    ----------
    family : str
        One of `FAMILIES`.
    size : int
        Entries, about.
    sample : int
        Parameters that are nudged, `BLOCKS` at least.
    seed : int
        Of the net and of the sample.
    tell : callable
        Called with the share that is done and what comes next.

    Raises
    ------
    UsageError
        If the net would take more memory than there is.
    """
    if family not in FAMILIES:
        raise UsageError(f"there is no family '{family}' of nets", help=f"there are {', '.join(FAMILIES)}")
    tell(0.0, "reading the program")
    made = program(family, size, seed)
    run: Run = parse(made.text).at(made.values)
    graph, values = run.graph, run.value_array.copy()
    parameters = np.array([graph.index(name) for name in made.parameters])
    random = np.random.default_rng([seed, size])
    count = min(sample, len(parameters))
    chosen = random.choice(parameters, count, replace=False)
    wanted = np.flatnonzero(graph.nudged)

    def backprop() -> object:
        tape.compute(graph, values)
        return tape.adjoints(graph, values)

    tell(0.3, "all best nudges")
    run.adjoint_array  # noqa: B018 - which the nudges are given
    sweeps, all_nudges = [], [seconds(lambda: Many(run, wanted, TWO))]
    backprop()
    backprops = []
    with no_collection():
        for k, block in enumerate(np.array_split(chosen, BLOCKS)):
            tell(0.4 + 0.6 * k / BLOCKS, f"nudging parameter {k * count // BLOCKS + 1} of {count}")
            backprops.append(seconds(backprop))
            begun = now()
            replayed(run, values, block, np.full(len(block), NUDGE))
            sweeps.append(now() - begun)
            if sum(all_nudges) < ENOUGH:
                all_nudges.append(seconds(lambda: Many(run, wanted, TWO)))
    sweep, bar = extrapolated(sweeps, [len(b) for b in np.array_split(chosen, BLOCKS)], len(parameters))
    plan = schedule(graph)
    return Row(
        entries=len(graph),
        neurons=len(graph.statements) - 1,
        parameters=len(parameters),
        family=family,
        forward=int((graph.codes >= 0).sum()),
        backward=int(((graph.codes >= 0) & (plan.live != 0)).sum()),
        backprop=statistics.median(backprops),
        fastest=min(backprops),
        slowest=max(backprops),
        sweep=sweep,
        sweep_bar=bar,
        sampled=count,
        nudges=statistics.median(all_nudges[1:] or all_nudges),
    )


def replayed(run: Run, values: Array, nodes: Any, h: Array) -> Array:
    """dJ/dnode of some inputs by nudging each and going forward again through the whole graph, shape (K,).

    Parameters
    ----------
    run : Run
        In float64.
    values : array, shape (N,)
        A copy of its values, to work on.
    nodes : int array, shape (K,)
        Inputs.
    h : array, shape (K,)
    """
    graph, found = run.graph, np.empty(len(nodes))
    before = run.value_array[graph.output]
    for k, (i, step) in enumerate(zip(nodes.tolist(), h.tolist(), strict=True)):
        v = values[i]
        values[i] = v + step
        tape.compute(graph, values)
        found[k] = (values[graph.output] - before) / (values[i] - v)
        values[i] = v
    return found


def rows(
    sizes: Sequence[int],
    family: str = FAMILIES[0],
    sample: int = SAMPLE,
    seed: int = 0,
    tell: Tell = lambda *_: None,
) -> Iterator[Row]:
    """The row of each size, one after the other; `tell` hears of all of them together."""
    done, total = 0, sum(sizes)
    for size in sizes:
        at = done

        def told(share: float, what: str, size: int = size, at: int = at) -> None:
            tell((at + share * size) / total, f"{size:,} entries: {what}")

        yield measured(family, size, sample, seed, told)
        done += size
