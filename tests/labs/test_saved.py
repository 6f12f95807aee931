"""The file that keeps a learner's answers: nothing in it is lost, whoever else writes there."""

import json
import os
import stat
import threading
from pathlib import Path

import pytest

from nudgegrad import UsageError
from nudgegrad.labs import saved
from nudgegrad.labs.saved import StateFile, default_path, empty, merged, read_state


def filled(typed, changed=None):
    found = {"text": "J = w | w=1", "boxes": {"v:J": {"typed": typed}}}
    return found if changed is None else {**found, "changed": changed}


def state_of(settings=None, **exercises):
    return {"schema": 1, "exercises": exercises, "settings": settings or {}}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lab.json"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The default file, in a folder of this test."""
    monkeypatch.setattr(saved, "default_path", lambda: tmp_path / "nudgegrad" / "lab.json")
    return tmp_path / "nudgegrad" / "lab.json"


def test_the_default_file_is_where_the_system_keeps_such_things(monkeypatch):
    monkeypatch.setattr(Path, "home", lambda: Path("/home/me"))
    assert default_path("linux", {"XDG_STATE_HOME": "/s"}) == Path("/s/nudgegrad/lab.json")
    assert default_path("linux", {}) == Path("/home/me/.local/state/nudgegrad/lab.json")
    assert default_path("darwin", {}) == Path("/home/me/Library/Application Support/nudgegrad/lab.json")
    assert default_path("win32", {"LOCALAPPDATA": "/l"}) == Path("/l/nudgegrad/lab.json")


def test_a_state_is_there_again(path):
    assert StateFile(path).load() == empty()
    StateFile(path).save(state_of(nw1=filled("\ud800 ½ \u2028")))
    assert StateFile(path).load() == state_of(nw1=filled("\ud800 ½ \u2028"))
    assert [p.name for p in path.parent.iterdir()] == ["lab.json"]


def test_a_folder_is_made_for_the_default_file_only(home, tmp_path):
    StateFile().save(empty())
    assert json.loads(home.read_text(encoding="utf-8")) == empty()
    for where in (tmp_path / "no" / "a.json", tmp_path):
        with pytest.raises(UsageError, match="answers cannot be kept in"):
            StateFile(where)


# Several writers


def test_two_writers_keep_each_others_exercises(path):
    first, second = StateFile(path), StateFile(path)
    first.save(state_of(a=filled("1")))
    second.save(state_of(b=filled("2")))
    first.save(state_of(a=filled("3")))
    second.save(state_of(b=filled("2"), c=filled("4")))
    assert first.load() == state_of(a=filled("3"), b=filled("2"), c=filled("4"))


def test_the_newer_version_of_an_exercise_wins(path):
    StateFile(path).save(state_of(a=filled("0"), b=filled("0")))
    first, second = StateFile(path), StateFile(path)
    first.save(state_of(a=filled("1"), b=filled("0")))
    second.save(state_of(a=filled("0"), b=filled("2")))  # whose page never saw a=1
    first.save(state_of(a=filled("1"), b=filled("0"), c=filled("3")))  # whose page never saw b=2
    assert first.load() == state_of(a=filled("1"), b=filled("2"), c=filled("3"))


@pytest.mark.parametrize(("ours", "theirs", "typed"), [(2, 1, "ours"), (1, 2, "theirs"), (1, 1, "ours")])
def test_times_decide_where_there_are_some(ours, theirs, typed):
    found = merged(state_of(a=filled("ours", ours)), state_of(a=filled("theirs", theirs)), empty())
    assert found["exercises"]["a"]["boxes"]["v:J"]["typed"] == typed


def test_settings_are_merged_and_unknown_parts_kept():
    found = merged(
        state_of({"theme": "dark"}), {**state_of({"chain": True, "theme": "light"}), "x": 1}, empty()
    )
    assert (found["settings"], found["x"]) == ({"chain": True, "theme": "dark"}, 1)


def write_at_once(path, writers=4, times=8):
    """Every writer adds its exercises one by one; the names of those that are in the file in the end."""

    def write(k):
        file = StateFile(path)
        for n in range(times):
            file.save(state_of(**{f"e{k}-{n}": filled("1")}))

    threads = [threading.Thread(target=write, args=(k,)) for k in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return set(StateFile(path).load()["exercises"])


def test_writers_wait_for_each_other(path):
    assert write_at_once(path) == {f"e{k}-{n}" for k in range(4) for n in range(8)}


def test_a_lock_that_was_left_behind_is_taken_over(path):
    lock = path.with_name(".lab.json.lock")
    lock.touch()
    os.utime(lock, (0, 0))
    StateFile(path).save(state_of(a=filled("1")))
    assert not lock.exists()


# Files that cannot be read or written


FOREIGN = [
    b"{",
    b"[]",
    b"\xff\xfe",
    b"notes on my thesis",
    b"[" * 100_000,
    b'{"schema": 2}',
    b'{"schema": 1, "exercises": []}',
    b'{"schema": 1, "exercises": {"a": 3}}',
    b'{"schema": 1, "exercises": {"a": {"boxes": {"b": 1}}}}',
    b'{"schema": 1, "settings": 3}',
    b'{"schema": 1, "x": NaN}',
    b'{"schema": 1, "x": -1e999}',
]


@pytest.mark.parametrize("data", FOREIGN)
def test_a_foreign_file_is_kept_beside_or_refused(data, home, path):
    with pytest.raises(ValueError, match=r"^(is|has|holds|Expecting|'utf-8' codec)"):
        read_state(data)
    home.parent.mkdir()
    for name in ("lab.json.bad", "lab.json.2.bad"):
        said: list[str] = []
        home.write_bytes(data)
        StateFile(warn=said.append).save(state_of(a=filled("1")))
        assert home.with_name(name).read_bytes() == data
        assert StateFile().load() == state_of(a=filled("1"))
        assert len(said) == 1
        assert f"it is kept as '{name}'" in said[0]
    path.write_bytes(data)
    with pytest.raises(UsageError, match="holds no answers of the lab") as error:
        StateFile(path)
    assert "name another file, such as lab.new.json" in str(error.value)
    assert path.read_bytes() == data


def test_a_file_that_became_foreign_is_kept_when_answers_are_written(path):
    said: list[str] = []
    file = StateFile(path, said.append)
    path.write_bytes(b"notes")
    file.save(state_of(a=filled("1")))
    assert path.with_name("lab.json.bad").read_bytes() == b"notes"
    assert file.load() == state_of(a=filled("1"))
    assert said == [f"'{path}' is no JSON; it is kept as 'lab.json.bad'"]


def test_an_empty_file_is_a_state_without_answers(path):
    path.write_bytes(b"")
    assert StateFile(path).load() == empty()


def test_a_write_that_fails_leaves_the_file_as_it_was(path, monkeypatch):
    file = StateFile(path)
    file.save(state_of(a=filled("1")))
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    for place in ("fsync", "replace"):
        with monkeypatch.context() as patched:
            patched.setattr(os, place, full)
            with pytest.raises(OSError, match="No space"):
                file.save(state_of(a=filled("2")))
        assert path.read_bytes() == before
        assert [p.name for p in path.parent.iterdir()] == ["lab.json"]


@pytest.mark.skipif(os.name == "nt", reason="modes and links are of POSIX")
def test_the_files_mode_and_a_link_to_it_stay(path, tmp_path):
    path.write_bytes(b"")
    path.chmod(0o640)
    link = tmp_path / "link.json"
    link.symlink_to(path)
    StateFile(link).save(state_of(a=filled("1")))
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert StateFile(path).load() == state_of(a=filled("1"))


# Faults are noticed


def test_without_merging_or_locks_answers_would_be_lost(path, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(saved, "merged", lambda ours, *_: ours)
        for check in (
            test_two_writers_keep_each_others_exercises,
            test_the_newer_version_of_an_exercise_wins,
        ):
            with pytest.raises(AssertionError):
                check(path)
    both_read = threading.Barrier(2)
    read = StateFile._read

    def slow(file):
        found = read(file)
        if threading.current_thread() is not threading.main_thread():
            both_read.wait(30)
        return found

    class Open:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

    files = [StateFile(path), StateFile(path)]
    monkeypatch.setattr(StateFile, "_read", slow)
    monkeypatch.setattr(StateFile, "_locked", lambda _: Open())
    threads = [
        threading.Thread(target=file.save, args=(state_of(**{name: filled("1")}),))
        for file, name in zip(files, "xy", strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not {"x", "y"} <= set(StateFile(path).load()["exercises"])
