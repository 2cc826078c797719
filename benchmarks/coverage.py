"""How often 1.96 standard errors hold the truth: every sampler, many models, many seeds.

Truths come from one Sobol run of four million trials with a seed of its own; its error is far below that of the runs
that are judged, except in the heaviest tails, where it is named in the result as ``truth_se``.
"""

from __future__ import annotations

import argparse
import json
from datetime import date
from pathlib import Path

import machine
import numpy as np

from simengine.deal.expand import expand
from simengine.engine.run import run
from simengine.plan.compile import build_plan
from simengine.sampling.design import SAMPLERS
from simengine.scenario import loads

HERE = Path(__file__).resolve().parent
Z95 = 1.959963984540054
TRUTH_TRIALS, TRUTH_SEED = 1 << 22, 10**9
STATISTICS = ("mean", "sd", "P5", "P50", "P95", "probability", "CVaR95")

NORMAL = 'A = { dist = "normal", mean = 1, sd = 1 }\nB = { dist = "normal", mean = 2, sd = 2 }\n'
# name: inputs and other tables, formula of T, target
MODELS = {
    "sum of normals": (NORMAL, "A + B", 0),
    "product": ('V = "620 to 1600"\nD = { dist = "pert", min = 0.4, mode = 0.8, max = 1 }\n', "V * D", 500),
    "correlated product": (
        'V = "620 to 1600"\nD = { dist = "pert", min = 0.4, mode = 0.8, max = 1 }\n'
        '[[correlations]]\nbetween = ["V", "D"]\nspearman = 0.6\n',
        "V * D",
        500,
    ),
    "t copula": (
        NORMAL + '[[correlations]]\nbetween = ["A", "B"]\nnormal = 0.5\ncopula = "t"\ndof = 4\n',
        "A + B",
        -2,
    ),
    "one input": ('A = { dist = "lognormal", mu = 0, sigma = 1 }\n', "A", 0.5),
    "heavy tail": ('P = { dist = "pareto", alpha = 4.5, min = 1 }\nQ = "1 to 3"\n', "P * Q", 2),
    "rare event": (
        'S = { dist = "bernoulli", p = 0.005 }\nX = { dist = "exponential", mean = 1 }\nN = "5 to 9"\n',
        "N - 40 * S * X",
        0,
    ),
    "discrete": ('K = { dist = "poisson", mean = 30 }\nJ = { dist = "binomial", n = 20, p = 0.4 }\n', "K - J", 15),
    "bimodal": (NORMAL + 'S = { dist = "bernoulli", p = 0.4 }\n', "where(S, A + 12, B)", 5),
    "difference near zero": (NORMAL, "A * B - 2", 0),
    "many inputs": (
        "".join(f'X{k} = {{ dist = "uniform", min = 0, max = 1 }}\n' for k in range(25)),
        " + ".join(f"X{k}" for k in range(25)),
        10,
    ),
    "maximum": (NORMAL + "C = 1.5\n", "max(A, B, C)", 2),
    "option": (NORMAL, "max(A + B - 4, 0)", 1),
    "ratio": ('A = "2 to 9"\nB = "1 to 3"\n', "A / B", 1),
}


def plan_of(model, sampler):
    """The plan of a model with one outcome T."""
    inputs, formula, target = MODELS[model]
    text = f'[scenario]\nname = "coverage"\n[inputs]\n{inputs}[model]\nT = "{formula}"\n'
    text += f"[outputs]\nT = {{ target = {target} }}"
    return build_plan(expand(loads(text)), sampler=sampler)


def numbers(plan, trials, seed):
    """Values and standard errors of every statistic, shape (2, statistics)."""
    (t,) = run(plan, trials=trials, seed=seed, percentiles=(5.0, 50.0, 95.0), threads=1).outcomes
    values = [t.mean, t.std, *t.quantiles, t.prob_below[0], t.cvar_loss[0]]
    return np.array([values, [t.mean_se, t.std_se, *t.quantiles_se, t.prob_below_se[0], t.cvar_loss_se[0]]])


def judge(model, sampler, truth, trials, repeats):
    """Coverage of each statistic, and the mean standard error over the true one."""
    plan = plan_of(model, sampler)
    found = np.array([numbers(plan, trials, seed) for seed in range(repeats)])
    gap = np.abs(found[:, 0] - truth)
    inside = gap <= Z95 * found[:, 1] + 1e-12 * np.abs(truth)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.sqrt((found[:, 1] ** 2).mean(axis=0)) / np.sqrt((gap**2).mean(axis=0))
    return inside.mean(axis=0), np.where(np.isfinite(ratio), ratio, 1.0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=2000)
    parser.add_argument("--trials", type=float, default=8192)
    parser.add_argument("--samplers", nargs="*", default=list(SAMPLERS), choices=SAMPLERS)
    parser.add_argument("--out", type=Path, default=HERE / "results")
    options = parser.parse_args()
    print(f"{'coverage of 95 % intervals, %':36s}" + "".join(f"{name:>12s}" for name in STATISTICS), flush=True)
    found = []
    for model in MODELS:
        truth, truth_se = numbers(plan_of(model, "sobol"), TRUTH_TRIALS, TRUTH_SEED)
        for sampler in options.samplers:
            coverage, ratio = judge(model, sampler, truth, int(options.trials), options.repeats)
            print(f"{model:24s}{sampler:12s}" + "".join(f"{100 * share:12.1f}" for share in coverage), flush=True)
            found.append(
                {
                    "model": model,
                    "sampler": sampler,
                    "coverage": dict(zip(STATISTICS, coverage.tolist(), strict=False)),
                    "reported_over_true_se": dict(zip(STATISTICS, ratio.tolist(), strict=False)),
                    "truth_se": dict(zip(STATISTICS, truth_se.tolist(), strict=False)),
                }
            )
    for sampler in options.samplers:
        shares = np.array([list(entry["coverage"].values()) for entry in found if entry["sampler"] == sampler])
        print(f"{'all models':24s}{sampler:12s}" + "".join(f"{100 * share:12.1f}" for share in shares.mean(axis=0)))
    options.out.mkdir(parents=True, exist_ok=True)
    document = {"date": date.today().isoformat(), "machine": machine.describe(), "trials": int(options.trials)}
    path = options.out / "coverage.json"
    path.write_text(
        json.dumps(document | {"repeats": options.repeats, "found": found}, indent=1) + "\n", encoding="utf-8"
    )
    print(f"wrote {path.name}")


if __name__ == "__main__":
    main()
