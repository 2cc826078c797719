"""The beta distribution that has two given percentiles."""

from __future__ import annotations

import math

import numpy as np

from simengine.distributions.families.common import normal_score
from simengine.distributions.family import Point
from simengine.distributions.inversion import least_squares
from simengine.distributions.marginal import Array
from simengine.distributions.values import brief
from simengine.errors import InvalidInput, Problem

_STEPS = 200
_ACCURATE = 1e-11
_EDGE = math.log(1e-8), math.log(1e8)


def fit_beta(points: list[tuple[float, float, Point]]) -> tuple[float, float]:
    """Shapes alpha and beta with P(X < x) as wanted at two points, each (x, 1 - x, percentile).

    Damped Newton steps on the logarithms of the shapes; the residuals are differences of log-odds.

    References
    ----------
    Van Dorp and Mazzuchi (2000), Journal of Statistical Computation and Simulation 67: the solution exists.
    """
    wanted = np.array([math.log(p.below / p.above) for _, _, p in points])
    theta = _start(points)
    error = _log_odds(theta, points) - wanted
    damping = 1e-3
    for _ in range(_STEPS):
        if np.max(np.abs(error)) < _ACCURATE:
            break
        slope = _slopes(theta, points)
        root = math.sqrt(damping)
        rows = [*slope.tolist(), [root, 0.0], [0.0, root]]
        step = np.array(least_squares(rows, [*(-error).tolist(), 0.0, 0.0]))
        trial = np.clip(theta + np.clip(step, -2, 2), *_EDGE)
        new = _log_odds(trial, points) - wanted
        if np.sum(new**2) < np.sum(error**2):
            theta, error, damping = trial, new, max(damping / 10, 1e-14)
        elif damping < 1e8:
            damping *= 10
        else:
            break
    if not np.max(np.abs(error)) < 1e-6:
        reason = "no beta distribution with shapes from 1e-8 to 1e8 has these percentiles"
        hint = 'dist = "metalog" with min and max passes through any percentiles'
        raise InvalidInput(Problem(reason, points[0][2].key, brief(points[0][2].value), hint=hint))
    alpha, beta = np.exp(theta)
    return float(alpha), float(beta)


def _start(points: list[tuple[float, float, Point]]) -> Array:
    """Shapes of roughly the right mean and spread, from the normal distribution through the percentiles."""
    (x1, _, p1), (x2, _, p2) = points
    z1, z2 = normal_score(p1), normal_score(p2)
    sd = (x2 - x1) / (z2 - z1)
    mean = min(max(x1 - z1 * sd, x1 / 2), (1 + x2) / 2)
    weight = max(mean * (1 - mean) / sd**2 - 1, 0.2)
    return np.asarray(np.clip(np.log(np.array([mean * weight, (1 - mean) * weight])), *_EDGE))


def _log_odds(theta: Array, points: list[tuple[float, float, Point]]) -> Array:
    from scipy import special

    a, b = np.exp(theta)
    out = np.empty(2)
    with np.errstate(all="ignore"):
        for k, (x, y, _) in enumerate(points):
            below = special.betainc(a, b, x) if x <= 0.5 else special.betaincc(b, a, y)
            above = special.betaincc(a, b, x) if x <= 0.5 else special.betainc(b, a, y)
            out[k] = np.log(below) - np.log(above)
    return np.clip(out, -700, 700)


def _slopes(theta: Array, points: list[tuple[float, float, Point]]) -> Array:
    step = 1e-6
    columns = []
    for k in range(2):
        shift = step * np.eye(2)[k]
        columns.append((_log_odds(theta + shift, points) - _log_odds(theta - shift, points)) / (2 * step))
    return np.column_stack(columns)
