"""What a pass does with one range of trials: small frozen values that can be sent to another process or machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.grid import Grid
from simengine.aggregate.order import Wanted
from simengine.aggregate.summary import Summary
from simengine.aggregate.windows import Windows
from simengine.kernels import cpu

Array = NDArray[np.float64]

_MOST_TRIALS_A_TASK = 1 << 22


class Mergeable(Protocol):
    """A value of disjoint ranges of trials that merges."""

    def merge(self, other: Self) -> Self:
        """The value over both ranges, self before other."""


Value = TypeVar("Value", bound=Mergeable)
Made_co = TypeVar("Made_co", bound=Mergeable, covariant=True)


@dataclass(frozen=True)
class Range:
    """Trials first to first + size - 1."""

    first: int
    size: int


def ranges_of(trials: int, unit: int, task_trials: int | None = None) -> list[Range]:
    """Consecutive ranges over all trials, each a multiple of ``unit`` but the last."""
    if task_trials is None:
        task_trials = min(trials, _MOST_TRIALS_A_TASK)
    size = max(unit, -(-task_trials // unit) * unit)
    return [Range(first, min(size, trials - first)) for first in range(0, trials, size)]


@dataclass(frozen=True, eq=False)
class Trials:
    """What all tasks of a run share: where trials come from, and the outcomes that were kept in this process.

    kept: (strips, outcomes, strip trials); None where nothing is kept, and always where a task was sent to.
    """

    source: cpu.Source
    kept: Array | None = None

    def kept_in(self, part: Range) -> Array | None:
        """The kept outcomes of a range."""
        if self.kept is None:
            return None
        strip = cpu.strip_trials(self.source.plan)
        return self.kept[part.first // strip : -(-(part.first + part.size) // strip)]

    def to_send(self) -> Trials:
        """The same without what was kept."""
        return Trials(self.source)


class Task(Protocol[Made_co]):
    """One pass over the trials.  Pure: who computes a range, when and how often, makes no difference."""

    def __call__(self, trials: Trials, part: Range) -> Made_co:
        """The value of one range of trials."""


@dataclass(frozen=True, eq=False)
class Summarise:
    """Count and sum; fills what is kept."""

    grid: Grid

    def __call__(self, trials: Trials, part: Range) -> Summary:
        """The summary of a range."""
        return cpu.summarise(trials.source, part.first, part.size, self.grid, trials.kept_in(part))


@dataclass(frozen=True, eq=False)
class Pick:
    """Pick the values of the bins that hold wanted ranks, and sum the tails."""

    grid: Grid
    wanted: Wanted

    def __call__(self, trials: Trials, part: Range) -> cpu.Selection:
        """The selection of a range, from kept outcomes where there are any."""
        return cpu.pick(trials.source, part.first, part.size, self.grid, self.wanted, trials.kept_in(part))


@dataclass(frozen=True, eq=False)
class Narrow:
    """Count the parts of windows."""

    grid: Grid
    windows: Windows

    def __call__(self, trials: Trials, part: Range) -> Windows:
        """The counted windows of a range."""
        return cpu.narrow(trials.source, part.first, part.size, self.grid, self.windows, trials.kept_in(part))


@dataclass(frozen=True, eq=False)
class PickFromWindows:
    """Pick the values in windows, and sum the tails, exactly between the limits; both limits (outcomes, levels)."""

    grid: Grid
    windows: Windows
    tail_limits: Array
    inner_limits: Array

    def __call__(self, trials: Trials, part: Range) -> cpu.Selection:
        """The selection of a range."""
        places = part.first, part.size
        return cpu.pick_from_windows(
            trials.source,
            *places,
            self.grid,
            self.windows,
            self.tail_limits,
            self.inner_limits,
            trials.kept_in(part),
        )
