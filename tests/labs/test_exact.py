"""Exact values: the course's boxes, the op table against mpmath, enclosures that hold the truth."""

import random
from fractions import Fraction

import mpmath
import numpy as np
import pytest

from nudgegrad.formats import FORMATS
from nudgegrad.graphs.ops import OPS
from nudgegrad.labs import exact
from nudgegrad.labs.exercise import course_exercise, exercise
from tests.oracles.rows import ROWS
from tests.sweeps.programs import EXERCISES

FLOAT64 = FORMATS["float64"]


def ends_of(truth):
    low, high = (truth, truth) if isinstance(truth, str) else truth
    return Fraction(low), Fraction(high)


@pytest.mark.parametrize("name", EXERCISES)
def test_every_box_of_the_course_is_its_exact_value(name):
    told = {box["id"]: box["exact"] for box in EXERCISES[name]["boxes"]}
    assert {box.id: box.truth for box in course_exercise(name).boxes} == told


POINTS = [Fraction(7, 3), Fraction(-2, 7), Fraction(1, 3), Fraction(5), Fraction(-4)]


@pytest.mark.parametrize("name", [n for n, row in OPS.items() if row.arity == 1])
def test_a_row_encloses_its_function(name):
    row = OPS[name]
    found = 0
    with mpmath.workdps(90):
        for x in POINTS:
            try:
                value = exact.EXACT.apply(row, [x])
            except exact.Undefined:
                assert row.domain is not None
                assert not row.domain(float(x)) > 0
                continue
            found += 1
            low, high = (value, value) if isinstance(value, Fraction) else exact.ends(value)
            plain = row.value(np.float64(x))
            given = FLOAT64.u * abs(float(x)) * 4 * (1 + abs(plain))  # 7/3 itself is rounded
            assert abs(float(low) - plain) <= row.claim(FLOAT64) * FLOAT64.u * abs(plain) + given
            if not isinstance(value, Fraction):
                true = ROWS[name](mpmath.mpf(x.numerator) / x.denominator)
                assert mpmath.mpf(low.numerator) / low.denominator <= true
                assert true <= mpmath.mpf(high.numerator) / high.denominator
                assert high - low < abs(high) / 10**60
    assert found


def test_every_row_has_an_exact_value():
    assert [name for name, row in OPS.items() if row.exactly is None] == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("J = exp(w) | w=0", "1"),
        ("J = log(w) | w=1", "0"),
        ("J = sqrt(w) | w=1/9", "1/3"),
        ("J = sqrt(w) | w=0.01", "1/10"),
        ("J = sin(w)**2 + cos(w)**2 | w=2/7", "1"),
        ("J = exp(log(w)) | w=3", "3"),
        ("J = sigmoid(w) + tanh(w) | w=0", "1/2"),
        ("J = w**0.5 | w=2.25", "3/2"),
        ("J = w**n | w=3 n=2", "9"),
        ("J = w**n | w=3 n=-2", "1/9"),
        ("J = min(a, b) - max(a, b) + abs(a) | a=-2 b=1/3", "-1/3"),
        ("J = relu(w) + relu(-w) | w=-2/3", "2/3"),
    ],
)
def test_what_is_rational_is_found_to_be(text, value):
    assert exercise(text).boxes[0].truth == value


def test_an_irrational_stays_an_enclosure_and_is_short():
    truth = exercise("J = exp(w) | w=1").boxes[0].truth
    low, high = ends_of(truth)
    with mpmath.workdps(60):
        assert mpmath.mpf(low.numerator) / low.denominator <= mpmath.e
        assert mpmath.e <= mpmath.mpf(high.numerator) / high.denominator
    assert 0 < high - low <= Fraction(1, 10**48)


def whole_program(seed):
    """A random program of sums and products of small whole numbers: floats make no error on it."""
    draw = random.Random(seed)
    names = ["a", "b", "c"]
    lines = []
    for k in range(6):
        x, y = draw.choices(names[-4:], k=2)
        sign = draw.choice("+-*") if k % 2 else draw.choice("+-")
        lines.append(f"s{k} = {x} {sign} {y}*{draw.randint(-3, 3)}".replace("*-", "*(0 - 1)*"))
        names.append(f"s{k}")
    values = " ".join(f"{name}={draw.randint(-4, 4)}" for name in "abc")
    return f"{'; '.join(lines)}; J = s5*s4 + a + b*c | {values}"


@pytest.mark.parametrize("seed", range(40))
def test_where_floats_are_exact_both_say_the_same(seed):
    made = exercise(whole_program(seed))
    run, graph = made.run, made.graph
    adjoints = made.exact.adjoints
    for i in range(len(graph)):
        assert made.exact.values[i] == Fraction(run.value_array[i])
        assert adjoints.get(i, Fraction(0)) == Fraction(run.adjoint_array[i])
    for box in made.boxes:
        if box.kind == "local":
            assert Fraction(str(box.truth)) == Fraction(run.partial(box.node, box.by))


def test_a_long_rational_becomes_an_enclosure():
    text = "; ".join(["a0 = w*w", *(f"a{k} = a{k - 1}*a{k - 1} + w" for k in range(1, 9))])
    boxes = {box.id: box.truth for box in exercise(f"{text} | w=1/7").boxes}
    assert isinstance(boxes["v:a2"], str)
    assert isinstance(boxes["v:a8"], tuple)


def test_where_nothing_exists_no_box_is_asked():
    assert [box.id for box in exercise("J = sqrt(w) | w=0").boxes] == ["v:J"]


@pytest.mark.parametrize("broken", ["exp", "*", "sqrt", "**"])
def test_a_broken_row_is_seen(broken):
    text = "J = exp(w*w)**2 + sqrt(w) | w=2"
    row = OPS[broken]
    before, exactly = exercise(text).boxes, row.exactly
    assert exactly is not None
    object.__setattr__(row, "exactly", lambda m, *args: exactly(m, *args) + 1)
    try:
        after = exercise(text).boxes
    finally:
        object.__setattr__(row, "exactly", exactly)
    assert [box.truth for box in after] != [box.truth for box in before]
