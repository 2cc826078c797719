"""From a scenario to a record: expand, compile, simulate, and note where everything came from."""

from __future__ import annotations

import datetime
import json
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from simengine.aggregate.statistics import RunStatistics
from simengine.deal.model import Model
from simengine.engine.stopping import DEFAULT_LIMIT, Criterion, Look, StandardErrors, run_until, stopping_document
from simengine.errors import FileProblem, InvalidInput, Problem
from simengine.plan.plan import Plan
from simengine.results.build import Provenance, build_record
from simengine.results.record import Record
from simengine.results.sources import Source, sources_of
from simengine.scenario import Scenario, load

if TYPE_CHECKING:
    from simengine.engine.devices import Choice, DeviceChoice
    from simengine.engine.schedule import Scheduler

Progress = Callable[[int, int, str], None]
"""Called with trials done, trials in all and the name of the pass; from any thread."""

_PARTS = ("simengine", "numpy", "numba", "scipy", "dask")


@dataclass(frozen=True)
class Request:
    """What a run asks for besides the scenario; None leaves the choice to the scenario (or to the engine).

    target_se: standard errors by statistic, for which trials are run until they hold, max_trials at most; a number of
    ``trials`` is run as it is, whatever the scenario asks for.
    memory: bytes of outcomes that may be kept for percentiles; it changes the time a run takes, never a digit.
    scheduler: what computes the trials, see :func:`simengine.engine.schedule.opened`; it changes no digit either.
    device: cpu, gpu or auto, see :func:`simengine.engine.devices.choose`; nor does it.  chosen: told what was chosen.
    """

    trials: int | None = None
    seed: int | None = None
    sampler: str | None = None
    replicates: int | None = None
    precision: str | None = None
    strategies: Sequence[str] | None = None
    percentiles: Sequence[float] | None = None
    overrides: Mapping[str, object] = field(default_factory=dict)
    threads: int | None = None
    memory: int | None = None
    scheduler: Scheduler | None = None
    device: DeviceChoice = None
    chosen: Callable[[Choice], None] | None = None
    target_se: Mapping[str, object] | None = None
    max_trials: int | None = None
    command: str = ""


@dataclass(frozen=True, eq=False)
class Prepared:
    """A scenario that is ready to be simulated.

    addresses: every address that any strategy draws from, in order, also of strategies that were not asked for: so a
    strategy has the same draws alone and among the others.  criterion: what the run is stopped by, at ``limit`` trials
    at the latest; None where it has ``trials`` trials.
    """

    scenario: Scenario
    request: Request
    models: tuple[Model, ...]
    plan: Plan
    trials: int
    seed: int
    replicates: int
    addresses: tuple[str, ...]
    percentiles: tuple[float, ...]
    sources: tuple[Source, ...]
    timings: Mapping[str, float]
    criterion: Criterion | None = None
    limit: int = DEFAULT_LIMIT


def prepare(scenario: str | Path | Scenario, request: Request, *, years: bool = True) -> Prepared:
    """Read a scenario (unless it was read before), expand its strategies and compile them.

    Without ``years`` the plan has the outcomes that are one number a trial only, and none of those by period.

    Raises
    ------
    InvalidInput
        With every problem of the scenario, or of the strategies asked for.
    FileProblem
        When a data file cannot be read any more.
    """
    began = time.perf_counter()
    if isinstance(scenario, Scenario) and request.overrides:
        raise InvalidInput(Problem("values can only be set while a scenario is read", hint="give them to load()"))
    found = scenario if isinstance(scenario, Scenario) else load(scenario, set_values=request.overrides)
    all_models = expanded(found)
    models = select_strategies(all_models, request.strategies)
    sources = sources_of(found)
    read = time.perf_counter()
    addresses = _addresses(all_models)
    sampler = request.sampler if request.sampler is not None else found.simulate.sampler
    precision = request.precision if request.precision is not None else found.simulate.precision
    plan = compiled(models, sampler, addresses, precision, years=years)
    percentiles = tuple(sorted(request.percentiles or found.simulate.percentiles))
    return Prepared(
        scenario=found,
        request=request,
        models=models,
        plan=plan,
        trials=request.trials if request.trials is not None else found.simulate.trials,
        seed=request.seed if request.seed is not None else found.simulate.seed,
        replicates=request.replicates if request.replicates is not None else found.simulate.replicates,
        addresses=addresses,
        percentiles=percentiles,
        sources=sources,
        timings={"scenario": read - began, "plan": time.perf_counter() - read},
        criterion=_criterion(found, request, plan, percentiles),
        limit=request.max_trials if request.max_trials is not None else found.simulate.max_trials,
    )


def _criterion(scenario: Scenario, request: Request, plan: Plan, percentiles: Sequence[float]) -> Criterion | None:
    """What the run is stopped by, if by anything.

    Raises
    ------
    InvalidInput
        With everything that is wrong with it.
    """
    from simengine.results.targets import KEY, targets_of

    problems = []
    if request.trials is not None and request.target_se:
        hint = "max_trials limits a run that stops by itself"
        problems.append(Problem("a number of trials and a standard error are asked for", KEY, allowed="one", hint=hint))
    asked = request.target_se or ({} if request.trials is not None else scenario.simulate.target_se)
    if request.max_trials is not None and not asked:
        problems.append(
            Problem("limits nothing without a standard error to reach", "max_trials", f"{request.max_trials:,}")
        )
    if problems:
        raise InvalidInput(problems)
    if not asked:
        return None
    return StandardErrors(targets_of(asked, plan, percentiles, tuple(sorted(scenario.simulate.tail_levels))))


def simulate(
    prepared: Prepared, progress: Progress | None = None, notice: Callable[[Look], None] | None = None
) -> Record:
    """Simulate a prepared scenario; a run that stops by itself calls ``notice`` after every look.

    Raises
    ------
    InvalidInput
        When trials, seed, threads, memory or scheduler are out of range.
    DeviceError
        When a cluster or a GPU cannot be reached or used.
    NonFiniteOutcome
        When an outcome was not finite in some trial and the scenario says that this is an error.
    FileProblem
        When a data file changed while the simulation ran.
    """
    if prepared.criterion is None:
        statistics, stopping = _simulated(prepared, prepared.trials, progress), "null"
    else:
        looks = run_until(
            lambda trials: _simulated(prepared, trials, _of_look(progress, trials)),
            prepared.criterion,
            limit=prepared.limit,
            notice=notice,
        )
        statistics = looks[-1].statistics
        stopping = json.dumps(stopping_document(looks, "target_se", prepared.limit))
        statistics = replace(statistics, timings=_all_laps([look.statistics for look in looks]))
    if sources_of(prepared.scenario) != prepared.sources:
        raise FileProblem("a file of the scenario was changed while the simulation ran; hint: run it again")
    statistics = replace(statistics, timings={**prepared.timings, **statistics.timings})
    return build_record(statistics, prepared.plan, prepared.models, _provenance(prepared, stopping, statistics.notes))


def _of_look(progress: Progress | None, trials: int) -> Progress | None:
    """Progress in which the passes of one look are told from those of others."""
    if progress is None:
        return None
    return lambda done, total, stage: progress(done, total, f"{stage} ({trials:,} trials)")


def _all_laps(runs: Sequence[RunStatistics]) -> dict[str, float]:
    """Seconds by stage of several runs together."""
    return {stage: sum(run.timings[stage] for run in runs) for stage in runs[-1].timings}


def _simulated(prepared: Prepared, trials: int, progress: Progress | None) -> RunStatistics:
    from simengine.engine.limits import default_memory
    from simengine.engine.run import run

    scenario, request = prepared.scenario, prepared.request
    return run(
        prepared.plan,
        trials=trials,
        seed=prepared.seed,
        percentiles=prepared.percentiles,
        tail_levels=tuple(sorted(scenario.simulate.tail_levels)),
        threads=request.threads,
        memory_budget=request.memory if request.memory is not None else default_memory(prepared.plan),
        nonfinite=scenario.simulate.nonfinite,
        progress=progress,
        replicates=prepared.replicates,
        scheduler=request.scheduler,
        device=request.device,
        chosen=request.chosen,
    )


def expanded(scenario: Scenario) -> tuple[Model, ...]:
    """All strategies of a scenario as models.

    Raises
    ------
    InvalidInput
        With every problem that shows only when strategies are expanded.
    """
    from simengine.deal.expand import expand

    return expand(scenario)


def _addresses(models: Sequence[Model]) -> tuple[str, ...]:
    from simengine.plan.draws import addresses_of

    return addresses_of(models)


def compiled(
    models: Sequence[Model],
    sampler: str,
    addresses: Sequence[str],
    precision: str = "float64",
    *,
    years: bool = False,
) -> Plan:
    """The plan of the reported outcomes; with ``years`` those of each period are part of it.

    Raises
    ------
    InvalidInput
        When a distribution cannot be tabulated, or the plan would be too large.
    """
    from simengine.plan.compile import build_plan

    return build_plan(models, sampler=sampler, addresses=addresses, precision=precision, years=years)


def select_strategies(models: Sequence[Model], names: Sequence[str] | None) -> tuple[Model, ...]:
    """The models of the strategies asked for, in the order of the scenario; all of them for None.

    Raises
    ------
    InvalidInput
        With every name that is not a strategy.
    """
    if names is None:
        return tuple(models)
    from simengine.scenario.names import suggest

    known = [model.strategy for model in models]
    problems = []
    for name in names:
        if name not in known:
            hint = suggest(name, known)
            problems.append(Problem(f"there is no strategy {name!r}", allowed=", ".join(known), hint=hint))
    if problems:
        raise InvalidInput(problems)
    if not names:
        raise InvalidInput(Problem("no strategy is asked for", allowed=", ".join(known)))
    return tuple(model for model in models if model.strategy in names)


def _provenance(prepared: Prepared, stopping: str, notes: Sequence[str]) -> Provenance:
    scenario, request = prepared.scenario, prepared.request
    header = scenario.header
    return Provenance(
        scenario=header.name,
        title=header.title,
        description=header.description,
        money_unit=header.money,
        scenario_file=scenario.file,
        scenario_text=scenario.text,
        resolved_text=scenario.merged_text,
        sources=prepared.sources,
        selected_strategies=tuple(request.strategies) if request.strategies is not None else None,
        overrides=request.overrides,
        warnings=(*(str(problem) for problem in scenario.warnings), *notes),
        nonfinite=scenario.simulate.nonfinite,
        replicates=prepared.replicates,
        stopping=stopping,
        versions=versions(),
        command=request.command,
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )


def versions() -> dict[str, str]:
    """Versions of the programs that have a part in the numbers, and the kind of machine."""
    import importlib.metadata

    found = {"python": platform.python_version(), "machine": platform.machine(), "system": platform.system()}
    for name in _PARTS:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found
