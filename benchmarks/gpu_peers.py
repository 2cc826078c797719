"""The reference deal on a GPU as an analyst would write it with CuPy, and with JAX: arrays, a line for each step.

Its inputs are independent: that is the easier deal, as :mod:`simengine.bench.numpy_script` has it.
"""

from __future__ import annotations

import importlib.util
import math

PERCENTILES = tuple(range(101))


def available():
    """The programs that can be compared with, by name."""
    peers = {"CuPy script": ("cupy", cupy_run), "JAX script": ("jax", jax_run)}
    return {name: run for name, (module, run) in peers.items() if importlib.util.find_spec(module) is not None}


def cupy_run(trials, seed=1):
    """Mean, standard deviation, percentiles, P(T < 200) and the mean of the worst 5 % of ``trials`` outcomes."""
    import cupy as cp

    draw = cp.random.default_rng(seed)

    def pert(low, mode, high):
        span = high - low
        return low + span * draw.beta(1 + 4 * (mode - low) / span, 1 + 4 * (high - mode) / span, trials)

    def triangular(low, mode, high):
        u, cut = draw.random(trials), (mode - low) / (high - low)
        rising = low + cp.sqrt(u * (high - low) * (mode - low))
        falling = high - cp.sqrt((1 - u) * (high - low) * (high - mode))
        return cp.where(u < cut, rising, falling)

    v = cp.exp(math.log(1000) + 0.4 * draw.standard_normal(trials))
    d, r = pert(0.4, 0.8, 1.0), draw.beta(18, 2, trials)
    legal, erosion, severity = triangular(0.02, 0.05, 0.15), pert(0.05, 0.2, 0.6), draw.beta(2, 5, trials)
    entry, leak = draw.random(trials) < 0.35, draw.random(trials) < 0.08
    outcomes = v * d * r * (1 - legal) * (1 - entry * erosion) * (1 - leak * severity)
    worst = max(1, math.floor(0.05 * trials))
    ordered = cp.sort(outcomes)
    places = cp.asarray(PERCENTILES) / 100 * (trials - 1)
    found = {
        "mean": outcomes.mean(),
        "sd": outcomes.std(ddof=1),
        "percentiles": cp.interp(places, cp.arange(trials), ordered),
        "P(T<200)": (outcomes < 200).mean(),
        "CVaR5": ordered[:worst].mean(),
    }
    return {name: cp.asnumpy(value) for name, value in found.items()}


def jax_run(trials, seed=1):
    """The same with JAX, compiled as one function."""
    import jax
    import jax.numpy as jnp
    import numpy as np

    jax.config.update("jax_enable_x64", True)

    def pert(key, low, mode, high):
        span = high - low
        shape = 1 + 4 * (mode - low) / span, 1 + 4 * (high - mode) / span
        return low + span * jax.random.beta(key, *shape, (trials,))

    @jax.jit
    def simulate(key):
        keys = jax.random.split(key, 8)
        v = jnp.exp(math.log(1000) + 0.4 * jax.random.normal(keys[0], (trials,)))
        d, r = pert(keys[1], 0.4, 0.8, 1.0), jax.random.beta(keys[2], 18.0, 2.0, (trials,))
        legal = jax.random.triangular(keys[3], 0.02, 0.05, 0.15, (trials,))
        erosion, severity = pert(keys[4], 0.05, 0.2, 0.6), jax.random.beta(keys[5], 2.0, 5.0, (trials,))
        entry = jax.random.bernoulli(keys[6], 0.35, (trials,))
        leak = jax.random.bernoulli(keys[7], 0.08, (trials,))
        outcomes = v * d * r * (1 - legal) * (1 - entry * erosion) * (1 - leak * severity)
        ordered = jnp.sort(outcomes)
        return {
            "mean": outcomes.mean(),
            "sd": outcomes.std(ddof=1),
            "percentiles": jnp.percentile(outcomes, jnp.asarray(PERCENTILES)),
            "P(T<200)": (outcomes < 200).mean(),
            "CVaR5": ordered[: max(1, math.floor(0.05 * trials))].mean(),
        }

    return {name: np.asarray(value) for name, value in simulate(jax.random.key(seed)).items()}
