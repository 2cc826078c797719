"""Worker processes on this machine, each at the other end of a pipe.

A pool of our own rather than that of the standard library: when one of its processes dies that pool is broken as a
whole, whereas here the range that is lost is known, and is given to the next worker.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import threading
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

from simengine.engine.schedule import MOST_FAILURES, Fold, Reporter
from simengine.engine.tasks import Mergeable, Range, Task, Trials, Value
from simengine.errors import DeviceError

_FEWEST_AHEAD, _MOST_AHEAD = 2, 16
"""Ranges for each worker that may be computed ahead of the first one that is missing."""
_GRACE = 2.0
"""Seconds until a process that was told to end is killed."""


class Processes:
    """Worker processes that start with the first pass and end with :meth:`close`."""

    shares_memory = False

    def __init__(self, workers: int):
        self.workers = workers
        self._team: list[_Worker] = []
        self._trials: Trials

    def start(self, trials: Trials) -> None:
        """Keep what every worker gets with its first range."""
        self._trials = trials.to_send()

    def fold(self, task: Task[Value], ranges: Sequence[Range], report: Reporter, in_flight: int) -> Value:
        """The value over all ranges; those of a worker that dies are computed by another.

        Raises
        ------
        DeviceError
            When a range was lost more than MOST_FAILURES times.
        """
        while len(self._team) < min(self.workers, len(ranges)):
            self._team.append(_Worker())
        try:
            return self._folded(task, ranges, report, in_flight)
        except BaseException:
            self.close()
            raise

    def _folded(self, task: Task[Value], ranges: Sequence[Range], report: Reporter, in_flight: int) -> Value:
        folded: Fold[Value] = Fold(in_flight)
        todo, failures = deque(range(len(ranges))), Counter[int]()
        ahead = self.workers * max(_FEWEST_AHEAD, min(_MOST_AHEAD, in_flight // self.workers))
        while folded.next < len(ranges):
            for worker in self._team:
                if worker.place is None and todo and todo[0] < folded.next + ahead:
                    place = todo.popleft()
                    worker.begin(place, self._trials, task, ranges[place])
            busy = {worker.connection: worker for worker in self._team if worker.place is not None}
            for connection in wait(list(busy)):
                worker = busy[connection]  # type: ignore[index]  # what wait returns is what it was given
                place, answer = worker.finish()
                if isinstance(answer, _Failure):
                    failures[place] += 1
                    if failures[place] > MOST_FAILURES:
                        raise answer.error
                    todo.appendleft(place)
                    if answer.fatal:
                        worker.end()
                        self._team[self._team.index(worker)] = _Worker()
                else:
                    folded.add(place, answer)
                    report.done(ranges[place])
        return folded.result()

    def close(self) -> None:
        """End all workers, whatever they are doing."""
        for worker in self._team:
            worker.process.terminate()
        for worker in self._team:
            worker.end()
        self._team = []


@dataclass(frozen=True)
class _Failure:
    """A range that was not computed, why, and whether its worker is of no more use."""

    error: Exception
    fatal: bool = False


class _Worker:
    """A process that computes one range at a time; place: the one it computes now."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would copy locks that other threads hold
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs,), name="simengine-worker", daemon=True)
        self.place: int | None = None
        self._trials: Trials | None = None
        self._task: Task[Any] | None = None
        self._part = Range(0, 0)
        with _interrupts_ignored():
            self.process.start()
        theirs.close()

    def begin(self, place: int, trials: Trials, task: Task[Any], part: Range) -> None:
        """Compute the range at a place; the trials are sent once a run, the task once a pass."""
        self.place, self._part = place, part
        new = trials if trials is not self._trials else None, task if task is not self._task else None
        self._trials, self._task = trials, task
        with contextlib.suppress(OSError):  # it died: finish() will find that out
            self.connection.send((*new, part))

    def finish(self) -> tuple[int, Any]:
        """The place that was computed, and its value or a failure."""
        assert self.place is not None
        place, self.place = self.place, None
        try:
            return place, self.connection.recv()
        except (EOFError, OSError):
            return place, _Failure(self._death(), fatal=True)

    def end(self) -> None:
        """Wait for a process that ends, and kill it if it does not."""
        self.connection.close()
        self.process.terminate()
        self.process.join(_GRACE)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.process.close()

    def _death(self) -> DeviceError:
        self.process.join(_GRACE)
        code = self.process.exitcode
        how = f"exit status {code}"
        if code is not None and code < 0:
            how = f"signal {-code}"
        part = self._part
        return DeviceError(
            f"worker processes die: trials {part.first:,} to {part.first + part.size - 1:,} were begun "
            f"{MOST_FAILURES + 1} times, and the last time the process ended with {how}; hint: signal 9 often means "
            "that memory ran out; a Python script that starts processes needs `if __name__ == '__main__':` around "
            "what it does; --scheduler threads needs no processes"
        )


def _serve(connection: Connection) -> None:
    """What a worker process does: compute ranges, until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides what ends
    trials: Trials | None = None
    task: Task[Mergeable] | None = None
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            new_trials, new_task, message = connection.recv()
            trials, task = new_trials or trials, new_task or task
            assert trials is not None and task is not None
            try:
                answer: object = task(trials, message)
            except Exception as error:  # it is raised where the run was asked for
                answer = _Failure(error)
            connection.send(answer)


@contextlib.contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """While this lasts Ctrl-C is ignored, and a process that starts goes on ignoring it while it imports."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
