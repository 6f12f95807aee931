"""`nudgegrad ops`: the op table."""

from __future__ import annotations

from ..views.rows import sheet
from ..views.screen import Screen
from .arguments import Options
from .outcome import Outcome


def run(options: Options, screen: Screen) -> Outcome:
    """The outcome of `nudgegrad ops`."""
    if options.json:
        from ..views.document import of_rows

        return Outcome(of_rows())
    return Outcome(sheet().as_text(screen))
