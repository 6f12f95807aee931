# mypy: disable-error-code="misc, operator"
# a lambda of NumPy and one of mpmath have no type in common
"""Templates that the estimator was never tuned on: written before a change of it, counted after.

Whoever looks at what the estimator does on one of them moves all of them to `black_boxes_more` and writes
new ones.
"""

from __future__ import annotations

import math
from typing import Any

import mpmath as m
import numpy as np

from nudgegrad.formats import FORMATS

from .black_boxes import Draw, Made, Template


def _fourier(d: Draw) -> Made:
    a, p = [d(-1, 1) for _ in range(6)], [d(0, 6) for _ in range(6)]
    return (
        "smooth", lambda x: sum(c * math.cos(k * x + q) for k, (c, q) in enumerate(zip(a, p, strict=True), 1)),
        lambda x: sum(c * m.cos(k * x + q) for k, (c, q) in enumerate(zip(a, p, strict=True), 1)), d(-3, 3), "float64",
    )  # fmt: skip


def _fraction(d: Draw) -> Made:
    n = int(d.rng.integers(3, 12))

    def f(x: Any) -> Any:
        below = n + 0 * x
        for k in range(n - 1, 0, -1):
            below = k + x / below
        return x / below

    return "smooth", f, f, d.log(1e-2, 1e2), "float64"


def _option(d: Draw) -> Made:
    strike, time = d(0.5, 2), d(0.1, 3)

    def f(v: float) -> float:
        w = v * math.sqrt(time)
        a = math.log(1 / strike) / w + w / 2
        return 0.5 * math.erfc(-a / math.sqrt(2)) - strike * 0.5 * math.erfc((w - a) / math.sqrt(2))

    def g(v: Any) -> Any:
        w = v * m.sqrt(time)
        a = m.log(1 / m.mpf(strike)) / w + w / 2
        return m.erfc(-a / m.sqrt(2)) / 2 - strike * m.erfc((w - a) / m.sqrt(2)) / 2

    return "smooth", f, g, d(0.1, 0.9), "float64"


def _lambert(d: Draw) -> Made:
    def f(x: float) -> float:
        w = math.log1p(x)
        for _ in range(12):
            w -= (w * math.exp(w) - x) / (math.exp(w) * (1 + w))
        return w

    return "smooth", f, lambda x: m.lambertw(x).real, d.log(1e-2, 1e3), "float64"


def _planck(d: Draw) -> Made:
    return (
        "scales",
        lambda x: x**3 / math.expm1(x),
        lambda x: x**3 / m.expm1(x),
        d.log(1e-6, 100),
        "float64",
    )


def _lever(d: Draw) -> Made:
    a, b = d.log(1e-9, 1e9), d.log(1e-9, 1e9)
    return (
        "scales",
        lambda x: a * x / (b + x) + math.sqrt(b * x),
        lambda x: a * x / (b + x) + m.sqrt(b * x),
        b * d.log(1e-3, 1e3),
        "float64",
    )


def _hill(d: Draw) -> Made:
    n, c = d(2, 60), d.log(1e-3, 1e3)
    return (
        "steep",
        lambda x: 1 / (1 + (x / c) ** n),
        lambda x: 1 / (1 + (x / c) ** n),
        c * d(0.8, 1.2),
        "float64",
    )


def _damped(d: Draw) -> Made:
    a, k = d(0.05, 1), d.log(2, 1e5)
    return (
        "oscillating",
        lambda x: math.exp(-a * x) * math.sin(k * x),
        lambda x: m.exp(-a * x) * m.sin(k * x),
        d(0.2, 4),
        "float64",
    )


def _bessel(d: Draw) -> Made:
    n, t = int(d.rng.integers(0, 6)), [(k + 0.5) * math.pi / 48 for k in range(48)]
    return (
        "oscillating", lambda x: sum(math.cos(n * s - x * math.sin(s)) for s in t) / 48,
        lambda x: sum(m.cos(n * m.mpf(s) - x * m.sin(m.mpf(s))) for s in t) / 48, d(0.5, 30), "float64",
    )  # fmt: skip


def _powers(d: Draw) -> Made:
    a = [int(v) for v in d.rng.integers(-4, 5, 5)]
    a[0] = a[0] or 1
    return (
        "polynomial", lambda x: sum(c * x**k for k, c in enumerate(a, 1)),
        lambda x: sum(c * x**k for k, c in enumerate(a, 1)), d.sign() * d.log(1e-2, 1e4), "float64",
    )  # fmt: skip


def _single_dot(d: Draw) -> Made:
    w, b = d.rng.normal(size=12).astype(np.float32), d.rng.normal(size=12).astype(np.float32)

    def f(x: float) -> float:
        return float(np.dot(np.sin(np.float32(x) * w), b)) * 0.75

    def g(x: Any) -> Any:
        return sum(m.sin(x * float(p)) * float(q) for p, q in zip(w, b, strict=True)) * m.mpf(0.75)

    return "noisy", f, g, d(-2, 2), "float64"


def _single_sum(d: Draw) -> Made:
    n, k = int(d.rng.integers(10, 120)), d(0.3, 1.5)

    def f(x: float) -> float:
        total = np.float32(0)
        for j in range(1, n + 1):
            total += np.float32(math.exp(-k * x * j / n) / n)
        return float(total) + x

    return "noisy", f, lambda x: sum(m.exp(-k * x * j / n) for j in range(1, n + 1)) / n + x, d(0.2, 2), "float64"  # fmt: skip


def _single_root(d: Draw) -> Made:
    a, c = d(0.3, 3), d(0.2, 2)
    return (
        "noisy",
        lambda x: c * math.sqrt(float(np.float32(a + x * x))) - math.cos(x),
        lambda x: c * m.sqrt(a + x * x) - m.cos(x),
        d(-2, 2),
        "float64",
    )


def _variance(d: Draw) -> Made:
    w, off = d.rng.normal(size=20), d.log(1, 1e5)

    def f(x: float) -> float:
        y = off + np.sin(w * x)
        return float((y * y).mean() - y.mean() ** 2)

    def g(x: Any) -> Any:
        y = [m.sin(m.mpf(v) * x) for v in w]
        return sum(v * v for v in y) / 20 - (sum(y) / 20) ** 2

    return "noisy", f, g, d(0.3, 2), "float64"


def _fixed_point(d: Draw) -> Made:
    q, k = 2.0 ** -int(d.rng.integers(10, 32)), d(0.5, 2)
    return (
        "low output",
        lambda x: q * math.floor(math.log(1 + k * x * x) / q + 0.5),
        lambda x: m.log(1 + k * x * x),
        d(0.3, 3),
        "float64",
    )


def _printed(d: Draw) -> Made:
    digits, k = int(d.rng.integers(5, 11)), d(0.5, 2)
    return (
        "low output",
        lambda x: float(f"{k * math.exp(x):.{digits}g}"),
        lambda x: k * m.exp(x),
        d(0.1, 2),
        "float64",
    )


def _percent(d: Draw) -> Made:
    digits, k = int(d.rng.integers(4, 9)), d(1, 4)
    return (
        "low output",
        lambda x: 100 * round(1 / (1 + math.exp(-k * x)), digits),
        lambda x: 100 / (1 + m.exp(-k * x)),
        d(-1, 1),
        "float64",
    )


def _lookup(d: Draw) -> Made:
    n = int(d.rng.integers(5, 200))
    y = np.cumsum(d.rng.uniform(0.2, 1.8, n + 1))
    x = (int(d.rng.integers(1, n - 1)) + d(0.02, 0.98)) / n

    def g(t: Any) -> Any:
        k = min(max(int(m.floor(t * n)), 0), n - 1)
        return m.mpf(y[k]) + (t * n - k) * (m.mpf(y[k + 1]) - m.mpf(y[k]))

    def f(t: float) -> float:
        k = min(max(math.floor(t * n), 0), n - 1)
        return float(y[k] + (t * n - k) * (y[k + 1] - y[k]))

    return "near kink", f, g, x, "float64"


def _spline(d: Draw) -> Made:
    knots, a = sorted(d(-2, 2) for _ in range(6)), [d(-3, 3) for _ in range(6)]

    def f(x: Any) -> Any:
        return x * x - x + sum(c * max(x - t, 0 * x) ** 3 for t, c in zip(knots, a, strict=True))

    return "near kink", f, f, d(-2, 2), "float64"


def _losses(d: Draw) -> Made:
    y, w = d.rng.normal(size=15), d(0.1, 1)

    def f(x: float) -> float:
        r = np.abs(y - x)
        return float(np.where(r < w, r * r / 2, w * (r - w / 2)).sum())

    def g(x: Any) -> Any:
        r = [abs(m.mpf(v) - x) for v in y]
        return sum(v * v / 2 if v < w else w * (v - m.mpf(w) / 2) for v in r)

    return "near kink", f, g, d(-1.5, 1.5), "float64"


def _semicircle(d: Draw) -> Made:
    x = d.log(1e-8, 0.5)
    if d.rng.random() < 0.5:
        x = 1 - x
    return "edge", lambda x: math.sqrt(x * (1 - x)), lambda x: m.sqrt(x * (1 - x)), x, "float64"


def _entropy_edge(d: Draw) -> Made:
    c = d(0, 1)

    def f(x: float) -> float:
        return (x - c) * math.log(x - c) + math.cosh(x)

    return (
        "edge",
        f,
        lambda x: (x - m.mpf(c)) * m.log(x - m.mpf(c)) + m.cosh(x),
        c + d.log(1e-7, 1),
        "float64",
    )


def _ends(d: Draw) -> Made:
    c, k = d(-2, 2), d(0.3, 2)
    below = d.rng.random() < 0.5

    def f(x: float) -> float:
        if (x > c) if below else (x < c):
            return math.nan
        return math.exp(-k * x) + math.sin(x)

    return "edge", f, lambda x: m.exp(-k * x) + m.sin(x), c, "float64"


def _interval(d: Draw) -> Made:
    x, a, b, k = d(0.3, 2), d.log(1e-6, 1), d.log(1e-6, 1), d(0.3, 2)
    return (
        "near nan", lambda t: math.cosh(k * t) if x - a < t < x + b else math.nan,
        lambda t: m.cosh(k * t), x, "float64",
    )  # fmt: skip


def _swish_net(d: Draw) -> Made:
    w = [d.rng.normal(size=(4, 4)) * 0.6 for _ in range(3)]
    i, j, inputs = int(d.rng.integers(4)), int(d.rng.integers(4)), d.rng.normal(size=4)

    def f(x: float) -> float:
        first = w[0].copy()
        first[i, j] = x
        z = inputs
        for layer in (first, w[1], w[2]):
            z = layer @ z
            z = z / (1 + np.exp(-z))
        return float((z * z).sum())

    def g(x: Any) -> Any:
        first = [[m.mpf(v) for v in row] for row in w[0].tolist()]
        first[i][j] = x
        z = [m.mpf(v) for v in inputs.tolist()]
        for layer in (first, w[1].tolist(), w[2].tolist()):
            z = [sum(m.mpf(p) * q for p, q in zip(row, z, strict=True)) for row in layer]
            z = [v / (1 + m.exp(-v)) for v in z]
        return sum(v * v for v in z)

    return "net", f, g, float(w[0][i, j]), "float64"


def _attention(d: Draw) -> Made:
    q, k, v = d.rng.normal(size=6), d.rng.normal(size=6), d.rng.normal(size=6)

    def f(x: float) -> float:
        s = q * k + x * k
        p = np.exp(s - s.max())
        return float(p @ v / p.sum())

    def g(x: Any) -> Any:
        p = [m.exp(m.mpf(a) * m.mpf(b) + x * m.mpf(b)) for a, b in zip(q, k, strict=True)]
        return sum(a * m.mpf(b) for a, b in zip(p, v, strict=True)) / sum(p)

    return "net", f, g, d(-2, 2), "float64"


def _low(name: str, category: str) -> Template:
    def made(d: Draw) -> Made:
        k = int(d.rng.integers(4))
        f, g = [
            (lambda x: x / (1 + x * x), lambda x: x / (1 + x * x)),
            (lambda x: np.sqrt(x) + np.cos(x), lambda x: m.sqrt(x) + m.cos(x)),
            (lambda x: np.tanh(x) * np.exp(x), lambda x: m.tanh(x) * m.exp(x)),
            (lambda x: x * x * x - x - x, lambda x: x**3 - 2 * x),
        ][k]
        return category, f, g, float(FORMATS[name].round(d(0.2, 2))), name

    return made


def _cancelled(d: Draw) -> Made:
    pairs: list[tuple[Any, Any]] = [
        (lambda x: (math.log(1 + x) - x) / (x * x), lambda x: (m.log(1 + x) - x) / (x * x)),
        (lambda x: (1 - math.sqrt(1 - x * x)) / (x * x), lambda x: (1 - m.sqrt(1 - x * x)) / (x * x)),
        (lambda x: (math.exp(x) - 1 - x) / (x * x), lambda x: (m.exp(x) - 1 - x) / (x * x)),
        (lambda x: math.tan(x) / x - math.sin(x) / x, lambda x: m.tan(x) / x - m.sin(x) / x),
    ]
    return "structured", *pairs[int(d.rng.integers(4))], d.log(1e-5, 1e-1), "float64"


def _faint_corner(d: Draw) -> Made:
    c, a, k = d(-2, 2), d.log(1e-9, 1e-2), d(0.3, 2)
    return "undefined", lambda x: math.cos(k * x) + a * abs(x - c), None, c, "float64", 2 * a


def _steep_corner(d: Draw) -> Made:
    c, a, k = d(-2, 2), d.log(1e-4, 10), d.log(1, 1e4)
    return (
        "undefined", lambda x: math.tanh(k * (x - c + 0.1)) + a * max(x - c, 0.0), None, c, "float64", a,
    )  # fmt: skip


def _folded(d: Draw) -> Made:
    c, k = d(-2, 2), d(0.3, 3)
    return (
        "undefined", lambda x: abs(math.sin(k * (x - c))) * math.exp(x), None, c, "float64", 2 * k * math.exp(c),
    )  # fmt: skip


def _stairs(d: Draw) -> Made:
    c, a = d(-2, 2), d.log(1e-4, 1)
    return (
        "undefined",
        lambda x: math.atan(x) + a * math.floor(3 * (x - c)),
        None,
        c,
        "float64",
    )


def _log_cusp(d: Draw) -> Made:
    c, p = d(-2, 2), d(0.3, 0.9)
    return (
        "undefined",
        lambda x: math.log1p(abs(x - c) ** p) + math.cos(x),
        None,
        c,
        "float64",
    )


UNSEEN: dict[str, Template] = {
    **{
        f.__name__.lstrip("_"): f
        for f in (
            _fourier, _fraction, _option, _lambert, _planck, _lever, _hill, _damped, _bessel, _powers,
            _single_dot, _single_sum, _single_root, _variance, _fixed_point, _printed, _percent, _lookup, _spline,
            _losses, _semicircle, _entropy_edge, _ends, _interval, _swish_net, _attention, _cancelled, _faint_corner,
            _steep_corner, _folded, _stairs, _log_cusp,
        )
    },
    "fresh float32": _low("float32", "float32"),
    "fresh float16": _low("float16", "short"),
    "fresh bfloat16": _low("bfloat16", "short"),
}  # fmt: skip
