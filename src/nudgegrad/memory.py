"""Memory: what is left, and what is too large for it."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import UsageError

MEMINFO = Path("/proc/meminfo")


def available() -> int | None:
    """How many bytes can still be had; None where the system does not say."""
    try:
        for line in MEMINFO.read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return None


def refuse(needed: int, what: str) -> None:
    """Do nothing if there is so much memory.

    Raises
    ------
    UsageError
        If there is not; with the number of bytes.
    """
    there = available()
    if there is not None and needed > there:
        raise UsageError(
            f"{what} would take {needed:,} bytes of memory; {there:,} are left",
            help="make it smaller, or free some memory",
        )


@contextmanager
def no_collection() -> Iterator[None]:
    """No garbage collection while many objects are made that all stay: it would go through them again and
    again."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
