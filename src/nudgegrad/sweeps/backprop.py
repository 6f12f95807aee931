"""Backward: adjoints by the chain rule, right to left, in O(N) operations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import NodeError
from ..formats import Array, Format
from ..graphs.graph import ROWS, Graph
from ..graphs.ops import Op, Term
from .evaluate import Plan, operands_of


def partials_in(fmt: Format, row: Op, args: Sequence[Any], y: Any) -> Sequence[Any]:
    """The partials of one op, every operation of them rounded to `fmt`; None for fixed arguments."""
    if fmt.native:
        found: Sequence[Any] = row.partials(*args, y)
        return found
    named = dict(zip((*row.symbols, "y"), (*args, y), strict=True))
    return [None if f is None else _in_format(fmt, f, named) for f in row.formulas]


def _in_format(fmt: Format, term: Term, named: dict[str, Any]) -> Any:
    if term.op is None:
        return named[term.symbol] if isinstance(term.symbol, str) else fmt.dtype(term.symbol)
    args = [_in_format(fmt, a, named) for a in term.args]  # depth of a row's formula, not of a graph
    return fmt.finish(term.op.value(*args))


def adjoints(graph: Graph, values: Array, fmt: Format, scale: float = 1.0) -> Array:
    """dJ/dnode of every node, computed in `fmt`, as float64, shape (N,); nan or inf where it does not
    exist, 0 where J does not depend on the node.

    Parameters
    ----------
    scale : float
        The adjoint of J itself, a number of the format: all others are multiplied by it.

    Notes
    -----
    One multiplication and one addition per operand (Griewank & Walther 2008, section 3.2), each
    rounded to the format.
    """
    return _sweep(graph, values, fmt, graph.output, lambda _i: True, scale)


def _sweep(graph: Graph, values: Array, fmt: Format, top: int, opens: Any, scale: float = 1.0) -> Array:
    """d(top)/dnode times `scale`, through the nodes that `opens` lets through, `top` itself included."""
    zero = fmt.dtype(0)
    adjoint: list[Any] = [zero] * (top + 1)
    touched = [False] * (top + 1)
    adjoint[top], touched[top] = fmt.dtype(scale), True
    z = [fmt.dtype(v) for v in values[: top + 1].tolist()]
    finish = fmt.finish
    codes, operands = graph.codes[: top + 1].tolist(), graph.operands[: top + 1].tolist()
    with np.errstate(all="ignore"):
        for i in range(top, -1, -1):
            if not touched[i] or codes[i] < 0 or not opens(i):
                continue
            args = [j for j in operands[i] if j >= 0]
            partials = partials_in(fmt, ROWS[codes[i]], [z[j] for j in args], z[i])
            for j, p in zip(args, partials, strict=True):
                if p is not None:
                    term = finish(adjoint[i] * p)
                    adjoint[j] = finish(adjoint[j] + term) if touched[j] else fmt.dtype(term)
                    touched[j] = True
    found = np.zeros(len(graph))
    found[: top + 1] = adjoint
    return found


def partial(graph: Graph, values: Array, fmt: Format, top: str, name: str) -> float:
    """The derivative of statement `top` by a name in it, through the unnamed nodes between.

    Raises
    ------
    NodeError
        If `top` is no node, or `name` does not stand in it.
    """
    i, j = graph.index(top), graph.index(name)
    inside = members(graph, i)
    if j not in inside or j == i:
        listed = ", ".join(graph.names[k] for k in sorted(inside) if k in graph.names and k != i)
        raise NodeError(
            f"'{name}' does not stand in '{top}'",
            graph.place(i),
            f"names in it: {listed}" if listed else None,
        )
    found = _sweep(graph, values, fmt, i, lambda k: k == i or (k in inside and k not in graph.names))
    return float(found[j])


def members(graph: Graph, i: int) -> set[int]:
    """The nodes of which node `i` is written: down to and with the next named ones, `i` included."""
    seen = {i}
    todo = [i]
    while todo:
        k = todo.pop()
        for j in graph.args(k):
            if j not in seen:
                seen.add(j)
                if j not in graph.names:
                    todo.append(j)
    return seen


# The same sweep over a plan, in float64, at many points at once: it sizes errors.


def linearize(plan: Plan, values: Array, found: Sequence[Array]) -> list[tuple[Any, ...]]:
    """Partials of every step by the operands that stand in the plan, None for the others."""
    partials: list[tuple[Any, ...]] = []
    with np.errstate(all="ignore"):
        for position, step in enumerate(plan.steps):
            if step.row is None:
                partials.append(())
                continue
            all_of_them = step.row.partials(*operands_of(step, found, values), found[position])
            partials.append(
                tuple(p if w >= 0 else None for p, w in zip(all_of_them, step.where, strict=True))
            )
    return partials


def backward(plan: Plan, partials: Sequence[tuple[Any, ...]], shape: tuple[int, ...]) -> list[Array]:
    """Adjoints of every step, shape (P, M), right to left."""
    found: list[Array] = [np.zeros(shape) for _ in plan.steps]
    found[-1] = np.ones(shape)
    with np.errstate(all="ignore"):
        for position in range(len(plan.steps) - 1, -1, -1):
            for w, p in zip(plan.steps[position].where, partials[position], strict=False):
                if w >= 0 and p is not None:
                    found[w] += found[position] * p
    return found
