"""Which formulas have a value for each period, what does not fit the periods, and their meaning over them."""

from __future__ import annotations

import contextlib
import graphlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from simengine.errors import Problem
from simengine.formula.axis import AXIS_NAMES, Grid, YearlyArithmetic
from simengine.formula.constants import constant_value
from simengine.formula.functions import FUNCTIONS
from simengine.formula.lowering import lower
from simengine.formula.nodes import Name, Node, Operation, names_in, postorder
from simengine.formula.problems import excerpt, problem_at


def is_yearly(node: Node, yearly: Mapping[str, bool]) -> bool:
    """Whether a formula has a value for each period; ``yearly`` says it of the names that it uses."""
    *_, (_, shape, _) = _shapes(node, yearly)
    return shape


def yearly_formulas(trees: Mapping[str, Node], yearly: Mapping[str, bool]) -> dict[str, bool]:
    """Whether each formula has a value for each period; ``yearly`` says it of names that are none of them.

    In a circle of formulas, which is an error of its own, what is not known yet counts as single.
    """
    order: Sequence[str] = tuple(trees)
    needs = {name: [used for used in names_in(tree) if used in trees] for name, tree in trees.items()}
    with contextlib.suppress(graphlib.CycleError):
        order = tuple(graphlib.TopologicalSorter(needs).static_order())
    known = dict(yearly)
    for name in order:
        known[name] = is_yearly(trees[name], known)
    return {name: known[name] for name in trees}


def shape_problems(node: Node, text: str, grid: Grid, yearly: Mapping[str, bool]) -> list[Problem]:
    """What does not fit the periods: yearly values in place of single ones, too many values, times beyond the end.

    Tables of ``tiers`` and ``interp`` whose places are numbers and do not rise are found here as well.
    ``yearly`` says which names have a value for each period; ``text`` is the formula as it was written.
    """
    problems: list[Problem] = []
    for part, _, taken in _shapes(node, yearly):
        if isinstance(part, Operation) and part.symbol in FUNCTIONS:
            problems += _not_single(part, text, taken)
            problems += _CHECKS[part.symbol](part, text, grid) if part.symbol in _CHECKS else ()
    return problems


def lower_over_years(node: Node, on: YearlyArithmetic[Any], value_of: Callable[[str], Any]) -> Any:
    """The value of a formula that may be yearly, see :func:`simengine.formula.lowering.lower`."""
    return lower(node, on, lambda name: on.named(name) if name in AXIS_NAMES else value_of(name))


def _shapes(node: Node, yearly: Mapping[str, bool]) -> Iterator[tuple[Node, bool, list[bool]]]:
    """Each part, operands first: whether it has a value for each period, and whether its operands have."""
    shapes: list[bool] = []
    for part in postorder(node):
        taken: list[bool] = []
        shape = False
        match part:
            case Name(name):
                shape = name == "year" or yearly.get(name, False)
            case Operation(symbol, operands):
                taken = shapes[len(shapes) - len(operands) :]
                del shapes[len(shapes) - len(operands) :]
                axis = FUNCTIONS[symbol].axis if symbol in FUNCTIONS else None
                shape = any(taken) if axis is None else axis == "along"
        shapes.append(shape)
        yield part, shape, taken


def _not_single(part: Operation, text: str, taken: Sequence[bool]) -> Iterator[Problem]:
    function = FUNCTIONS[part.symbol]
    for place in function.single:
        if place < len(taken) and taken[place]:
            operand = part.operands[place]
            parameter = function.parameters.split(", ")[place]
            reason = (
                f"'{parameter}' of {function.usage} is a single value; {excerpt(text, operand.span)} has one a period"
            )
            hint = "take the value of one period with at(x, time), or of all with sum(x), highest(x) or lowest(x)"
            yield problem_at(text, operand.span, reason, hint=hint)


def _too_many(part: Operation, text: str, grid: Grid) -> Iterator[Problem]:
    count = len(part.operands)
    if count > grid.periods:
        span = (part.operands[grid.periods].span[0], part.operands[-1].span[1])
        reason = f"by_year has {count} values for {_periods(grid)}"
        hint = "leave out those of later periods, or set horizon in [scenario]"
        yield problem_at(text, span, reason, allowed=f"at most {grid.periods}", hint=hint)


def _outside(part: Operation, text: str, grid: Grid) -> Iterator[Problem]:
    time = part.operands[1]
    value = constant_value(time, {})
    if value is not None and not 0.0 < value <= grid.ends[-1]:
        reason = f"no period holds the time {value:g}"
        allowed = f"above 0, up to {grid.horizon:g} years ({_periods(grid)})"
        yield problem_at(text, time.span, reason, allowed=allowed)


def _bounds(part: Operation, text: str, grid: Grid) -> Iterator[Problem]:
    yield from _not_rising(part.operands[1:-1:2], "the bounds of tiers", text)


def _places(part: Operation, text: str, grid: Grid) -> Iterator[Problem]:
    yield from _not_rising(part.operands[1::2], "the places x1, x2, ... of interp", text)


def _not_rising(operands: Sequence[Node], what: str, text: str) -> Iterator[Problem]:
    values = [constant_value(operand, {}) for operand in operands]
    for (_, before), (operand, value) in pairwise(zip(operands, values, strict=True)):
        if before is not None and value is not None and value <= before:
            reason = f"{what} do not rise: {value:g} follows {before:g}"
            yield problem_at(text, operand.span, reason, allowed=f"above {before:g}")
            return


def _periods(grid: Grid) -> str:
    return "1 period" if grid.periods == 1 else f"{grid.periods} periods"


_CHECKS: Mapping[str, Callable[[Operation, str, Grid], Iterator[Problem]]] = {
    "at": _outside,
    "by_year": _too_many,
    "interp": _places,
    "tiers": _bounds,
}
"""What is checked of a function besides the shapes of its operands."""
