"""What one event costs: a distribution on the positive half-line, split into atoms and a continuous rest."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from simengine.distributions.families.layer import Layer
from simengine.distributions.marginal import SMALLEST_TAIL, Array, Function, Marginal, quiet
from simengine.distributions.moments import quantile_moments
from simengine.distributions.pieces import piece_moments


@dataclass(frozen=True)
class Severity:
    """The loss of one event.

    ``values`` and ``masses`` are its atoms, rising; ``mass`` is the probability of the continuous rest.
    ``mean`` and ``variance`` are NaN where they are infinite.  ``bends`` are finite values at which the density
    may jump.
    """

    low: Function
    high: Function
    cdf: Function
    sf: Function
    support: tuple[float, float]
    mean: float
    variance: float
    values: Array
    masses: Array
    mass: float
    bends: Array

    @property
    def nothing(self) -> float:
        """P(X = 0)."""
        return math.fsum(self.masses[self.values == 0].tolist())

    @cached_property
    def _median(self) -> float:
        return float(self.low(np.array([0.5]))[0])

    def tails(self, x: Array) -> tuple[Array, Array]:
        """P(X <= x) and P(X > x) but for atoms, for x >= 0, shape ``(n,)``; the smaller of the two is accurate."""
        below, above = np.empty(x.shape), np.empty(x.shape)
        lower = x < self._median
        below[lower], above[~lower] = self.cdf(x[lower]), self.sf(x[~lower])
        above[lower], below[~lower] = 1.0 - below[lower], 1.0 - above[~lower]
        if self.values.size:
            after = np.searchsorted(self.values, x, side="right")
            below -= np.append(0.0, np.cumsum(self.masses))[after]
            above -= np.append(np.cumsum(self.masses[::-1])[::-1], 0.0)[after]
        return below, above


def severity_of(marginal: Marginal, layer: Layer | None) -> Severity:
    """The loss of one event, of which the layer, if there is one, keeps a part."""
    found = dict(_atoms(marginal))
    places = marginal.quantile(np.array(marginal.kinks)) if marginal.kinks else np.empty(0)
    bends = np.append(places, [end for end in marginal.support if math.isfinite(end)])
    low, high, cdf, sf, support = marginal.low, marginal.high, marginal.cdf, marginal.sf, marginal.support
    mean, variance = marginal.mean, marginal.variance
    if layer is not None:
        low, high = quiet(lambda q: layer.apply(marginal.low(q))), quiet(lambda q: layer.apply(marginal.high(q)))
        cdf = quiet(lambda x: _at(marginal.cdf, layer.largest(x), 1.0))
        sf = quiet(lambda x: _at(marginal.sf, layer.largest(x), 0.0))
        mean, variance = _layered_moments(marginal, layer, low, high)
        found = _layered_atoms(marginal, layer, found)
        bends = np.unique(layer.apply(np.append(bends, layer.edges)))
        support = (float(layer.apply(np.array(support[0]))), float(layer.apply(np.array(support[1]))))
    values = np.array(sorted(found))
    masses = np.array([found[value] for value in values.tolist()])
    rest = max(1.0 - math.fsum(masses.tolist()), 0.0)
    return Severity(low, high, cdf, sf, support, mean, variance, values, masses, rest if rest > 1e-14 else 0.0, bends)


def _atoms(marginal: Marginal) -> list[tuple[float, float]]:
    """Every atom and its probability."""
    if marginal.parts:
        starts = [part.start for part in marginal.parts]
        found: dict[float, float] = {}
        for part, start, end in zip(marginal.parts, starts, [*starts[1:], 1.0], strict=True):
            for value, mass in _atoms(part.marginal):
                found[value] = found.get(value, 0.0) + (end - start) * mass
        return list(found.items())
    if marginal.pieces is None:
        return []
    width = np.diff(np.append(marginal.pieces.starts, 1.0))
    flat = marginal.pieces.slopes == 0
    return list(zip(marginal.pieces.values[flat].tolist(), width[flat].tolist(), strict=True))


def _at(function: Function, x: Array, at_infinity: float) -> Array:
    """The function, which may be undefined at infinity."""
    finite = np.isfinite(x)
    return np.where(finite, function(np.where(finite, x, 0.0)), at_infinity)


def _layered_atoms(marginal: Marginal, layer: Layer, atoms: dict[float, float]) -> dict[float, float]:
    """The atoms of what the layer keeps: moved ones, and the stretches that it makes one value of."""
    found: dict[float, float] = {}
    for begin, end in layer.flat:
        value = float(layer.apply(np.array(begin if math.isfinite(begin) else end)))
        inside = _probability(marginal, begin, end)
        if inside > 0:
            found[value] = found.get(value, 0.0) + inside
    for place, mass in atoms.items():
        if not any(begin <= place <= end for begin, end in layer.flat):
            value = float(layer.apply(np.array(place)))
            found[value] = found.get(value, 0.0) + mass
    return found


def _probability(marginal: Marginal, begin: float, end: float) -> float:
    """P(begin <= X <= end), from the tail in which it is accurate."""
    edges = np.array([np.nextafter(begin, -np.inf), end])
    below, above = marginal.cdf(edges), marginal.sf(edges)
    below[edges == np.inf], above[edges == np.inf] = 1.0, 0.0
    return float(below[1] - below[0]) if below[0] <= 0.5 else float(above[0] - above[1])


def _layered_moments(marginal: Marginal, layer: Layer, low: Function, high: Function) -> tuple[float, float]:
    if marginal.pieces is not None:
        return piece_moments(layer.of_pieces(marginal.pieces))
    bounded = math.isfinite(layer.apply(np.array(math.inf)))
    if not bounded and math.isnan(marginal.mean):
        return math.nan, math.nan
    edges = np.array([edge for edge in layer.edges.tolist() if math.isfinite(edge)])
    bends = [float(u) for u in marginal.cdf(edges).tolist() if SMALLEST_TAIL < u < 1 - 1e-15]
    mean, variance = quantile_moments(low, high, sorted({*marginal.kinks, *bends}))
    return mean, (variance if bounded or not math.isnan(marginal.variance) else math.nan)
