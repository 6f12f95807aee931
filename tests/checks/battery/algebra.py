"""Right gradients of matrix functions. NumPy's solvers know neither float16 nor longdouble; here is one."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.checks.battery.case import Case


def solved(A: Any, B: Any) -> tuple[Any, Any]:
    """A^-1 B and det A, by elimination with row exchanges."""
    A, B, determinant = A.copy(), B.copy(), A.dtype.type(1)
    n = len(A)
    for k in range(n):
        pivot = k + int(np.argmax(np.abs(A[k:, k])))
        if pivot != k:
            A[[k, pivot]], B[[k, pivot]] = A[[pivot, k]], B[[pivot, k]]
            determinant = -determinant
        determinant = determinant * A[k, k]
        for i in range(k + 1, n):
            factor = A[i, k] / A[k, k]
            A[i] = A[i] - factor * A[k]
            B[i] = B[i] - factor * B[k]
    for k in reversed(range(n)):
        B[k] = (B[k] - A[k, k + 1 :] @ B[k + 1 :]) / A[k, k]
    return B, determinant


def _inverse(A: Any) -> Any:
    return solved(A, np.eye(len(A), dtype=A.dtype))[0]


def quadratic(x: Any, A: Any) -> Any:
    return x @ A @ x


def quadratic_gradient(x: Any, A: Any, bug: str = "") -> Any:
    if bug == "as if symmetric":
        return 2 * A @ x
    return A @ x if bug == "one side" else A @ x + A.T @ x


def quadratic_in_matrix(x: Any) -> Any:
    return x["v"] @ x["A"] @ x["w"] / 2


def quadratic_in_matrix_gradient(x: Any, bug: str = "") -> Any:
    dA = np.outer(x["w"], x["v"]) if bug == "transposed" else np.outer(x["v"], x["w"])
    by_v = (x["A"].T if bug == "A transposed" else x["A"]) @ x["w"]
    return {"A": dA / 2, "v": by_v / 2, "w": x["A"].T @ x["v"] / 2}


def inverse(A: Any, C: Any) -> Any:
    return np.sum(C * _inverse(A))


def inverse_gradient(A: Any, C: Any, bug: str = "") -> Any:
    B = _inverse(A)
    if bug == "not transposed":
        return -B @ C.T @ B
    if bug == "as of numbers":
        return -C * B * B
    return (B.T if bug == "sign" else -B.T) @ C @ B.T


def determinant(A: Any) -> Any:
    return solved(A, np.eye(len(A), dtype=A.dtype))[1]


def determinant_gradient(A: Any, bug: str = "") -> Any:
    B, d = solved(A, np.eye(len(A), dtype=A.dtype))
    if bug == "not transposed":
        return d * B
    return B.T if bug == "as of the logarithm" else d * B.T


def log_determinant(A: Any) -> Any:
    return np.log(np.abs(determinant(A)))


def log_determinant_gradient(A: Any, bug: str = "") -> Any:
    return _inverse(A) if bug == "not transposed" else _inverse(A).T


def solve(x: Any, c: Any) -> Any:
    return c @ solved(x["A"], x["b"])[0]


def solve_gradient(x: Any, c: Any, bug: str = "") -> Any:
    y = solved(x["A"], x["b"])[0]
    db = solved(x["A"] if bug == "A not transposed" else x["A"].T, c)[0]
    return {"A": np.outer(db, y) if bug == "sign" else -np.outer(db, y), "b": db}


def product(x: Any, C: Any) -> Any:
    return np.sum(C * (x[0] @ x[1] @ x[2]))


def product_gradient(x: Any, C: Any, bug: str = "") -> Any:
    A, B, D = x
    middle = A.T @ C @ (D if bug == "factor not transposed" else D.T)
    return [C @ (B @ D).T, middle, (A @ B).T @ C]


def factorisation(x: Any, R: Any, known: Any) -> Any:
    E = (x["U"] @ x["V"].T - R) * known
    return (np.sum(E * E) + 0.1 * np.sum(x["U"] ** 2) + 0.1 * np.sum(x["V"] ** 2)) / 2


def factorisation_gradient(x: Any, R: Any, known: Any, bug: str = "") -> Any:
    E = x["U"] @ x["V"].T - R
    if bug != "unknown counted":
        E = E * known
    decay = 0 if bug == "L2 of V forgotten" else 0.1
    return {"U": E @ x["V"] + 0.1 * x["U"], "V": E.T @ x["U"] + decay * x["V"]}


def rosenbrock(x: Any) -> Any:
    return np.sum(10 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock_gradient(x: Any, bug: str = "") -> Any:
    found, valley = np.zeros_like(x), x[1:] - x[:-1] ** 2
    found[:-1] = -40 * x[:-1] * valley - 2 * (1 - x[:-1])
    if bug == "chain not summed":
        found[1:] = 20 * valley
    else:
        found[1:] += 20 * valley
    return found


def length(x: Any) -> Any:
    return np.sqrt(np.sum(x * x))


def length_gradient(x: Any, bug: str = "") -> Any:
    return x / np.sum(x * x) if bug == "root forgotten" else x / np.sqrt(np.sum(x * x))


def cumulative(x: Any, c: Any) -> Any:
    return np.sum(c * np.cumprod(x))


def cumulative_gradient(x: Any, c: Any, bug: str = "") -> Any:
    terms = c * np.cumprod(x)
    above = np.cumsum(terms) if bug == "from the wrong end" else np.cumsum(terms[::-1])[::-1]
    return above / x


def cases() -> list[Case]:
    """The right gradients of this module."""
    random = np.random.default_rng(17)

    def normal(*shape: int) -> Any:
        return random.normal(size=shape)

    A = normal(4, 4) + 2 * np.eye(4)
    return [
        Case("quadratic form", quadratic, normal(4), quadratic_gradient, (normal(4, 4),)),
        Case(
            "bilinear form", quadratic_in_matrix, {"A": normal(4, 4), "v": normal(4), "w": normal(4)},
            quadratic_in_matrix_gradient,
        ),
        Case("matrix inverse", inverse, A, inverse_gradient, (normal(4, 4),)),
        Case("determinant", determinant, A, determinant_gradient),
        Case("log-determinant", log_determinant, A, log_determinant_gradient),
        Case("linear solve", solve, {"A": A, "b": normal(4)}, solve_gradient, (normal(4),)),
        Case(
            "matrix product", product, [normal(2, 3), normal(3, 3), normal(3, 3)], product_gradient,
            (normal(2, 3),),
        ),
        Case(
            "matrix factorisation", factorisation, {"U": normal(5, 2), "V": normal(4, 2)},
            factorisation_gradient, (normal(5, 4), random.random((5, 4)) < 0.6),
        ),
        Case("Rosenbrock", rosenbrock, normal(5), rosenbrock_gradient),
        Case("Euclidean length", length, normal(6), length_gradient),
        Case("cumulative product", cumulative, 1 + normal(5) / 4, cumulative_gradient, (normal(5),)),
    ]  # fmt: skip
