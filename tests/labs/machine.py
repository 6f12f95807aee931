"""The browser's machine, called in Node.js: what it computes comes back bit for bit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nudgegrad.graphs.ops import Op, Term
from nudgegrad.labs.tapes import formula, rules
from tests.labs.javascript import lab_js
from tests.labs.javascript import run as run_in_node

Array = npt.NDArray[np.float64]

# Numbers travel as decimal texts there and as bit patterns back: JSON has no nan, inf or -0.
EXPRESSION = """(() => {
  const { tape, format, inputs, held, replays } = input;
  const machine = lab.machine(tape), number = (text) => Number(text), float = new Float64Array(1);
  const bits = (x) => { float[0] = x ?? NaN; return new BigUint64Array(float.buffer)[0]; };
  const given = Object.fromEntries(Object.entries(inputs).map(([name, x]) => [name, number(x)]));
  const values = machine.forward(given, format), at = held ? held.map(number) : values;
  return {
    values: values.map(bits),
    adjoints: machine.backward(at, format).map(bits),
    replays: replays.map(([i, x, kept]) => {
      const found = machine.replay(at, i, number(x), format);
      return kept.map((k) => bits(found[k]));
    }),
  };
})()"""

CALLS = """(() => {
  const { tape, format, points } = input;
  const machine = lab.machine(tape), float = new Float64Array(1);
  const bits = (x) => { float[0] = x; return new BigUint64Array(float.buffer)[0]; };
  return points.map((point) => {
    const values = machine.forward(Object.fromEntries(point.map((x, k) => [k, Number(x)])), format);
    return bits(values[tape.output]);
  });
})()"""


def text(x: float) -> str:
    """A number as JavaScript reads it."""
    return repr(float(x)).replace("inf", "Infinity").replace("nan", "NaN")


def numbers(bits: Sequence[str]) -> Array:
    """Numbers from their bit patterns."""
    return np.array([int(b) for b in bits], dtype=np.uint64).view(np.float64)


def task(
    tape: Any,
    format: str = "float64",
    inputs: Any = (),
    replays: Sequence[tuple[int, float, Sequence[int]]] = (),
    held: Any = None,
) -> dict[str, Any]:
    """What one machine is to compute: values; adjoints and replays (node, value, nodes kept) at these
    values, or at those `held`."""
    return {
        "tape": tape,
        "format": format,
        "inputs": {name: text(x) for name, x in dict(inputs).items()},
        "held": None if held is None else [text(x) for x in held],
        "replays": [[i, text(x), list(kept)] for i, x, kept in replays],
    }


def computed(tasks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The results of tasks, as arrays."""
    return [
        {
            "values": numbers(found["values"]),
            "adjoints": numbers(found["adjoints"]),
            "replays": [numbers(bits) for bits in found["replays"]],
        }
        for found in run_in_node(lab_js(), EXPRESSION, list(tasks))
    ]


def called(row: Op, batches: Sequence[Sequence[Any]], format: str) -> list[Array]:
    """A row's values in the browser at batches of points; a falling power's order is put in."""
    inputs = []
    for args in batches:
        moving = [k for k, s in enumerate(row.symbols) if s != "k"]
        whole = len(moving) == len(args)
        rule = rules(row) if whole else {"value": formula(put_in(row, args)), "partials": [None, None]}
        tape = {
            "nodes": [*(["in", 0] for _ in moving), [row.name, *range(len(moving))]],
            "rows": {row.name: rule},
            "output": len(moving),
            "names": {str(k): k for k in range(len(moving))},
        }
        points = zip(*np.broadcast_arrays(*(args[k] for k in moving)), strict=True)
        inputs.append({"tape": tape, "format": format, "points": [[text(x) for x in p] for p in points]})
    return [numbers(found) for found in run_in_node(lab_js(), CALLS, inputs)]


def put_in(row: Op, args: Sequence[Any]) -> Term:
    """A row applied to its symbols, the order of a falling power as the number it is."""
    symbols = zip(row.symbols, args, strict=True)
    found: Term = row(*(Term.of(a) if s == "k" else Term(None, (), s) for s, a in symbols))
    return found


def same_bits(found: Any, expected: Any) -> npt.NDArray[np.bool_]:
    """Where two arrays are equal bit for bit, nan being nan."""
    a, b = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    same: npt.NDArray[np.bool_] = (a.view(np.uint64) == b.view(np.uint64)) | (np.isnan(a) & np.isnan(b))
    return same
