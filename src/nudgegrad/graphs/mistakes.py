"""What people type that is no program, and the next thing to type: one function per kind of mistake.

Each takes the tokens and the index `k` of the one at which the parser stopped, and returns the error.
They run once per failed parse, so they may look at the whole text.
"""

from __future__ import annotations

import difflib
import keyword
import unicodedata
from collections.abc import Mapping

from ..errors import ProgramError
from .ops import FUNCTIONS
from .tokens import LIMIT, Tokens

KEYWORDS = frozenset(keyword.kwlist)  # no names, since values are bound by `graph.at(name=...)`
SYNONYMS = {"ln": "log", "expit": "sigmoid", "logistic": "sigmoid", "σ": "sigmoid", "fabs": "abs"}
SYNONYMS |= {"absolute": "abs", "minimum": "min", "maximum": "max", "negative": "neg"}
SYNONYMS |= {"arcsin": "asin", "arccos": "acos", "arctan": "atan", "arctan2": "atan2", "tg": "tan"}
SYNONYMS |= {"clamp": "clip", "rint": "round", "sgn": "sign", "select": "where", "swish": "silu"}
SYNONYMS |= {"lg": "log10", "lrelu": "leaky_relu", "leakyrelu": "leaky_relu"}
ROUND = str.maketrans("[]{}", "()()")
QUOTES = "'\"`\u2032\u2018\u2019\u201c\u201d\u201e\u00ab\u00bb"  # straight, prime, curly, angled
HINTS = {"√": "write sqrt(x)", "|": "write abs(x)"}
MEANT = {"//": "/", "@": "*", "<>": "!="}  # operators of other languages, and of arrays
LOGIC = {"and": "(a > 0)*(b > 0)", "or": "max(a > 0, b > 0)", "not": "1 - (a > 0)"}


def assigned_names(tokens: Tokens) -> dict[str, int]:
    """The names that statements assign, each with the index of its first assignment."""
    kinds, texts = tokens.kinds, tokens.texts
    found = [
        k - 1
        for k, text in enumerate(texts)
        if text == "=" and kinds[k - 1] == "name" and kinds[k - 2] == "end"
    ]
    return {texts[k]: k for k in reversed(found)}


def _end(tokens: Tokens, k: int) -> int:
    """The index of the end of the statement in which `k` is."""
    return tokens.kinds.index("end", k)


def _start(tokens: Tokens, k: int) -> int:
    """The index of the first token of the statement in which `k` is."""
    while k > 0 and tokens.kinds[k - 1] != "end":
        k -= 1
    return k


def _fresh(tokens: Tokens, name: str) -> str:
    """A name like `name` that the program does not use."""
    used = set(tokens.texts)
    if name in KEYWORDS or name in FUNCTIONS:
        name = f"{name}_"
    fresh, number = name, 2
    while fresh in used:
        fresh, number = f"{name}_{number}", number + 1
    return fresh


def _renamed(tokens: Tokens, k: int) -> str:
    """The source line with a fresh name instead of the one at `k`."""
    return tokens.corrected(tokens.starts[k], tokens.ends[k], _fresh(tokens, tokens.texts[k]))


def _begins_statement(tokens: Tokens, k: int) -> bool:
    return tokens.kinds[k] == "name" and tokens.texts[k + 1] == "="


def _line(tokens: Tokens, k: int) -> int:
    return tokens.source.count("\n", 0, tokens.starts[k]) + 1


def _foreign(tokens: Tokens, k: int, opened: list[int]) -> ProgramError | None:
    """The error for a token that a program has nowhere, None for the others."""
    if tokens.kinds[k] == "odd":
        return odd(tokens, k, opened)
    if tokens.kinds[k] == "wrong":
        return wrong_sign(tokens, k)
    return python_word(tokens, k) if tokens.texts[k] in KEYWORDS else None


def empty(tokens: Tokens) -> ProgramError:
    """No statement at all."""
    return tokens.error("the program is empty", 0, help="J = (2 + 3*w)**2")


def no_format(tokens: Tokens, k: int, reason: str) -> ProgramError:
    """A number that no format comes near."""
    help = f"use numbers from 1e-{LIMIT} to 1e{LIMIT}, with at most {LIMIT} digits"
    return tokens.error(f"the number {tokens.written(k)} {reason}", k, help=help)


# Where a statement begins


def no_target(tokens: Tokens, k: int) -> ProgramError:
    """A statement that does not begin with ``name =``."""
    kinds, texts, starts, ends = tokens.kinds, tokens.texts, tokens.starts, tokens.ends
    error = _foreign(tokens, k, [])
    if error is None and kinds[k] == "name":
        error = wrong_sign(tokens, k + 1) if texts[k + 1] == "==" else _foreign(tokens, k + 1, [])
    if error is not None:
        return error
    stop = _end(tokens, k)
    equals = texts.index("=", k, stop) if "=" in texts[k:stop] else -1
    if equals < 0:
        if kinds[k] == "sign" and k > 1 and "\n" in texts[k - 1]:
            help = "to continue on the next line, put the expression in brackets"
            return tokens.error("this line does not begin with 'name ='", k, help=help)
        help = tokens.corrected(starts[k], starts[k], f"{_fresh(tokens, 'J')} = ")
        if stop == k + 1 and texts[k] in assigned_names(tokens):
            help = "leave it out: the output is J, or else the last statement"
        return tokens.error("this statement has no '='", k, stop - 1, help)
    if equals == k:
        help = tokens.corrected(starts[k], starts[k], f"{_fresh(tokens, 'J')} ")
        return tokens.error("no name stands before '='", k, help=help)
    left = tokens.written(k, equals - 1)
    help = f"write one name before '=', as in {_fresh(tokens, 'J')} = {left}"
    if equals == k + 1 and kinds[k] == "number" and kinds[k + 2] == "name" and stop == k + 3:
        help = tokens.corrected(starts[k], ends[k + 2], f"{texts[k + 2]} = {left}")
    defines = kinds[k] == "name" and kinds[k + 1] == "open" and kinds[equals - 1] == "close"
    if defines and kinds[k:equals].count("open") == 1:  # f(x) = ...
        help = tokens.corrected(ends[k], ends[equals - 1], "")
    return tokens.error(f"'{left}' is no name, so nothing can be assigned to it", k, equals - 1, help)


def bad_target(tokens: Tokens, k: int) -> ProgramError:
    """A name that cannot be assigned: a function's, a word of Python, one assigned before."""
    name = tokens.texts[k]
    if name in KEYWORDS:
        return python_word(tokens, k)
    help = _renamed(tokens, k)
    if name in FUNCTIONS:
        return tokens.error(f"'{name}' is a function and cannot be assigned", k, help=help)
    first = assigned_names(tokens)[name]
    if name == "J":
        help = f"J names the output: give the first one (line {_line(tokens, first)}) another name"
    return tokens.error(f"'{name}' is assigned twice, first on line {_line(tokens, first)}", k, help=help)


def python_word(tokens: Tokens, k: int) -> ProgramError:
    """A word of Python, as a name or as Python."""
    word = tokens.texts[k]
    named = tokens.kinds[k + 1] in ("sign", "close", "end", "power")
    if word == "return":
        help = tokens.corrected(tokens.starts[k], tokens.ends[k], f"{_fresh(tokens, 'J')} =")
    elif word in ("import", "from"):
        help = "leave it out: exp, log and the other functions are known"
    elif named:
        help = _renamed(tokens, k)
    elif word in LOGIC:
        help = f"comparisons are 1 or 0: write {LOGIC[word]}"
    else:
        help = "choose between values by where(x > 0, a, b), and write loops out"
    if named and word != "return":
        return tokens.error(f"'{word}' is a word of Python and cannot be a name", k, help=help)
    return tokens.error(f"'{word}' is Python, and a program has only 'name = expression'", k, help=help)


# Names


def no_input(tokens: Tokens, k: int, assigned: Mapping[str, int]) -> ProgramError:
    """A name that is no input: a word of Python, a function, a statement that comes later."""
    name = tokens.texts[k]
    if name in KEYWORDS:
        return python_word(tokens, k)
    if name in FUNCTIONS:
        return _bare_function(tokens, k)
    at = assigned[name]
    if at < k:
        help = f"J names the output: write {_fresh(tokens, name)} on the right" if name == "J" else ""
        help = help or _renamed(tokens, at)
        return tokens.error(f"'{name}' is used on its own right-hand side", k, help=help)
    statement = tokens.written(at, _end(tokens, at) - 1)
    message = f"'{name}' is used before it is assigned on line {_line(tokens, at)}"
    return tokens.error(message, k, help=f"put '{statement}' before it")


def _bare_function(tokens: Tokens, k: int) -> ProgramError:
    """A function without brackets: the product that follows becomes its argument."""
    kinds, texts, starts, ends = tokens.kinds, tokens.texts, tokens.starts, tokens.ends
    last = k
    if kinds[k + 1] in ("name", "number"):
        while kinds[last + 1] in ("name", "number", "power") or texts[last + 1] in ("*", "/", "**", "^"):
            last += 1
    argument = tokens.source[starts[k + 1] : ends[last]] if last > k else "x"
    help = tokens.corrected(starts[k], ends[last], f"{texts[k]}({argument})")
    if kinds[last + 1] == "open" or not FUNCTIONS.keys().isdisjoint(texts[k + 1 : last + 1]):
        help = f"put the whole argument in brackets, as in {texts[k]}(2*x)"
    if kinds[k + 1] == "power" or texts[k + 1] in ("**", "^"):
        help = f"write {texts[k]}(x)**2, with the power after the brackets"
    return tokens.error(f"the function '{texts[k]}' needs brackets around its argument", k, help=help)


def no_function(tokens: Tokens, k: int) -> ProgramError:
    """A name before an opening bracket that is no function."""
    name = tokens.texts[k]
    if name in KEYWORDS:
        return python_word(tokens, k)
    uses = (j for j, text in enumerate(tokens.texts) if text == name)
    if any(tokens.kinds[j] == "name" and tokens.kinds[j + 1] != "open" for j in uses):
        help = tokens.corrected(tokens.ends[k], tokens.starts[k + 1], "*")
        return tokens.error(f"'{name}' is a value, not a function", k, help=help)
    guess = SYNONYMS.get(name.lower()) or difflib.get_close_matches(name.lower(), FUNCTIONS, 1, 0.65)
    if guess:
        help = f"did you mean '{guess if isinstance(guess, str) else guess[0]}'?"
    else:
        help = f"the functions are {', '.join(sorted(FUNCTIONS))}"
    return tokens.error(f"unknown function '{name}'", k, help=help)


def wrong_arity(tokens: Tokens, opened: int, k: int, count: int, more: bool) -> ProgramError:
    """A call with too few or too many arguments."""
    row = FUNCTIONS[tokens.texts[opened - 1]]
    if row.arity == 1:
        for j in range(opened, k):
            if _is_decimal_comma(tokens, j):
                return comma(tokens, j)
    takes = f"{row.arity}{' or more' if more else ''} argument{'s' if row.arity > 1 else ''}"
    message = f"{row.name} takes {takes}, not {count}"
    return tokens.error(message, opened - 1, k, f"write {row.name}({', '.join(row.symbols)})")


# Where an operand should be


def no_operand(tokens: Tokens, k: int, opened: list[int]) -> ProgramError:
    """A token that begins no operand."""
    kinds, texts = tokens.kinds, tokens.texts
    error = _foreign(tokens, k, opened)
    if error is not None:
        return error
    before = texts[k - 1] if k else ""
    if before == "(" and kinds[k] == "end":
        return unclosed(tokens, k, opened)
    if kinds[k] in ("end", "close") or texts[k] == ",":
        return _nothing(tokens, k, before)
    sign = tokens.written(k)
    if before == "=" and texts[k] == "=":
        help = tokens.corrected(tokens.starts[k - 1], tokens.ends[k], "=")
        return tokens.error("'=' stands twice", k - 1, k, help)
    if k and kinds[k - 1] == "sign" and before not in ("=", ","):
        help = "write a number or a name between them"
        return tokens.error(f"an operand is missing between '{before}' and '{sign}'", k - 1, k, help)
    help = f"write a number or a name before '{sign}'"
    return tokens.error(f"an operand is missing before '{sign}'", k, help=help)


def _nothing(tokens: Tokens, k: int, before: str) -> ProgramError:
    """No operand between `before` and a closing bracket, a comma or the end."""
    if k == 0:
        return tokens.error("nothing is here", k, help="write a number")
    if before == "=":
        name = tokens.written(k - 2)
        return tokens.error("nothing stands after '='", k - 1, help=f"say what {name} is, as in {name} = 2")
    if before == "(" and tokens.kinds[k] == "close":
        return tokens.error("the brackets are empty", k - 1, k, "write a number or a name in them")
    help = f"write a number or a name after '{before}'"
    goes_on = "\n" in tokens.texts[k] and tokens.kinds[k + 1] != "end"
    if goes_on and not _begins_statement(tokens, k + 1):
        help = "to continue on the next line, put the expression in brackets"
    return tokens.error(f"an operand is missing after '{before}'", k - 1, help=help)


# Where an operator should be


def no_operator(tokens: Tokens, k: int, opened: list[int]) -> ProgramError:
    """A token that cannot follow an operand."""
    kinds, texts, starts, ends = tokens.kinds, tokens.texts, tokens.starts, tokens.ends
    error = _foreign(tokens, k, opened)
    if error is not None:
        return error
    if texts[k] == "=":
        return _second_equals(tokens, k, opened)
    if _begins_statement(tokens, k):
        if opened and "\n" in tokens.source[ends[k - 1] : starts[k]]:
            return unclosed(tokens, k, opened)
        help = tokens.corrected(ends[k - 1], starts[k], "; ")
        return tokens.error("two statements stand side by side", k - 1, k, help)
    left, right = tokens.written(k - 1), tokens.written(k)
    help = tokens.corrected(ends[k - 1], starts[k], "*")
    if kinds[k] == kinds[k - 1] == "number":
        help = f"write an operator between {left} and {right}"
    return tokens.error(f"an operator is missing between '{left}' and '{right}'", k - 1, k, help)


def _second_equals(tokens: Tokens, k: int, opened: list[int]) -> ProgramError:
    """An ``=`` within an expression."""
    if opened:
        before = tokens.source[tokens.ends[k - 2] : tokens.starts[k - 1]]
        if "\n" in before and tokens.kinds[k - 1] == "name":
            return unclosed(tokens, k - 1, opened)
        return tokens.error("'=' stands within brackets", k, help="make it a statement of its own, before")
    first = _start(tokens, k)
    target, name = tokens.written(first), tokens.written(k - 1)
    help = "write one '=' in each statement"
    if k == first + 3 and tokens.kinds[k - 1] == "name":
        stop = _end(tokens, k) - 1
        right = tokens.source[tokens.starts[k + 1] : tokens.ends[stop]]
        help = tokens.corrected(
            tokens.starts[first], tokens.ends[stop], f"{name} = {right}; {target} = {name}"
        )
    return tokens.error("a statement has one '=', and this is the second", k, help=help)


def wrong_sign(tokens: Tokens, k: int) -> ProgramError:
    """An operator of Python that programs do not have."""
    sign, starts, ends = tokens.texts[k], tokens.starts, tokens.ends
    first = _start(tokens, k)
    begins = k == first + 1 and tokens.kinds[first] == "name"
    help = "the operators are + - * / ** and < <= > >= == !="
    if begins and sign in ("==", ":="):
        help = tokens.corrected(starts[k], ends[k], "=")
        return tokens.error(f"'{sign}' does not assign", k, help=help)
    if begins and sign.endswith("="):
        name, stop = tokens.texts[first], _end(tokens, k) - 1
        right = tokens.source[starts[k + 1] : ends[stop]] if stop > k else "…"
        right = right if stop <= k + 1 else f"({right})"
        new = f"{_fresh(tokens, name)} = {name} {sign[:-1]} {right}"
        help = tokens.corrected(starts[first], ends[stop], new)
        return tokens.error(f"'{sign}' assigns '{name}' anew, and a name has one value", k, help=help)
    if sign in MEANT:
        help = tokens.corrected(starts[k], ends[k], MEANT[sign])
    return tokens.error(f"'{sign}' is no operator of a program", k, help=help)


def chained(tokens: Tokens, first: int, k: int) -> ProgramError:
    """A comparison of a comparison, which Python reads as two that both hold."""
    message = f"'{tokens.texts[k]}' follows '{tokens.texts[first]}', and comparisons do not chain"
    return tokens.error(message, k, help="write each in brackets, as in (a < b)*(b < c)")


# Brackets and commas


def unclosed(tokens: Tokens, k: int, opened: list[int]) -> ProgramError:
    """An open bracket where the expression ends, before the token `k`."""
    end = tokens.ends[k - 1]
    help = tokens.corrected(end, end, ")" * len(opened))
    if len(opened) > 20:
        help = f"write {len(opened)} closing brackets at the end of the statement"
    if tokens.kinds[k - 1] in ("open", "sign"):
        help = f"write a number or a name after '{tokens.texts[k - 1]}', and ')'"
    return tokens.error("this bracket is not closed", opened[-1], help=help)


def unopened(tokens: Tokens, k: int) -> ProgramError:
    """A closing bracket too many."""
    return tokens.error(f"'{tokens.written(k)}' closes no bracket", k, help=_without(tokens, k))


def _is_decimal_comma(tokens: Tokens, k: int) -> bool:
    near = tokens.kinds[k - 1] == tokens.kinds[k + 1] == "number" and tokens.texts[k] == ","
    return near and tokens.ends[k - 1] == tokens.starts[k] and tokens.ends[k] == tokens.starts[k + 1]


def comma(tokens: Tokens, k: int) -> ProgramError:
    """A comma that separates no arguments."""
    if tokens.kinds[k + 1] == "name" and tokens.texts[k + 2] == "=":
        help = tokens.corrected(tokens.starts[k], tokens.ends[k], ";")
        return tokens.error("',' does not separate statements", k, help=help)
    if not _is_decimal_comma(tokens, k):
        return tokens.error("',' stands outside a call", k, help="separate statements with ';'")
    left, right = tokens.written(k - 1), tokens.written(k + 1)
    help = tokens.corrected(tokens.starts[k], tokens.ends[k], ".")
    if len(right) == 3:
        help = f"write {left}{right} or {left}.{right}"
    return tokens.error(f"'{left},{right}' has a comma, and decimals have a point", k - 1, k + 1, help)


# Characters


def odd(tokens: Tokens, k: int, opened: list[int]) -> ProgramError:
    """A character that no token has."""
    start, end = tokens.starts[k], tokens.ends[k]
    char = tokens.source[start]
    if tokens.texts[k] == "." and k and tokens.kinds[k - 1] == tokens.kinds[k + 1] == "name":
        return _dotted(tokens, k)
    if tokens.texts[k] in ("[", "{"):
        return _square(tokens, k)
    if tokens.texts[k] in ("]", "}"):
        if not opened:
            return unopened(tokens, k)
        help = tokens.corrected(start, end, ")")
        return tokens.error(f"'(' cannot be closed by '{char}'", k, help=help)
    if char in QUOTES:
        return _quoted(tokens, k)
    help = HINTS.get(char) or _without(tokens, k, char)
    if unicodedata.decomposition(char).startswith("<super>"):
        help = tokens.corrected(start, end, f"**{unicodedata.normalize('NFKC', char)}")
    name = f"(U+{ord(char):04X}, {unicodedata.name(char, 'a control character').lower()})"
    shown = f"'{char}'" if char.isprintable() else "an invisible character"
    return tokens.error(f"{shown} {name} has no meaning here", k, help=help)


def _without(tokens: Tokens, k: int, chars: str = "") -> str:
    """The source line without the token `k`, and without any of `chars`."""
    line = tokens.corrected(tokens.starts[k], tokens.ends[k], "")
    return line.translate(dict.fromkeys(map(ord, chars))).strip() or "take it out"


def _quoted(tokens: Tokens, k: int) -> ProgramError:
    """A quotation mark, or the prime of a name."""
    start, end = tokens.starts[k], tokens.ends[k]
    char = tokens.source[start]
    if k and tokens.kinds[k - 1] == "name" and tokens.ends[k - 1] == start:
        help = tokens.corrected(start, end, "_prime")
        return tokens.error(f"a name has no {char}", k - 1, k, help)
    help = _without(tokens, k, QUOTES)
    return tokens.error(f"a program has no strings, so {char} has no meaning here", k, help=help)


def _square(tokens: Tokens, k: int) -> ProgramError:
    """An opening bracket that is not round: an index, or a bracket as in a textbook."""
    kinds, texts, starts, ends = tokens.kinds, tokens.texts, tokens.starts, tokens.ends
    if k and kinds[k - 1] == "name" and kinds[k + 1] == "number" and texts[k + 2] == "]":
        name = f"{tokens.written(k - 1)}_{tokens.written(k + 1)}"
        help = tokens.corrected(starts[k - 1], ends[k + 2], name)
        return tokens.error("a name is one number and has no entries", k, k + 2, help)
    stop = next((j for j in range(k, _end(tokens, k)) if texts[j] in ("]", "}")), k)
    help = tokens.corrected(starts[k], ends[stop], tokens.source[starts[k] : ends[stop]].translate(ROUND))
    return tokens.error(f"'{texts[k]}' is no bracket of a program", k, help=help)


def _dotted(tokens: Tokens, k: int) -> ProgramError:
    """A dot after a name: a module's function, a method, or a name with a dot."""
    kinds, texts, starts, ends = tokens.kinds, tokens.texts, tokens.starts, tokens.ends
    first, last = k - 1, k + 1
    while texts[last + 1 : last + 2] == ["."] and kinds[last + 2] == "name":
        last += 2
    tail = SYNONYMS.get(texts[last], texts[last])
    whole = tokens.written(first, last)
    if tail not in FUNCTIONS and kinds[last + 1] == "open":
        return no_function(tokens, last)
    if tail not in FUNCTIONS:
        help = tokens.corrected(starts[first], ends[last], whole.replace(".", "_"))
        return tokens.error(f"the name '{whole}' has a dot, and names have none", first, last, help)
    help = tokens.corrected(starts[first], ends[last], tail)
    if texts[last + 1 : last + 3] == ["(", ")"]:  # a method of a value
        help = tokens.corrected(starts[first], ends[last + 2], f"{tail}({texts[first]})")
    return tokens.error(f"the function '{tail}' goes by its bare name", first, last, help)
