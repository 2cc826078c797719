"""Executors: who computes the ranges of a pass, and how their values are folded in order of trial.

The bits of a result do not depend on how the trials are divided or who computes which part; ranges only have to
begin at a multiple of the kernel's strip, so that kept values lie where the next pass looks for them.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Generic, Protocol, TypeAlias, cast

from simengine.engine.limits import is_address
from simengine.engine.tasks import Range, Task, Trials, Value

if TYPE_CHECKING:
    from distributed import Client

    from simengine.plan.plan import Plan

Scheduler: TypeAlias = "str | Client | Executor"
"""A name (sync, threads, processes), the address of a dask scheduler, a client of one, or an executor."""

MOST_FAILURES = 3
"""How often a range may be lost with its worker, and is computed again, before the run gives up."""
_TASKS_A_WAVE = 16

Progress = Callable[[int, int, str], None]
"""Called with trials done, trials in all and the name of the pass; from any thread."""


class Executor(Protocol):
    """Computes the ranges of a pass and merges their values in order of trial.

    workers: how many ranges are computed at once.  shares_memory: whether tasks fill and read the arrays of this
    process; where they do not, nothing is kept and percentiles are selected by drawing the trials again.
    """

    workers: int
    shares_memory: bool

    def start(self, trials: Trials) -> None:
        """Take what the tasks of all passes share."""

    def fold(self, task: Task[Value], ranges: Sequence[Range], report: Reporter, in_flight: int) -> Value:
        """The value over all ranges; about ``in_flight`` values of ranges may wait at once to be merged."""


@contextlib.contextmanager
def opened(
    scheduler: Scheduler | None, threads: int, device: str = "cpu", plan: Plan | None = None
) -> Iterator[Executor]:
    """The executor that a scheduler names, by default threads; what was started for it ends with the block.

    The workers of a cluster compute on their own ``device``: cpu, gpu, or auto for a GPU where a worker has one, which
    is tested for plans like ``plan``.

    Raises
    ------
    DeviceError
        When a cluster cannot be reached or used.
    """
    if scheduler in (None, "sync", "threads"):
        yield InProcess(1 if scheduler == "sync" else threads)
    elif scheduler == "processes":
        from simengine.engine.processes import Processes

        with contextlib.closing(Processes(threads)) as processes:
            yield processes
    elif isinstance(scheduler, str) and is_address(scheduler):
        from simengine.engine.cluster import Cluster, connected

        with connected(scheduler) as client, contextlib.closing(Cluster(client, device, plan)) as cluster:
            yield cluster
    elif hasattr(scheduler, "fold"):
        yield cast("Executor", scheduler)
    else:
        from simengine.engine.cluster import Cluster

        with contextlib.closing(Cluster(cast("Client", scheduler), device, plan)) as cluster:
            yield cluster


class InProcess:
    """The threads of this process, through dask; or, for one thread, the caller's own.

    The ranges go through dask in waves, so that neither graph nor results grow with the number of trials.
    """

    shares_memory = True

    def __init__(self, workers: int):
        self.workers = workers
        self._trials: Trials

    def start(self, trials: Trials) -> None:
        """Keep the trials for the passes that come."""
        self._trials = trials

    def fold(self, task: Task[Value], ranges: Sequence[Range], report: Reporter, in_flight: int) -> Value:
        """The value over all ranges."""
        return self.map(lambda part: task(self._trials, part), ranges, report, in_flight)

    def map(self, work: Callable[[Range], Value], ranges: Sequence[Range], report: Reporter, in_flight: int) -> Value:
        """The value of any function of a range over all of them; such work cannot be sent anywhere."""
        stopped = threading.Event()

        def watched(part: Range) -> Value:
            if stopped.is_set():  # dask goes on with what it has queued when the caller is interrupted
                raise _Stopped
            value = work(part)
            report.done(part)
            return value

        folded: Fold[Value] = Fold(in_flight)
        wave = self.workers * max(1, min(_TASKS_A_WAVE, in_flight // self.workers))
        try:
            for start in range(0, len(ranges), wave):
                for place, value in enumerate(self._compute(watched, ranges[start : start + wave]), start):
                    folded.add(place, value)
        except BaseException:
            stopped.set()
            raise
        return folded.result()

    def _compute(self, work: Callable[[Range], Value], ranges: Sequence[Range]) -> Sequence[Value]:
        if self.workers == 1 or len(ranges) == 1:
            return [work(part) for part in ranges]
        from dask.threaded import get

        graph = {f"trials-{part.first}": (work, part) for part in ranges}
        values: Sequence[Value] = get(graph, list(graph), num_workers=self.workers)
        return values


def map_fold(
    work: Callable[[Range], Value],
    ranges: Sequence[Range],
    threads: int,
    progress: Progress | None = None,
    stage: str = "",
    in_flight: int = 64,
) -> Value:
    """``work`` of every range on threads of this process, merged in order of trial."""
    report = Reporter(progress, ranges[-1].first + ranges[-1].size, stage)
    return InProcess(threads).map(work, ranges, report, in_flight)


class _Stopped(Exception):
    """A queued task found that the run is over."""


class Fold(Generic[Value]):
    """Merges values that come in any order, neighbours only, the left one before the right one.

    Values of equally many ranges are merged first, as in a binary counter, so that a value is copied by a merge
    about log2(ranges) times rather than once for every range; about ``most`` values wait at once.  Sums do not
    depend on the form of this tree (see :mod:`simengine.aggregate.sums`), only the time does.
    """

    def __init__(self, most: int):
        self._most = max(2, most)
        self._early: dict[int, Value] = {}
        self._merged: list[tuple[int, Value]] = []
        self.next = 0
        """The first place whose value has not come, or waits for it."""

    def add(self, place: int, value: Value) -> None:
        """Take the value of one place; each comes once."""
        self._early[place] = value
        while self.next in self._early:
            self._append(self._early.pop(self.next))
            self.next += 1

    def result(self) -> Value:
        """The value over all places so far, of which there must be at least one."""
        while len(self._merged) > 1:
            self._join()
        return self._merged[0][1]

    def _append(self, value: Value) -> None:
        self._merged.append((1, value))
        while len(self._merged) > 1 and (self._merged[-2][0] <= self._merged[-1][0] or len(self._merged) > self._most):
            self._join()

    def _join(self) -> None:
        right, left = self._merged.pop(), self._merged.pop()
        self._merged.append((left[0] + right[0], left[1].merge(right[1])))


class Reporter:
    """Adds up finished trials for the progress callback."""

    def __init__(self, progress: Progress | None, total: int, stage: str):
        self.stage = stage
        self._progress, self._total = progress, total
        self._done, self._lock = 0, threading.Lock()

    def done(self, part: Range) -> None:
        """Count a finished range."""
        if self._progress is None:
            return
        with self._lock:
            self._done += part.size
            self._progress(self._done, self._total, self.stage)
