"""The histogram grid: bins that are linear around the middle of an outcome and logarithmic in its tails.

A bin is found by integer operations on the bits of ``1 + |x - centre| * scale``, so it never falls as x rises:
bins hold consecutive order statistics, whatever the distribution looks like.  The grid is fixed by a pilot block;
a poor grid costs time when percentiles are selected, never accuracy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

SUB_BITS = 10
"""log2 of the bins of an octave; the linear part, up to ``1 / scale`` on either side, is the first octave."""
OCTAVES = 8
"""Octaves on either side: the last bin begins at 255 / scale from the centre."""
SIDE = OCTAVES << SUB_BITS
BINS = 2 * SIDE
PILOT_TRIALS = 8192
"""Trials that fix the grid and the centre of the moments."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Grid:
    """Centre and scale of the bins of every outcome, and the shift of its moments; each of shape (outcomes,)."""

    centre: Array
    scale: Array

    @classmethod
    def from_pilot(cls, values: Array) -> Grid:
        """The grid for pilot outcomes of shape (outcomes, trials); values that are not finite are left out."""
        centre, scale = np.zeros(len(values)), np.ones(len(values))
        for k, row in enumerate(values):
            finite = row[np.isfinite(row)]
            if not finite.size:
                continue
            low, middle, high = _quartiles(finite)
            width = (high - low) / 2
            if not width > 0:  # an atom in the middle: fall back on the whole range
                width = (finite.max() - finite.min()) / 2
            centre[k] = middle
            with np.errstate(over="ignore", divide="ignore"):
                inverse = 1.0 / width if width > 0 else 1.0
            scale[k] = inverse if np.isfinite(inverse) and inverse > 0 else 1.0
        return cls(centre, scale)

    def bins_of(self, outcome: int, values: Array) -> NDArray[np.int64]:
        """The bin of every value, as the kernel finds it."""
        with np.errstate(over="ignore"):
            y = (values - self.centre[outcome]) * self.scale[outcome]
        b: NDArray[np.int64] = (np.abs(y) + 1.0).view(np.int64)
        k = np.minimum((b >> (52 - SUB_BITS)) - (1023 << SUB_BITS), SIDE - 1)
        bins: NDArray[np.int64] = np.where(y < 0, SIDE - 1 - k, SIDE + k)
        return bins

    def edges(self, outcome: int) -> Array:
        """Edges of the bins, shape (BINS + 1,), to plot them; the outermost are where the last bins begin to clamp."""
        one_side = _unit_edges() / self.scale[outcome]
        return np.concatenate([self.centre[outcome] - one_side[:0:-1], self.centre[outcome] + one_side])


@cache
def _unit_edges() -> Array:
    """Edges of the bins on the upper side of a grid with centre 0 and scale 1."""
    k = np.arange(SIDE + 1)
    found: Array = np.exp2(k >> SUB_BITS) * (1 + (k & ((1 << SUB_BITS) - 1)) / (1 << SUB_BITS)) - 1.0
    found.flags.writeable = False
    return found


def _quartiles(values: Array) -> tuple[float, float, float]:
    """25th, 50th and 75th percentile, as numpy.percentile has them."""
    positions = [p * (len(values) - 1) for p in (0.25, 0.5, 0.75)]
    below = [math.floor(position) for position in positions]
    ordered = np.partition(values, sorted({*below, *(min(k + 1, len(values) - 1) for k in below)}))
    found = []
    for position, k in zip(positions, below, strict=True):
        low, high, weight = float(ordered[k]), float(ordered[min(k + 1, len(values) - 1)]), position - k
        # numpy interpolates from the nearer end
        found.append(high - (high - low) * (1 - weight) if weight >= 0.5 else low + (high - low) * weight)
    return found[0], found[1], found[2]
