"""All exercises of the course, filled in from the first box to the last: by keys, by mouse, on a phone."""

import pytest

from .course import COURSE

PHONE = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}


def test_the_course_has_120_boxes():
    assert (len(COURSE), sum(len(exercise.answers) for exercise in COURSE.values())) == (15, 120)


def of(count):
    return f"{count} of {count}"


def answers_and_questions(exercise, asked):
    """What is to be typed where: boxes in the official order, before each derivative its nudge question."""
    boxes = [id for id in asked if not id.startswith("nudge ")]
    assert boxes == list(exercise.answers)
    for id in asked:
        question = id.removeprefix("nudge ")
        yield id, exercise.answers[id] if question == id else exercise.change(question)


@pytest.mark.parametrize("exercise", COURSE.values(), ids=COURSE)
def test_by_keyboard_alone_in_the_official_order(learner, exercise):
    me = learner().open(exercise.id)
    assert me.asked() == exercise.forward
    me.tab_to(exercise.forward[0])
    for box in exercise.forward:
        assert me.focused == box
        me.type(exercise.answers[box])
        assert me.state(box) == "right"
    assert me.progress == f"{len(exercise.forward)} of {len(exercise.answers)}"
    me.tab_to("button screen-backward", back=True)
    me.page.keyboard.press("Enter")
    me.arrive("backward")
    todo = [step for step in answers_and_questions(exercise, me.asked()) if step[0] not in exercise.forward]
    me.tab_to(todo[0][0])
    for asked, text in todo:
        assert me.focused == asked
        me.type(text)
        assert me.state(asked) == "right"
    assert me.progress == of(len(exercise.answers))
    assert me.states() == dict.fromkeys(exercise.answers, "right")
    assert me.page.locator(".end h2").is_visible()


@pytest.mark.parametrize("exercise", COURSE.values(), ids=COURSE)
def test_tab_visits_the_boxes_in_the_official_order(learner, exercise):
    me = learner().open(exercise.id, "backward")
    last = list(exercise.answers)[-1]
    passed = [*me.tab_to(last), last]
    assert [id for id in passed if id in exercise.answers] == list(exercise.answers)


@pytest.mark.parametrize("exercise", COURSE.values(), ids=COURSE)
def test_by_mouse(learner, exercise):
    me = learner().go()
    me.page.locator(f"[data-exercise='{exercise.id}']").click()
    me.arrive("forward")
    me.screen("backward")
    for asked, text in answers_and_questions(exercise, me.asked()):
        assert me.answer(asked, text) == "right"
    assert me.progress == of(len(exercise.answers))


@pytest.mark.parametrize("exercise", COURSE.values(), ids=COURSE)
def test_on_a_phone(learner, exercise):
    me = learner(**PHONE).go()
    me.page.locator(f"[data-exercise='{exercise.id}']").tap()
    me.arrive("forward")
    for box in exercise.forward:
        assert me.answer(box, exercise.answers[box], tap=True) == "right"
    me.page.locator("[data-act=screen-backward]").tap()
    me.arrive("backward")
    for asked, text in answers_and_questions(exercise, me.asked()):
        if asked not in exercise.forward:
            assert me.answer(asked, text, tap=True) == "right"
    assert me.progress == of(len(exercise.answers))


@pytest.mark.parametrize("exercise", [COURSE["relu2"], COURSE["nw1"]], ids=lambda e: e.id)
def test_one_box_per_node(learner, exercise):
    me = learner().open(exercise.id, "backward")
    me.switch("one box per node", True)
    asked = me.asked()
    nodes = [id.removeprefix("v:") for id in exercise.forward]
    assert asked == [*exercise.forward, *(f"a:{node}" for node in reversed(nodes))]
    for id in asked:
        assert me.answer(id, exercise.answers.get(id, "1")) == "right"
    assert me.progress == of(2 * len(nodes))
