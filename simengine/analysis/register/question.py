"""The question of the risks, as a person asks it: which strategies, on which draws."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from simengine.analysis.measures import Measure
from simengine.analysis.register.register import Register, register_of
from simengine.analysis.register.risks import risks_of
from simengine.analysis.variants import Draws, DrawsAsked, Progress, doubtful_moments
from simengine.deal.model import Model
from simengine.deal.years import MAIN_OUTCOME
from simengine.errors import InvalidInput, Problem
from simengine.results.compute import expanded, select_strategies
from simengine.scenario import Scenario

MOST_TRIALS = 1 << 17
"""Trials where none are asked for, unless the scenario asks for fewer."""


@dataclass(frozen=True, eq=False)
class RegisterQuestion:
    """A register that is ready to be computed; ``outcomes`` has the outcome of each strategy and its unit."""

    scenario: Scenario
    models: Mapping[str, Model]
    outcomes: Mapping[str, tuple[str, str]]
    draws: Draws

    @property
    def title(self) -> str:
        """What the scenario is called."""
        return self.scenario.header.title or self.scenario.name

    @property
    def doubts(self) -> list[Problem]:
        """Notes on means that may not exist."""
        found: dict[str | None, Problem] = {}
        for name, model in self.models.items():
            for problem in doubtful_moments([model], Measure("mean", output=self.outcomes[name][0])):
                found.setdefault(problem.key, problem)
        return list(found.values())

    def answer(self, progress: Progress | None = None) -> Register:
        """The register, as :func:`register_of` computes it."""
        return register_of(self.scenario.strategies, self.models, self.outcomes, self.draws, progress)


def register_question(scenario: Scenario, strategies: Sequence[str] | None, asked: DrawsAsked) -> RegisterQuestion:
    """The question of the risks of a scenario.

    Raises
    ------
    InvalidInput
        If there is no such strategy, or none has a risk or a measure.
    """
    models = expanded(scenario)
    chosen = {model.strategy: model for model in select_strategies(models, strategies)}
    if not has_risks(scenario, chosen.values()):
        hint = "give [risks.NAME] with a rate or a probability, or [partner] with a rating"
        raise InvalidInput(Problem("there is no risk in this scenario", "risks", hint=hint))
    return RegisterQuestion(
        scenario=scenario,
        models=chosen,
        outcomes={name: main_outcome(scenario, model) for name, model in chosen.items()},
        draws=asked.draws(scenario, models, MOST_TRIALS),
    )


def has_risks(scenario: Scenario, models: Iterable[Model]) -> bool:
    """Whether any of these strategies of a scenario has a risk, or a measure against one."""
    for model in models:
        definition = scenario.strategies[model.strategy]
        if risks_of(definition, model) or (definition.terms is not None and definition.terms.tables.mitigations):
            return True
    return False


def main_outcome(scenario: Scenario, model: Model) -> tuple[str, str]:
    """The outcome that says what a strategy is worth, and its unit: npv of a deal over years, else the first one."""
    definition = scenario.strategies[model.strategy]
    if definition.terms is not None:
        return MAIN_OUTCOME, definition.money
    return model.outputs[0].name, model.outputs[0].unit
