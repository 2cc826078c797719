"""The CPU kernel: pure functions from a plan and a range of trials to values, summaries and selections.

Single-threaded and without Python's global lock while it computes; parallelism belongs to the engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.exact import LIMBS, carried
from simengine.aggregate.grid import BINS, Grid
from simengine.aggregate.order import Wanted
from simengine.aggregate.replicates import ReplicateCounts
from simengine.aggregate.summary import NO_TRIAL, Summary
from simengine.aggregate.sums import SumTree
from simengine.aggregate.windows import PARTS, Windows
from simengine.kernels.machine import BLOCK, evaluate
from simengine.kernels.source import Source
from simengine.kernels.tally import (
    EXACT_MOMENTS,
    MOMENTS,
    TAIL_MOMENTS,
    TILE,
    group,
    pick_windows,
    refine,
    select,
    sum_exactly,
    sum_tails,
    tally,
)
from simengine.plan.plan import Plan
from simengine.sampling.design import Design

Array = NDArray[np.float64]

__all__ = [
    "BLOCK",
    "Selection",
    "Source",
    "exact_limbs",
    "grouped",
    "narrow",
    "pick",
    "pick_from_windows",
    "strip_trials",
    "summarise",
    "summarise_values",
    "thresholds_of",
    "trial_values",
    "values",
]

_STRIP_BYTES = 1 << 19
"""Outcomes computed between two calls of the tally: small enough for the second cache."""
_MOST_STRIP_TRIALS = 1 << 16


@dataclass(frozen=True, eq=False)
class Selection:
    """What a selection pass found: the values in wanted bins by outcome, and the sums of the tails.

    values: one array for each outcome, in order of trial.  tails: a tree of (outcomes, levels, 3), sums of
    x - centre and of its square below the tail limits, and their number.  limbs: (outcomes, levels, 2, LIMBS),
    exact sums of x and of (x - centre)**2 between the tail limits and the inner limits; all 0 where there are none.
    """

    values: tuple[Array, ...]
    tails: SumTree
    limbs: NDArray[np.int64]

    def merge(self, other: Selection) -> Selection:
        """The selection over the trials of both, self before other."""
        pairs = zip(self.values, other.values, strict=True)
        limbs = carried(self.limbs + other.limbs)
        return Selection(tuple(np.concatenate(pair) for pair in pairs), self.tails.merge(other.tails), limbs)


def strip_trials(plan: Plan) -> int:
    """Trials of one strip: whole tiles, as many as the outcomes leave room for in the cache."""
    fit = _STRIP_BYTES // (8 * max(1, len(plan.outputs)))
    return max(TILE, min(_MOST_STRIP_TRIALS, fit // TILE * TILE))


def values(source: Source, first_trial: int, n_trials: int) -> Array:
    """Outcomes of consecutive trials, shape (outcomes, n_trials); first_trial is a multiple of the block (1,024)."""
    out = np.empty((len(source.plan.outputs), n_trials))
    evaluate(first_trial, n_trials, out, *source.arguments())
    return out


def trial_values(source: Source, trial: int) -> Array:
    """Outcomes of one trial, shape (outcomes,)."""
    first = trial // BLOCK * BLOCK
    return values(source, first, trial - first + 1)[:, -1]


def summarise(source: Source, first_trial: int, n_trials: int, grid: Grid, keep: Array | None = None) -> Summary:
    """The summary of n_trials trials from first_trial, a multiple of the tile (4,096).

    ``keep``, shape (strips, outcomes, strip trials), receives the outcomes, strip by strip.
    """
    plan, arguments = source.plan, source.arguments()
    strip = strip_trials(plan)
    tallies = _Tallies(len(plan.outputs), n_trials, source.design, grid, *thresholds_of(plan))
    buffer = np.empty((len(plan.outputs), strip)) if keep is None else np.empty((0, 0))
    for start in range(0, n_trials, strip):
        size = min(strip, n_trials - start)
        out = buffer if keep is None else keep[start // strip]
        evaluate(first_trial + start, size, out, *arguments)
        tallies.add(out, size, first_trial, start)
    return tallies.summary(first_trial)


def summarise_values(outcomes: Array, grid: Grid) -> Summary:
    """The summary of given outcomes, shape (outcomes, trials), with 0 as the only threshold of each."""
    count, n_trials = outcomes.shape
    design = Design.of("random", n_trials)
    tallies = _Tallies(count, n_trials, design, grid, np.zeros(count), np.arange(count + 1))
    tallies.add(np.ascontiguousarray(outcomes), n_trials, 0, 0)
    return tallies.summary(0)


class _Tallies:
    """The arrays that the tally kernel adds to, over one range of trials."""

    def __init__(
        self,
        outcomes: int,
        n_trials: int,
        design: Design,
        grid: Grid,
        thresholds: Array,
        ends: NDArray[np.int64],
    ):
        self._trials, self._design, self._grid = n_trials, design, grid
        self._thresholds, self._ends = thresholds, ends
        self._sums = np.empty((-(-n_trials // design.tile), outcomes, MOMENTS))
        self._counts = np.zeros((outcomes, 2, BINS), np.int32)
        self._total = np.zeros((outcomes, BINS), np.int64)
        self._since = 0
        self._below = np.zeros(len(thresholds), np.int64)
        self._below_total = np.zeros(len(thresholds), np.int64)
        self._extremes = np.tile([np.inf, -np.inf], (outcomes, 1))
        self._faults = np.tile(np.array([0, NO_TRIAL], np.int64), (outcomes, 1))
        self._replicate = -1
        self._replicates = ReplicateCounts()

    def add(self, out: Array, size: int, first_trial: int, start: int) -> None:
        """Count the first ``size`` columns of ``out``, the trials from first_trial + start on."""
        design, begin = self._design, 0
        while begin < size:
            trial = first_trial + start + begin
            replicate = trial >> design.bits
            end = min(size, begin + ((replicate + 1) << design.bits) - trial)
            if replicate != self._replicate or self._since > 1 << 30:  # before a 32-bit count can overflow
                self._carry()
                self._replicate = replicate
            self._tally(out, begin, end, trial, (start + begin) // design.tile)
            begin = end

    def _tally(self, out: Array, begin: int, end: int, trial: int, row: int) -> None:
        grid = self._grid
        thresholds = self._thresholds, self._ends
        found = self._sums[row:], self._counts, self._below, self._extremes, self._faults
        tally(out, begin, end, trial, self._design.tile, grid.centre, grid.scale, *thresholds, *found)
        self._since += end - begin

    def _carry(self) -> None:
        """Move what was counted since the last time to the totals, and to its replicate."""
        if not self._since:
            return
        counts = self._counts.sum(axis=1, dtype=np.int64)
        self._total += counts
        self._below_total += self._below
        if self._design.replicated:
            self._replicates.add(self._replicate, counts, self._below)
        self._counts[:] = 0
        self._below[:] = 0
        self._since = 0

    def summary(self, first_trial: int) -> Summary:
        self._carry()
        return Summary(
            trials=self._trials,
            counts=self._total,
            below=self._below_total,
            minimum=self._extremes[:, 0].copy(),
            maximum=self._extremes[:, 1].copy(),
            faults=self._faults[:, 0].copy(),
            first_fault=self._faults[:, 1].copy(),
            sums=SumTree.of(self._sums, first_trial // self._design.tile, self._design.top),
            replicates=self._replicates,
        )


def pick(
    source: Source, first_trial: int, n_trials: int, grid: Grid, wanted: Wanted, kept: Array | None = None
) -> Selection:
    """The values in flagged bins and the tail sums, from kept outcomes or by drawing the trials again."""
    outcomes, strip, design = len(source.plan.outputs), strip_trials(source.plan), source.design
    levels = wanted.tail_limits.shape[1]
    tails = np.empty((-(-n_trials // design.tile), outcomes, levels, TAIL_MOMENTS))
    ends = np.zeros(outcomes, np.int64)
    found: list[list[Array]] = [[] for _ in range(outcomes)]
    room = np.empty(outcomes * (strip + 1))
    offsets = np.arange(outcomes) * (strip + 1)
    for start, size, out in _strips(source, first_trial, n_trials, kept):
        ends[:] = offsets
        rows = tails[start // design.tile :]
        select(out, size, design.tile, grid.centre, grid.scale, wanted.flags, wanted.tail_limits, room, ends, rows)
        for k in range(outcomes):
            found[k].append(room[offsets[k] : ends[k]].copy())
    limbs = np.zeros((outcomes, levels, EXACT_MOMENTS, LIMBS), np.int64)
    return Selection(_concatenated(found), SumTree.of(tails, first_trial // design.tile, design.top), limbs)


def narrow(source: Source, first_trial: int, n_trials: int, grid: Grid, windows: Windows) -> Windows:
    """The windows with the counts of their parts over these trials, which are drawn again."""
    histogram = np.zeros((len(windows.lows), PARTS), np.int64)
    extremes, bounds, flags = windows.no_extremes(), windows.bounds(), windows.bins_reached(grid)
    for _, size, out in _strips(source, first_trial, n_trials, None):
        for k, (first, last) in enumerate(bounds):
            if first < last:
                where = grid.centre[k], grid.scale[k], flags[k], windows.lows, windows.highs
                refine(out[k], size, *where, windows.shifts, first, last, histogram, extremes)
    return windows.counted(histogram, extremes)


def pick_from_windows(
    source: Source,
    first_trial: int,
    n_trials: int,
    grid: Grid,
    windows: Windows,
    tail_limits: Array,
    inner_limits: Array,
) -> Selection:
    """The values in windows, the tail sums and the exact sums between the limits, by drawing the trials again."""
    outcomes, levels = tail_limits.shape
    design = source.design
    tails = np.empty((-(-n_trials // design.tile), outcomes, levels, TAIL_MOMENTS))
    limbs = np.zeros((outcomes, levels, EXACT_MOMENTS, LIMBS), np.int64)
    found: list[list[Array]] = [[] for _ in range(outcomes)]
    room, bounds, flags = np.empty(strip_trials(source.plan)), windows.bounds(), windows.bins_reached(grid)
    for start, size, out in _strips(source, first_trial, n_trials, None):
        rows = tails[start // design.tile :]
        sum_tails(out, size, design.tile, grid.centre, tail_limits, inner_limits, rows, limbs)
        for k, (first, last) in enumerate(bounds):
            if first < last:
                where = grid.centre[k], grid.scale[k], flags[k], windows.lows, windows.highs
                filled = pick_windows(out[k], size, *where, first, last, room)
                found[k].append(room[:filled].copy())
    return Selection(_concatenated(found), SumTree.of(tails, first_trial // design.tile, design.top), carried(limbs))


def grouped(values: Array, grid: Grid, outcome: int, counts: NDArray[np.int64], bins: NDArray[np.int64]) -> Array:
    """The values of an outcome that lie in ``bins``, in order of bin; counts: (bins,) of all values.

    Raises
    ------
    ValueError
        If there are more or fewer values than the counts announce.
    """
    wanted = np.unique(bins)
    held = counts[wanted]
    if len(values) != held.sum():
        raise ValueError(f"{len(values)} values were picked where the counts announce {held.sum()}")
    begins = np.zeros(BINS, np.int64)
    begins[wanted] = np.cumsum(held) - held
    ends, out = begins.copy(), np.empty(len(values))
    group(values, grid.centre[outcome], grid.scale[outcome], ends, out)
    if not np.array_equal(ends[wanted], begins[wanted] + held):
        raise ValueError("values were picked that lie in other bins than the counts announce")
    return out


def exact_limbs(values: Array, centre: float) -> NDArray[np.int64]:
    """Exact sums of values and of (value - centre)**2, shape (2, LIMBS)."""
    limbs = np.zeros((EXACT_MOMENTS, LIMBS), np.int64)
    sum_exactly(np.ascontiguousarray(values), centre, limbs)
    return limbs


def _strips(source: Source, first_trial: int, n_trials: int, kept: Array | None) -> Iterator[tuple[int, int, Array]]:
    """Offset, length and outcomes of each strip; drawn into one buffer unless they were kept."""
    strip, outcomes = strip_trials(source.plan), len(source.plan.outputs)
    arguments = source.arguments()
    buffer = np.empty((outcomes, strip)) if kept is None else np.empty((0, 0))
    for start in range(0, n_trials, strip):
        size = min(strip, n_trials - start)
        if kept is None:
            evaluate(first_trial + start, size, buffer, *arguments)
        yield start, size, buffer if kept is None else kept[start // strip]


def _concatenated(found: list[list[Array]]) -> tuple[Array, ...]:
    return tuple(np.concatenate(parts) if parts else np.empty(0) for parts in found)


def thresholds_of(plan: Plan) -> tuple[Array, NDArray[np.int64]]:
    """All thresholds that are counted, 0 (a loss) first for every outcome, and where each outcome's begin."""
    each = [(0.0, *output.targets) for output in plan.outputs]
    ends = np.cumsum([0] + [len(targets) for targets in each])
    return np.array([t for targets in each for t in targets]), ends.astype(np.int64)
