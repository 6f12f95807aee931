"""A sheet: a table with its notes, as text that fits a screen and as HTML that a screen reader can read.

Columns are laid out here, because importing a library for it takes longer than computing the table.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from .screen import Screen, breadth, padded

LAST = 16  # columns to which the last column of a table may be narrowed
NARROW = 72  # below this many columns a table becomes one block per row


LEFT = 'style="text-align: left; padding: 0.15em 1em 0.15em 0"'  # as hosts centre or crowd them


@dataclass(frozen=True)
class Column:
    """One column.

    Parameters
    ----------
    title : str
        Empty for signs that need none on a screen.
    align : str
        ``"<"`` left or ``">"`` right.
    spoken : str
        The title for screen readers, where it is another.
    short : str
        The title where there is little room, if it is another.
    """

    title: str
    align: str = ">"
    spoken: str = ""
    short: str = ""


@dataclass(frozen=True)
class Cell:
    """One cell.

    Parameters
    ----------
    text : str
    style : str
        One of the screen's styles.
    at : str
        Where this stands in the text, it is aligned within the column.
    spoken : str
        What a sign means, for screen readers.
    """

    text: str
    style: str = ""
    at: str = ""
    spoken: str = ""


@dataclass(frozen=True)
class Sheet:
    """A table and what stands under it.

    Parameters
    ----------
    caption : str
        What the table shows; HTML only.
    columns : sequence of Column
    rows : sequence of sequences of Cell
    notes : sequence of str
        Sentences under the table.
    """

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    notes: Sequence[str] = ()

    def as_text(self, screen: Screen) -> str:
        """The sheet as it is printed, without a final newline."""
        table = lay_out(self.columns, self.rows, screen) if self.rows else ""
        notes = "\n".join(screen.wrap(note) for note in self.notes)
        between = "\n\n" if "\n\n" in table else "\n"  # blocks are set off from what follows
        return between.join(filter(None, [table, notes]))

    def as_html(self) -> str:
        """The sheet as one table with caption and header cells, and its notes as paragraphs."""
        from html import escape  # its table of entities is long, and a terminal has no use for it

        titles = "".join(
            f'<th scope="col" {LEFT}>{escape(column.spoken or column.title)}</th>'
            for column in self.columns
        )
        body = "".join(f"<tr>{''.join(_html_row(row, escape))}</tr>" for row in self.rows)
        notes = "".join(f"<p>{escape(note)}</p>" for note in self.notes)
        return (
            f'<div class="nudgegrad"><table><caption>{escape(self.caption)}</caption>'
            f"<thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>{notes}</div>"
        )


def _html_row(row: Sequence[Cell], escape: Callable[[str], str]) -> Iterator[str]:
    for k, cell in enumerate(row):
        text = escape(cell.text)
        if cell.spoken:
            text = f'<span aria-hidden="true">{text}</span> {escape(cell.spoken)}'
        yield f"<td {LEFT}>{text}</td>" if k else f'<th scope="row" {LEFT}>{text}</th>'


def lay_out(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], screen: Screen) -> str:
    """The rows in columns, or one block per row where the screen is too narrow for them."""
    said = [[replace(c, text=screen.say(c.text), at=screen.say(c.at)) for c in row] for row in rows]
    lined = [_line_up(column) for column in zip(*said, strict=True)]
    cells = [max(breadth(c.text) for c in column) for column in lined]
    shorter = [replace(c, title=c.short or c.title) for c in columns]
    for titled, gap in ((columns, 3), (columns, 2), (shorter, 2)):
        widths = [max(breadth(c.title), width) for c, width in zip(titled, cells, strict=True)]
        if NARROW <= screen.width >= sum(widths) + gap * (len(widths) - 1):
            return _table(titled, list(zip(*lined, strict=True)), widths, " " * gap, screen)
    room = screen.width - sum(widths[:-1]) - gap * (len(widths) - 1)
    if screen.width >= NARROW and room >= LAST:
        folded = [line for row in zip(*lined, strict=True) for line in _folded(row, room)]
        return _table(titled, folded, [*widths[:-1], room], " " * gap, screen)
    return _blocks(columns, said, screen)


def _folded(row: Sequence[Cell], room: int) -> list[list[Cell]]:
    """A row as several lines, its last cell broken at spaces."""
    *front, last = row
    first, *more = textwrap.wrap(last.text, room, break_long_words=False) or [""]
    empty = [Cell("")] * len(front)
    return [[*front, replace(last, text=first)], *([*empty, replace(last, text=t)] for t in more)]


def _line_up(cells: Sequence[Cell]) -> list[Cell]:
    """The cells of a column, filled with spaces so that what they are aligned at stands in one line."""
    fronts = [breadth(c.text.partition(c.at)[0]) if c.at else 0 for c in cells]
    return [
        replace(c, text=" " * (max(fronts) - front) + c.text) if c.at else c
        for c, front in zip(cells, fronts, strict=True)
    ]


def _table(
    columns: Sequence[Column],
    rows: Sequence[Sequence[Cell]],
    widths: Sequence[int],
    gap: str,
    screen: Screen,
) -> str:
    def line(cells: Sequence[Cell]) -> str:
        texts = [
            padded(cell.text, width, column.align)
            for cell, column, width in zip(cells, columns, widths, strict=True)
        ]
        while texts and not texts[-1].strip():
            texts.pop()
        texts[-1] = texts[-1].rstrip()
        painted = [
            screen.paint(text, cell.style) if text.strip() else text
            for text, cell in zip(texts, cells, strict=False)
        ]
        return gap.join(painted)

    return "\n".join(line(row) for row in [[Cell(column.title, "strong") for column in columns], *rows])


def _blocks(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], screen: Screen) -> str:
    """Each row as a block: its first cell with the signs that have no title, then a line for each other
    cell that is not empty."""
    width = max(breadth(column.title) for column in columns[1:])
    blocks = []
    for row in rows:
        head = [screen.paint(row[0].text, "strong")]
        lines = []
        for column, cell in zip(columns[1:], row[1:], strict=True):
            if column.title and cell.text.strip():
                label = padded(column.title, width, "<")
                text = screen.wrap(f"  {label}  {cell.text.strip()}", "", " " * (width + 4))
                lines.append(screen.paint(text, cell.style))
            elif cell.text.strip():
                head.append(screen.paint(cell.text, cell.style))
        blocks.append("\n".join(["  ".join(head), *lines]))
    return "\n\n".join(blocks)
