"""The histogram grid: bins that are linear around the middle of an outcome and logarithmic in its tails.

A bin is found by integer operations on the bits of ``1 + |x - centre| * scale``, so it never falls as x rises:
bins hold consecutive order statistics, whatever the distribution looks like.  The grid is fixed by a pilot block;
a poor grid costs time when percentiles are selected, never accuracy.
"""

from __future__ import annotations

from dataclasses import dataclass

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
            low, middle, high = np.percentile(finite, [25, 50, 75])
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
        k = np.arange(SIDE + 1)
        y = np.exp2(k >> SUB_BITS) * (1 + (k & ((1 << SUB_BITS) - 1)) / (1 << SUB_BITS)) - 1.0
        one_side = y / self.scale[outcome]
        return np.concatenate([self.centre[outcome] - one_side[:0:-1], self.centre[outcome] + one_side])
