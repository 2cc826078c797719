"""How few trials decide a sum, and what that does to the standard error of it.

A mean of n values y has a 95 % interval of 1.96 standard errors on either side only if its error is nearly normal.
With g = skewness(y)**2 / n the interval has to be about (1 + 1.1 g) times as wide (Hall's expansion of the coverage
of Student's t).  g has a plain meaning: if k of the n trials were alike and all others did nothing, g would be 1 / k.
So 1 / g counts the trials that decide the sum.  Where they are too few, their spread is no measure of the error: the
trial that would matter most has not been drawn yet.  Then the error is unknown, and said to be.

References: P. Hall, "Theoretical comparison of bootstrap confidence intervals", Annals of Statistics 16, 1988.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.grid import Grid

FEWEST_FOR_MEAN = 8.0
"""Deciding trials from which the error of a mean is told."""
FEWEST_FOR_STD = 40.0
"""The same for a standard deviation: squares have the heavier tail, and their skewness is itself seen too small."""
FEW_SQUARES = 0.004
"""g of squares above which replicates are not believed to have a smaller error than independent draws."""
WIDENING = 1.1
"""Hall's expansion at 95 %: how much wider an interval has to be for each unit of g."""
STD_WIDENING = 5.0
"""The same for a standard deviation, as measured: the seen skewness of squares is a small part of the true one."""
REPLICATE_WIDENING = 3.0
"""The same for means of replicates: 32 of them show less of their skewness than they have."""

_ROUNDING = 1e-13

Array = NDArray[np.float64]


def skewness_factor(concentration: float, fewest: float, widening: float = WIDENING) -> float:
    """By how much a standard error grows for g = ``concentration``; NaN where fewer than ``fewest`` trials decide."""
    return 1.0 + widening * concentration if concentration * fewest <= 1.0 else math.nan


def concentration_of(first: Array, second: Array, third: Array, trials: float) -> Array:
    """g from sums (...) of the first three powers of values about any point near their mean; 0 without spread."""
    with np.errstate(all="ignore"):
        d1, d2, d3 = first / trials, second / trials, third / trials
        variance = d2 - d1 * d1
        found = (d3 - 3.0 * d1 * d2 + 2.0 * d1**3) ** 2 / variance**3 / trials
    return np.where(variance <= _ROUNDING * d2, 0.0, found)


def values_concentration(values: Array) -> float:
    """g of values (trials,); 0 without spread."""
    about = values - values.mean()
    square = about * about
    found = concentration_of(about.sum(), square.sum(), (square * about).sum(), len(values))
    rounding = square.sum() <= (_ROUNDING * np.abs(values).max()) ** 2 * len(values)
    return 0.0 if rounding else float(found)


def skewness_factors(concentrations: Array, fewest: float, widening: float = WIDENING) -> Array:
    """:func:`skewness_factor` of each concentration (...)."""
    with np.errstate(invalid="ignore"):
        return np.where(concentrations * fewest <= 1.0, 1.0 + widening * concentrations, math.nan)


def square_concentration(
    counts: NDArray[np.int64], grid: Grid, outcome: int, mean: float, m2: float, m4: float, low: float, high: float
) -> float:
    """g of the squares (x - mean)**2, which decide the error of a standard deviation.

    Their third moment is read from the histogram, to about a thousandth.  What lies in the two outermost bins, which
    have no end, adds its part of the fourth moment times the largest square: an upper bound.  ``m2`` and ``m4`` are
    central moments; the result is NaN where they leave the range of float64.
    """
    n = float(counts.sum())
    edges = grid.edges(outcome)
    with np.errstate(all="ignore"):
        middle = (edges[1:-2] + edges[2:-1]) / 2.0 - mean
        square = middle * middle / m2
        weighted = counts[1:-1] * (square * square)  # summed without BLAS: its threads cost more than all of this
        shape = m4 / m2**2
        fourth, sixth = float(weighted.sum()) / n, float((weighted * square).sum()) / n
        largest = max(high - mean, mean - low) ** 2 / m2
        if counts[0] or counts[-1]:
            sixth += max(shape - fourth, 0.0) * largest
        third = sixth - 3.0 * shape + 2.0
        return float(third * third / (shape - 1.0) ** 3 / n) if shape > 1.0 else 0.0
