"""From a summary, order statistics and tail sums to what is reported, each number with its standard error.

References: the error of the standard deviation follows from the fourth central moment (Stuart and Ord, Kendall's
Advanced Theory of Statistics, 10.8); that of expected shortfall from Manistre and Hancock, "Variance of the CTE
estimator", North American Actuarial Journal 9, 2005; intervals of quantiles from order statistics (David and
Nagaraja, Order Statistics, 7.1).  Those of replicated draws are in :mod:`simengine.aggregate.replicates`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.grid import Grid
from simengine.aggregate.order import Ranks, quantiles, tail_quantiles
from simengine.aggregate.replicates import Replicated
from simengine.aggregate.statistics import OutcomeStatistics
from simengine.aggregate.summary import Summary
from simengine.plan.plan import PlanOutput

Array = NDArray[np.float64]

HISTOGRAM_BINS = 100
_HISTOGRAM_SHARE = 0.001
_ROUNDING = 1e-12
_LEAST_TAIL = 20
"""Trials in a tail below which its spread says too little of the error of its mean."""


@dataclass(frozen=True)
class TailSums:
    """Sum of x and of (x - centre)**2 over the ranks below the tail rank of each level, shape (levels,)."""

    total: Array
    squares: Array


def outcome_statistics(
    output: PlanOutput,
    index: int,
    summary: Summary,
    below: NDArray[np.int64],
    grid: Grid,
    ranks: Ranks | None,
    found: Mapping[int, float],
    tails: TailSums,
    tail_levels: tuple[float, ...],
    percentiles: tuple[float, ...],
    replicated: Replicated | None = None,
) -> OutcomeStatistics:
    """All statistics of one outcome; NaN throughout where no trial was finite.

    below: counts under each threshold of this outcome, 0 first.  With ``replicated`` standard errors follow from the
    spread between replicates, else from independent trials.
    """
    faults = int(summary.faults[index])
    n = summary.trials - faults
    first_fault = int(summary.first_fault[index]) if faults else -1
    if n == 0 or ranks is None:
        return _undefined(output, faults, first_fault, len(percentiles), len(tail_levels))
    low, high = float(summary.minimum[index]), float(summary.maximum[index])
    moments = _Moments.of(summary.sums.total()[index] / n, n, float(grid.centre[index]), low, high, output.certain)
    value, value_se = quantiles(ranks, found)
    tail, tail_se = tail_quantiles(ranks, found)
    shortfall, shortfall_se = _expected_shortfall(ranks, found, tails, tail, float(grid.centre[index]), tail_levels)
    shares = below / n
    share_se = np.array([_share_error(int(count), n) for count in below])
    if output.certain:
        value_se, tail_se, shortfall_se = np.zeros_like(value), np.zeros_like(tail), np.zeros_like(shortfall)
        share_se = np.zeros_like(share_se)
    elif replicated is not None and low < high:
        moments = replace(
            moments,
            mean_se=replicated.mean_error(),
            std_se=replicated.std_error(moments.mean, moments.std),
        )
        value_se = value_se * replicated.quantile_ratios([p / 100 for p in percentiles])
        tail_se = tail_se * replicated.quantile_ratios([1 - level for level in tail_levels])
        errors = [replicated.shortfall_error(k, 1 - level, shortfall_se[k]) for k, level in enumerate(tail_levels)]
        shortfall_se = np.array(errors, np.float64)
        errors = [replicated.probability_error(j, int(count), share_se[j]) for j, count in enumerate(below)]
        share_se = np.array(errors, np.float64)
    edges, counts = _histogram(grid, index, summary, low, high)
    return OutcomeStatistics(
        strategy=output.strategy,
        output=output.name,
        finite=n,
        faults=faults,
        first_fault=first_fault,
        mean=moments.mean,
        mean_se=moments.mean_se,
        std=moments.std,
        std_se=moments.std_se,
        skewness=moments.skewness,
        kurtosis=moments.kurtosis,
        minimum=low,
        maximum=high,
        quantiles=value,
        quantiles_se=value_se,
        prob_loss=float(shares[0]),
        prob_loss_se=float(share_se[0]),
        prob_below=shares[1:],
        prob_below_se=share_se[1:],
        var_loss=-tail,
        var_loss_se=tail_se,
        cvar_loss=-shortfall,
        cvar_loss_se=shortfall_se,
        histogram_edges=edges,
        histogram_counts=counts,
    )


@dataclass(frozen=True)
class _Moments:
    mean: float
    mean_se: float
    std: float
    std_se: float
    skewness: float
    kurtosis: float

    @classmethod
    def of(cls, raw: Array, n: int, centre: float, low: float, high: float, certain: bool) -> _Moments:
        """From the mean powers of x - centre; NaN for what leaves the range of float64 or one trial cannot tell."""
        nan = math.nan
        if low == high:
            unknown = 0.0 if certain else nan
            return cls(low, unknown, 0.0 if certain or n > 1 else nan, unknown, nan, nan)
        with np.errstate(all="ignore"):
            d1, d2, d3, d4 = raw
            m2 = d2 - d1 * d1
            m3 = d3 - 3 * d1 * d2 + 2 * d1**3
            m4 = d4 - 4 * d1 * d3 + 6 * d1 * d1 * d2 - 3 * d1**4
            variance = m2 * n / (n - 1)
            if not (variance > 0 and np.isfinite(variance)):  # lost to rounding, underflow or overflow
                return cls(float(centre + d1), nan, nan, nan, nan, nan)
            std = float(np.sqrt(variance))
            spread = np.maximum(m4 - variance**2 * (n - 3) / (n - 1), 0.0) / n
            std_se = float(np.sqrt(spread)) / (2 * std) if n > 3 else nan
            shape = float(m3 / m2**1.5), float(m4 / m2**2 - 3)
        return cls(
            float(centre + d1),
            std / math.sqrt(n),
            std,
            std_se if math.isfinite(std_se) else nan,
            *(value if math.isfinite(value) else nan for value in shape),
        )


def _share_error(count: int, n: int) -> float:
    """Standard error of a share; the posterior's under Jeffreys' prior, so it is not 0 when nothing was counted."""
    a, b = count + 0.5, n - count + 0.5
    return math.sqrt(a * b / ((a + b) ** 2 * (a + b + 1)))


def _expected_shortfall(
    ranks: Ranks, found: Mapping[int, float], tails: TailSums, quantile: Array, centre: float, levels: tuple[float, ...]
) -> tuple[Array, Array]:
    """Mean of the worst (1 - level) n values, the last of them counted in part, and its standard error."""
    value, error = np.empty(len(levels)), np.empty(len(levels))
    for k, level in enumerate(levels):
        size, rank = float(ranks.tail_size[k]), int(ranks.tail_rank[k])
        last, part = found[rank], size - rank
        mean = (float(tails.total[k]) + part * last) / size
        value[k] = mean
        with np.errstate(over="ignore", invalid="ignore"):
            about = (tails.squares[k] + part * np.square(np.float64(last - centre))) / size
            variance = about - np.square(np.float64(mean - centre))
            variance = 0.0 if variance <= _ROUNDING * about else variance  # what is left of a tail of equal values
        gap = mean - float(quantile[k])
        gap = gap if abs(gap) > _ROUNDING * abs(mean) else 0.0
        with np.errstate(over="ignore", invalid="ignore"):
            spread = np.float64(variance) + level * np.float64(gap) ** 2
        told = size >= _LEAST_TAIL and np.isfinite(spread)
        error[k] = math.sqrt(spread / size) if told else math.nan
    return value, error


def _histogram(grid: Grid, index: int, summary: Summary, low: float, high: float) -> tuple[Array, NDArray[np.int64]]:
    """About 100 bins of equal width over the middle 99.8 %, the first and last stretched to the extremes."""
    counts = summary.counts[index]
    if low == high:
        return np.array([low, high]), np.array([counts.sum()])
    share = np.cumsum(counts) / counts.sum()
    edges = grid.edges(index)
    first = int(np.searchsorted(share, _HISTOGRAM_SHARE))
    last = int(np.searchsorted(share, 1 - _HISTOGRAM_SHARE)) + 1
    inside = np.linspace(edges[first], edges[min(last, len(edges) - 1)], HISTOGRAM_BINS + 1)
    cuts = np.unique(np.searchsorted(edges[first : last + 1], inside[1:-1]) + first)
    cuts = cuts[(cuts > first) & (cuts < last) & (edges[cuts] > low) & (edges[cuts] < high)]
    bounds = np.concatenate([[0], cuts, [len(counts)]])
    merged = np.add.reduceat(counts, bounds[:-1])
    return np.concatenate([[low], edges[cuts], [high]]), merged


def _undefined(output: PlanOutput, faults: int, first_fault: int, percentiles: int, levels: int) -> OutcomeStatistics:
    nan = math.nan

    def unknown(size: int) -> Array:
        return np.full(size, nan)

    return OutcomeStatistics(
        strategy=output.strategy,
        output=output.name,
        finite=0,
        faults=faults,
        first_fault=first_fault,
        mean=nan,
        mean_se=nan,
        std=nan,
        std_se=nan,
        skewness=nan,
        kurtosis=nan,
        minimum=nan,
        maximum=nan,
        quantiles=unknown(percentiles),
        quantiles_se=unknown(percentiles),
        prob_loss=nan,
        prob_loss_se=nan,
        prob_below=unknown(len(output.targets)),
        prob_below_se=unknown(len(output.targets)),
        var_loss=unknown(levels),
        var_loss_se=unknown(levels),
        cvar_loss=unknown(levels),
        cvar_loss_se=unknown(levels),
        histogram_edges=unknown(2),
        histogram_counts=np.zeros(1, np.int64),
    )
