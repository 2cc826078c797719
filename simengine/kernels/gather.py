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

_CROWDED = 4096
"""Values in a bin from which on a value that most trials share is worth looking for."""
_LOOKED_AT = 9
"""Values that are looked at to find it."""


@dataclass(frozen=True, eq=False)
class Split:
    """Values most of which are equal, such as an amount that is 0 in most trials: those below, the atom, those above.

    Selecting among equal values is what selection is worst at; what differs from the atom is few.
    """

    below: Array
    atom: float
    equal: int
    above: Array

    @classmethod
    def of(cls, values: Array) -> Split | None:
        """The values split at their atom; None where no value is found that half of them share."""
        seen, times = np.unique(values[:: max(1, len(values) // _LOOKED_AT)], return_counts=True)
        atom = seen[times.argmax()]
        equal = int(np.count_nonzero(values == atom))
        if 2 * equal < len(values):
            return None
        return cls(values[values < atom], float(atom), equal, values[values > atom])

    def at(self, ranks: Ints) -> Array:
        """The values at ranks, counted from 0."""
        upper = ranks - len(self.below) - self.equal
        out = np.full(len(ranks), self.atom)
        out[upper >= 0] = np.sort(self.above)[upper[upper >= 0]]
        out[ranks < len(self.below)] = np.sort(self.below)[ranks[ranks < len(self.below)]]
        return out

    def lowest(self, count: int) -> Array:
        """The ``count`` lowest values, in any order."""
        parts, missing = [], count
        for part in (self.below, np.full(min(self.equal, max(0, count - len(self.below))), self.atom), self.above):
            parts.append(np.partition(part, missing - 1)[:missing] if 0 < missing < len(part) else part[:missing])
            missing -= len(parts[-1])
        return np.concatenate(parts)


def lowest(values: Array, count: int) -> Array:
    """The ``count`` lowest values, in any order."""
    if not 0 < count < len(values):
        return values[:count]
    split = Split.of(values) if len(values) > _CROWDED else None
    return np.partition(values, count - 1)[:count] if split is None else split.lowest(count)


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
        for crowded in np.unique(group[ends - begins > _CROWDED]):
            split = Split.of(self.values[self.groups.begins[crowded] : self.groups.ends[crowded]])
            if split is not None:
                mine = group == crowded
                out[mine] = split.at(inside[mine])
                group, few = np.where(mine, -1, group), few & ~mine
        some = np.empty(int(few.sum()))
        nth_smallest(self.values, begins[few], ends[few], inside[few], some)
        out[few] = some
        for large in np.unique(group[~few & (group >= 0)]):
            mine = group == large
            ordered = np.sort(self.values[self.groups.begins[large] : self.groups.ends[large]])
            out[mine] = ordered[inside[mine]]
        return dict(zip(ranks.tolist(), out.tolist(), strict=True))
