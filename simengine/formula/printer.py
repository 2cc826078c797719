"""A tree as text, with no more parentheses than its meaning needs; reading the text gives the same tree."""

from __future__ import annotations

import math
from collections.abc import Sequence

from simengine.formula.functions import FUNCTIONS, OPERATORS, Operator
from simengine.formula.nodes import Name, Node, Number, Operation, postorder

_ATOM = 100
"""Precedence of what never needs parentheses."""


def to_text(node: Node, *, most: int | None = None) -> str:
    """Canonical text: one space around operators, numbers in their shortest form that reads back the same.

    Of more than ``most`` values by year only the first and last are shown; such a text cannot be read back.
    """
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
                printed.append(_operation(symbol, _shortened(taken, most) if symbol == "by_year" else taken))
    return printed.pop()[0]


def number_text(value: float) -> str:
    """The shortest text of a number that reads back to the same bits, without a needless ``.0``."""
    if math.isfinite(value) and value == int(value) and abs(value) < 1e16:
        return str(int(value))
    return repr(value)


def shortened(texts: Sequence[str], most: int) -> list[str]:
    """The texts, those in the middle of more than ``most`` replaced by three dots."""
    tail = max(1, most // 3)
    return list(texts) if len(texts) <= most else [*texts[: most - tail], "...", *texts[-tail:]]


def _shortened(values: list[tuple[str, int]], most: int | None) -> list[tuple[str, int]]:
    return values if most is None else [(text, _ATOM) for text in shortened([text for text, _ in values], most)]


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
