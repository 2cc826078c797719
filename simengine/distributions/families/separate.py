"""Mixtures whose components do not overlap: each component keeps its own quantile function, end to end.

A quantile function may rise infinitely fast where one component ends and the next begins, which no table of the
whole resolves.  Drawn by components there is nothing to resolve: a stretch of probability belongs to each.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simengine.distributions.families.common import smooth
from simengine.distributions.marginal import SMALLEST_TAIL, Array, Marginal, Part

Weighted = Sequence[tuple[float, Marginal]]


def in_order(parts: Weighted) -> list[tuple[float, Marginal]] | None:
    """The components from the lowest to the highest, or None where two overlap by more than a draw resolves."""
    for reach in (_support, _reach):
        ends = [reach(part) for _, part in parts]
        order = sorted(range(len(parts)), key=ends.__getitem__)
        if all(ends[k][1] <= ends[n][0] and ends[k] != ends[n] for k, n in itertools.pairwise(order)):
            return [parts[k] for k in order]
    return None


def _support(part: Marginal) -> tuple[float, float]:
    return part.support


def _reach(part: Marginal) -> tuple[float, float]:
    """Values between which all but 2**-59 of the probability lies."""
    tail = np.array([2.0**-60])
    return max(part.support[0], float(part.low(tail)[0])), min(part.support[1], float(part.high(tail)[0]))


def mixture_moments(parts: Weighted) -> tuple[float, float]:
    """Mean and variance of a mixture, from those of its components."""
    mean = math.fsum(weight * part.mean for weight, part in parts)
    return mean, math.fsum(weight * (part.variance + (part.mean - mean) ** 2) for weight, part in parts)


def separate_mixture(ordered: Weighted, moments: tuple[float, float]) -> Marginal:
    """The mixture of components in order, weights summing to 1."""
    weights = np.array([weight for weight, _ in ordered])
    below = np.concatenate([[0.0], np.cumsum(weights)[:-1]])
    above = np.concatenate([np.cumsum(weights[::-1])[::-1][1:], [0.0]])

    def values(k: NDArray[np.int64], lower: Array, upper: Array) -> Array:
        """Quantiles of components k where a share ``lower`` of the component lies below and ``upper`` above."""
        out = np.empty(lower.shape)
        for number, (_, part) in enumerate(ordered):
            mine = k == number
            left, right = mine & (lower <= 0.5), mine & (lower > 0.5)
            out[left] = part.low(np.clip(lower[left], SMALLEST_TAIL, 0.5))
            out[right] = part.high(np.clip(upper[right], SMALLEST_TAIL, 0.5))
        return out

    def low(q: Array) -> Array:
        k: NDArray[np.int64] = np.searchsorted(below, q, side="left").astype(np.int64) - 1
        return values(k, (q - below[k]) / weights[k], (below[k] + weights[k] - q) / weights[k])

    def high(q: Array) -> Array:
        k: NDArray[np.int64] = len(weights) - np.searchsorted(above[::-1], q, side="left").astype(np.int64)
        return values(k, (above[k] + weights[k] - q) / weights[k], (q - above[k]) / weights[k])

    def cdf(x: Array) -> Array:
        return np.asarray(sum(weight * part.cdf(x) for weight, part in ordered))

    def sf(x: Array) -> Array:
        return np.asarray(sum(weight * part.sf(x) for weight, part in ordered))

    seams = [float(start) for start in below[1:]]
    inner = [
        float(start + weight * kink)
        for start, (weight, part) in zip(below, ordered, strict=True)
        for kink in part.kinks
    ]
    return smooth(
        "mixture",
        low=low,
        high=high,
        cdf=cdf,
        sf=sf,
        support=(min(part.support[0] for _, part in ordered), max(part.support[1] for _, part in ordered)),
        moments=moments,
        parameters={},
        kinks=tuple(sorted({*seams, *inner})),
        parts=tuple(Part(float(start), part) for start, (_, part) in zip(below, ordered, strict=True)),
        digest_key=["mixture", [[weight, part.digest_key] for weight, part in ordered]],
    )
