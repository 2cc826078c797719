"""A tree as text, with no more parentheses than its meaning needs; reading the text gives the same tree."""

from __future__ import annotations

import math

from simengine.formula.functions import FUNCTIONS, OPERATORS, Operator
from simengine.formula.nodes import Name, Node, Number, Operation, postorder

_ATOM = 100
"""Precedence of what never needs parentheses."""


def to_text(node: Node) -> str:
    """Canonical text: one space around operators, numbers in their shortest form that reads back the same."""
    printed: list[tuple[str, int]] = []
    for part in postorder(node):
        match part:
            case Number(value):
                printed.append((number_text(value), _ATOM))
            case Name(name):
                printed.append((name, _ATOM))
            case Operation(symbol, operands):
                taken = printed[len(printed) - len(operands) :]
                del printed[len(printed) - len(operands) :]
                printed.append(_operation(symbol, taken))
    return printed.pop()[0]


def number_text(value: float) -> str:
    """The shortest text of a number that reads back to the same bits, without a needless ``.0``."""
    if math.isfinite(value) and value == int(value) and abs(value) < 1e16:
        return str(int(value))
    return repr(value)


def _operation(symbol: str, operands: list[tuple[str, int]]) -> tuple[str, int]:
    if symbol in FUNCTIONS:
        return f"{symbol}({', '.join(text for text, _ in operands)})", _ATOM
    operator = OPERATORS[symbol, len(operands)]
    if operator.operands == 1:
        sign = f"{symbol} " if symbol.isalpha() else symbol
        return sign + _inside(operands[0], operator.precedence), operator.precedence
    left, right = operands
    text = f"{_inside(left, _left_bound(operator))} {symbol} {_right(right, operator)}"
    return text, operator.precedence


def _left_bound(operator: Operator) -> int:
    return operator.precedence + (1 if operator.right or not operator.chains else 0)


def _right(operand: tuple[str, int], operator: Operator) -> str:
    """The right operand; a power takes a signed exponent without parentheses, as in ``x ** -2``."""
    if operator.right:
        sign = OPERATORS["-", 1].precedence
        return _inside(operand, min(operator.precedence, sign))
    return _inside(operand, operator.precedence + 1)


def _inside(operand: tuple[str, int], bound: int) -> str:
    text, precedence = operand
    return text if precedence >= bound else f"({text})"
