"""A file whose space is taken before it is filled, for a library that cannot bear a full disk.

HDF5 ends the process when it cannot write what it holds while it closes a file.  So it never learns of it here: the
space is reserved beforehand where the system can do that, and a write that fails all the same is remembered, and told
by :meth:`ReservedFile.check` to whoever fills the file.
"""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer

_UNSUPPORTED = (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.ENODEV)
"""Answers of file systems that cannot reserve space."""


class ReservedFile(io.RawIOBase):
    """A new file of which ``size`` bytes are reserved; it is cut to what was written when it is closed.

    Raises
    ------
    OSError
        When there is no room for it.
    """

    def __init__(self, path: Path, size: int):
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        self._descriptor = os.open(path, flags, 0o666)
        self._place = self._size = 0
        self.failure: OSError | None = None
        try:
            _reserve(self._descriptor, size)
        except BaseException:
            self.close()
            raise

    def check(self) -> None:
        """Tell a write that failed.

        Raises
        ------
        OSError
            The first failure there was.
        """
        if self.failure is not None:
            raise self.failure

    def readable(self) -> bool:
        """It can be read back."""
        return True

    def writable(self) -> bool:
        """It can be written."""
        return True

    def seekable(self) -> bool:
        """Any place of it can be read and written."""
        return True

    def readinto(self, buffer: Buffer) -> int:
        """Fill ``buffer`` from the place reached; what was never written reads as zeros."""
        view = memoryview(buffer).cast("B")
        count = min(len(view), max(0, self._size - self._place))
        os.lseek(self._descriptor, self._place, os.SEEK_SET)
        done = 0
        while done < count:
            piece = os.read(self._descriptor, count - done)
            if not piece:
                view[done:count] = bytes(count - done)
                break
            view[done : done + len(piece)] = piece
            done += len(piece)
        self._place += count
        return count

    def write(self, content: Buffer) -> int:
        """Write all of ``content`` at the place reached, or remember why that is not possible."""
        view = memoryview(content).cast("B")
        count = len(view)
        if self.failure is None:
            try:
                os.lseek(self._descriptor, self._place, os.SEEK_SET)
                while view:
                    view = view[os.write(self._descriptor, view) :]
            except OSError as error:
                self.failure = error
        self._place += count
        self._size = max(self._size, self._place)
        return count

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place; the end is that of what was written, not of what is reserved."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        self._place = base + offset
        return self._place

    def tell(self) -> int:
        """The place reached."""
        return self._place

    def truncate(self, size: int | None = None) -> int:
        """Set where the end is; what is reserved behind it stays until the file is closed."""
        self._size = self._place if size is None else size
        return self._size

    def close(self) -> None:
        """Cut the file to what was written."""
        if self.closed:
            return
        try:
            os.ftruncate(self._descriptor, self._size)
        except OSError as error:
            self.failure = self.failure or error
        finally:
            os.close(self._descriptor)
            super().close()


def _reserve(descriptor: int, size: int) -> None:
    """Take ``size`` bytes of the disk, where the system and the file system can."""
    if not hasattr(os, "posix_fallocate") or size <= 0:
        return
    try:
        os.posix_fallocate(descriptor, 0, size)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
