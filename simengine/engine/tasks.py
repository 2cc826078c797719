"""What a pass does with one range of trials: small frozen values that can be sent to another process or machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.grid import Grid
from simengine.aggregate.order import Wanted
from simengine.aggregate.summary import Summary
from simengine.aggregate.windows import Windows
from simengine.kernels.cpu import Selection
from simengine.kernels.family import CPU, Family
from simengine.kernels.source import Source

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
    """What all tasks of a run share: where trials come from, what computes them, and the outcomes that were kept.

    kept: the room that ``family`` made for outcomes; None where nothing is kept, and always where a task was sent to.
    """

    source: Source
    kept: Any = None
    family: Family = CPU

    def kept_in(self, part: Range) -> Any:
        """The kept outcomes of a range."""
        return self.family.kept_in(self.kept, self.source, part.first, part.size)

    def to_send(self) -> Trials:
        """The same without what was kept; whoever receives it computes with a family of its own."""
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
        return trials.family.summarise(trials.source, part.first, part.size, self.grid, trials.kept_in(part))


@dataclass(frozen=True, eq=False)
class Pick:
    """Pick the values of the bins that hold wanted ranks, and sum the tails."""

    grid: Grid
    wanted: Wanted

    def __call__(self, trials: Trials, part: Range) -> Selection:
        """The selection of a range, from kept outcomes where there are any."""
        return trials.family.pick(trials.source, part.first, part.size, self.grid, self.wanted, trials.kept_in(part))


@dataclass(frozen=True, eq=False)
class Narrow:
    """Count the parts of windows."""

    grid: Grid
    windows: Windows

    def __call__(self, trials: Trials, part: Range) -> Windows:
        """The counted windows of a range."""
        return trials.family.narrow(trials.source, part.first, part.size, self.grid, self.windows, trials.kept_in(part))


@dataclass(frozen=True, eq=False)
class PickFromWindows:
    """Pick the values in windows, and sum the tails, exactly between the limits; both limits (outcomes, levels)."""

    grid: Grid
    windows: Windows
    tail_limits: Array
    inner_limits: Array

    def __call__(self, trials: Trials, part: Range) -> Selection:
        """The selection of a range."""
        places = part.first, part.size
        return trials.family.pick_from_windows(
            trials.source,
            *places,
            self.grid,
            self.windows,
            self.tail_limits,
            self.inner_limits,
            trials.kept_in(part),
        )
