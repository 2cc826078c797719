"""Distribution functions of sums with two losses or more, on a ladder of grids, each four times as wide as the last.

A loss is spread over the points of a grid so that the first moments of every stretch of it are kept: what it is
below the end of the finer grid comes from there, what it is beyond from the probabilities of the cells.  On points
so much closer than the sums are large, the error falls with the fourth power of their distance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simengine.distributions.families.frequency import Frequency
from simengine.distributions.families.severity import Severity
from simengine.distributions.marginal import Array

_TILT = 30.0
"""Sums beyond the end of a transform come back multiplied by exp(-30)."""
_PADDING = 4
_MARGIN = 8
"""So many points before 0 and beyond the end take part: losses are spread over the points around them."""
RATIO = 4
"""How many times wider each grid is than the one before."""
MOST_GRIDS = 40


@dataclass(frozen=True)
class Grid:
    """P(S <= x and S has two losses or more, not all atoms) at ``x = (k - 1/2) * step``, k = 0, 1, ...

    ``loss`` are the weights of one loss on the points ``k * step``, k = -:data:`_MARGIN`, ...
    """

    step: float
    sums: Array
    loss: Array

    @property
    def points(self) -> int:
        """The number of grid points from 0 on."""
        return self.sums.size - 1

    @property
    def end(self) -> float:
        """The largest x at which the grid is used."""
        return self.step * (self.points - 2 * _MARGIN)

    def at(self, x: Array) -> Array:
        """By cubic interpolation."""
        place = x / self.step + 0.5
        k = np.clip(np.floor(place).astype(np.int64), 1, self.sums.size - 3)
        weights = _around(place - k)
        return np.asarray(sum(weight * self.sums[k + shift] for shift, weight in zip(_SHIFTS, weights, strict=True)))


def grid(frequency: Frequency, severity: Severity, step: float, points: int, finer: Grid | None) -> Grid:
    """The sums up to ``points * step``; ``finer`` is the grid before.

    References
    ----------
    Grübel and Hermesmeier (1999), ASTIN Bulletin 29: a tilted loss, so that larger sums do not come back.
    """
    size = _PADDING * points
    theta = _TILT / size
    k = np.arange(-_MARGIN, points + _MARGIN)
    tilt = np.exp(-theta * k)
    loss = _of_cells(severity, step, points, finer)
    inside = (severity.values > 0) & (severity.values < step * (points - 2))
    none = severity.nothing
    of_loss, of_atoms = _transform(loss * tilt, size), np.full(1, none, np.complex128)
    if np.any(inside):
        atoms = _spread(severity.values[inside] / step, severity.masses[inside], points)
        of_atoms = none + _transform(atoms * tilt, size)
    s = theta + 2j * math.pi / size * np.arange(size // 2 + 1)
    box = 1.0 + (np.cosh(s) - 1.0) / 12.0  # from weights to probabilities of cells
    cells = np.fft.irfft(_several(frequency, none, of_atoms, of_loss) * box, size)
    before = points // 16  # weights below 0 are spread as far as that by many losses
    cells = np.roll(cells, before)[: before + points] / np.exp(-theta * np.arange(-before, points))
    sums = np.cumsum(cells)[before - 1 :]
    return Grid(step, sums, loss)


def _transform(weights: Array, size: int) -> NDArray[np.complex128]:
    """The Fourier transform of weights on the points from -:data:`_MARGIN` on."""
    padded = np.append(weights[_MARGIN:], np.zeros(size - weights.size))
    return np.asarray(np.fft.rfft(np.append(padded, weights[:_MARGIN])))


def _several(
    frequency: Frequency, none: float, atomic: NDArray[np.complex128], loss: NDArray[np.complex128]
) -> NDArray[np.complex128]:
    """The transform of sums of two losses or more that are not 0, one of them at least no atom."""
    whole = frequency.generating(atomic + loss) - frequency.generating(atomic)
    return np.asarray(whole - frequency.slope(none) * loss)


def _of_cells(severity: Severity, step: float, points: int, finer: Grid | None) -> Array:
    """Weights of the continuous part of a loss on the points of a grid."""
    start = 0
    weights = np.zeros(points + 2 * _MARGIN)
    if finer is not None:
        start = finer.points // RATIO
        place = np.arange(-_MARGIN, finer.points + _MARGIN, dtype=np.float64) / RATIO
        weights += _spread(place, finer.loss, points)
    first = max(start - 1, 0)
    edges = step * np.arange(first, points + 2, dtype=np.float64)
    below, above = severity.tails(edges)
    mass = np.maximum(np.where(below[1:] <= 0.5, np.diff(below), -np.diff(above)), 0.0)
    own = slice(start - first, -1)
    mass, slope = mass[own], _slopes(mass)[own]
    middle = np.arange(start, points, dtype=np.float64) + 0.5
    for shift, weight in ((-1.0, mass / 24 - slope / 24), (0.0, mass * 11 / 12), (1.0, mass / 24 + slope / 24)):
        weights += _spread(middle + shift, weight, points)
    return weights


def _slopes(mass: Array) -> Array:
    """How fast the masses of cells rise from one to the next: central differences, one-sided beside a jump."""
    steps = np.diff(mass)
    before, after = np.append(mass[0], steps), np.append(steps, 0.0)
    small = np.where(np.abs(before) < np.abs(after), before, after)
    smooth = np.abs(before - after) <= 0.5 * np.maximum(np.abs(before), np.abs(after))
    return np.where(smooth, (before + after) / 2, small)


_SHIFTS = (-1, 0, 1, 2)


def _around(t: Array) -> tuple[Array, ...]:
    """Weights of the points -1, 0, 1, 2 that keep the first three moments of a unit at t in [0, 1]."""
    return (
        -t * (t - 1) * (t - 2) / 6,
        (t + 1) * (t - 1) * (t - 2) / 2,
        -(t + 1) * t * (t - 2) / 2,
        (t + 1) * t * (t - 1) / 6,
    )


def _spread(place: Array, mass: Array, points: int) -> Array:
    """Masses at places between grid points, spread over the points around."""
    k = np.floor(place)
    at = k.astype(np.int64) + _MARGIN
    found = np.zeros(points + 2 * _MARGIN)
    for shift, weight in zip(_SHIFTS, _around(place - k), strict=True):
        found += np.bincount(at + shift, mass * weight, found.size)
    return found
