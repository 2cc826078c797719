"""Exact order statistics and tail sums of a run: from kept values, or by drawing the trials again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.exact import rounded
from simengine.aggregate.finalise import TailSums
from simengine.aggregate.grid import BINS, Grid
from simengine.aggregate.order import Ranks, Wanted, bins_of_ranks, first_values
from simengine.aggregate.summary import Summary
from simengine.aggregate.windows import Windows
from simengine.engine.tasks import Mergeable, Narrow, Pick, PickFromWindows, Task
from simengine.kernels import cpu
from simengine.kernels.gather import Gathered, lowest

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

_MOST_WINDOWS = 512
"""Windows that are narrowed in one pass: 48 MiB of counts for each range of trials."""


@dataclass(frozen=True, eq=False)
class Draws:
    """How trials are seen again.

    are_kept: whether their outcomes are at hand, so that nothing has to be drawn.  fold: maps a task over all ranges
    and merges what it returns.
    """

    grid: Grid
    are_kept: bool
    fold: Callable[[Task[Mergeable], str], Mergeable]


@dataclass(frozen=True)
class Selected:
    """Order statistics by rank and tail sums, one of each for every outcome; passes: how many draws it took.

    replicate_tails: for each replicate (outcomes, levels, 3), sums over x - centre and its square below the tail
    limits (outcomes, levels), and their number.
    """

    found: tuple[dict[int, float], ...]
    tails: tuple[TailSums, ...]
    passes: int
    replicate_tails: Mapping[int, Array]
    tail_limits: Array


def select_exactly(draws: Draws, summary: Summary, ranks: list[Ranks | None], room: int) -> Selected:
    """All wanted order statistics; at most ``room`` values are held at once besides outcomes that were kept."""
    wanted_ranks = [r.all() if r else np.empty(0, np.int64) for r in ranks]
    bins = [bins_of_ranks(summary.counts[k], r) for k, r in enumerate(wanted_ranks)]
    held = sum(int(summary.counts[k, np.unique(b)].sum()) for k, b in enumerate(bins))
    if held <= room:
        return _from_bins(draws, summary, ranks, wanted_ranks, bins)
    return _from_windows(draws, summary, ranks, wanted_ranks, bins, room)


def _from_bins(
    draws: Draws, summary: Summary, ranks: list[Ranks | None], wanted_ranks: list[Ints], bins: list[Ints]
) -> Selected:
    ends = _TailEnds.of(draws.grid, summary, ranks)
    flags = np.zeros((len(ranks), BINS + 1), np.uint8)
    for k, mine in enumerate(bins):
        flags[k, mine] = 1
    announced = np.array([summary.counts[k, np.unique(mine)].sum() for k, mine in enumerate(bins)], np.int64)
    picked = draws.fold(Pick(draws.grid, Wanted(flags, ends.limits, announced)), "selecting percentiles")
    assert isinstance(picked, cpu.Selection)
    gathered = [Gathered.of(draws.grid, k, summary.counts[k], bins[k], picked.values[k]) for k in range(len(ranks))]
    found = tuple(gathered[k].order_statistics(bins[k], wanted_ranks[k]) for k in range(len(ranks)))

    def inside(k: int, level: int, limbs: Ints) -> tuple[float, float]:
        mine = gathered[k].values_of(int(ends.bins[k, level]))
        return _ending(mine, ends.inside[k, level], limbs, float(draws.grid.centre[k]))

    tails = _tails(draws.grid, picked, ends, ranks, inside)
    passes = 0 if draws.are_kept else 1
    return Selected(found, tails, passes, picked.tails.by_replicate(), ends.limits)


def _from_windows(
    draws: Draws,
    summary: Summary,
    ranks: list[Ranks | None],
    wanted_ranks: list[Ints],
    bins: list[Ints],
    room: int,
) -> Selected:
    windows, passes = _narrowed(draws, _first_windows(draws.grid, summary, bins), wanted_ranks, room)
    ends = _TailEnds.of(draws.grid, summary, ranks)
    inner, under = ends.limits.copy(), ends.below.copy()
    for k, r in enumerate(ranks):
        for level, rank in enumerate(r.tail_rank if r else ()):
            inner[k, level], under[k, level] = windows.limit_of(k, int(rank))
    picked = draws.fold(PickFromWindows(draws.grid, windows.loose(), ends.limits, inner), "selecting percentiles")
    assert isinstance(picked, cpu.Selection)
    found = tuple(windows.order_statistics(k, picked.values[k], wanted_ranks[k]) for k in range(len(ranks)))

    def inside(k: int, level: int, limbs: Ints) -> tuple[float, float]:
        missing = int(ends.inside[k, level] - (under[k, level] - ends.below[k, level]))
        centre, low = float(draws.grid.centre[k]), float(inner[k, level])
        if windows.is_atom(k, low):
            return rounded(limbs[0], missing, low), rounded(limbs[1], missing, (low - centre) ** 2)
        return _ending(picked.values[k][picked.values[k] >= low], missing, limbs, centre)

    tails = _tails(draws.grid, picked, ends, ranks, inside)
    passes = 0 if draws.are_kept else passes + 1
    return Selected(found, tails, passes, picked.tails.by_replicate(), ends.limits)


def _narrowed(draws: Draws, windows: Windows, ranks: list[Ints], room: int) -> tuple[Windows, int]:
    """Windows whose values fit, and the passes it took."""
    passes = 0
    while int(windows.loose().held.sum()) > room:
        chosen = windows.widest_held(room // 2, _MOST_WINDOWS)
        counted = draws.fold(Narrow(draws.grid, windows.taken(chosen)), "narrowing percentiles")
        assert isinstance(counted, Windows)
        windows = windows.replaced(chosen, counted.narrowed(ranks))
        passes += 1
    return windows, passes


@dataclass(frozen=True, eq=False)
class _TailEnds:
    """Where each tail ends, all (outcomes, levels).

    bins: the last bin of the tail; limits: its lowest value; below: values under it; inside: values of the bin that
    belong to the tail.
    """

    bins: Ints
    limits: Array
    below: Ints
    inside: Ints

    @classmethod
    def of(cls, grid: Grid, summary: Summary, ranks: list[Ranks | None]) -> _TailEnds:
        shape = (len(ranks), max((len(r.tail_rank) for r in ranks if r is not None), default=0))
        bins, below, inside = (np.zeros(shape, np.int64) for _ in range(3))
        limits = np.full(shape, -np.inf)
        for k, r in enumerate(ranks):
            if r is not None:
                bins[k] = bins_of_ranks(summary.counts[k], r.tail_rank)
                limits[k] = first_values(grid, k, bins[k])
                below[k] = [summary.counts[k, :b].sum() for b in bins[k]]
                inside[k] = r.tail_rank - below[k]
        return cls(bins, limits, below, inside)


def _first_windows(grid: Grid, summary: Summary, bins: list[Ints]) -> Windows:
    rows: list[tuple[int, float, float, int, int]] = []
    for k, mine in enumerate(bins):
        chosen = np.unique(mine)
        lows = np.maximum(first_values(grid, k, chosen), summary.minimum[k])
        beyond = np.nextafter(summary.maximum[k], np.inf)
        highs = np.minimum(first_values(grid, k, chosen + 1), beyond)
        before = np.concatenate([[0], np.cumsum(summary.counts[k])])
        rows += [
            (k, float(low), float(high), int(before[b]), int(summary.counts[k, b]))
            for b, low, high in zip(chosen, lows, highs, strict=True)
        ]
    return Windows.between(len(bins), rows)


def _ending(values: Array, count: int, limbs: Ints, centre: float) -> tuple[float, float]:
    """Sums over the ``count`` lowest values and what the limbs already hold, each rounded once."""
    total = limbs + cpu.exact_limbs(lowest(values, count), centre)
    return rounded(total[0]), rounded(total[1])


def _tails(
    grid: Grid,
    picked: cpu.Selection,
    ends: _TailEnds,
    ranks: list[Ranks | None],
    inside: Callable[[int, int, Ints], tuple[float, float]],
) -> tuple[TailSums, ...]:
    sums = picked.tails.total()
    out = []
    for k, r in enumerate(ranks):
        levels = len(r.tail_rank) if r else 0
        total, squares = np.zeros(levels), np.zeros(levels)
        for level in range(levels):
            ending, ending_squares = inside(k, level, picked.limbs[k, level])
            total[level] = float(grid.centre[k]) * ends.below[k, level] + sums[k, level, 0] + ending
            squares[level] = sums[k, level, 1] + ending_squares
        out.append(TailSums(total, squares))
    return tuple(out)
