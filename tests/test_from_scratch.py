"""The hundred lines from scratch: equal to the library, and explained line by line."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import nudgegrad as ng
from examples import from_scratch
from nudgegrad.graphs.graph import ROWS

ROOT = Path(__file__).parents[1]
SOURCE = (ROOT / "examples/from_scratch.py").read_text(encoding="utf-8")
PAGE = (ROOT / "docs/from_scratch.md").read_text(encoding="utf-8")
BINARY, UNARY = ("+", "-", "*", "/"), ("exp", "tanh", "relu")


def program(seed: int) -> tuple[list[str], dict[str, float]]:
    """Statements in which everything may be used again, and their inputs."""
    rng = random.Random(seed)
    values = {name: rng.uniform(0.5, 1.5) for name in "uvw"}
    names, lines = list(values), []
    for k in range(rng.randint(3, 8)):
        one, other = rng.choice(names), rng.choice(list(values))
        if rng.random() < 0.4:
            lines.append(f"a{k} = {rng.choice(UNARY)}({one} / 4)")
        else:
            lines.append(f"a{k} = {one} {rng.choice(BINARY)} {other}")
        names.append(f"a{k}")
    return [*lines, f"J = {names[-1]} + {names[3]} * u * v * w"], values


def both(seed: int) -> tuple[dict[str, Any], ng.Run]:
    """The names of a program from scratch, and the library's run."""
    lines, values = program(seed)
    space: dict[str, Any] = {name: getattr(from_scratch, name) for name in UNARY}
    space |= {name: from_scratch.Node(value) for name, value in values.items()}
    exec("\n".join(lines), space)
    return space, ng.graph("; ".join(lines)).at(values)


def rounding(run: ng.Run) -> float:
    """How far off J can be: of every operation its claim, carried to J (Higham 2002, section 3.8)."""
    graph, total = run.graph, 0.0
    for i in range(len(graph)):
        if graph.codes[i] >= 0:
            half_ulp = run.format.u * abs(run.value_array[i])
            total += abs(run.adjoint_array[i]) * ROWS[graph.codes[i]].claim(run.format) * half_ulp
    return total


@pytest.mark.parametrize("seed", range(60))
def test_it_agrees_with_the_library(seed: int) -> None:
    space, run = both(seed)
    assert abs(space["J"].value - run.value("J")) <= 2 * rounding(run)  # both are off by that
    table = ng.nudges(run)
    for _ in range(2):  # a second time changes nothing
        from_scratch.backward(space["J"])
        for name, n in table.items():
            if name in space:
                own = len(run.graph) * run.format.u * abs(n.adjoint)  # it multiplies in another order
                assert abs(space[name].derivative - n.adjoint) <= 2 * n.adjoint_bar + own, name


@pytest.mark.parametrize("seed", range(20))
def test_its_nudges_agree_with_the_librarys(seed: int) -> None:
    space, run = both(seed)
    for name, n in ng.nudges(run).items():
        if n.verdict == "pass" and name in space:
            h = from_scratch.SPACING ** (1 / 3) * max(1.0, abs(n.value))
            off = (
                abs(n.factors.third) * h**2 / 6 + rounding(run) / h
            )  # docs/theory.md: the two errors of a V
            by_nudge = from_scratch.nudge(space["J"], space[name])
            assert abs(by_nudge - n.estimate) <= n.bar + 2 * off, name  # twice: both vary up to v + h


def test_a_wrong_slope_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    w = from_scratch.Node(0.7)
    end = from_scratch.tanh(w) * w
    monkeypatch.setattr(end.parents[0], "slopes", lambda v: (1 - v,))
    from_scratch.backward(end)
    assert abs(w.derivative - from_scratch.nudge(end, w)) > 0.01


def test_it_is_short_and_stands_alone() -> None:
    assert SOURCE.count("\n") <= 100
    assert set(re.findall(r"^(?:import|from) (\w+)", SOURCE, re.M)) == {"math", "itertools"}


def test_the_page_shows_every_line_in_order() -> None:
    shown = "\n".join(re.findall(r"^```python\n(.+?)\n```$", PAGE, re.M | re.S))
    assert shown.split() == SOURCE.split()
    (printed,) = re.findall(r"^```text\n(.+?)```$", PAGE, re.M | re.S)
    said = subprocess.run(
        [sys.executable, ROOT / "examples/from_scratch.py"], capture_output=True, text=True, check=True
    )
    assert said.stdout == printed
