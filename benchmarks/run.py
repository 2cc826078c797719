"""Measure simengine against NumPy and others in the same run, and write tables that say how.

``make bench`` runs this; ``python benchmarks/run.py --help`` lists the options.  Cases take turns in rounds,
so that a change of the machine's clock meets all of them alike; medians are reported,
and ratios are what counts.
"""

from __future__ import annotations

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"  # the scripts are measured on one thread; must be set before NumPy is imported
for _variable in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(_variable, None)  # left over from elsewhere they slow NumPy down, which is to run at its best

import argparse
import json
import platform
import re
import shlex
import sys
import tempfile
import time
from datetime import date
from functools import partial
from pathlib import Path

import hard_coded
import machine
import numpy as np
import peers
import scipy_script
import stages
import startup
import tables

from simengine.bench import numpy_script
from simengine.bench.comparison import compare, plain, works
from simengine.bench.deal import (
    INDEPENDENT_DEAL,
    PERCENTILES,
    REFERENCE_DEAL,
    TAIL_LEVELS,
    VARIANTS,
    plan_of,
    simulation,
)
from simengine.bench.machine import free_cores
from simengine.bench.rounds import Timing, measured
from simengine.engine.run import run
from simengine.kernels import cpu
from simengine.kernels.machine import evaluate

HERE = Path(__file__).resolve().parent
MOST_PEER_ROUNDS = 3
"""The other programs take seconds for a million trials."""

REFERENCE = {
    "mean": (638.8951, 0.0003),
    "P5": (220.112, 0.019),
    "P50": (563.895, 0.018),
    "P95": (1312.01, 0.07),
    "CVaR5": (174.143, 0.004),
    "P(T<200)": (0.035675, 8e-6),
}
"""Values of the correlated deal with their standard errors, from long replicated runs of another program."""


def main(arguments=None):
    options = _options(arguments)
    say("measuring; close other programs, this takes some minutes")
    report = {
        "date": date.today().isoformat(),
        "command": "python benchmarks/run.py " + shlex.join(sys.argv[1:] if arguments is None else arguments),
        "machine": machine.describe(),
        "rounds": options.rounds,
    }
    report["comparison"] = plain(compare(works(options.trials, options.threads), options.rounds, said=say))
    report["percentiles"] = [_percentiles(v, w, options.rounds) for v in VARIANTS for w in _works(options)]
    report["tape"] = [_tape(variant, options) for variant in VARIANTS if variant.precision == "float64"]
    say("stages")
    report["stages"] = stages.measure(3 * options.rounds)
    report["others"] = _others(options)
    report["free_cores_after"] = free_cores(options.threads)
    report["agreement"] = [_agreement(variant, 10 * options.trials) for variant in VARIANTS]
    say("fresh processes")
    report["first_run"] = _first_run()
    report["startup"] = startup.measure(max(3, options.rounds))
    if options.memory_trials:
        say(f"memory, {options.memory_trials:,} trials")
        report["memory"] = _memory(options)
    text = tables.markdown(report)
    print(text)
    if options.write:
        stem = f"{report['date']}-{_slug(report['machine']['processor'])}"
        folder = Path(options.write)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{stem}.md").write_text(text + "\n", encoding="utf-8")
        (folder / f"{stem}.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        say(f"written: {folder / stem}.md and .json")
    return 0


def say(text):
    print(text, file=sys.stderr, flush=True)


def _options(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=_count, default=1_000_000, help="on one thread; several threads do ten times")
    parser.add_argument("--rounds", type=int, default=7, help="rounds in which all cases take turns")
    parser.add_argument("--threads", type=int, default=2, help="the larger number of threads")
    parser.add_argument("--memory-trials", type=_count, default=100_000_000, help="0 leaves it out")
    parser.add_argument("--write", default=str(HERE / "results"), help="folder for the report; '' writes none")
    return parser.parse_args(arguments)


def _count(text):
    return int(float(text))


def _works(options):
    return works(options.trials, options.threads)


def _percentiles(variant, work, rounds):
    """Median seconds of a run with 101 percentiles and a tail, and of one that only counts and sums.

    The second keeps no values, and the pass over them that finds nothing is taken off.
    """
    say(f"percentiles: {variant}, {work.trials:,} trials")
    plan, seconds = plan_of(variant), {"with": [], "without": []}
    asked = partial(run, plan, trials=work.trials, seed=1, threads=work.threads)
    for _ in range(rounds + 1):
        began = time.perf_counter()
        asked(percentiles=PERCENTILES, tail_levels=TAIL_LEVELS)
        seconds["with"].append(time.perf_counter() - began)
        laps = asked(percentiles=(), tail_levels=(), memory_budget=0).timings
        seconds["without"].append(sum(laps.values()) - laps["percentiles"])
    found = {name: float(np.median(times[1:])) for name, times in seconds.items()}
    return {"variant": str(variant), "trials": work.trials, "threads": work.threads, **found}


def _tape(variant, options):
    """Seconds of the tape machine and of a kernel in which the deal is written out; the bits must be equal.

    For one strip, the piece in which a run computes: shorter than the turns that the system gives to programs, so that
    the fastest of many is undisturbed.
    """
    say(f"tape against hard-coded: {variant}")
    source = cpu.Source.of(plan_of(variant), 1, options.trials)
    fill, strip = hard_coded.outcomes(source), cpu.strip_trials(source.plan)
    mine, other = np.empty((1, strip)), np.empty((1, strip))
    cases = {
        "tape": partial(evaluate, 0, strip, mine, *source.arguments()),
        "hard_coded": partial(fill, 0, strip, other),
    }
    timings = measured(cases, 30 * options.rounds)
    same = bool(np.array_equal(mine.view(np.int64), other.view(np.int64)))
    fastest = {name: min(timing.seconds) for name, timing in timings.items()}
    return {"variant": str(variant), "trials": strip, "same_bits": same, **fastest}


def _others(options):
    """The same deal by other means, one thread: scripts with NumPy and SciPy, peers, and our deal without a copula."""
    found, missing = peers.installed()
    independent = simulation(VARIANTS[0], INDEPENDENT_DEAL)
    cases = {
        "NumPy script, independent inputs": lambda: numpy_script.run(options.trials),
        "NumPy + SciPy ppf script, copula": lambda: scipy_script.run(options.trials),
        **{f"{name}, independent inputs": partial(peer, options.trials) for name, peer in found.items()},
        f"simengine, {VARIANTS[0]}, independent inputs": lambda: independent(options.trials, 1),
    }
    timings = measured(cases, min(options.rounds, MOST_PEER_ROUNDS), lambda text: say(f"others: {text}"))
    rows = {name: _seconds(timing) for name, timing in timings.items()}
    return {"trials": options.trials, "not_installed": missing, "cases": rows}


def _seconds(timing: Timing):
    return {"seconds": list(timing.seconds), "median": timing.median}


def _agreement(variant, trials):
    """Reference values, what simengine gives, and the difference in combined standard errors."""
    outcome = simulation(variant)(trials, 1).outcomes[0]
    at = {p: i for i, p in enumerate(PERCENTILES)}
    found = {
        "mean": (outcome.mean, outcome.mean_se),
        **{f"P{p}": (outcome.quantiles[at[p]], outcome.quantiles_se[at[p]]) for p in (5, 50, 95)},
        "CVaR5": (-outcome.cvar_loss[0], outcome.cvar_loss_se[0]),
        "P(T<200)": (outcome.prob_below[0], outcome.prob_below_se[0]),
    }
    rows = []
    for name, (value, error) in REFERENCE.items():
        got, own = (float(part) for part in found[name])
        rows.append({"number": name, "reference": value, "got": got, "z": (got - value) / np.hypot(error, own)})
    return {"variant": str(variant), "trials": trials, "rows": rows}


def _first_run():
    """Seconds of the first run of an installation, with an empty cache: kernels are compiled, tables are built."""
    with tempfile.TemporaryDirectory() as fresh:
        command = [sys.executable, "-m", "simengine", "run", str(REFERENCE_DEAL), "--trials", "1000000"]
        return machine.timed_process(command, SIMENGINE_CACHE=str(Path(fresh) / "cache"))


def _memory(options):
    code = f"""
from simengine.bench.deal import VARIANTS, simulation
print(simulation(VARIANTS[0])({options.memory_trials}, {options.threads}).passes)
"""
    begin = time.perf_counter()
    peak, passes = machine.peak_memory(code)
    seconds = time.perf_counter() - begin
    return {"trials": options.memory_trials, "peak_bytes": peak, "passes": int(passes), "seconds": seconds}


def _slug(text):
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or platform.machine()


if __name__ == "__main__":
    sys.exit(main())
