"""What a page asks of Python: an exercise, a bench, derivatives as formulas. Mistakes are answers, too."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from ..errors import NodeError, NudgegradError, UsageError
from ..graphs.tokens import Correction
from .course import COURSE
from .exercise import Exercise, course_exercise, exercise

GUESS = re.compile(r"did you mean '([^']+)'\?")
Answer = dict[str, Any]


_own = lru_cache(maxsize=32)(exercise)  # a page asks again and again about the same text


def answer(kind: str, body: Any, known: Mapping[str, Exercise] | None = None) -> Answer:
    """The answer to one question, or ``{"error": {...}}``.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    body : mapping
        ``{"id"}`` or ``{"text"}`` of an exercise, and ``"node"`` for a bench.
    known : mapping of str to Exercise, optional
        Exercises that are no part of the course, by id.
    """
    text = body.get("text") if isinstance(body, dict) else None
    try:
        if not isinstance(body, dict):
            raise UsageError("a question is an object")
        if kind not in KINDS:
            raise UsageError(f"there is no answer to '{kind}'", help=f"ask one of {', '.join(KINDS)}")
        return KINDS[kind](_asked(body, known or {}), body)
    except NudgegradError as error:
        return {"error": told(error, text if isinstance(text, str) else "")}
    except Exception as error:  # whatever happened, the page gets a sentence
        message = f"nudgegrad itself failed: {type(error).__name__}: {error}"
        return {"error": told(NudgegradError(message), text if isinstance(text, str) else "")}


def exercise_named(id: str, known: Mapping[str, Exercise] | None = None) -> Exercise:
    """The exercise of that id, of the course or one of `known`.

    Raises
    ------
    NodeError
        If there is none.
    """
    if known and id in known:
        return known[id]
    if id not in COURSE:
        raise NodeError(f"there is no exercise '{id}'", help=f"the course has {', '.join(COURSE)}")
    return course_exercise(id)


def _asked(body: Mapping[str, Any], known: Mapping[str, Exercise]) -> Exercise:
    text, id = body.get("text"), body.get("id")
    if isinstance(text, str):
        same = (found for found in known.values() if found.text == text)
        return next(same, None) or _own(text)
    if not isinstance(id, str):
        raise UsageError("the question names no exercise", help='give "id" or "text"')
    return exercise_named(id, known)


def _exercise(asked: Exercise, _: Mapping[str, Any]) -> Answer:
    return asked.payload()


def _bench(asked: Exercise, body: Mapping[str, Any]) -> Answer:
    from .bench import bench

    node = body.get("node")
    if not isinstance(node, str):
        raise UsageError("the question names no node", help='give "node"')
    return bench(asked.run, node)


def _derivatives(asked: Exercise, _: Mapping[str, Any]) -> Answer:
    from .derivative import derivatives

    return derivatives(asked.run)


KINDS: Mapping[str, Callable[[Exercise, Mapping[str, Any]], Answer]] = {
    "exercise": _exercise,
    "bench": _bench,
    "derivatives": _derivatives,
}


def told(error: NudgegradError, text: str) -> dict[str, Any]:
    """An error as data: message, span in UTF-16 units as browsers count, help, and the text corrected."""
    start, end = _span(error, text)
    return {
        "message": error.message,
        "start": _units(text[:start]),
        "end": _units(text[:end]),
        "help": error.help and str(error.help),
        "fixed": _fixed(error, text, start, end),
    }


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _span(error: NudgegradError, text: str) -> tuple[int, int]:
    """The place of an error in the whole text; all of it where the error has no place there."""
    if error.place is None:
        return 0, len(text)
    offset = text.find(error.place.text)
    if offset < 0:
        return 0, len(text)
    return offset + error.place.start, offset + error.place.end


def _fixed(error: NudgegradError, text: str, start: int, end: int) -> str | None:
    """The whole text with the mistake corrected, if the help is a correction or guesses a name."""
    help = error.help
    if isinstance(help, Correction):
        room = len(help.source)
        offset = text.find(help.source, max(0, end - room), start + room)
        if offset < 0:
            return None
        return text[: offset + help.start] + help.new + text[offset + help.end :]
    if help is not None and text.strip() and help.startswith(text.rstrip()):
        return help  # the text with what it lacks
    guess = GUESS.search(help or "")
    if guess is None or error.place is None:
        return None
    candidate = text[:start] + guess[1] + text[end:]
    try:
        _own(candidate)
    except NudgegradError as other:
        if _span(other, candidate)[0] <= start:
            return None
    return candidate
