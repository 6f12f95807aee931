"""`nudgegrad.lab`: an exercise in a notebook, filled in there and readable from Python."""

from __future__ import annotations

import difflib
import importlib.util
import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import BindingError, UsageError
from ..graphs.graph import Graph
from ..sweeps.run import Run
from .course import COURSE
from .exercise import Exercise, course_exercise, exercise
from .saved import State, StateFile, empty

HOSTS = ("auto", "widget", "frame")
EDITORS = ("VSCODE_PID", "VSCODE_CWD")  # variables of a kernel that an editor started
WORD = re.compile(r"\w[\w-]*")  # as an exercise's id is


@dataclass(frozen=True)
class Result:
    """What became of one box.

    Parameters
    ----------
    first : str or None
        The first answer that could be read, as it was typed.
    typed : str
        The last one.
    state : str
        One of ``empty right close wrong unreadable revealed``, or ``recorded``
        where the page knows no right answer.
    attempts : int
        Answers that were right or wrong; close and unreadable ones are none.
    hints : int
        Hints that were shown.
    revealed : bool
    seconds : float
        Time at this box.
    """

    first: str | None = None
    typed: str = ""
    state: str = "empty"
    attempts: int = 0
    hints: int = 0
    revealed: bool = False
    seconds: float = 0.0


class Lab:
    """One or more exercises on a notebook page: what `nudgegrad.lab` returns.

    Parameters
    ----------
    exercises : sequence of Exercise
    host : str
        ``"widget"`` or ``"frame"``.
    saved : StateFile, optional
        Where answers are kept.
    height : int, optional
        Of a frame, in pixels.
    """

    def __init__(
        self,
        exercises: Iterable[Exercise],
        host: str = "frame",
        saved: StateFile | None = None,
        height: int | None = None,
    ) -> None:
        self.exercises = tuple(exercises)
        self.host = host
        self._saved = saved
        self._height = height
        self._widget: Any = None
        if host == "widget":
            from .page import course_index, page_data
            from .widget import widget_class

            known = {found.id: found for found in self.exercises}
            shown = self.exercises if len(known) == 1 else ()  # the others are sent when they are opened
            opened = self.exercises[0].id if shown else None
            data = page_data("frame", shown, index=course_index(), open=opened)
            self._widget = widget_class()(data, known, saved)

    @property
    def state(self) -> State:
        """All that was filled in; for a frame, which tells nobody, what the file held."""
        if self._widget is not None:
            return {**empty(), **self._widget.state}
        return empty() if self._saved is None else self._saved.load()

    @property
    def results(self) -> dict[str, dict[str, Result]]:
        """What became of each box that was touched: exercise id -> box id -> `Result`."""
        found = self.state["exercises"]
        return {
            id: {name: _result(box) for name, box in kept.get("boxes", {}).items()}
            for id, kept in found.items()
        }

    def export(self, path: str | os.PathLike[str], answers: bool = True) -> Path:
        """The path of one offline HTML file with these exercises, once it is written.

        Parameters
        ----------
        path : str or Path
        answers : bool
            False leaves out everything from which a right answer can be read.
        """
        from .export import export_html, write_html

        return write_html(path, export_html(self.exercises, answers))

    def __str__(self) -> str:
        first = self.exercises[0]
        name = first.title or first.graph.source.strip()
        name = f"{first.id}, {name}" if first.id in COURSE else name
        what = name if len(self.exercises) == 1 else f"{len(self.exercises)} exercises"
        every = self.results
        kept = {f.id: every.get(f.id, {}) for f in self.exercises}
        states = [
            kept[f.id][box.id].state for f in self.exercises for box in f.boxes if box.id in kept[f.id]
        ]
        total = sum(len(f.boxes) for f in self.exercises)
        revealed = states.count("revealed")
        shown = f", {revealed} revealed" if revealed else ""
        return f"lab: {what}: {states.count('right')} of {total} boxes right{shown}"

    def __repr__(self) -> str:
        return f"<{self}>"

    def _repr_html_(self) -> str:
        from .export import frame_html

        title = f"nudgegrad lab: {self.exercises[0].title}" if len(self.exercises) == 1 else ""
        kept = self.state if self._saved is not None else None
        return frame_html(self.exercises, height=self._height, state=kept, title=title)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        said = {"text/plain": repr(self)}
        if self._widget is None:
            return {**said, "text/html": self._repr_html_()}
        found = self._widget._repr_mimebundle_(include=include, exclude=exclude)
        data, metadata = found if isinstance(found, tuple) else (found, {})
        if len(self.exercises) == 1:  # a static page, where no kernel is, shows the frame
            said["text/html"] = self._repr_html_()
        return {**data, **said}, metadata


def _result(box: Mapping[str, Any]) -> Result:
    known = {name: box[name] for name in Result.__dataclass_fields__ if box.get(name) is not None}
    return Result(**known)


def lab(
    source: Any = None,
    values: Mapping[str, Any] | None = None,
    *,
    fixed: Iterable[str] | str = (),
    save: str | os.PathLike[str] | None = None,
    host: str = "auto",
    height: int | None = None,
    title: str = "",
) -> Lab:
    """The lab on a notebook page: fill in a graph forward and backward, and nudge it.

    Parameters
    ----------
    source : str, Graph or Run, optional
        An exercise ``PROGRAM | name=value … | fixed name …``, the id of one of the course, a program
        or graph with `values`, or a run; all of the course's exercises if there is none.
    values : mapping of input name to number, optional
        Numbers, or texts such as ``"1/3"``.
    fixed : sequence of str, optional
        Inputs that get no boxes.
    save : str or Path, optional
        A file that keeps the answers; they are there again when the notebook is.
    host : str
        ``"widget"`` (the extra ``notebook``) tells Python each answer; ``"frame"`` works wherever HTML is
        shown, and keeps what is typed to itself; ``"auto"`` takes the widget where it is sure to work.
    height : int, optional
        Of a frame, in pixels.
    title : str
        Of the exercise.

    Returns
    -------
    Lab
        Shows itself; has ``state``, ``results`` and ``export``.

    Raises
    ------
    NudgegradError
        If there is no such exercise; the place is in its text.

    Examples
    --------
    >>> import nudgegrad as ng
    >>> print(ng.lab("a = 2 + 3*w; J = a**2", {"w": 3}, title="Two nodes", host="frame"))
    lab: Two nodes: 0 of 5 boxes right
    """
    if host not in HOSTS:
        raise UsageError(f"there is no host '{host}'", help=f"the hosts are {', '.join(HOSTS)}")
    names = fixed.split() if isinstance(fixed, str) else list(fixed)
    exercises = exercises_of(source, values or {}, names, title)
    saved = None if save is None else StateFile(save, warn=_say)
    return Lab(exercises, default_host() if host == "auto" else host, saved, height)


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def default_host() -> str:
    """The widget, but the frame where widgets are missing or fetch their parts from the network."""
    fetches = "google.colab" in sys.modules or any(name in os.environ for name in EDITORS)
    return "frame" if fetches or importlib.util.find_spec("anywidget") is None else "widget"


def exercises_of(
    source: Any, values: Mapping[str, Any], fixed: Iterable[str] = (), title: str = ""
) -> list[Exercise]:
    """The exercises that a source describes; `lab` says what it may be."""
    if isinstance(source, Run):
        graph, fmt = source.graph, source.format.name
        kept = {name: _shortest(source.value(name), fmt) for name in graph.inputs}
        return exercises_of(graph, {**kept, **values}, fixed, title)
    if isinstance(source, Graph):
        if not source.source.strip():
            raise UsageError(
                "this graph has no program text", help="give the lab a program: J = (2 + 3*w)**2"
            )
        return [exercise(text_with(source.source, values, fixed), title=title)]
    if source is None or (isinstance(source, str) and WORD.fullmatch(source.strip())):
        if values or list(fixed):
            raise UsageError(
                "values are given without a program", help='for example lab("J = w**2", {"w": 3})'
            )
        if source is None:
            return [course_exercise(id) for id in COURSE]
        return [course_exercise(course_id(source.strip()))]
    if not isinstance(source, str):
        raise UsageError(
            f"an exercise is made from text, a graph or a run, not from {type(source).__name__}",
            help='for example nudgegrad.lab("J = (2 + 3*w)**2 | w=3")',
        )
    return [exercise(text_with(source, values, fixed), title=title)]


def course_id(name: str) -> str:
    """The name, if an exercise of the course has it.

    Raises
    ------
    UsageError
        If none has; the help guesses.
    """
    if name in COURSE:
        return name
    close = difflib.get_close_matches(name, COURSE, 1, 0.5)
    hint = f"did you mean '{close[0]}'? " if close else ""
    raise UsageError(
        f"the course has no exercise '{name}'",
        help=f"{hint}there are {', '.join(COURSE)}; or give a program",
    )


def text_with(program: str, values: Mapping[str, Any], fixed: Iterable[str] = ()) -> str:
    """The exercise of a program, or of another exercise, with values and fixed inputs."""
    bindings = " ".join(f"{name}={_written(name, x)}" for name, x in values.items())
    names = " ".join(fixed)
    return " | ".join(filter(None, [program.strip(), bindings, names and f"fixed {names}"]))


def _written(name: str, x: Any) -> str:
    """A value as it is typed: a text as it stands, a number in the fewest digits that mean it."""
    if isinstance(x, str):
        return "".join(x.split())
    if isinstance(x, np.ndarray) and x.ndim == 0:
        x = x[()]
    if isinstance(x, bool | np.bool_) or not isinstance(
        x, int | float | Fraction | np.integer | np.floating
    ):
        raise BindingError(f"{name}={x!r} is not a number", help=f"for example {name}=1.5")
    return str(x)


def _shortest(value: float, fmt: str) -> str:
    """The fewest digits that mean this number in its format."""
    return str(np.dtype(fmt).type(value)) if fmt in ("float16", "float32") else str(value)
