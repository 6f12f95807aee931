"""Reads large programs: what `graphs.program` does, on the bytes of a text without mistakes.

Whatever it does not know, a mistake above all, it leaves alone and says so: then the text is read again by
`graphs.program`, which has the words for it.
"""

from __future__ import annotations

from typing import Any

from .kinds import CONSTANT, INPUT, inlined, loop

NODES, NAMES, NUMBERS, LAST, OUTPUT, KNOWN, WAITING, DONE = 0, 1, 2, 3, 4, 5, 6, 7  # places in `counts`
UNREAD, FULL = -1, -2  # what `read_program` says of a text it leaves alone; of too little room
NO_NODE, RESERVED = -1, -2  # of a name; a function's row r is RESERVED - 1 - r
NOTHING = -1  # a row: of an open bracket that is no call
BRACKET = -1  # how tightly an open bracket binds


@inlined
def in_name(c: int) -> bool:
    """Whether a byte is a letter, a digit or an underscore."""
    return 97 <= c <= 122 or 65 <= c <= 90 or c == 95 or 48 <= c <= 57


@inlined
def is_blank(c: int) -> bool:
    """Whether a byte is a space or a tab."""
    return c in (9, 32)


@inlined
def is_digit(c: int) -> bool:
    """Whether a byte is a digit."""
    return 48 <= c <= 57


@loop
def find_name(text: Any, start: int, end: int, table: Any, entries: Any, counts: Any) -> Any:
    """The number of a name; a new one if it has none yet. `entries` has start, end and node of each."""
    mask = len(table) - 1
    key = 2166136261
    for k in range(start, end):  # Fowler, Noll & Vo, 1a, 32 bits
        key = ((key ^ int(text[k])) * 16777619) & 0xFFFFFFFF
    slot = (key ^ (key >> 15)) & mask
    while table[slot] >= 0:
        e = table[slot]
        first = entries[3 * e]
        if entries[3 * e + 1] - first == end - start:
            k = 0
            while k < end - start and text[first + k] == text[start + k]:
                k += 1
            if k == end - start:
                return e
        slot = (slot + 1) & mask
    e = counts[KNOWN]
    if 2 * e >= len(table):
        return -1
    counts[KNOWN] = e + 1
    table[slot] = e
    entries[3 * e] = start
    entries[3 * e + 1] = end
    entries[3 * e + 2] = NO_NODE
    return e


@loop
def enter(
    code: int,
    a: int,
    b: int,
    c: int,
    start: int,
    end: int,
    counts: Any,
    codes: Any,
    operands: Any,
    spans: Any,
) -> Any:
    """A new node; its index."""
    i = counts[NODES]
    codes[i] = code
    operands[3 * i] = a
    operands[3 * i + 1] = b
    operands[3 * i + 2] = c
    spans[2 * i] = start
    spans[2 * i + 1] = end
    counts[NODES] = i + 1
    return i


@loop
def name_it(
    node: int, e: int, start: int, end: int, counts: Any, varies: Any, entries: Any, named: Any
) -> None:
    """The name of entry e, written from start to end, is that of a node from now on."""
    varies[node] = 1
    entries[3 * e + 2] = node
    m = counts[NAMES]
    named[3 * m] = node
    named[3 * m + 1] = start
    named[3 * m + 2] = end
    counts[NAMES] = m + 1


@loop
def reduce(
    need: int, pending: Any, done: Any, rows: Any, counts: Any, codes: Any, operands: Any, spans: Any,
    varies: Any,
) -> None:  # fmt: skip
    """Apply the pending operators that bind at least as tightly as `need`. `pending` has how tightly, row,
    start and commas of each, `done` node, start and end."""
    negation, power, variable_power = rows
    height, depth = counts[WAITING], counts[DONE]
    while pending[4 * height - 4] >= need:
        height -= 1
        row = pending[4 * height + 1]
        node = done[3 * depth - 3]
        end = done[3 * depth - 1]
        if row == negation:
            start = pending[4 * height + 2]
            i = enter(row, node, -1, -1, start, end, counts, codes, operands, spans)
            varies[i] = varies[node]
        else:
            depth -= 1
            first = done[3 * depth - 3]
            start = done[3 * depth - 2]
            if row == power and varies[node]:
                row = variable_power
            i = enter(row, first, node, -1, start, end, counts, codes, operands, spans)
            varies[i] = varies[first] or varies[node]
        done[3 * depth - 3] = i
        done[3 * depth - 2] = start
        done[3 * depth - 1] = end
    counts[WAITING] = height
    counts[DONE] = depth


@loop
def apply_call(
    row: int, arity: int, start: int, end: int, depth: int, done: Any, counts: Any, codes: Any,
    operands: Any, spans: Any, varies: Any,
) -> Any:  # fmt: skip
    """Apply a function to the last operands; how many are left."""
    depth -= arity - 1
    a = done[3 * depth - 3]
    b = done[3 * depth] if arity > 1 else -1
    c = done[3 * depth + 3] if arity > 2 else -1
    i = enter(row, a, b, c, start, end, counts, codes, operands, spans)
    varies[i] = varies[a] or (b >= 0 and varies[b]) or (c >= 0 and varies[c])
    done[3 * depth - 3] = i
    done[3 * depth - 2] = start
    done[3 * depth - 1] = end
    return depth


@loop
def read_program(
    text: Any, size: int, words: Any, operators: Any, signs: Any, arities: Any, folds: Any, rows: Any,
    copy: int, compares: int, room: Any, codes: Any, operands: Any, spans: Any, varies: Any, named: Any,
    constants: Any, counts: Any,
) -> int:  # fmt: skip
    """Read the first `size` bytes of a text; the number of nodes, or `UNREAD` or `FULL`.

    After them stand the words that are no names: `words` has start, end and what each is, `RESERVED` or the
    row of a function. `operators` has row, how tightly it binds and how tightly its left operand must, of
    each, negation first; `signs`, of each character, the operator that it is alone, the character that
    makes another of it, and that one, -1 where there is none. Into `named` go node, start and end of each
    name, into `constants` those of each number; into `counts` how many there are, the last statement's
    node and J's or -1."""
    table, entries, pending, done = room
    for n in range(len(words) // 3):
        e = find_name(text, words[3 * n], words[3 * n + 1], table, entries, counts)
        if e < 0:
            return FULL
        entries[3 * e + 2] = words[3 * n + 2]
    j_name = -1
    pending[0] = BRACKET - 1
    k = 0
    while True:
        while k < size and (
            text[k] == 32
            or text[k] == 9
            or text[k] == 10
            or text[k] == 59
            or text[k] == 35
            or text[k] == 13
        ):
            if text[k] == 35:  # a comment
                while k < size and text[k] != 10:
                    k += 1
            else:
                if text[k] == 13 and not (k + 1 < size and text[k + 1] == 10):
                    return UNREAD
                k += 1
        if k >= size:
            break
        # A statement: its name
        target = k
        if not in_name(text[k]) or is_digit(text[k]):
            return UNREAD
        while k < size and in_name(text[k]):
            k += 1
        target_end = k
        while k < size and is_blank(text[k]):
            k += 1
        if k >= size or text[k] != 61 or (k + 1 < size and text[k + 1] == 61):
            return UNREAD
        k += 1
        name = find_name(text, target, target_end, table, entries, counts)
        if name < 0:
            return FULL
        if entries[3 * name + 2] != NO_NODE:
            return UNREAD
        if target_end - target == 1 and text[target] == 74:
            j_name = name
        # Its expression: `height` operators and brackets wait, `depth` operands are done
        height, depth, open_brackets = 1, 0, 0
        wants = True  # an operand
        last_end = k
        while True:
            while k < size and (
                is_blank(text[k]) or text[k] == 35 or (open_brackets > 0 and text[k] == 10)
            ):
                if text[k] == 35:
                    while k < size and text[k] != 10:
                        k += 1
                else:
                    k += 1
            c = text[k] if k < size else 10
            if (
                counts[NODES] + height + 4 > len(codes)
                or 4 * height + 8 > len(pending)
                or 3 * depth + 6 > len(done)
            ):
                return FULL
            if 3 * counts[NAMES] + 6 > len(named) or 3 * counts[NUMBERS] + 6 > len(constants):
                return FULL
            if wants:
                start = k
                if in_name(c) and not is_digit(c):
                    while k < size and in_name(text[k]):
                        k += 1
                    end = k
                    e = find_name(text, start, end, table, entries, counts)
                    if e < 0:
                        return FULL
                    node = entries[3 * e + 2]
                    while k < size and is_blank(text[k]):
                        k += 1
                    if k < size and text[k] == 40:
                        if node >= RESERVED:
                            return UNREAD
                        pending[4 * height] = BRACKET
                        pending[4 * height + 1] = RESERVED - 1 - node
                        pending[4 * height + 2] = start
                        pending[4 * height + 3] = 0
                        height += 1
                        open_brackets += 1
                        k += 1
                        continue
                    if node <= RESERVED or e == name:
                        return UNREAD
                    if node == NO_NODE:
                        node = enter(INPUT, -1, -1, -1, start, end, counts, codes, operands, spans)
                        name_it(node, e, start, end, counts, varies, entries, named)
                    k = end
                elif is_digit(c) or c == 46:
                    while k < size and is_digit(text[k]):
                        k += 1
                    whole = k > start
                    if k < size and text[k] == 46:
                        k += 1
                        if not whole and not (k < size and is_digit(text[k])):
                            return UNREAD
                        while k < size and is_digit(text[k]):
                            k += 1
                    if k < size and (text[k] == 101 or text[k] == 69):
                        m = k + 1
                        if m < size and (text[m] == 43 or text[m] == 45):
                            m += 1
                        if not (m < size and is_digit(text[m])):
                            return UNREAD
                        while m < size and is_digit(text[m]):
                            m += 1
                        k = m
                    if k < size and in_name(text[k]):
                        return UNREAD
                    end = k
                    node = enter(CONSTANT, -1, -1, -1, start, end, counts, codes, operands, spans)
                    varies[node] = 0
                    m = counts[NUMBERS]
                    constants[3 * m] = node
                    constants[3 * m + 1] = start
                    constants[3 * m + 2] = end
                    counts[NUMBERS] = m + 1
                elif c == 40:
                    pending[4 * height] = BRACKET
                    pending[4 * height + 1] = NOTHING
                    pending[4 * height + 2] = start
                    pending[4 * height + 3] = 0
                    height += 1
                    open_brackets += 1
                    k += 1
                    continue
                elif c == 45:
                    pending[4 * height] = operators[1]
                    pending[4 * height + 1] = operators[0]
                    pending[4 * height + 2] = start
                    height += 1
                    k += 1
                    if k < size and text[k] == 61:
                        return UNREAD
                    continue
                elif c == 43:
                    k += 1
                    if k < size and text[k] == 61:
                        return UNREAD
                    continue
                else:
                    return UNREAD
                done[3 * depth] = node
                done[3 * depth + 1] = start
                done[3 * depth + 2] = end
                depth += 1
                last_end = end
                wants = False
                continue
            if c == 41:
                counts[WAITING], counts[DONE] = height, depth
                reduce(0, pending, done, rows, counts, codes, operands, spans, varies)
                height, depth = counts[WAITING], counts[DONE]
                height -= 1
                if pending[4 * height] != BRACKET or height == 0:
                    return UNREAD
                k += 1
                open_brackets -= 1
                row = pending[4 * height + 1]
                start = pending[4 * height + 2]
                if row == NOTHING:
                    done[3 * depth - 2] = start
                    done[3 * depth - 1] = k
                else:
                    commas = pending[4 * height + 3]
                    if commas + 1 != arities[row] and not (folds[row] and commas > 0):
                        return UNREAD
                    depth = apply_call(
                        row, arities[row], start, k, depth, done, counts, codes, operands, spans, varies
                    )  # fmt: skip
                last_end = k
                continue
            if c == 44:
                counts[WAITING], counts[DONE] = height, depth
                reduce(0, pending, done, rows, counts, codes, operands, spans, varies)
                height, depth = counts[WAITING], counts[DONE]
                at = height - 1
                if at == 0 or pending[4 * at] != BRACKET or pending[4 * at + 1] == NOTHING:
                    return UNREAD
                row = pending[4 * at + 1]
                if pending[4 * at + 3] > 0 and folds[row]:
                    depth = apply_call(
                        row, arities[row], pending[4 * at + 2], last_end, depth, done, counts, codes,
                        operands, spans, varies,
                    )  # fmt: skip
                pending[4 * at + 3] += 1
                k += 1
                wants = True
                continue
            if c in (10, 13, 59):
                if c == 13 and not (k + 1 < size and text[k + 1] == 10):
                    return UNREAD
                if open_brackets > 0:
                    return UNREAD
                counts[WAITING], counts[DONE] = height, depth
                reduce(0, pending, done, rows, counts, codes, operands, spans, varies)
                height, depth = counts[WAITING], counts[DONE]
                break
            what = -1
            wide = 1
            if c < 128:
                what = signs[3 * c]
                if k + 1 < size and text[k + 1] == signs[3 * c + 1]:
                    what = signs[3 * c + 2]
                    wide = 2
            if what < 0:
                return UNREAD
            k += wide
            if k < size and (text[k] == 61 or (c == 47 and text[k] == 47) or (c == 60 and text[k] == 62)):
                return UNREAD
            binds = operators[3 * what + 1]
            need = operators[3 * what + 2]
            if pending[4 * height - 4] >= need:
                counts[WAITING], counts[DONE] = height, depth
                reduce(need, pending, done, rows, counts, codes, operands, spans, varies)
                height, depth = counts[WAITING], counts[DONE]
            if binds == compares and pending[4 * height - 4] == binds:
                return UNREAD
            pending[4 * height] = binds
            pending[4 * height + 1] = operators[3 * what]
            pending[4 * height + 2] = k
            height += 1
            wants = True
        if height != 1 or depth != 1:
            return UNREAD
        # The statement's node
        node = done[0]
        end = done[2]
        if codes[node] == CONSTANT or (counts[NAMES] > 0 and node <= named[3 * counts[NAMES] - 3]):
            node = enter(copy, node, -1, -1, target, end, counts, codes, operands, spans)
        name_it(node, name, target, target_end, counts, varies, entries, named)
        counts[LAST] = node
        if name == j_name:
            counts[OUTPUT] = node
    return int(counts[NODES])
