"""Compiled kernels on disk, each in one file that is checked to the last bit before it may run.

Numba's own cache keeps an index beside its data and loads whatever they say: a flipped byte runs, and two processes
that compile at the same moment can point one signature at the code of another.  Here a file is found by what it was
compiled from and for (function, argument types, processor), is closed by its SHA-256, and appears at once or not at
all; one process compiles while others wait for its result.  A file that is not what it should be is compiled again.
A kernel is linked against Python and Numba's runtime alone, so nothing that compiling needs is imported to load one.
"""

from __future__ import annotations

import hashlib
import pickle
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from numba.core import compiler, serialize
from numba.core.caching import _Cache as NumbaCache
from numba.core.runtime.nrt import rtsys

from simengine import settings
from simengine.kernels.checked import read_checked, write_checked

SUFFIX = ".kernel"
BUILDS_KEPT = 3
"""Folders of compiled kernels that stay when a new one is made: other versions, other environments."""
_PATIENCE = 60.0
"""Seconds to wait for another process that compiles the same kernels; a stopped one must not stop everybody."""
_STALE = 3600.0
"""Seconds after which a temporary file belongs to a process that was killed."""


class KernelCache(NumbaCache):
    """The cache of one compiled function, as Numba's dispatcher calls it."""

    def __init__(self, function: Callable[..., Any], folder: Path):
        self._name = f"{function.__module__}.{function.__qualname__}"
        self._source = Path(function.__code__.co_filename).read_bytes()
        self._folder = folder
        self._enabled = True
        self._turn: IO[bytes] | None = None

    @property
    def cache_path(self) -> str:
        """The folder, as Numba's statistics show it."""
        return str(self._folder)

    def enable(self) -> None:
        """Look for compiled code from now on."""
        self._enabled = True

    def disable(self) -> None:
        """Compile in memory from now on."""
        self._enabled = False

    def flush(self) -> None:
        """Forget what is kept for this function."""
        for path in self._folder.glob(f"{self._name}-*{SUFFIX}"):
            path.unlink(missing_ok=True)

    def load_overload(self, signature: Any, target: Any) -> Any:
        """The compiled function for a signature, or None when it has to be compiled."""
        if not self._enabled:
            return None
        path = self._path(signature, target.codegen())
        found = self._loaded(path, target)
        if found is None:
            self._turn = _turn_to_compile(self._folder, path)
            found = self._loaded(path, target)  # another process may have compiled it meanwhile
            if found is not None:
                self._release()
        return found

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """Keep a compiled function; a folder that cannot be written costs time, never a result."""
        try:
            if self._enabled and not compiled.lifted and not compiled.library.has_dynamic_globals:
                body = serialize.dumps(compiled._reduce())
                write_checked(self._path(signature, compiled.codegen), body)
        except OSError as error:
            settings.warn_of_cache(f"compiled kernels cannot be kept in {self._folder}: {error.strerror or error}")
        finally:
            self._release()

    def _path(self, signature: Any, codegen: Any) -> Path:
        made_for = hashlib.sha256(repr((signature, codegen.magic_tuple())).encode() + self._source)
        return self._folder / f"{self._name}-{made_for.hexdigest()[:20]}{SUFFIX}"

    def _loaded(self, path: Path, target: Any) -> Any:
        body = read_checked(path)
        if body is None:
            return None
        try:
            rtsys.initialize(target)  # what Numba's own cache refreshes besides is of use to the compiler only
            return compiler.CompileResult._rebuild(target, *pickle.loads(body))
        except Exception as error:  # whole, but of no use here: whatever it is, compiling it again is the answer
            settings.warn_of_cache(f"a compiled kernel in {path.parent} cannot be loaded ({type(error).__name__})")
            return None

    def _release(self) -> None:
        if self._turn is not None:
            self._turn.close()
            self._turn = None


def has_kernels(folder: Path) -> bool:
    """Whether anything was compiled into a folder."""
    return any(folder.glob(f"*{SUFFIX}"))


def prune_builds(folder: Path) -> None:
    """Remove all but the newest builds beside ``folder``, and what killed processes left behind."""
    builds = [path for path in folder.parent.iterdir() if path.is_dir() and not path.is_symlink() and path != folder]
    builds.sort(key=_age)
    for path in builds[BUILDS_KEPT - 1 :]:
        shutil.rmtree(path, ignore_errors=True)
    for path in folder.parent.glob("*/*.new"):
        if _age(path) > _STALE:
            path.unlink(missing_ok=True)


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:  # removed by another process at this moment
        return 0.0


def _turn_to_compile(folder: Path, path: Path) -> IO[bytes] | None:
    """Hold the folder's lock, or nothing when ``path`` appeared or patience ended; the system frees dead locks."""
    try:
        import fcntl
    except ImportError:  # not on Windows: several processes may compile the same, which is slower and harmless
        return None
    try:
        lock = open(folder / "lock", "wb")  # noqa: SIM115 - held until the kernel is stored
    except OSError:
        return None
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except OSError:
            if path.exists() or time.monotonic() > until:
                lock.close()
                return None
        time.sleep(0.05)
