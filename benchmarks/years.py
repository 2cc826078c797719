"""A ten-year licence in three strategies against the same model in NumPy; and how long plans of thirty years take.

Cases take turns in rounds of one run, so that a change of the machine's clock meets all alike.  The NumPy model
(numpy_years.py) draws for itself and computes the statistics that simengine reports: of every outcome and every
year's cash flow the mean, the standard deviation, seven percentiles, P(x < 0) and the mean of the worst 5 %.  Its
answers are compared with ours before anything is timed.  Peak memory is that of a process of its own, with the default
budget, which draws all trials twice; with 1 GiB (``--memory``) the outcomes are kept instead.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import machine
import numpy as np
import numpy_years

from simengine.bench.machine import free_cores
from simengine.bench.rounds import measured
from simengine.deal.expand import expand
from simengine.engine.limits import DEFAULT_MEMORY, default_memory
from simengine.engine.run import run
from simengine.plan.compile import build_plan
from simengine.scenario import load

HERE = Path(__file__).resolve().parent
SCENARIO = HERE / "years.toml"
AT_ONCE, BY_YEAR = "NumPy, arrays over years and trials", "NumPy, a loop over years"
PROMISED, PROMISED_MB, PROMISED_MS = 20.0, 500, 300
_MEMORY = (
    "import simengine; simengine.run({path!r}, trials={trials}, threads={threads}); "
    "print([int(line.split()[1]) // 1000 for line in open('/proc/self/status') if line.startswith('VmHWM')][0])"
)
"""The high-water mark of the process itself: getrusage tells a child the mark of the parent that started it."""


def agreement(trials, seed=7):
    """The largest difference of a mean from NumPy's, in standard errors of the difference."""
    plan = build_plan(expand(load(SCENARIO)), years=True)
    statistics = run(plan, trials=trials, seed=seed, threads=1)
    theirs = numpy_years.run(trials, seed)
    worst = 0.0
    for output, found in zip(plan.outputs, statistics.outcomes, strict=True):
        key = output.name if output.year is None else (output.name, round(output.year))
        other = theirs[output.strategy][key]
        error = max(np.hypot(found.mean_se, other["std"] / np.sqrt(trials)), 1e-9)
        worst = max(worst, abs(found.mean - other["mean"]) / error)
    return worst


def cases(trials, threads):
    """What is timed, by name."""
    found = {
        AT_ONCE: lambda: numpy_years.run(trials, flows_of=numpy_years.cash_flows_at_once),
        BY_YEAR: lambda: numpy_years.run(trials),
    }
    for precision in ("float64", "float32"):
        for sampler in ("random", "sobol"):
            plan = build_plan(expand(load(SCENARIO)), years=True, sampler=sampler, precision=precision)
            for label, memory in (("", default_memory(plan)), (", 1 GiB", DEFAULT_MEMORY)):
                options = {"trials": trials, "seed": 1, "threads": threads, "memory_budget": memory}
                found[f"{precision}, {sampler}{label}"] = lambda plan=plan, options=options: run(plan, **options)
    return found


def peak_memory(trials, threads):
    """Megabytes of a process that reads, runs and holds the result."""
    code = _MEMORY.format(path=str(SCENARIO), trials=trials, threads=threads)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout.split()[-1])


def planning(periods):
    """Milliseconds from the file to the plan, with quantile tables in the cache, for a horizon."""
    text = re.sub(r"horizon = \d+", f"horizon = {periods}", SCENARIO.read_text(encoding="utf-8"))
    path = HERE / f".years-{periods}.toml"
    path.write_text(text, encoding="utf-8")
    try:
        best = None
        for _ in range(5):
            began = time.perf_counter()
            plan = build_plan(expand(load(path)), years=True, sampler="sobol")
            seconds = time.perf_counter() - began
            best = seconds if best is None else min(best, seconds)
        return {"periods": periods, "milliseconds": 1e3 * best, "operations": len(plan.tape)}
    finally:
        path.unlink()


def table(document):
    """Lines of Markdown."""
    lines = [
        f"Ten years, four timed risks, tiers, tax, three strategies; {document['trials']:,} trials, "
        f"{document['threads']} threads, medians of {document['rounds']} rounds.",
        "",
        "| case | seconds | times NumPy at once | times NumPy by year |",
        "| --- | ---: | ---: | ---: |",
    ]
    seconds = document["seconds"]
    lines += [
        f"| {name} | {own:.3f} | {seconds[AT_ONCE] / own:.1f} | {seconds[BY_YEAR] / own:.1f} |"
        for name, own in seconds.items()
    ]
    fastest = min(own for name, own in seconds.items() if name.startswith("float64") and "GiB" not in name)
    times = {name: seconds[name] / fastest for name in (AT_ONCE, BY_YEAR)}
    verdicts = [f"{'met' if t >= PROMISED else 'missed'} with {t:.1f} against {name}" for name, t in times.items()]
    memory = "met" if document["peak_memory_mb"] < PROMISED_MB else "missed"
    lines += ["", f"Promised: {PROMISED:g} times vectorised NumPy in float64: {'; '.join(verdicts)}."]
    lines += [f"Peak memory {document['peak_memory_mb']} MB (promised: under {PROMISED_MB}, {memory})."]
    for plan in document["planning"]:
        note = ""
        if plan["periods"] == 30:
            note = f" (promised: under {PROMISED_MS}, {'met' if plan['milliseconds'] < PROMISED_MS else 'missed'})"
        lines.append(
            f"From file to plan for {plan['periods']} years: {plan['milliseconds']:.0f} ms{note}, "
            f"{plan['operations']:,} operations a trial."
        )
    lines += [f"Largest difference of a mean from NumPy's: {document['agreement']:.1f} standard errors."]
    free = ", ".join(f"{value:.2f}" for value in document["free_cores"])
    lines += ["", f"Processor: {document['machine']['processor']}; cores free before and after: {free}."]
    return lines


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=float, default=1e6)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=HERE / "results")
    options = parser.parse_args(arguments)
    trials = int(options.trials)
    agreed = agreement(min(trials, 200_000))
    before = free_cores(options.threads)
    timings = measured(cases(trials, options.threads), options.rounds)
    document = {
        "date": date.today().isoformat(),
        "command": "python benchmarks/years.py " + shlex.join(sys.argv[1:] if arguments is None else arguments),
        "machine": machine.describe(),
        "free_cores": [before, free_cores(options.threads)],
        "trials": trials,
        "threads": options.threads,
        "rounds": options.rounds,
        "agreement": agreed,
        "seconds": {name: timing.median for name, timing in timings.items()},
        "peak_memory_mb": peak_memory(trials, options.threads),
        "planning": [planning(10), planning(30)],
    }
    lines = table(document)
    print("\n".join(lines))
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "years.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    (options.out / "years.md").write_text("# A deal over years\n\n" + "\n".join(lines) + "\n", encoding="utf-8")
    print("\nwrote years.json and years.md", file=sys.stderr)


if __name__ == "__main__":
    main()
