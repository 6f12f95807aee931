"""`nudgegrad check`: the user's functions from their file, what it prints, its errors and exit codes."""

import json
import os
import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from nudgegrad import cli
from nudgegrad.commands import check

NET = """\
import numpy as np

X = np.array([1.0, 2.0, -0.5])
IDLE = 3


def params():
    return {"w": np.array([0.5, -1.5, 2.0]), "b": np.array(0.25), "v": np.array([[1.5, 0.5], [-0.5, 1.0]])}


def loss(p, x=X):
    a = p["w"] * x + p["b"]
    return (a * a).sum() + (p["v"] ** 3).sum()


def grad(p, x=X):
    a = p["w"] * x + p["b"]
    return {"w": 2 * a * x, "b": 2 * a.sum(), "v": 3 * p["v"] ** 2}


def too_large(p, x=X):
    return {**grad(p, x), "b": 8 * (p["w"] * x + p["b"]).sum()}


def one_entry(p, x=X):
    found = grad(p, x)
    found["v"][1, 0] *= 1.01
    return found


def at_kink(p, x=X):
    return abs(p["b"] - 0.25) + (p["w"] ** 2).sum()


def at_kink_grad(p, x=X):
    return {"w": 2 * p["w"], "b": 5.0, "v": 0 * p["v"]}


class Twice:
    loss = staticmethod(lambda p: 2 * loss(p))


def divides(p):
    return p["w"][0] / (
        0
    ) + 1 // IDLE // 0


def missing(p):
    return p["W2"].sum()


def ends(p):
    raise SystemExit("enough")


def talks(p):
    print("talking")
    return loss(p)


def three(p, x, y):
    return p
"""
FILES = {
    "net.py": NET,
    "syntax.py": "import numpy as np\n\nloss = (1,\n",
    "raises.py": "import math\n\nlimit = math.log(-1)\n",
    "missing.py": "import nowhere_to_be_found\n",
    "ends.py": "import sys\n\nsys.exit('no main here')\n",
    "deep.py": "from helper_of_deep import fail\n\n\ndef loss(p):\n    return fail(p)\n",
    "helper_of_deep.py": 'def fail(p):\n    raise ValueError(f"{sorted(p)} is not for me")\n',
}
RIGHT = ("check", "net.py:loss", "net.py:grad", "--at", "net.py:params")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def saved(folder):
    p: dict[str, Any] = {
        "w": np.array([0.5, -1.5, 2.0]),
        "b": np.array(0.25),
        "v": np.array([[1.5, 0.5], [-0.5, 1.0]]),
    }
    np.savez(folder / "params.npz", **p)
    np.savez(folder / "data.npz", x=np.array([1.0, 2.0, -0.5]))
    np.savez(folder / "array.npz", x=p["w"])
    np.savez(folder / "nameless.npz", p["w"], p["v"])
    np.savez(folder / "objects.npz", x=np.array([{}], dtype=object))
    np.save(folder / "array.npy", p["w"])
    (folder / "text.npz").write_text("no arrays")


@pytest.mark.parametrize(
    ("name", "arguments", "columns"),
    [
        ("check-right", RIGHT, 120),
        ("check-block", ("check", "net.py:loss", "net.py:too_large", "--at", "net.py:params"), 120),
        ("check-block-50", ("check", "net.py:loss", "net.py:too_large", "--at", "net.py:params"), 50),
        ("check-entry", ("check", "net.py:loss", "net.py:one_entry", "--at", "net.py:params"), 80),
        ("check-program", ("check", "J = (2 + 3*w)**2", "w=3"), 120),
        ("check-program-json", ("check", "J = (2 + 3*w)**2", "w=3", "--json"), 120),
    ],
)
def test_the_whole_output_of(name, arguments, columns, nudgegrad, golden):
    called = nudgegrad(*arguments, columns=columns)
    assert called.err == ""
    golden(f"{name}.txt", str(called))


MISTAKES = [
    ("check",),
    ("check", "net.py"),
    ("check", "loss", "grad"),
    ("check", "net.py:loss"),
    ("check", "net.py:loss", "net.py:grad"),
    ("check", "net.py:loss", "net.py:grad", "params.npz", "--at", "net.py:params"),
    ("check", "nte.py:loss", "net.py:grad", "--at", "net.py:params"),
    ("check", "other/net.py:loss", "net.py:grad", "--at", "net.py:params"),
    ("check", "net.py:los", "net.py:grad", "--at", "net.py:params"),
    ("check", "net.py:zzzzzz", "net.py:grad", "--at", "net.py:params"),
    ("check", "net.py:Twice.zzzzzz", "net.py:grad", "--at", "net.py:params"),
    ("check", "net.py:IDLE", "net.py:grad", "--at", "net.py:params"),
    ("check", "net.py:three", "net.py:grad", "--at", "net.py:params"),
    ("check", "net.py:three", "net.py:grad", "--at", "net.py:params", "--args", "net.py:X"),
    (*RIGHT[:4], "net.py:parms"),
    (*RIGHT[:4], "net.py"),
    (*RIGHT[:4], "net.py:IDLE"),
    (*RIGHT[:4], "parms.npz"),
    (*RIGHT[:4], "."),
    (*RIGHT[:4], "text.npz"),
    (*RIGHT[:4], "objects.npz"),
    (*RIGHT, "--args", "nowhere.npz"),
    (*RIGHT, "--seed", "one"),
    (*RIGHT, "--format", "float32"),
    (*RIGHT, "--steps"),
    ("check", "J = w", "w=1", "--at", "params.npz"),
    ("check", "J = w"),
    ("J = w", "w=1", "--at", "params.npz"),
    # what the user's code raises
    ("check", "syntax.py:loss", "net.py:grad", "--at", "net.py:params"),
    ("check", "raises.py:loss", "net.py:grad", "--at", "net.py:params"),
    ("check", "missing.py:loss", "net.py:grad", "--at", "net.py:params"),
    ("check", "ends.py:loss", "net.py:grad", "--at", "net.py:params"),
    ("check", "net.py:divides", "net.py:grad", "--at", "net.py:params"),
    ("check", "net.py:missing", "net.py:grad", "--at", "net.py:params"),
    ("check", "net.py:loss", "net.py:missing", "--at", "net.py:params"),
    ("check", "net.py:ends", "net.py:grad", "--at", "net.py:params"),
    ("check", "deep.py:loss", "net.py:grad", "--at", "net.py:params"),
    (*RIGHT[:4], "net.py:loss"),
]


@pytest.mark.usefixtures("saved")
def test_mistakes_are_told_with_the_next_thing_to_type(nudgegrad, golden):
    calls = [nudgegrad(*arguments) for arguments in MISTAKES]
    assert all(call.code == cli.WRONG and call.out == "" for call in calls)
    assert not any("Traceback" in call.err or "itself failed" in call.err for call in calls)
    golden("mistakes-of-check.txt", "".join(map(str, calls)))


def test_the_whole_traceback_is_there_for_those_who_ask(nudgegrad):
    called = nudgegrad("check", "net.py:missing", *RIGHT[2:], NUDGEGRAD_TRACEBACK="1")
    assert "Traceback (most recent call last)" in called.err
    assert "KeyError: 'W2'" in called.err


KINK = ("check", "net.py:at_kink", "net.py:at_kink_grad", "--at", "net.py:params")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (RIGHT, 0),
        ((*RIGHT, "--seed", "3", "--json"), 0),
        (("check", "net.py:loss", "net.py:too_large", *RIGHT[3:]), 1),
        (("check", "net.py:loss", "net.py:too_large", *RIGHT[3:], "--allow-inconclusive", "--json"), 1),
        (("check", "J = relu(w)", "w=0"), 3),
        (("check", "J = relu(w)", "w=0", "--allow-inconclusive"), 0),
        (("check", "J = w*w", "w=3", "--format", "float32"), 0),
    ],
)
def test_the_exit_code_is(arguments, code, nudgegrad):
    assert nudgegrad(*arguments).code == code


def test_a_wrong_claim_at_a_kink_is_no_pass(nudgegrad):
    called = nudgegrad(*KINK)
    assert called.code in (cli.FAILED, cli.UNCLEAR)


@pytest.mark.usefixtures("saved")
def test_where_x_and_its_companions_come_from(nudgegrad):
    expected = nudgegrad(*RIGHT).out
    assert nudgegrad(*RIGHT[:4], "params.npz").out.splitlines()[-1] == expected.splitlines()[-1]
    assert nudgegrad(*RIGHT, "--args", "data.npz").out == expected
    assert nudgegrad(*RIGHT, "--args", "net.py:X").out == expected
    assert nudgegrad("check", "net.py:Twice.loss", *RIGHT[2:]).code == cli.FAILED


ARRAYS = """\
def cubes(x):
    return (x**3).sum()


def slopes(x):
    return 3 * x**2


def of_pair(x):
    return cubes(x[0]) + (x[1] ** 2).sum()


def of_pair_slopes(x):
    return slopes(x[0]), 2 * x[1]


def scaled(x, a, b):
    return a * cubes(x) + b


def scaled_slopes(x, a, b):
    return a * slopes(x)


data = (2.0, 3)
"""


@pytest.mark.usefixtures("saved")
def test_one_array_alone_is_x_itself_and_nameless_ones_a_tuple(folder, nudgegrad):
    (folder / "arrays.py").write_text(ARRAYS)
    np.savez(folder / "numbers.npz", a=np.float64(2), b=np.float64(3))
    for where in ("array.npz", "array.npy"):
        called = nudgegrad("check", "arrays.py:cubes", "arrays.py:slopes", "--at", where)
        assert (called.code, called.err) == (0, "")
    pair = ("check", "arrays.py:of_pair", "arrays.py:of_pair_slopes", "--at", "nameless.npz")
    called = nudgegrad(*pair, "--json")
    assert [block["name"] for block in json.loads(called.out)["blocks"]] == ["x[0]", "x[1]"]
    scaled = ("check", "arrays.py:scaled", "arrays.py:scaled_slopes", "--at", "array.npy", "--args")
    assert nudgegrad(*scaled, "numbers.npz").code == nudgegrad(*scaled, "arrays.py:data").code == 0


def test_what_the_code_prints_goes_to_stderr(nudgegrad):
    called = nudgegrad("check", "net.py:talks", *RIGHT[2:], "--json")
    assert json.loads(called.out)["verdict"] == "pass"
    assert set(called.err.splitlines()) == {"talking"}


def test_nothing_of_the_code_stays(nudgegrad):
    path, modules = list(sys.path), set(sys.modules)
    nudgegrad(*RIGHT)
    nudgegrad("check", "raises.py:loss", *RIGHT[2:])
    assert sys.path == path
    assert not {name for name in set(sys.modules) - modules if "net" in name or "checks " in name}


def test_a_file_of_any_name_clashes_with_no_module(folder, nudgegrad):
    (folder / "numpy.py").write_text(ARRAYS)
    np.save(folder / "x.npy", np.array([1.0, 2.0]))
    assert nudgegrad("check", "numpy.py:cubes", "numpy.py:slopes", "--at", "x.npy").code == 0


def test_json_has_every_block_and_entry(nudgegrad, golden):
    called = nudgegrad("check", "net.py:loss", "net.py:one_entry", *RIGHT[3:], "--json")
    last_bits = r'("(?:resolution|claimed|measured|bar|ratio)": )[-+.e\d]+'  # differ between machines
    golden("check-json.txt", re.sub(last_bits, r"\1...", called.out))
    found = json.loads(called.out)
    (entry,) = found["wrong"]
    assert abs(entry["measured"] - 0.75) <= entry["bar"]


def test_ctrl_c_leaves_no_traceback(nudgegrad, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(check, "check", interrupted)
    called = nudgegrad(*RIGHT)
    assert (called.code, called.out) == (cli.INTERRUPTED, "")
    assert called.err == "interrupted: the check is not done\n"


def test_the_process_prints_what_the_function_prints(nudgegrad):
    found = subprocess.run(
        [sys.executable, "-m", "nudgegrad", *RIGHT],
        capture_output=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUTF8": "1", "COLUMNS": "120"},
    )
    assert (found.stdout, found.stderr, found.returncode) == (nudgegrad(*RIGHT).out, "", 0)
