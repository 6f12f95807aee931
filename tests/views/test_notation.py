"""How derivatives are spelled."""

import pytest

import nudgegrad as ng
from nudgegrad.graphs.ops import OPS, Term
from nudgegrad.views.notation import applied, derivative, formula, with_names, with_numbers
from nudgegrad.views.rows import corner, derivatives, rows, written


def test_the_name_of_a_derivative():
    assert derivative("J", "w") == "dJ/dw"
    assert derivative("J", "w", several=True) == "∂J/∂w"
    assert derivative("J", "3 * w") == "dJ/d(3 * w)"
    assert derivative("J", "w", "latex") == r"\frac{\mathrm{d}J}{\mathrm{d}w}"
    assert derivative("J", "w", "latex", several=True) == r"\frac{\partial J}{\partial w}"


@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        ("*", ["z", "x"]),
        ("/", ["1 / z", "-(y * (1 / z))"]),
        ("tanh", ["1 - tanh(x) ** 2"]),
        ("**", ["z * x ** (z - 1)"]),
        ("max", ["step(x - z)", "1 - step(x - z)"]),
    ],
)
def test_formulas_are_spelled_from_the_row(name, spelled):
    assert derivatives(OPS[name]) == spelled


@pytest.mark.parametrize("row", [r for r in rows() if r.kink is None], ids=lambda row: row.name)
def test_what_is_spelled_is_what_nudges_show(row):
    """The text of a partial, read as a program, has the value that nudging the op shows."""
    values = dict(zip(row.symbols, (0.75, 2.0), strict=False))
    run = ng.graph(f"y = {applied(row)}").at(values)
    known = {**values, "y": run.value("y")}
    varying = [name for name, p in zip(row.symbols, row.formulas, strict=True) if p is not None]
    for name, spelled in zip(varying, derivatives(row), strict=True):
        program = ng.graph(f"J = {spelled}")
        value = program.at({n: known[n] for n in program.inputs}).value("J")
        n = ng.nudges(run, name)[name]
        assert abs(value - n.estimate) <= n.bar


def test_numbers_and_nested_terms():
    x = Term(None, (), "x")
    assert formula(Term.of(2.5)) == "2.5"
    assert formula(-(x + 1) * x) == "-(x + 1) * x"
    assert formula(x - (x - 1)) == "x - (x - 1)"
    assert formula((x + 1) * x, "latex") == r"\left(x + 1\right) \cdot x"


def test_rows_that_programs_can_use():
    assert [row.name for row in rows() if row.internal] == []
    assert "copy" not in [row.name for row in rows()]
    assert written(OPS["**"]) == "x ** z (z fixed)"
    assert corner(OPS["max"]) == "x - z = 0"
    assert corner(OPS["exp"]) == ""


def test_statements_with_names_and_with_numbers():
    run = ng.graph("J = w*x + b**2 - b*-w + -b + w**-b - (w - b)").at(w=2, x=-2, b=-3)
    i = run.graph.output
    assert with_names(run.graph, i) == "w*x + b**2 - b*-w + -b + w**-b - (w - b)"
    assert with_numbers(run, i) == "2 × -2 + (-3)**2 - (-3) × -2 + -(-3) + 2**-(-3) - (2 - (-3))"
