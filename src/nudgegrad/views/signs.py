"""The signs of verdicts."""

from __future__ import annotations

from ..nudging.table import Verdict
from .sheet import Cell

SIGNS = {
    Verdict.PASS: Cell("✓", "good", spoken="pass"),
    Verdict.FAIL: Cell("✗", "bad", spoken="fail"),
    Verdict.INCONCLUSIVE: Cell("?", "strong", spoken="inconclusive"),
}
