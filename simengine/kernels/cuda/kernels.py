"""The compiled kernels that do not depend on a plan, for one device and one type of outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from simengine.errors import DeviceError
from simengine.kernels.cuda.device import Device, Launch
from simengine.kernels.cuda.texts import KERNELS, TALLY_BLOCKS, TALLY_THREADS, tally_bytes, text_of
from simengine.kernels.tally import LANES

_WAVES = 2
"""Blocks for each place that a device has for one: more would end more evenly, and flush more histograms."""


class Kernels:
    """Compiles each text when it is first needed: a run that picks nothing again never compiles ``select.cu``."""

    def __init__(self, device: Device, precision: str):
        self.device, self.precision = device, precision
        self._compiled: dict[str, Mapping[str, Launch]] = {}

    @cached_property
    def tally(self) -> Launch:
        """Counts and sums of a chunk.

        Raises
        ------
        DeviceError
            If a block of the device has too little shared memory for the histogram.
        """
        needed = tally_bytes(TALLY_THREADS)
        if self.device.shared_bytes < needed:
            raise DeviceError(
                f"{self.device.name} has {self.device.shared_bytes >> 10} KiB of shared memory for a block, "
                f"and the histogram takes {needed >> 10} KiB\n"
                "hint: a GPU of compute capability 8.0 or more has enough"
            )
        return self._of("tally.cu", "tally")

    @cached_property
    def add_pairs(self) -> Launch:
        """One level of the summation tree."""
        return self._of("rows.cu", "add_pairs")

    @cached_property
    def count_wanted(self) -> Launch:
        """How many values of each tile are wanted."""
        return self._of("select.cu", "count_wanted")

    @cached_property
    def take_wanted(self) -> Launch:
        """The wanted values in order of trial."""
        return self._of("select.cu", "take_wanted")

    @cached_property
    def refine(self) -> Launch:
        """Counts of the parts of windows."""
        return self._of("select.cu", "refine")

    @cached_property
    def sum_tails(self) -> Launch:
        """Sums below limits, by tile."""
        return self._of("tails.cu", "sum_tails")

    @cached_property
    def sum_between(self) -> Launch:
        """Exact sums between limits."""
        return self._of("tails.cu", "sum_between")

    @property
    def blocks(self) -> int:
        """About how many blocks of the tally keep the device busy."""
        return self.device.multiprocessors * TALLY_BLOCKS * _WAVES

    def strided_blocks(self, values: int, outcomes: int) -> int:
        """Blocks that walk over the values of every outcome in strides: a multiple of the outcomes."""
        fit = -(-values // LANES)
        return outcomes * max(1, min(fit, 4 * self.blocks // outcomes))

    def _of(self, file: str, name: str) -> Launch:
        if file not in self._compiled:
            self._compiled[file] = self.device.compile(text_of(file, self.precision), KERNELS[file])
        return self._compiled[file][name]
