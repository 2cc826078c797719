"""What strategies cost beside one, and what comparing them costs beside simulating them.

Two ratios, each from cases that take turns in rounds, so that a change of the machine's clock meets all alike:
five strategies over the same inputs against the first of them alone (promised: at most 1.6), and a whole comparison
of all pairs against the run of the same strategies (promised: at most 1.6 together with tornado and EVPI).  Medians
are reported, and times of processor beside those of the clock: on a machine that others use too, the former count.
"""

from __future__ import annotations

import argparse
import json
import shlex
import statistics
import sys
import time
from datetime import date
from pathlib import Path

import machine

from simengine.analysis.compare.gather import gather
from simengine.analysis.compare.measure import measure
from simengine.analysis.compare.question import Question
from simengine.bench.machine import free_cores
from simengine.engine.run import run, run_and_keep
from simengine.results.compute import Request, prepare

HERE = Path(__file__).resolve().parent
FIVE = HERE / "five_strategies.toml"
SERVICE = HERE.parent / "scenarios" / "smart_customer_service.toml"
PROMISED = 1.6


def cases(trials, threads):
    """What is timed, by name."""
    options = {"trials": trials, "seed": 1, "threads": threads}
    one = prepare(FIVE, Request(strategies=["licence"])).plan
    question = Question(trials=trials, seed=1, threads=threads)
    found = {"one strategy": lambda: run(one, **options)}
    for label, path in (("five strategies", FIVE), ("customer service", SERVICE)):
        gathered = gather([path], question)
        plan = gathered.plan
        found[f"{label}: run"] = lambda plan=plan: run(plan, **options)
        found[f"{label}: run and keep"] = lambda plan=plan: run_and_keep(plan, **options)
        found[f"{label}: compare"] = lambda gathered=gathered: measure(gathered, question)
    return found


def timed(work):
    """Seconds by the clock and of the processor."""
    began, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - began, time.process_time() - used


def measured(trials, threads, rounds):
    """Median seconds (clock, processor) of every case."""
    todo = cases(trials, threads)
    for work in todo.values():
        work()
    times = {name: [] for name in todo}
    for _ in range(rounds):
        for name, work in todo.items():
            times[name].append(timed(work))
    return {name: [statistics.median(column) for column in zip(*rows, strict=True)] for name, rows in times.items()}


def ratios(found):
    """The promised ratios, of the clock and of the processor."""
    pairs = {
        "five strategies over one": ("five strategies: run", "one strategy"),
        "comparison over run, five strategies": ("five strategies: compare", "five strategies: run"),
        "comparison over run, customer service": ("customer service: compare", "customer service: run"),
    }
    return {
        name: [found[above][kind] / found[below][kind] for kind in (0, 1)] for name, (above, below) in pairs.items()
    }


def table(document):
    """Lines of Markdown."""
    lines = [
        f"{document['trials']:,} trials, {document['threads']} threads, medians of {document['rounds']} rounds.",
        "",
    ]
    lines += ["| case | clock, ms | processor, ms |", "| --- | ---: | ---: |"]
    lines += [
        f"| {name} | {1e3 * clock:.1f} | {1e3 * used:.1f} |" for name, (clock, used) in document["seconds"].items()
    ]
    lines += ["", "| ratio | clock | processor | promised |", "| --- | ---: | ---: | ---: |"]
    lines += [f"| {name} | {a:.2f} | {b:.2f} | {PROMISED} |" for name, (a, b) in document["ratios"].items()]
    free = ", ".join(f"{value:.2f}" for value in document["free_cores"])
    lines += ["", f"Processor: {document['machine']['processor']}; cores free before and after: {free}."]
    return lines


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=float, default=1e6)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--out", type=Path, default=HERE / "results")
    options = parser.parse_args(arguments)
    before = free_cores(options.threads)
    seconds = measured(int(options.trials), options.threads, options.rounds)
    document = {
        "date": date.today().isoformat(),
        "command": "python benchmarks/compare.py " + shlex.join(sys.argv[1:] if arguments is None else arguments),
        "machine": machine.describe(),
        "free_cores": [before, free_cores(options.threads)],
        "trials": int(options.trials),
        "threads": options.threads,
        "rounds": options.rounds,
        "seconds": seconds,
        "ratios": ratios(seconds),
    }
    lines = table(document)
    print("\n".join(lines))
    options.out.mkdir(parents=True, exist_ok=True)
    name = f"compare-{document['date']}-{options.threads}-threads"
    (options.out / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    (options.out / f"{name}.md").write_text("# Comparing strategies\n\n" + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"\nwrote {name}.json and .md", file=sys.stderr)


if __name__ == "__main__":
    main()
