"""Smoothing data: a Gaussian kernel estimate, kept as a finely knotted, exactly piecewise linear quantile function."""

from __future__ import annotations

import math

import numpy as np

from simengine.distributions.marginal import Array, Pieces
from simengine.distributions.pieces import lines

_REACH = 8.5
"""Kernels are followed to so many bandwidths: beyond lies less probability than a draw resolves."""
_FINENESS = 32
"""Knots a bandwidth."""
_MOST_KNOTS = 1 << 16
_BINNED = 1000
"""More values than this are first collected in bins of 1/16 of a bandwidth, which keeps their mean."""


def bandwidth(values: Array) -> float:
    """The width of kernel that suits most data; 0 where all values are equal.

    References
    ----------
    Silverman (1986), Density Estimation, equation 3.31.
    """
    sd = float(np.std(values, ddof=1)) if values.size > 1 else 0.0
    low, high = np.quantile(values, [0.25, 0.75])
    spread = min(sd, float(high - low) / 1.34) or sd
    return 0.9 * spread / math.pow(values.size, 0.2)


def smoothed(values: Array, width: float) -> Pieces:
    """The kernel estimate of the distribution of the values, shape ``(n,)``, with kernels of sd ``width``."""
    centres, weights = _centres(np.sort(values), width)
    knots = _knots(centres, width)
    below, above = _tails(knots, centres, weights, width)
    probabilities = np.maximum.accumulate(np.where(below <= 0.5, below, 1.0 - above))
    probabilities[0], probabilities[-1] = 0.0, 1.0
    return lines(knots, probabilities)


def _centres(values: Array, width: float) -> tuple[Array, Array]:
    if values.size <= _BINNED:
        return values, np.full(values.size, 1.0 / values.size)
    step = width / 16
    place = (values - values[0]) / step
    lower = np.floor(place)
    share = place - lower
    bins = np.concatenate((lower, lower + 1))
    distinct, where = np.unique(bins, return_inverse=True)
    weights = np.bincount(where, weights=np.concatenate((1.0 - share, share)))
    kept = weights > 0
    return values[0] + step * distinct[kept], weights[kept] / values.size


def _knots(centres: Array, width: float) -> Array:
    """Points within reach of some kernel, evenly spaced in each stretch."""
    gaps = np.flatnonzero(np.diff(centres) > 2 * _REACH * width)
    begins = centres[np.concatenate(([0], gaps + 1))] - _REACH * width
    ends = centres[np.concatenate((gaps, [centres.size - 1]))] + _REACH * width
    step = max(width / _FINENESS, float(np.sum(ends - begins)) / _MOST_KNOTS)
    stretches = [
        np.linspace(begin, end, max(math.ceil((end - begin) / step), 32) + 1)
        for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)
    ]
    return np.unique(np.concatenate(stretches))


def _tails(knots: Array, centres: Array, weights: Array, width: float) -> tuple[Array, Array]:
    """P(X < knot) and P(X > knot): kernels out of reach count whole, those in reach by the normal tails."""
    from scipy import special

    from_below = np.concatenate(([0.0], np.cumsum(weights)))
    from_above = np.concatenate((np.cumsum(weights[::-1])[::-1], [0.0]))
    first = np.searchsorted(centres, knots - _REACH * width)
    last = np.searchsorted(centres, knots + _REACH * width)
    below, above = from_below[first], from_above[last]
    window = np.arange(int(np.max(last - first)))
    rows = max(1, 2_000_000 // max(window.size, 1))
    for begin in range(0, knots.size, rows):
        part = slice(begin, begin + rows)
        index = first[part, None] + window
        inside = index < last[part, None]
        index = np.minimum(index, centres.size - 1)
        share = np.where(inside, weights[index], 0.0)
        z = (knots[part, None] - centres[index]) / width
        below[part] += np.sum(share * special.ndtr(z), axis=1)
        above[part] += np.sum(share * special.ndtr(-z), axis=1)
    return below, above
