"""What is counted in each replicate, and standard errors from the spread between replicates.

Replicates are independent randomisations of the same points, so their estimates are independent and alike, whatever
happens inside; how far they differ tells the error of their mean.  Each statistic is first made a mean over trials
(its influence at the pooled estimate), because those of replicates can be compared without bias.

References: Owen, "Practical Quasi-Monte Carlo Integration", 2023, chapter 17; L'Ecuyer, Nakayama, Owen, Tuffin,
"Confidence intervals for randomized quasi-Monte Carlo estimators", Winter Simulation Conference 2023; Rockafellar
and Uryasev, "Optimization of conditional value-at-risk", Journal of Risk 2, 2000, for the influence of the tail.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.concentration import REPLICATE_WIDENING
from simengine.aggregate.grid import BINS
from simengine.aggregate.spread import spread_error

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

COARSE = 8
"""Neighbouring bins of the grid that are counted together in a replicate."""
COARSE_BINS = BINS // COARSE
FEW = 32
"""Where fewer trials than this were counted (or were not), replicates hold too few each to tell an error."""
_MOST_ROUNDING = 0.25
"""What a quantile has to reckon with: its share of a replicate is not the share at the edge where it is counted."""


@dataclass(frozen=True, eq=False)
class ReplicateCounts:
    """Counts of each replicate by its number: bins (outcomes, COARSE_BINS) and below (thresholds,)."""

    bins: dict[int, Ints] = field(default_factory=dict)
    below: dict[int, Ints] = field(default_factory=dict)

    def add(self, replicate: int, counts: Ints, below: Ints) -> None:
        """Add counts, on the full grid (outcomes, BINS) or on the coarse one, to a replicate being counted."""
        coarse = coarsened(counts) if counts.shape[1] == BINS else counts
        self.bins[replicate] = self.bins.get(replicate, 0) + coarse
        self.below[replicate] = self.below.get(replicate, 0) + below

    def merge(self, other: ReplicateCounts) -> ReplicateCounts:
        """The counts over the trials of both."""
        return ReplicateCounts(_merged(self.bins, other.bins), _merged(self.below, other.below))

    def update(self, state: hashlib._Hash) -> None:
        """Add all counts to a digest."""
        for replicate in sorted(self.bins):
            state.update(str(replicate).encode())
            state.update(self.bins[replicate].data)
            state.update(self.below[replicate].data)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ReplicateCounts):
            return NotImplemented
        return _equal(self.bins, other.bins) and _equal(self.below, other.below)

    __hash__ = None  # type: ignore[assignment]


def coarsened(counts: NDArray[Any]) -> NDArray[Any]:
    """Counts of every :data:`COARSE` neighbouring bins together, shape (outcomes, COARSE_BINS)."""
    while counts.shape[1] > COARSE_BINS:
        counts = counts[:, 0::2] + counts[:, 1::2]
    return counts


def _merged(one: Mapping[int, Ints], other: Mapping[int, Ints]) -> dict[int, Ints]:
    found = dict(one)
    for replicate, counts in other.items():
        found[replicate] = found[replicate] + counts if replicate in found else counts
    return found


def _equal(one: Mapping[int, Ints], other: Mapping[int, Ints]) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(value, other[key]) for key, value in one.items())


@dataclass(frozen=True, eq=False)
class Replicated:
    """One outcome over the replicates of a run.

    sizes: (replicates,) finite trials.  sums: (replicates, 4) of the first four powers of x - centre.  shares:
    (replicates, COARSE_BINS + 1) of values below each edge of the grid.  below: (replicates, thresholds) of values
    under the thresholds.  tails: (replicates, levels, 3), sums of x - centre and of its square over values under the
    tail limits (levels,), and their number.
    """

    sizes: Array
    sums: Array
    shares: Array
    below: Array
    tails: Array
    tail_limits: Array
    centre: float

    def error(self, values: Array) -> float:
        """The standard error of a mean over trials, from the means (replicates,) of the replicates.

        Wide enough that 1.96 of it on either side is a 95 % interval: it contains Student's factor for the number of
        replicates, and what their skewness asks for.  NaN for one replicate.
        """
        spread = float(self.spread(values))
        if not spread > 0.0:
            return spread
        weights = self.sizes / self.sizes.sum()
        gaps = weights * (values - (weights * values).sum())
        # the squared skewness of values that have none is about 6 / R by chance
        effective = 1.0 / float((weights**2).sum())
        skewness = float((gaps**3).sum()) ** 2 / float((gaps**2).sum()) ** 3 - 6.0 / effective**2
        return spread * (1.0 + REPLICATE_WIDENING * max(skewness, 0.0))

    def spread(self, values: Array) -> Array:
        """The same of values (replicates, ...), without regard to skewness, which shares hardly have."""
        return spread_error(values, self.sizes)

    def share_error(self, values: Array, rounding: float = 1.0 / 12.0) -> Array:
        """Errors of shares (replicates, ...): no less than that of rounding a share to whole trials of a replicate.

        ``rounding`` is the variance of that in trials: f (1 - f) for a fraction f of a trial, 1/4 at most.
        """
        least = math.sqrt(len(self.sizes) * rounding) / float(self.sizes.sum())
        return np.asarray(np.maximum(self.spread(values), least), np.float64)

    def _within(self, values: Array, plain: float) -> float:
        """The error of a mean, not widened beyond ``plain``, that of independent draws; unknown where that is."""
        return min(self.error(values), max(float(self.spread(values)), plain)) if math.isfinite(plain) else math.nan

    def mean_error(self, plain: float) -> float:
        """Of the mean; ``plain``: its error for independent draws."""
        return self._within(self.sums[:, 0] / self.sizes, plain)

    def std_error(self, mean: float, std: float, plain: float, *, few: bool = False) -> float:
        """Of the standard deviation, by its influence ((x - mean)**2 - sd**2) / (2 sd).

        At least ``plain``, its error for independent draws, where ``few`` trials decide it.
        """
        if not std > 0:
            return 0.0
        gap = mean - self.centre
        about = (self.sums[:, 1] - 2.0 * gap * self.sums[:, 0]) / self.sizes + gap * gap
        error = self._within(about / (2.0 * std), plain)
        return float(np.maximum(error, plain)) if few else error

    def probability_error(self, threshold: int, count: int, plain: float) -> float:
        """Of the share below a threshold of which ``count`` trials were; ``plain``: its error for independent draws."""
        spread = float(self.share_error(self.below[:, threshold]))
        return max(spread, plain) if min(count, self.sizes.sum() - count) < FEW else spread

    def quantile_ratios(self, probabilities: Array) -> Array:
        """Errors of the shares below quantiles over those for independent draws, at the nearest edges of the grid.

        The density by which a share's error becomes a quantile's is the same for both.  1 where no edge is inside.
        """
        n, inside = self.sizes.sum(), self._edges
        if not inside.size:
            return np.ones(len(probabilities))
        edges = inside[nearest(self._pooled[inside], probabilities)]
        shares = self._pooled[edges]
        return np.asarray(
            self.share_error(self.shares[:, edges], _MOST_ROUNDING) / np.sqrt(shares * (1.0 - shares) / n)
        )

    @cached_property
    def _pooled(self) -> Array:
        """The share of all trials below each edge."""
        pooled: Array = (self.shares * self.sizes[:, None]).sum(axis=0) / self.sizes.sum()
        return pooled

    @cached_property
    def _edges(self) -> Ints:
        """Edges with enough trials on either side."""
        n = self.sizes.sum()
        return np.flatnonzero((self._pooled * n >= FEW) & ((1.0 - self._pooled) * n >= FEW))

    def shortfall_error(self, level: int, tail: float, plain: float) -> float:
        """Of the mean of the worst share ``tail``, by Rockafellar and Uryasev's form of it at the tail's limit.

        ``plain`` is its error for independent draws, which stands where the limit (an edge of the grid) leaves out
        half of the tail or more.
        """
        sums, counts = self.tails[:, level, 0], self.tails[:, level, 2]
        if counts.sum() < max(0.5 * tail * self.sizes.sum(), 1.0):
            return plain
        under = (counts * (self.tail_limits[level] - self.centre) - sums) / self.sizes
        spread = self.error(under) / tail
        return float(np.maximum(spread, plain)) if counts.sum() < FEW else spread


def nearest(ordered: Array, wanted: Array) -> Ints:
    """The first place in an array that does not fall whose entry is nearest to each wanted number."""
    above = np.minimum(np.searchsorted(ordered, wanted), len(ordered) - 1)
    below = np.maximum(above - 1, 0)
    lower = np.abs(ordered[below] - wanted) <= np.abs(ordered[above] - wanted)
    return np.searchsorted(ordered, ordered[np.where(lower, below, above)]).astype(np.int64)


def replicated(
    counts: ReplicateCounts,
    sums: Mapping[int, Array],
    tails: Mapping[int, Array],
    tail_limits: Array,
    outcome: int,
    thresholds: slice,
    centre: float,
) -> Replicated | None:
    """The view of one outcome; None where independent draws have no replicates, or no value is finite."""
    held = [r for r in sorted(counts.bins) if counts.bins[r][outcome].any()]
    if not held:
        return None
    bins = np.array([counts.bins[r][outcome] for r in held])
    sizes = bins.sum(axis=1).astype(np.float64)
    shares = np.concatenate([np.zeros((len(held), 1)), np.cumsum(bins, axis=1)], axis=1) / sizes[:, None]
    below = np.array([counts.below[r][thresholds] for r in held]) / sizes[:, None]
    return Replicated(
        sizes=sizes,
        sums=np.array([sums[r][outcome] for r in held]),
        shares=shares,
        below=below,
        tails=np.array([tails[r][outcome] for r in held]),
        tail_limits=tail_limits[outcome],
        centre=centre,
    )
