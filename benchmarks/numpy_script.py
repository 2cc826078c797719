"""The reference deal with independent inputs, as an analyst would write it with NumPy alone.

This is the yardstick of the benchmarks: idiomatic, vectorised, one thread.  Run it by itself to see its
numbers: ``python benchmarks/numpy_script.py [trials]``.
"""

from __future__ import annotations

import math
import sys

import numpy as np

PERCENTILES = np.arange(101)


def pert(draw, low, mode, high, size):
    """Beta-PERT draws on [low, high]."""
    span = high - low
    return low + span * draw.beta(1 + 4 * (mode - low) / span, 1 + 4 * (high - mode) / span, size)


def deal(draw, v, d, r, size):
    """Outcomes of the deal for given market value, demand and partner reliability."""
    legal = draw.triangular(0.02, 0.05, 0.15, size)
    entry = draw.random(size) < 0.35
    erosion = pert(draw, 0.05, 0.2, 0.6, size)
    leak = draw.random(size) < 0.08
    severity = draw.beta(2, 5, size)
    return v * d * r * (1 - legal) * (1 - entry * erosion) * (1 - leak * severity)


def summarise(outcomes):
    """Mean, standard deviation, 101 percentiles, P(T < 200) and the mean of the worst 5 %."""
    worst = max(1, math.floor(0.05 * outcomes.size))
    return {
        "mean": outcomes.mean(),
        "sd": outcomes.std(ddof=1),
        "percentiles": np.percentile(outcomes, PERCENTILES),
        "P(T<200)": np.mean(outcomes < 200),
        "CVaR5": np.partition(outcomes, worst)[:worst].mean(),
    }


def run(trials, seed=1):
    """Simulate ``trials`` outcomes and summarise them."""
    draw = np.random.default_rng(seed)
    v = draw.lognormal(math.log(1000), 0.4, trials)
    d = pert(draw, 0.4, 0.8, 1.0, trials)
    r = draw.beta(18, 2, trials)
    return summarise(deal(draw, v, d, r, trials))


if __name__ == "__main__":
    for name, value in run(int(float(sys.argv[1])) if len(sys.argv) > 1 else 1_000_000).items():
        print(name, value[[5, 50, 95]] if name == "percentiles" else value)
