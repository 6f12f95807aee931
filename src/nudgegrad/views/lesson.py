"""The lesson's data: ordered steps, and how they look on a screen and in a notebook."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

from ..show import Shown
from .digits import DIGITS, number
from .screen import Screen

FORWARD = "Forward, left to right: every value from the values before it."
BACKWARD = "Backward, right to left: if a value is nudged, how many times as much does {} change?"


@dataclass(frozen=True)
class LessonStep(Shown):
    """One step of the lesson: one box that a learner fills in.

    Parameters
    ----------
    kind : str
        ``"forward"`` (a value), ``"local"`` (a local derivative) or ``"adjoint"`` (dJ/dnode).
    node : str
        The statement whose value or local derivative it is; the node of dJ/dnode.
    lines : tuple of str
        What is said: for a derivative first what a nudge does, then how it is computed.
    value : float
        The result.
    by : str
        What a local derivative is taken by.
    """

    kind: str
    node: str
    lines: tuple[str, ...]
    value: float
    by: str = ""

    def as_text(self, screen: Screen) -> str:
        """The step as it is printed: the argument, and what follows from it set in."""
        first, *others = self.lines
        return "\n".join(
            [screen.wrap(first, "  ", "    "), *(screen.wrap(line, "    ", "      ") for line in others)]
        )

    def as_html(self) -> str:
        """The step as the content of a list item."""
        from html import escape

        return "<br>".join(escape(line) for line in self.lines)


@dataclass(frozen=True)
class Lesson(Sequence[LessonStep], Shown):
    """What `nudgegrad.explain` returns: the steps in their order.

    Parameters
    ----------
    output : str
        The node that is differentiated.
    given : tuple of (str, float)
        The inputs and their values.
    steps : tuple of LessonStep
    digits : int
        Significant digits of the numbers in the lines.
    """

    output: str
    given: tuple[tuple[str, float], ...]
    steps: tuple[LessonStep, ...]
    digits: int = DIGITS

    @overload
    def __getitem__(self, k: int) -> LessonStep: ...

    @overload
    def __getitem__(self, k: slice) -> tuple[LessonStep, ...]: ...

    def __getitem__(self, k: int | slice) -> LessonStep | tuple[LessonStep, ...]:
        return self.steps[k]

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def given_line(self) -> str:
        """``Given: x = -2, w = 2.``; empty where nothing is."""
        values = ", ".join(f"{name} = {number(value, self.digits)}" for name, value in self.given)
        return f"Given: {values}." if values else ""

    def as_text(self, screen: Screen) -> str:
        """The lesson as it is printed, without a final newline."""
        blocks = [screen.wrap(self.given_line)] if self.given else []
        for title, steps in self._halves():
            before = ""
            for step in steps:
                if before not in ("forward", "local"):
                    blocks.append(step.as_text(screen))  # a derivative's steps stand together
                else:
                    blocks[-1] += "\n" + step.as_text(screen)
                if not before:
                    blocks.insert(-1, screen.paint(screen.wrap(title), "strong"))
                before = step.kind
        return "\n\n".join(blocks)

    def as_html(self) -> str:
        """The lesson as two headed, ordered lists."""
        from html import escape

        parts = [f"<p>{escape(self.given_line)}</p>"] if self.given else []
        for title, steps in self._halves():
            items = "".join(f"<li>{step.as_html()}</li>" for step in steps)
            if items:
                parts.append(f"<h4>{escape(title)}</h4><ol>{items}</ol>")
        return f'<div class="nudgegrad">{"".join(parts)}</div>'

    def _halves(self) -> Iterator[tuple[str, list[LessonStep]]]:
        yield FORWARD, [s for s in self.steps if s.kind == "forward"]
        yield BACKWARD.format(self.output), [s for s in self.steps if s.kind != "forward"]
