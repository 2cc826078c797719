"""The question of a walk-away price, as a person asks it: which number, which strategies, over which range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from simengine.analysis.decisions.best import common_outputs, unit_of
from simengine.analysis.decisions.path import Number, bounds_of, models_with, number_at, wider_bounds
from simengine.analysis.decisions.tie import Tie, find_tie
from simengine.analysis.direction import less_is_better
from simengine.analysis.measures import Measure, read_measure
from simengine.analysis.variants import Draws, DrawsAsked, Progress, doubtful_moments
from simengine.deal.model import Model
from simengine.errors import InvalidInput, Problem
from simengine.results.compute import expanded
from simengine.scenario import Scenario
from simengine.scenario.names import list_names, suggest

_MOST_TRIALS = 1 << 17
"""Trials where none are asked for, unless the scenario asks for fewer."""

_WIDER = (10.0, 100.0)
"""How many times the present value is looked at, where there is no tie up to twice the value."""


@dataclass(frozen=True)
class Sought:
    """Which number is varied, and what is to tie: two strategies (``between``), or ``strategy`` with ``target``."""

    path: str
    between: tuple[str, str] | None = None
    strategy: str | None = None
    target: float | None = None
    statistic: str = "mean"
    low: float | None = None
    high: float | None = None
    draws: DrawsAsked = field(default_factory=DrawsAsked)


@dataclass(frozen=True, eq=False)
class TieSearch:
    """A search for ties that is ready to begin.

    ``wider`` are ranges to look at, one after the other, where there is no tie within ``bounds``.
    """

    scenario: Scenario
    models: Mapping[str, Model]
    number: Number
    sides: tuple[str, str | None]
    target: float
    measure: Measure
    bounds: tuple[float, float]
    draws: Draws
    wider: Sequence[float] = ()

    @property
    def title(self) -> str:
        """What the scenario is called."""
        return self.scenario.header.title or self.scenario.name

    @property
    def unit(self) -> str:
        """The unit of the outcome."""
        return unit_of([self.models[self.sides[0]]], str(self.measure.output))

    @property
    def doubts(self) -> list[Problem]:
        """Notes on moments that may not exist."""
        return doubtful_moments([self.models[name] for name in self.sides if name is not None], self.measure)

    def answer(self, progress: Progress | None = None) -> Tie:
        """The ties, as :func:`find_tie` finds them."""
        found = self._within(self.bounds, progress)
        first = found
        for factor in self.wider:
            if found.roots or found.constant:
                break
            bounds = wider_bounds(self.scenario, self.number, self.bounds, factor)
            if bounds == (found.at[0], found.at[-1]):
                break
            found = self._within(bounds, progress)
        return found if found.roots else first

    def _within(self, bounds: tuple[float, float], progress: Progress | None) -> Tie:
        def models_at(value: float) -> Mapping[str, Model]:
            return models_with(self.scenario, self.number, value)

        return find_tie(models_at, self.sides, self.measure, bounds, self.draws, target=self.target, progress=progress)


def search_for_tie(scenario: Scenario, sought: Sought) -> TieSearch:
    """A search of a scenario for the values of a number at which what is sought holds.

    Raises
    ------
    InvalidInput
        If there is no such number, strategy or statistic, or the range is none.
    """
    models = expanded(scenario)
    sides = _sides(scenario, sought)
    by_name = {model.strategy: model for model in models}
    outputs, formulas = common_outputs(scenario, [by_name[name] for name in sides if name is not None], "--between")
    measure = read_measure(sought.statistic, outputs, option="--statistic", formulas=formulas)
    measure = replace(measure, cost=less_is_better(models, str(measure.output)))
    _check_target(measure, sought.target)
    number = number_at(scenario, sought.path)
    return TieSearch(
        scenario=scenario,
        models=by_name,
        number=number,
        sides=sides,
        target=sought.target or 0.0,
        measure=measure,
        bounds=bounds_of(scenario, number, sought.low, sought.high),
        draws=sought.draws.draws(scenario, models, _MOST_TRIALS),
        wider=_WIDER if sought.low is None and sought.high is None and number.is_free else (),
    )


def _check_target(measure: Measure, target: float | None) -> None:
    if measure.share and target is not None and not 0.0 <= target <= 1.0:
        hint = f"did you mean {target:g} %?" if 1.0 < target <= 100.0 else None
        raise InvalidInput(Problem("is no probability", "--target", f"{target:g}", "0 to 1, or 0 % to 100 %", hint))


def _sides(scenario: Scenario, sought: Sought) -> tuple[str, str | None]:
    """The two strategies, or the one that is to reach a target."""
    known, between, strategy = scenario.strategies, sought.between, sought.strategy
    if (between is None) == (strategy is None) or (strategy is None) != (sought.target is None):
        allowed = "--between A B, or --strategy NAME with --target X"
        raise InvalidInput(Problem("it is not clear what is to tie with what", "--between", allowed=allowed))
    named = between if between is not None else (str(strategy),)
    option = "--between" if between else "--strategy"
    problems = [
        Problem(f"there is no strategy {name!r}", option, allowed=list_names(known), hint=suggest(name, known))
        for name in named
        if name not in known
    ]
    if problems:
        raise InvalidInput(problems)
    if between is not None and between[0] == between[1]:
        raise InvalidInput(Problem("a strategy ties with itself everywhere", "--between", between[0], "two strategies"))
    return named[0], named[1] if len(named) == 2 else None
