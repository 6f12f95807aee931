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

from ..compiled import is_compiled, machine_code
from ..formats import Array
from ..graphs.ops import Op, Term
from .evaluate import Plan, operands_of

ORDER = 9  # coefficients c_0 .. c_9: truncation is bounded with c_3, c_5, c_7 and c_9
PIECE = 4000  # points whose series stay near the processor


@dataclass(frozen=True)
class Member:
    """One series of a closure: an argument (`op` None), a number, or an op on earlier members."""

    op: Op | None
    args: tuple[int, ...]
    number: float | None
    order: int  # to which order it is needed
    moves: bool  # whether that is more than its value
    terms: tuple[tuple[int, int], ...]  # each argument that moves, and which member is the partial by it


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
    terms = [
        tuple((a, p) for a, p in zip(of, by, strict=False) if p is not None)
        for of, by in zip(operands, partials, strict=True)
    ]
    grown = [bool(t) if op is not None else m for t, op, m in zip(terms, ops, moves, strict=True)]
    return tuple(map(Member, ops, operands, numbers, needs, grown, terms))


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
            first = [series[a][0] if members[a].moves else series[a] for a in member.args]
            value = np.asarray(member.op.value(*first), dtype=np.float64)
            if member.moves:
                coefficients = np.zeros((member.order + 1, *value.shape))
                coefficients[0] = value
                series.append(coefficients)
            else:
                series.append(value)
    found: Array = series[len(args)]
    for product in (np.multiply, _product):
        _recur(members, series, order, product)
        if np.isfinite(found).all():
            break
    return found


def jet_along(row: Op, args: Sequence[Any], moving: Sequence[bool], order: int, size: int) -> Array:
    """`jet_of` in a graph of `size` nodes, bit for bit, where all that moves are straight lines."""
    count = args[0].shape[-1]
    if count == 1 or not is_compiled("recur", size):  # NumPy adds up what stands alone in another order
        return jet_of(row, args, moving, order)
    found = np.empty((order + 1, count))
    for start in range(0, count, PIECE):
        some = slice(start, start + PIECE)
        found[:, some] = _jet_compiled(row, [a[..., some] for a in args], tuple(moving), order)
    return found


def _jet_compiled(row: Op, args: list[Any], moving: tuple[bool, ...], order: int) -> Array:
    members, count = closure(row, moving, order), args[0].shape[-1]
    room = np.zeros((len(members) * (order + 1) + 1) * count)
    work = room[:-count].reshape(len(members), order + 1, count)
    for i, member in enumerate(members):
        if member.number is not None:
            work[i, 0] = member.number
        elif member.op is None:
            work[i, : order + 1 if member.moves else 1] = args[i]
        else:
            numbers = [members[a].number for a in member.args]
            first = [work[a, 0] if n is None else n for a, n in zip(member.args, numbers, strict=True)]
            work[i, 0] = member.op.value(*first)
    told = _told(row, moving, order)
    found: Array = work[len(args)]
    for careful in (0, 1):
        machine_code("recur")(count, order, *told, careful, room)
        if np.isfinite(found).all():
            break
    return found


@lru_cache(maxsize=4096)
def _told(row: Op, moving: tuple[bool, ...], order: int) -> tuple[Any, ...]:
    """A closure in numbers, for the loop: to which order each series is there, 0 if it does not move; what
    each is, 1 for a line, 2 for a number; where its terms begin; the terms."""
    members = closure(row, moving, order)
    needs = [0 if not m.moves else order if m.op is None else m.order for m in members]
    kinds = [2 if m.number is not None else int(m.op is None and m.moves) for m in members]
    begins = np.cumsum([0, *(len(m.terms) for m in members)])
    terms = np.array([t for m in members for t in m.terms], dtype=np.int32).reshape(-1)
    return np.array(needs, dtype=np.int32), np.array(kinds, dtype=np.int8), begins.astype(np.int32), terms


def _recur(members: Sequence[Member], series: list[Any], order: int, product: Any) -> None:
    """Coefficients from the first one on, from those of order 0."""
    lines = [
        m.op is None and m.moves and not np.count_nonzero(z[2:])
        for m, z in zip(members, series, strict=True)
    ]
    ramps: dict[int, Array] = {}
    for k in range(1, order + 1):
        for i, member in enumerate(members):
            if k > member.order or not member.moves:
                continue
            total = series[i][k]
            total[...] = 0.0
            for a, p in member.terms:
                x, q, moves = series[a], series[p], members[p].moves
                if members[p].number is not None:
                    if q:
                        total += q * x[k]
                elif lines[a]:  # of the sum one term is left
                    if moves or k == 1:
                        total += product(x[1], q[k - 1] if moves else q) / k
                else:
                    if a not in ramps or len(ramps[a]) <= k:
                        ramps[a] = np.zeros_like(x)
                    ramp = ramps[a]
                    ramp[k] = k * x[k]
                    if moves:
                        total += np.add.reduce(product(ramp[1 : k + 1], q[k - 1 :: -1])) / k
                    else:
                        total += product(ramp[k], q) / k


def _product(x: Array, p: Array) -> Array:
    """x p, where what does not move (x = 0) cannot be spoilt by a partial that does not exist."""
    return np.where(x == 0, 0.0, x * p)


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
