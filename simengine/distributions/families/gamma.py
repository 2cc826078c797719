"""The gamma and inverse Gaussian distributions, whose quantiles need special functions or inversion."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from simengine.distributions.families.common import (
    POSITIVE_MEAN,
    SCALE,
    SD,
    collapsed,
    logit_score,
    normal_score,
    shape,
    smooth,
)
from simengine.distributions.family import Family, Form, Parameter, Point
from simengine.distributions.incomplete import gamma_above, gamma_at_above, gamma_at_below, gamma_below
from simengine.distributions.inversion import Inverse, solve
from simengine.distributions.marginal import Array, Marginal
from simengine.distributions.moments import gauss_legendre
from simengine.distributions.scores import below as normal_below
from simengine.distributions.scores import logit
from simengine.distributions.values import POSITIVE, SHAPE, brief
from simengine.errors import InvalidInput, Problem

_SMALL_SHAPE = 0.5
_SKEWED = 0.1
"""An inverse Gaussian whose shape is a smaller share of its mean has its logarithm tabulated."""
_KNOTS = 400
_FARTHEST = 75.0
"""Log-odds between which quantiles are looked for: deeper than any draw or truncation reaches."""
_ONWARDS = (0.0, math.inf)
_LOG_SHAPES = math.log(1e-8), math.log(1e8)


def gamma(shape: float, scale: float) -> Marginal:
    """Gamma distribution."""
    log_scale = math.log(scale)

    return smooth(
        "gamma",
        low=lambda q: scale * gamma_at_below(shape, q),
        high=lambda q: scale * gamma_at_above(shape, q),
        cdf=lambda x: gamma_below(shape, x / scale),
        sf=lambda x: gamma_above(shape, x / scale),
        support=_ONWARDS,
        moments=(shape * scale, shape * scale * scale),
        parameters={"shape": shape, "scale": scale},
        log=(
            lambda q: log_scale + log_gamma_quantile(shape, q, 1.0 - q),
            lambda q: log_scale + log_gamma_quantile(shape, 1.0 - q, q),
        ),
        positive_tail=shape < _SMALL_SHAPE,
    )


def log_gamma_quantile(shape: float, below: Array, above: Array) -> Array:
    """Logarithm of the standard gamma quantile, also where the quantile is less than any float64."""
    from scipy import special

    leading = (np.log(below) + special.gammaln(shape + 1)) / shape  # x**shape / Gamma(shape + 1) = below
    with np.errstate(all="ignore"):
        ordinary = np.log(np.where(below <= 0.5, gamma_at_below(shape, below), gamma_at_above(shape, above)))
    return np.asarray(np.where(leading < -80, leading, ordinary))


def inverse_gaussian(mean: float, shape: float) -> Marginal:
    """Inverse Gaussian (Wald) distribution."""
    ratio = shape / mean
    if not SHAPE.hold(ratio):
        reason = f"is {brief(float(f'{ratio:.6g}'))} times the mean, beyond the range in which quantiles are accurate"
        allowed = f"{brief(mean * SHAPE.low)} to {brief(mean * SHAPE.high)}"
        raise InvalidInput(Problem(reason, "shape", brief(shape), allowed))

    inverse = _inverse(ratio)

    def low(q: Array) -> Array:
        return mean * inverse(logit(q))

    def high(q: Array) -> Array:
        return mean * inverse(-logit(q))

    skewed = ratio < _SKEWED
    return smooth(
        "inverse-gaussian",
        low=low,
        high=high,
        cdf=lambda x: _tails(ratio, x / mean)[0],
        sf=lambda x: _tails(ratio, x / mean)[1],
        support=_ONWARDS,
        moments=(mean, mean * mean * (mean / shape)),
        parameters={"mean": mean, "shape": shape},
        log=(lambda q: np.log(low(q)), lambda q: np.log(high(q))),
        positive_tail=skewed,
        slow=True,
    )


def _inverse(ratio: float) -> Inverse:
    """From log-odds to the quantile of the inverse Gaussian of mean 1."""

    def log_odds(x: Array) -> Array:
        below, above = _tails(ratio, x)
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(below) - np.log(above))

    def knots() -> Array:
        start = end = 1.0
        while log_odds(np.array([start]))[0] > -_FARTHEST:
            start /= 1.0 + 4.0 / (1.0 + math.sqrt(ratio))
        while log_odds(np.array([end]))[0] < _FARTHEST:
            end *= 1.0 + 4.0 / (1.0 + math.sqrt(ratio))
        return np.geomspace(start, end, _KNOTS)

    return Inverse(log_odds, knots)


def _tails(ratio: float, x: Array) -> tuple[Array, Array]:
    """P(X < x) and P(X > x) of the inverse Gaussian of mean 1, each without cancellation.

    With a, b = sqrt(ratio / x) (x -+ 1) the reflected term exp(2 ratio) P(Z < -b) equals phi(a) R(b), where R is
    Mills' ratio; the upper tail is phi(a) times the integral of -R' from a to b.

    References
    ----------
    Giner and Smyth (2016), The R Journal 8: accurate probabilities of the inverse Gaussian.
    """
    from scipy import special

    x = np.clip(x, 1e-300, 1e300)
    root = np.sqrt(ratio / x)
    a, b = root * (x - 1.0), root * (x + 1.0)
    density = np.exp(-a * a / 2) / math.sqrt(2 * math.pi)
    reflected = density * math.sqrt(math.pi / 2) * special.erfcx(b / math.sqrt(2))
    below = normal_below(a) + reflected
    above = np.where(a < -1, normal_below(-a) - reflected, density * _mills_drop(np.maximum(a, -1), b))
    return np.where(x <= 1e-300, 0.0, np.clip(below, 0, 1)), np.where(x <= 1e-300, 1.0, np.clip(above, 0, 1))


def _mills_drop(a: Array, b: Array) -> Array:
    """R(a) - R(b) for -1 <= a < b, R Mills' ratio: by quadrature where the two are close."""
    from scipy import special

    factor, root = math.sqrt(math.pi / 2), math.sqrt(0.5)
    apart = factor * (special.erfcx(a * root) - special.erfcx(b * root))
    nodes, weights = gauss_legendre(12)
    half = (np.minimum(b, a + 1.0) - a)[..., None] / 2
    slope = _mills_slope(a[..., None] + half * (1 + nodes))
    near = np.sum(slope * weights * half, axis=-1)
    return np.asarray(np.where(b - a < 1.0, near, apart))


def _mills_slope(t: Array) -> Array:
    """1 - t R(t), which is -R'(t): directly, and by its continued fraction where that would cancel."""
    from scipy import special

    direct = 1.0 - t * math.sqrt(math.pi / 2) * special.erfcx(t * math.sqrt(0.5))
    safe = np.maximum(t, 1.0)
    fraction = np.zeros(t.shape)
    for k in range(60, 1, -1):
        fraction = k / (safe + fraction)
    inner = 1.0 / (safe + fraction)  # R = 1 / (t + inner)
    return np.where(t < 2.0, direct, inner / (safe + inner))


def _gamma_of_moments(mean: float, sd: float) -> Any:
    if sd == 0:
        return collapsed(mean, "sd")
    return {"shape": (mean / sd) ** 2, "scale": sd * (sd / mean)}


def _gamma_of_percentiles(points: tuple[Point, ...]) -> Any:
    """One unknown, the shape: the ratio of the two quantiles falls as it grows."""
    first, last = _outer(points, "gamma")
    wanted = math.log(last.value / first.value)

    def log_quantile(shape: float, p: Point) -> float:
        return float(log_gamma_quantile(shape, np.array(p.below), np.array(p.above)))

    def gap(log_shape: float) -> float:
        shape = math.exp(log_shape)
        return math.log(wanted) - math.log(log_quantile(shape, last) - log_quantile(shape, first))

    found = math.exp(_solved(solve(gap, *_LOG_SHAPES), first, "gamma"))
    return {"shape": found, "scale": math.exp(math.log(last.value) - log_quantile(found, last))}


def _inverse_gaussian_of_percentiles(points: tuple[Point, ...]) -> Any:
    """One unknown, shape / mean: the ratio of the two quantiles falls as it grows."""
    first, last = _outer(points, "inverse-gaussian")
    wanted = math.log(last.value / first.value)

    targets = np.array([logit_score(first), logit_score(last)])

    def gap(log_ratio: float) -> float:
        low, high = _inverse(math.exp(log_ratio))(targets)
        return math.log(wanted) - math.log(math.log(high / low))

    sigma = wanted / (normal_score(last) - normal_score(first))
    centre = -math.log(math.expm1(min(sigma * sigma, 40.0)))
    found = math.exp(_solved(solve(gap, centre - 12, centre + 12), first, "inverse-gaussian"))
    mean = last.value / float(_inverse(found)(targets)[1])
    return {"mean": mean, "shape": mean * found}


def _outer(points: tuple[Point, ...], family: str) -> tuple[Point, Point]:
    wrong = [p for p in points if p.value <= 0]
    if wrong:
        reason = f"must be positive, as all values of the {family} distribution are"
        hint = "add shift = to move the distribution"
        raise InvalidInput([Problem(reason, p.key, brief(p.value), "> 0", hint) for p in wrong])
    return points[0], points[-1]


def _solved(root: float | None, point: Point, family: str) -> float:
    if root is None:
        reason = f"no {family} distribution with shapes in the range of accuracy has these percentiles"
        hint = 'dist = "lognormal" or "metalog" may have them'
        raise InvalidInput(Problem(reason, point.key, brief(point.value), hint=hint))
    return root


def _inverse_gaussian_of_moments(mean: float, sd: float) -> Any:
    return {"mean": mean, "shape": mean * (mean / sd) ** 2} if sd else collapsed(mean, "sd")


ROWS = (
    Family(
        "gamma",
        "a sum of waiting times: positive, leaning to the right, with a lighter tail than the lognormal",
        gamma,
        (
            Form((shape("shape", "shape: 1 is the exponential"), SCALE)),
            Form(
                (shape("shape", "shape: 1 is the exponential"), Parameter("rate", "1 / scale", POSITIVE)),
                lambda shape, rate: {"shape": shape, "scale": 1.0 / rate},
            ),
            Form((POSITIVE_MEAN, SD), _gamma_of_moments),
            Form(convert=_gamma_of_percentiles, percentiles=(2, 3), doc="two percentiles, or three that agree"),
        ),
        '{ dist = "gamma", mean = 10, sd = 4 }',
        "Johnson, Kotz and Balakrishnan (1994), Continuous Univariate Distributions 1, chapter 17",
    ),
    Family(
        "inverse-gaussian",
        "time for a drifting random walk to reach a level: positive, leaning to the right",
        inverse_gaussian,
        (
            Form((POSITIVE_MEAN, Parameter("shape", "shape (lambda)", POSITIVE, aliases=("lambda",)))),
            Form((POSITIVE_MEAN, SD), _inverse_gaussian_of_moments),
            Form(
                convert=_inverse_gaussian_of_percentiles,
                percentiles=(2, 3),
                doc="two percentiles, or three that agree",
            ),
        ),
        '{ dist = "inverse-gaussian", mean = 3, shape = 8 }',
        "Giner and Smyth (2016), The R Journal 8; Chhikara and Folks (1989), The Inverse Gaussian Distribution",
    ),
)
