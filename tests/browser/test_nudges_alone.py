"""All derivatives found by nudging: no chain rule on the screen, and no look at the answers."""

import pytest

from .course import COURSE
from .learner import decimal, headed_for


@pytest.mark.parametrize("exercise", COURSE.values(), ids=COURSE)
def test_by_nudges_alone(learner, exercise):
    me = learner().open(exercise.id, "backward")
    me.switch("chain rule", False)
    for box in exercise.forward:
        me.answer(box, exercise.answers[box])  # values, no derivatives
    derivatives = [id for id in me.asked() if id.startswith(("a:", "l:"))]
    for box in derivatives:
        assert me.answer(box, decimal(headed_for(me.nudge(box)))) == "right", me.said(box)
    assert set(me.states().values()) == {"right"}
