"""Executors that are disturbed on purpose: late, repeated, failing and dying tasks, ranges in another order."""

from __future__ import annotations

import os
import random
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

CALM, DELAYED, REPEATED, FAILING, DYING = "calm", "delayed", "repeated", "failing", "dying"
MOST_DELAY = 0.004


@dataclass(frozen=True)
class DisturbedTask:
    """A task of the engine to which one thing happens on its first attempt at a range.

    delayed: it takes up to 4 ms longer, so that ranges end in another order.  repeated: its value is lost and it is
    computed again at once.  failing: an exception.  dying: the process that runs it is killed.  The first
    range and every third one fail, every third one dies, once; that it did is marked by a file in ``folder``.
    """

    task: object
    kind: str
    seed: int
    folder: str

    def __call__(self, trials, part):
        if self.kind == DELAYED:
            time.sleep(random.Random(f"{self.seed} {part.first}").random() * MOST_DELAY)
        elif self.kind == REPEATED:
            self.task(trials, part)
        elif self.kind in (FAILING, DYING) and self._first_attempt(part):
            if self.kind == DYING:
                os.kill(os.getpid(), signal.SIGKILL)
            raise OSError("planted failure")
        return self.task(trials, part)

    def _first_attempt(self, part):
        always = self.kind == FAILING and part.first == 0
        if not always and random.Random(f"{self.seed} {part.first}").random() > 1 / 3:
            return False
        mark = Path(self.folder) / f"{type(self.task).__name__}-{part.first}"
        try:
            mark.touch(exist_ok=False)
        except FileExistsError:
            return False
        return True


@dataclass
class Disturbed:
    """An executor whose tasks are disturbed; what happened is marked in ``folder``, in a new one for every run."""

    inner: object
    kind: str
    folder: Path
    seed: int = 0
    workers: int = field(init=False)
    shares_memory: bool = field(init=False)

    def __post_init__(self):
        self.workers, self.shares_memory = self.inner.workers, self.inner.shares_memory
        self.runs = 0

    def start(self, trials):
        self.runs += 1
        self.marks = self.folder / str(self.runs)
        self.marks.mkdir(parents=True)
        self.inner.start(trials)

    def fold(self, task, ranges, report, in_flight):
        task = DisturbedTask(task, self.kind, self.seed, str(self.marks))
        return self.inner.fold(task, ranges, report, in_flight)

    def happened(self):
        """How many ranges failed or lost their process."""
        return sum(path.is_file() for path in self.folder.rglob("*"))


class Shuffled:
    """Ranges are computed in a random order and neighbours merged in a random one, in this thread."""

    workers, shares_memory = 1, True

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.trials = None

    def start(self, trials):
        self.trials = trials

    def fold(self, task, ranges, report, in_flight):
        values = [None] * len(ranges)
        for place in self.random.sample(range(len(ranges)), len(ranges)):
            values[place] = task(self.trials, ranges[place])
            report.done(ranges[place])
        while len(values) > 1:
            place = self.random.randrange(len(values) - 1)
            values[place : place + 2] = [values[place].merge(values[place + 1])]
        return values[0]
