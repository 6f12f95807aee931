"""Program text: the grammar beside Python's own, spans, what people paste, and every mistake's report."""

import ast
import re
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nudgegrad.errors import BindingError, ProgramError
from nudgegrad.graphs.graph import GraphBuilder
from nudgegrad.graphs.ops import FUNCTIONS, OPS
from nudgegrad.graphs.program import BITS, parse, parse_number
from nudgegrad.graphs.tokens import LIMIT

GOLDEN = (Path(__file__).parents[1] / "golden/mistakes.txt").read_text(encoding="utf-8")
GOLDEN = GOLDEN.replace("{functions}", ", ".join(sorted(FUNCTIONS)))  # a new row changes no report
MISTAKES = {
    ast.literal_eval(heading.partition(": ")[2]): report
    for heading, _, report in (block.partition("\n") for block in GOLDEN.split("──── ")[1:])
}


def spelled(graph):
    """The program text that the graph's statements are spelled as."""
    named = ((name, i) for i, name in graph.names.items() if name in graph.statements)
    return "; ".join(f"{name} = {graph.spelled(i)[0]}" for name, i in named)


def parts(graph):
    """All that makes a graph, but for the text that it came from."""
    return (graph.codes.tolist(), graph.operands.tolist(), graph.names, graph.constants, graph.output)


def sources(graph):
    """What each node's span covers."""
    return [graph.source[start:end] for start, end in graph.spans]


def complaint(source):
    with pytest.raises(ProgramError) as caught:
        parse(source)
    return caught.value


# The grammar


@pytest.mark.parametrize(
    ("source", "meaning"),
    [
        ("J = -x**2", "-(x**2)"),
        ("J = (-x)**2", "(-x) ** 2"),
        ("J = 2**-x", "2 ** -x"),
        ("J = 2**-x**y", "2 ** -x ** y"),
        ("J = x**y**z", "x ** y ** z"),
        ("J = (x**y)**z", "(x ** y) ** z"),
        ("J = a - b - c", "a - b - c"),
        ("J = a - (b - c)", "a - (b - c)"),
        ("J = a/b*c", "a / b * c"),
        ("J = a + b*c", "a + b * c"),
        ("J = -a*b", "-a * b"),
        ("J = -(a*b)", "-(a * b)"),
        ("J = a*-b", "a * -b"),
        ("J = - -a", "--a"),
        ("J = +a - +b", "a - b"),
        ("J = ((a))", "a"),
        ("J = 1/3", "1 / 3"),
        ("J = exp(-x)*sin((y))", "exp(-x) * sin(y)"),
        ("J = max(a, b, c)", "max(max(a, b), c)"),
        ("J = min(a, b + 1, -c, 2)", "min(min(min(a, b + 1), -c), 2)"),
        ("J = neg(x)", "-x"),
    ],
)
def test_a_statement_means(source, meaning):
    graph = parse(source)
    assert spelled(graph) == f"J = {meaning}".replace("-(x**2)", "-x ** 2")
    assert parts(parse(f"J = {meaning}")) == parts(graph)


def test_every_function_of_the_op_table_can_be_called():
    for name, row in FUNCTIONS.items():
        graph = parse(f"J = {name}({', '.join('xyz'[: row.arity])})")
        assert graph.op(graph.output) is row


def test_a_power_of_a_constant_and_a_power_with_a_node_are_two_rows():
    graph = parse("c = 3; J = x**2 + x**c + 2**x + x**-(1/2)")
    powers = [graph.name(i) for i in range(len(graph)) if graph.op(i) is OPS["**"]]
    others = [graph.name(i) for i in range(len(graph)) if graph.op(i) is OPS["**z"]]
    assert (powers, others) == (["x ** 2", "x ** -(1 / 2)"], ["x ** c", "2 ** x"])


def tree_of(text):
    """The graph of ``J = text``, read by Python; None where it is no arithmetic."""
    try:
        expression = ast.parse(text, mode="eval").body
    except SyntaxError:
        return None
    builder = GraphBuilder()
    names: dict[str, int] = {}
    signs = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}

    def node(tree):
        if isinstance(tree, ast.BinOp):
            return builder.apply(OPS[signs[type(tree.op)]], (node(tree.left), node(tree.right)))
        if isinstance(tree, ast.UnaryOp):
            operand = node(tree.operand)
            return builder.apply(OPS["neg"], (operand,)) if isinstance(tree.op, ast.USub) else operand
        if isinstance(tree, ast.Constant):
            return builder.constant(Fraction(ast.unparse(tree)), ast.unparse(tree))
        if tree.id not in names:
            names[tree.id] = builder.input(tree.id)
        return names[tree.id]

    if any(isinstance(tree, ast.Call | ast.Tuple) for tree in ast.walk(expression)):
        return None
    return builder.build(builder.assign("J", node(expression)))


@given(
    st.lists(st.sampled_from(["x", "y", "2", "+", "-", "*", "/", "**", "(", ")"]), min_size=1, max_size=12)
)
@example(["-", "x", "**", "-", "y", "**", "2"])
def test_python_reads_arithmetic_the_same_way_and_refuses_the_same(tokens):
    text = " ".join(tokens)
    expected = tree_of(text)
    if expected is None:
        complaint(f"J = {text}")
    else:
        assert parts(parse(f"J = {text}")) == parts(expected)


def joined(*parts):
    """Texts that are the strategies' texts joined."""
    return st.tuples(*parts).map("".join)


def chain(operand, operators):
    """An operand, then operators and operands, any of them with signs."""
    signed = joined(st.sampled_from(["", "", "-", "+", "--"]), operand)
    return joined(signed, st.lists(joined(operators, signed), max_size=4).map("".join))


def arithmetic(operands, operators):
    """Arithmetic as text."""
    whole = st.recursive(operands, lambda inner: chain(inner, operators).map("({})".format), max_leaves=8)
    return chain(whole, operators)


@given(
    arithmetic(st.sampled_from(["x", "y", "2", "7"]), st.sampled_from(["+", "-", "*", "/", "**"])),
)
def test_python_builds_the_same_tree(text):
    expected = tree_of(text)
    assert expected is not None
    assert parts(parse(f"J = {text}")) == parts(expected)


CONSTANTS = ["2", "0.5", "1e-3", ".5", "5.", "1_000", "½", "2½"]
LEAVES = st.one_of(
    st.sampled_from(["x", "y", "w_1"]).map(lambda name: ("name", name)),
    st.sampled_from(CONSTANTS).map(lambda text: ("constant", text)),
    st.integers(0, 5).map(lambda number: ("statement", number)),
)
UNARY = [name for name, row in OPS.items() if row.parsed and not row.internal and row.arity == 1]
BINARY = [name for name, row in OPS.items() if row.parsed and not row.internal and row.arity == 2]
TREES = st.recursive(
    LEAVES,
    lambda tree: st.one_of(
        st.tuples(st.sampled_from(UNARY), tree), st.tuples(st.sampled_from(BINARY), tree, tree)
    ),
    max_leaves=12,
)


@given(st.lists(TREES, min_size=1, max_size=5))
def test_a_graph_that_is_spelled_and_parsed_is_the_same_graph(trees):
    builder = GraphBuilder()
    names: dict[str, int] = {}

    def node(tree):
        kind, *rest = tree
        if kind == "constant":
            return builder.constant(parse_number(rest[0]), rest[0])
        if kind in ("name", "statement"):
            name = f"a{rest[0]}" if kind == "statement" else rest[0]
            name = name if name in names or kind == "name" else "x"
            if name not in names:
                names[name] = builder.input(name)
            return names[name]
        return builder.apply(OPS[kind], tuple(node(child) for child in rest))

    for number, tree in enumerate(trees):
        output = names[f"a{number}"] = builder.assign(f"a{number}", node(tree))
    graph = builder.build(output)
    assert parts(parse(spelled(graph))) == parts(graph)


# Statements


LAYOUTS = [
    "c = w*x; J = c**2",
    "c = w*x\nJ = c**2",
    "c = w*x\r\nJ = c**2\r\n",
    "\n\n ;; c = w*x ;\n; J = c**2 ;",
    "# the course\nc = w*x  # a product; not J = 3\nJ = c**2 # end",
    "c = (w\n  *x # first\n\n)\nJ = (\nc)**2",
    "c = w \\\n  *x\nJ = \\  \r\n c**2",
    "c=w*x;J=c**2",
    "\tc\t=\tw * x;\u00a0J\u3000=\u2009c**2",
    "\ufeffc = w*x; J = c**2",
]


@pytest.mark.parametrize("source", LAYOUTS)
def test_layout_does_not_matter(source):
    assert parts(parse(source)) == parts(parse("c = w*x; J = c**2"))


def test_a_backslash_at_the_very_end_joins_nothing():
    assert parts(parse("J = 3*w \\")) == parts(parse("J = 3*w"))


def test_the_output_is_j_or_else_the_last_statement():
    assert parse("J = w*x; b = J + 1").output == parse("J = w*x").output
    graph = parse("a = w*x; b = a + 1")
    assert graph.names[graph.output] == "b"
    graph = parse("L = J*2; K = L + 1")  # here J is an input
    assert (graph.names[graph.output], graph.inputs) == ("K", ("J",))


def test_inputs_come_in_the_order_of_their_first_use():
    graph = parse("c = w*x; J = c + b*w")
    assert (graph.inputs, graph.statements) == (("w", "x", "b"), ("c", "J"))


def test_a_bare_name_and_a_number_are_copied():
    graph = parse("a = 3; b = a; J = x")
    assert [graph.op(graph.index(name)) for name in "abJ"] == [OPS["copy"]] * 3


def test_nothing_is_folded():
    graph = parse("J = 1/3 + 2*3")
    assert [graph.name(i) for i in range(len(graph))] == ["1", "3", "1 / 3", "2", "3", "2 * 3", "J"]


def test_spans_go_from_the_first_to_the_last_token_of_an_operation():
    graph = parse("c = ( a + b ) * c2 - exp( -x )²\nJ = -(c)**2 + ((c))")
    assert sources(graph) == [
        "a",
        "b",
        "a + b",
        "c2",
        "( a + b ) * c2",
        "x",
        "-x",
        "exp( -x )",
        "²",
        "exp( -x )²",
        "( a + b ) * c2 - exp( -x )²",
        "2",
        "(c)**2",
        "-(c)**2",
        "-(c)**2 + ((c))",
    ]


def test_spans_of_folded_calls_of_copies_and_of_pasted_text():
    assert sources(parse("J = max(a, b·2, c)"))[4:] == ["max(a, b·2", "c", "max(a, b·2, c)"]
    assert sources(parse("w₁ = x;  J = ½")) == ["x", "w₁ = x", "½", "J = ½"]


# Numbers and what people paste


def full_width(text):
    """The text as an East Asian keyboard types it."""
    return "".join(chr(ord(char) + 0xFEE0) for char in text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", Fraction(3)),
        ("007", Fraction(7)),
        ("1e-3", Fraction(1, 1000)),
        ("1E+2", Fraction(100)),
        (".5", Fraction(1, 2)),
        ("5.", Fraction(5)),
        ("5.e1", Fraction(50)),
        ("3e−2", Fraction(3, 100)),
        (full_width("12"), Fraction(12)),
        ("0.1", Fraction(1, 10)),
        ("1_000", Fraction(1000)),
        ("1_0.2_5e1_0", Fraction(1025, 100) * 10**10),
        ("½", Fraction(1, 2)),
        ("⅓", Fraction(1, 3)),
        ("⅞", Fraction(7, 8)),
        ("⅒", Fraction(1, 10)),
        ("2½", Fraction(5, 2)),
        ("0e999999999999", Fraction(0)),
        ("0.000e-99999", Fraction(0)),
        (f"1e{LIMIT - 1}", Fraction(10) ** (LIMIT - 1)),
        (f"1e-{LIMIT}", Fraction(10) ** -LIMIT),
        ("9" * LIMIT, Fraction(10**LIMIT - 1)),
    ],
)
def test_numbers_are_exact_and_keep_their_text(text, value):
    assert parse(f"J = {text}*w").constants == {0: (value, text)}
    assert parse_number(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "1e999999999",
        "1e-999999999",
        "9" * (LIMIT + 1),
        f"1e{LIMIT}",
        "0." + "0" * LIMIT + "1",
        "0." + "0" * 2000 + "1e-2500",
        "1e" + "9" * 3000,
    ],
)
def test_numbers_that_no_format_comes_near_are_refused_at_once(text):
    error = complaint(f"J = 2*{text}")
    assert (error.place.start, error.place.end) == (6, 6 + len(text))
    assert error.help == "use numbers from 1e-4000 to 1e4000, with at most 4000 digits"


@pytest.mark.parametrize(
    ("pasted", "plain"),
    [
        ("x^2", "x**2"),
        ("x²", "x**2"),
        ("-x²", "-x**2"),
        ("x¹⁰", "x**10"),
        ("x⁻¹", "x**-1"),
        ("x⁺²", "x**2"),
        ("(x + y)³", "(x + y)**3"),
        ("exp(x)²*y", "exp(x)**2*y"),
        ("2**x²", "2**(x**2)"),
        ("x²**3", "(x**2)**3"),
        ("2²", "2**2"),
        ("a × b · c ⋅ d ∗ e", "a*b*c*d*e"),
        ("a ÷ b ∕ c ⁄ d", "a/b/c/d"),
        ("a − b – c", "a - b - c"),
        ("3e−2*w", "3e-2*w"),
        ("w₁*w₂₃ + w1", "w1*w23 + w1"),
        (full_width("(a+b)*c"), "(a + b)*c"),
        (full_width("max(a,b)"), "max(a, b)"),
        ("\U0001d464*ﬁ", "w*fi"),
        ("ŷ + y\u0302", "ŷ + ŷ"),
        ("\u00b5 + μ", "μ + μ"),
    ],
)
def test_pasted_signs_mean_what_they_show(pasted, plain):
    graph, expected = parse(f"J = {pasted}"), parse(f"J = {plain}")
    assert parts(graph)[:3] == parts(expected)[:3]
    assert [value for value, _ in graph.constants.values()] == [v for v, _ in expected.constants.values()]


@pytest.mark.parametrize("name", ["w_1", "_", "σ", "größe", "重み", "вес", "x̄", "Jay"])
def test_names_are_those_of_python(name):
    assert parse(f"{name} = 3*x").statements == (name,)


# Mistakes: the reports are compared whole, with tests/golden/mistakes.txt


@pytest.mark.parametrize("source", MISTAKES)
def test_the_report_of(source):
    assert f"{complaint(source)}\n" == MISTAKES[source]


@pytest.mark.parametrize("source", [source for source in MISTAKES if len(source) < 72])
def test_the_corrected_line_leads_to_a_program_in_few_steps(source):
    for _ in range(4):
        error = complaint(source)
        if not re.match(r"\w+ = ", error.help):
            return  # advice in words
        corrected, lines = error.help, source.splitlines()
        number = source.count("\n", 0, error.place.start)
        assert corrected != source
        source = (
            corrected if len(lines) == 1 else "\n".join([*lines[:number], corrected, *lines[number + 1 :]])
        )
        try:
            parse(source)
        except ProgramError:
            continue
        return
    raise AssertionError(source)


@pytest.mark.parametrize("source", ["", " ", "\n", "  \n ;; ", "\\", "#"])
def test_an_empty_program(source):
    error = complaint(source)
    assert (error.message, error.help) == ("the program is empty", "J = (2 + 3*w)**2")


@pytest.mark.parametrize(
    ("char", "named"),
    [
        ("\0", "U+0000, a control character"),
        ("\x1b", "U+001B, a control character"),
        ("\f", "U+000C, a control character"),
        ("\r", "U+000D, a control character"),
        ("\u200b", "U+200B, zero width space"),
        ("\u00ad", "U+00AD, soft hyphen"),
        ("\ud800", "U+D800, a control character"),
    ],
)
def test_invisible_characters_are_named_and_taken_out(char, named):
    error = complaint(f"J = 3{char}*w")
    assert error.message == f"an invisible character ({named}) has no meaning here"
    assert error.help == "J = 3*w"
    assert (error.place.start, error.place.end) == (5, 6)


def test_lines_after_a_bracket_too_many_are_lines():
    assert complaint("b = a\nc = 2)\na = 3").message == "'a' is used before it is assigned on line 3"


@pytest.mark.parametrize("source", [source for source in MISTAKES if "\n" in source and "\r" not in source])
def test_windows_lines_are_read_like_others(source):
    windows, error = complaint(source.replace("\n", "\r\n")), complaint(source)
    assert (windows.message, windows.help) == (error.message, error.help)


def test_the_origin_is_that_of_the_text():
    with pytest.raises(ProgramError, match=re.escape("--> net.txt:2:5\n")):
        parse("a = 1\nJ = 3w", "net.txt")


TOKENS = [
    "x",
    "J",
    "exp",
    "max",
    "lambda",
    "2",
    "1e9",
    "½",
    "²",
    " ",
    "\n",
    ";",
    "#",
    "\\",
    "=",
    "==",
    "+=",
]
TOKENS += [
    "+",
    "-",
    "*",
    "/",
    "**",
    "//",
    "(",
    ")",
    "[",
    "]",
    "{",
    ",",
    ".",
    ":",
    "'",
    "“",
    "√",
    "\0",
    "ⁿ",
    "J = ",
]


@given(st.one_of(st.lists(st.sampled_from(TOKENS), max_size=15).map("".join), st.text(max_size=20)))
def test_any_text_is_a_graph_or_a_mistake_with_place_and_help(source):
    found: ProgramError | None = None
    try:
        parse(source)
    except ProgramError as error:
        found = error
    if found is not None:
        assert found.message
        assert found.help
        assert found.place is not None
        assert 0 <= found.place.start <= found.place.end <= len(source)
        assert str(found).startswith(f"error: {found.message}\n")


# Size


@pytest.mark.parametrize("prefix", ["(", "-("])
def test_a_million_brackets(prefix):
    count = 1_000_000 if prefix == "(" else 100_000
    graph = parse(f"J = {prefix * count}x{')' * count}")
    assert len(graph) == (2 if prefix == "(" else count + 1)


def test_long_chains_of_every_kind_need_no_recursion():
    count = 20_000
    assert len(parse(f"J = {'exp(' * count}x{')' * count}")) == count + 1
    assert len(parse(f"J = {'-' * count}x")) == count + 1
    assert len(parse(f"J = {'x**' * count}x")) == count + 1
    assert len(parse(f"J = {'x+' * count}x")) == count + 1
    assert len(parse(f"J = max({'x, ' * count}x)")) == count + 1
    assert len(parse(f"J = x{'²' * 1000}")) == 3


def test_a_million_open_brackets_fail_in_few_words():
    error = complaint("J = " + "(" * 1_000_000 + "x")
    assert error.message == "this bracket is not closed"
    assert len(str(error)) < 500


def test_many_statements():
    count = 20_000
    graph = parse("\n".join(["a0 = w", *(f"a{k} = tanh(w*a{k - 1}) + {k}" for k in range(1, count))]))
    assert len(graph) == 2 + 4 * (count - 1)
    assert graph.names[graph.output] == f"a{count - 1}"


# Bindings


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-2", Fraction(-2)),
        ("−5", Fraction(-5)),
        ("+3", Fraction(3)),
        (" 1/3 ", Fraction(1, 3)),
        ("2**-10", Fraction(1, 1024)),
        ("10⁻³", Fraction(1, 1000)),
        ("(1 + 2)*3", Fraction(9)),
        ("-2**2", Fraction(-4)),
        ("2**3**2", Fraction(512)),
        ("1 - 2 - 3", Fraction(-4)),
        ("0**0", Fraction(1)),
        ("(-1)**1e30", Fraction(1)),
        ("2**-19999", Fraction(1, 2**19999)),
        ("3\n", Fraction(3)),
    ],
)
def test_a_binding_is_exact_arithmetic(text, value):
    assert parse_number(text) == value


EXAMPLES = "give a number such as 3, -2, 1e-3 or 1/3"
NOT_A_NUMBER = [
    ("abc", "is not a number", (0, 3), EXAMPLES),
    ("3w", "is not a number", (0, 2), EXAMPLES),
    ("exp(1)", "is not a number", (0, 6), EXAMPLES),
    ("0x10", "is not a number", (0, 4), EXAMPLES),
    ("inf", "is not a finite number", (0, 3), EXAMPLES),
    ("-Infinity", "is not a finite number", (0, 9), EXAMPLES),
    ("−∞", "is not a finite number", (0, 2), EXAMPLES),
    ("nan", "is not a finite number", (0, 3), EXAMPLES),
    ("", "is not a number: nothing is here", (0, 0), "write a number"),
    ("3,5", "is not a number: '3,5' has a comma, and decimals have a point", (0, 3), "3.5"),
    ("(1+2", "is not a number: this bracket is not closed", (0, 1), "(1+2)"),
    (
        "1+",
        "is not a number: an operand is missing after '+'",
        (1, 2),
        "write a number or a name after '+'",
    ),
    ("3;4", "is not a number: a value is one number", (1, 2), EXAMPLES),
    ("3\n4", "is not a number: a value is one number", (1, 2), EXAMPLES),
    (
        "=3",
        "is not a number: an operand is missing before '='",
        (0, 1),
        "write a number or a name before '='",
    ),
    ("5€", "is not a number: '€' (U+20AC, euro sign) has no meaning here", (1, 2), "5"),
    ("2 + 1/(3-3)", "has no value: it divides by zero", (4, 11), EXAMPLES),
    ("0**-1", "has no value: it divides by zero", (0, 5), EXAMPLES),
    ("2**0.5", "has no exact value: the exponent is no whole number", (0, 6), EXAMPLES),
    ("1 + 9**9**9", "has too many digits to be computed exactly", (4, 11), EXAMPLES),
    ("2**1e9", "has too many digits to be computed exactly", (0, 6), EXAMPLES),
    ("2**-1e3999", "has too many digits to be computed exactly", (0, 10), EXAMPLES),
    ("3*2**19000*2**19000", "has too many digits to be computed exactly", (0, 19), EXAMPLES),
    ("((2**9999)**2)**2", "has too many digits to be computed exactly", (0, 17), EXAMPLES),
]


@pytest.mark.parametrize(("text", "problem", "span", "help"), NOT_A_NUMBER)
def test_a_binding_that_is_no_number(text, problem, span, help):
    with pytest.raises(BindingError) as caught:
        parse_number(text, "w=")
    error = caught.value
    assert error.place is not None
    assert error.message == f"'{text.replace(chr(10), ' ')}' {problem}"
    assert (error.place.text, error.place.origin) == (f"w={text}", "argument")
    assert (error.place.start - 2, error.place.end - 2) == span
    assert error.help == help


def test_the_report_of_a_binding_points_into_the_argument():
    with pytest.raises(BindingError) as caught:
        parse_number("1/0", "w=")
    assert str(caught.value) == (
        "error: '1/0' has no value: it divides by zero\n"
        "  --> argument:1:3\n"
        "   |\n"
        " 1 | w=1/0\n"
        "   |   ^^^\n"
        f"  = help: {EXAMPLES}"
    )


def test_a_binding_is_long_but_not_too_long():
    assert parse_number(f"2**{BITS - 1}") == 2 ** (BITS - 1)
    with pytest.raises(BindingError):
        parse_number(f"2**{BITS}")


def test_a_binding_needs_no_recursion():
    assert parse_number("(" * 100_000 + "3" + ")" * 100_000) == 3
    assert parse_number("-" * 100_000 + "3") == 3


@given(arithmetic(st.sampled_from("0123"), st.sampled_from("+-*/")))
def test_a_binding_is_what_python_computes_from_fractions(text):
    exact = re.sub(r"\d", r"Fraction(\g<0>)", text)
    try:
        expected = eval(exact, {"Fraction": Fraction})  # Python's grammar is the oracle
    except ZeroDivisionError:
        with pytest.raises(BindingError, match="divides by zero"):
            parse_number(text)
    else:
        assert parse_number(text) == expected
