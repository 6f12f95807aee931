"""Enclosures of derivatives: they contain what mpmath finds, they are small, and they say why if not."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import flint
import mpmath
import numpy as np
import pytest
from flint import arb

import nudgegrad as ng
from nudgegrad.accuracy import balls, enclosure
from nudgegrad.accuracy.reference import Long
from nudgegrad.formats import FORMATS
from nudgegrad.graphs.graph import GraphBuilder
from nudgegrad.graphs.ops import OPS, Op
from nudgegrad.graphs.program import parse
from tests import figures
from tests.families import FAMILIES, draw
from tests.graphs.battery.points import points
from tests.oracles.differences import known_derivative
from tests.oracles.rows import row_taylor, row_value

DIGITS = 60  # of mpmath's derivatives
PROGRAMS = {name: 12 if name == "sum" else 78 for name in FAMILIES}  # of each family
LARGE = {"sum": 6, "dag": 1}  # how many of them at most are too large, or have a corner there
MOST = 2000  # nodes of a program that is not too large
ROW_POINTS = 12
TEXT: Any = "J = w"

PUBLIC = [row for row in OPS.values() if not row.internal]


def enclosed(text: str, node: str = "w", format: str | None = None, **values: Any) -> enclosure.Enclosure:
    return ng.enclose(ng.graph(text).at(values, format=format), node)


# The figures: coverage and size over random programs


def counted(family: str, programs: int) -> list[tuple[bool, float]]:
    """Of one node of each program: whether its interval contains the derivative, and its size over the
    error of the adjoint."""
    found = []
    for seed in range(programs):
        program = draw(family, seed)
        run = parse(program.text).at(program.inputs)
        if len(run.graph) > MOST:
            continue
        live = np.flatnonzero(run.graph.nudged & run.graph.reaches)
        i = int(np.random.default_rng(seed).choice(live))
        e = ng.enclose(run, run.graph.name(i))
        if e.corners:
            continue
        truth = known_derivative(run.graph, run.value_array, i, DIGITS)
        error = abs(float(truth - e.adjoint))
        size = e.upper - e.lower
        found.append((e.contains(truth), 0.0 if size == 0 else size / error if error else math.inf))
    return found


def test_the_programs_are_as_many_as_asked_for() -> None:
    assert sum(PROGRAMS.values()) - sum(LARGE.values()) >= figures.ENCLOSED_PROGRAMS


@pytest.mark.parametrize("family", FAMILIES)
def test_every_interval_contains_the_derivative_and_is_small(family: str) -> None:
    found = counted(family, PROGRAMS[family])
    assert len(found) >= PROGRAMS[family] - LARGE.get(family, 0)
    assert all(contains for contains, _ in found)
    assert float(np.median([loose for _, loose in found])) <= figures.ENCLOSED_LOOSE


def inward(ball: Any) -> float:
    return float(ball.upper()) - abs(float(ball.upper())) * FORMATS["float64"].u


def too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """The middle of the first ball, as if it were exact."""
    tangent = enclosure._tangent

    def middle(*given: Any) -> Any:
        found, corners = tangent(*given)
        return balls.Ball(found.balls, found.arb.mid()), corners

    monkeypatch.setattr(enclosure, "_tangent", middle)


def rounded_inward(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(balls, "above", inward)


def wrong_slope(monkeypatch: pytest.MonkeyPatch) -> None:
    slope = balls.Balls.slope

    def wrong(*given: Any) -> Any:
        tangent, cornered = slope(*given)
        return tangent * (1 + 2.0**-50), cornered

    monkeypatch.setattr(balls.Balls, "slope", wrong)


def held_as_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Operands that do not depend on the node a little off their computed values."""
    ball = balls.Balls.ball
    monkeypatch.setattr(balls.Balls, "ball", lambda self, x: ball(self, x) * (1 + 2.0**-50))


@pytest.mark.parametrize("fault", [too_early, rounded_inward, wrong_slope, held_as_given])
def test_a_planted_fault_is_seen(
    fault: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    fault(monkeypatch)
    found = [
        contains for family in ("chain", "rnn", "self_correcting") for contains, _ in counted(family, 20)
    ]
    assert not all(found)


@pytest.mark.parametrize("format", ["float32", "float16", "bfloat16"])
def test_the_derivative_is_that_at_the_computed_values_of_any_format(format: str) -> None:
    run = ng.graph("a = x/3; b = tanh(w*a); J = b*b + a").at(x=1, w=0.7, format=format)
    for i, name in enumerate(run.graph.names.values()):
        node = run.graph.index(name)
        truth = known_derivative(run.graph, run.value_array, node, DIGITS)
        e = ng.enclose(run, name)
        assert e.contains(truth), (i, name)
        assert e.upper - e.lower <= 2 * math.ulp(e.centre)


# Rows


def of_row(row: Op, args: list[float]) -> Any:
    """A run of one op at floats, without rounding its arguments."""
    builder = GraphBuilder()
    nodes = [builder.input(name) for name in row.symbols]
    graph = builder.build(builder.assign("J", builder.apply(row, tuple(nodes))))
    return graph.at(dict(zip(row.symbols, args, strict=True)))


def arguments(row: Op, seed: int) -> Iterator[tuple[Any, ...]]:
    """Points at which a row has a value."""
    with np.errstate(all="ignore"):
        return zip(*points(row, FORMATS["float64"], ROW_POINTS, seed, octaves=9.0), strict=True)


@pytest.mark.parametrize("row", PUBLIC, ids=lambda row: row.name)
def test_every_row_is_enclosed(row: Op) -> None:
    tried = 0
    for args in arguments(row, seed=5):
        at = [float(a) for a in args]
        try:
            taylor = row_taylor(row.name, at, 1)
        except (ValueError, ZeroDivisionError):
            continue
        for name, coefficients in zip(row.symbols, taylor, strict=True):
            if coefficients is not None:
                e = ng.enclose(of_row(row, at), name)
                assert e.contains(coefficients[1]), (at, e)
                assert e.finite
                tried += 1
    assert tried


@pytest.mark.parametrize("row", PUBLIC, ids=lambda row: row.name)
def test_every_row_has_its_value_beyond_float64(row: Op) -> None:
    long = Long()
    for args in arguments(row, seed=6):
        at = [float(a) for a in args]
        exact = row_value(row.name, at)
        found = long.value(row, [long.number(a) for a in at])
        with mpmath.mp.workdps(DIGITS):
            assert abs(mpmath.mpf(found) - exact) <= abs(exact) * mpmath.mpf(10) ** -40


# Corners, edges, zeros


@pytest.mark.parametrize(
    ("text", "values", "lower", "upper", "corners"),
    [
        ("J = relu(w) + w", {"w": 0}, 1, 2, ("relu(w)",)),
        ("J = 3*abs(w - 1)", {"w": 1}, -3, 3, ("abs(w - 1)",)),
        ("J = max(w, x)", {"w": 2, "x": 2}, 0, 1, ("J",)),
        ("J = min(2*w, 3*w)", {"w": 0}, 2, 3, ("J",)),
        ("J = 5*max(w, w)", {"w": 2}, 5, 5, ()),
        ("J = relu(w)*relu(-w) + w", {"w": 0}, 1, 1, ("relu(w)", "relu(-w)")),
        ("m = max(w, b); J = relu(m - w) + b", {"w": 2, "b": 1}, 0, 0, ()),
    ],
)
def test_a_corner_shows_the_slopes_of_both_sides(
    text: str, values: dict[str, Any], lower: float, upper: float, corners: tuple[str, ...]
) -> None:
    e = enclosed(text, **values)
    assert (e.lower, e.upper, e.corners) == (lower, upper, corners)
    assert e.finite
    assert ("corner" in e.reason) == bool(corners)


def test_a_corner_that_is_decided_wrongly_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(balls.Balls, "less", lambda _self, x, y: bool(x < y))
    assert enclosed("J = relu(w) + w", w=0).lower == enclosed("J = relu(w) + w", w=0).upper


def test_many_corners_are_in_one_interval() -> None:
    e = enclosed("J = " + " + ".join(f"{k}*abs(w - 1)" for k in range(1, 10)), w=1)
    assert e.lower <= -45
    assert e.upper >= 45
    assert e.reason.startswith(
        "abs(w - 1) and abs(w - 1)#2 and abs(w - 1)#3 and 6 more are on their corners"
    )


def test_a_corner_that_only_exact_arithmetic_can_tell() -> None:
    e = enclosed("J = abs(sqrt(w*w) - w) + w", w=1.1)
    assert e.contains(1)
    assert e.upper - e.lower <= 2 * math.ulp(1.0)


def test_near_a_corner_the_side_is_known() -> None:
    e = enclosed("J = relu(w - x)", w=1 + 2.0**-52, x=1)
    assert (e.lower, e.upper, e.corners) == (1, 1, ())


@pytest.mark.parametrize(
    ("text", "w", "where"),
    [
        ("J = sqrt(w) + w", 0, "sqrt(w) is at the edge of its domain (x >= 0)"),
        ("J = w**0.5", 0, "J is at the edge of its domain"),
        ("a = w*w; J = sqrt(a)", 0, "J is at the edge of its domain"),
    ],
)
def test_at_an_edge_there_is_no_finite_interval(text: str, w: float, where: str) -> None:
    e = enclosed(text, w=w)
    assert (e.lower, e.upper, e.radius) == (-math.inf, math.inf, math.inf)
    assert math.isnan(e.centre)
    assert not e.finite
    assert e.reason.startswith(where)
    assert e.contains(0)


def test_what_cancels_exactly_is_nearer_to_zero_than_any_float() -> None:
    e = enclosed("m = max(a, b); t = exp(a - m) + exp(b - m); J = log(t) + m", "m", a=1.3, b=0.2)
    assert (e.lower, e.centre, e.upper) == (-math.ulp(0.0), 0.0, math.ulp(0.0))


def test_what_j_does_not_depend_on_is_zero() -> None:
    e = enclosed("a = 2*w; J = 3*x", "a", w=1, x=1)
    assert (e.lower, e.upper, e.radius) == (0, 0, 0)
    e = enclosed("J = 3*w", "J", w=1)
    assert (e.lower, e.upper) == (1, 1)


@pytest.mark.parametrize(
    ("text", "w"), [("J = exp(exp(w))", 6.5), ("J = tanh(w)", 400), ("J = w**-9", 1e40)]
)
def test_beyond_the_range_of_floats_the_ends_stay_outside(text: str, w: float) -> None:
    e = enclosed(text, w=w)
    assert e.lower < e.upper
    assert e.lower == 0 or e.upper in (0, math.inf) or e.finite


# Balls


def test_a_jump_has_no_derivative() -> None:
    def side(_m: Any, x: Any) -> int:
        return 1 if x > 0 else -1

    row = Op("side", np.sign, lambda *_: (0,), exactly=side)
    b = balls.Balls()
    assert b.value(row, [b.ball(2.0)]).arb == 1
    assert not b.value(row, [b.ball(0.0)]).arb.is_finite()
    assert not b.floor(b.ball(3.0)).arb.is_finite()
    assert b.floor(b.ball(-2.5)).arb == -3


def test_comparisons_that_a_ball_leaves_open_have_both_answers() -> None:
    b = balls.Balls()
    wide, one = balls.Ball(b, arb(1, 0.5)), b.ball(1.0)
    for ask in (
        lambda: wide < 1,
        lambda: wide > one,
        lambda: wide <= 1,
        lambda: wide >= one,
        lambda: wide == one,
        lambda: bool(wide - 1),
    ):
        assert sorted(b.sides(ask)) == [False, True]
    for answer, ask in (
        (True, lambda: wide < 2),
        (False, lambda: wide > 2),
        (True, lambda: one == 1),
        (False, lambda: wide == 2),
        (True, lambda: bool(wide)),
    ):
        assert b.sides(ask) == [answer]


def test_too_many_sides_are_refused() -> None:
    b = balls.Balls()
    with pytest.raises(ArithmeticError, match="too many corners"):
        b.sides(lambda: [b.ball(0.0) < 0 for _ in range(10)])


@pytest.mark.parametrize(
    "x",
    [
        Fraction(0),
        Fraction(1, 3),
        Fraction(-1, 3),
        Fraction(3, 2**1075),
        Fraction(-1, 2**1080),
        Fraction(1, 2**5000),
        Fraction(2**1024),
        Fraction(-(2**1030)),
        Fraction(2**1024 - 2**969),
    ],
)
def test_floats_outside_a_ball(x: Fraction) -> None:
    with balls.precision(400):
        ball = arb(x.numerator) / x.denominator
        lower, upper = balls.below(ball), balls.above(ball)
    assert lower <= x <= upper
    assert upper in (lower, math.nextafter(lower, math.inf))


def test_flint_is_left_as_it_was() -> None:
    before = flint.ctx.prec
    enclosed("J = tanh(w)", w=1)
    enclosed("J = sqrt(w)", w=0)
    assert flint.ctx.prec == before


# What it takes, and what it says


def test_a_graph_without_inputs_stands_for_its_run() -> None:
    assert ng.enclose(ng.graph("a = 1/3; J = exp(a)"), "a").contains(mpmath.exp(1 / 3))


def test_without_python_flint_it_says_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(ng.UsageError, match=r"pip install 'nudgegrad\[certified\]'"):
        enclosed("J = w", w=1)


@pytest.mark.parametrize(
    ("ask", "error", "says"),
    [
        (lambda: ng.enclose(TEXT, "w"), ng.UsageError, "enclose takes a run, not str"),
        (lambda: enclosed("J = w", "v", w=1), ng.NodeError, "there is no node 'v'"),
        (lambda: ng.enclose(ng.graph("J = w"), "w"), ng.BindingError, "'w' has no value"),
    ],
)
def test_mistakes(ask: Callable[[], Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        ask()


def test_a_row_without_an_exact_value_is_refused() -> None:
    exactly = OPS["tanh"].exactly
    object.__setattr__(OPS["tanh"], "exactly", None)
    try:
        with pytest.raises(ng.UsageError, match="'tanh' has no exact value"):
            enclosed("J = tanh(w)", w=1)
    finally:
        object.__setattr__(OPS["tanh"], "exactly", exactly)


@pytest.mark.parametrize(
    ("name", "text", "w"),
    [
        ("enclosure", "a = w*w/3; J = 1/a - a", 0.7),
        ("enclosure-corner", "J = relu(w) + w", 0),
        ("enclosure-edge", "J = sqrt(w)", 0),
    ],
)
def test_what_it_prints(name: str, text: str, w: float, golden: Any) -> None:
    golden(f"{name}.txt", f"{enclosed(text, w=w)}\n")


def test_a_notebook_shows_a_table() -> None:
    assert (
        "<caption>Where the derivative by w lies for certain</caption>"
        in enclosed("J = w*w", w=3)._repr_html_()
    )
