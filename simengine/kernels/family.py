"""Kernel families: what computes ranges of trials, processors or a GPU, with the same functions and the same bits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.grid import Grid
from simengine.aggregate.order import Wanted
from simengine.aggregate.summary import Summary
from simengine.aggregate.windows import Windows
from simengine.kernels import cpu
from simengine.kernels.source import Source

Array = NDArray[np.float64]


class Family(Protocol):
    """Pure functions from a source and a range of trials, with the meaning that they have in :mod:`.cpu`.

    ``keep`` and ``kept`` are places for the outcomes of a range as :meth:`kept_in` returns them: None where nothing
    is kept.
    """

    @property
    def name(self) -> str:
        """``cpu``, or what people call the device."""

    def unit(self, source: Source) -> int:
        """Ranges begin at multiples of so many trials."""

    def range_trials(self, source: Source) -> int | None:
        """Trials of one range; None where the executor may divide the work as it likes."""

    def room(self, source: Source, budget: int) -> Any:
        """A place for the outcomes of all trials, None where they do not fit; ``budget``: bytes of the host."""

    def kept_in(self, room: Any, source: Source, first_trial: int, n_trials: int) -> Any:
        """The part of such a place that belongs to a range."""

    def values(self, source: Source, first_trial: int, n_trials: int) -> Array:
        """Outcomes of consecutive trials, shape (outcomes, n_trials); first_trial is a multiple of the block."""

    def trial_values(self, source: Source, trial: int) -> Array:
        """Outcomes of one trial, shape (outcomes,)."""

    def outcomes(self, source: Source, kept: Any) -> Array:
        """Outcomes of all trials in memory of this machine, (strips, outcomes, strip trials), kept or drawn again."""

    def differences(self, source: Source, outcomes: Array) -> Array:
        """How far float32 outcomes of the first trials are from float64 ones: see :func:`.compare.differences`."""

    def summarise(self, source: Source, first_trial: int, n_trials: int, grid: Grid, keep: Any = None) -> Summary:
        """The summary of a range."""

    def pick(
        self, source: Source, first_trial: int, n_trials: int, grid: Grid, wanted: Wanted, kept: Any = None
    ) -> cpu.Selection:
        """The values in flagged bins of a range, and its tail sums."""

    def narrow(
        self, source: Source, first_trial: int, n_trials: int, grid: Grid, windows: Windows, kept: Any = None
    ) -> Windows:
        """The windows with the counts of their parts over a range."""

    def pick_from_windows(
        self,
        source: Source,
        first_trial: int,
        n_trials: int,
        grid: Grid,
        windows: Windows,
        tail_limits: Array,
        inner_limits: Array,
        kept: Any = None,
    ) -> cpu.Selection:
        """The values in windows of a range, its tail sums and the exact sums between the limits."""

    def release(self) -> None:
        """Give back memory that a run took and nothing holds any more: the run is over."""


@dataclass(frozen=True)
class Cpu:
    """The processors of this machine: Numba's kernels.  Outcomes are kept in an array (strips, outcomes, trials)."""

    name: str = "cpu"

    def unit(self, source: Source) -> int:
        """Trials of a strip, so that kept outcomes lie where the next pass looks for them."""
        return cpu.strip_trials(source.plan)

    def range_trials(self, source: Source) -> int | None:
        """None: any number will do."""
        return None

    def room(self, source: Source, budget: int) -> NDArray[Any] | None:
        """An array for all outcomes, if the budget allows it.

        It holds zeros: the last strip is not filled to its end, and what was never written may be no number.
        """
        plan = source.plan
        return np.zeros(shape_of_kept(source), plan.value_type) if bytes_of_kept(source) <= budget else None

    def kept_in(self, room: Any, source: Source, first_trial: int, n_trials: int) -> NDArray[Any] | None:
        """The strips of a range."""
        if room is None:
            return None
        strip = cpu.strip_trials(source.plan)
        part: NDArray[Any] = room[first_trial // strip : -(-(first_trial + n_trials) // strip)]
        return part

    def values(self, source: Source, first_trial: int, n_trials: int) -> Array:
        """Outcomes of consecutive trials."""
        return cpu.values(source, first_trial, n_trials)

    def trial_values(self, source: Source, trial: int) -> Array:
        """Outcomes of one trial."""
        return cpu.trial_values(source, trial)

    def outcomes(self, source: Source, kept: Any) -> Array:
        """The kept outcomes, widened; beyond the last trial nothing has a meaning."""
        assert kept is not None  # a run that is to be kept is refused where there is no room
        with np.errstate(invalid="ignore"):  # of what was never written
            wide: Array = kept.astype(np.float64, copy=False)
        return wide

    def differences(self, source: Source, outcomes: Array) -> Array:
        """Gaps between float32 and float64."""
        from simengine.kernels import compare  # the float32 kernels are loaded by those who use them

        return compare.differences(source, outcomes)

    def summarise(self, source: Source, first_trial: int, n_trials: int, grid: Grid, keep: Any = None) -> Summary:
        """The summary of a range."""
        return cpu.summarise(source, first_trial, n_trials, grid, keep)

    def pick(
        self, source: Source, first_trial: int, n_trials: int, grid: Grid, wanted: Wanted, kept: Any = None
    ) -> cpu.Selection:
        """Values of flagged bins, and tail sums."""
        return cpu.pick(source, first_trial, n_trials, grid, wanted, kept)

    def narrow(
        self, source: Source, first_trial: int, n_trials: int, grid: Grid, windows: Windows, kept: Any = None
    ) -> Windows:
        """Windows counted."""
        return cpu.narrow(source, first_trial, n_trials, grid, windows, kept)

    def pick_from_windows(
        self,
        source: Source,
        first_trial: int,
        n_trials: int,
        grid: Grid,
        windows: Windows,
        tail_limits: Array,
        inner_limits: Array,
        kept: Any = None,
    ) -> cpu.Selection:
        """Values of windows, tail sums and exact sums."""
        return cpu.pick_from_windows(source, first_trial, n_trials, grid, windows, tail_limits, inner_limits, kept)

    def release(self) -> None:
        """Nothing: arrays go when nobody holds them."""


CPU = Cpu()
"""The family that is always there."""


def shape_of_kept(source: Source) -> tuple[int, int, int]:
    """The shape (strips, outcomes, strip trials) of all outcomes of a run in memory of this machine."""
    strip = cpu.strip_trials(source.plan)
    return -(-source.design.trials // strip), len(source.plan.outputs), strip


def bytes_of_kept(source: Source) -> int:
    """Bytes that they take."""
    strips, outcomes, strip = shape_of_kept(source)
    return strips * outcomes * strip * source.plan.value_type.itemsize
