"""Crossings and time of our layout beside those of Graphviz's dot, on the same graphs, interleaved.

    python -m benchmarks.layout

writes `benchmarks/results/layout.txt`. Needs `dot` (Debian: graphviz); the package itself never does.

Crossings are counted edge by edge: dot says how many of its own cross (`dot -v`), ours are counted from the
bends; "as drawn" counts the bends that edges from one node share once. Times are the processor's, the least
of several; dot's includes the start of its process and the text of its result, ours is a call here.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from nudgegrad.graphs.graph import Graph
from nudgegrad.graphs.program import parse
from nudgegrad.views.layout import Layout, crossings, layout

HERE = Path(__file__).parent
RESULTS = HERE / "results"
EXERCISES = HERE.parent / "tests" / "data" / "exercises.json"
ROUNDS = 5
SAID = re.compile(r"mincross \S+: (\d+) crossings")


def net(*widths: int) -> str:
    """A fully connected tanh net, two statements a unit."""
    lines: list[str] = []
    before = [f"x{i}" for i in range(widths[0])]
    for layer, width in enumerate(widths[1:], 1):
        units = [f"h{layer}_{k}" for k in range(width)]
        for k, unit in enumerate(units):
            terms = [f"w{layer}_{k}_{i}*{x}" for i, x in enumerate(before)]
            lines += [f"z{layer}_{k} = {' + '.join(terms)} + b{layer}_{k}", f"{unit} = tanh(z{layer}_{k})"]
        before = units
    return "; ".join([*lines, f"J = {' + '.join(before)}"])


def wired(nodes: int, seed: int, window: int = 10, inputs: float = 0.3) -> str:
    """Statements of two operands, new inputs or among the last `window` statements; J is all the rest."""
    draw = random.Random(seed)
    lines: list[str] = []
    given = 0
    unused: dict[str, None] = {}
    while given + len(lines) < nodes - 1:
        taken = []
        for _ in range(2):
            if not lines or draw.random() < inputs:
                given += 1
                taken.append(f"p{given}")
            else:
                taken.append(f"a{draw.randrange(max(0, len(lines) - window), len(lines))}")
        for name in taken:
            unused.pop(name, None)
        unused[f"a{len(lines)}"] = None
        lines.append(f"a{len(lines)} = {taken[0]} * {taken[1]} + 1")
    return "; ".join([*lines, f"J = {' + '.join(unused)}"])


def families() -> Iterator[tuple[str, list[str]]]:
    """Names and programs."""
    exercises = json.loads(EXERCISES.read_text(encoding="utf-8"))["exercises"]
    yield "the course's 15", [e["program"] for e in exercises]
    yield "net 2-4-1", [net(2, 4, 1)]
    yield "net 4-8-8-2", [net(4, 8, 8, 2)]
    yield "net 6-10-10-4", [net(6, 10, 10, 4)]
    for nodes, seeds in ((30, 20), (60, 20), (100, 10), (300, 5)):
        yield f"wired {nodes}", [wired(nodes, seed) for seed in range(seeds)]
    yield "wired 100, far", [wired(100, seed, window=30) for seed in range(10)]
    yield "wired 100, inputs", [wired(100, seed, inputs=0.5) for seed in range(10)]
    yield "wired 300, far", [wired(300, seed, window=300) for seed in range(3)]


def each_on_its_own(places: Layout) -> int:
    """How often edges cross, each counted on its own, naively; a check of the library's count as well."""
    between: dict[int, list[tuple[float, float]]] = {}
    for edge in places.edges:
        points = [places.at[edge.start], *edge.via, places.at[edge.end]]
        if len(points) == points[-1][0] - points[0][0] + 1:
            for (layer, row), (_, next_row) in pairwise(points):
                between.setdefault(layer, []).append((row, next_row))
    return sum(
        (a - c) * (b - d) < 0
        for found in between.values()
        for k, (a, b) in enumerate(found)
        for c, d in found[:k]
    )


def ours(graph: Graph) -> tuple[int, float, int, float, float]:
    """Crossings, seconds, crossings as drawn, bends a node, and the share of edges that go without."""
    began = time.process_time()
    places = layout(graph)
    taken = time.process_time() - began
    without = sum(not e.via and places.at[e.end][0] - places.at[e.start][0] > 1 for e in places.edges)
    bends = sum(len(e.via) for e in places.edges)
    shares = bends / len(places.at), without / max(1, len(places.edges))
    return each_on_its_own(places), taken, crossings(places), *shares


def theirs(graph: Graph) -> tuple[int, float]:
    """Crossings and seconds of dot."""
    lines = ";".join(f"{e.start}->{e.end}" for e in layout(graph).edges)
    text = f"digraph{{rankdir=LR;node[shape=box];{lines}}}"
    began = os.times()
    done = subprocess.run(["dot", "-v", "-Tplain"], input=text, capture_output=True, text=True, check=True)
    ended = os.times()
    taken = ended.children_user + ended.children_system - began.children_user - began.children_system
    return sum(int(found) for found in SAID.findall(done.stderr)[-1:]), taken


def row(first: str, *others: object) -> str:
    """A line of the table."""
    return f"{first:<18}" + "".join(f"{other!s:>11}" for other in others)


def main() -> int:
    """Lay out every family with both, and print sums of crossings and the median graph's milliseconds."""
    if shutil.which("dot") is None:
        print("there is no dot; Debian has it in the package graphviz", file=sys.stderr)
        return 2
    version = subprocess.run(["dot", "-V"], capture_output=True, text=True, check=True).stderr.strip()
    head = (
        "family",
        "graphs",
        "nodes",
        "crossings",
        "dot",
        "ratio",
        "as drawn",
        "ms",
        "dot ms",
        "bends/node",
    )
    lines = [row(*head, "without")]
    for name, programs in families():
        graphs = [parse(program) for program in programs]
        found = [[(ours(graph), theirs(graph)) for _ in range(ROUNDS)] for graph in graphs]
        mine, drawn = (sum(one[0][0][k] for one in found) for k in (0, 2))
        dots = sum(one[0][1][0] for one in found)
        times = [[1e3 * min(pair[k][1] for pair in one) for one in found] for k in (0, 1)]
        milliseconds = [f"{statistics.median(one):.1f}" for one in times]
        bends, without = (statistics.mean(one[0][0][k] for one in found) for k in (3, 4))
        sizes = len(graphs), max(len(graph.names) for graph in graphs)
        ratio = f"{mine / dots if dots else 1:.2f}"
        counts = f"{mine:,}", f"{dots:,}", ratio, f"{drawn:,}"
        lines.append(row(name, *sizes, *counts, *milliseconds, f"{bends:.1f}", f"{without:.1%}"))
    text = "\n".join([*lines, version])
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "layout.txt").write_text(text + "\n")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
