"""The op table as torch has it: its functions, and the formulas of its backward, to bound its adjoints by.

A row here is one of ours with torch's partial in its place (torch 2, `tools/autograd/derivatives.yaml`) and
a claim that holds for both libraries. What `nudgegrad.nudging.rounding` makes of such rows is the running
error of torch's own backward.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from nudgegrad.formats import FORMATS
from nudgegrad.graphs.ops import OPS, Op, reciprocal, variable_power
from nudgegrad.nudging.rounding import adjoint_bar, sweep
from nudgegrad.sweeps.evaluate import Step, plan, replay
from nudgegrad.sweeps.run import Run

TYPES = {"float64": torch.float64, "float32": torch.float32}
ULP = 2.0  # half-ulps: what torch's vectorised functions promise (SLEEF, "u10")
SIGMOID = 2 * (ULP + 2.0)  # 1 / (1 + exp(-x)): a function and two operations, in half-ulps of 1 to 2
ORDER = 2.0  # factors in another order: one relative rounding is up to twice another's half-spacing

NAMESAKES = ("exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid", "relu")
FUNCTIONS: Mapping[str, Callable[..., torch.Tensor]] = {
    "+": torch.add,
    "-": torch.sub,
    "*": torch.mul,
    "/": torch.div,
    "neg": torch.neg,
    "copy": torch.clone,
    "**": torch.pow,
    "**z": torch.pow,
    "abs": torch.abs,
    "min": torch.minimum,
    "max": torch.maximum,
    **{name: getattr(torch, name) for name in NAMESAKES},
}
PARTIALS: Mapping[str, Any] = {
    "/": lambda x, z, _: (reciprocal(z), -((x * reciprocal(z)) * reciprocal(z))),
    "tanh": lambda _, y: (1 - y * y,),
    "sigmoid": lambda _, y: ((1 - y) * y,),
    "sqrt": lambda _, y: (reciprocal(2 * y),),
    "**": lambda x, z, _: (z * variable_power(x, z - 1), None),
}


def _row(name: str) -> Op:
    row, least = OPS[name], SIGMOID if name == "sigmoid" else ULP
    ours = {f: row.claim(fmt) for f, fmt in FORMATS.items()}
    claims = {f: c if c <= 1 else max(c, least) for f, c in ours.items()}
    return dataclasses.replace(row, half_ulps=claims, partials=PARTIALS.get(name, row.partials))


ROWS: Mapping[str, Op] = {name: _row(name) for name in FUNCTIONS}


def adjoints(run: Run, nodes: Sequence[int]) -> list[float]:
    """Torch's adjoints of some nodes, each op taken at the values that the run has: what torch computes for
    a node is shifted to the run's value by a constant before anything else uses it."""
    graph, kind = run.graph, TYPES[run.format.name]
    values = [torch.tensor(v, dtype=kind) for v in run.value_array.tolist()]
    found: list[torch.Tensor] = []
    for i, v in enumerate(values):
        row = graph.op(i)
        if row is None:
            found.append(v.requires_grad_(i not in graph.constants))
            continue
        y = FUNCTIONS[row.name](*(found[j] for j in graph.args(i)))
        found.append(y + (v - y).detach())  # exactly v: both are close (Sterbenz)
        assert found[-1] == v
    grads = torch.autograd.grad(found[graph.output], [found[i] for i in nodes], allow_unused=True)
    return [0.0 if g is None else float(g) for g in grads]


def bars(run: Run, nodes: Sequence[int], theirs: bool) -> npt.NDArray[np.float64]:
    """How far the adjoints of some nodes can be off by rounding: torch's, or ours."""
    p = plan(run.graph, nodes)
    if theirs:
        p = dataclasses.replace(p, steps=tuple(_in_torch(step, run) for step in p.steps))
    held = run.value_array
    s = sweep(p, held, replay(p, held, held[list(nodes)][:, None]), run.format)
    return (ORDER if theirs else 1.0) * adjoint_bar(s, held, run.format)


def _in_torch(step: Step, run: Run) -> Step:
    if step.row is None:
        return step
    row = ROWS[step.row.name]
    if step.row.name == "**" and not run.value_array[step.args[0]] > 0:
        row = dataclasses.replace(row, partials=step.row.partials)  # whole exponents: z - 1 is exact
    return dataclasses.replace(step, row=row)
