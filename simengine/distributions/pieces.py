"""Distributions whose quantile function is piecewise linear: atoms, steps, and lines between knots; all exact."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping

import numpy as np

from simengine.distributions.marginal import Array, Marginal, Pieces, finite_or_nan, quiet
from simengine.errors import Problem

_LISTED = 64
"""Up to so many pieces stand in the digest key as numbers; more are hashed."""


def pieces_marginal(
    family: str,
    pieces: Pieces,
    *,
    parameters: Mapping[str, object],
    moments: tuple[float, float] | None = None,
    notes: Iterable[Problem] = (),
) -> Marginal:
    """The distribution of a piecewise linear quantile function.

    ``moments`` are the mean and variance where they are known better than from the pieces.
    """
    mean, variance = (finite_or_nan(moment) for moment in moments or piece_moments(pieces))
    first, last = float(pieces.values[0]), float(_ends(pieces)[-1])
    below = quiet(lambda x: probability_below(pieces, x))
    return Marginal(
        family=family,
        low=quiet(lambda q: value_at(pieces, q)),
        high=quiet(lambda q: value_at(pieces, 1.0 - q)),
        cdf=below,
        sf=quiet(lambda x: 1.0 - below(x)),
        support=(first, last),
        mean=mean,
        variance=variance,
        digest_key=_digest_key(pieces),
        pieces=pieces,
        constant=first if first == last else None,
        notes=tuple(notes),
        parameters=parameters,
    )


def constant(value: float, notes: Iterable[Problem] = ()) -> Marginal:
    """A number without uncertainty."""
    one = Pieces(np.zeros(1), np.array([value]), np.zeros(1))
    return pieces_marginal("constant", one, parameters={"value": value}, moments=(value, 0.0), notes=notes)


def atoms(values: Array, probabilities: Array) -> Pieces:
    """Steps at rising ``values`` with the given probabilities (summing to 1 up to rounding); equal values merge."""
    distinct, where = np.unique(values, return_inverse=True)
    total = np.bincount(where, weights=probabilities, minlength=distinct.size).astype(np.float64)
    return steps(distinct, cumulate(total)[:-1])


def steps(values: Array, seams: Array) -> Pieces:
    """Steps at rising ``values``; ``seams`` are the probabilities at which one goes over into the next."""
    starts = np.concatenate(([0.0], seams))
    ends = np.concatenate((starts[1:], [1.0]))
    kept = ends > starts
    return Pieces(starts[kept], np.asarray(values, np.float64)[kept], np.zeros(int(np.count_nonzero(kept))))


def lines(values: Array, probabilities: Array) -> Pieces:
    """The quantile function through the points (probability, value), both not falling, from 0 to 1.

    Equal values in a row are an atom; equal probabilities in a row are a gap without probability.
    """
    width = np.diff(probabilities)
    kept = width > 0
    begin, end = values[:-1][kept], values[1:][kept]
    starts, width = probabilities[:-1][kept], width[kept]
    with np.errstate(over="ignore"):
        slopes = (end - begin) / width
    return _held(Pieces(starts, begin, slopes), end)


def cumulate(weights: Array) -> Array:
    """Running sums divided by the total, the last exactly 1; compensated, so that no rounding accumulates."""
    total = math.fsum(weights.tolist())
    running, carry, sums = 0.0, 0.0, []
    for weight in weights.tolist():
        new = running + weight
        carry += (running - new) + weight if running >= weight else (weight - new) + running
        running = new
        sums.append(running + carry)
    out = np.maximum.accumulate(np.minimum(np.array(sums) / total, 1.0))
    out[-1] = 1.0
    return out


def value_at(pieces: Pieces, probability: Array) -> Array:
    """The quantile function."""
    k = np.searchsorted(pieces.starts, probability, side="right") - 1
    return np.asarray(pieces.values[k] + pieces.slopes[k] * (probability - pieces.starts[k]))


def probability_below(pieces: Pieces, x: Array, *, strictly: bool = False) -> Array:
    """P(X <= x), or P(X < x)."""
    after = np.append(pieces.starts[1:], 1.0)
    k = np.searchsorted(pieces.values, x, side="left" if strictly else "right") - 1
    inside = np.maximum(k, 0)
    slope = pieces.slopes[inside]
    with np.errstate(divide="ignore", invalid="ignore"):
        along = pieces.starts[inside] + (x - pieces.values[inside]) / slope
    reached = np.where(slope > 0, np.minimum(along, after[inside]), after[inside])
    return np.where(k < 0, 0.0, reached)


def piece_moments(pieces: Pieces) -> tuple[float, float]:
    """Mean and variance, exact up to rounding."""
    width = np.diff(np.append(pieces.starts, 1.0))
    with np.errstate(over="ignore"):
        middle = pieces.values + pieces.slopes * width / 2
        mean = math.fsum((width * middle).tolist())
        spread = width * ((middle - mean) ** 2 + (pieces.slopes * width) ** 2 / 12)
    return mean, math.fsum(spread.tolist())


def knots(pieces: Pieces) -> Array:
    """All values at which a piece begins or ends, rising."""
    return np.unique(np.concatenate((pieces.values, _ends(pieces))))


def merge(parts: Iterable[tuple[float, Pieces]]) -> Pieces:
    """The mixture of piecewise linear distributions, weights summing to 1: again piecewise linear."""
    listed = list(parts)
    x = np.unique(np.concatenate([knots(pieces) for _, pieces in listed]))
    left = sum((w * probability_below(p, x, strictly=True) for w, p in listed), np.zeros(x.size))
    right = sum((w * probability_below(p, x) for w, p in listed), np.zeros(x.size))
    probabilities = np.maximum.accumulate(np.minimum(np.column_stack((left, right)).ravel(), 1.0))
    probabilities[0], probabilities[-1] = 0.0, 1.0
    return lines(np.repeat(x, 2), probabilities)


def cut(pieces: Pieces, low: float, high: float) -> tuple[Pieces, float]:
    """The distribution given that low <= X <= high, and the probability of that."""
    begin = float(probability_below(pieces, np.array([low]), strictly=True)[0])
    end = float(probability_below(pieces, np.array([high]))[0])
    mass = end - begin
    if mass <= 0:
        return pieces, mass
    inner = (pieces.starts > begin) & (pieces.starts < end)
    first = max(int(np.searchsorted(pieces.starts, begin, side="right")) - 1, 0)
    at_begin = pieces.values[first] + pieces.slopes[first] * (begin - pieces.starts[first])
    starts = np.concatenate(([0.0], (pieces.starts[inner] - begin) / mass))
    values = np.concatenate(([max(float(at_begin), low)], pieces.values[inner]))
    slopes = np.concatenate(([pieces.slopes[first]], pieces.slopes[inner])) * mass
    kept = np.append(np.diff(starts) > 0, starts[-1] < 1)
    found = Pieces(starts[kept], np.minimum(values, high)[kept], slopes[kept])
    return _held(found, np.append(found.values[1:], min(high, float(_ends(pieces)[-1])))), mass


def _held(pieces: Pieces, ends: Array) -> Pieces:
    """The pieces, slopes reduced by the rounding that would carry a piece beyond its end."""
    width, slopes, aim = np.diff(np.append(pieces.starts, 1.0)), pieces.slopes.copy(), ends.copy()
    for _ in range(4):
        over = pieces.values + slopes * width > ends
        aim[over] = np.nextafter(aim[over], -np.inf)
        slopes[over] = np.maximum(aim[over] - pieces.values[over], 0.0) / width[over]
    return Pieces(pieces.starts, pieces.values, slopes)


def _ends(pieces: Pieces) -> Array:
    return pieces.values + pieces.slopes * np.diff(np.append(pieces.starts, 1.0))


def _digest_key(pieces: Pieces) -> object:
    columns = (pieces.starts, pieces.values, pieces.slopes)
    if pieces.starts.size == 1 and not pieces.slopes[0]:
        return ["constant", float(pieces.values[0])]
    if pieces.starts.size <= _LISTED:
        return ["pieces", *(column.tolist() for column in columns)]
    content = hashlib.sha256()
    for column in columns:
        content.update(column.astype("<f8").tobytes())
    return ["pieces", pieces.starts.size, content.hexdigest()]
