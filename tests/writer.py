"""Programs written statement by statement and evaluated as they are written, for `tests.families`.

Every operation, named or not, is carried out in float64 and in float32 at once and checked.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

LEAST, MOST = 1e-30, 1e30  # sizes of values other than 0


class OutOfRange(ArithmeticError):
    """A value that does not exist, or is too large or too small for float32."""


class Value:
    """A number in float64 and in float32, whose every operation is checked."""

    __slots__ = ("narrow", "wide")

    def __init__(self, wide: float, narrow: np.float32) -> None:
        size = abs(wide)
        if not (LEAST < size < MOST or size == 0) or not math.isfinite(narrow):
            raise OutOfRange
        self.wide = wide
        self.narrow = narrow

    def __float__(self) -> float:
        return self.wide

    def __add__(self, other: Value | float) -> Value:
        return _both(operator.add, self, other)

    def __radd__(self, other: float) -> Value:
        return _both(operator.add, other, self)

    def __sub__(self, other: Value | float) -> Value:
        return _both(operator.sub, self, other)

    def __rsub__(self, other: float) -> Value:
        return _both(operator.sub, other, self)

    def __mul__(self, other: Value | float) -> Value:
        return _both(operator.mul, self, other)

    def __rmul__(self, other: float) -> Value:
        return _both(operator.mul, other, self)

    def __truediv__(self, other: Value | float) -> Value:
        return _both(operator.truediv, self, other)

    def __rtruediv__(self, other: float) -> Value:
        return _both(operator.truediv, other, self)

    def __pow__(self, other: Value | float) -> Value:
        return _both(np.float_power, self, other)

    def __rpow__(self, other: float) -> Value:
        return _both(np.float_power, other, self)

    def __neg__(self) -> Value:
        return Value(-self.wide, -self.narrow)

    def __lt__(self, other: Value | float) -> Value:
        return _both(_number(operator.lt), self, other)

    def __le__(self, other: Value | float) -> Value:
        return _both(_number(operator.le), self, other)

    def __gt__(self, other: Value | float) -> Value:
        return _both(_number(operator.gt), self, other)

    def __ge__(self, other: Value | float) -> Value:
        return _both(_number(operator.ge), self, other)

    def __eq__(self, other: object) -> Any:
        return _both(_number(operator.eq), self, other)  # type: ignore[arg-type]  # a Value or a float

    def __ne__(self, other: object) -> Any:
        return _both(_number(operator.ne), self, other)  # type: ignore[arg-type]  # a Value or a float

    __hash__ = None  # type: ignore[assignment]  # equality is a number


def _value(x: Value | float) -> Value:
    return x if isinstance(x, Value) else Value(float(x), np.float32(x))


def _both(f: Callable[..., Any], *args: Value | float) -> Value:
    pairs = [_value(a) for a in args]
    try:
        wide = float(f(*(p.wide for p in pairs)))
    except ArithmeticError:
        raise OutOfRange from None
    return Value(wide, np.float32(f(*(p.narrow for p in pairs))))


def _number(holds: Callable[..., Any]) -> Callable[..., float]:
    """A comparison as 1 or 0."""
    return lambda x, z: float(holds(x, z))


def _lifted(f: Callable[..., Any]) -> Callable[..., Value]:
    return lambda *args: _both(f, *args)


NAMESAKES = (
    "exp", "log", "sqrt", "sin", "cos", "tanh", "abs", "expm1", "log1p", "log2", "log10", "tan", "sinh",
    "cosh", "square", "reciprocal", "hypot", "cbrt", "where", "sign", "floor",
)  # fmt: skip

FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    **{name: _lifted(getattr(np, name)) for name in NAMESAKES},
    **{name: _lifted(getattr(np, f"arc{name[1:]}")) for name in ("asin", "acos", "atan", "atan2")},
    "round": _lifted(np.rint),
    "clip": _lifted(np.clip),
    "erf": _lifted(lambda x: type(x)(math.erf(x))),
    "gelu": _lifted(lambda x: type(x)(x * math.erfc(-x / math.sqrt(2)) / 2)),
    "silu": _lifted(lambda x: x / (1 + np.exp(-x))),
    "softplus": _lifted(lambda x: np.logaddexp(x, type(x)(0))),
    "leaky_relu": _lifted(lambda x: x if x > 0 else x / 100),
    "min": _lifted(np.minimum),
    "max": _lifted(np.maximum),
    "relu": _lifted(lambda x: np.maximum(x, type(x)(0))),
    "sigmoid": _lifted(lambda x: 1 / (1 + np.exp(-x))),
}


class Writer:
    """A program on its way: statements and the values they have."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.inputs: dict[str, float] = {}
        self.scope: dict[str, Any] = dict(FUNCTIONS)
        self.used: set[str] = set()
        self.counts: dict[str, int] = {}

    def _fresh(self, stem: str) -> str:
        count = self.counts[stem] = self.counts.get(stem, 0) + 1
        return f"{stem}{count}"

    def input(self, stem: str, value: float) -> str:
        """A new input of that value; its name."""
        name = self._fresh(stem)
        self.scope[name] = _value(value)
        self.inputs[name] = float(value)
        return name

    def let(self, expression: str, stem: str = "a") -> str:
        """A new statement; its name."""
        code = compile(expression, "<program>", "eval")
        name = self._fresh(stem)
        self.scope[name] = _value(eval(code, {"__builtins__": {}}, self.scope))
        self.used.update(code.co_names)
        self.lines.append(f"{name} = {expression}")
        return name

    def at(self, name: str) -> float:
        """The value of a name, in float64."""
        return float(self.scope[name])

    def unused(self) -> list[str]:
        """Statements that no other uses, in order."""
        names = (line.split(" = ", 1)[0] for line in self.lines)
        return [n for n in names if n not in self.used]

    def finish(self, expression: str) -> None:
        """Write the last statement, J."""
        self.let(expression, "J")
        self.lines[-1] = f"J = {expression}"
