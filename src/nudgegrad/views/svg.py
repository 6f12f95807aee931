"""What every picture is made of: text in ordinary notation, colours, and the frame of an SVG document.

Nothing is measured and nothing is loaded: widths are those of the widest common monospace fonts, and each
text is told to keep to its width. Colours come twice, for light and for dark.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from html import escape

from .screen import breadth

TEXT, LABEL, SMALL = 15.0, 13.0, 0.72  # sizes in pixels; that of raised and lowered text as a share
LEVELS = {1: -0.42, 0: 0.0, -1: 0.2}  # of raised and lowered text, in sizes downwards
EM = 0.61  # width of a column of monospace text, in sizes: that of the widest common fonts
COLUMNS = 60  # of a statement; the whole is in its title
FONT = 'ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, "Liberation Mono", monospace'
COLORS = {  # light, dark; contrasts of what is read at least 6.3 and 7.5
    "ground": ("#fff", "#14181d"),
    "ink": ("#1b1f24", "#e9edf1"),
    "muted": ("#57606a", "#9aa5b1"),
    "faint": ("#d0d7de", "#3a434d"),
    "node": ("#8a5200", "#d9a25f"),
    "forward": ("#005a9c", "#7cc0ff"),
    "forward-ground": ("#eaf3fb", "#10263a"),
    "backward": ("#00664b", "#5fd7ab"),
    "backward-ground": ("#e8f6f0", "#0e2b21"),
}

TOKEN = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|\w+|\*\*|\s+|.")
INDEXED = re.compile(r"([^\W\d_]+)_?(\d+)")
INVALID = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2

Piece = tuple[str, int]  # text; 1 raised, -1 lowered, 0 neither
Painted = tuple[str, str, str]  # selector, property, color


def document(
    width: float, height: float, title: str, description: str, style: str, parts: Iterable[str]
) -> str:
    """An SVG document in ASCII, with a name and a description for those who do not see it.

    Its ids come from what it says, so that two pictures on one page keep apart.
    """
    w, h = px(width), px(height)
    mark = f"{zlib.crc32(f'{title}{description}'.encode('utf-8', 'replace')):08x}"
    lines = [
        '<svg xmlns="http://www.w3.org/2000/svg" class="nudgegrad-plot" role="img" '
        f'aria-labelledby="title-{mark}" aria-describedby="desc-{mark}" '
        f'viewBox="0 0 {w} {h}" width="{w}" height="{h}">',
        f'<title id="title-{mark}">{xml(title)}</title>',
        f'<desc id="desc-{mark}">{xml(description)}</desc>',
        f"<style>{style}</style>",
        f'<rect class="ground" width="{w}" height="{h}"/>',
        *parts,
        "</svg>",
    ]
    return "\n".join(lines)


def styled(shapes: str, painted: Sequence[Painted]) -> str:
    """A picture's style: shapes once, colors twice."""
    sides = [
        "".join(
            f".nudgegrad-plot {where}{{{what}:{COLORS[ink][side]}}}"
            for where, what, ink in ((".ground", "fill", "ground"), *painted)
        )
        for side in (0, 1)
    ]
    return (
        f".nudgegrad-plot text{{font:{px(TEXT)}px {FONT};white-space:pre}}"
        f".nudgegrad-plot .label{{font-size:{px(LABEL)}px}}.nudgegrad-plot .small{{font-size:{SMALL}em}}"
        f"{shapes}{sides[0]}@media (prefers-color-scheme:dark){{{sides[1]}}}"
    )


def ordinary(text: str, columns: int = COLUMNS) -> list[Piece]:
    """A statement in ordinary notation: raised powers, lowered indices, dots for products.

    Parameters
    ----------
    text : str
        As a program has it.
    columns : int
        After so many the rest is dots.

    Examples
    --------
    >>> ordinary("J = w1*d**2/2")
    [('J = w', 0), ('1', -1), ('·d', 0), ('2', 1), ('/2', 0)]
    """
    tokens = TOKEN.findall(text)
    closing = _brackets(tokens)
    pieces: list[Piece] = []
    k = 0
    while k < len(tokens):
        token = tokens[k]
        indexed = INDEXED.fullmatch(token)
        if token == "**":
            after = _exponent(tokens, k + 1, closing)
            inner = tokens[k + 1 : after]
            if inner[0] == "(" and closing[k + 1] == after - 1:
                inner = inner[1:-1]
            pieces.append(("".join(inner).replace("**", "^").replace("*", "·").replace("-", "−"), 1))
            k = after
            continue
        if indexed:
            pieces += [(indexed[1], 0), (indexed[2], -1)]
        else:
            pieces.append(({"*": "·", "-": "−"}.get(token, token), 0))
        k += 1
    return cut(_joined(pieces), columns)


def _brackets(tokens: Sequence[str]) -> dict[int, int]:
    """Where each bracket that is opened is closed."""
    closing: dict[int, int] = {}
    opened: list[int] = []
    for k, token in enumerate(tokens):
        if token == "(":
            opened.append(k)
        elif token == ")" and opened:
            closing[opened.pop()] = k
    return closing


def _exponent(tokens: Sequence[str], k: int, closing: dict[int, int]) -> int:
    """Where the exponent that begins at `k` ends: signs, a name, number, call or bracket, its exponent."""
    while True:
        while tokens[k] in {"-", "+"}:
            k += 1
        if tokens[k] != "(" and tokens[k + 1 : k + 2] == ["("]:
            k += 1
        k = closing.get(k, k) + 1
        if tokens[k : k + 1] != ["**"]:
            return k
        k += 1


def _joined(pieces: Sequence[Piece]) -> list[Piece]:
    joined: list[Piece] = []
    for text, level in pieces:
        if joined and joined[-1][1] == level == 0:
            joined[-1] = joined[-1][0] + text, level
        else:
            joined.append((text, level))
    return joined


def cut(pieces: Sequence[Piece], columns: int) -> list[Piece]:
    """A text whose columns after the first so many are dots."""
    found: list[Piece] = []
    for text, level in pieces:
        if len(text) > columns:
            return [*found, (text[: max(0, columns - 1)].rstrip() + "…", level)]
        found.append((text, level))
        columns -= len(text)
    return found


def length(pieces: Sequence[Piece], size: float = TEXT) -> float:
    """The width of a text."""
    return sum(breadth(text) * EM * size * (SMALL if level else 1) for text, level in pieces)


def text_of(pieces: Sequence[Piece], kind: str, x: float, y: float, size: float) -> str:
    """A line of text whose middle is at height `y`."""
    base = y + 0.35 * size
    parts, before = [], 0
    for text, level in pieces:
        shift = px(size * (LEVELS[level] - LEVELS[before]))
        before = level
        if level or shift != "0":
            small = ' class="small"' if level else ""
            parts.append(f'<tspan{small} dy="{shift}">{xml(text)}</tspan>')
        else:
            parts.append(xml(text))
    return (
        f'<text class="{kind}" x="{px(x)}" y="{px(base)}" textLength="{px(length(pieces, size))}" '
        f'lengthAdjust="spacingAndGlyphs">{"".join(parts)}</text>'
    )


def px(x: float) -> str:
    """A length, to a hundredth of a pixel."""
    return f"{x:.2f}".rstrip("0").rstrip(".")


def xml(text: str) -> str:
    """A text as XML, in ASCII, so that no encoding can spoil it."""
    return escape(INVALID.sub("\ufffd", text)).encode("ascii", "xmlcharrefreplace").decode()
