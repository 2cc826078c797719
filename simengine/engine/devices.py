"""Who computes a run, the processors or a GPU; how that is chosen, and what is said when it fails."""

from __future__ import annotations

import functools
import importlib.util
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, cast

import numpy as np

from simengine import settings
from simengine.engine.limits import readable_time, seconds_estimate
from simengine.errors import DeviceError, DeviceLost, DeviceWarning
from simengine.kernels.family import CPU, Family
from simengine.kernels.source import Source

if TYPE_CHECKING:
    from simengine.engine.schedule import Scheduler
    from simengine.kernels.cuda.device import Device

DeviceChoice: TypeAlias = "str | Device | Family | None"
"""auto, cpu or gpu; a device, or a family of kernels; None is auto for people who did not ask."""

WORTH_A_GPU = 2.0
"""Seconds of work for all processors below which a GPU is not looked for: it takes that long to start."""
CHECKED_TRIALS = 2048
"""Trials of the very plan that both compute before ``auto`` relies on a GPU."""


@dataclass(frozen=True)
class Choice:
    """A family, why it was chosen, and whether the processors may take over when it fails.

    said: whether somebody who did not ask should be told.
    """

    family: Family
    why: str
    said: bool
    may_fail: bool = False

    @property
    def on_device(self) -> bool:
        """Whether it is no processor."""
        return self.family.name != CPU.name


def choose(
    device: DeviceChoice, source: Source, scheduler: Scheduler | None = None, threads: int | None = None
) -> Choice:
    """The family that computes a run in this process.

    A scheduler or a number of threads that somebody asks for is a choice of the processors.

    Raises
    ------
    DeviceError
        When a GPU is asked for and there is none that can be used.
    """
    if isinstance(device, str) or device is None:
        if device == "gpu":
            family = gpu_of_this_process()
            return Choice(family, f"on {family.name}", said=True)
        if device == "cpu":
            return Choice(CPU, "on the CPU", said=False)
        asked = device == "auto"
        if scheduler is not None or threads is not None:
            return Choice(CPU, "on the CPU (threads or a scheduler were asked for)", said=asked)
        return _chosen_for(source, asked)
    family = cast("Family", device) if hasattr(device, "summarise") else _on(device)
    return Choice(family, f"on {family.name}", said=True)


def _chosen_for(source: Source, asked: bool) -> Choice:
    """What ``auto`` chooses: a GPU that is there, healthy and worth its start."""
    seconds = seconds_estimate(source.plan, source.design.trials, settings.read().threads)
    if seconds < WORTH_A_GPU:
        why = f"about {readable_time(seconds)} of work: a GPU would take longer to start"
        return Choice(CPU, f"on the CPU ({why})", said=asked)
    if not has_cupy():
        return Choice(CPU, "on the CPU (no GPU: CuPy is not installed)", said=asked)
    from simengine.kernels.cuda.find import NoGpu

    try:
        family = gpu_of_this_process()
        problem = disagreement(family, source)
    except NoGpu as error:
        return Choice(CPU, f"on the CPU (no GPU: {error.cause})", said=asked or error.likely)
    except DeviceError as error:
        problem = str(error)
    if problem is not None:
        warn(f"{problem}; the processors compute this run")
        return Choice(CPU, "on the CPU (the GPU is not healthy)", said=True)
    return Choice(family, f"on {family.name}", said=True, may_fail=True)


def has_cupy() -> bool:
    """Whether CuPy is installed, without loading it."""
    return importlib.util.find_spec("cupy") is not None


@functools.cache
def gpu_of_this_process() -> Family:
    """The first GPU that this process may see, opened once: CUDA has one context a process, too.

    Raises
    ------
    DeviceError
        With the reason why there is none.
    """
    from simengine.kernels.cuda.find import find_gpu

    return _on(find_gpu())


def _on(device: Device) -> Family:
    from simengine.kernels.cuda.family import OnDevice  # with all that prints and launches kernels

    return OnDevice(device)


def disagreement(family: Family, source: Source, trials: int = CHECKED_TRIALS) -> str | None:
    """What differs between a device and the processors over the first trials of a run, bit by bit; None if nothing.

    Raises
    ------
    DeviceError
        When the device fails.
    """
    count = min(trials, source.design.trials)
    here, there = CPU.values(source, 0, count), family.values(source, 0, count)
    same = (here.view(np.int64) == there.view(np.int64)) | (np.isnan(here) & np.isnan(there))
    if same.all():
        return None
    return f"{family.name} computes other numbers than the CPU for {int((~same).sum()):,} of {same.size:,} outcomes"


def after_failure(name: str, error: DeviceLost) -> str:
    """Say that a device failed and that the processors take over; the note that the result carries."""
    note = f"{name} failed while it computed ({error}); the run was computed again on the CPU"
    warn(note)
    return note


def warn(text: str) -> None:
    """Say something of a device that nobody should overlook."""
    warnings.warn(text, DeviceWarning, stacklevel=2)
