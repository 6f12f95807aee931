"""The lab as one offline file: script, style and data inside, hashed, and nothing from the network."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from ..errors import UsageError
from .exercise import Exercise
from .page import Data, asset, document, page_data

LARGE = 100  # nodes of a graph whose benches would take too long
MOST = 120_000  # bytes of the file of one exercise, as far as benches count
HEIGHT = 720  # pixels of a frame


def export_html(
    exercises: Iterable[Exercise],
    answers: bool = True,
    kind: str = "file",
    state: Mapping[str, Any] | None = None,
) -> str:
    """One HTML file with all that the exercises need, which asks nobody for anything.

    Parameters
    ----------
    exercises : iterable of Exercise
        Their ids differ.
    answers : bool
        False leaves out everything from which a right answer can be read: then nothing is marked.
    kind : str
        ``"file"`` or ``"frame"``.
    state : mapping, optional
        What was filled in before.

    Notes
    -----
    Benches are absent from a graph of more than `LARGE` nodes, and the last ones where the file of an
    exercise would take more than `MOST` bytes. The content security policy names script and style by their
    SHA-256, so that no others can run.
    """
    return inlined(exported(tuple(exercises), answers, kind, state))


def exported(
    exercises: Sequence[Exercise],
    answers: bool = True,
    kind: str = "file",
    state: Mapping[str, Any] | None = None,
) -> Data:
    """The data of an offline page: with the answers, what Python would compute when asked as well."""
    from .derivative import derivatives

    asked = [exercise for exercise in exercises if answers and not exercise.large]
    formulas = {exercise.id: derivatives(exercise.run) for exercise in asked}
    data = page_data(
        kind,
        exercises,
        answers=answers,
        open=exercises[0].id if len(exercises) == 1 else None,
        state=state,
        derivatives=formulas,
    )
    for exercise in asked:
        own = formulas[exercise.id]
        found = _benches(exercise)
        while found:
            alone = page_data(
                kind,
                (exercise,),
                open=exercise.id,
                benches={exercise.id: found},
                derivatives={exercise.id: own},
            )
            if len(inlined(alone).encode()) <= MOST:
                data["benches"][exercise.id] = found
                break
            found.popitem()
    return data


def _benches(exercise: Exercise) -> dict[str, Any]:
    """The benches of the named nodes, those of the inputs first; none of a large graph."""
    from .bench import bench

    graph = exercise.graph
    asked = [name for name in graph.inputs if name not in exercise.fixed]
    names = dict.fromkeys([*asked, *graph.statements, *graph.inputs])
    return {name: bench(exercise.run, name) for name in names} if len(graph) <= LARGE else {}


def write_html(path: str | os.PathLike[str], page: str) -> Path:
    """The path of the file that now holds a page.

    Raises
    ------
    UsageError
        If it cannot be written.
    """
    target = Path(path).expanduser()
    try:
        target.write_text(page, encoding="utf-8", newline="\n")
    except OSError as error:
        raise UsageError(
            f"the page cannot be written to '{target}': {error.strerror}",
            help=f"name a file in a folder that is there: {target.name or 'out.html'}",
        ) from None
    return target


def inlined(data: Data) -> str:
    """The document with script and style inside."""
    script, style = asset("lab.js"), asset("lab.css")
    policy = (
        f"default-src 'none'; script-src '{digest(script)}'; style-src '{digest(style)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    pack = data["answers"] and "data.packed" in script  # what has no answers is left for everyone to read
    return document(
        data, f"<style>{style}</style>", f'<script type="module">{script}</script>', policy, pack
    )


def digest(text: str) -> str:
    """The source expression of a content security policy that allows exactly this text.

    Examples
    --------
    >>> digest("")
    'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='
    """
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def frame_html(
    exercises: Iterable[Exercise],
    answers: bool = True,
    height: int | None = None,
    state: Mapping[str, Any] | None = None,
    title: str = "",
) -> str:
    """The offline page as a frame in a notebook page: no rights but to run its script and save a file."""
    page = export_html(exercises, answers, "frame", state)
    return (
        f'<iframe title="{escape(title or "nudgegrad lab")}" sandbox="allow-scripts allow-downloads" '
        f'srcdoc="{escape(page)}" width="100%" height="{height or HEIGHT}" '
        f'style="width: 100%; height: {height or HEIGHT}px; border: 0"></iframe>'
    )
