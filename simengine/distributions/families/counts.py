"""Families of whole numbers: exact atoms, and lines between exact probabilities where there are too many."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simengine.distributions.families.common import collapsed
from simengine.distributions.family import Family, Form, Parameter
from simengine.distributions.incomplete import gamma_above, gamma_below
from simengine.distributions.marginal import Array, Marginal
from simengine.distributions.pieces import cumulate, lines, pieces_marginal, steps
from simengine.distributions.scores import below
from simengine.distributions.values import POSITIVE, PROBABILITY, SHAPE, Bounds, brief
from simengine.errors import InvalidInput, Problem

MOST_ATOMS = 1 << 17
"""So many values are kept apart; beyond, probabilities between neighbouring knots are spread evenly."""
_KNOTS = 1 << 15
_LARGEST = 1e15
_NEGLIGIBLE = 2.0**-60
_SCORE_LIMIT = 8.6


@dataclass(frozen=True)
class _Counts:
    """A distribution on 0, 1, ..., last.

    ``ratio(k)`` is P(k + 1) / P(k); ``reached(k)`` is P(N <= k) and ``beyond(k)`` P(N > k); ``knots(z)`` are
    values near the quantiles at normal scores z.  Arrays of float64 throughout.
    """

    mode: float
    last: float
    ratio: Callable[[Array], Array]
    reached: Callable[[Array], Array]
    beyond: Callable[[Array], Array]
    knots: Callable[[Array], Array]


def bernoulli(p: float) -> Marginal:
    """1 with probability p, else 0."""
    known = {"p": p}
    if p in (0.0, 1.0):
        return collapsed(p, "p")
    pieces = steps(np.array([0.0, 1.0]), np.array([1.0 - p]))
    return pieces_marginal("bernoulli", pieces, parameters=known, moments=(p, p * (1.0 - p)))


def binomial(n: int, p: float) -> Marginal:
    """Successes in n independent trials."""
    if n == 0 or p in (0.0, 1.0):
        return collapsed(n * p, "n" if n == 0 else "p")
    odds = p / (1.0 - p)
    mean, variance = n * p, n * p * (1.0 - p)

    def reached(k: Array) -> Array:
        from scipy import special

        return np.where(k < n, special.betaincc(k + 1.0, np.maximum(n - k, 1.0), p), 1.0)

    def beyond(k: Array) -> Array:
        from scipy import special

        return np.where(k < n, special.betainc(k + 1.0, np.maximum(n - k, 1.0), p), 0.0)

    counts = _Counts(
        mode=min(math.floor((n + 1) * p), n),
        last=float(n),
        ratio=lambda k: (n - k) / (k + 1.0) * odds,
        reached=reached,
        beyond=beyond,
        knots=lambda z: mean + z * math.sqrt(variance),
    )
    return _marginal("binomial", counts, {"n": n, "p": p}, (mean, variance))


def poisson(mean: float) -> Marginal:
    """Number of independent events."""
    if mean == 0:
        return collapsed(0.0, "mean")

    counts = _Counts(
        mode=math.floor(mean),
        last=math.inf,
        ratio=lambda k: mean / (k + 1.0),
        reached=lambda k: gamma_above(k + 1.0, mean),
        beyond=lambda k: gamma_below(k + 1.0, mean),
        knots=lambda z: mean + z * math.sqrt(mean) + (z * z - 1.0) / 6.0,
    )
    return _marginal("poisson", counts, {"mean": mean}, (mean, mean))


def negative_binomial(r: float, p: float) -> Marginal:
    """Failures before the r-th success; r need not be whole."""
    if p == 1:
        return collapsed(0.0, "p")
    mean = r * (1.0 - p) / p
    if mean > _LARGEST:
        raise InvalidInput(Problem("makes the mean too large", "p", brief(p), f"r (1 - p) / p <= {brief(_LARGEST)}"))

    def reached(k: Array) -> Array:
        from scipy import special

        return np.asarray(special.betainc(r, k + 1.0, p))

    def beyond(k: Array) -> Array:
        from scipy import special

        return np.asarray(special.betaincc(r, k + 1.0, p))

    def knots(z: Array) -> Array:
        from scipy import special

        lower, tail = z < 0, below(-np.abs(z))
        standard = np.where(lower, special.gammaincinv(r, tail), special.gammainccinv(r, tail))
        return np.asarray(standard * (1.0 - p) / p)

    counts = _Counts(
        mode=max(math.floor((r - 1.0) * (1.0 - p) / p), 0),
        last=math.inf,
        ratio=lambda k: (k + r) / (k + 1.0) * (1.0 - p),
        reached=reached,
        beyond=beyond,
        knots=knots,
    )
    return _marginal("negative-binomial", counts, {"r": r, "p": p}, (mean, mean / p))


def _marginal(family: str, counts: _Counts, parameters: Mapping[str, object], moments: tuple[float, float]) -> Marginal:
    exact = _exact(counts)
    if exact is not None:
        values, seams = exact
        return pieces_marginal(family, steps(values, seams), parameters=parameters, moments=moments)
    values, probabilities = _between_knots(counts)
    reason = f"takes more than {MOST_ATOMS} different values, so they are not rounded to whole numbers"
    note = Problem(reason, "dist", severity="note")
    return pieces_marginal(family, lines(values, probabilities), parameters=parameters, moments=moments, notes=(note,))


def _exact(counts: _Counts) -> tuple[Array, Array] | None:
    """All values that a draw can take and the probabilities of the seams between them; None if too many."""
    up = _outwards(counts, 1)
    down = _outwards(counts, -1)
    if up is None or down is None or up.size + down.size > MOST_ATOMS:
        return None
    weights = np.concatenate((down[::-1], [1.0], up))
    values = counts.mode - down.size + np.arange(weights.size, dtype=np.float64)
    from_below, from_above = cumulate(weights), cumulate(weights[::-1])[::-1]
    seams = np.where(from_below[:-1] <= 0.5, from_below[:-1], 1.0 - from_above[1:])
    return values, np.maximum.accumulate(seams)


def _outwards(counts: _Counts, step: int) -> Array | None:
    """Probabilities relative to the mode's, going away from it until what is left is negligible."""
    found: list[NDArray[np.floating[Any]]] = []
    size, edge, relative, total = 64, float(counts.mode), 1.0, 1.0
    while sum(part.size for part in found) <= MOST_ATOMS:
        k = edge + step * np.arange(1, size + 1, dtype=np.float64)
        k = k[(k >= 0) & (k <= counts.last)]
        if not k.size:
            break
        ratios = counts.ratio(k - 1.0) if step > 0 else 1.0 / counts.ratio(k)
        part = relative * np.cumprod(ratios)
        found.append(part)
        total += float(part.sum())
        edge, relative, last_ratio = float(k[-1]), float(part[-1]), float(ratios[-1])
        if last_ratio < 1 and relative / (1 - last_ratio) < _NEGLIGIBLE * total:
            break
        size *= 2
    else:
        return None
    return np.concatenate(found) if found else np.empty(0)


def _between_knots(counts: _Counts) -> tuple[Array, Array]:
    """Points of a quantile function that has the exact probabilities at its knots and is linear between.

    Neighbouring whole numbers stay atoms; wider gaps run from one half to the next.
    """
    z = np.linspace(-_SCORE_LIMIT, _SCORE_LIMIT, _KNOTS)
    k = np.unique(np.clip(np.rint(counts.knots(z)), 0, min(counts.last, 2.0**52)))
    middle = int(np.searchsorted(k, counts.knots(np.zeros(1))[0]))
    reached = np.append(counts.reached(k[:middle]), 1.0 - counts.beyond(k[middle:]))
    reached = np.maximum.accumulate(reached)
    alone = np.append(True, np.diff(k) == 1)
    values = np.empty((k.size, 2))
    values[:, 0] = np.where(alone, k, np.append(k[0], k[:-1] + 0.5))
    values[:, 1] = np.where(alone, k, k + 0.5)
    probabilities = np.column_stack((np.append(0.0, reached[:-1]), reached))
    probabilities[-1, 1] = 1.0
    return values.ravel(), probabilities.ravel()


def _negative_binomial_of_mean(mean: float, r: float) -> Any:
    return {"r": r, "p": r / (r + mean)}


def _negative_binomial_of_moments(mean: float, sd: float) -> Any:
    variance = sd * sd
    if not variance > mean:
        reason = "is too small: the variance of a negative binomial is above its mean"
        hint = 'dist = "poisson" where the variance equals the mean, "binomial" where it is less'
        raise InvalidInput(Problem(reason, "sd", brief(sd), f"> {brief(float(f'{math.sqrt(mean):.6g}'))}", hint))
    return {"r": mean * mean / (variance - mean), "p": mean / variance}


_P = Parameter("p", "probability of 1", PROBABILITY, aliases=("probability",))
_SUCCESS = Parameter("p", "probability of success in one trial", PROBABILITY, aliases=("probability",))
_RATE = Parameter("mean", "mean number of events", Bounds(0, _LARGEST), aliases=("lambda", "rate"))
_R = Parameter("r", "number of successes to wait for; need not be whole", SHAPE)
_POSITIVE_P = Parameter("p", "probability of success in one trial", Bounds(0, 1, low_open=True))
_JOHNSON = "Johnson, Kemp and Kotz (2005), Univariate Discrete Distributions, chapter"

ROWS = (
    Family(
        "bernoulli",
        "1 with a probability, else 0: something happens or not",
        bernoulli,
        (Form((_P,)),),
        '{ dist = "bernoulli", p = 0.35 }',
        f"{_JOHNSON} 3",
    ),
    Family(
        "binomial",
        "how many of n independent trials succeed",
        binomial,
        (Form((Parameter("n", "number of trials", Bounds(0, _LARGEST), "integer"), _SUCCESS)),),
        '{ dist = "binomial", n = 12, p = 0.3 }',
        f"{_JOHNSON} 3",
    ),
    Family(
        "poisson",
        "how many independent events strike in a period",
        poisson,
        (Form((_RATE,)),),
        '{ dist = "poisson", mean = 3 }',
        f"{_JOHNSON} 4",
    ),
    Family(
        "negative-binomial",
        "counts that vary more than the Poisson; failures before the r-th success",
        negative_binomial,
        (
            Form((_R, _POSITIVE_P)),
            Form((Parameter("mean", "mean", POSITIVE), _R), _negative_binomial_of_mean),
            Form(
                (Parameter("mean", "mean", POSITIVE), Parameter("sd", "standard deviation", POSITIVE)),
                _negative_binomial_of_moments,
            ),
        ),
        '{ dist = "negative-binomial", mean = 5, sd = 4 }',
        f"{_JOHNSON} 5",
    ),
)
