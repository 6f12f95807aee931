"""Other engines on the same graphs, for `scale`: one forward and backward pass each.

Each takes a graph and its values and gives a function that does a step and returns dJ/d(inputs). An
engine that builds its graph while it computes builds it in each step: that is how it is used.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from nudgegrad.graphs.graph import ROWS
from nudgegrad.sweeps.run import Run

OPCODES = {"+": 1, "-": 2, "*": 3, "/": 4, "neg": 5, "copy": 6, "tanh": 7, "**": 8}
CPP = r"""
#include <cmath>
#include <cstdint>
// A tape of opcodes, as one writes it by hand: a switch forward, a switch backward.
extern "C" void step(int n, int top, const uint8_t* op, const int32_t* a, const int32_t* b, double* v,
double* g) { for (int i = 0; i < n; ++i) {
        switch (op[i]) {
            case 0: break;
            case 1: v[i] = v[a[i]] + v[b[i]]; break;
            case 2: v[i] = v[a[i]] - v[b[i]]; break;
            case 3: v[i] = v[a[i]] * v[b[i]]; break;
            case 4: v[i] = v[a[i]] / v[b[i]]; break;
            case 5: v[i] = -v[a[i]]; break;
            case 6: v[i] = v[a[i]]; break;
            case 7: v[i] = std::tanh(v[a[i]]); break;
            case 8: v[i] = v[b[i]] == 2 ? v[a[i]] * v[a[i]] : std::pow(v[a[i]], v[b[i]]); break;
        }
        g[i] = 0;
    }
    g[top] = 1;
    for (int i = top; i >= 0; --i) {
        double d = g[i];
        if (d == 0) continue;
        switch (op[i]) {
            case 0: break;
            case 1: g[a[i]] += d; g[b[i]] += d; break;
            case 2: g[a[i]] += d; g[b[i]] -= d; break;
            case 3: { double x = v[a[i]]; g[a[i]] += d * v[b[i]]; g[b[i]] += d * x; break; }
            case 4: { double r = 1 / v[b[i]]; g[a[i]] += d * r; g[b[i]] -= d * v[i] * r; break; }
            case 5: g[a[i]] -= d; break;
            case 6: g[a[i]] += d; break;
            case 7: g[a[i]] += d * (1 - v[i] * v[i]); break;
            case 8: g[a[i]] += d * v[b[i]] * std::pow(v[a[i]], v[b[i]] - 1); break;
        }
    }
}
"""

Step = Callable[[], Any]


def entries(run: Run) -> list[tuple[str, int, int, float]]:
    """(row's name, operands, value) of each node; the name is empty for inputs and constants."""
    graph = run.graph
    names = [ROWS[c].name if c >= 0 else "" for c in graph.codes.tolist()]
    a, b = graph.operands[:, 0].tolist(), graph.operands[:, 1].tolist()
    return list(zip(names, a, b, run.value_array.tolist(), strict=True))


def cpp(run: Run) -> Step | None:
    """A C++ interpreter, compiled with -O2; None without g++."""
    compiler = shutil.which("g++")
    if compiler is None:
        return None
    folder = Path(tempfile.mkdtemp())
    (folder / "tape.cpp").write_text(CPP)
    command = [compiler, "-O2", "-shared", "-fPIC", "-o", "tape.so", "tape.cpp"]
    subprocess.run(command, cwd=folder, check=True)
    library = ctypes.CDLL(str(folder / "tape.so"))
    graph = run.graph
    op = np.array([OPCODES.get(name, 0) for name, *_ in entries(run)], dtype=np.uint8)
    a, b = (np.ascontiguousarray(graph.operands[:, k]) for k in (0, 1))
    values, adjoints = run.value_array.copy(), np.zeros(len(graph))
    arrays = (op, a, b, values, adjoints)
    pointers = [ctypes.c_void_p(x.ctypes.data) for x in arrays]

    def step() -> Any:
        library.step(len(graph), graph.output, *pointers)
        return arrays[-1]

    return step


class Value:
    """A number that remembers how it was made, in the style of micrograd."""

    __slots__ = ("backward", "data", "grad", "parents")

    def __init__(self, data: float, parents: tuple[Value, ...] = ()) -> None:
        self.data = data
        self.grad = 0.0
        self.parents = parents
        self.backward: Callable[[], None] | None = None

    def __add__(self, other: Value) -> Value:
        """The sum."""
        out = Value(self.data + other.data, (self, other))

        def backward() -> None:
            self.grad += out.grad
            other.grad += out.grad

        out.backward = backward
        return out

    def __sub__(self, other: Value) -> Value:
        """The difference."""
        out = Value(self.data - other.data, (self, other))

        def backward() -> None:
            self.grad += out.grad
            other.grad -= out.grad

        out.backward = backward
        return out

    def __mul__(self, other: Value) -> Value:
        """The product."""
        out = Value(self.data * other.data, (self, other))

        def backward() -> None:
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out.backward = backward
        return out

    def __truediv__(self, other: Value) -> Value:
        """The quotient."""
        out = Value(self.data / other.data, (self, other))

        def backward() -> None:
            self.grad += out.grad / other.data
            other.grad -= out.data / other.data * out.grad

        out.backward = backward
        return out

    def tanh(self) -> Value:
        """The hyperbolic tangent."""
        out = Value(float(np.tanh(self.data)), (self,))

        def backward() -> None:
            self.grad += (1 - out.data * out.data) * out.grad

        out.backward = backward
        return out


def eager(run: Run, leaf: Callable[[float], Any], tanh: Callable[[Any], Any]) -> tuple[list[Any], Any]:
    """Every node computed with some library's own numbers; a square is a product."""
    found: list[Any] = []
    for name, a, b, value in entries(run):
        if not name:
            found.append(leaf(value))
        elif name == "+":
            found.append(found[a] + found[b])
        elif name == "-":
            found.append(found[a] - found[b])
        elif name == "*":
            found.append(found[a] * found[b])
        elif name == "/":
            found.append(found[a] / found[b])
        elif name == "**":
            found.append(found[a] * found[a])
        elif name == "tanh":
            found.append(tanh(found[a]))
        else:
            found.append(found[a])
    return found, found[run.graph.output]


def micrograd(run: Run) -> Step:
    """Values that remember, and a sort of them before they go backward."""

    def step() -> Any:
        found, output = eager(run, Value, Value.tanh)
        order, seen, todo = [], set(), [(output, False)]
        while todo:
            node, done = todo.pop()
            if done:
                order.append(node)
            elif id(node) not in seen:
                seen.add(id(node))
                todo.append((node, True))
                todo.extend((p, False) for p in node.parents)
        output.grad = 1.0
        for node in reversed(order):
            if node.backward is not None:
                node.backward()
        return [v.grad for v in found]

    return step


def torch(run: Run) -> Step:
    """Scalar tensors of float64, eager."""
    import torch as library

    library.set_num_threads(1)

    def step() -> Any:
        leaves: list[Any] = []

        def leaf(value: float) -> Any:
            leaves.append(library.tensor(value, dtype=library.float64, requires_grad=True))
            return leaves[-1]

        _, output = eager(run, leaf, library.tanh)
        output.backward()
        return [v.grad for v in leaves]

    return step


def mygrad(run: Run) -> Step:
    """Scalar tensors of MyGrad."""
    import mygrad as library

    def step() -> Any:
        found, output = eager(run, library.tensor, library.tanh)
        output.backward()
        return [v.grad for v in found]

    return step


def xad(run: Run) -> Step:
    """The adjoint tape of xad."""
    from xad import adj_1st as library
    from xad.math import tanh

    values = [value for name, _, _, value in entries(run) if not name]

    def step() -> Any:
        with library.Tape() as tape:
            inputs = [library.Real(value) for value in values]
            for x in inputs:
                tape.registerInput(x)
            tape.newRecording()
            left = iter(inputs)
            _, output = eager(run, lambda _: next(left), tanh)
            tape.registerOutput(output)
            output.setDerivative(1.0)
            tape.computeAdjoints()
            return [x.getDerivative() for x in inputs]

    return step


def casadi(run: Run) -> Step:
    """The virtual machine of CasADi: the graph of J and its gradient, built before."""
    import casadi as library

    leaves: list[Any] = []
    values: list[float] = []

    def leaf(value: float) -> Any:
        leaves.append(library.SX.sym(f"x{len(leaves)}"))
        values.append(value)
        return leaves[-1]

    _, output = eager(run, leaf, library.tanh)
    x = library.vertcat(*leaves)
    function = library.Function("J", [x], [output, library.gradient(output, x)])
    given = library.DM(values)
    return lambda: function(given)


ENGINES: dict[str, Callable[[Run], Step | None]] = {
    "C++ -O2": cpp, "micrograd style": micrograd, "torch eager": torch, "MyGrad": mygrad, "xad": xad,
    "CasADi": casadi,
}  # fmt: skip
