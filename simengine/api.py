"""The Python interface: run a scenario, read one, check one.  ``import simengine as se; se.run("deal.toml")``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from simengine.report.result import Result

if TYPE_CHECKING:
    from simengine.report.check import CheckReport
    from simengine.scenario import Scenario


def run(
    scenario: str | Path | Scenario,
    *,
    trials: int | None = None,
    seed: int | None = None,
    sampler: str | None = None,
    replicates: int | None = None,
    strategies: Sequence[str] | None = None,
    overrides: Mapping[str, object] | None = None,
    percentiles: Sequence[float] | None = None,
    threads: int | None = None,
    memory: int | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> Result:
    """Simulate a scenario.

    Parameters
    ----------
    scenario
        The path of a scenario file, or one that :func:`load` has read.
    trials, seed, sampler, replicates, percentiles
        Instead of what the scenario says; percentiles are in percent.
    strategies
        Names of the strategies to simulate; all of them by default.
    overrides
        Values set for this run, by dotted path: ``{"risks.ip_leak.probability": 0.03}``.
    threads
        How many processors to use; all of them by default.  The digits of the result do not depend on it.
    memory
        Bytes of outcomes that may be kept for percentiles; the digits do not depend on it either.
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
    NonFiniteOutcome
        When an outcome was infinite or undefined in some trial.

    Examples
    --------
    >>> result = run("scenarios/base_arithmetic.toml", trials=1000)   # doctest: +SKIP
    >>> result.percentiles("T")                                       # doctest: +SKIP
    """
    from simengine.results.compute import Request, prepare, simulate

    request = Request(
        trials=trials,
        seed=seed,
        sampler=_sampler(sampler),
        replicates=replicates,
        strategies=tuple(strategies) if strategies is not None else None,
        percentiles=_percentiles(percentiles),
        overrides=dict(overrides or {}),
        threads=threads,
        memory=memory,
        command="simengine.run",
    )
    return Result(simulate(prepare(scenario, request), progress))


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
    return CheckReport(prepared.scenario, prepared.models)


def _sampler(name: str | None) -> str | None:
    from simengine.errors import InvalidInput, Problem
    from simengine.sampling.design import SAMPLERS

    if name is not None and name not in SAMPLERS:
        raise InvalidInput(Problem("there is no such sampler", "sampler", repr(name), ", ".join(SAMPLERS)))
    return name


def _percentiles(levels: Sequence[float] | None) -> tuple[float, ...] | None:
    from simengine.errors import InvalidInput, Problem

    if levels is None:
        return None
    allowed = "different numbers between 0 and 100"
    problems = [
        Problem("out of range", "percentiles", str(level), allowed) for level in levels if not 0.0 < level < 100.0
    ]
    if not levels or len(set(levels)) != len(levels):
        problems.append(Problem("none, or one twice", "percentiles", str(list(levels)), allowed))
    if problems:
        raise InvalidInput(problems)
    return tuple(float(level) for level in levels)
