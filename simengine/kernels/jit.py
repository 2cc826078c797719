"""Compiler flags and the cache of compiled kernels, for every Numba function of the project.

The cache folder is named by a hash of all kernel sources, the versions of Python, Numba and LLVM, and the processor,
so that an edit anywhere, an upgrade or another machine never meets old code.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding
import numba
import numba.extending

from simengine import settings
from simengine.kernels.cache import KernelCache, prune_builds

Kernel = Callable[..., Any]


def intrinsic(function: Kernel) -> Any:
    """A function given by the LLVM instructions that it stands for."""
    return numba.extending.intrinsic(function)


def inline(function: Kernel) -> Kernel:
    """A helper that is compiled into its caller; division by zero gives inf or NaN, as IEEE 754 says."""
    compiled: Kernel = numba.njit(forceinline=True, error_model="numpy", boundscheck=False)(function)
    return compiled


def kernel(function: Kernel) -> Kernel:
    """An entry point: compiled once, kept on disk, and run without Python's global lock."""
    compiled: Kernel = numba.njit(nogil=True, error_model="numpy", boundscheck=False)(function)
    folder = cache_folder()
    if folder is not None:
        compiled._cache = KernelCache(function, folder)  # type: ignore[attr-defined]  # where Numba puts its own
    return compiled


@cache
def cache_folder() -> Path | None:
    """The folder of this build's compiled kernels, made for this user alone; None when there can be none."""
    folder = settings.cache_folder("kernels", build_digest())
    if folder is not None:
        with contextlib.suppress(OSError):
            os.utime(folder)  # the builds in use are the newest
            prune_builds(folder)
    return folder


@cache
def kernel_digest() -> str:
    """Identifies what the kernels compute: their sources, on whatever machine."""
    state = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        state.update(source.name.encode() + source.read_bytes())
    return state.hexdigest()[:16]


@cache
def build_digest() -> str:
    """Identifies the machine code: kernel sources, Python, Numba, LLVM and the processor with its features."""
    state = hashlib.sha256(kernel_digest().encode())
    binding = llvmlite.binding
    config: Any = numba.config
    processor = (binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten())
    asked = (config.CPU_NAME, config.CPU_FEATURES, config.OPT)  # NUMBA_CPU_NAME and its like
    for fact in (sys.version, numba.__version__, llvmlite.__version__, *processor, *asked):
        state.update(f"{fact}\n".encode())
    return state.hexdigest()[:16]
