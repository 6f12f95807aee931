"""Forward: the values of every node in a number format, and replays from nudged nodes.

A replay holds every node that does not depend on the nudged one at its computed value and recomputes
the others. Many nodes and many nudges are replayed at once: an array of shape (P, M) per node holds
its value for P nudged nodes (rows) and M points each (columns).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import EvaluationError
from ..formats import FORMATS, Array, Format
from ..graphs.graph import CONSTANT, ROWS, Graph
from ..graphs.ops import Op

WIDE = FORMATS["float64"]  # the format of everything that sizes an error


def forward(graph: Graph, inputs: Mapping[int, float], fmt: Format) -> Array:
    """Values of all nodes, computed operation by operation in `fmt`; as float64, shape (N,).

    Parameters
    ----------
    inputs : mapping of node index to float
        The inputs, already numbers of the format.

    Raises
    ------
    EvaluationError
        At the first node whose value is not finite.
    """
    dtype, finish = fmt.dtype, fmt.finish
    values: list[Any] = [None] * len(graph)
    codes, operands = graph.codes.tolist(), graph.operands.tolist()
    with np.errstate(all="ignore"):
        for i, code in enumerate(codes):
            if code >= 0:
                values[i] = finish(ROWS[code].value(*(values[j] for j in operands[i] if j >= 0)))
            elif code == CONSTANT:
                values[i] = dtype(fmt.nearest(graph.constants[i][0]))
            else:
                values[i] = dtype(inputs[i])
    return checked(graph, np.array(values, dtype=np.float64), fmt)


def checked(graph: Graph, found: Array, fmt: Format) -> Array:
    """The values, if all are finite.

    Raises
    ------
    EvaluationError
        At the first node whose value is not.
    """
    finite = np.isfinite(found)
    if not finite.all():
        raise _no_value(graph, int(np.argmin(finite)), found, fmt)
    return found


def _no_value(graph: Graph, i: int, values: Array, fmt: Format) -> EvaluationError:
    """Why node `i` has no finite value in this format."""
    row, place = graph.op(i), graph.place(i)
    if row is None:
        text = graph.constants[i][1] if i in graph.constants else graph.names[i]
        return EvaluationError(
            f"{text} is beyond the range of {fmt.name} (largest: {fmt.maximum:.4g})", place
        )
    args = [float(values[j]) for j in graph.args(i)]
    named = [f"{graph.spelled(j)[0]} = {a:.6g}" for j, a in zip(graph.args(i), args, strict=True)]
    if row.domain is not None:
        with np.errstate(all="ignore"):
            margin = float(row.domain(*np.array(args)))
        if not margin > 0:
            zero = margin == 0 and (row.name == "/" or len(args) == 2)
            if zero:
                return EvaluationError(
                    f"division by zero: {named[1] if row.name == '/' else named[0]}",
                    place,
                    "change a value, so that the divisor is not 0",
                )
            title = "a power" if len(args) == 2 else row.name
            return EvaluationError(
                f"{title} is defined for {row.domain_text}; here {' and '.join(named)}",
                place,
                f"change a value, or the argument of {title}",
            )
    wider = "" if fmt.maximum >= WIDE.maximum else "use --format float64, or "
    return EvaluationError(
        f"overflow: {graph.spelled(i)[0][:60]} is beyond the largest {fmt.name}, {fmt.maximum:.4g};"
        f" here {' and '.join(named)}",
        place,
        f"{wider}make the values smaller",
    )


@dataclass(frozen=True, eq=False)
class Step:
    """One node of a `Plan`: its index, row, operands, and where those stand in the plan (-1: outside)."""

    node: int
    row: Op | None
    args: tuple[int, ...]
    where: tuple[int, ...]
    depends: npt.NDArray[np.bool_]  # shape (P, 1): in which rows the node depends on the nudged one
    starts: npt.NDArray[np.bool_]  # shape (P, 1): in which rows it is the nudged one


@dataclass(frozen=True, eq=False)
class Plan:
    """Which nodes are nudged (P of them) and which are recomputed: all that depend on any of these."""

    graph: Graph
    nodes: tuple[int, ...]
    steps: tuple[Step, ...]

    @property
    def computed(self) -> list[tuple[int, Step, Op]]:
        """(position, step, row) of every step that some row recomputes."""
        return [(p, s, s.row) for p, s in enumerate(self.steps) if s.row is not None]


def plan(graph: Graph, nodes: Sequence[int]) -> Plan:
    """The plan that replays `nodes`, all of which J depends on."""
    place: dict[int, int] = {}
    steps: list[Step] = []
    rows: dict[int, list[int]] = {}
    for p, i in enumerate(nodes):
        rows.setdefault(i, []).append(p)
    todo = graph.descendants(nodes[0]) if len(nodes) == 1 else range(min(nodes), graph.output + 1)
    reaches = graph.reaches
    for i in todo:
        args = graph.args(i)
        where = tuple(place.get(j, -1) for j in args)
        if i not in rows and (not reaches[i] or max(where, default=-1) < 0):
            continue
        starts = np.zeros((len(nodes), 1), dtype=bool)
        starts[rows.get(i, [])] = True
        depends = starts.copy()
        for w in where:
            if w >= 0:
                depends |= steps[w].depends
        row = graph.op(i) if max(where, default=-1) >= 0 else None
        place[i] = len(steps)
        steps.append(Step(i, row, args, where, depends, starts))
    return Plan(graph, tuple(nodes), tuple(steps))


def replay(plan: Plan, values: Array, points: Array, fmt: Format = WIDE) -> list[Any]:
    """Values of the plan's steps at the points, computed in `fmt`.

    Parameters
    ----------
    values : array, shape (N,)
        The run's computed values.
    points : array, shape (P, M)
        What each nudged node is set to: numbers of the run's format.

    Returns
    -------
    list of arrays, shape (P, M), dtype of `fmt`
        One per step of the plan. Entries may be nan or inf.
    """
    held = fmt.cast(values)
    nudged = fmt.cast(points)
    found: list[Any] = []
    with np.errstate(all="ignore"):
        for step in plan.steps:
            if step.row is None:
                z = np.where(step.starts, nudged, held[step.node])
            else:
                z = fmt.finish(step.row.value(*operands_of(step, found, held)))
                if not step.depends.all() or step.starts.any():
                    z = np.where(step.depends, z, held[step.node])
                    z = np.where(step.starts, nudged, z)
            found.append(z)
    return found


def operands_of(step: Step, found: Sequence[Any], held: Any) -> list[Any]:
    """The operands of a step: from the plan where they are in it, else their held values."""
    return [held[j] if w < 0 else found[w] for j, w in zip(step.args, step.where, strict=True)]
