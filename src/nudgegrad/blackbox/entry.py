"""The derivative, gradient and Jacobian of any function, each with an error bar."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

import numpy as np

from ..errors import UsageError
from ..formats import Array, Format
from ..nudging.table import Verdict
from .calls import ENTRIES, Caller, array_of, failed
from .ladders import ladder_of, scale_of
from .result import CLAIMED, Code, Derivative, Derivatives, Reason, gathered
from .sampling import Evaluate, Samples
from .settling import Estimates
from .study import Study

BUDGET = 45
LEAST = 9  # evaluations below which no ladder stands
ORDERS = (1, 2, 3, 4)
LANES = 512  # derivatives that advance together: more would only take more memory


def derivative(
    f: Callable[[Any], Any],
    x: Any,
    order: int = 1,
    *,
    vectorized: bool = False,
    executor: Executor | None = None,
    budget: int = BUDGET,
    scale: float | None = None,
) -> Any:
    """The derivative of a function of one number, with its bar; of an array of numbers, one of each.

    Parameters
    ----------
    f : callable
        Number to number. Nothing else is known of it.
    x : float or array
        Of float64, float32, float16 or bfloat16: f is called with this type. f may give a shorter one.
    order : int
        1 to 4.
    vectorized : bool
        f takes an array of points, shape (Q,), and gives their values: at most five calls of it for up to
        512 numbers.
    executor : concurrent.futures.Executor, optional
        Makes the calls, each of one point.
    budget : int
        Evaluations for each derivative, never more.
    scale : float, optional
        On which f is expected to change; by default about abs(x), or 1 at 0. Only the search begins there.

    Returns
    -------
    Derivative or Derivatives

    Raises
    ------
    EvaluationError
        If f raises an error at x, or gives no number. Its cause is f's own error. Beside x errors of
        arithmetic and `ValueError` say that f is not defined there.
    UsageError
        If x is no finite real number or another argument cannot be.

    Notes
    -----
    Half the difference of f(x + h) and f(x - h) is odd in h, half their sum even. Polynomials are fitted to
    both over many runs of steps; the coefficient wanted is taken from the fit whose noise and truncation
    together are least. Noise is measured by what the fits leave over, at least the rounding of f's values;
    truncation is the larger of what one more degree changes and half of what the largest step does. The bar
    is six times either. It covers the derivative of the *computed* function: an error of f that is smooth,
    such as that of a solver which stops early, cannot be seen by calling it.

    References
    ----------
    .. [1] G. E. Forsythe, "Generation and use of orthogonal polynomials for data-fitting with a digital
       computer", J. SIAM 5 (1957), 74-88: the fits.
    .. [2] J. J. Moré, S. M. Wild, "Estimating derivatives of noisy simulations", ACM TOMS 38 (2012): noise
       decides how large a step must be.

    Examples
    --------
    >>> import math, nudgegrad as ng
    >>> found = ng.derivative(math.exp, 1.0)
    >>> abs(found.value - math.e) <= found.bar, found.bar < 1e-12, found.verdict.value
    (True, True, 'pass')
    >>> ng.derivative(abs, 0.0).slopes
    (-1.0, 1.0)
    """
    array, fmt = array_of(x)
    plain = type(x) in (float, int, bool)  # not NumPy's float64, which is a float as well
    caller = Caller(f, array.dtype, vectorized, executor)

    def evaluate(lanes: Array, points: Array, at: Array) -> Array:
        inside = points == at[lanes]
        typed = points.astype(array.dtype)
        if vectorized:
            return caller.batch(typed, len(points), inside)
        return caller.values(points.tolist() if plain else list(typed), (), inside)

    flat = array.astype(np.float64).ravel()
    _asked(order, budget, scale)
    each = _chunks(flat, evaluate, caller, fmt, order, budget, scale)
    if array.ndim == 0:
        return each[0]
    return gathered(_objects(each, array.shape), caller.calls)


def gradient(
    f: Callable[[Any], Any],
    x: Any,
    *,
    vectorized: bool = False,
    executor: Executor | None = None,
    budget: int = BUDGET,
    scale: float | None = None,
) -> Derivatives:
    """The derivatives of a function of an array by each of its entries, with their bars.

    Parameters
    ----------
    f : callable
        Array to number.
    x : array
        Of one of the formats of `derivative`.
    vectorized : bool
        f takes an array of shape (Q, ...) that holds Q arrays like x, and gives Q numbers.
    executor, budget, scale
        As of `derivative`; the budget is that of each entry.

    Returns
    -------
    Derivatives
        Arrays of x's shape.

    Raises
    ------
    EvaluationError, UsageError
        As `derivative` does.

    Notes
    -----
    Some 33 evaluations an entry. A vectorised f is called with as many arrays at once as hold four million
    numbers.

    Examples
    --------
    >>> import numpy as np, nudgegrad as ng
    >>> x = np.array([3.0, -1.0])
    >>> found = ng.gradient(lambda x: (x**2).sum(), x)
    >>> bool((abs(found.value - 2 * x) <= found.bar).all()), found.verdict.value
    (True, 'pass')
    """
    array, fmt = array_of(x)
    caller = Caller(f, array.dtype, vectorized, executor)
    flat = array.astype(np.float64).ravel()

    def evaluate(lanes: Array, points: Array, at: Array) -> Array:
        del at
        inside = points == flat[lanes + begins[-1]]
        return _moved(caller, array, lanes + begins[-1], points, inside, ())

    begins: list[int] = [0]
    _asked(1, budget, scale)
    each = _chunks(flat, evaluate, caller, fmt, 1, budget, scale, begins)
    return gathered(_objects(each, array.shape), caller.calls)


def jacobian(
    f: Callable[[Any], Any],
    x: Any,
    *,
    vectorized: bool = False,
    executor: Executor | None = None,
    budget: int = BUDGET,
    scale: float | None = None,
) -> Derivatives:
    """The derivatives of every entry of an array-valued function by every entry of its argument.

    Parameters
    ----------
    f : callable
        Array to array.
    x : array
    vectorized : bool
        f takes an array of shape (Q, ...) that holds Q arrays like x, and gives Q values.
    executor, budget, scale
        As of `derivative`; the budget is that of each entry of the Jacobian, and its entries share
        evaluations.

    Returns
    -------
    Derivatives
        Arrays with the axes of f(x), then those of x.

    Raises
    ------
    EvaluationError, UsageError
        As `derivative` does.

    Examples
    --------
    >>> import numpy as np, nudgegrad as ng
    >>> found = ng.jacobian(lambda x: np.array([x[0] * x[1], x[0]]), np.array([2.0, 5.0]))
    >>> found.value.round(9).tolist()
    [[5.0, 2.0], [1.0, 0.0]]
    """
    array, fmt = array_of(x)
    caller = Caller(f, array.dtype, vectorized, executor)
    flat = array.astype(np.float64).ravel()
    with np.errstate(all="ignore"):
        first = caller.first(array)
    shape, outputs = first.shape, first.size
    known: dict[tuple[int, float], Array] = {}

    def evaluate(lanes: Array, points: Array, at: Array) -> Array:
        entries = (lanes + begins[-1]) // max(outputs, 1)
        asked = [(int(j), float(t)) for j, t in zip(entries, points, strict=True)]
        fresh = list(dict.fromkeys(key for key in asked if key not in known or key[1] == flat[key[0]]))
        if fresh:
            where, values = np.array([j for j, _ in fresh]), np.array([t for _, t in fresh])
            found = _moved(caller, array, where, values, values == flat[where], shape)
            known.update(zip(fresh, found, strict=True))
        del at
        outs = (lanes + begins[-1]) % max(outputs, 1)
        return np.array([known[key].ravel()[k] for key, k in zip(asked, outs, strict=True)])

    begins: list[int] = [0]
    _asked(1, budget, scale)
    each = _chunks(np.repeat(flat, outputs), evaluate, caller, fmt, 1, budget, scale, begins, shared=True)
    table = _objects(each, (array.size, outputs)).T.reshape(*shape, *array.shape)
    return gathered(table, caller.calls)


def _asked(order: int, budget: int, scale: float | None) -> None:
    if order not in ORDERS:
        raise UsageError(
            f"there is no order {order!r} of derivative here", help="order= takes 1, 2, 3 or 4"
        )
    if not isinstance(budget, int) or budget < LEAST:
        raise UsageError(f"budget={budget!r} leaves no derivative", help=f"a whole number, {LEAST} or more")
    if scale is not None and not 0 < scale < math.inf:
        raise UsageError(f"scale={scale!r} is no size of a change", help="a number above 0")


def _moved(
    caller: Caller, array: Any, lanes: Any, points: Array, inside: Array, shape: tuple[int, ...]
) -> Array:
    """f at copies of an array, each with one entry replaced."""
    found = np.empty((len(points), *shape))
    most = max(1, ENTRIES // max(array.size, 1)) if caller.vectorized else len(points)
    for start in range(0, len(points), most):
        part = slice(start, start + most)
        count = len(points[part])
        copies = np.repeat(array.reshape(1, -1), count, 0)
        copies[np.arange(count), lanes[part]] = points[part].astype(array.dtype)
        copies = copies.reshape(count, *array.shape)
        if caller.vectorized:
            found[part] = caller.batch(copies, count, inside[part], shape)
        else:
            found[part] = caller.values(list(copies), shape, inside[part])
    return found


def _chunks(
    flat: Array,
    evaluate: Callable[[Array, Array, Array], Array],
    caller: Caller,
    fmt: Format,
    order: int,
    budget: int,
    scale: float | None,
    begins: list[int] | None = None,
    shared: bool = False,
) -> list[Derivative]:
    """The derivatives of all lanes, some hundreds at a time; `begins` is told where each chunk begins."""
    found: list[Derivative] = []
    for start in range(0, len(flat), LANES):
        if begins is not None:
            begins.append(start)
        x = flat[start : start + LANES]
        least = fmt.smallest * 2.0**fmt.precision  # below it numbers have fewer digits
        scales = np.maximum(scale_of(x), least) if scale is None else np.full(len(x), float(scale))

        def of_lanes(lanes: Array, points: Array, x: Array = x) -> Array:
            return evaluate(lanes, points, x)

        found += _estimated(x, scales, of_lanes, caller, fmt, order, budget, shared)
    return found


def _estimated(
    x: Array,
    scale: Array,
    evaluate: Evaluate,
    caller: Caller,
    fmt: Format,
    order: int,
    budget: int,
    shared: bool,
) -> list[Derivative]:
    samples = Samples(evaluate, x, scale, fmt, budget)
    with np.errstate(all="ignore"):
        study = Study(samples, order, ladder_of(fmt), shared)
        found = study.run()
    nowhere = all(code is Code.NOWHERE for code in found.code)
    if nowhere and caller.raised is not None and len(x):
        raise failed(caller.f, caller.raised, None, False) from caller.raised
    return [_one(samples, study, found, caller, p) for p in range(len(x))]


def _one(samples: Samples, study: Study, found: Estimates, caller: Caller, p: int) -> Derivative:
    code = found.code[p]
    if caller.whole:
        code = Code.WHOLE
    elif code is Code.NOT_FINITE and caller.imaginary:
        code = Code.COMPLEX
    value, bar = float(found.value[p]), float(found.bar[p])
    if code is Code.WHOLE or not math.isfinite(value):
        value, bar = math.nan, math.inf
    there = math.isfinite(value)
    left, right = (float(s) for s in found.slopes[p])
    return Derivative(
        value, bar,
        float(found.h[p]) if there else math.nan,
        int(samples.used[p]),
        float(found.noise[p]) if there else math.nan,
        Verdict.PASS if code in CLAIMED else Verdict.INCONCLUSIVE,
        Reason.of(code),
        (left, right) if math.isfinite(left) or math.isfinite(right) else None,
        float(samples.x[p]), study.order, samples.format.name,
        float(found.rounding[p]) if there else math.nan,
        float(found.truncation[p]) if there else math.nan,
        study.steps(p),
        (float(found.bottom[p]), float(found.h[p])) if there else (math.nan, math.nan),
    )  # fmt: skip


def _objects(each: list[Derivative], shape: tuple[int, ...]) -> Any:
    found = np.empty(len(each), dtype=object)
    found[:] = each
    return found.reshape(shape)
