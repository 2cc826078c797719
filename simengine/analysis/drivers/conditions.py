"""Conditions of a stress test, as people write them: ``V<=P10``, ``ip_leak_strikes>=1``, ``T<450``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simengine.analysis.drivers.factors import is_uncertain
from simengine.analysis.drivers.ranks import RankPlan
from simengine.deal.model import Model, UncertainInput
from simengine.distributions.pieces import probability_below
from simengine.errors import InvalidInput, Problem
from simengine.plan.compile import needed_names
from simengine.scenario.names import list_names, suggest

Array = NDArray[np.float64]

_FORM = re.compile(r"^\s*([^\s<>=]+)\s*(<=|>=|<|>|==|=)\s*(\S+)\s*$")
_LEVEL = re.compile(r"^[pP]([0-9]+(?:\.[0-9]+)?)$")
_SEAM = 1e-12
_ALLOWED = "NAME<=VALUE, NAME>=VALUE, NAME<VALUE or NAME>VALUE; VALUE a number or a percentile such as P10"


@dataclass(frozen=True)
class Condition:
    """One condition: the trials in which an input, an outcome or another formula is on one side of a value.

    ``upper``: whether the value is an upper limit; ``strict``: whether it is itself outside.  ``level`` is the
    percentile (0 to 1) that stands for the value, None where it is a number.
    """

    text: str
    name: str
    upper: bool
    strict: bool
    level: float | None
    value: float

    def holds(self, values: Array, limit: float) -> NDArray[np.bool_]:
        """Where values are on the right side of a limit."""
        if self.strict:
            return np.asarray(values < limit if self.upper else values > limit)
        return np.asarray(values <= limit if self.upper else values >= limit)


def parse_conditions(texts: Sequence[str], models: Sequence[Model]) -> tuple[Condition, ...]:
    """The conditions that ``texts`` say; several in one text are joined by ``and``.

    Raises
    ------
    InvalidInput
        With every condition that is none, or names nothing that differs from trial to trial.
    """
    found, problems = [], []
    for text in (part for given in texts for part in re.split(r"\s+and\s+", given)):
        match = _FORM.match(text)
        if match is None:
            problems.append(Problem("is no condition", "stress", repr(text), _ALLOWED))
            continue
        name, sign, value = match.groups()
        problem = _problem(text, name, sign, value, models)
        if problem is not None:
            problems.append(problem)
            continue
        level = _LEVEL.match(value)
        percentile = float(level[1]) / 100.0 if level else None
        side = (sign[0] == "<", sign in ("<", ">"))
        found.append(Condition(text.strip(), name, *side, percentile, 0.0 if level else float(value)))
    if problems:
        raise InvalidInput(problems)
    return tuple(found)


def _problem(text: str, name: str, sign: str, value: str, models: Sequence[Model]) -> Problem | None:
    inputs = list(dict.fromkeys(n for model in models for n in model.inputs))
    outputs = list(dict.fromkeys(o.name for model in models for o in model.outputs))
    formulas = list(dict.fromkeys(n for model in models for n in model.formulas if n not in outputs))
    if name not in inputs and name not in outputs and name not in formulas:
        allowed = f"inputs {list_names(inputs)}; outcomes {list_names(outputs)}; formulas {list_names(formulas)}"
        hint = suggest(name, [*inputs, *outputs, *formulas])
        return Problem(f"there is no input, no outcome and no formula {name!r}", "stress", text, allowed, hint)
    if name not in outputs and not any(varies(model, name) for model in models):
        reason = f"{name} is the same number in every trial"
        return Problem(reason, "stress", text, "uncertain inputs, outcomes and formulas of them")
    if sign not in ("<=", ">=", "<", ">"):
        return Problem(f"{sign} is not understood", "stress", text, _ALLOWED, "write <=, >=, < or >")
    level = _LEVEL.match(value)
    if level is not None:
        inside = 0.0 < float(level[1]) < 100.0
        return None if inside else Problem(f"{value} is out of range", "stress", text, "P0.1 to P99.9")
    try:
        number = float(value)
    except ValueError:
        return Problem(f"{value!r} is not a number", "stress", text, _ALLOWED)
    return None if np.isfinite(number) else Problem("is not a finite number", "stress", text, _ALLOWED)


def varies(model: Model, name: str) -> bool:
    """Whether a name has a value in a model that is drawn, at once or through a formula."""
    if name in model.formulas:
        return any(is_uncertain(model, other) for other in needed_names(model, [name]))
    return is_uncertain(model, name)


class Events:
    """The trials that meet conditions: on inputs by the ranks of their draws, on formulas by their values."""

    def __init__(self, conditions: Sequence[Condition], models: Sequence[Model]):
        self.ranks = RankPlan(models)
        self._conditions = conditions
        self._models = {model.strategy: model for model in models}
        self._rows: dict[tuple[str, Condition], int] = {}
        for model in models:
            for condition in conditions:
                holder = self._holder(model, condition.name)
                if holder is not None:
                    self._rows[model.strategy, condition] = self._row(holder, condition)

    def _holder(self, model: Model, name: str) -> Model | None:
        """The strategy whose value is meant: the strategy itself, or the first one that draws it (the same draws)."""
        if name in {output.name for output in model.outputs}:
            return None
        having = [other for other in self._models.values() if varies(other, name)]
        return model if varies(model, name) else (having[0] if having else None)

    def _row(self, holder: Model, condition: Condition) -> int:
        name = condition.name
        if name in holder.formulas:
            return self.ranks.formula(holder.strategy, name)
        return self.ranks.value(holder.strategy, name) if condition.strict else self.ranks.word(holder.strategy, name)

    def mask(self, strategy: str, ranks: Array, outcomes: Mapping[str, Array], trials: int) -> NDArray[np.bool_]:
        """Whether each trial meets all conditions; ranks (rows, trials), outcomes of the strategy by name."""
        found = np.ones(trials, bool)
        for condition in self._conditions:
            row = self._rows.get((strategy, condition))
            if row is not None:
                holder = self._holder(self._models[strategy], condition.name)
                assert holder is not None  # rows are given to conditions that have one
                if condition.name in holder.formulas:
                    found &= _by_value(condition, ranks[row])
                else:
                    found &= _input_event(condition, holder.inputs[condition.name], ranks[row])
            elif condition.name in outcomes:
                found &= _by_value(condition, outcomes[condition.name])
        return found


def _by_value(condition: Condition, values: Array) -> NDArray[np.bool_]:
    limit = condition.value
    if condition.level is not None:
        limit = float(np.quantile(values[np.isfinite(values)], condition.level))
    return condition.holds(values, limit)


def _input_event(condition: Condition, entry: UncertainInput, ranks: Array) -> NDArray[np.bool_]:
    """Where the input meets a condition; ``ranks`` are its values where the condition is strict."""
    marginal, limit = entry.marginal, condition.value
    if condition.level is not None:
        if marginal.pieces is None and not marginal.parts and not condition.strict:
            return ranks <= condition.level if condition.upper else ranks >= condition.level
        seam = -_SEAM if condition.upper else _SEAM  # at the end of a value's share, the value itself is meant
        limit = float(marginal.quantile(np.array([condition.level + seam]))[0])
    if condition.strict:
        return condition.holds(ranks, limit)
    at = np.array([limit])
    if condition.upper:
        return np.asarray(ranks <= float(marginal.cdf(at)[0]))
    if marginal.pieces is not None:
        return np.asarray(ranks >= float(probability_below(marginal.pieces, at, strictly=True)[0]))
    return np.asarray(ranks >= float(marginal.cdf(at)[0]))
