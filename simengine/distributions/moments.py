"""Mean and variance by quadrature of the quantile function, for distributions without a closed form."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache

import numpy as np

from simengine.distributions.marginal import Array, Function

_NODES = 20
_FIRST = 40.0
"""Depth (in octaves of e below 1/2) that is always integrated."""
_LAST = 660.0
"""Depth at which even the heaviest tail with finite moments has been exhausted in float64."""


def quantile_moments(low: Function, high: Function, kinks: Iterable[float] = ()) -> tuple[float, float]:
    """Mean and variance of the distribution with these quantile functions; they must exist.

    Both tails are integrated over ``t = -log(2 q)``, where power-law and normal tails alike are smooth, by
    Gauss-Legendre panels that end at the kinks and shrink towards them.
    """
    centre = float(low(np.array([0.5]))[0])
    seams = tuple(kinks)
    first = second = 0.0
    for quantile, bends in ((low, seams), (high, tuple(1.0 - k for k in seams))):
        one, two = _tail(quantile, centre, [b for b in bends if 0 < b < 0.5])
        first, second = first + one, second + two
    return centre + first, max(second - first * first, 0.0)


def _tail(quantile: Function, centre: float, bends: list[float]) -> tuple[float, float]:
    places = [-math.log(2 * bend) for bend in bends]
    graded = (place + side * 4.0**-step for place in places for side in (-1, 1) for step in range(15))
    plain = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, *range(8, int(_FIRST) + 1, 4))
    edges = sorted({*plain, *places, *(edge for edge in graded if edge > 0)})
    one, two = _integrate(quantile, centre, np.array(edges))
    edge = edges[-1]
    while edge < _LAST:
        more_one, more_two = _integrate(quantile, centre, np.array([edge, edge + 10, edge + 20]))
        one, two, edge = one + more_one, two + more_two, edge + 20
        if abs(more_one) <= 1e-18 * abs(one) and more_two <= 1e-18 * two:
            break
    return one, two


def _integrate(quantile: Function, centre: float, edges: Array) -> tuple[float, float]:
    nodes, weights = gauss_legendre(_NODES)
    half = np.diff(edges)[:, None] / 2
    t = edges[:-1, None] + half * (1 + nodes)
    q = 0.5 * np.exp(-t)
    deviation = quantile(q.ravel()).reshape(q.shape) - centre
    share = q * half * weights
    return float(np.sum(deviation * share)), float(np.sum(deviation * deviation * share))


@cache
def gauss_legendre(count: int) -> tuple[Array, Array]:
    """Nodes and weights of Gauss-Legendre quadrature on [-1, 1]."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return nodes, weights
