"""How far a row's jet, computed in float64, can be from the exact one: running error analysis.

The recursion of `nudgegrad.sweeps.jets` once more, carrying with each coefficient a bound of its error
(Higham 2002, section 3.3). The bound knows nothing of exact coefficients: `rows` and `truth` do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nudgegrad.nudging.rounding import lost
from nudgegrad.sweeps.evaluate import WIDE, Plan, operands_of
from nudgegrad.sweeps.jets import closure

Array = npt.NDArray[np.float64]
Series = tuple[Array, Array]  # coefficients and the bounds of their errors, shape (order + 1, P) each


def jet_bound(row: Any, args: Sequence[Series], moving: Sequence[bool], order: int) -> Series:
    """Coefficients of ``row(args)`` and bounds of their errors.

    Parameters
    ----------
    args : sequence of (coefficients, bounds)
        For an argument that does not move, only the rows 0 are read.
    """
    members = closure(row, tuple(moving), order)
    series: list[Series] = []
    for member in members:
        head: Any
        lost_first: Any = 0.0
        if member.number is not None:
            head = member.number
        elif member.op is None:
            series.append(args[len(series)])
            continue
        else:
            heads = [series[a][0][0] for a in member.args]
            head = np.asarray(member.op.value(*heads), dtype=np.float64)
            lost_first = lost(member.op, WIDE, heads, head)
            for a, p in zip(member.args, member.op.partials(*heads, head), strict=True):
                lost_first = lost_first + (0.0 if p is None else _times(np.abs(p), series[a][1][0]))
        values = np.zeros((order + 1, *np.shape(head)))
        bounds = np.zeros_like(values)
        values[0], bounds[0] = head, lost_first
        series.append((values, bounds))
    for k in range(1, order + 1):
        for i, member in enumerate(members):
            if member.op is not None and k <= member.order:
                _coefficient(member, series, i, k)
    return series[len(args)]


def _coefficient(member: Any, series: Sequence[Series], i: int, k: int) -> None:
    """c_k of one member: k y_k = sum of j x_j p_(k-j), and what is lost in it."""
    total, error, size, operations = 0.0, 0.0, 0.0, 3  # the factor j, the product, the division
    for a, p in member.terms:
        (x, x_error), (q, q_error) = series[a], series[p]
        for j in range(1, k + 1):
            term = _times(j * x[j], q[k - j])
            total, size = total + term, size + np.abs(term)
            error = error + j * (
                _times(x_error[j], np.abs(q[k - j]) + q_error[k - j]) + _times(np.abs(x[j]), q_error[k - j])
            )
            operations += 1
    lost_share = operations * WIDE.u / (1 - operations * WIDE.u)  # Higham 2002, (3.1)
    series[i][0][k] = total / k
    series[i][1][k] = (error + lost_share * size) / k + operations * WIDE.smallest


def _times(x: Any, p: Any) -> Any:
    return np.where((x == 0) | (p == 0), 0.0, x * p)


def jets_bound(plan: Plan, values: Array, scale: Array, order: int) -> Series:
    """The jets of a whole plan, as `nudgegrad.sweeps.jets.jets`, and bounds of their errors."""
    shape = (order + 1, len(plan.nodes))
    held: list[Series] = [(np.full(shape, v), np.zeros(shape)) for v in values]
    found: list[Series] = []
    for step in plan.steps:
        if step.row is None:
            z, error = np.zeros(shape), np.zeros(shape)
            z[0] = values[step.node]
        else:
            args = operands_of(step, found, held)
            z, error = jet_bound(step.row, args, [w >= 0 for w in step.where], order)
        depends, starts = step.depends[:, 0], step.starts[:, 0]
        fixed = ~depends | starts
        z[:, fixed], error[:, fixed] = 0.0, 0.0
        z[0, fixed] = values[step.node]
        z[1, starts] = scale[starts]
        found.append((z, error))
    return found[-1]
