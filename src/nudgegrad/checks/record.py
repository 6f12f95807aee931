"""A check as plain data, such as JSON has: what the command line and the pytest plugin write."""

from __future__ import annotations

import math
from typing import Any

from .localise import Wrong
from .result import Check


def record(check: Check) -> dict[str, Any]:
    """A check as dicts, lists, strings and numbers; what does not exist is None, a whole axis ``":"``.

    Parameters
    ----------
    check : Check
    """
    return {
        "verdict": check.verdict.value,
        "code": str(check.reason.code.value),
        "reason": str.__str__(check.reason),
        "resolution": _number(check.resolution),
        "format": check.format,
        "accuracy": _number(check.accuracy),
        "evaluations": {"values": int(check.evaluations), "gradients": check.evaluations.gradients},
        "blocks": [
            {
                "name": name,
                "verdict": block.verdict.value,
                "claimed": _number(block.claimed),
                "measured": _number(block.measured),
                "bar": _number(block.bar),
                "ratio": _number(block.ratio),
            }
            for name, block in check.blocks.items()
        ],
        "wrong": [_wrong(entry) for entry in check.wrong],
        "diagnosis": list(check.diagnosis),
        "notes": list(check.notes),
    }


def _wrong(entry: Wrong) -> dict[str, Any]:
    return {
        "block": entry.block,
        "index": [":" if isinstance(k, slice) else int(k) for k in entry.index],
        "claimed": _number(entry.claimed),
        "measured": _number(entry.measured),
        "bar": _number(entry.bar),
    }


def _number(x: float) -> float | None:
    return float(x) if math.isfinite(x) else None
