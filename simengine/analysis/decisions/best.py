"""The question of the best values, as a person asks it: texts become measures, constraints and variables."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from simengine.analysis.decisions.constraints import read_constraint
from simengine.analysis.decisions.optimum import DEFAULT_EVALUATIONS, Aim, Optimum, Progress, find_optimum
from simengine.analysis.decisions.path import models_where
from simengine.analysis.decisions.variables import Range, Variable, read_range, variables_of
from simengine.analysis.direction import less_is_better
from simengine.analysis.measures import read_measure
from simengine.analysis.variants import Draws, DrawsAsked, doubtful_moments
from simengine.deal.model import Model
from simengine.errors import InvalidInput, Problem
from simengine.results.compute import expanded, select_strategies
from simengine.scenario import Scenario
from simengine.scenario.names import list_names, suggest

_MOST_TRIALS = 1 << 16
"""Trials of a candidate where none are asked for, unless the scenario asks for fewer."""


@dataclass(frozen=True)
class Wanted:
    """What is best, what must hold, and what may be varied besides the declared decisions.

    objective, constraints, ranges: as people write them.  maximise: None for the usual direction of the objective.
    output: the outcome that is meant where none is named.  strategies: None for all.
    """

    objective: str = "mean"
    maximise: bool | None = None
    constraints: Sequence[str] = ()
    ranges: Sequence[str] = ()
    output: str | None = None
    strategies: Sequence[str] | None = None
    evaluations: int = DEFAULT_EVALUATIONS
    draws: DrawsAsked = field(default_factory=DrawsAsked)


@dataclass(frozen=True, eq=False)
class Search:
    """A search that is ready to begin."""

    scenario: Scenario
    models: Mapping[str, Model]
    variables: Mapping[str, tuple[Variable, ...]]
    aim: Aim
    draws: Draws
    evaluations: int

    @property
    def title(self) -> str:
        """What the scenario is called."""
        return self.scenario.header.title or self.scenario.name

    @property
    def unit(self) -> str:
        """The unit of the outcome of the objective."""
        name = self.aim.objective.output
        return unit_of(self.models.values(), str(name))

    @property
    def doubts(self) -> list[Problem]:
        """Notes on moments that may not exist."""
        measures = [self.aim.objective, *(constraint.measure for constraint in self.aim.constraints)]
        return [problem for measure in measures for problem in doubtful_moments(self.models.values(), measure)]

    def answer(self, progress: Progress | None = None) -> Optimum:
        """The best, as :func:`find_optimum` finds it."""
        return find_optimum(
            self.models,
            self.variables,
            self.aim,
            self.draws,
            evaluations=self.evaluations,
            models_at=lambda values: models_where(self.scenario, values),
            progress=progress,
        )


def search_for(scenario: Scenario, wanted: Wanted) -> Search:
    """A search of a scenario for what is wanted.

    Raises
    ------
    InvalidInput
        If a text says nothing that can be searched for, or there is nothing to decide.
    """
    ranges = [read_range(text) for text in wanted.ranges]
    models = expanded(scenario)
    chosen = {model.strategy: model for model in select_strategies(models, wanted.strategies or None)}
    return Search(
        scenario=scenario,
        models=chosen,
        aim=_aim(chosen, scenario, wanted),
        variables=_variables(scenario, chosen, ranges),
        draws=wanted.draws.draws(scenario, models, _MOST_TRIALS),
        evaluations=wanted.evaluations,
    )


def unit_of(models: Iterable[Model], output: str) -> str:
    """The unit of an outcome, of the first strategy that reports it."""
    return next(one.unit for model in models for one in model.outputs if one.name == output)


def common_outputs(scenario: Scenario, models: Collection[Model], option: str) -> tuple[list[str], set[str]]:
    """The outcomes that all the strategies report, and all formulas that they could report.

    Raises
    ------
    InvalidInput
        If they have none in common.
    """
    lists = [[output.name for output in model.outputs] for model in models]
    outputs = [name for name in lists[0] if all(name in names for names in lists)]
    if not outputs:
        raise InvalidInput(Problem("the strategies report no outcome in common", option, hint="choose --strategy"))
    definitions = {model.strategy: scenario.strategies[model.strategy] for model in models}
    known = (
        model.formulas if definitions[model.strategy].terms else definitions[model.strategy].model for model in models
    )
    return outputs, set.intersection(*map(set, known))


def _aim(chosen: Mapping[str, Model], scenario: Scenario, wanted: Wanted) -> Aim:
    """What is best and what must hold, of outcomes that all the strategies report."""
    outputs, formulas = common_outputs(scenario, chosen.values(), "outputs")
    output = wanted.output
    if output is not None and output not in outputs:
        hint = f"{output} is a formula: add it to [outputs]" if output in formulas else suggest(output, outputs)
        raise InvalidInput(
            Problem("nothing that is reported is called so", "--output", output, list_names(outputs), hint)
        )
    measure = read_measure(wanted.objective, outputs, output, formulas=formulas)
    measure = replace(measure, cost=less_is_better(chosen.values(), str(measure.output)))
    default = output or measure.output
    return Aim(
        measure,
        measure.less_is_better if wanted.maximise is None else not wanted.maximise,
        tuple(read_constraint(text, outputs, default, formulas) for text in wanted.constraints),
    )


def _variables(
    scenario: Scenario, chosen: Mapping[str, object], ranges: Sequence[Range]
) -> dict[str, tuple[Variable, ...]]:
    """The variables of each strategy; there is at least one."""
    found = {name: variables_of(scenario, name, ranges) for name in chosen}
    if not any(found.values()):
        hint = "declare [decisions] in the scenario, such as upfront = { min = 0, max = 60 }, or give --vary"
        raise InvalidInput(Problem("there is nothing to decide", "decisions", hint=hint))
    return found
