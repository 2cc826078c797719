"""Build the GPU kernels, check them against the CPU, time them on one device, and write a table that says how.

Everything happens in one call and on one device: ``python benchmarks/gpu.py``.  Where there is no GPU the table says
so, and holds only what can be known without one: whether a compiler takes the text, and counts of instructions, marked
as computed.  ``--require`` makes a missing GPU an error (exit status 3).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import gpu_peers
import gpu_text
import machine
import numpy as np

from simengine.bench.deal import PERCENTILES, REFERENCE_DEAL, TAIL_LEVELS, VARIANTS, plan_of
from simengine.engine.pilot import pilot
from simengine.engine.run import run
from simengine.engine.selftest import compare
from simengine.errors import DeviceError
from simengine.kernels.cuda.find import NoGpu, details, find_gpu, versions
from simengine.kernels.cuda.printer import evaluate_text
from simengine.kernels.source import Source

HERE = Path(__file__).resolve().parent
GOALS = {"float32": (40e9, 75e9), "float64": (8e9, 25e9)}
"""Outcomes a second to reach, and to aim for, aggregation included, on a device of the class of an H200."""
WHOLE_RUN, WHOLE_SECONDS = 10**10, 10.0
START_SECONDS = {"compiling": 2.0, "with a cache": 0.3}
_FIRST = """\
import sys, time
from simengine.bench.deal import Variant, plan_of
from simengine.kernels.cuda.family import OnDevice
from simengine.kernels.cuda.find import find_gpu
from simengine.kernels.source import Source
source = Source.of(plan_of(Variant(sys.argv[1], sys.argv[2])), 1, 10**6)
device = OnDevice(find_gpu())
began = time.perf_counter()
device.values(source, 0, 4096)
print(time.perf_counter() - began)
"""
"""A new process: the seconds from text to the outcomes of one launch, without the start of Python and of CUDA."""


def main(arguments=None):
    options = _options(arguments)
    lines = [
        "# The reference deal on a GPU",
        "",
        f"{date.today().isoformat()}, commit {machine.describe()['commit']}, `python benchmarks/gpu.py`.",
        "",
    ]
    status = 0
    try:
        device = find_gpu()
    except NoGpu as error:
        say(str(error))
        lines += _without(error)
        status = error.exit_code if options.require else 0
    else:
        from simengine.kernels.cuda.family import OnDevice

        lines += _measured(OnDevice(device), options)
    lines += ["", *_computed()]
    text = "\n".join(lines)
    print(text)
    if options.write:
        folder = Path(options.write)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "gpu.md").write_text(text + "\n", encoding="utf-8")
        say(f"written: {folder / 'gpu.md'}")
    return status


def say(text):
    print(text, file=sys.stderr, flush=True)


def _options(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--require", action="store_true", help="exit 3 where there is no GPU")
    parser.add_argument("--seconds", type=float, default=3.0, help="of work for each figure, at least")
    parser.add_argument("--rounds", type=int, default=5, help="rounds in which all cases take turns")
    parser.add_argument("--peer-trials", type=lambda text: int(float(text)), default=20_000_000)
    parser.add_argument("--write", default=str(HERE / "results"), help="folder for the table; '' writes none")
    return parser.parse_args(arguments)


# Without a device


def _without(error):
    return [
        "**No GPU was to be had: nothing here is measured, and no speed is claimed.**",
        "",
        f"Looking for one ended with: {error.cause}.",
        "",
        "What is known without one: the ordinary tests execute the CUDA C of every kernel on a CPU, through g++ and a",
        "shim with the semantics of blocks (`tests/shim/`), and compare whole runs with the processors bit by bit",
        "(`tests/engine/test_gpu_runs.py`). `python benchmarks/gpu.py` replaces this page where there is a device.",
    ]


def _computed():
    """Instructions and bytes of the evaluating kernel, as far as there is a compiler."""
    if gpu_text.compiler() is None:
        return ["## Computed", "", "Instructions were not counted: there is no nvcc on this machine."]
    rows, seen = [], []
    for variant in VARIANTS:
        text = evaluate_text(plan_of(variant))
        for architecture in gpu_text.ARCHITECTURES:
            say(f"compiling {variant} for sm_{architecture}")
            counts = gpu_text.counted(text, variant.precision, variant.sampler, architecture)
            seen.append(counts.kind)
            rows.append(_row_of(counts))
    written = ", ".join(f"{2 * size} bytes in {precision}" for precision, size in gpu_text.BYTES.items())
    return [
        "## Computed, not measured",
        "",
        "The kernel that evaluates the reference deal with its copula, compiled by nvcc with the options of a run. "
        f"Instructions are counted as they stand in the {' and '.join(sorted(set(seen)))}: rare branches count, loops "
        "count once. The bound is what "
        f"{gpu_text.MULTIPROCESSORS} multiprocessors at {gpu_text.CLOCK / 1e9:.2f} GHz (the data sheet of H100 SXM and "
        f"H200) could begin if each began {gpu_text.ISSUED_LANES} instructions in every cycle; it leaves out the "
        "tally, waiting for memory, and that most float64 instructions take two such cycles.",
        "",
        "| kernel | for | registers | spilled bytes | instructions a trial | of these float64, float32, memory "
        "| bound, 10⁹ trials/s |",
        "|---|---|---:|---:|---:|---|---:|",
        *rows,
        "",
        f"Bytes between kernel and memory: an outcome is written once and read once, {written}; at "
        + " or ".join(f"{rate / 1e12:.2f} TB/s ({name})" for name, rate in gpu_text.BANDWIDTH.items())
        + " that is no limit. Tables are read through the caches.",
    ]


def _row_of(counts):
    share = gpu_text.groups(counts.instructions)
    each = gpu_text.TRIALS_A_THREAD[counts.precision]
    kinds = ", ".join(f"{share[name] / each:,.0f}" for name in ("float64", "float32", "memory"))
    return (
        f"| {counts.precision}, {counts.sampler} | sm_{counts.architecture} | {counts.registers} | {counts.spilled} "
        f"| {counts.for_a_trial:,.0f} {counts.kind} | {kinds} | {counts.bound / 1e9:.0f} |"
    )


# With a device


def _measured(family, options):
    say(f"checking {family.name} against the CPU")
    found = list(compare(family))
    for one in found:
        say(f"  {one}")
    if not all(one.agrees for one in found):
        raise DeviceError(f"{family.name} does not compute what the CPU computes: see `simengine doctor`")
    _check_deal(family)
    rates = _rates(family, options)
    return [
        f"Device: {family.name}, {details()}; {', '.join(f'{k} {v}' for k, v in versions().items())}.",
        "",
        "Checked in this run: every operation, sampler and precision gives the bits of the CPU, and so do whole runs "
        "of the reference deal.",
        "",
        "## Measured",
        "",
        "Outcomes a second of the reference deal with its copula, by events of the device, evaluation and aggregation "
        f"(moments, histogram, thresholds, extremes); medians of {options.rounds} rounds of {options.seconds:g} s or "
        "more.",
        "",
        "| | 10⁹ outcomes/s | goal | aim | |",
        "|---|---:|---:|---:|---|",
        *(_rate_row(variant, rate) for variant, rate in rates.items()),
        "",
        *_starts(),
        "",
        *_whole_runs(),
        "",
        *_peers(family, options),
    ]


def _check_deal(family):
    for variant in VARIANTS:
        asked = {"trials": 3_000_001, "seed": 1, "percentiles": PERCENTILES, "tail_levels": TAIL_LEVELS}
        digests = {run(plan_of(variant), device=device, **asked).summary_digest for device in ("cpu", family)}
        if len(digests) != 1:
            raise DeviceError(f"{family.name} and the CPU summarise {variant} differently")


def _rates(family, options):
    """Outcomes a second by variant, variants taking turns."""
    works = {}
    for variant in VARIANTS:
        source = Source.of(plan_of(variant), 1, 10**12)
        grid, _ = pilot(family, source)
        size = family.range_trials(source)
        works[variant] = source, grid, size
        family.summarise(source, 0, size, grid)  # compiles
    seen = {variant: [] for variant in works}
    for _ in range(options.rounds):
        for variant, (source, grid, size) in works.items():
            seen[variant].append(_timed(family, source, grid, size, options.seconds))
    return {variant: float(np.median(rates)) for variant, rates in seen.items()}


def _timed(family, source, grid, size, seconds):
    """Outcomes a second over ranges that take ``seconds`` together, by two events of the device."""
    import cupy

    begin, end = cupy.cuda.Event(), cupy.cuda.Event()
    began, first = time.perf_counter(), 0
    begin.record()
    while time.perf_counter() - began < seconds:
        family.summarise(source, first, size, grid)
        first += size
    end.record()
    end.synchronize()
    return first * len(source.plan.outputs) / (cupy.cuda.get_elapsed_time(begin, end) / 1e3)


def _rate_row(variant, rate):
    goal, aim = GOALS[variant.precision]
    verdict = "aim met" if rate >= aim else "goal met" if rate >= goal else "**missed**"
    return f"| {variant} | {rate / 1e9:.1f} | {goal / 1e9:.0f} | {aim / 1e9:.0f} | {verdict} |"


def _starts():
    """Seconds from text to first outcomes, with an empty cache and again."""
    lines = ["| first outcomes, s | compiling | with a cache |", "|---|---:|---:|"]
    for variant in VARIANTS:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-c", _FIRST, variant.precision, variant.sampler]
            surroundings = {**os.environ, "CUPY_CACHE_DIR": folder}
            seconds = [
                float(subprocess.run(command, env=surroundings, check=True, capture_output=True, text=True).stdout)
                for _ in range(2)
            ]
        lines.append(f"| {variant} | {seconds[0]:.2f} | {seconds[1]:.2f} |")
    goals = ", ".join(f"{name} {limit:g} s" for name, limit in START_SECONDS.items())
    return [*lines, "", f"Goals: {goals}."]


def _whole_runs():
    lines = [f"| {WHOLE_RUN:.0e} outcomes from shell to table | s | goal |", "|---|---:|---|"]
    for variant in VARIANTS:
        options = ["--precision", variant.precision, "--sampler", variant.sampler, "--trials", str(WHOLE_RUN)]
        command = [sys.executable, "-m", "simengine", "run", str(REFERENCE_DEAL), "--device", "gpu", *options]
        seconds = machine.timed_process(command)
        verdict = "met" if seconds <= WHOLE_SECONDS else "**missed**"
        lines.append(f"| {variant} | {seconds:.1f} | {WHOLE_SECONDS:g}, {verdict} |")
    return lines


def _peers(family, options):
    """Scripts with independent inputs, the easier deal, beside a whole run of the engine with the copula."""
    trials = options.peer_trials
    plan = plan_of(VARIANTS[0])
    asked = {"trials": trials, "seed": 1, "percentiles": PERCENTILES, "tail_levels": TAIL_LEVELS}
    cases = {"simengine, float64": lambda: run(plan, device=family, **asked)}
    cases |= {name: lambda peer=peer: peer(trials) for name, peer in gpu_peers.available().items()}
    seconds = {name: [] for name in cases}
    for work in cases.values():
        work()
    for _ in range(options.rounds):
        for name, work in cases.items():
            began = time.perf_counter()
            work()
            seconds[name].append(time.perf_counter() - began)
    medians = {name: float(np.median(times)) for name, times in seconds.items()}
    own = medians["simengine, float64"]
    lines = [f"| {trials:,} trials with 101 percentiles and a tail | s | times simengine |", "|---|---:|---:|"]
    lines += [f"| {name} | {one:.3f} | {one / own:.1f} |" for name, one in medians.items()]
    return lines


if __name__ == "__main__":
    raise SystemExit(main())
