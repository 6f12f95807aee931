"""Rows as instructions: the bits that the rows have, on any numbers."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import numpy as np
import pytest

from nudgegrad import compiled
from nudgegrad.graphs.graph import MOST, ROWS
from nudgegrad.graphs.ops import OPS, Term
from nudgegrad.graphs.program import parse
from nudgegrad.loops.kinds import TAKEN
from nudgegrad.loops.values import follow
from nudgegrad.races.programs import program
from nudgegrad.sweeps import backprop, evaluate, instructions, schedule, tape
from nudgegrad.sweeps.evaluate import WIDE
from nudgegrad.sweeps.instructions import ROOM, machine

SPECIAL = [
    -np.inf, -1e308, -3.0, -1.0, -0.5, -1e-300, -5e-324, -0.0, 0.0, 5e-324, 1e-300, 0.3, 0.5, 1.0, 2.0, 3.0,
    40.0, 710.0, 1e308, np.inf, np.nan,
]  # fmt: skip
LOWERED = [row.name for row, lowered in zip(ROWS, machine().lowered, strict=True) if lowered]


def worked_out(made, code, numbers):
    """The value of a row, and its partials, by the loop as it stands in the text."""
    registers, cells = np.zeros(TAKEN + ROOM), np.zeros(MOST, dtype=np.intp)
    starts, _, instructions, constants, routines, *room = made.parts(registers, cells)
    lists = [part.tolist() for part in (starts, instructions, constants, routines)]
    found: list[float | None] = []
    for n in range(2):
        registers[:TAKEN] = 0
        registers[: len(numbers)] = numbers
        if n:
            registers[MOST] = found[0]
        follow(2 * code + n, *lists, *room)
        places = made.results[4 * code + n : 4 * code + 1 + MOST * n]
        found += [None if p < 0 else float(registers[p]) for p in places]
    return found


def same(x, y):
    """The same bits; of what is no number only that."""
    return np.float64(x).tobytes() == np.float64(y).tobytes() or (np.isnan(x) and np.isnan(y))


@pytest.mark.parametrize("name", LOWERED)
@np.errstate(all="ignore")
def test_a_row_has_its_bits(name):
    made, row = machine(), OPS[name]
    code = ROWS.index(row)
    for numbers in itertools.product(SPECIAL, repeat=row.arity):
        if row.half_ulps == 0 and row.arity > 1 and np.isnan(numbers).any():
            continue  # comparisons of what is no number: no run gets that far
        if name == "**" and not abs(numbers[1]) < 2.0**53:
            continue  # x to the c - 1 has the sign that c - 1 says, which is not a number of the format
        arrays = [np.array([x]) for x in numbers]
        y = row.value(*arrays)
        expected = [y, *row.partials(*arrays, y)]
        found = worked_out(made, code, numbers)
        if np.isnan(y).any():  # there is no derivative to speak of
            found, expected = found[:1], expected[:1]
        for mine, rows in zip(found, expected, strict=False):
            assert (mine is None) == (rows is None)
            if mine is not None:
                assert same(mine, np.asarray(rows, dtype=float).reshape(-1)[0]), (numbers, mine, rows)


def test_few_rows_have_no_instructions():
    assert {row.name for row in ROWS if not row.internal} - set(LOWERED) == {"atan2", "gelu", "erf", "cbrt"}


@pytest.fixture
def anew(monkeypatch):
    """Nothing is known of a function or a table yet."""
    monkeypatch.setattr(compiled, "ABOVE", 0)
    instructions.routine.cache_clear()
    schedule._rules.cache_clear()
    yield
    instructions.routine.cache_clear()
    schedule._rules.cache_clear()


@pytest.mark.usefixtures("anew")
@pytest.mark.parametrize("fault", ["header", "bits"])
def test_a_function_that_is_not_as_it_should_be_is_not_called_by_its_address(fault, monkeypatch):
    """Its rows are computed by their own array operations."""
    if fault == "header":
        read = instructions._Ufunc.from_address

        fields = {name for name, _ in instructions._Ufunc._fields_} - {"name"}

        def other(address):
            return SimpleNamespace(name=b"another", **{f: getattr(read(address), f) for f in fields})

        monkeypatch.setattr(instructions, "_Ufunc", SimpleNamespace(from_address=other))
    else:
        monkeypatch.setattr(instructions, "_has_the_bits", lambda *_: False)
    lowered = {row.name for row, yes in zip(ROWS, machine().lowered, strict=True) if yes}
    assert "tanh" not in lowered
    assert {"where", "/", "leaky_relu"} <= lowered
    text = program("lstm", 300)
    run = parse(text.text).at(text.values)
    values = run.value_array.copy()
    tape.compute(run.graph, values)
    assert np.array_equal(values, evaluate.forward(run.graph, inputs(run), WIDE))
    assert (
        tape.adjoints(run.graph, values).tobytes() == backprop.adjoints(run.graph, values, WIDE).tobytes()
    )


def inputs(run):
    """What a run was given."""
    graph = run.graph
    return {i: float(run.value_array[i]) for i, name in graph.names.items() if graph.op(i) is None}


@pytest.mark.usefixtures("anew")
def test_the_bits_of_a_function_are_compared():
    """The address of one function, the bits of another."""
    sine = instructions.routine(np.sin)
    address, data = instructions._routines[sine]
    assert instructions._has_the_bits(np.sin, address, data)
    assert not instructions._has_the_bits(np.cos, address, data)


def test_a_row_too_long_for_its_room_has_none(monkeypatch):
    monkeypatch.setattr(instructions, "ROOM", 3)
    with pytest.raises(instructions.NotLowered):
        instructions.written(OPS["sigmoid"])


def test_equal_terms_are_computed_once():
    writer = instructions.Writer()
    x = Term(None, (), "x")
    writer.term(OPS["exp"](x) * OPS["exp"](x))
    assert len(writer.instructions) == 2
