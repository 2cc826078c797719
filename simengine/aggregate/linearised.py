"""Statistics as a value and parts, so that the error of any combination of them is read from batches.

The *parts* of a statistic are its linearised value in each batch of trials: means of its influence function at the
pooled estimate.  Parts of strategies that share their draws move together, so the error of a difference is that of
the difference of the parts, which is paired: ``(a - b).error(batches)``.  One rule serves every statistic and every
sampler; :meth:`~simengine.aggregate.batches.Batches.error` puts Student's factor in.

References: Serfling, Approximation Theorems of Mathematical Statistics, 1980, chapter 6, for influence functions;
Bahadur, Annals of Mathematical Statistics 37, 1966, for quantiles; Rockafellar and Uryasev, Journal of Risk 2, 2000,
for expected shortfall; Pratt, Econometrica 32, 1964, for certainty equivalents.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.batches import Batches
from simengine.aggregate.concentration import (
    FEWEST_FOR_STD,
    STD_WIDENING,
    skewness_factors,
    values_concentration,
)
from simengine.aggregate.order import COVERAGE_Z
from simengine.errors import InvalidInput, Problem

Array = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Linearised:
    """A statistic, or an array of them: ``value`` (...) and ``parts`` (batches, ...).

    Sums, differences, negatives and multiples by numbers are linearised too; so is :meth:`weighted`.
    """

    value: Array
    parts: Array

    def __add__(self, other: Linearised) -> Linearised:
        return Linearised(np.asarray(self.value + other.value), self.parts + other.parts)

    def __sub__(self, other: Linearised) -> Linearised:
        return Linearised(np.asarray(self.value - other.value), self.parts - other.parts)

    def __neg__(self) -> Linearised:
        return Linearised(np.asarray(-self.value), -self.parts)

    def __mul__(self, factor: float) -> Linearised:
        return Linearised(np.asarray(self.value * factor), self.parts * factor)

    __rmul__ = __mul__

    def __getitem__(self, place: int | slice | tuple[int | slice, ...]) -> Linearised:
        """Some of an array of statistics, by their place in ``value``."""
        inner = place if isinstance(place, tuple) else (place,)
        return Linearised(np.asarray(self.value[place]), self.parts[(slice(None), *inner)])

    def widened(self, factors: Array | float) -> Linearised:
        """The same with errors as many times as large (...); NaN makes them unknown, also in all that follows."""
        return Linearised(self.value, self.value + (self.parts - self.value) * factors)

    def error(self, batches: Batches) -> Array:
        """The standard errors, shape (...); 1.96 of one on either side is a 95 % interval."""
        return batches.error(self.parts)

    def weighted(self, weights: Sequence[float] | Array) -> Linearised:
        """The sum over the last axis with these weights, such as a contrast of strategies."""
        factors = np.asarray(weights, np.float64)
        return Linearised(np.asarray(self.value @ factors), np.asarray(self.parts @ factors))

    @classmethod
    def stack(cls, entries: Sequence[Linearised]) -> Linearised:
        """Statistics of one shape side by side, along a new last axis."""
        value = np.stack([entry.value for entry in entries], axis=-1)
        return cls(value, np.stack([entry.parts for entry in entries], axis=-1))


@dataclass(frozen=True)
class Exponential:
    """Constant absolute risk aversion: u(x) = -exp(-x / tolerance); ``tolerance`` is in the unit of the outcome."""

    tolerance: float


@dataclass(frozen=True)
class Power:
    """Constant relative risk aversion over wealth + x: u(y) = y**(1 - aversion), log y for aversion 1."""

    aversion: float
    wealth: float = 0.0


Utility = Exponential | Power


def mean_of(values: Array, batches: Batches) -> Linearised:
    """The mean of values (..., trials)."""
    return pooled(batches.means(values), batches)


def probability_of(happened: NDArray[np.bool_] | Array, batches: Batches) -> Linearised:
    """The share of trials (..., trials) in which something happened; a half counts half."""
    return mean_of(np.asarray(happened, np.float64), batches)


def pooled(parts: Array, batches: Batches) -> Linearised:
    """The mean over all trials of what has these means (batches, ...) in the batches."""
    return Linearised(batches.pooled(parts), parts)


def quantile_of(values: Array, probability: float, batches: Batches) -> Linearised:
    """The quantile of values (trials,), Hyndman and Fan's type 7; its error is unknown (NaN) in the utmost tails."""
    ordered = np.sort(values)
    value, slope = float(np.quantile(ordered, probability)), quantile_slope(ordered, probability)
    below = batches.means((values < counting_limit(value, slope, probability, batches)).astype(np.float64))
    return quantile_from(value, below, slope, batches)


def counting_limit(value: Array | float, slope: Array | float, probability: Array | float, batches: Batches) -> Array:
    """Where values are counted to tell the errors of quantiles ``value`` (...): within half a trial of each batch.

    Replicates of a stratified sampler may agree to the trial on how many values lie below a quantile, because the
    points below it are a whole number by construction; how far the quantile is off then does not show.  Half way
    between two whole numbers of trials a stratum is cut, and the counts differ as much as rounding makes them.
    """
    at, steep = np.asarray(value, np.float64), np.asarray(slope, np.float64)
    trials = np.asarray(probability) * batches.sizes.max()
    moved = steep * (np.floor(trials) + 0.5 - trials) / batches.sizes.max()
    return np.asarray(at + np.where(np.isfinite(moved), moved, 0.0))


def quantile_from(value: Array | float, below: Array, slope: Array | float, batches: Batches) -> Linearised:
    """Quantiles ``value`` (...) from the shares below their counting limits in each batch (batches, ...), and slopes.

    A share that is too large in a batch says that the batch's quantile is lower, by the slope of the quantile
    function: the reciprocal of the density.
    """
    at = np.asarray(value, np.float64)
    return Linearised(at, at - np.asarray(slope) * (below - batches.pooled(below)))


def quantile_slope(ordered: Array, probability: float) -> float:
    """dQ/dp at a probability from sorted values, over the order statistics of a 95 % interval; NaN near the ends."""
    n = len(ordered)
    half = COVERAGE_Z * math.sqrt(n * probability * (1.0 - probability))
    low, high = math.floor(n * probability - half), math.ceil(n * probability + half) - 1
    if low < 0 or high > n - 1 or high <= low:
        return math.nan
    return float(ordered[high] - ordered[low]) * n / (2.0 * half)


def shortfall_of(values: Array, level: float, batches: Batches) -> Linearised:
    """Expected shortfall (CVaR) of values (trials,) at a level such as 0.95, as a loss: positive when money is lost.

    The value is minus the mean of the worst (1 - level) n values, the last of them counted in part.
    """
    rank = min(math.floor((1.0 - level) * len(values)), len(values) - 1)
    limit = float(np.partition(values, rank)[rank])
    return shortfall_from(limit, batches.means(np.maximum(limit - values, 0.0)), 1.0 - level, batches)


def shortfall_from(limit: Array | float, under: Array, tail: Array | float, batches: Batches) -> Linearised:
    """Expected shortfall (...) of the share ``tail``: ``limit`` is the value at the tail's rank, (...).

    under: (batches, ...) means of (limit - x)+.  Minimising over the limit gives the shortfall, so moving the limit
    has no effect of first order, and the means of this expression are its linear parts.
    """
    return pooled(under / tail - np.asarray(limit), batches)


def certainty_equivalent_of(values: Array, utility: Utility, batches: Batches) -> Linearised:
    """The sure amount that is worth as much as values (trials,) under a utility.

    Raises
    ------
    InvalidInput
        If wealth plus the outcome is not positive in some trial, with the number of such trials.
    """
    if isinstance(utility, Exponential):
        return _exponential_equivalent(values, utility, batches)
    return _power_equivalent(values, utility, batches)


def _exponential_equivalent(values: Array, utility: Exponential, batches: Batches) -> Linearised:
    least = float(values.min())  # the largest exponential is 1: no overflow, and one term at least counts
    terms = np.exp((least - values) / utility.tolerance)
    found = exponential_from(least, batches.means(terms), utility.tolerance, batches)
    return found.widened(utility_factors(values_concentration(terms)))


def utility_factors(concentrations: Array | float) -> Array:
    """By how much errors of certainty equivalents grow for the concentrations (...) of their terms; NaN: too few.

    Terms of a utility have a tail as heavy as squares or heavier, and are held to the rule for these: with a lognormal
    loss no exponential utility has a mean, and then a few trials decide it however many there are.
    """
    return skewness_factors(np.asarray(concentrations), FEWEST_FOR_STD, STD_WIDENING)


def exponential_from(origin: Array | float, parts: Array, tolerance: float, batches: Batches) -> Linearised:
    """Equivalents (...) from means (batches, ...) of exp((origin - x) / tolerance)."""
    mean = batches.pooled(parts)
    value = np.asarray(origin - tolerance * np.log(mean))
    return Linearised(value, value - tolerance * (parts / mean - 1.0))


def _power_equivalent(values: Array, utility: Power, batches: Batches) -> Linearised:
    check_wealth(int(np.count_nonzero(utility.wealth + values <= 0.0)), len(values), utility)
    owned = utility.wealth + values
    power = 1.0 - utility.aversion
    # the value whose power is largest is the unit: nothing overflows, and expm1 keeps all digits near aversion 1
    unit = float(owned.max() if power >= 0.0 else owned.min())
    logarithms = np.log(owned / unit)
    terms = np.expm1(power * logarithms) if power else logarithms
    found = power_from(unit, batches.means(terms), utility, batches)
    return found.widened(utility_factors(values_concentration(terms)))


def power_from(unit: Array | float, parts: Array, utility: Power, batches: Batches) -> Linearised:
    """Equivalents (...) from means (batches, ...) of y**(1 - aversion) - 1, or of log y; y = (wealth + x) / unit."""
    mean = batches.pooled(parts)
    power = 1.0 - utility.aversion
    logarithm = np.log1p(mean) / power if power else mean
    owned = np.asarray(unit * np.exp(logarithm))
    change = (parts - mean) / (power * (1.0 + mean)) if power else parts - mean
    value = np.asarray(owned - utility.wealth)
    return Linearised(value, value + owned * change)


def check_wealth(ruined: int, trials: int, utility: Power) -> None:
    """Refuse constant relative risk aversion where nothing is left in some trial.

    Raises
    ------
    InvalidInput
        If ``ruined`` trials leave no wealth.
    """
    if ruined:
        reason = f"nothing is left of it in {ruined:,} of {trials:,} trials: wealth plus the outcome is not above 0"
        hint = "give more wealth, or a risk tolerance instead"
        raise InvalidInput(Problem(reason, "wealth", f"{utility.wealth:g}", hint=hint))
