"""A GPU as a kernel family: one thread at a time uses it, and its failures become the engine's to deal with."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.grid import Grid
from simengine.aggregate.order import Wanted
from simengine.aggregate.summary import Summary
from simengine.aggregate.windows import Windows
from simengine.errors import DeviceError, DeviceLost
from simengine.kernels.cpu import Selection
from simengine.kernels.cuda.cupy_device import is_of_device
from simengine.kernels.cuda.device import Device, DeviceMemory
from simengine.kernels.cuda.gpu import Gpu
from simengine.kernels.source import Source

Array = NDArray[np.float64]


class OnDevice:
    """Implements :class:`simengine.kernels.family.Family` with a device.

    Every function raises :class:`~simengine.errors.DeviceLost` when the device fails, or has no memory even for the
    smallest part of the work.
    """

    def __init__(self, device: Device):
        self._name = device.name
        self._lock = threading.RLock()  # the worker of a cluster has several threads, and one device
        with self._working():
            self._gpu = Gpu(device)

    @property
    def name(self) -> str:
        """What people call the device."""
        return self._name

    def unit(self, source: Source) -> int:
        """Whole subtrees of the sums are folded on the device."""
        return self._gpu.unit_trials(source)

    def range_trials(self, source: Source) -> int:
        """As many as keep the device busy between two words with the host."""
        return self._gpu.range_trials(source)

    def room(self, source: Source, budget: int) -> Any:
        """A place on the device, which has memory of its own: of the host's budget only 0 has a meaning."""
        with self._working():
            return self._gpu.keep(source, source.design.trials, budget)

    def kept_in(self, room: Any, source: Source, first_trial: int, n_trials: int) -> Any:
        """The part of it that a pass takes for a range."""
        return self._gpu.kept_in(source, room, first_trial, n_trials)

    def values(self, source: Source, first_trial: int, n_trials: int) -> Array:
        """Outcomes of consecutive trials."""
        with self._working():
            return self._gpu.values(source, first_trial, n_trials)

    def trial_values(self, source: Source, trial: int) -> Array:
        """Outcomes of one trial."""
        with self._working():
            return self._gpu.trial_values(source, trial)

    def outcomes(self, source: Source, kept: Any) -> Array:
        """Outcomes of all trials, brought to the host."""
        with self._working():
            return self._gpu.outcomes(source, source.design.trials, kept)

    def differences(self, source: Source, outcomes: Array) -> Array:
        """Gaps between float32 and float64; the float64 outcomes are computed here, over the pilot trials alone."""
        from simengine.kernels import compare

        return compare.differences(source, outcomes)

    def summarise(self, source: Source, first_trial: int, n_trials: int, grid: Grid, keep: Any = None) -> Summary:
        """The summary of a range."""
        with self._working():
            return self._gpu.summarise(source, first_trial, n_trials, grid, keep)

    def pick(
        self, source: Source, first_trial: int, n_trials: int, grid: Grid, wanted: Wanted, kept: Any = None
    ) -> Selection:
        """Values of flagged bins, and tail sums."""
        with self._working():
            return self._gpu.pick(source, first_trial, n_trials, grid, wanted, kept)

    def narrow(
        self, source: Source, first_trial: int, n_trials: int, grid: Grid, windows: Windows, kept: Any = None
    ) -> Windows:
        """Windows counted."""
        with self._working():
            return self._gpu.narrow(source, first_trial, n_trials, grid, windows, kept)

    def pick_from_windows(
        self,
        source: Source,
        first_trial: int,
        n_trials: int,
        grid: Grid,
        windows: Windows,
        tail_limits: Array,
        inner_limits: Array,
        kept: Any = None,
    ) -> Selection:
        """Values of windows, tail sums and exact sums."""
        places = first_trial, n_trials
        with self._working():
            return self._gpu.pick_from_windows(source, *places, grid, windows, tail_limits, inner_limits, kept)

    def release(self) -> None:
        """Leave memory that nothing takes to others; what sources have on the device stays for the next run."""
        with contextlib.suppress(DeviceLost), self._working():  # who lost the device was told when it was needed
            self._gpu.device.release()

    @contextlib.contextmanager
    def _working(self) -> Iterator[None]:
        """While this lasts nobody else uses the device, and its exceptions are translated."""
        with self._lock:
            try:
                yield
            except DeviceError as error:
                raise DeviceLost(str(error)) from error
            except DeviceMemory as error:
                hint = "hint: end what else uses the device, as `nvidia-smi` lists it, or say --device cpu"
                raise DeviceLost(f"{self._name}: out of memory ({error}); {hint}") from error
            except Exception as error:
                if not is_of_device(error):
                    raise
                raise DeviceLost(f"{self._name}: {type(error).__name__}: {error}; hint: see `nvidia-smi`") from error
