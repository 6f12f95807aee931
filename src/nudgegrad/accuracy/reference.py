"""What a run's numbers would be without its roundings: float64 for the shorter formats, mpmath for float64.

Rows are evaluated one by one on the numbers given, so that a row's own rounding error is the difference of
its computed value and this one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from ..errors import UsageError
from ..formats import Array
from ..graphs.graph import Graph
from ..graphs.ops import Op
from ..sweeps.run import Run

BITS = 256  # of mpmath's numbers: 200 beyond float64's, so that cancellation leaves enough
WHOLE = 2**64  # below which whole numbers go into rows as such


class Reference(Protocol):
    """Numbers longer than a run's, and rows on them."""

    def number(self, x: Fraction | float) -> Any:
        """`x` as such a number."""
        ...

    def value(self, row: Op, args: Sequence[Any]) -> Any:
        """One row; None where it has no value."""
        ...

    def error(self, row: Op, args: Sequence[float], y: float) -> float:
        """`y` minus the exact value of the row; nan where there is none."""
        ...


class Float64:
    """float64, for the runs of every shorter format."""

    def number(self, x: Fraction | float) -> Any:
        """The nearest float64."""
        return np.float64(float(x))

    def value(self, row: Op, args: Sequence[Any]) -> Any:
        """One row in float64; None where it is not finite."""
        with np.errstate(all="ignore"):
            y = row.value(*args)
        return y if np.isfinite(y) else None

    def error(self, row: Op, args: Sequence[float], y: float) -> float:
        """`y` minus the row's float64 value."""
        exact = self.value(row, [np.float64(a) for a in args])
        return float("nan") if exact is None else float(y - exact)


class Long:
    """mpmath's real numbers of `BITS` bits, and the functions of `Op.exactly` on them."""

    @cached_property
    def context(self) -> Any:
        """A context of our own, so that nobody else's precision changes."""
        from mpmath.ctx_mp import MPContext  # takes longer to import than a short format's report takes

        context = MPContext()
        context.prec = BITS
        return context

    def __getattr__(self, name: str) -> Any:
        """Functions that rows need besides those below: mpmath's of the same name."""
        if name.startswith("_"):
            raise AttributeError(name)
        function = getattr(self.context, name)
        return lambda *args: function(*map(self.number, args))

    def number(self, x: Any) -> Any:
        """`x` as an mpf."""
        if isinstance(x, Fraction):
            return self.context.mpf(x.numerator) / x.denominator
        return self.context.mpf(x)

    def times(self, x: Any, y: Any) -> Any:
        """x y, of any kinds."""
        return self.number(x) * self.number(y)

    def power(self, x: Any, n: int) -> Any:
        """x**n for whole n."""
        return self.number(x) ** n

    def exp(self, x: Any) -> Any:
        """e**x."""
        return self.context.exp(self.number(x))

    def log(self, x: Any) -> Any:
        """The natural logarithm, of positive numbers only."""
        if not x > 0:
            raise ValueError("log of a number that is not positive")
        return self.context.log(self.number(x))

    def sqrt(self, x: Any) -> Any:
        """The square root, of real numbers only."""
        if x < 0:
            raise ValueError("the root of a negative number")
        return self.context.sqrt(self.number(x))

    def sin(self, x: Any) -> Any:
        """The sine."""
        return self.context.sin(self.number(x))

    def cos(self, x: Any) -> Any:
        """The cosine."""
        return self.context.cos(self.number(x))

    def value(self, row: Op, args: Sequence[Any]) -> Any:
        """One row by its `exactly`; None where it has no value.

        Raises
        ------
        UsageError
            If the row does not say how it is computed exactly.
        """
        if row.exactly is None:
            raise UsageError(
                f"'{row.name}' has no value beyond float64, so its rounding there is not known",
                help="name a shorter format, for example float32",
            )
        try:
            y = self.number(row.exactly(self, *self._alike(args)))
        except (ArithmeticError, ValueError):
            return None
        return y if self.context.isfinite(y) else None

    def _alike(self, args: Sequence[Any]) -> list[Any]:
        """The arguments, so that they compute with each other and a whole exponent is seen to be one: whole
        numbers as Fractions if all are, as ints beside others."""
        whole = [abs(x) < WHOLE and x == int(x) for x in args]
        kind: Any = Fraction if all(whole) else int
        return [kind(int(x)) if w else x for x, w in zip(args, whole, strict=True)]

    def error(self, row: Op, args: Sequence[float], y: float) -> float:
        """`y` minus the row's exact value: its residual where that can be known, else by `exactly`."""
        if row.half_ulps == 0:
            return 0.0
        if row.residual is not None:
            with np.errstate(all="ignore"):
                known = float(row.residual(*map(np.float64, args), np.float64(y)))
            if np.isfinite(known):
                return known
        exact = self.value(row, [self.number(a) for a in args])
        return float("nan") if exact is None else float(self.number(y) - exact)


def reference_of(run: Run) -> Reference:
    """The numbers that are long enough to see the rounding errors of a run."""
    return Long() if run.format.precision == 53 else Float64()


def local_errors(run: Run, reference: Reference) -> Array:
    """Computed minus exact value of every op on its own computed arguments, shape (N,); 0 for inputs and
    constants, nan where the exact value does not exist."""
    graph, values = run.graph, run.value_array.tolist()
    found = np.zeros(len(graph))
    for i in range(len(graph)):
        row = graph.op(i)
        if row is not None:
            found[i] = reference.error(row, [values[j] for j in graph.args(i)], values[i])
    return found


def evaluated(
    graph: Graph,
    leaves: Mapping[int, Fraction | float],
    reference: Reference,
    errors: Array | None = None,
    part: float = 0.0,
) -> tuple[list[Any], list[Any]]:
    """Values of all nodes without rounding, and what each row gave.

    Parameters
    ----------
    leaves : mapping of node index to number
        Inputs and constants.
    errors : array, shape (N,), optional
        What is added to the results of the rows, times `part`: with all of the local errors the values
        are the computed ones again.

    Returns
    -------
    values, results : lists
        They differ by what was added. None for what does not exist.
    """
    values: list[Any] = []
    results: list[Any] = []
    for i in range(len(graph)):
        row = graph.op(i)
        if row is None:
            y = reference.number(leaves[i])
        else:
            args = [values[j] for j in graph.args(i)]
            y = None if any(a is None for a in args) else reference.value(row, args)
        results.append(y)
        values.append(y if errors is None or y is None else y + part * errors[i])
    return values, results
