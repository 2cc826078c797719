"""What a measurement needs to know of the machine: processor, free cores, memory that a process took."""

from __future__ import annotations

import hashlib
import os
import platform
import statistics
import subprocess
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


def describe():
    """Processor, number of cores, operating system, Python and packages, as plain values."""
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "commit": _commit(),
    }


def processor():
    """The name of the processor, as the system gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    fields = {}
    for line in lines:
        key, _, value = line.partition(":")
        fields.setdefault(key.strip(), value.strip())
    name = fields.get("model name", platform.machine())
    flags = fields.get("flags", "").split()
    widest = next((flag for flag in ("avx512f", "avx2", "sse4_2") if flag in flags), "")
    family = fields.get("cpu family")
    details = ", ".join(part for part in (f"family {family}" if family else "", widest) if part)
    return f"{name} ({details})" if details else name


def free_cores(threads, seconds=0.4):
    """How many cores' worth of work ``threads`` threads got done, against one thread just before.

    The work is hashing, which runs without Python's lock.  Near ``threads``: the cores are free, and figures
    for that many threads mean something.  Well below: somebody else is using them.
    """
    block = bytes(1 << 20)

    def hashed(_):
        done, end = 0, time.perf_counter() + seconds
        while time.perf_counter() < end:
            hashlib.sha256(block).digest()
            done += 1
        return done

    with ThreadPoolExecutor(threads) as pool:
        ratios = [sum(pool.map(hashed, range(threads))) / hashed(0) for _ in range(3)]
    return statistics.median(ratios)


def timed_process(command, environment=None):
    """Seconds of wall time from starting a command to its end, its output thrown away."""
    begin = time.perf_counter()
    subprocess.run(
        command,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **(environment or {})},
    )
    return time.perf_counter() - begin


def peak_memory(code):
    """Peak resident memory in bytes of a fresh Python process running ``code``, and what it printed last.

    Read inside the process, where the kernel keeps the high-water mark of its own address space; the figure
    for child processes would include what this process had before the child replaced it.
    """
    ending = "\nfrom machine import own_peak_memory\nprint(own_peak_memory())"
    paths = [str(Path(__file__).parent), os.environ.get("PYTHONPATH")]
    done = subprocess.run(
        [sys.executable, "-c", code + ending],
        check=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
    )
    *printed, peak = done.stdout.split("\n")[:-1]
    return int(peak), printed[-1] if printed else ""


def own_peak_memory():
    """Peak resident memory of this process in bytes."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) * 1024
    except (OSError, StopIteration):
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def _version(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _commit():
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent,
    )
    return done.stdout.strip() or "unknown"
