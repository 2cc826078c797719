"""What two machines must have in common to compute the same bits."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
from collections.abc import Iterable, Mapping
from pathlib import Path

import numba
import numpy as np

from simengine.kernels.jit import kernel_digest
from simengine.plan.plan import STREAM_VERSION

_ROOMS = ("aggregate", "engine")
"""Rooms beside the kernels whose code runs where a task was sent to."""
_PACKAGE = Path(__file__).parents[1]
_DEVICE_SUFFIXES = (".py", ".cu", ".cuh")


@functools.cache
def fingerprint() -> Mapping[str, str]:
    """Versions of this process by name; equal ones compute equal bits from equal plans.

    The processor is no part of it: the kernels give the same bits on any.
    """
    try:
        version = importlib.metadata.version("simengine")
    except importlib.metadata.PackageNotFoundError:
        version = "not installed as a package"
    return {
        "simengine": version,
        "kernels": kernel_digest(),
        "device kernels": _digest_of(
            path for path in (_PACKAGE / "kernels" / "cuda").rglob("*") if path.suffix in _DEVICE_SUFFIXES
        ),
        "sums": _digest_of(path for room in _ROOMS for path in (_PACKAGE / room).glob("*.py")),
        "stream version": str(STREAM_VERSION),
        "numpy": np.__version__,
        "numba": numba.__version__,
    }


def differences(mine: Mapping[str, str], theirs: Mapping[str, str]) -> str:
    """What differs, as text: ``numpy 2.1.0 (here 2.2.0)``; empty when nothing does."""
    return ", ".join(
        f"{name} {theirs.get(name, 'unknown')} (here {here})" for name, here in mine.items() if theirs.get(name) != here
    )


def _digest_of(files: Iterable[Path]) -> str:
    """Identifies the content of files: a checkout may differ from a release of the same version."""
    state = hashlib.sha256()
    for source in sorted(files):
        state.update(source.name.encode() + source.read_bytes())
    return state.hexdigest()[:16]
