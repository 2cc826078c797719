"""The Python interface: run a scenario, read one, check one.  ``import simengine as se; se.run("deal.toml")``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard

from simengine.errors import InvalidInput, Problem
from simengine.report.result import Result

if TYPE_CHECKING:
    from simengine.report.check import CheckReport
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

    whole = {"trials": trials, "seed": seed, "replicates": replicates, "threads": threads, "memory": memory}
    numbers = _whole_numbers(whole)
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
        command="simengine.run",
    )
    return Result(simulate(prepare(scenario, request), progress))


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
    return CheckReport(prepared.scenario, prepared.models)


def _sampler(name: str | None) -> str | None:
    from simengine.errors import InvalidInput, Problem
    from simengine.sampling.design import SAMPLERS

    if name is not None and name not in SAMPLERS:
        raise InvalidInput(Problem("there is no such sampler", "sampler", repr(name), ", ".join(SAMPLERS)))
    return name


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
