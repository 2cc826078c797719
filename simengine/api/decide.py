"""Decide: what a change did, the best values of decisions, and the price at which to walk away."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from simengine.api.arguments import amounts_of, names_of, sampler_of, whole_numbers_of
from simengine.api.simulate import load
from simengine.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from simengine.analysis.variants import DrawsAsked
    from simengine.report.deciding_results import BreakevenResult, DiffResult, OptimizeResult
    from simengine.scenario import Scenario


def diff(
    old: str | Path | Scenario,
    new: str | Path | Scenario,
    *,
    trials: float | None = None,
    seed: int | None = None,
    sampler: str | None = None,
    replicates: int | None = None,
    orders: int | None = None,
    threads: int | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> DiffResult:
    """List what changed between two scenarios, and what each change does to every outcome.

    Parameters
    ----------
    old, new
        Scenario files, scenarios that :func:`load` has read, or stored results, for the scenarios in them.
    trials, seed, sampler, replicates
        Instead of what the new scenario says; by default at most 131,072 trials.
    orders
        Random orders where there are more than 8 changes, 64 by default.
    threads, progress
        As in :func:`run`.

    Raises
    ------
    InvalidInput
        With every problem of the scenarios or of the arguments; also where they have no outcome in common.
    FileProblem
        When a stored result cannot be used.
    NonFiniteOutcome
        When an outcome was infinite or undefined in some trial.

    Examples
    --------
    >>> found = diff("last-week.toml", "today.toml")   # doctest: +SKIP
    >>> found.rows()                                   # doctest: +SKIP
    """
    from simengine.analysis.difference.attribute import DEFAULT_ORDERS, How, attribute
    from simengine.analysis.stored import scenario_of
    from simengine.report.deciding_results import DiffResult

    asked = draws_asked(trials, seed, sampler, replicates, threads, {"orders": orders})
    number = whole_numbers_of({"orders": orders})["orders"]
    if number is not None and number < 2:
        raise InvalidInput(Problem("is too small", "orders", str(number), "2 or more"))
    with ExitStack() as stack:
        sides = scenario_of(old, stack), scenario_of(new, stack)
        how = How(asked.trials, asked.seed, asked.sampler, asked.replicates, number or DEFAULT_ORDERS, _threads(asked))
        return DiffResult(attribute(*sides, how, progress))


def optimize(
    scenario: str | Path | Scenario,
    *,
    objective: str = "mean",
    maximise: bool | None = None,
    subject_to: str | Sequence[str] = (),
    vary: str | Sequence[str] = (),
    output: str | None = None,
    strategies: str | Sequence[str] | None = None,
    overrides: Mapping[str, object] | None = None,
    evaluations: int | None = None,
    trials: float | None = None,
    seed: int | None = None,
    sampler: str | None = None,
    replicates: int | None = None,
    threads: int | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> OptimizeResult:
    """Find the best strategy of a scenario and the best values of its decisions, under constraints.

    Parameters
    ----------
    scenario
        The path of a scenario file, or one that :func:`load` has read.
    objective
        ``"mean"``, ``"P10"``, ``"CE(200)"``, ``"CVaR95"``, ``"P(T < 0)"``, each also ``"... of NAME"``.
    maximise
        The direction; by default the usual one of the objective.
    subject_to
        What must hold, such as ``"P(T < 0) < 10 %"``.
    vary
        Other numbers to choose, such as ``"royalty=0.01:0.1:0.01"``.
    output
        The outcome that is meant where none is named.
    evaluations
        Candidates of each strategy where not all can be tried, 800 by default.
    strategies, overrides, threads, progress
        As in :func:`run`.
    trials, seed, sampler, replicates
        Of every candidate, instead of what the scenario says; by default at most 65,536 trials.

    Raises
    ------
    InvalidInput
        With every problem of the scenario or of the arguments; also where nothing meets the constraints.
    NonFiniteOutcome
        When an outcome was infinite or undefined in some trial.

    Examples
    --------
    >>> found = optimize("deal.toml", subject_to="P(T < 0) < 10 %")   # doctest: +SKIP
    >>> found.strategy, found.best                                     # doctest: +SKIP
    """
    from simengine.analysis.decisions.best import Wanted, search_for
    from simengine.analysis.decisions.optimum import DEFAULT_EVALUATIONS
    from simengine.report.deciding_results import OptimizeResult

    asked = draws_asked(trials, seed, sampler, replicates, threads, {"evaluations": evaluations})
    wanted = Wanted(
        objective=objective,
        maximise=maximise,
        constraints=names_of(subject_to) or (),
        ranges=names_of(vary) or (),
        output=output,
        strategies=names_of(strategies),
        evaluations=whole_numbers_of({"evaluations": evaluations})["evaluations"] or DEFAULT_EVALUATIONS,
        draws=asked,
    )
    search = search_for(scenario_read(scenario, overrides), wanted)
    return OptimizeResult(search.answer(progress), search.title, search.unit)


def breakeven(
    scenario: str | Path | Scenario,
    vary: str,
    *,
    between: Sequence[str] | None = None,
    strategy: str | None = None,
    target: float | None = None,
    statistic: str = "mean",
    low: float | None = None,
    high: float | None = None,
    overrides: Mapping[str, object] | None = None,
    trials: float | None = None,
    seed: int | None = None,
    sampler: str | None = None,
    replicates: int | None = None,
    threads: int | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> BreakevenResult:
    """Find the values of one number at which two strategies tie, or one of them reaches a target.

    Parameters
    ----------
    scenario
        The path of a scenario file, or one that :func:`load` has read.
    vary
        The number, by its dotted path, or the name of a decision; a whole input is replaced by a number.
    between
        The two strategies that are to tie.
    strategy, target
        Instead: one strategy, and what its statistic is to reach.
    statistic
        As the objective of :func:`optimize`.
    low, high
        The range; by default that of the decision, or 0 to twice the present value as far as that is allowed, and up to
        100 times where nothing ties within.
    overrides, threads, progress
        As in :func:`run`.
    trials, seed, sampler, replicates
        Of every value, instead of what the scenario says; by default at most 131,072 trials.

    Raises
    ------
    InvalidInput
        With every problem of the scenario or of the arguments.
    NonFiniteOutcome
        When an outcome was infinite or undefined in some trial.

    Examples
    --------
    >>> breakeven("deal.toml", "costs.upfront", between=("licence", "sale")).roots   # doctest: +SKIP
    """
    from simengine.analysis.decisions.walk_away import Sought, search_for_tie
    from simengine.report.breakeven import Asked
    from simengine.report.deciding_results import BreakevenResult

    amounts = amounts_of({"target": target, "low": low, "high": high})
    asked = draws_asked(trials, seed, sampler, replicates, threads, {})
    if between is not None and (isinstance(between, str) or len(between) != 2):
        raise InvalidInput(Problem("is not a pair of strategies", "between", repr(between), "two names"))
    sides = None if between is None else (between[0], between[1])
    ends = amounts["low"], amounts["high"]
    sought = Sought(vary, sides, strategy, amounts["target"], statistic, *ends, asked)
    search = search_for_tie(scenario_read(scenario, overrides), sought)
    tie = search.answer(progress)
    return BreakevenResult(tie, Asked(search.title, search.number, *tie.bounds, search.draws, search.unit))


def draws_asked(
    trials: object, seed: object, sampler: str | None, replicates: object, threads: object, others: Mapping[str, object]
) -> DrawsAsked:
    """What is asked of the draws; numbers that are none are refused together with ``others``.

    Raises
    ------
    InvalidInput
        With every argument that is not a whole number, and a sampler that does not exist.
    """
    from simengine.analysis.variants import DrawsAsked

    whole = {"trials": trials, "seed": seed, "replicates": replicates, "threads": threads}
    numbers = whole_numbers_of({**whole, **others})
    return DrawsAsked(
        numbers["trials"], numbers["seed"], sampler_of(sampler), numbers["replicates"], numbers["threads"]
    )


def _threads(asked: DrawsAsked) -> int:
    from simengine import settings

    return asked.threads if asked.threads is not None else settings.read().threads


def scenario_read(scenario: str | Path | Scenario, overrides: Mapping[str, object] | None) -> Scenario:
    """A scenario that was read before, or is read now with values laid over it.

    Raises
    ------
    InvalidInput
        With every problem of it, and where values are given for one that was read before.
    """
    from simengine.scenario import Scenario

    if not isinstance(scenario, Scenario):
        return load(scenario, overrides=overrides)
    if overrides:
        raise InvalidInput(Problem("values can only be set while a scenario is read", hint="give them to load()"))
    return scenario
