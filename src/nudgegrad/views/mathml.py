"""MathML from the LaTeX that the op table's templates make: formulas that a browser draws by itself.

Only what the templates contain is read: names, numbers, + - = , and brackets, powers, fractions, roots and
the names of functions. One stack instead of recursion, so a formula may be as deep as a program.
"""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from html import escape

TOKEN = re.compile(
    r"\\left[(|]|\\right[)|]|\\operatorname\{\w+\}|\\mathrm\{\w+\}|\\log_\{\d+\}|\\[a-zA-Z]+|\\.|[^\W\d]\w*"
    r"|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|\s+|."
)
SUBSCRIPT = re.compile(r"([^\W\d_]+)_?(\d+)")
SIGNS = {"\\cdot": "⋅", "-": "−", "\\partial": "∂", "\\times": "×", "\\lfloor": "⌊", "\\rfloor": "⌋"}
SIGNS |= {"\\le": "≤", "\\ge": "≥", "\\ne": "≠"}
LETTERS = {"\\sigma": "σ", "\\pi": "π"}
FUNCTIONS = {"\\ln", "\\sin", "\\cos", "\\tan", "\\arcsin", "\\arccos", "\\arctan", "\\min", "\\max"}
FUNCTIONS |= {"\\sinh", "\\cosh", "\\tanh"}
TAKES = {"\\frac": 2, "\\sqrt": 1, "^": 1}  # groups that follow
THIN = '<mspace width="0.17em"/>'
OPEN, CLOSE = {"(", "[", "\\left(", "\\left|"}, {")", "]", "\\right)", "\\right|"}


def name(text: str) -> str:
    """A name as MathML: ``w1`` with a subscript, ``alpha`` as the letter."""
    indexed = SUBSCRIPT.fullmatch(text)
    if indexed:
        return f"<msub>{name(indexed[1])}<mn>{indexed[2]}</mn></msub>"
    if len(text) > 1 and text.isascii() and text.isalpha():
        size = "SMALL" if text.islower() else "CAPITAL"
        with suppress(KeyError):
            text = unicodedata.lookup(f"GREEK {size} LETTER {text.upper()}")
    return f"<mi>{escape(text)}</mi>"


def row(items: list[str]) -> str:
    """One element of several."""
    return items[0] if len(items) == 1 else f"<mrow>{''.join(items)}</mrow>"


def mathml(latex: str) -> str:
    r"""The content of a ``<math>`` element.

    Parameters
    ----------
    latex : str
        What `Op.spell` makes in the style ``"latex"``, names as in the program; also ``=`` and ``,``.

    Examples
    --------
    >>> mathml(r"\frac{d^{2}}{2}")
    '<mfrac><msup><mi>d</mi><mn>2</mn></msup><mn>2</mn></mfrac>'
    """
    frames: list[tuple[str, list[str]]] = [("", [])]  # what waits for its end or arguments, and its content

    def deliver(element: str) -> None:
        while True:
            waits, items = frames[-1]
            items.append(element)
            if waits not in TAKES or len(items) - (waits == "^") < TAKES[waits]:
                return
            frames.pop()
            tag = {"\\frac": "mfrac", "\\sqrt": "msqrt", "^": "msup"}[waits]
            element = f"<{tag}>{''.join(items)}</{tag}>"

    tokens = [t for t in TOKEN.findall(latex) if not t.isspace()]
    for token, following in zip(tokens, [*tokens[1:], ""], strict=True):
        if token == "{" or token in OPEN:
            frames.append((token, []))
        elif token == "}":
            deliver(row(frames.pop()[1]))
        elif token in CLOSE:
            opened, items = frames.pop()
            left, right = opened[-1], token[-1]
            deliver(f"<mrow><mo>{left}</mo>{''.join(items)}<mo>{right}</mo></mrow>")
        elif token == "^":
            frames.append((token, [frames[-1][1].pop()]))
        elif token in TAKES:
            frames.append((token, []))
        else:
            deliver(_atom(token))
            if (token in FUNCTIONS or token.startswith(("\\operatorname", "\\log"))) and following != "^":
                deliver("<mo>&#x2061;</mo>" if following in OPEN else f"<mo>&#x2061;</mo>{THIN}")
    return "".join(frames[0][1])


def _atom(token: str) -> str:
    if token in FUNCTIONS:
        return f"<mi>{token[1:]}</mi>"
    if token.startswith(("\\operatorname", "\\mathrm")):
        word = token.partition("{")[2][:-1]
        upright = ' mathvariant="normal"' if len(word) == 1 else ""
        return f"<mi{upright}>{word}</mi>"
    if token.startswith("\\log_"):
        return f"<msub><mi>log</mi><mn>{token[6:-1]}</mn></msub>"
    if token in LETTERS:
        return f"<mi>{LETTERS[token]}</mi>"
    if token in SIGNS or not token[0].isalnum():
        return f"<mo>{escape(SIGNS.get(token, token))}</mo>"
    if token[0].isdigit() or token[0] == ".":
        return f"<mn>{token}</mn>"
    return name(token)
