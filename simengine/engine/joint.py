"""One pass over kept outcomes for all that strategies have in common trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.grid import PILOT_TRIALS, Grid
from simengine.aggregate.paired import COARSE, PairedSums
from simengine.engine.outcomes import Outcomes
from simengine.engine.schedule import Progress, map_fold
from simengine.engine.tasks import Range
from simengine.kernels import paired

Array = NDArray[np.float64]

_WORTH_SHARING = 4_000_000
"""Values below which importing dask costs more than a second thread saves."""
_WAITING_BYTES = 1 << 27
_BATCHES_A_TASK = 4
"""The bins are cleared and merged once a task; part of what determines the bits, so it does not follow threads."""


@dataclass(frozen=True, eq=False)
class Asked:
    """What is summed of each strategy: see :func:`simengine.kernels.paired.joint`.

    mean, origin: (strategies,); limits: (strategies, levels); tails: (strategies, tails).
    """

    mean: Array
    limits: Array
    tails: Array
    tolerance: float
    origin: Array


@dataclass(frozen=True)
class Shared:
    """One grid for several outcomes: the bins from ``lowest`` on, in whole groups, that hold all of their values.

    edges: (bins + 1,), the outermost at the extremes of all values where these lie beyond them.
    """

    centre: float
    scale: float
    lowest: int
    edges: Array

    @classmethod
    def of(cls, outcomes: Outcomes, rows: Sequence[int], least: float, greatest: float) -> Shared:
        """The grid from the first trials of the outcomes together; ``least`` and ``greatest`` of all values."""
        first = outcomes.kept[0, list(rows), : min(PILOT_TRIALS, outcomes.trials)]
        grid = Grid.from_pilot(first.reshape(1, -1))
        low, high = grid.bins_of(0, np.array([least, greatest])).tolist()
        low, high = low // COARSE * COARSE, (high // COARSE + 1) * COARSE
        edges = grid.edges(0)[low : high + 1].copy()
        edges[0], edges[-1] = min(edges[0], least), max(edges[-1], greatest)
        return cls(float(grid.centre[0]), float(grid.scale[0]), low, edges)

    @property
    def bins(self) -> int:
        """How many there are."""
        return len(self.edges) - 1


def paired_sums(
    outcomes: Outcomes,
    rows: Sequence[int],
    grid: Shared,
    asked: Asked,
    threads: int,
    progress: Progress | None = None,
) -> PairedSums:
    """The sums of every batch over the outcomes ``rows``, one of each strategy; the same bits for any ``threads``."""
    edges, chosen = outcomes.batches.edges, np.array(rows, np.int64)
    tasks = {int(edges[b]): edges[b : b + _BATCHES_A_TASK + 1] for b in range(0, len(edges) - 1, _BATCHES_A_TASK)}
    ranges = [Range(first, int(mine[-1]) - first) for first, mine in tasks.items()]
    if outcomes.trials * len(rows) < _WORTH_SHARING:
        threads = 1

    def work(part: Range) -> PairedSums:
        return _some(outcomes.kept, chosen, tasks[part.first], grid, asked)

    in_flight = max(1, _WAITING_BYTES // (16 * grid.bins * len(rows)))
    found = map_fold(work, ranges, threads, progress, "comparing", in_flight)
    assert isinstance(found, PairedSums)
    return found


def _some(kept: Array, rows: NDArray[np.int64], edges: NDArray[np.int64], grid: Shared, asked: Asked) -> PairedSums:
    """The sums of the batches between some edges."""
    batches, strategies, tails = len(edges) - 1, len(rows), asked.tails.shape[1]
    sums = PairedSums(
        wins=np.empty((batches, strategies, strategies), np.int64),
        below=np.empty((batches, *asked.limits.shape), np.int64),
        gaps=np.empty((batches, strategies, strategies, 2)),
        sums=np.empty((batches, strategies, paired.SUMS)),
        under=np.empty((batches, strategies, tails)),
        bins=np.zeros((strategies, grid.bins, 2)),
        coarse=np.empty((batches, strategies, grid.bins // COARSE, 2)),
    )
    lanes = np.empty((strategies, paired.SUMS + tails, paired.LANES))
    pair_lanes = np.empty((strategies, strategies, 2, paired.LANES))
    before = np.zeros(sums.coarse.shape[1:])
    for b, (first, last) in enumerate(pairwise(edges.tolist())):
        paired.joint(
            kept,
            rows,
            first,
            last,
            asked.mean,
            asked.limits,
            asked.tails,
            asked.tolerance,
            asked.origin,
            sums.wins[b],
            sums.below[b],
            sums.gaps[b],
            lanes,
            pair_lanes,
            sums.sums[b],
            sums.under[b],
            grid.centre,
            grid.scale,
            grid.lowest,
            sums.bins,
            sums.coarse[b],
        )
        reached = sums.coarse[b].copy()  # of all batches so far, as the bins are
        sums.coarse[b] -= before
        before = reached
    return sums
