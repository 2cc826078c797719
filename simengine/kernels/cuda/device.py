"""What the GPU kernel asks of a device, and the device that CuPy finds.

Buffers are arrays of the device, to be sliced and reshaped as NumPy's; kernels take buffers and NumPy scalars, whose
types are those of the parameters exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from numpy.typing import NDArray

OPTIONS = ("--std=c++17", "--fmad=false")
"""Nothing is contracted that the text does not fuse itself; denormal numbers, division and roots are IEEE's."""


class DeviceMemory(Exception):
    """The device has no room for a buffer: the work can be split and tried again."""


class Launch(Protocol):
    """A compiled kernel."""

    def __call__(self, blocks: int, threads: int, arguments: Sequence[Any], *, shared: int = 0) -> None:
        """Start ``blocks`` of ``threads`` threads, with so many bytes of dynamic shared memory; does not wait."""


class Device(Protocol):
    """One device with its memory.

    name: as people know it.  multiprocessors: blocks that run at once are a small multiple of it.  shared_bytes: the
    most dynamic shared memory of a block.
    """

    name: str
    multiprocessors: int
    shared_bytes: int

    def free_bytes(self) -> int:
        """Memory that buffers may still take."""

    def upload(self, values: NDArray[Any]) -> Any:
        """A buffer with the values of an array of the host."""

    def empty(self, shape: int | tuple[int, ...], dtype: Any) -> Any:
        """A buffer whose values have no meaning yet.

        Raises
        ------
        DeviceMemory
            When there is no room; so do ``zeros`` and ``upload``.
        """

    def zeros(self, shape: int | tuple[int, ...], dtype: Any) -> Any:
        """A buffer of zeros."""

    def download(self, buffer: Any) -> NDArray[Any]:
        """The values of a buffer, once all that was started has ended."""

    def compile(self, text: str, kernels: Sequence[str]) -> Mapping[str, Launch]:
        """The kernels of a text of CUDA C, by name; what was compiled before comes from a cache."""

    def wait(self) -> None:
        """Return when all that was started has ended."""


class CupyDevice:
    """A GPU of this machine by its place among those that the process may see."""

    def __init__(self, place: int = 0):
        import cupy

        self._cupy = cupy
        self._device = cupy.cuda.Device(place)
        self._device.use()
        properties = cupy.cuda.runtime.getDeviceProperties(place)
        name = properties["name"]
        self.name = name.decode() if isinstance(name, bytes) else str(name)
        self.multiprocessors = int(properties["multiProcessorCount"])
        self.shared_bytes = int(self._device.attributes.get("MaxSharedMemoryPerBlockOptin", 48 << 10))

    def free_bytes(self) -> int:
        """Memory that is free on the device, or held by CuPy's pool for the next buffer."""
        with self._device:
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
        with self._device:
            values: NDArray[Any] = self._cupy.asnumpy(buffer)
            return values

    def compile(self, text: str, kernels: Sequence[str]) -> Mapping[str, Launch]:
        """The kernels of a text, compiled by NVRTC or taken from CuPy's cache."""
        with self._device:
            module = self._cupy.RawModule(code=text, options=OPTIONS, backend="nvrtc")
            return {name: self._launch(module.get_function(name)) for name in kernels}

    def wait(self) -> None:
        """Return when the device has done all that was started."""
        with self._device:
            self._cupy.cuda.get_current_stream().synchronize()

    def _launch(self, function: Any) -> Launch:
        usual = 48 << 10

        def launch(blocks: int, threads: int, arguments: Sequence[Any], *, shared: int = 0) -> None:
            with self._device:
                if shared > usual:
                    function.max_dynamic_shared_size_bytes = shared
                function((blocks,), (threads,), tuple(arguments), shared_mem=shared)

        return launch

    def _made(self, make: Any) -> Any:
        try:
            with self._device:
                return make()
        except self._cupy.cuda.memory.OutOfMemoryError as error:
            raise DeviceMemory(str(error)) from error
