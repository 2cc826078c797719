"""What strategies have in common trials: sums of each batch, and the statistics that follow from them.

Definitions, x being the outcomes of strategies in the same trial: A beats B where its outcome is higher, and a tie is
half a win; the best of a trial share it where they tie; the regret of a strategy is the mean of what the best of each
trial has more.  The expected value of perfect information, E max - max E, is the smallest regret.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.batches import Batches
from simengine.aggregate.concentration import FEWEST_FOR_MEAN, concentration_of, skewness_factors
from simengine.aggregate.linearised import (
    Linearised,
    exponential_from,
    quantile_from,
    shortfall_from,
    utility_factors,
)
from simengine.aggregate.replicates import FEW

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

COARSE = 32
"""Bins of the grid that are counted together in a batch: enough to tell the error of an area between two curves."""
_ROUNDING = 1e-13


@dataclass(frozen=True, eq=False)
class PairedSums:
    """Sums over batches of trials, in order: a value that merges with that of the batches that follow.

    wins: (batches, strategies, strategies), trials in which the first is above the second.  below: (batches,
    strategies, levels), trials below the limits.  gaps: (batches, strategies, strategies, 2), squares and cubes of the
    difference of two.  sums: (batches, strategies, 8) of x - middle, of the best - middle, of the share of being best,
    of the first three powers of the terms of the exponential utility, of squares and cubes of the regret; see
    :func:`simengine.kernels.paired.joint`.  under: (batches, strategies, tails), sums of (limit - x)+.  bins:
    (strategies, bins, 2) of the common grid, how many values each bin holds and the sum of x - middle over them;
    coarse: (batches, strategies, bins / COARSE, 2), the same of each batch.
    """

    wins: Ints
    below: Ints
    gaps: Array
    sums: Array
    under: Array
    bins: Array
    coarse: Array

    def merge(self, other: PairedSums) -> PairedSums:
        """The sums over the batches of both, self before other."""
        return PairedSums(
            wins=np.concatenate([self.wins, other.wins]),
            below=np.concatenate([self.below, other.below]),
            gaps=np.concatenate([self.gaps, other.gaps]),
            sums=np.concatenate([self.sums, other.sums]),
            under=np.concatenate([self.under, other.under]),
            bins=self.bins + other.bins,
            coarse=np.concatenate([self.coarse, other.coarse]),
        )


@dataclass(frozen=True, eq=False)
class Known:
    """What the run itself has found of each strategy, in exact arithmetic: the values that the sums linearise.

    mean, least, greatest: (strategies,).  certain, kind: (strategies,), see :class:`simengine.plan.plan.PlanOutput`.
    quantile, slope: (strategies, levels).  limit, shortfall:
    (strategies, tails), the value at the rank of each tail and the expected shortfall as a loss.  tails: the share of
    each, (tails,).
    """

    mean: Array
    least: Array
    greatest: Array
    certain: Flags
    kind: Ints
    quantile: Array
    slope: Array
    limit: Array
    shortfall: Array
    tails: Array


@dataclass(frozen=True, eq=False)
class Paired:
    """Statistics of strategies in the same trials, from the sums of all batches; powers are of amounts * ``scale``."""

    batches: Batches
    sums: PairedSums
    known: Known
    scale: float

    @property
    def trials(self) -> int:
        """Trials of the run."""
        return int(self.batches.edges[-1])

    @property
    def identical(self) -> Flags:
        """Whether two strategies have the same outcome in every trial, (strategies, strategies)."""
        wins = self.sums.wins.sum(axis=0)
        return np.asarray((wins + wins.T) == 0)

    @property
    def exact(self) -> Flags:
        """Pairs whose difference is a constant by their formulas, whatever is drawn: (strategies, strategies)."""
        kind = self.known.kind
        return np.asarray(self.identical | (kind[:, None] == kind))

    def mean(self) -> Linearised:
        """The means, (strategies,)."""
        about = self._per_trial(self.sums.sums[:, :, 0])
        return Linearised(self.known.mean, about + (self.known.mean - self.batches.pooled(about)))

    def quantiles(self) -> Linearised:
        """The quantiles, (strategies, levels)."""
        return quantile_from(self.known.quantile, self._per_trial(self.sums.below), self.known.slope, self.batches)

    def shortfall(self) -> Linearised:
        """Expected shortfall as a loss, (strategies, tails)."""
        found = shortfall_from(self.known.limit, self._per_trial(self.sums.under), self.known.tails, self.batches)
        return Linearised(self.known.shortfall, found.parts + (self.known.shortfall - found.value))

    def regret(self) -> Linearised:
        """Expected regret, (strategies,); its error is unknown where few trials decide it."""
        found = self._mean_of(self.sums.sums[:, :, 1] - self.sums.sums[:, :, 0])
        squares, cubes = self.sums.sums[:, :, 6:8].sum(axis=0).T
        about = (found.value - (self.known.mean.max() - self.known.mean)) * self.scale
        concentration = concentration_of(about * self.trials, squares, cubes, self.trials)
        factors = skewness_factors(concentration, FEWEST_FOR_MEAN)
        return found.widened(np.where(self._rounding_alone(squares), 1.0, factors))

    def difference_factors(self) -> Array:
        """By how much errors of differences of means grow because few trials decide them, (strategies, strategies).

        NaN where these are too few.
        """
        squares, cubes = np.moveaxis(self.sums.gaps.sum(axis=0), -1, 0)
        squares, cubes = squares + squares.T, cubes - cubes.T
        concentration = concentration_of(np.zeros_like(squares), squares, cubes, self.trials)
        return np.where(self._rounding_alone(squares), 1.0, skewness_factors(concentration, FEWEST_FOR_MEAN))

    def _rounding_alone(self, squares: Array) -> Flags:
        """Whether the spread of these squares (...) is but the rounding of the outcomes."""
        size = max(np.abs(self.known.least).max(), np.abs(self.known.greatest).max()) * self.scale
        return np.asarray(squares <= (_ROUNDING * size) ** 2 * self.trials)

    def best(self) -> Linearised:
        """The probability of being best, (strategies,)."""
        return self._mean_of(self.sums.sums[:, :, 2])

    def exponential(self, tolerance: float) -> Linearised:
        """Certainty equivalents under constant absolute risk aversion, (strategies,).

        Their errors are unknown where a few trials decide them.
        """
        usual = np.exp((self.known.least - self.known.mean) / tolerance)
        terms = self.sums.sums[:, :, 3:6]
        found = exponential_from(self.known.least, usual + self._per_trial(terms[:, :, 0]), tolerance, self.batches)
        first, second, third = terms.sum(axis=0).T
        return found.widened(utility_factors(concentration_of(first, second, third, self.trials)))

    def beats(self) -> Linearised:
        """P(first beats second), (strategies, strategies)."""
        ahead = self._mean_of(self.sums.wins - self.sums.wins.swapaxes(1, 2))
        return Linearised(0.5 + 0.5 * ahead.value, 0.5 + 0.5 * ahead.parts)

    def error(self, found: Linearised, scale: Array, exact: Flags) -> Array:
        """Standard errors of numbers of this size: 0 where they are ``exact``, NaN where the batches do not differ.

        What was the same in every batch is not certain for that: the trial that would change it may not have come.
        """
        error = found.error(self.batches)
        return np.where(exact, 0.0, np.where(error <= _ROUNDING * scale, np.nan, error))

    def share_error(self, shares: Linearised, exact: Flags) -> Array:
        """Errors of shares, which batches alone cannot tell where hardly a trial differs from the others.

        There it is at least the error of independent trials under Jeffreys' prior, and never less than that of
        rounding to whole trials of each batch.  0 where the share is ``exact``.
        """
        n, error = self.trials, shares.error(self.batches)
        count = np.clip(shares.value * n, 0.0, n)
        a, b = count + 0.5, n - count + 0.5
        plain = np.sqrt(a * b / ((n + 1.0) ** 2 * (n + 2.0)))
        few = np.minimum(count, n - count) < FEW
        error = np.maximum(np.where(few, np.fmax(error, plain), error), np.sqrt(self.batches.count / 12.0) / n)
        return np.where(exact, 0.0, error)

    def _mean_of(self, sums: Array | Ints) -> Linearised:
        """The mean over all trials from sums (batches, ...); that of whole numbers is rounded once."""
        return Linearised(np.asarray(sums.sum(axis=0) / self.trials), self._per_trial(sums))

    def _per_trial(self, sums: Array | Ints) -> Array:
        """Means in the batches from sums (batches, ...)."""
        return np.asarray(sums / self.batches.sizes.reshape(-1, *([1] * (sums.ndim - 1))))
