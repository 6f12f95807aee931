"""Large programs read by loops: the graph of the parser, or nothing at all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import nudgegrad as ng
from nudgegrad import compiled
from nudgegrad.errors import ProgramError
from nudgegrad.graphs import fast, program
from nudgegrad.graphs.program import parse
from nudgegrad.graphs.tokens import read_tokens
from nudgegrad.loops.reading import read_program
from nudgegrad.races.programs import FAMILIES
from nudgegrad.races.programs import program as made
from tests.families import FAMILIES as SMALL
from tests.families import draw
from tests.graphs.test_program import MISTAKES
from tests.unsigned import Unsigned

PLAIN = [
    "J = w", "c = w*x; a = c + b; d = a - y; J = d**2/2", "J = 2", "a=x;b=a;J=b*b # hi", "J = x < 2",
    "a = -x**2 + +3\nJ = max(a, x, 2) * sin(a+(x*2))", "J = (\n x + 1 # one\n) * 2", "J = ((x))",
    "J = where(x <= 2, x^2, x**y)", "J=1.5e-3*x+.5*x-2.*x+1E+2", "f = clip(x,-1,1); J=f", "J = --x",
    "J = min(x, y, z, 4)", "J = x\r\nk = J*2\r\n", "\n\n# nothing\nJ = x==y;;", "J = sin ( x )",
    "J = 2**-x**y", "J = x!=y", "J = x>y", "J = x>=y", "J = abs(x)/(1 - -x)", "exp2 = x; J = exp2",
    "a = 3; J = a", "a = x; J = x", "J = (x < y) == (y < z)", "J = 2*3", "J_1 = x; J = J_1",
    "J = x*2;k = J", "J = a/b/c-d-e", "a = 3; J = x**a", "a = 3; b = a; J = 2**(a*b)",
]  # fmt: skip
RARE = ["J = w\\\n + 1", "J = 1_000 * w", "J = (sin\n(x))"]


def plainly(*args):
    """The loop as it stands in the text, on lists."""
    lists = [listed(a) for a in args]
    found = read_program(*lists)
    for array, changed in zip(args, lists, strict=True):
        if isinstance(array, np.ndarray) and array.flags.writeable:
            array[...] = changed
    return found


def listed(a):
    """Arrays as lists, within tuples too."""
    if isinstance(a, tuple):
        return tuple(map(listed, a))
    return Unsigned(a.tolist()) if isinstance(a, np.ndarray) else a


def whole(graph):
    """All that makes a graph; names in their order."""
    arrays = (graph.codes, graph.operands, graph.spans)
    return (
        *((a.dtype, a.shape, a.tolist()) for a in arrays), list(graph.names.items()),
        list(graph.constants.items()), graph.output, graph.source, graph.origin,
    )  # fmt: skip


def parsed(text):
    """The graph by the parser; None if it is no program."""
    try:
        return parse(text)
    except ProgramError:
        return None


@pytest.mark.parametrize("text", PLAIN)
def test_a_program_is_read_as_the_parser_reads_it(text):
    assert whole(fast.read_by(plainly, text, "program")) == whole(parse(text))


@pytest.mark.parametrize("family", FAMILIES)
def test_large_programs_are_read_as_the_parser_reads_them(family):
    text = made(family, 300).text
    assert whole(fast.read_by(plainly, text, "program")) == whole(parse(text))


@pytest.mark.parametrize("family", list(SMALL))
def test_random_programs_are_read_as_the_parser_reads_them(family):
    for seed in range(5):
        text = draw(family, seed).text
        assert whole(fast.read_by(plainly, text, "program")) == whole(parse(text))


@pytest.mark.parametrize("text", [text for text in MISTAKES if text.isascii() and len(text) < 10_000])
def test_a_mistake_is_left_to_the_parser(text):
    assert fast.read_by(plainly, text, "program") is None


@pytest.mark.parametrize("text", RARE)
def test_what_is_rare_is_left_to_the_parser(text):
    assert fast.read_by(plainly, text, "program") is None


TOKENS = [
    "a", "b", "J", "w1", "sin", "max", "where", "if", "2", ".5", "1e3", "1.", "3e", "_", ".", "J = ",
    "(", ")", ",", "+", "-", "*", "**", "^", "/", "//", "<", "<=", "==", "=", "!=", "<>", "%", "!", ":=",
    "a = ", "+=", "*=", ";", "\n", " ", "\t", "# c\n", "\r\n", "\r", "\\\n",
]  # fmt: skip


@given(st.lists(st.sampled_from(TOKENS), max_size=14).map("".join))
@example("J = a-")
@example("a = J; J = 2")
@example("J = J")
@example("J = (a,)")
@example("J = a b")
@example("J = max(a,(b)")
@example("J = a<b<a")
@example("J = *=a")
def test_any_text_is_read_as_the_parser_reads_it_or_left_alone(text):
    found = fast.read_by(plainly, text, "program")
    if found is not None:
        assert whole(found) == whole(parse(text))
    elif not any(c in text for c in "\\\r_\n."):
        assert parsed(text) is None


def test_numbers_that_are_too_long_are_left_to_the_parser():
    assert fast.read_by(plainly, "J = x * 1e99999", "program") is None


def test_more_room_is_made_where_there_is_too_little(monkeypatch):
    text = f"J = {'(' * 3000}{'-' * 3000}x{')' * 3000}" + "".join(f"\na{k} = {k}" for k in range(500))
    assert whole(fast.read_by(plainly, text, "program")) == whole(parse(text))
    monkeypatch.setattr(fast, "CHARACTERS", 10**6)
    assert whole(fast.read_by(plainly, text, "program")) == whole(parse(text))


def test_a_large_program_is_read_by_the_compiled_loop(monkeypatch):
    texts = [made(family, 2 * compiled.ABOVE).text for family in ("lstm", "sparse")]
    expected = [program._Parser(read_tokens(t, "program")).program() for t in texts]
    monkeypatch.setattr(program, "_Parser", None)
    for text, graph in zip(texts, expected, strict=True):
        assert whole(ng.graph(text)) == whole(graph)


def test_a_mistake_in_a_large_program_is_told_as_in_a_small_one():
    text = made("lstm", 2 * compiled.ABOVE).text + "\nk = 2x"
    with pytest.raises(ProgramError, match="an operator is missing between '2' and 'x'"):
        ng.graph(text)


def test_without_numba_large_programs_are_read_by_the_parser(monkeypatch):
    monkeypatch.setenv(compiled.SWITCH, "0")
    assert fast.read(made("lstm", 2 * compiled.ABOVE).text, "program") is None
