"""Families between a smallest and a largest value: triangular, PERT and beta."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from simengine.distributions.families.beta_fit import fit_beta
from simengine.distributions.families.common import MAX, MEAN, MIN, SD, collapsed, shape, smooth
from simengine.distributions.family import Family, Form, Parameter, Point
from simengine.distributions.incomplete import beta_at_above, beta_at_below, beta_below
from simengine.distributions.inversion import solve
from simengine.distributions.marginal import Array, Marginal
from simengine.distributions.values import SHAPE, brief
from simengine.errors import InvalidInput, Problem

_STEEP = 0.5
"""A beta with a smaller shape at 0 spans so many magnitudes that its logarithm is tabulated."""
_SLACK = 1e-9
"""Percentiles of a distribution whose mode is a limit are recognised in spite of rounding."""
Quantile = Callable[[float, float], float]
"""Standard quantile on [0, 1] at (relative mode, probability)."""


def triangular(min: float, mode: float, max: float) -> Marginal:
    """Triangular distribution."""
    if same := _three_points(min, mode, max):
        return same
    width, peak = max - min, (mode - min) / (max - min)

    def quantile(q: Array, at: float, origin: float, sign: float) -> Array:
        rising = origin + sign * width * np.sqrt(q * at)
        far = np.sqrt((1.0 - q) * (1.0 - at))
        falling = origin + sign * width * ((q + at - q * at) / (1.0 + far))  # 1 - far, without cancellation
        return np.where(q <= at, rising, falling)

    def tail(t: Array, s: Array, at: float) -> Array:
        """Probability beyond: t is the relative distance from that end, s from the other."""
        t, s = np.clip(t, 0, 1), np.clip(s, 0, 1)
        rising = t * t / at if at else np.zeros(t.shape)
        return np.where(t <= at, rising, (t * (1.0 + s) - at) / (1.0 - at) if at < 1 else 1.0)

    return smooth(
        "triangular",
        low=lambda q: quantile(q, peak, min, 1.0),
        high=lambda q: quantile(q, 1.0 - peak, max, -1.0),
        cdf=lambda x: tail((x - min) / width, (max - x) / width, peak),
        sf=lambda x: tail((max - x) / width, (x - min) / width, 1.0 - peak),
        support=(min, max),
        moments=(min + width * (1.0 + peak) / 3, width * width * (1.0 - peak + peak * peak) / 18),
        parameters={"min": min, "mode": mode, "max": max},
        kinks=(peak,) if 0 < peak < 1 else (),
    )


def pert(min: float, mode: float, max: float, shape: float = 4.0) -> Marginal:
    """PERT distribution: a beta with the given mode, ``shape`` its weight against the limits."""
    if same := _three_points(min, mode, max):
        return same
    peak = (mode - min) / (max - min)
    base = beta(1.0 + shape * peak, 1.0 + shape * (1.0 - peak), min, max)
    return replace(base, family="pert", parameters={"min": min, "mode": mode, "max": max, "shape": shape})


def beta(alpha: float, beta: float, min: float = 0.0, max: float = 1.0) -> Marginal:
    """Beta distribution on [min, max]."""
    if not min < max:
        raise InvalidInput(Problem("is not below max", "min", brief(min), f"< {brief(max)}"))
    width = max - min
    total = alpha + beta

    def place(near: Array, far: Array) -> Array:
        """The value at relative distances from min and from max, exact near either."""
        return np.where(near <= 0.5, min + width * near, max - width * far)

    def at_low(q: Array) -> Array:
        return place(*beta_at_below(alpha, beta, q))

    def at_high(q: Array) -> Array:
        return place(*beta_at_above(alpha, beta, q))

    def log_low(q: Array) -> Array:
        return math.log(max) + _log_fraction(alpha, beta, q, 1.0 - q)

    def log_high(q: Array) -> Array:
        return math.log(max) + _log_fraction(alpha, beta, 1.0 - q, q)

    steep = min == 0 and alpha < _STEEP
    return smooth(
        "beta",
        low=at_low,
        high=at_high,
        cdf=lambda x: beta_below(alpha, beta, (x - min) / width, (max - x) / width),
        sf=lambda x: beta_below(beta, alpha, (max - x) / width, (x - min) / width),
        support=(min, max),
        moments=(
            min + width * (alpha / total),
            width * width * (alpha / total) * (beta / total) / (total + 1),
        ),
        parameters={"alpha": alpha, "beta": beta, "min": min, "max": max},
        log=(log_low, log_high) if steep else None,
        positive_tail=steep,
    )


def _log_fraction(a: float, b: float, below: Array, above: Array) -> Array:
    """Logarithm of the standard beta quantile, also where the quantile itself is less than any float64."""
    from scipy import special

    leading = (np.log(below) + math.log(a) + special.betaln(a, b)) / a  # x**a / (a B(a, b)) = below
    lower = below <= 0.5
    from_low, from_high = beta_at_below(a, b, below), beta_at_above(a, b, above)
    near, far = (np.where(lower, one, other) for one, other in zip(from_low, from_high, strict=True))
    ordinary = np.where(near <= 0.5, np.log(near), np.log1p(-far))
    return np.asarray(np.where(leading < -80, leading, ordinary))


def _three_points(min: float, mode: float, max: float) -> Marginal | None:
    """Checks of a smallest, most likely and largest value; the constant where all are one."""
    if min == mode == max:
        return collapsed(mode, "mode")
    problems = []
    if min > max:
        problems.append(Problem("is above max", "min", brief(min), f"< {brief(max)}", "exchange min and max"))
    elif not min <= mode <= max:
        allowed = f"{brief(min)} to {brief(max)}"
        problems.append(Problem("lies outside min and max", "mode", brief(mode), allowed))
    if problems:
        raise InvalidInput(problems)
    return None


def _beta_of_moments(mean: float, sd: float, min: float, max: float) -> Any:
    if not min < max:
        raise InvalidInput(Problem("is not below max", "min", brief(min), f"< {brief(max)}"))
    if not min < mean < max:
        hint = f"did you mean {brief(mean / 100)}?" if (min, max) == (0, 1) and 2 <= mean < 100 else None
        raise InvalidInput(
            Problem(
                "lies outside min and max",
                "mean",
                brief(mean),
                f"between {brief(min)} and {brief(max)}",
                hint,
            )
        )
    if sd == 0:
        return collapsed(mean, "sd")
    near, far, spread = (mean - min) / (max - min), (max - mean) / (max - min), sd / (max - min)
    most = math.sqrt(near * far) * (max - min)
    if not sd < most:
        reason = "is more than a distribution with this mean between min and max can have"
        raise InvalidInput(Problem(reason, "sd", brief(sd), f"< {brief(most)}"))
    weight = near * far / (spread * spread) - 1.0
    return {"alpha": near * weight, "beta": far * weight, "min": min, "max": max}


def _beta_of_percentiles(points: tuple[Point, ...], min: float, max: float) -> Any:
    outside = [p for p in points if not min < p.value < max]
    if outside:
        allowed = f"between {brief(min)} and {brief(max)}"
        raise InvalidInput([Problem("lies outside min and max", p.key, brief(p.value), allowed) for p in outside])
    scaled = [((p.value - min) / (max - min), (max - p.value) / (max - min), p) for p in (points[0], points[-1])]
    alpha, second = fit_beta(scaled)
    return {"alpha": alpha, "beta": second, "min": min, "max": max}


def _triangular_quantile(peak: float, p: float) -> float:
    return math.sqrt(p * peak) if p <= peak else 1.0 - math.sqrt((1.0 - p) * (1.0 - peak))


def _pert_quantile(weight: float) -> Quantile:
    from scipy import special

    def quantile(peak: float, p: float) -> float:
        return float(special.betaincinv(1.0 + weight * peak, 1.0 + weight * (1.0 - peak), p))

    return quantile


def _of_mode(quantile: Quantile, points: tuple[Point, ...], mode: float) -> dict[str, float]:
    """Limits from two percentiles and the mode: one unknown, the relative position of the mode."""
    low, high = points[0], points[-1]
    wanted = (mode - low.value) / (high.value - low.value)

    def gap(peak: float) -> float:
        q1, q2 = quantile(peak, low.below), quantile(peak, high.below)
        return (peak - q1) / (q2 - q1) - wanted

    peak = solve(gap, 0.0, 1.0, _SLACK)
    if peak is None:
        ends = [low.value + (gap(end) + wanted) * (high.value - low.value) for end in (0.0, 1.0)]
        reason = "lies too far outside the percentiles for any such distribution"
        allowed = f"{brief(float(f'{ends[0]:.6g}'))} to {brief(float(f'{ends[1]:.6g}'))}"
        raise InvalidInput(Problem(reason, "mode", brief(mode), allowed))
    return _limits(quantile, points, peak)


def _of_three(quantile: Quantile, points: tuple[Point, ...], family: str) -> dict[str, float]:
    """Limits and mode from three percentiles: one unknown, set by the ratio of the two distances."""
    low, middle, high = points
    wanted = (middle.value - low.value) / (high.value - low.value)

    def ratio(peak: float) -> float:
        q1, q2, q3 = (quantile(peak, p.below) for p in points)
        return (q2 - q1) / (q3 - q1)

    peak = solve(lambda at: ratio(at) - wanted, 0.0, 1.0, _SLACK)
    if peak is None:
        ends = [low.value + ratio(end) * (high.value - low.value) for end in (0.0, 1.0)]
        closest = ends[0] if wanted < ratio(0.0) else ends[1]
        reached = brief(float(f"{closest:.6g}"))
        reason = f"no {family} distribution has these percentiles; the closest has {reached} here"
        allowed = f"{brief(float(f'{ends[0]:.6g}'))} to {brief(float(f'{ends[1]:.6g}'))}"
        hint = 'dist = "metalog" passes through any percentiles'
        raise InvalidInput(Problem(reason, middle.key, brief(middle.value), allowed, hint))
    return _limits(quantile, points, peak)


def _limits(quantile: Quantile, points: tuple[Point, ...], peak: float) -> dict[str, float]:
    low, high = points[0], points[-1]
    q1, q2 = quantile(peak, low.below), quantile(peak, high.below)
    width = (high.value - low.value) / (q2 - q1)
    least = low.value - width * q1
    return {"min": least, "mode": least + width * peak, "max": least + width}


def _triangular_of_mode(points: tuple[Point, ...], mode: float) -> Any:
    return _of_mode(_triangular_quantile, points, mode)


def _triangular_of_three(points: tuple[Point, ...]) -> Any:
    return _of_three(_triangular_quantile, points, "triangular")


def _pert_of_mode(points: tuple[Point, ...], mode: float, shape: float) -> Any:
    return {**_of_mode(_pert_quantile(shape), points, mode), "shape": shape}


def _pert_of_three(points: tuple[Point, ...], shape: float) -> Any:
    return {**_of_three(_pert_quantile(shape), points, "PERT"), "shape": shape}


_MODE = Parameter("mode", "most likely value")
_WEIGHT = shape(
    "shape",
    "weight of the mode against the limits; 4 is the usual PERT",
    required=False,
    default=4.0,
    aliases=("lambda",),
)
_ALPHA = Parameter("alpha", "first shape: weight near max", SHAPE)
_BETA = Parameter("beta", "second shape: weight near min", SHAPE)
_LOW = replace(MIN, required=False, default=0.0)
_HIGH = replace(MAX, required=False, default=1.0)
_WITH_MODE = "two percentiles and the mode; the limits follow"
_THREE = "three percentiles; the limits and the mode follow"

ROWS = (
    Family(
        "triangular",
        "smallest, most likely and largest value, joined by straight lines",
        triangular,
        (
            Form((MIN, _MODE, MAX)),
            Form((_MODE,), _triangular_of_mode, (2, 2), _WITH_MODE),
            Form(convert=_triangular_of_three, percentiles=(3, 3), doc=_THREE),
        ),
        '{ dist = "triangular", min = 0.02, mode = 0.05, max = 0.15 }',
        "Kotz and van Dorp (2004), Beyond Beta, chapter 1",
    ),
    Family(
        "pert",
        "smallest, most likely and largest value, joined by a smooth curve that trusts the mode more",
        pert,
        (
            Form((MIN, _MODE, MAX, _WEIGHT)),
            Form((_MODE, _WEIGHT), _pert_of_mode, (2, 2), _WITH_MODE),
            Form((_WEIGHT,), _pert_of_three, (3, 3), _THREE),
        ),
        '{ dist = "pert", min = 0.4, mode = 0.8, max = 1.0 }',
        "Vose (2008), Risk Analysis, 3rd edition, section III: modified PERT",
    ),
    Family(
        "beta",
        "a share between 0 and 1, or a value between min and max",
        beta,
        (
            Form((_ALPHA, _BETA, _LOW, _HIGH)),
            Form((MEAN, SD, _LOW, _HIGH), _beta_of_moments),
            Form((_LOW, _HIGH), _beta_of_percentiles, (2, 3), "two percentiles, or three that agree"),
        ),
        '{ dist = "beta", mean = 0.9, sd = 0.05 }',
        "Johnson, Kotz and Balakrishnan (1995), Continuous Univariate Distributions 2, chapter 25",
    ),
)
