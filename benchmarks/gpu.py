"""Build the GPU kernels, check them against the CPU, time them on one device, and write a page that says how.

Everything happens in one call and on one device: ``python benchmarks/gpu.py``.  Every section runs in a process of its
own with a limit of time, the most important ones first, and the page is written after each: what fails or hangs costs
its own figures alone, and the page says so.  Where there is no GPU the page says that, and holds only what can be known
without one: counts of instructions, marked as computed.

Exit status: 0; 1 where a section failed; 3 where there is no GPU and ``--require`` asks for one.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import gpu_sections
import machine

HERE = Path(__file__).resolve().parent
NO_GPU = 3
_TAIL = 30
"""Lines of what a failed section said that the page shows."""
_DOUBT = "**The check above did not pass: these are times of kernels that may compute something else.**\n\n"


@dataclass(frozen=True)
class Section:
    """A part of the page: the function of :mod:`gpu_sections` that prints it, and the seconds it may take."""

    name: str
    title: str
    limit: float
    needs_gpu: bool = True


SECTIONS = (
    Section("device", "", 45, needs_gpu=False),
    Section("computed", "Computed, not measured", 45, needs_gpu=False),
    Section("check", "Checked against the CPU", 100),
    Section("rates", "Measured: outcomes a second", 130),
    Section("whole", "Measured: from shell to table", 90),
    Section("starts", "Measured: the first launch", 90),
    Section("peers", "Measured: beside CuPy and JAX", 110),
    Section("alone", "Measured: evaluation alone", 40),
)
"""In the order of their importance."""


def main(arguments=None):
    options = _options(arguments)
    if options.section:
        return gpu_sections.SECTIONS[options.section](options)
    began, has_gpu, failed = time.perf_counter(), True, []
    page = [f"# The reference deal on a GPU\n\n{date.today().isoformat()}, commit {machine.commit()}, "]
    page[0] += "`python benchmarks/gpu.py`.\n"
    for section in SECTIONS:
        if section.needs_gpu and not has_gpu:
            continue
        left = options.budget - (time.perf_counter() - began)
        limit = min(section.limit, left)
        if limit < 1:
            failed.append(section.name)
            page.append(_part(section, "**Not run: the time of this call was used up.**\n"))
        else:
            say(f"{section.name}: {limit:.0f} s at most, {left:.0f} s left")
            ended = run_section(section, limit, options)
            say(f"{section.name}: {ended.seconds:.1f} s")
            if section.name == "device" and ended.status == NO_GPU:
                has_gpu = False
            elif ended.status != 0:
                failed.append(section.name)
            found = NO_GPU if section.name == "device" and not has_gpu else 0
            doubt = section.needs_gpu and section.name != "check" and "check" in failed
            page.append(_part(section, (_DOUBT if doubt else "") + _told(ended, limit, found)))
        _write(page, options.write)
    print("\n".join(page))
    if options.write:
        say(f"written: {Path(options.write) / 'gpu.md'}")
    if failed:
        say(f"failed: {', '.join(failed)}")
    return NO_GPU if options.require and not has_gpu else int(bool(failed))


def say(text):
    """Progress, for whoever waits."""
    print(text, file=sys.stderr, flush=True)


def run_section(section, limit, options):
    """One section in a process of its own: a fault of the device ends that process alone."""
    asked = ["--seconds", options.seconds, "--rounds", options.rounds, "--peer-trials", options.peer_trials]
    command = [sys.executable, __file__, "--section", section.name, "--limit", limit, *asked]
    return machine.watched([str(part) for part in command], limit)


def _part(section, text):
    return f"## {section.title}\n\n{text}" if section.title else text


def _told(ended, limit, expected):
    """What a section has printed, and how it failed if it did."""
    out = ended.out.strip("\n") + "\n" if ended.out.strip() else ""
    if ended.status == expected:
        return out
    how = f"stopped after {limit:.0f} s" if ended.status is None else f"exit status {ended.status}"
    lines = ended.said.replace(str(HERE.parent), ".").replace(sys.prefix, "python").splitlines()[-_TAIL:]
    said = ["What it said last:", "", *(f"    {line}" for line in lines), ""] if lines else ["It said nothing.", ""]
    return "\n".join([*([out] if out else []), f"**This section failed: {how}.**", "", *said])


def _write(page, folder):
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        (Path(folder) / "gpu.md").write_text("\n".join(page), encoding="utf-8")


def _options(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--require", action="store_true", help="exit 3 where there is no GPU")
    parser.add_argument("--budget", type=float, default=570.0, help="seconds for all sections together")
    parser.add_argument("--seconds", type=float, default=3.0, help="of work for each figure, at least")
    parser.add_argument("--rounds", type=int, default=5, help="rounds in which all cases take turns")
    parser.add_argument("--peer-trials", type=lambda text: int(float(text)), default=100_000_000)
    parser.add_argument("--write", default=str(HERE / "results"), help="folder for the page; '' writes none")
    parser.add_argument("--section", choices=[section.name for section in SECTIONS], help="run this one here")
    parser.add_argument("--limit", type=float, default=600.0, help="seconds that the section has")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
