"""Progress on standard error: only for a person who looks, only when it takes a while, and gone afterwards."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from simengine import settings
from simengine.cli.streams import is_terminal, say

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_PATIENCE = 1.0
"""Seconds before anything is shown."""


class ProgressBar:
    """A bar that appears after one second, when standard error is a terminal.

    Call it with trials done, trials in all and the name of the pass, from any thread.
    """

    def __init__(self, *, quiet: bool = False):
        self._wanted = not quiet and is_terminal(sys.stderr)
        self._start = time.monotonic()
        self._bar: Progress | None = None
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, done: int, total: int, stage: str) -> None:
        """Note how far a pass is."""
        if not self._wanted or time.monotonic() - self._start < _PATIENCE:
            return
        bar = self._bar or self._begin()
        if stage not in self._tasks:
            self._tasks[stage] = bar.add_task(stage, total=total)
        bar.update(self._tasks[stage], completed=done)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
        self._wanted = False

    def _begin(self) -> Progress:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        console = Console(stderr=True, no_color=not settings.read().color)
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=console, transient=True)
        self._bar.start()
        return self._bar


def announce_compilation() -> bool:
    """Say so when the kernel has yet to be compiled, which takes some seconds, once; whether it has."""
    from simengine.kernels.cache import has_kernels
    from simengine.kernels.jit import cache_folder

    folder = cache_folder()
    if folder is None:
        say("compiling the kernel (about 10 s; there is no cache folder to keep it in)")
    elif not has_kernels(folder):
        say("compiling the kernel for this machine (about 10 s, only once)")
    else:
        return False
    return True
