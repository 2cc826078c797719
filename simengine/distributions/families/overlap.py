"""Mixtures whose components overlap: quantiles by inversion, between seams at which they are not smooth.

Where a component begins, ends or has a kink, at an atom, and where hardly any density separates two peaks, the
quantile function of a mixture bends or leaps.  There the mixture is cut, and each stretch is a component of its
own in a row of components (:mod:`.separate`): its ends are tails, which tables resolve.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from simengine.distributions.families.common import smooth
from simengine.distributions.families.separate import separate_mixture
from simengine.distributions.inversion import Inverse
from simengine.distributions.marginal import SMALLEST_TAIL, Array, Marginal, Pieces
from simengine.distributions.pieces import constant, knots, lines, merge, pieces_marginal
from simengine.distributions.scores import below as normal_below
from simengine.distributions.scores import logit
from simengine.distributions.transform import inside_of
from simengine.errors import Problem

MOST_SEAMS = 16
"""A mixture with more seams is drawn from many short lines instead."""
_LINES = 1 << 16
_DEEP = 0.05
"""A density lower than this share of the peaks on both sides is a valley."""
_NEGLIGIBLE = 1e-12
Parts = Sequence[tuple[float, Marginal]]


def overlapping_mixture(parts: Parts, moments: tuple[float, float]) -> Marginal:
    """The mixture of components, not all of them exact, with weights that sum to 1."""
    if sum(part.pieces.starts.size for _, part in parts if part.pieces is not None) > MOST_SEAMS:
        return _of_lines(parts, moments)
    whole = _whole(parts, moments)
    seams = _seams(parts, whole)
    if not seams.size:
        return whole
    return _row(whole, seams, moments) if seams.size <= MOST_SEAMS else _of_lines(parts, moments)


def _whole(parts: Parts, moments: tuple[float, float]) -> Marginal:
    """The mixture as one, by inversion of its log-odds."""

    def cdf(x: Array) -> Array:
        return np.asarray(sum(weight * part.cdf(x) for weight, part in parts))

    def sf(x: Array) -> Array:
        return np.asarray(sum(weight * part.sf(x) for weight, part in parts))

    def log_odds(x: Array) -> Array:
        return np.log(cdf(x)) - np.log(sf(x))

    inverse = Inverse(log_odds, lambda: _landmarks(parts))
    return smooth(
        "mixture",
        low=lambda q: inverse(logit(q)),
        high=lambda q: inverse(-logit(q)),
        cdf=cdf,
        sf=sf,
        support=(min(part.support[0] for _, part in parts), max(part.support[1] for _, part in parts)),
        moments=moments,
        parameters={},
        slow=True,
        digest_key=["mixture", [[weight, part.digest_key] for weight, part in parts]],
    )


def _landmarks(parts: Parts) -> Array:
    """Points among which every quantile of the mixture lies: quantiles of the components, far into both tails."""
    tail = np.concatenate((2.0 ** -np.arange(110.0, 6.0, -2.0), np.linspace(1 / 64, 0.5, 32)))
    sides = [side(tail) for _, part in parts for side in (part.low, part.high)]
    ends = [end for _, part in parts for end in part.support if math.isfinite(end)]
    return np.unique(np.concatenate([*sides, np.array(ends)]))


def _seams(parts: Parts, whole: Marginal) -> Array:
    """The values at which the mixture is cut, rising."""
    places: list[float] = []
    for _, part in parts:
        places.extend(end for end in part.support if math.isfinite(end))
        places.extend(part.quantile(np.array(part.kinks)).tolist())
        if part.pieces is not None:
            places.extend(knots(part.pieces).tolist())
    found = np.unique(np.array(places))
    found = found[(whole.cdf(found) > _NEGLIGIBLE) & (whole.sf(_just_below(found)) > _NEGLIGIBLE)]
    valleys = _valleys(parts, whole)
    near = [np.any(np.abs(whole.cdf(found) - whole.cdf(np.array(v))) < 1e-9) for v in valleys]
    return np.unique(np.append(found, [v for v, known in zip(valleys, near, strict=True) if not known]))


def _valleys(parts: Parts, whole: Marginal) -> list[float]:
    """Values at which hardly any density separates two peaks, so that the quantile function leaps."""
    x = _landmarks(parts)
    lowest: list[int] = []
    for _ in range(3):
        below, above = whole.cdf(x), whole.sf(x)
        density = np.where(below[1:] <= 0.5, np.diff(below), -np.diff(above)) / np.diff(x)
        banks = np.minimum(np.maximum.accumulate(density), np.maximum.accumulate(density[::-1])[::-1])
        deep = density < _DEEP * banks
        edges = np.flatnonzero(np.diff(np.concatenate(([0], deep, [0]))))
        lowest = [begin + int(np.argmin(density[begin:end])) for begin, end in edges.reshape(-1, 2)]
        finer = [np.linspace(x[max(k - 1, 0)], x[min(k + 2, x.size - 1)], 64) for k in lowest]
        x, coarse = np.unique(np.concatenate([x, *finer])), x
    return [float(coarse[k] + coarse[k + 1]) / 2 for k in lowest]


def _row(whole: Marginal, seams: Array, moments: tuple[float, float]) -> Marginal:
    """The stretches between the seams and the atoms on them, one behind the other."""
    atoms = np.maximum(whole.cdf(seams) - whole.cdf(_just_below(seams)), whole.sf(_just_below(seams)) - whole.sf(seams))
    edges = [-math.inf, *seams.tolist(), math.inf]
    found: list[tuple[float, Marginal]] = []
    for k in range(len(edges) - 1):
        mass, stretch = inside_of(whole, edges[k], edges[k + 1])
        if stretch is not None:
            found.append((mass, stretch))
        if k < seams.size and atoms[k] > _NEGLIGIBLE:
            found.append((float(atoms[k]), constant(edges[k + 1])))
    total = math.fsum(mass for mass, _ in found)
    row = separate_mixture([(mass / total, stretch) for mass, stretch in found], moments)
    return replace(row, cdf=whole.cdf, sf=whole.sf, support=whole.support, digest_key=whole.digest_key)


def _just_below(x: Array) -> Array:
    return np.asarray(np.nextafter(x, -np.inf))


def _of_lines(parts: Parts, moments: tuple[float, float]) -> Marginal:
    """The mixture with every continuous component cut into lines, so that it is exactly piecewise linear."""
    pieces = merge([(weight, part.pieces or _as_lines(part)) for weight, part in parts])
    reason = "has so many seams that it is drawn from lines, accurate to 1e-8 in probability"
    return pieces_marginal(
        "mixture", pieces, parameters={}, moments=moments, notes=(Problem(reason, "components", severity="note"),)
    )


def _as_lines(part: Marginal) -> Pieces:
    """A continuous distribution as lines between quantiles that are evenly spaced in normal scores."""
    z = np.linspace(-8.3, 8.3, _LINES)
    tail = np.clip(normal_below(-np.abs(z)), SMALLEST_TAIL, 0.5)
    probabilities = np.where(z < 0, tail, 1.0 - tail)
    values = np.where(z < 0, part.low(tail), part.high(tail))
    probabilities[0], probabilities[-1] = 0.0, 1.0
    return lines(np.maximum.accumulate(values), np.maximum.accumulate(probabilities))
