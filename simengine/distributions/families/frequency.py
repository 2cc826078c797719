"""How many events strike: the laws of whole numbers that a compound distribution sums over.

A law is known by its probability generating function ``G(z) = E z**N``: with the transform of one loss put in for z
it gives the transform of the sum.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from simengine.distributions.marginal import Marginal
from simengine.distributions.values import brief
from simengine.errors import InvalidInput, Problem

MOST_LISTED = 1000
"""A law that is given by a list of probabilities may go so far; its generating function is a polynomial."""


@dataclass(frozen=True)
class Frequency:
    """The number of events N.

    ``generating(z)`` is G(z) for ``|z| <= 1``, real or complex; ``slope(s)`` its derivative for 0 <= s <= 1.
    ``recursion`` holds a and b of Panjer's recursion ``P(N = n) = (a + b / n) P(N = n - 1)`` where both terms are
    such that it only adds numbers that are not negative.  ``most`` is the largest possible number of events.
    """

    mean: float
    variance: float
    generating: Callable[[Any], Any]
    slope: Callable[[float], float]
    recursion: tuple[float, float] | None
    most: float
    key: object
    description: str


def poisson_frequency(mean: float) -> Frequency:
    """Events that strike independently of each other."""
    return Frequency(
        mean,
        mean,
        lambda z: np.exp(mean * (z - 1.0)),
        lambda s: mean * math.exp(mean * (s - 1.0)),
        (0.0, mean),
        math.inf,
        ["poisson", mean],
        f"poisson: mean {brief(mean)}",
    )


def frequency_of(marginal: Marginal) -> Frequency:
    """The law of N from the distribution that a specification describes.

    Raises
    ------
    InvalidInput
        If it takes values that are negative or not whole, or too many of them.
    """
    known = marginal.parameters
    match marginal.family, sorted(known):
        case "poisson", ["mean"]:
            return poisson_frequency(_number(known, "mean"))
        case "bernoulli", ["p"]:
            return _binomial(1, _number(known, "p"), marginal)
        case "binomial", ["n", "p"]:
            return _binomial(int(_number(known, "n")), _number(known, "p"), marginal)
        case "negative-binomial", ["p", "r"]:
            return _negative_binomial(_number(known, "r"), _number(known, "p"), marginal)
    return _listed(marginal)


def _number(known: Mapping[str, object], name: str) -> float:
    value = known[name]
    assert isinstance(value, (int, float))
    return float(value)


def _binomial(n: int, p: float, marginal: Marginal) -> Frequency:
    return Frequency(
        marginal.mean,
        marginal.variance,
        lambda z: (1.0 + p * (z - 1.0)) ** n,
        lambda s: n * p * (1.0 + p * (s - 1.0)) ** (n - 1),
        None,
        float(n),
        ["binomial", n, p],
        marginal.description,
    )


def _negative_binomial(r: float, p: float, marginal: Marginal) -> Frequency:
    rest = 1.0 - p
    return Frequency(
        marginal.mean,
        marginal.variance,
        lambda z: (p / (1.0 - rest * z)) ** r,
        lambda s: r * rest / (1.0 - rest * s) * (p / (1.0 - rest * s)) ** r,
        (rest, (r - 1.0) * rest),
        math.inf,
        ["negative-binomial", r, p],
        marginal.description,
    )


def _listed(marginal: Marginal) -> Frequency:
    """A law given by its probabilities, such as a list of counts or a truncated Poisson."""
    pieces = marginal.pieces
    hint = 'give a rate, or a distribution of whole numbers such as { dist = "negative-binomial", mean = 2, sd = 2 }'
    if pieces is None or np.any(pieces.slopes) or np.any(pieces.values != np.floor(pieces.values)):
        reason = "takes values that are not whole numbers, so it cannot count events"
        raise InvalidInput(Problem(reason, "frequency", f'"{marginal.family}"', hint=hint))
    if pieces.values[0] < 0:
        reason = "takes negative values, so it cannot count events"
        raise InvalidInput(Problem(reason, "frequency", brief(float(pieces.values[0])), ">= 0", hint))
    most = float(pieces.values[-1])
    if most > MOST_LISTED:
        reason = "takes values that are too large for a law given by its probabilities"
        hint = "poisson, binomial and negative-binomial without truncation may be as large as you like"
        raise InvalidInput(Problem(reason, "frequency", brief(most), f"<= {MOST_LISTED}", hint))
    weights = np.zeros(int(most) + 1)
    weights[pieces.values.astype(np.int64)] = np.diff(np.append(pieces.starts, 1.0))
    steep = weights[1:] * np.arange(1, weights.size)

    def generating(z: Any) -> Any:
        total = np.full_like(np.asarray(z), weights[-1])
        for weight in weights[-2::-1].tolist():
            total = total * z + weight
        return total

    def slope(s: float) -> float:
        return math.fsum(weight * s**k for k, weight in enumerate(steep.tolist()))

    mean, variance = marginal.mean, marginal.variance
    return Frequency(mean, variance, generating, slope, None, most, marginal.digest_key, marginal.description)
