"""The reference deal with independent inputs in other programs, as their manuals would have it written.

None of them is needed to measure simengine: one that is not installed is left out, and the report says so.  Each
draws the deal and gives mean, standard deviation, 101 percentiles, P(T < 200) and the mean of the worst 5 %.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import math
from functools import cache

import numpy as np

from simengine.bench.numpy_script import summarise


def _value(v, d, r, legal, entry, erosion, leak, severity):
    return v * d * r * (1 - legal) * (1 - entry * erosion) * (1 - leak * severity)


def _pert_shapes(low, mode, high):
    return 1 + 4 * (mode - low) / (high - low), 1 + 4 * (high - mode) / (high - low)


def openturns(trials):
    """OpenTURNS: a joint distribution of independent marginals, sampled at once."""
    ot = importlib.import_module("openturns")
    inputs = ot.JointDistribution(
        [
            ot.LogNormal(math.log(1000), 0.4, 0.0),
            ot.Beta(*_pert_shapes(0.4, 0.8, 1.0), 0.4, 1.0),
            ot.Beta(18, 2, 0.0, 1.0),
            ot.Triangular(0.02, 0.05, 0.15),
            ot.Bernoulli(0.35),
            ot.Beta(*_pert_shapes(0.05, 0.2, 0.6), 0.05, 0.6),
            ot.Bernoulli(0.08),
            ot.Beta(2, 5, 0.0, 1.0),
        ]
    )
    return summarise(_value(*np.asarray(inputs.getSample(trials)).T))


def squigglepy(trials):
    """squigglepy: one call a distribution."""
    sq = importlib.import_module("squigglepy")
    draws = [
        sq.lognorm(norm_mean=math.log(1000), norm_sd=0.4),
        0.4 + 0.6 * sq.beta(*_pert_shapes(0.4, 0.8, 1.0)),
        sq.beta(18, 2),
        sq.triangular(0.02, 0.05, 0.15),
        sq.bernoulli(0.35),
        0.05 + 0.55 * sq.beta(*_pert_shapes(0.05, 0.2, 0.6)),
        sq.bernoulli(0.08),
        sq.beta(2, 5),
    ]
    return summarise(_value(*(np.asarray(sq.sample(draw, n=trials)) for draw in draws)))


def jax(trials):
    """JAX: its own random variates, compiled together with the deal; percentiles by NumPy."""
    return summarise(np.asarray(_jax_deal()(importlib.import_module("jax").random.key(1), trials), np.float64))


@cache
def _jax_deal():
    """The compiled deal of a key and a number of trials; a program would compile it once, too."""
    jax = importlib.import_module("jax")
    random = jax.random

    def deal(key, trials):
        keys, shape = random.split(key, 8), (trials,)

        def pert(key, low, mode, high):
            return low + (high - low) * random.beta(key, *_pert_shapes(low, mode, high), shape)

        return _value(
            jax.numpy.exp(math.log(1000) + 0.4 * random.normal(keys[0], shape)),
            pert(keys[1], 0.4, 0.8, 1.0),
            random.beta(keys[2], 18.0, 2.0, shape),
            random.triangular(keys[3], 0.02, 0.05, 0.15, shape),
            random.bernoulli(keys[4], 0.35, shape),
            pert(keys[5], 0.05, 0.2, 0.6),
            random.bernoulli(keys[6], 0.08, shape),
            random.beta(keys[7], 2.0, 5.0, shape),
        )

    return jax.jit(deal, static_argnums=1)


PEERS = {"OpenTURNS": openturns, "squigglepy": squigglepy, "JAX": jax}


def installed():
    """The peers that can be run, by name with their version, and the names of those that cannot."""
    found, missing = {}, []
    for name, run in PEERS.items():
        try:
            importlib.import_module(run.__name__)
            found[f"{name} {importlib.metadata.version(run.__name__)}"] = run
        except ImportError:
            missing.append(name)
    return found, missing
