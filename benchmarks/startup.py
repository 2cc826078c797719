"""Where the time goes from the shell to the table: stages of a run in fresh processes, and what its imports cost.

The stages are those of ``simengine run`` in its own order, stamped in the process; the whole command is timed beside
them, with ``check`` and ``--help``.  Caches are warm: one run before the first that counts fills them.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import time
from collections import defaultdict

import machine

from simengine.bench.deal import REFERENCE_DEAL

PROGRAM = [sys.executable, "-m", "simengine"]
COMMANDS = {
    "simengine run, 10⁶ trials": ("run", str(REFERENCE_DEAL), "--trials", "1e6"),
    "simengine check": ("check", str(REFERENCE_DEAL)),
    "simengine --help": ("--help",),
}
LISTED = 12
"""Packages of the import table."""


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--child", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child is not None:
        print(json.dumps(_stages(options.child)))
        return
    print("\n".join(tables(measure(options.rounds))))


def measure(rounds):
    """Median milliseconds by stage and by command, and self time of imports by package."""
    commands = {name: [] for name in COMMANDS}
    stages = defaultdict(list)
    _run([*PROGRAM, *COMMANDS["simengine run, 10⁶ trials"]])
    for _ in range(rounds):
        for name, command in COMMANDS.items():
            commands[name].append(1000 * machine.timed_process([*PROGRAM, *command]))
        for name, milliseconds in json.loads(_run([sys.executable, __file__, "--child", repr(time.time())])).items():
            stages[name].append(milliseconds)
    return {
        "rounds": rounds,
        "commands": {name: statistics.median(values) for name, values in commands.items()},
        "stages": {name: statistics.median(values) for name, values in stages.items()},
        "imports": _imports(),
    }


def tables(report):
    """Lines of the three tables in Markdown."""
    lines = [f"| command, median of {report['rounds']} fresh processes | ms |", "|---|---:|"]
    lines += [f"| `{name}` | {value:.0f} |" for name, value in report["commands"].items()]
    lines += ["", "| stage of `simengine run` | ms |", "|---|---:|"]
    lines += [f"| {name} | {value:.0f} |" for name, value in report["stages"].items()]
    lines += [f"| together | {sum(report['stages'].values()):.0f} |", ""]
    lines += ["| imported by `simengine run` | modules | ms by -X importtime |", "|---|---:|---:|"]
    return lines + [f"| {e['package']} | {e['modules']} | {e['milliseconds']:.0f} |" for e in report["imports"]]


def _stages(started):
    """Milliseconds of each stage of a run in this process, which was started at a time of the system's clock."""
    found = {"Python starts": 1000 * (time.time() - started)}
    last = time.perf_counter()

    def lap(stage):
        nonlocal last
        now = time.perf_counter()
        found[stage] = 1000 * (now - last)
        last = now

    import simengine.cli.main
    import simengine.cli.run

    lap("command line (click)")
    import numpy  # noqa: F401

    lap("NumPy")
    import simengine.report.result
    import simengine.report.table
    import simengine.scenario
    from simengine.results.compute import Request, expanded, prepare, simulate

    lap("scenario language, distributions, report (pydantic)")
    scenario = simengine.scenario.load(REFERENCE_DEAL)
    expanded(scenario)
    lap("read and check the scenario")
    prepared = prepare(scenario, Request(trials=1_000_000))
    lap("plan, quantile tables from the cache")
    import numba  # noqa: F401

    lap("Numba and llvmlite")
    import simengine.engine.run
    from simengine.kernels import cpu

    lap("engine and kernels")
    simengine.engine.run.run(prepared.plan, trials=cpu.BLOCK, seed=prepared.seed, threads=1)
    lap("load the compiled kernels")
    record = simulate(prepared)
    lap("simulate, percentiles, standard errors")
    simengine.report.table.run_report(record, simengine.report.text.Style())
    lap("the table as text")
    return found


def _imports():
    """Self time of the imports of a run by top-level package, the standard library as one."""
    said = _run([sys.executable, "-X", "importtime", "-m", "simengine", *COMMANDS["simengine run, 10⁶ trials"]], 2)
    times, counts = defaultdict(int), defaultdict(int)
    for match in re.finditer(r"^import time:\s*(\d+) \|\s*\d+ \|\s*(\S+)$", said, re.MULTILINE):
        top = match[2].split(".")[0]
        package = "standard library" if top in sys.stdlib_module_names else top
        times[package] += int(match[1])
        counts[package] += 1
    ranked = sorted(times, key=times.__getitem__, reverse=True)[:LISTED]
    return [{"package": name, "modules": counts[name], "milliseconds": times[name] / 1000} for name in ranked]


def _run(command, stream=1):
    """What a process prints to standard output (1) or standard error (2)."""
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=machine.environment())
    return done.stdout if stream == 1 else done.stderr


if __name__ == "__main__":
    main()
