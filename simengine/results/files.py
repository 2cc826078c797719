"""Writing files whole or not at all.

The content of a file is complete in memory before the disk is touched, or is made in pieces straight into the staging
folder where it may be large.  That folder lies beside the target; what is in it is flushed to the disk and then
renamed, so that a name never stands for half a file.  A new
folder appears by one rename, with all its files.  In a folder that exists, `results.nc` is taken away first and
put back last: as long as it is there, the files beside it belong to it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from simengine.errors import FileProblem

Content = bytes | Callable[[Path], None]
"""The bytes of a file, or what makes it under the name that it is given."""

_ABANDONED = 86_400.0
"""Seconds after which a staging folder belongs to no run any more."""
_HINTS = {
    errno.ENOSPC: "free some space, or choose another disk",
    errno.EDQUOT: "the quota is used up; free some space, or choose another disk",
    errno.EROFS: "choose a folder that can be written to",
    errno.EACCES: "choose a folder that can be written to",
    errno.EPERM: "choose a folder that can be written to",
    errno.ENOTDIR: "a part of the path is a file",
    errno.EFBIG: "the size of files is limited here (see `ulimit -f`)",
}


def check_folder(folder: Path, names: tuple[str, ...], *, force: bool) -> None:
    """Refuse a target that could not be written later, before any work is done.

    Raises
    ------
    FileProblem
        When ``folder`` is a file or a symbolic link, when one of ``names`` stands in it already and ``force`` is
        not given, or when it (or the folder above) cannot be written to.
    """
    if folder.is_symlink():
        raise FileProblem(f"{folder} is a symbolic link; give the folder itself")
    if not folder.exists():
        _check_writable(_nearest_folder(folder))
        return
    if not folder.is_dir():
        raise FileProblem(f"{folder} is a file; give a folder to write the results into")
    _check_writable(folder)
    for name in names:
        _check_target(folder / name, force=force)


def write_folder(folder: Path, contents: Mapping[str, bytes | None], *, force: bool = False) -> None:
    """Write the files ``contents`` (name to bytes) into ``folder``, all of them or none.

    The last one is the one that makes the set valid: it is removed first and put in place last.  A name with None is
    that of a file which this set does not have: one that belongs to the set being replaced is taken away.

    Raises
    ------
    FileProblem
        When a file exists and ``force`` is not given, or anything cannot be written; nothing is changed then.
    """
    written = {name: content for name, content in contents.items() if content is not None}
    left = tuple(name for name in contents if name not in written)
    check_folder(folder, tuple(written), force=force)
    with _explained(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        if folder.exists():
            _write_into(folder, written, left, force=force)
        else:
            _write_new(folder, written)


def write_file(path: Path, content: bytes, *, force: bool = False) -> None:
    """Write one file, whole or not at all.

    Raises
    ------
    FileProblem
        When the file exists and ``force`` is not given, is a link or a device, or cannot be written.
    """
    check_file(path, force=force)
    with _explained(path):
        _write_into(path.parent, {path.name: content}, (), force=force)


def write_streamed(path: Path, make: Callable[[Path], None], *, force: bool = False) -> None:
    """Write one file that ``make`` fills piece by piece under a name that it is given, whole or not at all.

    Raises
    ------
    FileProblem
        When the file exists and ``force`` is not given, is a link or a device, or cannot be written.
    """
    check_file(path, force=force)
    with _explained(path):
        _write_into(path.parent, {path.name: make}, (), force=force)


def check_file(path: Path, *, force: bool) -> None:
    """Refuse a file that could not be written later, before any work is done.

    Raises
    ------
    FileProblem
        When ``path`` is a folder, a link or a device, its folder does not exist, or it exists and ``force`` is not
        given.
    """
    if path.is_dir():
        raise FileProblem(f"{path} is a folder; give the name of a file")
    if not path.parent.is_dir():
        raise FileProblem(f"cannot write {path}: there is no folder {path.parent}")
    _check_target(path, force=force)


def _write_new(folder: Path, contents: Mapping[str, bytes]) -> None:
    staging = _staging_name(folder.parent, folder.name)
    os.mkdir(staging)
    try:
        for name, content in contents.items():
            _write_flushed(staging / name, content)
        _flush_folder(staging)
        os.rename(staging, folder)
    except FileExistsError as error:
        raise _exists(folder) from error
    except OSError as error:
        if error.errno == errno.ENOTEMPTY:  # another run was faster
            raise _exists(folder) from error
        raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    with contextlib.suppress(OSError):  # the files are there and complete, whatever becomes of this
        _flush_folder(folder.parent)


def _write_into(folder: Path, contents: Mapping[str, Content], left: tuple[str, ...], *, force: bool) -> None:
    staging = _staging_name(folder, "simengine")
    os.mkdir(staging, 0o700)
    swapped = False
    try:
        for name, content in contents.items():
            if isinstance(content, bytes):
                _write_flushed(staging / name, content)
            else:
                content(staging / name)
                _flush(staging / name)
        _flush_folder(staging)
        with _locked(folder):
            _swap(folder, staging, tuple(contents), left, force=force)
        swapped = True
        with contextlib.suppress(OSError):
            _flush_folder(folder)
    finally:
        if swapped or not any(staging.glob("*.before")):  # an old file that could not be put back is not destroyed
            shutil.rmtree(staging, ignore_errors=True)


def _swap(folder: Path, staging: Path, names: tuple[str, ...], left: tuple[str, ...], *, force: bool) -> None:
    """Put staged files in place; on any failure, put back what stood there before.

    Files of the names ``left`` go where the last of ``names`` shows that they belong to what is replaced.  A file that
    is alone takes the place of the old one in one step.
    """
    stale = [name for name in left if os.path.lexists(folder / names[-1]) and _is_regular(folder / name)]
    old = [name for name in reversed((*stale, *names)) if os.path.lexists(folder / name)]
    if old and not force:
        raise _exists(folder / old[0])
    if len(names) == 1 and not stale:
        os.replace(staging / names[0], folder / names[0])
        return
    kept: list[str] = []
    placed: list[str] = []
    try:
        for name in old:
            kept.append(name)  # before it is moved: an interrupt may come between the two
            os.replace(folder / name, staging / f"{name}.before")
        for name in names:
            placed.append(name)
            os.replace(staging / name, folder / name)
    except BaseException:
        for name in reversed(placed):  # what makes the set valid goes first
            if not os.path.lexists(staging / name):
                with contextlib.suppress(OSError):
                    os.unlink(folder / name)
        for name in reversed(kept):
            if os.path.lexists(staging / f"{name}.before"):
                with contextlib.suppress(OSError):
                    os.replace(staging / f"{name}.before", folder / name)
        raise


def _write_flushed(path: Path, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, 0o666)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _flush_folder(folder: Path) -> None:
    if os.name == "nt":  # folders cannot be opened there
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network disks cannot flush a folder
            raise
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep two runs that write into the same folder from mixing their files (where the system has flock)."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # disks without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _staging_name(parent: Path, label: str) -> Path:
    _sweep(parent, label)
    return parent / f".{label}.{secrets.token_hex(6)}.partial"


def _sweep(parent: Path, label: str) -> None:
    """Remove what a run that was killed left behind, a day or more ago."""
    with contextlib.suppress(OSError):
        for left in parent.iterdir():
            ours = left.name.startswith(f".{label}.") and left.name.endswith(".partial")
            if ours and time.time() - os.lstat(left).st_mtime > _ABANDONED:
                shutil.rmtree(left, ignore_errors=True)


def _check_target(path: Path, *, force: bool) -> None:
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise FileProblem(f"cannot write {path}: {error.strerror}") from error
    if stat.S_ISLNK(mode):
        raise FileProblem(f"{path} is a symbolic link; it is neither followed nor replaced")
    if not stat.S_ISREG(mode):
        raise FileProblem(f"{path} is not a regular file; it is not replaced")
    if not force:
        raise _exists(path)


def _is_regular(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _exists(path: Path) -> FileProblem:
    return FileProblem(f"{path} exists already; hint: give another name, or --force to replace it")


def _nearest_folder(path: Path) -> Path:
    for parent in path.absolute().parents:
        if parent.exists():
            return parent
    return Path("/")


def _check_writable(folder: Path) -> None:
    if not folder.is_dir():
        raise FileProblem(f"{folder} is not a folder")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise FileProblem(f"cannot write into {folder}: no permission; hint: {_HINTS[errno.EACCES]}")


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        hint = _HINTS.get(error.errno or 0)
        reason = error.strerror or str(error)
        raise FileProblem(
            f"cannot write {path}: {reason}; nothing was changed" + (f"; hint: {hint}" if hint else "")
        ) from error
