"""Shares of J's rounding error against what the error really is, and adjoints out of range."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import nudgegrad as ng
from nudgegrad.accuracy import reference, roundoff, underflow
from nudgegrad.formats import FORMATS
from nudgegrad.graphs.ops import OPS
from tests import figures
from tests.accuracy.nets import NETS, draw

BFLOAT16 = FORMATS["bfloat16"]
AGREEING = 0.5 * 10.0**-figures.ROUNDOFF_DIGITS


def found(text: str, format: str | None = None, **values: Any) -> roundoff.Roundoff:
    return ng.roundoff(ng.graph(text).at(values, format=format))


def of_net(name: str, format: str, seed: int = 0) -> roundoff.Roundoff:
    text, inputs = draw(name, seed)
    return ng.roundoff(ng.graph(text).at(inputs, format=format))


def agrees(r: roundoff.Roundoff | roundoff.Representation) -> bool:
    """Whether the shares add up to the true error, to the digits that are asked for."""
    return r.true != 0 and abs(r.predicted - r.true) <= AGREEING * abs(r.true)


def said(r: roundoff.Roundoff) -> str:
    """What is printed, on one line."""
    return " ".join(str(r).split())


# The figure: predicted and true error of J


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", NETS)
def test_the_shares_add_up_to_the_true_error(name: str, format: str) -> None:
    r = of_net(name, format)
    assert agrees(r), (r.predicted, r.true)
    assert abs(r.true) <= r.bound
    if format != "float64":  # whose inputs are as they were given
        assert agrees(r.represented)


@contextmanager
def broken(row: str, facet: str, value: Any) -> Iterator[None]:
    """The op table with one facet of one row replaced."""
    right = getattr(OPS[row], facet)
    object.__setattr__(OPS[row], facet, value)
    try:
        yield
    finally:
        object.__setattr__(OPS[row], facet, right)


def test_a_share_that_is_left_out_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_sums(run: Any, long: Any) -> Any:
        graph = run.graph
        errors = reference.local_errors(run, long)
        return np.array([0.0 if graph.op(i) is OPS["+"] else e for i, e in enumerate(errors)])

    monkeypatch.setattr(roundoff, "local_errors", without_sums)
    assert not any(agrees(of_net(name, format)) for name in NETS for format in FORMATS)


def test_errors_of_the_other_sign_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roundoff, "local_errors", lambda *given: -reference.local_errors(*given))
    assert not any(agrees(of_net(name, format)) for name in NETS for format in FORMATS)


def test_adjoints_at_the_computed_values_alone_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roundoff, "BETWEEN", (1.0,))
    assert not all(agrees(of_net(name, "bfloat16")) for name in NETS)


@pytest.mark.parametrize(
    ("row", "net"), [("tanh", "RNN"), ("exp", "softmax cross-entropy"), ("*", "tanh MLP")]
)
def test_a_wrong_partial_is_seen(row: str, net: str) -> None:
    right = OPS[row].partials
    with broken(row, "partials", lambda *args: tuple(1.01 * p for p in right(*args))):
        assert not agrees(of_net(net, "bfloat16"))


def test_a_residual_of_the_wrong_size_is_seen() -> None:
    right = OPS["+"].residual
    assert right is not None
    with broken("+", "residual", lambda x, z, y: right(x, z, y) / 2):
        assert not any(agrees(of_net(name, "float64")) for name in NETS)


# Exact rationals: what a share is


def rounded(x: Fraction) -> Fraction:
    return Fraction(BFLOAT16.nearest(x))


def test_each_share_is_local_error_times_derivative() -> None:
    w, x, b = Fraction(13, 8), Fraction(37, 16), Fraction(100)
    r = found("a = w*x; J = a + b", "bfloat16", w=w, x=x, b=b)
    a = rounded(w * x)
    assert r["a"] == (float(a - w * x), 1.0, float(a - w * x))
    assert r["J"] == (float(rounded(a + b) - (a + b)), 1.0, float(rounded(a + b) - (a + b)))
    assert r.true == r.predicted == float(rounded(a + b) - (w * x + b))
    assert r.bound == abs(r["a"].share) + abs(r["J"].share)


def test_a_share_can_be_asked_for_by_any_name_of_the_run() -> None:
    r = found("J = w*x + 3*w", "bfloat16", w=1.7, x=0.3)
    assert r["w  *  x"] == r["w * x"]
    assert set(r) == {"w * x", "3 * w", "J"}
    assert len(r) == 3
    with pytest.raises(ng.NodeError, match="there is no node 'v'"):
        r["v"]
    with pytest.raises(ng.NodeError, match="'w' is no operation"):
        r["w"]
    error, adjoint, share = r["w * x"]
    assert error * adjoint == share


def test_the_largest_share_comes_first() -> None:
    r = of_net("deep sigmoid", "bfloat16")
    shares = [abs(part.share) for part in r.values()]
    assert shares == sorted(shares, reverse=True)


def test_in_float64_the_error_is_that_of_rationals() -> None:
    r = found("a = w*x; c = a/b; J = c*c - a", w=0.1, x=0.3, b=0.7)
    w, x, b = Fraction(0.1), Fraction(0.3), Fraction(0.7)
    exact = (w * x / b) ** 2 - w * x
    assert r.true == float(Fraction(r.run.value("J")) - exact)
    assert agrees(r)


@pytest.mark.parametrize("format", FORMATS)
def test_operations_on_constants_and_in_exponents_count(format: str) -> None:
    r = found("a = x**(1/3); J = a + (-x)**3 + x**-1.5", format, x=2.625)
    assert r["1 / 3"].share != 0
    assert agrees(r)


def test_an_exact_program_has_no_shares() -> None:
    r = found("J = (w*2 + 1)*4 - relu(w)", "float16", w=3)
    assert (r.predicted, r.true, r.bound) == (0.0, 0.0, 0.0)
    assert str(r).endswith("\nJ = 25 in float16 is exact: no operation loses anything.")


def test_a_node_without_a_derivative_that_is_exact_adds_nothing() -> None:
    r = found("J = sqrt(w)", "float16", w=0)
    assert (r["J"].share, r.predicted, r.true) == (0.0, 0.0, 0.0)


# What rounding the inputs and constants does


def test_inputs_and_constants_are_a_part_of_their_own() -> None:
    r = found("J = 0.1*w + 0.1*x", "bfloat16", w=Fraction(1, 3), x=2)
    tenth, third = Fraction(1, 10), Fraction(1, 3)
    parts = r.represented
    assert set(parts) == {"0.1", "w"}
    assert parts["w"].error == float(rounded(third) - third)
    assert parts["0.1"].error == float(rounded(tenth) - tenth)
    mean = Fraction(rounded(third) + third) / 2 + 2  # of dJ/d0.1 between given and rounded
    assert abs(parts["0.1"].adjoint - float(mean)) <= 2 * math.ulp(2.0)
    assert agrees(parts)
    assert len(parts) == 2


def test_an_exponent_that_the_format_lacks_has_its_share() -> None:
    r = found("J = x**0.3", "bfloat16", x=5)
    assert list(r.represented) == ["0.3"]
    assert agrees(r.represented)


def test_in_float64_only_what_is_no_float64_is_rounded() -> None:
    assert list(found("J = w*x/3", w=Fraction(1, 3), x=0.1).represented) == ["w"]
    assert list(found("J = 0.25*w", w=0.1).represented) == []


# Where there is no truth


def test_without_rounding_j_may_have_no_value() -> None:
    r = found("a = 1 + x; b = a - 1; J = sqrt(b - x - 2**-20)", "float16", x=1.5 * 2**-11)
    assert math.isnan(r.true)
    assert r.predicted > 0
    assert "without rounding J has no value" in said(r)


def test_a_corner_in_between_is_said() -> None:
    r = found("a = 1 + x; J = relu(a - 1 - x - 2**-14)*3", "float16", x=1.5 * 2**-11)
    assert r.true != 0
    assert not agrees(r)
    assert said(r).endswith("a corner or an edge lies between the computed and the exact values.")


def test_a_row_without_an_exact_value_is_told() -> None:
    with broken("tanh", "exactly", None):
        with pytest.raises(ng.UsageError, match="'tanh' has no value beyond float64"):
            found("J = tanh(w)", w=1)
        assert agrees(found("J = tanh(w)", "float32", w=0.7))


def test_only_runs_have_rounding_errors() -> None:
    graph: Any = ng.graph("J = w")
    with pytest.raises(ng.UsageError, match="roundoff takes a run, not Graph"):
        ng.roundoff(graph)


# Adjoints out of range


def test_adjoints_that_underflow_and_the_scale_that_saves_them() -> None:
    r = found("a = 2**-9 * w; b = 2**-9 * a; J = 2**-9 * b", "float16", w=1)
    assert dict(r.flushed) == {"w": (0.0, 2.0**-27, 0.0), "a": (2.0**-18, 2.0**-18, 0.0)}
    assert r.adjoints == 4
    assert (r.loss_scale, r.left) == (2.0**15, ())
    assert "The loss scale 2^15 saves all of them." in said(r)


def test_no_scale_saves_what_the_range_cannot_hold() -> None:
    r = found("a = 2**-10 * w; b = 2**-10 * a; J = 2**-10 * b", "float16", w=1)
    assert math.isnan(r.loss_scale)
    assert (r.largest_scale, r.left) == (2.0**15, ("w",))
    assert "No loss scale saves them: 2^15, the largest that fits, leaves 1." in said(r)


def test_no_scale_is_needed_where_nothing_underflows() -> None:
    r = found("J = w*w", "float16", w=3)
    assert (r.loss_scale, dict(r.flushed), r.left) == (1.0, {}, ())
    assert "No derivative underflows in float16: no loss scale is needed." in said(r)


def test_what_overflows_is_scaled_down() -> None:
    r = found("J = (w*1000)*1000", "float16", w=2.0**-10)
    assert r.loss_scale == 2.0**-4
    assert "the loss scale 2^-4 keeps them finite" in said(r)


def test_a_partial_beyond_the_range_cannot_be_helped() -> None:
    r = found("J = 1/w", "float16", w=2.0**-11)
    assert math.isnan(r.loss_scale)
    assert math.isnan(r.largest_scale)
    assert "Derivatives overflow in float16: no loss scale helps." in said(r)


@pytest.mark.parametrize("text", ["J = relu(w)*2", "J = w - w", "m = max(w, 1); J = exp(w - m)*exp(m)"])
def test_zeros_of_another_kind_do_not_underflow(text: str) -> None:
    assert not found(text, "float16", w=-1).flushed


def test_a_deep_net_of_sigmoids_loses_its_first_layers_in_float16_only() -> None:
    r = of_net("deep sigmoid", "float16")
    assert {"aw0_0", "bw0_0"} <= set(r.flushed)
    assert not {"hw0_0", "ow0_0"} & set(r.flushed)
    assert r.loss_scale == 2.0**14
    for format in ("bfloat16", "float32", "float64"):
        assert not of_net("deep sigmoid", format).flushed


def test_with_the_scale_the_adjoints_are_back() -> None:
    text, inputs = draw("deep sigmoid")
    r = of_net("deep sigmoid", "float16")
    scaled = ng.graph(text.replace("J = ", "L = ") + f"\nJ = L*{int(r.loss_scale)}").at(
        inputs, format="float16"
    )
    for name, lost in r.flushed.items():
        assert (abs(scaled.adjoint(name)) < FORMATS["float16"].smallest_normal) == (name in r.left)
        if name not in r.left:
            assert np.sign(scaled.adjoint(name)) == np.sign(lost.adjoint)


def zeros_only(x: Any, _fmt: Any) -> Any:
    return np.asarray(x == 0)


def twice_the_limit(x: Any, fmt: Any) -> Any:
    return np.asarray(np.abs(x) < 2 * fmt.smallest_normal)


@pytest.mark.parametrize("fault", [None, zeros_only, twice_the_limit])
def test_a_wrong_limit_is_seen(fault: Callable[..., Any] | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if fault is not None:
        monkeypatch.setattr(underflow, "_below", fault)
    r = found("a = 2**-9 * w; b = 2**-9 * a; J = 2**-9 * b + v*2**-14", "float16", w=1, v=1)
    assert (set(r.flushed) == {"w", "a"}) == (fault is None)


# What it says


PROGRAM = ("z = w*x + b; a = sigmoid(z); J = (a - y)**2/2", "w=2", "x=-2.1", "b=8", "y=1/3")
TINY = ("a = w*1e-4 + 0.3; b = a*x*1e-3; c = b*b; J = c + a*a/3", "w=1.7", "x=0.03", "--format", "float16")


@pytest.mark.parametrize(
    ("name", "arguments", "columns"),
    [
        ("roundoff", (*PROGRAM, "--format", "bfloat16"), 120),
        ("roundoff-50", (*PROGRAM, "--format", "bfloat16"), 50),
        ("roundoff-underflow", TINY, 120),
        ("roundoff-underflow-json", (*TINY, "--json"), 120),
        ("roundoff-exact", ("J = w*2", "w=3"), 120),
    ],
)
def test_the_whole_output_of(name: str, arguments: Any, columns: int, nudgegrad: Any, golden: Any) -> None:
    called = nudgegrad("roundoff", *arguments, columns=columns)
    assert (called.code, called.err) == (0, "")
    golden(f"{name}.txt", str(called))


def test_long_tables_are_cut_unless_all_is_asked_for(nudgegrad: Any) -> None:
    program = ("J = " + " + ".join(f"sin({k}*w)" for k in range(1, 40)), "w=0.3", "--format", "bfloat16")
    short, whole = nudgegrad("roundoff", *program).out, nudgegrad("roundoff", *program, "--all").out
    assert len(short.splitlines()) < len(whole.splitlines())
    assert " smaller ones, " in short
    assert " smaller ones, " not in whole
    assert short.splitlines()[-1] == whole.splitlines()[-1]


def test_json_has_every_operation(nudgegrad: Any) -> None:
    document = json.loads(nudgegrad("roundoff", *PROGRAM, "--format", "float16", "--json").out)
    r = found(PROGRAM[0], "float16", w=2, x=Fraction("-2.1"), b=8, y=Fraction(1, 3))
    assert document["schema"] == 1
    assert [node["name"] for node in document["nodes"]] == list(r)
    assert (document["predicted"], document["true"], document["bound"]) == (r.predicted, r.true, r.bound)
    assert [node["name"] for node in document["represented"]["nodes"]] == list(r.represented)


def test_a_notebook_shows_a_table() -> None:
    html = of_net("RNN", "float16")._repr_html_()
    assert "<caption>Shares of the rounding error of J in float16</caption>" in html
    assert html.count("<tr>") == 31


@pytest.mark.parametrize("width", [50, 72, 80, 120])
def test_no_line_is_wider_than_the_screen(width: int, nudgegrad: Any) -> None:
    for encoding in ("utf-8", "ascii"):
        out = nudgegrad("roundoff", *TINY, columns=width, encoding=encoding).out
        assert max(map(len, out.splitlines())) <= width


# What it costs those who do not ask for it


@pytest.mark.parametrize(
    ("arguments", "imported"),
    [
        (("J = w*w", "w=3"), []),
        (("J = w*w", "w=3", "--json"), []),
        (("roundoff", "J = w*w", "w=3", "--format", "float32"), ["nudgegrad.accuracy.roundoff"]),
        (("roundoff", "J = exp(w)", "w=3"), ["mpmath", "nudgegrad.accuracy.roundoff"]),
    ],
)
def test_only_who_asks_imports_it(arguments: tuple[str, ...], imported: list[str]) -> None:
    code = (
        "import sys; from nudgegrad.cli import main; main(sys.argv[1:]);"
        "seen = {'flint', 'mpmath', 'nudgegrad.accuracy.roundoff'} & set(sys.modules);"
        "print(*sorted(seen), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    assert done.stderr.split() == imported
