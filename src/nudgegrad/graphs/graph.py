"""A computation graph: a frozen struct of arrays in single-assignment order.

A node's index is its place in that order, so its operands always stand before it, and a sweep is a loop.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ..compiled import call
from ..errors import NodeError, Place
from ..loops import kinds
from ..show import Shown
from .ops import ATOM, OPS, Op, Spelled

INPUT, CONSTANT = kinds.INPUT, kinds.CONSTANT  # codes of the nodes that no row computes
ROWS: tuple[Op, ...] = tuple(OPS.values())
MOST = 3  # operands of a node
NONE = (-1,) * MOST
POWER, VARIABLE_POWER = OPS["**"], OPS["**z"]
CODES: Mapping[str, int] = {name: code for code, name in enumerate(OPS)}

Indices = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Graph(Shown):
    """A program with one output J, as arrays over its N nodes.

    Parameters
    ----------
    codes : int array, shape (N,)
        Index of each node's row in `ROWS`, or `INPUT` or `CONSTANT`.
    operands : int array, shape (N, 3)
        Indices of its operands, -1 where there is none.
    names : mapping of int to str
        The named nodes, in order: inputs at their first use, and statements.
    constants : mapping of int to (Fraction, str)
        Value of each constant and how the program spells it.
    spans : int array, shape (N, 2)
        Where each node stands in `source`.
    output : int
        The index of J.
    source : str
        The program text.
    origin : str
        What the text is, for errors: ``"program"`` or a file's name.
    kept : dict
        What sweeps found out of it, besides values: each thing at its first use.
    """

    codes: Indices
    operands: Indices
    names: Mapping[int, str]
    constants: Mapping[int, tuple[Fraction, str]]
    spans: Indices
    output: int
    source: str = ""
    origin: str = "program"
    kept: dict[str, Any] = field(default_factory=dict, init=False, repr=False)

    def __len__(self) -> int:
        return len(self.codes)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"kept": {}}  # which is found again, and holds rows: these are no data

    # What stands in the graph

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs, in the order of their first use."""
        return tuple(n for i, n in self.names.items() if self.codes[i] == INPUT)

    @cached_property
    def statements(self) -> tuple[str, ...]:
        """Names of the statements, in order."""
        return tuple(n for i, n in self.names.items() if self.codes[i] != INPUT)

    def op(self, i: int) -> Op | None:
        """The row of node `i`, None for inputs and constants."""
        code = int(self.codes[i])
        return ROWS[code] if code >= 0 else None

    def args(self, i: int) -> tuple[int, ...]:
        """Indices of the operands of node `i`."""
        return tuple(int(j) for j in self.operands[i] if j >= 0)

    @cached_property
    def nudged(self) -> npt.NDArray[np.bool_]:
        """Which nodes can be nudged: all but the constants and what is computed from them alone."""
        named = np.zeros(len(self), dtype=np.uint8)
        named[list(self.names)] = 1
        found = np.zeros(len(self), dtype=np.uint8)
        call("mark_nudged", len(self), self.codes, self.operands.reshape(-1), named, found)
        return found.view(bool)

    @cached_property
    def reaches(self) -> npt.NDArray[np.bool_]:
        """Which nodes J depends on, J included."""
        found = np.zeros(len(self), dtype=np.uint8)
        every = np.ones(MOST * len(ROWS), dtype=np.uint8)
        call("mark_reached", len(self), self.codes, self.operands.reshape(-1), every, self.output, found)
        return found.view(bool)

    # Names

    def name(self, i: int) -> str:
        """The name of node `i`: its own, or its source with single spaces (a repeat gets ``#2``)."""
        if i in self.names:
            return self.names[i]
        text = self.spelled(i)[0]
        repeat = self._repeats.get(i, 1)
        return text if repeat == 1 else f"{text}#{repeat}"

    def spelled(self, i: int, style: str = "text", name: Any = None) -> Spelled:
        """Node `i` written out down to named nodes, itself included; iterative."""
        spell_name = name or (lambda text: text)
        done: dict[int, Spelled] = {}
        todo = [i]
        while todo:
            k = todo[-1]
            if k in done:
                todo.pop()
            elif (k in self.names and k != i) or self.codes[k] == INPUT:
                done[k] = spell_name(self.names[k]), ATOM
            elif self.codes[k] == CONSTANT:
                text = self.constants[k][1]
                done[k] = text, ATOM
            else:
                missing = [j for j in self.args(k) if j not in done]
                if missing:
                    todo.extend(missing)
                    continue
                row = self.op(k)
                assert row is not None
                done[k] = row.spell([done[j] for j in self.args(k)], style)
        return done[i]

    @cached_property
    def _repeats(self) -> dict[int, int]:
        """For unnamed nodes whose text occurs more than once: which occurrence it is, from 2 up."""
        keys: list[int] = []
        numbers: dict[Any, int] = {}
        seen: dict[int, int] = {}
        repeats: dict[int, int] = {}
        codes, operands = self.codes.tolist(), self.operands.tolist()
        for i, code in enumerate(codes):
            key: Any
            if i in self.names:
                key = ("name", self.names[i])
            elif code == CONSTANT:
                key = ("constant", self.constants[i][1])
            else:
                key = (ROWS[code].text or ROWS[code].name, *(keys[j] for j in operands[i] if j >= 0))
            number = numbers.setdefault(key, len(numbers))
            keys.append(number)
            if i not in self.names and code != CONSTANT:
                seen[number] = seen.get(number, 0) + 1
                if seen[number] > 1:
                    repeats[i] = seen[number]
        return repeats

    @cached_property
    def _by_name(self) -> dict[str, int]:
        return {name: i for i, name in self.names.items()}

    @cached_property
    def _by_any_name(self) -> dict[str, int]:
        return {self.name(i): i for i in range(len(self)) if self.nudged[i]}

    def index(self, name: str | int) -> int:
        """The index of the node of that name.

        Raises
        ------
        NodeError
            If there is none; the help names the closest.
        """
        if isinstance(name, int | np.integer):
            if 0 <= name < len(self):
                return int(name)
            raise NodeError(f"there is no node {name}", help=f"nodes are 0 to {len(self) - 1}")
        found = self._by_name.get(name)
        if found is None:
            found = self._by_any_name.get(" ".join(str(name).split()))
        if found is not None:
            return found
        close = difflib.get_close_matches(str(name), self._by_any_name, 1, 0.5)
        known = list(self._by_name)
        listed = ", ".join(known[:12]) + (", …" if len(known) > 12 else "")
        hint = f"did you mean '{close[0]}'? " if close else ""
        raise NodeError(f"there is no node '{name}'", help=f"{hint}named nodes are {listed}")

    def place(self, i: int) -> Place | None:
        """Where node `i` stands in the program text."""
        start, end = self.spans[i]
        return Place(self.source, int(start), int(end), self.origin) if end > start else None

    # What depends on what

    @cached_property
    def users(self) -> tuple[Indices, Indices]:
        """The consumers of every node as (first, list): those of i are list[first[i]:first[i + 1]]."""
        flat = self.operands.ravel()
        consumer = np.repeat(np.arange(len(self), dtype=np.int32), MOST)[flat >= 0]
        operand = flat[flat >= 0]
        order = np.argsort(operand, kind="stable")
        first = np.searchsorted(operand[order], np.arange(len(self) + 1)).astype(np.int32)
        return first, consumer[order]

    def descendants(self, i: int) -> list[int]:
        """Indices of the nodes that J takes from and that depend on node `i`, `i` first, in order."""
        first, users = self.users
        seen = {i}
        todo = [i]
        while todo:
            k = todo.pop()
            for j in users[first[k] : first[k + 1]].tolist():
                if j not in seen and self.reaches[j]:
                    seen.add(j)
                    todo.append(j)
        return sorted(seen)

    def at(self, values: Mapping[str, Any] | None = None, *, format: Any = None, **more: Any) -> Any:
        """This graph with values: a `Run`.

        Parameters
        ----------
        values, **more : mapping of input name to number
            One finite number per input (int, float, Fraction or NumPy scalar).
        format : str, optional
            ``"float64"``, ``"float32"``, ``"float16"`` or ``"bfloat16"``; the format of the NumPy
            scalars given, else float64.

        Raises
        ------
        BindingError
            If an input has no value, a value no input, or a value is no finite number.
        EvaluationError
            If a node has no finite value.
        """
        from ..sweeps.run import run_at  # the one call that a graph makes upward: its own method

        return run_at(self, {**(values or {}), **more}, format)


@dataclass
class GraphBuilder:
    """Nodes appended one by one, then frozen into a `Graph`."""

    source: str = ""
    origin: str = "program"
    codes: list[int] = field(default_factory=list)
    operands: list[tuple[int, ...]] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)
    constants: dict[int, tuple[Fraction, str]] = field(default_factory=dict)
    spans: list[tuple[int, int]] = field(default_factory=list)
    varies: list[bool] = field(default_factory=list)

    def _append(self, code: int, operands: tuple[int, ...], span: tuple[int, int]) -> int:
        self.codes.append(code)
        self.operands.append(operands)
        self.spans.append(span)
        return len(self.codes) - 1

    def input(self, name: str, span: tuple[int, int] = (0, 0)) -> int:
        """A new input; returns its index."""
        i = self._append(INPUT, NONE, span)
        self.names[i] = name
        self.varies.append(True)
        return i

    def constant(self, value: Fraction, text: str, span: tuple[int, int] = (0, 0)) -> int:
        """A new constant, spelled `text`; returns its index."""
        i = self._append(CONSTANT, NONE, span)
        self.constants[i] = value, text
        self.varies.append(False)
        return i

    def apply(self, row: Op, args: tuple[int, ...], span: tuple[int, int] = (0, 0)) -> int:
        """A new node: `row` of earlier nodes; a power gets the row that its exponent needs."""
        first, second, third = args if len(args) == MOST else (*args, *NONE[len(args) :])
        varies = self.varies
        if row is POWER and varies[second]:
            row = VARIABLE_POWER
        varies.append(varies[first] or (second >= 0 and varies[second]) or (third >= 0 and varies[third]))
        return self._append(CODES[row.name], (first, second, third), span)

    def assign(self, name: str, i: int, span: tuple[int, int] = (0, 0)) -> int:
        """Name node `i`, copied first if it has a name or is a constant; returns the named node."""
        if i in self.names or self.codes[i] == CONSTANT:
            i = self.apply(OPS["copy"], (i,), span)
        self.names[i] = name
        self.varies[i] = True
        return i

    def build(self, output: int) -> Graph:
        """The frozen graph with that output."""
        return frozen(
            np.array(self.codes, dtype=np.int32),
            np.array(self.operands, dtype=np.int32).reshape(-1, MOST),
            dict(sorted(self.names.items())),
            dict(self.constants),
            np.array(self.spans, dtype=np.int32).reshape(-1, 2),
            output,
            self.source,
            self.origin,
        )


def frozen(
    codes: Indices,
    operands: Indices,
    names: Mapping[int, str],
    constants: Mapping[int, tuple[Fraction, str]],
    spans: Indices,
    output: int,
    source: str,
    origin: str,
) -> Graph:
    """A graph of arrays that nobody writes any more."""
    graph = Graph(codes, operands, names, constants, spans, output, source, origin)
    for array in (codes, operands, spans):
        array.flags.writeable = False
    validate(graph)
    return graph


def validate(graph: Graph) -> None:
    """Check that the arrays are a graph: single assignment, operands first, arity, names.

    Raises
    ------
    ValueError
        If they are not; only a faulty builder can cause it.
    """
    n = len(graph)
    arity = np.array([row.arity for row in ROWS] + [0, 0])[graph.codes]  # codes -1, -2 index from the end
    given = (graph.operands >= 0).sum(axis=1)
    if not 0 <= graph.output < n:
        raise ValueError("the output is no node")
    if (given != arity).any():
        raise ValueError(f"node {int(np.argmax(given != arity))} has the wrong number of operands")
    if (graph.operands >= np.arange(n)[:, None]).any():
        raise ValueError("a node stands before its operands")
    if len(set(graph.names.values())) != len(graph.names):
        raise ValueError("a name is assigned twice")


def iterate_names(graph: Graph) -> Iterator[tuple[int, str]]:
    """(index, name) of every node that can be nudged, in order."""
    for i in range(len(graph)):
        if graph.nudged[i]:
            yield i, graph.name(i)
