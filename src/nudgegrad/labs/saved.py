"""What a learner has filled in, kept in a file: merged with what others wrote there, written whole."""

from __future__ import annotations

import json
import math
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from ..errors import UsageError

SCHEMA = 1
NAME = "lab.json"
STALE = 10.0  # seconds after which a lock was left behind by a writer that died
State = dict[str, Any]


def empty() -> State:
    """The state of a learner who has not begun."""
    return {"schema": SCHEMA, "exercises": {}, "settings": {}}


def default_path(platform: str = sys.platform, environment: Mapping[str, str] = os.environ) -> Path:
    """Where answers are kept unless a file is named: the user's folder for the state of programs."""
    home = Path.home()
    if platform == "win32":
        folder = Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif platform == "darwin":
        folder = home / "Library" / "Application Support"
    else:
        folder = Path(environment.get("XDG_STATE_HOME") or home / ".local" / "state")
    return folder / "nudgegrad" / NAME


def read_state(data: str | bytes) -> State:
    """A state from its JSON.

    Raises
    ------
    ValueError
        If it is none: no JSON, another schema, or parts of another kind.
    """
    try:
        found = json.loads(data, parse_constant=_no_number, parse_float=_finite)
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        raise ValueError(f"is no object of schema {SCHEMA}")
    exercises, settings = found.get("exercises", {}), found.get("settings", {})
    if not isinstance(settings, dict) or not isinstance(exercises, dict):
        raise ValueError("has exercises or settings that are no objects")
    for exercise in exercises.values():
        boxes = exercise.get("boxes", {}) if isinstance(exercise, dict) else None
        if not isinstance(boxes, dict) or not all(isinstance(box, dict) for box in boxes.values()):
            raise ValueError("has an exercise whose boxes are no objects")
    return {**found, "exercises": exercises, "settings": settings}


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"holds {name}, which is no JSON")


def _finite(text: str) -> float:
    x = float(text)
    return x if math.isfinite(x) else _no_number(text)  # it would be written as Infinity


def merged(ours: State, theirs: State, base: State) -> State:
    """Two states as one: every exercise of both, the newer version of each.

    Parameters
    ----------
    ours, theirs : dict
        What is to be written, and what stands in the file.
    base : dict
        What `ours` started from: an exercise that is still the same there was not changed by us.

    Notes
    -----
    An exercise may carry ``changed``, the time of its last change as a number; where both do, the later
    one is newer. Otherwise what we changed is newer, since it is written last.
    """
    exercises = {**theirs["exercises"]}
    for name, exercise in ours["exercises"].items():
        there = exercises.get(name)
        if there is None or not _is_older(exercise, there, base["exercises"].get(name)):
            exercises[name] = exercise
    return {
        **theirs,
        **ours,
        "exercises": exercises,
        "settings": {**theirs["settings"], **ours["settings"]},
    }


def _is_older(ours: State, theirs: State, base: State | None) -> bool:
    times = [x.get("changed") for x in (ours, theirs)]
    if all(isinstance(t, int | float) and not isinstance(t, bool) for t in times):
        return bool(times[0] < times[1])  # type: ignore[operator]  # both are numbers
    return ours == base


class StateFile:
    """A file with the state of a learner; it survives the program, other writers, and foreign contents.

    Parameters
    ----------
    path : str or Path, optional
        The file; that of `default_path` if there is none.
    warn : callable, optional
        Takes a sentence about what became of a file that could not be read.

    Raises
    ------
    UsageError
        If the file cannot be kept there, or a file that was named holds something else.
    """

    def __init__(
        self, path: str | os.PathLike[str] | None = None, warn: Callable[[str], None] = lambda _: None
    ) -> None:
        self.path = (default_path() if path is None else Path(path)).expanduser().resolve()
        self.warn = warn
        self._base = empty()
        try:
            if path is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            self._check_folder()
            found = self.path.read_bytes() if self.path.exists() else b""
        except OSError as error:
            raise UsageError(
                f"answers cannot be kept in '{self.path}': {error.strerror}",
                help="name a file in a folder that you may write to: answers.json",
            ) from None
        if path is not None and found.strip():
            try:
                read_state(found)
            except ValueError as error:
                raise UsageError(
                    f"'{self.path}' holds no answers of the lab: it {_reason(error)}",
                    help=f"name another file, such as {self._beside('new', self.path.suffix).name}",
                ) from None
        self.load()

    def _check_folder(self) -> None:
        folder = self.path.parent
        if not folder.is_dir():
            raise NotADirectoryError(0, f"there is no folder '{folder}'")
        if self.path.is_dir():
            raise IsADirectoryError(0, "it is a folder")
        if not os.access(folder, os.W_OK) or (self.path.exists() and not os.access(self.path, os.W_OK)):
            raise PermissionError(0, "it may not be written")

    def load(self) -> State:
        """The state in the file; what cannot be read is kept beside it, and the state is empty."""
        self._base = self._read()
        return self._base

    def save(self, state: State) -> State:
        """The state in the file once `state` is merged into it.

        Raises
        ------
        OSError
            If it cannot be written; the file is as it was.
        """
        with self._locked():
            whole = merged(state, self._read(), self._base)
            self._write(json.dumps(whole, indent=1))
        exercises = {**self._base["exercises"], **state["exercises"]}
        self._base = {**self._base, "exercises": exercises}  # what we have seen, not what others wrote
        return whole

    def _read(self) -> State:
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return empty()
        if not data.strip():
            return empty()
        try:
            return read_state(data)
        except ValueError as error:
            kept = self._beside("bad")
            self.path.replace(kept)
            self.warn(f"'{self.path}' {_reason(error)}; it is kept as '{kept.name}'")
            return empty()

    def _beside(self, kind: str, suffix: str = "") -> Path:
        """A path beside the file's that is free: lab.json.bad, lab.json.2.bad; lab.new.json."""
        stem = self.path.stem if suffix else self.path.name
        names = (f"{stem}{number}.{kind}{suffix}" for number in ("", *(f".{k}" for k in range(2, 10**6))))
        return next(path for name in names if not (path := self.path.with_name(name)).exists())

    def _write(self, text: str) -> None:
        part = self.path.with_name(f".{self.path.name}.{secrets.token_hex(4)}")
        try:
            with part.open("x", encoding="ascii", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            if self.path.exists():
                part.chmod(self.path.stat().st_mode & 0o777)
            part.replace(self.path)
        finally:
            part.unlink(missing_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other writers away while the file is read, merged and written."""
        lock = self.path.with_name(f".{self.path.name}.lock")
        while True:
            try:
                lock.open("x").close()
                break
            except FileExistsError:
                try:
                    if time.time() - lock.stat().st_mtime > STALE:
                        lock.unlink()
                except FileNotFoundError:
                    continue
                time.sleep(0.01)
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


def _reason(error: ValueError) -> str:
    return "is no JSON" if isinstance(error, json.JSONDecodeError | UnicodeDecodeError) else str(error)
