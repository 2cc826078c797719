"""The device that tests of CUDA C run on: the shim where there is g++, and the GPU where there is one."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
from shim_device import ShimDevice, needs_compiler

from simengine.kernels.cuda.cupy_device import CupyDevice
from simengine.kernels.cuda.device import Device
from simengine.kernels.cuda.find import NoGpu, find_gpu

KINDS = [pytest.param("shim", marks=needs_compiler), pytest.param("GPU", marks=pytest.mark.gpu)]
"""Parameters of the fixture ``each_device``."""
_chosen = ["shim"]


@functools.cache
def _gpu() -> CupyDevice | NoGpu:
    try:
        return find_gpu()
    except NoGpu as error:
        return error


def choose(kind: str) -> None:
    """Say what :func:`device` gives from now on; skips where there is no GPU."""
    if kind == "GPU" and isinstance(_gpu(), NoGpu):
        pytest.skip(str(_gpu()))
    _chosen[0] = kind


def chosen() -> str:
    """``shim`` or ``GPU``."""
    return _chosen[0]


def device(*flags: str) -> Device:
    """The device that was chosen; ``flags`` are for the compiler of the shim."""
    found = _gpu() if _chosen[0] == "GPU" else ShimDevice(flags=flags)
    assert not isinstance(found, NoGpu)
    return found


def put(buffer: Any, values: np.ndarray) -> None:
    """Bring numbers of the host into a part of a buffer, with no kernel of CuPy's own."""
    given = np.ascontiguousarray(values, buffer.dtype)
    if isinstance(buffer, np.ndarray):
        buffer[...] = given
    else:
        buffer.set(given)
