"""The only place that reads the environment; everything else asks here."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """What the environment says, read once a call of :func:`read`.

    cache: folder for compiled kernels and quantile tables, None where caching is switched off
    (``SIMENGINE_CACHE=off``).  threads: processors this process may use.  color: False when NO_COLOR is set.
    columns: the terminal width that COLUMNS asks for, or None.
    """

    cache: Path | None
    threads: int
    color: bool
    columns: int | None


def read() -> Settings:
    """The settings in force now."""
    return Settings(
        cache=_cache_folder(),
        threads=_processors(),
        color="NO_COLOR" not in os.environ or os.environ["NO_COLOR"] == "",
        columns=_positive(os.environ.get("COLUMNS")),
    )


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
