"""Right gradients of recurrent nets through time. Sequences are (time, features, examples)."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from tests.checks.battery.case import Case
from tests.checks.battery.units import sigmoid


def _zeros(x: Any) -> Any:
    return {name: np.zeros_like(block) for name, block in x.items()}


def _total(d: Any) -> Any:
    return np.sum(d, axis=1, keepdims=True)


# tanh


def _rnn_forward(x: Any, X: Any, h: Any) -> list[Any]:
    states = [h]
    for xt in X:
        states.append(np.tanh(x["Wx"] @ xt + x["Wh"] @ states[-1] + x["b"]))
    return states


def rnn(x: Any, X: Any, h: Any, T: Any) -> Any:
    states = _rnn_forward(x, X, h)
    return sum(np.sum((x["Wy"] @ a + x["by"] - t) ** 2) for a, t in zip(states[1:], T, strict=True)) / (
        2 * X.shape[2]
    )


def rnn_gradient(x: Any, X: Any, h: Any, T: Any, bug: str = "") -> Any:
    states = _rnn_forward(x, X, h)
    found = _zeros(x)
    carried: Any = np.zeros_like(h)
    last = len(X) - 1
    for t in reversed(range(len(X))):
        if bug == "last step dropped" and t == last:
            continue
        a = states[t + 1]
        dy = (x["Wy"] @ a + x["by"] - T[t - 1 if bug == "targets off by one" else t]) / X.shape[2]
        da = x["Wy"].T @ dy + carried
        if bug == "only through the output":
            da = x["Wy"].T @ dy
        dz = da * (1 - (states[t] if bug == "slope of the step before" else a) ** 2)
        if bug == "no slope":
            dz = da
        before = a if bug == "state off by one" else states[t]
        if bug == "last step only":
            found["Wx"], found["Wh"], found["b"] = (found[k] * 0 for k in ("Wx", "Wh", "b"))
        found["Wy"] += dy @ a.T
        found["by"] += _total(dy)
        found["Wx"] += dz @ X[t].T
        found["Wh"] += dz @ before.T
        if bug == "bias of one step":
            found["b"] = _total(dz)
        else:
            found["b"] += _total(dz)
        carried = (x["Wh"] if bug == "weight not transposed" else x["Wh"].T) @ dz
    return found


# LSTM: gates f, i, o and candidate g stand under each other in W and b.


def _lstm_step(x: Any, xt: Any, h: Any, c: Any) -> tuple[Any, ...]:
    n = len(h)
    z = x["W"] @ np.concatenate([h, xt]) + x["b"]
    f, i, o = (sigmoid(z[k * n : (k + 1) * n]) for k in range(3))
    g = np.tanh(z[3 * n :])
    c_next = f * c + i * g
    return f, i, o, g, c_next, o * np.tanh(c_next)


def lstm(x: Any, X: Any, T: Any) -> Any:
    h = c = np.zeros((len(x["b"]) // 4, X.shape[2]), X.dtype)
    for xt in X:
        *_, c, h = _lstm_step(x, xt, h, c)
    return np.sum((x["V"] @ h - T) ** 2) / (2 * X.shape[2])


def lstm_gradient(x: Any, X: Any, T: Any, bug: str = "") -> Any:
    h = c = np.zeros((len(x["b"]) // 4, X.shape[2]), X.dtype)
    kept = []
    for xt in X:
        f, i, o, g, c_next, h_next = _lstm_step(x, xt, h, c)
        kept.append((h, c, f, i, o, g, c_next))
        h, c = h_next, c_next
    found = _zeros(x)
    dy = (x["V"] @ h - T) / X.shape[2]
    found["V"] = dy @ h.T
    dh, dc = x["V"].T @ dy, np.zeros_like(c)
    n = len(h)
    for t in reversed(range(len(X))):
        before, c_before, f, i, o, g, c = kept[t]
        tc = np.tanh(c)
        do = dh * (c if bug == "no tanh of the cell" else tc)
        dc = dc + dh * o * (1 if bug == "no slope of the cell" else 1 - tc * tc)
        if bug == "cell not carried":
            dc = dh * o * (1 - tc * tc)
        df, di, dg = dc * (c if bug == "cell off by one" else c_before), dc * g, dc * i
        if bug == "gates swapped":
            di, dg = dg, di
        slope_g = g * (1 - g) if bug == "sigmoid for the candidate" else 1 - g * g
        dz = np.concatenate([df * f * (1 - f), di * i * (1 - i), do * o * (1 - o), dg * slope_g])
        if bug == "forget gate ignored":
            dz[:n] = 0
        if bug == "first step dropped" and t == 0:
            break
        found["W"] += dz @ np.concatenate([before, X[t]]).T
        found["b"] += _total(dz)
        dh = (x["W"].T @ dz)[:n]
        dc = dc if bug == "forget gate not applied" else dc * f
    return found


# GRU


def _gru_step(x: Any, xt: Any, h: Any) -> tuple[Any, ...]:
    z = sigmoid(x["Wz"] @ xt + x["Uz"] @ h + x["bz"])
    r = sigmoid(x["Wr"] @ xt + x["Ur"] @ h + x["br"])
    g = np.tanh(x["Wg"] @ xt + x["Ug"] @ (r * h) + x["bg"])
    return z, r, g, (1 - z) * h + z * g


def gru(x: Any, X: Any, T: Any) -> Any:
    h = np.zeros((len(x["bz"]), X.shape[2]), X.dtype)
    for xt in X:
        h = _gru_step(x, xt, h)[-1]
    return np.sum((h - T) ** 2) / 2


def gru_gradient(x: Any, X: Any, T: Any, bug: str = "") -> Any:
    h = np.zeros((len(x["bz"]), X.shape[2]), X.dtype)
    kept = []
    for xt in X:
        z, r, g, h_next = _gru_step(x, xt, h)
        kept.append((h, z, r, g))
        h = h_next
    found = _zeros(x)
    dh = h - T
    for t in reversed(range(len(X))):
        h, z, r, g = kept[t]
        dz = dh * (h - g if bug == "update sign" else g - h) * z * (1 - z)
        dg = dh * z * (1 - g * g)
        drh = x["Ug"].T @ dg
        dr = drh * h * r * (1 - r)
        found["Wz"], found["Uz"] = found["Wz"] + dz @ X[t].T, found["Uz"] + dz @ h.T
        found["Wr"], found["Ur"] = found["Wr"] + dr @ X[t].T, found["Ur"] + dr @ h.T
        found["Wg"] += dg @ X[t].T
        found["Ug"] += dg @ (h if bug == "reset forgotten" else r * h).T
        found["bz"], found["br"], found["bg"] = (
            found["bz"] + _total(dz), found["br"] + _total(dr), found["bg"] + _total(dg),
        )  # fmt: skip
        carried = dh * (1 if bug == "no leak" else 1 - z)
        back = drh if bug == "reset forgotten on the way back" else drh * r
        dh = carried + back + x["Uz"].T @ dz + x["Ur"].T @ dr
    return found


def cases() -> list[Case]:
    """The right gradients of this module."""
    random = np.random.default_rng(14)

    def normal(*shape: int, scale: float = 1.0) -> Any:
        return scale * random.normal(size=shape)

    steps, inputs, hidden, m = 4, 2, 3, 2
    X = normal(steps, inputs, m)
    x = {
        "Wx": normal(hidden, inputs), "Wh": normal(hidden, hidden, scale=0.6), "b": normal(hidden, 1),
        "Wy": normal(2, hidden), "by": normal(2, 1),
    }  # fmt: skip
    found = [Case("tanh RNN", rnn, x, rnn_gradient, (X, normal(hidden, m), normal(steps, 2, m)))]
    x = {
        "W": normal(4 * hidden, hidden + inputs, scale=0.6),
        "b": normal(4 * hidden, 1),
        "V": normal(2, hidden),
    }
    found.append(Case("LSTM", lstm, x, lstm_gradient, (X, normal(2, m))))
    x = {
        name + gate: normal(*shape, scale=0.7)
        for gate in "zrg"
        for name, shape in (("W", (hidden, inputs)), ("U", (hidden, hidden)), ("b", (hidden, 1)))
    }
    found.append(Case("GRU", gru, x, gru_gradient, (X, normal(hidden, m))))
    # One weight for many steps, as in a linear filter.
    found.append(
        Case(
            "linear recurrence",
            partial(recurrence),
            np.array([0.9, 0.4]),
            recurrence_gradient,
            (normal(8),),
        )
    )
    return found


def recurrence(x: Any, X: Any) -> Any:
    h = X[0] * 0
    for xt in X:
        h = x[0] * h + x[1] * xt
    return h * h / 2


def recurrence_gradient(x: Any, X: Any, bug: str = "") -> Any:
    states = [X[0] * 0]
    for xt in X:
        states.append(x[0] * states[-1] + x[1] * xt)
    dh, found = states[-1], np.zeros_like(x)
    for t in reversed(range(len(X))):
        found += dh * np.array([states[t + (bug == "state off by one")], X[t]])
        if bug == "truncated" and t == len(X) - 3:
            break
        dh = dh * x[0]
    return found
