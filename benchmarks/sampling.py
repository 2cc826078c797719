"""How many independent trials a trial of each sampler is worth, on the reference deal.

The gain is the variance of an estimate with independent draws over that with the sampler at the same number of trials.
With independent draws it is the mean square of the reported standard errors, which are the textbook's and differ
little between repeats; that of the sampler is taken over the repeats, whose seeds differ, so that nothing is believed
of its own standard errors.  The interval (90 %) is that of a variance from so many normal values.
"""

from __future__ import annotations

import argparse
import json
import time
from datetime import date
from pathlib import Path

import machine
import numpy as np
from scipy import stats

from simengine.bench.deal import REFERENCE_DEAL
from simengine.deal.expand import expand
from simengine.engine.run import run
from simengine.plan.compile import build_plan
from simengine.sampling.design import SAMPLERS
from simengine.scenario import load

HERE = Path(__file__).resolve().parent
STATISTICS = ("mean", "sd", "P5", "P50", "P95", "P(T<200)", "CVaR5")


def estimates(plan, trials, repeats, first_seed):
    """Statistics and their errors of every repeat, (repeats, statistics) each, and the median seconds of a run."""
    rows, errors, seconds = [], [], []
    for seed in range(first_seed, first_seed + repeats):
        began = time.perf_counter()
        (t,) = run(plan, trials=trials, seed=seed, percentiles=(5.0, 50.0, 95.0), threads=1).outcomes
        seconds.append(time.perf_counter() - began)
        rows.append([t.mean, t.std, *t.quantiles, t.prob_below[0], -t.cvar_loss[0]])
        errors.append([t.mean_se, t.std_se, *t.quantiles_se, t.prob_below_se[0], t.cvar_loss_se[0]])
    return np.array(rows), np.array(errors), float(np.median(seconds))


def gains(errors, rows):
    """Ratios of variances with their 90 % intervals, shape (3, statistics)."""
    ratio = (errors**2).mean(axis=0) / rows.var(axis=0, ddof=1)
    freedom = len(rows) - 1
    return ratio * np.array([1.0, *(stats.chi2.ppf([0.05, 0.95], freedom) / freedom)])[:, None]


def measure(trials, repeats, seed):
    """Relative errors, gains and times of every sampler, by number of trials."""
    models = expand(load(REFERENCE_DEAL))
    plans = {sampler: build_plan(models, sampler=sampler) for sampler in SAMPLERS}
    found = []
    for count in trials:
        drawn = {sampler: estimates(plan, count, repeats, seed) for sampler, plan in plans.items()}
        for sampler, (rows, _, seconds) in drawn.items():
            ratio, low, high = gains(drawn["random"][1], rows)
            found.append(
                {
                    "sampler": sampler,
                    "trials": count,
                    "milliseconds": round(1000 * seconds, 2),
                    "relative_error": dict(
                        zip(STATISTICS, (rows.std(axis=0, ddof=1) / rows.mean(axis=0)).tolist(), strict=False)
                    ),
                    "gain": {n: [a, b, c] for n, a, b, c in zip(STATISTICS, ratio, low, high, strict=False)},
                }
            )
    return found


def table(found):
    """Lines of text: gains with their intervals, then the errors that the convergence picture shows."""
    largest = max(entry["trials"] for entry in found)
    lines = [f"gain over independent draws at {largest:,} trials (90 % interval)"]
    lines.append(f"{'':12s}" + "".join(f"{name:>24s}" for name in STATISTICS))
    for entry in found:
        if entry["trials"] == largest and entry["sampler"] != "random":
            cells = [f"{a:,.3g} ({b:,.3g} to {c:,.3g})" for a, b, c in entry["gain"].values()]
            lines.append(f"{entry['sampler']:12s}" + "".join(f"{cell:>24s}" for cell in cells))
    lines += ["", "relative error of one run, and its milliseconds on one thread"]
    lines.append(f"{'':12s}{'trials':>12s}" + "".join(f"{name:>12s}" for name in (*STATISTICS, "ms")))
    for entry in sorted(found, key=lambda e: (SAMPLERS.index(e["sampler"]), e["trials"])):
        cells = [f"{value:.2e}" for value in entry["relative_error"].values()]
        cells.append(f"{entry['milliseconds']:.1f}")
        lines.append(f"{entry['sampler']:12s}{entry['trials']:12,d}" + "".join(f"{cell:>12s}" for cell in cells))
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1, help="seed of the first repeat")
    parser.add_argument("--trials", type=float, nargs="*", default=[1e4, 1e5, 1e6])
    parser.add_argument("--out", type=Path, default=HERE / "results")
    options = parser.parse_args()
    found = measure([int(count) for count in options.trials], options.repeats, options.seed)
    print("\n".join(table(found)))
    options.out.mkdir(parents=True, exist_ok=True)
    document = {"date": date.today().isoformat(), "machine": machine.describe(), "repeats": options.repeats}
    path = options.out / "sampling.json"
    path.write_text(json.dumps(document | {"seed": options.seed, "found": found}, indent=1) + "\n", encoding="utf-8")
    print(f"\nwrote {path.name}")


if __name__ == "__main__":
    main()
