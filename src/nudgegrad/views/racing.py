"""A race as text."""

from __future__ import annotations

import math

from ..races.programs import COURSE
from ..races.race import BLOCKS, FAMILIES, Race, Row
from .digits import NOTHING, number, size, within
from .screen import Screen
from .sheet import Cell, Column, Sheet

UNITS = (("days", 86400.0), ("h", 3600.0), ("min", 60.0), ("s", 1.0), ("ms", 1e-3), ("µs", 1e-6))
PLACES = 3  # significant digits of a time
MEANT = (
    f"backprop: forward and backward once, the median of {BLOCKS} rounds. best nudges: those of all nodes,"
    " with estimates and error bars."
)
EACH = "nudging each: 0.001 is added to one parameter and J computed again; so for each of the P."
NOT_TIMED = "Making and reading the programs is not in these times."


def duration(seconds: float, bar: float = 0.0) -> str:
    """A time in the unit that suits it, with its bar if it has one: ``65.3 ± 0.4 s``."""
    if not math.isfinite(seconds):
        return NOTHING
    shown = float(f"{seconds:.{PLACES}g}")
    unit, long = next(((u, s) for u, s in UNITS if shown >= s), UNITS[-1])
    if not bar:
        return f"{number(seconds / long, PLACES)} {unit}"
    return f"{within(seconds / long, bar / long)} ± {size(bar / long)} {unit}"


def as_text(race: Race, screen: Screen) -> str:
    """The table, and what it says; empty if nothing was measured."""
    if not race.rows:
        return ""
    heading = f"{race.rows[0].family} nets; {race.machine}; {race.date}"
    return "\n".join([screen.wrap(heading), sheet(race).as_text(screen)])


def sheet(race: Race) -> Sheet:
    """A row for each net, and notes."""
    columns = [
        Column("entries"),
        Column("neurons N", short="N"),
        Column("parameters P", short="P"),
        Column("N + P"),
        Column("N*P"),
        Column("backprop"),
        Column("nudging each"),
        Column("times", spoken="times as long"),
        Column("best nudges"),
    ]
    rows = [
        [
            Cell(f"{row.entries:,}"),
            Cell(f"{row.neurons:,}"),
            Cell(f"{row.parameters:,}"),
            Cell(f"{row.sum:,}"),
            Cell(f"{row.product:,}"),
            Cell(duration(row.backprop)),
            Cell(duration(row.sweep, row.sweep_bar)),
            Cell(times(row)),
            Cell(duration(row.nudges)),
        ]
        for row in race.rows
    ]
    return Sheet("Backprop and nudging, by the size of the net", columns, rows, notes(race))


def notes(race: Race) -> list[str]:
    """How it was measured, and what one net shows."""
    return [MEANT, EACH + extrapolation(race), NOT_TIMED, counted(chosen(race))]


def most_sampled(race: Race) -> int:
    """How many parameters were nudged at most where not all were; 0 where all were."""
    return max((row.sampled for row in race.rows if row.sampled < row.parameters), default=0)


def extrapolation(race: Race) -> str:
    """What was not measured, in a sentence; empty where everything was."""
    most = most_sampled(race)
    if not most:
        return ""
    rest = " Where no ± stands, all were nudged." if race.rows[0].sampled == race.rows[0].parameters else ""
    return (
        f" Measured on {most:,} parameters drawn at random and extrapolated to P; ± is the error of that,"
        f" which is larger once in 1000 times if the machine stays as it was.{rest}"
    )


def times(row: Row) -> str:
    """How many times as long as backprop it takes to nudge each parameter."""
    return f"{float(f'{row.sweep / row.backprop:.2g}'):,.0f}"


def chosen(race: Race) -> Row:
    """The row that is told in words: the course's own, else the largest."""
    return next(filter(is_course, race.rows), race.rows[-1])


def is_course(row: Row) -> bool:
    """Whether this is the course's example."""
    return row.family == FAMILIES[0] and row.entries == COURSE


def counted(row: Row) -> str:
    """The count of a net and its times in sentences."""
    visits = row.parameters * row.forward / (row.forward + row.backward)
    net = f"{row.neurons:,} neurons and {row.parameters:,} parameters"
    whose = f"The course's net, {net}" if is_course(row) else f"A net of {net}"
    return (
        f"{whose}: {row.sum:,} steps against {row.product:,}, {row.product / row.sum:,.0f} times as many."
        f" Measured it takes {times(row)} times as long: N*P counts neurons, but J is computed again with"
        f" all its {row.forward:,} operations, and in operations it is {visits:,.0f} times."
    )
