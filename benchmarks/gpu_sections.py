"""The sections of the page that :mod:`gpu` writes, each run in a process of its own.

A section is a function of the options.  What it prints on the standard output is what the page says; it prints lines as
they are known.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time

import gpu_peers
import gpu_text
import machine
import numpy as np

from simengine.bench.deal import PERCENTILES, REFERENCE_DEAL, TAIL_LEVELS, VARIANTS, plan_of
from simengine.engine.pilot import pilot
from simengine.engine.run import run
from simengine.engine.selftest import compare
from simengine.errors import DeviceError
from simengine.kernels.cuda.evaluate import Evaluator
from simengine.kernels.cuda.family import OnDevice
from simengine.kernels.cuda.find import NoGpu, details, find_gpu, versions
from simengine.kernels.source import Source

ARCHITECTURES = ("80", "90")
GOALS = {"float32": (40e9, 75e9), "float64": (8e9, 25e9)}
"""Outcomes a second to reach, and to aim for, aggregation included, on a device of the class of an H200."""
WHOLE_RUN, WHOLE_SECONDS = 10**10, 10.0
START_SECONDS = {"compiling": 2.0, "with a cache": 0.3}
CHECKED_TRIALS = 3_000_001
CHUNK = 1 << 26
"""Trials of a launch of ``evaluate`` alone."""
_FIRST = """\
import sys, time
import numpy as np
from simengine.aggregate.grid import BINS, Grid
from simengine.aggregate.order import Wanted
from simengine.bench.deal import Variant, plan_of
from simengine.kernels.cuda.family import OnDevice
from simengine.kernels.cuda.find import find_gpu
from simengine.kernels.source import Source
source = Source.of(plan_of(Variant(sys.argv[1], sys.argv[2])), 1, 10**6)
device = OnDevice(find_gpu())
began = time.perf_counter()
grid, trials = Grid.from_pilot(device.values(source, 0, 4096)), 1 << 18
device.summarise(source, 0, trials, grid)
outcomes = len(source.plan.outputs)
flags = np.zeros((outcomes, BINS + 1), np.uint8)
flags[:, BINS // 2] = 1
device.pick(source, 0, trials, grid, Wanted(flags, np.full((outcomes, 1), 300.0), np.full(outcomes, trials)))
print(time.perf_counter() - began)
"""
"""A new process: seconds from text to the summary and the picked values of a subtree of tiles, which takes every kernel
of an ordinary run.  The start of Python and of CUDA is not in it."""


def say(text):
    """Progress, for whoever waits."""
    print(text, file=sys.stderr, flush=True)


def put(*lines):
    """Lines of the page."""
    for line in lines:
        print(line, flush=True)


def device(options):
    """Which GPU this is; exit status 3 where there is none."""
    try:
        found = find_gpu()
    except NoGpu as error:
        say(str(error))
        put(
            "**No GPU was to be had: nothing here is measured, and no speed is claimed.**",
            "",
            f"Looking for one ended with: {error.cause}.",
            "",
            "What is known without one: the ordinary tests execute the CUDA C of every kernel on a CPU, through g++",
            "and a shim with the semantics of blocks (`tests/shim/`), and compare whole runs with the processors bit",
            "by bit (`tests/engine/test_gpu_runs.py`). `python benchmarks/gpu.py` replaces this page where there is a",
            "device.",
        )
        return error.exit_code
    put(
        f"Device: {found.name}, {details()}; {', '.join(f'{name} {version}' for name, version in versions().items())}.",
        "",
        f"Its limits, by its attributes: {_limits()}.",
    )
    return 0


def computed(options):
    """Instructions of the evaluating kernel, and the bounds that follow; no device is needed."""
    compiler = gpu_text.compiler()
    if compiler is None:
        put("Instructions were not counted: there is no compiler of CUDA C on this machine.")
        return 0
    sheet = gpu_text.DATA_SHEETS["H200"]
    put(
        f"The kernel that evaluates the reference deal with its copula, compiled by {compiler} with the options of a "
        "run. Instructions are counted in the machine code as they stand: rare branches count, loops count once. The "
        f"limit adds {gpu_text.TALLY} instructions for the tally of a value, and is what {sheet.multiprocessors} "
        f"multiprocessors at {sheet.clock / 1e9:.2f} GHz (the data sheet of H100 SXM and H200) could begin if each "
        f"began {gpu_text.ISSUED_LANES} in every cycle. It leaves out waiting for memory, and that float64 "
        "instructions have half as many lanes.",
        "",
        "| kernel | for | registers | spilled bytes | instructions a trial | with the tally | limit, 10⁹ outcomes/s |",
        "|---|---|---:|---:|---:|---:|---:|",
    )
    limits = {}
    for variant in VARIANTS:
        for architecture in ARCHITECTURES:
            say(f"compiling {variant} for sm_{architecture}")
            counts = gpu_text.counted(variant, architecture)
            limit = sheet.issue(counts.with_tally())
            limits[variant, architecture] = limit
            shown = ("not told" if number is None else number for number in (counts.registers, counts.spilled))
            put(
                f"| {variant} | sm_{architecture} | {' | '.join(map(str, shown))} | {counts.for_a_trial:,.0f} "
                f"| {counts.with_tally():,.0f} | {limit / 1e9:.1f} |"
            )
    put("", _out_of_reach({variant: limits[variant, ARCHITECTURES[-1]] for variant in VARIANTS}), "", _bytes_moved())
    return 0


def _out_of_reach(limits):
    """What the limits say of the aims."""
    said = []
    for precision, (_, aim) in GOALS.items():
        mine = {variant.sampler: limit for variant, limit in limits.items() if variant.precision == precision}
        shares = " and ".join(f"{aim / limit:.1%} of the limit ({sampler})" for sampler, limit in mine.items())
        reach = "cannot be met by the text as it stands" if min(aim / limit for limit in mine.values()) > 0.9 else ""
        what = f"the aim of {aim / 1e9:.0f} × 10⁹ outcomes/s in {precision}"
        said.append(f"{what} {reach}: it is {shares}" if reach else f"{what} is {shares}")
    return (
        f"As computed for sm_{ARCHITECTURES[-1]}, not measured: {'; '.join(said)}. No kernel begins an instruction in "
        "every cycle."
    )


def _bytes_moved():
    written = ", ".join(f"{2 * size} bytes in {precision}" for precision, size in gpu_text.BYTES.items())
    moved = {precision: 2 * size * GOALS[precision][1] for precision, size in gpu_text.BYTES.items()}
    at_aims = " and ".join(
        f"{rate / 1e9:.0f} GB/s in {precision} ("
        + ", ".join(f"{rate / sheet.bandwidth:.0%} of an {name}" for name, sheet in gpu_text.DATA_SHEETS.items())
        + ")"
        for precision, rate in moved.items()
    )
    memories = ", ".join(f"{sheet.bandwidth / 1e12:.2f} TB/s ({name})" for name, sheet in gpu_text.DATA_SHEETS.items())
    return (
        f"Bytes between kernel and memory: an outcome is written once and read once, {written}. At the aims that is "
        f"{at_aims}; the data sheets say {memories}. Tables are read through the caches."
    )


def check(options):
    """Does the device compute what the CPU computes, to the bit: every operation, and whole runs of the deal."""
    family = OnDevice(find_gpu())
    good = True
    for one in compare(family):
        say(f"  {one}")
        if not one.agrees:
            good = False
            put(f"- **{one}**")
    for variant in VARIANTS:
        say(f"  whole runs, {variant}")
        asked = {"trials": CHECKED_TRIALS, "seed": 1, "percentiles": PERCENTILES, "tail_levels": TAIL_LEVELS}
        digests = {run(plan_of(variant), device=where, **asked).summary_digest for where in ("cpu", family)}
        if len(digests) != 1:
            good = False
            put(f"- **{variant}: the summary of the reference deal differs from the CPU's**")
    if not good:
        raise DeviceError(f"{family.name} does not compute what the CPU computes: see `simengine doctor`")
    put(
        "Every operation, sampler and precision gives the bits of the CPU, and so do whole runs of the reference deal "
        f"({CHECKED_TRIALS:,} trials)."
    )
    return 0


def rates(options):
    """Outcomes a second, evaluation and aggregation, and their share of what the device could do."""
    began = time.perf_counter()
    family, limits = OnDevice(find_gpu()), _limits()
    counts = {variant: _counted(variant) for variant in VARIANTS}
    works = {}
    for variant in VARIANTS:
        say(f"  preparing {variant}")
        source = Source.of(plan_of(variant), 1, 10**12)
        grid, _ = pilot(family, source)
        size = family.range_trials(source)
        family.summarise(source, 0, size, grid)  # compiles
        works[variant] = source, grid, size
    seen = {variant: [] for variant in works}
    for turn in range(options.rounds):
        needed = len(works) * options.seconds * 1.2
        if turn and time.perf_counter() - began + needed > options.limit:
            say(f"  no time for more than {turn} rounds")
            break
        for variant, (source, grid, size) in works.items():
            seen[variant].append(_timed(family, source, grid, size, options.seconds))
            say(f"  round {turn + 1}, {variant}: {seen[variant][-1] / 1e9:.2f}e9 outcomes/s")
    rounds = len(seen[VARIANTS[0]])
    put(
        "Reference deal with its copula, by events of the device, evaluation and aggregation (moments, histogram, "
        f"threshold, extremes); medians of {rounds} rounds of {options.seconds:g} s or more. The limit of issuing is "
        "computed from the instructions in the machine code and the clock of the device; bytes are an outcome written "
        "and read once.",
        "",
        "| | 10⁹ outcomes/s | lowest, highest | of the limit of issuing | GB/s | of the bandwidth | goal | aim | |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---|",
        *(rate_row(variant, found, counts[variant], limits) for variant, found in seen.items()),
    )
    return 0


def rate_row(variant, found, counts, limits):
    """A row of the table of rates."""
    rate = float(np.median(found))
    goal, aim = GOALS[variant.precision]
    verdict = "aim met" if rate >= aim else "goal met" if rate >= goal else "**missed**"
    moved = 2 * gpu_text.BYTES[variant.precision] * rate
    return (
        f"| {variant} | {rate / 1e9:.1f} | {min(found) / 1e9:.1f}, {max(found) / 1e9:.1f} "
        f"| {_issued(rate, counts and counts.with_tally(), limits)} | {moved / 1e9:.0f} "
        f"| {'unknown' if limits.bandwidth is None else f'{moved / limits.bandwidth:.1%}'} "
        f"| {goal / 1e9:.0f} | {aim / 1e9:.0f} | {verdict} |"
    )


def _issued(rate, instructions, limits):
    if instructions is None:
        return "not counted"
    limit = limits.issue(instructions)
    return "unknown" if limit is None else f"{rate / limit:.0%} of {limit / 1e9:.1f}"


def _limits():
    """The limits of this device; where they cannot be told that costs no timing."""
    try:
        return gpu_text.limits_of_device()
    except Exception as error:
        say(f"  the limits of the device cannot be told: {error}")
        return gpu_text.Limits(0, None, None)


def _counted(variant):
    """The instructions of a variant for this device; None where they cannot be counted, which costs no timing."""
    try:
        return gpu_text.counted(variant, gpu_text.architecture_of_device())
    except Exception as error:
        say(f"  instructions of {variant} were not counted: {error}")
        return None


def _timed(family, source, grid, size, seconds):
    """Outcomes a second over ranges that take ``seconds`` together, by two events of the device."""

    def work(turn):
        family.summarise(source, turn * size, size, grid)

    turns, taken = _by_events(work, seconds)
    return turns * size * len(source.plan.outputs) / taken


def _by_events(work, seconds):
    """How often ``work`` was done in a time, and the seconds that the device says it took."""
    import cupy

    begin, end = cupy.cuda.Event(), cupy.cuda.Event()
    began, turns = time.perf_counter(), 0
    begin.record()
    while time.perf_counter() - began < seconds or not turns:
        work(turns)
        turns += 1
    end.record()
    end.synchronize()
    return turns, cupy.cuda.get_elapsed_time(begin, end) / 1e3


def alone(options):
    """The kernel ``evaluate`` without the tally, to tell which of the two takes the time."""
    where, limits = find_gpu(), _limits()
    put(
        "| `evaluate` alone | 10⁹ trials/s | of the limit of issuing |",
        "|---|---:|---:|",
    )
    for variant in VARIANTS:
        source = Source.of(plan_of(variant), 1, 10**12)
        evaluator = Evaluator(where, source)
        out = where.empty(len(source.plan.outputs) * CHUNK, source.plan.value_type)

        def work(turn, evaluator=evaluator, out=out):
            evaluator.fill(turn * CHUNK, CHUNK, out, CHUNK)
            where.wait()

        work(0)
        turns, taken = _by_events(work, min(1.0, options.seconds))
        rate, counts = turns * CHUNK / taken, _counted(variant)
        put(f"| {variant} | {rate / 1e9:.1f} | {_issued(rate, counts and counts.for_a_trial, limits)} |")
    return 0


def whole(options):
    """From shell to table."""
    put(f"| {WHOLE_RUN:.0e} outcomes from shell to table | s | goal |", "|---|---:|---|")
    failed = 0
    for variant in VARIANTS:
        say(f"  {variant}")
        drawn = ["--precision", variant.precision, "--sampler", variant.sampler, "--trials", str(WHOLE_RUN)]
        command = ["-m", "simengine", "run", str(REFERENCE_DEAL), "--device", "gpu", *drawn]
        seconds, _, error = _process(command, 40)
        failed += error is not None
        verdict = "met" if seconds <= WHOLE_SECONDS else "**missed**"
        put(f"| {variant} | {error or f'{seconds:.1f}'} | {WHOLE_SECONDS:g}{'' if error else f', {verdict}'} |")
    return int(failed > 0)


def starts(options):
    """Seconds from text to the summary and picked values, with an empty cache and again."""
    put("| first summary and picked values, s | compiling | with a cache |", "|---|---:|---:|")
    failed = 0
    for variant in VARIANTS:
        shown = []
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(2):
                command = ["-c", _FIRST, variant.precision, variant.sampler]
                _, out, error = _process(command, 30, SIMENGINE_CACHE=folder)
                failed += error is not None
                shown.append(error or f"{float(out):.2f}")
        put(f"| {variant} | {' | '.join(shown)} |")
    goals = ", ".join(f"{name} {limit:g} s" for name, limit in START_SECONDS.items())
    put("", f"Goals: {goals}. A driver's own cache of machine code may shorten the first figure.")
    return int(failed > 0)


def peers(options):
    """Scripts that simulate the same deal, copula and all, beside whole runs of the engine."""
    put(
        f"Runs of {options.peer_trials:,} trials of the same deal with its copula, 101 percentiles and a tail, one "
        f"after the other for {options.seconds:g} s or more, by the clock on the wall; every program in a process of "
        "its own, after one run that is not counted. CuPy and JAX draw from their own generators and read quantiles of "
        "correlated inputs from tables; the engine's percentiles are exact and have errors.",
        "",
        "| | precision | 10⁹ outcomes/s | simengine is faster by |",
        "|---|---|---:|---:|",
    )
    failed = 0
    for precision in gpu_text.BYTES:
        own = None
        for name in gpu_peers.MODULES:
            say(f"  {name}, {precision}")
            if not gpu_peers.installed(name):
                put(f"| {name} | {precision} | not installed | |")
                continue
            asked = [name, precision, str(options.peer_trials), str(options.seconds)]
            _, out, error = _process([gpu_peers.__file__, *asked], 45, XLA_PYTHON_CLIENT_PREALLOCATE="false")
            failed += error is not None
            rate = None if error else float(out)
            own = rate if name == "simengine" else own
            times = f"{own / rate:.1f}" if rate and own else ""
            put(f"| {name} | {precision} | {error or f'{rate / 1e9:.3f}'} | {times} |")
    return int(failed > 0)


def _process(arguments, limit, **changes):
    """Seconds, standard output and error of a Python process; an error is short, and told in full on the way."""
    begin = time.perf_counter()
    command, variables = [sys.executable, *arguments], machine.environment(**changes)
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=variables, timeout=limit, check=False
        )
    except subprocess.TimeoutExpired as error:
        say(os.fsdecode(error.stderr or b"")[-4000:])
        return limit, "", f"stopped after {limit:g} s"
    seconds = time.perf_counter() - begin
    if done.returncode:
        say(done.stderr[-4000:])
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1].replace("|", "/")
        return seconds, done.stdout, f"failed with exit status {done.returncode}: {last}"
    return seconds, done.stdout, None


SECTIONS = {function.__name__: function for function in (device, computed, check, rates, whole, starts, peers, alone)}
