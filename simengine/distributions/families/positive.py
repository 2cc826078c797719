"""Families of positive values whose quantiles are elementary functions."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from simengine.distributions.families.common import (
    POSITIVE_MEAN,
    SCALE,
    SD,
    collapsed,
    exponential_score,
    line,
    logit_score,
    normal_score,
    shape,
    smooth,
    undefined,
)
from simengine.distributions.families.positive_moments import (
    loglogistic_moments,
    weibull_moments,
    weibull_shape,
)
from simengine.distributions.family import Family, Form, Parameter, Point
from simengine.distributions.inversion import solve
from simengine.distributions.marginal import Array, Marginal
from simengine.distributions.scores import below, expit, logit, score, scores
from simengine.distributions.transform import affine
from simengine.distributions.values import NOT_NEGATIVE, POSITIVE, Bounds, brief
from simengine.errors import InvalidInput, Problem

_WIDE_SIGMA = 1.5
_HEAVY = 1.0
_LARGEST_LOG = 709.7
_SMALL_SHAPE = 0.5
_ODD_RATIO = math.log(1e6)
"""A lognormal whose P99 is a million times its median is rarely meant."""
_SPAN_99 = score(0.99)
_SPAN_80 = 2 * score(0.9)
_SETTLE = "expect the mean of the outcomes not to settle; read the percentiles, or truncate"
_ONWARDS = (0.0, math.inf)


def lognormal(mu: float, sigma: float, offset: float = 0.0) -> Marginal:
    """Lognormal distribution; ``offset`` moves it where three percentiles ask for that."""
    if sigma == 0:
        if mu > _LARGEST_LOG:
            reason = "is the logarithm of a number beyond the largest, 1.8e308"
            raise InvalidInput(Problem(reason, "mu", brief(mu), f"<= {brief(_LARGEST_LOG)}"))
        return collapsed(offset + math.exp(mu), "sigma")
    odd = sigma * _SPAN_99 > _ODD_RATIO
    hint = "mu and sigma describe the logarithm; for the mean and sd of the values write mean = and sd ="
    reason = "P99 is more than a million times the median"
    note = Problem(reason, "sigma", brief(float(f"{sigma:.6g}")), hint=hint, severity="warning")
    variance = math.expm1(sigma * sigma) * _exp(2 * mu + sigma * sigma) if sigma < 18 else math.nan
    near = abs(mu) < 700 and sigma < 20  # the median is a float64, and values are reckoned relative to it
    median = math.exp(mu) if near else 1.0
    rest = 0.0 if near else mu

    base = smooth(
        "lognormal",
        low=lambda q: median * np.exp(rest + sigma * scores(q)),
        high=lambda q: median * np.exp(rest - sigma * scores(q)),
        cdf=lambda x: below((_log_ratio(x, median) - rest) / sigma),
        sf=lambda x: below((rest - _log_ratio(x, median)) / sigma),
        support=_ONWARDS,
        moments=(_exp(mu + sigma * sigma / 2), variance),
        parameters={"mu": mu, "sigma": sigma},
        log=(lambda q: mu + sigma * scores(q), lambda q: mu - sigma * scores(q)),
        positive_tail=sigma > _WIDE_SIGMA,
        notes=(note,) if odd else (),
    )
    return affine(base, offset, parameters={**base.parameters, "offset": offset}) if offset else base


def exponential(rate: float) -> Marginal:
    """Exponential distribution."""
    mean = 1.0 / rate
    return smooth(
        "exponential",
        low=lambda q: -np.log1p(-q) * mean,
        high=lambda q: -np.log(q) * mean,
        cdf=lambda x: -np.expm1(-np.maximum(x, 0) / mean),
        sf=lambda x: np.exp(-np.maximum(x, 0) / mean),
        support=_ONWARDS,
        moments=(mean, mean * mean),
        parameters={"rate": rate},
    )


def weibull(shape: float, scale: float) -> Marginal:
    """Weibull distribution."""
    log_scale = math.log(scale)
    return smooth(
        "weibull",
        low=lambda q: scale * (-np.log1p(-q)) ** (1 / shape),
        high=lambda q: scale * (-np.log(q)) ** (1 / shape),
        cdf=lambda x: -np.expm1(-((np.maximum(x, 0) / scale) ** shape)),
        sf=lambda x: np.exp(-((np.maximum(x, 0) / scale) ** shape)),
        support=_ONWARDS,
        moments=weibull_moments(shape, scale),
        parameters={"shape": shape, "scale": scale},
        log=(
            lambda q: log_scale + np.log(-np.log1p(-q)) / shape,
            lambda q: log_scale + np.log(-np.log(q)) / shape,
        ),
        positive_tail=shape < _SMALL_SHAPE,
    )


def pareto(alpha: float, min: float) -> Marginal:
    """Pareto distribution of the first kind, from ``min`` upwards."""

    def excess(x: Array) -> Array:
        """alpha * log(x / min), accurate near min."""
        return alpha * np.log1p(np.maximum(x - min, 0) / min)

    log_min = math.log(min)
    mean = alpha * min / (alpha - 1) if alpha > 1 else math.nan
    variance = (min / (alpha - 1)) ** 2 * alpha / (alpha - 2) if alpha > 2 else math.nan
    return smooth(
        "pareto",
        low=lambda q: min + min * np.expm1(-np.log1p(-q) / alpha),
        high=lambda q: min + min * np.expm1(-np.log(q) / alpha),
        cdf=lambda x: -np.expm1(-excess(x)),
        sf=lambda x: np.exp(-excess(x)),
        support=(min, math.inf),
        moments=(mean, variance),
        parameters={"alpha": alpha, "min": min},
        log=(lambda q: log_min - np.log1p(-q) / alpha, lambda q: log_min - np.log(q) / alpha),
        positive_tail=alpha < _HEAVY,
        notes=(undefined("the mean", "alpha", alpha, _SETTLE),) if alpha <= 1 else (),
    )


def loglogistic(median: float, shape: float) -> Marginal:
    """Loglogistic (Fisk) distribution."""
    log_median = math.log(median)
    return smooth(
        "loglogistic",
        low=lambda q: median * np.exp(logit(q) / shape),
        high=lambda q: median * np.exp(-logit(q) / shape),
        cdf=lambda x: expit(shape * _log_ratio(x, median)),
        sf=lambda x: expit(-shape * _log_ratio(x, median)),
        support=_ONWARDS,
        moments=loglogistic_moments(median, shape),
        parameters={"median": median, "shape": shape},
        log=(lambda q: log_median + logit(q) / shape, lambda q: log_median - logit(q) / shape),
        positive_tail=shape < _HEAVY,
        notes=(undefined("the mean", "shape", shape, _SETTLE),) if shape <= 1 else (),
    )


def _log_ratio(x: Array, reference: float) -> Array:
    """log(x / reference), accurate where x is near the reference; minus infinity for x not above 0."""
    x = np.maximum(x, 0)
    excess = (x - reference) / reference
    return np.where(np.abs(excess) < 0.5, np.log1p(excess), np.log(x / reference))


def _exp(x: float) -> float:
    return math.exp(x) if x <= _LARGEST_LOG else math.nan


def _positive(points: tuple[Point, ...], family: str) -> None:
    """Checks that all percentiles are positive."""
    hint = "give three percentiles, or add shift = to move the distribution"
    wrong = [p for p in points if p.value <= 0]
    if wrong:
        reason = f"must be positive, as all values of the {family} distribution are"
        raise InvalidInput([Problem(reason, p.key, brief(p.value), "> 0", hint) for p in wrong])


def _lognormal_of_moments(mean: float, sd: float) -> Any:
    if sd == 0:
        return collapsed(mean, "sd")
    sigma = math.sqrt(math.log1p((sd / mean) ** 2))
    return {"mu": math.log(mean) - sigma * sigma / 2, "sigma": sigma}


def _lognormal_of_percentiles(points: tuple[Point, ...]) -> Any:
    if len(points) == 3:
        return _lognormal_of_three(points)
    _positive(points, "lognormal")
    mu, sigma = line(points, normal_score, log=True)
    return {"mu": mu, "sigma": sigma}


def _lognormal_of_three(points: tuple[Point, ...]) -> Any:
    """A lognormal moved by an offset: one unknown, sigma, set by the ratio of the two distances."""
    low, middle, high = points
    z1, z2, z3 = (normal_score(p) for p in points)
    wanted = math.log((high.value - middle.value) / (middle.value - low.value))

    def log_ratio(log_sigma: float) -> float:
        s = math.exp(log_sigma)
        upper, lower = math.expm1(s * (z3 - z2)), -math.expm1(s * (z1 - z2))
        return math.log(upper) - math.log(lower)

    log_sigma = solve(lambda at: log_ratio(at) - wanted, math.log(1e-5), math.log(20.0))
    if log_sigma is None:
        middling = low.value + (high.value - low.value) * (z2 - z1) / (z3 - z1)
        reason = "no lognormal distribution has these percentiles: they do not lean to the right"
        hint = 'dist = "metalog" passes through any percentiles; for "normal" two are enough'
        allowed = f"< {brief(float(f'{middling:.6g}'))}, between its neighbours"
        raise InvalidInput(Problem(reason, middle.key, brief(middle.value), allowed, hint))
    sigma = math.exp(log_sigma)
    median = (high.value - low.value) / (math.expm1(sigma * (z3 - z2)) - math.expm1(sigma * (z1 - z2)))
    median *= math.exp(-sigma * z2)
    offset = middle.value - median * math.exp(sigma * z2)
    if abs(offset) < 1e-9 * abs(middle.value):
        offset = 0.0
    return {"mu": math.log(median), "sigma": sigma, "offset": offset}


def _lognormal_of_ratio(ratio: float, median: float) -> Any:
    return {"mu": math.log(median), "sigma": math.log(ratio) / _SPAN_80}


def _lognormal_of_mean_ratio(ratio: float, mean: float) -> Any:
    sigma = math.log(ratio) / _SPAN_80
    return {"mu": math.log(mean) - sigma * sigma / 2, "sigma": sigma}


def _exponential_of_percentile(points: tuple[Point, ...]) -> Any:
    _positive(points, "exponential")
    return {"rate": exponential_score(points[0]) / points[0].value}


def _weibull_of_moments(mean: float, sd: float) -> Any:
    if sd == 0:
        return collapsed(mean, "sd")
    found = weibull_shape(sd / mean)
    return {"shape": found, "scale": mean / weibull_moments(found, 1.0)[0]}


def _weibull_of_percentiles(points: tuple[Point, ...]) -> Any:
    _positive(points, "weibull")
    intercept, slope = line(points, lambda p: math.log(exponential_score(p)), log=True)
    return {"shape": 1.0 / slope, "scale": math.exp(intercept)}


def _pareto_of_percentiles(points: tuple[Point, ...]) -> Any:
    _positive(points, "pareto")
    intercept, slope = line(points, exponential_score, log=True)
    return {"alpha": 1.0 / slope, "min": math.exp(intercept)}


def _pareto_of_minimum(points: tuple[Point, ...], min: float) -> Any:
    point = points[0]
    if point.value <= min:
        raise InvalidInput(Problem("is not above min", point.key, brief(point.value), f"> {brief(min)}"))
    return {"alpha": exponential_score(point) / math.log(point.value / min), "min": min}


def _loglogistic_of_percentiles(points: tuple[Point, ...]) -> Any:
    _positive(points, "loglogistic")
    intercept, slope = line(points, logit_score, log=True)
    return {"median": math.exp(intercept), "shape": 1.0 / slope}


_MEDIAN = Parameter("median", "median: half of the values lie below", POSITIVE)
_RATIO = Parameter("ratio", "P90 divided by P10", Bounds(low=1, low_open=True))
_SIGMA = Parameter("sigma", "standard deviation of the logarithm", NOT_NEGATIVE)
_SMALLEST = Parameter("min", "smallest value", POSITIVE, aliases=("xm",))
_TWO = "two percentiles, or three that agree"
_JOHNSON = "Johnson, Kotz and Balakrishnan (1994), Continuous Univariate Distributions 1, chapter"

ROWS = (
    Family(
        "lognormal",
        "products of many small influences: positive, leaning to the right",
        lognormal,
        (
            Form((Parameter("mu", "mean of the logarithm"), _SIGMA)),
            Form((POSITIVE_MEAN, SD), _lognormal_of_moments, doc="mean and sd of the values themselves"),
            Form((_MEDIAN, _SIGMA), lambda median, sigma: {"mu": math.log(median), "sigma": sigma}),
            Form((_MEDIAN, _RATIO), lambda median, ratio: _lognormal_of_ratio(ratio, median)),
            Form((POSITIVE_MEAN, _RATIO), lambda mean, ratio: _lognormal_of_mean_ratio(ratio, mean)),
            Form(
                convert=_lognormal_of_percentiles,
                percentiles=(2, 3),
                doc="two percentiles; three make a lognormal that starts at a value other than 0",
            ),
        ),
        '{ dist = "lognormal", p10 = 620, p90 = 1600 }',
        f"{_JOHNSON} 14",
    ),
    Family(
        "exponential",
        "waiting time until an event that strikes at a constant rate",
        exponential,
        (
            Form((Parameter("rate", "events in a unit of time", POSITIVE),)),
            Form((POSITIVE_MEAN,), lambda mean: {"rate": 1.0 / mean}),
            Form(convert=_exponential_of_percentile, percentiles=(1, 1), doc="one percentile"),
        ),
        '{ dist = "exponential", mean = 4 }',
        f"{_JOHNSON} 19",
    ),
    Family(
        "weibull",
        "waiting time at a rate that rises (shape above 1) or falls (below 1)",
        weibull,
        (
            Form((shape("shape", "shape: above 1 the rate of failure rises"), SCALE)),
            Form((POSITIVE_MEAN, SD), _weibull_of_moments),
            Form(convert=_weibull_of_percentiles, percentiles=(2, 3), doc=_TWO),
        ),
        '{ dist = "weibull", shape = 1.8, scale = 12 }',
        f"{_JOHNSON} 21",
    ),
    Family(
        "pareto",
        "a power law from a smallest value upwards: few values are very large",
        pareto,
        (
            Form(
                (
                    shape("alpha", "tail index: the smaller, the heavier; the mean needs more than 1"),
                    _SMALLEST,
                )
            ),
            Form((replace(_SMALLEST, aliases=("xm",)),), _pareto_of_minimum, (1, 1), "min and one percentile"),
            Form(convert=_pareto_of_percentiles, percentiles=(2, 3), doc=_TWO),
        ),
        '{ dist = "pareto", alpha = 2.5, min = 10 }',
        f"{_JOHNSON} 20",
    ),
    Family(
        "loglogistic",
        "like the lognormal with a heavier tail",
        loglogistic,
        (
            Form((replace(_MEDIAN, aliases=("scale",)), shape("shape", "shape: the tail index"))),
            Form(convert=_loglogistic_of_percentiles, percentiles=(2, 3), doc=_TWO),
        ),
        '{ dist = "loglogistic", median = 20, shape = 3 }',
        "Johnson, Kotz and Balakrishnan (1995), Continuous Univariate Distributions 2, chapter 23",
    ),
)
