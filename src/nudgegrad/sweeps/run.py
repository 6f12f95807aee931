"""A run: a graph with values, and every derivative that follows from them."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from ..errors import BindingError
from ..formats import FORMATS, Array, Format, format_named
from ..graphs.graph import INPUT, Graph
from ..memory import refuse
from ..show import Shown
from . import tape
from .backprop import adjoints, partial
from .evaluate import WIDE, checked, forward

NODE_BYTES = 40  # of a node: its row and operands, value and adjoint, its place in the order


class NodeMapping(Mapping[str, float]):
    """Read-only: node name -> number, over the nodes that can be nudged, in program order."""

    def __init__(self, graph: Graph, array: Array) -> None:
        self._graph = graph
        self._array = array

    def __getitem__(self, name: str) -> float:
        return float(self._array[self._graph.index(name)])

    def __iter__(self) -> Iterator[str]:
        return (self._graph.name(int(i)) for i in np.flatnonzero(self._graph.nudged))

    def __len__(self) -> int:
        return int(self._graph.nudged.sum())

    def __repr__(self) -> str:
        return repr(dict(self))


@dataclass(frozen=True, eq=False)
class Run(Shown):
    """A graph at values: what `Graph.at` returns.

    Parameters
    ----------
    graph : Graph
    format : Format
        In which values and adjoints were computed.
    value_array : array, shape (N,), float64
        The computed value of every node.
    given : mapping of node index to Fraction
        The inputs as they were given, before they were rounded to the format.
    """

    graph: Graph
    format: Format
    value_array: Array
    given: Mapping[int, Fraction] = field(default_factory=dict, repr=False)

    @cached_property
    def adjoint_array(self) -> Array:
        """dJ/dnode of every node, computed in the format, as float64, shape (N,)."""
        if by_tape(self.graph, self.format):
            found = tape.adjoints(self.graph, self.value_array)
        else:
            found = adjoints(self.graph, self.value_array, self.format)
        found.flags.writeable = False
        return found

    @property
    def values(self) -> Mapping[str, float]:
        """Node name -> value."""
        return NodeMapping(self.graph, self.value_array)

    @property
    def adjoints(self) -> Mapping[str, float]:
        """Node name -> dJ/dnode."""
        return NodeMapping(self.graph, self.adjoint_array)

    def value(self, name: str) -> float:
        """The value of the node of that name."""
        return float(self.value_array[self.graph.index(name)])

    def adjoint(self, name: str) -> float:
        """dJ/dnode of the node of that name; inf or nan where it does not exist."""
        return float(self.adjoint_array[self.graph.index(name)])

    def partial(self, of: str, by: str) -> float:
        """The derivative of statement `of` by a name in it, every other name held.

        Raises
        ------
        NodeError
            If there is no such node, or `by` does not stand in `of`.
        """
        return partial(self.graph, self.value_array, self.format, of, by)


def run_at(graph: Graph, values: Mapping[str, Any], format: Any = None) -> Run:
    """The run of `graph` at `values`; `Graph.at` describes it."""
    fmt = format_named(format) if format is not None else _format_of(values)
    inputs: dict[int, float] = {}
    rounded: dict[int, Fraction] = {}
    names = [(i, name) for i, name in graph.names.items() if graph.codes[i] == INPUT]
    for i, name in names:
        if name not in values:
            raise BindingError(f"'{name}' has no value", graph.place(i), f"give it one: {name}=1")
        value = values[name]
        if fmt is WIDE and type(value) is float and math.isfinite(value):
            inputs[i] = value
            continue
        exact, inputs[i] = _number(name, value, fmt)
        if exact != inputs[i]:
            rounded[i] = exact
    if len(values) > len(names):
        known = {name for _, name in names}
        raise _unused(graph, next(name for name in values if name not in known))
    if by_tape(graph, fmt):
        refuse(len(graph) * NODE_BYTES, f"values and adjoints of {len(graph):,} nodes")
        found = checked(graph, tape.forward(graph, inputs), fmt)
    else:
        found = forward(graph, inputs, fmt)
    found.flags.writeable = False
    return Run(graph, fmt, found, Given(np.array([i for i, _ in names], dtype=np.int32), found, rounded))


def by_tape(graph: Graph, fmt: Format) -> bool:
    """Whether a graph is swept by the loops of `tape`."""
    return fmt is WIDE and len(graph) >= tape.ABOVE


class Given(Mapping[int, Fraction]):
    """Input's index -> the number that was given for it: its value, unless that was rounded."""

    def __init__(self, nodes: Any, values: Array, rounded: Mapping[int, Fraction]) -> None:
        self._nodes = nodes
        self._values = values
        self._rounded = rounded

    def __getitem__(self, i: int) -> Fraction:
        if i in self._rounded:
            return self._rounded[i]
        if i not in self:
            raise KeyError(i)
        return Fraction(float(self._values[i]))

    def __contains__(self, i: object) -> bool:
        return i in self._among

    @cached_property
    def _among(self) -> frozenset[int]:
        return frozenset(self._nodes.tolist())

    def __iter__(self) -> Iterator[int]:
        return iter(self._nodes.tolist())

    def __len__(self) -> int:
        return len(self._nodes)


def _unused(graph: Graph, name: str) -> BindingError:
    if name in graph.statements:
        i = graph.index(name)
        return BindingError(
            f"'{name}' is computed by the program, so it cannot be given a value",
            graph.place(i),
            f"leave out {name}=…",
        )
    close = difflib.get_close_matches(name, graph.inputs, 1, 0.5)
    hint = f"did you mean '{close[0]}'? " if close else ""
    inputs = ", ".join(graph.inputs) or "there are none"
    return BindingError(
        f"'{name}' is given a value, but the program does not use it",
        help=f"{hint}the program's inputs: {inputs}",
    )


def _format_of(values: Mapping[str, Any]) -> Format:
    """The widest format among the NumPy scalars and arrays given; float64 if there are none."""
    names = [str(v.dtype) for v in values.values() if hasattr(v, "dtype")]
    known = [FORMATS[n] for n in names if n in FORMATS]
    return max(known, key=lambda f: f.precision) if known else FORMATS["float64"]


def _number(name: str, value: Any, fmt: Format) -> tuple[Fraction, float]:
    """The value of an input as it is given, and rounded to the format once."""
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        value = value.item()  # a NumPy scalar
    if isinstance(value, bool) or not isinstance(value, int | float | Fraction):
        raise BindingError(f"{name}={value!r} is not a number", help=f"for example {name}=1.5")
    if isinstance(value, float) and not math.isfinite(value):
        raise BindingError(f"{name}={value!r} is not a finite number", help=f"for example {name}=1.5")
    exact = Fraction(value)
    rounded = fmt.nearest(exact)
    if not math.isfinite(rounded):
        raise BindingError(
            f"{name}={_about(value)} is beyond the range of {fmt.name} (largest: {fmt.maximum:.4g})",
            help="make it smaller" if fmt.maximum > 1e300 else "use --format float64, or make it smaller",
        )
    return exact, rounded


def _about(value: Any) -> str:
    """A number that may be too large for float64, in few digits."""
    try:
        return f"{float(value):.6g}"
    except OverflowError:
        exact = Fraction(value)
        power = math.log10(abs(exact.numerator)) - math.log10(exact.denominator)
        return f"{'-' if exact < 0 else ''}1e{math.floor(power)}"
