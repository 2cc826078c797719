"""Negotiate: the risk register of a deal, what its clauses are worth to either side, and what could be agreed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from simengine.api.arguments import amounts_of, names_of
from simengine.api.decide import draws_asked, scenario_read

if TYPE_CHECKING:
    from simengine.report.negotiating_results import RisksResult, TermsResult
    from simengine.scenario import Scenario


def risks(
    scenario: str | Path | Scenario,
    *,
    strategies: str | Sequence[str] | None = None,
    overrides: Mapping[str, object] | None = None,
    trials: float | None = None,
    seed: int | None = None,
    sampler: str | None = None,
    replicates: int | None = None,
    threads: int | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> RisksResult:
    """Tell what each risk of a scenario costs, when it happens, and what each measure brings.

    Parameters
    ----------
    scenario
        The path of a scenario file, or one that :func:`load` has read.
    strategies, overrides, threads, progress
        As in :func:`run`.
    trials, seed, sampler, replicates
        Of every variant, instead of what the scenario says; by default at most 131,072 trials.

    Raises
    ------
    InvalidInput
        With every problem of the scenario or of the arguments; also where there is no risk.
    NonFiniteOutcome
        When an outcome was infinite or undefined in some trial.

    Examples
    --------
    >>> found = risks("deal.toml")               # doctest: +SKIP
    >>> found.expected_losses("licence")         # doctest: +SKIP
    """
    from simengine.analysis.register.question import register_question
    from simengine.report.negotiating_results import RisksResult

    asked = draws_asked(trials, seed, sampler, replicates, threads, {})
    question = register_question(scenario_read(scenario, overrides), names_of(strategies), asked)
    return RisksResult(question.answer(progress), question)


def terms(
    scenario: str | Path | Scenario,
    *,
    by: str = "mean",
    ours: float | None = None,
    theirs: float | None = None,
    strategies: str | Sequence[str] | None = None,
    overrides: Mapping[str, object] | None = None,
    trials: float | None = None,
    seed: int | None = None,
    sampler: str | None = None,
    replicates: int | None = None,
    threads: int | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> TermsResult:
    """Tell what each clause of a deal is worth to us and to the partner, and which terms both could accept.

    Parameters
    ----------
    scenario
        The path of a scenario file, or one that :func:`load` has read; its strategies are deals over years.
    by
        What each side goes by: ``"mean"``, ``"P50"``, ``"P10"``, ``"CE(20)"``.
    ours, theirs
        What either side wants of it at least, such as the value of its alternative; 0 unless given.
    strategies, overrides, threads, progress
        As in :func:`run`.
    trials, seed, sampler, replicates
        Of every variant, instead of what the scenario says; by default at most 131,072 trials.

    Raises
    ------
    InvalidInput
        With every problem of the scenario or of the arguments; also where there are no terms.
    NonFiniteOutcome
        When an outcome was infinite or undefined in some trial.

    Examples
    --------
    >>> found = terms("deal.toml", by="P50", ours=5)   # doctest: +SKIP
    >>> found.prices("licence"), found.menu("licence") # doctest: +SKIP
    """
    from simengine.analysis.terms.question import Terms, terms_question
    from simengine.report.negotiating_results import TermsResult

    least = amounts_of({"ours": ours, "theirs": theirs})
    asked = draws_asked(trials, seed, sampler, replicates, threads, {})
    wanted = Terms(names_of(strategies), by, least["ours"], least["theirs"], asked)
    question = terms_question(scenario_read(scenario, overrides), wanted)
    return TermsResult(question.answer(progress), question)
