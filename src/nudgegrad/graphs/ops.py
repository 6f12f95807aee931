"""The op table: one row per op, and every facet of an op in its row.

A row says what an op is: its value, its partials, how exactly it is rounded, where it exists, where it
has a corner, how far its Taylor series reaches, how it is spelled. Everything else (vjp, jvp, jets,
running errors, the parser's functions, the printers, the test battery) is derived from the table, so
a new op is one line here and one mutant in the tests.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, reduce
from typing import Any

import numpy as np

from ..formats import Format, two_sum
from . import facets

Facet = Callable[..., Any]
Spelled = tuple[str, int]  # a text and how tightly its outermost operator binds

LARGEST_SUBNORMAL = float(np.nextafter(2.0**-1022, 0.0))
LARGE = 2.0**500  # its square still is a number, and 1 does not matter beside it
ATOM = 100  # a name, a number, a call: never needs brackets
COMPARES = 5  # a comparison binds less tightly than arithmetic


class Term:
    """A partial as a formula: what a row's `partials` return when they are given names.

    A term is an op applied to terms, a symbol (``x``, ``z``, ``y``) or a number.
    """

    __slots__ = ("args", "op", "symbol")

    def __init__(self, op: Op | None, args: tuple[Term, ...] = (), symbol: str | float = "") -> None:
        self.op = op
        self.args = args
        self.symbol = symbol

    @staticmethod
    def of(x: Term | float) -> Term:
        """`x` itself, or the number `x` as a term."""
        return x if isinstance(x, Term) else Term(None, (), float(x))

    def __add__(self, other: Term | float) -> Any:
        return OPS["+"](self, other)

    def __radd__(self, other: float) -> Any:
        return OPS["+"](other, self)

    def __sub__(self, other: Term | float) -> Any:
        return OPS["-"](self, other)

    def __rsub__(self, other: float) -> Any:
        return OPS["-"](other, self)

    def __mul__(self, other: Term | float) -> Any:
        return OPS["*"](self, other)

    def __rmul__(self, other: float) -> Any:
        return OPS["*"](other, self)

    def __neg__(self) -> Any:
        return OPS["neg"](self)


@dataclass(frozen=True, eq=False)
class Op:
    """One row: an elementwise op with all its facets.

    Parameters
    ----------
    name : str
        In program text: a function's name or an operator.
    value : callable
        ``value(x, ...)`` on arrays of one dtype: the op as it is computed.
    partials : callable
        ``partials(x, ..., y)`` -> one derivative per argument, written with operators and rows, so that it
        can be evaluated on arrays and on `Term`. None for an argument that is a fixed number.
    half_ulps : float or mapping
        Rounding claim: the error of `value` in half-ulps of the result is at most this; per format
        under the format's name, ``"else"`` for the others. 0 is exact, 1 correctly rounded. At 16 bits
        1.01 goes without saying: one function of NumPy's, or bfloat16, is computed in float32.
    domain : callable, optional
        Signed margin: positive inside the domain on which the derivatives exist, its distance to the edge.
    edges : tuple of int
        Which arguments `domain` is about: it bounds the sum of their movements.
    domain_text : str
        The domain in words, for errors: ``"x > 0"``.
    kink : callable, optional
        Signed margin: its sign says on which side of the corner the arguments are.
    sides : tuple of int
        Which arguments `kink` is about.
    kink_text : str
        Where the corner is, in words, if `kink` is no formula: ``"every whole x"``.
    reach : float, optional
        How far `phase` may move before the Taylor series misleads. A row with several corners counts in
        `phase` those that lie below: so no nudge jumps across two of them.
    phase : callable
        What `reach` measures: the first argument, unless said otherwise.
    saturates : bool
        Whether the op goes flat for large arguments, where any movement is harmless.
    degree : callable, optional
        ``degree(degrees, args)``: polynomial degree of the result in some variable from those of the
        arguments (arrays, inf included) and their values, on one side of a kink; None: infinite.
    exact : callable, optional
        ``exact(fmt, x, ..., y)``: where the result is sure to need no rounding.
    residual : callable, optional
        ``residual(x, ..., y)``: computed minus exact result on the computed operands, in float64; nan where
        it cannot be known.
    exactly : callable, optional
        ``exactly(m, x, ...)``: the value on rationals or on intervals, arguments of one kind; `m` has
        ``power, times, exp, expm1, log, log1p, sqrt, sin, cos, sinh, atan, atan2, erf, erfc, floor, nint``
        of both. Without it the lab has no exact answers for the op.
    tape : callable, optional
        ``tape(x, ...)`` on `Term`: the value composed of other rows, operation for operation as `value`
        computes it; `wide` and `choose` help. Without it the row is a primitive: whoever computes by tapes,
        as the browser does, has a value of this name.
    shown : callable, optional
        ``shown(x, ...)`` on `Term`: how formulas spell the row, if not by its own name.
    text, latex : str
        Templates of the notation, one ``{}`` an argument.
    binds : int
        How tightly an operator binds; `ATOM` for calls.
    loose : tuple of int
        How tightly each argument must bind to go without brackets.
    latex_binds, latex_loose
        The same for LaTeX, where a fraction or a root brackets by itself.
    parsed : bool
        Whether program text can say it by this name.
    folds : bool
        Whether program text may give it more than two arguments, to be taken two at a time.
    internal : bool
        Whether only other rows' partials use it.
    letters : str
        Names of the arguments in formulas; `k` is the order of a derivative, a whole number.
    """

    name: str
    value: Facet
    partials: Facet
    arity: int = 1
    half_ulps: float | Mapping[str, float] = 1
    domain: Facet | None = None
    edges: tuple[int, ...] = (0,)
    domain_text: str = ""
    kink: Facet | None = None
    sides: tuple[int, ...] = (0, 1, 2)
    kink_text: str = ""
    reach: float | None = None
    phase: Facet = field(default=lambda x, *_: x)
    saturates: bool = False
    degree: Facet | None = None
    exact: Facet | None = None
    residual: Facet | None = None
    exactly: Facet | None = None
    tape: Facet | None = None
    shown: Facet | None = None
    text: str = ""
    latex: str = ""
    binds: int = ATOM
    loose: tuple[int, ...] = ()
    latex_binds: int | None = None
    latex_loose: tuple[int, ...] | None = None
    parsed: bool = True
    folds: bool = False
    internal: bool = False
    letters: str = "xzt"

    def __call__(self, *args: Any) -> Any:
        """The value on arrays, or the formula if any argument is a `Term`."""
        if any(isinstance(a, Term) for a in args):
            return Term(self, tuple(Term.of(a) for a in args))
        return self.value(*args)

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    @cached_property
    def symbols(self) -> tuple[str, ...]:
        """Names of the arguments in formulas: x, or x and z, or x, z and t."""
        return tuple(self.letters[: self.arity])

    @cached_property
    def formulas(self) -> tuple[Term | None, ...]:
        """The partials as formulas in x, z and the result y."""
        names = [Term(None, (), s) for s in (*self.symbols, "y")]
        return tuple(None if p is None else Term.of(p) for p in self.partials(*names))

    @property
    def jumps(self) -> bool:
        """Whether the op is constant but for its corners, where its value jumps."""
        return all(f is not None and f.op is None and f.symbol == 0 for f in self.formulas)

    @property
    def corner(self) -> str:
        """The word for a corner of this op."""
        return "jump" if self.jumps else "corner"

    def claim(self, fmt: Format) -> float:
        """The rounding claim in half-ulps of the result, in one format."""
        claims = self.half_ulps
        if isinstance(claims, int | float):
            claim: float = claims
        elif fmt.name in claims:
            return claims[fmt.name]
        else:
            claim = claims["else"]
        return 1.01 if claim > 1 and fmt.precision < 24 else claim  # computed in float32 and rounded once

    def degree_of(self, degrees: Sequence[Any], args: Sequence[Any]) -> Any:
        """Polynomial degree of the result, given those of the arguments and their values."""
        moves = reduce(np.logical_or, [np.asarray(d) > 0 for d in degrees])
        with np.errstate(invalid="ignore"):
            found = math.inf if self.degree is None else self.degree(degrees, args)
        return np.where(moves, found, 0.0)

    def spell(self, args: Sequence[Spelled], style: str = "text") -> Spelled:
        """The op applied to spelled arguments: its text and how tightly that binds."""
        template, binds, loose, left, right = self.text, self.binds, self.loose, "(", ")"
        if style == "latex":
            template, left, right = self.latex, "\\left(", "\\right)"
            binds = self.binds if self.latex_binds is None else self.latex_binds
            loose = self.latex_loose or self.loose or (ATOM,) * self.arity
        if not template:
            template = f"{self.name}({', '.join(['{}'] * self.arity)})"
        needs = loose or (0,) * self.arity
        spelled = [
            f"{left}{text}{right}" if tight < need else text
            for (text, tight), need in zip(args, needs, strict=True)
        ]
        return template.format(*spelled), binds


OPS: dict[str, Op] = {}


def op(name: str, value: Facet, partials: Facet, **others: Any) -> Op:
    """Enter a row into the table."""
    OPS[name] = row = Op(name, value, partials, **others)
    return row


def composed(name: str, value: Facet, partials: Facet, half_ulps: float, **others: Any) -> Op:
    """Enter a row whose value is composed of other rows, in float64, and rounded once: a narrow format sees
    no more than that of the `half_ulps` in float64."""
    claims = {"float64": half_ulps, "else": 1.01}
    tape = lambda *args: wide(value(*args))
    return op(name, facets.in_float64(value), partials, half_ulps=claims, tape=tape, **others)


def comparison(name: str, holds: Facet, latex: str, tape: Facet) -> Op:
    """Enter a row that is 1 where two numbers compare so, else 0."""
    return op(
        name, facets.one_or_zero(holds), lambda x, z, y: (0, 0), arity=2, half_ulps=0,
        kink=lambda x, z: x - z, degree=facets.no_degree,
        text=f"{{}} {name} {{}}", binds=COMPARES, loose=(COMPARES + 1, COMPARES + 1),
        latex=f"[{{}} {latex} {{}}]", latex_binds=ATOM,
        exactly=lambda m, x, z: int(bool(holds(x, z))), tape=tape,
    )  # fmt: skip


def _gelu(x: Any) -> Any:
    """x times the normal distribution; where that would be subnormal, by its asymptotic series
    (Abramowitz & Stegun 1964, 26.2.12)."""
    q = div(1, minimum(x, -30) * minimum(x, -30))
    series: Any = 1 - 11 * q
    for k in (9, 7, 5, 3, 1):
        series = 1 - k * (q * series)
    return choose(37 + x, x * normal_cdf(x), -(normal_density(x) * series))


def _silu(x: Any) -> Any:
    """x times the sigmoid; where that would be subnormal, the exponential in two halves."""
    half = exp(0.5 * minimum(x, 0))
    return choose(700 + x, x * sigmoid(x), (x * half) * half)


# The rows. Arithmetic first; then functions; last, what only partials use.

add: Op = op(
    "+", np.add, lambda x, z, y: (1, 1), arity=2, degree=facets.larger, exact=facets.sum_is_exact,
    residual=facets.sum_residual, text="{} + {}", latex="{} + {}", binds=10, loose=(10, 11),
    exactly=lambda m, x, z: x + z,
)  # fmt: skip
sub: Op = op(
    "-", np.subtract, lambda x, z, y: (1, -1), arity=2, degree=facets.larger, exact=facets.sum_is_exact,
    residual=lambda x, z, y: facets.sum_residual(x, -z, y),
    text="{} - {}", latex="{} - {}", binds=10, loose=(10, 11),
    exactly=lambda m, x, z: x - z,
)  # fmt: skip
mul: Op = op(
    "*", np.multiply, lambda x, z, y: (z, x), arity=2, degree=lambda d, _: d[0] + d[1],
    exact=facets.product_is_exact, residual=facets.product_residual,
    text="{} * {}", latex=r"{} \cdot {}", binds=12, loose=(12, 13),
    exactly=lambda m, x, z: x * z,
)  # fmt: skip
div: Op = op(
    "/", np.divide, lambda x, z, y: (reciprocal(z), -(y * reciprocal(z))), arity=2,
    domain=lambda x, z: np.abs(z), edges=(1,), domain_text="z != 0",
    degree=lambda d, _: np.where(d[1] > 0, np.inf, d[0]),
    exact=facets.quotient_is_exact, residual=facets.quotient_residual,
    text="{} / {}", binds=12, loose=(12, 13),
    latex=r"\frac{{{}}}{{{}}}", latex_binds=26, latex_loose=(0, 0),
    exactly=lambda m, x, z: x / z,
)  # fmt: skip
neg: Op = op(
    "neg", np.negative, lambda x, y: (-1,), half_ulps=0, degree=lambda d, _: d[0],
    text="-{}", latex="-{}", binds=20, loose=(20,),
    exactly=lambda m, x: -x,
)  # fmt: skip
copy: Op = op(
    "copy", np.positive, lambda x, y: (1,), half_ulps=0, degree=lambda d, _: d[0],
    text="{}", latex="{}", binds=1, loose=(0,), parsed=False,
    exactly=lambda m, x: x,
)  # fmt: skip
power: Op = op(
    "**", facets.power, lambda x, z, y: (falling_power(x, z, 1), None), arity=2,
    half_ulps=facets.POWER_CLAIM, domain=facets.power_domain,
    domain_text="x > 0, or a whole exponent (x != 0 if it is negative)",
    degree=facets.power_degree, residual=facets.power_residual, reach=1, phase=facets.power_phase,
    text="{} ** {}", latex="{}^{{{}}}", binds=30, loose=(31, 20), latex_loose=(31, 0),
    exactly=facets.exact_power,
)  # fmt: skip
variable_power: Op = op(
    "**z", facets.power, lambda x, z, y: (z * variable_power(x, z - 1), log(x) * y), arity=2,
    half_ulps=facets.POWER_CLAIM, domain=facets.power_domain, domain_text=power.domain_text,
    residual=facets.power_residual,
    reach=1, phase=lambda x, z: (z - 1) * np.log(np.abs(x)),
    text="{} ** {}", latex="{}^{{{}}}", binds=30, loose=(31, 20), latex_loose=(31, 0), parsed=False,
    exactly=facets.exact_power,
    tape=power,
)  # fmt: skip
absolute: Op = op(
    "abs", np.abs, lambda x, y: (step(x) - step(-x),), half_ulps=0, kink=lambda x: x,
    degree=lambda d, _: d[0], latex=r"\left|{}\right|", latex_loose=(0,),
    exactly=lambda m, x: abs(x),
)  # fmt: skip
minimum: Op = op(
    "min", np.minimum, lambda x, z, y: (step(z - x), 1 - step(z - x)), arity=2, half_ulps=0,
    kink=lambda x, z: x - z, degree=facets.larger, latex=r"\min({}, {})", latex_loose=(0, 0), folds=True,
    exactly=lambda m, x, z: x if x < z else z,
)  # fmt: skip
maximum: Op = op(
    "max", np.maximum, lambda x, z, y: (step(x - z), 1 - step(x - z)), arity=2, half_ulps=0,
    kink=lambda x, z: x - z, degree=facets.larger, latex=r"\max({}, {})", latex_loose=(0, 0), folds=True,
    exactly=lambda m, x, z: x if x > z else z,
)  # fmt: skip
relu: Op = op(
    "relu", lambda x: np.maximum(x, 0), lambda x, y: (step(x),), half_ulps=0, kink=lambda x: x,
    degree=lambda d, _: d[0], latex=r"\operatorname{{relu}} {}",
    exactly=lambda m, x: x if x > 0 else 0 * x,
    tape=lambda x: maximum(x, 0),
)  # fmt: skip
exp: Op = op(
    "exp", np.exp, lambda x, y: (y,), half_ulps={"float32": 5.25, "else": 1.5}, reach=1,
    latex="e^{{{}}}", latex_binds=30, latex_loose=(0,),
    exactly=lambda m, x: m.exp(x),
)  # fmt: skip
log: Op = op(
    "log", np.log, lambda x, y: (reciprocal(x),), half_ulps={"float32": 7.75, "else": 1.5},
    domain=lambda x: x, domain_text="x > 0", latex=r"\ln {}",
    exactly=lambda m, x: m.log(x),
)  # fmt: skip
sqrt: Op = op(
    "sqrt", np.sqrt, lambda x, y: (0.5 * reciprocal(y),), domain=lambda x: x, domain_text="x >= 0",
    residual=facets.sqrt_residual, latex=r"\sqrt{{{}}}", latex_loose=(0,),
    exactly=lambda m, x: m.sqrt(x),
)  # fmt: skip
sin: Op = op(
    "sin", np.sin, lambda x, y: (cos(x),), half_ulps={"float32": 3, "else": 1.5}, reach=1,
    latex=r"\sin {}",
    exactly=lambda m, x: m.sin(x),
)  # fmt: skip
cos: Op = op(
    "cos", np.cos, lambda x, y: (-sin(x),), half_ulps={"float32": 3, "else": 1.5}, reach=1,
    latex=r"\cos {}",
    exactly=lambda m, x: m.cos(x),
)  # fmt: skip
tanh: Op = op(
    "tanh", np.tanh, lambda x, y: (tanh_slope(x),), half_ulps={"float32": 3, "else": 2.5}, reach=1,
    saturates=True, latex=r"\tanh {}",
    exactly=lambda m, x: 1 - 2 / (m.exp(2 * x) + 1),
)  # fmt: skip
sigmoid: Op = op(
    "sigmoid", facets.sigmoid, lambda x, y: (sigmoid_slope(x),), reach=1,
    half_ulps={"float32": 8, "float16": 4, "else": 5.5}, saturates=True,
    latex=r"\sigma({})", latex_loose=(0,),
    exactly=lambda m, x: 1 / (m.exp(-x) + 1),
    tape=lambda x: div(exp(minimum(x, 0)), 1 + exp(-absolute(x))),
)  # fmt: skip

expm1: Op = op(
    "expm1", np.expm1, lambda x, y: (exp(x),), half_ulps=2, reach=1, saturates=True,
    latex="e^{{{}}} - 1", latex_binds=10, latex_loose=(0,),
    exactly=lambda m, x: m.expm1(x),
)  # fmt: skip
log1p: Op = op(
    "log1p", np.log1p, lambda x, y: (reciprocal(1 + x),), half_ulps=2,
    domain=lambda x: 1 + x, domain_text="x > -1", latex=r"\ln\left(1 + {}\right)", latex_loose=(11,),
    exactly=lambda m, x: m.log1p(x),
)  # fmt: skip
log2: Op = op(
    "log2", np.log2, lambda x, y: (log2_slope(x),), half_ulps={"float32": 2, "else": 1.5},
    domain=lambda x: x, domain_text="x > 0", latex=r"\log_{{2}} {}",
    exactly=lambda m, x: m.log(x) / m.log(2),
)  # fmt: skip
log10: Op = op(
    "log10", np.log10, lambda x, y: (log10_slope(x),), half_ulps={"float32": 5, "else": 3.5},
    domain=lambda x: x, domain_text="x > 0", latex=r"\log_{{10}} {}",
    exactly=lambda m, x: m.log(x) / m.log(10),
)  # fmt: skip
tan: Op = op(
    "tan", np.tan, lambda x, y: (1 + y * y,), half_ulps={"float32": 3, "else": 1.5},
    domain=facets.tan_domain, domain_text="cos(x) != 0", latex=r"\tan {}",
    exactly=lambda m, x: m.sin(x) / m.cos(x),
)  # fmt: skip
asin: Op = op(
    "asin", np.arcsin, lambda x, y: (reciprocal(sqrt((1 - x) * (1 + x))),),
    half_ulps={"float32": 2, "else": 1.5},
    domain=lambda x: 1 - np.abs(x), domain_text="-1 <= x <= 1", latex=r"\arcsin {}",
    exactly=facets.exact_asin,
)  # fmt: skip
acos: Op = op(
    "acos", np.arccos, lambda x, y: (-reciprocal(sqrt((1 - x) * (1 + x))),),
    half_ulps={"float32": 2, "else": 1.5},
    domain=lambda x: 1 - np.abs(x), domain_text="-1 <= x <= 1", latex=r"\arccos {}",
    exactly=lambda m, x: 2 * m.atan(1) - facets.exact_asin(m, x),
)  # fmt: skip
atan: Op = op(
    "atan", np.arctan, lambda x, y: (atan_slope(x),), half_ulps={"float32": 2, "else": 1.5},
    reach=0.5, phase=np.arcsinh, latex=r"\arctan {}",
    exactly=lambda m, x: m.atan(x),
)  # fmt: skip
atan2: Op = op(
    "atan2", lambda x, z: np.arctan2(x + 0.0, z),  # the angle of -0.0 is that of 0
    lambda x, z, y: (div(div(z, hypot(x, z)), hypot(x, z)), -div(div(x, hypot(x, z)), hypot(x, z))),
    arity=2, half_ulps={"float32": 3.5, "else": 1.5},
    domain=facets.angle_domain, edges=(0, 1), domain_text="x != 0 or z > 0",
    latex=r"\operatorname{{atan2}}({}, {})", latex_loose=(0, 0),
    exactly=lambda m, x, z: m.atan2(x, z),
)  # fmt: skip
sinh: Op = op(
    "sinh", np.sinh, lambda x, y: (cosh(x),), half_ulps=4, reach=1, latex=r"\sinh {}",
    exactly=lambda m, x: m.sinh(x),
)  # fmt: skip
cosh: Op = op(
    "cosh", np.cosh, lambda x, y: (sinh(x),), half_ulps=4, reach=1 / 16, latex=r"\cosh {}",
    exactly=lambda m, x: (m.exp(x) + m.exp(-x)) / 2,
)  # fmt: skip
softplus: Op = composed(
    "softplus", lambda x: maximum(x, 0) + log1p(exp(-absolute(x))), lambda x, y: (sigmoid(x),),
    half_ulps=3, reach=0.25, latex=r"\operatorname{{softplus}} {}",
    exactly=lambda m, x: m.log1p(m.exp(x)),
)  # fmt: skip
leaky_relu: Op = op(
    "leaky_relu", lambda x: np.where(x > 0, x, x / 100), lambda x, y: (step(x) + div(1 - step(x), 100),),
    kink=lambda x: x, degree=lambda d, _: d[0], exact=lambda fmt, x, y: x >= 0,
    residual=lambda x, y: np.where(x > 0, 0.0, facets.quotient_residual(x, 100.0, y)),
    latex=r"\operatorname{{leakyrelu}} {}",
    exactly=lambda m, x: x if x > 0 else x / 100,
    tape=lambda x: choose(x, x, div(x, 100)),
)  # fmt: skip
gelu: Op = composed(  # exactly, with the error function; not by tanh
    "gelu", _gelu, lambda x, y: (normal_cdf(x) + normal_density(x) * x,),
    half_ulps=8, reach=1, phase=lambda x: x * (1 + np.abs(x) / 2), latex=r"\operatorname{{gelu}} {}",
    exactly=lambda m, x: m.times(x, facets.exact_normal_cdf(m, x)),
)  # fmt: skip
silu: Op = composed(
    "silu", _silu, lambda x, y: (sigmoid(x) + sigmoid_slope(x) * x,),
    half_ulps=5.5, reach=1, latex=r"\operatorname{{silu}} {}",
    exactly=lambda m, x: m.times(x, 1 / (m.exp(-x) + 1)),
)  # fmt: skip
erf: Op = op(
    "erf", facets.erf, lambda x, y: (erf_slope(x),), half_ulps={"float64": 2.5, "else": 1.01},
    reach=1, phase=lambda x: x * (1 + np.abs(x)), saturates=True, latex=r"\operatorname{{erf}} {}",
    exactly=lambda m, x: m.erf(x),
)  # fmt: skip
square: Op = op(
    "square", np.square, lambda x, y: (2 * x,), degree=lambda d, _: 2 * d[0],
    exact=lambda fmt, x, y: facets.product_is_exact(fmt, x, x, y),
    residual=lambda x, y: facets.product_residual(x, x, y),
    latex="{}^{{2}}", latex_binds=30, latex_loose=(31,),
    exactly=lambda m, x: m.power(x, 2),
    tape=lambda x: x * x,
)  # fmt: skip
reciprocal: Op = op(
    "reciprocal", lambda x: 1 / x, lambda x, y: (-(y * y),), domain=np.abs, domain_text="x != 0",
    exact=lambda fmt, x, y: facets.quotient_is_exact(fmt, 1.0, x, y),
    residual=lambda x, y: facets.quotient_residual(1.0, x, y),
    latex=r"\frac{{1}}{{{}}}", latex_binds=26, latex_loose=(0,),
    exactly=lambda m, x: 1 / x,
    tape=lambda x: div(1, x),
    shown=lambda x: div(1, x),
)  # fmt: skip
hypot: Op = op(
    "hypot", np.hypot, lambda x, z, y: (div(x, y), div(z, y)), arity=2,
    half_ulps={"float64": 1.25, "else": 1.01},
    domain=np.hypot, edges=(0, 1), domain_text="x != 0 or z != 0", residual=facets.hypot_residual,
    latex=r"\sqrt{{{}^{{2}} + {}^{{2}}}}", latex_loose=(31, 31),
    exactly=lambda m, x, z: m.sqrt(x * x + z * z),
)  # fmt: skip
cbrt: Op = op(
    "cbrt", facets.cbrt, lambda x, y: (reciprocal(3 * (y * y)),), half_ulps={"float64": 1.25, "else": 1.01},
    domain=np.abs, domain_text="x != 0", residual=facets.cbrt_residual,
    latex="{}^{{1/3}}", latex_binds=30, latex_loose=(31,),
    exactly=facets.exact_cbrt,
)  # fmt: skip

# Choices, and what is constant between its corners.

less: Op = comparison("<", operator.lt, "<", lambda x, z: step(z - x))
less_or_equal: Op = comparison("<=", operator.le, r"\le", lambda x, z: 1 - step(x - z))
greater: Op = comparison(">", operator.gt, ">", lambda x, z: step(x - z))
greater_or_equal: Op = comparison(">=", operator.ge, r"\ge", lambda x, z: 1 - step(z - x))
equal: Op = comparison("==", operator.eq, "=", lambda x, z: (1 - step(x - z)) - step(z - x))
not_equal: Op = comparison("!=", operator.ne, r"\ne", lambda x, z: step(x - z) + step(z - x))
where: Op = op(  # comparisons are 1 or 0: the corner lies between, so that none of them stands on it
    "where", lambda x, z, t: np.where(x > 0.5, z, t),
    lambda x, z, t, y: (0, step(x - 0.5), 1 - step(x - 0.5)),
    arity=3, half_ulps=0, kink=lambda x, z, t: x - 0.5, sides=(0,), degree=facets.chosen_degree,
    latex=r"\operatorname{{where}}({}, {}, {})", latex_loose=(0, 0, 0),
    exactly=lambda m, x, z, t: z if 2 * x > 1 else t,
    tape=lambda x, z, t: choose(x - 0.5, z, t),
)  # fmt: skip
sign: Op = op(
    "sign", np.sign, lambda x, y: (0,), half_ulps=0, kink=lambda x: x, degree=facets.no_degree,
    latex=r"\operatorname{{sign}} {}",
    exactly=lambda m, x: 1 if x > 0 else -1 if x < 0 else 0 * x,
)  # fmt: skip
floor: Op = op(
    "floor", np.floor, lambda x, y: (0,), half_ulps=0,
    kink=facets.beside_whole, kink_text="every whole x", reach=0.5, phase=np.floor, degree=facets.no_degree,
    latex=r"\lfloor {} \rfloor", latex_loose=(0,),
    exactly=lambda m, x: m.floor(x),
)  # fmt: skip
rounded: Op = op(  # to even half-way, as Python and NumPy do
    "round", np.rint, lambda x, y: (0,), half_ulps=0,
    kink=facets.beside_half, kink_text="every x half-way between whole numbers",
    reach=0.5, phase=np.rint, degree=facets.no_degree, latex=r"\operatorname{{round}} {}",
    exactly=lambda m, x: m.nint(x),
    tape=lambda x: wide(choose(2.0**51 - absolute(x), (x + 1.5 * 2.0**52) - 1.5 * 2.0**52, x)),
)  # fmt: skip
clip: Op = op(
    "clip", facets.clip,
    lambda x, z, t, y: (step(x - z) * step(t - x), 1 - step(x - z), 1 - step(t - x)),
    arity=3, half_ulps=0, domain=lambda x, z, t: t - z, edges=(1, 2), domain_text="bounds in order",
    kink=lambda x, z, t: minimum(x - z, t - x), kink_text="x = z and x = t",
    reach=0.5, phase=facets.corners_below, degree=facets.clip_degree,
    latex=r"\operatorname{{clip}}({}, {}, {})", latex_loose=(0, 0, 0),
    exactly=facets.exact_clip,
    tape=lambda x, z, t: choose(z - t, div(z - z, z - z), minimum(maximum(x, z), t)),
)  # fmt: skip

# Rows that only partials use: forms of a derivative that lose nothing where the obvious one cancels.

falling_power: Op = op(
    "falling_power", facets.falling_power, lambda x, z, k, y: (falling_power(x, z, k + 1), None, None),
    arity=3, letters="xzk", half_ulps={"float64": 7, "else": 1.01},
    domain=lambda x, z, k: facets.power_domain(x, z), domain_text=power.domain_text, internal=True,
    text="{1} * {0} ** ({1} - {2})", latex="{1} {0}^{{{1} - {2}}}", binds=12, loose=(31, 31, 31),
    exactly=facets.exact_falling_power,
    tape=lambda x, z, k: _falling_power_tape(x, z, k.symbol),
)  # fmt: skip
tanh_slope: Op = op(  # 1 - tanh(x)^2 underflows to 0 for |x| > 19, this does not
    "tanh_slope", facets.tanh_slope, lambda x, y: (-2 * (tanh(x) * y),), reach=1,
    half_ulps={"float32": 12, "float16": 7, "else": 9.5}, saturates=True,
    text="1 - tanh({}) ** 2", latex=r"1 - \tanh^2 {}", binds=10, internal=True,
    exactly=lambda m, x: 4 / ((m.exp(x) + m.exp(-x)) * (m.exp(x) + m.exp(-x))),
    tape=lambda x: 4 * sigmoid_slope(2 * x),
)  # fmt: skip
sigmoid_slope: Op = op(  # s (1 - s) loses all digits for large x, this does not
    "sigmoid_slope", facets.sigmoid_slope, lambda x, y: (-(tanh(0.5 * x) * y),), reach=1,
    half_ulps={"float32": 12, "float16": 7, "else": 9.5}, saturates=True,
    text="sigmoid({0}) * (1 - sigmoid({0}))", latex=r"\sigma({0})(1 - \sigma({0}))", latex_loose=(0,),
    binds=12, internal=True,
    exactly=lambda m, x: 1 / ((m.exp(x) + 1) * (m.exp(-x) + 1)),
    tape=lambda x: div(exp(-absolute(x)), (1 + exp(-absolute(x))) * (1 + exp(-absolute(x)))),
)  # fmt: skip
log2_slope: Op = composed(
    "log2_slope", lambda x: div(math.log2(math.e), x), lambda x, y: (-(y * reciprocal(x)),),
    half_ulps=1.5, domain=np.abs, domain_text="x != 0", internal=True,
    text="1 / ({} * log(2))", latex=r"\frac{{1}}{{{} \ln 2}}", binds=12, loose=(12,), latex_binds=26,
    exactly=lambda m, x: 1 / m.times(x, m.log(2)),
)  # fmt: skip
log10_slope: Op = composed(
    "log10_slope", lambda x: div(math.log10(math.e), x), lambda x, y: (-(y * reciprocal(x)),),
    half_ulps=1.75, domain=np.abs, domain_text="x != 0", internal=True,
    text="1 / ({} * log(10))", latex=r"\frac{{1}}{{{} \ln 10}}", binds=12, loose=(12,), latex_binds=26,
    exactly=lambda m, x: 1 / m.times(x, m.log(10)),
)  # fmt: skip
atan_slope: Op = composed(  # for large x, x * x overflows, this does not
    "atan_slope", lambda x: choose(LARGE - absolute(x), div(1, 1 + x * x), div(div(1, x), x)),
    lambda x, y: (-2 * ((x * y) * y),), half_ulps=4.25, reach=0.5, phase=np.arcsinh, internal=True,
    text="1 / (1 + {} ** 2)", latex=r"\frac{{1}}{{1 + {}^{{2}}}}", binds=12, loose=(31,), latex_binds=26,
    exactly=lambda m, x: 1 / (1 + x * x),
)  # fmt: skip
erf_slope: Op = composed(
    "erf_slope", lambda x: facets.bell(x, 1.0, 2 / math.sqrt(math.pi), exp, minimum, absolute),
    lambda x, y: (-2 * (x * y),), half_ulps=4,
    reach=1, phase=lambda x: x * (1 + np.abs(x)), internal=True,
    text=f"{2 / math.sqrt(math.pi)!r} * exp(-{{}} ** 2)", binds=12, loose=(31,),
    latex=r"\frac{{2}}{{\sqrt{{\pi}}}} e^{{-{}^{{2}}}}",
    exactly=lambda m, x: m.exp(-x * x) / m.sqrt(m.atan(1)),
)  # fmt: skip
normal_cdf: Op = op(
    "normal_cdf", facets.normal_cdf, lambda x, y: (normal_density(x),),
    half_ulps={"float64": 7.5, "else": 1.01},
    reach=1, phase=lambda x: x * (1 + np.abs(x) / 2), internal=True,
    text="(1 + erf({} / sqrt(2))) / 2", binds=12, loose=(12,),
    latex=r"\frac{{1}}{{2}} \left(1 + \operatorname{{erf}} \frac{{{}}}{{\sqrt{{2}}}}\right)",
    latex_loose=(0,),
    exactly=facets.exact_normal_cdf,
)  # fmt: skip
normal_density: Op = composed(
    "normal_density", lambda x: facets.bell(x, 0.5, 1 / math.sqrt(2 * math.pi), exp, minimum, absolute),
    lambda x, y: (-(x * y),), half_ulps=5.5,
    reach=1, phase=lambda x: x * (1 + np.abs(x) / 2), internal=True,
    text=f"{1 / math.sqrt(2 * math.pi)!r} * exp(-{{}} ** 2 / 2)", binds=12, loose=(31,),
    latex=r"\frac{{1}}{{\sqrt{{2 \pi}}}} e^{{-{}^{{2}} / 2}}",
    exactly=lambda m, x: m.exp(-x * x / 2) / m.sqrt(8 * m.atan(1)),
)  # fmt: skip
step: Op = op(
    "step", facets.step, lambda x, y: (0,), half_ulps=0, kink=lambda x: x, degree=lambda d, _: 0 * d[0],
    latex=r"[{} > 0]", latex_loose=(0,), internal=True,
    exactly=lambda m, x: 0 * x + 1 if x > 0 else 0 * x,
)  # fmt: skip

# What tapes need besides rows. No program says it and nothing is differentiated through it: it is no row.

wide: Op = Op(
    "wide", lambda x: x, lambda x, y: ()
)  # x computed in float64, then rounded to the format once
choose: Op = Op("where", lambda x, z, t: np.where(x > 0, z, t), lambda x, z, t, y: (), arity=3)


def _falling_power_tape(x: Term, z: Term, order: float) -> Any:
    """`facets.falling_power` with its order put in; exact factors for whole exponents and for order 1."""
    factor: Any = z
    for j in range(1, int(order)):
        factor = factor * (z - j)
    exponent, lost = two_sum(z, Term.of(-order))
    whole = power(x, exponent)
    half = power(absolute(x), 0.5 * exponent)
    sign = choose(whole, 1, choose(div(1, whole), 1, -1))  # that of a zero, too
    inside = minimum(absolute(whole) - LARGEST_SUBNORMAL, div(1, absolute(whole)))
    product = choose(inside, factor * whole, (sign * (factor * half)) * half)
    correction = choose(minimum(absolute(lost), absolute(x)), product * (lost * log(absolute(x))), -0.0)
    return wide(choose(absolute(factor), product + correction, 0))


FUNCTIONS: Mapping[str, Op] = {
    name: row for name, row in OPS.items() if row.parsed and not row.internal and name.isidentifier()
}
