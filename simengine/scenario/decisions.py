"""Reading ``[decisions]``: numbers that are ours to choose, with their ranges or choices."""

from __future__ import annotations

import math

from simengine.distributions.values import brief
from simengine.errors import Problem
from simengine.scenario.definition import DecisionSpec
from simengine.scenario.document import Document, key_text
from simengine.scenario.positions import Path
from simengine.scenario.quantities import Reader
from simengine.scenario.report import validate
from simengine.scenario.schema import DecisionTable

MOST_STEPS = 1_000_000
"""Values that a step may divide a range into."""

_EXAMPLES = "{ min = 0, max = 60 }, with a step if need be, or { choices = [10, 20, 40] }"


def read_decisions(document: Document, reader: Reader) -> dict[str, DecisionSpec]:
    """The table ``[decisions]``; what is wrong is reported and left out."""
    return reader.read_all(document, "decisions", lambda path, raw: _decision(document, path, raw, reader))


def _decision(document: Document, path: Path, raw: object, reader: Reader) -> DecisionSpec | None:
    table = validate(DecisionTable, raw, document, path, reader.report)
    if table is None:
        return None
    found = _wrong(table)
    if found is not None:
        part, problem = found
        reader.report.add(problem, document, (*path, part) if part else path)
        return None
    choices = _choices(table)
    low, high = (table.min, table.max) if choices is None else (choices[0], choices[-1])
    assert low is not None and high is not None
    return DecisionSpec(
        str(path[-1]), key_text(path), _value(table, choices, low, high), low, high, choices, table.title, table.unit
    )


def _wrong(table: DecisionTable) -> tuple[str, Problem] | None:
    """What is wrong with a decision, and which of its keys says so; None where nothing is."""
    low, high, step = table.min, table.max, table.step
    if table.choices is not None:
        given = next((key for key in ("min", "max", "step") if getattr(table, key) is not None), None)
        if given is not None:
            return given, Problem("is given beside choices", allowed=_EXAMPLES)
        if table.value is not None and table.value not in table.choices:
            listed = ", ".join(brief(choice) for choice in table.choices[:12])
            return "value", Problem("is not one of the choices", value=brief(table.value), allowed=listed)
        return None
    if low is None or high is None:
        missing = " and ".join(key for key, value in (("min", low), ("max", high)) if value is None)
        return "", Problem(f"{missing} of the decision is missing", allowed=_EXAMPLES)
    if low >= high:
        reason = "the bounds are reversed" if low > high else "the bounds are equal"
        hint = f"min = {brief(high)}, max = {brief(low)}" if low > high else "a number that is fixed is a constant"
        return "max", Problem(f"{reason}: min is {brief(low)}", value=brief(high), allowed="above min", hint=hint)
    if step is not None and step > high - low:
        return "step", Problem("is longer than the range", value=brief(step), allowed=f"up to {brief(high - low)}")
    if step is not None and (high - low) / step > MOST_STEPS:
        return "step", Problem("makes too many values", value=brief(step), allowed=f"at most {MOST_STEPS:,}")
    if table.value is not None and not low <= table.value <= high:
        allowed = f"{brief(low)} to {brief(high)}"
        return "value", Problem("is outside the range of the decision", value=brief(table.value), allowed=allowed)
    return None


def _choices(table: DecisionTable) -> tuple[float, ...] | None:
    """The values that may be chosen, rising; None where all between the bounds may be."""
    if table.choices is not None:
        return tuple(sorted(table.choices))
    if table.step is None:
        return None
    assert table.min is not None and table.max is not None
    return stepped(table.min, table.max, table.step)


def stepped(low: float, high: float, step: float) -> tuple[float, ...]:
    """low, low + step, ... up to high; a last step that rounding has left a hair beyond it counts."""
    count = math.floor((high - low) / step * (1.0 + 1e-12) + 1e-9)
    return tuple(min(low + k * step, high) for k in range(count + 1))


def _value(table: DecisionTable, choices: tuple[float, ...] | None, low: float, high: float) -> float:
    """What a run takes."""
    if table.value is not None:
        return table.value
    if table.choices is not None:
        return table.choices[0]
    middle = low + (high - low) / 2
    return middle if choices is None else choices[(len(choices) - 1) // 2]
