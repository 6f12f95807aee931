"""Series of a node along the one that is nudged, and jets put together from them.

A series has its coefficients 1 to `order`; that of node i in `work` begins at place[i] * order where
stamp[i] is the node that is being nudged, v. t is in units of scales[v].
"""

from __future__ import annotations

import math
from typing import Any

from .kinds import ENDLESS, GENERAL, LINEAR, PRODUCT, SCALED, UNARY, WEIGHTED, inlined, loop


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


@inlined
def compose_five(outer: Any, o: int, inner: Any, begin: int, f: float, found: Any, to: int) -> None:
    """`compose` of order 5, written out: loops that short cost more than what they do."""
    d, d2, d3 = f * inner[begin], f * inner[begin + 1], f * inner[begin + 2]
    d4 = f * inner[begin + 3]
    s2, s3 = d * d, 2.0 * d * d2
    s4, s5 = 2.0 * d * d3 + d2 * d2, 2.0 * (d * d4 + d2 * d3)
    c3, c4 = d * s2, d * s3 + d2 * s2
    c5 = d * s4 + d2 * s3 + d3 * s2
    q4, q5 = d * c3, d * c4 + d2 * c3
    one, two, three, four = outer[o], outer[o + 1], outer[o + 2], outer[o + 3]
    found[to] += one * d
    found[to + 1] += one * d2 + two * s2
    found[to + 2] += one * d3 + two * s3 + three * c3
    found[to + 3] += one * d4 + two * s4 + three * c4 + four * q4
    last = one * f * inner[begin + 4] + two * s5 + three * c5 + four * q5
    found[to + 4] += last + outer[o + 4] * (d * q4)


@inlined
def add_product(
    work: Any, to: int, x: int, p: int, factor: float, careful: int, count: int
) -> None:  # fmt: skip
    """Add factor x p, number by number; where `careful`, x = 0 is not spoilt by a p that does not exist."""
    if careful:
        for n in range(count):
            moved = factor * work[x + n]
            work[to + n] += 0.0 if moved == 0.0 else moved * work[p + n]
    else:
        for n in range(count):
            work[to + n] += factor * work[x + n] * work[p + n]


@loop
def recur(
    count: int, order: int, needs: Any, kinds: Any, begins: Any, terms: Any, careful: int, work: Any
) -> None:
    """Coefficients from the first one on of the series of a closure at `count` points, from those of order
    0: that of order k of series i is in `work` from (i (order + 1) + k) count on; the last `count` numbers
    are room. `sweeps.jets` says what the others tell."""
    size = (order + 1) * count
    room = len(needs) * size
    for k in range(1, order + 1):
        for i in range(len(needs)):
            if k > needs[i] or begins[i] == begins[i + 1]:
                continue
            to = i * size + k * count
            for n in range(count):
                work[to + n] = 0.0
            for e in range(begins[i], begins[i + 1]):
                x = terms[2 * e] * size
                p = terms[2 * e + 1] * size
                moves = needs[terms[2 * e + 1]] > 0
                if kinds[terms[2 * e + 1]] == 2:
                    q = work[p]
                    if q != 0.0:
                        for n in range(count):
                            work[to + n] += q * work[x + k * count + n]
                    continue
                first, last = 1, k  # of the terms of the sum that are not 0
                if kinds[terms[2 * e]] == 1:
                    if not moves and k > 1:
                        continue
                    last = 1
                elif not moves:
                    first = k
                for n in range(count):
                    work[room + n] = 0.0
                for j in range(first, last + 1):
                    add_product(work, room, x + j * count, p + (k - j) * count, j, careful, count)
                for n in range(count):
                    work[to + n] += work[room + n] / k


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
    high_a = degree[place[a]] if stamp[a] == v else 0
    high_b = degree[place[b]] if b >= 0 and stamp[b] == v else 0
    at_a = place[a] * order if high_a > 0 else -1  # of degree 0: a series of zeros
    at_b = place[b] * order if high_b > 0 else -1
    way = ways[i]
    if at_a < 0 and at_b < 0 and way in (PRODUCT, GENERAL):
        return 0
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


@inlined
def reach_out(i: int, reach: float, first: float, second: float, cap: Any, by: Any, at: int) -> None:
    """Lower `cap[at]` to the t at which the arguments of node i, of these coefficients, have moved by
    `reach`."""
    t = math.inf
    if first > 0.0:
        t = reach / first
    if second > 0.0:
        t = min(t, math.sqrt(reach / second))
    if t < cap[at]:
        cap[at] = t
        by[at] = i


@inlined
def limit_one(i: int, reach: float, work: Any, begin: int, cap: Any, by: Any, at: int) -> None:
    """`limit` where one argument moves."""
    if reach < math.inf:
        reach_out(i, reach, abs(work[begin]), abs(work[begin + 1]), cap, by, at)


@loop
def limit(
    i: int, v: int, operands: Any, order: int, stamp: Any, place: Any, work: Any, held: Any, cap: Any,
    by: Any, at: int,
) -> None:  # fmt: skip
    """Lower `cap[at]` to the t at which the arguments of node i have moved as far as its row allows."""
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
    reach_out(i, reach, first, second, cap, by, at)


@loop
def join(
    u: int, v: int, into: int, ways: Any, codes: Any, slopes: Any, operands: Any, values: Any, scales: Any,
    held: Any, order: int, stamp: Any, place: Any, work: Any, to: int, degree: Any, room: Any, jets: Any,
    degrees: Any, caps: Any, blames: Any, cap: Any, by: Any, at: int,
) -> Any:  # fmt: skip
    """Add to the jet along `into` what goes through node u, whose own jet is known; returns J's degree on
    that way. v is the stamp of the series."""
    high = find_series(
        u, v, ways, codes, slopes, operands, values, scales, held, order, stamp, place, work, to, degree,
        room,
    )  # fmt: skip
    compose(jets, u * order, work, to, 1.0 / scales[u], order, jets, into * order, room)
    limit(u, v, operands, order, stamp, place, work, held, cap, by, at)
    if caps[u] < math.inf:
        t = cap[at]
        first = abs(work[to])
        second = abs(work[to + 1])
        if first > 0.0:
            t = min(t, caps[u] / first)
        if second > 0.0:
            t = min(t, math.sqrt(caps[u] / second))
        if t < cap[at]:
            cap[at] = t
            by[at] = blames[u]
    return min(high * degrees[u], ENDLESS)


@loop
def shift(i: int, v: int, operands: Any, stamp: Any, place: Any, by: int) -> None:
    """Move the places of the operands of a node that have a series, each once."""
    a = operands[3 * i]
    b = operands[3 * i + 1]
    c = operands[3 * i + 2]
    if stamp[a] == v:
        place[a] += by
    if b >= 0 and b != a and stamp[b] == v:
        place[b] += by
    if c >= 0 and c != a and c != b and stamp[c] == v:  # noqa: PLR1714 - numba takes no tuple of mixed integers
        place[c] += by


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
