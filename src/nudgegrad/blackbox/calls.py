"""Calling the user's function, one point at a time or all at once, in the format of x."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import EvaluationError, UsageError
from ..formats import FORMATS, Array, Format

OUTSIDE = (ArithmeticError, ValueError)  # what functions raise where they are not defined
ENTRIES = 2**22  # numbers that are handed to a vectorised f at once, at most


@dataclass
class Caller:
    """A function with its arguments' format.

    Parameters
    ----------
    f : callable
    dtype : numpy.dtype
    vectorized : bool
        Whether f takes an array of points and gives an array of values.
    executor : concurrent.futures.Executor, optional
        Its `map` makes the calls, where each is of one point.
    """

    f: Callable[..., Any]
    dtype: Any
    vectorized: bool = False
    executor: Executor | None = None
    calls: int = field(default=0, init=False)
    raised: BaseException | None = field(default=None, init=False)  # the first error beside x
    whole: bool = field(default=True, init=False)  # whether only whole numbers were seen
    imaginary: bool = field(default=False, init=False)  # whether f was complex at x

    def values(self, arguments: list[Any], shape: tuple[int, ...], inside: Array) -> Array:
        """f at some arguments, shape (Q, ...): nan where it is not defined.

        Parameters
        ----------
        arguments : list
            Of points, each of one call.
        shape : tuple of int
            Of one value.
        inside : array of bool, shape (Q,)
            Which arguments are x itself, where f must be defined.

        Raises
        ------
        EvaluationError
            If f raises an error at x, or one beside it that says nothing of its domain; or gives no number.
        """
        self.calls += len(arguments)
        run = map if self.executor is None else self.executor.map
        found = np.full((len(arguments), *shape), np.nan)
        for k, (value, error) in enumerate(run(_tried, [self.f] * len(arguments), arguments)):
            if error is None:
                found[k] = self._number(value, shape, bool(inside[k]))
            elif inside[k] or not isinstance(error, OUTSIDE):
                raise failed(self.f, error, arguments[k], bool(inside[k])) from error
            else:
                self.raised = self.raised or error
        return found

    def batch(self, points: Any, count: int, inside: Array, shape: tuple[int, ...] = ()) -> Array:
        """A vectorised f at some points, shape (Q, ...).

        Raises
        ------
        EvaluationError
            If f raises an error, or does not give one value for each point.
        """
        self.calls += count
        value, error = _tried(self.f, points)
        if error is not None:
            raise failed(self.f, error, points, bool(inside.all())) from error
        array = np.asarray(value)
        if array.shape != (count, *shape):
            raise EvaluationError(
                f"f gave an array of shape {array.shape} for {count} points",
                help=f"with vectorized=True it must give an array of shape {(count, *shape)}",
            )
        if array.dtype.name in FORMATS:
            self.whole = False
            return array.astype(np.float64)
        values = [self._number(v, shape, bool(i)) for v, i in zip(array, inside, strict=True)]
        return np.array(values, dtype=np.float64).reshape(count, *shape)

    def first(self, argument: Any) -> Any:
        """f at x, for its shape.

        Raises
        ------
        EvaluationError
            If it raises an error.
        """
        value, error = _tried(self.f, argument[None].copy() if self.vectorized else argument.copy())
        self.calls += 1
        if error is not None:
            raise failed(self.f, error, argument, True) from error
        return np.asarray(value)[0] if self.vectorized else np.asarray(value)

    def _number(self, value: Any, shape: tuple[int, ...], inside: bool) -> Any:
        """A value as float64; nan beside x where it is complex."""
        try:
            array = np.asarray(value)
            kind = array.dtype.kind
            if kind == "c":
                self.whole = False
                if np.any(array.imag != 0):
                    self.imaginary = self.imaginary or inside
                    return np.nan
                array = array.real
            elif kind not in "biu":
                self.whole = False
            if kind in "OUS":
                raise TypeError(type(value).__name__)
            return array.astype(np.float64).reshape(shape)
        except (TypeError, ValueError):
            gave = f"an array of shape {np.shape(value)}" if np.ndim(value) else f"{value!r:.60}"
            wanted = "one number" if not shape else f"an array of shape {shape}"
            raise EvaluationError(
                f"f gave {gave} where {wanted} was expected",
                help="nudgegrad.jacobian is for f that give arrays, vectorized=True for many points",
            ) from None


def _tried(f: Callable[..., Any], argument: Any) -> tuple[Any, BaseException | None]:
    """The value, or the error, so that errors come back from other processes as well."""
    try:
        with np.errstate(all="ignore"):
            return f(argument), None
    except Exception as error:
        return None, error


def failed(f: Any, error: BaseException, argument: Any, inside: bool) -> EvaluationError:
    """The error that says what the user's function raised, and where."""
    where = "x" if inside else "a point beside x"
    at = f", {float(argument)!r}" if np.ndim(argument) == 0 else ""
    name = getattr(f, "__name__", "f")
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return EvaluationError(f"{name} raised {said} at {where}{at}", help="its own traceback stands above")


def array_of(x: Any) -> tuple[Any, Format]:
    """x as an array of one of the formats, and which; whole numbers as float64.

    Raises
    ------
    UsageError
        If x holds no real numbers, or numbers that are not finite.
    """
    array = np.asarray(x)
    if array.dtype.kind in "iub":
        array = array.astype(np.float64)
    fmt = FORMATS.get(array.dtype.name)
    if fmt is None:
        raise UsageError(
            f"x is of type {array.dtype}, which is none of {', '.join(FORMATS)}",
            help="a float, or an array of one of these types",
        )
    if not np.isfinite(array.astype(np.float64)).all():
        raise UsageError("x is not finite", help="a derivative is at a number")
    return array, fmt
