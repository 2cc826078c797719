"""What the benchmarks of this repository need beside :mod:`simengine.bench.machine`: commits and other processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from simengine.bench import machine

HERE = Path(__file__).resolve().parent


def describe():
    """The machine, and the commit that is measured."""
    return {**machine.describe(), "commit": commit()}


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


@dataclass(frozen=True)
class Ended:
    """How another process ended.

    status: its exit status, None where its time was up.  out, said: what it wrote to the standard output and to the
    standard error, up to its end.
    """

    seconds: float
    status: int | None
    out: str
    said: str


def watched(command, limit, **changes):
    """Run a command for ``limit`` seconds at most, then end it with all that it started; ``changes`` of the variables.

    What it says on the standard error is passed on while it runs, and kept.
    """
    begin = time.perf_counter()
    out, said = [], []
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env=environment(**changes),
        start_new_session=True,
    )
    readers = [
        threading.Thread(target=_read, args=(process.stdout, out, None), daemon=True),
        threading.Thread(target=_read, args=(process.stderr, said, sys.stderr), daemon=True),
    ]
    for reader in readers:
        reader.start()
    try:
        status = process.wait(limit)
    except subprocess.TimeoutExpired:
        status = None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # a group of its own: also what it left behind
        process.wait()
    for reader in readers:
        reader.join(5)
    return Ended(time.perf_counter() - begin, status, "".join(out), "".join(said))


def _read(stream, lines, passed_on):
    with stream:
        for line in stream:
            lines.append(line)
            if passed_on is not None:
                passed_on.write(line)
                passed_on.flush()


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


def commit():
    """The commit that is measured, ``unknown`` where nobody can tell."""
    command = ["git", "describe", "--always", "--dirty"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=HERE)
    except OSError:  # there is no git
        return "unknown"
    return done.stdout.strip() or "unknown"
