"""`nudgegrad race`: backprop against nudging each parameter, counted and timed, by the size of the net."""

from __future__ import annotations

import json
import math
import re
from importlib.resources import files

from ..errors import Place, UsageError
from ..races.race import BLOCKS, FAMILIES, LEAST, SAMPLE, SIZES, Race, Row, prepare, race, rows
from ..views.document import of_race
from ..views.race_picture import race_svg
from ..views.racing import as_text
from ..views.screen import Screen
from .arguments import Options
from .outcome import Outcome
from .plot import writable, write_whole
from .terminal import Progress

EXAMPLE = "nudgegrad race --sizes 1e3,1e5"
BAR = 24  # signs of the progress bar
WIDE = 78  # columns that the line of the progress may take


def run(options: Options, screen: Screen) -> Outcome:
    """The outcome of `nudgegrad race`."""
    if options.words:
        word = options.words[0]
        place = Place(word, 0, len(word), "argument")
        raise UsageError(f"a race takes no '{word}': it makes its nets itself", place, EXAMPLE)
    if options.json and options.output == "-":
        raise UsageError("stdout cannot hold both the picture and the document", help="-o race.svg --json")
    picture = None if options.output in (None, "-") else writable(str(options.output))
    found, about, interrupted = _shipped(options) if options.shipped else _measured(options)
    drawn = race_svg(found) if options.output and found.rows else ""
    if picture is not None and drawn:
        write_whole(picture, drawn + "\n")
    if options.json:
        text = of_race(found, about)
    elif options.output == "-":
        text = drawn
    else:
        text = as_text(found, screen)
    return Outcome(text, None, interrupted)


def _shipped(options: Options) -> tuple[Race, dict[str, object], str]:
    """The race that was run when this version was made."""
    for name in ("sizes", "family", "sample", "seed"):
        if getattr(options, name) is not None:
            raise UsageError(f"--shipped measures nothing, so it takes no --{name}", help=EXAMPLE)
    text = files("nudgegrad.labs").joinpath("static", "race.json").read_text(encoding="utf-8")
    kept = json.loads(text)
    about = {name: kept[name] for name in ("family", "sample", "seed")}
    return Race.from_json(kept), about, ""


def _measured(options: Options) -> tuple[Race, dict[str, object], str]:
    """A race that is run now."""
    sizes = _sizes(options.sizes)
    family = options.family or FAMILIES[0]
    if family not in FAMILIES:
        raise UsageError(f"--family {family} is unknown", help=f"there are {', '.join(FAMILIES)}")
    sample = _whole(options.sample, "--sample", SAMPLE, BLOCKS)
    seed = _whole(options.seed, "--seed", 0, 0)
    found: list[Row] = []
    progress, interrupted = Progress(len(sizes)), ""

    def tell(share: float, what: str) -> None:
        done = int(BAR * share)
        progress.show(f"[{'#' * done}{'.' * (BAR - done)}] {what}"[:WIDE])

    try:
        prepare(sizes, seed)
        for row in rows(sizes, family, sample, seed, tell):
            found.append(row)
    except KeyboardInterrupt:
        done = f"{len(found)} of {len(sizes)} {'size' if len(sizes) == 1 else 'sizes'}"
        interrupted = f"interrupted after {done}"
    finally:
        progress.show("")
    return race(found), {"family": family, "sample": sample, "seed": seed}, interrupted


def _sizes(text: str | None) -> list[int]:
    """The sizes, ascending."""
    if text is None:
        return list(SIZES)
    words = [word for word in re.split("[, ]+", text.strip()) if word]
    found = set()
    for word in words:
        try:
            size = float(word)
        except ValueError:
            size = math.nan
        if not math.isfinite(size) or size != int(size) or size < LEAST:
            start = text.index(word) + len("--sizes ")
            raise UsageError(
                f"a size is a whole number of entries, {LEAST} or more, not '{word}'",
                Place(f"--sizes {text}", start, start + len(word), "argument"),
                f"for example {EXAMPLE}",
            )
        found.add(int(size))
    if not found:
        raise UsageError("--sizes names no size", help=EXAMPLE)
    return sorted(found)


def _whole(word: str | None, option: str, default: int, least: int) -> int:
    if word is None:
        return default
    if word.isdecimal() and int(word) >= least:
        return int(word)
    raise UsageError(
        f"{option} takes a whole number from {least} up, not '{word}'", help=f"{option} {default or 1}"
    )
