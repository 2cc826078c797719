"""The metalog: a distribution that passes through any feasible set of quantiles."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from simengine.distributions.families.common import smooth, undefined
from simengine.distributions.family import Family, Form, Parameter, Point
from simengine.distributions.inversion import invert, least_squares, solved, triangular
from simengine.distributions.marginal import Array, Marginal
from simengine.distributions.moments import quantile_moments
from simengine.distributions.percentiles import points_of_table
from simengine.distributions.scores import expit, logit
from simengine.distributions.values import Bounds, brief
from simengine.errors import InvalidInput, Problem

MOST_TERMS = 16
_FARTHEST = 100.0
"""Log-odds up to which the density is checked; a draw reaches 37.5."""
_HEAVY = 1.0
_ROUNDING = 1e-13
"""A slope no further below 0, relative to the largest, is one that vanishes: evenly spaced quantiles have it."""


class _Curve:
    """M(y) = P(y - 1/2) logit(y) + Q(y - 1/2), P and Q polynomials; rising where it is a quantile function."""

    def __init__(self, coefficients: Array):
        in_p = [_with_logit(k) for k in range(coefficients.size)]
        self._p = [float(c) for c, yes in zip(coefficients, in_p, strict=True) if yes]
        self._q = [float(c) for c, yes in zip(coefficients, in_p, strict=True) if not yes]
        self._dp = [k * c for k, c in enumerate(self._p)][1:]
        self._dq = [k * c for k, c in enumerate(self._q)][1:]

    def at(self, log_odds: Array, below: Array) -> Array:
        """The value at log-odds, ``below`` the probability."""
        centred = below - 0.5
        return _polynomial(self._p, centred) * log_odds + _polynomial(self._q, centred)

    def slope(self, log_odds: Array) -> Array:
        """The derivative with respect to log-odds: positive where the density is."""
        below = expit(log_odds)
        centred = below - 0.5
        inner = _polynomial(self._dp, centred) * log_odds + _polynomial(self._dq, centred)
        return _polynomial(self._p, centred) + below * expit(-log_odds) * inner

    @property
    def tails(self) -> tuple[float, float]:
        """Slope with respect to log-odds towards probability 0 and towards 1."""
        ends = _polynomial(self._p, np.array([-0.5, 0.5]))
        return float(ends[0]), float(ends[1])


@dataclass(frozen=True)
class _Limits:
    """The bounds, and the map between the line on which the curve lies and the values between them."""

    low: float | None
    high: float | None

    def raw(self, x: Array) -> Array:
        """From values to the line; values at or beyond a bound go to infinity."""
        with np.errstate(all="ignore"):
            if self.low is None:
                return x if self.high is None else -np.log(np.maximum(self.high - x, 0))
            above = np.maximum(x - self.low, 0)
            return np.log(above) if self.high is None else np.log(above) - np.log(np.maximum(self.high - x, 0))

    def value(self, raw: Array) -> Array:
        """From the line to values."""
        if self.low is None:
            return raw if self.high is None else self.high - np.exp(-raw)
        if self.high is None:
            return self.low + np.exp(raw)
        width = self.high - self.low
        return np.where(raw < 0, self.low + width * expit(raw), self.high - width * expit(-raw))

    @property
    def support(self) -> tuple[float, float]:
        """Smallest and largest value."""
        return -math.inf if self.low is None else self.low, math.inf if self.high is None else self.high


def metalog(
    points: tuple[Point, ...], min: float | None = None, max: float | None = None, terms: int | None = None
) -> Marginal:
    """Metalog distribution through quantiles, unbounded, bounded on one side, or on both.

    Raises
    ------
    InvalidInput
        If a quantile lies outside the bounds, or the curve through the quantiles is no distribution.

    References
    ----------
    Keelin (2016), The metalog distributions, Decision Analysis 13.
    """
    limits = _Limits(min, max)
    count = _checked(points, limits, terms)
    targets = limits.raw(np.array([p.value for p in points]))
    curve = _Curve(_fitted(points, targets, count))
    if fault := _fault(curve):
        raise InvalidInput(_infeasible(points, targets, count, fault))
    marginal = _of_curve(
        "metalog",
        curve,
        limits,
        _described(points, limits, count),
        ["metalog", [[p.level, p.value] for p in points], limits.low, limits.high, count],
    )
    notes = (*_deviations(curve, limits, points, count), *_heavy(limits, (marginal.mean, marginal.variance), points))
    return replace(marginal, notes=notes)


def metalog_of_terms(
    family: str, coefficients: Array, low: float | None, high: float | None, parameters: Mapping[str, Any]
) -> Marginal:
    """The metalog with these coefficients, in the order of Keelin (2016), as a distribution of ``family``.

    Raises
    ------
    InvalidInput
        If the curve falls somewhere: it is no distribution then.
    """
    curve, limits = _Curve(coefficients), _Limits(low, high)
    if fault := _fault(curve):
        where = " and ".join(f"P{100 * end:.3g}" for end in fault)
        raise InvalidInput(Problem(f"the coefficients are no distribution: the curve falls between {where}", "name"))
    marginal = _of_curve(family, curve, limits, parameters, [family, coefficients.tolist(), low, high])
    if math.isnan(marginal.mean):
        reason = "has no mean: a power-law tail is too heavy"
        return replace(marginal, notes=(Problem(reason, "name", hint="truncate it", severity="warning"),))
    return marginal


def fitted_terms(
    below: Array, values: Array, low: float | None, high: float | None, most: int = MOST_TERMS
) -> list[tuple[Array, Array]]:
    """Metalogs of 2 to ``most`` terms closest to quantiles, each with its values at ``below``, where feasible.

    below: probabilities, rising, within (0, 1); values: the quantiles, all within the bounds and not all equal.
    """
    limits = _Limits(low, high)
    raw = limits.raw(values)
    points = tuple(Point(100 * q, q, 1 - q, 0.0, "") for q in below.tolist())
    found = []
    for coefficients in _nested(points, raw, min(most, len(points))):
        curve = _Curve(coefficients)
        if _fault(curve) is None:
            found.append((coefficients, limits.value(curve.at(np.log(below) - np.log1p(-below), below))))
    return found


def metalog_values(coefficients: Array, low: float | None, high: float | None, below: Array) -> Array:
    """Quantiles of the metalog with these coefficients and bounds."""
    return _Limits(low, high).value(_Curve(coefficients).at(np.log(below) - np.log1p(-below), below))


def _of_curve(
    family: str, curve: _Curve, limits: _Limits, parameters: Mapping[str, Any], digest_key: object
) -> Marginal:
    def low(q: Array) -> Array:
        return curve.at(logit(q), q)

    def high(q: Array) -> Array:
        return curve.at(-logit(q), 1.0 - q)

    def log_odds(x: Array) -> Array:
        raw = limits.raw(x)
        ends = np.full(np.shape(raw), 7.0 * _FARTHEST)
        return np.where(np.isinf(raw), raw, invert(lambda at: curve.at(at, expit(at)), raw, -ends, ends))

    moments = _moments(curve, limits, lambda q: limits.value(low(q)), lambda q: limits.value(high(q)))
    from_zero = limits.low == 0 and limits.high is None
    return smooth(
        family,
        low=lambda q: limits.value(low(q)),
        high=lambda q: limits.value(high(q)),
        cdf=lambda x: expit(log_odds(x)),
        sf=lambda x: expit(-log_odds(x)),
        support=limits.support,
        moments=moments,
        parameters=parameters,
        log=(low, high) if from_zero else None,
        positive_tail=(from_zero and curve.tails[1] > _HEAVY) or (from_zero and curve.tails[0] > _HEAVY),
        digest_key=digest_key,
    )


def _with_logit(k: int) -> bool:
    """Whether term k of the metalog (from 0) carries the logit; the rest are plain powers."""
    return k in (1, 2) or (k > 4 and k % 2 == 1)


def _polynomial(coefficients: list[float], at: Array) -> Array:
    out = np.zeros(np.shape(at))
    for coefficient in reversed(coefficients):
        out = out * at + coefficient
    return out


def _rows(points: tuple[Point, ...], count: int) -> list[list[float]]:
    """The terms of the metalog at each point."""
    rows: list[list[float]] = []
    for point in points:
        log_odds, centred = math.log(point.below / point.above), (point.below - point.above) / 2
        powers = [0, 0]
        row = []
        for k in range(count):
            kind = int(_with_logit(k))
            row.append(centred ** powers[kind] * (log_odds if kind else 1.0))
            powers[kind] += 1
        rows.append(row)
    return rows


def _fitted(points: tuple[Point, ...], targets: Array, count: int) -> Array:
    """Coefficients through the points, or closest to them where there are fewer terms."""
    centre, spread = float(targets[0]), float(targets[-1] - targets[0])
    found = least_squares(_rows(points, count), [(float(target) - centre) / spread for target in targets])
    return np.array([spread * found[0] + centre, *(spread * c for c in found[1:])])


def _nested(points: tuple[Point, ...], targets: Array, most: int) -> list[Array]:
    """The same for 2 to ``most`` terms, from one factorisation."""
    centre, spread = float(targets[0]), float(targets[-1] - targets[0])
    triangle = triangular(_rows(points, most), [(float(target) - centre) / spread for target in targets])
    found = [solved(triangle, most, count) for count in range(2, most + 1)]
    return [np.array([spread * terms[0] + centre, *(spread * c for c in terms[1:])]) for terms in found]


def _checked(points: tuple[Point, ...], limits: _Limits, terms: int | None) -> int:
    """How many terms, after the checks of bounds and number of quantiles."""
    low, high = limits.support
    problems = []
    if not low < high:
        problems.append(Problem("is not below max", "min", brief(low), f"< {brief(high)}"))
    else:
        allowed = f"between {brief(low)} and {brief(high)}"
        outside = [p for p in points if not low < p.value < high]
        problems.extend(Problem("lies outside the bounds", p.key, brief(p.value), allowed) for p in outside)
    most = min(len(points), MOST_TERMS)
    if terms is not None and terms > most:
        reason = "is more than the quantiles given" if terms > len(points) else "is more than can be computed"
        problems.append(Problem(reason, "terms", str(terms), f"2 to {most}"))
    if terms is None and len(points) > MOST_TERMS:
        reason = f"{len(points)} quantiles are more than a metalog can pass through"
        hint = "with terms = 5 it passes close to them"
        problems.append(Problem(reason, "terms", allowed=f"2 to {MOST_TERMS}", hint=hint))
    if problems:
        raise InvalidInput(problems)
    return terms or len(points)


def _fault(curve: _Curve) -> tuple[float, float] | None:
    """The range of probabilities in which the curve falls, None where it is a distribution."""
    grid = np.concatenate((np.linspace(-_FARTHEST, -12, 300), np.linspace(-11.99, 11.99, 2400)))
    grid = np.concatenate((grid, -grid[:300][::-1]))
    slope = curve.slope(grid)
    falling = grid[slope < -_ROUNDING * np.max(np.abs(slope))]
    if not falling.size:
        return None
    ends = expit(np.array([falling[0], falling[-1]]))
    return float(ends[0]), float(ends[1])


def _infeasible(points: tuple[Point, ...], targets: Array, count: int, fault: tuple[float, float]) -> Problem:
    fewer = [n for n in range(count - 1, 1, -1) if not _fault(_Curve(_fitted(points, targets, n)))]
    hint = "check the quantiles: they leave next to no probability between two of them"
    if fewer:
        hint = f'with terms = {fewer[0]} it passes close to them; or use dist = "cumulative"'
    low, high = (f"{100 * end:.3g}" if 1e-3 < end < 0.999 else str(round(100 * end)) for end in fault)
    where = f"at P{low}" if low == high else f"between P{low} and P{high}"
    reason = f"no metalog passes through these quantiles: it would have to fall {where}"
    return Problem(reason, "dist", '"metalog"', hint=hint)


def _moments(curve: _Curve, limits: _Limits, low: Any, high: Any) -> tuple[float, float]:
    """Mean and variance where they exist: an open end beside a bound has a power-law tail."""
    power = 0.0
    if limits.low is not None and limits.high is None:
        power = curve.tails[1]
    if limits.high is not None and limits.low is None:
        power = curve.tails[0]
    if power >= 1:
        return math.nan, math.nan
    with np.errstate(all="ignore"):
        mean, variance = quantile_moments(low, high)
    return mean, variance if power < 0.5 else math.nan


def _heavy(limits: _Limits, moments: tuple[float, float], points: tuple[Point, ...]) -> tuple[Problem, ...]:
    if not math.isnan(moments[0]):
        return ()
    hint = "give an upper quantile nearer to the median, or a bound on the other side, or truncate"
    return (undefined("the mean", points[-1].key, points[-1].value, hint),)


def _deviations(curve: _Curve, limits: _Limits, points: tuple[Point, ...], count: int) -> tuple[Problem, ...]:
    """A note on how far a metalog of fewer terms passes from the quantiles."""
    if count == len(points):
        return ()
    below = np.array([p.below for p in points])
    missed = limits.value(curve.at(np.log(below) - np.log1p(-below), below)) - np.array([p.value for p in points])
    worst = int(np.argmax(np.abs(missed)))
    value = brief(float(f"{points[worst].value + missed[worst]:.6g}"))
    reason = f"with {count} terms the metalog passes by this quantile at {value}"
    return (Problem(reason, points[worst].key, brief(points[worst].value), severity="note"),)


def _described(points: tuple[Point, ...], limits: _Limits, count: int) -> Mapping[str, Any]:
    known: dict[str, Any] = {f"p{brief(p.level)}": p.value for p in points}
    if limits.low is not None:
        known["min"] = limits.low
    if limits.high is not None:
        known["max"] = limits.high
    return known if count == len(points) else {**known, "terms": count}


def _of_points(points: tuple[Point, ...], **rest: Any) -> Any:
    return {"points": points, **rest}


def _of_table(quantiles: Mapping[str, object], **rest: Any) -> Any:
    return {"points": points_of_table(quantiles, "quantiles"), **rest}


_LOW = Parameter("min", "bound that no value falls below", required=False)
_HIGH = Parameter("max", "bound that no value exceeds", required=False)
_TERMS = Parameter("terms", "number of terms, if less than the quantiles", Bounds(2, MOST_TERMS), "integer", False)
_QUANTILES = Parameter("quantiles", 'table of quantiles, such as { p10 = 3, "p99.9" = 20 }', kind="table")

ROWS = (
    Family(
        "metalog",
        "passes through whatever quantiles are known, with bounds or without",
        metalog,
        (
            Form((_LOW, _HIGH, _TERMS), _of_points, (2, 200), "two or more percentiles"),
            Form((_QUANTILES, _LOW, _HIGH, _TERMS), _of_table),
        ),
        '{ dist = "metalog", p10 = 14, p50 = 20, p90 = 38, min = 0 }',
        "Keelin (2016), The metalog distributions, Decision Analysis 13",
        parameters=(_LOW, _HIGH, _TERMS),
    ),
)
