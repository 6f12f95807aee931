"""Values and adjoints."""

from __future__ import annotations

from typing import Any

from .kinds import (
    ADD,
    CHOOSE,
    DIVIDE,
    INSTRUCTED,
    LARGER,
    LINEAR,
    LOAD,
    MULTIPLY,
    NEGATE,
    POWER,
    PRODUCT,
    QUOTIENT,
    SIZE,
    SMALLER,
    STEP,
    SUBTRACT,
    SUM,
    TAKEN,
    call_routine,
    inlined,
    loop,
)


@inlined
def follow(
    code: int, starts: Any, instructions: Any, constants: Any, routines: Any, registers: Any, cells: Any,
    base: int, arguments: int, one: int, strides: int,
) -> None:  # fmt: skip
    """Work out the instructions of a code: of row n those of its value are the 2 n-th, those of its
    partials the next. The last four are addresses: of `registers`, of `cells`, and of what NumPy's
    functions are told, how many numbers there are and how far apart."""
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
            call_routine(routines[2 * c], arguments, one, strides, routines[2 * c + 1])
        to += 1


@loop
def run_forward(
    order: Any, start: int, stop: int, codes: Any, kinds: Any, weights: Any, operands: Any, values: Any,
    starts: Any, results: Any, instructions: Any, constants: Any, routines: Any, registers: Any, cells: Any,
    base: int, arguments: int, one: int, strides: int,
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
        elif kind == SUM:
            values[i] = x + values[k]
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
            follow(
                2 * code, starts, instructions, constants, routines, registers, cells, base, arguments, one,
                strides,
            )  # fmt: skip
            values[i] = registers[results[4 * code]]


@loop
def run_backward(
    top: int, codes: Any, kinds: Any, weights: Any, operands: Any, values: Any, live: Any, partials: Any,
    adjoints: Any, starts: Any, results: Any, instructions: Any, constants: Any, routines: Any, registers:
    Any, cells: Any, base: int, arguments: int, one: int, strides: int,
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
        elif kind == SUM:
            adjoints[a] += adjoint
            adjoints[b] += adjoint
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
            follow(
                2 * code + 1, starts, instructions, constants, routines, registers, cells, base, arguments,
                one, strides,
            )  # fmt: skip
            first = results[4 * code + 1]
            if first >= 0:
                adjoints[a] += adjoint * registers[first]
            if b >= 0:
                second = results[4 * code + 2]
                if second >= 0:
                    adjoints[b] += adjoint * registers[second]
                third = results[4 * code + 3]
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
