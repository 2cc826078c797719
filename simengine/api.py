"""The Python interface: run a scenario, read one, check one.  ``import simengine as se; se.run("deal.toml")``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard

from simengine.errors import InvalidInput, Problem
from simengine.report.result import Result

if TYPE_CHECKING:
    from distributed import Client

    from simengine.report.check import CheckReport
    from simengine.report.comparison import Comparison
    from simengine.report.drivers_result import Drivers
    from simengine.scenario import Scenario


def run(
    scenario: str | Path | Scenario,
    *,
    trials: float | None = None,
    seed: int | None = None,
    sampler: str | None = None,
    replicates: int | None = None,
    precision: str | None = None,
    strategies: str | Sequence[str] | None = None,
    overrides: Mapping[str, object] | None = None,
    percentiles: Sequence[float] | None = None,
    threads: int | None = None,
    memory: int | None = None,
    scheduler: str | Client | None = None,
    target_se: Mapping[str, object] | None = None,
    max_trials: float | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> Result:
    """Simulate a scenario.

    Parameters
    ----------
    scenario
        The path of a scenario file, or one that :func:`load` has read.
    trials, seed, sampler, replicates, precision, percentiles
        Instead of what the scenario says; percentiles are in percent.  ``precision`` is ``"float64"`` or
        ``"float32"``, the fast mode.
    strategies
        Names of the strategies to simulate; all of them by default.
    overrides
        Values set for this run, by dotted path: ``{"risks.ip_leak.probability": 0.03}``.
    threads
        How many processors to use; all of them by default.  The digits of the result do not depend on it.
    memory
        Bytes of outcomes that may be kept for percentiles; the digits do not depend on it either.
    scheduler
        What computes the trials: ``"threads"`` of this process (the default), ``"sync"`` for the calling thread
        alone, ``"processes"`` on this machine, the address of a dask scheduler (``"tcp://10.0.0.1:8786"``), or a
        running :class:`distributed.Client`.  The digits do not depend on it.
    target_se
        Standard errors to reach, by statistic: ``{"T.mean": "0.1%", "licence:T.prob_loss": 0.0005}``; instead of
        ``trials``.  Trials are run until all of them hold.
    max_trials
        Where such a run stops at the latest, 100 million by default; ``result.stopping`` says whether it had to.
    progress
        Called from any thread with trials done, trials in all, and the name of the pass.

    Returns
    -------
    Result
        Percentiles, moments, probabilities and tail measures, each with its standard error.

    Raises
    ------
    InvalidInput
        With every problem of the scenario or of the arguments.
    DeviceError
        When a cluster cannot be reached, is lost, or has workers with another version of simengine or NumPy.
    NonFiniteOutcome
        When an outcome was infinite or undefined in some trial.

    Examples
    --------
    >>> result = run("scenarios/base_arithmetic.toml", trials=1000)   # doctest: +SKIP
    >>> result.percentiles("T")                                       # doctest: +SKIP
    """
    from simengine.results.compute import Request, prepare, simulate

    whole = {"trials": trials, "seed": seed, "replicates": replicates, "threads": threads, "memory": memory}
    numbers = _whole_numbers(whole | {"max_trials": max_trials})
    request = Request(
        trials=numbers["trials"],
        seed=numbers["seed"],
        sampler=_sampler(sampler),
        replicates=numbers["replicates"],
        precision=_precision(precision),
        strategies=_names(strategies),
        percentiles=_percentiles(percentiles),
        overrides=dict(overrides or {}),
        threads=numbers["threads"],
        memory=numbers["memory"],
        scheduler=_scheduler(scheduler, numbers["threads"]),
        target_se=target_se,
        max_trials=numbers["max_trials"],
        command="simengine.run",
    )
    return Result(simulate(prepare(scenario, request), progress))


def compare(
    scenarios: str | Path | Scenario | Sequence[str | Path | Scenario],
    *,
    baseline: str | None = None,
    outputs: str | Sequence[str] | None = None,
    trials: float | None = None,
    seed: int | None = None,
    sampler: str | None = None,
    replicates: int | None = None,
    strategies: str | Sequence[str] | None = None,
    overrides: Mapping[str, object] | None = None,
    percentiles: Sequence[float] | None = None,
    risk_tolerance: float | None = None,
    wealth: float | None = None,
    risk_aversion: float | None = None,
    threads: int | None = None,
    memory: int | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> Comparison:
    """Compare the strategies of one or more scenarios on the same draws.

    Parameters
    ----------
    scenarios
        Scenario files, scenarios that :func:`load` has read, or stored results, whose scenarios are run again.  A
        strategy that several of them have is named ``FILE:NAME``.
    baseline
        The strategy that the others are held against; the first by default.
    outputs
        Outcomes to compare; by default T, or the first that two strategies report.
    trials, seed, sampler, replicates
        Instead of what the first scenario says.
    strategies, overrides, threads, memory, progress
        As in :func:`run`; all outcomes must fit into ``memory``.
    percentiles
        To compare beside P10, P50 and P90, in percent.
    risk_tolerance
        Of the exponential utility, in the unit of the outcome; by default half of the baseline's mean (or standard
        deviation, if that is larger), rounded to two digits.
    wealth, risk_aversion
        For certainty equivalents of constant relative risk aversion; none without them.

    Raises
    ------
    InvalidInput
        With every problem of the scenarios or of the arguments; also when there is only one strategy, or units differ.
    NonFiniteOutcome
        When an outcome was infinite or undefined in some trial.
    FileProblem, Mismatch
        When a file or a stored result cannot be used.

    Examples
    --------
    >>> comparison = compare("deal.toml", baseline="licence")   # doctest: +SKIP
    >>> print(comparison.verdict)                               # doctest: +SKIP
    """
    from simengine.analysis.compare.build import compare as answer
    from simengine.analysis.compare.question import Question
    from simengine.report.comparison import Comparison
    from simengine.scenario import Scenario

    numbers = _whole_numbers(
        {"trials": trials, "seed": seed, "replicates": replicates, "threads": threads, "memory": memory}
    )
    amounts = _amounts({"risk_tolerance": risk_tolerance, "wealth": wealth, "risk_aversion": risk_aversion})
    given = [scenarios] if isinstance(scenarios, str | Path | Scenario) else list(scenarios)
    if not given:
        raise InvalidInput(Problem("no scenario is given", "scenarios"))
    question = Question(
        baseline=baseline,
        outputs=_names(outputs),
        trials=numbers["trials"],
        seed=numbers["seed"],
        sampler=_sampler(sampler),
        replicates=numbers["replicates"],
        strategies=_names(strategies),
        percentiles=_percentiles(percentiles),
        overrides=dict(overrides or {}),
        risk_tolerance=amounts["risk_tolerance"],
        wealth=amounts["wealth"],
        risk_aversion=amounts["risk_aversion"],
        threads=numbers["threads"],
        memory=numbers["memory"],
        command="simengine.compare",
    )
    return Comparison(answer(given, question, progress))


def drivers(
    scenario: str | Path | Scenario,
    *,
    sections: str | Sequence[str] | None = None,
    stress: str | Sequence[str] = (),
    points: float | None = None,
    trials: float | None = None,
    seed: int | None = None,
    sampler: str | None = None,
    replicates: int | None = None,
    strategies: str | Sequence[str] | None = None,
    overrides: Mapping[str, object] | None = None,
    threads: int | None = None,
    memory: int | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> Drivers:
    """Say what drives the outcomes of a scenario, and what would change the decision.

    Parameters
    ----------
    scenario
        The path of a scenario file, or one that :func:`load` has read.
    sections
        Of ``tornado``, ``evppi``, ``sobol``, ``spider``, ``stress`` and ``reverse``; the first two by default.
    stress
        Conditions that must all hold in a stress test, such as ``"V<=P10"`` or ``"ip_leak_strikes>=1"``.
    points
        Points of each sample of a Sobol design, 65,536 by default.
    trials, seed, sampler, replicates, strategies, overrides, threads, progress
        As in :func:`run`.
    memory
        Bytes that the outcomes of all trials may take, 1 GiB by default.

    Returns
    -------
    Drivers
        Every number with its standard error, unless it is exact.

    Raises
    ------
    InvalidInput
        With every problem of the scenario, of the conditions, or of the arguments.
    NonFiniteOutcome
        When an outcome was infinite or undefined in some trial.

    Examples
    --------
    >>> found = drivers("deal.toml", stress="V<=P10")   # doctest: +SKIP
    """
    from simengine.analysis.drivers.compute import Question
    from simengine.analysis.drivers.compute import drivers as find
    from simengine.report.drivers_result import Drivers
    from simengine.results.compute import Request

    whole = {"trials": trials, "seed": seed, "replicates": replicates, "threads": threads, "memory": memory}
    numbers = _whole_numbers(whole | {"points": points})
    request = Request(
        trials=numbers["trials"],
        seed=numbers["seed"],
        sampler=_sampler(sampler),
        replicates=numbers["replicates"],
        strategies=_names(strategies),
        overrides=dict(overrides or {}),
        threads=numbers["threads"],
        memory=numbers["memory"],
        command="simengine.drivers",
    )
    question = Question.of(_names(sections) or (), _names(stress) or (), numbers["points"])
    return Drivers(find(scenario, request, question, progress))


def _is_number(value: object) -> TypeGuard[float]:
    """Whether a value is a number, of Python or of NumPy, and not a truth value."""
    return isinstance(value, Real) and not isinstance(value, bool)


def _whole_numbers(values: Mapping[str, object]) -> dict[str, int | None]:
    """Whole numbers, where 1e6 counts as one; all that are none are refused together."""
    found: dict[str, int | None] = {}
    problems = []
    for name, value in values.items():
        if value is None:
            found[name] = None
        elif _is_number(value) and float(value).is_integer():
            found[name] = int(value)
        else:
            problems.append(Problem("is not a whole number", name, repr(value), "a whole number, such as 1_000_000"))
    if problems:
        raise InvalidInput(problems)
    return found


def _amounts(values: Mapping[str, object]) -> dict[str, float | None]:
    """Numbers; all that are none are refused together."""
    wrong = [name for name, value in values.items() if value is not None and not _is_number(value)]
    if wrong:
        raise InvalidInput([Problem("is not a number", name, repr(values[name])) for name in wrong])
    return {name: float(value) if _is_number(value) else None for name, value in values.items()}


def _names(strategies: str | Sequence[str] | None) -> tuple[str, ...] | None:
    """Names of strategies; a single one may stand alone."""
    if strategies is None:
        return None
    return (strategies,) if isinstance(strategies, str) else tuple(strategies)


def load(path: str | Path, *, overrides: Mapping[str, object] | None = None) -> Scenario:
    """Read a scenario file, with values laid over it by dotted path.

    Raises
    ------
    InvalidInput
        With every problem of the file, each with line and column.
    """
    from simengine.scenario import load as load_scenario

    return load_scenario(path, set_values=overrides)


def check(scenario: str | Path | Scenario, *, overrides: Mapping[str, object] | None = None) -> CheckReport:
    """Validate a scenario completely, short of simulating it; print the answer for the resolved table.

    Raises
    ------
    InvalidInput
        With every problem of the scenario.
    """
    from simengine.report.check import CheckReport
    from simengine.results.compute import Request, prepare

    prepared = prepare(scenario, Request(overrides=dict(overrides or {})))
    return CheckReport(prepared.scenario, prepared.models, prepared.plan.inputs)


def _sampler(name: str | None) -> str | None:
    from simengine.errors import InvalidInput, Problem
    from simengine.sampling.design import SAMPLERS

    if name is not None and name not in SAMPLERS:
        raise InvalidInput(Problem("there is no such sampler", "sampler", repr(name), ", ".join(SAMPLERS)))
    return name


def _scheduler(scheduler: str | Client | None, threads: int | None) -> str | Client | None:
    from simengine.engine.limits import scheduler_problem

    problem = scheduler_problem(scheduler, threads)
    if problem is not None:
        raise InvalidInput(problem)
    return scheduler


def _precision(name: str | None) -> str | None:
    from simengine.sampling.design import PRECISIONS

    if name is not None and name not in PRECISIONS:
        raise InvalidInput(Problem("there is no such precision", "precision", repr(name), ", ".join(PRECISIONS)))
    return name


def _percentiles(levels: Sequence[float] | None) -> tuple[float, ...] | None:
    if levels is None:
        return None
    levels = list(levels)
    allowed = "different numbers between 0 and 100"
    problems = [
        Problem("out of range", "percentiles", repr(level), allowed)
        for level in levels
        if not (_is_number(level) and 0.0 < level < 100.0)
    ]
    if not levels or len(set(levels)) != len(levels):
        problems.append(Problem("none, or one twice", "percentiles", str(list(levels)), allowed))
    if problems:
        raise InvalidInput(problems)
    return tuple(float(level) for level in levels)
