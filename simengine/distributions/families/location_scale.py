"""Families on the whole line, and the uniform: a standard distribution, moved and stretched."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from simengine.distributions.families.common import (
    MAX,
    MEAN,
    MIN,
    SCALE,
    SD,
    collapsed,
    line,
    location_scale_fit,
    logit_score,
    normal_score,
    smooth,
    undefined,
)
from simengine.distributions.family import Family, Form, Parameter, Point
from simengine.distributions.marginal import Array, Marginal
from simengine.distributions.scores import below, expit, logit, scores
from simengine.distributions.values import POSITIVE, Bounds, brief
from simengine.errors import InvalidInput, Problem

EULER = 0.5772156649015329
_LINE = (-math.inf, math.inf)
_LOC = Parameter("loc", "location: the centre of the distribution", aliases=("mean", "median"))


def normal(mean: float, sd: float) -> Marginal:
    """Normal distribution."""
    if sd == 0:
        return collapsed(mean, "sd")
    return smooth(
        "normal",
        low=lambda q: mean + sd * scores(q),
        high=lambda q: mean - sd * scores(q),
        cdf=lambda x: below((x - mean) / sd),
        sf=lambda x: below((mean - x) / sd),
        support=_LINE,
        moments=(mean, sd * sd),
        parameters={"mean": mean, "sd": sd},
    )


def uniform(min: float, max: float) -> Marginal:
    """Uniform distribution between two limits."""
    if not min < max:
        hint = 'for a number without uncertainty write dist = "constant"' if min == max else "exchange min and max"
        raise InvalidInput(Problem("is not below max", "min", brief(min), f"< {brief(max)}", hint))
    width = max - min
    return smooth(
        "uniform",
        low=lambda q: min + width * q,
        high=lambda q: max - width * q,
        cdf=lambda x: np.clip((x - min) / width, 0, 1),
        sf=lambda x: np.clip((max - x) / width, 0, 1),
        support=(min, max),
        moments=(min + width / 2, width * width / 12),
        parameters={"min": min, "max": max},
    )


def logistic(loc: float, scale: float) -> Marginal:
    """Logistic distribution."""
    return smooth(
        "logistic",
        low=lambda q: loc + scale * logit(q),
        high=lambda q: loc - scale * logit(q),
        cdf=lambda x: expit((x - loc) / scale),
        sf=lambda x: expit((loc - x) / scale),
        support=_LINE,
        moments=(loc, (scale * math.pi) ** 2 / 3),
        parameters={"loc": loc, "scale": scale},
    )


def gumbel(loc: float, scale: float) -> Marginal:
    """Gumbel distribution of largest values."""
    return smooth(
        "gumbel",
        low=lambda q: loc - scale * np.log(-np.log(q)),
        high=lambda q: loc - scale * np.log(-np.log1p(-q)),
        cdf=lambda x: np.exp(-np.exp((loc - x) / scale)),
        sf=lambda x: -np.expm1(-np.exp((loc - x) / scale)),
        support=_LINE,
        moments=(loc + EULER * scale, (scale * math.pi) ** 2 / 6),
        parameters={"loc": loc, "scale": scale},
    )


def laplace(loc: float, scale: float) -> Marginal:
    """Laplace (double exponential) distribution."""

    def tail(z: Array) -> Array:
        return np.where(z < 0, 0.5 * np.exp(np.minimum(z, 0)), 1.0 - 0.5 * np.exp(-np.maximum(z, 0)))

    return smooth(
        "laplace",
        low=lambda q: loc + scale * np.log(2 * q),
        high=lambda q: loc - scale * np.log(2 * q),
        cdf=lambda x: tail((x - loc) / scale),
        sf=lambda x: tail((loc - x) / scale),
        support=_LINE,
        moments=(loc, 2 * scale * scale),
        parameters={"loc": loc, "scale": scale},
        kinks=(0.5,),
    )


def cauchy(loc: float, scale: float) -> Marginal:
    """Cauchy distribution: no mean, no variance."""

    def standard(q: Array) -> Array:
        return np.where(q < 0.25, -1.0 / np.tan(np.pi * q), np.tan(np.pi * (q - 0.5)))

    hint = "expect the mean of the outcomes not to settle; read the percentiles, or truncate"
    return smooth(
        "cauchy",
        low=lambda q: loc + scale * standard(q),
        high=lambda q: loc - scale * standard(q),
        cdf=lambda x: np.arctan2(scale, loc - x) / np.pi,
        sf=lambda x: np.arctan2(scale, x - loc) / np.pi,
        support=_LINE,
        moments=(math.nan, math.nan),
        parameters={"loc": loc, "scale": scale},
        notes=(Problem("the mean of a Cauchy distribution is undefined", "dist", hint=hint, severity="warning"),),
    )


def student_t(dof: float, loc: float = 0.0, scale: float = 1.0) -> Marginal:
    """Student's t distribution, moved and stretched."""

    def quantile(q: Array) -> Array:
        from scipy import special

        return np.asarray(special.stdtrit(dof, q))

    def tail(z: Array) -> Array:
        from scipy import special

        return np.asarray(special.stdtr(dof, z))

    hint = "expect the mean of the outcomes not to settle; read the percentiles, or truncate"
    return smooth(
        "student-t",
        low=lambda q: loc + scale * quantile(q),
        high=lambda q: loc - scale * quantile(q),
        cdf=lambda x: tail((x - loc) / scale),
        sf=lambda x: tail((loc - x) / scale),
        support=_LINE,
        moments=(loc if dof > 1 else math.nan, scale * scale * dof / (dof - 2) if dof > 2 else math.nan),
        parameters={"dof": dof, "loc": loc, "scale": scale},
        notes=(undefined("the mean", "dof", dof, hint),) if dof <= 1 else (),
    )


def _uniform_of_percentiles(points: tuple[Point, ...]) -> dict[str, float]:
    first, last = points[0], points[-1]
    width = (last.value - first.value) / (last.below - first.below)
    return {"min": first.value - first.below * width, "max": last.value + last.above * width}


def _normal_of_percentiles(points: tuple[Point, ...]) -> dict[str, float]:
    mean, sd = line(points, normal_score)
    return {"mean": mean, "sd": sd}


def _student_t_of_percentiles(points: tuple[Point, ...], dof: float) -> dict[str, float]:
    from scipy import special

    def standard(point: Point) -> float:
        tail = float(special.stdtrit(dof, min(point.below, point.above)))
        return tail if point.below <= 0.5 else -tail

    loc, scale = line(points, standard)
    return {"dof": dof, "loc": loc, "scale": scale}


def _gumbel_score(point: Point) -> float:
    return -math.log(-math.log(point.below) if point.below <= 0.5 else -math.log1p(-point.above))


def _laplace_score(point: Point) -> float:
    return math.log(2 * point.below) if point.below <= 0.5 else -math.log(2 * point.above)


def _cauchy_score(point: Point) -> float:
    tail = math.tan(math.pi * (0.5 - min(point.below, point.above)))
    return -tail if point.below <= 0.5 else tail


def _of_moments(scale_of_sd: float, offset: float = 0.0) -> Form:
    """Mean and sd, where scale = sd * scale_of_sd and loc = mean - offset * scale."""

    def convert(mean: float, sd: float) -> Any:
        scale = sd * scale_of_sd
        return {"loc": mean - offset * scale, "scale": scale} if sd else collapsed(mean, "sd")

    return Form((MEAN, SD), convert)


def _uniform_of_moments(mean: float, sd: float) -> Any:
    half = sd * math.sqrt(3)
    return {"min": mean - half, "max": mean + half} if sd else collapsed(mean, "sd")


def _student_t_of_moments(dof: float, mean: float, sd: float) -> Any:
    if dof <= 2:
        reason = "has no standard deviation that sd could set"
        raise InvalidInput(Problem(reason, "dof", brief(dof), "> 2 where sd is given", "give loc and scale instead"))
    return {"dof": dof, "loc": mean, "scale": sd * math.sqrt((dof - 2) / dof)} if sd else collapsed(mean, "sd")


_DOF = Parameter(
    "dof",
    "degrees of freedom: the smaller, the heavier the tails (1 is Cauchy)",
    Bounds(0.25, 1e8),  # below, the values that a draw can reach leave the range of float64
)
_GUMBEL_LOC = Parameter("loc", "location: the mode", aliases=("mode",))
_STANDARD_LOC = Parameter("loc", "location: the median", required=False, default=0.0, aliases=("mean", "median"))
_STANDARD_SCALE = Parameter("scale", "scale", POSITIVE, required=False, default=1.0)

ROWS = (
    Family(
        "uniform",
        "every value between two limits equally likely",
        uniform,
        (
            Form((MIN, MAX)),
            Form((MEAN, SD), _uniform_of_moments),
            Form(
                convert=_uniform_of_percentiles,
                percentiles=(2, 3),
                doc="two percentiles, or three that agree",
            ),
        ),
        '{ dist = "uniform", min = 2, max = 5 }',
        "Johnson, Kotz and Balakrishnan (1995), Continuous Univariate Distributions 2, chapter 26",
    ),
    Family(
        "normal",
        "the bell curve: sums of many small influences; reaches below 0",
        normal,
        (
            Form((MEAN, SD)),
            Form(convert=_normal_of_percentiles, percentiles=(2, 3), doc="two percentiles, or three that agree"),
        ),
        '{ dist = "normal", mean = 100, sd = 15 }',
        "Johnson, Kotz and Balakrishnan (1994), Continuous Univariate Distributions 1, chapter 13",
    ),
    Family(
        "student-t",
        "like the normal with heavier tails",
        student_t,
        (
            Form((_DOF, _STANDARD_LOC, _STANDARD_SCALE)),
            Form((_DOF, MEAN, SD), _student_t_of_moments, doc="dof above 2"),
            Form((_DOF,), _student_t_of_percentiles, (2, 3), doc="dof and two percentiles, or three that agree"),
        ),
        '{ dist = "student-t", dof = 4, loc = 10, scale = 2 }',
        "Johnson, Kotz and Balakrishnan (1995), Continuous Univariate Distributions 2, chapter 28",
    ),
    Family(
        "cauchy",
        "tails so heavy that there is no mean: Student's t with one degree of freedom",
        cauchy,
        (Form((Parameter("loc", "median", aliases=("median",)), SCALE)), location_scale_fit(_cauchy_score)),
        '{ dist = "cauchy", loc = 0, scale = 1 }',
        "Johnson, Kotz and Balakrishnan (1994), Continuous Univariate Distributions 1, chapter 16",
    ),
    Family(
        "logistic",
        "like the normal with somewhat heavier tails",
        logistic,
        (Form((_LOC, SCALE)), _of_moments(math.sqrt(3) / math.pi), location_scale_fit(logit_score)),
        '{ dist = "logistic", loc = 3, scale = 0.7 }',
        "Johnson, Kotz and Balakrishnan (1995), Continuous Univariate Distributions 2, chapter 23",
    ),
    Family(
        "gumbel",
        "the largest of many values, such as a yearly flood",
        gumbel,
        (
            Form((_GUMBEL_LOC, SCALE)),
            _of_moments(math.sqrt(6) / math.pi, EULER),
            location_scale_fit(_gumbel_score),
        ),
        '{ dist = "gumbel", loc = 1013, scale = 558 }',
        "Johnson, Kotz and Balakrishnan (1995), Continuous Univariate Distributions 2, chapter 22",
    ),
    Family(
        "laplace",
        "a sharp peak with exponential tails on both sides",
        laplace,
        (Form((_LOC, SCALE)), _of_moments(math.sqrt(0.5)), location_scale_fit(_laplace_score)),
        '{ dist = "laplace", loc = 5, scale = 2 }',
        "Johnson, Kotz and Balakrishnan (1995), Continuous Univariate Distributions 2, chapter 24",
    ),
)
