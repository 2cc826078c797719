"""Moments of the Weibull and loglogistic distributions that keep their digits at large shapes."""

from __future__ import annotations

import math

from simengine.distributions.inversion import solve
from simengine.errors import InvalidInput, Problem

_ZETA = (
    1.6449340668482264,
    1.2020569031595942,
    1.0823232337111382,
    1.0369277551433699,
    1.0173430619844491,
    1.0083492773819228,
    1.0040773561979443,
    1.0020083928260822,
)
"""The zeta function at 2, 3, ..., 9."""


def weibull_moments(shape: float, scale: float) -> tuple[float, float]:
    """Mean and variance; NaN where they exceed float64."""
    e = 1.0 / shape
    if 1 + 2 * e > 170:
        mean = scale * math.gamma(1 + e) if 1 + e < 170 else math.nan
        return mean, math.nan
    mean = scale * math.gamma(1 + e)
    return mean, mean * mean * math.expm1(_log_spread(e))


def weibull_shape(ratio: float) -> float:
    """The shape at which sd / mean is ``ratio``.

    Raises
    ------
    InvalidInput
        If no shape within the range of accuracy has it.
    """
    wanted = math.log1p(ratio * ratio) if 1e-150 < ratio < 1e150 else math.nan

    def gap(log_e: float) -> float:
        return math.log(_log_spread(math.exp(log_e)) / wanted)

    log_e = solve(gap, math.log(1e-8), math.log(50.0))
    if log_e is None:
        raise InvalidInput(Problem("no weibull distribution has this mean and sd", "sd"))
    return math.exp(-log_e)


def loglogistic_moments(median: float, shape: float) -> tuple[float, float]:
    """Mean (shape above 1) and variance (shape above 2), else NaN."""
    t = math.pi / shape
    if shape <= 1:
        return math.nan, math.nan
    mean = median * t / math.sin(t)
    if shape <= 2:
        return mean, math.nan
    if t < 0.05:
        square = t * t
        relative = square / 3 + square**2 * (88 / 360 + square * (1824 / 15120 + square * 31616 / 604800))
    else:
        relative = 2 * t / math.sin(2 * t) - (t / math.sin(t)) ** 2
    return mean, median * median * relative


def _log_spread(e: float) -> float:
    """log Gamma(1 + 2e) - 2 log Gamma(1 + e), by its series where the terms nearly cancel."""
    if e > 0.02:
        return math.lgamma(1 + 2 * e) - 2 * math.lgamma(1 + e)
    return math.fsum((-e) ** n * zeta / n * (2.0**n - 2) for n, zeta in enumerate(_ZETA, start=2))
