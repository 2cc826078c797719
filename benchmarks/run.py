"""Measure simengine against NumPy and SciPy in the same run, and write a table that says how.

``make bench`` runs this; ``python benchmarks/run.py --help`` lists the options.  Cases take turns in rounds,
so that a change of the machine's clock meets all of them alike; medians are reported,
and ratios are what counts.
"""

from __future__ import annotations

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"  # the scripts are measured on one thread; must be set before NumPy is imported

import argparse
import json
import platform
import re
import shlex
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import machine
import numpy as np
import numpy_script
import scipy_script

HERE = Path(__file__).resolve().parent
CORRELATED = HERE / "reference_deal.toml"
INDEPENDENT = HERE / "reference_deal_independent.toml"
PERCENTILES = tuple(float(p) for p in range(1, 100))
SCIPY_LIMIT = 2_000_000
"""The SciPy script takes seconds for a million trials; it is not run beyond this."""

REFERENCE = {
    "copula": {
        "mean": (638.8951, 0.0003),
        "P5": (220.112, 0.019),
        "P50": (563.895, 0.018),
        "P95": (1312.01, 0.07),
        "CVaR5": (174.143, 0.004),
        "P(T<200)": (0.035675, 8e-6),
    },
}
"""Values of the correlated deal with their standard errors, from long replicated runs of another program."""


@dataclass(frozen=True)
class Timing:
    """The measured times of one case, in seconds."""

    case: str
    trials: int
    threads: int
    seconds: tuple[float, ...]

    @property
    def median(self):
        """Median seconds."""
        return statistics.median(self.seconds)

    @property
    def rate(self):
        """Million trials a second."""
        return self.trials / self.median / 1e6


def main(arguments=None):
    options = _options(arguments)
    print("measuring; close other programs, this takes some minutes", file=sys.stderr)
    report = {
        "date": date.today().isoformat(),
        "command": "python benchmarks/run.py " + shlex.join(sys.argv[1:] if arguments is None else arguments),
        "machine": machine.describe(),
        "free_cores_before": machine.free_cores(options.threads),
    }
    plans, report["plan_seconds"] = _plans()
    timings = [t for trials in options.trials for t in _speed(plans, trials, options)]
    report["free_cores_after"] = machine.free_cores(options.threads)
    report["speed"] = [asdict(t) | {"median": t.median, "rate": t.rate} for t in timings]
    report["agreement"] = _agreement(plans["copula"], max(options.trials))
    report["processes"] = _processes(options)
    if options.memory_trials:
        report["memory"] = _memory(options)
    text = _markdown(report, timings)
    print(text)
    if options.write:
        stem = f"{report['date']}-{_slug(report['machine']['processor'])}"
        folder = Path(options.write)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{stem}.md").write_text(text + "\n", encoding="utf-8")
        (folder / f"{stem}.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        print(f"written: {folder / stem}.md and .json", file=sys.stderr)
    return 0


def _options(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=_count, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--rounds", type=int, default=7, help="rounds in which all cases take turns")
    parser.add_argument("--threads", type=int, default=2, help="the larger number of threads")
    parser.add_argument("--memory-trials", type=_count, default=100_000_000, help="0 leaves it out")
    parser.add_argument("--write", default=str(HERE / "results"), help="folder for the report; '' writes none")
    return parser.parse_args(arguments)


def _count(text):
    return int(float(text))


def _plans():
    """The plans of both deals, and the seconds it took to build each (tables cached and not)."""
    from simengine import scenario
    from simengine.deal.expand import expand
    from simengine.plan.compile import build_plan

    plans, seconds = {}, {}
    for name, path in (("independent", INDEPENDENT), ("copula", CORRELATED)):
        begin = time.perf_counter()
        plans[name] = build_plan(expand(scenario.load(path)))
        seconds[name] = time.perf_counter() - begin
    return plans, seconds


def _simulate(plan, trials, threads, seed=1):
    from simengine.engine.run import run

    return run(plan, trials=trials, seed=seed, percentiles=PERCENTILES, tail_levels=(0.95,), threads=threads)


def _speed(plans, trials, options):
    """Every case once to warm up, then ``rounds`` times in turn."""
    cases = {("NumPy script, independent inputs", 1): lambda: numpy_script.run(trials)}
    if trials <= SCIPY_LIMIT:
        cases["NumPy + SciPy ppf script, copula", 1] = lambda: scipy_script.run(trials)
    for threads in sorted({1, options.threads}):
        for name, plan in plans.items():
            cases[f"simengine, {name}", threads] = lambda plan=plan, threads=threads: _simulate(plan, trials, threads)
    seconds = {case: [] for case in cases}
    for case in cases.values():
        case()
    for done in range(options.rounds):
        print(f"{trials:,} trials, round {done + 1} of {options.rounds}", file=sys.stderr)
        for key, case in cases.items():
            begin = time.perf_counter()
            case()
            seconds[key].append(time.perf_counter() - begin)
    return [Timing(name, trials, threads, tuple(times)) for (name, threads), times in seconds.items()]


def _agreement(plan, trials):
    """Reference values, what simengine gives, and the difference in combined standard errors."""
    outcome = _simulate(plan, trials, 1).outcomes[0]
    at = {p: i for i, p in enumerate(PERCENTILES)}
    found = {
        "mean": (outcome.mean, outcome.mean_se),
        **{f"P{p}": (outcome.quantiles[at[p]], outcome.quantiles_se[at[p]]) for p in (5, 50, 95)},
        "CVaR5": (-outcome.cvar_loss[0], outcome.cvar_loss_se[0]),
        "P(T<200)": (outcome.prob_below[0], outcome.prob_below_se[0]),
    }
    rows = []
    for name, (value, error) in REFERENCE["copula"].items():
        got, own = (float(part) for part in found[name])
        rows.append({"number": name, "reference": value, "got": got, "z": (got - value) / np.hypot(error, own)})
    return {"trials": trials, "rows": rows}


def _processes(options):
    """Seconds from the shell to the table: kernels cached, and the first run of an installation."""
    million = [sys.executable, "-m", "simengine", "run", str(CORRELATED), "--trials", "1000000"]
    with tempfile.TemporaryDirectory() as fresh:
        cache = {"SIMENGINE_CACHE": str(Path(fresh) / "cache")}
        first = machine.timed_process(million, cache)
        warm = [machine.timed_process(million, cache) for _ in range(max(3, options.rounds))]
    return {"first_run": first, "warm": statistics.median(warm), "trials": 1_000_000}


def _memory(options):
    code = f"""
from simengine import scenario
from simengine.deal.expand import expand
from simengine.engine.run import run
from simengine.plan.compile import build_plan
plan = build_plan(expand(scenario.load({str(CORRELATED)!r})))
done = run(plan, trials={options.memory_trials}, seed=1, percentiles=(5.0, 50.0, 95.0),
           tail_levels=(0.95,), threads={options.threads})
print(done.passes)
"""
    begin = time.perf_counter()
    peak, passes = machine.peak_memory(code)
    return {
        "trials": options.memory_trials,
        "peak_bytes": peak,
        "passes": int(passes),
        "seconds": time.perf_counter() - begin,
    }


def _markdown(report, timings):
    about = report["machine"]
    packages = ", ".join(f"{name} {version}" for name, version in about["packages"].items())
    lines = [
        f"# Benchmarks, {report['date']}",
        "",
        f"{about['processor']}, {about['cores']} cores, {about['system']}, Python {about['python']};"
        f" {packages}; commit {about['commit']}.",
        f"Command: `{report['command']}`. Free cores by a hashing loop:"
        f" {report['free_cores_before']:.2f} before and {report['free_cores_after']:.2f} after.",
        "",
        "The reference deal: four uncertain inputs, two risks of uncertain severity (eight draws a trial),"
        " one outcome; out come mean, standard deviation, 99 exact percentiles with minimum and maximum,"
        " P(T < 200) and the mean of the worst 5 %; simengine adds a standard error to each.",
        "",
        "| trials | case | threads | median s | spread s | million trials a second | × NumPy | × SciPy |",
        "|---:|---|---:|---:|---:|---:|---:|---:|",
    ]
    for timing in timings:
        lines.append(_speed_row(timing, timings))
    build = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in report["plan_seconds"].items())
    lines += [
        "",
        "Times are those of a run in a warm process: the plan is built (once: " + build + "), kernels are compiled.",
        "",
        f"| at {report['agreement']['trials']:,} trials | reference | simengine | standard errors apart |",
        "|---|---:|---:|---:|",
        *(
            f"| {row['number']} | {row['reference']:g} | {row['got']:.7g} | {row['z']:+.2f} |"
            for row in report["agreement"]["rows"]
        ),
        "",
        "| whole process, 10⁶ trials, copula | seconds |",
        "|---|---:|",
        f"| from the shell to the table, kernels cached | {report['processes']['warm']:.2f} |",
        f"| the very first run of an installation, compiling | {report['processes']['first_run']:.2f} |",
    ]
    if memory := report.get("memory"):
        lines += [
            "",
            f"Peak memory of a process with {memory['trials']:,} trials: {memory['peak_bytes'] / 1e6:.0f} MB,"
            f" {memory['passes']} passes, {memory['seconds']:.1f} s.",
        ]
    return "\n".join(lines)


def _speed_row(timing, timings):
    def ratio(case):
        other = [t for t in timings if t.case.startswith(case) and t.trials == timing.trials]
        return f"{other[0].median / timing.median:.1f}" if other else ""

    spread = max(timing.seconds) - min(timing.seconds)
    return (
        f"| {timing.trials:,} | {timing.case} | {timing.threads} | {timing.median:.4f} | {spread:.4f} |"
        f" {timing.rate:.2f} | {ratio('NumPy script')} | {ratio('NumPy + SciPy')} |"
    )


def _slug(text):
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or platform.machine()


if __name__ == "__main__":
    sys.exit(main())
