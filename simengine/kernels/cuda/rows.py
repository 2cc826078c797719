"""Rows of sums, one for each tile, folded on the device into the subtrees of the summation tree."""

from __future__ import annotations

from typing import Any

import numpy as np

from simengine.aggregate.sums import SumTree
from simengine.kernels.cuda.device import Device
from simengine.kernels.cuda.kernels import Kernels

_FOLDED = 6
"""Levels that are added on the device: one row in 64 comes back."""
_THREADS = 256


class Rows:
    """Sums of consecutive tiles on the device, all of one shape, behind each other in a flat buffer."""

    def __init__(self, device: Device, tiles: int, shape: tuple[int, ...]):
        self._device, self._tiles, self._shape = device, tiles, shape
        self._width = int(np.prod(shape))
        self.buffer = device.empty(tiles * self._width, np.float64)

    def at(self, tile: int) -> Any:
        """The sums from a tile on, the first of these being 0."""
        return self.buffer[tile * self._width :]

    def tree(self, kernels: Kernels, first_tile: int, top: int | None) -> SumTree:
        """The tree over all tiles, of which the first is tile ``first_tile`` of the run."""
        level = _FOLDED if top is None else min(_FOLDED, top)
        head = min(-first_tile % (1 << level), self._tiles)
        subtrees = (self._tiles - head) >> level
        tail = head + (subtrees << level)
        found = SumTree.of(self._brought(0, head), first_tile, top)
        if subtrees:
            inner = (first_tile + head) >> level
            found = found.merge(SumTree.of(self._folded(kernels, head, subtrees, level), inner, top, level))
        return found.merge(SumTree.of(self._brought(tail, self._tiles), first_tile + tail, top))

    def _brought(self, begin: int, end: int) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Rows on the host, (rows, *shape)."""
        width = self._width
        if begin == end or not width:
            return np.empty((end - begin, *self._shape))
        return self._device.download(self.buffer[begin * width : end * width]).reshape(-1, *self._shape)

    def _folded(self, kernels: Kernels, begin: int, subtrees: int, level: int) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Roots of subtrees on the host."""
        rows, width = self.buffer[begin * self._width :], self._width
        for left in reversed(range(level)) if width else ():
            cells = (subtrees << left) * width
            folded = self._device.empty(cells, np.float64)
            blocks = min(-(-cells // _THREADS), 32 * self._device.multiprocessors)
            kernels.add_pairs(blocks, _THREADS, (rows, folded, np.int64(cells), np.int64(width)))
            rows = folded
        if not width:
            return np.empty((subtrees, *self._shape))
        return self._device.download(rows[: subtrees * width]).reshape(-1, *self._shape)
