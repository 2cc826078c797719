"""The only place that reads or sets the environment, and that decides which folders may be trusted with a cache."""

from __future__ import annotations

import functools
import os
import stat
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

from simengine.errors import CacheWarning


@dataclass(frozen=True)
class Settings:
    """What the environment says, read once a call of :func:`read`.

    cache: folder for compiled kernels and quantile tables, None where caching is switched off
    (``SIMENGINE_CACHE=off``).  threads: processors this process may use.  color: False when NO_COLOR is set.
    columns: the terminal width that COLUMNS asks for, or None.  visible_devices: CUDA_VISIBLE_DEVICES, None where it
    is not set.
    """

    cache: Path | None
    threads: int
    color: bool
    columns: int | None
    visible_devices: str | None = None


def read() -> Settings:
    """The settings in force now."""
    return Settings(
        cache=_cache_folder(),
        threads=_processors(),
        color="NO_COLOR" not in os.environ or os.environ["NO_COLOR"] == "",
        columns=_positive(os.environ.get("COLUMNS")),
        visible_devices=os.environ.get("CUDA_VISIBLE_DEVICES"),
    )


def cache_folder(*names: str) -> Path | None:
    """A folder inside the cache that this user alone can change, made if need be; None where there can be none.

    What lies in it is trusted: compiled kernels run.  Therefore nothing on the way may be a symbolic link or belong
    to somebody else, and the inner folders are closed to everybody else.  The reason for None is said once, as a
    :class:`~simengine.errors.CacheWarning`; a cache that was switched off on purpose is not mentioned.
    """
    base = read().cache
    if base is None:
        return None
    try:
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        reason = _doubt(base, shared=True)
        folder = base
        for name in names:
            if not reason:
                folder /= name
                folder.mkdir(mode=0o700, exist_ok=True)
                reason = _doubt(folder)
    except OSError as error:
        reason = f"{error.filename or base}: {error.strerror or error}"
    if reason:
        warn_of_cache(f"nothing is kept for the next run: {reason}")
        return None
    return folder


@functools.cache
def warn_of_cache(text: str) -> None:
    """Issue a :class:`~simengine.errors.CacheWarning`, each text once a process."""
    hint = "hint: set SIMENGINE_CACHE to a folder of your own, or to 'off'"
    warnings.warn(f"{text}; {hint}", CacheWarning, stacklevel=3)


def _doubt(folder: Path, *, shared: bool = False) -> str:
    """Why a folder is not fit for a cache; empty if it is.

    ``shared``: the system's administrator may own it, and others may read it, or even write as in /tmp.
    """
    found = folder.lstat()
    if stat.S_ISLNK(found.st_mode):
        return f"{folder} is a symbolic link"
    if sys.platform != "win32":
        mine = os.getuid()
        if found.st_uid not in ((mine, 0) if shared else (mine,)):
            return f"{folder} belongs to another user"
        if shared and found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX:
            return f"{folder} can be changed by every user"
        if not shared and found.st_mode & 0o077:
            folder.chmod(0o700)
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"{folder} cannot be written to"
    return ""


def _cache_folder() -> Path | None:
    chosen = os.environ.get("SIMENGINE_CACHE")
    if chosen:
        return None if chosen.lower() in ("off", "none", "0") else Path(chosen)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(base) if base else Path.home() / ".cache") / "simengine"
    except RuntimeError:  # no home folder
        return None


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def _positive(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() and int(text) > 0 else None
