"""Parameters and conversions that several families share."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

from simengine.distributions.family import Form, Parameter, Point
from simengine.distributions.marginal import Function, Marginal, Part, finite_or_nan, quiet
from simengine.distributions.pieces import constant
from simengine.distributions.scores import score
from simengine.distributions.values import NOT_NEGATIVE, POSITIVE, SHAPE, brief
from simengine.errors import Problem

MEAN = Parameter("mean", "mean")
SD = Parameter("sd", "standard deviation", NOT_NEGATIVE)
POSITIVE_MEAN = Parameter("mean", "mean", POSITIVE)
SCALE = Parameter("scale", "scale", POSITIVE)
MIN = Parameter("min", "smallest value")
MAX = Parameter("max", "largest value")


def shape(name: str, doc: str, **more: object) -> Parameter:
    """A shape parameter: positive, and within the range in which quantiles are accurate."""
    return replace(Parameter(name, doc, SHAPE), **more)  # type: ignore[arg-type]


def smooth(
    family: str,
    *,
    low: Callable[..., object],
    high: Callable[..., object],
    cdf: Callable[..., object],
    sf: Callable[..., object],
    support: tuple[float, float],
    moments: tuple[float, float],
    parameters: Mapping[str, float],
    log: tuple[Callable[..., object], Callable[..., object]] | None = None,
    positive_tail: bool = False,
    kinks: tuple[float, ...] = (),
    notes: tuple[Problem, ...] = (),
    slow: bool = False,
    parts: tuple[Part, ...] = (),
    digest_key: object = None,
) -> Marginal:
    """A continuous distribution; its digest key is the family and the canonical parameters.

    ``log`` are the logarithms of the two quantile functions.  Moments that are not finite become NaN.
    """
    logs: tuple[Function | None, Function | None] = (quiet(log[0]), quiet(log[1])) if log else (None, None)
    mean, variance = (finite_or_nan(moment) for moment in moments)
    return Marginal(
        family=family,
        low=quiet(low),
        high=quiet(high),
        cdf=quiet(cdf),
        sf=quiet(sf),
        support=support,
        mean=mean,
        variance=variance,
        digest_key=[family, *parameters.values()] if digest_key is None else digest_key,
        kinks=kinks,
        positive_tail=positive_tail,
        slow=slow,
        notes=notes,
        parameters=parameters,
        parts=parts,
        log_low=logs[0],
        log_high=logs[1],
    )


def collapsed(value: float, key: str) -> Marginal:
    """The constant that a distribution of no spread is, with a note that says so."""
    note = Problem(f"has no spread, so it is the constant {brief(value)}", key, severity="note")
    return constant(value, (note,))


def undefined(what: str, key: str, value: float, hint: str) -> Problem:
    """The warning that a moment does not exist."""
    return Problem(f"{what} is infinite or undefined", key, brief(value), hint=hint, severity="warning")


def normal_score(point: Point) -> float:
    """The normal score of a percentile's level, accurate on both sides."""
    return score(point.below) if point.below <= 0.5 else -score(point.above)


def logit_score(point: Point) -> float:
    """log(p / (1 - p)) of a percentile's level."""
    return math.log(point.below / point.above)


def exponential_score(point: Point) -> float:
    """-log(1 - p) of a percentile's level: the quantile of the unit exponential distribution."""
    return -math.log(point.above) if point.above <= 0.5 else -math.log1p(-point.below)


def line(points: tuple[Point, ...], standard: Callable[[Point], float], *, log: bool = False) -> tuple[float, float]:
    """Intercept and slope of the line through the outer percentiles (or their logarithms) over their scores."""
    first, last = points[0], points[-1]
    y1, y2 = (math.log(p.value) if log else p.value for p in (first, last))
    s1, s2 = standard(first), standard(last)
    slope = (y2 - y1) / (s2 - s1)
    return (y1 - slope * s1 if abs(s1) < abs(s2) else y2 - slope * s2), slope


def location_scale_fit(standard: Callable[[Point], float]) -> Form:
    """The form of a location-scale family given by two percentiles, or three that agree."""

    def convert(points: tuple[Point, ...]) -> dict[str, float]:
        loc, scale = line(points, standard)
        return {"loc": loc, "scale": scale}

    return Form(convert=convert, percentiles=(2, 3), doc="two percentiles, or three that agree")
