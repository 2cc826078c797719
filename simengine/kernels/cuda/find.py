"""Which GPU this process may use, and, where there is none, why."""

from __future__ import annotations

from typing import Any

from simengine import settings
from simengine.errors import DeviceError
from simengine.kernels.cuda.cupy_device import CupyDevice

_AGAIN = "install it again: pip install 'simengine[gpu]'"
EXTRA = "pip install 'simengine[gpu]'"
LEAST_CAPABILITY = (8, 0)
"""Compute capability whose blocks have the shared memory that a histogram takes."""
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
    try:
        _check_driver(cupy)
        _check_compiler()
        device = CupyDevice()
    except NoGpu:
        raise
    except Exception as error:  # whatever CuPy and CUDA say of a device that they count and cannot use
        hint = "see `nvidia-smi`: it may be in use, out of memory or broken"
        raise NoGpu(f"the GPU cannot be used ({_first_line(error)})", hint, likely=True) from error
    _check_capability(device)
    return device


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
        except Exception as error:  # of CUDA, or of whatever looked for the library that is not there
            found[name] = f"cannot be loaded ({_first_line(error)})"
    return found


def details(place: int = 0) -> str:
    """Compute capability and memory of a GPU, as text.

    Raises
    ------
    DeviceError
        When the GPU cannot be asked.
    """
    cupy = _loaded()
    try:
        with cupy.cuda.Device(place) as device:
            free, total = cupy.cuda.runtime.memGetInfo()
            digits = str(device.compute_capability)
    except Exception as error:  # whatever CuPy and CUDA say
        raise DeviceError(f"the GPU cannot be asked ({_first_line(error)}); hint: see `nvidia-smi`") from error
    return (
        f"compute capability {digits[:-1]}.{digits[-1]}, {total / 2**30:.1f} GiB of memory, {free / 2**30:.1f} GiB free"
    )


def _loaded() -> Any:
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
    except Exception as error:  # of whatever looked for the library
        raise NoGpu(
            f"NVRTC, which compiles kernels, is not there ({_first_line(error)})", EXTRA, likely=True
        ) from error


def _check_capability(device: CupyDevice) -> None:
    if device.capability < LEAST_CAPABILITY:
        found, least = (f"{major}.{minor}" for major, minor in (device.capability, LEAST_CAPABILITY))
        hint = "CUDA_VISIBLE_DEVICES chooses another GPU of this machine; the processors compute the same"
        raise NoGpu(f"{device.name} has compute capability {found}; {least} or more is needed", hint, likely=True)


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
