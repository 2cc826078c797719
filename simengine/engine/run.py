"""Run a plan: a pilot fixes the grid, one pass counts and sums, and exact percentiles are selected."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simengine import settings
from simengine.aggregate.finalise import outcome_statistics
from simengine.aggregate.grid import BINS, PILOT_TRIALS, Grid
from simengine.aggregate.order import Ranks
from simengine.aggregate.replicates import replicated
from simengine.aggregate.statistics import OutcomeStatistics, RunStatistics
from simengine.aggregate.summary import Summary
from simengine.engine.limits import (
    DEFAULT_MEMORY,
    check_limits,
    check_reports,
    scheduler_problem,
    seconds_estimate,
    selection_room,
)
from simengine.engine.outcomes import Outcomes
from simengine.engine.schedule import Executor, Progress, Reporter, Scheduler, opened
from simengine.engine.selection import Draws, Selected, select_exactly
from simengine.engine.tasks import Mergeable, Narrow, Summarise, Task, Trials, ranges_of
from simengine.errors import InvalidInput, NonFiniteOutcome, Problem
from simengine.kernels import cpu
from simengine.plan.plan import Plan
from simengine.sampling.design import DEFAULT_REPLICATES

DEFAULT_PERCENTILES = (5.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0)
DEFAULT_TAIL_LEVELS = (0.95,)
_TASKS_A_THREAD = 8
_TASK_SECONDS = 0.25
"""Work of one task on one thread: long beside the cost of scheduling it, short beside a person's patience."""
_SHORTEST_SENT, _LONGEST_SENT = 0.5, 2.0
"""The same in seconds for tasks that are sent to another process: sending them, and their values, costs more."""
_MOST_DIFFERENCE = 1e-4
"""Mean difference of float32 from float64, in standard deviations, beyond which its error bars would not be true."""
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
) -> RunStatistics:
    """Simulate ``trials`` trials and report every outcome of the plan.

    The result is the same, bit for bit, for any ``threads``, ``memory_budget`` (bytes of outcomes that may be
    kept for percentiles; beyond it the trials are drawn again), ``task_trials`` (trials of one task) and
    ``scheduler`` (threads by default; see :func:`simengine.engine.schedule.opened`).
    ``replicates`` is about how many independent replicates the trials are divided into, for samplers that have them.

    Raises
    ------
    InvalidInput
        If trials, seed, threads, memory or replicates are out of range, or there is no such scheduler.
    NonFiniteOutcome
        If an outcome was infinite or undefined in some trial, unless ``nonfinite`` is ``"exclude"``.
    DeviceError
        If a cluster cannot be reached, is lost, or has workers of another version.
    """
    asked = _Asked(trials, seed, tuple(percentiles), tuple(tail_levels), nonfinite, replicates)
    return _run(plan, asked, threads, memory_budget, progress, task_trials, scheduler)[0]


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
) -> tuple[RunStatistics, Outcomes]:
    """The same as :func:`run`, with the outcomes of all trials, for questions that need them trial by trial.

    Raises
    ------
    InvalidInput
        As :func:`run`, and if the outcomes do not fit into ``memory_budget``.
    NonFiniteOutcome
        As :func:`run`.
    """
    asked = _Asked(trials, seed, tuple(percentiles), tuple(tail_levels), nonfinite, replicates)
    statistics, kept = _run(plan, asked, threads, memory_budget, progress, must_keep=True)
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


def _run(
    plan: Plan,
    asked: _Asked,
    threads: int | None,
    memory_budget: int,
    progress: Progress | None,
    task_trials: int | None = None,
    scheduler: Scheduler | None = None,
    *,
    must_keep: bool = False,
) -> tuple[RunStatistics, Outcomes | None]:
    """The statistics of a run, and the outcomes of its trials where they were kept."""
    problem = scheduler_problem(scheduler, threads)
    if problem is not None:
        raise InvalidInput(problem)
    threads = settings.read().threads if threads is None else threads
    check_limits(plan, asked.trials, asked.seed, threads, memory_budget, asked.replicates)
    check_reports(asked.percentiles, asked.tail_levels, asked.nonfinite)
    if scheduler != "processes" and task_trials is None and seconds_estimate(plan, asked.trials, 1) < _WORTH_SHARING:
        threads = 1
    with opened(scheduler, threads) as executor:
        return _simulated(executor, plan, asked, memory_budget, progress, task_trials, must_keep)


def _simulated(
    executor: Executor,
    plan: Plan,
    asked: _Asked,
    memory_budget: int,
    progress: Progress | None,
    task_trials: int | None,
    must_keep: bool,
) -> tuple[RunStatistics, Outcomes | None]:
    trials, seed, replicates = asked.trials, asked.seed, asked.replicates
    clock = _Clock()
    source = cpu.Source.of(plan, seed, trials, replicates)
    pilot = cpu.values(source, 0, min(trials, PILOT_TRIALS))
    grid = Grid.from_pilot(pilot)
    differences = _differences(source, pilot)
    if (differences[:, 1] > _MOST_DIFFERENCE).any():
        raise InvalidInput(_too_coarse(plan, differences))
    clock.lap("pilot")
    strip = cpu.strip_trials(plan)
    strips = -(-trials // strip)
    bytes_kept = strips * strip * len(plan.outputs) * plan.value_type.itemsize
    if must_keep and bytes_kept > memory_budget:
        raise InvalidInput(_too_many_to_keep(trials, bytes_kept, memory_budget))
    keeps = executor.shares_memory and bytes_kept <= memory_budget
    # Zeros, since the last strip is not filled to its end, and what was never written may be no number.
    kept = np.zeros((strips, len(plan.outputs), strip), plan.value_type) if keeps else None
    executor.start(Trials(source, kept))
    ranges = ranges_of(trials, strip, task_trials or _trials_of_a_task(plan, trials, executor))
    summary_bytes = 8 * BINS * len(plan.outputs)

    def fold(task: Task[Mergeable], stage: str) -> Mergeable:
        each = task.windows.counted_bytes if isinstance(task, Narrow) else summary_bytes
        return executor.fold(task, ranges, Reporter(progress, trials, stage), max(1, _WAITING_BYTES // each))

    draws = Draws(grid, keeps, fold)
    summary = fold(Summarise(grid), "simulating")
    assert isinstance(summary, Summary)
    clock.lap("simulate")
    if asked.nonfinite == "error" and summary.faults.any():
        raise NonFiniteOutcome(_describe_faults(plan, summary))
    finite = [trials - int(faults) for faults in summary.faults]
    ranks = [Ranks.of(n, asked.percentiles, asked.tail_levels) if n else None for n in finite]
    selected = select_exactly(draws, summary, ranks, selection_room(plan, memory_budget))
    clock.lap("percentiles")
    outcomes = _finalise(plan, grid, summary, ranks, selected, asked.tail_levels, asked.percentiles)
    clock.lap("statistics")
    statistics = RunStatistics(
        outcomes=outcomes,
        trials=trials,
        seed=seed,
        percentiles=asked.percentiles,
        tail_levels=asked.tail_levels,
        passes=1 + selected.passes,
        timings=clock.laps,
        summary_digest=_digest(summary, selected),
        replicates=source.design.replicates,
        differences=differences,
    )
    if not must_keep:
        return statistics, None
    assert kept is not None
    return statistics, Outcomes(source, kept.astype(np.float64, copy=False))


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
    return min(max(even, int(_SHORTEST_SENT / each)), int(_LONGEST_SENT / each))


def _too_coarse(plan: Plan, differences: NDArray[np.float64]) -> list[Problem]:
    """The outcomes for which float32 is no fast way to the same answer: out of its range, or lost in its rounding."""
    return [
        Problem(
            f"float32 moves {output.place} of strategy {output.strategy} by {gap:.1g} standard deviations on average",
            "precision",
            "float32",
            f"outcomes that it moves by at most {_MOST_DIFFERENCE:g}",
            "say precision = float64: the numbers are too large, too small or too close together for float32",
        )
        for output, gap in zip(plan.outputs, differences[:, 1].tolist(), strict=True)
        if gap > _MOST_DIFFERENCE
    ]


def _differences(source: cpu.Source, pilot: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far the pilot's outcomes are from float64 arithmetic, (outcomes, 2)."""
    if source.plan.precision == "float64":
        return np.zeros((len(pilot), 2))
    from simengine.kernels import compare  # the float32 kernels are loaded by those who use them

    return compare.differences(source, pilot)


def replay_trial(
    plan: Plan, seed: int, trial: int, *, trials: int | None = None, replicates: int = DEFAULT_REPLICATES
) -> NDArray[np.float64]:
    """The outcomes of one trial of a run of ``trials`` trials, shape (outcomes,), drawn alone.

    For independent draws the number of trials in the run is no matter.
    """
    source = cpu.Source.of(plan, seed, max(trials or 0, trial + 1), replicates)
    return cpu.trial_values(source, trial)


def draw(
    plan: Plan,
    seed: int,
    first_trial: int,
    count: int,
    *,
    trials: int | None = None,
    replicates: int = DEFAULT_REPLICATES,
) -> NDArray[np.float64]:
    """The outcomes of ``count`` consecutive trials of a run of ``trials`` trials, shape (outcomes, count).

    Without ``trials`` the run ends with the last of them.
    """
    source = cpu.Source.of(plan, seed, max(trials or 0, first_trial + count), replicates)
    skipped = first_trial % cpu.BLOCK
    return cpu.values(source, first_trial - skipped, count + skipped)[:, skipped:]


def _finalise(
    plan: Plan,
    grid: Grid,
    summary: Summary,
    ranks: list[Ranks | None],
    selected: Selected,
    tail_levels: tuple[float, ...],
    percentiles: tuple[float, ...],
) -> tuple[OutcomeStatistics, ...]:
    _, ends = cpu.thresholds_of(plan)
    sums = summary.sums.by_replicate()
    return tuple(
        outcome_statistics(
            output,
            k,
            summary,
            summary.below[ends[k] : ends[k + 1]],
            grid,
            ranks[k],
            selected.found[k],
            selected.tails[k],
            tail_levels,
            percentiles,
            replicated(
                summary.replicates,
                sums,
                selected.replicate_tails,
                selected.tail_limits,
                k,
                slice(int(ends[k]), int(ends[k + 1])),
                float(grid.centre[k]),
            ),
        )
        for k, output in enumerate(plan.outputs)
    )


def _describe_faults(plan: Plan, summary: Summary) -> str:
    lines = []
    places: dict[tuple[str, str], list[int]] = {}
    for k, output in enumerate(plan.outputs):
        if summary.faults[k]:
            places.setdefault((output.strategy, output.name), []).append(k)
    for (strategy, _), mine in places.items():
        k = mine[0]
        more = f", and in {len(mine) - 1} later period{'s' if len(mine) > 2 else ''}" if len(mine) > 1 else ""
        lines.append(
            f"{plan.outputs[k].place} of strategy {strategy} is not a finite number in {int(summary.faults[k]):,} "
            f"of {summary.trials:,} trials, first in trial {int(summary.first_fault[k])}{more}"
        )
    trial = int(summary.first_fault.min())
    lines.append(
        f"hint: 'simengine run SCENARIO --trial {trial}' prints every draw and formula of that trial; "
        'simulate.nonfinite = "exclude" reports the finite trials only'
    )
    return "\n".join(lines)


def _digest(summary: Summary, selected: Selected) -> str:
    state = hashlib.sha256(summary.digest().encode())
    for found in selected.found:
        state.update(repr([(rank, value.hex()) for rank, value in sorted(found.items())]).encode())
    return state.hexdigest()


class _Clock:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.laps[stage] = now - self._last
        self._last = now
