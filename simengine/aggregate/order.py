"""Exact order statistics: which ranks are wanted, which bins hold them, and how the picked values give them.

Quantiles are Hyndman and Fan's type 7: ``h = (n - 1) p`` and linear interpolation between the order statistics
around it.  Ranks count from 0.

References: Hyndman and Fan, "Sample quantiles in statistical packages", The American Statistician 50, 1996.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.grid import BINS, Grid

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

COVERAGE_Z = 1.959963984540054
"""Half-width, in standard deviations of a rank, of the interval from which a quantile's error is read."""

_UNLIKE = 2.0
"""A ratio of the sides of such an interval that chance does not explain where it holds many trials."""


@dataclass(frozen=True)
class Ranks:
    """The ranks that one outcome of n finite trials needs.

    below, above: the order statistics around each percentile and weight: how far to interpolate.  early, late: the
    ends of a 95 % interval for each percentile, -1 where the trials do not reach.  tail: for each tail level the
    rank of the first value that is not wholly inside the tail, and the tail's size (which need not be whole).
    """

    n: int
    below: Ints
    above: Ints
    weight: Array
    early: Ints
    late: Ints
    tail_rank: Ints
    tail_size: Array
    tail_quantile_rank: Ints
    tail_quantile_weight: Array
    tail_early: Ints
    tail_late: Ints

    @classmethod
    def of(cls, n: int, percentiles: Sequence[float], tail_levels: Sequence[float]) -> Ranks:
        """Ranks for percentiles in percent and tail levels as fractions."""
        below, weight = _positions(n, [p / 100 for p in percentiles])
        early, late = _interval(n, [p / 100 for p in percentiles])
        tail_below, tail_weight = _positions(n, [1 - level for level in tail_levels])
        tail_early, tail_late = _interval(n, [1 - level for level in tail_levels])
        size = np.array([(1 - level) * n for level in tail_levels], np.float64)
        return cls(
            n=n,
            below=below,
            above=np.minimum(below + 1, n - 1),
            weight=weight,
            early=early,
            late=late,
            tail_rank=np.minimum(np.floor(size).astype(np.int64), n - 1),
            tail_size=size,
            tail_quantile_rank=tail_below,
            tail_quantile_weight=tail_weight,
            tail_early=tail_early,
            tail_late=tail_late,
        )

    def all(self) -> Ints:
        """Every rank needed, sorted, each once."""
        parts = (
            self.below,
            self.above,
            self.early,
            self.late,
            self.tail_rank,
            self.tail_quantile_rank,
            np.minimum(self.tail_quantile_rank + 1, self.n - 1),
            self.tail_early,
            self.tail_late,
        )
        ranks = np.unique(np.concatenate(parts))
        return ranks[ranks >= 0]


def _positions(n: int, probabilities: Sequence[float]) -> tuple[Ints, Array]:
    position = np.array([p * (n - 1) for p in probabilities], np.float64)
    below = np.minimum(np.floor(position).astype(np.int64), n - 1)
    return below, position - below


def _interval(n: int, probabilities: Sequence[float]) -> tuple[Ints, Ints]:
    """Ranks of a distribution-free 95 % interval for quantiles; (-1, -1) where it leaves the sample."""
    p = np.array(probabilities, np.float64)
    half = COVERAGE_Z * np.sqrt(n * p * (1 - p))
    low, high = np.floor(n * p - half).astype(np.int64), np.ceil(n * p + half).astype(np.int64) - 1
    inside = (low >= 0) & (high <= n - 1) & (high > low)
    return np.where(inside, low, -1), np.where(inside, high, -1)


@dataclass(frozen=True, eq=False)
class Wanted:
    """What a selection pass picks: flagged bins of every outcome, and the limits below which tails are summed.

    flags: (outcomes, bins + 1) uint8; the last is 0 and stands for values that are not finite.  tail_limits:
    (outcomes, levels): a value belongs to the summed part of the tail if it is below the limit.  announced:
    (outcomes,) how many values of all trials lie in flagged bins.
    """

    flags: NDArray[np.uint8]
    tail_limits: Array
    announced: Ints


def bins_of_ranks(counts: Ints, ranks: Ints) -> Ints:
    """The bin that holds each rank, from the counts of one outcome."""
    return np.searchsorted(np.cumsum(counts), ranks, side="right").astype(np.int64)


@dataclass(frozen=True, eq=False)
class Grouped:
    """Where the values of wanted bins stand when they are gathered bin by bin.

    bins: (wanted,) in order, each once.  begins, ends: (wanted,) places.  before: (wanted,) values below each bin.
    """

    bins: Ints
    begins: Ints
    ends: Ints
    before: Ints

    @classmethod
    def of(cls, counts: Ints, bins: Ints, picked: int) -> Grouped:
        """For the bins that hold wanted ranks, when so many values were picked from them.

        Raises
        ------
        ValueError
            If that is not what the counts announce: a pass did not draw the same trials.
        """
        wanted = np.unique(bins)
        held = counts[wanted]
        if picked != held.sum():
            raise ValueError(f"{picked} values were picked where the counts announce {held.sum()}")
        ends = np.cumsum(held)
        return cls(wanted, ends - held, ends, np.cumsum(counts)[wanted] - held)

    def places(self, bins: int) -> Ints:
        """The first place of each of so many bins; 0 for those that are not wanted."""
        found = np.zeros(bins, np.int64)
        found[self.bins] = self.begins
        return found

    def group_of(self, bins: Ints) -> Ints:
        """The number of the group of each bin."""
        return np.searchsorted(self.bins, bins).astype(np.int64)


def key_of(x: Array) -> Ints:
    """Integers in the order of the floats (-0.0 stands just below 0.0)."""
    bits = np.ascontiguousarray(x, np.float64).view(np.int64)
    return bits ^ ((bits >> 63) & np.int64(2**63 - 1))


def value_of(key: Ints) -> Array:
    """The inverse of :func:`key_of`."""
    key = np.ascontiguousarray(key, np.int64)
    return (key ^ ((key >> 63) & np.int64(2**63 - 1))).view(np.float64)


def first_values(grid: Grid, outcome: int, bins: Ints) -> Array:
    """The smallest float64 of each bin, exactly as the kernel bins; -max for bin 0, inf beyond the last bin."""
    edge = grid.edges(outcome)[np.minimum(bins, BINS)]
    # rounding moves a bin's true edge by a few units in the last place of the larger of edge and centre
    slack = 8 * np.spacing(np.maximum(np.abs(edge), abs(grid.centre[outcome])))
    low, high = key_of(edge - slack), key_of(edge + slack)
    reached = grid.bins_of(outcome, edge + slack) >= bins
    missed = grid.bins_of(outcome, edge - slack) < bins
    bracketed = reached & missed & (bins > 0) & (bins < BINS)
    low = np.where(bracketed, low, key_of(np.array([-np.finfo(float).max]))[0])
    high = np.where(bracketed, high, key_of(np.array([np.inf]))[0])
    while True:
        open_ = low < high
        if not open_.any():
            return value_of(low)
        middle = (low >> 1) + (high >> 1) + (low & high & 1)
        value = value_of(middle)
        reached = np.where(value == np.inf, BINS, grid.bins_of(outcome, value)) >= bins
        high = np.where(open_ & reached, middle, high)
        low = np.where(open_ & ~reached, middle + 1, low)


def quantiles(ranks: Ranks, found: Mapping[int, float]) -> tuple[Array, Array]:
    """Quantiles and their standard errors (from the interval of order statistics; NaN where it does not exist)."""
    value = _interpolated(ranks.below, ranks.above, ranks.weight, found)
    return value, _spread(value, ranks.early, ranks.late, atoms(ranks, found), found)


def tail_quantiles(ranks: Ranks, found: Mapping[int, float]) -> tuple[Array, Array]:
    """Quantiles at 1 - level, the negative of VaR, with their standard errors."""
    value = _interpolated(ranks.tail_quantile_rank, _tail_above(ranks), ranks.tail_quantile_weight, found)
    return value, _spread(value, ranks.tail_early, ranks.tail_late, tail_atoms(ranks, found), found)


def atoms(ranks: Ranks, found: Mapping[int, float]) -> NDArray[np.bool_]:
    """Whether the values around a quantile repeat, as those of a discrete outcome do."""
    return _atoms(ranks.early, ranks.below, ranks.above, ranks.late, found)


def tail_atoms(ranks: Ranks, found: Mapping[int, float]) -> NDArray[np.bool_]:
    """The same at 1 - level."""
    return _atoms(ranks.tail_early, ranks.tail_quantile_rank, _tail_above(ranks), ranks.tail_late, found)


def _tail_above(ranks: Ranks) -> Ints:
    return np.minimum(ranks.tail_quantile_rank + 1, ranks.n - 1)


def _interpolated(below: Ints, above: Ints, weight: Array, found: Mapping[int, float]) -> Array:
    low = np.array([found[int(r)] for r in below], np.float64)
    high = np.array([found[int(r)] for r in above], np.float64)
    difference = high - low
    # numpy.quantile interpolates from the nearer end; the same bits are promised
    return np.where(weight >= 0.5, high - difference * (1 - weight), low + difference * weight)


def _atoms(early: Ints, below: Ints, above: Ints, late: Ints, found: Mapping[int, float]) -> NDArray[np.bool_]:
    return np.array(
        [
            a >= 0 and ((a < b and found[int(a)] == found[int(b)]) or (c < d and found[int(c)] == found[int(d)]))
            for a, b, c, d in zip(early, below, above, late, strict=True)
        ],
        np.bool_,
    )


def _spread(value: Array, early: Ints, late: Ints, atom: NDArray[np.bool_], found: Mapping[int, float]) -> Array:
    """Half the interval where its sides are alike; its longer side where they are not, as at the edge of an atom."""
    errors = np.full(len(value), math.nan)
    for k, (a, b) in enumerate(zip(early, late, strict=True)):
        if a < 0:
            continue
        left, right = float(value[k]) - found[int(a)], found[int(b)] - float(value[k])
        longer, shorter = max(left, right), min(left, right)
        half = longer if atom[k] or longer > _UNLIKE * shorter else (found[int(b)] - found[int(a)]) / 2
        errors[k] = half / COVERAGE_Z
    return errors
