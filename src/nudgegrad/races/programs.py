"""Large scalar programs of ten families, of about any number of nodes: for races, benchmarks and tests.

Each is a program's text with the values of its inputs. The same name, size and seed give the same program.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

Random = np.random.Generator
COURSE = 290_499  # nodes of the sparse net with the course's 10,000 neurons and 100,000 parameters
FAN = 9  # weights of a neuron of that net
NEURON = 3 * FAN + 2  # its nodes: the weights and the bias, as many products, sums, and tanh
DEEP = 0.16  # layers for each neuron of a layer
PARAMETERS = ("w", "b")  # letters of what is learned


@dataclass
class Program:
    """A text and the values of its inputs."""

    lines: list[str] = field(default_factory=list)
    values: dict[str, float] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The statements, a line each."""
        return "\n".join(self.lines)

    @property
    def parameters(self) -> list[str]:
        """The names of weights and biases."""
        return [name for name in self.values if name[0] in PARAMETERS]

    def input(self, value: float, letter: str = "w") -> str:
        """A new input's name."""
        name = f"{letter}{len(self.values)}"
        self.values[name] = float(value)
        return name

    def let(self, expression: str, letter: str = "a") -> str:
        """The name of a new statement."""
        name = f"{letter}{len(self.lines)}"
        self.lines.append(f"{name} = {expression}")
        return name

    def finish(self, expression: str) -> None:
        """Assign J."""
        self.lines.append(f"J = {expression}")

    def inputs(self, random: Random, count: int, scale: float = 1.0, letter: str = "w") -> list[str]:
        """New inputs, normally distributed."""
        return [self.input(v, letter) for v in scale * random.standard_normal(count)]

    def matrix(self, random: Random, rows: int, columns: int) -> list[list[str]]:
        """New weights."""
        return [self.inputs(random, columns, columns**-0.5) for _ in range(rows)]

    def apply(self, matrix: Sequence[Sequence[str]], x: Sequence[str], wrap: str = "{}") -> list[str]:
        """Statements of a matrix times a vector."""
        return [self.let(wrap.format(dot(row, x)), "z") for row in matrix]


def dot(a: Sequence[str], b: Sequence[str]) -> str:
    """A sum of products."""
    return " + ".join(f"{x} * {z}" for x, z in zip(a, b, strict=True))


def squares(p: Program, random: Random, x: Sequence[str]) -> str:
    """A sum of squared distances from new targets."""
    targets = p.inputs(random, len(x), letter="y")
    return " + ".join(f"({v} - {y}) ** 2" for v, y in zip(x, targets, strict=True))


def entropy(p: Program, logits: Sequence[str], target: int) -> str:
    """The cross-entropy of a softmax."""
    exps = [p.let(f"exp({z})", "e") for z in logits]
    total = p.let(" + ".join(exps), "t")
    return f"log({total}) - {logits[target]}"


def _mlp(p: Program, random: Random, size: int) -> None:
    """Three layers of one width with tanh, then a squared loss."""
    width = max(2, round(math.sqrt(size / 9)))
    x = p.inputs(random, width, letter="x")
    for _ in range(3):
        rows = [
            [*row, p.input(0.1 * random.standard_normal(), "b")] for row in p.matrix(random, width, width)
        ]
        x = p.apply(rows, [*x, "1"], "tanh({})")
    p.finish(squares(p, random, x[: max(1, width // 10)]))


def _swish(p: Program, random: Random, size: int) -> None:
    """Two layers with x * sigmoid(x), then softmax cross-entropy."""
    width = max(3, round(math.sqrt(size / 9)))
    x = p.inputs(random, width, letter="x")
    for _ in range(2):
        x = [p.let(f"{z} * sigmoid({z})") for z in p.apply(p.matrix(random, width, width), x)]
    logits = p.apply(p.matrix(random, width, width), x)
    p.finish(entropy(p, logits, int(random.integers(width))))


def _residual(p: Program, random: Random, size: int) -> None:
    """Residual blocks, each after layer norm."""
    blocks = 3
    width = max(3, round(math.sqrt(size / (3 * blocks))))
    x = p.inputs(random, width, letter="x")
    for _ in range(blocks):
        mean = p.let(f"({' + '.join(x)}) / {width}", "m")
        centred = [p.let(f"{v} - {mean}", "c") for v in x]
        spread = p.let(f"sqrt(({' + '.join(f'{c} ** 2' for c in centred)}) / {width} + 0.001)", "s")
        normal = [p.let(f"{c} / {spread}", "n") for c in centred]
        moved = p.apply(p.matrix(random, width, width), normal, "tanh({})")
        x = [p.let(f"{v} + {m}") for v, m in zip(x, moved, strict=True)]
    p.finish(squares(p, random, x))


def _attention(p: Program, random: Random, size: int) -> None:
    """Attention whose queries, keys and values share one matrix for all positions."""
    width = 4
    steps = max(2, round(math.sqrt(size / (4 * width + 4))))
    q, k, v = (p.matrix(random, width, width) for _ in range(3))
    xs = [p.inputs(random, width, letter="x") for _ in range(steps)]
    queries, keys, values = ([p.apply(m, x) for x in xs] for m in (q, k, v))
    out = []
    for query in queries:
        exps = [p.let(f"exp(({dot(query, key)}) / {math.sqrt(width)!r})", "e") for key in keys]
        total = p.let(" + ".join(exps), "t")
        shares = [p.let(f"{e} / {total}", "p") for e in exps]
        out += [p.let(dot(shares, [value[j] for value in values])) for j in range(width)]
    p.finish(squares(p, random, out))


def _rnn(p: Program, random: Random, size: int) -> None:
    """A recurrent net with tanh: the same weights at every step."""
    width = 6
    steps = max(2, size // (2 * width * width + 4 * width))
    mix, drive = p.matrix(random, width, width), p.inputs(random, width)
    h = p.inputs(random, width, 0.5, "i")
    for _ in range(steps):
        x = p.input(random.standard_normal(), "x")
        h = [p.let(f"tanh({dot(row, h)} + {d} * {x})", "h") for row, d in zip(mix, drive, strict=True)]
    p.finish(squares(p, random, h))


def _lstm(p: Program, random: Random, size: int) -> None:
    """An LSTM: the same four matrices at every step."""
    width = 4
    steps = max(2, size // (8 * width * width + 20 * width))
    gates = [p.matrix(random, width, width) for _ in range(4)]
    drives = [p.inputs(random, width) for _ in range(4)]
    h, c = p.inputs(random, width, 0.5, "i"), p.inputs(random, width, 0.5, "k")
    for _ in range(steps):
        x = p.input(random.standard_normal(), "x")
        found = []
        for gate, drive, name in zip(gates, drives, ("sigmoid", "sigmoid", "sigmoid", "tanh"), strict=True):
            sums = [f"{dot(row, h)} + {d} * {x}" for row, d in zip(gate, drive, strict=True)]
            found.append([p.let(f"{name}({s})", "g") for s in sums])
        keep, write, read, new = found
        c = [p.let(f"{f} * {v} + {i} * {n}", "c") for f, v, i, n in zip(keep, c, write, new, strict=True)]
        h = [p.let(f"{o} * tanh({v})", "h") for o, v in zip(read, c, strict=True)]
    p.finish(squares(p, random, h))


def _dag(p: Program, random: Random, size: int) -> None:
    """Random operations on random earlier results."""
    pool = p.inputs(random, max(4, size // 20), letter="x")
    kinds = ["{x} * {z}", "{x} + {z}", "{x} - {z}", "tanh({x})", "sin({x})", "{x} / (2 + {z} ** 2)",
             "sqrt(1 + {x} ** 2)", "exp(-{x} ** 2)", "0.5 * {x} + {z}"]  # fmt: skip
    used: set[str] = set()
    while len(p.lines) < size // 3:
        x, z = pool[-int(random.integers(1, min(len(pool), 60) + 1))], pool[int(random.integers(len(pool)))]
        used |= {x, z}
        inner = kinds[int(random.integers(len(kinds)))].format(x=x, z=z)
        pool.append(p.let(f"tanh({inner})" if len(p.lines) % 4 == 0 else f"({inner}) / 2"))
    p.finish(f"({' + '.join(v for v in pool if v not in used)}) / 10")


def _sum(p: Program, random: Random, size: int) -> None:
    """A long sum of products, then a function of it."""
    count = max(3, size // 4)
    total = dot(p.inputs(random, count), p.inputs(random, count, count**-0.5, "x"))
    p.finish(f"tanh({p.let(total, 's')}) ** 2")


def _product(p: Program, random: Random, size: int) -> None:
    """A long product of numbers near 1, then a function of it."""
    count = max(3, size // 2)
    factors = [p.input(v) for v in np.exp(random.standard_normal(count) / math.sqrt(count))]
    p.finish(f"log(1 + {p.let(' * '.join(factors), 's')} ** 2)")


def _sparse(p: Program, random: Random, size: int) -> None:
    """Layers of one width, each neuron with nine weights and a bias: at `COURSE` nodes the course's 10,000
    neurons and 100,000 parameters, in 40 layers of 250. The first weight is of the neuron in the same place
    one layer before, so that J depends on every parameter."""
    layers = max(2, round(math.sqrt(DEEP * size / NEURON)))
    width = max(2, round((size + 1) / (layers * NEURON + 2)))
    x = p.inputs(random, width, letter="x")
    for _ in range(layers):
        y = []
        for here in range(width):
            others = random.choice(width - 1, min(FAN, width) - 1, replace=False)
            chosen = [x[here], *(x[(here + 1 + int(k)) % width] for k in others)]
            weights = p.inputs(random, len(chosen), len(chosen) ** -0.5)
            bias = p.input(0.1 * random.standard_normal(), "b")
            y.append(p.let(f"tanh({dot(weights, chosen)} + {bias})"))
        x = y
    p.finish(" + ".join(x))


FAMILIES: dict[str, Callable[[Program, Random, int], None]] = {
    "mlp": _mlp, "swish": _swish, "residual": _residual, "attention": _attention, "rnn": _rnn, "lstm":
    _lstm, "dag": _dag, "sum": _sum, "product": _product, "sparse": _sparse,
}  # fmt: skip


def program(family: str, size: int, seed: int = 0) -> Program:
    """The program of that family, of about that many nodes."""
    made = Program()
    FAMILIES[family](made, np.random.default_rng([zlib.crc32(family.encode()), seed]), size)
    used = set(re.findall(r"[a-z]\d+", made.text))
    made.values = {name: value for name, value in made.values.items() if name in used}
    return made
