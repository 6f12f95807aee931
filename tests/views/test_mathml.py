"""MathML: well-formed, of every row, and what it says is what LaTeX says."""

from xml.etree import ElementTree

import pytest

from nudgegrad.graphs.ops import OPS
from nudgegrad.graphs.program import parse
from nudgegrad.views.mathml import mathml, name
from nudgegrad.views.notation import applied, derivative, formula
from tests.families import FAMILIES, draw


def read(latex):
    return ElementTree.fromstring(f"<math>{mathml(latex)}</math>")


def text(latex):
    return "".join(read(latex).itertext()).replace("\u2061", "")


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"\frac{d^{2}}{2}", "<mfrac><msup><mi>d</mi><mn>2</mn></msup><mn>2</mn></mfrac>"),
        ("w1", "<msub><mi>w</mi><mn>1</mn></msub>"),
        ("w_1", "<msub><mi>w</mi><mn>1</mn></msub>"),
        ("alpha", "<mi>\u03b1</mi>"),
        ("loss", "<mi>loss</mi>"),
        (r"\sqrt{x + 1}", "<msqrt><mrow><mi>x</mi><mo>+</mo><mn>1</mn></mrow></msqrt>"),
        (
            r"\left(a - b\right)^{c}",
            "<msup><mrow><mo>(</mo><mi>a</mi><mo>\u2212</mo><mi>b</mi><mo>)</mo></mrow><mi>c</mi></msup>",
        ),
        (derivative("J", "w", "latex", several=True),
         "<mfrac><mrow><mo>\u2202</mo><mi>J</mi></mrow><mrow><mo>\u2202</mo><mi>w</mi></mrow></mfrac>"),
    ],
)  # fmt: skip
def test_what_is_drawn(latex, expected):
    assert mathml(latex) == expected


@pytest.mark.parametrize("op", OPS)
def test_every_row_is_drawn(op):
    row = OPS[op]
    assert set(row.symbols[: 2 if op != "falling_power" else 3]) <= set(text(applied(row, "latex"))) | {"k"}
    for term in row.formulas:
        if term is not None:
            assert text(formula(term, "latex"))


@pytest.mark.parametrize("family", FAMILIES)
def test_programs_are_well_formed(family):
    for seed in range(4):
        graph = parse(draw(family, seed).text)
        for i in list(graph.names)[-20:]:
            assert text(graph.spelled(i, "latex")[0])


def test_depth_is_no_limit():
    deep = "J = " + "(" * 3000 + "w" + " + 1)*2" * 3000
    graph = parse(deep)
    assert mathml(graph.spelled(graph.output, "latex")[0]).count("<mrow><mo>(") > 2000


def test_a_name_is_text():
    assert name("a<b") == "<mi>a&lt;b</mi>"
