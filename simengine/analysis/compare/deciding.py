"""How few trials decide each difference of means and each regret, and what that does to their errors.

The rule is that of the run's own means, :mod:`simengine.aggregate.concentration`, on the difference of two strategies
in each trial, and on the regret of each.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.concentration import FEWEST_FOR_MEAN, skewness_factor
from simengine.engine.outcomes import Outcomes

Array = NDArray[np.float64]

_BLOCK = 8192
"""Trials worked on at a time: those of two strategies stay in the cache."""
_ROUNDING = 1e-13


def deciding_factors(outcomes: Outcomes, rows: Sequence[int], mean: Array, regret: Array) -> tuple[Array, Array]:
    """By how much errors of differences (strategies, strategies) and of regrets (strategies,) grow.

    NaN where too few trials decide one, or none does because it was the same in every trial; ``mean`` and ``regret``
    are those of the strategies, (strategies,).
    """
    chosen, count = list(rows), len(rows)
    gaps, regrets = np.zeros((count, count, 2)), np.zeros((count, 2))
    for _, strip in outcomes.strips():
        for first in range(0, strip.shape[1], _BLOCK):
            about = strip[chosen, first : first + _BLOCK] - mean[:, None]
            values = about + mean[:, None]
            best = values.max(axis=0)
            for a in range(count):
                regrets[a] += _powers(best - values[a] - regret[a])
                for b in range(a):
                    gaps[a, b] += _powers(about[a] - about[b])
    size, trials = np.abs(mean), outcomes.trials
    between = _factors(gaps, np.maximum(size[:, None], size), trials)
    lower = np.tril(between, -1)
    return lower + lower.T, _factors(regrets, np.full(count, size.max()), trials)


def _powers(about: Array) -> tuple[float, float]:
    square = about * about
    return float(square.sum()), float((square * about).sum())


def _factors(powers: Array, scale: Array, trials: int) -> Array:
    """Factors (...) from sums of squares and cubes (..., 2) about the mean."""
    squares, cubes = np.moveaxis(powers, -1, 0)
    spread = squares > trials * (_ROUNDING * scale) ** 2
    with np.errstate(all="ignore"):
        concentration = np.where(spread, cubes**2 / squares**3, np.nan)
    factors = [skewness_factor(float(g), FEWEST_FOR_MEAN) for g in concentration.ravel()]
    return np.array(factors).reshape(concentration.shape)
