"""Values picked in order of trial, tail sums and counted windows of a section of trials on the device."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.exact import LIMBS, carried
from simengine.aggregate.grid import BINS, Grid
from simengine.aggregate.sums import SumTree
from simengine.aggregate.windows import PARTS, Windows
from simengine.kernels.cuda.chunks import Chunk
from simengine.kernels.cuda.device import Device
from simengine.kernels.cuda.kernels import Kernels
from simengine.kernels.cuda.rows import Rows
from simengine.kernels.tally import EXACT_MOMENTS, LANES, TAIL_MOMENTS, TILE
from simengine.sampling.design import Design

Array = NDArray[np.float64]


class Wishes:
    """Which values of each outcome are wanted: flagged bins, or windows inside them, on the device."""

    def __init__(self, device: Device, grid: Grid, flags: NDArray[np.uint8], windows: Windows | None):
        self.outcomes = len(flags)
        none = np.zeros(1, np.int64)
        bounds = np.zeros((self.outcomes, 2), np.int64)
        if windows is not None and len(windows.lows):
            bounds[:] = windows.bounds()
        keys = (none, none) if windows is None or not len(windows.lows) else (windows.lows, windows.highs)
        arrays = grid.centre, grid.scale, np.ascontiguousarray(flags[:, :BINS]), *keys, bounds
        self.arguments = tuple(device.upload(array) for array in arrays)
        self.windowed = np.int32(windows is not None)


class Picked:
    """The wanted values of a section, chunk by chunk."""

    def __init__(self, device: Device, kernels: Kernels, wishes: Wishes):
        self._device, self._kernels, self._wishes = device, kernels, wishes
        self._found: list[list[Array]] = [[] for _ in range(wishes.outcomes)]

    def add(self, chunk: Chunk) -> None:
        """Bring the wanted values of a chunk."""
        device, outcomes = self._device, self._wishes.outcomes
        blocks = -(-chunk.size // TILE) * outcomes
        where = chunk.values, np.int64(chunk.room), np.int64(chunk.size), np.int32(outcomes)
        wanted = *where, *self._wishes.arguments, self._wishes.windowed
        found = device.empty(blocks, np.uint32)
        self._kernels.count_wanted(blocks, LANES, (*wanted, found))
        counts = device.download(found).reshape(-1, outcomes).T.astype(np.int64)
        ends = np.cumsum(counts).reshape(counts.shape)
        total = int(ends[-1, -1])
        if not total:
            return
        values, starts = device.empty(total, np.float64), device.upload((ends - counts).T)
        self._kernels.take_wanted(blocks, LANES, (*wanted, found, starts, values))
        brought = device.download(values)
        for mine, part in zip(self._found, np.split(brought, ends[:-1, -1]), strict=True):
            if part.size:
                mine.append(part)

    def parts(self) -> tuple[tuple[Array, ...], ...]:
        """For each outcome the values in order of trial."""
        return tuple(tuple(mine) or (np.empty(0),) for mine in self._found)


class Tails:
    """Sums over x - centre and its square below limits (outcomes, levels), by tile, for a section."""

    def __init__(self, device: Device, kernels: Kernels, design: Design, grid: Grid, limits: Array, n_trials: int):
        self._kernels, self._design = kernels, design
        self._outcomes, self._levels = limits.shape
        self._limits = device.upload(grid.centre), device.upload(limits)
        self._rows = Rows(device, -(-n_trials // design.tile), (*limits.shape, TAIL_MOMENTS))

    def add(self, chunk: Chunk) -> None:
        """Sum the tails of a chunk, which begins with a tile."""
        if not self._levels:
            return
        tile = self._design.tile
        shape = np.int32(self._outcomes), np.int32(tile.bit_length() - 1), np.int32(self._levels)
        arguments = chunk.values, np.int64(chunk.room), np.int64(chunk.size), *shape, *self._limits
        blocks = -(-chunk.size // tile) * self._outcomes
        self._kernels.sum_tails(blocks, LANES, (*arguments, self._rows.at(chunk.start // tile)))

    def tree(self, first_trial: int) -> SumTree:
        """The tree over the tiles of the section."""
        return self._rows.tree(self._kernels, first_trial // self._design.tile, self._design.top)


class Between:
    """Exact sums of x and (x - centre)**2 between limits and inner limits (outcomes, levels), for a section."""

    def __init__(self, device: Device, kernels: Kernels, grid: Grid, limits: Array, inner: Array):
        self._device, self._kernels = device, kernels
        self._outcomes, self._levels = limits.shape
        self._limits = tuple(device.upload(array) for array in (grid.centre, limits, inner))
        self._limbs = device.zeros((*limits.shape, EXACT_MOMENTS, LIMBS), np.int64)

    def add(self, chunk: Chunk) -> None:
        """Add what lies between the limits in a chunk."""
        if not self._levels:
            return
        shape = np.int64(chunk.room), np.int64(chunk.size), np.int32(self._outcomes), np.int32(self._levels)
        blocks = self._kernels.strided_blocks(chunk.size, self._outcomes)
        self._kernels.sum_between(blocks, LANES, (chunk.values, *shape, *self._limits, self._limbs))

    def limbs(self) -> NDArray[np.int64]:
        """The sums, carried."""
        return carried(self._device.download(self._limbs))


class Narrowed:
    """Counts of the parts of windows over a section."""

    def __init__(self, device: Device, kernels: Kernels, grid: Grid, windows: Windows):
        self._device, self._kernels, self._windows = device, kernels, windows
        self._wishes = Wishes(device, grid, windows.bins_reached(grid), windows)
        self._shifts: Any = device.upload(windows.shifts)
        self._histogram = device.zeros((len(windows.lows), PARTS), np.int64)
        self._extremes = device.upload(windows.no_extremes())

    def add(self, chunk: Chunk) -> None:
        """Count a chunk."""
        if not len(self._windows.lows):
            return
        outcomes = self._wishes.outcomes
        where = chunk.values, np.int64(chunk.room), np.int64(chunk.size), np.int32(outcomes)
        results = self._shifts, self._histogram, self._extremes
        blocks = self._kernels.strided_blocks(chunk.size, outcomes)
        self._kernels.refine(blocks, LANES, (*where, *self._wishes.arguments, *results))

    def counted(self) -> Windows:
        """The windows with their counts."""
        return self._windows.counted(self._device.download(self._histogram), self._device.download(self._extremes))
