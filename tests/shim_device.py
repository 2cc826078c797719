"""A device that is none: CUDA C compiled by g++ against a shim that runs blocks of threads as fibers, for tests.

Buffers are NumPy arrays.  What a kernel computes here is what the text says, bit for bit; its speed means nothing.
"""

from __future__ import annotations

import ctypes
import hashlib
import re
import shutil
import subprocess
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from simengine.kernels.cuda.device import DeviceMemory, Launch

_SHIM = Path(__file__).parent / "shim" / "cuda_shim.h"
_FLAGS = ("-std=c++17", "-O1", "-ffp-contract=off", "-mfma", "-fno-strict-aliasing", "-shared", "-fPIC", "-w")
_DYNAMIC = re.compile(r"extern\s+__shared__[^;]*\bsim_shared\[\]\s*;")
_KERNEL = re.compile(r'extern\s+"C"\s+__global__\s+void\s+(?:__launch_bounds__\([^)]*\)\s*)?(\w+)\s*\(([^)]*)\)\s*\{')

needs_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++ to compile CUDA C for the CPU")


class ShimDevice:
    """Implements :class:`simengine.kernels.cuda.device.Device` without a device.

    memory: bytes that buffers may take in all, to provoke what happens when a device has no more.
    """

    name = "shim"
    multiprocessors = 2
    shared_bytes = 227 << 10

    def __init__(self, memory: int = 1 << 40, flags: Sequence[str] = ()):
        self._memory, self._flags = memory, tuple(flags)
        self._live: list[Any] = []
        self.launches: list[str] = []
        self.releases = 0

    def free_bytes(self) -> int:
        """Bytes that are left of the memory it was given."""
        return self._memory - self._used()

    def upload(self, values: NDArray[Any]) -> NDArray[Any]:
        """A copy of an array of the host."""
        return self._kept(np.array(values, order="C", copy=True))

    def empty(self, shape: int | tuple[int, ...], dtype: Any) -> NDArray[Any]:
        """An array that holds garbage, like memory of a device."""
        made = np.empty(shape, dtype)
        made.view(np.uint8).reshape(-1)[:] = 0xA5 if made.size else 0
        return self._kept(made)

    def zeros(self, shape: int | tuple[int, ...], dtype: Any) -> NDArray[Any]:
        """An array of zeros."""
        return self._kept(np.zeros(shape, dtype))

    def download(self, buffer: NDArray[Any]) -> NDArray[Any]:
        """The host's copy of a buffer."""
        return np.array(buffer, order="C", copy=True)

    def wait(self) -> None:
        """Nothing is ever under way."""

    def compile(self, text: str, kernels: Sequence[str]) -> Mapping[str, Launch]:
        """The kernels of one text; libraries are kept for the time of the machine's temporary folder."""
        library = _library(text, self._flags)
        there = {name for name, _ in _KERNEL.findall(text)}
        missing = [name for name in kernels if name not in there]
        if missing:
            raise ValueError(f"the text has no kernel {', '.join(missing)}")
        return {name: self._launch(library, name) for name in kernels}

    def release(self) -> None:
        """Memory that nobody holds is free at once."""
        self.releases += 1

    def _launch(self, library: ctypes.CDLL, name: str) -> Launch:
        kinds = ctypes.c_char_p.in_dll(library, f"kinds_{name}").value.decode().split()
        count = len(kinds)

        def launch(blocks: int, threads: int, arguments: Sequence[Any], *, shared: int = 0) -> None:
            if len(arguments) != count:
                raise TypeError(f"{name} takes {count} arguments, not {len(arguments)}")
            held = [_argument(value) for value in arguments]
            for place, (value, kind) in enumerate(zip(arguments, kinds, strict=True)):
                if _kind(value) != kind:
                    raise TypeError(f"argument {place} of {name} is declared as {kind}, not {_kind(value)}")
            places = (ctypes.c_void_p * max(1, count))(*(ctypes.addressof(value) for value in held))
            self.launches.append(name)
            getattr(library, f"launch_{name}")(
                ctypes.c_uint(blocks), ctypes.c_uint(threads), ctypes.c_size_t(shared), places
            )

        return launch

    def _kept(self, made: NDArray[Any]) -> NDArray[Any]:
        if self._used() + made.nbytes > self._memory:
            raise DeviceMemory(f"{made.nbytes:,} bytes asked for, {self.free_bytes():,} free")
        self._live.append((weakref.ref(made), made.nbytes))
        return made

    def _used(self) -> int:
        self._live = [(one, size) for one, size in self._live if one() is not None]
        return sum(size for _, size in self._live)


def _argument(value: Any) -> Any:
    """A parameter of a kernel as memory that holds it: a pointer, or a NumPy scalar of exactly its type."""
    if isinstance(value, np.ndarray):
        if not value.flags.c_contiguous and value.size:
            raise ValueError("a kernel takes contiguous buffers")
        return ctypes.c_void_p(value.ctypes.data)
    if not isinstance(value, np.generic):
        raise TypeError(f"a kernel takes buffers and NumPy scalars, not {type(value).__name__}")
    return ctypes.create_string_buffer(value.tobytes(), value.dtype.itemsize)


def _kind(value: Any) -> str:
    """What a kernel is given, as the shim writes down what it declares: ``u4``, or ``f8*`` for a buffer.

    Whether the integers of a buffer have signs does not matter: only their width does.
    """
    kind = f"{value.dtype.kind}{value.dtype.itemsize}"
    return f"{kind.replace('u', 'i')}*" if isinstance(value, np.ndarray) else kind


def _parameters(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _library(text: str, flags: tuple[str, ...]) -> ctypes.CDLL:
    launchers = []
    for name, parameters in _KERNEL.findall(text):
        types = [re.sub(r"\b\w+\s*$", "", one).replace("__restrict__", "").strip() for one in _parameters(parameters)]
        given = ", ".join(f"*({kind}*)arguments[{k}]" for k, kind in enumerate(types))
        launchers.append(
            f'extern "C" void launch_{name}(unsigned blocks, unsigned threads, size_t shared, void** arguments) '
            f"{{ shim::run_grid(blocks, threads, shared, [&] {{ {name}({given}); }}); }}\n"
            f'extern "C" const char* kinds_{name} = shim::kinds<{", ".join(types)}>();\n'
        )
    source = f'#include "{_SHIM}"\n' + _DYNAMIC.sub("", text) + "\n" + "".join(launchers)
    key = hashlib.sha256((source + _SHIM.read_text() + str(flags)).encode()).hexdigest()[:24]
    folder = Path(tempfile.gettempdir()) / "simengine-shim"
    folder.mkdir(exist_ok=True)
    built = folder / f"{key}.so"
    if not built.exists():
        with tempfile.TemporaryDirectory(dir=folder) as staging:
            cpp, so = Path(staging) / "kernel.cpp", Path(staging) / "kernel.so"
            cpp.write_text(source)
            command = ["g++", *_FLAGS, *flags, "-o", str(so), str(cpp)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise AssertionError(f"g++ refuses the text:\n{done.stderr[:4000]}")
            so.replace(built)
    return ctypes.CDLL(str(built))
