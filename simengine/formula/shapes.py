"""Which formulas have a value for each period, and their meaning over the periods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from simengine.formula.axis import AXIS_NAMES, YearlyArithmetic
from simengine.formula.functions import FUNCTIONS
from simengine.formula.lowering import lower
from simengine.formula.nodes import Name, Node, Operation, postorder


def is_yearly(node: Node, yearly: Mapping[str, bool]) -> bool:
    """Whether a formula has a value for each period; ``yearly`` says it of the names that it uses."""
    shapes: list[bool] = []
    for part in postorder(node):
        match part:
            case Name(name):
                shapes.append(name == "year" or yearly.get(name, False))
            case Operation(symbol, operands):
                taken = shapes[len(shapes) - len(operands) :]
                del shapes[len(shapes) - len(operands) :]
                axis = FUNCTIONS[symbol].axis if symbol in FUNCTIONS else None
                shapes.append(any(taken) if axis is None else axis == "along")
            case _:
                shapes.append(False)
    return shapes.pop()


def uses_axis(node: Node) -> bool:
    """Whether a formula names the axis or uses a function over years."""
    return any(
        (isinstance(part, Name) and part.name in AXIS_NAMES)
        or (isinstance(part, Operation) and part.symbol in FUNCTIONS and FUNCTIONS[part.symbol].axis is not None)
        for part in postorder(node)
    )


def lower_over_years(node: Node, on: YearlyArithmetic[Any], value_of: Callable[[str], Any]) -> Any:
    """The value of a formula that may be yearly, see :func:`simengine.formula.lowering.lower`."""
    return lower(node, on, lambda name: on.named(name) if name in AXIS_NAMES else value_of(name))
