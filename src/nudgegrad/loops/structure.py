"""What stands where in a graph."""

from __future__ import annotations

from typing import Any

from .kinds import CONSTANT, OTHER, loop


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
