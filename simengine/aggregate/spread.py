"""The standard error of a mean over independent parts of a run, from how far the parts differ."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

Z95 = 1.959963984540054


def spread_error(parts: Array, sizes: Array) -> Array:
    """The standard error of the pooled mean of parts (batches, ...), of batches of these sizes: shape (...).

    Wide enough that 1.96 of it on either side is a 95 % interval: it contains Student's factor for the number of
    batches.  NaN for one batch.
    """
    weights = sizes / sizes.sum()
    effective = 1.0 / float((weights**2).sum())
    if len(parts) < 2:
        return np.full(parts.shape[1:], math.nan)
    across = weights.reshape(-1, *([1] * (parts.ndim - 1)))
    with np.errstate(all="ignore"):  # beyond float64 an error is unknown or infinite
        gaps = parts - (across * parts).sum(axis=0)
        spread = (across**2 * gaps**2).sum(axis=0)
    return np.asarray(np.sqrt(spread * effective / (effective - 1.0)) * interval_factor(effective - 1.0))


def interval_factor(freedom: float) -> float:
    """Student's 97.5 % point over the normal one: what makes 1.96 standard errors a 95 % interval.

    By the expansion of Cornish and Fisher, to 0.1 % for 3 degrees of freedom and more, exact for 1 and 2.
    """
    if freedom < 1.5:
        return math.tan(math.pi * 0.475) / Z95
    if freedom < 2.5:
        return 4.302652729911275 / Z95
    z, v = Z95, freedom
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return (z + sum(term / v ** (k + 1) for k, term in enumerate(terms))) / z
