"""Derivatives from local nudges, nudges, and what rounding does to them."""

from __future__ import annotations

import math
from typing import Any

from .kinds import LINEAR, PRODUCT, inlined, loop


@inlined
def carry(
    i: int, j: int, p: float, other: float, t: float, b: float, unit: float, estimate: Any, second: Any,
    truncation: Any, bar: Any,
) -> None:  # fmt: skip
    """Carry the derivative and the bar of node i on to its operand j."""
    size = abs(p)
    slope = abs(estimate[i])
    term = p * estimate[i]
    estimate[j] += term
    second[j] += other * second[i]
    truncation[j] += (size + t) * truncation[i] + slope * t
    bar[j] += (size + b) * bar[i] + slope * b + unit * (abs(term) + abs(estimate[j]))


@loop
def chain(
    edge: int, low: int, codes: Any, kinds: Any, weights: Any, operands: Any, values: Any, scales: Any,
    moves: Any, claims: Any, unit: float, least: float, place: int, partials: Any, seconds: Any,
    truncations: Any, bars: Any, instead: Any, estimate: Any, second: Any, truncation: Any, bar: Any,
) -> Any:  # fmt: skip
    """Carry derivatives and bars of nodes down to `low` on to their operands, from an edge on: 3 i + k
    leads from node i to its k-th operand.

    Operands of sums and products are nudged here, by their own size and by half of it. Where these two
    disagree, the edge is returned; to go on there takes what stands `instead`: estimate, second, truncation
    and bar. Any other node has partials, three each, of which the first `place` are to come; those with a
    negative bar are none."""
    start = edge % 3
    for i in range(edge // 3, low - 1, -1):
        code = codes[i]
        if code < 0 or moves[i] == 0:
            continue
        kind = kinds[code]
        if kind != LINEAR and kind != PRODUCT:  # noqa: PLR1714 - numba takes no tuple of mixed integers
            place -= 3
            for k in range(3):
                e = place + k
                if bars[e] >= 0.0:
                    carry(
                        i, operands[3 * i + k], partials[e], seconds[e], truncations[e], bars[e], unit,
                        estimate, second, truncation, bar,
                    )  # fmt: skip
            continue
        a = operands[3 * i]
        b = operands[3 * i + 1]
        for k in range(start, 2):
            j = a if k == 0 else b
            if j < 0 or moves[j] == 0:
                continue
            if 3 * i + k == edge and instead[3] >= 0.0:
                carry(
                    i, j, instead[0], instead[1], instead[2], instead[3], unit, estimate, second,
                    truncation, bar,
                )  # fmt: skip
                continue
            x = values[j]
            h = scales[j]
            mine = weights[3 * code + k]
            held = 0.0
            z = 0.0
            if b >= 0:
                other = b if k == 0 else a
                z = values[other]
                if kind == LINEAR:
                    h = max(h, scales[other])
                    held = weights[3 * code + 1 - k] * z
            one = 0.0
            room = 0.0
            slope = 0.0
            lost = 0.0
            for turn in range(2):
                up = x + h
                down = x - h
                width = up - down
                if kind == PRODUCT:
                    above = up * z
                    below = down * z
                elif b >= 0:
                    above = mine * up + held
                    below = mine * down + held
                else:
                    above = mine * up
                    below = mine * down
                slope = (above - below) / width
                lost = claims[code] * (unit * (abs(above) + abs(below)) + least) / width
                lost += 4.0 * unit * abs(slope)
                if turn == 0:
                    one = slope
                    room = lost
                    h *= 0.5
            if not (abs(one - slope) <= room + lost and room < math.inf):
                return 3 * i + k
            carry(i, j, one, slope, 0.0, room, unit, estimate, second, truncation, bar)
        start = 0
    return -1


@inlined
def raised(t: float, k: int) -> float:
    """t^k by repeated products, as `nudging.optimal.truncation` forms it."""
    power = t
    for _ in range(1, k):
        power *= t
    return power


@loop
def bound_truncations(
    order: int, weights: Any, tail: float, grain: float, values: Any, scales: Any, jets: Any, degrees: Any,
    points: Any, found: Any,
) -> None:  # fmt: skip
    """What `nudging.optimal.truncation` says of ops that are nudged twice, bit for bit: the coefficients of
    all of one order stand together, `grain` (k + 1) c_(k+1) is how far c_k may be off."""
    count = len(values)
    size = len(weights)
    for n in range(count):
        x = values[n]
        scale = scales[n]
        for turn in range(2):
            at = (2 * n + turn) * size
            width = 0.0
            rounded = 0.0
            furthest = 0.0
            for m in range(0, size, 2):
                above, below = points[at + m] - x, points[at + m + 1] - x
                width += weights[m] * (above - below)
                furthest = max(furthest, max(abs(above), abs(below)) / scale)
                for side in range(2):  # two_sum: what a difference lost
                    point = points[at + m + side]
                    step = point - x
                    shift = step - point
                    rounded = max(rounded, abs((point - (step - shift)) + (-x - shift)))
            total = 0.0
            for k in range(2, order + 1):
                moment = 0.0
                for m in range(size):
                    moment += weights[m] * raised((points[at + m] - x) / scale, k)
                moment = abs(moment)
                if k == 2:
                    moment += 4.0 * rounded * furthest / scale
                c = abs(jets[k * count + n])
                if k < order:
                    c += grain * (k + 1) * abs(jets[(k + 1) * count + n])
                if moment != 0.0 and degrees[n] >= k:
                    total += c * moment
            if degrees[n] > order:
                moment = 0.0
                for m in range(size):
                    moment += abs(weights[m]) * abs(raised((points[at + m] - x) / scale, order))
                total += tail * abs(jets[order * count + n]) * moment
            found[2 * n + turn] = total / abs(width) if width != 0.0 else math.nan


@loop
def compare_nudges(
    weights: Any, exact_degree: int, unit: float, least: float, wide: float, claims: Any, degrees: Any,
    points: Any, values: Any, cuts: Any, good: Any, found: Any,
) -> None:  # fmt: skip
    """Estimate, second estimate, truncation and bar of ops that were nudged twice, in `found` one after the
    other; each nudge has its points and the ops' values there, in pairs. The bar is inf where the two
    disagree, or where one was not `good`."""
    size = len(weights)
    count = len(claims)
    for n in range(count):
        one = 0.0
        room = 0.0
        slope = 0.0
        lost = 0.0
        for turn in range(2):
            at = (2 * n + turn) * size
            width = 0.0
            rise = 0.0
            terms = 0.0
            ulps = 0.0
            for m in range(0, size, 2):
                above, below = values[at + m], values[at + m + 1]
                width += weights[m] * (points[at + m] - points[at + m + 1])
                rise += weights[m] * (above - below)
                terms += abs(weights[m]) * abs(above - below)
                ulps += abs(weights[m]) * (unit * abs(above) + least)
                ulps += abs(weights[m + 1]) * (unit * abs(below) + least)
            if width == 0.0:  # no nudge
                width = math.nan
            slope = rise / width
            lost = claims[n] * ulps + 4.0 * (size // 2 - 1) * wide * terms  # each pair's weight and sum
            lost = lost / abs(width) + 4.0 * wide * abs(slope)
            if turn == 0:
                one = slope
                room = lost
        apart = abs(one - slope)
        cut = cuts[2 * n]
        if degrees[n] > exact_degree and cut == 0.0:
            cut = apart  # a series that came out as 0 proves nothing
        other = cuts[2 * n + 1]
        agree = apart <= cut + (room + lost) or apart <= other + (room + lost)
        known = apart < math.inf and cut < math.inf and other < math.inf
        found[n] = one
        found[count + n] = slope
        found[2 * count + n] = cut
        found[3 * count + n] = cut + room if good[n] and agree and known else math.inf


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
    order: int, exact_degree: int, moments: Any, widest: float, nodes: Any, jets: Any, bits: Any,
    powers: Any, scales: Any, degrees: Any, caps: Any, size: float, noise: float, unit: float, least: float,
    found: Any,
) -> None:  # fmt: skip
    """The power of two at which truncation and rounding of each node are smallest, as its jet has them.

    `size` is that of J, `noise` what rounding does to it; T = sum_k moments_k |c_k| t^(k-1), N = noise /
    (sqrt(2) t), in t = h / scale. Where no term bounds t, J may grow to twice its size; a nudge of the
    node's own size is always tried. nan where a cap leaves nothing. `bits` are those of the jets, `powers`
    those of two from the least number on."""
    level = math.log2(noise) + 2.0 if noise > 0.0 else -1100.0
    rounding = noise / 1.4142135623730951
    for n in range(len(nodes)):
        v = nodes[n]
        at = v * order - 1
        most = min(order, degrees[v])
        balance = math.inf
        for k in range(exact_degree + 1, most + 1):
            c = abs(jets[at + k])
            if 0.0 < c < math.inf:
                exponent = (bits[at + k] >> 52) & 2047
                if exponent > 0:
                    log = exponent - 1021 + (bits[at + k] & 4503599627370495) * 2.220446049250313e-16
                else:  # below the normal range
                    digits, exponent = math.frexp(c)
                    log = exponent + 2.0 * digits
                balance = min(balance, (level - log) / k)  # log2 c within 0.09, and 2
        slope = abs(jets[at + 1])
        second = abs(jets[at + 2])
        if balance == math.inf:
            t = max(1.0, size / slope) if slope > 0.0 else 1.0
            if second > 0.0:
                t = min(t, max(1.0, math.sqrt(size / second)))
        else:
            t = powers[math.floor(min(max(balance, -1000.0), 900.0)) + 1074]
            lower, best, upper = 0.0, 0.0, 0.0  # T + N at t / 2, t and 2 t
            for k in range(most, 1, -1):
                term = moments[k] * abs(jets[at + k])
                lower = (lower + term) * (0.5 * t)
                best = (best + term) * t
                upper = (upper + term) * (2.0 * t)
            lower += rounding / (0.5 * t)
            best += rounding / t
            upper += rounding / (2.0 * t)
            if lower < best or upper < best:  # the sum is convex in log t: downhill, as far as it goes
                factor = 0.5 if lower < best else 2.0
                best = lower if lower < best else upper
                t *= factor
                for _ in range(2):
                    total = 0.0
                    for k in range(most, 1, -1):
                        total = (total + moments[k] * abs(jets[at + k])) * (factor * t)
                    total += rounding / (factor * t)
                    if total >= best:
                        break
                    best = total
                    t *= factor
            if not best < math.inf:
                t = 1.0
            if second > 0.0 and exact_degree > 1:
                t = min(t, max(1.0, math.sqrt(size / second)))
        t = min(t, caps[v] / (scales[v] * widest))
        if not t > 0.0:
            found[n] = math.nan
            continue
        h = powers[math.frexp(t)[1] + 1073] * scales[v]
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
