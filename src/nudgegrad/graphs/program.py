"""Program text to graph, and the numbers of bindings: one grammar, Python's, read without recursion.

An operand alternates with an operator. What waits for its right-hand side stands on one stack, what is
done on another, so that a million brackets are as good as one.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from fractions import Fraction

from ..errors import BindingError, EvaluationError, Place, ProgramError
from ..memory import no_collection, refuse
from . import fast, mistakes
from .graph import CONSTANT, ROWS, Graph, GraphBuilder
from .ops import COMPARES, FUNCTIONS, OPS, Op
from .tokens import Tokens, exact_number, read_tokens, shortened

NEGATION, POWER = OPS["neg"], OPS["**"]
COMPARISONS = tuple(name for name, row in OPS.items() if row.binds == COMPARES)
INFIX = {name: (OPS[name], OPS[name].loose[0]) for name in ("+", "-", "*", "/", "**", *COMPARISONS)}
INFIX |= {"^": INFIX["**"], "≤": INFIX["<="], "≥": INFIX[">="], "≠": INFIX["!="]}
FOLDED = frozenset(name for name, row in FUNCTIONS.items() if row.folds)
BRACKET = -1  # how tightly an open bracket binds: no operator reaches across it
EXAMPLES = "give a number such as 3, -2, 1e-3 or 1/3"  # of a binding's value
NOT_FINITE = frozenset({"inf", "infinity", "nan", "∞"})
TOO_LONG = "has too many digits to be computed exactly"
LONG, BYTES = 1_000_000, 100  # characters from which on memory may be short; what reading one takes
BITS = 20000  # of a binding's numerator or denominator; 4000 digits are 13288

Done = tuple[int, int, int]  # a node's index, and the span of its text with its brackets
Pending = tuple[int, Op | None, int, int]  # how tightly it binds, row, its token, commas so far


def parse(source: str, origin: str = "program") -> Graph:
    """The graph of a program text.

    Parameters
    ----------
    source : str
        Statements ``name = expression``, separated by ``;`` or newlines, with Python's operators
        + - * / ** (also ^), its comparisons, which are 1 or 0, brackets and calls of the functions in
        the op table. A newline within brackets or after a backslash does not end a statement; # starts
        a comment.
    origin : str
        What the text is, for errors: ``"program"`` or a file's name.

    Returns
    -------
    Graph
        With one node per operation, constant and input, in the order of the text; nothing is folded.
        Its output is the statement `J` if there is one, else the last.

    Raises
    ------
    ProgramError
        If the text is no program; at the first mistake, with the next thing to type.
    UsageError
        If reading it would take more memory than there is.

    Notes
    -----
    O(1) work per token, and one stack instead of recursion. Names are compared in Unicode's form
    NFKC, as Python does, so ``w₁`` is ``w1``. Pasted signs (× · ÷ − ² ½) mean what they show; x² binds
    tighter than ``**``.

    Examples
    --------
    >>> graph = parse("c = 3w; J = c**2")
    Traceback (most recent call last):
    nudgegrad.errors.ProgramError: error: an operator is missing between '3' and 'w'
      --> program:1:5
       |
     1 | c = 3w; J = c**2
       |     ^^
      = help: c = 3*w; J = c**2
    >>> graph = parse("c = 3*w; J = c**2")
    >>> graph.inputs, graph.statements
    (('w',), ('c', 'J'))
    """
    if len(source) >= LONG:
        refuse(len(source) * BYTES, f"a program of {len(source):,} characters")
    with no_collection():
        return fast.read(source, origin) or _Parser(read_tokens(source, origin)).program()


class _Parser:
    """A text on its way to a graph."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.kinds, self.texts = tokens.kinds, tokens.texts
        self.starts, self.ends = tokens.starts, tokens.ends
        self.builder = GraphBuilder(tokens.source, tokens.origin)
        self.assigned = mistakes.assigned_names(tokens)
        self.nodes: dict[str, int] = {}
        self.numbers: dict[str, Fraction] = {}  # a program says the same numbers again and again
        self.pending: list[Pending] = [(BRACKET - 1, None, 0, 0)]
        self.done: list[Done] = []

    def program(self) -> Graph:
        """Read all statements."""
        k, output = 0, ""
        while k < len(self.kinds):
            if self.kinds[k] == "end":
                k += 1
            else:
                output, k = self.statement(k)
        if not output:
            raise mistakes.empty(self.tokens)
        return self.builder.build(self.nodes["J" if "J" in self.assigned else output])

    def statement(self, k: int) -> tuple[str, int]:
        """Read ``name = expression``; the name and the index of the token after it."""
        name = self.texts[k]
        if self.kinds[k] != "name" or self.texts[k + 1] != "=":
            raise mistakes.no_target(self.tokens, k)
        if name in self.nodes or name in FUNCTIONS or name in mistakes.KEYWORDS:
            raise mistakes.bad_target(self.tokens, k)
        after = self.expression(k + 2)
        node, _, end = self.done.pop()
        self.nodes[name] = self.builder.assign(name, node, (self.starts[k], end))
        return name, after

    def expression(self, k: int) -> int:
        """Read an expression up to the end of its statement; the index of that end."""
        k = self.closings(self.operand(k))
        while self.kinds[k] != "end":
            k = self.closings(self.operand(self.infix(k)))
        self.reduce(0)
        if self.pending[-1][0] == BRACKET:
            raise mistakes.unclosed(self.tokens, k, self.open_brackets())
        return k

    def operand(self, k: int) -> int:
        """Read signs, opening brackets and then a number or name; the index of the token after it."""
        while True:
            kind = self.kinds[k]
            if kind == "name":
                if self.kinds[k + 1] != "open":
                    node = self.nodes.get(self.texts[k])
                    if node is None:
                        node = self.first_use(k)
                    self.done.append((node, self.starts[k], self.ends[k]))
                    return k + 1
                row = FUNCTIONS.get(self.texts[k])
                if row is None:
                    raise mistakes.no_function(self.tokens, k)
                k += 1
                if self.kinds[k + 1] == "close":
                    raise mistakes.wrong_arity(self.tokens, k, k + 1, 0, row.name in FOLDED)
                self.pending.append((BRACKET, row, k, 0))
            elif kind == "number":
                start, end = self.starts[k], self.ends[k]
                node = self.constant(k, self.texts[k], self.tokens.source[start:end])
                self.done.append((node, start, end))
                return k + 1
            elif kind == "open":
                self.pending.append((BRACKET, None, k, 0))
            elif self.texts[k] == "-":
                self.pending.append((NEGATION.binds, NEGATION, k, 0))
            elif self.texts[k] != "+":
                raise mistakes.no_operand(self.tokens, k, self.open_brackets())
            k += 1

    def first_use(self, k: int) -> int:
        """The node of a name that has none yet: an input, if no statement assigns it."""
        name = self.texts[k]
        if name in self.assigned or name in FUNCTIONS or name in mistakes.KEYWORDS:
            raise mistakes.no_input(self.tokens, k, self.assigned)
        self.nodes[name] = node = self.builder.input(name, (self.starts[k], self.ends[k]))
        return node

    def constant(self, k: int, text: str, spelled: str) -> int:
        """A node for the number `text` at `k`, which names spell `spelled`."""
        value = self.numbers.get(text)
        if value is None:
            try:
                value = self.numbers[text] = exact_number(text)
            except ValueError as error:
                raise mistakes.no_format(self.tokens, k, str(error)) from None
        return self.builder.constant(value, spelled, (self.starts[k], self.ends[k]))

    def closings(self, k: int) -> int:
        """Read what may follow an operand and needs none itself: superscripts, closing brackets."""
        while True:
            kind = self.kinds[k]
            if kind == "close":
                self.close(k)
            elif kind == "power":
                self.superscript(k)
            else:
                return k
            k += 1

    def infix(self, k: int) -> int:
        """Read an operator or comma between two operands; the index of the token after it."""
        found = INFIX.get(self.texts[k])
        if found is not None:
            row, need = found
            if self.pending[-1][0] >= need:
                self.reduce(need)
            if self.pending[-1][0] == row.binds == COMPARES:
                raise mistakes.chained(self.tokens, self.pending[-1][2], k)
            self.pending.append((row.binds, row, k, 0))
        elif self.texts[k] == ",":
            self.argument(k)
        else:
            raise mistakes.no_operator(self.tokens, k, self.open_brackets())
        return k + 1

    def reduce(self, need: int) -> None:
        """Apply the pending operators that bind at least as tightly as `need`."""
        pending, done, apply = self.pending, self.done, self.builder.apply
        while pending[-1][0] >= need:
            _, row, k, _ = pending.pop()
            node, start, end = done.pop()
            if row is NEGATION:
                start = self.starts[k]
                done.append((apply(row, (node,), (start, end)), start, end))
            elif row is not None:
                first, start, _ = done.pop()
                done.append((apply(row, (first, node), (start, end)), start, end))

    def argument(self, k: int) -> None:
        """End an argument of the innermost call at the comma `k`."""
        self.reduce(0)
        _, row, opened, count = self.pending.pop()
        if row is None:
            raise mistakes.comma(self.tokens, k)
        if count and row.name in FOLDED:
            self.call(row, opened, self.ends[k - 1])
        self.pending.append((BRACKET, row, opened, count + 1))

    def close(self, k: int) -> None:
        """Close the innermost bracket: its content, or the call, becomes one operand."""
        self.reduce(0)
        binds, row, opened, count = self.pending.pop()
        if binds != BRACKET:
            raise mistakes.unopened(self.tokens, k)
        if row is None:
            node, _, _ = self.done.pop()
            self.done.append((node, self.starts[opened], self.ends[k]))
            return
        more = row.name in FOLDED and count > 0
        if count + 1 != row.arity and not more:
            raise mistakes.wrong_arity(self.tokens, opened, k, count + 1, row.name in FOLDED)
        self.call(row, opened, self.ends[k])

    def call(self, row: Op, opened: int, end: int) -> None:
        """Apply a function to the last operands; its name stands before the bracket `opened`."""
        args = tuple(node for node, _, _ in self.done[-row.arity :])
        start = self.starts[opened - 1]
        self.done[-row.arity :] = [(self.builder.apply(row, args, (start, end)), start, end)]

    def superscript(self, k: int) -> None:
        """Raise the operand before `k` to the power that the superscript at `k` shows."""
        base, start, _ = self.done.pop()
        end = self.ends[k]
        digits = self.texts[k].lstrip("+-")
        exponent = self.constant(k, digits, digits)
        if self.texts[k].startswith("-"):
            exponent = self.builder.apply(NEGATION, (exponent,), (self.starts[k], end))
        self.done.append((self.builder.apply(POWER, (base, exponent), (start, end)), start, end))

    def open_brackets(self) -> list[int]:
        """Indices of the brackets that are open, for errors."""
        return [k for binds, _, k, _ in self.pending if binds == BRACKET]


def parse_number(text: str, before: str = "", origin: str = "argument") -> Fraction:
    """The exact value of a binding: arithmetic on numbers, in the grammar of programs.

    Parameters
    ----------
    text : str
        Such as ``3``, ``-2``, ``1e-3``, ``1/3``, ``2**-10``, ``½``.
    before : str
        What stands before it where the user typed it, for errors: ``"w="``.
    origin : str
        Where the user typed it, for errors.

    Raises
    ------
    BindingError
        If the text is no number, is not finite, or is too long to be computed exactly.

    Examples
    --------
    >>> parse_number("2**-10"), parse_number("(1 + ½) * 3")
    (Fraction(1, 1024), Fraction(9, 2))
    """
    tokens = read_tokens(text, origin)
    problem, place, help = "is not a number", Place(text, 0, len(text)), EXAMPLES
    if text.strip().lstrip("+-−").lower() in NOT_FINITE:
        problem = "is not a finite number"
    elif "name" not in tokens.kinds:
        try:
            parser = _Parser(tokens)
            after = parser.expression(0)
            if "".join(tokens.texts[after:]).strip():
                raise tokens.error("a value is one number", after)
            return _folded(parser.builder)
        except (ProgramError, EvaluationError) as error:
            no_number = isinstance(error, ProgramError)
            problem = f"{problem}: {error.message}" if no_number else error.message
            place, help = error.place or place, error.help or EXAMPLES
    place = Place(before + text, len(before) + place.start, len(before) + place.end, origin)
    raise BindingError(f"'{shortened(text)}' {problem}", place, help)


def _exact_power(base: Fraction, exponent: Fraction) -> Fraction:
    """base ** exponent, refused before it is computed where it would be long."""
    if exponent.denominator != 1:
        raise ValueError("has no exact value: the exponent is no whole number")
    if (_bits(base) - 1) * abs(exponent) > BITS:
        raise ValueError(TOO_LONG)
    return Fraction(base**exponent.numerator)


def _bits(value: Fraction) -> int:
    return max(abs(value.numerator), value.denominator).bit_length()


EXACTLY: Mapping[str, Callable[..., Fraction]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "neg": operator.neg,
    "**": _exact_power,
}


def _folded(builder: GraphBuilder) -> Fraction:
    """The exact value of the last of some nodes without inputs."""
    values: list[Fraction] = []
    for i, code in enumerate(builder.codes):
        if code == CONSTANT:
            values.append(builder.constants[i][0])
            continue
        name = ROWS[code].name
        try:
            if name not in EXACTLY:
                raise ValueError(f"is no number: '{name}' compares two")
            value = EXACTLY[name](*(values[j] for j in builder.operands[i] if j >= 0))
            if _bits(value) > BITS:
                raise ValueError(TOO_LONG)
        except (ValueError, ZeroDivisionError) as error:
            divides = isinstance(error, ZeroDivisionError)
            reason = "has no value: it divides by zero" if divides else str(error)
            raise EvaluationError(reason, Place(builder.source, *builder.spans[i])) from None
        values.append(value)
    return values[-1]
