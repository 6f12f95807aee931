"""The examples print what the docs say; by hand and by torch are the same."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import pytest

from nudgegrad.nets.recurrent import lstm
from nudgegrad.views.depth_picture import depth_panels, depth_svg
from tests.views.pictures import check_chart

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/nets.md").read_text(encoding="utf-8")
PRINTED = dict(re.findall(r"\[examples/(\w+)\.py\][^`]*```text\n(.+?)```", PAGE, re.S))


@pytest.mark.parametrize("name", ["dense", "conv", "recurrent"])
def test_an_example_prints_what_the_page_says(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(ROOT / f"examples/{name}.py"), run_name="__main__")
    assert capsys.readouterr().out == PRINTED[name]


def test_the_picture_of_the_page_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "made.svg"
    monkeypatch.setattr(sys, "argv", ["vanishing.py", "-o", str(path)])
    runpy.run_path(str(ROOT / "examples/vanishing.py"), run_name="__main__")
    assert path.read_bytes() == (ROOT / "docs/images/nets-gradients.svg").read_bytes()


def test_gradients_vanish_with_sigmoids_and_in_the_one_rnn_and_explode_in_the_other() -> None:
    check_chart(depth_svg())
    upper, lower = depth_panels()
    relus, sigmoids = (line.y for line in upper.lines)
    lstms, small, large = (line.y for line in lower.lines)
    assert sigmoids[0] / sigmoids[-1] < 0.25 ** (len(sigmoids) - 1)  # the slope of a sigmoid is at most 1/4
    assert small[0] / small[-1] < 0.8 ** (len(small) - 1)  # tanh' is at most 1
    assert large[0] > 100 * large[-1]
    for kept in (relus, lstms):
        assert 1 / 10 < kept[0] / kept[-1] < 10
    assert lower.lines[0].name.startswith(lstm.__name__.upper())
