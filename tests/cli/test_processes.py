"""The program as a process: closed and full streams, signals, encodings, terminals."""

from __future__ import annotations

import errno
import os
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCENARIO = """\
[scenario]
name = "process"
title = "智能客服"
[inputs]
V = "600 to 1600"
D = { dist = "pert", min = 0.4, mode = 0.8, max = 1.0 }
R = 0.9
L = 0.05
[simulate]
trials = 2000
"""
posix = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX system")


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "deal.toml").write_text(SCENARIO, encoding="utf-8")
    return tmp_path


def start(folder: Path, *arguments: str, environment: dict[str, str] | None = None, **named):
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})}
    surroundings.pop("PYTHONUNBUFFERED", None)  # as most users have it: output waits in a buffer
    return subprocess.Popen(
        [sys.executable, "-m", "simengine", *arguments],
        cwd=folder,
        env=surroundings,
        stdin=subprocess.DEVNULL,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "preexec_fn": _heed_interrupts, **named},
    )


def _heed_interrupts() -> None:
    """As a terminal starts programs; a shell that starts the tests in the background makes them deaf to Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def finish(process) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=120)
    return process.returncode, (out or b"").decode(), (err or b"").decode()


@posix
@pytest.mark.parametrize("arguments", [("run", "deal.toml"), ("run", "deal.toml", "--json"), ("schema",), ("--help",)])
def test_a_full_disk_behind_standard_output_is_status_5(folder, arguments):
    with open("/dev/full", "wb") as full:
        code, _, err = finish(start(folder, *arguments, stdout=full))
    assert code == 5
    assert "cannot write to standard output: No space left on device" in err
    assert "Traceback" not in err
    assert "Exception ignored" not in err


@posix
def test_a_reader_that_has_seen_enough_is_no_error(folder):
    process = start(folder, "schema")
    assert process.stdout.readline() == b"{\n"
    process.stdout.close()
    with process.stderr as stream:
        err = stream.read().decode()
    assert process.wait(timeout=60) == 0
    assert err == ""


@posix
def test_a_closed_standard_output_is_status_5(folder):
    command = [sys.executable, "-m", "simengine", "run", "deal.toml"]
    shell = ["sh", "-c", 'exec "$@" >&-', "sh", *command]
    done = subprocess.run(
        shell, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, text=True, check=False
    )
    assert done.returncode == 5
    assert "cannot write to standard output" in done.stderr
    assert "Traceback" not in done.stderr


@posix
def test_a_closed_standard_error_harms_nothing(folder):
    with open("/dev/full", "wb") as full:
        code, out, _ = finish(start(folder, "run", "deal.toml", stderr=full))
    assert code == 0
    assert "mean" in out


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_stop_the_work_and_leave_nothing_behind(folder, number):
    process = start(folder, "run", "deal.toml", "--trials", "1e12", "--memory", "0", "--out", "out", "--quiet")
    time.sleep(3.0)
    assert process.poll() is None
    process.send_signal(number)
    code, out, err = finish(process)  # which waits two minutes; the run itself would take hours
    assert (code, out) == (130, "")
    assert err.split() == ["interrupted"]
    assert [path.name for path in folder.iterdir()] == ["deal.toml"]


@pytest.mark.parametrize(
    ("environment", "form"),
    [
        ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, ()),
        ({"PYTHONIOENCODING": "ascii"}, ("--json",)),
    ],
)
def test_a_terminal_without_unicode_gets_plain_text(folder, environment, form):
    code, out, err = finish(start(folder, "run", "deal.toml", *form, environment=environment))
    assert code == 0, err
    assert out.isascii()
    assert ("\\u667a" if form else "+/-") in out


def run_in_terminal(folder: Path, *arguments: str, interrupt_at: str = "", **environment: str) -> tuple[int, str, str]:
    """Exit status, standard output and standard error, the latter two each as a terminal would receive them.

    Ctrl-C is pressed when standard error shows ``interrupt_at``.
    """
    import pty

    mains, ends = zip(*(pty.openpty() for _ in range(2)), strict=True)
    surroundings = {"TERM": "xterm-256color", **environment}
    process = start(folder, *arguments, environment=surroundings, stdout=ends[0], stderr=ends[1])
    for end in ends:
        os.close(end)
    received = dict.fromkeys(mains, b"")
    waiting = set(mains)
    while waiting:
        for descriptor in select.select(list(waiting), [], [], 60)[0]:
            try:
                data = os.read(descriptor, 65536)
            except OSError as error:  # the other end was closed
                assert error.errno == errno.EIO
                data = b""
            received[descriptor] += data
            if interrupt_at and interrupt_at.encode() in received[mains[1]]:
                process.send_signal(signal.SIGINT)
                interrupt_at = ""
            if not data:
                waiting.discard(descriptor)
                os.close(descriptor)
    return process.wait(timeout=60), *(received[descriptor].decode() for descriptor in mains)


@posix
def test_a_terminal_gets_colours_unless_told_otherwise(folder):
    code, out, _ = run_in_terminal(folder, "run", "deal.toml")
    assert code == 0
    assert "\x1b[1m" in out
    code, plain, _ = run_in_terminal(folder, "run", "deal.toml", NO_COLOR="1")
    assert code == 0
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[\d*m", "", out) == plain


@posix
def test_progress_appears_in_a_terminal_and_is_wiped_away(folder):
    arguments = ("run", "deal.toml", "--trials", "1e11", "--memory", "0")
    code, out, err = run_in_terminal(folder, *arguments, interrupt_at="simulating")
    assert (code, out) == (130, "")
    assert "0%" in err
    assert "\x1b[2K" in err  # the line is erased
    assert err.rstrip().endswith("interrupted")


@posix
def test_nothing_is_left_when_the_disk_is_too_small(folder):
    """A limit on the size of files: the first one that does not fit ends the run, and none of them stays."""
    import resource

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    status, table, _ = finish(start(folder, "run", "deal.toml"))  # the kernel is compiled now
    assert status == 0
    code, out, err = finish(start(folder, "run", "deal.toml", "--out", "out", preexec_fn=limit))
    assert (code, out) == (5, table)
    assert "File too large" in err
    assert "nothing was changed" in err
    assert [path.name for path in folder.iterdir()] == ["deal.toml"]
