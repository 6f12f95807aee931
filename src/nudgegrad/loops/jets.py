"""Jets of J along every node; the names are those of `series`."""

from __future__ import annotations

import math
from typing import Any

from .kinds import AHEAD, ENDLESS, LANES, LINEAR, PRODUCT, UNARY, loop
from .series import compose, compose_five, find_series, join, limit, limit_one, pop, push, shift

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
                    elif order == 5:
                        compose_five(jets, u * 5, work, to, 1.0 / scales[u], jets, v * 5)
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
                limit(u, v, operands, order, stamp, place, work, held, cap, by, 0)
            else:
                reached = join(
                    u, v, v, ways, codes, slopes, operands, values, scales, held, order, stamp, place, work,
                    to, degree, room, jets, degrees, caps, blames, cap, by, 0,
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
    done: Any, lanes: Any, cap: Any, by: Any,
) -> None:  # fmt: skip
    """Jets of J along some nodes, descending, whose post-dominators' jets are known or among them: from
    each a forward jet through `computed`, all live nodes that have operands, to its post-dominator.

    Nodes with the same one, none of which depends on another, go together: their series stand side by side
    in one slot, and what leads from node to node is looked up once. A slot that has been used by its only
    consumer makes room for another: most of the work stays in the cache."""
    width = LANES * order
    zeros = len(work) - width
    numbers, begins, axes, reaches, growths, of = held
    for n in range(len(nodes)):
        v = nodes[n]
        if done[v]:
            continue
        done[v] = 1
        if v == top:
            jets[v * order] = scales[v]
            degrees[v] = 1
            continue
        last = joins[v]
        start = consumers[first[v]]
        lanes[0] = v
        count = 1
        if start < last:
            for m in range(n + 1, min(n + AHEAD, len(nodes))):
                u = nodes[m]
                if done[u] == 0 and joins[u] == last and v < consumers[first[u]] < last:
                    done[u] = 1
                    lanes[count] = u
                    start = min(start, consumers[first[u]])
                    count += 1
                    if count == LANES:
                        break
        for lane in range(count):
            u = lanes[lane]
            stamp[u] = v
            place[u] = lane * LANES
            for k in range(LANES):
                degree[lane * LANES + k] = 0
            for k in range(width):
                work[lane * width + k] = 0.0
            degree[lane * LANES + lane] = 1
            work[lane * width + lane * order] = scales[u]
            cap[lane] = math.inf
            by[lane] = -1
            for k in range(order):
                jets[u * order + k] = 0.0
        seen = (count - 1) * LANES
        spare = 0
        size = count * order
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
            at_a = place[a] if stamp[a] == v else -1
            at_b = place[b] if b >= 0 and stamp[b] == v else -1
            way = ways[i]
            straight = way == LINEAR or (way == PRODUCT and (at_a < 0 or at_b < 0))
            c = -1 if straight else operands[3 * i + 2]
            if at_a >= 0 or at_b >= 0 or (c >= 0 and stamp[c] == v):
                if spare > 0:
                    spare -= 1
                    slot = free[spare]
                else:
                    seen += LANES
                    slot = seen
                if straight:
                    if way == LINEAR:
                        weight_a = slopes[3 * codes[i]]
                        weight_b = slopes[3 * codes[i] + 1]
                    else:
                        weight_a = values[b]
                        weight_b = values[a]
                    for lane in range(count):
                        degree[slot + lane] = max(
                            degree[at_a + lane] if at_a >= 0 else 0,
                            degree[at_b + lane] if at_b >= 0 else 0,
                        )
                    from_a = at_a * order if at_a >= 0 else zeros
                    from_b = at_b * order if at_b >= 0 else zeros
                    to = slot * order
                    for k in range(size):
                        work[to + k] = weight_a * work[from_a + k] + weight_b * work[from_b + k]
                elif way == UNARY and order == 5:
                    f = of[i]
                    j = operands[3 * i + axes[f]]
                    for lane in range(count):
                        to = (slot + lane) * 5
                        for k in range(5):
                            work[to + k] = 0.0
                        first_one = (place[j] + lane) * 5
                        compose_five(numbers, begins[f], work, first_one, 1.0 / scales[j], work, to)
                        degree[slot + lane] = min(degree[place[j] + lane] * growths[f], ENDLESS)
                        limit_one(i, reaches[f], work, first_one, cap, by, lane)
                else:
                    for lane in range(count):
                        degree[slot + lane] = find_series(
                            i, v, ways, codes, slopes, operands, values, scales, held, order, stamp, place,
                            work, (slot + lane) * order, degree, room,
                        )  # fmt: skip
                        limit(i, v, operands, order, stamp, place, work, held, cap, by, lane)
                        shift(i, v, operands, stamp, place, 1)
                    shift(i, v, operands, stamp, place, -count)
                stamp[i] = v
                place[i] = slot
                if at_a >= 0 and first[a + 1] - first[a] == 1:
                    free[spare] = at_a
                    spare += 1
                if at_b >= 0 and b != a and first[b + 1] - first[b] == 1:
                    free[spare] = at_b
                    spare += 1
                if c >= 0 and c != a and c != b and stamp[c] == v and first[c + 1] - first[c] == 1:  # noqa: PLR1714
                    free[spare] = place[c]
                    spare += 1
            low += 1
            i = computed[low]
        for lane in range(count):
            u = lanes[lane]
            degrees[u] = join(
                last, v, u, ways, codes, slopes, operands, values, scales, held, order, stamp, place, work,
                (seen + LANES) * order, degree, room, jets, degrees, caps, blames, cap, by, lane,
            )  # fmt: skip
            shift(last, v, operands, stamp, place, 1)
            caps[u] = cap[lane] * scales[u]
            blames[u] = by[lane]
