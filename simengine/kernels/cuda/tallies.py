"""Counts and sums of a section of trials on the device, and the summary that is made of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.grid import BINS, Grid
from simengine.aggregate.order import key_of, value_of
from simengine.aggregate.replicates import COARSE_BINS, ReplicateCounts
from simengine.aggregate.summary import NO_TRIAL, Summary
from simengine.kernels.cpu import thresholds_of
from simengine.kernels.cuda.chunks import Chunk
from simengine.kernels.cuda.device import Device
from simengine.kernels.cuda.kernels import Kernels
from simengine.kernels.cuda.rows import Rows
from simengine.kernels.cuda.texts import TALLY_THREADS, tally_bytes
from simengine.kernels.source import Source
from simengine.kernels.tally import MOMENTS

_MOST_RUN_BITS = 18
"""log2 of the most tiles of a run: 2**30 values, which 32-bit counts hold."""


class Tallies:
    """What one section is counted into; the device's counterpart of the tallies of :mod:`simengine.kernels.cpu`."""

    def __init__(self, device: Device, kernels: Kernels, source: Source, grid: Grid, first_trial: int, n_trials: int):
        self._device, self._kernels = device, kernels
        self._first, self._trials = first_trial, n_trials
        self._design = design = source.design
        self._outcomes = outcomes = len(source.plan.outputs)
        thresholds, ends = thresholds_of(source.plan)
        self._first_replicate = first_trial >> design.bits if design.replicated else 0
        last = (first_trial + n_trials - 1) >> design.bits if design.replicated else 0
        slots = last - self._first_replicate + 1
        self._limits = [device.upload(array) for array in (grid.centre, grid.scale, thresholds, ends)]
        self._n_thresholds = len(thresholds)
        self._rows = Rows(device, -(-n_trials // design.tile), (outcomes, MOMENTS))
        self._counts = device.zeros((outcomes, BINS), np.int64)
        self._coarse = device.zeros((slots if design.replicated else 0, outcomes, COARSE_BINS), np.int64)
        self._below = device.zeros((slots, len(thresholds)), np.int64)
        self._extremes = device.upload(np.tile(key_of(np.array([np.inf, -np.inf])), (outcomes, 1)))
        self._faults = device.upload(np.tile(np.array([0, NO_TRIAL], np.int64), (outcomes, 1)))

    def add(self, chunk: Chunk) -> None:
        """Count and sum the outcomes of a chunk, which begins with a tile."""
        design, first = self._design, self._first + chunk.start
        tile_bits = design.tile.bit_length() - 1
        first_tile, last_tile = first >> tile_bits, (first + chunk.size - 1) >> tile_bits
        run_bits = self._run_bits(last_tile - first_tile + 1)
        runs = (last_tile >> run_bits) - (first_tile >> run_bits) + 1
        arguments: tuple[Any, ...] = (
            *(chunk.values, np.int64(chunk.room), np.int64(chunk.size), np.int32(self._outcomes), np.int64(first)),
            *(np.int32(tile_bits), np.int32(run_bits), np.int32(design.bits), np.int32(design.replicated)),
            *self._limits,
            *(np.int32(self._n_thresholds), np.int64(self._first_replicate)),
            self._rows.at(chunk.start // design.tile),
            *(self._counts, self._coarse, self._below, self._extremes, self._faults),
        )
        self._kernels.tally(runs * self._outcomes, TALLY_THREADS, arguments, shared=tally_bytes(TALLY_THREADS))

    def _run_bits(self, tiles: int) -> int:
        """log2 of the tiles of a run: few enough to keep the device busy, and inside one replicate."""
        most = _MOST_RUN_BITS if self._design.top is None else min(_MOST_RUN_BITS, self._design.top)
        share = tiles * self._outcomes // self._kernels.blocks
        return min(most, max(0, share.bit_length() - 1))

    def summary(self) -> Summary:
        """The summary of the section, on the host."""
        brought = self._device.download
        below, extremes, faults = brought(self._below), value_of(brought(self._extremes)) + 0.0, brought(self._faults)
        return Summary(
            trials=self._trials,
            counts=brought(self._counts),
            below=below.sum(axis=0),
            minimum=extremes[:, 0].copy(),
            maximum=extremes[:, 1].copy(),
            faults=faults[:, 0].copy(),
            first_fault=faults[:, 1].copy(),
            sums=self._rows.tree(self._kernels, self._first // self._design.tile, self._design.top),
            replicates=self._replicates(below),
        )

    def _replicates(self, below: NDArray[np.int64]) -> ReplicateCounts:
        counts = ReplicateCounts()
        if self._design.replicated:
            for slot, coarse in enumerate(self._device.download(self._coarse)):
                counts.add(self._first_replicate + slot, coarse, below[slot])
        return counts
