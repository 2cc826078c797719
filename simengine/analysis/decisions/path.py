"""A number of a scenario by its dotted path: what it is, and the models with it set to other values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from simengine.deal.expand import expand
from simengine.deal.model import Model
from simengine.errors import InvalidInput, Problem
from simengine.scenario import Scenario, load
from simengine.scenario.document import path_parts
from simengine.scenario.names import list_names, suggest
from simengine.scenario.strategies import OPTION, OVERRIDABLE


@dataclass(frozen=True)
class Number:
    """A number that a scenario gives: path, value (None where it has its default), and range where one is declared."""

    path: str
    value: float | None
    low: float | None = None
    high: float | None = None


def number_at(scenario: Scenario, path: str) -> Number:
    """The number at a dotted path, such as ``inputs.V.p90`` or ``strategies.sale.costs.fee``; or a decision by name.

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
    if f"constants.{path}" in (numbers := dict(_numbers(scenario.data))):
        path = f"constants.{path}"
    if path in numbers:
        return Number(path, numbers[path])
    here = _at(scenario.data, path)
    above = _at(scenario.data, path.rpartition(".")[0]) if "." in path else None
    if here is None and isinstance(above, dict) and "dist" in above:
        return Number(path, None)  # a parameter that has its default, such as scale; the loader knows whether it exists
    if here is not None:
        inside = [key for key in numbers if key.startswith(f"{path}.")]
        hint = f"name one of its numbers, such as {inside[0]}" if inside else "only a number can be varied"
        raise InvalidInput(Problem("is not a number", "--vary", path, hint=hint))
    near = suggest(path, [*numbers, *declared])
    raise InvalidInput(Problem("the scenario has no such number", "--vary", path, list_names(numbers, 8), near))


def _numbers(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, float]]:
    """Dotted paths of all numbers in tables that a strategy may change."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if path or key in (*OVERRIDABLE, "strategies"):
                yield from _numbers(item, (*path, str(key)))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield ".".join(path), float(value)


def _at(data: Any, path: str) -> Any:
    for part in path_parts(path):
        data = data.get(part) if isinstance(data, Mapping) else None
    return data


def models_with(file: str, overrides: Mapping[str, object], number: Number, value: float) -> dict[str, Model]:
    """The models of all strategies with the number set to ``value``.

    Raises
    ------
    InvalidInput
        If the scenario is not valid with it.
    """
    try:
        scenario = load(file, set_values={**overrides, number.path: value})
        return {model.strategy: model for model in expand(scenario)}
    except InvalidInput as error:
        raise InvalidInput(
            replace(problem, file="--vary" if problem.file == OPTION else problem.file) for problem in error.problems
        ) from None
