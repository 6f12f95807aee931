"""Compiled loops: kept on disk, made again where what lies there is not what was put there."""

from __future__ import annotations

import os

import numpy as np
import pytest

import nudgegrad as ng
from nudgegrad import compiled
from nudgegrad.loops import reading, series
from nudgegrad.nudging import table, windows
from nudgegrad.races.programs import FAMILIES, program
from nudgegrad.sweeps import groups, tape
from tests.unsigned import Unsigned


@pytest.fixture
def fresh(tmp_path, monkeypatch):
    """A process that has compiled nothing yet and keeps its loops in a folder of its own."""
    monkeypatch.setenv(compiled.FOLDER, str(tmp_path))
    monkeypatch.setattr(compiled, "_ready", {})
    cleared = (compiled._module, compiled._say_compiling, compiled._hint)
    for kept in cleared:
        kept.cache_clear()
    yield tmp_path
    compiled._module.cache_clear()


def again(monkeypatch):
    """As a new process."""
    monkeypatch.setattr(compiled, "_ready", {})
    compiled._module.cache_clear()
    compiled._say_compiling.cache_clear()


def total():
    """Four nodes: x, 2, x * 2, x * 2."""
    live = np.ones(3, dtype=np.uint8)
    sizes = np.array([1.0, 2.0, 3.0])
    codes = np.array([0, -1, 0], dtype=np.int32)
    return compiled.call("total_rounding", compiled.ABOVE, codes, live, sizes, sizes, np.array([1.0]), 0.5)


EXPECTED = (1.0 * 0.5 * 1) ** 2 + (3.0 * 0.5 * 3) ** 2


def test_what_is_compiled_is_kept(fresh, monkeypatch, capsys):
    assert total() == EXPECTED
    assert "compiling the loops for large graphs, once" in capsys.readouterr().err
    kept = sorted(p.name for p in fresh.rglob("*.nb?"))
    assert kept
    again(monkeypatch)
    assert total() == EXPECTED
    assert capsys.readouterr().err == ""
    assert sorted(p.name for p in fresh.rglob("*.nb?")) == kept


@pytest.mark.parametrize("ending", ["nbc", "nbi", "json", "py"])
def test_a_corrupted_folder_is_made_again(ending, fresh, monkeypatch, capsys):
    assert total() == EXPECTED
    (spoilt, *_) = fresh.rglob(f"*.{ending}")
    content = bytearray(spoilt.read_bytes())
    content[len(content) // 2] ^= 0xFF
    spoilt.write_bytes(bytes(content[: len(content) - 7]))
    again(monkeypatch)
    capsys.readouterr()
    assert total() == EXPECTED
    assert "compiling" in capsys.readouterr().err
    again(monkeypatch)
    assert total() == EXPECTED
    assert capsys.readouterr().err == ""


def test_without_numba_the_loops_run_as_they_are_and_say_so_once(fresh, monkeypatch, capsys):
    monkeypatch.setenv(compiled.SWITCH, "0")
    monkeypatch.setattr(compiled, "HINT", 0)
    assert total() == total() == EXPECTED
    assert capsys.readouterr().err.count("nudgegrad[fast]") == 1
    assert not list(fresh.iterdir())


def test_the_compiled_text_is_that_of_the_loops():
    text = compiled._source()
    assert "import numba" in text
    assert {"run_forward", "exact_jets", "chain", "find_heights"} <= set(compiled.LOOPS)
    assert all(f"def {name}(" in text for name in compiled.LOOPS)


def test_no_index_is_negative(monkeypatch):
    """The compiled loops are told so; a negative one would be read from anywhere."""
    monkeypatch.setenv(compiled.SWITCH, "0")
    monkeypatch.setattr(tape, "ABOVE", 0)
    monkeypatch.setattr(groups, "ENOUGH", 10**9)
    monkeypatch.setattr(table, "MANY_ABOVE", 0)
    listed = compiled._listed
    monkeypatch.setattr(
        compiled, "_listed", lambda a: Unsigned(a.tolist()) if isinstance(a, np.ndarray) else listed(a)
    )
    called: set[str] = set()
    loops = {name: record(name, loop, called) for name, loop in compiled.LOOPS.items()}
    monkeypatch.setattr(compiled, "LOOPS", loops)
    for family in FAMILIES:
        made = program(family, 150)
        run = ng.graph(made.text).at(made.values)
        windows.exact(run)
        tape.adjoints(run.graph, run.value_array)
        found = ng.nudges(run, how="local")
        assert found.certificate
        assert found.some(1)[0].factors
    assert called >= set(compiled.LOOPS) - set(vars(series)) - set(vars(reading)) - {
        "follow",
        "raised",
        "run_forward",
        "carry",
    }


def record(name, loop, called):
    """A loop that enters its name."""

    def recorded(*args):
        called.add(name)
        return loop(*args)

    return recorded


def test_the_switch_is_read_at_every_call(monkeypatch):
    there = compiled._numba_is_there()
    for value, expected in (("0", False), ("1", there), ("0", False), (None, there)):
        if value is None:
            monkeypatch.delenv(compiled.SWITCH)
        else:
            monkeypatch.setenv(compiled.SWITCH, value)
        assert compiled.is_fast() == expected
    monkeypatch.setattr(compiled, "VARIABLES", os.environ)  # where Python keeps them otherwise
    monkeypatch.setattr(compiled, "NAME", compiled.SWITCH)
    monkeypatch.setattr(compiled, "OFF", "0")
    assert compiled.is_fast() == there
    monkeypatch.setenv(compiled.SWITCH, "0")
    assert not compiled.is_fast()
