"""What a measurement needs to know of the machine: processor, free cores, memory that a process took."""

from __future__ import annotations

import hashlib
import os
import platform
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path

PACKAGES = (
    "simengine",
    "numba",
    "llvmlite",
    "numpy",
    "scipy",
    "xarray",
    "dask",
    "distributed",
    "h5netcdf",
    "xlsxwriter",
)
NEARLY_FREE = 0.95
"""A core counts as free from this share of itself on."""


def describe() -> dict[str, object]:
    """Processor, number of cores, operating system, Python and packages, as plain values."""
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
    }


def processor() -> str:
    """The name of the processor, as the system gives it, with its family and widest vector instructions."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    fields: dict[str, str] = {}
    for line in lines:
        key, _, value = line.partition(":")
        fields.setdefault(key.strip(), value.strip())
    name = fields.get("model name", platform.machine())
    flags = fields.get("flags", "").split()
    widest = next((flag for flag in ("avx512f", "avx2", "sse4_2") if flag in flags), "")
    family = fields.get("cpu family")
    details = ", ".join(part for part in (f"family {family}" if family else "", widest) if part)
    return f"{name} ({details})" if details else name


def free_cores(threads: int, seconds: float = 0.4) -> float:
    """How many cores ``threads`` threads have to themselves; median of three tries.

    The threads hash, which runs without Python's lock.  The smaller of two answers counts: the processor time that
    the system gave them a second, which other programs take away, and the work they got done against that of one
    thread, which another virtual machine on the same cores takes away.  Near ``threads``, figures for that many
    threads mean something.
    """
    block = bytes(1 << 20)

    def hashed(_: int) -> tuple[int, float]:
        done, began, used = 0, time.perf_counter(), time.thread_time()
        while time.perf_counter() < began + seconds:
            hashlib.sha256(block).digest()
            done += 1
        return done, (time.thread_time() - used) / (time.perf_counter() - began)

    def one_try(pool: ThreadPoolExecutor) -> float:
        alone, _ = hashed(0)
        done, shares = zip(*pool.map(hashed, range(threads)), strict=True)
        return float(min(sum(done) / alone, sum(shares)))

    with ThreadPoolExecutor(threads) as pool:
        return statistics.median(one_try(pool) for _ in range(3))


def are_free(cores: float, threads: int) -> bool:
    """Whether what :func:`free_cores` found stands for ``threads`` free cores."""
    return cores >= NEARLY_FREE * threads


def own_peak_memory() -> int:
    """Peak resident memory of this process in bytes."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) * 1024
    except (OSError, StopIteration):
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
