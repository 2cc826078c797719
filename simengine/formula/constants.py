"""Parts of a formula that are the same in every trial: their value, and whether it is a number at all."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from simengine.errors import Problem
from simengine.formula.arithmetic import FLOATS
from simengine.formula.functions import CONSTANTS, FUNCTIONS
from simengine.formula.lowering import lowering_of
from simengine.formula.nodes import Name, Node, Number, Operation, postorder
from simengine.formula.problems import excerpt, problem_at


def constant_value(node: Node, known: Mapping[str, float]) -> float | None:
    """The value of a formula over the known names alone; None when it uses any other name."""
    *_, (_, _, value) = _constant_parts(node, known)
    return value


def constant_problems(node: Node, text: str, known: Mapping[str, float]) -> list[Problem]:
    """A problem for each innermost constant part that is no finite number, such as ``1/0`` or ``9**9**9``.

    ``known`` are the constants of the scenario.  An outcome that depends on such a part could never be a
    number, so it is refused before any trial is drawn.
    """
    problems = []
    for part, inputs, value in _constant_parts(node, known):
        broken = value is not None and not math.isfinite(value)
        if broken and all(math.isfinite(x) for x in inputs):
            what = _what(part, inputs, value)
            reason = f"the constant {excerpt(text, part.span)} {what}"
            problems.append(problem_at(text, part.span, reason, allowed="finite numbers, up to 1.797e308"))
    return problems


def _constant_parts(node: Node, known: Mapping[str, float]) -> Iterator[tuple[Node, list[float], float | None]]:
    """Each part, operands first, with their values and its own (None where it is not constant)."""
    values: list[float | None] = []
    for part in postorder(node):
        inputs: list[float] = []
        value: float | None
        match part:
            case Number(number):
                value = number
            case Name(name):
                value = known[name] if name in known else CONSTANTS.get(name)
            case Operation(symbol, operands):
                taken = values[len(values) - len(operands) :]
                del values[len(values) - len(operands) :]
                inputs = [x for x in taken if x is not None]
                over_years = symbol in FUNCTIONS and FUNCTIONS[symbol].axis is not None
                complete = len(inputs) == len(taken) and not over_years
                value = lowering_of(symbol, len(operands))(FLOATS, *inputs) if complete else None
        values.append(value)
        yield part, inputs, value


def _what(part: Node, inputs: list[float], value: float | None) -> str:
    if value is None or math.isnan(value):
        return "is not defined"
    if isinstance(part, Operation) and part.symbol == "/" and inputs[1] == 0.0:
        return "divides by 0"
    return "is infinite"
