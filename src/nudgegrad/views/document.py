"""Results as one JSON document: numbers that do not exist are null, names are ASCII."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from ..checks.record import record
from ..checks.result import Check
from ..nudging.quotient import COURSE
from ..nudging.table import Nudge, NudgeTable, Verdict
from ..sweeps.run import Run
from . import guesses, rows
from .lesson import Lesson
from .table import output_name, quotients_of

if TYPE_CHECKING:
    from ..accuracy.roundoff import Contribution, Roundoff
    from ..blackbox.result import Derivative
    from ..races.race import Race

SCHEMA = 1


def of_table(table: NudgeTable, lesson: Lesson | None = None) -> str:
    """The document of `nudgegrad explain`."""
    graph = table.run.graph
    course = quotients_of(table.run, [graph.index(name) for name in table])
    nodes = [_node(n, float(q)) for n, q in zip(table.values(), course, strict=True)]
    found = {**_head("explain", table.run), "nodes": nodes}
    if lesson is not None:
        found["steps"] = [
            {"kind": s.kind, "node": s.node, "by": s.by or None, "lines": list(s.lines), "value": s.value}
            for s in lesson
        ]
    return _dumped(found, table.verdict)


def of_report(found: guesses.Report) -> str:
    """The document of `nudgegrad nudge`."""
    graph = found.run.graph
    (quotient,) = quotients_of(found.run, [graph.index(found.best.node)])
    node = _node(found.best, float(quotient))
    made = {**_head("nudge", found.run), "nodes": [node], "guesses": guesses.document(found)}
    return _dumped(made, found.best.verdict)


def of_check(check: Check, about: dict[str, Any]) -> str:
    """The document of `nudgegrad check`; `about` says of what."""
    found = {"schema": SCHEMA, "command": "check", **about, **record(check)}
    return _dumped(found)


def of_derivative(found: Derivative, about: dict[str, Any]) -> str:
    """The document of `nudgegrad derivative`; `about` says of what."""
    return _dumped({
        "schema": SCHEMA,
        "command": "derivative",
        **about,
        "order": found.order,
        "x": found.x,
        "format": found.format,
        "value": found.value,
        "bar": found.bar,
        "rounding": found.rounding,
        "truncation": found.truncation,
        "h": found.h,
        "noise": found.noise,
        "slopes": None if found.slopes is None else list(found.slopes),
        "evaluations": found.evaluations,
        "code": str(found.reason.code.value),
        "reason": str.__str__(found.reason),
    }, found.verdict)  # fmt: skip


def of_roundoff(found: Roundoff) -> str:
    """The document of `nudgegrad roundoff`."""
    run, parts = found.run, found.represented
    made = {
        **_head("roundoff", run),
        "value": run.value(output_name(run.graph)),
        "predicted": found.predicted,
        "true": found.true,
        "bound": found.bound,
        "nodes": [_contribution(name, part) for name, part in found.items()],
        "represented": {
            "predicted": parts.predicted,
            "true": parts.true,
            "nodes": [_contribution(name, part) for name, part in parts.items()],
        },
        "derivatives": found.adjoints,
        "flushed": [
            {"name": name, "computed": f.computed, "derivative": f.adjoint, "share": f.share}
            for name, f in found.flushed.items()
        ],
        "loss_scale": found.loss_scale,
        "largest_scale": found.largest_scale,
        "left": list(found.left),
    }
    return _dumped(made)


def of_training(found: dict[str, Any]) -> str:
    """The document of `nudgegrad train`."""
    return _dumped({"schema": SCHEMA, "command": "train", **found})


def of_race(race: Race, about: dict[str, Any]) -> str:
    """The document of `nudgegrad race`; `about` says what was asked for."""
    return _dumped({"schema": SCHEMA, "command": "race", **about, **race.to_json()})


def of_rows() -> str:
    """The document of `nudgegrad ops`."""
    return _dumped({"schema": SCHEMA, "command": "ops", "ops": rows.document()})


def _head(command: str, run: Run) -> dict[str, Any]:
    graph = run.graph
    return {
        "schema": SCHEMA,
        "command": command,
        "program": graph.source,
        "format": run.format.name,
        "output": output_name(graph),
        "inputs": {name: run.value(name) for name in graph.inputs},
    }


def _contribution(name: str, part: Contribution) -> dict[str, Any]:
    return {"name": name, "error": part.error, "derivative": part.adjoint, "share": part.share}


def _node(n: Nudge, quotient: float) -> dict[str, Any]:
    f = n.factors
    return {
        "name": n.node,
        "value": n.value,
        "derivative": n.adjoint,
        "derivative_rounding": n.adjoint_bar,
        "nudge": n.h,
        "stencil": n.stencil,
        "estimate": n.estimate,
        "bar": n.bar,
        "rounding": n.rounding,
        "truncation": n.truncation,
        "verdict": n.verdict.value,
        "reason": n.reason,
        "factors": {
            "second": f.second,
            "third": f.third,
            "degree": f.degree,
            "rounding": f.rounding,
            "spacing": f.spacing,
            "format": f.format,
            "cap": f.cap,
            "capped_by": f.capped_by,
            "decided": f.decided,
        },
        "slopes": None if n.slopes is None else list(n.slopes),
        f"with_{COURSE:g}".replace(".", "_"): quotient,
    }


def _dumped(found: dict[str, Any], verdict: Verdict | None = None) -> str:
    if verdict is not None:
        found["verdict"] = verdict.value
    return json.dumps(_finite(found), indent=2, allow_nan=False)


def _finite(x: Any) -> Any:
    """Nan and infinity as None: JSON has neither."""
    if isinstance(x, dict):
        return {key: _finite(value) for key, value in x.items()}
    if isinstance(x, list):
        return [_finite(value) for value in x]
    return None if isinstance(x, float) and not math.isfinite(x) else x
