"""Derivatives of black boxes: ours, other packages' and published rules' on the same problems.

    python -m benchmarks.blackbox --instances 110

on the named problems, on so many random instances of each template, and on templates that the estimator was
never tuned on; writes `benchmarks/results/blackbox.txt`. The limit is the least error that any second- to
eighth-order difference reaches. A package that is not installed is left out.
"""

from __future__ import annotations

import argparse
import math
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib import import_module, metadata
from importlib.util import find_spec
from itertools import pairwise, product
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

import nudgegrad as ng
from tests.oracles.black_box_study import Judged, limit, typed
from tests.oracles.black_boxes import TEMPLATES, Problem, instance, named
from tests.oracles.black_boxes_more import MORE
from tests.oracles.black_boxes_unseen import UNSEEN

RESULTS = Path(__file__).parent / "results/blackbox.txt"
FIRST = 1000  # seeds that no test looks at
PEERS_OF = 4  # random instances of each template that the others are given as well
DTYPES = {"float32": np.float32, "float16": np.float16, "bfloat16": ml_dtypes.bfloat16}
ORDERS = (2, 3, 4)
APART = ("structured", "solver")  # counted by themselves
Found = tuple[float, float]  # value, and its own estimate of its error; nan where it gives none
Rule = Callable[[Callable[[float], float], float], Found]


# Rules of a step


def course(f: Callable[[float], float], x: float) -> Found:
    return (f(x + 0.001) - f(x)) / 0.001, math.nan


def small(f: Callable[[float], float], x: float) -> Found:
    return (f(x + 1e-7) - f(x - 1e-7)) / 2e-7, math.nan


def stepleman_winarsky(f: Callable[[float], float], x: float) -> Found:
    """Halve the step while central differences change less and less (Stepleman & Winarsky 1979)."""
    h = 0.5 * (abs(x) or 1.0)
    before = (f(x + h) - f(x - h)) / (2 * h)
    change = math.inf
    for _ in range(30):
        h /= 4
        now = (f(x + h) - f(x - h)) / (2 * h)
        if abs(now - before) >= change:
            break
        change, before = abs(now - before), now
    return before, change


def gill_murray_saunders_wright(f: Callable[[float], float], x: float) -> Found:
    """A step whose second difference has the right share of noise (Gill and others 1983)."""
    f0 = f(x)
    noise = 2.0**-52 * (1 + abs(f0))
    h = 10 * 2 * (1 + abs(x)) * math.sqrt(noise / (1 + abs(f0)))
    second = 0.0
    for _ in range(6):
        second = (f(x + h) - 2 * f0 + f(x - h)) / (h * h)
        share = 4 * noise / (h * h * abs(second)) if second else math.inf
        if 1e-3 <= share <= 1e-1:
            break
        h *= 10 if share > 1e-1 else 0.1
    best = 2 * math.sqrt(noise / abs(second)) if second else h
    return (f(x + best) - f0) / best, 2 * math.sqrt(noise * abs(second)) if second else noise / best


def more_wild(f: Callable[[float], float], x: float) -> Found:
    """Noise from a table of differences, then the forward step for it (Moré & Wild 2011, 2012)."""
    h = 2.0**-26 * (abs(x) or 1.0)
    values = [f(x + k * h) for k in range(-4, 5)]
    noise = 0.0
    for k in range(1, 9):
        table = np.diff(values, k)
        level = math.sqrt(float(np.mean(table**2)) / math.comb(2 * k, k))
        noise = level if k == 1 else min(noise, level) if level else noise
    step = max((noise / (abs(values[4]) or 1.0)) ** 0.25, 1e-8) * (abs(x) or 1.0)
    second = abs(f(x + step) - 2 * values[4] + f(x - step)) / step**2
    best = 8**0.25 * math.sqrt(noise / second) if second and noise else step
    return (f(x + best) - values[4]) / best, math.sqrt(2**0.5 * noise * second) if noise else math.nan


def shi(f: Callable[[float], float], x: float) -> Found:
    """Bisect the step until a third difference has the right share of noise (Shi and others 2022)."""
    noise = 2.0**-52 * max(1.0, abs(f(x)))
    h, low, high = (3 * noise) ** (1 / 3), 0.0, math.inf
    for _ in range(12):
        share = abs(f(x + 3 * h) - 3 * f(x + h) + 3 * f(x - h) - f(x - 3 * h)) / (8 * noise)
        if share < 1.5:
            low = h
        elif share > 6:
            high = h
        else:
            break
        h = 3 * h if math.isinf(high) else (low + high) / 2 if low else h / 3
    return (f(x + h) - f(x - h)) / (2 * h), 2 * noise / h


def curtis_reid(f: Callable[[float], float], x: float) -> Found:
    """The step at which truncation and rounding are equal, the former from two differences (1974, with the
    modification that R's pnd documents: all of it by central differences)."""
    h = 2.0**-17 * (abs(x) or 1.0)
    value = error = math.nan
    for _ in range(10):
        wide, value = (f(x + h) - f(x - h)) / (2 * h), (f(x + h / 2) - f(x - h / 2)) / h
        truncation = abs(wide - value) / 3
        rounding = 2.0**-53 * abs(f(x)) / h
        error, ratio = truncation + rounding, truncation / rounding if rounding else 1.0
        if 0.1 <= ratio <= 10:
            break
        h *= min(max((1 / max(ratio, 1e-9)) ** (1 / 3), 1e-3), 1e3)
    return value, error


def dumontet_vignes(f: Callable[[float], float], x: float) -> Found:
    """The step from a third difference whose terms neither cancel nor dwarf each other (1977)."""
    k, low, high, third = 2.0**-12 * (abs(x) or 1.0), 0.0, math.inf, 0.0
    for _ in range(12):
        terms = [f(x + 2 * k), -2 * f(x + k), 2 * f(x - k), -f(x - 2 * k)]
        third = sum(terms) / (2 * k**3)
        share = abs(sum(terms)) / (2.0**-53 * sum(map(abs, terms)) or 1.0)
        if share < 15:
            low = k
        elif share > 1e4:
            high = k
        else:
            break
        k = k * 8 if math.isinf(high) else math.sqrt(low * high) if low else k / 8
    h = (1.67 * 2.0**-52 * abs(f(x) / third)) ** (1 / 3) if third else k
    return (f(x + h) - f(x - h)) / (2 * h), h * h * abs(third) / 6 + 2.0**-53 * abs(f(x)) / h


def mathur(f: Callable[[float], float], x: float) -> Found:
    """A ladder of steps on which truncation falls with h^2; the best step extrapolated from it (2012)."""
    steps = [2.0 ** (-2 * k - 1) * (abs(x) or 1.0) for k in range(16)]
    slopes = [(f(x + h) - f(x - h)) / (2 * h) for h in steps]
    off = [abs(a - b) for a, b in pairwise(slopes)]
    valid = 0
    for k in range(len(off) - 1):
        if off[k] > 0 and off[k + 1] > 0 and abs(math.log(off[k] / off[k + 1], 4) - 2) <= 0.4:
            valid = k + 1
    noise = 2.0**-53 * abs(f(x))
    curve = off[valid] / (15 / 16 * steps[valid] ** 2)
    h = (noise / (2 * curve)) ** (1 / 3) if curve else steps[valid]
    return (f(x + h) - f(x - h)) / (2 * h), curve * h * h + noise / h


def fitted_step(f: Callable[[float], float], x: float) -> Found:
    """A five-point difference with a step from an estimate of the fifth derivative, as FiniteDifferences.jl
    takes for `central_fdm(5, 1)`."""
    f0 = abs(f(x))
    unit = 2.0**-52 * max(f0, 2.0**-1022)
    rough = (unit / (10 * max(f0, 2.0**-1022))) ** (1 / 7) * 4
    weights = [-0.5, 2, -2.5, 0, 2.5, -2, 0.5]
    fifth = abs(sum(w * f(x + (k - 3) * rough) for k, w in enumerate(weights))) / rough**5
    size = fifth or 10 * f0 or 1.0
    h = min((1.5 * unit / (4 * 4 / 120 * size)) ** (1 / 5), 0.1 * max(abs(x), 1.0))
    value = (8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / (12 * h)
    return value, size * h**4 / 30 + 1.5 * unit / h


# Other packages at their defaults


def vectorised(f: Callable[[float], float]) -> Callable[[Any], Any]:
    return lambda t: np.array([f(float(v)) for v in np.ravel(t)]).reshape(np.shape(t))


def numdifftools(f: Callable[[float], float], x: float) -> Found:
    found = import_module("numdifftools").Derivative(vectorised(f), full_output=True)(x)
    return float(found.estimate), float(found.error_estimate)


def scipy(f: Callable[[float], float], x: float) -> Found:
    found = import_module("scipy.differentiate").derivative(vectorised(f), x)
    return (float(found.df), float(found.error)) if found.success else (math.nan, math.inf)


def approximate(method: str, f: Callable[[float], float], x: float) -> Found:
    found = import_module("scipy.optimize._numdiff").approx_derivative(
        lambda t: f(float(np.ravel(t)[0])), x, method=method
    )
    return float(np.ravel(found)[0]), math.nan


def jacobi(f: Callable[[float], float], x: float) -> Found:
    value, error = import_module("jacobi").jacobi(f, x)
    return float(value), float(error)


def statsmodels(centered: bool, f: Callable[[float], float], x: float) -> Found:
    tools = import_module("statsmodels.tools.numdiff")
    found = tools.approx_fprime(np.array([x]), lambda t: f(float(t[0])), centered=centered)
    return float(np.ravel(found)[0]), math.nan


PACKAGES: dict[str, tuple[str, Rule]] = {
    "numdifftools": ("numdifftools", numdifftools),
    "scipy.differentiate": ("scipy", scipy),
    "scipy approx_derivative 2-point": ("scipy", partial(approximate, "2-point")),
    "scipy approx_derivative 3-point": ("scipy", partial(approximate, "3-point")),
    "jacobi": ("jacobi", jacobi),
    "statsmodels forward": ("statsmodels", partial(statsmodels, False)),
    "statsmodels centred": ("statsmodels", partial(statsmodels, True)),
}
RULES: dict[str, Rule] = {
    "0.001, one-sided": course,
    "1e-7, two-sided": small,
    "Stepleman & Winarsky": stepleman_winarsky,
    "Gill, Murray, Saunders & Wright": gill_murray_saunders_wright,
    "Moré & Wild": more_wild,
    "Shi, Xie, Xuan & Nocedal": shi,
    "Curtis & Reid": curtis_reid,
    "Dumontet & Vignes": dumontet_vignes,
    "Mathur": mathur,
    "five points, fitted step": fitted_step,
}
OURS = "nudgegrad"
SEEN = {**TEMPLATES, **MORE}


def complex_step(problem: Problem) -> Judged:
    """Im f(x + ih) / h, where f happens to take complex numbers (statsmodels' approx_fprime_cs)."""
    try:
        value = float(np.imag(problem.f(complex(problem.x, 1e-20))) / 1e-20)
    except Exception:  # f takes no complex numbers: no answer
        value = math.nan
    return judged(problem, 1.0, value, math.nan, 1)


def of_order(work: tuple[str, int]) -> list[tuple[int, dict[str, Judged]]]:
    """Derivatives of orders 2 to 4 of some instances, ours and numdifftools', both at their defaults."""
    template, count = work
    found = []
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for seed, order in product(range(FIRST, FIRST + count), ORDERS):
            problem = instance(template, seed, SEEN)
            if problem.exact is None or problem.format != "float64" or problem.category in APART:
                continue
            truth = problem.derivative(order)
            mine = ng.derivative(problem.f, problem.x, order)
            given = {OURS: (mine.value, mine.bar, mine.evaluations, mine.verdict == "pass")}
            if find_spec("numdifftools"):
                given["numdifftools"] = nth(typed(problem), problem.x, order)
            found.append(
                (order, {n: Judged(problem.name, problem.category, truth, v, b, told, abs(truth), used)
                         for n, (v, b, used, told) in given.items()})
            )  # fmt: skip
    return found


def nth(f: Callable[[float], float], x: float, order: int) -> tuple[float, float, int, bool]:
    """numdifftools' n-th derivative, its error estimate, calls, and whether it is a number."""
    count = [0]

    def counted(t: float) -> float:
        count[0] += 1
        return f(t)

    try:
        rule = import_module("numdifftools").Derivative(vectorised(counted), n=order, full_output=True)
        told = rule(x)
        value, error = float(told.estimate), float(np.ravel(told.error_estimate)[0])
        return value, error, count[0], math.isfinite(value)
    except Exception:  # what a package raises is no answer
        return math.nan, math.inf, count[0], False


def orders(found: Sequence[tuple[int, dict[str, Judged]]]) -> list[str]:
    """One line for each order and each that was asked; errors are relative."""
    lines = ["", "Derivatives of higher orders of random instances; errors over the derivative", HEAD]
    for order in ORDERS:
        some = [answer for k, answer in found if k == order]
        lines += [row(f"{name}, order {order}", [a[name] for a in some]) for name in some[0]]
    return lines


def judged(
    problem: Problem, least: float, value: float, bar: float, evaluations: int, claimed: bool | None = None
) -> Judged:
    truth = problem.truth if problem.exact is not None else math.nan
    told = math.isfinite(value) if claimed is None else claimed
    return Judged(
        problem.name, problem.category, truth, value, bar, told, least, evaluations, problem.apart
    )


def ours(problem: Problem, least: float) -> Judged:
    dtype = DTYPES.get(problem.format)
    try:
        found = ng.derivative(problem.f, problem.x if dtype is None else dtype(problem.x))
    except ng.EvaluationError:
        return judged(problem, least, math.nan, math.inf, 0, False)
    return judged(problem, least, found.value, found.bar, found.evaluations, found.verdict == "pass")


def theirs(rule: Rule, problem: Problem, least: float) -> Judged:
    plain, count = typed(problem), [0]

    def counted(x: float) -> float:
        count[0] += 1
        return plain(x)

    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            value, bar = rule(counted, problem.x)
    except Exception:  # what a package raises is no answer
        value, bar = math.nan, math.inf
    return judged(problem, least, value, bar, count[0])


def answers(problem: Problem, everybody: bool) -> dict[str, Judged]:
    """What each gives for one problem."""
    least = limit(problem) if problem.exact is not None else math.nan
    found = {OURS: ours(problem, least)}
    if everybody:
        rules = {
            **RULES,
            **{name: rule for name, (package, rule) in PACKAGES.items() if find_spec(package)},
        }
        found |= {name: theirs(rule, problem, least) for name, rule in rules.items()}
        found["complex step"] = complex_step(problem)
    return found


def part(work: tuple[str, int, int, bool]) -> list[tuple[bool, dict[str, Judged]]]:
    """One template's instances: whether each is undefined, and the answers."""
    template, first, count, unseen = work
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if template == "named":
            problems = named()[first::count]
            return [(p.exact is None, answers(p, True)) for p in problems]
        table = UNSEEN if unseen else SEEN
        made = [instance(template, seed, table) for seed in range(first, first + count)]
        return [(p.exact is None, answers(p, k < PEERS_OF)) for k, p in enumerate(made)]


HEAD = (
    f"{'':32}{'of':>6}{'median':>9}{'90 %':>9}{'in 3x':>7}{'in 10x':>7}{'calls':>7}{'most':>6}"
    f"{'open %':>8}{'bar %':>8}{'>10x':>6}{'silent':>8}{'loose':>8}"
)


def row(name: str, found: Sequence[Judged]) -> str:
    """One line of the table."""
    ratios = np.array([j.ratio if math.isfinite(j.ratio) else 1e300 for j in found])
    claimed = [j for j in found if j.claimed]
    bars = [j for j in claimed if not math.isnan(j.bar)]
    held = f"{100 * np.mean([j.covered for j in bars]):8.1f}" if bars else f"{'none':>8}"
    far = sum(j.error > 10 * j.bar for j in bars)
    loose = [j.loose for j in bars]
    calls = [j.evaluations for j in found]
    return (
        f"{name:32}{len(found):6}{np.median(ratios):9.2g}{np.quantile(ratios, 0.9, method='higher'):9.2g}"
        f"{100 * np.mean(ratios <= 3):7.0f}{100 * np.mean(ratios <= 10):7.0f}"
        f"{np.median(calls):7.0f}{max(calls):6}"
        f"{100 * (1 - len(claimed) / len(found)):8.1f}{held}{far:6}{sum(j.silent for j in found):8}"
        f"{np.median(loose) if loose else math.nan:8.1f}"
    )


def table(found: Iterable[dict[str, Judged]]) -> list[str]:
    """By category for ours, then everybody."""
    defined = list(found)
    by: dict[str, list[Judged]] = defaultdict(list)
    for answer in defined:
        by[answer[OURS].category].append(answer[OURS])
    regular = [j for category, js in by.items() if category not in APART for j in js]
    lines = [HEAD, *(row(category, js) for category, js in by.items())]
    return [*lines, row("all but " + " and ".join(APART), regular)]


def compared(found: Sequence[dict[str, Judged]]) -> list[str]:
    """Everybody, on the problems that everybody was given, by category."""
    shared = [answer for answer in found if len(answer) > 1]
    lines: list[str] = []
    for category in ("", *dict.fromkeys(a[OURS].category for a in shared)):
        some = [
            a
            for a in shared
            if category in ("", a[OURS].category) and (category or a[OURS].category not in APART)
        ]
        lines += ["", category or "all but " + " and ".join(APART), HEAD]
        lines += [row(name, [a[name] for a in some]) for name in some[0]]
    return lines


def undefined(found: Sequence[dict[str, Judged]]) -> list[str]:
    """How many points without a derivative are answered."""
    names = [name for name in found[0] if all(name in a for a in found[:1])]
    lines = []
    for name in names:
        given = [a[name] for a in found if name in a]
        told = sum(j.answered for j in given)
        lines.append(f"{name:32}{told:6} of {len(given)}")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=int, default=110, help="of each template")
    parser.add_argument("--unseen", type=int, default=30, help="of each template never tuned on")
    parser.add_argument("--processes", type=int, default=2)
    chosen = parser.parse_args()
    works = [("named", k, 8, False) for k in range(8)]
    seen = [(name, FIRST, chosen.instances, False) for name in SEEN]
    fresh = [(name, FIRST, chosen.unseen, True) for name in UNSEEN]
    with ProcessPoolExecutor(chosen.processes, get_context("spawn")) as pool:
        results = [list(pool.map(part, group)) for group in (works, seen, fresh)]
        higher = [
            pair for chunk in pool.map(of_order, [(name, PEERS_OF) for name in SEEN]) for pair in chunk
        ]
    versions = ", ".join(
        f"{p} {metadata.version(p)}"
        for p in ("numpy", "scipy", "numdifftools", "jacobi", "statsmodels")
        if find_spec(p)
    )
    lines = [f"nudgegrad {ng.__version__}, {versions}; limit: the best second- to eighth-order difference."]
    titles = ("Named problems", "Random instances", "Templates never tuned on")
    for title, chunks in zip(titles, results, strict=True):
        every = [pair for chunk in chunks for pair in chunk]
        defined = [answer for without, answer in every if not without]
        corners = [answer for without, answer in every if without]
        lines += ["", f"{title}: {len(defined):,}", "", *table(defined), *compared(defined)]
        lines += [
            "",
            f"Points without a derivative that are answered, {title.lower()}",
            *undefined(corners),
        ]
    lines += orders(higher)
    text = "\n".join(line.rstrip() for line in lines) + "\n"
    RESULTS.write_text(text, encoding="utf-8")
    print(text, end="")


if __name__ == "__main__":
    main()
