"""Whether runs that say that a standard error is reached are right: many models, many seeds.

A run claims that the standard error is at most what was asked.  So the value lies within 1.96 times that of the truth
in 95 % of runs or more, and the root mean square of its error is at most what was asked.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from datetime import date
from pathlib import Path

import machine
import numpy as np
from models import PERCENTILES, STATISTICS, plan_of, truth_of

from simengine.engine.run import run
from simengine.engine.stopping import StandardErrors, run_until
from simengine.results.targets import targets_of

HERE = Path(__file__).resolve().parent
Z95 = 1.959963984540054
LEAST = 0.94
SAMPLERS = ("random", "sobol")
# model, statistic as it is asked for, its place in STATISTICS, share of the value
CASES = (
    ("sum of normals", "mean", "mean", 0.003),
    ("product", "p5", "P5", 0.004),
    ("correlated product", "prob_below_500", "probability", 0.02),
    ("t copula", "cvar95_loss", "CVaR95", 0.015),
    ("one lognormal", "mean", "mean", 0.006),
    ("ratio of lognormals", "p95", "P95", 0.004),
    ("heavy gains", "mean", "mean", 0.003),
    ("no fourth moment", "mean", "mean", 0.0005),
    ("rare loss, p = 0.0005", "prob_loss", "probability", 0.15),
    ("rare loss, p = 0.0005", "mean", "mean", 0.002),
    ("rare exponential loss", "std", "sd", 0.03),
    ("counts", "mean", "mean", 0.001),
    ("option", "mean", "mean", 0.01),
    ("bimodal", "prob_below_5", "probability", 0.004),
    ("many inputs", "std", "sd", 0.004),
)


def judge(case, sampler, repeats, limit):
    """What the repeats of one case say."""
    model, statistic, name, share = case
    plan = plan_of(model, sampler)
    criterion = StandardErrors(targets_of({f"T.{statistic}": f"{100 * share}%"}, plan, PERCENTILES, (0.95,)))
    truth = float(truth_of(model)[0][STATISTICS.index(name)])
    errors, sizes, runs = [], Counter(), 0
    for seed in range(repeats):
        looks = run_until(
            lambda trials, seed=seed: run(plan, trials=trials, seed=seed, percentiles=PERCENTILES, threads=1),
            criterion,
            limit=limit,
        )
        runs += sum(look.statistics.trials for look in looks)
        if looks[-1].verdict.met:
            sizes[looks[-1].statistics.trials] += 1
            errors.append((looks[-1].verdict.findings[0].value - truth) / (share * abs(truth)))
    found = np.array(errors)
    return {
        "model": model,
        "statistic": statistic,
        "sampler": sampler,
        "asked_share": share,
        "truth": truth,
        "converged": len(errors) / repeats,
        "within": float((np.abs(found) <= Z95).mean()) if errors else None,
        "rms_error_over_asked": float(np.sqrt((found**2).mean())) if errors else None,
        "stopped_at": {str(size): count for size, count in sorted(sizes.items())},
        "trials_drawn_a_run": runs / repeats,
    }


def readable(document):
    """The study as a page."""
    lines = [
        "# Claims of runs that stop by themselves",
        "",
        f"{document['repeats']:,} repeats of each, at most {document['limit']:,} trials. True: share of converged runs",
        "whose value lies within 1.96 of the standard error asked for; at least 94 % is required. Error: root mean",
        "square of the true error over the standard error asked for; at most 1 is claimed.",
        "",
        "| model | asked | sampler | converged, % | true, % | error | stopped at |",
        "|---|---|---|---|---|---|---|",
    ]
    for entry in document["found"]:
        sizes = ", ".join(f"{int(size):,}: {count}" for size, count in entry["stopped_at"].items())
        within, error = entry["within"], entry["rms_error_over_asked"]
        lines.append(
            f"| {entry['model']} | {entry['statistic']} {100 * entry['asked_share']:g} % | {entry['sampler']} "
            f"| {100 * entry['converged']:.0f} | {'-' if within is None else f'{100 * within:.1f}'} "
            f"| {'-' if error is None else f'{error:.2f}'} | {sizes or 'never'} |"
        )
    worst = min((entry["within"] for entry in document["found"] if entry["within"] is not None), default=1.0)
    lines += ["", f"The least share is {100 * worst:.1f} %."]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=400)
    parser.add_argument("--limit", type=float, default=2**19)
    parser.add_argument("--out", type=Path, default=HERE / "results")
    options = parser.parse_args()
    found = []
    for case in CASES:
        for sampler in SAMPLERS:
            entry = judge(case, sampler, options.repeats, int(options.limit))
            found.append(entry)
            print(
                f"{entry['model']:24s}{entry['statistic']:16s}{sampler:8s} converged {entry['converged']:.2f}"
                f"  true {entry['within']}  error {entry['rms_error_over_asked']}  {entry['stopped_at']}",
                flush=True,
            )
    document = {"date": date.today().isoformat(), "machine": machine.describe(), "repeats": options.repeats}
    document |= {"limit": int(options.limit), "least_allowed": LEAST, "found": found}
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "stopping.json").write_text(json.dumps(document, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    (options.out / "stopping.md").write_text(readable(document), encoding="utf-8")
    print("wrote stopping.json and stopping.md")


if __name__ == "__main__":
    main()
