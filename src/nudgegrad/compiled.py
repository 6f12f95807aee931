"""The loops as machine code where numba is installed (extra `fast`), else as they are.

numba compiles each at its first use and keeps it on disk. What lies there is taken only if it is what was
put there, by SHA-256: anything else is thrown away and made again.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from .loops import jets, kinds, nudges, reading, series, structure, values

FOLDER = "NUDGEGRAD_CACHE"  # the environment variable that says where compiled loops are kept
HEAD = """
import math
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.core.types import intp, void
from numba.extending import intrinsic

loop = numba.njit(cache=True, error_model="numpy", boundscheck=False)
inlined = numba.njit(cache=True, error_model="numpy", boundscheck=False, inline="always")


@intrinsic
def call_routine(typing, routine, cells, sizes, strides, data):
    def generate(context, builder, signature, args):
        place = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [place] * 4)
        called = builder.inttoptr(args[0], kind.as_pointer())
        builder.call(called, [builder.inttoptr(a, place) for a in args[1:]])
        return context.get_dummy_value()

    return void(intp, intp, intp, intp, intp), generate
"""
PARTS = (kinds, reading, structure, values, series, jets, nudges)
LOOPS: Mapping[str, Callable[..., Any]] = {
    name: getattr(part, name)
    for part in PARTS[1:]
    for name in vars(part)
    if getattr(getattr(part, name), "__module__", "") == part.__name__
}
SWITCH = "NUDGEGRAD_FAST"  # 0: as if numba were not installed
HINT = 100_000  # nodes from which on a missing numba is worth a word
VARIABLES: Any = getattr(os.environ, "_data", os.environ)  # a look-up there takes a tenth of the time
NAME: Any = SWITCH if VARIABLES is os.environ else os.environ.encodekey(SWITCH)
OFF: Any = "0" if VARIABLES is os.environ else os.environ.encodevalue("0")
ABOVE = 5_000  # nodes from which on compiled loops are taken: loading them costs half a second, once


def is_fast() -> bool:
    """Whether the loops can be compiled."""
    return VARIABLES.get(NAME) != OFF and _numba_is_there()


@cache
def _numba_is_there() -> bool:
    return find_spec("numba") is not None


def is_compiled(name: str, size: int) -> bool:
    """Whether a loop over so many nodes is taken compiled; says once, of many, how they could be."""
    if is_fast() and (size >= ABOVE or name in _ready):
        return True
    if size >= HINT:
        _hint()
    return False


def call(name: str, size: int, *arguments: Any) -> Any:
    """What the loop of that name returns; arrays among its arguments are changed in place.

    Parameters
    ----------
    name : str
    size : int
        The number of nodes it goes over: few are not worth the time that compiled loops take to load.
    """
    if is_compiled(name, size):
        return machine_code(name)(*arguments)
    lists = [_listed(a) for a in arguments]
    found = LOOPS[name](*lists)
    for array, changed in zip(arguments, lists, strict=True):
        if isinstance(array, np.ndarray) and array.flags.writeable:
            array[...] = changed
    return found


def _listed(argument: Any) -> Any:
    if isinstance(argument, tuple):
        return tuple(map(_listed, argument))
    return argument.tolist() if isinstance(argument, np.ndarray) else argument


_ready: dict[str, Callable[..., Any]] = {}


def machine_code(name: str) -> Callable[..., Any]:
    """The compiled loop of that name."""
    if name not in _ready:
        module = _module()
        _ready[name] = _first(getattr(module, name), name, Path(str(module.__file__)).parent)
    return _ready[name]


def _first(function: Any, name: str, folder: Path) -> Callable[..., Any]:
    """The function; its first call says that it is being compiled, if it is, and records what was kept."""

    def called(*arguments: Any) -> Any:
        if not any((folder / "__pycache__").glob(f"loops.{name}-*.nbi")):
            _say_compiling()
        found = function(*arguments)
        if function.stats.cache_misses:
            _record(folder)
        _ready[name] = function
        return found

    return called


@cache
def _say_compiling() -> None:
    print("nudgegrad: compiling the loops for large graphs, once …", file=sys.stderr, flush=True)


@cache
def _hint() -> None:
    print(
        'nudgegrad: large graphs go many times as fast with numba: pip install "nudgegrad[fast]"',
        file=sys.stderr,
        flush=True,
    )


def folder() -> Path:
    """Where compiled loops of this version are kept: one folder for each text of `loops`, numba, Python and
    processor."""
    import numba

    root = os.environ.get(FOLDER)
    if root is None:
        home = {"win32": "LOCALAPPDATA"}.get(sys.platform, "XDG_CACHE_HOME")
        root = str(Path(os.environ.get(home) or Path.home() / ".cache") / "nudgegrad")
    parts = (_source(), numba.__version__, sys.version, platform.machine(), platform.processor())
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
    return Path(root) / f"loops-{key}"


@cache
def _source() -> str:
    """The text of `loops` for numba: its own decorators, the intrinsic, and indices without a sign."""
    body: list[ast.stmt] = ast.parse(HEAD).body
    given = {"loop", "inlined", "call_routine"}
    for part in PARTS:
        for statement in ast.parse(Path(str(part.__file__)).read_text(encoding="utf-8")).body:
            if isinstance(statement, ast.Import | ast.ImportFrom | ast.Expr):
                continue
            if not (isinstance(statement, ast.FunctionDef) and statement.name in given):
                body.append(_Unsigned().visit(statement))
    return ast.unparse(ast.fix_missing_locations(ast.Module(body, []))) + "\n"


class _Unsigned(ast.NodeTransformer):
    """Says of each index that it is not negative: else numba asks at every access whether it counts from
    the end."""

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.slice, ast.Slice | ast.Constant):
            node.slice = ast.Call(ast.parse("np.uint64", mode="eval").body, [node.slice], [])
        return node


@cache
def _module() -> ModuleType:
    """The compiled copy of `loops`."""
    there = _checked(folder())
    source = there / "loops.py"
    if not source.exists():
        try:
            there.mkdir(parents=True, exist_ok=True)
            _write(source, _source().encode())
        except OSError:  # no place to keep anything: compiled again in each process
            there = Path(tempfile.mkdtemp(prefix="nudgegrad-"))
            source = there / "loops.py"
            source.write_bytes(_source().encode())
    spec = importlib.util.spec_from_file_location("nudgegrad_loops", source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["nudgegrad_loops"] = module
    spec.loader.exec_module(module)
    return module


def _checked(there: Path) -> Path:
    """The folder, empty if anything in it is not what was put there."""
    if not there.exists():
        return there
    try:
        recorded = json.loads((there / "sums.json").read_text())
        good = _sums(there) == recorded and (there / "loops.py").read_bytes() == _source().encode()
    except (OSError, ValueError):
        good = False
    if not good:
        shutil.rmtree(there, ignore_errors=True)
    return there


def _sums(there: Path) -> dict[str, str]:
    kept = sorted(p for p in (there / "__pycache__").glob("*.nb?"))
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in kept}


def _record(there: Path) -> None:
    try:
        _write(there / "sums.json", json.dumps(_sums(there)).encode())
    except OSError:
        return


def _write(path: Path, content: bytes) -> None:
    """Write a file all at once: another process sees all of it or nothing."""
    part = path.with_name(f"{path.name}.{os.getpid()}")
    part.write_bytes(content)
    part.replace(path)
