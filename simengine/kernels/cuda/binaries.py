"""Binaries of GPU kernels in the cache: found by what they were compiled from and for, checked to the last bit."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from simengine import settings
from simengine.kernels.checked import read_checked, write_checked

SUFFIX = ".cubin"
KEPT = 512
"""Binaries that stay when a new one is written, those that were used last: of some 40 scenarios, 20 MB or so."""


def path_of(text: str, made_for: Sequence[str]) -> Path | None:
    """Where the binary of a text is kept; None where there is no cache.

    made_for: all else that the binary depends on: options, architecture, versions of the compilers.
    """
    folder = settings.cache_folder("cuda")
    if folder is None:
        return None
    key = hashlib.sha256("\0".join([text, *made_for]).encode()).hexdigest()
    return folder / f"{key}{SUFFIX}"


def read(path: Path | None) -> bytes | None:
    """A kept binary; None where there is none that is whole."""
    binary = None if path is None else read_checked(path)
    if path is not None and binary is not None:
        with contextlib.suppress(OSError):  # a clock that cannot be set shortens its life
            os.utime(path)
    return binary


def write(path: Path | None, binary: bytes) -> None:
    """Keep a binary; a folder that cannot be written costs time, never a result."""
    if path is None:
        return
    try:
        write_checked(path, binary)
        _prune(path.parent)
    except OSError as error:
        settings.warn_of_cache(f"GPU kernels cannot be kept in {path.parent}: {error.strerror or error}")


def _prune(folder: Path) -> None:
    """Remove the binaries that were not used for longest."""
    found = list(folder.glob(f"*{SUFFIX}"))
    for path in sorted(found, key=_used)[: max(0, len(found) - KEPT)]:
        path.unlink(missing_ok=True)


def _used(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # removed by another process at this moment
        return 0.0
