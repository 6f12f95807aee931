"""Which operation lost the precision: every node's share of J's rounding error."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from ..errors import NodeError, UsageError
from ..formats import Array
from ..graphs.graph import POWER, VARIABLE_POWER, Graph
from ..show import Shown
from ..sweeps.run import Run
from .reference import Reference, evaluated, local_errors, reference_of
from .underflow import underflow

BETWEEN = (0.5 - math.sqrt(3) / 6, 0.5 + math.sqrt(3) / 6)  # Gauss's two points of the way from 0 to 1


class Contribution(NamedTuple):
    """What one node adds to J's error.

    Parameters
    ----------
    error : float
        Computed value minus what it should be: for an operation its exact value on its own computed
        arguments, for an input or a constant the number that was given.
    adjoint : float
        dJ/dnode in float64.
    share : float
        error times adjoint, in units of J.
    """

    error: float
    adjoint: float
    share: float


class Flushed(NamedTuple):
    """An adjoint that underflows.

    Parameters
    ----------
    computed : float
        By backprop in the run's format: 0 or subnormal.
    adjoint : float
        In float64.
    share : float
        The node's share of J's rounding error; 0 for an input.
    """

    computed: float
    adjoint: float
    share: float


@dataclass(frozen=True, eq=False)
class Representation(Mapping[str, Contribution]):
    """What rounding the inputs and constants to the format does to J: name -> `Contribution`, the largest
    share first, those that the format has left out.

    Parameters
    ----------
    predicted : float
        Sum of the shares.
    true : float
        J exact on the rounded inputs and constants minus J exact on those given; nan if one of the two
        does not exist.
    """

    predicted: float
    true: float
    _parts: Mapping[str, Contribution] = field(repr=False)

    def __getitem__(self, name: str) -> Contribution:
        return self._parts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)


@dataclass(frozen=True, eq=False)
class Roundoff(Mapping[str, Contribution], Shown):
    """Every operation's share of J's rounding error: node name -> `Contribution`, the largest share first.

    Parameters
    ----------
    run : Run
    predicted : float
        Sum of the shares: what the rounding of all operations does to J.
    true : float
        What it really does: J as computed minus J exact on the rounded inputs and constants; nan if the
        latter does not exist.
    bound : float
        Sum of the shares' sizes: no signs could make the prediction larger.
    represented : Representation
        What rounding the inputs and constants to the format does to J besides.
    flushed : mapping of node name to Flushed
        Adjoints that are 0 or subnormal in the format, and not because they are 0.
    adjoints : int
        How many adjoints are not 0.
    loss_scale : float
        The largest power of two that J can be multiplied by before backprop without overflow, if it brings
        the adjoints into the normal range; 1 if none leaves it; nan if none brings them back.
    largest_scale : float
        The same power of two whatever it brings back; nan if none keeps the adjoints finite.
    left : tuple of str
        Those of `flushed` that underflow with `largest_scale` as well.
    """

    run: Run
    predicted: float
    true: float
    bound: float
    represented: Representation
    flushed: Mapping[str, Flushed]
    adjoints: int
    loss_scale: float
    largest_scale: float
    left: tuple[str, ...]
    _parts: Mapping[str, Contribution] = field(repr=False)

    def __getitem__(self, name: str) -> Contribution:
        if name not in self._parts:
            name = self.run.graph.name(self.run.graph.index(name))
        if name not in self._parts:
            raise NodeError(
                f"'{name}' is no operation, so it rounds nothing",
                help="what rounding an input to the format does stands in .represented",
            )
        return self._parts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)


def roundoff(run: Run) -> Roundoff:
    """Every operation's share of the rounding error of J in a run's format.

    Parameters
    ----------
    run : Run
        In any format.

    Returns
    -------
    Roundoff

    Raises
    ------
    UsageError
        If it is no run, or in float64 an operation has no exact value to be compared with.

    Notes
    -----
    A node's local error is its computed value minus the exact value of its operation on the computed
    arguments: by float64 for the shorter formats; for float64 what the operation is known to have lost, or
    mpmath. Its share is that times the float64 adjoint (Bauer 1974; Iri 1984). On the way from the exact
    values to the computed ones, with t times every local error added, dJ/dt is the sum of these products:
    the adjoint is its mean at Gauss's two points of the way, so that the shares add up to J's error but for
    terms of fifth order. Where a corner lies on the way, or a derivative does not exist, that is less
    certain: compare `predicted` with `true`.

    References
    ----------
    Bauer, F. L. (1974). Computational graphs and rounding error. SIAM J. Numer. Anal. 11(1), 87-96.
    Iri, M. (1984). Simultaneous computation of functions, partial derivatives and estimates of rounding
    errors. Japan J. Appl. Math. 1, 223-252.

    Examples
    --------
    >>> import nudgegrad as ng
    >>> run = ng.graph("a = w*x; b = a + c; J = b**2").at(w=1.625, x=2.3125, c=100, format="bfloat16")
    >>> found = ng.roundoff(run)
    >>> next(iter(found)), found["b"].error
    ('b', 0.25)
    >>> found.predicted, found.true
    (50.31634521484375, 50.31634521484375)
    """
    if not isinstance(run, Run):
        raise UsageError(
            f"roundoff takes a run, not {type(run).__name__}",
            help='for example nudgegrad.graph("J = w*w").at(w=3, format="float16")',
        )
    graph, reference = run.graph, reference_of(run)
    computed = {i: run.value_array[i] for i in range(len(graph)) if graph.codes[i] < 0}
    errors = local_errors(run, reference)
    exact = evaluated(graph, computed, reference)[0][graph.output]
    sizes = _mean(_adjoints(graph, *evaluated(graph, computed, reference, errors, t)) for t in BETWEEN)
    operations = [i for i in range(len(graph)) if graph.codes[i] >= 0]
    parts = _contributions(graph, operations, errors, sizes)
    flow = underflow(run)
    names = {i: graph.name(i) for i in flow.nodes}
    return Roundoff(
        run,
        math.fsum(c.share for c in parts.values()),
        _minus(reference.number(run.value_array[graph.output]), exact),
        math.fsum(abs(c.share) for c in parts.values()),
        _represented(run, computed, exact, reference),
        {
            name: Flushed(
                float(run.adjoint_array[i]),
                float(sizes[i]),
                parts[name].share if name in parts else 0.0,
            )
            for i, name in names.items()
        },
        flow.counted,
        flow.loss_scale,
        flow.largest,
        tuple(names[i] for i in flow.left),
        parts,
    )


def _represented(
    run: Run, computed: Mapping[int, float], exact: Any, reference: Reference
) -> Representation:
    """What rounding to the format does to J through the inputs and constants."""
    graph = run.graph
    given = {i: run.given.get(i, Fraction(float(v))) for i, v in computed.items()}
    given.update({i: number for i, (number, _) in graph.constants.items()})
    errors = np.zeros(len(graph))
    for i, v in computed.items():
        errors[i] = float(Fraction(float(v)) - given[i])
    rounded = [i for i in given if errors[i] != 0]
    if not rounded:
        return Representation(0.0, 0.0, {})
    ways = [{i: x + Fraction(t) * Fraction(errors[i]) for i, x in given.items()} for t in BETWEEN]
    sizes = _mean(_adjoints(graph, *evaluated(graph, way, reference)) for way in ways)
    parts = _contributions(graph, rounded, errors, sizes)
    true = _minus(exact, evaluated(graph, given, reference)[0][graph.output])
    return Representation(math.fsum(c.share for c in parts.values()), true, parts)


def _minus(x: Any, y: Any) -> float:
    """x - y as a float; nan where one is missing."""
    return math.nan if x is None or y is None else float(x - y)


def _mean(arrays: Iterable[Array]) -> Array:
    found: Array = np.mean(list(arrays), axis=0)
    return found


def _floats(numbers: Sequence[Any]) -> list[Any]:
    return [np.float64(math.nan if x is None else float(x)) for x in numbers]


def _adjoints(graph: Graph, values: Sequence[Any], results: Sequence[Any]) -> Array:
    """Float64 adjoints at values that are not the rows' results: a partial that is written with its row's
    result takes that, not the value."""
    x, y = _floats(values), _floats(results)
    found = np.zeros(len(graph))
    found[graph.output] = 1.0
    with np.errstate(all="ignore"):
        for i in range(graph.output, -1, -1):
            row = graph.op(i)
            if row is None or found[i] == 0:
                continue
            args = graph.args(i)
            if row is POWER and x[args[0]] > 0:
                row = VARIABLE_POWER  # nobody nudges a constant exponent, but it may have been rounded
            for j, p in zip(args, row.partials(*(x[j] for j in args), y[i]), strict=True):
                if p is not None:
                    found[j] += found[i] * p
    return found


def _contributions(
    graph: Graph, nodes: Iterable[int], errors: Array, sizes: Array
) -> dict[str, Contribution]:
    """Error, adjoint and share by name, the largest share first; constants of one spelling are one."""
    found: dict[str, Contribution] = {}
    for i in nodes:
        name, error, adjoint = graph.name(i), float(errors[i]), float(sizes[i])
        if name in found:
            adjoint += found[name].adjoint
        share = 0.0 if error == 0 or adjoint == 0 else error * adjoint
        found[name] = Contribution(error, adjoint, share)
    order = sorted(found, key=lambda name: -_size(found[name].share))
    return {name: found[name] for name in order}


def _size(share: float) -> float:
    """The size of a share; what is not known comes first."""
    return math.inf if math.isnan(share) else abs(share)
