"""The reference deal on a GPU as an analyst would write it with CuPy, and with JAX: arrays, a line for each step.

The same deal as the engine's, copula and all: three inputs are joined by normal scores, and those that are no function
of a score read a table of their quantiles.  ``python benchmarks/gpu_peers.py NAME PRECISION TRIALS SECONDS`` prints
the outcomes a second of one program, in a process of its own.
"""

from __future__ import annotations

import importlib.util
import math
import sys
import time

import numpy as np
from scipy import special

PERCENTILES = np.arange(101)
CORRELATIONS = np.array([[1.0, 0.5, 0.0], [0.5, 1.0, 0.3], [0.0, 0.3, 1.0]])
"""Of the normal scores of market value, demand and partner reliability."""
SCORES = np.linspace(-6.0, 6.0, 4097)
MODULES = {"simengine": "cupy", "CuPy script": "cupy", "JAX script": "jax"}
"""The programs that are compared, and what each of them needs."""


def installed(name):
    """Whether a program can be run."""
    return importlib.util.find_spec(MODULES[name]) is not None


def pert_shape(low, mode, high):
    """The parameters of the beta distribution of a PERT."""
    return 1 + 4 * (mode - low) / (high - low), 1 + 4 * (high - mode) / (high - low)


def quantiles(alpha, beta, low=0.0, high=1.0):
    """Quantiles of a beta distribution on [low, high] at SCORES."""
    return low + (high - low) * special.betaincinv(alpha, beta, special.ndtr(SCORES))


def ranked(ordered, asarray):
    """Percentiles of sorted outcomes, linear between ranks, and the mean of the worst 5 %.

    asarray: of the library, whose arrays take no indices and no factors of NumPy.
    """
    places = PERCENTILES / 100 * (ordered.shape[0] - 1)
    below = np.floor(places).astype(np.int64)
    above = np.minimum(below + 1, ordered.shape[0] - 1)
    share = asarray((places - below).astype(ordered.dtype))
    low = ordered[asarray(below)]
    return {
        "percentiles": low + (ordered[asarray(above)] - low) * share,
        "CVaR5": ordered[: max(1, math.floor(0.05 * ordered.shape[0]))].mean(),
    }


def cupy_simulation(trials, precision):
    """A function of a seed: mean, standard deviation, percentiles, P(T < 200) and the mean of the worst 5 %."""
    import cupy as cp

    kind = np.dtype(precision)
    factor = np.linalg.cholesky(CORRELATIONS).tolist()
    scores = cp.asarray(SCORES, kind)
    demand = cp.asarray(quantiles(*pert_shape(0.4, 0.8, 1.0), 0.4, 1.0), kind)
    reliability = cp.asarray(quantiles(18, 2), kind)

    def simulate(seed):
        draw = cp.random.default_rng(seed)

        def triangular(low, mode, high):
            u, cut = draw.random(trials, dtype=kind), (mode - low) / (high - low)
            rising = low + cp.sqrt(u * ((high - low) * (mode - low)))
            falling = high - cp.sqrt((1 - u) * ((high - low) * (high - mode)))
            return cp.where(u < cut, rising, falling)

        first, second, third = (draw.standard_normal(trials, dtype=kind) for _ in range(3))
        v = cp.exp(math.log(1000) + 0.4 * first)
        d = cp.interp(factor[1][0] * first + factor[1][1] * second, scores, demand).astype(kind, copy=False)
        score = factor[2][0] * first + factor[2][1] * second + factor[2][2] * third
        r = cp.interp(score, scores, reliability).astype(kind, copy=False)
        erosion = 0.05 + 0.55 * draw.beta(*pert_shape(0.05, 0.2, 0.6), trials, dtype=kind)
        severity = draw.beta(2, 5, trials, dtype=kind)
        entry, leak = draw.random(trials, dtype=kind) < 0.35, draw.random(trials, dtype=kind) < 0.08
        kept = (1 - triangular(0.02, 0.05, 0.15)) * (1 - entry * erosion) * (1 - leak * severity)
        outcomes = v * d * r * kept
        found = {"mean": outcomes.mean(), "sd": outcomes.std(ddof=1), "P(T<200)": (outcomes < 200).mean()}
        return {name: cp.asnumpy(value) for name, value in (found | ranked(cp.sort(outcomes), cp.asarray)).items()}

    return simulate


def jax_simulation(trials, precision):
    """The same with JAX, compiled once as one function."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", precision == "float64")
    kind = np.dtype(precision)
    factor = np.linalg.cholesky(CORRELATIONS).tolist()
    scores = jnp.asarray(SCORES, kind)
    demand = jnp.asarray(quantiles(*pert_shape(0.4, 0.8, 1.0), 0.4, 1.0), kind)
    reliability = jnp.asarray(quantiles(18, 2), kind)

    @jax.jit
    def simulate(key):
        keys = jax.random.split(key, 8)
        first, second, third = (jax.random.normal(key, (trials,), kind) for key in keys[:3])
        v = jnp.exp(math.log(1000) + 0.4 * first)
        d = jnp.interp(factor[1][0] * first + factor[1][1] * second, scores, demand)
        r = jnp.interp(factor[2][0] * first + factor[2][1] * second + factor[2][2] * third, scores, reliability)
        legal = jax.random.triangular(keys[3], 0.02, 0.05, 0.15, (trials,), kind)
        erosion = 0.05 + 0.55 * jax.random.beta(keys[4], *pert_shape(0.05, 0.2, 0.6), (trials,), kind)
        severity = jax.random.beta(keys[5], 2.0, 5.0, (trials,), kind)
        entry = jax.random.uniform(keys[6], (trials,), kind) < 0.35
        leak = jax.random.uniform(keys[7], (trials,), kind) < 0.08
        outcomes = v * d * r * (1 - legal) * (1 - entry * erosion) * (1 - leak * severity)
        found = {"mean": outcomes.mean(), "sd": outcomes.std(ddof=1), "P(T<200)": (outcomes < 200).mean()}
        return found | ranked(jnp.sort(outcomes), jnp.asarray)

    return lambda seed: {name: np.asarray(value) for name, value in simulate(jax.random.key(seed)).items()}


def engine_simulation(trials, precision):
    """A whole run of the engine: the same figures, with exact percentiles and their errors."""
    from simengine.bench.deal import PERCENTILES as PERCENTS
    from simengine.bench.deal import TAIL_LEVELS, Variant, plan_of
    from simengine.engine.run import run
    from simengine.kernels.cuda.family import OnDevice
    from simengine.kernels.cuda.find import find_gpu

    plan, device = plan_of(Variant(precision, "random")), OnDevice(find_gpu())
    return lambda seed: run(
        plan, device=device, trials=trials, seed=seed, percentiles=PERCENTS, tail_levels=TAIL_LEVELS
    )


SIMULATIONS = {"simengine": engine_simulation, "CuPy script": cupy_simulation, "JAX script": jax_simulation}


def rate_of(simulate, trials, seconds):
    """Outcomes a second of runs with new seeds that take ``seconds`` together; a first run, not counted, compiles."""
    simulate(0)
    began, runs = time.perf_counter(), 0
    while (taken := time.perf_counter() - began) < seconds or not runs:
        runs += 1
        simulate(runs)
    return runs * trials / taken


def main(arguments):
    name, precision, trials, seconds = arguments
    simulate = SIMULATIONS[name](int(trials), precision)
    if name == "JAX script":
        import jax

        if jax.default_backend() != "gpu":
            raise SystemExit(f"this JAX has no GPU and would run on {jax.default_backend()}")
    print(rate_of(simulate, int(trials), float(seconds)))


if __name__ == "__main__":
    main(sys.argv[1:])
