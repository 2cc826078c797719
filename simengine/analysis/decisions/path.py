"""A number of a scenario by its dotted path: what it is, and the models with it set to other values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from simengine.deal.expand import expand
from simengine.deal.model import Model
from simengine.errors import InvalidInput, Problem
from simengine.scenario import Scenario, with_values
from simengine.scenario.document import path_parts
from simengine.scenario.names import list_names, nearest, nearest_first
from simengine.scenario.strategies import OPTION, OVERRIDABLE

_INDEX = re.compile(r"\[(\d{1,6})\]")
_HALVINGS = 60
_INSIDE = 0.99
"""How far towards a limit that is itself not allowed a range reaches."""


@dataclass(frozen=True)
class Number:
    """A number that a scenario gives: path, value (None where it has its default), and range where one is declared.

    ``whole`` says that it is a distribution, in whose place the number is put.
    """

    path: str
    value: float | None
    low: float | None = None
    high: float | None = None
    whole: bool = False

    @property
    def is_free(self) -> bool:
        """Whether its range follows from its value alone, because none is declared."""
        return self.low is None and self.high is None and bool(self.value)


def number_at(scenario: Scenario, path: str) -> Number:
    """The number at a dotted path, such as ``inputs.V.p90`` or ``strategies.sale.costs.fee``; or a decision by name.

    The path of a whole input, cost, probability or severity is a number in its place.  What only one strategy gives is
    found without its name before it.

    Raises
    ------
    InvalidInput
        If there is none, with the nearest path.
    """
    declared = {name: one for definition in scenario.strategies.values() for name, one in definition.decisions.items()}
    named = path.removeprefix("decisions.").removesuffix(".value")
    if named in declared:
        decision = declared[named]
        return Number(f"decisions.{named}.value", decision.value, decision.low, decision.high)
    numbers = dict(_numbers(scenario.data))
    places = [f"strategies.{name}.{path}" for name in scenario.strategies]
    for candidates in ([path, f"constants.{path}"], places):
        found = [number for one in candidates if (number := _number(scenario, one, numbers)) is not None]
        if len(found) == 1 or (found and candidates is not places):
            return found[0]
        if found:
            listed = " or ".join(number.path for number in found)
            reason = "is given by several strategies, each of its own"
            raise InvalidInput(Problem(reason, "--vary", path, listed, f"name one of them, such as {found[0].path}"))
    raise InvalidInput(_unknown(scenario, path, numbers, list(declared)))


def _number(scenario: Scenario, path: str, numbers: Mapping[str, float]) -> Number | None:
    """What stands at exactly this path, or at its ``value``; None where it is no number."""
    plain = path.removesuffix(".value")
    for same in dict.fromkeys((path, plain, f"{path}.value")):
        if same in numbers:
            return Number(same, numbers[same])
    here, above = (
        value_at(scenario.data, path),
        value_at(scenario.data, path.rpartition(".")[0]) if "." in path else None,
    )
    if here is None and isinstance(above, dict) and "dist" in above:
        return Number(path, None)  # a parameter that has its default, such as scale; the loader knows whether it exists
    if _is_uncertain(path, here):
        return Number(path, None, whole=True)
    return None


def _is_uncertain(path: str, here: Any) -> bool:
    """Whether a value is one that a number may replace: a distribution of an input, a cost or a part of a risk."""
    parts = path.split(".")
    inner = parts[2:] if parts[0] == "strategies" else parts
    fits = len(inner) == 2 if inner[:1] in (["inputs"], ["costs"]) else len(inner) == 3 and inner[0] == "risks"
    return fits and (isinstance(here, str) or (isinstance(here, dict) and "dist" in here))


def _unknown(scenario: Scenario, path: str, numbers: Mapping[str, float], declared: list[str]) -> Problem:
    if value_at(scenario.data, path) is not None:
        inside = [key for key in numbers if key.startswith(f"{path}.")]
        hint = f"name one of its numbers, such as {inside[0]}" if inside else "only a number can be varied"
        return Problem("is not a number", "--vary", path, hint=hint)
    listed = nearest_first(path, [*numbers, *declared])
    near = nearest(path, [*declared, *numbers])
    meant = f"did you mean {near}?" if near else None
    return Problem("the scenario has no such number", "--vary", path, list_names(listed, 8), meant)


def _numbers(value: Any, path: str = "") -> Iterator[tuple[str, float]]:
    """Dotted paths of all numbers in tables that a strategy may change, and of the discount rate."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if path or key in (*OVERRIDABLE, "strategies"):
                yield from _numbers(item, f"{path}.{key}" if path else str(key))
            elif key == "scenario" and isinstance(item, Mapping):
                yield from _numbers(item.get("discount"), "scenario.discount")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _numbers(item, f"{path}[{index}]")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path, float(value)


def value_at(data: Any, path: str) -> Any:
    """What stands at a dotted path, such as ``deal.royalty.tiers[0].rate``; None where nothing does."""
    for part in path_parts(path):
        name, *indices = _INDEX.split(part)
        written = data.get(part) if isinstance(data, Mapping) else None
        if written is None and isinstance(data, Mapping):
            data = data.get(name)
            for index in indices[::2]:
                data = data[int(index)] if isinstance(data, list) and int(index) < len(data) else None
        else:
            data = written
    return data


def models_with(scenario: Scenario, number: Number, value: float) -> dict[str, Model]:
    """The models of all strategies with the number set to ``value``.

    Raises
    ------
    InvalidInput
        If the scenario is not valid with it.
    """
    return models_where(scenario, {number.path: value})


def models_where(scenario: Scenario, values: Mapping[str, float]) -> dict[str, Model]:
    """The models of all strategies with the numbers at some dotted paths set.

    Raises
    ------
    InvalidInput
        If the scenario is not valid with them.
    """
    try:
        return {model.strategy: model for model in expand(with_values(scenario, values))}
    except InvalidInput as error:
        raise InvalidInput(
            replace(problem, file="--vary" if problem.file == OPTION else problem.file) for problem in error.problems
        ) from None


def bounds_of(scenario: Scenario, number: Number, low: float | None, high: float | None) -> tuple[float, float]:
    """The range to look at: as asked for, that of a decision, or from 0 to twice the value as far as that is allowed.

    Raises
    ------
    InvalidInput
        If no range is known, it is reversed, or the scenario is not valid at an end that was asked for.
    """
    first, last = _default_ends(scenario, number)
    first, last = (low if low is not None else first), (high if high is not None else last)
    if first is None or last is None:
        reason = "a number in place of a distribution has no range" if number.whole else "the range is not known"
        hint = "give --low and --high"
        if number.whole:
            inside = [key for key in dict(_numbers(scenario.data)) if key.startswith(f"{number.path}.")]
            hint += f", or name one of its numbers, such as {inside[0]}" if inside else ""
        raise InvalidInput(Problem(reason, "--vary", number.path, hint=hint))
    if not first < last:
        reason = "the bounds are reversed" if first > last else "the bounds are equal"
        raise InvalidInput(Problem(reason, "--low", f"{first:g}", f"below --high = {last:g}"))
    problems = []
    for option, end in (("--low", low), ("--high", high)):
        if end is not None and (problem := _refused(scenario, number, end, option)) is not None:
            problems.append(problem)
    if problems:
        raise InvalidInput(problems)
    return first, last


def _default_ends(scenario: Scenario, number: Number) -> tuple[float | None, float | None]:
    if number.low is not None or number.high is not None or not number.value:
        return number.low, number.high
    ends = sorted((0.0, 2.0 * number.value))
    return _limit(scenario, number, ends[0]), _limit(scenario, number, ends[1])


def wider_bounds(scenario: Scenario, number: Number, bounds: tuple[float, float], factor: float) -> tuple[float, float]:
    """The default range of a number, up to another multiple of its value as far as that is allowed."""
    assert number.value
    end = _limit(scenario, number, factor * number.value)
    return (bounds[0], end) if end > bounds[1] else (end, bounds[1]) if end < bounds[0] else bounds


def _limit(scenario: Scenario, number: Number, end: float) -> float:
    """The end of a range, or the last value before it with which the scenario is valid."""
    if number.value is None or _why_not(scenario, number, end) is None:
        return end
    good, bad = number.value, end
    for _ in range(_HALVINGS):
        middle = good + (bad - good) / 2
        if middle in (good, bad):
            break
        if _why_not(scenario, number, middle) is None:
            good = middle
        else:
            bad = middle
    limit = float(f"{bad:.12g}")  # what a person wrote, of which halving finds all but the last digits
    if _why_not(scenario, number, limit) is None:
        return limit
    return number.value + _INSIDE * (good - number.value)


def _why_not(scenario: Scenario, number: Number, value: float) -> Problem | None:
    try:
        models_with(scenario, number, value)
    except InvalidInput as error:
        return error.problems[0]
    return None


def _refused(scenario: Scenario, number: Number, end: float, option: str) -> Problem | None:
    """What is wrong with an end that was typed, and how far the range may reach."""
    problem = _why_not(scenario, number, end)
    if problem is None:
        return None
    allowed = problem.allowed
    if number.value is not None:
        reach = f"{_limit(scenario, number, end):g}"
        allowed = f"at least {reach}" if end < number.value else f"at most {reach}"
    reason = f"{number.path} cannot have this value: {problem.reason}"
    return Problem(reason, option, f"{end:g}", allowed, problem.hint)
