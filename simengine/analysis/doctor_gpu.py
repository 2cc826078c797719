"""What ``simengine doctor`` says of GPUs: what is installed, what is there, and whether it computes the CPU's bits."""

from __future__ import annotations

import time
from collections.abc import Iterator

from simengine.analysis.doctor import Finding
from simengine.engine import devices
from simengine.errors import DeviceError
from simengine.kernels.cuda import find
from simengine.kernels.family import Family


def gpu_findings() -> Iterator[Finding]:
    """CuPy, the driver and NVRTC; then the GPU and its self-test, or why there is none."""
    try:
        for name, version in find.versions().items():
            broken = "cannot" in version or version == "none"
            yield Finding(_NAMES.get(name, name), "note" if broken else "fine", version)
        family = devices.gpu_of_this_process()
        yield Finding("GPU", "fine", f"{family.name}, {find.details()}")
    except find.NoGpu as error:
        yield Finding("GPU", "note", f"none: {error.cause}; {error.hint}")
    except DeviceError as error:
        yield Finding("GPU", "wrong", str(error))
    else:
        yield from self_test(family)


_NAMES = {"driver": "CUDA of the driver", "runtime": "CUDA of CuPy", "nvrtc": "NVRTC"}


def self_test(family: Family) -> Iterator[Finding]:
    """Every operation, from every source of draws, in both precisions."""
    from simengine.engine.selftest import compare

    began = time.perf_counter()
    try:
        for compared in compare(family):
            took = time.perf_counter() - began
            text = f"{compared} with the CPU, bit by bit ({compared.outcomes:,} outcomes, {took:.2g} s)"
            yield Finding("GPU self-test", "fine" if compared.agrees else "wrong", text)
            began = time.perf_counter()
    except DeviceError as error:
        yield Finding("GPU self-test", "wrong", str(error))
