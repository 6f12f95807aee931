"""`nudgegrad roundoff PROGRAM --format bfloat16`: which operation lost the precision of J."""

from __future__ import annotations

from ..accuracy.roundoff import roundoff
from ..views.accuracy import ROWS, roundoff_sheet
from ..views.digits import DIGITS
from ..views.screen import Screen
from .arguments import Options
from .outcome import Outcome, run_of


def run(options: Options, screen: Screen) -> Outcome:
    """The outcome of `nudgegrad roundoff`."""
    found = roundoff(run_of(options))
    if options.json:
        from ..views.document import of_roundoff

        return Outcome(of_roundoff(found))
    sheet = roundoff_sheet(found, options.digits or DIGITS, None if options.all else ROWS)
    return Outcome(sheet.as_text(screen))
