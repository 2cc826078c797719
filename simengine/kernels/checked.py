"""Files that hold compiled code: each is closed by its SHA-256, and appears at once or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

from simengine import settings

FORMAT = b"simengine kernel 1\n"


def read_checked(path: Path) -> bytes | None:
    """What a file holds, None when it is not there or not exactly what was written."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        settings.warn_of_cache(f"a compiled kernel in {path.parent} cannot be read: {error.strerror or error}")
        return None
    head, body = content[: len(FORMAT) + 32], content[len(FORMAT) + 32 :]
    if head != FORMAT + hashlib.sha256(body).digest():
        settings.warn_of_cache(f"a compiled kernel in {path.parent} is damaged and is compiled again")
        return None
    return body


def write_checked(path: Path, body: bytes) -> None:
    """Write a file that :func:`read_checked` accepts, at once or not at all.

    Raises
    ------
    OSError
        When the folder cannot be written.
    """
    handle, beside = tempfile.mkstemp(dir=path.parent, suffix=".new")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(FORMAT + hashlib.sha256(body).digest() + body)
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise
