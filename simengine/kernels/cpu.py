"""The CPU kernel: pure functions from a plan and a range of trials to values, summaries and selections.

Single-threaded and without Python's global lock while it computes; parallelism belongs to the engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.exact import LIMBS, carried
from simengine.aggregate.grid import BINS, Grid
from simengine.aggregate.order import Wanted
from simengine.aggregate.summary import NO_TRIAL, Summary
from simengine.aggregate.sums import SumTree
from simengine.aggregate.windows import PARTS, Windows
from simengine.kernels.machine import BLOCK, evaluate
from simengine.kernels.tally import (
    MOMENTS,
    TAIL_MOMENTS,
    TILE,
    pick_windows,
    refine,
    select,
    sum_exactly,
    sum_tails,
    tally,
)
from simengine.plan.plan import Plan

Array = NDArray[np.float64]

__all__ = [
    "BLOCK",
    "Selection",
    "exact_limbs",
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

    values: one array for each outcome, in order of trial.  tails: a tree of (outcomes, levels, 2), sums of
    x - centre and of its square below the tail limits.  limbs: (outcomes, levels, 2, LIMBS), exact sums of x and of
    (x - centre)**2 between the tail limits and the inner limits; all 0 where there are none.
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


def values(plan: Plan, seed: int, first_trial: int, n_trials: int) -> Array:
    """Outcomes of consecutive trials, shape (outcomes, n_trials); first_trial is a multiple of 512."""
    out = np.empty((len(plan.outputs), n_trials))
    evaluate(first_trial, n_trials, out, *_arguments(plan, seed))
    return out


def trial_values(plan: Plan, seed: int, trial: int) -> Array:
    """Outcomes of one trial, shape (outcomes,)."""
    first = trial // BLOCK * BLOCK
    return values(plan, seed, first, trial - first + 1)[:, -1]


def summarise(plan: Plan, seed: int, first_trial: int, n_trials: int, grid: Grid, keep: Array | None = None) -> Summary:
    """The summary of n_trials trials from first_trial, a multiple of the tile (4,096).

    ``keep``, shape (strips, outcomes, strip trials), receives the outcomes, strip by strip.
    """
    arguments = _arguments(plan, seed)
    strip = strip_trials(plan)
    tallies = _Tallies(len(plan.outputs), n_trials, grid, *thresholds_of(plan))
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
    tallies = _Tallies(count, n_trials, grid, np.zeros(count), np.arange(count + 1))
    tallies.add(np.ascontiguousarray(outcomes), n_trials, 0, 0)
    return tallies.summary(0)


class _Tallies:
    """The arrays that the tally kernel adds to, over one range of trials."""

    def __init__(self, outcomes: int, n_trials: int, grid: Grid, thresholds: Array, ends: NDArray[np.int64]):
        self._trials, self._grid, self._thresholds, self._ends = n_trials, grid, thresholds, ends
        self._sums = np.empty((-(-n_trials // TILE), outcomes, MOMENTS))
        self._counts = np.zeros((outcomes, 2, BINS), np.int32)
        self._total = np.zeros((outcomes, BINS), np.int64)
        self._since = 0
        self._below = np.zeros(len(thresholds), np.int64)
        self._extremes = np.tile([np.inf, -np.inf], (outcomes, 1))
        self._faults = np.tile(np.array([0, NO_TRIAL], np.int64), (outcomes, 1))

    def add(self, out: Array, size: int, first_trial: int, start: int) -> None:
        """Count the first ``size`` columns of ``out``, the trials from first_trial + start on."""
        grid, rows = self._grid, self._sums[start // TILE :]
        thresholds = self._thresholds, self._ends
        found = rows, self._counts, self._below, self._extremes, self._faults
        tally(out, size, first_trial + start, grid.centre, grid.scale, *thresholds, *found)
        self._since += size
        if self._since > 1 << 30:  # before a 32-bit count can overflow
            self._carry()

    def _carry(self) -> None:
        self._total += self._counts.sum(axis=1, dtype=np.int64)
        self._counts[:] = 0
        self._since = 0

    def summary(self, first_trial: int) -> Summary:
        self._carry()
        return Summary(
            trials=self._trials,
            counts=self._total,
            below=self._below,
            minimum=self._extremes[:, 0].copy(),
            maximum=self._extremes[:, 1].copy(),
            faults=self._faults[:, 0].copy(),
            first_fault=self._faults[:, 1].copy(),
            sums=SumTree.of(self._sums, first_trial // TILE),
        )


def pick(
    plan: Plan, seed: int, first_trial: int, n_trials: int, grid: Grid, wanted: Wanted, kept: Array | None = None
) -> Selection:
    """The values in flagged bins and the tail sums, from kept outcomes or by drawing the trials again."""
    outcomes, strip = len(plan.outputs), strip_trials(plan)
    levels = wanted.tail_limits.shape[1]
    tails = np.empty((-(-n_trials // TILE), outcomes, levels, TAIL_MOMENTS))
    ends = np.zeros(outcomes, np.int64)
    found: list[list[Array]] = [[] for _ in range(outcomes)]
    room = np.empty(outcomes * (strip + 1))
    offsets = np.arange(outcomes) * (strip + 1)
    for start, size, out in _strips(plan, seed, first_trial, n_trials, kept):
        ends[:] = offsets
        rows = tails[start // TILE :]
        select(out, size, grid.centre, grid.scale, wanted.flags, wanted.tail_limits, room, ends, rows)
        for k in range(outcomes):
            found[k].append(room[offsets[k] : ends[k]].copy())
    limbs = np.zeros((outcomes, levels, TAIL_MOMENTS, LIMBS), np.int64)
    return Selection(_concatenated(found), SumTree.of(tails, first_trial // TILE), limbs)


def narrow(plan: Plan, seed: int, first_trial: int, n_trials: int, windows: Windows) -> Windows:
    """The windows with the counts of their parts over these trials, which are drawn again."""
    histogram = np.zeros((len(windows.lows), PARTS), np.int64)
    extremes = windows.no_extremes()
    for _, size, out in _strips(plan, seed, first_trial, n_trials, None):
        for k, (first, last) in enumerate(windows.bounds()):
            if first < last:
                refine(out[k], size, windows.lows, windows.highs, windows.shifts, first, last, histogram, extremes)
    return windows.counted(histogram, extremes)


def pick_from_windows(
    plan: Plan,
    seed: int,
    first_trial: int,
    n_trials: int,
    grid: Grid,
    windows: Windows,
    tail_limits: Array,
    inner_limits: Array,
) -> Selection:
    """The values in windows, the tail sums and the exact sums between the limits, by drawing the trials again."""
    outcomes, levels = tail_limits.shape
    tails = np.empty((-(-n_trials // TILE), outcomes, levels, TAIL_MOMENTS))
    limbs = np.zeros((outcomes, levels, TAIL_MOMENTS, LIMBS), np.int64)
    found: list[list[Array]] = [[] for _ in range(outcomes)]
    room = np.empty(strip_trials(plan))
    for start, size, out in _strips(plan, seed, first_trial, n_trials, None):
        sum_tails(out, size, grid.centre, tail_limits, inner_limits, tails[start // TILE :], limbs)
        for k, (first, last) in enumerate(windows.bounds()):
            if first < last:
                filled = pick_windows(out[k], size, windows.lows, windows.highs, first, last, room)
                found[k].append(room[:filled].copy())
    return Selection(_concatenated(found), SumTree.of(tails, first_trial // TILE), carried(limbs))


def exact_limbs(values: Array, centre: float) -> NDArray[np.int64]:
    """Exact sums of values and of (value - centre)**2, shape (2, LIMBS)."""
    limbs = np.zeros((TAIL_MOMENTS, LIMBS), np.int64)
    sum_exactly(np.ascontiguousarray(values), centre, limbs)
    return limbs


def _strips(
    plan: Plan, seed: int, first_trial: int, n_trials: int, kept: Array | None
) -> Iterator[tuple[int, int, Array]]:
    """Offset, length and outcomes of each strip; drawn into one buffer unless they were kept."""
    strip = strip_trials(plan)
    arguments = _arguments(plan, seed)
    buffer = np.empty((len(plan.outputs), strip)) if kept is None else np.empty((0, 0))
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


def _arguments(plan: Plan, seed: int) -> tuple[Any, ...]:
    """The plan as the compiled function takes it."""
    return (
        *(plan.tape, plan.registers, plan.constants, plan.streams),
        *(plan.table_rows, plan.table_places, plan.table_steps, plan.kinks),
        *(plan.piece_ends, plan.piece_cuts, plan.piece_values, plan.piece_slopes),
        np.uint64(seed & 0xFFFFFFFF),
        np.uint64(seed >> 32),
    )
