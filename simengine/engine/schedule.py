"""Ranges of trials, mapped over threads by dask and folded in order.

The bits of a result do not depend on how the trials are divided or who computes which part; ranges only have to
begin at a multiple of the kernel's strip, so that kept values lie where the next pass looks for them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, Self, TypeVar

_MOST_TRIALS_A_TASK = 1 << 22
_TASKS_A_WAVE = 16

Progress = Callable[[int, int, str], None]
"""Called with trials done, trials in all and the name of the pass; from any thread."""


class Mergeable(Protocol):
    """A value of disjoint ranges of trials that merges."""

    def merge(self, other: Self) -> Self:
        """The value over both ranges, self before other."""


Value = TypeVar("Value", bound=Mergeable)


@dataclass(frozen=True)
class Range:
    """Trials first to first + size - 1."""

    first: int
    size: int


def ranges_of(trials: int, threads: int, unit: int, task_trials: int | None = None) -> list[Range]:
    """Consecutive ranges over all trials, each a multiple of ``unit`` but the last."""
    if task_trials is None:
        task_trials = min(trials, _MOST_TRIALS_A_TASK)
    size = max(unit, -(-task_trials // unit) * unit)
    return [Range(first, min(size, trials - first)) for first in range(0, trials, size)]


def map_fold(
    work: Callable[[Range], Value],
    ranges: Sequence[Range],
    threads: int,
    progress: Progress | None = None,
    stage: str = "",
    in_flight: int = 64,
) -> Value:
    """``work`` of every range, merged in order of trial.

    The ranges go through dask in waves, so that neither graph nor results grow with the number of trials;
    ``in_flight`` is the number of results that may wait at once.
    """
    total = ranges[-1].first + ranges[-1].size
    report = _Reporter(progress, total, stage)
    stopped = threading.Event()

    def task(part: Range) -> Value:
        if stopped.is_set():  # dask goes on with what it has queued when the caller is interrupted
            raise _Stopped
        value = work(part)
        report.done(part.size)
        return value

    result: Value | None = None
    wave = threads * max(1, min(_TASKS_A_WAVE, in_flight // threads))
    try:
        for start in range(0, len(ranges), wave):
            for value in _compute(task, ranges[start : start + wave], threads):
                result = value if result is None else result.merge(value)
    except BaseException:
        stopped.set()
        raise
    assert result is not None
    return result


class _Stopped(Exception):
    """A queued task found that the run is over."""


def _compute(task: Callable[[Range], Value], ranges: Sequence[Range], threads: int) -> Sequence[Value]:
    if threads == 1 or len(ranges) == 1:
        return [task(part) for part in ranges]
    from dask.threaded import get

    graph = {f"trials-{part.first}": (task, part) for part in ranges}
    values: Sequence[Value] = get(graph, list(graph), num_workers=threads)
    return values


class _Reporter:
    """Adds up finished trials for the progress callback."""

    def __init__(self, progress: Progress | None, total: int, stage: str):
        self._progress, self._total, self._stage = progress, total, stage
        self._done, self._lock = 0, threading.Lock()

    def done(self, trials: int) -> None:
        if self._progress is None:
            return
        with self._lock:
            self._done += trials
            self._progress(self._done, self._total, self._stage)
