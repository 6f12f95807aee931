"""Large graphs: hundreds of boxes, and an overview where there are too many."""

from ..figures import LAB_OVERVIEW
from .programs import chain


def test_300_statements_can_be_filled_in(learner):
    me = learner().open_own(chain(300))
    assert len(me.asked()) == 300
    assert me.answer("v:a1", "6") == "right"
    assert me.focused == "v:a2"
    me.screen("backward")
    assert me.progress.startswith("1 of ")
    assert me.answer("a:a299", "999999") == "wrong"


def test_10_000_nodes_give_an_overview(learner):
    me = learner().go()
    me.page.set_default_timeout(LAB_OVERVIEW)
    me.page.locator("input.program").fill(chain(10_000))
    me.page.get_by_role("button", name="overview").click()
    me.arrive("overview")
    me.page.get_by_text("of them 10000 statements").wait_for()
    rows = me.page.locator("tbody tr")
    assert rows.count() <= 200
    me.page.locator("input[type=search]").fill("a9999")
    assert rows.count() == 1
    assert me.page.locator("tbody th").inner_text() == "a9999"
