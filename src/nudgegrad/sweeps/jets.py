"""Jets: the Taylor coefficients of J along one node, for many nodes at once.

Only the rows' partials are used. If y = f(x, z) then y' = f_x x' + f_z z' along any line, hence

    k y_k = sum over j = 1..k of j (x_j [f_x]_(k-j) + z_j [f_z]_(k-j))

(Griewank & Walther 2008, section 13.2), where [f_x]_m are coefficients of the partial, itself an op or a
formula over ops whose partials are in the table again. `closure` follows these formulas until nothing
new comes up or the order is used up: for sin it finds {sin, cos, -sin}, for tanh its slope.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ..formats import Array
from ..graphs.ops import Op, Term
from .evaluate import Plan, operands_of

ORDER = 9  # coefficients c_0 .. c_9: truncation is bounded with c_3, c_5, c_7 and c_9


@dataclass(frozen=True)
class Member:
    """One series of a closure: an argument (`op` None), a number, or an op on earlier members."""

    op: Op | None
    args: tuple[int, ...]
    number: float | None
    partials: tuple[int | None, ...]  # which member is the partial by each argument that moves
    order: int  # to which order it is needed


@lru_cache(maxsize=4096)
def closure(row: Op, moving: tuple[bool, ...], order: int) -> tuple[Member, ...]:
    """The series that the jet of `row` to `order` needs: its arguments, itself, and what its partials
    are made of. Operands stand before what is computed from them."""
    ops: list[Op | None] = []
    operands: list[tuple[int, ...]] = []
    numbers: list[float | None] = []
    moves: list[bool] = []
    partials: list[tuple[int | None, ...]] = []
    needs: list[int] = []
    index: dict[tuple[object, ...], int] = {}

    def enter(op: Op | None, args: tuple[int, ...], number: float | None, moving: bool) -> int:
        key: tuple[object, ...] = (op, args, number)
        if op is None and number is None:
            key = (len(ops),)  # an argument
        if key not in index:
            index[key] = len(ops)
            ops.append(op)
            operands.append(args)
            numbers.append(number)
            moves.append(moving)
            partials.append(())
            needs.append(-1)
        return index[key]

    def intern(term: Term, named: dict[str, int]) -> int:
        if term.op is None:
            if isinstance(term.symbol, str):
                return named[term.symbol]
            return enter(None, (), float(term.symbol), False)
        args = tuple(intern(a, named) for a in term.args)
        known = [n for n in (numbers[a] for a in args) if n is not None]
        if len(known) == len(args):
            return enter(None, (), float(term.op.value(*known)), False)
        return enter(term.op, args, None, any(moves[a] for a in args))

    arguments = tuple(enter(None, (), None, m) for m in moving)
    todo = [(enter(row, arguments, None, True), order)]
    while todo:
        i, need = todo.pop()
        op = ops[i]
        if op is None or need <= needs[i]:
            continue
        needs[i] = need
        todo.extend((a, need if moves[a] else 0) for a in operands[i])
        if not moves[i] or need == 0:
            continue
        if not partials[i]:
            named = dict(zip((*op.symbols, "y"), (*operands[i], i), strict=True))
            partials[i] = tuple(
                intern(f, named) if f is not None and moves[a] else None
                for f, a in zip(op.formulas, operands[i], strict=True)
            )
        todo.extend((p, need - 1 if moves[p] else 0) for p in partials[i] if p is not None)
    return tuple(map(Member, ops, operands, numbers, partials, needs))


def jet_of(row: Op, args: Sequence[Any], moving: Sequence[bool], order: int) -> Array:
    """Coefficients 0 to `order` of ``row(args)``.

    Parameters
    ----------
    args : sequence of arrays
        For an argument that moves its coefficients, shape (order + 1, P); else its value, shape (P,).

    Returns
    -------
    array, shape (order + 1, P)
    """
    members = closure(row, tuple(moving), order)
    series: list[Any] = []
    for i, member in enumerate(members):
        if member.number is not None:
            series.append(member.number)
        elif member.op is None:
            series.append(args[i])
        else:
            first = [_value(members[a], series[a], moving, a) for a in member.args]
            value = np.asarray(member.op.value(*first), dtype=np.float64)
            if any(p is not None for p in member.partials):
                coefficients = np.zeros((member.order + 1, *value.shape))
                coefficients[0] = value
                series.append(coefficients)
            else:
                series.append(value)
    weighted: dict[int, Array] = {}
    for k in range(1, order + 1):
        for i, member in enumerate(members):
            if k > member.order:
                continue
            total: Any = 0.0
            for a, p in zip(member.args, member.partials, strict=False):
                if p is None:
                    continue
                number = members[p].number
                if number is not None:
                    total = total + number * series[a][k] if number else total
                    continue
                if a not in weighted or weighted[a].shape[0] <= k:
                    weighted[a] = np.zeros_like(series[a])
                ramp = weighted[a]
                ramp[k] = k * series[a][k]
                q = series[p]
                if not _moves(members[p], moving, p):
                    total = total + _product(ramp[k], q) / k
                else:
                    total = total + _product(ramp[1 : k + 1], q[k - 1 :: -1][:k]).sum(axis=0) / k
            series[i][k] = total
    found: Array = series[len(args)]
    return found


def _moves(member: Member, moving: Sequence[bool], i: int) -> bool:
    if member.op is None:
        return member.number is None and moving[i]
    return any(p is not None for p in member.partials)


def _value(member: Member, series: Any, moving: Sequence[bool], i: int) -> Any:
    return series[0] if _moves(member, moving, i) else series


def _product(x: Array, p: Array) -> Array:
    """x p, where what does not move (x = 0) cannot be spoilt by a partial that does not exist."""
    product: Array = x * p
    return product if np.isfinite(product).all() else np.where(x == 0, 0.0, product)


def jets(plan: Plan, values: Array, scale: Array, order: int = ORDER) -> Array:
    """Taylor coefficients of J along each nudged node v, in t = (v - v0) / scale.

    Parameters
    ----------
    values : array, shape (N,)
        The run's computed values; what depends on v is recomputed in float64.
    scale : array, shape (P,)
        Powers of two.

    Returns
    -------
    array, shape (order + 1, P)
        c_k scale^k. nan or inf where J is not analytic.
    """
    found: list[Array] = []
    with np.errstate(all="ignore"):
        for step in plan.steps:
            if step.row is None:
                z = np.zeros((order + 1, len(plan.nodes)))
                z[0] = values[step.node]
            else:
                moving = [w >= 0 for w in step.where]
                args = operands_of(step, found, values)
                z = jet_of(step.row, args, moving, order)
            if step.starts.any() or not step.depends.all():
                depends, starts = step.depends[:, 0], step.starts[:, 0]
                z[:, ~depends | starts] = 0.0
                z[0, ~depends | starts] = values[step.node]
                z[1, starts] = scale[starts]
            found.append(z)
    return found[-1]
