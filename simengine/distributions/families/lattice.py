"""Compound distributions of losses that are multiples of one step: probabilities of every possible sum."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from simengine.distributions.families.frequency import Frequency
from simengine.distributions.marginal import Array

MOST_POINTS = 1 << 17
"""Sums on a finer lattice are not kept apart."""
_RECURSION_POINTS = 4096
_NEGLIGIBLE = 2.0**-60
_TILT = 30.0
"""Sums beyond the end of a transform come back multiplied by exp(-30)."""
_LARGEST_EXPONENT = 300.0
Step = tuple[int, int]
"""Numerator and denominator."""


def common_step(values: Array) -> Step | None:
    """The largest number of which all positive values are multiples, as they are written in decimals.

    None where the largest value would be more than :data:`MOST_POINTS` steps.
    """
    fractions = [Fraction(repr(value)) for value in values.tolist() if value > 0]
    if not fractions:
        return 1, 1
    denominator = math.lcm(*(fraction.denominator for fraction in fractions))
    numerators = [int(fraction * denominator) for fraction in fractions]
    divisor = math.gcd(*numerators)
    if max(numerators) // divisor > MOST_POINTS:
        return None
    step = Fraction(divisor, denominator)
    return step.numerator, step.denominator


def lattice_sum(frequency: Frequency, values: Array, masses: Array, step: Step) -> tuple[Array, Array] | None:
    """Every sum of N losses and its probability; None where there are more than :data:`MOST_POINTS`.

    ``values`` are multiples of the step and ``masses`` their probabilities.  Masses that sum to less than 1 give the
    probabilities of the sums in which no other loss takes part.

    References
    ----------
    Panjer (1981), ASTIN Bulletin 12; Grübel and Hermesmeier (1999), ASTIN Bulletin 29: exponential tilting.
    """
    numerator, denominator = step
    at = np.rint(values * (denominator / numerator)).astype(np.int64)
    total = float(frequency.generating(math.fsum(masses.tolist())))
    end = int(at[-1]) * frequency.most + 1 if at.size else 1
    count = 1 << max(6, int(at[-1]).bit_length() + 1) if at.size else 1
    while True:
        count = int(min(count, end))
        found = _up_to(frequency, at, masses, count)
        if count == end or _complete(found, total):
            break
        count *= 4
        if count > 2 * MOST_POINTS:
            return None
    last = int(np.flatnonzero(found > 0)[-1]) + 1 if np.any(found > 0) else 1
    if last > MOST_POINTS:
        return None
    sums = np.arange(last, dtype=np.float64) * numerator / denominator
    kept = found[:last] > 0
    return sums[kept], found[:last][kept]


def _complete(found: Array, total: float) -> bool:
    """Whether what lies beyond is negligible; rounding of a transform hides the last 1e-13."""
    last = found[found.size // 4 * 3 :]
    return float(last.sum()) <= _NEGLIGIBLE * total and abs(math.fsum(found.tolist()) - total) <= 1e-12 * total


def _up_to(frequency: Frequency, at: NDArray[np.int64], masses: Array, count: int) -> Array:
    """Probabilities of the sums 0, 1, ..., count - 1, in steps."""
    dense = np.zeros(count)
    inside = at < count
    dense[at[inside]] = masses[inside]
    start = float(frequency.generating(dense[0]))
    moderate = start > math.exp(-_LARGEST_EXPONENT) and count <= _RECURSION_POINTS
    if frequency.recursion is not None and moderate:
        return _recursion(frequency.recursion, start, dense)
    return _transformed(frequency, dense)


def _recursion(law: tuple[float, float], start: float, severity: Array) -> Array:
    """Panjer's recursion, which adds numbers that are not negative: relative accuracy everywhere."""
    a, b = law
    j = np.flatnonzero(severity)
    j = j[j > 0]
    f, jf = severity[j], severity[j] * j
    scale = 1.0 / (1.0 - a * severity[0])
    found = np.zeros(severity.size)
    found[0] = start
    for k in range(1, severity.size):
        reached = int(np.searchsorted(j, k, side="right"))
        if reached:
            weights = a * f[:reached] + (b / k) * jf[:reached]
            found[k] = scale * np.add.reduce(weights * found[k - j[:reached]])
    return found


def _transformed(frequency: Frequency, severity: Array) -> Array:
    """By fast Fourier transform, tilted so that sums beyond the end do not come back; accurate to 1e-13.

    Probabilities below the rounding are 0.
    """
    size = 4 * severity.size
    tilt = np.exp(-_TILT / size * np.arange(severity.size))
    transform = np.fft.rfft(severity * tilt, size)
    found = np.fft.irfft(frequency.generating(transform), size)[: severity.size] / tilt
    return np.where(found > 4e-16 / tilt, found, 0.0)
