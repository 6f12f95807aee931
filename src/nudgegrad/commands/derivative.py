"""`nudgegrad derivative net.py:f --at 0.7`: the derivative of the user's function, with an error bar."""

from __future__ import annotations

from fractions import Fraction
from importlib import import_module
from typing import Any

import numpy as np

from ..blackbox.entry import ORDERS, derivative
from ..blackbox.result import Derivative
from ..errors import EvaluationError, Place, UsageError
from ..formats import FORMATS, Format, format_named
from ..graphs.program import parse_number
from ..nudging.table import Verdict
from ..views.document import of_derivative
from ..views.screen import Screen
from ..views.steps import steps_svg
from ..views.uncertain import report
from .arguments import Options
from .outcome import Outcome
from .plot import writable, write_whole
from .usercode import UserCode, raise_as_own, takes

EXAMPLE = "nudgegrad derivative net.py:f --at 0.7"


def run(options: Options, screen: Screen) -> Outcome:
    """The outcome of `nudgegrad derivative`."""
    path = None if options.output in (None, "-") else writable(str(options.output))
    try:
        found, about = _found(options)
    except KeyboardInterrupt:
        return Outcome("", interrupted="interrupted: the derivative is not done")
    name = about["f"].rpartition(":")[2]
    if options.output is not None:
        picture = steps_svg(found, name)
        if path is None:
            return Outcome(picture, found.verdict)
        write_whole(path, picture + "\n")
    if options.json:
        return Outcome(of_derivative(found, about), found.verdict)
    return Outcome(report(found, name).as_text(screen), found.verdict)


def _found(options: Options) -> tuple[Derivative, dict[str, Any]]:
    words = options.words
    if not words:
        raise UsageError("there is no function", help=EXAMPLE)
    if len(words) > 1:
        place = Place(words[1], 0, len(words[1]), "argument")
        raise UsageError(f"there is one word too many: '{words[1]}'", place, EXAMPLE)
    if options.at is None:
        raise UsageError(
            "where is the derivative wanted?", help=f"nudgegrad derivative {words[0]} --at 0.7"
        )
    fmt = FORMATS["float64"] if options.format is None else format_named(options.format)
    x, order = _number(options.at, fmt), _order(options.order)
    code = UserCode()
    with code.running():
        f = code.named(words[0])
        takes(f, words[0], 1, "f takes one number; functools.partial fixes others")
        try:
            found = derivative(f, x, order)
        except EvaluationError as error:
            if error.__cause__ is None:
                raise
            raise_as_own(error.__cause__, code.file_of(words[0]))
    assert isinstance(found, Derivative)
    assert found.verdict in (Verdict.PASS, Verdict.INCONCLUSIVE)
    return found, {"f": words[0], "at": options.at}


def _number(text: str, fmt: Format) -> Any:
    """A number of a format, as f takes it."""
    exact = parse_number(text, "--at ", "argument")
    if abs(exact) > Fraction(fmt.maximum):
        place = Place(f"--at {text}", 5, 5 + len(text), "argument")
        raise UsageError(f"{text} is beyond the range of {fmt.name}", place, "for example --at 0.7")
    x = fmt.nearest(exact)
    if fmt.name == "float64":
        return x
    if fmt.name == "bfloat16":
        try:
            return import_module("ml_dtypes").bfloat16(x)
        except ImportError:
            raise UsageError(
                "NumPy has no bfloat16 of its own to call a function with", help="pip install ml_dtypes"
            ) from None
    return np.dtype(fmt.name).type(x)


def _order(text: str | None) -> int:
    if text is None:
        return 1
    if text.isdecimal() and int(text) in ORDERS:
        return int(text)
    raise UsageError(f"--order takes 1, 2, 3 or 4, not '{text}'", help="for example --order 2")
