"""`nudgegrad lab`: the lab as a local page, and `nudgegrad lab export`: as one offline file."""

from __future__ import annotations

import sys
import threading
import webbrowser
from dataclasses import replace

from ..errors import Place, UsageError
from ..graphs.program import parse
from ..labs.entry import WORD, course_id, text_with
from ..labs.exercise import Exercise, course_exercise, exercise
from ..views.screen import Screen
from .arguments import Options, bindings, program_text
from .outcome import Outcome
from .terminal import write, write_result

MOST_PORT = 65535


def run(options: Options, screen: Screen) -> Outcome:
    """The outcome of `nudgegrad lab` and `nudgegrad lab export`."""
    words = options.words
    if words[:1] == ("export",):
        return _export(replace(options, words=words[1:]))
    for given, name in ((options.html, "--html"), (options.no_answers, "--no-answers")):
        if given:
            raise UsageError(
                f"{name} belongs to the file of 'lab export'",
                help="nudgegrad lab export nw1 --html out.html",
            )
    return _serve(options, screen)


def asked(options: Options) -> Exercise | None:
    """The exercise that the arguments describe; None for all of the course.

    Raises
    ------
    NudgegradError
        If there is none such.
    """
    words = options.words
    if not words and options.file is None:
        if options.fixed:
            raise UsageError("--fixed needs a program", help='nudgegrad lab "J = w*x" w=3 x=2 --fixed x')
        return None
    if options.file is None and WORD.fullmatch(words[0]) and "=" not in words[1:2]:
        if len(words) > 1 or options.fixed:
            raise UsageError(
                f"the exercise '{words[0]}' has its values",
                Place(words[-1], 0, len(words[-1]), "argument"),
                f"nudgegrad lab {words[0]}",
            )
        return course_exercise(course_id(words[0]))
    text, origin, rest = program_text(options)
    if "|" not in text:
        parse(text, origin)  # whose errors point into what was given, not into the exercise made of it
    values = {word.partition("=")[0].strip(): word.partition("=")[2] for word in rest}
    bindings(rest)  # whose errors point at the argument
    return exercise(text_with(text, values, options.fixed))


def _export(options: Options) -> Outcome:
    from ..labs.course import COURSE
    from ..labs.export import export_html, write_html

    for given, name in (
        (options.port, "--port"),
        (options.save, "--save"),
        (options.no_browser, "--no-browser"),
    ):
        if given:
            raise UsageError(f"'lab export' has no option {name}", help="it belongs to lab")
    if options.html is None:
        raise UsageError(
            "'lab export' needs the name of a file", help="nudgegrad lab export nw1 --html out.html"
        )
    found = asked(options)
    exercises = [course_exercise(id) for id in COURSE] if found is None else [found]
    path = write_html(options.html, export_html(exercises, answers=not options.no_answers))
    return Outcome(str(path))


def _serve(options: Options, screen: Screen) -> Outcome:
    def warn(text: str) -> None:
        write(sys.stderr, screen.say(text))

    port = _port(options.port)
    found = asked(options)

    from ..labs.page import course_index
    from ..labs.saved import StateFile
    from ..labs.server import Site, listen, serve

    saved = StateFile(options.save, warn)
    course_index()  # before the browser waits for it
    listening = listen(port)
    own = () if found is None else (found,)
    site = Site(listening.getsockname()[1], saved, own, None if found is None else found.id, warn)
    try:
        write_result(site.url)
        warn(f"Ctrl-C stops the lab; answers are kept in {saved.path}")
        if not options.no_browser:
            threading.Thread(target=webbrowser.open, args=(site.url,), daemon=True).start()
        serve(site, listening)
    except KeyboardInterrupt:
        warn("the lab is stopped")
    finally:
        listening.close()
    return Outcome("")


def _port(text: str | None) -> int:
    if text is None:
        return 0
    if text.isdecimal() and text.isascii() and 0 < int(text) <= MOST_PORT:
        return int(text)
    raise UsageError(
        f"--port {text} is no port", help=f"ports are 1 to {MOST_PORT}; leave it out for a free one"
    )
