"""The notebooks run from top to bottom, say what they say in the repository, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from .pages import LAST_DIGIT, SLOW

FOLDER = Path(__file__).parents[1] / "examples"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
VIEW = "application/vnd.jupyter.widget-view+json"  # a number of this kernel's
PICTURE = "image/png"  # its bytes differ between versions of matplotlib


def executed(notebook: Any) -> Any:
    """The notebook as a kernel leaves it."""
    found = nbformat.from_dict(notebook)
    for cell in found.cells:
        if cell.cell_type == "code":
            cell.outputs = []
        cell.metadata.pop("execution", None)
    client = NotebookClient(
        found,
        timeout=SLOW,
        kernel_name="python3",
        store_widget_state=False,
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(FOLDER)}},
    )
    client.execute()
    return found


def said(notebook: Any) -> list[list[Any]]:
    """What each cell says: texts and pages, and what other kinds there are."""
    found = []
    for cell in notebook.cells:
        outputs = []
        for o in cell.get("outputs", []):
            data = {o.name: o.text} if o.output_type == "stream" else dict(o.data)
            data |= dict.fromkeys(data.keys() & {VIEW, PICTURE})
            outputs.append({k: v and re.sub(LAST_DIGIT, r"\1…\2", v) for k, v in data.items()})
        found.append(outputs)
    return found


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda p: p.stem)
def both(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    """A notebook as it is kept, and as it is once it was run."""
    kept = nbformat.read(request.param, 4)
    new = executed(kept)
    if request.config.getoption("--update-golden"):
        nbformat.write(new, request.param)
        kept = new
    return kept, new


def test_it_says_what_is_kept(both: tuple[Any, Any]) -> None:
    kept, new = both
    for cell, one, other in zip(kept.cells, said(kept), said(new), strict=True):
        assert one == other, cell.source


def test_there_is_no_noise(both: tuple[Any, Any]) -> None:
    for cell in both[1].cells:
        for o in cell.get("outputs", []):
            assert o.get("name", "stdout") == "stdout", o.text
            assert "Warning" not in str(o.get("text", ""))


def test_the_lab_is_a_widget_and_a_frame_where_that_cannot_load(both: tuple[Any, Any]) -> None:
    for notebook in both:
        labs = [o.data for c in notebook.cells if "ng.lab(" in c.source for o in c.outputs]
        assert labs
        for data in labs:
            assert VIEW in data
            assert data["text/html"].lstrip().startswith("<iframe")
            assert "srcdoc=" in data["text/html"]


def test_it_is_kept_as_it_was_run_in_order(both: tuple[Any, Any]) -> None:
    cells = [c for c in both[0].cells if c.cell_type == "code"]
    assert [c.execution_count for c in cells] == list(range(1, len(cells) + 1))
    assert set(both[0].metadata) == {"kernelspec", "language_info"}


def test_another_answer_and_a_warning_are_seen() -> None:
    cell = nbformat.v4.new_code_cell("import sys; print(2); print('Warning', file=sys.stderr)")
    new = executed(nbformat.v4.new_notebook(cells=[cell]))
    (outputs,) = said(new)
    assert outputs == [{"stdout": "2\n"}, {"stderr": "Warning\n"}]
    with pytest.raises(AssertionError):
        test_there_is_no_noise((new, new))


def test_both_are_there() -> None:
    assert [p.stem for p in NOTEBOOKS] == ["lab7_derivatives", "lab8_backpropagation"]
