"""Checks of a row's spelling: text that parses back, LaTeX that is balanced."""

from __future__ import annotations

import itertools

from nudgegrad.graphs.ops import ATOM, FUNCTIONS, OPS, Op, Term
from nudgegrad.graphs.program import parse


def check_notation(row: Op) -> None:
    """The row's text is program text for the same op, its LaTeX is balanced, and so are its formulas'."""
    names = [(s if f is not None else "3", ATOM) for s, f in zip(row.symbols, row.formulas, strict=True)]
    assert_latex(row.spell(names, "latex")[0])
    for f in row.formulas:
        if f is not None:
            assert_latex(spelled(f, "latex"))
            assert spelled(f, "text").strip()
    assert row.domain is None or row.domain_text
    if row.internal:
        return
    operands = [names]
    if row.parsed or row.arity > 1:  # the op behind J = x says nothing
        inner = [
            ("x + z", "+"),
            ("x - z", "-"),
            ("x * z", "*"),
            ("-z", "neg"),
            ("x ** z", "**z"),
            ("x / z", "/"),
        ]
        for k, (text, name) in itertools.product(range(row.arity), inner):
            if row.formulas[k] is not None:
                operands.append([*names[:k], (text, OPS[name].binds), *names[k + 1 :]])
    for spelling in operands:
        text, _ = row.spell(spelling)
        graph = parse(f"J = {text}")
        assert graph.spelled(graph.output)[0] == text, (row.name, text)
        top = graph.op(graph.output)
        assert top is not None
        assert top.name == row.name, (row.name, text)
    if row.name in FUNCTIONS:
        assert FUNCTIONS[row.name] is OPS[row.name]


def assert_latex(text: str) -> None:
    """Braces and brackets of a formula are balanced, and no argument is missing."""
    assert text.strip()
    depth = 0
    for sign in text:
        depth += (sign == "{") - (sign == "}")
        assert depth >= 0, text
    assert depth == 0, text
    assert text.count(r"\left") == text.count(r"\right"), text


def spelled(term: Term, style: str) -> str:
    """A formula written out by its rows."""
    return _spelled(term, style)[0]


def _spelled(term: Term, style: str) -> tuple[str, int]:
    if term.op is None:
        return (term.symbol if isinstance(term.symbol, str) else f"{term.symbol:g}"), ATOM
    return term.op.spell([_spelled(a, style) for a in term.args], style)
