"""Derivatives as formulas: the rows' partials composed by the chain rule over a graph, mildly simplified.

A statement's name stands for its value, as learners write it: for ``d = a - y; J = d**2/2`` dJ/da is ``d``.
Powers of one thing are collected, numbers are folded exactly, nothing is multiplied out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce
from html import escape
from typing import Any

from ..graphs.graph import CONSTANT, Graph
from ..graphs.ops import OPS, Op, Term
from ..graphs.program import EXACTLY
from ..sweeps.run import Run
from ..views import notation
from ..views.digits import number
from ..views.mathml import mathml
from .stage import math

MOST = 60  # names, numbers and operations of one formula; a longer one is given up
SMALL = 12  # a denominator that is written below the line: w/12, but 0.05*w
WHOLE = 10**9  # from here on numbers have an exponent
MOST_NODES = 2000  # of a graph that is tried at all
# SymPy's time has no bound: it is asked about graphs and derivatives that took it at most some seconds.
MOST_SYMBOLIC = 24  # nodes of a graph
MOST_OPERATIONS = 30  # of a derivative that is simplified
LONGEST = 10_000  # numerators and denominators of constants
NAMESAKES = (
    "exp", "log", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh",
    "erf",
)  # fmt: skip


@dataclass(frozen=True)
class Product:
    """A number times powers of other things; none of them is a product or a number."""

    number: Fraction
    powers: tuple[tuple[Expression, Fraction], ...]
    size: int = field(compare=False)


@dataclass(frozen=True)
class Applied:
    """A row applied to expressions."""

    row: Op
    args: tuple[Expression, ...]
    size: int = field(compare=False)


Expression = Fraction | str | Product | Applied


class TooLong(Exception):
    """The formula has more than `MOST` parts."""


def derivatives(run: Run) -> dict[str, dict[str, Any] | None]:
    """The derivative of J by each input, as a formula and with the values put in.

    Parameters
    ----------
    run : Run

    Returns
    -------
    dict
        Under each input's name ``text``, ``ml`` (the content of a ``<math>`` element), ``numbers`` (the
        text with values in place of names), ``value`` (None where it does not exist), ``sympy``: what
        SymPy simplifies the derivative to, in terms of the inputs alone, None where it is not installed
        or cannot say it, and ``html``: what the page says of all this, as the items of a list. None in
        place of a formula with more than `MOST` parts.

    Examples
    --------
    >>> import nudgegrad as ng
    >>> found = derivatives(ng.graph("J = w**2").at(w=3))["w"]
    >>> found["text"], found["numbers"], found["value"]
    ('2*w', '2 × 3', 6.0)
    """
    graph = run.graph
    found = chain(graph) if len(graph) <= MOST_NODES else {}
    by_sympy = simplified(graph) if len(graph) <= MOST_SYMBOLIC else {}
    return {
        name: None if found.get(name) is None else _shown(run, name, found[name], by_sympy.get(name))
        for name in graph.inputs
    }


def _shown(run: Run, name: str, found: Any, by_sympy: str | None) -> dict[str, Any]:
    value = run.adjoint(name)
    term = as_term(found)
    held = notation.formula(as_term(found, lambda text: notation.held(run.graph, text)))
    shown = {
        "text": notation.TIGHT.sub(r"\1", notation.formula(term)),
        "ml": mathml(notation.formula(term, "latex")),
        "numbers": notation.filled(run, held),
        "value": value if value - value == 0 else None,
        "sympy": by_sympy,
    }
    return {**shown, "html": "".join(f"<li>{line}</li>" for line in _lines(run, name, shown))}


def _lines(run: Run, name: str, shown: Mapping[str, Any]) -> Iterator[str]:
    """The formula, the values put in, simplified, and how else the derivative is written, as HTML."""
    J, several = run.graph.name(run.graph.output), len(run.graph.inputs) > 1
    sign, other, where = ("∂", "d", "is one") if several else ("d", "∂", "are several")
    latex = r"\partial " if several else r"\mathrm{d}"
    short = mathml(notation.derivative(J, name, "latex", several))
    apart = mathml(rf"\frac{{{latex}}}{{{latex}{name}}}{J}")
    why = f"{J} depends on {'several values' if several else f'{name} alone'}"
    lines = [
        (f"{short}<mo>=</mo>{shown['ml']}", f"derivative of {J} by {name} = {shown['text']}", ""),
        ("", "", f"The values put in: {shown['numbers']} = {number(run.adjoint(name))}."),
        ("", "", f"Simplified by SymPy: {shown['sympy']}." if shown["sympy"] else ""),
        (
            short,
            f"{sign}{J} over {sign}{name}",
            f"has {sign}, as {why}; {other} if there {where}.",
        ),
        (apart, f"{sign} over {sign}{name} of {J}", "says the same."),
        ("", "", f"Programs call it d{J}_d{name}, or d{name} for short: {J} is understood."),
    ]
    for ml, spoken, words in lines:
        formula = f'<span role="img" aria-label="{escape(spoken)}">{math(ml)}</span>' if ml else ""
        if formula or words:
            yield f"{formula} {escape(words)}".strip()


# The chain rule.


def chain(graph: Graph) -> dict[str, Expression | None]:
    """dJ/dinput of every input, None where it is too long."""
    nodes = _nodes(graph)
    found: list[Expression | None] = [Fraction(0)] * len(graph)
    found[graph.output] = Fraction(1)
    for i in range(graph.output, -1, -1):
        row, outer, args = graph.op(i), found[i], graph.args(i)
        if row is None or outer == 0:
            continue
        named = dict(zip((*row.symbols, "y"), (*(nodes[j] for j in args), nodes[i]), strict=True))
        for j, partial in zip(args, row.formulas, strict=True):
            if partial is not None:
                found[j] = _added(found[j], outer, partial, named)
    return {name: found[graph.index(name)] for name in graph.inputs}


def _nodes(graph: Graph) -> list[Expression | None]:
    """What stands for each node: its name, its number, or its operation; J is written out."""
    nodes: list[Expression | None] = []
    for i in range(len(graph)):
        row = graph.op(i)
        if i in graph.names and i != graph.output:
            nodes.append(graph.names[i])
        elif row is None:
            nodes.append(graph.constants[i][0] if graph.codes[i] == CONSTANT else graph.names[i])
        else:
            args = [nodes[j] for j in graph.args(i)]
            nodes.append(_tried(apply, row, args))
    return nodes


def _added(
    before: Expression | None, outer: Expression | None, partial: Term, named: Mapping[str, Any]
) -> Expression | None:
    if before is None or outer is None:
        return None
    return _tried(lambda: plus(before, times(outer, evaluated(partial, named))))


def _tried(make: Callable[..., Expression], *args: Any) -> Expression | None:
    try:
        return make(*args)
    except TooLong:
        return None


def evaluated(term: Term, named: Mapping[str, Any]) -> Expression:
    """A partial with expressions in place of its symbols."""
    if term.op is not None:
        return apply(term.op, [evaluated(a, named) for a in term.args])  # a row's formula: a few deep
    if not isinstance(term.symbol, str):
        return Fraction(term.symbol)
    if named[term.symbol] is None:
        raise TooLong
    found: Expression = named[term.symbol]
    return found


# Expressions that simplify as they are made.


def apply(row: Op, args: Sequence[Expression | None]) -> Expression:
    """A row applied to expressions.

    Raises
    ------
    TooLong
        If it is, or an argument was.
    """
    known = [a for a in args if a is not None]
    if len(known) < len(args):
        raise TooLong
    return SIMPLER[row.name](*known) if row.name in SIMPLER else applied(row, *known)


def applied(row: Op, *args: Expression) -> Expression:
    """A row applied to expressions, as it stands."""
    return Applied(row, args, _counted(1 + sum(map(size, args))))


def size(x: Expression) -> int:
    """How many names, numbers and operations it has."""
    return x.size if isinstance(x, Applied | Product) else 1


def _counted(count: int) -> int:
    if count > MOST:
        raise TooLong
    return count


def product(number: Fraction, powers: Mapping[Expression, Fraction]) -> Expression:
    """A number times powers, as simply as that can be said."""
    left = tuple((base, exponent) for base, exponent in powers.items() if exponent != 0)
    if number == 0 or not left:
        return number
    if number == 1 and len(left) == 1 and left[0][1] == 1:
        return left[0][0]
    count = sum(size(base) + 1 + (exponent != 1) for base, exponent in left)
    return Product(number, left, _counted(count + (abs(number) != 1)))


def factors(x: Expression) -> tuple[Fraction, dict[Expression, Fraction]]:
    """An expression as a number and powers."""
    if isinstance(x, Fraction):
        return x, {}
    if isinstance(x, Product):
        return x.number, dict(x.powers)
    return Fraction(1), {x: Fraction(1)}


def times(x: Expression, z: Expression) -> Expression:
    """x * z."""
    number, powers = factors(x)
    other, more = factors(z)
    for base, exponent in more.items():
        powers[base] = powers.get(base, Fraction(0)) + exponent
    return product(number * other, powers)


def over(x: Expression, z: Expression) -> Expression:
    """x / z."""
    number, powers = factors(z)
    if number == 0:
        return applied(OPS["/"], x, z)
    return times(x, product(1 / number, {base: -exponent for base, exponent in powers.items()}))


def negative(x: Expression) -> Expression:
    """-x."""
    return times(Fraction(-1), x)


def plus(x: Expression, z: Expression) -> Expression:
    """x + z; like terms are one."""
    found = terms(x)
    for term in terms(z):
        number, powers = factors(term)
        alike = next((k for k, known in enumerate(found) if factors(known)[1] == powers), len(found))
        before = factors(found.pop(alike))[0] if alike < len(found) else Fraction(0)
        if number + before != 0:
            found.insert(alike, product(number + before, powers))
    return reduce(_joined, found) if found else Fraction(0)


def terms(x: Expression) -> list[Expression]:
    """What an expression is the sum of; nothing for 0."""
    if isinstance(x, Applied) and x.row.name in ("+", "-"):
        left, right = x.args
        return [*terms(left), *(terms(right) if x.row.name == "+" else map(negative, terms(right)))]
    return [] if x == 0 else [x]


def _joined(x: Expression, z: Expression) -> Expression:
    number, _ = factors(z)
    return applied(OPS["-"], x, negative(z)) if number < 0 else applied(OPS["+"], x, z)


def to_the(x: Expression, z: Expression) -> Expression:
    """x ** z."""
    if not isinstance(z, Fraction):
        return applied(OPS["**"], x, z)
    number, powers = factors(x)
    whole = z.denominator == 1
    if not powers or (whole and number != 1):
        try:
            number = EXACTLY["**"](number, z)
        except (ValueError, ZeroDivisionError):
            return applied(OPS["**"], x, z)
    elif not whole and (number != 1 or len(powers) > 1):
        return product(Fraction(1), {x: z})
    if not whole and any(exponent != 1 for exponent in powers.values()):
        return applied(OPS["**"], x, z)  # (w**2)**0.5 is no w
    return product(number, {base: exponent * z for base, exponent in powers.items()})


def _falling(x: Expression, z: Expression, order: Expression) -> Expression:
    assert isinstance(order, Fraction)
    steps = [plus(z, Fraction(-j)) for j in range(int(order))]
    return times(reduce(times, steps), to_the(x, plus(z, -order)))


SIMPLER: Mapping[str, Callable[..., Expression]] = {
    "+": plus,
    "-": lambda x, z: plus(x, negative(z)),
    "*": times,
    "/": over,
    "neg": negative,
    "copy": lambda x: x,
    "**": to_the,
    "**z": to_the,
    "reciprocal": lambda x: over(Fraction(1), x),
    "falling_power": _falling,
}


# Printing.


def as_term(x: Expression, name: Callable[[str], str] = str) -> Term:
    """An expression as `views.notation` prints it: products as fractions, the sign at the front."""
    if isinstance(x, str):
        return Term(None, (), name(x))
    if isinstance(x, Applied):
        return Term(x.row, tuple(as_term(a, name) for a in x.args))
    number, powers = factors(x)
    above = [_power(base, e, name) for base, e in powers.items() if e > 0]
    below = [_power(base, -e, name) for base, e in powers.items() if e < 0]
    top, bottom = spelled(number)
    if top not in ("1", "-1") or not above:
        above.insert(0, Term(None, (), top))
    elif number < 0:
        above[0] = -above[0]
    if bottom:
        below.insert(0, Term(None, (), bottom))
    found: Term = reduce(OPS["*"], above)
    if below:
        found = OPS["/"](found, reduce(OPS["*"], below))
    return found


def spelled(number: Fraction) -> tuple[str, str]:
    """A number as one above and one below the line: a short fraction, else a decimal to 17 digits."""
    top, bottom = number.numerator, number.denominator
    decimal = repr(float(number))
    short = bottom <= SMALL or (Fraction(decimal) != number and bottom <= SMALL**2)
    if short and abs(top) < WHOLE:
        return str(top), "" if bottom == 1 else str(bottom)
    return decimal.removesuffix(".0"), ""


def _power(base: Expression, exponent: Fraction, name: Callable[[str], str]) -> Term:
    term = as_term(base, name)
    if exponent == 1:
        return term
    raised: Term = OPS["**"](term, as_term(exponent))
    return raised


# SymPy, where it is installed.


def simplified(graph: Graph) -> dict[str, str]:
    """What SymPy makes of dJ/dinput, by input; nothing where it is not installed, lacks an op or might take
    long."""
    if any(max(abs(x.numerator), x.denominator) > LONGEST for x, _ in graph.constants.values()):
        return {}
    try:
        import sympy
    except ImportError:
        return {}
    symbols = {name: sympy.Symbol(name, real=True) for name in graph.inputs}
    rows = _in_sympy(sympy)
    values: list[Any] = []
    for i in range(graph.output + 1):
        row = graph.op(i)
        if row is not None:
            if row.name not in rows:
                return {}
            values.append(rows[row.name](*(values[j] for j in graph.args(i))))
        elif graph.codes[i] == CONSTANT:
            values.append(sympy.Rational(graph.constants[i][0]))
        else:
            values.append(symbols[graph.names[i]])
    J = values[graph.output]
    slopes = {name: sympy.diff(J, symbol) for name, symbol in symbols.items()}
    return {n: str(sympy.simplify(d)) for n, d in slopes.items() if d.count_ops() <= MOST_OPERATIONS}


def _in_sympy(sympy: Any) -> Mapping[str, Callable[..., Any]]:
    """The values of the rows that program text can say, but for those made of pieces."""
    operators: dict[str, Callable[..., Any]] = {
        "+": lambda x, z: x + z,
        "-": lambda x, z: x - z,
        "*": lambda x, z: x * z,
        "/": lambda x, z: x / z,
        "**": lambda x, z: x**z,
        "**z": lambda x, z: x**z,
        "neg": lambda x: -x,
        "copy": lambda x: x,
        "abs": sympy.Abs,
        "min": sympy.Min,
        "max": sympy.Max,
        "relu": lambda x: sympy.Max(x, 0),
        "sigmoid": lambda x: 1 / (1 + sympy.exp(-x)),
        "expm1": lambda x: sympy.exp(x) - 1,
        "log1p": lambda x: sympy.log(1 + x),
        "log2": lambda x: sympy.log(x) / sympy.log(2),
        "log10": lambda x: sympy.log(x) / sympy.log(10),
        "softplus": lambda x: sympy.log(1 + sympy.exp(x)),
        "gelu": lambda x: x * (1 + sympy.erf(x / sympy.sqrt(2))) / 2,
        "silu": lambda x: x / (1 + sympy.exp(-x)),
        "square": lambda x: x**2,
        "reciprocal": lambda x: 1 / x,
        "hypot": lambda x, z: sympy.sqrt(x**2 + z**2),
        "cbrt": lambda x: sympy.sign(x) * sympy.Abs(x) ** sympy.Rational(1, 3),
    }
    return operators | {name: getattr(sympy, name) for name in NAMESAKES}
