"""The lab as a notebook widget: answers are readable from Python while they are typed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from ..errors import UsageError
from .asking import answer
from .exercise import Exercise
from .page import Data, asset
from .saved import StateFile, empty


@cache
def widget_class() -> Any:
    """The class of the widget; anywidget is imported here and nowhere else.

    Raises
    ------
    UsageError
        If anywidget is not installed.
    """
    try:
        import anywidget
        import traitlets
    except ImportError:
        raise UsageError(
            "the widget needs anywidget, which is not installed",
            help="pip install 'nudgegrad[notebook]', or host=\"frame\"",
        ) from None

    class LabWidget(anywidget.AnyWidget):
        """The lab in a cell."""

        _esm = asset("lab.js")
        _css = asset("lab.css")
        data = traitlets.Dict().tag(sync=True)
        state = traitlets.Dict().tag(sync=True)

        def __init__(
            self, data: Data, known: Mapping[str, Exercise], saved: StateFile | None = None
        ) -> None:
            self._known = known
            self._saved = saved
            super().__init__(data=data, state=saved.load() if saved else empty())
            self.on_msg(self._asked)
            self.observe(self._keep, names="state")

        def _asked(self, _: Any, content: Any, __: Any) -> None:
            """Answer a question of the page; its id tells the page which one."""
            if isinstance(content, dict) and "kind" in content:
                found = answer(str(content["kind"]), content.get("body"), self._known)
                self.send({"id": content.get("id"), "answer": found})

        def _keep(self, change: Any) -> None:
            if self._saved is None:
                return
            try:
                self._saved.save({**empty(), **change["new"]})
            except OSError as error:
                self._saved.warn(f"the answers cannot be kept in '{self._saved.path}': {error.strerror}")

    return LabWidget
