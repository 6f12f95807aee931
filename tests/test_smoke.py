"""The whole house once through, in two seconds: run this after every edit."""

from __future__ import annotations

import math

import pytest

import nudgegrad as ng
from nudgegrad.formats import FORMATS

LECTURE = "c = w*x; a = c + b; d = a - y; J = d**2/2"


def test_values_adjoints_and_partials():
    run = ng.graph(LECTURE).at(w=-2, x=2, b=8, y=1)
    assert (run.value("a"), run.adjoint("w"), run.partial("a", "c")) == (4.0, 6.0, 1.0)


def test_every_node_gets_its_nudge():
    table = ng.nudges(ng.graph(LECTURE).at(w=-2, x=2, b=8, y=1))
    assert table["w"].estimate == 6.0
    assert set(table.verdicts.values()) == {"pass"}


@pytest.mark.parametrize("fmt", FORMATS)
def test_a_net_in_every_format(fmt):
    run = ng.graph("z = w*x + b; a = sigmoid(z); J = (a - y)**2").at(w=2, x=0.3, b=-0.4, y=1, format=fmt)
    for n in ng.nudges(run).values():
        assert n.verdict in ("pass", "inconclusive")
        assert math.isnan(n.estimate) or abs(n.estimate - n.adjoint) <= n.bar + n.adjoint_bar


def test_a_corner_is_inconclusive_and_shows_both_slopes():
    n = ng.nudges(ng.graph("J = relu(x) + x").at(x=0))["x"]
    assert (n.verdict, n.slopes) == ("inconclusive", (1.0, 2.0))


def test_a_mistake_is_shown_in_its_line():
    with pytest.raises(ng.ProgramError) as error:
        ng.graph("J = 3w")
    assert "^^" in str(error.value)
    assert "3*w" in str(error.value)


def test_the_command_line(nudgegrad):
    called = nudgegrad("J = (2 + 3*w)**2", "w=3")
    assert called.code == 0
    assert "66" in called.out
