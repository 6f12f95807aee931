"""The pages that go through a backward show every line of it, as it stands in the source."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nudgegrad.nets import images, layers, recurrent

DOCS = Path(__file__).parents[2] / "docs"
WALKS = {
    "nets_dense.md": (layers.dense_backward,),
    "nets_convolution.md": (images.convolution_backward,),
    "nets_recurrent.md": (recurrent.rnn_through_time, recurrent.rnn_backward),
}


def lines(function: Callable[..., Any]) -> Iterator[str]:
    """The statements of a function that compute something, without comments."""
    (tree,) = ast.parse(inspect.getsource(function)).body
    assert isinstance(tree, ast.FunctionDef)
    body = ast.Module(body=tree.body[1:], type_ignores=[])  # without the docstring
    for line in map(str.strip, ast.unparse(body).splitlines()):
        is_bookkeeping = line.startswith("return") or " = cache" in line or "_through_time(" in line
        if not is_bookkeeping:
            yield line


def shown(page: str) -> set[str]:
    """The lines of a page's Python, as the parser writes them."""
    text = (DOCS / page).read_text(encoding="utf-8")
    found: set[str] = set()
    for part in text.split("```python\n")[1:]:
        found |= {line.strip() for line in ast.unparse(ast.parse(part.partition("```")[0])).splitlines()}
    return found


@pytest.mark.parametrize("page", WALKS)
def test_a_page_shows_every_line(page: str) -> None:
    missing = [line for function in WALKS[page] for line in lines(function) if line not in shown(page)]
    assert missing == []


def test_what_the_page_says_of_the_lstm_is_in_it() -> None:
    text = (DOCS / "nets_recurrent.md").read_text(encoding="utf-8").partition("# Why an LSTM")[2]
    source = inspect.getsource(recurrent)
    quoted = [
        line for part in text.split("```text\n")[1:3] for line in part.partition("```")[0].splitlines()
    ]
    assert len(quoted) == 5
    assert all(line in source for line in quoted if line != "...")


def test_a_line_that_is_left_out_is_found() -> None:
    assert any("tensordot" in line for line in lines(recurrent.rnn_backward))
    assert not set(lines(recurrent.lstm_backward)) <= shown("nets_dense.md")
