"""The page: its data, and the one HTML document around them that all hosts share."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from html import escape
from importlib import import_module
from importlib.resources import files
from typing import Any
from zlib import compress

from .course import COURSE, FUNCTIONS
from .exercise import Exercise, course_exercise
from .sentences import SENTENCES

SCHEMA = 1
TITLE = "nudgegrad lab"
# `lab.js` is one module of these files, in this order: any of them may use what another defines
SCRIPTS = ("elements", "boxes", "stage", "marking", "tapes", "curves", "screens", "why", "hosts")
LARGE_PARTS = ("payloads", "benches", "derivatives")
# What could end a script tag, or begin a comment in it, or has no UTF-8; more would double the markup
UNSAFE = re.compile("<(?=!--|/?script)|[\u2028\u2029\ud800-\udfff]", re.IGNORECASE)
Payload = dict[str, Any]
Data = dict[str, Any]


@cache
def asset(name: str) -> str:
    """The text of `lab.js` or `lab.css`, its line ends as an HTML parser reads them."""
    folder = files(__package__).joinpath("static")
    parts = [f"{part}.js" for part in SCRIPTS] if name == "lab.js" else [name]
    text = "".join(folder.joinpath(part).read_text(encoding="utf-8") for part in parts)
    return text.replace("\r\n", "\n")


@lru_cache(maxsize=64)
def _payload(exercise: Exercise, answers: bool) -> Payload:
    return exercise.payload(answers=answers)


def index_entry(exercise: Exercise) -> dict[str, Any]:
    """What the start screen says of an exercise."""
    entry = {key: getattr(exercise, key) for key in ("id", "title", "source", "text")}
    if exercise.id in FUNCTIONS:
        entry["function"] = exercise.title.partition(" at ")[0]
    return {**entry, "program": exercise.graph.source.strip(), "boxes": len(exercise.boxes)}


@cache
def course_index() -> tuple[dict[str, Any], ...]:
    """The start screen's entries of the course, in its order."""
    return tuple(index_entry(course_exercise(id)) for id in COURSE)


def page_data(
    kind: str,
    exercises: Sequence[Exercise],
    *,
    index: Iterable[Mapping[str, Any]] = (),
    answers: bool = True,
    open: str | None = None,
    base: str = "",
    state: Mapping[str, Any] | None = None,
    benches: Mapping[str, Any] | None = None,
    derivatives: Mapping[str, Any] | None = None,
) -> Data:
    """The data of a page.

    Parameters
    ----------
    kind : str
        ``"page"``, ``"file"`` or ``"frame"``.
    exercises : sequence of Exercise
        Those whose payloads go with the page.
    index : iterable of mappings, optional
        Entries of further exercises, which the page asks for.
    answers : bool
        Whether the payloads hold the right answers.
    open : str, optional
        The id of the exercise that is shown first.
    base : str
        The path before the routes of a server.
    state, benches, derivatives : mapping, optional

    Notes
    -----
    With the answers come the course's printed ``figures``, as far as their exercises are in the index.
    """
    from .bench import figures_html, printed_figures
    from .visits import measured

    listed = list(index)
    known = {entry["id"] for entry in listed}
    own = [index_entry(exercise) for exercise in exercises if exercise.id not in known]
    there = {entry["id"] for entry in [*own, *listed]} if answers else ()
    figures = [figure for figure in printed_figures() if figure["exercise"] in there]
    return {
        "schema": SCHEMA,
        "words": dict(SENTENCES),
        "kind": kind,
        "base": base,
        "index": [*own, *listed],
        "payloads": {exercise.id: _payload(exercise, answers) for exercise in exercises},
        "benches": dict(benches or {}),
        "derivatives": dict(derivatives or {}),
        "figures": {"rows": figures, "html": figures_html(figures)},
        "race": measured(),
        "state": state,
        "open": open,
        "answers": answers,
        "version": import_module("nudgegrad").__version__,
    }


def as_json(data: Any) -> str:
    r"""JSON that cannot end the script tag in which it stands.

    Examples
    --------
    >>> print(as_json({"title": "</script><b>"}))
    {"title":"\u003c/script><b>"}
    """
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def packed(data: Data) -> Data:
    """The data with their large parts deflated, in base64: `lab.js` inflates them before it begins."""
    large = as_json({name: data[name] for name in LARGE_PARTS}).encode()
    others = {name: part for name, part in data.items() if name not in LARGE_PARTS}
    return {**others, "packed": b64encode(compress(large, 9)).decode()}


def document(data: Data, style: str, script: str, policy: str = "", pack: bool = False) -> str:
    """The HTML document of a page.

    Parameters
    ----------
    data : dict
        What `page_data` returns.
    style, script : str
        The elements that bring `lab.css` and `lab.js`: links to them or the texts themselves.
    policy : str
        The content security policy, where no header carries it.
    pack : bool
        Whether the large parts of the data are deflated.
    """
    shown = data["payloads"].get(data["open"])
    title = f"{shown['title'] or shown['program']} - {TITLE}" if shown else TITLE
    sent = as_json(packed(data) if pack else data)
    meta = f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">\n' if policy else ""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"{meta}"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        '<link rel="icon" href="data:,">\n'
        f"<title>{_text(title)}</title>\n{style}\n</head>\n<body>\n"
        f'<main class="nudgegrad" id="nudgegrad">{_without_scripts(data)}</main>\n'
        f'<script type="application/json" id="nudgegrad-data">{sent}</script>\n'
        f"{script}\n</body>\n</html>\n"
    )


def _text(text: Any) -> str:
    """A text as HTML, on one line and in characters that UTF-8 has."""
    plain = " ".join(str(text).split()).encode("utf-8", "replace").decode()
    return escape(plain)


def _without_scripts(data: Data) -> str:
    """What stands there for a browser without scripts: sheets to print and fill in by hand, no answers."""
    payloads = data["payloads"]
    if data["open"] in payloads:
        payloads = {data["open"]: payloads[data["open"]]}
    sheets = [_sheet(payload) for payload in payloads.values()]
    said = "Without scripts nothing is marked here, but this page can be printed and filled in by hand."
    listed = ""
    if data["base"]:
        entries = (_link(data["base"], entry) for entry in data["index"] if entry["id"] not in payloads)
        listed = f"<ul>{''.join(entries)}</ul>"
    return f"<noscript><h1>{TITLE}</h1><p>{said}</p>{''.join(sheets)}{listed}</noscript>"


def _link(base: str, entry: Mapping[str, Any]) -> str:
    title = _text(entry["title"] or entry["program"])
    return f'<li><a href="{escape(base)}?open={_text(entry["id"])}">{title}</a></li>'


def _sheet(payload: Payload) -> str:
    """An exercise as a table with an empty cell for each answer."""
    values = " ".join(part.strip() for part in payload["text"].split("|")[1:2])
    title = _text(payload["title"] or payload["program"])
    rows = "".join(
        f'<tr><th scope="row">{_text(box["label"])}</th><td>&nbsp;</td></tr>' for box in payload["boxes"]
    )
    return (
        f"<h2>{title}</h2><p><code>{_text(payload['program'])}</code></p>"
        f"<p>with <code>{_text(values)}</code></p>"
        f'<table border="1" cellpadding="6"><caption>Fill in from top to bottom</caption>'
        '<thead><tr><th scope="col">box</th><th scope="col" width="240">answer</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )
