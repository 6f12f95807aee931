"""Our check beside the usual ones, on the same gradients: false alarms, misses, traps, evaluations.

    python -m benchmarks.rivals
    python -m benchmarks.rivals --quick

runs every check that is installed on the battery's right gradients, wrong ones and traps, on random
programs and on single errors among many parameters, and writes `benchmarks/results/rivals.txt`; --quick
takes a few of each and writes nothing. What is right and what is wrong is the battery's own truth, from
extended-precision differences. About 20 minutes on one core.

Every check gets the data in the format that stands over the table, and the NumPy functions through its
framework's own means: `autograd.Function`, `custom_vjp` with `pure_callback`, `custom_gradient` with
`numpy_function`, `primitive` with `defvjp`.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module, metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

import nudgegrad as ng
from nudgegrad.checks.blocks import flatten
from nudgegrad.checks.directions import scales
from tests.checks.battery.case import REFUSED, UNKNOWN, Case, in_format, leaves, mapped, parameters
from tests.checks.battery.large import LARGE, SIDES, right
from tests.checks.battery.mistakes import WRONG
from tests.checks.battery.random_programs import program_case, wrong_cases
from tests.checks.battery.right import RIGHT
from tests.checks.battery.traps import all_traps
from tests.checks.planting import native

RESULTS = Path(__file__).parent / "results"
FORMATS = ("float64", "float32", "float16")
FIRST, PROGRAMS = 30_000, 100  # seeds that no test and no other benchmark uses
LARGEST = 5_000  # parameters that a check may get whose cost grows with them
FEW = 8  # of each kind with --quick
UNFIT = 0.1  # a gradient that its format's rounding spoils to this share is neither right nor wrong

PASS, FAIL, UNSURE, CANNOT = "pass", "fail", "inconclusive", "cannot"


# Cases, and what a check sees of them


@dataclass
class Counted:
    """A function that counts its calls."""

    call: Callable[..., Any]
    count: int = 0

    def __call__(self, *args: Any) -> Any:
        """What the function gives."""
        self.count += 1
        return self.call(*args)


@dataclass(frozen=True)
class Numeric:
    """A case as NumPy functions of its blocks, in order: what is wrapped for a framework."""

    case: Case

    @property
    def format(self) -> Any:
        """The NumPy type of x."""
        return next(iter(self.blocks)).dtype

    @property
    def blocks(self) -> list[Any]:
        """Copies of the blocks of x."""
        return [np.array(block) for block in leaves(self.case.x).values()]

    def structure(self, blocks: Iterable[Any]) -> Any:
        """The structure of x with other numbers in it."""
        given = dict(zip(leaves(self.case.x), map(np.asarray, blocks), strict=True))
        return mapped(self.case.x, lambda name, _: given[name])

    def value(self, *blocks: Any) -> Any:
        """f, a scalar in the format of x."""
        found = self.case.f(self.structure(blocks), *self.case.args)
        return np.asarray(found, self.format).reshape(())

    def claim(self, *blocks: Any) -> list[Any]:
        """The claimed gradient, a block for a block."""
        given = leaves(self.case.grad(self.structure(blocks), *self.case.args))
        return [np.asarray(given[name], self.format) for name in leaves(self.case.x)]

    def parts(self, vector: Any) -> list[Any]:
        """The blocks that a vector of all parameters consists of."""
        blocks = self.blocks
        ends = np.cumsum([block.size for block in blocks])[:-1]
        return [p.reshape(b.shape) for p, b in zip(np.split(vector, ends), blocks, strict=True)]


def joined(blocks: Iterable[Any]) -> Any:
    """All parameters in one vector."""
    return np.concatenate([np.ravel(block) for block in blocks])


# The checks. Each gives an answer for every row of the table that it has.


@dataclass(frozen=True)
class Answer:
    """A verdict, the blocks that are named as wrong, and the resolution that a pass promises."""

    verdict: str
    named: frozenset[str] = frozenset()
    resolution: float = np.nan


def agreeing(agrees: Any) -> Answer:
    return Answer(PASS if agrees else FAIL)


def of_ours(found: ng.Check) -> list[Answer]:
    named = {name for name, block in found.blocks.items() if block.verdict == FAIL}
    return [Answer(str(found.verdict.value), frozenset(named), found.resolution)]


def ours(case: Case) -> list[Answer]:
    return of_ours(ng.check(case.f, case.x, case.grad, case.args))


def ours_as_it_is(case: Case) -> list[Answer]:
    """The check where nothing can be computed in float64."""
    return of_ours(native(case))


def course(case: Case) -> list[Answer]:
    """The formula of the deep-learning course's assignment, over all parameters in one vector."""
    made, nudge = Numeric(case), 1e-7
    theta = joined(made.blocks)
    approximate = np.zeros(theta.size)
    for k in range(theta.size):
        ends = []
        for h in (nudge, -nudge):
            moved = theta.copy()
            moved[k] += h
            ends.append(float(made.value(*made.parts(moved))))
        approximate[k] = (ends[0] - ends[1]) / (2 * nudge)
    claim = joined(made.claim(*made.blocks))
    length = np.linalg.norm(claim) + np.linalg.norm(approximate)
    return [agreeing(np.linalg.norm(claim - approximate) / length < 2e-7)]


def scipy(case: Case) -> list[Answer]:
    made = Numeric(case)
    claims: list[Any] = []

    def gradient(theta: Any) -> Any:
        claims.append(joined(made.claim(*made.parts(theta))))
        return claims[-1]

    check_grad = import_module("scipy.optimize").check_grad
    error = check_grad(lambda theta: made.value(*made.parts(theta)), gradient, joined(made.blocks))
    return [agreeing(error < 1e-6), agreeing(error < 1e-6 * np.linalg.norm(claims[0]))]


def torch(case: Case, **settings: Any) -> list[Answer]:
    import torch
    from torch.autograd.gradcheck import GradcheckError

    made = Numeric(case)

    class Wrapped(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *blocks: Any) -> Any:
            ctx.save_for_backward(*blocks)
            return torch.from_numpy(made.value(*(block.detach().numpy() for block in blocks)))

        @staticmethod
        def backward(ctx: Any, *cotangents: Any) -> Any:
            claim = made.claim(*(block.detach().numpy() for block in ctx.saved_tensors))
            return tuple(torch.from_numpy(np.array(g)) * cotangents[0] for g in claim)

    inputs = tuple(torch.from_numpy(block).requires_grad_() for block in made.blocks)
    try:
        torch.autograd.gradcheck(Wrapped.apply, inputs, **settings)
    except GradcheckError as error:
        place = re.search(r"respect to input (\d+)", str(error))
        named = [list(leaves(case.x))[int(place[1])]] if place else []
        return [Answer(FAIL, frozenset(named))]
    return [Answer(PASS)]


def jax(case: Case) -> list[Answer]:
    made, jax = Numeric(case), import_module("jax")
    jax.config.update("jax_enable_x64", made.format == np.float64)
    number = jax.ShapeDtypeStruct((), made.format)
    like = [jax.ShapeDtypeStruct(block.shape, made.format) for block in made.blocks]

    def value(*blocks: Any) -> Any:
        return jax.pure_callback(made.value, number, *blocks)

    def forward(*blocks: Any) -> Any:
        return value(*blocks), blocks

    def backward(blocks: Any, cotangent: Any) -> Any:
        return tuple(cotangent * g for g in jax.pure_callback(made.claim, like, *blocks))

    f = jax.custom_vjp(value)
    f.defvjp(forward, backward)
    try:
        import_module("jax.test_util").check_grads(f, made.blocks, order=1, modes=("rev",))
    except AssertionError:
        return [Answer(FAIL)]
    return [Answer(PASS)]


def hips(case: Case) -> list[Answer]:
    made, extend = Numeric(case), import_module("autograd.extend")
    f = extend.primitive(lambda blocks: made.value(*blocks)[()])
    extend.defvjp(f, lambda _, blocks: lambda g: [g * each for each in made.claim(*blocks)])
    np.random.seed(0)  # noqa: NPY002 - what it draws its direction from
    try:
        import_module("autograd.test_util").check_grads(f, modes=["rev"], order=1)(made.blocks)
    except AssertionError:
        return [Answer(FAIL)]
    return [Answer(PASS)]


def tensorflow(case: Case) -> list[Answer]:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    made, tf = Numeric(case), import_module("tensorflow")

    def value(*blocks: Any) -> Any:
        def backward(cotangent: Any) -> Any:
            claim = tf.numpy_function(made.claim, blocks, [made.format] * len(blocks))
            return [cotangent * g for g in tf.nest.flatten(claim)]

        return tf.ensure_shape(tf.numpy_function(made.value, blocks, made.format), ()), backward

    claimed, measured = tf.test.compute_gradient(tf.custom_gradient(value), made.blocks)
    pairs = [pair for pair in zip(claimed, measured, strict=True) if pair[0].size]
    error = max(float(np.max(np.abs(a - b))) for a, b in pairs)
    if any(not np.all(np.isfinite(each)) for pair in pairs for each in pair):
        error = np.nan
    return [agreeing(error < 1e-4), agreeing(error < 1e-3)]


@dataclass(frozen=True)
class Check:
    """A check and its rows in the table.

    Parameters
    ----------
    rows : tuple of str
    where : str
        Whether it says where; with the percentages of wrong gradients for which it names all wrong
        blocks and none else, or one that is wrong.
    run : callable
        A case -> an answer for each row.
    needs : str
        The module that must be installed.
    grows : bool
        Whether its evaluations grow with the number of parameters.
    """

    rows: tuple[str, ...]
    where: str
    run: Callable[[Case], list[Answer]]
    needs: str = "numpy"
    grows: bool = False


OURS = "nudgegrad"
OURS_AS_IT_IS = "nudgegrad, never in float64"
TORCH_32: dict[str, Any] = {"eps": 1e-3, "atol": 1e-2, "rtol": 1e-2}
CHECKS = (
    Check((OURS,), "all blocks in {all} %", ours),
    Check((OURS_AS_IT_IS,), "all blocks in {all} %", ours_as_it_is),
    Check(("course: difference < 2e-7",), "no", course, grows=True),
    Check(("scipy: norm < 1e-6", "scipy: norm < 1e-6 relative"), "no", scipy, "scipy", True),
    Check(("torch",), "a block in {one} %", torch, "torch", True),
    Check(("torch, fast",), "a block in {one} %", partial(torch, fast_mode=True), "torch", True),
    Check(
        ("torch, eps 1e-3, tolerances 1e-2",),
        "a block in {one} %",
        partial(torch, **TORCH_32),
        "torch",
        True,
    ),
    Check(("jax",), "no", jax, "jax"),
    Check(("HIPS autograd",), "no", hips, "autograd"),
    Check(("tf: error < 1e-4", "tf: error < 1e-3"), "two Jacobians", tensorflow, "tensorflow", True),
)
PACKAGES = {
    "numpy": "", "scipy": "", "torch": "", "jax": "", "autograd": "",
    "tensorflow": "tensorflow-cpu",
}  # fmt: skip


def installed(names: Sequence[str] = tuple(PACKAGES)) -> list[Check]:
    """The checks whose packages are there, of those named."""
    return [check for check in CHECKS if check.needs in (*names, "numpy") and find_spec(check.needs)]


# Running them


@dataclass(frozen=True)
class Task:
    """A gradient to be judged.

    Parameters
    ----------
    kind : str
        "right", "wrong", "program", "wrong program" or "trap"; "large" for all others.
    make : callable
        The case, made anew: some have a state.
    base : callable, optional
        For a wrong gradient, the case with the right one.
    """

    kind: str
    make: Callable[[], Case]
    base: Callable[[], Case] | None = None


@dataclass(frozen=True)
class Record:
    """What one row said of one case.

    `due` are the verdicts that are no mistake, `hidden` is the size of the case's mistake over the
    resolution that was promised.
    """

    row: str
    format: str
    kind: str
    name: str
    parameters: int
    verdict: str
    due: tuple[str, ...]
    reason: str = ""
    values: int = 0
    gradients: int = 0
    wrong: frozenset[str] = frozenset()
    named: frozenset[str] = frozenset()
    hidden: float = np.nan

    @property
    def mistaken(self) -> bool:
        """Whether the verdict is a confident one, and wrong."""
        return self.verdict in (PASS, FAIL) and self.verdict not in self.due


def trap(name: str) -> Case:
    """A trap, made anew."""
    return all_traps()[name]


def tasks(few: int | None, programs: int) -> Iterator[Task]:
    """All but the large ones."""
    for name in list(RIGHT)[:few]:
        yield Task("right", partial(RIGHT.__getitem__, name))
    for name in list(WRONG)[:few]:
        base = partial(RIGHT.__getitem__, name.rpartition(": ")[0])
        yield Task("wrong", partial(WRONG.__getitem__, name), base)
    traps = all_traps()
    for name in list(traps)[: few and 3 * few]:
        other = name.rpartition(", ")[0]
        if traps[name].expected != REFUSED:
            twin = partial(trap, other) if traps[name].wrong and other in traps else None
            yield Task("trap", partial(trap, name), twin)
    for seed in range(FIRST, FIRST + programs):
        right_case = program_case(seed)
        yield Task("program", lambda case=right_case: case)  # type: ignore[misc]
        for case in wrong_cases(seed):
            yield Task("wrong program", lambda case=case: case, lambda case=right_case: case)  # type: ignore[misc]


def large_tasks(sizes: Sequence[int]) -> Iterator[Task]:
    for size in sizes:
        for kind in ("dense", "waves"):
            yield Task("large", partial(right, kind, size))
        for name, make in LARGE.items():
            if f", {size}:" in name:
                yield Task("large", make, partial(right, name.partition(",")[0], size))


def finite(case: Case) -> bool:
    numbers = [case.value(), *leaves(case.gradient()).values()]
    return all(np.all(np.isfinite(each)) for each in numbers)


def weighed(case: Case) -> Any:
    """The claim times the size of each parameter."""
    s = scales(*flatten(case.x))
    return flatten(case.gradient())[0] * s


def lengths(case: Case, format: str) -> tuple[float, float]:
    """Of a right gradient, weighed, and of its rounding in a format."""
    rounded = in_format(case, format)
    exact = weighed(in_format(rounded, "float64"))
    return float(np.linalg.norm(exact)), float(np.linalg.norm(weighed(rounded) - exact))


def verdicts_due(task: Task, format: str) -> tuple[str, ...]:
    """The verdicts that are no mistake; where there is no derivative, all but a pass."""
    case = in_format(task.make(), format)
    if case.wrong or case.expected == UNKNOWN or not finite(case):
        return (FAIL,)
    length, rounding = lengths(task.make(), format)
    return (PASS,) if rounding <= UNFIT * length else (PASS, FAIL)


def size_of_mistake(task: Task, format: str) -> float:
    """Relative to the gradient; 0 if it is no larger than the right gradient's rounding in the format."""
    if task.base is None:
        return np.nan
    right_case = task.base()
    mistake = weighed(in_format(task.make(), format)) - weighed(in_format(right_case, format))
    length, rounding = lengths(right_case, format)
    size = float(np.linalg.norm(mistake))
    return 0.0 if size <= rounding else float(np.divide(size, length))


def judged(check: Check, task: Task, format: str, due: tuple[str, ...], size: float) -> list[Record]:
    """What a check says of a case; its own exceptions are `cannot`."""
    made = in_format(task.make(), format)
    f, grad = Counted(made.f), Counted(made.grad)
    count, reason = parameters(made), ""
    answers = [Answer(CANNOT)] * len(check.rows)
    if check.grows and count > LARGEST:
        reason = f"above {LARGEST:,} parameters"
    else:
        try:
            answers = check.run(replace(made, f=f, grad=grad))
        except Exception as error:  # whatever a check raises is what it cannot
            text = str(error).strip().splitlines() or [""]
            reason = f"{type(error).__name__}: {text[-1].strip()}"
    return [
        Record(
            row, format, task.kind, made.name, count, answer.verdict, due, reason, f.count, grad.count,
            made.blocks, answer.named, float(np.divide(size, answer.resolution)),
        )
        for row, answer in zip(check.rows, answers, strict=True)
    ]  # fmt: skip


def run(checks: Sequence[Check], work: Iterable[Task], format: str) -> list[Record]:
    """All records of some tasks in a format."""
    found: list[Record] = []
    for done, task in enumerate(work, start=1):
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            size = size_of_mistake(task, format)
            if size == 0:
                continue
            due = verdicts_due(task, format)
            for check in checks:
                if format != "float64" or check.rows != (OURS_AS_IT_IS,):
                    found += judged(check, task, format, due, size)
        if done % 50 == 0:
            print(f"{format}, {task.kind}: {done}", file=sys.stderr)
    return found


# Tables


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table with its columns aligned."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.rjust(w) if k else cell.ljust(w)
            for k, (cell, w) in enumerate(zip(cells, widths, strict=True))
        ]
        return "| " + " | ".join(padded) + " |"

    ruler = ["-" * w if not k else "-" * (w - 1) + ":" for k, w in enumerate(widths)]
    return [line(head), line(ruler), *map(line, rows)]


def mistakes(records: Iterable[Record], verdict: str) -> int:
    return sum(record.mistaken and record.verdict == verdict for record in records)


def of_kind(records: Iterable[Record], *kinds: str) -> list[Record]:
    return [record for record in records if record.kind in kinds]


def evaluations(records: Iterable[Record]) -> str:
    """Medians over right gradients: of f and of the gradient."""
    known = [r for r in of_kind(records, "right", "program") if r.verdict != CANNOT]
    if not known:
        return "-"
    f = statistics.median(r.values for r in known)
    return f"{f:.0f} + {statistics.median(r.gradients for r in known):.0f}"


def place(check: Check, records: Iterable[Record]) -> str:
    """What the check says of the place of a mistake, of the wrong gradients that failed."""
    failed = [r for r in of_kind(records, "wrong", "wrong program") if r.verdict == FAIL]
    if not failed or "{" not in check.where:
        return check.where if failed else "-"
    shares = {
        "all": sum(r.named == r.wrong for r in failed) / len(failed),
        "one": sum(bool(r.named) and r.named <= r.wrong for r in failed) / len(failed),
    }
    return check.where.format_map({key: f"{100 * share:.3g}" for key, share in shares.items()})


def table(records: list[Record], checks: Sequence[Check]) -> list[str]:
    """One line for each row of each check, of the records of one format."""
    lines = []
    n: Counter[str] = Counter()
    for check, row in [(each, row) for each in checks for row in each.rows]:
        found = [r for r in records if r.row == row]
        if not found:
            continue
        n = Counter(r.kind for r in found)
        lines.append([
            row,
            " + ".join(str(mistakes(of_kind(found, kind), FAIL)) for kind in ("right", "program")),
            " + ".join(str(mistakes(of_kind(found, kind), PASS)) for kind in ("wrong", "wrong program")),
            " + ".join(str(mistakes(of_kind(found, "trap"), verdict)) for verdict in (FAIL, PASS)),
            str(sum(r.verdict == UNSURE for r in found)), str(sum(r.verdict == CANNOT for r in found)),
            evaluations(found), place(check, found),
        ])  # fmt: skip
    head = [
        "check", f"false alarms of {n['right']} + {n['program']}",
        f"misses of {n['wrong']} + {n['wrong program']}", f"wrong about {n['trap']} traps",
        "inconclusive", "cannot", "evaluations", "says where",
    ]  # fmt: skip
    return markdown(head, lines)


def large_table(records: list[Record], checks: Sequence[Check]) -> list[str]:
    """Misses and evaluations by the number of parameters."""
    sizes = sorted({r.parameters for r in records})
    head = ["check", *(f"P = {size:,}" for size in sizes)]
    lines = []
    for row in (row for check in checks for row in check.rows):
        cells = []
        for size in sizes:
            found = [r for r in records if r.row == row and r.parameters == size]
            known = [r for r in found if r.verdict != CANNOT]
            if not found:
                continue
            false = mistakes(known, FAIL)
            cell = f"{mistakes(known, PASS)}" + (f", {false} false alarms" if false else "")
            unsure = sum(r.verdict == UNSURE for r in known)
            cell += f", {unsure} inconclusive" if unsure else ""
            cells.append(f"{cell} ({statistics.median(r.values for r in known):.0f})" if known else "-")
        if cells:
            lines.append([row, *cells])
    return markdown(head, lines)


def ours_mistaken(records: Iterable[Record]) -> list[str]:
    """Our mistakes; those that are smaller than the resolution which was promised are counted only."""
    wrong = [r for r in records if r.row.startswith(OURS) and (r.mistaken or r.verdict == CANNOT)]
    small = Counter((r.format, r.row) for r in wrong if r.verdict == PASS and r.hidden <= 1)
    lines = [f"{f}, {row}: {n} mistakes below the resolution of the pass" for (f, row), n in small.items()]
    for r in wrong:
        if not (r.verdict == PASS and r.hidden <= 1):
            size = f" ({r.hidden:.2g} resolutions)" if np.isfinite(r.hidden) else ""
            lines.append(f"{r.format}, {r.row}: {r.name}: {r.verdict}{size}")
    return lines


def reasons(records: Iterable[Record]) -> list[str]:
    """What the checks could not do, and why."""
    found = Counter(
        (r.format, r.row, r.reason[:100]) for r in records if r.verdict == CANNOT and r.kind != "large"
    )
    return [
        f"{format}, {row}: {count} times {reason}" for (format, row, reason), count in sorted(found.items())
    ]


def versions() -> str:
    others = [f"{m} {metadata.version(package or m)}" for m, package in PACKAGES.items() if find_spec(m)]
    return ", ".join([f"nudgegrad {ng.__version__}", *others])


LEGEND = """\
false alarms: right gradients that are rejected, of the battery + of random programs; misses: wrong ones
that are accepted (a mistake no larger than the right gradient's own rounding in the format is left out);
traps: right ones rejected + accepted ones that are wrong or have no derivative; inconclusive, cannot: of
all these together, and no mistakes; evaluations: of f + of the gradient, the median over right gradients;
says where: of the wrong gradients that fail, all wrong blocks and no other, or one of them."""


def report(records: list[Record], large: list[Record], checks: Sequence[Check], head: str) -> str:
    """All tables with their header."""
    lines = [head, "", LEGEND, ""]
    for format in FORMATS:
        found = [r for r in records if r.format == format]
        if not found:
            continue
        size = statistics.median(r.parameters for r in of_kind(found, "right", "program"))
        lines += [f"{format}; P = {size:.0f} in the median", "", *table(found, checks), ""]
    if large:
        above = len({r.name for r in large if r.parameters > LARGEST})
        each = len({r.name for r in large if r.parameters == large[0].parameters})
        lines += [
            f"float64, {each - 2} wrong gradients among P parameters each (one entry by 1 to 1e-5, a few,",
            "a slice) and 2 right ones: misses (evaluations of f in the median). Checks whose evaluations",
            f"grow with P were not given the {above} gradients of more than {LARGEST:,} parameters", "",
            *large_table(large, checks), "",
        ]  # fmt: skip
    wrong = ours_mistaken([*records, *large])
    lines += [
        "mistakes of nudgegrad:",
        *(wrong or ["none"]),
        "",
        "cannot:",
        *(reasons(records) or ["none"]),
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run the checks and write their tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few cases; nothing is written")
    parser.add_argument("--programs", type=int, default=PROGRAMS, help="random programs")
    parser.add_argument("--formats", default=",".join(FORMATS))
    parser.add_argument("--checks", default=",".join(PACKAGES), help="packages, of those installed")
    options = parser.parse_args()
    checks = installed(options.checks.split(","))
    programs, few = (2, FEW) if options.quick else (options.programs, None)
    records: list[Record] = []
    for format in options.formats.split(","):
        records += run(checks, tasks(few, programs), format)
    sizes = tuple(SIDES)[:2] if options.quick else tuple(SIDES)
    large = run(checks, large_tasks(sizes), "float64")
    head = (
        f"python -m benchmarks.rivals --programs {programs}; seeds from {FIRST}\n{versions()}\n"
        f"{len(RIGHT)} right gradients, {len(WRONG)} wrong ones; {programs} programs with 6 wrong ones each"
    )
    text = report(records, large, checks, head)
    if not options.quick:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "rivals.txt").write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
