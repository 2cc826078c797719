"""Compiler flags and the cache of compiled kernels, for every Numba function of the project.

Numba notices an edit of the file that holds a function but not of the files it calls.  The cache folder is
therefore named by a hash of all kernel sources, the versions of Python, Numba and LLVM, and the processor.  Numba
reads the folder when a function is decorated; it is set for that moment only, so other Numba code in the same
process keeps its own.
"""

from __future__ import annotations

import hashlib
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
    folder = cache_folder()
    config: Any = numba.config
    before = config.CACHE_DIR
    try:
        if folder is not None:
            config.CACHE_DIR = str(folder)
        compiled: Kernel = numba.njit(nogil=True, cache=folder is not None, error_model="numpy", boundscheck=False)(
            function
        )
        return compiled
    finally:
        config.CACHE_DIR = before


@cache
def cache_folder() -> Path | None:
    """The folder of this build's compiled kernels, made for this user alone; None when there can be none."""
    base = settings.read().cache
    if base is None:
        return None
    folder = base / "kernels" / build_digest()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        trial = folder / ".writable"
        trial.touch()
        trial.unlink()
    except OSError:
        return None
    return folder


@cache
def build_digest() -> str:
    """Identifies the machine code: kernel sources, Python, Numba, LLVM and the processor with its features."""
    state = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        state.update(source.name.encode() + source.read_bytes())
    binding = llvmlite.binding
    features = binding.get_host_cpu_features().flatten()
    for fact in (sys.version, numba.__version__, llvmlite.__version__, binding.get_host_cpu_name(), features):
        state.update(str(fact).encode())
    return state.hexdigest()[:16]
