"""Exact sums of floats as integers, for parts whose order of addition cannot be fixed.

A float64 is an integer times a power of two, so a sum fits in a wide fixed-point number: limbs of 32 bits, held in
int64 so that 2**31 additions need no carrying.  Limbs add like any integers; the rounding to float64 happens once.

References: Neal, "Fast exact summation using small and large superaccumulators", arXiv 1505.05571, 2015.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

LIMBS = 68
"""32-bit limbs that hold any float64: 2,098 bits of range and 53 of mantissa, with room to carry."""
LOWEST_EXPONENT = 1074
MOST_ADDITIONS = 1 << 30
"""Additions after which limbs must be carried, see :func:`carried`."""


def carried(limbs: NDArray[np.int64]) -> NDArray[np.int64]:
    """The same numbers with every limb but the last in 0 to 2**32 - 1; the last axis is the limb."""
    out = limbs.copy()
    for k in range(LIMBS - 1):
        carry = out[..., k] >> 32
        out[..., k] -= carry << 32
        out[..., k + 1] += carry
    return out


def rounded(limbs: NDArray[np.int64], times: int = 1, value: float = 0.0) -> float:
    """The number that limbs of shape (LIMBS,) hold, plus ``times * value``, rounded once to float64."""
    whole = sum(int(limbs[k]) << (32 * int(k)) for k in np.flatnonzero(limbs))
    if not math.isfinite(value):
        return value if times else rounded(limbs)
    numerator, denominator = value.as_integer_ratio()
    whole += times * numerator * ((1 << LOWEST_EXPONENT) // denominator)
    try:
        return whole / (1 << LOWEST_EXPONENT)
    except OverflowError:
        return math.inf if whole > 0 else -math.inf
