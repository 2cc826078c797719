"""The CPU kernel: pure functions from a plan and a range of trials to values, summaries and selections.

Single-threaded and without Python's global lock while it computes; parallelism belongs to the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.exact import LIMBS, carried
from simengine.aggregate.grid import BINS, Grid
from simengine.aggregate.order import Wanted
from simengine.aggregate.replicates import COARSE_BINS, ReplicateCounts, coarsened
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

    parts: for each outcome the values found, in order of trial, in one array or several.  tails: a tree of
    (outcomes, levels, 3), sums of x - centre and of its square below the tail limits, and their number.  limbs:
    (outcomes, levels, 2, LIMBS), exact sums of x and of (x - centre)**2 between the tail limits and the inner limits;
    all 0 where there are none.
    """

    parts: tuple[tuple[Array, ...], ...]
    tails: SumTree
    limbs: NDArray[np.int64]

    def merge(self, other: Selection) -> Selection:
        """The selection over the trials of both, self before other."""
        parts = tuple(one + more for one, more in zip(self.parts, other.parts, strict=True))
        limbs = carried(self.limbs + other.limbs)
        return Selection(parts, self.tails.merge(other.tails), limbs)

    @cached_property
    def values(self) -> tuple[Array, ...]:
        """All values of each outcome, in order of trial."""
        return tuple(parts[0] if len(parts) == 1 else np.concatenate([np.empty(0), *parts]) for parts in self.parts)


@dataclass(frozen=True)
class _Kernels:
    """The compiled functions of one precision; those over float32 take the limits rounded up to it besides."""

    evaluate: Callable[..., None]
    tally: Callable[..., None]
    select: Callable[..., None]


def _kernels(precision: str) -> _Kernels:
    if precision == "float64":
        return _Kernels(evaluate, tally, select)
    from simengine.kernels import machine32, tally32  # compiled only where they are used

    return _Kernels(machine32.evaluate, tally32.tally32, tally32.select32)


def _rounded_up(limits: Array) -> NDArray[np.float32]:
    """The smallest float32 that is not below each limit: float32 values lie below both or below neither."""
    with np.errstate(over="ignore"):
        near = limits.astype(np.float32)
    return np.where(near < limits, np.nextafter(near, np.float32(np.inf)), near)


def strip_trials(plan: Plan) -> int:
    """Trials of one strip: whole tiles, as many as the outcomes leave room for in the cache."""
    fit = _STRIP_BYTES // (plan.value_type.itemsize * max(1, len(plan.outputs)))
    return max(TILE, min(_MOST_STRIP_TRIALS, fit // TILE * TILE))


def values(source: Source, first_trial: int, n_trials: int) -> Array:
    """Outcomes of consecutive trials, shape (outcomes, n_trials); first_trial is a multiple of the block (1,024)."""
    plan = source.plan
    out = np.empty((len(plan.outputs), n_trials), plan.value_type)
    _kernels(plan.precision).evaluate(first_trial, n_trials, out, *source.arguments())
    return out.astype(np.float64, copy=False)


def trial_values(source: Source, trial: int) -> Array:
    """Outcomes of one trial, shape (outcomes,)."""
    first = trial // BLOCK * BLOCK
    return values(source, first, trial - first + 1)[:, -1]


def summarise(source: Source, first_trial: int, n_trials: int, grid: Grid, keep: NDArray[Any] | None = None) -> Summary:
    """The summary of n_trials trials from first_trial, a multiple of the tile (4,096).

    ``keep``, shape (strips, outcomes, strip trials) and of the plan's value type, receives the outcomes, strip by
    strip.
    """
    plan, arguments = source.plan, source.arguments()
    kernels = _kernels(plan.precision)
    strip = strip_trials(plan)
    tallies = _Tallies(len(plan.outputs), n_trials, source.design, grid, *thresholds_of(plan), kernels)
    buffer = np.empty((len(plan.outputs), strip) if keep is None else (0, 0), plan.value_type)
    for start in range(0, n_trials, strip):
        size = min(strip, n_trials - start)
        out = buffer if keep is None else keep[start // strip]
        kernels.evaluate(first_trial + start, size, out, *arguments)
        tallies.add(out, size, first_trial, start)
    return tallies.summary(first_trial)


def summarise_values(outcomes: Array, grid: Grid) -> Summary:
    """The summary of given outcomes, shape (outcomes, trials), with 0 as the only threshold of each."""
    count, n_trials = outcomes.shape
    design = Design.of("random", n_trials)
    tallies = _Tallies(count, n_trials, design, grid, np.zeros(count), np.arange(count + 1), _kernels("float64"))
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
        kernels: _Kernels,
    ):
        self._kernel = kernels.tally
        self._all_coarse = np.zeros((outcomes, COARSE_BINS if design.replicated else 0), np.int32)
        rounded = _rounded_up(thresholds), _rounded_up(grid.centre)
        self._more = () if kernels.tally is tally else (*rounded, self._all_coarse)
        self._trials, self._design, self._grid = n_trials, design, grid
        self._tile = design.tile
        self._thresholds, self._ends = thresholds, ends
        self._sums = np.empty((-(-n_trials // design.tile), outcomes, MOMENTS))
        self._counts = np.zeros((outcomes, 2, BINS), np.int32)
        self._total = np.zeros((outcomes, BINS), np.int64)
        self._closed: list[tuple[int, NDArray[np.int32], NDArray[np.int64]]] = []
        self._since = 0
        self._counted = 0
        self._below = np.zeros(len(thresholds), np.int64)
        self._below_total = np.zeros(len(thresholds), np.int64)
        self._extremes = np.tile([np.inf, -np.inf], (outcomes, 1))
        self._faults = np.tile(np.array([0, NO_TRIAL], np.int64), (outcomes, 1))
        self._replicate = -1
        self._replicates = ReplicateCounts()

    def add(self, out: NDArray[Any], size: int, first_trial: int, start: int) -> None:
        """Count the first ``size`` columns of ``out``, the trials from first_trial + start on."""
        design, begin = self._design, 0
        while begin < size:
            trial = first_trial + start + begin
            replicate = trial >> design.bits
            end = min(size, begin + ((replicate + 1) << design.bits) - trial)
            if replicate != self._replicate:
                self._close()
                self._replicate = replicate
            if self._counted > 1 << 30:  # before a 32-bit count can overflow
                self._carry()
            self._tally(out, begin, end, trial, (start + begin) // self._tile)
            begin = end

    def _tally(self, out: NDArray[Any], begin: int, end: int, trial: int, row: int) -> None:
        grid = self._grid
        thresholds = self._thresholds, self._ends
        found = self._sums[row:], self._counts, self._below, self._extremes, self._faults
        self._kernel(out, begin, end, trial, self._tile, grid.centre, grid.scale, *thresholds, *found, *self._more)
        self._since += end - begin
        self._counted += end - begin

    def _close(self) -> None:
        """Note what had been counted when a replicate ended."""
        if self._since and self._design.replicated:
            coarse = self._all_coarse.copy() if self._more else coarsened(self._counts[:, 0] + self._counts[:, 1])
            self._closed.append((self._replicate, coarse, self._below.copy()))
        self._since = 0

    def _carry(self) -> None:
        """Move the counts to the totals, and what lies between two ends to the replicates."""
        self._close()
        counted: NDArray[Any] | int = 0
        under: NDArray[Any] | int = 0
        for replicate, coarse, below in self._closed:
            self._replicates.add(replicate, (coarse - counted).astype(np.int64), below - under)
            counted, under = coarse, below
        self._closed.clear()
        self._total += self._counts[:, 0]
        self._total += self._counts[:, 1]
        self._below_total += self._below
        self._counts[:] = 0
        self._below[:] = 0
        self._counted = 0

    def summary(self, first_trial: int) -> Summary:
        self._carry()
        extremes = self._extremes + 0.0  # -0.0 becomes 0.0: which of the two comes first must not show
        return Summary(
            trials=self._trials,
            counts=self._total,
            below=self._below_total,
            minimum=extremes[:, 0].copy(),
            maximum=extremes[:, 1].copy(),
            faults=self._faults[:, 0].copy(),
            first_fault=self._faults[:, 1].copy(),
            sums=SumTree.of(self._sums, first_trial // self._design.tile, self._design.top),
            replicates=self._replicates,
        )


def pick(
    source: Source, first_trial: int, n_trials: int, grid: Grid, wanted: Wanted, kept: NDArray[Any] | None = None
) -> Selection:
    """The values in flagged bins and the tail sums, from kept outcomes or by drawing the trials again."""
    outcomes, design = len(source.plan.outputs), source.design
    levels = wanted.tail_limits.shape[1]
    tails = np.empty((-(-n_trials // design.tile), outcomes, levels, TAIL_MOMENTS))
    ends = np.zeros(outcomes, np.int64)
    rooms = [min(n_trials, int(announced)) + 1 for announced in wanted.announced]
    room, offsets = np.empty(sum(rooms)), np.cumsum([0, *rooms])
    ends[:] = offsets[:-1]
    chosen = _kernels(source.plan.precision).select
    rounded = (_rounded_up(wanted.tail_limits), _rounded_up(grid.centre)) if chosen is not select else ()
    limits = grid.centre, grid.scale, wanted.flags, wanted.tail_limits
    for start, size, out in _strips(source, first_trial, n_trials, kept):
        chosen(out, size, design.tile, *limits, room, ends, tails[start // design.tile :], *rounded)
    limbs = np.zeros((outcomes, levels, EXACT_MOMENTS, LIMBS), np.int64)
    parts = tuple((room[offsets[k] : ends[k]],) for k in range(outcomes))
    return Selection(parts, SumTree.of(tails, first_trial // design.tile, design.top), limbs)


def narrow(
    source: Source, first_trial: int, n_trials: int, grid: Grid, windows: Windows, kept: NDArray[Any] | None = None
) -> Windows:
    """The windows with the counts of their parts over these trials, from kept outcomes or by drawing them again."""
    histogram = np.zeros((len(windows.lows), PARTS), np.int64)
    extremes, bounds, flags = windows.no_extremes(), windows.bounds(), windows.bins_reached(grid)
    for _, size, out in _wide_strips(source, first_trial, n_trials, kept):
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
    kept: NDArray[Any] | None = None,
) -> Selection:
    """The values in windows, the tail sums and the exact sums between the limits, from kept outcomes or drawn again."""
    outcomes, levels = tail_limits.shape
    design = source.design
    tails = np.empty((-(-n_trials // design.tile), outcomes, levels, TAIL_MOMENTS))
    limbs = np.zeros((outcomes, levels, EXACT_MOMENTS, LIMBS), np.int64)
    found: list[list[Array]] = [[] for _ in range(outcomes)]
    room, bounds, flags = np.empty(strip_trials(source.plan)), windows.bounds(), windows.bins_reached(grid)
    for start, size, out in _wide_strips(source, first_trial, n_trials, kept):
        rows = tails[start // design.tile :]
        sum_tails(out, size, design.tile, grid.centre, tail_limits, inner_limits, rows, limbs)
        for k, (first, last) in enumerate(bounds):
            if first < last:
                where = grid.centre[k], grid.scale[k], flags[k], windows.lows, windows.highs
                filled = pick_windows(out[k], size, *where, first, last, room)
                found[k].append(room[:filled].copy())
    parts = tuple(tuple(values) for values in found)
    return Selection(parts, SumTree.of(tails, first_trial // design.tile, design.top), carried(limbs))


def exact_limbs(values: Array, centre: float) -> NDArray[np.int64]:
    """Exact sums of values and of (value - centre)**2, shape (2, LIMBS)."""
    limbs = np.zeros((EXACT_MOMENTS, LIMBS), np.int64)
    sum_exactly(np.ascontiguousarray(values), centre, limbs)
    return limbs


def _strips(
    source: Source, first_trial: int, n_trials: int, kept: NDArray[Any] | None
) -> Iterator[tuple[int, int, NDArray[Any]]]:
    """Offset, length and outcomes of each strip; drawn into one buffer unless they were kept."""
    strip, outcomes = strip_trials(source.plan), len(source.plan.outputs)
    arguments, compiled = source.arguments(), _kernels(source.plan.precision)
    buffer = np.empty((outcomes, strip) if kept is None else (0, 0), source.plan.value_type)
    for start in range(0, n_trials, strip):
        size = min(strip, n_trials - start)
        if kept is None:
            compiled.evaluate(first_trial + start, size, buffer, *arguments)
        yield start, size, buffer if kept is None else kept[start // strip]


def _wide_strips(
    source: Source, first_trial: int, n_trials: int, kept: NDArray[Any] | None
) -> Iterator[tuple[int, int, Array]]:
    """The same widened to float64."""
    single = source.plan.value_type != np.float64
    wide = np.empty((len(source.plan.outputs), strip_trials(source.plan)) if single else (0, 0))
    for start, size, out in _strips(source, first_trial, n_trials, kept):
        if single:
            wide[:, :size] = out[:, :size]  # what lies beyond was never written
        yield start, size, wide if single else out


def thresholds_of(plan: Plan) -> tuple[Array, NDArray[np.int64]]:
    """All thresholds that are counted, 0 (a loss) first for every outcome, and where each outcome's begin."""
    each = [(0.0, *output.targets) for output in plan.outputs]
    ends = np.cumsum([0] + [len(targets) for targets in each])
    return np.array([t for targets in each for t in targets]), ends.astype(np.int64)
