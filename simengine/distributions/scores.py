"""The normal distribution and elementary quantiles without SciPy, accurate in both tails.

They are evaluated number by number through the C library and the standard library, so that a scenario of normal
and lognormal inputs never has to load SciPy.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from simengine.distributions.marginal import Array

_ROOT_HALF = math.sqrt(0.5)
_score_of = NormalDist().inv_cdf


def score(probability: float) -> float:
    """The normal score z with P(Z < z) = probability, for 0 < probability < 1.

    References
    ----------
    Wichura (1988), algorithm AS 241, accurate to about 1e-16 (the standard library's implementation).
    """
    return _score_of(probability)


def scores(probabilities: Array) -> Array:
    """Normal scores of probabilities in (0, 1), any shape; meant for the lower tail."""
    flat = np.array([_score_of(p) for p in probabilities.ravel().tolist()], dtype=np.float64)
    return flat.reshape(probabilities.shape)


def below(z: Array) -> Array:
    """P(Z < z) of the standard normal, accurate in the lower tail, any shape."""
    erfc = math.erfc
    flat = np.array([0.5 * erfc(-x * _ROOT_HALF) for x in z.ravel().tolist()], dtype=np.float64)
    return flat.reshape(z.shape)


def logit(q: Array) -> Array:
    """log(q / (1 - q)), accurate for small q."""
    return np.log(q) - np.log1p(-q)


def expit(x: Array) -> Array:
    """1 / (1 + exp(-x)), accurate in the lower tail."""
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, 1.0) / (1.0 + e)
