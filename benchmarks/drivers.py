"""What drivers cost beside the run that they are read from, and how long a Sobol design takes.

The deal is the reference deal in five strategies over the same eight inputs.  Cases take turns in rounds; medians are
reported, and the ratios within one call are what counts.  The tornado ranks at most 2**17 trials, EVPI takes all of
them; EVPPI and switches add up all outcomes of all trials by cells of every input.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from datetime import date
from pathlib import Path

import machine

from simengine import scenario
from simengine.analysis.drivers import decided, sections
from simengine.analysis.drivers.build import Builder
from simengine.analysis.drivers.decision import perfect_information
from simengine.analysis.drivers.designs import Setting, evaluated, redrawn
from simengine.analysis.drivers.sobol import sobol_indices
from simengine.analysis.drivers.study import Study
from simengine.bench.deal import INDEPENDENT_DEAL, REFERENCE_DEAL
from simengine.engine.run import run
from simengine.results.compute import Request, prepare

HERE = Path(__file__).resolve().parent
STRATEGIES = """
[strategies.base]
[strategies.guarded]
"risks.ip_leak.probability" = 0.03
[strategies.patented]
"risks.competition.probability" = 0.2
[strategies.cheaper]
"inputs.V.scale" = 0.95
[strategies.careful]
"risks.competition.probability" = 0.3
"risks.ip_leak.probability" = 0.05
"""


def deal(path, strategies=STRATEGIES):
    """A reference deal in five strategies."""
    return scenario.loads(path.read_text(encoding="utf-8") + strategies, folder=path.parent)


def cases(trials, sampler, threads):
    """Functions that take turns, by name: the run, and what is added to it."""
    request = Request(trials=trials, sampler=sampler, threads=threads)
    prepared = prepare(deal(REFERENCE_DEAL), request)
    kept = Study.of(prepared)

    def asked():
        """A study of the outcomes that were kept, with nothing read from them yet."""
        return Study(prepared, kept.outcomes, kept.factors, kept.links, threads, None)

    def tornado_and_evpi():
        study = asked()
        sections.fill_tornado(study, Builder(study, 0))
        perfect_information(study.totals, study.contests)

    def everything():
        study = asked()
        switches = decided.find_switches(study)
        builder = Builder(study, len(switches))
        sections.fill_tornado(study, builder)
        decided.fill_information(study, builder, switches)

    return {
        "run": lambda: run(prepared.plan, trials=trials, seed=1, threads=threads),
        "tornado and EVPI": tornado_and_evpi,
        "tornado, EVPI, EVPPI and switches": everything,
    }


def timed(functions, rounds):
    """Seconds of each case, round by round."""
    seconds = {name: [] for name in functions}
    for function in functions.values():
        function()
    for _ in range(rounds):
        for name, function in functions.items():
            began = time.perf_counter()
            function()
            seconds[name].append(time.perf_counter() - began)
    return seconds


def sobol_cases(points, sampler, threads):
    """First-order and total indices of the eight inputs of one strategy: in all, and the kernel alone."""
    prepared = prepare(deal(INDEPENDENT_DEAL, ""), Request(sampler=sampler, threads=threads))
    study = Study.of(prepare(deal(INDEPENDENT_DEAL, ""), Request(trials=1000, sampler=sampler)))
    models, setting = study.models, Setting(sampler, 1, points, 32, prepared.addresses, threads)
    both = [*models, *(redrawn(model, list(model.inputs)) for model in models)]
    places = [place for place, factor in enumerate(study.factors) if factor.kind in ("input", "event")]
    inputs = [study.factors[place] for place in places]
    design = [*both, *(redrawn(model, factor.members) for factor in inputs for model in models)]
    linked = study.links.linked[:, places]
    return len(inputs), {
        "in all": lambda: sobol_indices(models, inputs, linked, 20, setting),
        "kernel": lambda: evaluated(design, setting, lambda values: values[:, :1].copy(), ""),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=float, default=1e6)
    parser.add_argument("--points", type=int, default=1 << 16)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, default=HERE / "results")
    options = parser.parse_args()
    found = []
    for sampler in ("random", "sobol"):
        seconds = timed(cases(int(options.trials), sampler, options.threads), options.rounds)
        medians = {name: statistics.median(times) for name, times in seconds.items()}
        ratios = {name: medians[name] / medians["run"] for name in medians if name != "run"}
        inputs, functions = sobol_cases(options.points, sampler, options.threads)
        design = {name: statistics.median(t) for name, t in timed(functions, options.rounds).items()}
        found.append({"sampler": sampler, "seconds": medians, "added to a run": ratios, "sobol design": design})
        print(f"{sampler} draws, {int(options.trials):,} trials, five strategies, {options.threads} threads")
        for name, value in medians.items():
            added = f"  {100 * ratios[name]:.0f} % of a run" if name in ratios else ""
            print(f"  {name:36s}{1000 * value:8.1f} ms{added}")
        for name, value in design.items():
            print(f"  Sobol indices of {inputs} inputs, {options.points:,} points, {name}: {1000 * value:.0f} ms")
    options.out.mkdir(parents=True, exist_ok=True)
    document = {"date": date.today().isoformat(), "machine": machine.describe(), "trials": int(options.trials)}
    document |= {"points": options.points, "threads": options.threads, "rounds": options.rounds, "found": found}
    (options.out / "drivers.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
