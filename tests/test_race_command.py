"""`nudgegrad race`: what it prints and draws, how it stops, what it refuses."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from nudgegrad import cli, compiled
from nudgegrad.commands import race as command
from nudgegrad.races.programs import COURSE
from nudgegrad.races.race import LEAST, SAMPLE, Race, Row, rows
from nudgegrad.views.document import of_race
from tests.views.pictures import check_chart
from tests.views.races import ALL, RACE

SMALL = ("race", "--sizes", "300,600", "--sample", "20")
SHIPPED = Path(cli.__file__).parent / "labs/static/race.json"


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """A race whose times are known."""
    monkeypatch.setattr(command, "prepare", lambda *_: None)
    monkeypatch.setattr(command, "rows", lambda *_: iter(RACE.rows))
    monkeypatch.setattr(command, "race", lambda found: Race(RACE.machine, RACE.date, tuple(found)))


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    ("name", "columns", "encoding"),
    [
        ("race", 120, "utf-8"),
        ("race-100", 100, "utf-8"),
        ("race-50", 50, "utf-8"),
        ("race-ascii", 120, "ascii"),
    ],
)
def test_the_whole_output_of(name: str, columns: int, encoding: str, nudgegrad: Any, golden: Any) -> None:
    golden(f"{name}.txt", str(nudgegrad("race", columns=columns, encoding=encoding)))


@pytest.mark.usefixtures("known")
def test_the_document_is_the_race(nudgegrad: Any) -> None:
    found = json.loads(nudgegrad("race", "--json", "--seed", "4").out)
    assert Race.from_json(found) == RACE
    assert (found["schema"], found["command"], found["family"], found["sample"], found["seed"]) == (
        1, "race", "sparse", SAMPLE, 4,
    )  # fmt: skip


def test_a_real_race(nudgegrad: Any, tmp_path: Path) -> None:
    path = tmp_path / "race.svg"
    nudgegrad(*SMALL)  # loops that are compiled for the first time say so
    called = nudgegrad(*SMALL, "--json", "-o", str(path))
    found = json.loads(called.out)
    assert (called.code, called.err) == (0, "")
    assert [(r["entries"], r["neurons"], r["parameters"], r["sampled"]) for r in found["rows"]] == [
        (179, 10, 60, 20),
        (599, 20, 200, 20),
    ]
    assert [(r["sum"], r["product"]) for r in found["rows"]] == [(70, 600), (220, 4000)]
    check_chart(path.read_text())
    lines = nudgegrad(*SMALL).out.splitlines()
    assert lines[2].split()[:5] == ["179", "10", "60", "70", "600"]
    check_chart(nudgegrad(*SMALL, "-o", "-").out)


def test_the_sizes_race_in_their_order_once_each(nudgegrad: Any) -> None:
    called = nudgegrad("race", "--sizes", "6e2 300, 900,600", "--sample", "20", "--family", "rnn", "--json")
    assert [row["entries"] for row in json.loads(called.out)["rows"]] == [332, 587, 842]


def test_without_numba_it_works_and_says_so(nudgegrad: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "HINT", 600)
    compiled._hint.cache_clear()
    called = nudgegrad(*SMALL, NUDGEGRAD_FAST="0")
    assert called.code == 0
    assert ", without numba; " in called.out
    assert called.err.count('pip install "nudgegrad[fast]"') == 1
    compiled._hint.cache_clear()
    said = nudgegrad(*SMALL, NUDGEGRAD_FAST="0", terminal=True).err
    assert said.startswith("nudgegrad: large graphs go")  # not across the progress


# Ctrl-C


def stopping_after(count: int) -> Any:
    """A race that somebody interrupts."""

    def stopped(*arguments: Any) -> Any:
        yield from islice(rows(*arguments), count)
        raise KeyboardInterrupt

    return stopped


def test_ctrl_c_prints_what_there_is(
    nudgegrad: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "race.svg"
    monkeypatch.setattr(command, "rows", stopping_after(1))
    called = nudgegrad(*SMALL, "-o", str(path))
    assert called.code == cli.INTERRUPTED
    assert called.err == "interrupted after 1 of 2 sizes\n"
    assert called.out.splitlines()[2].split()[0] == "179"
    assert "599" not in called.out
    check_chart(path.read_text())
    called = nudgegrad(*SMALL, "--json")
    assert called.code == cli.INTERRUPTED
    assert [row["entries"] for row in json.loads(called.out)["rows"]] == [179]


def test_ctrl_c_before_the_first_size(
    nudgegrad: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "rows", stopping_after(0))
    called = nudgegrad("race", "--sizes", "300", "-o", str(tmp_path / "race.svg"))
    assert (called.code, called.out, called.err) == (
        cli.INTERRUPTED,
        "",
        "interrupted after 0 of 1 size\n",
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="signals and terminals are others there")
def test_a_real_ctrl_c_on_a_terminal() -> None:
    import pty

    arguments = ("race", "--sizes", f"{LEAST},1e6", "--sample", "20")
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "nudgegrad", *arguments], stdout=subprocess.PIPE, stderr=slave
    )
    os.close(slave)
    said = b""
    try:
        while b"[........................] 1,000,000 entries: reading" not in said:
            said += os.read(master, 1024)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
        said += os.read(master, 4096)
    finally:
        process.kill()
        os.close(master)
    assert process.returncode == cli.INTERRUPTED
    assert b"interrupted after 1 of 2 sizes" in said
    assert out.splitlines()[2].split()[:3] == [b"179", b"10", b"60"]


def test_progress_is_shown_on_a_terminal_only(nudgegrad: Any) -> None:
    called = nudgegrad(*SMALL, "--no-color", terminal=True)
    assert "\r[........................] 300 entries: reading the program" in called.err
    assert re.search(r"\r\[#{23}\.\] 600 entries: nudging parameter \d+ of 20", called.err)
    assert called.err.endswith("\r")
    assert nudgegrad(*SMALL).err == ""


# What came with this version


def test_the_shipped_race_is_whole() -> None:
    kept = json.loads(SHIPPED.read_text(encoding="utf-8"))
    found = Race.from_json(kept)
    about = {name: kept[name] for name in ("family", "sample", "seed")}
    assert SHIPPED.read_text(encoding="utf-8") == of_race(found, about) + "\n"
    sizes = [row.entries for row in found.rows]
    assert sizes == sorted(sizes)
    assert sizes[0] < 2_000
    assert sizes[-1] > 900_000
    (course,) = [row for row in found.rows if row.entries == COURSE]
    assert (course.neurons, course.parameters, course.family) == (10_000, 100_000, "sparse")
    assert (course.sum, course.product) == (110_000, 1_000_000_000)
    for row in found.rows:
        assert 0 < row.fastest <= row.backprop <= row.slowest
        assert row.backprop < row.nudges < row.sweep
        assert row.sampled == min(kept["sample"], row.parameters)
        assert (row.sweep_bar == 0) == (row.sampled == row.parameters)
        assert row.sweep_bar < row.sweep
    assert set(kept["rows"][0]) == set(ALL)
    assert not re.search(r"/|host|cloud|aws", found.machine, re.I)


def test_the_shipped_race_is_shown(nudgegrad: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any) -> Any:
        raise AssertionError("it measures")

    monkeypatch.setattr(command, "rows", never)
    called = nudgegrad("race", "--shipped")
    assert (called.code, called.err) == (0, "")
    assert re.search("^  290,499 +10,000 +100,000 +110,000 +1,000,000,000 ", called.out, re.M)
    assert nudgegrad("race", "--shipped", "--json").out == SHIPPED.read_text(encoding="utf-8")
    check_chart(nudgegrad("race", "--shipped", "-o", "-").out)


# Mistakes


def test_mistakes_say_what_to_type(
    nudgegrad: Any, golden: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("nudgegrad.memory.available", lambda: 4 * 10**9)
    calls = [
        nudgegrad("race", *arguments)
        for arguments in (
            ("J = w",),
            ("--sizes", "12"),
            ("--sizes", "1e3,many"),
            ("--sizes", "1e3,1e3.5"),
            ("--sizes", "1e400"),
            ("--sizes", "nan"),
            ("--sizes", "-1000"),
            ("--sizes", "1000.5"),
            ("--sizes", ","),
            ("--sizes", "1e3,1e7"),
            ("--family", "lstm"),
            ("--sample", "19"),
            ("--sample", "all"),
            ("--seed", "-1"),
            ("--seed", "x"),
            ("--shipped", "--sizes", "1e3"),
            ("--shipped", "--seed", "1"),
            ("-o", "race.png"),
            ("-o", "nowhere/race.svg"),
            ("-o", "-", "--json"),
            ("--format", "float32"),
            ("--sise", "1e3"),
        )
    ]
    assert all(call.code == cli.WRONG and call.out == "" for call in calls)
    golden("mistakes-of-race.txt", "".join(map(str, calls)))


def test_the_rows_are_those_of_the_room() -> None:
    assert set(ALL) == {*Row.__dataclass_fields__, "sum", "product"}
