"""Run a scenario, compare its strategies, read one, check one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from simengine.api.arguments import (
    amounts_of,
    device_of,
    names_of,
    percentiles_of,
    precision_of,
    sampler_of,
    scheduler_of,
    whole_numbers_of,
)
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
    device: str | None = None,
    target_se: Mapping[str, object] | None = None,
    max_trials: float | None = None,
    analyses: bool = True,
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
    device
        ``"cpu"``, ``"gpu"``, or ``"auto"`` (the default): a GPU where there is one, for runs that would take the
        processors more than two seconds and for which no threads and no scheduler are asked for.  Workers of a
        cluster use their own.  The digits do not depend on it; ``result.dataset.attrs["device"]`` names it.
    target_se
        Standard errors to reach, by statistic: ``{"T.mean": "0.1%", "licence:T.prob_loss": 0.0005}``; instead of
        ``trials``.  Trials are run until all of them hold.
    max_trials
        Where such a run stops at the latest, 100 million by default; ``result.stopping`` says whether it had to.
    analyses
        Whether the strategies are compared, the drivers found and the risks registered, on at most 131,072 trials
        each, when the result is first asked for them, or for a file that shows them: ``results.nc``, workbook or page.
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
        When a cluster cannot be reached, is lost, or has workers with another version of simengine or NumPy; when
        a GPU is asked for and cannot be used.
    NonFiniteOutcome
        When an outcome was infinite or undefined in some trial.

    Examples
    --------
    >>> result = run("scenarios/base_arithmetic.toml", trials=1000)   # doctest: +SKIP
    >>> result.percentiles("T")                                       # doctest: +SKIP
    """
    from simengine.api.analyses import dossier_of
    from simengine.results.compute import Request, prepare, simulate

    whole = {"trials": trials, "seed": seed, "replicates": replicates, "threads": threads, "memory": memory}
    numbers = whole_numbers_of(whole | {"max_trials": max_trials})
    request = Request(
        trials=numbers["trials"],
        seed=numbers["seed"],
        sampler=sampler_of(sampler),
        replicates=numbers["replicates"],
        precision=precision_of(precision),
        strategies=names_of(strategies),
        percentiles=percentiles_of(percentiles),
        overrides=dict(overrides or {}),
        threads=numbers["threads"],
        memory=numbers["memory"],
        scheduler=scheduler_of(scheduler, numbers["threads"]),
        device=device_of(device, scheduler),
        target_se=target_se,
        max_trials=numbers["max_trials"],
        command="simengine.run",
    )
    prepared = prepare(scenario, request)
    record = simulate(prepared, progress)
    return Result(record, partial(dossier_of, prepared, record) if analyses else None)


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
    until_decided: str | None = None,
    max_trials: float | None = None,
    threads: int | None = None,
    memory: int | None = None,
    device: str | None = None,
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
    strategies, overrides, threads, memory, device, progress
        As in :func:`run`; all outcomes must fit into ``memory``.
    percentiles
        To compare beside P10, P50 and P90, in percent.
    risk_tolerance
        Of the exponential utility, in the unit of the outcome; by default half of the baseline's mean (or standard
        deviation, if that is larger), rounded to two digits.
    wealth, risk_aversion
        For certainty equivalents of constant relative risk aversion; none without them.
    until_decided, max_trials
        Instead of ``trials``: the measure by which the best strategy is to be told apart at 95 %, such as ``"mean"`` or
        ``"P10"``, and where to stop at the latest, by default at the trials of the scenario.

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

    numbers = whole_numbers_of(
        {"trials": trials, "seed": seed, "replicates": replicates, "threads": threads, "memory": memory}
        | {"max_trials": max_trials}
    )
    amounts = amounts_of({"risk_tolerance": risk_tolerance, "wealth": wealth, "risk_aversion": risk_aversion})
    given = [scenarios] if isinstance(scenarios, str | Path | Scenario) else list(scenarios)
    if not given:
        raise InvalidInput(Problem("no scenario is given", "scenarios"))
    question = Question(
        baseline=baseline,
        outputs=names_of(outputs),
        trials=numbers["trials"],
        seed=numbers["seed"],
        sampler=sampler_of(sampler),
        replicates=numbers["replicates"],
        strategies=names_of(strategies),
        percentiles=percentiles_of(percentiles),
        overrides=dict(overrides or {}),
        risk_tolerance=amounts["risk_tolerance"],
        wealth=amounts["wealth"],
        risk_aversion=amounts["risk_aversion"],
        threads=numbers["threads"],
        memory=numbers["memory"],
        device=device_of(device),
        command="simengine.compare",
        until_decided=until_decided,
        max_trials=numbers["max_trials"],
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
    device: str | None = None,
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
    trials, seed, sampler, replicates, strategies, overrides, threads, device, progress
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
    numbers = whole_numbers_of(whole | {"points": points})
    request = Request(
        trials=numbers["trials"],
        seed=numbers["seed"],
        sampler=sampler_of(sampler),
        replicates=numbers["replicates"],
        strategies=names_of(strategies),
        overrides=dict(overrides or {}),
        threads=numbers["threads"],
        memory=numbers["memory"],
        device=device_of(device),
        command="simengine.drivers",
    )
    question = Question.of(names_of(sections) or (), names_of(stress) or (), numbers["points"])
    return Drivers(find(scenario, request, question, progress))


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
