"""Incomplete gamma and beta functions and their inverses, accurate in both tails up to shapes of 1e8.

SciPy's own are used where they are accurate.  Its lower incomplete gamma function loses the far lower tail at shapes
above 1e5 (its series ends too early), and its inverse incomplete beta function stops before it has converged at
very unequal large shapes.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simengine.distributions.marginal import Array
from simengine.distributions.moments import gauss_legendre

_LARGE_GAMMA = 1e5
_LARGE_BETA = 1e4
_FAR = 4.0
"""Standard deviations below the mean from which the lower tail of a large gamma is integrated."""
_STEPS = 5


def gamma_below(shape: Array | float, x: Array | float) -> Array:
    """P(X < x) for the standard gamma distribution; shapes and x broadcast."""
    from scipy import special

    shape, x, far = _placed(shape, x)
    out = np.asarray(special.gammainc(shape, x))
    if np.any(far):
        out[far] = _far_below(shape[far], x[far])
    return out


def gamma_above(shape: Array | float, x: Array | float) -> Array:
    """P(X > x) for the standard gamma distribution; shapes and x broadcast."""
    from scipy import special

    shape, x, far = _placed(shape, x)
    out = np.asarray(special.gammaincc(shape, x))
    if np.any(far):
        out[far] = 1.0 - _far_below(shape[far], x[far])
    return out


def _placed(shape: Array | float, x: Array | float) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Shapes and x of one shape of array, and where x lies far below the mean of a large gamma."""
    shape, x = np.broadcast_arrays(np.asarray(shape, np.float64), np.maximum(x, 0.0))
    return shape, x, (shape > _LARGE_GAMMA) & (x < shape - _FAR * np.sqrt(shape))


def gamma_at_below(shape: float, q: Array) -> Array:
    """The standard gamma quantile with lower tail q."""
    from scipy import special

    if shape <= _LARGE_GAMMA:
        return np.asarray(special.gammaincinv(shape, q))
    z, root = special.ndtri(q), math.sqrt(shape)
    x = shape + root * z + (z * z - 1) / 3 + (z * z - 7) * z / (36 * root)  # Cornish and Fisher's expansion
    for _ in range(_STEPS):
        below = gamma_below(shape, x)
        density = np.exp((shape - 1) * np.log(x) - x - math.lgamma(shape))
        x = x - np.clip((np.log(below) - np.log(q)) * below / density, -root, root)
    return np.asarray(x)


def gamma_at_above(shape: float, q: Array) -> Array:
    """The standard gamma quantile with upper tail q."""
    from scipy import special

    return np.asarray(special.gammainccinv(shape, q))


def beta_below(a: float, b: float, near: Array, far: Array) -> Array:
    """P(X < near) for the standard beta distribution, near + far = 1, both accurate when small."""
    from scipy import special

    near, far = np.clip(near, 0, 1), np.clip(far, 0, 1)
    return np.asarray(np.where(near <= 0.5, special.betainc(a, b, near), special.betaincc(b, a, far)))


def beta_at_below(a: float, b: float, q: Array) -> tuple[Array, Array]:
    """The standard beta quantile with lower tail q: its distances from 0 and from 1."""
    from scipy import special

    near, far = special.betaincinv(a, b, q), special.betainccinv(b, a, q)
    return (near, far) if max(a, b) <= _LARGE_BETA else _polished(a, b, q, near, far, lower=True)


def beta_at_above(a: float, b: float, q: Array) -> tuple[Array, Array]:
    """The standard beta quantile with upper tail q: its distances from 0 and from 1."""
    from scipy import special

    near, far = special.betainccinv(a, b, q), special.betaincinv(b, a, q)
    return (near, far) if max(a, b) <= _LARGE_BETA else _polished(a, b, q, near, far, lower=False)


def _polished(a: float, b: float, q: Array, near: Array, far: Array, *, lower: bool) -> tuple[Array, Array]:
    """Newton steps on the logarithm of the tail, for the logarithm of the smaller distance."""
    from scipy import special

    scale = special.betaln(a, b)
    small = near <= 0.5
    x = np.where(small, near, far)
    with np.errstate(all="ignore"):
        for _ in range(_STEPS):
            near, far = np.where(small, x, 1.0 - x), np.where(small, 1.0 - x, x)
            tail = beta_below(a, b, near, far) if lower else beta_below(b, a, far, near)
            slope = np.exp((a - 1) * np.log(near) + (b - 1) * np.log(far) - scale) * x / tail
            step = np.clip((np.log(tail) - np.log(q)) / slope, -1, 1)
            rising = small if lower else ~small  # whether the tail grows with the smaller distance
            x = np.where(np.isfinite(step), x * np.exp(np.where(rising, -step, step)), x)
    return np.where(small, x, 1.0 - x), np.where(small, 1.0 - x, x)


def _far_below(shape: Array, x: Array) -> Array:
    """P(X < x) of large gammas far below their means: x**a exp(-x) / Gamma(a) times a smooth integral."""
    nodes, weights = gauss_legendre(48)
    gap = shape - x
    s = 20.0 * (1 + nodes) / gap[..., None]
    bent = s * s * (1 / 2 - s * (1 / 6 - s * (1 / 24 - s * (1 / 120 - s / 720))))  # exp(-s) - 1 + s
    integral = np.sum(np.exp(-gap[..., None] * s - x[..., None] * bent) * weights, axis=-1) * 20.0 / gap
    d = -gap / shape
    series = np.zeros(np.shape(d))
    for k in range(24, 1, -1):
        series = (1.0 if k % 2 == 0 else -1.0) / k + d * series
    exponent = np.where(d > -0.15, -shape * d * d * series, -np.inf)  # shape (log(1 + d) - d)
    stirling = 1 + 1 / (12 * shape) + 1 / (288 * shape * shape)
    return np.asarray(np.exp(exponent) * np.sqrt(shape / (2 * math.pi)) / stirling * integral)
