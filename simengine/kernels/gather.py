"""The values picked from wanted bins, gathered bin by bin, and the order statistics among them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.grid import BINS, Grid
from simengine.aggregate.order import Grouped
from simengine.kernels.order import gather_bins, nth_smallest

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

_MOST_COUNTED = 32
"""Ranks in a bin up to which counting finds them faster than sorting does."""


@dataclass(frozen=True, eq=False)
class Gathered:
    """values: the picked values of one outcome, bin by bin as ``groups`` says."""

    values: Array
    groups: Grouped

    @classmethod
    def of(cls, grid: Grid, outcome: int, counts: Ints, bins: Ints, picked: Array) -> Gathered:
        """From the values of the bins that hold the wanted ranks, in any order.

        Raises
        ------
        ValueError
            If they are not as many as the counts (bins,) announce.
        """
        groups = Grouped.of(counts, bins, len(picked))
        out = np.empty(len(picked))
        gather_bins(picked, float(grid.centre[outcome]), float(grid.scale[outcome]), groups.places(BINS), out)
        return cls(out, groups)

    def values_of(self, wanted: int) -> Array:
        """The values of one bin; none if it is not among those that were picked."""
        group = int(np.searchsorted(self.groups.bins, wanted))
        if group == len(self.groups.bins) or self.groups.bins[group] != wanted:
            return np.empty(0)
        return self.values[self.groups.begins[group] : self.groups.ends[group]]

    def order_statistics(self, bins: Ints, ranks: Ints) -> dict[int, float]:
        """The values at ranks, which lie in ``bins`` (one for each rank)."""
        group = self.groups.group_of(bins)
        begins, ends = self.groups.begins[group], self.groups.ends[group]
        inside = ranks - self.groups.before[group]
        out = np.empty(len(ranks))
        few = np.bincount(group, minlength=len(self.groups.bins))[group] <= _MOST_COUNTED
        some = np.empty(int(few.sum()))
        nth_smallest(self.values, begins[few], ends[few], inside[few], some)
        out[few] = some
        for large in np.unique(group[~few]):
            mine = group == large
            ordered = np.sort(self.values[self.groups.begins[large] : self.groups.ends[large]])
            out[mine] = ordered[inside[mine]]
        return dict(zip(ranks.tolist(), out.tolist(), strict=True))
