"""The reference deal with independent inputs, as an analyst would write it with NumPy alone.

This is the yardstick of the benchmarks: idiomatic, vectorised, one thread, and independent of the engine.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

PERCENTILES = np.arange(101)


def pert(draw: np.random.Generator, low: float, mode: float, high: float, size: int) -> Array:
    """Beta-PERT draws on [low, high]."""
    span = high - low
    return low + span * draw.beta(1 + 4 * (mode - low) / span, 1 + 4 * (high - mode) / span, size)


def deal(draw: np.random.Generator, v: Array, d: Array, r: Array, size: int) -> Array:
    """Outcomes of the deal, shape (size,), for given market value, demand and partner reliability."""
    legal = draw.triangular(0.02, 0.05, 0.15, size)
    entry = draw.random(size) < 0.35
    erosion = pert(draw, 0.05, 0.2, 0.6, size)
    leak = draw.random(size) < 0.08
    severity = draw.beta(2, 5, size)
    outcomes: Array = v * d * r * (1 - legal) * (1 - entry * erosion) * (1 - leak * severity)
    return outcomes


def summarise(outcomes: Array) -> dict[str, Any]:
    """Mean, standard deviation, 101 percentiles, P(T < 200) and the mean of the worst 5 %."""
    worst = max(1, math.floor(0.05 * outcomes.size))
    return {
        "mean": outcomes.mean(),
        "sd": outcomes.std(ddof=1),
        "percentiles": np.percentile(outcomes, PERCENTILES),
        "P(T<200)": np.mean(outcomes < 200),
        "CVaR5": np.partition(outcomes, worst)[:worst].mean(),
    }


def run(trials: int, seed: int = 1) -> dict[str, Any]:
    """Simulate ``trials`` outcomes and summarise them."""
    draw = np.random.default_rng(seed)
    v = draw.lognormal(math.log(1000), 0.4, trials)
    d = pert(draw, 0.4, 0.8, 1.0, trials)
    r = draw.beta(18, 2, trials)
    return summarise(deal(draw, v, d, r, trials))
