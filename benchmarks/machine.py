"""What the benchmarks of this repository need beside :mod:`simengine.bench.machine`: commits and other processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from simengine.bench import machine

HERE = Path(__file__).resolve().parent


def describe():
    """The machine, and the commit that is measured."""
    return {**machine.describe(), "commit": _commit()}


def environment(**changes):
    """The variables of this process for another one, which may keep compiled modules as any installation does."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, **changes}


def timed_process(command, **changes):
    """Seconds of wall time from starting a command to its end, its output thrown away; ``changes`` of the variables."""
    begin = time.perf_counter()
    subprocess.run(
        command,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(**changes),
    )
    return time.perf_counter() - begin


def peak_memory(code):
    """Peak resident memory in bytes of a fresh Python process running ``code``, and what it printed last.

    Read inside the process, where the kernel keeps the high-water mark of its own address space; the figure
    for child processes would include what this process had before the child replaced it.
    """
    ending = "\nfrom simengine.bench.machine import own_peak_memory\nprint(own_peak_memory())"
    done = subprocess.run(
        [sys.executable, "-c", code + ending], check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    *printed, peak = done.stdout.split("\n")[:-1]
    return int(peak), printed[-1] if printed else ""


def _commit():
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False, cwd=HERE
    )
    return done.stdout.strip() or "unknown"
