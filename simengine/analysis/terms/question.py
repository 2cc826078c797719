"""The question of the terms, as a person asks it: which strategies, by which statistic, and what either side wants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from simengine.analysis.measures import Measure, read_measure
from simengine.analysis.terms.compute import TermsFound, terms_of
from simengine.analysis.terms.sides import OURS, THEIRS, has_partner
from simengine.analysis.variants import Draws, DrawsAsked, Progress, doubtful_moments
from simengine.deal.model import Model
from simengine.errors import InvalidInput, Problem
from simengine.results.compute import expanded, select_strategies
from simengine.scenario import Scenario

MOST_TRIALS = 1 << 17
"""Trials where none are asked for, unless the scenario asks for fewer."""

_ALLOWED = "mean, P50, P10 or CE(20)"


@dataclass(frozen=True)
class Terms:
    """What a person asks: strategies (None for all), the statistic, and what either side wants at least, 0 for None."""

    strategies: Sequence[str] | None = None
    by: str = "mean"
    ours: float | None = None
    theirs: float | None = None
    draws: DrawsAsked = field(default_factory=DrawsAsked)


@dataclass(frozen=True, eq=False)
class TermsQuestion:
    """A question of terms that is ready to be answered."""

    scenario: Scenario
    models: Mapping[str, Model]
    measure: Measure
    wanted: tuple[float, float]
    draws: Draws

    @property
    def title(self) -> str:
        """What the scenario is called."""
        return self.scenario.header.title or self.scenario.name

    @property
    def doubts(self) -> list[Problem]:
        """Notes on moments that may not exist, and on what is not told for want of a margin."""
        found: dict[str | None, Problem] = {}
        for model in self.models.values():
            for output in (OURS, THEIRS) if has_partner(model) else (OURS,):
                for problem in doubtful_moments([model], replace(self.measure, output=output)):
                    found.setdefault(problem.key, problem)
        return list(found.values())

    def answer(self, progress: Progress | None = None) -> TermsFound:
        """The terms, as :func:`terms_of` computes them."""
        return terms_of(self.scenario.strategies, self.models, self.measure, self.wanted, self.draws, progress)


def terms_question(scenario: Scenario, asked: Terms) -> TermsQuestion:
    """The question of the terms of a scenario.

    Raises
    ------
    InvalidInput
        If there is no such strategy or statistic, a strategy is no deal over years, or what the partner wants is asked
        of a deal that does not say what is in it for the partner.
    """
    models = expanded(scenario)
    chosen = {model.strategy: model for model in select_strategies(models, asked.strategies)}
    problems = []
    plain = [name for name in chosen if scenario.strategies[name].terms is None]
    if plain:
        reason = f"{', '.join(plain)} {'has' if len(plain) == 1 else 'have'} no terms to price"
        hint = 'give [deal] with a mode, such as mode = "licence", and its payments'
        problems.append(Problem(reason, "deal", allowed="a deal over years", hint=hint))
    elif (asked.ours, asked.theirs) != (None, None) and not any(map(has_partner, chosen.values())):
        reason = "what is in it for the partner is not known, so there is no zone of agreement"
        option = "--theirs" if asked.theirs is not None else "--ours"
        problems.append(Problem(reason, option, hint="give margin in [partner]: the share of sales that it keeps"))
    measure = Measure("mean")
    try:
        measure = _read(asked.by)
    except InvalidInput as error:
        problems += error.problems
    if problems:
        raise InvalidInput(problems)
    return TermsQuestion(
        scenario=scenario,
        models=chosen,
        measure=measure,
        wanted=(asked.ours or 0.0, asked.theirs or 0.0),
        draws=asked.draws.draws(scenario, models, MOST_TRIALS),
    )


def _read(text: str) -> Measure:
    """A statistic that is an amount of money and rises with what is paid."""
    measure = read_measure(text, [OURS], option="--by")
    if measure.kind not in ("mean", "percentile", "equivalent"):
        raise InvalidInput(Problem("does not say what a side gains", "--by", text, _ALLOWED))
    return replace(measure, output=None)
