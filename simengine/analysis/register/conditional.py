"""Statistics of part of the trials: those in which something happens, and the worst ones; with their errors.

Both are ratios of means over all trials, so their errors are read from batches like any other
(:mod:`simengine.aggregate.linearised`).

References: Cochran, Sampling Techniques, 3rd ed., 1977, chapter 6, for ratios; Tasche, "Risk contributions and
performance measurement", 1999, for the mean of a part of the loss given a bad whole as its contribution to expected
shortfall; Hong and Liu, Management Science 55, 2009, for the derivative of expected shortfall behind the error.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from simengine.aggregate.batches import Batches
from simengine.aggregate.linearised import Linearised, quantile_slope
from simengine.aggregate.order import COVERAGE_Z
from simengine.analysis.measures import Array


def unknown(batches: Batches) -> Linearised:
    """A statistic that so few trials do not have."""
    return Linearised(np.asarray(math.nan), np.full(batches.count, math.nan))


def ratio(above: Linearised, below: Linearised) -> Linearised:
    """The ratio of two statistics."""
    value = above.value / below.value
    parts = value + ((above.parts - above.value) - value * (below.parts - below.value)) / below.value
    return Linearised(np.asarray(value), parts)


def mean_where(values: Array, happens: Array, batches: Batches) -> Linearised:
    """The mean of values (trials,) over the trials in which something happens, (trials,) of 0 to 1."""
    share, total = batches.means(happens), batches.means(values * happens)
    whole = Linearised(batches.pooled(total), total)
    where = Linearised(batches.pooled(share), share)
    return ratio(whole, where) if float(where.value) > 0.0 else unknown(batches)


def quantile_where(values: Array, happens: Array, probability: float, batches: Batches) -> Linearised:
    """A quantile of values (trials,) over the trials in which something happens, (trials,) of 0 or 1."""
    there = happens > 0.0
    ordered = np.sort(values[there])
    if not len(ordered):
        return unknown(batches)
    value, slope = float(np.quantile(ordered, probability)), quantile_slope(ordered, probability)
    if ordered[0] == ordered[-1]:  # it can happen at one time only
        slope = 0.0
    short = batches.means((there & (values < value)) - probability * there)
    parts = value - slope * (short - batches.pooled(short)) / (len(ordered) / len(values))
    return Linearised(np.asarray(value), parts)


@dataclass(frozen=True, eq=False)
class Tail:
    """The worst trials of an outcome: the share ``tail`` of all of them.

    weights: (trials,), how far each trial belongs to it; trials that are equal at its limit belong to it in equal
    parts.  near: (trials,), the trials whose outcome lies so close to the limit that other draws could exchange them.
    """

    tail: float
    weights: Array
    near: Array

    @classmethod
    def of(cls, values: Array, tail: float) -> Tail:
        """The worst ``tail`` of values (trials,)."""
        count = len(values)
        ordered = np.sort(values)
        rank = min(math.floor(tail * count), count - 1)
        limit = ordered[rank]
        below, equal = values < limit, values == limit
        weights = below + equal * ((tail * count - np.count_nonzero(below)) / np.count_nonzero(equal))
        half = math.ceil(COVERAGE_Z * math.sqrt(count * tail * (1.0 - tail)))
        low, high = ordered[max(rank - half, 0)], ordered[min(rank + half, count - 1)]
        return cls(tail, weights.astype(np.float64), (values >= low) & (values <= high))

    def mean(self, losses: Array, batches: Batches) -> Linearised:
        """The mean of losses (trials,) in the worst trials."""
        inside, share = batches.means(losses * self.weights), batches.means(self.weights)
        value = batches.pooled(inside) / self.tail
        at_limit = float(losses[self.near].mean())
        moved = (inside - self.tail * value) - at_limit * (share - self.tail)
        return Linearised(np.asarray(value), value + moved / self.tail)
