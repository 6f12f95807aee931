"""Derivatives you can trust on computation graphs: each node's own best nudge, and an error bar."""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # as type checkers read it; importing typing would cost more than all the rest
if TYPE_CHECKING:  # what they see of the lazy names below
    from typing import Any

    from .accuracy.enclosure import Enclosure, enclose
    from .accuracy.roundoff import Roundoff, roundoff
    from .blackbox.entry import derivative, gradient, jacobian
    from .blackbox.result import Derivative, Derivatives
    from .checks.assertions import assert_gradient
    from .checks.drop_in import check_grad
    from .checks.entry import check
    from .checks.result import Check
    from .errors import (
        BindingError,
        EvaluationError,
        FormatError,
        NodeError,
        NudgegradError,
        ProgramError,
        UsageError,
    )
    from .graphs.entry import graph
    from .graphs.graph import Graph
    from .labs.entry import Lab, lab
    from .nudging.table import Nudge, NudgeTable, Verdict, nudges
    from .sweeps.run import Run
    from .views.explain import explain
    from .views.lesson import Lesson

__version__ = "0.1.0"

_HOMES = {
    "BindingError": "errors",
    "Check": "checks.result",
    "Derivative": "blackbox.result",
    "Derivatives": "blackbox.result",
    "Enclosure": "accuracy.enclosure",
    "EvaluationError": "errors",
    "FormatError": "errors",
    "Graph": "graphs.graph",
    "Lab": "labs.entry",
    "Lesson": "views.lesson",
    "NodeError": "errors",
    "Nudge": "nudging.table",
    "NudgeTable": "nudging.table",
    "NudgegradError": "errors",
    "ProgramError": "errors",
    "Roundoff": "accuracy.roundoff",
    "Run": "sweeps.run",
    "UsageError": "errors",
    "Verdict": "nudging.table",
    "assert_gradient": "checks.assertions",
    "check": "checks.entry",
    "check_grad": "checks.drop_in",
    "derivative": "blackbox.entry",
    "enclose": "accuracy.enclosure",
    "explain": "views.explain",
    "gradient": "blackbox.entry",
    "graph": "graphs.entry",
    "jacobian": "blackbox.entry",
    "lab": "labs.entry",
    "nudges": "nudging.table",
    "roundoff": "accuracy.roundoff",
}

__all__ = [
    "BindingError",
    "Check",
    "Derivative",
    "Derivatives",
    "Enclosure",
    "EvaluationError",
    "FormatError",
    "Graph",
    "Lab",
    "Lesson",
    "NodeError",
    "Nudge",
    "NudgeTable",
    "NudgegradError",
    "ProgramError",
    "Roundoff",
    "Run",
    "UsageError",
    "Verdict",
    "assert_gradient",
    "check",
    "check_grad",
    "derivative",
    "enclose",
    "explain",
    "gradient",
    "graph",
    "jacobian",
    "lab",
    "nudges",
    "roundoff",
]


def __getattr__(name: str) -> Any:
    """A public name, imported from its module at its first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'nudgegrad' has no attribute '{name}'")
    found = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
