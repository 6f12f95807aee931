"""Jets of J along every node; the names are those of `series`."""

from __future__ import annotations

import math
from typing import Any

from .kinds import ENDLESS, LINEAR, PRODUCT, loop
from .series import compose, find_series, join, limit, pop, push

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
