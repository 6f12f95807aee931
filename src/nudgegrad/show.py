"""Everything that is returned shows itself: `print` gives its report, a notebook an accessible table.

The printers live in `views`, above the things they print; this is the one place that looks up there.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


class Shown:
    """A result whose text and HTML are made by the printer named after its type in `views.table`."""

    def __str__(self) -> str:
        return str(import_module("nudgegrad.views.table").as_text(self))

    def _repr_html_(self) -> str:
        return str(import_module("nudgegrad.views.table").as_html(self))

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002 - as IPython calls it
        printer.text(str(self))


class Plotted(Shown):
    """A nudge, which also draws itself where matplotlib is installed."""

    run: Any  # what was nudged

    def plot(self, ax: Any = None) -> Any:
        """The axes with the errors of this node's nudges, measured and predicted, on logarithmic axes.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; new ones by default.

        Raises
        ------
        UsageError
            If matplotlib is not installed (extra `plot`), J does not depend on the node, or has no
            derivative by it.
        """
        return import_module("nudgegrad.views.notebook").plot(self.run, self, ax)
