"""A small histogram in one line of text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BLOCKS = " ▁▂▃▄▅▆▇█"
ASCII_BLOCKS = " .:-=+*#%"
TAIL = 0.005
"""Share of the trials that is left out at each end of the common scale."""


def common_scale(edges: Sequence[Array], counts: Sequence[NDArray[np.int64]]) -> tuple[float, float]:
    """The range of values that holds all but the outermost 0.5 % at each end of every histogram.

    ``edges`` and ``counts``: shapes ``(bins + 1,)`` and ``(bins,)``; NaN edges after the last bin are allowed.
    """
    ends = [_ends(edge, count) for edge, count in zip(edges, counts, strict=True) if count.sum() > 0]
    if not ends:
        return 0.0, 0.0
    return min(low for low, _ in ends), max(high for _, high in ends)


def bars(edges: Array, counts: NDArray[np.int64], scale: tuple[float, float], width: int, *, unicode: bool) -> str:
    """The histogram in ``width`` characters over ``scale``; the highest bar is a full block."""
    shares = rebin(edges, counts, np.linspace(scale[0], scale[1], width + 1))
    signs = BLOCKS if unicode else ASCII_BLOCKS
    top = shares.max(initial=0.0)
    if top <= 0.0:
        return " " * width
    levels = np.where(shares > 0.0, np.clip(np.rint(shares / top * 8.0), 1, 8), 0).astype(int)
    return "".join(signs[height] for height in levels)


def rebin(edges: Array, counts: NDArray[np.int64], target: Array) -> Array:
    """Counts on other bins, each bin spread evenly; what lies outside of ``target`` is left out.

    On a scale without width everything is in the middle bin.
    """
    if target[-1] <= target[0]:
        found = np.zeros(target.size - 1)
        found[found.size // 2] = counts.sum()
        return found
    known = np.isfinite(edges)
    places, below = edges[known], np.concatenate(([0.0], np.cumsum(counts)))[: edges.size][known]
    reached = np.interp(target, places, below)
    first = int(np.searchsorted(places, target[0]))
    if first < places.size and places[first] == target[0]:
        reached[0] = below[first]  # an atom at the very start belongs to the first bin
    return np.diff(reached)


def _ends(edges: Array, counts: NDArray[np.int64]) -> tuple[float, float]:
    """The places below and above which lie ``TAIL`` of the trials."""
    total = counts.sum()
    below = np.concatenate(([0.0], np.cumsum(counts) / total))
    known = edges[np.isfinite(edges)]
    below = below[: known.size]
    first = int(np.searchsorted(below, TAIL, side="right")) - 1
    last = int(np.searchsorted(below, 1.0 - TAIL, side="left"))
    return float(known[max(first, 0)]), float(known[min(last, known.size - 1)])
