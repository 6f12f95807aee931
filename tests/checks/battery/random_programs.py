"""Random differentiable programs with their exact gradient, and six wrong gradients of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from tests.checks.battery.case import Case
from tests.checks.battery.changed import changed, part_times, rolled, times, transposed
from tests.checks.battery.reverse import ELEMENTWISE, RULES, Program, Step, gradient, output

LARGEST = 12.0  # of all values; float16 has room for their products
STEEP = ("exp", "square", "cube")  # not of large values
SHARE = 1e-2  # of the whole gradient's length, relative to x, that every block has at least
ATTEMPTS = 200
FACTORS = (2.0, 0.5, 3.0, 10.0, 0.25, -2.0, 1.1, 0.9, 1.01)
RELATIVE = (1.0, -1.0, -2.0, 0.5, 0.1, 0.01)

Random = np.random.Generator
Write = Callable[..., int]  # rule, inputs, detail -> the place of the new value


def _joined(random: Random, found: list[Any], write: Write, i: int) -> int | None:
    """A step that takes value i and another one, where there is one whose shape fits."""
    x = found[i]
    j = int(random.integers(len(found)))
    z = found[j]
    fitting = []
    if x.shape == z.shape or (
        z.ndim <= x.ndim and all(n in (1, m) for n, m in zip(z.shape[::-1], x.shape[::-1], strict=False))
    ):
        fitting += ["add", "subtract", "multiply", "divide"]
    if x.ndim == z.ndim == 2 and x.shape[1] == z.shape[0]:
        fitting += ["matmul"] * 4
    if x.ndim == z.ndim == 2 and x.shape[1] == z.shape[1] and len(x) + len(z) <= 10:
        fitting += ["concatenate"]
    if not fitting:
        return None
    rule = fitting[int(random.integers(len(fitting)))]
    return write(rule, i, j, detail=0 if rule == "concatenate" else None)


def _alone(random: Random, found: list[Any], write: Write, i: int) -> int:
    """A step that takes value i alone."""
    x = found[i]
    names = list(ELEMENTWISE)
    if x.ndim == 0 or random.random() < 0.5:
        name = names[int(random.integers(len(names)))]
        return write("tanh" if name in STEEP and np.max(np.abs(x)) > 5 else name, i)
    axis = int(random.integers(x.ndim))
    rules = ["softmax", "sum", "mean", "log-sum-exp", "cumulative sum", "scale"]
    rules += ["transpose", "norm"] if x.ndim == 2 and x.shape[1] > 2 else []
    rules += ["first"] if len(x) > 2 else []
    rule = rules[int(random.integers(len(rules)))]
    detail: Any = axis
    if rule == "scale":
        detail = float(random.choice([-1.5, 0.3, 0.7, 2.0]))
    if rule == "first":
        detail = len(x) - 1
    return write(rule, i, detail=detail if rule not in ("transpose", "norm") else None)


def _drawn(random: Random) -> tuple[Program, dict[str, Any], list[Any]] | None:
    n, k = (int(s) for s in random.integers(3, 6, 2))
    shapes = {"A": (n, n), "B": (n, k), "c": (n,), "d": (k,), "E": (k, n), "s": ()}
    chosen = ["A", *(name for name in list(shapes)[1:] if random.random() < 0.5)]
    x = {name: np.asarray(random.normal(size=shapes[name]) * random.choice([0.3, 1, 2])) for name in chosen}
    data = [random.normal(size=(n, k)), random.normal(size=(n,))]
    found = [*x.values(), *data]
    steps: list[Step] = []
    first = len(found)
    used: set[int] = set(range(len(x), first))

    def write(rule: str, *inputs: int, detail: Any = None) -> int:
        steps.append(Step(rule, inputs, detail))
        found.append(RULES[rule][0](detail, *(found[j] for j in inputs)))
        used.update(inputs)
        if np.max(np.abs(found[-1])) > LARGEST:
            steps.append(Step("arctan", (len(found) - 1,)))
            used.add(len(found) - 1)
            found.append(np.arctan(found[-1]))
        return len(found) - 1

    for _ in range(int(random.integers(5, 16))):
        i = (
            int(random.integers(len(found)))
            if random.random() < 0.4
            else len(found) - 1 - int(random.integers(3))
        )
        if random.random() < 0.5 or _joined(random, found, write, i) is None:
            _alone(random, found, write, i)

    # Whatever nobody used is weighed and added: weights are constants, which stand before the steps.
    loose = [i for i in range(len(found)) if i not in used]
    weights = [random.normal(size=found[i].shape) for i in loose]
    shift = len(weights)

    def moved(i: int) -> int:
        return i + shift if i >= first else i

    steps = [replace(step, inputs=tuple(map(moved, step.inputs))) for step in steps]
    last = None
    for number, i in enumerate(loose):
        steps.append(Step("total", (moved(i), first + number)))
        place = first + shift + len(steps) - 1
        if last is not None:
            steps.append(Step("add", (last, place)))
            place += 1
        last = place
    if last is None:
        return None
    constants = [*data, *weights]
    return Program(tuple(x), len(constants), tuple(steps)), x, constants


def _shares(g: dict[str, Any], x: dict[str, Any]) -> dict[str, float]:
    """The length of each block's gradient, entries weighed by x."""
    return {name: float(np.linalg.norm(g[name] * x[name])) for name in x}


def program_case(seed: int) -> Case:
    """A random program and its right gradient."""
    random = np.random.default_rng((seed, 4))
    for _ in range(ATTEMPTS):
        drawn = _drawn(random)
        if drawn is None:
            continue
        program, x, constants = drawn
        right = gradient(x, constants, program)
        shares, by_a = _shares(right, x), right["A"]
        length = float(np.linalg.norm(list(shares.values())))
        alike = min(float(np.linalg.norm(by_a - other)) for other in (by_a.T, np.roll(by_a, 1, axis=0)))
        if 0.1 < length < 1000 and min(*shares.values(), alike) > SHARE * length:
            f, g = partial(output, program=program), partial(gradient, program=program)
            return Case(f"program {seed}", f, x, g, (constants,))
    raise RuntimeError(f"no program with seed {seed}")


def _ordinary(random: Random, share: Any) -> tuple[int, ...]:
    """An entry among the larger half of a block."""
    flat = np.abs(np.ravel(share))
    chosen = random.choice(np.flatnonzero(flat >= np.median(flat)))
    return tuple(int(i) for i in np.unravel_index(chosen, np.shape(share)))


def _without_a_term(case: Case, random: Random) -> Case:
    """One share that a value owes to one of its uses is forgotten; wrong are the blocks that feed it."""
    program: Program = case.grad.keywords["program"]  # type: ignore[attr-defined]  # a partial
    right = case.gradient()
    shares = _shares(right, case.x)
    edges = [(k, place) for k, step in enumerate(program.steps) for place in range(len(step.inputs))]
    best, best_size = case, 0.0
    for k in random.permutation(len(edges)):
        grad = partial(gradient, program=program, dropped=edges[k])
        claim = grad(case.x, *case.args)
        lost = _shares({name: claim[name] - right[name] for name in right}, case.x)
        sizes = {name: lost[name] / shares[name] for name in lost if lost[name]}
        if sizes and min(sizes.values()) > best_size:
            best_size = min(sizes.values())
            wrong = "missing term"
            best = replace(
                case, name=f"{case.name}: {wrong}", grad=grad, wrong=wrong, blocks=frozenset(sizes)
            )
        if best_size > 0.1:
            break
    return best


def wrong_cases(seed: int) -> list[Case]:
    """Six wrong gradients: scaled, one entry, sign, transposed, a term missing, rows out of place."""
    case = program_case(seed)
    random = np.random.default_rng((seed, 6))
    right = case.gradient()

    def block() -> str:
        return str(random.choice(list(case.x)))

    factor = float(random.choice(FACTORS))
    of_entry, relative = block(), float(random.choice(RELATIVE))
    index = _ordinary(random, right[of_entry] * case.x[of_entry])
    rows = [
        name
        for name in case.x
        if case.x[name].ndim and np.linalg.norm(right[name] - np.roll(right[name], 1, axis=0)) > SHARE
    ]
    return [
        changed(case, f"{factor:g} times", {block(): times(factor)}, f"true = {1 / factor:g} x claimed"),
        changed(
            case, f"one entry {1 + relative:g} times", {of_entry: part_times(index, 1 + relative)},
            entries=((of_entry, index),),
        ),
        changed(case, "sign", {block(): times(-1)}, "true = -1 x claimed"),
        changed(case, "transposed", {"A": transposed}, "transposed"),
        _without_a_term(case, random),
        changed(case, "rows out of place", {str(random.choice(rows or ["A"])): rolled(0)}),
    ]  # fmt: skip
