"""Everything that is returned shows itself: `print` gives its report, a notebook an accessible table.

The printers live in `views`, above the things they print; this is the one place that looks up there.
"""

from __future__ import annotations

from importlib import import_module


class Shown:
    """A result whose text and HTML are made by the printer named after its type in `views.table`."""

    def __str__(self) -> str:
        return str(import_module("nudgegrad.views.table").as_text(self))

    def _repr_html_(self) -> str:
        return str(import_module("nudgegrad.views.table").as_html(self))
