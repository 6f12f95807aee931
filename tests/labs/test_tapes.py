"""Tapes: the browser's machine computes what Python computes, by rules that come with the tape."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from nudgegrad.formats import FORMATS, Format
from nudgegrad.graphs import graph as graphs
from nudgegrad.graphs import ops
from nudgegrad.graphs.ops import OPS, Op
from nudgegrad.graphs.program import parse
from nudgegrad.labs.tapes import formula, rules, tape
from nudgegrad.nudging.rounding import adjoint_bar, sweep
from nudgegrad.sweeps import backprop, evaluate
from nudgegrad.sweeps.evaluate import plan, replay
from nudgegrad.sweeps.run import Run
from tests.graphs.battery.points import SOME, cast, points, special, value_in
from tests.labs.machine import called, computed, put_in, same_bits, task
from tests.sweeps.programs import EXERCISES, exercise_run, random_runs

NARROW, WIDE = FORMATS["float32"], FORMATS["float64"]
BOTH = pytest.mark.parametrize("fmt", [WIDE, NARROW], ids=lambda fmt: fmt.name)
SIZES = (0.001, *(2.0**-k for k in range(1, 53)))  # 2^-10 is among them
NUDGES = [sign * size for size in SIZES for sign in (1, -1)]
ARITHMETIC = {row.name for row in OPS.values() if row.claim(WIDE) <= 1}


def in_format(run: Run, fmt: Format) -> Run:
    """The same graph at the same inputs in another format."""
    inputs = {name: run.value(name) for name in run.graph.inputs}
    there: Run = run.graph.at(inputs, format=fmt.name)
    return there


def rows_of(run: Run) -> set[str]:
    """Names of the rows in use."""
    return {row.name for row in map(run.graph.op, range(len(run.graph))) if row is not None}


def bitwise(run: Run) -> bool:
    """Whether every op is correctly rounded on both sides: arithmetic, and squares by multiplication."""
    g = run.graph
    squares = all(
        run.value_array[g.args(i)[1]] == 2 for i in range(len(g)) if (row := g.op(i)) and row.name == "**"
    )
    return rows_of(run) - {"**"} <= ARITHMETIC and squares


def replays(run: Run) -> tuple[list[tuple[int, float, list[int]]], list[list[float]]]:
    """Every named node nudged by every size up and down: what to compute, and Python's values of it."""
    asked, expected = [], []
    for i in run.graph.names:
        v = run.value_array[i]
        at = run.format.round(np.array([[v + h for h in NUDGES]]))
        steps = plan(run.graph, [i])
        found = replay(steps, run.value_array, at, run.format)
        kept = [step.node for step in steps.steps]
        for m, x in enumerate(at[0]):
            asked.append((i, float(x), kept))
            expected.append([float(z[0, m]) for z in found])
    return asked, expected


@pytest.mark.parametrize("name", EXERCISES)
def test_every_nudge_of_every_exercise_is_pythons_bit_for_bit(name):
    """All of them where the program is arithmetic; else a function may differ first, within both claims."""
    run = exercise_run(EXERCISES[name])
    asked, expected = replays(run)
    (found,) = computed([task(tape(run), replays=asked)])
    assert same_bits(found["values"], run.value_array).all()
    assert same_bits(found["adjoints"], run.adjoint_array).all()
    assert len(asked) == len(run.graph.names) * len(NUDGES)
    for (_, _, kept), values, python in zip(asked, found["replays"], expected, strict=True):
        same = same_bits(values, python)
        if bitwise(run):
            assert same.all()
        elif not same.all():
            first = int(np.argmin(same))
            row = run.graph.op(kept[first])
            assert row is not None
            assert row.claim(WIDE) > 1
            assert abs(values[first] - python[first]) <= row.claim(WIDE) * WIDE.spacing(python[first])


@BOTH
def test_every_operation_of_random_programs_is_pythons(fmt):
    """On equal operands: arithmetic bit for bit, functions within both sides' claims."""
    runs = list(random_runs(fmt.name, 3, 0, most_nodes=200))
    arithmetic = functions = 0
    for run, found in zip(runs, computed([task(tape(run), fmt.name) for run in runs]), strict=True):
        g, ours, theirs = run.graph, run.value_array, found["values"]
        same = same_bits(ours, theirs)
        for i in range(len(g)):
            row, args = g.op(i), list(g.args(i))
            if not same[args].all():
                continue
            if row is None or row.claim(fmt) <= 1:
                assert same[i], (row, g.name(i))
                arithmetic += 1
            else:
                functions += 1
                assert abs(ours[i] - theirs[i]) <= row.claim(fmt) * fmt.spacing(ours[i])
        assert same.all() or not bitwise(run)
    assert arithmetic > functions > 0


@BOTH
def test_adjoints_are_pythons(fmt):
    """At equal values: bit for bit in arithmetic programs, else within what both can be off by rounding."""
    runs = [in_format(exercise_run(e), fmt) for e in EXERCISES.values()]
    runs += list(random_runs(fmt.name, 3, 50, most_nodes=60))
    tasks = [task(tape(r), fmt.name, held=r.value_array) for r in runs]
    exact = bounded = 0
    for run, found in zip(runs, computed(tasks), strict=True):
        if bitwise(run) and not rows_of(run) & {"**"}:
            assert same_bits(found["adjoints"], run.adjoint_array).all()
            exact += 1
            continue
        live = [i for i in run.graph.names if run.graph.reaches[i]]
        steps, v = plan(run.graph, live), run.value_array[live][:, None]
        s = sweep(steps, run.value_array, replay(steps, run.value_array, v), fmt)
        allowed = 2 * adjoint_bar(s, run.value_array, fmt)
        off = np.abs(found["adjoints"][live] - run.adjoint_array[live])
        assert not (off > allowed).any()
        bounded += len(live)
    assert exact
    assert bounded


def test_inputs_can_be_given_and_are_rounded_to_the_format():
    run = parse("J = w + 1").at(w=1)
    values = [
        found["values"] for found in computed([task(tape(run), f, {"w": 0.1}) for f in FORMATS_SHOWN])
    ]
    assert values[0][0] == 0.1
    assert values[1][0] == float(np.float32(0.1))
    assert values[1][-1] == float(np.float32(np.float32(0.1) + 1))


FORMATS_SHOWN = ("float64", "float32")


def test_a_constant_is_rounded_once():
    near_a_tie = Fraction(1) + Fraction(1, 2**24) + Fraction(1, 2**60)  # float64 puts it on the tie
    digits = f"{near_a_tie.numerator * 10**60 // near_a_tie.denominator}"
    run = parse(f"J = w * 1.{digits[1:]}").at(w=1)
    narrow = in_format(run, NARROW)
    assert narrow.value("J") == 1 + 2.0**-23
    (found,) = computed([task(tape(run), "float32")])
    assert same_bits(found["values"], narrow.value_array).all()
    assert sum(len(node) == 3 and node[0] == "const" for node in tape(run)["nodes"]) == 1


def test_a_tape_is_plain_json_and_lists_only_rows_in_use():
    run = exercise_run(EXERCISES["relu2"])
    found = tape(run)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert set(found["rows"]) == rows_of(run)
    assert len(found["nodes"]) == len(run.graph)


# Every row.


def in_numpy(rule: Any, named: Mapping[str, Any], fmt: Format) -> Any:
    """A formula of a tape, computed by the table's own values of primitives."""
    if isinstance(rule, str):
        return named[rule]
    if not isinstance(rule, list):
        return fmt.dtype(rule)
    op, *args = rule
    if op == "wide":
        wide = {name: np.asarray(x, np.float64) for name, x in named.items()}
        return fmt.dtype(in_numpy(args[0], wide, WIDE))
    found = [in_numpy(a, named, fmt) for a in args]
    return np.where(found[0] > 0, *found[1:]) if op == "where" else OPS[op].value(*found)


def battery(row: Op, fmt: Format) -> list[list[Any]]:
    """Arguments inside the domain, over the whole range; 0, powers of two, subnormals and the largest."""
    random = np.random.default_rng(3)
    edge = np.array([0.0, 1.0, -1.0, fmt.smallest, fmt.smallest_normal, fmt.maximum, -fmt.maximum, 19.0])
    moving = [s for s in row.symbols if s != "k"]
    corners = [np.array(x) for x in zip(*itertools.product(edge, repeat=len(moving)), strict=True)]
    if "k" not in row.symbols:
        return [points(row, fmt, SOME, 1), points(row, fmt, SOME, 2, 8.0), special(row, fmt, 3), corners]
    x = points(OPS["exp"], fmt, SOME, 5)[0]  # falling powers: exponents as programs have them
    anywhere = fmt.round(np.concatenate([edge, x, 2.0 ** random.uniform(fmt.low + 2, fmt.high - 2, 50)]))
    exponents = [*range(-4, 9), 33, 0.5, -0.5, 1.5, 2.5, float(fmt.round(0.1)), float(fmt.round(-1 / 3))]
    first = [[anywhere if c == int(c) else np.abs(anywhere), c, 1.0] for c in exponents]
    return first + [[anywhere, float(c), float(k)] for c in (-2, 3, 5) for k in (2, 3, 5)]


def check_tape(row: Op, fmt: Format) -> None:
    """A composite row is its value operation for operation; in the browser it is within both claims."""
    batches = battery(row, fmt)
    for args, found in zip(batches, called(row, batches, fmt.name), strict=True):
        expected = value_in(row, fmt, args)
        exists = np.isfinite(expected)
        inside = np.ones(expected.shape, bool) if row.domain is None else row.domain(*args) > 0
        if row.tape is not None:
            named = {s: cast(fmt, np.asarray(a)) for s, a in zip(row.symbols, args, strict=True)}
            composed = np.asarray(in_numpy(formula(put_in(row, args)), named, fmt), np.float64)
            assert same_number(composed, expected)[inside | exists].all()
        assert (np.isfinite(found) == exists)[inside | exists].all()
        error, gap = np.abs(found - expected)[exists], fmt.spacing(expected[exists])
        assert (error <= row.claim(fmt) * gap).all()
        if row.claim(fmt) <= 1:
            assert same_number(found, expected).all()


def same_number(found: Any, expected: Any) -> Any:
    """Equal bit for bit, but for the sign of a zero, which NumPy's maximum does not keep everywhere."""
    return same_bits(np.asarray(found) + 0.0, np.asarray(expected) + 0.0)


@BOTH
@pytest.mark.parametrize("row", OPS.values(), ids=OPS)
def test_every_row_has_a_tape(row, fmt):
    with np.errstate(all="ignore"):
        check_tape(row, fmt)


MUTANTS: Mapping[str, Callable[..., Any]] = {
    "**z": lambda x, z: ops.power(z, x),
    "relu": ops.absolute,
    "sigmoid": lambda x: ops.div(1, 1 + ops.exp(-x)),
    "softplus": lambda x: ops.log(1 + ops.exp(x)),
    "leaky_relu": lambda x: ops.maximum(x, 0.01 * x),
    "gelu": lambda x: x * ops.sigmoid(1.702 * x),
    "silu": lambda x: x * ops.normal_cdf(x),
    "square": lambda x: x + x,
    "reciprocal": lambda x: ops.div(-1, x),
    "<": lambda x, z: ops.step(x - z),
    "<=": lambda x, z: ops.step(z - x),
    ">": lambda x, z: 1 - ops.step(z - x),
    ">=": lambda x, z: ops.step(x - z),
    "==": lambda x, z: 1 - ops.step(x - z),
    "!=": lambda x, z: ops.step(x - z),
    "where": lambda x, z, t: ops.choose(x - 0.5, t, z),
    "round": lambda x: ops.floor(x + 0.5),
    "clip": lambda x, z, _: ops.maximum(x, z),
    "falling_power": lambda x, z, _: z * ops.power(x, z - 1),
    "tanh_slope": lambda x: 1 - ops.tanh(x) * ops.tanh(x),
    "sigmoid_slope": lambda x: ops.sigmoid(x) * (1 - ops.sigmoid(x)),
    "log2_slope": lambda x: ops.div(1, x),
    "log10_slope": lambda x: ops.div(1, x * ops.log(10)),
    "atan_slope": lambda x: ops.div(1, 1 + x * x),
    "erf_slope": lambda x: ops.exp(-x * x),
    "normal_density": lambda x: ops.exp(-0.5 * (x * x)),
}


def test_every_composite_row_has_a_mutant():
    assert set(MUTANTS) == {name for name, row in OPS.items() if row.tape is not None}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_wrong_tape_is_caught(name):
    mutant = dataclasses.replace(OPS[name], tape=MUTANTS[name])
    with np.errstate(all="ignore"), pytest.raises(AssertionError):
        check_tape(mutant, WIDE)


def test_primitives_are_the_rows_without_a_tape():
    def primitives(rule):
        return {rule[0]}.union(*map(primitives, rule[1:])) if isinstance(rule, list) else set()

    used = set()
    for row in OPS.values():
        if row.name != "falling_power":
            rule = rules(row)
            used |= primitives(rule["value"]).union(*map(primitives, rule["partials"]))
    assert used - {"wide", "where"} <= {name for name, row in OPS.items() if row.tape is None}


def test_a_new_row_needs_nothing_but_its_row(monkeypatch):
    cube = Op("cube", lambda x: x * x * x, lambda x, _: (3 * (x * x),), tape=lambda x: x * x * x)
    monkeypatch.setitem(OPS, "cube", cube)
    monkeypatch.setitem(ops.FUNCTIONS, "cube", cube)
    monkeypatch.setitem(graphs.CODES, "cube", len(graphs.ROWS))
    rows = (*graphs.ROWS, cube)
    for module in (graphs, evaluate, backprop):
        monkeypatch.setattr(module, "ROWS", rows)
    run = parse("a = cube(w - 1); J = 2*a").at(w=0.3)
    (found,) = computed([task(tape(run), replays=[(0, 0.4, range(len(run.graph)))])])
    assert same_bits(found["values"], run.value_array).all()
    assert same_bits(found["adjoints"], run.adjoint_array).all()
    assert same_bits(found["replays"][0], run.graph.at(w=0.4).value_array).all()
