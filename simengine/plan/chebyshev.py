"""Polynomials fitted at Chebyshev nodes, with sums whose order is written out."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def chebyshev_nodes(count: int) -> Array:
    """Nodes of the first kind on [-1, 1], from right to left."""
    return np.array([math.cos(math.pi * (j + 0.5) / count) for j in range(count)])


def chebyshev_coefficients(values: Array, terms: int) -> Array:
    """Least-squares Chebyshev coefficients from values at the nodes, (nodes, m) to (terms, m).

    Sums are written out because a matrix product may round differently from one processor to the next.
    """
    count = len(values)
    middle = values[count // 2]  # the rest is small beside it, and so are the rounding errors of its sums
    rest = values - middle
    out = np.zeros((terms, values.shape[1]))
    for k in range(terms):
        for j in range(count):
            out[k] += rest[j] * math.cos(math.pi * k * (j + 0.5) / count)
    out *= 2.0 / count
    out[0] *= 0.5
    out[0] += middle
    return out


def powers(coefficients: Array, order: int) -> Array:
    """Chebyshev coefficients as coefficients of powers, (terms, m) to (order, m)."""
    rows = np.zeros((order, order))
    rows[0, 0] = 1.0
    rows[1, 1] = 1.0
    for k in range(2, order):
        rows[k] = np.append(0.0, 2.0 * rows[k - 1, :-1]) - rows[k - 2]
    out = np.zeros((order, coefficients.shape[1]))
    for k, coefficient in enumerate(coefficients):
        for power in range(order):
            out[power] += coefficient * rows[k, power]
    return out
