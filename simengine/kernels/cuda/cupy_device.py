"""The device that CuPy finds: buffers are its arrays, and what it raises becomes the engine's errors.

CuPy's own ``RawModule`` adds an option by which float32 results below 2**-126 become 0, which nothing takes back, and
wants headers of a CUDA toolkit that no kernel here includes.  So a text is compiled by its wrapper of NVRTC with
exactly :data:`~simengine.kernels.cuda.device.OPTIONS`, and the binary is kept in our cache.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from simengine import settings
from simengine.errors import DeviceError, DeviceLost
from simengine.kernels.cuda import binaries
from simengine.kernels.cuda.device import OPTIONS, DeviceMemory, Launch

_MODULES = ("cupy", "cupy_backends", "cuda")
_USUAL_SHARED = 48 << 10
"""Dynamic shared memory of a block beyond which a kernel has to be told that it may have more."""


class CupyDevice:
    """A GPU of this machine by its place among those that the process may see; see :class:`.device.Device`.

    capability: its compute capability, major and minor.
    """

    def __init__(self, place: int = 0):
        import cupy

        self._cupy = cupy
        self._device = cupy.cuda.Device(place)
        self._device.use()
        properties, digits = cupy.cuda.runtime.getDeviceProperties(place), str(self._device.compute_capability)
        name = properties["name"]
        self.name = name.decode() if isinstance(name, bytes) else str(name)
        self.capability = int(digits[:-1]), int(digits[-1])
        self.multiprocessors = int(properties["multiProcessorCount"])
        self.shared_bytes = int(self._device.attributes.get("MaxSharedMemoryPerBlockOptin", _USUAL_SHARED))

    def free_bytes(self) -> int:
        """Memory that is free on the device, or held by CuPy's pool for the next buffer."""
        with self._current():
            free, _ = self._cupy.cuda.runtime.memGetInfo()
            return int(free) + int(self._cupy.get_default_memory_pool().free_bytes())

    def upload(self, values: NDArray[Any]) -> Any:
        """A buffer with the values of an array of the host."""
        return self._made(lambda: self._cupy.asarray(values, order="C"))

    def empty(self, shape: int | tuple[int, ...], dtype: Any) -> Any:
        """A buffer whose values have no meaning yet."""
        return self._made(lambda: self._cupy.empty(shape, dtype))

    def zeros(self, shape: int | tuple[int, ...], dtype: Any) -> Any:
        """A buffer of zeros."""
        return self._made(lambda: self._cupy.zeros(shape, dtype))

    def download(self, buffer: Any) -> NDArray[Any]:
        """The values of a buffer."""
        with self._current():
            values: NDArray[Any] = self._cupy.asnumpy(buffer)
            return values

    def compile(self, text: str, kernels: Sequence[str]) -> Mapping[str, Launch]:
        """The kernels of a text, compiled by NVRTC or taken from the cache."""
        try:
            with self._device:
                module = self._module(text)
                return {name: self._launch(module.get_function(name)) for name in kernels}
        except MemoryError as error:
            raise DeviceMemory(_first_line(error)) from error
        except Exception as error:  # of NVRTC, of CUDA, or of CuPy, which raises exceptions of Python's own as well
            raise DeviceError(
                f"{self.name}: a kernel cannot be compiled or loaded ({type(error).__name__}: {_first_line(error)}); "
                "hint: `simengine doctor` says what is installed; pip install 'simengine[gpu]' brings what is needed"
            ) from error

    def wait(self) -> None:
        """Return when the device has done all that was started."""
        with self._current():
            self._cupy.cuda.get_current_stream().synchronize()

    def release(self) -> None:
        """Empty CuPy's pool."""
        with self._current():
            self._cupy.get_default_memory_pool().free_all_blocks()

    def _module(self, text: str) -> Any:
        """The kernels of a text on the device, by a binary that was kept or is made now."""
        from cupy.cuda import compiler, nvrtc

        versions = [self._cupy.__version__, *nvrtc.getVersion()]
        path = binaries.path_of(text, [*OPTIONS, *map(str, (*self.capability, *versions))])
        kept = binaries.read(path)
        if kept is not None:
            try:
                return self._loaded(kept)
            except Exception as error:  # whole, but of no use here: whatever it is, compiling it again is the answer
                why = f"{type(error).__name__}: {_first_line(error)}"
                settings.warn_of_cache(f"a GPU kernel in the cache cannot be loaded ({why}) and is compiled again")
        binary, _ = compiler.compile_using_nvrtc(text, OPTIONS, cache_in_memory=True)
        binaries.write(path, binary)
        return self._loaded(binary)

    def _loaded(self, binary: bytes) -> Any:
        from cupy.cuda import function

        module = function.Module()
        module.load(binary)
        return module

    def _launch(self, function: Any) -> Launch:
        from cupy.cuda import driver

        allowed = _USUAL_SHARED

        def launch(blocks: int, threads: int, arguments: Sequence[Any], *, shared: int = 0) -> None:
            nonlocal allowed
            with self._current():
                if shared > allowed:
                    which = driver.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
                    driver.funcSetAttribute(function.ptr, which, shared)
                    allowed = shared
                function((blocks,), (threads,), tuple(arguments), shared_mem=shared)

        return launch

    def _made(self, make: Callable[[], Any]) -> Any:
        try:
            with self._current():
                return make()
        except MemoryError as error:  # CuPy's pool raises one of its own, other allocators Python's
            raise DeviceMemory(_first_line(error)) from error

    @contextlib.contextmanager
    def _current(self) -> Iterator[None]:
        """While this lasts it is the device that CuPy uses, and what CUDA says of it is translated."""
        try:
            with self._device:
                yield
        except Exception as error:
            if isinstance(error, MemoryError) or not is_of_device(error):
                raise
            raise DeviceLost(
                f"{self.name}: {type(error).__name__}: {_first_line(error)}; hint: see `nvidia-smi`"
            ) from error


def is_of_device(error: BaseException) -> bool:
    """Whether an exception is CuPy's or CUDA's: these have no common base class."""
    return any(kind.__module__.split(".")[0] in _MODULES for kind in type(error).__mro__)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
