"""Run a plan: a pilot fixes the grid, one pass counts and sums, and exact percentiles are selected."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simengine import settings
from simengine.aggregate.grid import BINS
from simengine.aggregate.order import Ranks
from simengine.aggregate.statistics import RunStatistics
from simengine.aggregate.summary import Summary
from simengine.engine.closing import describe_faults, digest, finalised
from simengine.engine.devices import Choice, DeviceChoice, after_failure, choose
from simengine.engine.limits import (
    DEFAULT_MEMORY,
    check_limits,
    check_reports,
    device_problem,
    is_cluster,
    scheduler_problem,
    seconds_estimate,
    selection_room,
)
from simengine.engine.outcomes import Outcomes
from simengine.engine.pilot import pilot
from simengine.engine.schedule import Executor, InProcess, Progress, Reporter, Scheduler, opened
from simengine.engine.selection import Draws, select_exactly
from simengine.engine.tasks import Mergeable, Narrow, Summarise, Task, Trials, ranges_of
from simengine.errors import DeviceLost, InvalidInput, NonFiniteOutcome, Problem
from simengine.kernels import cpu
from simengine.kernels.family import CPU, Family, bytes_of_kept
from simengine.kernels.source import Source
from simengine.plan.plan import Plan
from simengine.sampling.design import DEFAULT_REPLICATES

DEFAULT_PERCENTILES = (5.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0)
DEFAULT_TAIL_LEVELS = (0.95,)
_TASKS_A_THREAD = 8
_TASK_SECONDS = 0.25
"""Work of one task on one thread: long beside the cost of scheduling it, short beside a person's patience."""
_SHORTEST_SENT, _LONGEST_SENT = 0.5, 2.0
"""The same in seconds for tasks that are sent to another process: sending them, and their values, costs more."""
_WAITING_BYTES = 1 << 27
"""Summaries that may wait to be merged."""
_WORTH_SHARING = 0.2
"""Seconds of work below which importing dask costs more than a second thread saves."""


def run(
    plan: Plan,
    *,
    trials: int,
    seed: int,
    percentiles: Sequence[float] = DEFAULT_PERCENTILES,
    tail_levels: Sequence[float] = DEFAULT_TAIL_LEVELS,
    threads: int | None = None,
    memory_budget: int = DEFAULT_MEMORY,
    nonfinite: str = "error",
    progress: Progress | None = None,
    task_trials: int | None = None,
    replicates: int = DEFAULT_REPLICATES,
    scheduler: Scheduler | None = None,
    device: DeviceChoice = None,
    chosen: Callable[[Choice], None] | None = None,
) -> RunStatistics:
    """Simulate ``trials`` trials and report every outcome of the plan.

    The result is the same, bit for bit, for any ``threads``, ``memory_budget`` (bytes of outcomes that may be
    kept for percentiles; beyond it the trials are drawn again), ``task_trials`` (trials of one task) and
    ``scheduler`` (threads by default; see :func:`simengine.engine.schedule.opened`), and on any ``device``: ``cpu``,
    ``gpu``, ``auto`` (the default: a GPU where there is one and it is worth it; see
    :func:`simengine.engine.devices.choose`) or a :class:`~simengine.kernels.cuda.device.Device`.  ``chosen`` is told.
    ``replicates`` is about how many independent replicates the trials are divided into, for samplers that have them.

    Raises
    ------
    InvalidInput
        If trials, seed, threads, memory or replicates are out of range, or there is no such scheduler or device.
    NonFiniteOutcome
        If an outcome was infinite or undefined in some trial, unless ``nonfinite`` is ``"exclude"``.
    DeviceError
        If a cluster cannot be reached, is lost, or has workers of another version; if a GPU is asked for that is not
        there, or that fails.
    """
    asked = _Asked(trials, seed, tuple(percentiles), tuple(tail_levels), nonfinite, replicates)
    means = _Means(threads, memory_budget, progress, task_trials, scheduler, device, chosen)
    return _run(plan, asked, means)[0]


def run_and_keep(
    plan: Plan,
    *,
    trials: int,
    seed: int,
    percentiles: Sequence[float] = DEFAULT_PERCENTILES,
    tail_levels: Sequence[float] = DEFAULT_TAIL_LEVELS,
    threads: int | None = None,
    memory_budget: int = DEFAULT_MEMORY,
    nonfinite: str = "error",
    progress: Progress | None = None,
    replicates: int = DEFAULT_REPLICATES,
    device: DeviceChoice = None,
    chosen: Callable[[Choice], None] | None = None,
) -> tuple[RunStatistics, Outcomes]:
    """The same as :func:`run`, with the outcomes of all trials, for questions that need them trial by trial.

    They lie in the memory of this machine, whatever the device.

    Raises
    ------
    InvalidInput
        As :func:`run`, and if the outcomes do not fit into ``memory_budget``.
    NonFiniteOutcome, DeviceError
        As :func:`run`.
    """
    asked = _Asked(trials, seed, tuple(percentiles), tuple(tail_levels), nonfinite, replicates)
    means = _Means(threads, memory_budget, progress, device=device, chosen=chosen)
    statistics, kept = _run(plan, asked, means, must_keep=True)
    assert kept is not None
    return statistics, kept


@dataclass(frozen=True)
class _Asked:
    """What determines the digits of a run, besides its plan."""

    trials: int
    seed: int
    percentiles: tuple[float, ...]
    tail_levels: tuple[float, ...]
    nonfinite: str
    replicates: int


@dataclass(frozen=True)
class _Means:
    """What a run is computed with; it changes no digit."""

    threads: int | None
    memory_budget: int
    progress: Progress | None
    task_trials: int | None = None
    scheduler: Scheduler | None = None
    device: DeviceChoice = None
    chosen: Callable[[Choice], None] | None = None


def _run(plan: Plan, asked: _Asked, means: _Means, *, must_keep: bool = False) -> tuple[RunStatistics, Outcomes | None]:
    """The statistics of a run, and the outcomes of its trials where they were kept."""
    problem = scheduler_problem(means.scheduler, means.threads) or device_problem(means.device, means.scheduler)
    if problem is not None:
        raise InvalidInput(problem)
    threads = settings.read().threads if means.threads is None else means.threads
    check_limits(plan, asked.trials, asked.seed, threads, means.memory_budget, asked.replicates)
    check_reports(asked.percentiles, asked.tail_levels, asked.nonfinite)
    source = Source.of(plan, asked.seed, asked.trials, asked.replicates)
    if is_cluster(means.scheduler):
        return _on_cluster(source, asked, means, must_keep)
    choice = choose(means.device, source, means.scheduler, means.threads)
    if means.chosen is not None:
        means.chosen(choice)
    if not choice.on_device:
        return _on_processors(source, asked, means, threads, must_keep)
    try:
        return _simulated(InProcess(1), choice.family, source, asked, means, must_keep)
    except DeviceLost as error:
        if not choice.may_fail:
            raise
        note = after_failure(choice.family.name, error)
    finally:
        choice.family.release()
    if means.chosen is not None:
        means.chosen(Choice(CPU, "on the CPU (the GPU failed)", said=True))
    statistics, outcomes = _on_processors(source, asked, means, threads, must_keep)
    return replace(statistics, notes=(note,)), outcomes


def _on_processors(
    source: Source, asked: _Asked, means: _Means, threads: int, must_keep: bool
) -> tuple[RunStatistics, Outcomes | None]:
    short = means.task_trials is None and seconds_estimate(source.plan, asked.trials, 1) < _WORTH_SHARING
    if means.scheduler != "processes" and short:
        threads = 1
    with opened(means.scheduler, threads) as executor:
        return _simulated(executor, CPU, source, asked, means, must_keep)


def _on_cluster(source: Source, asked: _Asked, means: _Means, must_keep: bool) -> tuple[RunStatistics, Outcomes | None]:
    """A run whose workers compute it on their own devices; when one fails that nobody asked for, on processors."""
    notes: tuple[str, ...] = ()
    for device in (means.device or "auto", "cpu"):
        assert isinstance(device, str)  # only a name can be sent: see device_problem
        with opened(means.scheduler, 1, device, source.plan) as executor:
            _tell_of_cluster(getattr(executor, "device", CPU.name), means, failed=bool(notes))
            try:
                statistics, outcomes = _simulated(executor, CPU, source, asked, means, must_keep)
            except DeviceLost as error:
                if device != "auto":
                    raise
                notes = (after_failure("a worker's GPU", error),)
            else:
                return replace(statistics, notes=(*notes, *statistics.notes)), outcomes
    raise AssertionError("the processors are the last device that is tried")


def _tell_of_cluster(device: str, means: _Means, *, failed: bool) -> None:
    if means.chosen is not None:
        on_device = device != CPU.name
        where = f"on {device}" if on_device else "on the CPUs of the cluster" + " (a GPU failed)" * failed
        means.chosen(Choice(CPU, where, said=on_device or failed or means.device == "auto"))


def _simulated(
    executor: Executor, family: Family, source: Source, asked: _Asked, means: _Means, must_keep: bool
) -> tuple[RunStatistics, Outcomes | None]:
    plan, trials = source.plan, asked.trials
    clock = _Clock()
    grid, differences = pilot(family, source)
    clock.lap("pilot")
    if must_keep and bytes_of_kept(source) > means.memory_budget:
        raise InvalidInput(_too_many_to_keep(trials, bytes_of_kept(source), means.memory_budget))
    kept = family.room(source, means.memory_budget) if executor.shares_memory else None
    executor.start(Trials(source, kept, family))
    size = means.task_trials or family.range_trials(source) or _trials_of_a_task(plan, trials, executor)
    ranges = ranges_of(trials, family.unit(source), size)
    summary_bytes = 8 * BINS * len(plan.outputs)

    def fold(task: Task[Mergeable], stage: str) -> Mergeable:
        each = task.windows.counted_bytes if isinstance(task, Narrow) else summary_bytes
        return executor.fold(task, ranges, Reporter(means.progress, trials, stage), max(1, _WAITING_BYTES // each))

    draws = Draws(grid, kept is not None, fold)
    summary = fold(Summarise(grid), "simulating")
    assert isinstance(summary, Summary)
    clock.lap("simulate")
    if asked.nonfinite == "error" and summary.faults.any():
        raise NonFiniteOutcome(describe_faults(plan, summary))
    finite = [trials - int(faults) for faults in summary.faults]
    ranks = [Ranks.of(n, asked.percentiles, asked.tail_levels) if n else None for n in finite]
    selected = select_exactly(draws, summary, ranks, selection_room(plan, means.memory_budget))
    clock.lap("percentiles")
    outcomes = finalised(plan, grid, summary, ranks, selected, asked.tail_levels, asked.percentiles)
    clock.lap("statistics")
    statistics = RunStatistics(
        outcomes=outcomes,
        trials=trials,
        seed=asked.seed,
        percentiles=asked.percentiles,
        tail_levels=asked.tail_levels,
        passes=1 + selected.passes,
        timings=clock.laps,
        summary_digest=digest(summary, selected),
        replicates=source.design.replicates,
        differences=differences,
        device=family.name if executor.shares_memory else getattr(executor, "device", CPU.name),
        notes=tuple(getattr(executor, "notes", ())),
    )
    return statistics, Outcomes(source, family.outcomes(source, kept)) if must_keep else None


def _too_many_to_keep(trials: int, needed: int, budget: int) -> Problem:
    return Problem(
        f"this keeps the outcomes of all {trials:,} trials, which takes {needed / 2**20:,.0f} MiB",
        "memory",
        f"{budget / 2**20:,.0f} MiB",
        hint="ask for fewer trials or outcomes, or give more memory",
    )


def _trials_of_a_task(plan: Plan, trials: int, executor: Executor) -> int | None:
    """Trials of one task; None where nothing is gained by dividing the work evenly."""
    if executor.shares_memory and executor.workers == 1:
        return None
    even, each = -(-trials // (executor.workers * _TASKS_A_THREAD)), seconds_estimate(plan, 1, 1)
    if executor.shares_memory:
        return min(even, max(1, int(_TASK_SECONDS / each)))
    longer = getattr(executor, "tasks_longer", 1)
    return min(max(even, int(longer * _SHORTEST_SENT / each)), int(longer * _LONGEST_SENT / each))


def replay_trial(
    plan: Plan,
    seed: int,
    trial: int,
    *,
    trials: int | None = None,
    replicates: int = DEFAULT_REPLICATES,
    device: DeviceChoice = "cpu",
) -> NDArray[np.float64]:
    """The outcomes of one trial of a run of ``trials`` trials, shape (outcomes,), drawn alone.

    For independent draws the number of trials in the run is no matter.
    """
    source = Source.of(plan, seed, max(trials or 0, trial + 1), replicates)
    return choose(device, source).family.trial_values(source, trial)


def draw(
    plan: Plan,
    seed: int,
    first_trial: int,
    count: int,
    *,
    trials: int | None = None,
    replicates: int = DEFAULT_REPLICATES,
    device: DeviceChoice = "cpu",
) -> NDArray[np.float64]:
    """The outcomes of ``count`` consecutive trials of a run of ``trials`` trials, shape (outcomes, count).

    Without ``trials`` the run ends with the last of them.
    """
    source = Source.of(plan, seed, max(trials or 0, first_trial + count), replicates)
    skipped = first_trial % cpu.BLOCK
    return choose(device, source).family.values(source, first_trial - skipped, count + skipped)[:, skipped:]


class _Clock:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.laps[stage] = now - self._last
        self._last = now
