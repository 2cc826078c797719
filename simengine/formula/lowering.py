"""The meaning of a tree, over any arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from simengine.formula.arithmetic import Arithmetic
from simengine.formula.functions import CONSTANTS, FUNCTIONS, OPERATORS, Lowering
from simengine.formula.nodes import Name, Node, Number, Operation, postorder

V = TypeVar("V")


def lower(node: Node, arithmetic: Arithmetic[V], value_of: Callable[[str], V]) -> V:
    """The value of a formula: ``value_of`` gives the values of its names, ``arithmetic`` does the steps.

    Operands are computed from left to right and operations in the order in which they are written; nothing is
    reassociated.
    """
    values: list[Any] = []
    for part in postorder(node):
        match part:
            case Number(value):
                values.append(arithmetic.constant(value))
            case Name(name):
                values.append(arithmetic.constant(CONSTANTS[name]) if name in CONSTANTS else value_of(name))
            case Operation(symbol, operands):
                taken = values[len(values) - len(operands) :]
                del values[len(values) - len(operands) :]
                values.append(lowering_of(symbol, len(operands))(arithmetic, *taken))
    result: V = values.pop()
    return result


def lowering_of(symbol: str, operands: int) -> Lowering:
    """How the operator or function with this symbol and number of operands is built."""
    function = FUNCTIONS.get(symbol)
    return function.lower if function is not None else OPERATORS[symbol, operands].lower
