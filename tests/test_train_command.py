"""`nudgegrad train digits`: what it prints, writes and resumes, and how it stops."""

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

import numpy as np
import pytest

from nudgegrad import cli
from nudgegrad.commands import train as command
from nudgegrad.nets.digits import NETS
from nudgegrad.nets.train import Settings, beginning, loaded, saved, train
from tests.views.pictures import check_chart

SHORT = ("--epochs", "3")
DENSE = ("train", "digits", "--net", "dense", *SHORT)


@pytest.mark.parametrize(
    ("name", "arguments", "columns"),
    [
        ("train-dense", DENSE, 120),
        ("train-dense-50", DENSE, 50),
        ("train-checked", ("train", "digits", "--net", "rnn", *SHORT, "--check-every", "50"), 120),
        ("train-nan", (*DENSE, "--optimiser", "gd", "--rate", "1e99"), 120),
    ],
)
def test_the_whole_output_of(name: str, arguments: Any, columns: int, nudgegrad: Any, golden: Any) -> None:
    golden(f"{name}.txt", str(nudgegrad(*arguments, columns=columns)))


def test_a_training_that_learns_nothing_says_so(nudgegrad: Any) -> None:
    called = nudgegrad(*DENSE, "--optimiser", "gd", "--rate", "1e2")
    assert called.code == 0
    assert "that of guessing: nothing is learned at this rate. Try --rate 0.1." in called.out
    assert re.search(r"^    1   \d\.\de\+\d\d ", called.out, re.M)


@pytest.mark.parametrize("net", NETS)
def test_the_document_and_the_picture(net: str, nudgegrad: Any, tmp_path: Path) -> None:
    path = tmp_path / "curve.svg"
    called = nudgegrad(
        "train", "digits", "--net", net, "--epochs", "2", "--json", "-o", str(path), "--check-every", "40"
    )
    found = json.loads(called.out)
    weights = beginning(Settings(net, 1.0)).weights
    assert (called.code, called.err) == (0, "")
    assert (found["schema"], found["command"], found["net"]) == (1, "train", net)
    assert found["parameters"] == sum(w.size for w in weights.values())
    assert found["epochs"] == len(found["losses"]) == len(found["test_accuracies"]) == 2
    assert found["test_accuracy"] == found["test_accuracies"][-1]
    assert 0 < found["seconds"] < 60
    assert [check["step"] for check in found["checks"]] == [40, 80]
    assert {check["verdict"] for check in found["checks"]} == {"pass"}
    assert len(found["gradient_norms"]) == len(NETS[net])
    check_chart(path.read_text())
    assert nudgegrad("train", "digits", "--net", net, "--epochs", "2", "-o", "-").out == path.read_text()


def test_a_training_goes_on_where_it_was(nudgegrad: Any, tmp_path: Path) -> None:
    whole, half = tmp_path / "whole.npz", tmp_path / "half.npz"
    options = ("--net", "dense", "--seed", "5", "--batch", "100", "--dropout", "0.1")
    nudgegrad("train", "digits", *options, "--epochs", "4", "--save", str(whole))
    nudgegrad("train", "digits", *options, "--epochs", "2", "--save", str(half))
    before = half.read_bytes()
    called = nudgegrad("train", "digits", "--resume", str(half), "--epochs", "4")
    assert called.code == 0
    assert half.read_bytes() == whole.read_bytes() != before
    other = tmp_path / "other.npz"
    assert (
        nudgegrad("train", "digits", "--resume", str(half), "--epochs", "5", "--save", str(other)).code == 0
    )
    assert half.read_bytes() == whole.read_bytes()
    assert loaded(other.read_bytes()).epoch == 5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["half.npz", "other.npz", "whole.npz"]


def test_the_exit_code_is_the_worst_verdict(nudgegrad: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from nudgegrad.nets import layers, net

    def halved(dz: Any, cache: Any) -> Any:
        dx, dW, db = layers.dense_backward(dz, cache)
        return dx, dW, db / 2

    monkeypatch.setitem(net.BACKWARD, layers.dense, halved)
    called = nudgegrad("train", "digits", "--net", "rnn", "--epochs", "1", "--check-every", "40")
    assert called.code == cli.FAILED
    assert "✗" in called.out


def stopping_after(epochs: int) -> Any:
    """A training that somebody interrupts."""

    def stopped(*arguments: Any) -> Any:
        yield from islice(train(*arguments), epochs)
        raise KeyboardInterrupt

    return stopped


def test_ctrl_c_leaves_a_file_that_goes_on(
    nudgegrad: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, whole = tmp_path / "net.npz", tmp_path / "whole.npz"
    with monkeypatch.context() as patch:
        patch.setattr(command, "train", stopping_after(2))
        called = nudgegrad(*DENSE, "--save", str(path))
    assert called.code == cli.INTERRUPTED
    assert called.err == (
        f"interrupted after 2 of 3 epochs; nudgegrad train digits --resume {path} --epochs 3 goes on\n"
    )
    assert "    2   " in called.out
    assert nudgegrad("train", "digits", "--resume", str(path), *SHORT).code == 0
    nudgegrad(*DENSE, "--save", str(whole))
    assert path.read_bytes() == whole.read_bytes()


def test_ctrl_c_before_the_first_epoch(
    nudgegrad: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "train", stopping_after(0))
    called = nudgegrad(*DENSE, "-o", "-", "--save", str(tmp_path / "net.npz"))
    assert (called.code, called.out) == (cli.INTERRUPTED, "")
    assert called.err == "interrupted after 0 of 3 epochs\n"  # there is no file to go on with
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="signals and terminals are others there")
def test_a_real_ctrl_c_on_a_terminal(tmp_path: Path) -> None:
    import pty

    path = tmp_path / "net.npz"
    arguments = ("train", "digits", "--net", "conv", "--epochs", "100000", "--save", str(path))
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "nudgegrad", *arguments], stdout=subprocess.PIPE, stderr=slave
    )
    os.close(slave)
    said = b""
    try:
        while b"epoch 2 of 100000 [....." not in said:
            said += os.read(master, 1024)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
        said += os.read(master, 4096)
    finally:
        process.kill()
        os.close(master)
    assert process.returncode == cli.INTERRUPTED
    assert b"interrupted after " in said
    assert out.startswith(b"conv: 1210 weights")
    state = loaded(path.read_bytes())
    assert state.epoch >= 2
    assert saved(state) == path.read_bytes()
    assert [p.name for p in tmp_path.iterdir()] == ["net.npz"]


def test_progress_is_shown_on_a_terminal_only(nudgegrad: Any) -> None:
    called = nudgegrad(*DENSE, "--no-color", terminal=True)
    assert "\repoch 1 of 3 [########................] J 2.1" in called.err
    assert called.err.endswith("\r")
    assert called.out == nudgegrad(*DENSE).out
    assert nudgegrad(*DENSE).err == ""


def test_nan_leaves_the_weights_of_the_last_epoch(nudgegrad: Any, tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    assert nudgegrad("train", "digits", "--net", "dense", "--epochs", "1", "--save", str(path)).code == 0
    state = loaded(path.read_bytes())
    huge = {**state.weights, "hidden2.W": np.full_like(state.weights["hidden2.W"], 1e308)}
    object.__setattr__(state, "weights", huge)
    path.write_bytes(saved(state))
    called = nudgegrad("train", "digits", "--resume", str(path), *SHORT)
    assert called.code == cli.WRONG
    assert called.err == (
        "error: J is no finite number at step 44: that began in layer 'hidden2', forward\n"
        f"  = help: a smaller rate: --rate 0.0001; {path} has the weights after epoch 1\n"
    )
    assert path.read_bytes() == saved(state)


def test_mistakes_say_what_to_type(
    nudgegrad: Any, golden: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.npz").write_text("no arrays")
    nudgegrad("train", "digits", "--net", "dense", "--epochs", "1", "--save", "done.npz")
    calls = [
        nudgegrad("train", *arguments)
        for arguments in (
            (),
            ("digits",),
            ("letters", "--net", "dense"),
            ("digits", "more", "--net", "dense"),
            ("digits", "--net", "cnn"),
            ("digits", "--net", "dense", "--optimiser", "sgd"),
            ("digits", "--net", "dense", "--epochs", "0"),
            ("digits", "--net", "dense", "--epochs", "many"),
            ("digits", "--net", "dense", "--rate", "0"),
            ("digits", "--net", "dense", "--rate", "fast"),
            ("digits", "--net", "dense", "--dropout", "1"),
            ("digits", "--net", "dense", "--clip", "-1"),
            ("digits", "--net", "dense", "--l2", "nan"),
            ("digits", "--net", "dense", "--check-every", "0"),
            ("digits", "--net", "dense", "--save", "net.pt"),
            ("digits", "--net", "dense", "--save", "nowhere/net.npz"),
            ("digits", "--net", "dense", "--save", "folder"),
            ("digits", "--net", "dense", "-o", "curve.png"),
            ("digits", "--net", "dense", "-o", "-", "--json"),
            ("digits", "--net", "dense", "--digits", "3"),
            ("digits", "--resume", "nowhere.npz"),
            ("digits", "--resume", "text.npz"),
            ("digits", "--resume", "done.npz", "--net", "rnn"),
            ("digits", "--resume", "done.npz", "--epochs", "1"),
        )
    ]
    assert all(call.code == cli.WRONG and call.out == "" for call in calls)
    golden("mistakes-of-train.txt", "".join(map(str, calls)))


def test_without_scikit_learn_it_says_how_to_get_it(
    nudgegrad: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    called = nudgegrad(*DENSE)
    assert called.code == cli.WRONG
    assert called.err == (
        "error: the digits come with scikit-learn, which is not installed\n"
        '  = help: pip install "nudgegrad[datasets]"\n'
    )
