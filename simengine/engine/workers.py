"""What the workers of a cluster compute with: each says it before a run, and a mixture must give the same bits."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from simengine.engine import devices
from simengine.engine.fingerprint import fingerprint
from simengine.engine.parity import inexact
from simengine.errors import DeviceError, DeviceLost
from simengine.kernels.family import CPU, Family
from simengine.plan.plan import Plan

_GPU_TASKS = 32
"""Tasks for GPUs are so many times as long as those for processors, so that dask keeps up with them."""


@dataclass(frozen=True)
class Declared:
    """What a worker says of itself.

    why: the reason why it has no GPU, empty where it has one or none was wanted.  failed: whether it has one that is
    of no use.
    """

    versions: Mapping[str, str]
    family: str
    why: str = ""
    failed: bool = False


def declared(device: str, precision: str = "float64", sampler: str = "random") -> Declared:
    """What this worker would compute a plan with that has such a precision and sampler; runs there."""
    try:
        return Declared(fingerprint(), _own(device, precision, sampler).name)
    except DeviceError as error:
        return Declared(fingerprint(), CPU.name, str(error), isinstance(error, DeviceLost))


def family_of_worker(device: str, precision: str = "float64", sampler: str = "random") -> Family:
    """The kernels that this worker uses for such a plan; with ``auto`` a GPU only where it agrees with the processors.

    Raises
    ------
    DeviceError
        When it should have a GPU and has none.
    """
    try:
        return _own(device, precision, sampler)
    except DeviceError:
        if device != "auto":
            raise
        return CPU


def _own(device: str, precision: str, sampler: str) -> Family:
    """The worker's first visible GPU, which is its own where dask-cuda started it, or the processors.

    Raises
    ------
    DeviceError
        When there is no GPU, or it computes other bits than the processors.
    """
    if device == "cpu":
        return CPU
    found = _checked_gpu(precision, sampler)
    if isinstance(found, DeviceError):
        raise found.with_traceback(None)
    return found


@functools.cache
def _checked_gpu(precision: str, sampler: str) -> Family | DeviceError:
    """The GPU, once it has computed the self-test of such plans, or what is wrong: it is not asked for every task."""
    from simengine.engine.selftest import check

    try:
        family = devices.gpu_of_this_process()
        check(family, (precision,), sampler)
    except DeviceError as error:
        return error
    return family


@dataclass(frozen=True)
class Workers:
    """What the workers of a cluster have: how many of which family, and which of them have a GPU that is of no use."""

    address: str
    families: Mapping[str, int]
    failed: tuple[str, ...]

    @classmethod
    def of(cls, address: str, device: str, found: Mapping[str, Declared]) -> Workers:
        """The workers by what they said.

        Raises
        ------
        DeviceError
            When all should have a GPU and some have none.
        """
        without = [f"worker {name}: {said.why}" for name, said in found.items() if said.why]
        if device == "gpu" and without:
            hint = "hint: start one worker for each GPU, as `dask cuda worker` does, or say --device auto"
            raise DeviceError("\n".join([f"scheduler = {address}: workers without a GPU", *without, hint]))
        failed = tuple(f"worker {name}: {said.why}" for name, said in found.items() if said.failed)
        return cls(address, Counter(said.family for said in found.values()), failed)

    @property
    def device(self) -> str:
        """What a result names as its device."""
        return " and ".join(sorted(self.families)) or CPU.name

    @property
    def mixed(self) -> bool:
        """Whether some workers have GPUs and others have none."""
        return CPU.name in self.families and len(self.families) > 1

    @property
    def tasks_longer(self) -> int:
        """How many times as long tasks should be as for processors."""
        return 1 if CPU.name in self.families or not self.families else _GPU_TASKS

    def pinned(self, device: str, plan: Plan) -> str:
        """The device for workers that join later: any for ``auto``, unless their bits might differ."""
        if device != "auto" or not inexact(plan):
            return device
        return "cpu" if self.families.get(CPU.name) else "gpu"

    def notes_on(self, plan: Plan) -> tuple[str, ...]:
        """What a reader of the result should know.

        Raises
        ------
        DeviceError
            When processors and GPUs would work on one run whose plan does not give the same bits on both.
        """
        if not self.mixed:
            return self.failed
        counts = ", ".join(f"{count} on {name}" for name, count in sorted(self.families.items()))
        if inexact(plan):
            names = ", ".join(op.name for op in inexact(plan))
            raise DeviceError(
                f"scheduler = {self.address}: its workers compute on different devices ({counts}), and the plan uses "
                f"{names}, whose bits may differ between them; hint: say --device cpu or --device gpu"
            )
        return (
            *self.failed,
            f"computed by workers with different devices, which give the same bits: {counts}",
        )
