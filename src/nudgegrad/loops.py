"""Loops over the nodes of a large graph, one after the other: what no array operation can say.

They are plain Python on flat arrays or lists, and `compiled` has them as machine code where numba is
installed. They know no op: a row comes to them as numbers that the op table gave.

A node's `how` says what its jet needs: `LINEAR`, weights by its code; `PRODUCT`, the values of both
operands; `WEIGHTED`, its own weights; `UNARY`, the Taylor coefficients of its row along one operand;
`SCALED`, the first operand times a series along the second; `GENERAL`, coefficients in both.
"""

from __future__ import annotations

import ctypes
import math
from typing import Any


def loop(function: Any) -> Any:
    """The function itself; in the compiled copy numba's `njit` stands here."""
    return function


def inlined(function: Any) -> Any:
    """The same for what is written into its callers."""
    return function


def call_routine(routine: int, cells: int, sizes: int, strides: int, data: int) -> None:
    """Call the inner loop of one of NumPy's functions by its address; in the compiled copy an intrinsic."""
    ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4)(routine)(cells, sizes, strides, data)


CONSTANT = -2  # the code of a number in the program
LINEAR, PRODUCT, QUOTIENT, OTHER = 1, 2, 3, 4  # what a code does to values
INSTRUCTED = 9  # or: what its instructions say
WEIGHTED, UNARY, SCALED, GENERAL = 5, 6, 7, 8  # what a node of another code does to jets
ADD, SUBTRACT, MULTIPLY, DIVIDE, NEGATE, SIZE, STEP, CHOOSE, LOAD = (
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
)  # instructions
SMALLER, LARGER, POWER, CALL = 10, 11, 12, 13
TAKEN = 4  # places of x, z, t and y; an instruction's result has the next one
ENDLESS = 10000  # a degree from which on J counts as no polynomial


# What stands where


@loop
def mark_reached(codes: Any, operands: Any, passes: Any, top: int, found: Any) -> None:
    """Mark the nodes that J depends on through operands that `passes` lets through."""
    found[top] = 1
    for i in range(top, -1, -1):
        if found[i] and codes[i] >= 0:
            for k in range(3):
                j = operands[3 * i + k]
                if j >= 0 and passes[3 * codes[i] + k]:
                    found[j] = 1


@loop
def mark_nudged(codes: Any, operands: Any, named: Any, found: Any) -> None:
    """Mark the nodes that can be nudged: inputs, named nodes, and what is computed from these."""
    for i in range(len(codes)):
        if codes[i] == CONSTANT:
            found[i] = named[i]
        elif named[i] or codes[i] < 0:
            found[i] = 1
        elif codes[i] >= 0:
            for k in range(3):
                j = operands[3 * i + k]
                if j >= 0 and found[j]:
                    found[i] = 1


@loop
def find_levels(codes: Any, operands: Any, values: Any, found: Any) -> None:
    """How many nodes that only their rows can compute stand on the longest way to each node."""
    for i in range(len(codes)):
        level = 0
        if codes[i] >= 0:
            for k in range(3):
                j = operands[3 * i + k]
                if j >= 0:
                    level = max(level, found[j])
            if values[codes[i]] == OTHER:
                level += 1
        found[i] = level


@loop
def count_consumers(codes: Any, operands: Any, live: Any, counts: Any) -> None:
    """Into `counts[j + 1]`, how many live nodes take from node j; a node that takes twice counts once."""
    for i in range(len(codes)):
        if codes[i] >= 0 and live[i]:
            a, b, c = operands[3 * i], operands[3 * i + 1], operands[3 * i + 2]
            counts[a + 1] += 1
            if b >= 0 and b != a:
                counts[b + 1] += 1
            if c >= 0 and c != a and c != b:  # noqa: PLR1714 - numba takes no tuple of mixed integers
                counts[c + 1] += 1


@loop
def list_consumers(codes: Any, operands: Any, live: Any, place: Any, found: Any) -> None:
    """The consumers themselves, ascending; `place` holds where each node's list begins, and is moved."""
    for i in range(len(codes)):
        if codes[i] >= 0 and live[i]:
            a, b, c = operands[3 * i], operands[3 * i + 1], operands[3 * i + 2]
            found[place[a]] = i
            place[a] += 1
            if b >= 0 and b != a:
                found[place[b]] = i
                place[b] += 1
            if c >= 0 and c != a and c != b:  # noqa: PLR1714
                found[place[c]] = i
                place[c] += 1


@loop
def find_joins(top: int, live: Any, first: Any, consumers: Any, found: Any) -> None:
    """The immediate post-dominator of each live node: the first node that every way to J goes through
    (Cooper, Harvey & Kennedy 2001, figure 3, on a graph without cycles)."""
    found[top] = top
    for v in range(top - 1, -1, -1):
        if not live[v]:
            continue
        joined = consumers[first[v]]
        for e in range(first[v] + 1, first[v + 1]):
            u = consumers[e]
            while joined != u:
                if joined < u:
                    joined = found[joined]
                else:
                    u = found[u]
        found[v] = joined


# Values and adjoints


@loop
def follow(code: int, machine: Any, registers: Any, cells: Any) -> None:
    """Work out the instructions of a code: of row n those of its value are the 2 n-th, those of its
    partials the next."""
    starts, _results, instructions, constants, routines, one, strides = machine
    base = registers.ctypes.data
    to = TAKEN
    for n in range(starts[code], starts[code + 1]):
        what = instructions[4 * n]
        a = instructions[4 * n + 1]
        b = instructions[4 * n + 2]
        c = instructions[4 * n + 3]
        if what == LOAD:
            registers[to] = constants[a]
        elif what == MULTIPLY:
            registers[to] = registers[a] * registers[b]
        elif what == ADD:
            registers[to] = registers[a] + registers[b]
        elif what == SUBTRACT:
            registers[to] = registers[a] - registers[b]
        elif what == DIVIDE:
            registers[to] = registers[a] / registers[b]
        elif what == NEGATE:
            registers[to] = -registers[a]
        elif what == SIZE:
            registers[to] = abs(registers[a])
        elif what == STEP:
            registers[to] = 1.0 if registers[a] > 0.0 else 0.0
        elif what == CHOOSE:
            registers[to] = registers[b] if registers[a] > 0.0 else registers[c]
        elif what == SMALLER and registers[a] < registers[b]:
            registers[to] = registers[a]
        elif what == SMALLER and registers[b] < registers[a]:
            registers[to] = registers[b]
        elif what == LARGER and registers[a] > registers[b]:
            registers[to] = registers[a]
        elif what == LARGER and registers[b] > registers[a]:
            registers[to] = registers[b]
        elif what == POWER and registers[b] == 2.0:
            registers[to] = registers[a] * registers[a]
        else:
            cells[0] = base + 8 * a
            if b >= 0:
                cells[1] = base + 8 * b
                cells[2] = base + 8 * to
            else:
                cells[1] = base + 8 * to
            sizes = one.ctypes.data
            call_routine(
                routines[2 * c], cells.ctypes.data, sizes, strides.ctypes.data, routines[2 * c + 1]
            )
        to += 1


@loop
def run_forward(
    order: Any, start: int, stop: int, codes: Any, kinds: Any, weights: Any, operands: Any, values: Any,
    machine: Any, registers: Any, cells: Any,
) -> None:  # fmt: skip
    """Values of the nodes order[start:stop], in that order."""
    for n in range(start, stop):
        i = order[n]
        code = codes[i]
        kind = kinds[code]
        x = values[operands[3 * i]]
        k = operands[3 * i + 1]
        if kind == PRODUCT:
            values[i] = x * values[k]
        elif kind == LINEAR:
            if k < 0:
                values[i] = weights[3 * code] * x
            else:
                values[i] = weights[3 * code] * x + weights[3 * code + 1] * values[k]
        elif kind == QUOTIENT:
            values[i] = x / values[k]
        else:
            registers[0] = x
            if k >= 0:
                registers[1] = values[k]
                k = operands[3 * i + 2]
                if k >= 0:
                    registers[2] = values[k]
            follow(2 * code, machine, registers, cells)
            values[i] = registers[machine[1][4 * code]]


@loop
def run_backward(
    top: int, codes: Any, kinds: Any, weights: Any, operands: Any, values: Any, live: Any, partials: Any,
    adjoints: Any, machine: Any, registers: Any, cells: Any,
) -> None:  # fmt: skip
    """Adjoints from the output down. `partials` has three numbers for each live node of another kind that
    has no instructions, ascending; `adjoints` are -0.0 but for J's, so that the first term added is taken
    as it is."""
    place = len(partials)
    for i in range(top, -1, -1):
        if live[i] == 0:
            adjoints[i] = 0.0
            continue
        code = codes[i]
        if code < 0:
            continue
        kind = kinds[code]
        adjoint = adjoints[i]
        a = operands[3 * i]
        b = operands[3 * i + 1]
        if kind == PRODUCT:
            x = values[a]
            adjoints[a] += adjoint * values[b]
            adjoints[b] += adjoint * x
        elif kind == LINEAR:
            adjoints[a] += adjoint * weights[3 * code]
            if b >= 0:
                adjoints[b] += adjoint * weights[3 * code + 1]
        elif kind == INSTRUCTED:
            c = operands[3 * i + 2]
            registers[0] = values[a]
            if b >= 0:
                registers[1] = values[b]
            if c >= 0:
                registers[2] = values[c]
            registers[3] = values[i]
            follow(2 * code + 1, machine, registers, cells)
            first = machine[1][4 * code + 1]
            if first >= 0:
                adjoints[a] += adjoint * registers[first]
            if b >= 0:
                second = machine[1][4 * code + 2]
                if second >= 0:
                    adjoints[b] += adjoint * registers[second]
                third = machine[1][4 * code + 3]
                if c >= 0 and third >= 0:
                    adjoints[c] += adjoint * registers[third]
        else:
            place -= 3
            adjoints[a] += adjoint * partials[place]
            if b >= 0:
                adjoints[b] += adjoint * partials[place + 1]
                c = operands[3 * i + 2]
                if c >= 0:
                    adjoints[c] += adjoint * partials[place + 2]


# Jets of J along every node. A series has its coefficients 1 to `order`; that of node i in `work` begins at
# place[i] * order where stamp[i] is the node that is being nudged, v. t is in units of scales[v].


@loop
def compose(
    outer: Any, first: int, inner: Any, begin: int, factor: float, order: int, found: Any, to: int, room:
    Any
) -> None:  # fmt: skip
    """Add to `found` the coefficients of sum_m outer_m (factor * inner)^m."""
    straight = True
    for k in range(1, order):
        if inner[begin + k] != 0.0:
            straight = False
    d = inner[begin] * factor
    if straight:
        power = 1.0
        for k in range(order):
            power *= d
            found[to + k] += outer[first + k] * power
        return
    room[0] = outer[first + order - 1]
    for m in range(order - 1, 0, -1):  # Horner's rule on truncated series
        size = order - m
        for k in range(size, 0, -1):
            total = 0.0
            for j in range(1, k + 1):
                total += inner[begin + j - 1] * room[k - j]
            room[k] = factor * total
        room[0] = outer[first + m - 1]
    for k in range(1, order + 1):
        total = 0.0
        for j in range(1, k + 1):
            total += inner[begin + j - 1] * room[k - j]
        found[to + k - 1] += factor * total


@loop
def multiply(x: Any, a: int, x0: float, z: Any, b: int, z0: float, order: int, found: Any, to: int) -> None:
    """Add the coefficients of (x0 + x)(z0 + z)."""
    for k in range(order):
        total = x0 * z[b + k] + z0 * x[a + k]
        for j in range(k):
            total += x[a + j] * z[b + k - 1 - j]
        found[to + k] += total


@loop
def compose_two(
    table: Any, first: int, x: Any, a: int, fx: float, z: Any, b: int, fz: float, order: int, found: Any,
    to: int, room: Any,
) -> None:  # fmt: skip
    """Add the coefficients of sum_ij table_ij (fx x)^i (fz z)^j, i + j from 1 to `order`; a, b are -1 for
    an operand that does not move. `table` has i outside, j inside, without 00."""
    width = order + 1
    powers, sums = order + 2, (order + 2) + width * width  # where in `room`
    for k in range(width * width):
        room[powers + k] = 0.0
    room[powers] = 1.0
    for j in range(1, width):
        for k in range(1, width):
            total = 0.0
            if b >= 0:
                for n in range(1, k + 1):
                    total += z[b + n - 1] * room[powers + (j - 1) * width + k - n]
            room[powers + j * width + k] = fz * total
    for k in range(width):
        room[sums + k] = 0.0
    end = first + width * (width + 1) // 2 - 1
    for i in range(order, -1, -1):
        for k in range(order, -1, -1):
            total = 0.0
            if a >= 0:
                for n in range(1, k + 1):
                    total += x[a + n - 1] * room[sums + k - n]
            room[sums + k] = fx * total
        end -= width - i
        for j in range(width - i):
            if i + j > 0:
                weight = table[end + j]
                for k in range(width):
                    room[sums + k] += weight * room[powers + j * width + k]
    for k in range(1, width):
        found[to + k - 1] += room[sums + k]


@loop
def find_series(
    i: int, v: int, ways: Any, codes: Any, slopes: Any, operands: Any, values: Any, scales: Any, held: Any,
    order: int, stamp: Any, place: Any, work: Any, to: int, degree: Any, room: Any,
) -> Any:  # fmt: skip
    """Into `work` from `to` on, the series of node i along v, from those operands that have one; returns
    its degree in v. `held` is what rows gave: (numbers, begins, axes, reaches, growths, of)."""
    a = operands[3 * i]
    b = operands[3 * i + 1]
    for k in range(order):
        work[to + k] = 0.0
    at_a = place[a] * order if stamp[a] == v else -1
    at_b = place[b] * order if b >= 0 and stamp[b] == v else -1
    way = ways[i]
    high_a = degree[place[a]] if at_a >= 0 else 0
    high_b = degree[place[b]] if at_b >= 0 else 0
    if way == LINEAR:
        code = codes[i]
        if at_a >= 0:
            weight = slopes[3 * code]
            for k in range(order):
                work[to + k] += weight * work[at_a + k]
        if at_b >= 0:
            weight = slopes[3 * code + 1]
            for k in range(order):
                work[to + k] += weight * work[at_b + k]
        return max(high_a, high_b)
    if way == PRODUCT:
        if at_a >= 0 and at_b >= 0:
            multiply(work, at_a, values[a], work, at_b, values[b], order, work, to)
            return min(high_a + high_b, ENDLESS)
        if at_a >= 0:
            weight = values[b]
            for k in range(order):
                work[to + k] = weight * work[at_a + k]
            return high_a
        weight = values[a]
        for k in range(order):
            work[to + k] = weight * work[at_b + k]
        return high_b
    numbers, begins, axes, _reaches, growths, of = held
    f = of[i]
    begin = begins[f]
    if way == WEIGHTED:
        high = 0
        for n in range(3):
            j = operands[3 * i + n]
            if j >= 0 and stamp[j] == v:
                base = place[j] * order
                weight = numbers[begin + n]
                for k in range(order):
                    work[to + k] += weight * work[base + k]
                high = max(high, degree[place[j]])
        return high
    if way == UNARY:
        j = operands[3 * i + axes[f]]
        compose(numbers, begin, work, place[j] * order, 1.0 / scales[j], order, work, to, room)
        return min(degree[place[j]] * growths[f], ENDLESS)
    if way == SCALED:
        for k in range(order):
            room[order + 1 + k] = 0.0
        if at_b >= 0:
            compose(numbers, begin + 1, work, at_b, 1.0 / scales[b], order, room, order + 1, room)
        g = numbers[begin]
        x0 = values[a]
        for k in range(order):
            total = x0 * room[order + 1 + k]
            if at_a >= 0:
                total += g * work[at_a + k]
                for j in range(k):
                    total += work[at_a + j] * room[order + k - j]
            work[to + k] = total
        return ENDLESS if at_b >= 0 else high_a
    compose_two(
        numbers, begin, work, at_a, 1.0 / scales[a], work, at_b, 1.0 / scales[b], order, work, to, room
    )  # fmt: skip
    return ENDLESS


@loop
def limit(
    i: int, v: int, operands: Any, order: int, stamp: Any, place: Any, work: Any, held: Any, cap: Any, by:
    Any
) -> None:  # fmt: skip
    """Lower `cap[0]` to the t at which the arguments of node i have moved as far as its row allows."""
    f = held[5][i]
    if f < 0:
        return
    reach = held[3][f]
    if reach == math.inf:
        return
    first = 0.0
    second = 0.0
    for n in range(3):
        j = operands[3 * i + n]
        if j >= 0 and stamp[j] == v:
            first += abs(work[place[j] * order])
            second += abs(work[place[j] * order + 1])
    t = min(reach / first, math.sqrt(reach / second)) if first > 0.0 and second > 0.0 else math.inf
    if second == 0.0 and first > 0.0:
        t = reach / first
    elif first == 0.0 and second > 0.0:
        t = math.sqrt(reach / second)
    if t < cap[0]:
        cap[0] = t
        by[0] = i


@loop
def join(
    u: int, v: int, ways: Any, codes: Any, slopes: Any, operands: Any, values: Any, scales: Any, held: Any,
    order: int, stamp: Any, place: Any, work: Any, to: int, degree: Any, room: Any, jets: Any, degrees: Any,
    caps: Any, blames: Any, cap: Any, by: Any,
) -> Any:  # fmt: skip
    """Add to the jet along v what goes through node u, whose own jet is known; returns J's degree on that
    way."""
    high = find_series(
        u,
        v,
        ways,
        codes,
        slopes,
        operands,
        values,
        scales,
        held,
        order,
        stamp,
        place,
        work,
        to,
        degree,
        room,
    )
    compose(jets, u * order, work, to, 1.0 / scales[u], order, jets, v * order, room)
    limit(u, v, operands, order, stamp, place, work, held, cap, by)
    if caps[u] < math.inf:
        t = cap[0]
        first = abs(work[to])
        second = abs(work[to + 1])
        if first > 0.0:
            t = min(t, caps[u] / first)
        if second > 0.0:
            t = min(t, math.sqrt(caps[u] / second))
        if t < cap[0]:
            cap[0] = t
            by[0] = blames[u]
    return min(high * degrees[u], ENDLESS)


@inlined
def push(heap: Any, size: int, u: int) -> None:
    """Enter u into a heap of that size."""
    k = size
    while k > 0:
        above = (k - 1) // 2
        if heap[above] <= u:
            break
        heap[k] = heap[above]
        k = above
    heap[k] = u


@inlined
def pop(heap: Any, size: int) -> Any:
    """Take the smallest out of a heap of that size."""
    least = heap[0]
    last = heap[size - 1]
    k = 0
    while 2 * k + 1 < size - 1:
        below = 2 * k + 1
        if below + 1 < size - 1 and heap[below + 1] < heap[below]:
            below += 1
        if heap[below] >= last:
            break
        heap[k] = heap[below]
        k = below
    heap[k] = last
    return least


# The two loops below have sums and products written out: a call costs more than these do.


@loop
def windowed_jets(
    top: int, most: int, widest: int, order: int, live: Any, ways: Any, codes: Any, slopes: Any,
    operands: Any, values: Any, scales: Any, held: Any, first: Any, consumers: Any, stamp: Any, place: Any,
    jets: Any, degrees: Any, caps: Any, blames: Any, exact: Any, work: Any, degree: Any, heap: Any, room:
    Any,
) -> None:  # fmt: skip
    """Jets of J along all live nodes, from the output down. Along each, at most `most` nodes that depend
    on it are gone through, in order; where these lead to only one node, its own jet is composed and nothing
    is lost; else what they lead to is joined as if independent. A node with more than `widest`
    consumers is not gone through unless it is the only one left."""
    cap = room[len(room) - 1 :]
    by = heap[len(heap) - 1 :]
    spare = (most + 1) * order
    for v in range(top, -1, -1):
        if live[v] == 0:
            continue
        scale = scales[v]
        if v == top:
            jets[v * order] = scale
            degrees[v] = 1
            exact[v] = 1
            continue
        begin, end = first[v], first[v + 1]
        u = consumers[begin]
        a = operands[3 * u]
        b = operands[3 * u + 1]
        way = ways[u]
        if end - begin == 1 and a != b and way in (LINEAR, PRODUCT):
            if way == PRODUCT:
                weight_a = values[b] if a == v else values[a]
            else:
                weight_a = slopes[3 * codes[u]] if a == v else slopes[3 * codes[u] + 1]
            d = weight_a * (scale / scales[u])
            power = 1.0
            for k in range(order):
                power *= d
                jets[v * order + k] = jets[u * order + k] * power
            caps[v] = caps[u] / abs(weight_a) if weight_a != 0.0 else math.inf
            blames[v] = blames[u] if caps[v] < math.inf else -1
            degrees[v] = degrees[u]
            exact[v] = exact[u]
            continue
        stamp[v] = v
        place[v] = 0
        degree[0] = 1
        work[0] = scale
        for k in range(1, order):
            work[k] = 0.0
        cap[0] = math.inf
        by[0] = -1
        high = 0
        pending = end - begin
        if pending > 1:
            for e in range(begin, end):
                stamp[consumers[e]] = v
                place[consumers[e]] = -1
        seen = 0
        size = 0
        opened = False
        closed = 1
        while pending > 0:
            if size > 0 and (begin == end or heap[0] < consumers[begin]):
                u = pop(heap, size)
                size -= 1
            else:
                u = consumers[begin]
                begin += 1
            pending -= 1
            go = False
            if pending > 0 and seen < most:
                fan = first[u + 1] - first[u]
                go = fan <= widest and size + fan < len(heap) - 1
            to = spare
            if go:
                seen += 1
                to = seen * order
            a = operands[3 * u]
            b = operands[3 * u + 1]
            at_a = place[a] * order if stamp[a] == v else -1
            at_b = place[b] * order if b >= 0 and stamp[b] == v else -1
            way = ways[u]
            if way == LINEAR or (way == PRODUCT and (at_a < 0 or at_b < 0)):
                if way == LINEAR:
                    weight_a = slopes[3 * codes[u]]
                    weight_b = slopes[3 * codes[u] + 1]
                else:
                    weight_a = values[b]
                    weight_b = values[a]
                if at_b < 0:
                    at_b = at_a
                    weight_b = weight_a
                    at_a = -1
                curved = 0.0
                reached = degree[at_b // order]
                if at_a < 0:
                    work[to] = weight_b * work[at_b]
                    for k in range(1, order):
                        work[to + k] = weight_b * work[at_b + k]
                        curved += abs(work[to + k])
                else:
                    work[to] = weight_a * work[at_a] + weight_b * work[at_b]
                    for k in range(1, order):
                        work[to + k] = weight_a * work[at_a + k] + weight_b * work[at_b + k]
                        curved += abs(work[to + k])
                    reached = max(reached, degree[at_a // order])
                if not go:
                    if curved == 0.0:
                        d = work[to] / scales[u]
                        power = 1.0
                        for k in range(order):
                            power *= d
                            jets[v * order + k] += jets[u * order + k] * power
                    elif order == 5:  # `compose`, written out
                        f = 1.0 / scales[u]
                        d, d2, d3 = f * work[to], f * work[to + 1], f * work[to + 2]
                        d4 = f * work[to + 3]
                        s2, s3 = d * d, 2.0 * d * d2
                        s4, s5 = 2.0 * d * d3 + d2 * d2, 2.0 * (d * d4 + d2 * d3)
                        c3, c4 = d * s2, d * s3 + d2 * s2
                        c5 = d * s4 + d2 * s3 + d3 * s2
                        q4, q5 = d * c3, d * c4 + d2 * c3
                        o = u * 5
                        one, two, three, four = jets[o], jets[o + 1], jets[o + 2], jets[o + 3]
                        into = v * 5
                        jets[into] += one * d
                        jets[into + 1] += one * d2 + two * s2
                        jets[into + 2] += one * d3 + two * s3 + three * c3
                        jets[into + 3] += one * d4 + two * s4 + three * c4 + four * q4
                        last = one * f * work[to + 4] + two * s5 + three * c5 + four * q5
                        jets[into + 4] += last + jets[o + 4] * (d * q4)
                    else:
                        compose(jets, u * order, work, to, 1.0 / scales[u], order, jets, v * order, room)
                    t = abs(work[to])
                    if caps[u] < cap[0] * t:
                        cap[0] = caps[u] / t
                        by[0] = blames[u]
                    t = abs(work[to + 1])
                    if caps[u] < cap[0] * cap[0] * t:
                        cap[0] = math.sqrt(caps[u] / t)
                        by[0] = blames[u]
                    reached = min(reached * degrees[u], ENDLESS)
            elif go:
                reached = find_series(
                    u, v, ways, codes, slopes, operands, values, scales, held, order, stamp, place, work,
                    to, degree, room,
                )  # fmt: skip
                limit(u, v, operands, order, stamp, place, work, held, cap, by)
            else:
                reached = join(
                    u, v, ways, codes, slopes, operands, values, scales, held, order, stamp, place, work,
                    to, degree, room, jets, degrees, caps, blames, cap, by,
                )  # fmt: skip
            if go:
                degree[seen] = reached
                place[u] = seen
                for e in range(first[u], first[u + 1]):
                    w = consumers[e]
                    if stamp[w] != v:
                        stamp[w] = v
                        place[w] = -1
                        push(heap, size, w)
                        size += 1
                        pending += 1
            else:
                high = min(high + reached, ENDLESS)
                if pending > 0:
                    opened = True
                closed = 0 if opened else exact[u]
                stamp[u] = -1
        degrees[v] = high
        caps[v] = cap[0] * scale
        blames[v] = by[0]
        exact[v] = closed


@loop
def exact_jets(
    top: int, order: int, nodes: Any, computed: Any, ways: Any, codes: Any, slopes: Any, operands: Any,
    values: Any, scales: Any, held: Any, first: Any, consumers: Any, joins: Any, stamp: Any, place: Any,
    jets: Any, degrees: Any, caps: Any, blames: Any, work: Any, degree: Any, free: Any, room: Any,
) -> None:  # fmt: skip
    """Jets of J along some nodes, descending, whose post-dominators' jets are known or among them: from
    each a forward jet through `computed`, all live nodes that have operands, to its post-dominator. A
    series that has been used by its only consumer makes room for another: most of the work stays in the
    cache."""
    cap = room[len(room) - 1 :]
    by = place[len(place) - 1 :]
    zeros = len(work) - order
    for n in range(len(nodes)):
        v = nodes[n]
        if v == top:
            jets[v * order] = scales[v]
            degrees[v] = 1
            continue
        last = joins[v]
        stamp[v] = v
        place[v] = 0
        degree[0] = 1
        work[0] = scales[v]
        for k in range(1, order):
            work[k] = 0.0
        cap[0] = math.inf
        by[0] = -1
        for k in range(order):
            jets[v * order + k] = 0.0
        seen = 0
        spare = 0
        start = consumers[first[v]]
        low, high = 0, len(computed)
        while low < high:
            middle = (low + high) // 2
            if computed[middle] < start:
                low = middle + 1
            else:
                high = middle
        i = start
        while i < last:
            a = operands[3 * i]
            b = operands[3 * i + 1]
            at_a = place[a] * order if stamp[a] == v else -1
            at_b = place[b] * order if b >= 0 and stamp[b] == v else -1
            way = ways[i]
            if way == LINEAR or (way == PRODUCT and (at_a < 0 or at_b < 0)):
                if at_a >= 0 or at_b >= 0:
                    once_a = at_a >= 0 and first[a + 1] - first[a] == 1
                    once_b = at_b >= 0 and first[b + 1] - first[b] == 1
                    if once_a:
                        slot = place[a]
                        if once_b:
                            free[spare] = place[b]
                            spare += 1
                    elif once_b:
                        slot = place[b]
                    elif spare > 0:
                        spare -= 1
                        slot = free[spare]
                    else:
                        seen += 1
                        slot = seen
                    to = slot * order
                    if way == LINEAR:
                        weight_a = slopes[3 * codes[i]]
                        weight_b = slopes[3 * codes[i] + 1]
                    else:
                        weight_a = values[b]
                        weight_b = values[a]
                    degree[slot] = max(
                        degree[place[a]] if at_a >= 0 else 0, degree[place[b]] if at_b >= 0 else 0
                    )
                    if at_a < 0:
                        at_a = zeros
                    if at_b < 0:
                        at_b = zeros
                    if order == 5:  # written out: a loop that short costs more than what it does
                        first_one = weight_a * work[at_a] + weight_b * work[at_b]
                        second_one = weight_a * work[at_a + 1] + weight_b * work[at_b + 1]
                        third_one = weight_a * work[at_a + 2] + weight_b * work[at_b + 2]
                        fourth_one = weight_a * work[at_a + 3] + weight_b * work[at_b + 3]
                        work[to + 4] = weight_a * work[at_a + 4] + weight_b * work[at_b + 4]
                        work[to] = first_one
                        work[to + 1] = second_one
                        work[to + 2] = third_one
                        work[to + 3] = fourth_one
                    else:
                        for k in range(order):
                            work[to + k] = weight_a * work[at_a + k] + weight_b * work[at_b + k]
                    stamp[i] = v
                    place[i] = slot
            elif at_a >= 0 or at_b >= 0 or (operands[3 * i + 2] >= 0 and stamp[operands[3 * i + 2]] == v):
                if spare > 0:
                    spare -= 1
                    slot = free[spare]
                else:
                    seen += 1
                    slot = seen
                degree[slot] = find_series(
                    i, v, ways, codes, slopes, operands, values, scales, held, order, stamp, place, work,
                    slot * order, degree, room,
                )  # fmt: skip
                limit(i, v, operands, order, stamp, place, work, held, cap, by)
                stamp[i] = v
                place[i] = slot
                for k in range(3):
                    j = operands[3 * i + k]
                    if j >= 0 and stamp[j] == v and first[j + 1] - first[j] == 1:
                        free[spare] = place[j]
                        spare += 1
            low += 1
            i = computed[low]
        degrees[v] = join(
            last, v, ways, codes, slopes, operands, values, scales, held, order, stamp, place, work,
            (seen + 1) * order, degree, room, jets, degrees, caps, blames, cap, by,
        )  # fmt: skip
        caps[v] = cap[0] * scales[v]
        blames[v] = by[0]


# Derivatives from local nudges, and what rounding does to them


@loop
def chain(
    low: int, high: int, operands: Any, partials: Any, seconds: Any, truncations: Any, bars: Any, unit:
    float,
    estimate: Any, second: Any, truncation: Any, bar: Any,
) -> None:  # fmt: skip
    """Carry derivatives and bars of nodes high - 1 down to low on to their operands. Of the partials,
    three for each node, those with a negative bar are none."""
    for i in range(high - 1, low - 1, -1):
        for k in range(3):
            e = 3 * (i - low) + k
            b = bars[e]
            if b < 0.0:
                continue
            j = operands[3 * i + k]
            p = partials[e]
            t = truncations[e]
            size = abs(p)
            slope = abs(estimate[i])
            term = p * estimate[i]
            estimate[j] += term
            second[j] += seconds[e] * second[i]
            truncation[j] += (size + t) * truncation[i] + slope * t
            bar[j] += (size + b) * bar[i] + slope * b + unit * (abs(term) + abs(estimate[j]))


@loop
def value_errors(
    codes: Any, kinds: Any, weights: Any, operands: Any, values: Any, live: Any, partials: Any, claims: Any,
    unit: float, least: float, errors: Any,
) -> None:  # fmt: skip
    """How far each value can be off in the worst case, to first order, where inputs are exact."""
    place = 0
    for i in range(len(codes)):
        code = codes[i]
        if code < 0 or live[i] == 0:
            continue
        a = operands[3 * i]
        b = operands[3 * i + 1]
        carried = 0.0
        kind = kinds[code]
        if kind == PRODUCT:
            carried = abs(values[b]) * errors[a] + abs(values[a]) * errors[b]
        elif kind == LINEAR:
            carried = abs(weights[3 * code]) * errors[a]
            if b >= 0:
                carried += abs(weights[3 * code + 1]) * errors[b]
        else:
            for k in range(3):
                j = operands[3 * i + k]
                if j >= 0 and errors[j] > 0.0:
                    carried += abs(partials[place + k]) * errors[j]
            place += 3
        errors[i] = carried + claims[code] * (unit * abs(values[i]) + least)


@loop
def adjoint_errors(
    top: int, codes: Any, kinds: Any, weights: Any, operands: Any, values: Any, live: Any, partials: Any,
    partial_errors: Any, errors: Any, unit: float, least: float, sums: Any, found: Any,
) -> None:  # fmt: skip
    """How far each adjoint can be off in the worst case, to first order: from the values' errors, from
    those of the partials as rows compute them, and from its own products and sums."""
    place = len(partials)
    sums[top] = 1.0
    for i in range(top, -1, -1):
        code = codes[i]
        if code < 0 or live[i] == 0:
            continue
        kind = kinds[code]
        adjoint = sums[i]
        size = abs(adjoint)
        error = found[i]
        if kind != LINEAR and kind != PRODUCT:  # noqa: PLR1714 - numba takes no tuple of mixed integers
            place -= 3
        for k in range(3):
            j = operands[3 * i + k]
            if j < 0:
                continue
            if kind == LINEAR:
                p = weights[3 * code + k]
                own = 0.0
            elif kind == PRODUCT:
                other = operands[3 * i + 1 - k]
                p = values[other]
                own = errors[other]
            else:
                p = partials[place + k]
                own = partial_errors[place + k]
            term = adjoint * p
            before = sums[j]
            after = before + term
            sums[j] = after
            more = own * (size + error)
            if p != 0.0 and error > 0.0:
                more += abs(p) * error
            if abs(p) != 1.0 and p != 0.0 and size != 1.0:
                more += unit * abs(term) + least
            if before != 0.0 and term != 0.0:
                more += unit * abs(after)
            found[j] += more


@loop
def total_rounding(codes: Any, live: Any, values: Any, slopes: Any, claims: Any, unit: float) -> float:
    """Sum of the squares of what the rounding of each op, by its row's claim, does to J."""
    total = 0.0
    for i in range(len(codes)):
        if codes[i] >= 0 and live[i]:
            lost = slopes[i] * claims[codes[i]] * unit * values[i]
            if lost == lost:  # noqa: PLR0124 - not nan
                total += lost * lost
    return total


@loop
def choose_nudges(
    order: int, exact_degree: int, moments: Any, widest: float, nodes: Any, jets: Any, scales: Any,
    degrees: Any, caps: Any, size: float, noise: float, unit: float, least: float, found: Any,
) -> None:  # fmt: skip
    """The power of two at which truncation and rounding of each node are smallest, as its jet has them.

    `size` is that of J, `noise` what rounding does to it; T = sum_k moments_k |c_k| t^(k-1), N = noise /
    (sqrt(2) t), in t = h / scale. Where no term bounds t, J may grow to twice its size; a nudge of the
    node's own size is always tried. nan where a cap leaves nothing."""
    level = math.log2(noise) + 2.0 if noise > 0.0 else -1100.0
    for n in range(len(nodes)):
        v = nodes[n]
        at = v * order - 1
        balance = math.inf
        for k in range(exact_degree + 1, order + 1):
            c = abs(jets[at + k])
            if c > 0.0 and degrees[v] >= k and c < math.inf:
                digits, exponent = math.frexp(c)
                balance = min(balance, (level - (exponent + 2.0 * digits)) / k)  # log2 c within 0.09, and 2
        slope = abs(jets[at + 1])
        second = abs(jets[at + 2])
        straight = balance == math.inf
        grown = 1.0
        if slope > 0.0:
            grown = max(grown, size / slope)
        if straight:
            t = grown
            if second > 0.0:
                t = min(t, max(1.0, math.sqrt(size / second)))
        else:
            best = math.inf
            t = 1.0
            trial = math.ldexp(1.0, math.floor(min(max(balance, -1000.0), 900.0)) - 3)
            for _ in range(7):
                total = 0.0
                for k in range(min(order, degrees[v]), 1, -1):
                    total = (total + moments[k] * abs(jets[at + k])) * trial
                total += noise / (1.4142135623730951 * trial)
                if total < best:
                    best = total
                    t = trial
                trial *= 2.0
            if second > 0.0 and exact_degree > 1:
                t = min(t, max(1.0, math.sqrt(size / second)))
        reach = caps[v] / (scales[v] * widest)
        t = min(t, reach)
        if not t > 0.0:
            found[n] = math.nan
            continue
        h = math.ldexp(0.5, math.frexp(t)[1]) * scales[v]
        h = max(h, 2.0 * unit * scales[v], least)
        found[n] = h if h <= caps[v] and h < math.inf else math.nan


@loop
def sketch_rounding(
    top: int, rounds: int, seed: int, live: Any, codes: Any, first: Any, consumers: Any, weights: Any,
    table: Any,
    minima: Any, found: Any,
) -> None:  # fmt: skip
    """Into `found`, what the weights of all that depends on each node add up to, about: `rounds` numbers
    are drawn for each op from the exponential distribution with its weight as rate, and the smallest one
    below each node is exponential with the sum as rate (Cohen 1997, section 3)."""
    state = seed
    for v in range(top, -1, -1):
        if live[v] == 0:
            continue
        begin = v * rounds
        for r in range(rounds):
            minima[begin + r] = math.inf
        for e in range(first[v], first[v + 1]):
            other = consumers[e] * rounds
            for r in range(rounds):
                minima[begin + r] = min(minima[begin + r], minima[other + r])
        total = 0.0
        for r in range(rounds):
            total += minima[begin + r]
        found[v] += total
        if codes[v] >= 0 and weights[v] > 0.0:
            for r in range(rounds):
                state = (state * 1103515245 + 12345) % 2147483648
                minima[begin + r] = min(minima[begin + r], table[state // 262144] / weights[v])


@loop
def straight_partials(
    low: int, high: int, codes: Any, kinds: Any, weights: Any, operands: Any, values: Any, scales: Any,
    moves: Any, claims: Any, unit: float, least: float, estimates: Any, seconds: Any, bars: Any,
) -> None:  # fmt: skip
    """Nudge the operands of sums and products among some nodes by their own size, and by half of it: from
    these values estimates of the partials, three for each node, and bars; inf where two disagree."""
    for i in range(low, high):
        code = codes[i]
        if code < 0 or moves[i] == 0 or (kinds[code] != LINEAR and kinds[code] != PRODUCT):
            continue
        claim = claims[code]
        first = operands[3 * i]
        second = operands[3 * i + 1]
        for k in range(2):
            j = first if k == 0 else second
            if j < 0 or moves[j] == 0:
                continue
            e = 3 * (i - low) + k
            x = values[j]
            h = scales[j]
            z = 0.0
            if second >= 0:
                other = second if k == 0 else first
                z = values[other]
                if kinds[code] == LINEAR:
                    h = max(h, scales[other])
            mine = weights[3 * code + k]
            held = weights[3 * code + 1 - k] * z if second >= 0 else 0.0
            one = 0.0
            room = 0.0
            for turn in range(2):
                up = x + h
                down = x - h
                width = up - down
                if kinds[code] == PRODUCT:
                    above = up * z
                    below = down * z
                elif second >= 0:
                    above = mine * up + held
                    below = mine * down + held
                else:
                    above = mine * up
                    below = mine * down
                slope = (above - below) / width
                bar = claim * (unit * (abs(above) + abs(below)) + least) / width
                bar += 4.0 * 1.1102230246251565e-16 * abs(slope)
                if turn == 0:
                    one = slope
                    room = bar
                    h *= 0.5
                else:
                    estimates[e] = one
                    seconds[e] = slope
                    bars[e] = room if abs(one - slope) <= room + bar else math.inf


@loop
def find_heights(top: int, codes: Any, operands: Any, live: Any, found: Any) -> None:
    """How many nodes stand on the longest way from each live node to the output."""
    for i in range(top, -1, -1):
        if live[i] and codes[i] >= 0:
            above = found[i] + 1
            for k in range(3):
                j = operands[3 * i + k]
                if j >= 0 and found[j] < above:
                    found[j] = above
