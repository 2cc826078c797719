"""What the GPU kernel asks of a device, and the device that CuPy finds.

Buffers are arrays of the device, to be sliced and reshaped as NumPy's; kernels take buffers and NumPy scalars, whose
types are those of the parameters exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from numpy.typing import NDArray

OPTIONS = ("--std=c++17", "--fmad=false", "--ftz=false", "--prec-div=true", "--prec-sqrt=true")
"""Nothing is contracted that the text does not fuse itself; subnormal numbers, division and roots are IEEE's."""


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
        """The kernels of a text of CUDA C, by name; what was compiled before comes from a cache.

        Raises
        ------
        DeviceError
            When the text cannot be compiled or loaded here.
        """

    def wait(self) -> None:
        """Return when all that was started has ended."""

    def release(self) -> None:
        """Let others have the memory that no buffer takes any more."""
