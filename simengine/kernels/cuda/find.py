"""Which GPU this process may use, and, where there is none, why."""

from __future__ import annotations

from typing import Any

from simengine import settings
from simengine.errors import DeviceError
from simengine.kernels.cuda.device import CupyDevice

_AGAIN = "install it again: pip install 'simengine[gpu]'"
EXTRA = "pip install 'simengine[gpu]'"
_MODULES = ("cupy", "cupy_backends", "cuda")
_HIDING = ("", "-1", "NoDevFiles")
"""Values of CUDA_VISIBLE_DEVICES that hide every GPU."""


class NoGpu(DeviceError):
    """There is no GPU that could be used.  ``likely``: whether somebody who looks at this machine would expect one."""

    def __init__(self, cause: str, hint: str, *, likely: bool = False):
        super().__init__(f"device = gpu: {cause}; hint: {hint}")
        self.cause, self.hint, self.likely = cause, hint, likely


def find_gpu() -> CupyDevice:
    """The first GPU that this process may see: under dask-cuda that is the worker's own.

    Raises
    ------
    NoGpu
        With the cause, and what can be done about it.
    """
    cupy = _loaded()
    visible = settings.read().visible_devices
    if visible is not None and visible.strip() in _HIDING:
        raise NoGpu(
            f"CUDA_VISIBLE_DEVICES is {visible!r}, which hides every GPU from this process",
            "unset it, or set it to the number of a GPU",
        )
    _check_driver(cupy)
    _check_compiler()
    try:
        return CupyDevice()
    except Exception as error:  # whatever CUDA says of a device that it counts and cannot use
        if not is_of_device(error):
            raise
        hint = "see `nvidia-smi`: it may be in use, out of memory or broken"
        raise NoGpu(f"the GPU cannot be used ({error})", hint, likely=True) from error


def versions() -> dict[str, str]:
    """Versions of CuPy, of the driver, of CUDA's runtime and of NVRTC, as far as they can be told.

    Raises
    ------
    NoGpu
        When CuPy cannot be loaded.
    """
    cupy = _loaded()
    found = {"cupy": str(cupy.__version__)}
    questions = {
        "driver": cupy.cuda.runtime.driverGetVersion,
        "runtime": cupy.cuda.runtime.runtimeGetVersion,
        "nvrtc": _nvrtc_version,
    }
    for name, ask in questions.items():
        try:
            found[name] = _version(ask())
        except RuntimeError as error:  # of CUDA, or of the library that is not there
            found[name] = f"cannot be loaded ({_first_line(error)})"
    return found


def details(place: int = 0) -> str:
    """Compute capability and memory of a GPU, as text."""
    cupy = _loaded()
    with cupy.cuda.Device(place) as device:
        free, total = cupy.cuda.runtime.memGetInfo()
        digits = str(device.compute_capability)
    return (
        f"compute capability {digits[:-1]}.{digits[-1]}, {total / 2**30:.1f} GiB of memory, {free / 2**30:.1f} GiB free"
    )


def is_of_device(error: BaseException) -> bool:
    """Whether an exception is CuPy's or CUDA's: these have no common base class."""
    return any(kind.__module__.split(".")[0] in _MODULES for kind in type(error).__mro__)


def _loaded() -> Any:
    settings.keep_device_kernels()  # CuPy reads where they go when it is imported
    try:
        import cupy
    except ModuleNotFoundError as error:
        if error.name != "cupy":
            raise NoGpu(f"CuPy cannot be loaded ({error})", _AGAIN, likely=True) from error
        raise NoGpu("CuPy is not installed", EXTRA) from error
    except (ImportError, OSError) as error:  # a library that it was built for is not there
        raise NoGpu(f"CuPy cannot be loaded ({_first_line(error)})", _AGAIN, likely=True) from error
    return cupy


def _check_driver(cupy: Any) -> None:
    runtime = cupy.cuda.runtime
    driver, built_for = int(runtime.driverGetVersion()), int(runtime.runtimeGetVersion())
    if driver == 0:
        raise NoGpu(
            "there is no NVIDIA driver",
            "install the driver; in a container, start it with the GPU (docker run --gpus all)",
        )
    try:
        count = int(runtime.getDeviceCount())
    except runtime.CUDARuntimeError as error:
        if driver < built_for // 1000 * 1000:
            raise NoGpu(
                f"the driver supports CUDA {_version(driver)}, and CuPy was built for {_version(built_for)}",
                "update the driver, or install the CuPy of its version (cupy-cuda12x, cupy-cuda13x)",
                likely=True,
            ) from error
        raise NoGpu(f"there is no GPU that can be used ({error})", "see what `nvidia-smi` lists") from error
    if count == 0:
        raise NoGpu("there is a driver and no GPU", "see what `nvidia-smi` lists")


def _check_compiler() -> None:
    try:
        _nvrtc_version()
    except RuntimeError as error:
        raise NoGpu(
            f"NVRTC, which compiles kernels, is not there ({_first_line(error)})", EXTRA, likely=True
        ) from error


def _nvrtc_version() -> Any:
    """The version of the library that compiles kernels, which CuPy loads at the first question."""
    from cupy.cuda import nvrtc

    return nvrtc.getVersion()


def _version(number: Any) -> str:
    if isinstance(number, tuple):
        return ".".join(map(str, number))
    return f"{number // 1000}.{number % 1000 // 10}" if number else "none"


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
