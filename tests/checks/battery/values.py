"""Traps in the values of f: extreme scales, zero gradients, noise and state.

Some of them keep a state or spoil their x, so they are made anew for every use.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.checks.battery.case import DOUBTFUL, FALSE, SURE, UNKNOWN, UNSURE, Case, mapped
from tests.checks.battery.kinks import constant

Function = Callable[..., Any]


def _wrong(
    name: str, f: Function, x: Any, grad: Function, trap: str, blocks: str = "x", **more: Any
) -> Case:
    """A wrong gradient: `wrong` is the word after the name's last comma."""
    more = {"expected": FALSE, "wrong": name.rpartition(", ")[2]} | more
    return Case(name, f, x, grad, blocks=frozenset(blocks.split()), trap=trap, **more)


def _right(name: str, f: Function, x: Any, grad: Function, trap: str, args: tuple[Any, ...] = ()) -> Case:
    return Case(name, f, x, grad, args, trap=trap, expected=SURE)


def _unsure(name: str, f: Function, x: Any, grad: Function, trap: str, args: tuple[Any, ...] = ()) -> Case:
    return Case(name, f, x, grad, args, trap=trap, expected=UNSURE)


def _times(factor: float, grad: Function) -> Function:
    return lambda x, *args: mapped(grad(x, *args), lambda _, g: g * factor)


def waves(frequency: float = 1.0, size: float = 1.0) -> tuple[Function, Function]:
    """A sum of sines, and its gradient."""
    return (
        lambda x: np.sum(np.sin(frequency * x)) * size,
        lambda x: np.cos(frequency * x) * (frequency * size),
    )


def _arcsin_slope(x: Any) -> Any:
    return 1 / np.sqrt(1 - x * x)


def scales() -> list[Case]:
    """Functions and numbers of extreme sizes, steep, narrow, flat or constant."""
    x = np.array([0.3, -0.8, 1.1])
    decades = 10.0 ** np.arange(-30, 31, 10)
    tiny, huge, steep, fast = waves(size=1e-8), waves(size=1e30), waves(1e5), waves(1e4)
    mixed = {"tiny": np.array([1.3e-30, -0.7e-30]), "huge": np.array([0.9e30, 1.4e30])}
    parts = {"large": np.array([0.4, 1.2]), "small": np.array([-0.6, 0.9])}

    def by_decades(x: Any, units: Any) -> Any:
        return np.sum(np.tanh(x / units))

    def by_decades_gradient(x: Any, units: Any) -> Any:
        return (1 - np.tanh(x / units) ** 2) / units

    def of_both(x: Any) -> Any:
        return np.sum(np.sin(x["tiny"] * 1e30)) + np.sum(np.cos(x["huge"] * 1e-30))

    def of_both_gradient(x: Any, wrong: float = 1.0) -> Any:
        return {
            "tiny": np.cos(x["tiny"] * 1e30) * (1e30 * wrong),
            "huge": -np.sin(x["huge"] * 1e-30) * 1e-30,
        }

    def orders(x: Any, ratio: float) -> Any:
        return np.sum(np.sin(x["large"])) + ratio * np.sum(np.sin(x["small"]))

    def orders_gradient(x: Any, ratio: float, wrong: float = 1.0) -> Any:
        return {"large": np.cos(x["large"]), "small": np.cos(x["small"]) * (ratio * wrong)}

    def bump(x: Any) -> Any:
        return np.sum(np.exp(-((x * 1e6) ** 2)))

    def bump_gradient(x: Any) -> Any:
        return -2e12 * x * np.exp(-((x * 1e6) ** 2))

    def plateau(x: Any) -> Any:
        return np.sum(np.tanh(x) ** 9)

    def plateau_gradient(x: Any) -> Any:
        return 9 * np.tanh(x) ** 8 * (1 - np.tanh(x) ** 2)

    return [
        _right("1e-8 sin(x)", tiny[0], x, tiny[1], "small values"),
        _wrong("1e-8 sin(x), 68 times", tiny[0], x, _times(68, tiny[1]), "small values"),
        _right("sin(1e5 x)", steep[0], x, steep[1], "fast"),
        _wrong("sin(1e5 x), 1.001 times", steep[0], x, _times(1.001, steep[1]), "fast"),
        _right("sin(1e4 x)", fast[0], x, fast[1], "aliasing in float32"),
        _wrong("sin(1e4 x), zero", fast[0], x, constant(0, 0, 0), "aliasing in float32"),
        _right("1e-30 to 1e30", by_decades, 0.6 * decades, by_decades_gradient, "mixed scales", (decades,)),
        _right("1e-30 and 1e30", of_both, mixed, of_both_gradient, "mixed scales"),
        _wrong(
            "1e-30 and 1e30, doubled", of_both, mixed, lambda x: of_both_gradient(x, 2), "mixed scales",
            blocks="tiny", diagnosis="true = 0.5 x claimed",
        ),
        _right("values of 1e30", huge[0], x, huge[1], "mixed scales"),
        _unsure("one block 1e10 times larger", orders, parts, orders_gradient, "hidden block", (1e-10,)),
        _right("one block 1e4 times larger", orders, parts, orders_gradient, "hidden block", (1e-4,)),
        _wrong(
            "one block 1e4 times larger, doubled", orders, parts, lambda x, r: orders_gradient(x, r, 2),
            "hidden block", blocks="small", args=(1e-4,), diagnosis="true = 0.5 x claimed",
        ),
        _right("a narrow bump", bump, np.array([0.5e-6, -1.1e-6]), bump_gradient, "narrow"),
        _unsure("a plateau", plateau, np.array([18.0, 18.5]), plateau_gradient, "plateau"),
        _right("x^60", lambda x: np.sum(x**60), np.array([0.9, 1.1]), lambda x: 60 * x**59, "steep"),
        _right("1/x near 0", lambda x: np.sum(1 / x), np.array([1e-9, -2e-9]), lambda x: -1 / x**2, "pole"),
        _unsure("exp near overflow", lambda x: np.exp(x[0]), np.array([700.0]), np.exp, "overflow"),
        _right("log near 0", lambda x: np.sum(np.log(x)), np.array([1e-12, 3]), lambda x: 1 / x, "domain"),
        _unsure("arcsin near 1", lambda x: np.arcsin(x[0]), np.array([1 - 1e-7]), _arcsin_slope, "domain"),
    ]  # fmt: skip


def zeros() -> list[Case]:
    """Gradients that are zero, or claimed to be."""
    x = np.array([0.3, -0.8, 1.1])
    f, g = waves()
    unused = {"used": np.array([0.3, 0.5]), "idle": np.array([1.0, 2.0])}

    def bowl(x: Any) -> Any:
        return np.sum((x - x.dtype.type(2)) ** 2)

    def of_used(x: Any) -> Any:
        return np.sum(np.sin(x["used"]))

    def of_used_gradient(x: Any) -> Any:
        return {"used": np.cos(x["used"]), "idle": np.zeros_like(x["idle"])}

    def of_idle_too(x: Any) -> Any:
        return {"used": np.cos(x["used"]), "idle": np.ones_like(x["idle"])}

    def quartic(x: Any) -> Any:
        return np.sum(x**4)

    def level(x: Any) -> Any:
        return x.dtype.type(7.3)

    return [
        _right("constant", level, x, np.zeros_like, "zero gradient"),
        _wrong("constant, claim 1e-3", level, x, constant(1e-3, 1e-3, 1e-3), "zero gradient"),
        _right("at a minimum", bowl, np.full(3, 2.0), lambda x: 2 * (x - 2), "zero gradient"),
        _wrong("at a minimum, claim 0.1", bowl, np.full(3, 2.0), constant(0.1, 0, 0), "zero gradient"),
        _right("cos at 0", lambda x: np.sum(np.cos(x)), np.zeros(3), lambda x: -np.sin(x), "zero gradient"),
        _right("x^4 at 0", quartic, np.zeros(2), lambda x: 4 * x**3, "zero gradient"),
        _wrong("x^4 at 0, claim 1", quartic, np.zeros(2), constant(0, 1), "zero gradient"),
        _right("an unused block", of_used, unused, of_used_gradient, "zero gradient"),
        _wrong("an unused block, claim 1", of_used, unused, of_idle_too, "zero gradient", "idle"),
        _wrong("all zeros, zero", f, x, constant(0, 0, 0), "zero gradient"),
        _right("zeros among the parameters", f, np.array([0.0, 0, 2, -0.0]), g, "zero parameters"),
    ]  # fmt: skip


# Noise and state


def _hash_noise(x: Any) -> Any:
    """A number within ±1 that depends on every bit of x, always the same for the same x."""
    bits = np.ascontiguousarray(x, np.float64).view(np.uint32)
    return x.dtype.type(np.random.default_rng(bits).uniform(-1, 1))


@dataclass
class Noisy:
    """Sines whose value differs from run to run by a relative size."""

    size: float
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(5))

    def __call__(self, x: Any) -> Any:
        return np.sum(np.sin(x)) * (1 + self.size * x.dtype.type(self.random.uniform(-1, 1)))


@dataclass
class Stateful:
    """Sines with a memory: a count of the calls, a running mean of x, or a sign that alternates."""

    kind: str
    calls: int = 0
    mean: Any = 0.0

    def __call__(self, x: Any) -> Any:
        self.calls += 1
        if self.kind == "count":
            return np.sum(np.sin(x)) + 1e-2 * self.calls
        if self.kind == "alternating":
            return np.sum(np.sin(x)) + (-1) ** self.calls
        self.mean = 0.9 * self.mean + 0.1 * x
        return np.sum(np.sin(x - self.mean))


def _spoiling(x: Any) -> Any:
    x -= x.dtype.type(0.1)
    return np.sum(np.sin(x))


def _spoiling_gradient(x: Any) -> Any:
    g = np.cos(x)
    x *= 0
    return g


def noise() -> list[Case]:
    """Functions that are rounded, noisy, forgetful or destructive."""
    x = np.array([0.3, -0.8, 1.1])
    f, g = waves()

    def hashed(size: float) -> Function:
        return lambda x: f(x) * (1 + size * _hash_noise(x))

    def in_float32(x: Any) -> Any:
        return x.dtype.type(np.sum(np.sin(x.astype(np.float32)), dtype=np.float32))

    def summed_in_float32(x: Any) -> Any:
        return float(np.float32(np.sum(np.sin(x))))

    def variance(x: Any) -> Any:
        return np.mean(x * x) - np.mean(x) ** 2

    def variance_gradient(x: Any) -> Any:
        return 2 * (x - np.mean(x)) / x.size

    def cancelling(x: Any) -> Any:
        return np.sum((np.sin(x) + 1e8) - 1e8)

    def rounded(digits: int) -> Function:
        return lambda x: np.round(f(x), digits)

    def noisy(
        name: str, function: Function, trap: str, expected: tuple[str, ...] = UNSURE, says: str = ""
    ) -> Case:
        return Case(name, function, x, g, trap=trap, expected=expected, says=says, meant=f)

    def noisy_wrong(
        name: str, function: Function, factor: float, trap: str, expected: tuple[str, ...] = DOUBTFUL
    ) -> Case:
        return _wrong(
            f"{name}, {factor:g} times", function, x, _times(factor, g), trap, expected=expected, meant=f
        )

    offset = np.array([1e4, 1e4 + 1, 1e4 + 3])
    return [
        noisy("noise of 1e-12", hashed(1e-12), "noise"),
        noisy_wrong("noise of 1e-12", hashed(1e-12), 1.1, "noise", FALSE),
        noisy("noise of 1e-6", hashed(1e-6), "noise"),
        noisy_wrong("noise of 1e-6", hashed(1e-6), 2, "noise"),
        noisy("run-to-run noise of 1e-12", Noisy(1e-12), "run-to-run noise"),
        noisy("run-to-run noise of 1e-6", Noisy(1e-6), "run-to-run noise"),
        noisy_wrong("run-to-run noise of 1e-12", Noisy(1e-12), 1.1, "run-to-run noise"),
        noisy("random", Noisy(0.3), "random", UNKNOWN, "random"),
        noisy("counting its calls", Stateful("count"), "state", UNKNOWN, "repeat"),
        noisy("alternating", Stateful("alternating"), "state", UNKNOWN, "repeat"),
        noisy("running mean", Stateful("mean"), "state", UNKNOWN, "repeat"),
        Case(
            "f changes x", _spoiling, x.copy(), lambda x: np.cos(x - x.dtype.type(0.1)), trap="in place",
            expected=UNSURE, says="in place", meant=lambda x: f(x - x.dtype.type(0.1)),
        ),
        Case(
            "grad changes x", f, x.copy(), _spoiling_gradient, trap="in place", expected=UNSURE,
            says="in place",
        ),
        noisy("rounded to 6 digits", rounded(6), "rounded"),
        noisy_wrong("rounded to 6 digits", rounded(6), 2, "rounded"),
        noisy("rounded to 2 digits", rounded(2), "rounded"),
        noisy("float32 inside", in_float32, "float32 inside"),
        noisy_wrong("float32 inside", in_float32, 2, "float32 inside"),
        noisy("float32 at the end", summed_in_float32, "float32 inside"),
        _unsure("variance as a difference", variance, offset, variance_gradient, "cancellation"),
        noisy("1e8 added and taken away", cancelling, "cancellation"),
        _unsure("offset 1e8", lambda x: f(x) + 1e8, x, g, "offset"),
        noisy("offset 1e14", lambda x: f(x) + 1e14, "offset"),
    ]  # fmt: skip
