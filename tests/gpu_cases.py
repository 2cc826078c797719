"""What stands for a GPU where benchmarks/gpu.py is tested: a shim that computes, and a CuPy that only answers."""

from __future__ import annotations

import contextlib
import io
import time
import traceback
import types

import numpy as np
from shim_device import ShimDevice

ATTRIBUTES = {
    "MultiProcessorCount": 132,
    "ClockRate": 1_980_000,
    "MemoryClockRate": 2_619_000,
    "GlobalMemoryBusWidth": 5120,
}
"""Of an H100 SXM: 3.35 TB/s."""


class Event:
    """A point in time of the host."""

    def record(self):
        self.at = time.perf_counter()

    def synchronize(self):
        pass


class Generator:
    """NumPy's, with the types that CuPy's takes."""

    def __init__(self, seed):
        self._draw = np.random.default_rng(seed)

    def random(self, size, dtype):
        return self._draw.random(size, dtype=dtype)

    def standard_normal(self, size, dtype):
        return self._draw.standard_normal(size, dtype=dtype)

    def beta(self, a, b, size, dtype):
        return self._draw.beta(a, b, size).astype(dtype)


def cupy():
    """A module that computes with NumPy and measures with the clock of the host."""
    made = types.ModuleType("cupy")
    for name in ("asarray", "sqrt", "where", "exp", "interp", "sort"):
        setattr(made, name, getattr(np, name))
    made.asnumpy = np.asarray
    made.random = types.SimpleNamespace(default_rng=Generator)
    made.cuda = types.SimpleNamespace(
        Event=Event,
        get_elapsed_time=lambda begin, end: 1e3 * (end.at - begin.at),
        Device=lambda place: types.SimpleNamespace(attributes=ATTRIBUTES, compute_capability="90"),
    )
    return made


def inside(gpu):
    """What runs a section in this process, with what its own process would have left."""

    def run(section, limit, options):
        options.limit = limit
        out, said = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(said):
            try:
                status = gpu.gpu_sections.SECTIONS[section.name](options)
            except Exception:
                traceback.print_exc()
                status = 1
        return gpu.machine.Ended(0.1, status, out.getvalue(), said.getvalue())

    return run


class Recording(ShimDevice):
    """A shim that remembers the kernels it compiled."""

    def __init__(self):
        super().__init__()
        self.compiled = set()

    def compile(self, text, kernels):
        self.compiled |= set(kernels)
        return super().compile(text, kernels)
