"""Every case that an optimal nudge must get right, one test each (design 4.1)."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

import nudgegrad as ng
from nudgegrad.errors import NodeError, UsageError
from nudgegrad.formats import FORMATS
from nudgegrad.graphs.ops import FUNCTIONS, OPS
from nudgegrad.nudging.optimal import measure, points, problem, solve
from nudgegrad.nudging.stencils import STENCILS
from nudgegrad.nudging.table import judge
from nudgegrad.sweeps.jets import closure
from tests.families import draw
from tests.oracles.truth import true_derivatives

(TWO_SIDED,) = STENCILS["two-sided"]


def table(text: str, format: str = "float64", stencil: str | None = None, **values: float):
    """The nudge table of a program."""
    return ng.nudges(ng.graph(text).at(values, format=format), stencil=stencil)


def holds(t: ng.NudgeTable) -> None:
    """Every estimate of a table lies within its bar of the exact derivative."""
    graph, run = t.run.graph, t.run
    truths = true_derivatives(graph, run.value_array, [graph.index(name) for name in t])
    for name, n in t.items():
        if not math.isnan(n.estimate):
            assert truths[graph.index(name)].error(n.estimate) <= n.bar, name


@pytest.mark.parametrize("format", ["float32", "float16", "bfloat16"])
def test_bars_of_short_formats_need_all_that_was_lost(monkeypatch: pytest.MonkeyPatch, format: str) -> None:
    runs = [
        ng.graph(program.text).at(program.inputs, format=format)
        for program in (draw(family, 100_003) for family in ("chain", "softmax", "tanh_net", "functions"))
    ]
    for run in runs:
        holds(ng.nudges(run))
    monkeypatch.setattr("nudgegrad.nudging.optimal.KNOWN", 0.5)
    with pytest.raises(AssertionError):
        holds(ng.nudges(runs[0]))


# Degenerate nodes


def test_a_quadratic_is_exact_at_any_size() -> None:
    n = table("J = (2 + 3*w)**2", w=3)["w"]
    assert (n.estimate, n.truncation, n.verdict) == (66.0, 0.0, "pass")
    assert n.reason == "J is of degree 2 in w: exact at any size"
    assert n.h >= 1
    assert n.factors.second == 18


def test_a_linear_node_is_exact_for_both_stencils() -> None:
    for stencil in ("one-sided", "two-sided"):
        n = table("u = b*c; v = a + u; J = 3*v", a=5, b=3, c=2, stencil=stencil)["u"]
        assert (n.estimate, n.truncation, n.factors.decided) == (3.0, 0.0, "degree")


def test_one_sided_nudges_of_a_quadratic_are_not_exact() -> None:
    n = table("J = w**2", w=3, stencil="one-sided")["w"]
    assert n.truncation > 0
    assert n.factors.decided == "balance"
    assert n.verdict == "pass"


def test_a_square_written_as_a_product_is_one_quadratic() -> None:
    n = table("J = x*x", x=3)["x"]
    assert (n.factors.degree, n.factors.second, n.estimate) == (2, 2, 6)


def test_an_inflection_is_decided_by_the_fifth_derivative() -> None:
    t = table("J = tanh(w)", w=0.6584789484624084)  # tanh'''(w) = 0 where tanh(w)^2 = 1/3
    assert "J'''''" in t["w"].reason
    assert t["w"].verdict == "pass"
    holds(t)


@pytest.mark.parametrize("x", [20.0, 40.0, -40.0, 300.0, 800.0])
@pytest.mark.parametrize("op", ["tanh", "sigmoid"])
def test_saturation_is_never_taken_for_exactness(op: str, x: float) -> None:
    t = table(f"z = w*1; a = {op}(z); J = (a - 0.25)**2", w=x)
    assert t["w"].factors.decided != "degree"
    assert t["w"].factors.degree == math.inf
    holds(t)


def test_zero_coefficients_do_not_claim_exactness() -> None:
    """sigmoid(800) has no coefficient above the underflow threshold; the bar is what the nudges show."""
    n = table("J = sigmoid(w)", w=800)["w"]
    assert "exact" not in n.reason
    assert n.verdict in ("pass", "inconclusive")


def test_a_newton_iteration_corrects_its_own_nudges() -> None:
    text = "x0 = 1.5*s; " + "; ".join(f"x{k + 1} = (x{k} + w/x{k})/2" for k in range(6)) + "; J = x6"
    t = table(text, w=2.0, s=1.0)
    holds(t)
    assert t["w"].verdict == "pass"
    assert t["s"].verdict != "fail"


@pytest.mark.parametrize("seed", [100438])
def test_a_vanished_derivative_has_a_bar(seed: int) -> None:
    """Every adjoint between the node and J comes out as 0, and so did the bar."""
    program = draw("self_correcting", seed)
    holds(ng.nudges(ng.graph(program.text).at(program.inputs)))


@pytest.mark.parametrize(
    ("seed", "format"), [(100033, "float64"), (100193, "float64"), (100033, "float32")]
)
def test_terms_beyond_the_ninth_are_seen_in_the_even_part(
    monkeypatch: pytest.MonkeyPatch, seed: int, format: str
) -> None:
    program = draw("self_correcting", seed)
    run = ng.graph(program.text).at(program.inputs, format=format)
    holds(ng.nudges(run))
    monkeypatch.setattr("nudgegrad.nudging.optimal.unexplained", lambda _, x, *__: np.zeros(x.shape[:2]))
    with pytest.raises(AssertionError):
        holds(ng.nudges(run))


# Rounding


def test_rounding_is_sized_at_the_nudged_points() -> None:
    """For h much larger than |v| the adjoints there are not those at v."""
    t = table("a = y*1e8; b = a + x; J = b*b - a*b", x=1e-3, y=0.125)
    holds(t)


def test_only_operations_that_depend_on_the_node_round() -> None:
    plain = table("J = w*w*x", w=1.25, x=0.75)["w"]
    noisy = table("c = exp(q)*sin(q)*1e10; k = c*0; J = w*w*x + k", w=1.25, x=0.75, q=1.0)["w"]
    assert noisy.factors.rounding <= 2 * plain.factors.rounding


# Kinks


@pytest.mark.parametrize(
    ("text", "left", "right"),
    [
        ("J = abs(w)", -1, 1),
        ("J = relu(w)", 0, 1),
        ("J = 3*max(w, 0) - w", -1, 2),
        ("J = min(2*w, w)", 2, 1),
        ("a = relu(w); J = a*a + abs(w)", -1, 1),
    ],
)
def test_on_a_kink_there_are_two_slopes_and_no_derivative(text: str, left: float, right: float) -> None:
    n = table(text, w=0)["w"]
    assert n.slopes is not None
    assert (round(n.slopes[0], 6), round(n.slopes[1], 6)) == (left, right)
    assert math.isnan(n.estimate)
    assert math.isinf(n.bar)
    assert n.verdict == "inconclusive"
    assert "corner" in n.reason


@pytest.mark.parametrize("gap", [1e-12, 1e-6, 1e-2])
def test_a_kink_caps_the_nudge(gap: float) -> None:
    t = table("J = relu(w - 1)*3 + w", w=1 + gap)
    n = t["w"]
    assert n.h < gap
    assert n.factors.decided == "cap"
    assert "corner" in n.reason
    assert n.verdict == "pass"
    holds(t)


def test_a_kink_that_rounding_could_cross_is_a_kink() -> None:
    n = table("a = w*0.1; b = a*10; J = relu(b - 3)", w=np.nextafter(3.0, 4), format="float64")["w"]
    assert n.verdict == "inconclusive"


# Scale


@pytest.mark.parametrize("text", ["J = exp(w) + w**2", "J = sin(3*w)", "J = sin(w)*1e-30", "J = w + w**5"])
def test_zero_has_a_nudge(text: str) -> None:
    for format in ("float64", "float32"):
        t = table(text, format=format, w=0)
        assert t["w"].verdict == "pass"
        assert 2.0**-60 < t["w"].h < 4
        holds(t)


@pytest.mark.parametrize("text", ["J = w**3", "J = w**2", "J = 1 - cos(w)", "J = w*0", "J = 0*exp(w)"])
def test_zero_may_have_no_slope(text: str) -> None:
    t = table(text, w=0)
    assert t["w"].verdict != "fail"
    holds(t)


@pytest.mark.parametrize("w", [5e-324, 1e-310, 1e-300, 1e-30, 1e30, 1e150])
def test_extreme_values_have_nudges_or_say_why(w: float) -> None:
    for text in ("J = w*3", "J = w*w", "J = sqrt(abs(w))", "J = 1 + w"):
        t = table(text, w=w)
        assert t["w"].verdict != "fail", text
        holds(t)


@pytest.mark.parametrize("format", list(FORMATS))
def test_half_a_nudge_may_be_below_the_spacing(format: str) -> None:
    t = table("J = sin(100*w)", format=format, w=8.0)
    assert t["w"].verdict != "fail"
    holds(t)


def test_overflow_beside_the_value_caps_the_nudge() -> None:
    t = table("a = w*w; J = a*1", format="float16", w=250.0)
    assert t["w"].h + 250 <= math.sqrt(FORMATS["float16"].maximum)
    assert t["w"].verdict == "pass"
    holds(t)


def test_nodes_that_j_ignores() -> None:
    t = table("u = 3*w; J = x**2", w=1, x=2)
    assert (t["w"].estimate, t["w"].bar, t["w"].adjoint, t["w"].verdict) == (0, 0, 0, "pass")
    assert "does not depend" in t["w"].reason


def test_a_derivative_that_cancels_to_zero_passes_on_the_absolute_bar() -> None:
    """Softmax with its maximum subtracted does not depend on the maximum."""
    t = table("m = max(a, b); p = exp(a - m); q = exp(b - m); J = p/(p + q)", a=1.25, b=0.5)
    assert abs(t["m"].estimate) <= t["m"].bar
    assert t["m"].verdict == "pass"


def test_constants_are_never_nudged() -> None:
    t = table("J = (2 + 3*w)**2", w=3)
    assert list(t) == ["w", "3 * w", "2 + 3 * w", "J"]
    with pytest.raises((UsageError, NodeError)):
        t.run and ng.nudges(t.run, nodes=["2"])


def test_at_the_edge_of_a_domain_there_is_no_derivative() -> None:
    n = table("J = sqrt(w)", w=0)["w"]
    assert n.verdict == "inconclusive"
    assert math.isnan(n.estimate)
    assert "edge" in n.reason


def test_steps_are_equal_wherever_the_format_allows_it() -> None:
    for name in ("float64", "float16"):
        fmt = FORMATS[name]
        v = np.array([[1.9970703125]])
        x = points(v, np.array([[0.25]]), TWO_SIDED, fmt)
        assert x[0, 0, 0] - v[0, 0] == v[0, 0] - x[0, 0, 1]


# What an estimate may depend on


def wrong(partial: Any) -> Any:
    """Twice a partial; 1 in place of 0."""
    if partial is None or isinstance(partial, int):
        return {None: None, 0: 1}.get(partial, 2 * (partial or 0))
    return 2 * partial


def mutated(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    row = OPS[name]
    broken = dataclasses.replace(
        row,
        partials=lambda *a: tuple(map(wrong, row.partials(*a))),
    )
    rows = tuple(broken if r is row else r for r in OPS.values())
    for module in ("graphs.graph", "sweeps.evaluate", "sweeps.backprop"):
        monkeypatch.setattr(f"nudgegrad.{module}.ROWS", rows)
    closure.cache_clear()


PROGRAMS = {f.name: f"J = {f.name}(w)" for f in FUNCTIONS.values() if f.arity == 1} | {
    "+": "J = w + 3", "-": "J = 3 - w", "*": "J = w*1.5", "/": "J = 1.5/w", "neg": "J = -w",
    "copy": "a = w; J = a*2", "**": "J = w**3", "**z": "J = x**w",
    "min": "J = min(w, x)", "max": "J = max(w, 0.5)",
    "atan2": "J = atan2(w, 3)", "hypot": "J = hypot(w, 3)",
    "<": "J = w < 3", "<=": "J = w <= 3", ">": "J = w > 3", ">=": "J = w >= 3", "==": "J = w == 3",
    "!=": "J = w != 3", "where": "J = where(x > 1, w, 2)", "clip": "J = clip(w, 0, 1)",
}  # fmt: skip


def test_every_public_row_has_a_program() -> None:
    assert set(PROGRAMS) == {name for name, row in OPS.items() if not row.internal}


@pytest.mark.parametrize("name", list(PROGRAMS))
def test_a_wrong_partial_changes_no_estimate_and_fails(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    graph = ng.graph(PROGRAMS[name])
    values = {n: {"w": 0.75, "x": 1.75}[n] for n in graph.inputs}
    node = "w"
    run = graph.at(values)
    h = ng.nudges(run)[node].h
    right = measure(problem(run, [graph.index(node)], TWO_SIDED), np.array([[h]]))
    mutated(monkeypatch, name)
    run = graph.at(values)
    wrong = measure(problem(run, [graph.index(node)], TWO_SIDED), np.array([[h]]))
    assert wrong.estimate.tobytes() == right.estimate.tobytes()
    assert ng.nudges(run)[node].verdict == "fail"
    closure.cache_clear()


def test_the_bar_is_final_before_the_adjoint_is_read() -> None:
    run = ng.graph("J = sin(w)*exp(x)").at(w=0.3, x=1.2)
    right = ng.nudges(run)
    run.__dict__["adjoint_array"] = run.adjoint_array * 17
    wrong = ng.nudges(run)
    for name in right:
        assert (right[name].estimate, right[name].bar) == (wrong[name].estimate, wrong[name].bar)
        assert wrong[name].verdict == "fail"


@pytest.mark.parametrize("power", [-40, -3, 5, 60])
def test_scaling_by_a_power_of_two_changes_no_verdict(power: int) -> None:
    scale = 2.0**power
    plain = table("a = tanh(w*x); J = a*a*s", w=0.75, x=0.3, s=1.0)
    scaled = table("a = tanh(w*x); J = a*a*s", w=0.75, x=0.3, s=scale)
    for name in ("w", "x", "a"):
        assert scaled[name].h == plain[name].h
        assert scaled[name].estimate == plain[name].estimate * scale
        assert scaled[name].bar == plain[name].bar * scale
        assert scaled[name].verdict == plain[name].verdict


def test_a_scaled_input_scales_its_nudge() -> None:
    plain, scaled = table("J = sin(w)", w=0.75), table("J = sin(w*1048576)", w=0.75 / 2**20)
    assert scaled["w"].h * 2**20 == plain["w"].h


# Verdicts


def test_verdicts_need_two_estimates() -> None:
    assert judge(1.0, 1.05, 0.1, 0.0, 1.02) == "pass"
    assert judge(2.0, 1.0, 0.1, 0.1, 1.0) == "fail"
    assert judge(2.0, 1.0, 0.1, 0.1, 1.9) == "inconclusive"  # the second estimate disagrees
    assert judge(1.3, 1.0, 0.1, 0.1, 1.0) == "inconclusive"  # beyond the bar, not beyond 3
    assert judge(1.0, 1.0, 0.6, 0.0, 1.0) == "inconclusive"  # the bar says too little
    assert judge(0.0, 1e-17, 1e-16, 0.0, 0.0) == "pass"  # zero on the absolute bar
    assert judge(math.nan, 1.0, 0.1, 0.0, 1.0) == "inconclusive"


def test_a_right_adjoint_passes_where_a_wrong_one_fails() -> None:
    run = ng.graph("J = 1e-8*sin(x)").at(x=1)
    assert ng.nudges(run)["x"].verdict == "pass"
    run.__dict__["adjoint_array"] = run.adjoint_array * 68
    assert ng.nudges(run)["x"].verdict == "fail"


def test_unknown_options_are_named() -> None:
    run = ng.graph("J = w*w").at(w=1)
    with pytest.raises(UsageError, match="two-sided"):
        ng.nudges(run, stencil="twosided")
    with pytest.raises(NodeError, match="there is no node 'v'"):
        ng.nudges(run, nodes="v")


def test_nodes_can_be_chosen() -> None:
    t = ng.nudges(ng.graph("a = w*x; J = a*a").at(w=1, x=2), nodes=["x", "a"])
    assert list(t) == ["x", "a"]
    assert t.verdict == "pass"
    assert solve(t.run, [t.run.graph.index("a")], TWO_SIDED).verified.all()


# Jumps


@pytest.mark.parametrize(
    ("text", "w"),
    [
        ("J = sign(w)", 0), ("J = floor(w)", 3), ("J = round(w)", 2.5), ("J = w*(w > 2)", 2),
        ("J = w == 3", 3), ("J = where(w > 1, w**2, w)", 1), ("J = clip(w, -1, 1)", -1),
    ],
)  # fmt: skip
def test_at_a_jump_there_is_no_derivative(text: str, w: float) -> None:
    n = table(text, w=w)["w"]
    assert n.verdict == "inconclusive"
    assert math.isnan(n.estimate)


def test_slopes_beside_a_jump_are_those_of_its_own_side_or_unknown() -> None:
    assert np.isnan(table("J = sign(w)", w=0)["w"].slopes).all()
    slopes = table("J = floor(w) + 2*w", w=3)["w"].slopes
    assert slopes is not None
    assert math.isnan(slopes[0])
    assert slopes[1] == 2


@pytest.mark.parametrize(
    "text", ["J = floor(w)", "J = round(w + 0.5)", "J = sign(sin(3.14159*w))", "J = w > 2"]
)
def test_beside_a_jump_the_derivative_is_exactly_zero(text: str) -> None:
    n = table(text, w=2.25)["w"]
    assert (n.estimate, n.verdict) == (0, "pass")
    assert n.h <= 0.25


@pytest.mark.parametrize(
    ("text", "w"),
    [
        ("J = floor(64*w)", 0.3),
        ("J = round(w*100)/100", 0.2513),
        ("J = clip(w, -1e-9, 1e-9)*9 + sin(w)", 2e-9),
    ],
)
def test_no_nudge_jumps_twice(text: str, w: float) -> None:
    """Two jumps bring some signs of a margin back to where they were."""
    graph = ng.graph(text)
    q = problem(graph.at(w=w), [graph.index("w")], TWO_SIDED)
    m = measure(q, np.ldexp(1.0, np.arange(-60, 4))[None, :])
    allowed = m.h[m.allowed]
    assert allowed.size
    exact = true_derivatives(graph, graph.at(w=w).value_array, [graph.index("w")])
    truth = exact[graph.index("w")].value
    assert truth is not None
    assert (np.abs(m.estimate - truth) <= m.bar)[m.allowed].all()


def test_no_nudge_crosses_the_cut_of_an_angle() -> None:
    n = table("J = atan2(w*0.1 - 0.3, -1)", format="float32", w=3.0000002)["w"]
    assert n.verdict in ("pass", "inconclusive")
    if n.verdict == "pass":
        holds(table("J = atan2(w*0.1 - 0.3, -1)", format="float32", w=3.0000002))


@pytest.mark.parametrize(
    ("program", "values", "fmt", "said"),
    [
        ("J = w**2", {"w": 200}, "float16", "J would leave the range of float16"),
        ("J = exp(w)", {"w": 11}, "float16", "J would leave the range of float16"),
        ("J = 1/w", {"w": 0.01}, "bfloat16", "'/' at J would come too near the edge of its domain"),
        ("J = sin(w) + 9", {"w": 1}, "bfloat16", "the argument of sin at sin(w) may move by 1 at most"),
        ("J = relu(w) + w**3", {"w": 1e-3}, "float64", "relu at relu(w) would change sides of its corner"),
    ],
)
def test_what_limits_a_nudge_is_called_by_its_cause(program, values, fmt, said):
    factors = ng.nudges(ng.graph(program).at(values, format=fmt))["w"].factors
    assert factors.capped_by == said
