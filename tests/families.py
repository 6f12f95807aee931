"""Random programs of fifteen families, as text with values: what bars and verdicts are counted on.

Every statement is evaluated as it is written, so that a family can choose what exists. A program that all
the same reaches a value that does not exist, or one beyond the range that the writer allows, is drawn
anew from the same stream, so that a seed always gives the same program.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tests.writer import OutOfRange, Writer

ATTEMPTS = 1000  # drawing a program that has values

Random = np.random.Generator


@dataclass(frozen=True)
class Program:
    """A program and where to evaluate it.

    Parameters
    ----------
    text : str
        Statements, one a line; the last assigns J.
    inputs : dict of str to float
    family : str
    """

    text: str
    inputs: dict[str, float]
    family: str


Draw = Callable[[Random, Writer], None]


def _program(family: str, draw_into: Draw) -> Callable[[Random], Program]:
    def draw_one(random: Random) -> Program:
        for _ in range(ATTEMPTS):
            writer = Writer()
            try:
                with np.errstate(all="ignore"):
                    draw_into(random, writer)
            except OutOfRange:
                continue
            inputs = {n: v for n, v in writer.inputs.items() if n in writer.used}
            return Program("\n".join(writer.lines), inputs, family)
        raise RuntimeError(f"no program of the family {family} has values")

    return draw_one


# Numbers.


def _number(random: Random, least: float = 0.2, most: float = 2.5, sign: bool = True) -> float:
    """A number of that size: mostly with a full mantissa, sometimes a whole number or a short decimal."""
    if random.random() < 0.2:
        simple = [x for x in (0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0) if least <= x <= most]
        size = float(random.choice(simple)) if simple else least
    else:
        size = float(random.uniform(least, most))
    return -size if sign and random.random() < 0.5 else size


def _constant(random: Random, least: float = 0.2, most: float = 2.5, sign: bool = False) -> str:
    """A constant as text: a short decimal or a full mantissa."""
    x = _number(random, least, most, sign)
    if random.random() < 0.6:
        x = float(f"{x:.2g}")
    return f"({x!r})" if x < 0 else repr(x)


def _decades(random: Random, low: float, high: float) -> float:
    """10 to the power of a number between two exponents, evenly."""
    return float(10.0 ** random.uniform(low, high))


def _pick(random: Random, items: Sequence[str]) -> str:
    return items[int(random.integers(len(items)))]


def _total(names: Sequence[str]) -> str:
    return " + ".join(names)


# General programs: one op after the other, and wired at random.


def _unary(random: Random, w: Writer, x: str) -> str:
    """A random op of `x`, guarded so that its value exists and stays of moderate size."""
    v = w.at(x)
    c, d = _constant(random), _constant(random)
    low, high = ("min" if v < float(c) else "max"), ("max" if v > -float(c) else "min")  # `x` survives
    if abs(v) > 30:
        return _pick(random, [f"tanh({x} / 20)", f"{x} / 25", f"sqrt(abs({x}))", f"log(abs({x}))"])
    if abs(v) < 1e-3:
        return _pick(random, [f"{x} + {c}", f"cos({x})", f"exp({x})", f"{x} * 50 + {c}"])
    choices = [
        f"tanh({x})", f"sigmoid({x})", f"sin({x})", f"cos({x})", f"abs({x})", f"-{x}", f"{x} * {c}",
        f"{x} + {c}", f"{x} - {c}", f"{c} - {x}", f"{x} / {c}", f"{x} ** 2", f"{x} * {x}", f"{c} ** {x}",
        f"{low}({x}, {c})", f"{high}({x}, -{c})", f"log(1 + abs({x}))", f"sqrt({x} * {x} + {c})",
        f"{c} / (1 + {x} ** 2)", f"exp(-abs({x}))", f"sin({x} * {c} + {d})",
        f"relu({x} + 3)" if v > -3 else f"relu({c} - {x})",
    ]  # fmt: skip
    if abs(v) > 0.1:
        choices += [f"{c} / {x}", f"{x} ** 3", f"{x} ** -1", f"{x} ** -2", f"1 / {x} + {x}"]
    if v > 0.1:
        choices += [f"log({x})", f"sqrt({x})", f"{x} ** {c}", f"{x} ** 0.5", f"relu({x})"]
    if 0.1 < v < 5:
        choices += [f"{x} ** {x}", f"{x} ** ({c} * {x})"]
    if abs(v) < 3:
        choices += [f"exp({x})", f"exp({x} * {c})"]
    return _pick(random, choices)


def _binary(random: Random, w: Writer, x: str, z: str) -> str:
    """A random op of two values, guarded likewise."""
    if x == z:
        return f"{x} * {x}" if random.random() < 0.5 else _unary(random, w, x)
    v, u, c = w.at(x), w.at(z), _constant(random)
    choices = [
        f"{x} + {z}", f"{x} - {z}", f"{x} * {z}", f"{x} * {c} + {z}", f"{x} - {c} * {z}",
        f"min({x}, {z})", f"max({x}, {z})",
        f"{x} / (1 + {z} ** 2)", f"{x} / sqrt({z} * {z} + {c})", f"tanh({x} * {z})", f"sin({x} + {z})",
        f"{x} * sigmoid({z})", f"({x} + {z}) * ({x} - {c})", f"abs({x} * {z} - {c})",
        f"exp(-({x} - {z}) ** 2 / 20)",
    ]  # fmt: skip
    if abs(u) > 0.1:
        choices += [f"{x} / {z}", f"{x} * {z} ** -1"]
    if 0.1 < v < 10 and abs(u) < 5:
        choices += [f"{x} ** {z}", f"{z} * log({x})"]
    return _pick(random, choices)


def _chain(random: Random, w: Writer) -> None:
    x = w.input("x", _number(random))
    other = w.input("w", _number(random))
    for _ in range(int(random.integers(3, 16))):
        x = w.let(_binary(random, w, x, other) if random.random() < 0.2 else _unary(random, w, x))
    w.finish(_unary(random, w, x))


def _dag(random: Random, w: Writer) -> None:
    pool = [w.input("x", _number(random)) for _ in range(int(random.integers(2, 6)))]
    for _ in range(int(random.integers(5, 31))):
        near = pool[-8:] if random.random() < 0.7 else pool
        x, z = _pick(random, near), _pick(random, pool)
        new = w.let(_binary(random, w, x, z) if random.random() < 0.65 else _unary(random, w, x))
        if abs(w.at(new)) > 30:
            new = w.let(_pick(random, [f"tanh({new} / 20)", f"{new} / {abs(w.at(new)):.2g}"]))
        pool.append(new)
    terms = [f"{_constant(random)} * {name}" for name in w.unused()]
    w.finish(_total(terms) if random.random() < 0.7 else f"sin({_total(terms)})")


def _sum(random: Random, w: Writer) -> None:
    count = round(_decades(random, 1, 4))
    kind = _pick(random, ["equal", "slow", "large", "waves", "series", "products", "alternating"])
    x = w.input("x", _number(random))
    c = _constant(random)
    if kind == "products":
        several = [w.input("w", _number(random)) for _ in range(min(count, 40))]
    s = w.input("s", _decades(random, 3, 5)) if kind == "large" else w.let(f"{x} * {c}", "s")
    start = repr(_decades(random, -4, -1))
    for k in range(1, count):
        if kind == "equal":
            term = f"{x} * {c}"
        elif kind == "slow":
            term = f"{x} * {start} / {k * k}"
        elif kind == "large":
            term = f"{x} * {start}"
        elif kind == "waves":
            term = f"sin({x} * {k / 10!r})"
        elif kind == "series":
            term = f"exp(-{x} ** 2 * {k / 100!r})"
        elif kind == "products":
            term = f"{several[k % len(several)]} * {_constant(random)}"
        else:
            term = f"{'-' if k % 2 else ''}{x} ** 2 / {k}"
        s = w.let(f"{s} + {term}", "s")
    w.finish(_pick(random, [s, f"{s} ** 2", f"{s} / {count}", f"log(1 + abs({s}))"]))


def _product(random: Random, w: Writer) -> None:
    xs = [w.input("x", _number(random)) for _ in range(int(random.integers(1, 9)))]
    p = xs[0]
    for _ in range(int(random.integers(2, 30))):
        x, c = _pick(random, xs), _constant(random)
        size = abs(w.at(p))
        factors = [x, f"(1 + {x} * {c})", f"({c} - {x})", f"tanh({x})", f"exp({x} / 3)", f"(2 + sin({x}))"]
        factor = _pick(random, factors)
        if size > 1e3:
            p = w.let(f"{p} / (5 + {x} ** 2)", "p")
        elif size < 1e-3:
            p = w.let(f"{p} * (5 + {x} ** 2)", "p")
        else:
            p = w.let(f"{p} {'*' if random.random() < 0.8 else '/'} {factor}", "p")
    w.finish(_pick(random, [f"{p} * {p}", f"log(abs({p}))", f"{p} * {_constant(random)}", f"-{p}"]))


def _function(random: Random, w: Writer, x: str, z: str) -> str:
    """A random function of `x` and `z`, guarded likewise."""
    v, c, d = w.at(x), _constant(random), _constant(random)
    sign, other = (_pick(random, ["<", "<=", ">", ">=", "==", "!="]) for _ in range(2))
    chosen = f"where({x} {sign} {z} - {c}, {x} + {d}, {z} * {c})"
    choices = [
        f"atan({x})", f"erf({x})", f"erf({x} * {c})", f"softplus({x})", f"silu({x})", f"gelu({x})",
        f"leaky_relu({x})", f"square({x})", f"square({x}) / 5", f"hypot({x}, {c})",
        f"hypot({x}, {z} + {c})",
        chosen, chosen, f"where({x} {sign} {z}, {x} * {c}, {z} - {d})", f"where({x} {sign} {c}, {x}, {z})",
        f"({x} {other} {c}) * {z} + {x}", f"sign({x}) * {z} + {x}", f"{z} + {c} * floor({x} * 3)",
        f"{x} + round({x} * 2) * {z}", f"clip({x}, -{c}, {d})",
        f"clip({x}, {z} - {c}, {z} + {d}) + {x} / 3",
    ]  # fmt: skip
    if abs(v) < 5:
        choices += [f"sinh({x})", f"sinh({x} / 2)", f"cosh({x})", f"expm1({x} / 2)"]
    if abs(v) < 0.95:
        choices += [f"asin({x})", f"asin({x} / 2)", f"acos({x})", f"log1p({x})"]
    if abs(v) > 0.1:
        choices += [f"reciprocal({x})", f"cbrt({x})", f"atan2({x}, {z})", f"hypot({x}, {z})"]
    if v > 0.1:
        choices += [f"log2({x})", f"log10({x})", f"log10({x} + {c})", f"log1p({x})"]
    if abs(math.cos(v)) > 0.1 and abs(v) < 20:
        choices += [f"tan({x})", f"tan({x}) / {c}"]
    if abs(v) > 30:
        choices = [
            f"atan({x} / 20)",
            f"cbrt({x})",
            f"log2(1 + square({x}))",
            f"clip({x}, -3, 3) + {x} / 25",
        ]
    return _pick(random, choices)


def _functions(random: Random, w: Writer) -> None:
    pool = [w.input("x", _number(random)) for _ in range(int(random.integers(2, 5)))]
    for _ in range(int(random.integers(6, 24))):
        x, z = _pick(random, pool[-6:]), _pick(random, pool)
        pool.append(
            w.let(_binary(random, w, x, z) if random.random() < 0.15 else _function(random, w, x, z))
        )
    terms = [f"{_constant(random)} * {name}" for name in w.unused()]
    w.finish(_total(terms) if random.random() < 0.7 else f"atan({_total(terms)})")


# Losses and nets.


def _cross_entropy(random: Random, w: Writer, logits: Sequence[str], shifted: bool) -> str:
    """The expression of softmax cross-entropy against a random class, after its statements."""
    target = int(random.integers(len(logits)))
    if shifted:
        largest = logits[0]
        for z in logits[1:]:
            largest = w.let(f"max({largest}, {z})", "m")
        logits = [w.let(f"{z} - {largest}", "d") for z in logits]
    exps = [w.let(f"exp({z})", "e") for z in logits]
    total = w.let(_total(exps), "t")
    if random.random() < 0.5:
        return f"log({total}) - {logits[target]}"
    return f"-log({exps[target]} / {total})"


def _softmax(random: Random, w: Writer) -> None:
    count = int(random.integers(3, 9))
    scale = _decades(random, -1, 1)
    if random.random() < 0.5:
        logits = [w.input("z", scale * random.standard_normal()) for _ in range(count)]
    else:
        x = w.input("x", _number(random))
        weights = [w.input("w", scale * random.standard_normal()) for _ in range(count)]
        logits = [w.let(f"{v} * {x} + {_constant(random, sign=True)}", "z") for v in weights]
    w.finish(_cross_entropy(random, w, logits, shifted=random.random() < 0.6))


def _dense(random: Random, w: Writer, xs: Sequence[str], width: int, activation: str) -> list[str]:
    """A dense layer's outputs; an activation may be empty."""
    outputs = []
    for _ in range(width):
        weights = [w.input("w", random.standard_normal() / math.sqrt(len(xs))) for _ in xs]
        bias = w.input("b", 0.3 * random.standard_normal())
        terms = [f"{v} * {x}" for v, x in zip(weights, xs, strict=True)]
        z = f"{_total(terms)} + {bias}"
        if activation and random.random() < 0.5:
            outputs.append(w.let(f"{activation}({z})", "a"))
        else:
            z = w.let(z, "z")
            outputs.append(w.let(f"{activation}({z})", "a") if activation else z)
    return outputs


def _loss(random: Random, w: Writer, outputs: Sequence[str]) -> None:
    if len(outputs) > 1 and random.random() < 0.5:
        w.finish(_cross_entropy(random, w, outputs, shifted=random.random() < 0.5))
        return
    errors = [w.let(f"{a} - {w.input('y', _number(random))}", "r") for a in outputs]
    w.finish(f"({_total([f'{r} ** 2' for r in errors])}) / 2")


def _net(activation: str) -> Draw:
    def draw_into(random: Random, w: Writer) -> None:
        xs = [w.input("x", _number(random)) for _ in range(int(random.integers(1, 4)))]
        for _ in range(int(random.integers(1, 4))):
            xs = _dense(random, w, xs, int(random.integers(2, 4)), activation)
            if all(w.at(x) == 0 for x in xs):
                raise OutOfRange  # a dead layer: J depends on nothing
        _loss(random, w, _dense(random, w, xs, int(random.integers(1, 4)), ""))

    return draw_into


def _rnn(random: Random, w: Writer) -> None:
    width = int(random.integers(1, 3))
    drive = [w.input("u", _number(random)) for _ in range(width)]
    mix = [[w.input("w", random.standard_normal()) for _ in range(width)] for _ in range(width)]
    bias = [w.input("b", 0.2 * random.standard_normal()) for _ in range(width)]
    read = [w.input("v", _number(random)) for _ in range(width)]
    h = [w.input("h", 0.5 * random.standard_normal()) for _ in range(width)]
    for _ in range(int(random.integers(3, 11))):
        x = w.input("x", _number(random))
        h = [
            w.let(
                f"tanh({_total([f'{m} * {k}' for m, k in zip(row, h, strict=True)])} + {d} * {x} + {b})",
                "h",
            )
            for row, d, b in zip(mix, drive, bias, strict=True)
        ]
    out = w.let(_total([f"{v} * {k}" for v, k in zip(read, h, strict=True)]), "o")
    w.finish(f"({out} - {w.input('y', _number(random))}) ** 2 / 2")


# Where nudges are hard: scales, corners, edges, flat stretches, iterations.


def _scaled(random: Random) -> float:
    return _number(random, 1.0, 9.9) * 10.0 ** int(random.integers(-20, 20))


def _scales(random: Random, w: Writer) -> None:
    pool = [w.input("x", _scaled(random)) for _ in range(int(random.integers(2, 5)))]
    functions = ("tanh", "sin", "cos", "exp", "sigmoid")
    for _ in range(int(random.integers(3, 13))):
        x, z = _pick(random, pool[-4:]), _pick(random, pool)
        v, u = w.at(x), w.at(z)
        if v == 0 or u == 0:
            continue
        choices = ["add", "scale", "function", "root"]
        choices += ["times"] if 1e-25 < abs(v * u) < 1e25 else []
        choices += ["over"] if x != z and 1e-25 < abs(v / u) < 1e25 else []
        choices += ["square"] if 1e-25 < v * v < 1e25 else []
        kind = _pick(random, choices)
        near = repr(float(f"{abs(v / u) * _decades(random, -1, 1):.3g}"))
        unit = repr(float(f"{_decades(random, -1, 0.3) / abs(v):.3g}"))
        size = repr(float(f"{_decades(random, -20, 20):.3g}"))
        expression = {
            "add": f"{x} + {near} * {z}",
            "scale": f"{x} * {unit}",
            "function": f"{size} * {_pick(random, functions)}({unit} * {x})",
            "root": f"sqrt(abs({x}))" if random.random() < 0.5 else f"log(abs({x}))",
            "times": f"{x} * {z}",
            "over": f"{x} / {z}",
            "square": f"{x} ** 2",
        }[kind]
        pool.append(w.let(expression))
    ends = [n for n in w.unused() if w.at(n) != 0]
    if not ends:
        raise OutOfRange
    largest = max(abs(w.at(n)) for n in ends)
    terms = []
    for n in ends:
        if abs(w.at(n)) < largest / 100:
            terms.append(f"{n} * {largest / abs(w.at(n)) * _number(random, sign=False)!r}")
        else:
            terms.append(n)
    w.finish(_total(terms) if len(terms) > 1 else f"{terms[0]} * {_constant(random)}")


def _near_kinks(random: Random, w: Writer) -> None:
    x = w.input("x", _number(random))
    nearest = -12 if random.random() < 0.2 else -6  # below 1e-7 the kink lies within float32's spacing
    for _ in range(int(random.integers(1, 6))):
        v = w.at(x)
        if v == 0:
            x = w.let(f"{x} + {_constant(random)}")
            continue
        away = 1 + _decades(random, nearest, 0) * (1 if random.random() < 0.5 else -1)
        close = v * away
        kind = _pick(random, ["relu", "relu", "abs", "min", "max", "far"])
        c = repr(close) if close >= 0 else f"({close!r})"
        if kind == "far":
            x = w.let(_unary(random, w, x))
            continue
        if random.random() < 0.5:
            c = w.input("c", close)
        if kind == "relu" and random.random() < 0.3:
            k = _number(random)
            line = f"relu({w.input('w', k)} * {x} + {w.input('b', -k * close)}) + {x}"
        elif kind == "relu":
            line = _pick(random, [f"relu({x} - {c}) + {x}", f"relu({c} - {x}) * 2 - {x}"])
        elif kind == "abs":
            line = f"abs({x} - {c}) + {_constant(random)} * {x}"
        else:
            line = f"{kind}({x}, {c}) * {_constant(random)} + {x} / 3"
        x = w.let(line)
    w.finish(_pick(random, [f"{x} ** 2", f"sin({x})", f"{x} * {_constant(random)}", f"exp(-abs({x}))"]))


def _near_poles(random: Random, w: Writer) -> None:
    parts = []
    for _ in range(int(random.integers(1, 4))):
        distance = _decades(random, -8, 0)
        kind = _pick(random, ["itself", "itself", "difference", "product"])
        if kind == "itself":
            x = w.input("x", distance * _number(random, sign=False))
        else:
            x = w.input("x", _number(random, sign=False))
            edge = w.at(x)
            if kind == "product":
                k = w.input("w", _number(random, sign=False))
                edge *= w.at(k)
                x = f"{k} * {x}"
            c = repr(edge * (1 - distance))
            x = w.let(f"{x} - {w.input('c', float(c)) if random.random() < 0.3 else c}")
        c = _constant(random)
        if random.random() < 0.3:
            x = w.let(_pick(random, [f"{x} * {c}", f"{x} * exp({x})", f"tanh({x})", f"sin({x})"]))
        line = _pick(
            random,
            [f"log({x})", f"sqrt({x})", f"1 / {x}", f"{x} ** -2", f"{x} ** 0.5", f"{x} ** 1.5",
             f"{c} / {x}", f"{x} * log({x})", f"log({x}) ** 2", f"{x} ** -0.5", f"{x} ** {x}"],
        )  # fmt: skip
        parts.append(w.let(line))
    if len(parts) > 1 and random.random() < 0.5:
        w.finish(" * ".join(parts))
        return
    weighted = [f"{p} * {_number(random) / (abs(w.at(p)) or 1.0)!r}" for p in parts]
    w.finish(_total(weighted) if random.random() < 0.5 else f"tanh({_total(weighted)})")


def _saturated(random: Random, w: Writer) -> None:
    x = w.input("x", _number(random))
    parts = []
    for _ in range(int(random.integers(1, 5))):
        v = w.at(x)
        size = float(random.uniform(3, 40)) * (1 if random.random() < 0.5 else -1)
        k = size / v if abs(v) > 1e-3 else 1.0
        factor = repr(k) if k >= 0 else f"({k!r})"
        if random.random() < 0.6:
            factor = w.input("w", k)
        shift = f" + {w.input('b', _number(random))}" if random.random() < 0.4 else ""
        z = f"{factor} * {x}{shift}"
        if abs(v) <= 1e-3:
            z = f"{x} + {repr(size) if size > 0 else f'({size!r})'}"
        y = w.let(f"{_pick(random, ['tanh', 'sigmoid'])}({z})")
        parts.append(y)
        if random.random() < 0.5:
            x = y
    terms = [f"{_constant(random)} * {p}" for p in parts]
    s = _total(terms)
    w.finish(_pick(random, [s, f"({s} - {w.input('y', _number(random))}) ** 2", f"exp({s})"]))


def _self_correcting(random: Random, w: Writer) -> None:
    kind = _pick(random, ["sqrt", "cube", "inverse", "newton", "cosine", "sine", "map", "relaxed"])
    steps = int(random.integers(2, 9))
    a = w.input("w", _number(random, 0.3, 5, sign=False))
    v, off = w.at(a), float(random.uniform(0.7, 1.4))
    c = repr(float(random.uniform(0.2, 0.8)))
    start = {
        "sqrt": math.sqrt(v) * off,
        "newton": math.sqrt(v) * off,
        "cube": v ** (1 / 3) * off,
        "inverse": off / v,
    }.get(kind, _number(random))
    x = w.input("x", start)
    for _ in range(steps):
        x = w.let(
            {
                "sqrt": f"0.5 * ({x} + {a} / {x})",
                "newton": f"{x} - ({x} * {x} - {a}) / (2 * {x})",
                "cube": f"(2 * {x} + {a} / {x} ** 2) / 3",
                "inverse": f"{x} * (2 - {a} * {x})",
                "cosine": f"cos({x})",
                "sine": f"{c} * sin({x}) + {a}",
                "map": f"{c} * tanh({x}) + log({a})",
                "relaxed": f"{x} - {c} * ({x} - exp(-{x} / {a}))",
            }[kind],
            "x",
        )
    w.finish(_pick(random, [f"{x} * {a}", f"{x} + {a}", f"({x} - {_constant(random)}) ** 2", f"{x} ** 3"]))


FAMILIES: dict[str, Callable[[Random], Program]] = {
    name: _program(name, draw_into)
    for name, draw_into in {
        "chain": _chain,
        "dag": _dag,
        "sum": _sum,
        "product": _product,
        "softmax": _softmax,
        "tanh_net": _net("tanh"),
        "sigmoid_net": _net("sigmoid"),
        "relu_net": _net("relu"),
        "rnn": _rnn,
        "scales": _scales,
        "near_kinks": _near_kinks,
        "near_poles": _near_poles,
        "saturated": _saturated,
        "self_correcting": _self_correcting,
        "functions": _functions,
    }.items()
}


def draw(family: str, seed: int) -> Program:
    """The program of that family and seed, always the same."""
    return FAMILIES[family](np.random.default_rng([zlib.crc32(family.encode()), seed]))
