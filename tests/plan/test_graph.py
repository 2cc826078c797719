"""The expression graph: sharing, folding and simplification, never at the price of a bit."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_machine import ONE, TWO

from simengine.formula import lower, parse
from simengine.formula.arithmetic import FLOATS
from simengine.plan.graph import Graph, bits_of
from simengine.plan.ops import Op


def words(graph: Graph, count: int) -> list[int]:
    """Nodes that the graph knows nothing about."""
    return [graph.apply(Op.WORD_TO_X, graph.apply(Op.PHILOX, immediate=k), immediate=0) for k in range(count)]


def built(text: str) -> tuple[Graph, int]:
    graph = Graph()
    names = dict(zip("abcd", words(graph, 4), strict=True))
    return graph, lower(parse(text), graph, names.__getitem__)


def rows(text: str) -> list[str]:
    """The operations that a formula of a, b, c, d needs, draws left out."""
    graph, root = built(text)
    kinds = [graph.nodes[node].op for node in graph.live([root])]
    return [kind.name for kind in kinds if kind is not None and kind not in (Op.PHILOX, Op.WORD_TO_X)]


def evaluate(graph: Graph, root: int, values: dict[int, float]) -> float:
    """The value of a node, by the operations of the tape on single numbers."""
    found: dict[int, float] = {}
    with np.errstate(all="ignore"):
        for number in graph.live([root]):
            node = graph.nodes[number]
            if number in values:
                found[number] = values[number]
            elif node.op is None:
                found[number] = node.value
            elif node.op not in (Op.PHILOX, Op.WORD_TO_X):
                operands = [np.array([found[operand]]) for operand in node.operands]
                if node.op is Op.SELECT:
                    found[number] = float(operands[1][0] if operands[0][0] != 0.0 else operands[2][0])
                else:
                    found[number] = float((TWO if len(operands) == 2 else ONE)[node.op](*operands)[0])
    return found[root]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + b", ["ADD"]),
        ("a * 1", []),
        ("1 * a", []),
        ("a / 1", []),
        ("a - 0", []),
        ("a + 0", ["ADD"]),  # -0.0 + 0.0 is 0.0
        ("0 + a", ["ADD"]),
        ("a - -0", ["SUBTRACT"]),  # -0.0 - -0.0 is 0.0
        ("a + -0", []),
        ("0 - a", ["SUBTRACT"]),
        ("a * 0", ["MULTIPLY"]),  # NaN for infinite a
        ("a - a", ["SUBTRACT"]),
        ("--a", []),
        ("+a", []),
        ("a + -b", ["SUBTRACT"]),
        ("a - -b", ["ADD"]),
        ("abs(-a)", ["ABSOLUTE"]),
        ("abs(abs(a))", ["ABSOLUTE"]),
        ("min(a, a)", []),
        ("min(a, b, c)", ["MINIMUM", "MINIMUM"]),
        ("max(a)", []),
        ("clip(a, 0, 1)", ["MAXIMUM", "MINIMUM"]),
        ("a > b", ["LESS"]),
        ("a >= b", ["LESS_EQUAL"]),
        ("where(2 > 1, a, b)", []),
        ("where(a > b, c, c)", []),
        ("where(a > b, 1, 0)", ["LESS"]),
        ("where(a, 1, 0)", ["SELECT"]),
        ("where(not a, b, c)", ["SELECT"]),
        ("where(a != 0, b, c)", ["SELECT"]),
        ("where(0 == a, b, c)", ["SELECT"]),
        ("a > b and c > d", ["LESS", "LESS", "SELECT"]),
        ("a > b or c > d", ["LESS", "LESS", "SELECT"]),
        ("a and b", ["NOT_EQUAL", "SELECT"]),
        ("(a > b and c > d) and a", ["LESS", "LESS", "SELECT", "NOT_EQUAL", "SELECT"]),
        ("a and (b > c and c > d)", ["LESS", "LESS", "SELECT", "SELECT"]),
        ("not (a > b)", ["LESS", "EQUAL"]),
        ("a ** 2", ["MULTIPLY"]),
        ("pow(a, 3)", ["MULTIPLY"] * 2),
        ("a ** 10", ["MULTIPLY"] * 4),
        ("a ** 64", ["MULTIPLY"] * 6),
        ("a ** 65", ["POW"]),
        ("a ** -2", ["MULTIPLY", "DIVIDE"]),
        ("a ** 1", []),
        ("a ** 0", []),
        ("a ** 0.5", ["POW"]),
        ("2 ** a", ["POW"]),
        ("a * (2 + 3) / (7 - 2 * 3)", ["MULTIPLY"]),
        ("a * b + b * a", ["MULTIPLY", "ADD"]),
        ("(a == b) + (b == a)", ["EQUAL", "ADD"]),
        ("(a - b) * (b - a)", ["SUBTRACT", "SUBTRACT", "MULTIPLY"]),
        ("a * b * c + a * b * d", ["MULTIPLY", "MULTIPLY", "MULTIPLY", "ADD"]),
        ("a * (b * c)", ["MULTIPLY", "MULTIPLY"]),
    ],
)
def test_operations_left(text: str, expected: list[str]) -> None:
    assert sorted(rows(text)) == sorted(expected)


@pytest.mark.parametrize(
    "text", ["1 + 2 * 3 - 4 / 5", "exp(1) + log(2)", "2 ** 0.5", "0.1 ** 3", "where(1, 2, 3) and 4"]
)
def test_constants_fold_to_the_value_of_the_float_arithmetic(text: str) -> None:
    graph, root = built(text)
    folded = graph.value(root)
    assert folded is not None and folded.hex() == lower(parse(text), FLOATS, {}.__getitem__).hex()


def test_equal_bits_are_one_constant() -> None:
    graph = Graph()
    assert graph.constant(0.1) == graph.constant(0.1)
    assert graph.constant(0.0) != graph.constant(-0.0)
    assert graph.constant(math.nan) == graph.constant(-math.nan)


def test_equal_draws_are_one_node() -> None:
    graph = Graph()
    assert words(graph, 2)[0] == words(graph, 1)[0]
    assert words(graph, 2)[0] != words(graph, 2)[1]


def test_live_leaves_out_what_no_root_needs() -> None:
    graph = Graph()
    a, b, c, _ = words(graph, 4)
    wanted, unused = graph.add(a, b), graph.multiply(a, c)
    assert unused not in graph.live([wanted]) and c not in graph.live([wanted])
    assert graph.live([wanted]) == sorted(graph.live([wanted]))


# ---- every simplification keeps every bit ----

_odd_values = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 5e-324, 1.5e308]),
    st.floats(allow_nan=True, allow_infinity=True),
)
_constants = st.sampled_from(["0", "1", "2", "(-0)", "(-1)", "0.5", "3"])


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pair = st.tuples(inner, inner)
    return st.one_of(
        st.tuples(st.sampled_from(["+", "-", "*", "/", "<", "<=", ">", ">=", "==", "!=", " and ", " or "]), pair).map(
            lambda drawn: f"({drawn[1][0]}{drawn[0]}{drawn[1][1]})"
        ),
        inner.map("(-{})".format),
        inner.map("(not {})".format),
        inner.map("abs({})".format),
        pair.map(lambda drawn: f"min({drawn[0]}, {drawn[1]})"),
        pair.map(lambda drawn: f"max({drawn[0]}, {drawn[1]})"),
        st.tuples(inner, inner, inner).map("where({0[0]}, {0[1]}, {0[2]})".format),
    )


@settings(max_examples=50, deadline=None)
@given(
    st.recursive(st.one_of(st.sampled_from("abcd"), _constants), _grown, max_leaves=20),
    st.lists(_odd_values, min_size=4, max_size=4),
)
def test_the_graph_gives_the_bits_of_plain_arithmetic(text: str, values: list[float]) -> None:
    graph, root = built(text)
    names = dict(zip("abcd", words(graph, 4), strict=True))
    named = dict(zip("abcd", values, strict=True))
    expected = lower(parse(text), FLOATS, named.__getitem__)
    found = evaluate(graph, root, {names[name]: value for name, value in named.items()})
    assert math.isnan(found) if math.isnan(expected) else bits_of(found) == bits_of(expected), text


@pytest.mark.parametrize("value", [0.0, -0.0, 1.0, math.nan])
@pytest.mark.parametrize("text", ["where(not a, 2, 3)", "where(a != 0, 2, 3)", "where(0 == a, 2, 3)", "where(a, 2, 3)"])
def test_choices_on_tests_against_zero(text: str, value: float) -> None:
    graph, root = built(text)
    expected = lower(parse(text), FLOATS, {"a": value}.__getitem__)
    assert evaluate(graph, root, {words(graph, 1)[0]: value}) == expected


_FOLDS: dict[str, Callable[[Graph, int, int], int]] = {
    "sum": Graph.add,
    "difference": Graph.subtract,
    "product": Graph.multiply,
    "quotient": Graph.divide,
    "least": Graph.minimum,
    "greatest": Graph.maximum,
}


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(sorted(_FOLDS)), _odd_values, _odd_values)
def test_folding_gives_the_bits_of_the_operation(name: str, x: float, y: float) -> None:
    graph = Graph()
    folded = graph.value(_FOLDS[name](graph, graph.constant(x), graph.constant(y)))
    op = {"sum": Op.ADD, "difference": Op.SUBTRACT, "product": Op.MULTIPLY, "quotient": Op.DIVIDE}.get(
        name, Op.MINIMUM if name == "least" else Op.MAXIMUM
    )
    with np.errstate(all="ignore"):
        expected = float(TWO[op](np.array([x]), np.array([y]))[0])
    assert folded is not None
    assert math.isnan(folded) if math.isnan(expected) else bits_of(folded) == bits_of(expected)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.2, 5.0), st.integers(-64, 64))
def test_whole_powers_are_close_to_the_power(x: float, exponent: int) -> None:
    graph, root = built(f"a ** {exponent}" if exponent >= 0 else f"a ** -{-exponent}")
    found = evaluate(graph, root, {words(graph, 1)[0]: x})
    assert found == pytest.approx(FLOATS.power(x, float(exponent)), rel=abs(exponent) * 2**-52 + 2**-52)


def test_outcomes_of_one_kind_differ_by_a_constant() -> None:
    graph = Graph()
    x, y = (graph.apply(Op.PHILOX, immediate=k) for k in range(2))
    three, four = graph.constant(3.0), graph.constant(4.0)
    product = graph.multiply(x, y)
    same = [
        product,
        graph.subtract(product, three),
        graph.add(four, graph.subtract(product, three)),
        graph.subtract(graph.add(product, x), x),
    ]
    assert {graph.uncertain_terms(node) for node in same} == {((product, 1),)}
    others = [graph.multiply(product, three), graph.subtract(three, product), graph.add(product, product)]
    assert len({graph.uncertain_terms(node) for node in [product, *others]}) == 4
    assert graph.uncertain_terms(three) == graph.uncertain_terms(four) == ()
