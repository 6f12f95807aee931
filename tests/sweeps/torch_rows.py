"""The op table as torch has it: its functions, and the formulas of its backward, to bound its adjoints by.

A row here is a row of the op table with torch's partial in place of ours (torch 2, `derivatives.yaml`) and
with the claim of its vectorised functions, 1 ulp (SLEEF's ``u10``). What `nudgegrad.nudging.rounding` makes
of such rows is the running error of torch's own backward.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from nudgegrad.graphs.ops import OPS, Op, reciprocal
from nudgegrad.nudging.rounding import Sweep, adjoint_bar, sweep
from nudgegrad.sweeps.evaluate import Plan, replay
from nudgegrad.sweeps.run import Run

TYPES = {"float64": torch.float64, "float32": torch.float32}
ULP = 2.0  # half-ulps
TWICE = 2.0  # so much larger than half a spacing can one relative rounding be: another order of factors

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
    **{name: getattr(torch, name) for name in "exp log sqrt sin cos tanh sigmoid relu".split()},
}


def _row(name: str, partials: Any = None) -> Op:
    row = OPS[name]
    claim = max(ULP, float(row.half_ulps)) if isinstance(row.half_ulps, int | float) else ULP
    claim = row.half_ulps if row.half_ulps in (0, 1) else claim
    return dataclasses.replace(row, half_ulps=claim, partials=partials or row.partials)


ROWS: Mapping[str, Op] = {
    **{name: _row(name) for name in FUNCTIONS},
    "/": _row("/", lambda x, z, y: (reciprocal(z), -((x * reciprocal(z)) * reciprocal(z)))),
    "tanh": _row("tanh", lambda x, y: (1 - y * y,)),
    "sigmoid": _row("sigmoid", lambda x, y: ((1 - y) * y,)),
    "sqrt": _row("sqrt", lambda x, y: (reciprocal(2 * y),)),
}
