"""How many independent trials a trial of each sampler is worth, on the reference deal.

The gain is the variance of an estimate with independent draws over that with the sampler at the same number of trials.
With independent draws it is the mean square of the reported standard errors, which are the textbook's and differ
little between repeats; that of the sampler is taken over the repeats, whose seeds differ, so that nothing is believed
of its own standard errors.  The interval (90 %) is that of a variance from so many normal values.
"""

from __future__ import annotations

import argparse
import json
import math
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
    ratio = np.nanmean(errors**2, axis=0) / rows.var(axis=0, ddof=1)  # few trials do not tell every error
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


PANELS = ("mean", "P5", "P95")
COLOURS = {"random": "#888888", "lhs": "#0072b2", "antithetic": "#cc79a7", "sobol": "#d55e00"}
"""Told apart by people who see colours differently (Okabe and Ito)."""


def picture(found):
    """An SVG: the relative error of one run over its number of trials, both in powers of ten, a panel a statistic."""
    trials = sorted({entry["trials"] for entry in found})
    low, high = math.floor(math.log10(trials[0])), math.ceil(math.log10(trials[-1]))
    errors = [entry["relative_error"][name] for entry in found for name in PANELS]
    least, most = math.floor(math.log10(min(errors))), math.ceil(math.log10(max(errors)))
    width, height, left, top = 200.0, 220.0, 56.0, 30.0

    def place(panel, count, error):
        x = left + panel * (width + 30) + width * (math.log10(count) - low) / (high - low)
        return x, top + height * (most - math.log10(error)) / (most - least)

    body = []
    for panel, name in enumerate(PANELS):
        x, y = place(panel, 10.0**low, 10.0**most)
        body.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width}" height="{height}" fill="none" stroke="#999"/>')
        body.append(f'<text x="{x + width / 2:.1f}" y="{top - 10}" text-anchor="middle">{name}</text>')
        for power in range(low, high + 1):
            x, y = place(panel, 10.0**power, 10.0**least)
            body.append(
                f'<text x="{x:.1f}" y="{y + 16:.1f}" text-anchor="middle">10<tspan dy="-4">{power}</tspan></text>'
            )
        for power in range(least, most + 1) if panel == 0 else ():
            x, y = place(0, 10.0**low, 10.0**power)
            label = f"10<tspan dy='-4'>\u2212{-power}</tspan>" if power < 0 else "1"
            body.append(f'<text x="{x - 6:.1f}" y="{y + 4:.1f}" text-anchor="end">{label}</text>')
        for sampler, colour in COLOURS.items():
            line = sorted((e["trials"], e["relative_error"][name]) for e in found if e["sampler"] == sampler)
            points = [place(panel, *point) for point in line]
            body.append(
                f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}" fill="none" '
                f'stroke="{colour}" stroke-width="2"/>'
            )
            body += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>' for x, y in points]
    for number, (sampler, colour) in enumerate(COLOURS.items()):
        x = left + 120 * number
        body.append(f'<rect x="{x:.1f}" y="{top + height + 30:.1f}" width="14" height="4" fill="{colour}"/>')
        body.append(f'<text x="{x + 20:.1f}" y="{top + height + 36:.1f}">{sampler}</text>')
    size = left + 3 * width + 2 * 30 + 20, top + height + 50
    about = "Relative error of one run by its number of trials; the numbers are in benchmarks/results/sampling.json."
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]:.0f} {size[1]:.0f}" role="img" '
            'font-family="sans-serif" font-size="12" fill="#555">',
            f"<title>Convergence of the samplers</title><desc>{about}</desc>",
            *body,
            "</svg>\n",
        ]
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1, help="seed of the first repeat")
    parser.add_argument("--trials", type=float, nargs="*", default=[1e3, 1e4, 1e5, 1e6])
    parser.add_argument("--out", type=Path, default=HERE / "results")
    options = parser.parse_args()
    found = measure([int(count) for count in options.trials], options.repeats, options.seed)
    print("\n".join(table(found)))
    options.out.mkdir(parents=True, exist_ok=True)
    document = {"date": date.today().isoformat(), "machine": machine.describe(), "repeats": options.repeats}
    path = options.out / "sampling.json"
    path.write_text(json.dumps(document | {"seed": options.seed, "found": found}, indent=1) + "\n", encoding="utf-8")
    drawn = options.out / "convergence.svg"
    drawn.write_text(picture(found), encoding="utf-8")
    print(f"\nwrote {path.name} and {drawn.name}")


if __name__ == "__main__":
    main()
