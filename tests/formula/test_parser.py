"""The formula parser against Python's own, and every way to write a formula wrongly."""

from __future__ import annotations

import math
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simengine.errors import InvalidInput, Problem
from simengine.formula import FUNCTIONS, MAX_TEXT, Node, lower, names_in, parse, to_text
from simengine.formula.arithmetic import FLOATS
from simengine.formula.nodes import Name, Number, Operation, name_spans, postorder, structure
from simengine.formula.parser import MAX_NESTING, MAX_NODES

VALUES = {"a": 1.25, "b": -0.75, "c": 3.0, "市场": 0.3, "_x1": 2.0}


def value(text: str) -> float:
    return lower(parse(text), FLOATS, VALUES.__getitem__)


def problems_of(text: str) -> tuple[Problem, ...]:
    with pytest.raises(InvalidInput) as caught:
        parse(text)
    return caught.value.problems


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7.0),
        ("(1 + 2) * 3", 9.0),
        ("10 - 4 - 3", 3.0),
        ("16 / 4 / 2", 2.0),
        ("2 ** 3 ** 2", 512.0),
        ("-2 ** 2", -4.0),
        ("(-2) ** 2", 4.0),
        ("2 ** -1", 0.5),
        ("2 ** -1 ** 2", 0.5),
        ("+3 - -3", 6.0),
        ("1_000 + 1e3 + 1.5E-1 + .5 + 5.", 2005.65),
        ("1 < 2", 1.0),
        ("2 <= 1", 0.0),
        ("2 > 1", 1.0),
        ("1 >= 2", 0.0),
        ("1 == 1", 1.0),
        ("1 != 1", 0.0),
        ("(1 < 2) < 3", 1.0),
        ("3 and 2", 1.0),
        ("3 and 0", 0.0),
        ("0 or 5", 1.0),
        ("0 or 0", 0.0),
        ("not 3", 0.0),
        ("not 0 == 1", 1.0),
        ("1 or 0 and 0", 1.0),
        ("not 0 and 0", 0.0),
        ("min(3, 1, 2)", 1.0),
        ("max(3, 1, 2)", 3.0),
        ("min(4)", 4.0),
        ("abs(-3)", 3.0),
        ("sqrt(9)", 3.0),
        ("pow(2, 10)", 1024.0),
        ("exp(0) + log(1)", 1.0),
        ("where(2, 5, 6)", 5.0),
        ("where(1 > 2, 5, 6)", 6.0),
        ("clip(5, 0, 1) + clip(-5, 0, 1) + clip(0.5, 0, 1)", 1.5),
        ("clip(5, 3, 1)", 1.0),  # the upper bound wins
        ("市场 * 2", 0.6),
        ("ａ + _x1", 3.25),  # a full-width letter is the same name
        ("a\n  + b\t* c", -1.0),
    ],
)
def test_known_values(text: str, expected: float) -> None:
    assert value(text) == expected


@pytest.mark.parametrize("text", ["min(0, -0)", "min(-0, 0)", "max(0, -0)", "max(-0, 0)", "max(-0, 0, -0)"])
def test_the_first_of_equal_values_is_taken_as_by_python(text: str) -> None:
    expected = eval(text.replace("0", "0.0"), {"min": min, "max": max})
    assert value(text).hex() == expected.hex()


def test_pi() -> None:
    assert value("2 * pi") == 2 * math.pi
    assert names_in(parse("2 * pi * a")) == ("a",)


def test_infix_reads_as_python_groups_it() -> None:
    flat = structure(parse("a - b * c ** -d ** e / f >= g and not h or i"))
    whole = structure(parse("(((a - ((b * (c ** (-(d ** e)))) / f)) >= g) and (not h)) or i"))
    assert flat == whole


# ---- against Python ----

_literals = st.one_of(
    st.integers(0, 10**6).map("{}.".format),  # a float: Python's integers would be exact where these round
    st.floats(0, 1e9, allow_nan=False).map(repr),
    st.sampled_from(["1_000.0", "2.5e-3", ".25", "7."]),
)
_leaves = st.one_of(_literals, st.sampled_from(list(VALUES)))


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    gap = st.sampled_from(["", " ", "  "])
    return st.one_of(
        st.tuples(inner, gap, st.sampled_from(["+", "-", "*", "/"]), gap, inner).map("".join),
        st.tuples(st.sampled_from(["-", "+", "(-1)*", "--"]), inner).map("".join),
        inner.map("({})".format),
        st.tuples(inner, inner).map("min({0[0]}, {0[1]})".format),
        st.tuples(inner, inner, inner).map("max({0[0]},{0[1]},{0[2]})".format),
        inner.map("abs({})".format),
        st.tuples(inner, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), inner).map("({0[0]}{0[1]}{0[2]})".format),
    )


@settings(max_examples=50, deadline=None)
@given(st.recursive(_leaves, _grown, max_leaves=25))
def test_same_bits_as_python(text: str) -> None:
    try:
        expected = float(eval(text, {"min": min, "max": max, "abs": abs}, dict(VALUES)))
    except ZeroDivisionError:
        value(text)  # infinite or undefined somewhere, but never an exception
        return
    found = value(text)
    if math.isnan(expected):
        assert math.isnan(found), text
    elif expected == 0.0 and re.search("[<>=!]|not", text):
        assert found == 0.0, text  # Python's truth values are whole numbers, of which 0 has no sign
    else:
        assert found.hex() == expected.hex(), text


# ---- printing ----

_trees = st.recursive(
    st.one_of(
        st.floats(0, allow_nan=False, allow_infinity=False).map(Number),
        st.sampled_from(["a", "b", "市场"]).map(Name),
    ),
    lambda inner: st.one_of(
        st.tuples(
            st.sampled_from(["+", "-", "*", "/", "**", "<", "<=", ">", ">=", "==", "!=", "and", "or"]),
            st.tuples(inner, inner),
        ).map(lambda pair: Operation(*pair)),
        st.tuples(st.sampled_from(["-", "+", "not"]), st.tuples(inner)).map(lambda pair: Operation(*pair)),
        st.tuples(st.sampled_from(["min", "max"]), st.lists(inner, min_size=1, max_size=4).map(tuple)).map(
            lambda pair: Operation(*pair)
        ),
        st.tuples(st.sampled_from(["where", "clip"]), st.tuples(inner, inner, inner)).map(
            lambda pair: Operation(*pair)
        ),
    ),
    max_leaves=30,
)


@settings(max_examples=50, deadline=None)
@given(_trees)
def test_printed_text_reads_back_as_the_same_tree(tree: Node) -> None:
    text = to_text(tree)
    again = parse(text)
    assert structure(again) == structure(tree), text
    assert to_text(again) == text


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("((V*D)*R)*(1-L)", "V * D * R * (1 - L)"),
        ("V*(D*R)", "V * (D * R)"),
        ("a-(b-c)-(d+e)", "a - (b - c) - (d + e)"),
        ("(((a)))", "a"),
        ("(a**b)**c", "(a ** b) ** c"),
        ("a**(b**c)", "a ** b ** c"),
        ("a**(-b)", "a ** -b"),
        ("(-a)**b", "(-a) ** b"),
        ("-(a**b)", "-a ** b"),
        ("not(a==b)", "not a == b"),
        ("(not a)==b", "(not a) == b"),
        ("(a<b)==(c<d)", "(a < b) == (c < d)"),
        ("1_000.0 + 1e6+2.50", "1000 + 1000000 + 2.5"),
        ("1e22+1e-7", "1e+22 + 1e-07"),
        ("min(a,b)-2", "min(a, b) - 2"),
    ],
)
def test_printed_text_is_canonical(text: str, printed: str) -> None:
    assert to_text(parse(text)) == printed


def test_spans_cover_what_was_read() -> None:
    text = "V * (1 - min(L, 1))"
    spans = {text[slice(*node.span)] for node in postorder(parse(text))}
    assert spans == {"V", "1", "L", "min(L, 1)", "(1 - min(L, 1))", text}


def test_names_in_order_of_appearance() -> None:
    assert names_in(parse("b + a * b - where(c, a, b)")) == ("b", "a", "c")
    assert name_spans(parse("b + a * b")) == {"b": [(0, 1), (8, 9)], "a": [(4, 5)]}


# ---- bad formulas: text, offending characters, words of the reason, words of the hint ----

BAD = [
    ("__import__('os')", "__import__", "unknown function", None),
    ("__import__('os')", "'os'", "no text", None),
    ("x.__class__", ".", "no meaning", "no attributes"),
    ("(x).y", ".", "no meaning", "no attributes"),
    ("x[0]", "[", "no meaning", "subscripts"),
    ("[x for x in y]", "[", "no meaning", "lists"),
    ("{x}", "{", "no meaning", "sets"),
    ("'abc'", "'abc'", "no text", None),
    ('"abc" + 1', '"abc"', "no text", None),
    ("f'{x}'", "'{x}'", "no text", None),
    ("lambda x: x", "lambda", "not part of the formula language", None),
    ("x if y else z", "if", "not part of the formula language", "where(condition, a, b)"),
    ("x is y", "is", "not part of the formula language", "=="),
    ("True", "True", "not part of the formula language", "1"),
    ("(y := 1)", ":=", "no meaning", "[model]"),
    ("x ? 1 : 2", "?", "no meaning", "where(condition, a, b)"),
    ("a = b", "=", "not an operator", "=="),
    ("a === b", "===", "not an operator", "=="),
    ("a => b", "=>", "not an operator", ">="),
    ("a <> b", "<>", "not an operator", "!="),
    ("a && b", "&&", "not an operator", "and"),
    ("a | b", "|", "not an operator", "or"),
    ("a ^ 2", "^", "not an operator", "**"),
    ("a // b", "//", "no meaning", "/"),
    ("a @ b", "@", "no meaning", "*"),
    ("80%", "%", "no meaning", "0.05"),
    ("a；b", "；", "no meaning", "commas"),
    ("１", "１", "plain digits", "1"),
    ("1＋2", "＋", "U+FF0B", "write +"),
    ("V＊D", "＊", "U+FF0A", "write *"),
    ("（V)", "（", "U+FF08", "write ("),
    ("min(a，b)", "，", "U+FF0C", "write ,"),
    ("V × D", "×", "U+00D7", "write *"),
    ("V·D", "·", "U+00B7", "write *"),
    ("V − D", "−", "U+2212", "write -"),
    ("V ≤ D", "≤", "U+2264", "write <="),
    ("x²", "²", "U+00B2", "**2"),
    ("a\0b", "\0", "U+0000", "remove"),
    ("a\u202eb", "\u202e", "right-to-left override", "remove"),
    ("a\u200b+b", "\u200b", "zero width", "remove"),
    ("a\u3000+ b", "\u3000", "ideographic space", "ordinary space"),
    ("a\\b", "\\", "no meaning", None),
    ("a < b < c", "<", "cannot be chained", "a < b and b < c"),
    ("a == b != c", "!=", "cannot be chained", "a == b and b != c"),
    ("clip(1, 2)", "clip(1, 2)", "takes 3 values, not 2", "clip(x, low, high)"),
    ("abs(1, 2)", "abs(1, 2)", "takes 1 value, not 2", "abs(x)"),
    ("min()", "min()", "takes 1 or more values, not 0", "min(a, b, ...)"),
    ("mxa(1, 2)", "mxa", "unknown function 'mxa'", "'max'"),
    ("MIN(1, 2)", "MIN", "unknown function 'MIN'", "'min'"),
    ("ln(2)", "ln", "unknown function", "log(x)"),
    ("IF(a, b, c)", "IF", "unknown function", "where(condition, a, b)"),
    ("V(1 - L)", "V", "unknown function", "V * (...)"),
    ("pi(2)", "pi", "is a number", "pi * (...)"),
    ("max + 1", "max", "is a function", "max(a, b, ...)"),
    ("2V", "2V", "not a number", "2 * V"),
    ("2(a)", "(", "operator is missing", "2 * (...)"),
    ("a b", "b", "operator is missing", "a * b"),
    ("1.2.3", "1.2.3", "not a number", "0.35"),
    ("1__0", "1__0", "not a number", "1_000"),
    ("0x1F", "0x1F", "not a number", None),
    ("1,5", ",", "comma", "1_000"),
    ("1e999", "1e999", "too large", None),
    ("1e-999", "1e-999", "too small", None),
    ("(a", "(", "not closed", None),
    ("min(a, b", "min", "not closed", None),
    ("a)", ")", "never opened", None),
    ("a +", "+", "ends too early", None),
    ("* a", "*", "value is missing", None),
    ("a + * b", "*", "value is missing", None),
    ("min(a,, b)", ",", "value is missing", None),
    ("min(a,)", ")", "value is missing", None),
    ("()", ")", "empty", None),
    ("a + not b", "not", "needs parentheses", "+ (not ...)"),
    ("a not b", "not", "between two values", None),
    ("x" * 129, "x" * 129, "129 characters", None),
]


@pytest.mark.parametrize(("text", "offending", "reason", "hint"), BAD)
def test_bad_formulas(text: str, offending: str, reason: str, hint: str | None) -> None:
    found = problems_of(text)
    matching = [p for p in found if p.span and text[p.span[0] : p.span[1]] == offending and reason in p.reason]
    assert matching, found
    assert hint is None or hint in (matching[0].hint or ""), matching[0]
    assert all(p.severity == "error" and p.key == "" for p in found)


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_empty_formula(text: str) -> None:
    assert "empty" in problems_of(text)[0].reason


def test_all_problems_at_once_in_order_of_place() -> None:
    found = problems_of("mxa(1, 2) ＋ clip(1) = foo(2) ^ 2")
    assert [p.span for p in found] == [(0, 3), (10, 11), (12, 19), (20, 21), (22, 25), (29, 30)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("(" * 5000 + "1" + ")" * 5000, "nested too deeply"),
        ("abs(" * 3000 + "1" + ")" * 3000, "nested too deeply"),
        ("[" * 10_000, "no meaning"),
        ("+".join(["x"] * 100_000), "characters"),
        ("+".join(["x"] * 1_500), "too long"),
        ("-" * 10_000 + "1", "too long"),
        ("not " * 4_000 + "1", "too long"),
        ("2**" * 5_000 + "2", "too long"),
        ("x" * 19_000, "characters"),
        ("1" * 19_999 + ".", "too large"),
        ('"' * 19_999, "no text"),
        ("1 " * 9_000, "operator is missing"),
    ],
)
def test_oversized_formulas_are_refused_at_once(text: str, reason: str) -> None:
    begin = time.process_time()  # of this process alone, however busy the machine is
    assert reason in problems_of(text)[-1].reason
    assert time.process_time() - begin < 1.0


def test_the_largest_formulas_are_read() -> None:
    terms = MAX_NODES // 2
    assert value("+".join(["c"] * terms)) == 3.0 * terms
    assert value("(" * MAX_NESTING + "c" + ")" * MAX_NESTING) == 3.0
    assert value("-" * (MAX_NODES - 1) + "c") == -3.0
    for text in ("+".join(["c"] * terms), "-" * (MAX_NODES - 1) + "c", "1**" * (terms - 1) + "1"):
        assert structure(parse(to_text(parse(text)))) == structure(parse(text))
    assert len(repr(parse("+".join(["c"] * terms)))) < 100


@settings(max_examples=50, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab1._e+-*/()<>=!,&|^ '\"[{:\0＋１²·\u202e市n not and min("), max_size=60))
def test_any_text_is_read_or_refused_with_spans(text: str) -> None:
    try:
        tree = parse(text)
    except InvalidInput as failure:
        for problem in failure.problems:
            assert problem.span is not None and 0 <= problem.span[0] <= problem.span[1] <= max(1, len(text))
    else:
        assert structure(parse(to_text(tree))) == structure(tree)


def test_text_bound() -> None:
    assert "characters" in problems_of("1" + " " * MAX_TEXT)[0].reason


def test_every_function_says_how_it_is_used() -> None:
    for name, function in FUNCTIONS.items():
        assert function.usage.startswith(name + "(") and function.doc and function.least >= 1
