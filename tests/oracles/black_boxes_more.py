# mypy: disable-error-code="misc, operator"
# a lambda of NumPy and one of mpmath have no type in common
"""Further templates of random functions with their exact derivatives."""

from __future__ import annotations

import math
from typing import Any

import mpmath as m
import numpy as np

from nudgegrad.formats import FORMATS

from .black_boxes import Draw, Made, Template


def _bump(d: Draw) -> Made:
    k, c = d(0.5, 4), d(0.3, 3)
    return (
        "smooth",
        lambda x: np.exp(np.sin(k * x)) / (c + x * x),
        lambda x: m.exp(m.sin(k * x)) / (c + x * x),
        d(-2, 2),
        "float64",
    )


def _mixture(d: Draw) -> Made:
    a, c = [d(-2, 2) for _ in range(4)], [d(-1, 1) for _ in range(4)]
    return (
        "smooth", lambda x: math.log(sum(math.exp(p * x + q) for p, q in zip(a, c, strict=True))),
        lambda x: m.log(sum(m.exp(p * x + q) for p, q in zip(a, c, strict=True))), d(-2, 2), "float64",
    )  # fmt: skip


def _hyperbola(d: Draw) -> Made:
    c, w = d(-1, 1), d.log(1e-6, 1)
    return (
        "steep",
        lambda x: math.sqrt((x - c) ** 2 + w * w),
        lambda x: m.sqrt((x - c) ** 2 + m.mpf(w) ** 2),
        c + w * d(-3, 3),
        "float64",
    )


def _chebyshev(d: Draw) -> Made:
    n = int(d.rng.integers(5, 60))
    return (
        "oscillating",
        lambda x: math.cos(n * math.acos(x)),
        lambda x: m.cos(n * m.acos(x)),
        d(-0.95, 0.95),
        "float64",
    )


def _entropy(d: Draw) -> Made:
    a, x = d(-1.5, 1.5), d.log(1e-8, 1e8)
    return "scales", lambda x: x**a * math.log(x), lambda x: x**a * m.log(x), x, "float64"


def _logistic_map(d: Draw) -> Made:
    r, n = d(2.5, 3.9), int(d.rng.integers(3, 9))

    def f(x: Any) -> Any:
        for _ in range(n):
            x = r * x * (1 - x)
        return x

    return "polynomial", f, f, d(0.1, 0.9), "float64"


def _runge_kutta(d: Draw) -> Made:
    n = int(d.rng.integers(20, 200))

    def f(x: Any) -> Any:
        y, v, h = x, x * 0, 2.0 / n
        for _ in range(n):
            k1, l1 = v, -(y * y * y)
            k2, l2 = v + h / 2 * l1, -((y + h / 2 * k1) ** 3)
            y, v = y + h * k2, v + h * l2
        return y

    return "noisy", f, f, d(0.3, 1.5), "float64"


def _determinant(d: Draw) -> Made:
    a = d.rng.normal(size=(6, 6))

    def f(x: float) -> float:
        b = a.copy()
        b[1, 2] = math.sin(x)
        return float(np.linalg.det(b))

    def g(x: Any) -> Any:
        b = m.matrix(a.tolist())
        b[1, 2] = m.sin(x)
        return m.det(b)

    return "noisy", f, g, d(-2, 2), "float64"


def _half_precision_layer(d: Draw) -> Made:
    w, b = d.rng.normal(size=4), d.rng.normal(size=4)
    return (
        "noisy", lambda x: float(np.float32(np.tanh(w * x + b)).astype(np.float64) @ w) * math.cos(x),
        lambda x: sum(m.tanh(m.mpf(p) * x + m.mpf(q)) * m.mpf(p) for p, q in zip(w, b, strict=True)) * m.cos(x),
        d(-1.4, 1.4), "float64",
    )  # fmt: skip


def _leaky(d: Draw) -> Made:
    a, b = d.rng.normal(size=(3, 8)), d.rng.normal(size=(2, 8))

    def f(x: float) -> float:
        z = a[0] * x + b[0]
        z = np.where(z > 0, z, 0.1 * z) * a[1] + b[1]
        return float(np.where(z > 0, z, 0.1 * z) @ a[2]) + math.exp(0.3 * x)

    def leak(z: Any) -> Any:
        return z if z > 0 else m.mpf(0.1) * z

    def g(x: Any) -> Any:
        parts = [leak(leak(m.mpf(p) * x + m.mpf(q)) * m.mpf(r) + m.mpf(s)) * m.mpf(t)
                 for p, q, r, s, t in zip(a[0], b[0], a[1], b[1], a[2], strict=True)]  # fmt: skip
        return sum(parts) + m.exp(m.mpf(0.3) * x)

    return "near kink", f, g, d(-1.5, 1.5), "float64"


def _threshold(d: Draw) -> Made:
    x, k, a = d(0.3, 1.5), d(0.5, 2), d.log(1e-2, 5)
    c = x + d.log(1e-6, 0.2)
    return (
        "near kink", lambda t: math.sin(k * t) + (a * (t - c) ** 2 + a * (t - c) if t > c else 0.0),
        lambda t: m.sin(k * t), x, "float64",
    )  # fmt: skip


def _tangent(d: Draw) -> Made:
    return "steep", np.tan, m.tan, math.pi / 2 - d.log(1e-7, 1), "float64"


def _arcs(d: Draw) -> Made:
    x = d.sign() * (1 - d.log(1e-8, 0.5))
    return "edge", np.arcsin, m.asin, x, "float64"


def _defined_above(d: Draw) -> Made:
    c, k = d(-1, 1), d(0.5, 2)

    def f(x: float) -> float:
        if x < c:
            raise ValueError("below the domain")
        return math.cos(k * x) + x * x

    return "edge", f, lambda x: m.cos(k * x) + x * x, c, "float64"


def _floored(d: Draw) -> Made:
    q, k = 10.0 ** int(d.rng.integers(4, 9)), d(0.5, 2)
    return (
        "low output",
        lambda x: math.floor(q * math.exp(k * x)) / q,
        lambda x: m.exp(k * x),
        d(0.1, 2),
        "float64",
    )


def _low(name: str, category: str) -> Template:
    def made(d: Draw) -> Made:
        k = int(d.rng.integers(3))
        f, g = [
            (lambda x: np.log1p(np.exp(x)), lambda x: m.log(1 + m.exp(x))),
            (lambda x: x * np.cos(x), lambda x: x * m.cos(x)),
            (lambda x: np.exp(-x * x), lambda x: m.exp(-x * x)),
        ][k]
        return category, f, g, float(FORMATS[name].round(d(0.2, 1.2))), name

    return made


def _cancelled(d: Draw) -> Made:
    pairs: list[tuple[Any, Any]] = [
        (lambda x: (math.tanh(x) - x) / x**3, lambda x: (m.tanh(x) - x) / x**3),
        (lambda x: (math.sqrt(1 + x * x) - 1) / (x * x), lambda x: (m.sqrt(1 + x * x) - 1) / (x * x)),
        (lambda x: (math.exp(x) - math.exp(-x)) / (2 * x), lambda x: m.sinh(x) / x),
    ]
    return "structured", *pairs[int(d.rng.integers(3))], d.log(1e-5, 1e-1), "float64"


def _crossing(d: Draw) -> Made:
    c, a = d(-1.5, 1.5), d.log(1e-2, 5)
    return (
        "undefined",
        lambda x: max(math.sin(x), math.sin(x) + a * (x - c) * (x - c + 3)),
        None,
        c,
        "float64",
    )


def _joined(d: Draw) -> Made:
    c, a = d.log(1e-3, 1e3), d.log(1e-2, 5)
    return "undefined", lambda x: x * x if x < c else c * c + (2 * c + a) * (x - c), None, c, "float64"


def _needle(d: Draw) -> Made:
    c, p = d(-2, 2), d(0.3, 0.95)
    return "undefined", lambda x: math.exp(-(abs(x - c) ** p)), None, c, "float64"


def _spike(d: Draw) -> Made:
    c, w = d(-1, 1), d.log(1e-6, 1e-1)
    return (
        "steep",
        lambda x: math.exp(-(((x - c) / w) ** 2) / 2) + x,
        lambda x: m.exp(-(((x - c) / m.mpf(w)) ** 2) / 2) + x,
        c + w * d(-2, 2),
        "float64",
    )


def _corner_next_to_it(d: Draw) -> Made:
    c, k, a = d(0.3, 2), d(0.5, 3), d.log(1e-2, 3)
    return (
        "near kink",
        lambda x: math.sin(k * x) + a * abs(x - c),
        lambda x: m.sin(k * x) + m.mpf(a) * abs(x - m.mpf(c)),
        c * (1 + d.sign() * d.log(1e-13, 1e-7)),
        "float64",
    )


def _short_part(d: Draw) -> Made:
    a = d(0.2, 2)
    return (
        "solver", lambda x: math.exp(x) + 1e-3 * float(np.float16(math.sin(a * x))),
        lambda x: m.exp(x) + m.mpf(1e-3) * m.sin(a * x), d(-2, 2), "float64",
    )  # fmt: skip


MORE: dict[str, Template] = {
    **{
        f.__name__.lstrip("_"): f
        for f in (
            _bump, _mixture, _hyperbola, _chebyshev, _entropy, _logistic_map, _runge_kutta, _determinant,
            _half_precision_layer, _leaky, _threshold, _tangent, _arcs, _defined_above, _floored, _cancelled, _crossing,
            _joined, _needle, _spike, _corner_next_to_it, _short_part,
        )
    },
    "low float32": _low("float32", "float32"),
    "low float16": _low("float16", "short"),
}  # fmt: skip
