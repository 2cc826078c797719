"""Files of data that a scenario names: opened with suspicion, and read whole."""

from __future__ import annotations

import difflib
import os
import stat
from pathlib import Path

from simengine.distributions.values import show
from simengine.errors import InvalidInput, Problem

LARGEST_FILE = 256 * 2**20


def read_data_file(path: Path, file: str, what: str) -> bytes:
    """The bytes of a regular file of moderate size; never waits for a pipe or reads a device.

    ``file`` is the path as the scenario has it, ``what`` is expected there, such as ``CSV file``.

    Raises
    ------
    InvalidInput
        When it is not there or cannot be read, is no regular file, or is too large; the key is ``file``.
    """
    try:
        _require_regular(os.stat(path), file, what)
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with open(descriptor, "rb") as stream:
            _require_regular(os.fstat(stream.fileno()), file, what)
            content = stream.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        raise InvalidInput(Problem("file not found", "file", show(file), hint=_beside(path))) from None
    except PermissionError:
        raise InvalidInput(Problem("no permission to read the file", "file", show(file))) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InvalidInput(Problem(f"cannot be read: {reason}", "file", show(file))) from None
    if len(content) > LARGEST_FILE:
        raise _too_large(file)
    return content


def _require_regular(status: os.stat_result, file: str, what: str) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise InvalidInput(Problem("is a directory", "file", show(file), f"a {what}"))
    if not stat.S_ISREG(status.st_mode):
        raise InvalidInput(Problem("is a device, pipe or socket", "file", show(file), f"a regular {what}"))
    if status.st_size > LARGEST_FILE:
        raise _too_large(file)


def _too_large(file: str) -> InvalidInput:
    allowed = f"at most {LARGEST_FILE // 2**20} MiB"
    hint = "a random sample of the rows describes the distribution as well"
    return InvalidInput(Problem("the file is too large", "file", show(file), allowed, hint))


def _beside(path: Path) -> str | None:
    """A file in the same folder with a similar name."""
    try:
        names = [entry.name for entry in os.scandir(path.parent)][:10_000]
    except OSError:
        return f"the folder {path.parent} does not exist"
    found = difflib.get_close_matches(path.name, names, n=1)
    return f"did you mean {show(found[0])}?" if found else f"looked for {path}"
